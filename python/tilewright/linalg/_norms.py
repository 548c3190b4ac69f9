"""Norms of vectors and matrices, and what singular values tell."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import flag, integers, number, option
from .._engine.tensor import Tensor
from .._functions.arithmetic import abs as abs_, square
from .._functions.comparison import equal, greater, not_equal
from .._functions.complex import imag, real
from .._functions.creation import eye
from .._functions.indexing import where
from .._functions.linalg import _inv, _slogdet, _svdvals, refused
from .._functions.manipulation import _axis, astype, expand_dims, moveaxis
from .._functions.reductions import max as max_, min as min_, sum as sum_
from ._results import inexact, matrices
from ._systems import tolerance_of

_MATRIX_NORMS = (1, -1, 2, -2, math.inf, -math.inf)


def _squares(x: Tensor) -> Tensor:
    return square(real(x)) + square(imag(x)) if x.dtype.is_complex else square(x)


def _root(total: Tensor, p: float) -> Tensor:
    """total^(1/p), with gradient 0 at 0."""
    zero = equal(total, 0)
    raised = where(zero, 1.0, total)
    return where(zero, 0.0, raised**0.5 if p == 2 else raised ** (1 / p))


def _largest(op: str, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """Of absolute values; 0 where there is none."""
    axes = range(x.ndim) if axis is None else axis
    if any(not x.shape[a] for a in axes):
        return sum_(x, axis=axis, keepdims=keepdims)
    return max_(x, axis=axis, keepdims=keepdims)


def _of_vectors(op: str, x: Tensor, axis: Any, keepdims: bool, p: float) -> Tensor:
    if p == 2:
        return _root(sum_(_squares(x), axis=axis, keepdims=keepdims), 2)
    if p == 0:
        nonzero = astype(not_equal(x, 0), real(x).dtype)
        return sum_(nonzero, axis=axis, keepdims=keepdims)
    size = abs_(x)
    if p == math.inf:
        return _largest(op, size, axis, keepdims)
    if p == -math.inf:
        axes = range(x.ndim) if axis is None else axis
        if any(not x.shape[a] for a in axes):
            raise ValueError(f"{op}: x {x.shape} has no elements along axis {axis}, of which ord=-inf is the least")
        return min_(size, axis=axis, keepdims=keepdims)
    if p == 1:
        return sum_(size, axis=axis, keepdims=keepdims)
    total = sum_(size**p, axis=axis, keepdims=keepdims)
    return _root(total, p) if p > 0 else total ** (1 / p)


def _axes(op: str, axis: Any, x: Tensor) -> tuple[int, ...] | None:
    if axis is None:
        return None
    axes = tuple([_axis(op, a, x.ndim) for a in integers(op, "axis", axis)])
    if len(set(axes)) < len(axes):
        raise ValueError(f"{op}: axis {axis} has an axis twice")
    return axes


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """Norms of vectors: `sum(|x|^p)^(1/p)`.

    Parameters
    ----------
    x : array-like
        Any shape; integers become float32.
    axis : int or tuple of int, optional
        Axes that make up a vector; all by default.
    keepdims : bool
        Keep these axes with length 1.
    ord : float
        p: any number; inf for the largest, -inf for the smallest absolute value, 0 for how many are not 0.

    Returns
    -------
    Tensor
        Real. Shape of `x` without the axes.

    Raises
    ------
    ValueError
        For `ord=-inf` where there is no element.
    AxisError
        Where an axis is not one of `x`.

    Notes
    -----
    The gradient at a vector of zeros is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.vector_norm([[3.0, 4.0], [6.0, 8.0]], axis=1)
    tensor([ 5., 10.])
    """
    x = inexact("vector_norm", "x", x)
    axes = _axes("vector_norm", axis, x)
    keep = flag("vector_norm", "keepdims", keepdims)
    return _of_vectors("vector_norm", x, axes, keep, number("vector_norm", "ord", ord))


def _of_matrices(op: str, x: Tensor, keepdims: bool, p: Any) -> Tensor:
    """Of the last two axes."""
    if p == "fro":
        return _of_vectors(op, x, (-2, -1), keepdims, 2)
    if p in (1, -1, math.inf, -math.inf):
        axis = -2 if p in (1, -1) else -1
        sums = sum_(abs_(x), axis=axis, keepdims=True)
        other = (-3 - axis,)
        if p < 0 and not sums.shape[other[0]]:
            raise ValueError(f"{op}: x {x.shape} has no elements, of which ord={p} is the least")
        y = _largest(op, sums, other, True) if p > 0 else min_(sums, axis=other, keepdims=True)
        return y if keepdims else y[..., 0, 0]
    s = _svdvals(matrices(op, x))
    if p == "nuc":
        y = sum_(s, axis=-1)
    elif not s.shape[-1]:
        if p < 0:
            raise ValueError(f"{op}: x {x.shape} has no elements, of which ord={p} is the least")
        y = sum_(s, axis=-1)
    else:
        y = max_(s, axis=-1) if p > 0 else min_(s, axis=-1)
    return expand_dims(expand_dims(y, axis=-1), axis=-1) if keepdims else y


def _matrix_ord(op: str, p: Any) -> Any:
    if isinstance(p, str):
        return option(op, "ord", p, ["fro", "nuc"])
    p = number(op, "ord", p)
    if p not in _MATRIX_NORMS:
        raise ValueError(f'{op}: ord is {p}, but of matrices must be "fro", "nuc", 1, -1, 2, -2, inf or -inf')
    return p


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of matrices.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Integers become float32.
    keepdims : bool
        Keep the two axes with length 1.
    ord : {"fro", "nuc", 1, -1, 2, -2, inf, -inf}
        "fro": the root of all squares; "nuc": the sum of singular values; 1 and inf: the largest sum of absolute values
        of a column and of a row; 2: the largest singular value; negative: the smallest of each.

    Returns
    -------
    Tensor, shape (...)
        Real.

    Raises
    ------
    LinAlgError
        For fewer than two axes.
    ValueError
        For another `ord`, or a negative one where there is no element.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.matrix_norm([[3.0, 0.0], [0.0, 4.0]])
    tensor(5.)
    """
    x = inexact("matrix_norm", "x", x)
    if x.ndim < 2:
        raise refused(f"matrix_norm: x has shape {x.shape}, but needs at least two axes")
    return _of_matrices("matrix_norm", x, flag("matrix_norm", "keepdims", keepdims), _matrix_ord("matrix_norm", ord))


