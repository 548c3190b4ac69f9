"""Reductions and scans that leave out NaN."""

from __future__ import annotations

import math

from .._engine.arguments import array, number
from .._engine.tensor import Tensor
from .arithmetic import abs, square
from .differences import floating
from .indexing import where
from .logical import isnan, logical_not
from .manipulation import astype
from .reductions import DTYPE, EMPTY, Axis, all, checked, max, min, ordered, prod, reduction, sum, with_axes
from .scans import cumprod, cumsum
from .statistics import CORRECTION, root_of_variance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = [
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _filled(op: str, a: Any, value: float) -> Tensor:
    """With a value in place of NaN."""
    a = array(op, "a", a)
    return where(isnan(a.detach()), value, a) if a.dtype.is_inexact else a


def nan_reduction(result: str, more: str = "", raises: str = "") -> Callable[[F], F]:
    """`reduction`, whose array is named as in NumPy."""

    def document(function: F) -> F:
        reduction(result, more, raises)(function)
        function.__doc__ = (function.__doc__ or "").replace("    x : ", "    a : ").replace("`x`", "`a`")
        return function

    return document


@nan_reduction("Integers and bool give int64 (unsigned: uint64).", DTYPE)
def nansum(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    """Sum over axes of what is not NaN; 0 where nothing is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nansum([[1.0, float("nan")], [2.0, 3.0]], axis=1)
    tensor([1., 5.])
    """
    axis, keepdims = checked("nansum", axis, keepdims)
    a = with_axes("nansum", _filled("nansum", a, 0), axis)
    return sum(a, axis, keepdims=keepdims, dtype=dtype)


@nan_reduction("Integers and bool give int64 (unsigned: uint64).", DTYPE)
def nanprod(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    """Product over axes of what is not NaN; 1 where nothing is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanprod([[1.0, float("nan")], [2.0, 3.0]], axis=1)
    tensor([1., 6.])
    """
    axis, keepdims = checked("nanprod", axis, keepdims)
    a = with_axes("nanprod", _filled("nanprod", a, 1), axis)
    return prod(a, axis, keepdims=keepdims, dtype=dtype)


@nan_reduction("The dtype of `a`.", raises=EMPTY)
def nanmax(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Largest element over axes of those that are not NaN; NaN where nothing is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanmax([[1.0, float("nan")], [2.0, 3.0]], axis=1)
    tensor([1., 3.])
    """
    axis, keepdims = checked("nanmax", axis, keepdims)
    a = ordered("nanmax", with_axes("nanmax", array("nanmax", "a", a), axis))
    y = max(_filled("nanmax", a, -math.inf), axis=axis, keepdims=keepdims)
    return where(all(isnan(a.detach()), axis=axis, keepdims=keepdims), math.nan, y) if a.dtype.is_inexact else y


@nan_reduction("The dtype of `a`.", raises=EMPTY)
def nanmin(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Smallest element over axes of those that are not NaN; NaN where nothing is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanmin([[1.0, float("nan")], [2.0, 3.0]], axis=1)
    tensor([1., 2.])
    """
    axis, keepdims = checked("nanmin", axis, keepdims)
    a = ordered("nanmin", with_axes("nanmin", array("nanmin", "a", a), axis))
    y = min(_filled("nanmin", a, math.inf), axis=axis, keepdims=keepdims)
    return where(all(isnan(a.detach()), axis=axis, keepdims=keepdims), math.nan, y) if a.dtype.is_inexact else y


def _counted(op: str, a: Any, axis: Any, keepdims: Any) -> tuple[Tensor, Tensor, Axis, bool]:
    """Floating or complex; with what is there of it, and the parameters."""
    axis, keepdims = checked(op, axis, keepdims)
    a = floating(with_axes(op, array(op, "a", a), axis))
    return a, logical_not(isnan(a.detach())), axis, keepdims


@nan_reduction("Integers and bool give float32.", DTYPE)
def nanmean(a: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over axes of what is not NaN; NaN where nothing is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanmean([[1.0, float("nan")], [2.0, 3.0]], axis=1)
    tensor([1. , 2.5])
    """
    a = a if dtype is None else astype(array("nanmean", "a", a), dtype)
    a, there, axis, keepdims = _counted("nanmean", a, axis, keepdims)
    count = sum(there, axis=axis, keepdims=keepdims)
    return sum(where(there, a, 0), axis=axis, keepdims=keepdims) / astype(count, a.dtype)


@nan_reduction("Integers and bool give float32; complex numbers real ones.", DTYPE + CORRECTION)
def nanvar(a: Any, axis: Axis = None, dtype: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Variance over axes of what is not NaN, in two passes; NaN where no more than `correction` is left.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanvar([1.0, float("nan"), 3.0])
    tensor(1.)
    """
    return _nanvar("nanvar", a, axis, dtype, correction, keepdims)


def _nanvar(op: str, a: Any, axis: Any, dtype: Any, correction: float, keepdims: Any) -> Tensor:
    correction = number(op, "correction", correction)
    a = a if dtype is None else astype(array(op, "a", a), dtype)
    a, there, axis, keepdims = _counted(op, a, axis, keepdims)
    count = sum(there, axis=axis, keepdims=True)
    a = where(there, a, 0)
    mean = sum(a, axis=axis, keepdims=True) / astype(count, a.dtype)
    deviation = where(there, a - mean, 0)
    squares = sum(square(abs(deviation) if a.dtype.is_complex else deviation), axis=axis, keepdims=keepdims)
    freedom = astype(sum(there, axis=axis, keepdims=keepdims), squares.dtype) - correction
    return where(freedom > 0, squares / where(freedom > 0, freedom, 1), math.nan)


@nan_reduction("Integers and bool give float32; complex numbers real ones.", DTYPE + CORRECTION)
def nanstd(a: Any, axis: Axis = None, dtype: Any = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Standard deviation over axes of what is not NaN, the root of `nanvar`; its gradient where nothing varies is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanstd([1.0, float("nan"), 3.0])
    tensor(1.)
    """
    variance = _nanvar("nanstd", a, axis, dtype, correction, keepdims)
    return root_of_variance(variance)


def nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumsum` with 0 in place of NaN.

    Parameters
    ----------
    a : array-like
        Any shape.
    axis : int, optional
        The axis to go along; by default all elements are one row, in C order.
    dtype : dtype-like, optional
        Convert to this first; the result has it.

    Returns
    -------
    Tensor
        Shape of `a`, or 1-D.

    Raises
    ------
    AxisError
        Where `axis` is not one of `a`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nancumsum([2.0, float("nan"), 3.0])
    tensor([2., 2., 5.])
    """
    return cumsum(_filled("nancumsum", a, 0), axis, dtype)


def nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """`cumprod` with 1 in place of NaN.

    Parameters
    ----------
    a : array-like
        Any shape.
    axis : int, optional
        The axis to go along; by default all elements are one row, in C order.
    dtype : dtype-like, optional
        Convert to this first; the result has it.

    Returns
    -------
    Tensor
        Shape of `a`, or 1-D.

    Raises
    ------
    AxisError
        Where `axis` is not one of `a`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nancumprod([2.0, float("nan"), 3.0])
    tensor([2., 2., 6.])
    """
    return cumprod(_filled("nancumprod", a, 1), axis, dtype)
