"""Sums and products of all elements up to each."""

from __future__ import annotations

from .._engine.arguments import flag
from .._engine.dtypes import as_dtype
from .._engine.op import primitive
from .._engine.tensor import Tensor, asarray
from .creation import full
from .manipulation import _axis, astype, concatenate, reshape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["cumprod", "cumsum", "cumulative_prod", "cumulative_sum"]


@primitive
def _cumsum(x: Any, /, axis: int, reverse: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `cumsum`: from the end on where `reverse`."""


def _by_doubling(x: Any, axis: int) -> Tensor:
    """Products of 1, 2, 4, .. elements up to each (Hillis and Steele), in double precision."""
    y = astype(x, "complex128" if x.dtype.is_complex else "float64", copy=False)
    count, reach = x.shape[axis], 1
    front = (slice(None),) * axis
    while reach < count:
        longer = y[(*front, slice(reach, None))] * y[(*front, slice(None, -reach))]
        y = concatenate([y[(*front, slice(None, reach))], longer], axis=axis)
        reach *= 2
    return astype(y, x.dtype, copy=False)


@primitive(composed=_by_doubling)
def _cumprod(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `cumprod`."""


def _sums(x: Tensor, axis: int) -> Tensor:
    return _cumsum(x, axis, False)


def _scanned(kernel: Callable[[Tensor, int], Tensor], x: Any, axis: int, dtype: Any) -> Tensor:
    """A scan in a dtype: what integers add up to modulo a power of two does not depend on how many more bits there
    were on the way."""
    if dtype is None:
        return kernel(x, axis)
    dtype = as_dtype(dtype)
    return astype(kernel(asarray(x, dtype), axis), dtype, copy=False)


def _along_one_axis(op: str, x: Any, axis: int | None) -> tuple[Tensor, int]:
    """With the axis that the Array API means: there is but one, or it is named."""
    x = asarray(x)
    if x.ndim == 0:
        x = reshape(x, (1,))
    if axis is None and x.ndim > 1:
        raise ValueError(f"{op}: x has shape {x.shape}; name the axis")
    return x, _axis(op, 0 if axis is None else axis, x.ndim)


def _flattened(op: str, x: Any, axis: int | None) -> tuple[Tensor, int]:
    """With the axis that NumPy means: all elements in C order where none is named."""
    x = asarray(x)
    return (reshape(x, (-1,)), 0) if axis is None else (x, _axis(op, axis, x.ndim))


def _after(first: int, y: Tensor, axis: int) -> Tensor:
    """The result of a scan with what nothing comes to before it."""
    shape = (*y.shape[:axis], 1, *y.shape[axis + 1 :])
    return concatenate([full(shape, first, dtype=y.dtype, device=y.device), y], axis=axis)


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Sums of all elements up to each along an axis, `y[i] = x[0] + .. + x[i]`.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int, optional
        The axis to add along; may be left out where there is one.
    dtype : dtype-like, optional
        Convert to this first; the result has it.
    include_initial : bool
        Begin with 0, so that the result is one longer.

    Returns
    -------
    Tensor
        Shape of `x`, but for `include_initial`. Integers and bool give int64 (unsigned: uint64), which wraps around.
        float32 and shorter floats add up in double precision, float64 in blocks: errors do not build up.

    Raises
    ------
    ValueError
        Where `axis` is left out and `x` has several.
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cumulative_sum([1.0, 2.0, 3.0])
    tensor([1., 3., 6.])
    >>> tw.cumulative_sum([1, 2, 3], include_initial=True)
    tensor([0, 1, 3, 6])
    """
    x, axis = _along_one_axis("cumulative_sum", x, axis)
    y = _scanned(_sums, x, axis, dtype)
    return _after(0, y, axis) if flag("cumulative_sum", "include_initial", include_initial) else y


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """Products of all elements up to each along an axis, `y[i] = x[0] * .. * x[i]`.

    The gradient is right where elements are 0, too.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int, optional
        The axis to multiply along; may be left out where there is one.
    dtype : dtype-like, optional
        Convert to this first; the result has it.
    include_initial : bool
        Begin with 1, so that the result is one longer.

    Returns
    -------
    Tensor
        Shape of `x`, but for `include_initial`. Integers and bool give int64 (unsigned: uint64), which wraps around.
        float32 and shorter floats are multiplied in double precision.

    Raises
    ------
    ValueError
        Where `axis` is left out and `x` has several.
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cumulative_prod([1.0, 2.0, 3.0])
    tensor([1., 2., 6.])
    """
    x, axis = _along_one_axis("cumulative_prod", x, axis)
    y = _scanned(_cumprod, x, axis, dtype)
    return _after(1, y, axis) if flag("cumulative_prod", "include_initial", include_initial) else y


def cumsum(x: Any, /, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Sums of all elements up to each, as NumPy's: `cumulative_sum`, or that of the flattened `x` without an axis.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int, optional
        The axis to add along; by default all elements are one row, in C order.
    dtype : dtype-like, optional
        Convert to this first; the result has it.

    Returns
    -------
    Tensor
        Shape of `x`, or 1-D. Integers and bool give int64 (unsigned: uint64).

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cumsum([[1, 2], [3, 4]])
    tensor([ 1,  3,  6, 10])
    >>> tw.cumsum([[1, 2], [3, 4]], axis=0)
    tensor([[1, 2],
            [4, 6]])
    """
    x, axis = _flattened("cumsum", x, axis)
    return _scanned(_sums, x, axis, dtype)


def cumprod(x: Any, /, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Products of all elements up to each, as NumPy's: `cumulative_prod`, or that of the flattened `x` without an axis.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int, optional
        The axis to multiply along; by default all elements are one row, in C order.
    dtype : dtype-like, optional
        Convert to this first; the result has it.

    Returns
    -------
    Tensor
        Shape of `x`, or 1-D. Integers and bool give int64 (unsigned: uint64).

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cumprod([[1, 2], [3, 4]], axis=1)
    tensor([[ 1,  2],
            [ 3, 12]])
    """
    x, axis = _flattened("cumprod", x, axis)
    return _scanned(_cumprod, x, axis, dtype)
