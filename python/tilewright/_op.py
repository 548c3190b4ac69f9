"""Turning a kernel into an op that the tape knows.

`@primitive` on a function that has only a signature and a docstring makes it call the kernel of the same name in
`_core`. Its positional-only parameters are the arrays (they may carry gradients), the others are static. The vjp rules
come from the table in `_vjps.py`, by name. Python around a kernel is the cost of a small op, hence a hand-written
call path for one and for two arrays.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from ._autograd import ANOMALY, Node, note_forward, state
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
        rewrap = "y = _wrap(y, node if _state.mode else None)" if result in names else ""
        calls = ", ".join(f"{key}({', '.join(('_g', *needed))})" for key, needed in needs.items())
        scope: dict[str, Any] = {**rules, "_wrap": wrap, "_state": state}
        exec(
            f"def save({', '.join(parameters)}=None):\n"
            f"    return ({''.join(e + ', ' for e in expressions)})\n"
            f"def backward(node, _g):\n"
            f"    {unpack}\n"
            f"    {rewrap}\n"
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


def _plan(name: str, inputs: tuple[str, ...], statics: tuple[str, ...], mask: tuple[bool, ...]) -> Plan | None:
    """The plan; None for an op that cuts the tape, because its result is piecewise constant, boolean or integer."""
    from ._vjps import NONDIFFERENTIABLE

    return None if name in NONDIFFERENTIABLE else Plan(name, inputs, statics, mask)


def _declare(function: F, kernel: Any = None, make: Any = None) -> F:
    code = function.__code__
    split = code.co_posonlyargcount
    names = code.co_varnames[: code.co_argcount]
    name = function.__name__.lstrip("_")
    make = make or {1: _unary, 2: _binary}.get(split, _nary)
    op = make(name, kernel or getattr(_core, name), names[:split], names[split:])
    return functools.update_wrapper(op, function)  # type: ignore[return-value]


def primitive(function: F) -> F:
    """Make the declared function an op: see the module's text."""
    return _declare(function)


def kernel_in_python(function: F) -> F:
    """`primitive` where the function's own body, working on bare arrays, is the kernel."""
    return _declare(function, kernel=function)


def primitive_with_aux(function: F) -> F:
    """`primitive` for a kernel that returns `(y, *aux)`: rules may name `aux`, the list of what came beside y."""
    return _declare(function, make=_nary)


def _unary(name: str, kernel: Any, inputs: tuple[str, ...], statics: tuple[str, ...]) -> Any:
    plan: Plan | None = None

    def op(x: Any, /, *params: Any) -> Tensor:
        nonlocal plan
        if not isinstance(x, Tensor):
            x = asarray(x)
        y = kernel(x._array, *params)
        t = _new(Tensor)
        t._array = y
        node = x._node
        if node is None or not state.mode:
            t._node = None
            return t
        if plan is None:
            plan = _plan(name, inputs, statics, (True,))
            if plan is None:
                t._node = None
                return t
        t._node = node = Node(plan, (node,), plan.save(x, *params, y), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return t

    return op


def _binary(name: str, kernel: Any, inputs: tuple[str, ...], statics: tuple[str, ...]) -> Any:
    plans: dict[int, Plan] = {}

    def op(x1: Any, x2: Any, /, *params: Any) -> Tensor:
        if isinstance(x1, Tensor):
            a = x1._array
            n1 = x1._node
        else:
            a = x1
            n1 = None
        if isinstance(x2, Tensor):
            b = x2._array
            n2 = x2._node
        else:
            b = x2
            n2 = None
        try:
            y = kernel(a, b, *params)
        except TypeError:
            converted = _convert(x1, x2)
            if converted is None:
                raise
            return op(*converted, *params)
        t = _new(Tensor)
        t._array = y
        if (n1 is None and n2 is None) or not state.mode:
            t._node = None
            return t
        if n2 is None:
            mask, parents = 1, (n1,)
        elif n1 is None:
            mask, parents = 2, (n2,)
        else:
            mask, parents = 3, (n1, n2)
        plan = plans.get(mask)
        if plan is None:
            plan = _plan(name, inputs, statics, (n1 is not None, n2 is not None))
            if plan is None:
                t._node = None
                return t
            plans[mask] = plan
        t._node = node = Node(plan, parents, plan.save(x1, x2, *params, y), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return t

    return op


def _convert(x1: Any, x2: Any) -> tuple[Any, Any] | None:
    """The operands of a binary op that the kernel refused, as tensors of one dtype; None where they are so already."""
    numbers = isinstance(x1, _NUMBERS), isinstance(x2, _NUMBERS)
    y1 = x1 if numbers[0] else asarray(x1)
    y2 = x2 if numbers[1] else asarray(x2)
    if all(numbers):
        y1 = asarray(x1)
    elif not any(numbers) and y1.dtype != y2.dtype:
        dtype = promote_types(y1.dtype, y2.dtype)
        y1, y2 = asarray(y1, dtype), asarray(y2, dtype)
    return None if y1 is x1 and y2 is x2 else (y1, y2)


def _promote(values: list[Any]) -> list[Any] | None:
    """Operands that a kernel refused, with the tensors of one dtype; None where they are so already.

    Those of dtype bool are left out: conditions and masks.
    """
    dtypes = [v.dtype for v in values if isinstance(v, Tensor) and v.dtype != DType.bool]
    if not dtypes or all(dtype == dtypes[0] for dtype in dtypes):
        return None
    common = functools.reduce(promote_types, dtypes)
    return [asarray(v, common) if isinstance(v, Tensor) and v.dtype != DType.bool else v for v in values]


def _nary(name: str, kernel: Any, inputs: tuple[str, ...], statics: tuple[str, ...]) -> Any:
    plans: dict[tuple[bool, ...], Plan] = {}
    count = len(inputs)

    def op(*args: Any) -> Tensor:
        arrays = [v if v is None or isinstance(v, (Tensor, *_NUMBERS)) else asarray(v) for v in args[:count]]
        params = args[count:]
        try:
            y = kernel(*[v._array if isinstance(v, Tensor) else v for v in arrays], *params)
        except TypeError:
            converted = _promote(arrays)
            if converted is None:
                raise
            return op(*converted, *params)
        aux = None
        if type(y) is tuple:
            y, *aux = y
        t = _new(Tensor)
        t._array = y
        mask = tuple([isinstance(v, Tensor) and v._node is not None for v in arrays])
        if not state.mode or True not in mask:
            t._node = None
            return t
        plan = plans.get(mask)
        if plan is None:
            plan = _plan(name, inputs, statics, mask)
            if plan is None:
                t._node = None
                return t
            plans[mask] = plan
        parents = tuple([v._node for v in arrays if isinstance(v, Tensor) and v._node is not None])
        t._node = node = Node(plan, parents, plan.save(*arrays, *params, y, aux), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return t

    return op


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
