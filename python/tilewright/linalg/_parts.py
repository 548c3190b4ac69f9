"""Parts of matrices, and products of vectors."""

from __future__ import annotations

from typing import Any

from .._engine.arguments import integer
from .._engine.tensor import Tensor
from .._functions.linalg import refused
from .._functions.products import operands, outer as outer_
from .._functions.reductions import sum as sum_
from .._functions.triangular import diagonal_of


def _with_axes(op: str, x: Any) -> Tensor:
    (x,) = operands(op, ("x",), (x,))
    if x.ndim < 2:
        raise refused(f"{op}: x has shape {x.shape}, but needs at least two axes")
    return x


def diagonal(x: Any, /, *, offset: int = 0) -> Tensor:
    """Diagonals of matrices.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Any dtype.
    offset : int
        Which diagonal, positive above the main one.

    Returns
    -------
    Tensor, shape (..., k)
        New memory.

    Raises
    ------
    LinAlgError
        For fewer than two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.diagonal([[1, 2], [3, 4]])
    tensor([1, 4])
    """
    return diagonal_of(_with_axes("diagonal", x), integer("diagonal", "offset", offset))


def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """Sums of the diagonals of matrices.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Any dtype.
    offset : int
        Which diagonal, positive above the main one.
    dtype : dtype-like, optional
        Of the sum; by default as of `sum`.

    Returns
    -------
    Tensor, shape (...)

    Raises
    ------
    LinAlgError
        For fewer than two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.trace([[1.0, 2.0], [3.0, 4.0]])
    tensor(5.)
    """
    return sum_(diagonal_of(_with_axes("trace", x), integer("trace", "offset", offset)), axis=-1, dtype=dtype)


def outer(x1: Any, x2: Any, /) -> Tensor:
    """Products of every element of one vector with every element of another.

    Parameters
    ----------
    x1 : array-like, shape (m,)
        Any dtype.
    x2 : array-like, shape (n,)
        Any dtype.

    Returns
    -------
    Tensor, shape (m, n)

    Raises
    ------
    ValueError
        Where one has not one axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.outer([1.0, 2.0], [3.0, 4.0])
    tensor([[3., 4.],
            [6., 8.]])
    """
    x1, x2 = operands("outer", ("x1", "x2"), (x1, x2))
    for name, x in (("x1", x1), ("x2", x2)):
        if x.ndim != 1:
            raise ValueError(f"outer: {name} has shape {x.shape}, but must have one axis")
    return outer_(x1, x2)
