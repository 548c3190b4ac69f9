"""Turning a kernel into an op that the tape knows.

`@primitive` on a function that has only a signature and a docstring makes it call the kernel of the same name in
`_core`. Its positional-only parameters are the arrays (they may carry gradients), the others are static. The vjp rules
come from the table in `_vjps.py`, by name. Python around a kernel is the cost of a small op, hence call paths that are
generated: `_call_path` for the op, `Plan` for what it saves and its vjp.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from ._autograd import ANOMALY, Node, note_forward, state, tick
from ._dtypes import DType, promote_types
from ._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

F = TypeVar("F", bound="Callable[..., Any]")

_new = object.__new__
_NUMBERS = (bool, int, float)


def wrap(array: Any, node: Any = None) -> Tensor:
    """A tensor around a `_core.Array`."""
    t = _new(Tensor)
    t._array = array
    t._node = node
    return t


class Plan:
    """How one op, with a given set of inputs that want gradients, is saved and differentiated.

    Both functions are generated, as straight-line Python, when the op is first recorded: they run once per op and pass.

    Parameters
    ----------
    name
        The op.
    inputs, statics
        Names of its array parameters and of its static ones.
    mask
        For each input, whether it wants a gradient.

    Attributes
    ----------
    save
        `save(*inputs, *statics, y, aux)`: the tuple of what the rules name: an input, `<input>_shape` or
        `<input>_dtype`, a static parameter, the result `y`, or `aux`, what the kernel returned beside it. The last two
        as bare arrays: a tensor around the result would close a cycle.
    backward
        `backward(node, g)`: the cotangents of the inputs that want one, from that of the result and `node.saved`.
    """

    __slots__ = ("backward", "name", "save")

    def __init__(self, name: str, inputs: tuple[str, ...], statics: tuple[str, ...], mask: tuple[bool, ...]) -> None:
        self.name = name
        rules = {f"_rule{i}": rule for i, rule in enumerate(_rules(name)) if mask[i]}
        for key, rule in rules.items():
            if rule is None:
                raise NotImplementedError(f"{name}: has no gradient with respect to {inputs[int(key[5:])]}")
        needs = {key: rule.__code__.co_varnames[1 : rule.__code__.co_argcount] for key, rule in rules.items()}
        names = list(dict.fromkeys(n for needed in needs.values() for n in needed))
        result = "y" if "y" not in inputs else "_y"  # some gradient kernels take the result of another op as input y
        parameters = (*inputs, *statics, result, "aux")
        expressions = [n if n in parameters else "{}._array.{}".format(*n.rsplit("_", 1)) for n in names]
        unpack = f"{', '.join(names)}, = node.saved" if names else ""
        rewrap = "_t = _new(_Tensor); _t._array = y; _t._node = node if _state.mode else None; y = _t"
        calls = ", ".join(f"{key}({', '.join(('_g', *needed))})" for key, needed in needs.items())
        scope: dict[str, Any] = {"__name__": __name__, **rules, "_new": _new, "_Tensor": Tensor, "_state": state}
        exec(
            f"def save({', '.join(parameters)}=None):\n"
            f"    return ({''.join(e + ', ' for e in expressions)})\n"
            f"def backward(node, _g):\n"
            f"    {unpack}\n"
            f"    {rewrap if result in names else ''}\n"
            f"    return ({calls},)\n",
            scope,
        )
        self.save: Callable[..., tuple[Any, ...]] = scope["save"]
        self.backward: Callable[[Node, Tensor], Sequence[Tensor | None]] = scope["backward"]


def _rules(name: str) -> tuple[Any, ...]:
    from ._vjps import VJPS

    if name not in VJPS:
        raise NotImplementedError(f"{name}: has no gradient; detach its input, or use no_grad()")
    rules = VJPS[name]
    return rules if isinstance(rules, tuple) else (rules,)


def primitive(function: F) -> F:
    """Make the declared function an op: see the module's text."""
    return _declare(function)


def primitive_with_aux(function: F) -> F:
    """`primitive` for a kernel that returns `(y, *aux)`: rules may name `aux`, the list of what came beside y."""
    return _declare(function, aux=True)


def kernel_in_python(function: F) -> F:
    """`primitive` where the function's own body, working on bare arrays, is the kernel."""
    return _declare(function, kernel=function)


def _declare(function: F, kernel: Any = None, aux: bool = False) -> F:
    code = function.__code__
    split = code.co_posonlyargcount
    names = code.co_varnames[: code.co_argcount]
    op = _make_op(function.__name__.lstrip("_"), names[:split], names[split:], kernel, aux)
    return functools.update_wrapper(op, function)  # type: ignore[no-any-return]


def _make_op(
    name: str, inputs: tuple[str, ...], statics: tuple[str, ...], kernel: Any = None, aux: bool = False
) -> Any:
    # By which inputs want a gradient, bit by bit; made when first needed.
    plans: list[Plan | None] = [None] * 2 ** len(inputs)

    def plan_for(mask: int) -> Plan | None:
        """None for an op that cuts the tape, because its result is piecewise constant, boolean or integer."""
        from ._vjps import NONDIFFERENTIABLE

        if name not in NONDIFFERENTIABLE:
            plans[mask] = Plan(name, inputs, statics, tuple([bool(mask >> i & 1) for i in range(len(inputs))]))
        return plans[mask]

    return _call_path(len(inputs), len(statics), aux)(kernel or getattr(_core, name), plans, plan_for)


