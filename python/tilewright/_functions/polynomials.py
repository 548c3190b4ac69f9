"""Polynomials as NumPy's older functions have them: coefficients from the highest power down to the constant."""

from __future__ import annotations

import warnings

from .. import _core
from .._engine.arguments import array, arrays, flag, integer, number
from .._engine.dtypes import promote_types
from .._engine.tensor import Tensor, asarray
from .arithmetic import abs, sqrt, square
from .comparison import equal
from .complex import conj
from .creation import arange, eye, zeros
from .differences import floating
from .indexing import nonzero, where
from .linalg import _inv, _lstsq, _qr, matmul
from .manipulation import astype, concatenate, expand_dims, matrix_transpose, reshape, stack
from .padding import pad
from .reductions import max, min, sum
from .repeating import _common
from .scans import cumulative_prod
from .triangular import diagonal_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["polyfit", "polyval", "roots"]


def coefficients(op: str, name: str, p: Any) -> Tensor:
    """1-D."""
    p = array(op, name, p)
    if p.ndim > 1:
        raise ValueError(f"{op}: {name} has shape {p.shape}, but must be 1-D")
    return reshape(p, (-1,))


def polyval(p: Any, x: Any) -> Tensor:
    """Values of a polynomial, `p[0] x^(n - 1) + .. + p[n - 1]`, by Horner's rule.

    Parameters
    ----------
    p : array-like, shape (n,) or (n, ...)
        Coefficients from the highest power down; several polynomials side by side, as `polyfit` gives them.
    x : array-like
        Where it is evaluated, any shape; several polynomials' shape is broadcast against it.

    Returns
    -------
    Tensor
        Shape of `x`, or with several polynomials that of `x` against `p[0]`; of the promoted dtype.

    Raises
    ------
    ValueError
        For shapes that do not broadcast.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.polyval([3.0, 0.0, 1.0], [0.0, 1.0, 2.0])
    tensor([ 1.,  4., 13.])
    >>> tw.polyval([[3.0, 1.0], [1.0, 0.0]], [[0.0], [1.0]])  # 3 x + 1 and x
    tensor([[1., 0.],
            [4., 1.]])
    """
    p, x = arrays("polyval", p=p, x=x)
    p = p if p.ndim else reshape(p, (1,))
    _common("polyval", [p.shape[1:], x.shape])
    y = zeros(x.shape, dtype=promote_types(p.dtype, x.dtype), device=x.device)
    for k in range(p.shape[0]):
        y = y * x + p[k]
    return y


def _least_squares(a: Tensor, b: Tensor) -> Tensor:
    """What has the least squared error, and where that leaves a choice the least length."""
    wide = a.shape[0] < a.shape[1]
    q, r = _qr(matrix_transpose(conj(a)) if wide else a, "reduced")
    sizes = abs(diagonal_of(r.detach(), 0))
    if not bool(min(sizes) > max(sizes) * (a.shape[0] * _eps(a.dtype))):
        warnings.warn("polyfit: the samples do not tell the powers apart; see rcond", RuntimeWarning, stacklevel=4)
        return _lstsq(a, b, a.shape[0] * _eps(a.dtype))[0]
    if wide:
        return matmul(q, matmul(_inv(matrix_transpose(conj(r))), b))
    return matmul(_inv(r), matmul(matrix_transpose(conj(q)), b))


