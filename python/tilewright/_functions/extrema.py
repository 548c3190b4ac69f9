"""The larger and the smaller of two, and limits."""

from __future__ import annotations

import functools

from .. import _core
from .._engine.arguments import shown
from .._engine.dtypes import integer_range, promote_types
from .._engine.op import beside, is_number, kernel_in_python, wrap
from .._engine.tape import state
from .._engine.tensor import Tensor, asarray
from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.dtypes import DType

__all__ = [
    "clip",
    "fmax",
    "fmin",
    "maximum",
    "minimum",
]


@elementwise("same")
def maximum(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The larger of two; NaN where either is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.maximum([1.0, 5.0], [3.0, 2.0])
    tensor([3., 5.])
    """


@elementwise("same")
def minimum(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The smaller of two; NaN where either is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.minimum([1.0, 5.0], [3.0, 2.0])
    tensor([1., 2.])
    """


@elementwise("same")
def fmax(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The larger of two; the other one where one is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fmax([1.0, float("nan")], [3.0, 2.0])
    tensor([3., 2.])
    """


@elementwise("same")
def fmin(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The smaller of two; the other one where one is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fmin([1.0, float("nan")], [3.0, 2.0])
    tensor([1., 2.])
    """


@kernel_in_python
def _clip(x: Any, min: Any, max: Any, /) -> Any:
    """Kernel of `clip` where it is recorded; a bound may be None."""
    y = x if min is None else _core.maximum(x, min)
    return y if max is None else _core.minimum(y, max)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """Limit the elements to [min, max].

    The gradient passes where nothing was cut, on the bounds too; where something was, it goes to the bound.

    Parameters
    ----------
    x : array-like
        Any shape.
    min, max : array-like or number, optional
        Bounds that broadcast with `x`; None leaves that side open. Where `min` exceeds `max`, the result is `max`.

    Returns
    -------
    Tensor
        `minimum(maximum(x, min), max)`, of the dtype that the arrays among the arguments promote to.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast, or `x` holds integers and `min` is above all of their dtype or `max` below.
        (Beyond the other end, a bound is none.)
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.clip([-1.0, 0.5, 3.0], 0, 1)
    tensor([0. , 0.5, 1. ])
    """
    y = x if isinstance(x, Tensor) else asarray(x)
    plain = type(min) in _PLAIN and type(max) in _PLAIN
    if not plain or ((type(min) is int or type(max) is int) and y._array.dtype.is_integer):
        y, min, max = _core.under_rules_of((y, min, max), _promoted_bounds, y, min, max)
    if state.mode and (y._node or getattr(min, "_node", None) or getattr(max, "_node", None)):
        return y if min is None and max is None else _clip(y, min, max)
    bounded = plain and min is not None and max is not None and -_FAR <= min <= _FAR and -_FAR <= max <= _FAR
    if bounded and y._array.dtype.is_floating:
        return wrap(_core.hardtanh(y._array, min, max), None, y)
    y = y if min is None else maximum(y, min)
    return y if max is None else minimum(y, max)


_PLAIN = (float, int, type(None))  # bounds that need no look where x is floating
_FAR = 2.0**1000  # what is beyond may be no number of float64: NaN, and integers


def _promoted_bounds(x: Tensor, min: Any, max: Any) -> tuple[Tensor, Any, Any]:
    """The arguments of `clip` with arrays of one dtype, and bounds in its range."""
    operands = [v if v is None or is_number(v) else beside(x, v) for v in (x, min, max)]
    dtype = functools.reduce(promote_types, [v.dtype for v in operands if isinstance(v, Tensor)])
    x, min, max = [asarray(v, dtype) if isinstance(v, Tensor) else v for v in operands]
    return (x, *_bounds_in_range(dtype, min, max)) if dtype.is_integer else (x, min, max)


def _bounds_in_range(dtype: DType, min: Any, max: Any) -> tuple[Any, Any]:
    """Bounds of `clip`, where integers outside the range of the dtype are none, or refused."""
    lowest, highest = integer_range(dtype)
    if isinstance(min, int) and min <= lowest:
        min = None
    if isinstance(max, int) and max >= highest:
        max = None
    if isinstance(min, int) and min > highest:
        raise ValueError(f"clip: min is {shown(min)}, above every {dtype.name}")
    if isinstance(max, int) and max < lowest:
        raise ValueError(f"clip: max is {shown(max)}, below every {dtype.name}")
    return min, max