@functools.cache
def _call_path(inputs: int, statics: int, aux: bool) -> Any:
    """What makes ops with so many array and static parameters: `make(kernel, plans, plan_for)`.

    Every op runs through this, so it is straight-line code, generated once for each number of parameters.
    """
    scope = {"__name__": __name__, "Tensor": Tensor, "asarray": asarray, "numbers": _NUMBERS, "retry": _retry}
    scope |= {"new": _new, "Node": Node, "tick": tick, "state": state, "ANOMALY": ANOMALY, "note_forward": note_forward}
    exec(compile(_source(inputs, statics, aux), f"<tilewright op of {inputs} + {statics} parameters>", "exec"), scope)
    return scope["make"]


def _source(inputs: int, statics: int, aux: bool) -> str:
    def many(form: str, count: int = inputs, joint: str = ", ") -> str:
        return joint.join(form.format(i=i, bit=2**i) for i in range(count))

    # A number stays one where another operand can tell its dtype; None stands for an operand that is left out.
    weak = """
        elif x{i} is None or isinstance(x{i}, numbers):
            a{i} = x{i}
            n{i} = None"""
    unpack = """\
        if not isinstance(x{i}, Tensor):
            x{i} = asarray(x{i})
        a{i} = x{i}._array
        n{i} = x{i}._node"""
    if inputs > 1:
        unpack = f"""\
        if isinstance(x{{i}}, Tensor):
            a{{i}} = x{{i}}._array
            n{{i}} = x{{i}}._node{weak}
        else:
            x{{i}} = asarray(x{{i}})
            a{{i}} = x{{i}}._array
            n{{i}} = x{{i}}._node"""
    mask = "1" if inputs == 1 else many("{bit} * (n{i} is not None)", joint=" + ").removeprefix("1 * ")
    parents = {1: "(n0,)", 2: "(n0, n1) if mask == 3 else (n0,) if mask == 1 else (n1,)"}.get(
        inputs, f"tuple([n for n in ({many('n{i}')}) if n is not None])"
    )
    xs, ss = many("x{i}"), many(", s{i}", statics, "")
    return f"""\
def make(kernel, plans, plan_for):
    def op({xs}, /{ss}):
{many(unpack, joint=chr(10))}
        try:
            y = kernel({many("a{i}")}{ss})
        except TypeError as error:
            return retry(op, ({xs},), ({ss[2:]}{"," if ss else ""}), error)
        {"y, *aux = y" if aux else ""}
        t = new(Tensor)
        t._array = y
        if {many("n{i} is None", joint=" and ")} or not (mode := state.mode):
            t._node = None
            return t
        mask = {mask}
        plan = plans[mask] or plan_for(mask)
        if plan is None:
            t._node = None
            return t
        t._node = node = new(Node)
        node.plan = plan
        node.parents = {parents}
        node.saved = plan.save({xs}{ss}, y{", aux" if aux else ""})
        node.shape = y.shape
        node.clock = tick()
        node.hooks = None
        if mode == ANOMALY:
            note_forward(node, y)
        return t
    return op
"""


def _retry(op: Any, operands: tuple[Any, ...], params: tuple[Any, ...], error: TypeError) -> Any:
    """Call the op again with what its kernel refused made into tensors of one dtype.

    Operands of dtype bool keep it beside others: they are conditions and masks.
    """
    converted = list(operands)
    if all(isinstance(v, _NUMBERS) for v in operands):
        converted[0] = asarray(converted[0])
    tensors = [v for v in converted if isinstance(v, Tensor) and v.dtype != DType.bool]
    if any(v.dtype != tensors[0].dtype for v in tensors):
        common = functools.reduce(promote_types, [v.dtype for v in tensors])
        converted = [asarray(v, common) if any(v is t for t in tensors) else v for v in converted]
    if all(new is old for new, old in zip(converted, operands, strict=True)):
        raise error
    return op(*converted, *params)


class _VariadicPlan:
    """As `Plan`, for an op over a list of arrays: one rule gives the cotangents of all of them."""

    __slots__ = ("name", "rule", "wanted")

    def __init__(self, name: str, wanted: tuple[bool, ...]) -> None:
        self.name = name
        (self.rule,) = _rules(name)
        self.wanted = wanted

    def backward(self, node: Node, g: Tensor) -> list[Tensor | None]:
        """The cotangents of the inputs that want one."""
        return [c for c, wants in zip(self.rule(g, *node.saved), self.wanted, strict=True) if wants]


def variadic(function: F) -> F:
    """`primitive` for an op on a sequence of arrays; its rule is given g, their shapes and the static parameters."""
    name = function.__name__.lstrip("_")
    kernel = getattr(_core, name)

    def op(arrays: Any, /, *params: Any) -> Tensor:
        tensors = [asarray(v) for v in arrays]
        y = kernel([v._array for v in tensors], *params)
        if not state.mode or all(v._node is None for v in tensors):
            return wrap(y)
        # Where dtypes were promoted, the conversion is an op of its own, so that cotangents are converted back.
        tensors = [v if v._node is None else asarray(v, y.dtype) for v in tensors]
        plan = _VariadicPlan(name, tuple([v._node is not None for v in tensors]))
        parents = tuple([v._node for v in tensors if v._node is not None])
        node = Node(plan, parents, ([v.shape for v in tensors], *params), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return wrap(y, node)

    return functools.update_wrapper(op, function)  # type: ignore[return-value]