def _eps(dtype: Any) -> float:
    return 2.0 ** -(23 if dtype.itemsize // (2 if dtype.is_complex else 1) == 4 else 52)


def _squared_errors(left: Tensor, rank: int, unknowns: int) -> Tensor:
    """Their sums, of each column; none where the solution is one of many, or hits all."""
    if not rank == unknowns < left.shape[0]:
        return zeros(0, dtype=abs(left.detach()).dtype, device=left.device)
    return sum(square(abs(left)) if left.dtype.is_complex else square(left), axis=0)


def polyfit(
    x: Any, y: Any, deg: int, *, rcond: float | None = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """The polynomial that comes closest to samples: least squares.

    Parameters
    ----------
    x : array-like, shape (n,)
        Where the samples were taken.
    y : array-like, shape (n,) or (n, k)
        The samples, or columns of them.
    deg : int
        The highest power.
    rcond : float, optional
        Singular values at or below so much of the largest count as 0, and the shortest solution is taken; by default n
        times the dtype's eps.
    full : bool
        Give what tells how good the fit is, too.
    w : array-like, shape (n,), optional
        Weights of the errors before they are squared.
    cov : bool or "unscaled"
        Give the covariances of the coefficients, too: scaled so that the residuals agree with their variance, or, as
        weights of known variance want it, unscaled.

    Returns
    -------
    Tensor, shape (deg + 1,) or (deg + 1, k); or tuple
        The coefficients from the highest power down; with `cov` also their covariances, of shape (deg + 1, deg + 1) or
        (deg + 1, deg + 1, k), k of 1 where unscaled. With `full` also the sums of squared errors, of shape (1,)
        or (k,), or (0,) where powers depend on each other; the rank; the singular values of the scaled powers; and
        `rcond`. Integers give float32. `x`, `y` and `w` have gradients.

    Raises
    ------
    ValueError
        Where the shapes do not fit, there are no samples, or too few for `cov`.
    TypeError
        For float16 and bfloat16.

    Warns
    -----
    RuntimeWarning
        Where there are too few different samples for the degree.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.round(tw.polyfit([0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 5.0, 7.0], 1))
    tensor([2., 1.])
    """
    deg = integer("polyfit", "deg", deg, at_least=0)
    x, y = map(floating, arrays("polyfit", x=x, y=y))
    if x.ndim != 1 or y.ndim not in (1, 2) or not x.size or y.shape[0] != x.size:
        raise ValueError(
            f"polyfit: x has shape {x.shape} and y {y.shape}, but must be (n,) and (n,) or (n, k), n above 0"
        )
    wide = promote_types(x.dtype, y.dtype)
    if wide.itemsize < 4:
        raise TypeError(f"polyfit: dtype {wide.name} is not supported; use astype('float32')")
    x, y = astype(x, wide, copy=False), astype(y, wide, copy=False)
    columns, right = vander(x, deg + 1), y if y.ndim == 2 else reshape(y, (-1, 1))
    if w is not None:
        w = array("polyfit", "w", w, beside=x)
        if w.shape != x.shape:
            raise ValueError(f"polyfit: w has shape {w.shape}, but x {x.shape}")
        w = reshape(astype(w, wide, copy=False), (-1, 1))
        columns, right = columns * w, right * w
    scale = sqrt(sum(square(abs(columns)) if wide.is_complex else square(columns), axis=0))
    scale = where(equal(scale, 0), 1, scale)
    scaled = columns / scale
    full = flag("polyfit", "full", full)
    if full or rcond is not None:
        rcond = x.size * _eps(wide) if rcond is None else number("polyfit", "rcond", rcond)
        solution, rank, values = _lstsq(scaled, right, rcond)
    else:
        solution = _least_squares(scaled, right)
    c = solution / expand_dims(scale, axis=1)
    result = c if y.ndim == 2 else c[:, 0]
    if full:
        return (
            result,
            _squared_errors(matmul(scaled, solution) - right, int(rank.item()), deg + 1),
            int(rank.item()),
            values.detach(),
            rcond,
        )
    unscaled = isinstance(cov, str) and cov == "unscaled"
    if not unscaled and not flag("polyfit", "cov", cov):
        return result
    base = _inv(matmul(matrix_transpose(conj(scaled)), scaled)) / scale / expand_dims(scale, axis=1)
    if unscaled:
        return result, base if y.ndim == 1 else expand_dims(base, axis=2)
    if x.size <= deg + 1:
        raise ValueError(f"polyfit: cov needs more than {deg + 1} samples, got {x.size}")
    factor = sum(square(right - matmul(columns, c)), axis=0) / (x.size - deg - 1)
    return result, (base * factor[0] if y.ndim == 1 else expand_dims(base, axis=2) * factor)


def vander(x: Tensor, count: int) -> Tensor:
    """Powers of each element, from the highest down to 1."""
    powers = cumulative_prod(stack([x] * (count - 1), axis=1), axis=1) if count > 1 else None
    first = reshape(x, (-1, 1)) * 0 + 1
    return first if powers is None else concatenate([powers[:, ::-1], first], axis=1)


def eigenvalues(x: Tensor) -> Tensor:
    """Of a square matrix, by NumPy, in double precision; real where all are. They have no gradient."""
    import numpy as np

    wide = astype(x.detach(), "complex128" if x.dtype.is_complex else "float64")
    return asarray(np.linalg.eigvals(np.asarray(_core.to_host("linalg", wide._array)))).to(x.device)


def _companion(p: Tensor) -> Tensor:
    """The matrix whose eigenvalues are the roots."""
    p = astype(p.detach(), "complex128" if p.dtype.is_complex else "float64")
    first = reshape(-p[1:] / p[0], (1, -1))
    return concatenate([first, eye(p.size - 2, p.size - 1, dtype=p.dtype, device=p.device)])


def roots(p: Any) -> Tensor:
    """Where a polynomial is zero: the eigenvalues of its companion matrix.

    Parameters
    ----------
    p : array-like, shape (n,)
        Coefficients from the highest power down; zeros at the front count as not there.

    Returns
    -------
    Tensor
        1-D: n - 1 or fewer, each as often as it is one; complex where any is, else real. Integers give float32 or
        complex64. The gradient of a root that is one several times is not finite.

    Raises
    ------
    ValueError
        Where `p` has several axes.

    Notes
    -----
    Where a gradient is wanted, two of Newton's steps carry the first and the second derivative: `dr = -dp(r) / p'(r)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sort(tw.round(tw.roots([1.0, -3.0, 2.0])))
    tensor([1., 2.])
    """
    p = floating(coefficients("roots", "p", p))
    (where_not,) = nonzero(p.detach())
    if not where_not.size:
        return zeros(0, dtype=p.dtype, device=p.device)
    first, last = int(where_not[0]), int(where_not[-1])
    trailing, p = p.size - 1 - last, p[first : last + 1]
    if p.size == 1:
        return zeros(trailing, dtype=p.dtype, device=p.device)
    r = eigenvalues(_companion(p))
    complex_now = r.dtype.is_complex
    r = astype(r, _core.complex_dtype(p.dtype) if complex_now and not p.dtype.is_complex else p.dtype, copy=False)
    if p.requires_grad:
        slope = p[:-1] * astype(arange(p.size - 1, 0, -1, device=p.device), p.dtype)
        for _ in range(2):
            r = r - polyval(p, r) / polyval(slope, r)
    return pad(r, (0, trailing)) if trailing else r
