"""The triangles above and below a diagonal of matrices, and where their elements are."""

from __future__ import annotations

from .._engine.arguments import integer
from .._engine.dtypes import bool_, float32
from .._engine.op import primitive
from .creation import arange, ones
from .indexing import _getitem, nonzero

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = ["diag_indices", "tri", "tril", "tril_indices", "triu", "triu_indices"]

_FARTHEST = (1 << 63) - 1  # diagonal: further out there are no elements


@primitive
def _tril(x: Any, /, k: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `tril`."""


@primitive
def _triu(x: Any, /, k: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `triu`."""


def _diagonal(op: str, k: Any) -> int:
    return max(-_FARTHEST, min(integer(op, "k", k), _FARTHEST))


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """Lower triangles of matrices: a copy with zeros above a diagonal.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Matrices of any dtype.
    k : int
        The diagonal, positive above the main one; it is kept.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. New memory.

    Raises
    ------
    ValueError
        Where `x` has less than two dimensions.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tril([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    tensor([[1, 0, 0],
            [4, 5, 0],
            [7, 8, 9]])
    """
    return _tril(x, _diagonal("tril", k))


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """Upper triangles of matrices: a copy with zeros below a diagonal.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Matrices of any dtype.
    k : int
        The diagonal, positive above the main one; it is kept.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. New memory.

    Raises
    ------
    ValueError
        Where `x` has less than two dimensions.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.triu([[1, 2, 3], [4, 5, 6], [7, 8, 9]], k=1)
    tensor([[0, 2, 3],
            [0, 0, 6],
            [0, 0, 0]])
    """
    return _triu(x, _diagonal("triu", k))


def tri(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = float32, device: str = "cpu") -> Tensor:
    """Ones on a diagonal and below it, zeros above.

    Parameters
    ----------
    n_rows, n_cols : int
        Shape; square by default.
    k : int
        The diagonal, positive above the main one.
    dtype : dtype-like
        Element type.
    device : str
        Where it lies: "cpu", or for instance "cuda:0".

    Returns
    -------
    Tensor, shape (n_rows, n_cols)

    Raises
    ------
    ValueError
        For a negative length.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tri(2, 3, k=1)
    tensor([[1., 1., 0.],
            [1., 1., 1.]])
    """
    return tril(_ones("tri", ("n_rows", n_rows), ("n_cols", n_cols), dtype, device), k=_diagonal("tri", k))


def _ones(op: str, rows: tuple[str, Any], columns: tuple[str, Any], dtype: Any, device: Any) -> Tensor:
    """A matrix of ones, square where the number of columns is None; lengths come with their names."""
    m = integer(op, *rows, at_least=0)
    return ones((m, m if columns[1] is None else integer(op, *columns, at_least=0)), dtype=dtype, device=device)


def tril_indices(n: int, /, k: int = 0, m: int | None = None, *, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Where the elements of the lower triangle of a matrix are.

    Parameters
    ----------
    n : int
        Rows of the matrix.
    k : int
        The diagonal up to which they go, positive above the main one.
    m : int, optional
        Its columns; by default `n`.
    device : str
        Where the result lies.

    Returns
    -------
    tuple of Tensor
        int64: the rows and the columns, in C order.

    Raises
    ------
    ValueError
        For a negative length.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tril_indices(2)
    (tensor([0, 1, 1]), tensor([0, 0, 1]))
    """
    whole = _ones("tril_indices", ("n", n), ("m", m), bool_, device)
    rows, columns = nonzero(tril(whole, k=_diagonal("tril_indices", k)))
    return rows, columns


def triu_indices(n: int, /, k: int = 0, m: int | None = None, *, device: str = "cpu") -> tuple[Tensor, Tensor]:
    """Where the elements of the upper triangle of a matrix are.

    Parameters
    ----------
    n : int
        Rows of the matrix.
    k : int
        The diagonal from which they go, positive above the main one.
    m : int, optional
        Its columns; by default `n`.
    device : str
        Where the result lies.

    Returns
    -------
    tuple of Tensor
        int64: the rows and the columns, in C order.

    Raises
    ------
    ValueError
        For a negative length.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.triu_indices(2)
    (tensor([0, 0, 1]), tensor([0, 1, 1]))
    """
    whole = _ones("triu_indices", ("n", n), ("m", m), bool_, device)
    rows, columns = nonzero(triu(whole, k=_diagonal("triu_indices", k)))
    return rows, columns


def diag_indices(n: int, /, ndim: int = 2, *, device: str = "cpu") -> tuple[Tensor, ...]:
    """Where the elements of the main diagonal of an array are, whose axes have one length.

    Parameters
    ----------
    n : int
        The length.
    ndim : int
        How many axes; 1 to 16.
    device : str
        Where the result lies.

    Returns
    -------
    tuple of Tensor
        int64: for each axis 0 to n - 1.

    Raises
    ------
    ValueError
        For a negative length, or a number of axes that arrays do not have.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diag_indices(2)
    (tensor([0, 1]), tensor([0, 1]))
    """
    length = integer("diag_indices", "n", n, at_least=0)
    axes = integer("diag_indices", "ndim", ndim, at_least=1, at_most=16)
    return tuple([arange(length, device=device) for _ in range(axes)])


def diagonal_of(x: Tensor, offset: int) -> Tensor:
    """The elements of (.., m, n) on a diagonal, positive above the main one: (.., k)."""
    m, n = x.shape[-2:]
    count = max(0, min(m + min(offset, 0), n - max(offset, 0)))
    along = arange(count, device=x.device)
    rows, columns = (along - offset if offset < 0 else along), (along + offset if offset > 0 else along)
    return _getitem(x, (..., rows, columns))
