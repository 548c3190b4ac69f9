"""Binds the array functions to Tensor as NumPy's methods and Python's operators."""

from __future__ import annotations

import functools

from .. import _core
from .._engine.inplace import by_assignment, in_place
from .._engine.tensor import Tensor, asarray
from . import (
    arithmetic as ar,
    bitwise as bit,
    comparison as cmp,
    complex as cx,
    exponential as ex,
    extrema,
    manipulation as mp,
    reductions as red,
    rounding,
    scans,
    sorting,
    statistics as stat,
    trigonometric as tri,
)
from .creation import full
from .indexing import _getitem, masked_fill, setitem, take
from .linalg import matmul

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _bind_operator(method: str, op: Any, reflected: str | None) -> None:
    """Give Tensor a method for an operator, which leaves to a class that is no array what that class defines itself.

    Parameters
    ----------
    reflected
        The other operand's method that Python asks next. None for a method that is asked second: operands are swapped.
    """
    operator = functools.update_wrapper(_core.Operator(op, reflected), op)
    operator.__module__, operator.__name__, operator.__qualname__ = Tensor.__module__, method, f"Tensor.{method}"
    setattr(Tensor, method, operator)


_OPERATORS = {
    "add": ar.add,
    "sub": ar.subtract,
    "mul": ar.multiply,
    "truediv": ar.divide,
    "floordiv": ar.floor_divide,
    "mod": ar.remainder,
    "pow": ar.power,
    "and": bit.bitwise_and,
    "or": bit.bitwise_or,
    "xor": bit.bitwise_xor,
    "lshift": bit.bitwise_left_shift,
    "rshift": bit.bitwise_right_shift,
}

for _name, _op in _OPERATORS.items():
    _bind_operator(f"__{_name}__", _op, f"__r{_name}__")
    _bind_operator(f"__r{_name}__", _op, None)
    _bind_operator(f"__i{_name}__", in_place(_op), f"__r{_name}__")

_bind_operator("__matmul__", matmul, "__rmatmul__")
_bind_operator("__rmatmul__", matmul, None)
_bind_operator("__imatmul__", by_assignment(matmul), "__rmatmul__")
_bind_operator("__lt__", cmp.less, "__gt__")
_bind_operator("__le__", cmp.less_equal, "__ge__")
_bind_operator("__gt__", cmp.greater, "__lt__")
_bind_operator("__ge__", cmp.greater_equal, "__le__")


def _is_operand(x: Any) -> bool:
    try:
        asarray(x)
    except TypeError:
        return False
    return True


def _equality(op: Any, of_others: bool) -> Any:
    """== and !=: what is neither number nor array is equal to no element, as in NumPy, unless it says so itself."""

    def compare(self: Tensor, other: Any) -> Any:
        try:
            return op(self, other)
        except TypeError:
            if _core.defines(other, "__eq__") or _is_operand(other):
                raise
            return _core.like(self, full(self.shape, of_others, device=self.device))

    compare.__name__, compare.__doc__ = op.__name__, op.__doc__
    return compare


_bind_operator("__eq__", _equality(cmp.equal, False), "__eq__")
_bind_operator("__ne__", _equality(cmp.not_equal, True), "__eq__")

_SPECIAL: dict[str, Any] = {
    "neg": ar.negative,
    "abs": ar.abs,
    "invert": bit.bitwise_invert,
    "pos": lambda self: self,
    "getitem": _getitem,
}
for _name, _op in _SPECIAL.items():
    setattr(Tensor, f"__{_name}__", _op)

_METHODS: tuple[Any, ...] = (
    *(mp.astype, mp.copy, mp.ravel, mp.squeeze, mp.swapaxes),
    *(ex.exp, ex.log, ar.sqrt, ar.square, ar.abs, tri.tanh, rounding.round, extrema.clip),
    *(red.sum, red.prod, red.max, red.min, red.any, red.all, red.argmax, red.argmin, stat.mean, stat.var, stat.std),
    cx.conj,
    take,
    masked_fill,
    *(sorting.argsort, scans.cumsum, scans.cumprod),
)
for _op in _METHODS:
    setattr(Tensor, _op.__name__, _op)


def _varargs(op: Any) -> Any:
    """`x.reshape(2, 3)` as well as `x.reshape((2, 3))`."""

    def method(self: Tensor, *shape: Any, **keywords: Any) -> Tensor:
        return op(self, *(shape if len(shape) == 1 else (shape,) if shape else ()), **keywords)

    method.__name__, method.__doc__ = op.__name__, op.__doc__
    return method


setattr(Tensor, "reshape", _varargs(mp.reshape))  # noqa: B010
setattr(Tensor, "transpose", _varargs(mp.permute_dims))  # noqa: B010
setattr(Tensor, "T", property(mp.reversed_axes))  # noqa: B010
setattr(Tensor, "conjugate", cx.conj)  # noqa: B010


def _part(op: Any) -> property:
    return property(op, lambda self, value: setitem(op(self), ..., value), doc=op.__doc__)


setattr(Tensor, "real", _part(cx.real))  # noqa: B010
setattr(Tensor, "imag", _part(cx.imag))  # noqa: B010
setattr(Tensor, "mT", property(mp.matrix_transpose, doc="The last two axes exchanged, a view."))  # noqa: B010