def norm(x: Any, /, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """NumPy's norm, of vectors or matrices by the number of axes.

    Parameters
    ----------
    x : array-like
        Any shape; without `axis` 1-D or 2-D, unless `ord` is None. Integers become float32.
    ord : float or str, optional
        As of `vector_norm` or `matrix_norm`; None for the root of all squares.
    axis : int or tuple of int, optional
        One axis for vectors, two for matrices.
    keepdims : bool
        Keep the axes with length 1.

    Returns
    -------
    Tensor
        Real. Shape of `x` without the axes.

    Raises
    ------
    ValueError
        For another `ord`, or a number of axes that is neither 1 nor 2.
    AxisError
        Where an axis is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.norm([[1.0, -2.0], [-3.0, 4.0]], 1)
    tensor(6.)
    """
    x = inexact("norm", "x", x)
    keepdims = flag("norm", "keepdims", keepdims)
    axes = _axes("norm", axis, x)
    if ord is None and (axes is None or len(axes) <= 2):
        return _of_vectors("norm", x, axes, keepdims, 2)
    axes = tuple(range(x.ndim)) if axes is None else axes
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"norm: ord is {ord!r}, but of vectors must be a number")
        return _of_vectors("norm", x, axes, keepdims, number("norm", "ord", ord))
    if len(axes) != 2:
        raise ValueError(f"norm: there are {len(axes)} axes, but norms are of vectors, with one, or matrices, with two")
    y = _of_matrices(
        "norm",
        moveaxis(moveaxis(x, axes[0], -1), axes[1] - (axes[1] > axes[0]), -1),
        keepdims,
        _matrix_ord("norm", ord),
    )
    if keepdims:
        y = y[..., 0, 0]
        for a in sorted(axes):
            y = expand_dims(y, axis=a)
    return y


def cond(x: Any, /, p: Any = None) -> Tensor:
    """Condition numbers: the norm of a matrix times that of its inverse.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Square unless `p` is None, 2 or -2. Integers become float32.
    p : {None, "fro", "nuc", 1, -1, 2, -2, inf, -inf}
        The norm; None and 2 for the quotient of the largest and smallest singular value.

    Returns
    -------
    Tensor, shape (...)
        Real; inf for singular matrices.

    Raises
    ------
    LinAlgError
        For fewer than two axes, an empty matrix, or where it is not square.
    ValueError
        For another `p`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.cond([[1.0, 0.0], [0.0, 4.0]])
    tensor(4.)
    """
    p = p if p is None else _matrix_ord("cond", p)
    x = matrices("cond", x, square=p not in (None, 2, -2))
    if 0 in x.shape[-2:]:
        raise refused(f"cond: x has shape {x.shape}, but an empty matrix has no condition")
    if p in (None, 2, -2):
        s = _svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    singular = equal(_slogdet(x.detach())[0], 0)
    regular = where(singular[..., None, None], eye(x.shape[-1], dtype=x.dtype, device=x.device), x)
    product = _of_matrices("cond", x, False, p) * _of_matrices("cond", _inv(regular), False, p)
    return where(singular, math.inf, product)


def matrix_rank(x: Any, /, *, rtol: Any = None) -> Tensor:
    """How many singular values are not 0.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        Integers become float32.
    rtol : float or array-like, shape (...), optional
        Singular values at or below so much of the largest count as 0; by default max(m, n) times the dtype's eps.

    Returns
    -------
    Tensor, shape (...)
        int64.

    Raises
    ------
    LinAlgError
        For fewer than two axes, or where singular values do not converge.
    ValueError
        Where `rtol` does not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    tensor(1)
    """
    x = matrices("matrix_rank", x).detach()
    tolerance = tolerance_of("matrix_rank", "rtol", rtol, x)
    s = _svdvals(x)
    if not s.shape[-1]:
        return sum_(not_equal(s, 0), axis=-1)
    least = tolerance if isinstance(tolerance, float) else tolerance[..., None]
    return sum_(greater(s, s[..., :1] * least), axis=-1)
