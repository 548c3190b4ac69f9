"""Linear algebra beyond products: inverses, determinants, decompositions. Each takes stacks of matrices.

The decompositions are LAPACK's, by way of NumPy; the gradients are this library's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from . import _core
from ._engine.arguments import option
from ._engine.tensor import Tensor, asarray
from ._functions.linalg import _inv, _qr, _slogdet
from ._functions.manipulation import concatenate, matrix_transpose

__all__ = ["QRResult", "SlogdetResult", "inv", "qr", "slogdet"]


class QRResult(NamedTuple):
    """What `qr` returns.

    Attributes
    ----------
    Q : Tensor
        Its columns are orthonormal.
    R : Tensor
        Upper triangular.
    """

    Q: Tensor
    R: Tensor


class SlogdetResult(NamedTuple):
    """What `slogdet` returns.

    Attributes
    ----------
    sign : Tensor
        1, -1 or 0; of complex matrices a number of length 1, or 0.
    logabsdet : Tensor
        The natural logarithm of the determinant's absolute value, -inf where it is 0.
    """

    sign: Tensor
    logabsdet: Tensor


def _matrices(op: str, x: Any, *, square: bool = False) -> Tensor:
    x = asarray(x)
    if not x.dtype.is_inexact:
        x = asarray(x, _core.default_float(x))
    if x.dtype.is_floating and x.itemsize < 4:
        raise TypeError(f"{op}: dtype {x.dtype.name} is not supported; use x.astype('float32')")
    if x.ndim < 2:
        raise ValueError(f"{op}: x has shape {x.shape}, but needs at least two axes")
    if square and x.shape[-1] != x.shape[-2]:
        raise ValueError(f"{op}: x has shape {x.shape}, but its matrices must be square")
    return x


def inv(x: Any, /) -> Tensor:
    """Inverse of square matrices.

    To solve a system, a decomposition is more accurate than the inverse.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    Tensor, shape (..., n, n)

    Raises
    ------
    ValueError
        Where the matrices are not square, or one is singular.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return _inv(_matrices("inv", x, square=True))


def slogdet(x: Any, /) -> SlogdetResult:
    """Sign of the determinant, and the logarithm of its absolute value, which neither overflows nor underflows.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    SlogdetResult
        `sign` of the dtype of `x` and `logabsdet`, real, both of shape (...): the determinant is
        `sign * exp(logabsdet)`.

    Raises
    ------
    ValueError
        Where the matrices are not square; in backward, where one is singular.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The derivative of `log det(x)` is the inverse of x, transposed; the sign of real matrices has gradient zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> sign, logabsdet = tw.linalg.slogdet([[0.0, 2.0], [2.0, 0.0]])
    >>> sign, logabsdet
    (tensor(-1.), tensor(1.3862944))
    """
    return SlogdetResult(*_slogdet(_matrices("slogdet", x, square=True)))


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """QR decomposition: `x = Q R` with orthonormal columns in Q and an upper triangular R.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        float32, float64, complex64 or complex128; integers become float32.
    mode : {"reduced"}
        How many columns Q has: k = min(m, n).

    Returns
    -------
    QRResult
        `Q`, shape (..., m, k), and `R`, shape (..., k, n).

    Raises
    ------
    ValueError
        For fewer than two axes, or another `mode`; in backward, where the first k columns of a matrix are linearly
        dependent.
    TypeError
        For float16 and bfloat16.

    References
    ----------
    M. Seeger et al., Auto-Differentiating Linear Algebra, arXiv:1710.08717, 2017 (the gradient). S. Walter, L.
    Lehmann, Algorithmic Differentiation of Linear Algebra Functions with Application in Optimum Experimental Design,
    arXiv:1001.1654, 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> q, r = tw.linalg.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> tw.round(q @ r)
    tensor([[3., 1.],
            [4., 2.]])
    """
    option("qr", "mode", mode, ["reduced"])
    x = _matrices("qr", x)
    m, n = x.shape[-2:]
    if m >= n:
        return QRResult(*_qr(x))
    # Q comes from the first m columns alone.
    q, r = _qr(x[..., :m])
    return QRResult(q, concatenate([r, matrix_transpose(q).conjugate() @ x[..., m:]], axis=-1))
