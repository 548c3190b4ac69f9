"""Diagonals of matrices: taken, summed, and made matrices of. All of it is made of other ops."""

from __future__ import annotations

from .._engine.arguments import array, integer, shape as checked_shape, shown
from .creation import arange
from .indexing import _getitem
from .manipulation import _axis, _reshape, _transpose
from .padding import _pad
from .reductions import sum as total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = ["diag", "diagflat", "diagonal", "trace"]

_FARTHEST = (1 << 59) - 1  # further out there are no elements


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements on a diagonal of matrices.

    Parameters
    ----------
    a : array-like
        At least two axes.
    offset : int
        The diagonal, positive above the main one.
    axis1, axis2 : int
        The rows and the columns of the matrices.

    Returns
    -------
    Tensor
        Shape of `a` without both axes, and the diagonal last. A view where the strides of `a` allow, else a copy.

    Raises
    ------
    ValueError
        Where `a` has fewer axes, or both are the same.
    AxisError
        Where one is not an axis of `a`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diagonal([[1, 2, 3], [4, 5, 6]], offset=1)
    tensor([2, 6])
    """
    return _diagonal("diagonal", a, offset, axis1, axis2)


def _diagonal(op: str, a: Any, offset: Any, axis1: Any, axis2: Any) -> Tensor:
    a = array(op, "a", a)
    if a.ndim < 2:
        raise ValueError(f"{op}: a has shape {a.shape}, but needs at least two axes")
    first, second = _axis(op, axis1, a.ndim, "axis1"), _axis(op, axis2, a.ndim, "axis2")
    if first == second:
        raise ValueError(f"{op}: axis1 and axis2 are both {first}, but must differ")
    k = _offset(op, "offset", offset)
    if (first, second) != (a.ndim - 2, a.ndim - 1):
        others = [axis for axis in range(a.ndim) if axis not in (first, second)]
        a = _transpose(a, (*others, first, second))
    if abs(a.strides[-2]) < abs(a.strides[-1]):  # the matrices lie in memory transposed
        a, k = _transpose(a, (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)), -k
    rows, columns = a.shape[-2:]
    start_row, start_column = max(-k, 0), max(k, 0)
    count = max(0, min(rows - start_row, columns - start_column))
    if not count:
        return _reshape(_getitem(a, (..., slice(0), slice(None))), (*a.shape[:-2], 0))
    if a.strides[-2] == columns * a.strides[-1]:  # one row of all elements is a view
        flat = _reshape(a, (*a.shape[:-2], rows * columns))
        start = start_row * columns + start_column
        return _getitem(flat, (..., slice(start, start + (count - 1) * (columns + 1) + 1, columns + 1)))
    along = arange(count, device=a.device)
    return _getitem(a, (..., along + start_row, along + start_column))


def _offset(op: str, name: str, value: Any) -> int:
    return max(-_FARTHEST, min(integer(op, name, value), _FARTHEST))


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Tensor:
    """Sums over a diagonal of matrices.

    Parameters
    ----------
    a : array-like
        At least two axes.
    offset : int
        The diagonal, positive above the main one.
    axis1, axis2 : int
        The rows and the columns of the matrices.
    dtype : dtype-like, optional
        Add in this; by default as `sum` does.

    Returns
    -------
    Tensor
        Shape of `a` without both axes.

    Raises
    ------
    ValueError
        Where `a` has fewer axes, or both are the same.
    AxisError
        Where one is not an axis of `a`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.trace([[1.0, 2.0], [3.0, 4.0]])
    tensor(5.)
    """
    return total(_diagonal("trace", a, offset, axis1, axis2), axis=-1, dtype=dtype)


def diag(v: Any, k: int = 0) -> Tensor:
    """A matrix with a given diagonal; or the diagonal of a matrix.

    Parameters
    ----------
    v : array-like, shape (n,) or (m, n)
        A diagonal, or a matrix to take it from.
    k : int
        Which diagonal, positive above the main one.

    Returns
    -------
    Tensor
        A square matrix, zero elsewhere, in new memory; or what `diagonal` gives.

    Raises
    ------
    ValueError
        Where `v` has another number of axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diag([1, 2])
    tensor([[1, 0],
            [0, 2]])
    >>> tw.diag([[1, 2], [3, 4]], k=1)
    tensor([2])
    """
    v = array("diag", "v", v)
    if v.ndim == 2:
        return _diagonal("diag", v, k, 0, 1)
    if v.ndim != 1:
        raise ValueError(f"diag: v has shape {v.shape}, but must have one axis or two")
    return _matrix("diag", v, k)


def diagflat(v: Any, k: int = 0) -> Tensor:
    """A matrix with all elements of an array on a diagonal.

    Parameters
    ----------
    v : array-like
        Any shape; taken in C order.
    k : int
        Which diagonal, positive above the main one.

    Returns
    -------
    Tensor
        A square matrix, zero elsewhere. New memory.

    Raises
    ------
    ValueError
        For a diagonal so far out that the matrix is too large.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diagflat([[1, 2]], k=-1)
    tensor([[0, 0, 0],
            [1, 0, 0],
            [0, 2, 0]])
    """
    return _matrix("diagflat", _reshape(array("diagflat", "v", v), (-1,)), k)


def _matrix(op: str, v: Tensor, k: Any) -> Tensor:
    """From one element of a diagonal to the next there are as many places as in a row and one more."""
    k, count = _offset(op, "k", k), v.size
    n = count + abs(k)
    checked_shape(op, (n, n), f"the result of k = {shown(k)}")
    apart = _reshape(_pad(_reshape(v, (count, 1)), (0, 0), (0, n), "constant", 0), (count * (n + 1),))
    before = k if k > 0 else -k * n
    return _reshape(_pad(apart, (before,), (n * n - before - apart.size,), "constant", 0), (n, n))
