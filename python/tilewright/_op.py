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
from ._dtypes import promote_types
from ._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Callable

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
        `save(*inputs, *statics, y, aux)`: the tuple of what the rules name: an input, `<input>_shape` or `<input>_dtype`, a static
        parameter,
        the result `y`, or `aux`, what the kernel returned beside it. The last two as bare arrays: a tensor around the
        result would close a cycle.
    """

    __slots__ = ("_rules", "mask", "name", "save")

    def __init__(self, name: str, inputs: tuple[str, ...], statics: tuple[str, ...], mask: tuple[bool, ...]) -> None:
        from ._vjps import VJPS

        if name not in VJPS:
            raise NotImplementedError(f"{name}: has no gradient; detach its input, or use no_grad()")
        rules = VJPS[name]
        rules = rules if isinstance(rules, tuple) else (rules,)
        self.name = name
        self.mask = mask
        wanted = []
        for position, (rule, wants) in enumerate(zip(rules, mask, strict=True)):
            if wants and rule is None:
                raise NotImplementedError(f"{name}: has no gradient with respect to {inputs[position]}")
            if wants:
                code = rule.__code__
                wanted.append((rule, code.co_varnames[1 : code.co_argcount]))
        names = list(dict.fromkeys(n for _, needed in wanted for n in needed))
        # Per rule: the rule, and for each thing it names its place in `saved` and whether that is the result.
        self._rules = tuple(
            (rule, tuple((names.index(n), n == "y") for n in needed)) for rule, needed in wanted
        )
        parameters = (*inputs, *statics, "y", "aux")
        expressions = [n if n in parameters else ".".join(n.rsplit("_", 1)) for n in names]
        self.save: Callable[..., tuple[Any, ...]] = eval(
            f"lambda {', '.join(parameters)}=None: ({''.join(e + ', ' for e in expressions)})"
        )

    def backward(self, node: Node, g: Tensor) -> list[Tensor | None]:
        """The cotangents of the inputs that want one."""
        saved = node.saved
        return [
            rule(g, *[wrap(saved[i], node if state.mode else None) if is_y else saved[i] for i, is_y in needs])
            for rule, needs in self._rules
        ]


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
            plan = Plan(name, inputs, statics, (True,))
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
            plan = plans[mask] = Plan(name, inputs, statics, (n1 is not None, n2 is not None))
        t._node = node = Node(plan, parents, plan.save(x1, x2, *params, y), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return t

    return op


def _convert(x1: Any, x2: Any) -> tuple[Any, Any] | None:
    """The operands of a binary op that the kernel refused, as tensors of one dtype; None where they are that already."""
    numbers = isinstance(x1, _NUMBERS), isinstance(x2, _NUMBERS)
    y1 = x1 if numbers[0] else asarray(x1)
    y2 = x2 if numbers[1] else asarray(x2)
    if all(numbers):
        y1 = asarray(x1)
    elif not any(numbers) and y1.dtype != y2.dtype:
        dtype = promote_types(y1.dtype, y2.dtype)
        y1, y2 = asarray(y1, dtype), asarray(y2, dtype)
    return None if y1 is x1 and y2 is x2 else (y1, y2)


def _nary(name: str, kernel: Any, inputs: tuple[str, ...], statics: tuple[str, ...]) -> Any:
    plans: dict[tuple[bool, ...], Plan] = {}
    count = len(inputs)

    def op(*args: Any) -> Tensor:
        arrays = [v if v is None or isinstance(v, (Tensor, *_NUMBERS)) else asarray(v) for v in args[:count]]
        params = args[count:]
        y = kernel(*[v._array if isinstance(v, Tensor) else v for v in arrays], *params)
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
            plan = plans[mask] = Plan(name, inputs, statics, mask)
        parents = tuple([v._node for v in arrays if isinstance(v, Tensor) and v._node is not None])
        t._node = node = Node(plan, parents, plan.save(*arrays, *params, y, aux), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return t

    return op


class _VariadicPlan:
    """As `Plan`, for an op over a list of arrays: one rule gives the cotangents of all of them."""

    __slots__ = ("name", "wanted")

    def __init__(self, name: str, wanted: list[bool]) -> None:
        self.name = name
        self.wanted = wanted

    def backward(self, node: Node, g: Tensor) -> list[Tensor | None]:
        from ._vjps import VJPS

        every = VJPS[self.name](g, *node.saved)
        return [c for c, wants in zip(every, self.wanted, strict=True) if wants]


def variadic(function: F) -> F:
    """`primitive` for an op on a sequence of arrays; its rule is called with g, their shapes and the static parameters."""
    name = function.__name__.lstrip("_")
    kernel = getattr(_core, name)

    def op(arrays: Any, /, *params: Any) -> Tensor:
        tensors = [asarray(v) for v in arrays]
        y = kernel([v._array for v in tensors], *params)
        nodes = [v._node for v in tensors]
        parents = tuple([n for n in nodes if n is not None])
        if not parents or not state.mode:
            return wrap(y)
        plan = _VariadicPlan(name, [n is not None for n in nodes])
        node = Node(plan, parents, ([v.shape for v in tensors], *params), y.shape)
        if state.mode == ANOMALY:
            note_forward(node, y)
        return wrap(y, node)

    return functools.update_wrapper(op, function)  # type: ignore[return-value]


def add_cotangents(a: Tensor, b: Tensor) -> Tensor:
    """Sum of two cotangents of one value."""
    from ._elementwise import add

    return add(a, b)


def copy_of(x: Tensor) -> Tensor:
    """An untracked copy."""
    return wrap(_core.astype(x._array, x._array.dtype, True))
