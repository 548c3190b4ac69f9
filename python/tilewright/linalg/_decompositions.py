"""Factors of matrices: Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

from typing import Any

from .._engine.arguments import flag, option
from .._engine.tensor import Tensor
from .._functions.complex import conj
from .._functions.linalg import _cholesky, _eig, _eigh, _eigvals, _eigvalsh, _qr, _svd, _svdvals
from .._functions.manipulation import concatenate, matrix_transpose
from ._results import EighResult, EigResult, QRResult, SVDResult, matrices


def cholesky(x: Any, /, *, upper: bool = False) -> Tensor:
    """Cholesky factor of positive definite matrices: `x = L L^H`.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        Hermitian; only the lower triangle is read. float32, float64, complex64 or complex128; integers become float32.
    upper : bool
        Return the upper triangular `L^H` instead.

    Returns
    -------
    Tensor, shape (..., n, n)
        Lower triangular, with a positive diagonal.

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or one is not positive definite.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The gradient is Hermitian: x counts as a Hermitian matrix, not as its lower triangle.

    References
    ----------
    I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.cholesky([[4.0, 2.0], [2.0, 5.0]])
    tensor([[2., 0.],
            [1., 2.]])
    """
    factor = _cholesky(matrices("cholesky", x, square=True))
    return conj(matrix_transpose(factor)) if flag("cholesky", "upper", upper) else factor


def qr(x: Any, /, *, mode: str = "reduced") -> QRResult:
    """QR decomposition: `x = Q R` with orthonormal columns in Q and an upper triangular R.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        float32, float64, complex64 or complex128; integers become float32.
    mode : {"reduced", "complete"}
        How many columns Q has: k = min(m, n), or k = m.

    Returns
    -------
    QRResult
        `Q`, shape (..., m, k), and `R`, shape (..., k, n).

    Raises
    ------
    ValueError
        For fewer than two axes, or another `mode`; in backward, where the first min(m, n) columns of a matrix are
        linearly dependent.
    TypeError
        For float16 and bfloat16.
    NotImplementedError
        In backward, where a gradient arrives at columns of Q beyond n, which are any basis of the rest.

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
    option("qr", "mode", mode, ["reduced", "complete"])
    x = matrices("qr", x)
    m, n = x.shape[-2:]
    if m >= n:
        return QRResult(*_qr(x, mode))
    # Q comes from the first m columns alone.
    q, r = _qr(x[..., :m], "reduced")
    return QRResult(q, concatenate([r, matrix_transpose(q).conjugate() @ x[..., m:]], axis=-1))


def _triangle(op: str, x: Any, uplo: Any) -> tuple[Tensor, str]:
    uplo = uplo.upper() if isinstance(uplo, str) and uplo in ("l", "u") else uplo
    return matrices(op, x, square=True), option(op, "UPLO", uplo, ["L", "U"])


def eigh(x: Any, /, UPLO: str = "L") -> EighResult:
    """Eigenvalues and eigenvectors of Hermitian matrices: `x V = V diag(w)`.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.
    UPLO : {"L", "U"}
        Which triangle is read.

    Returns
    -------
    EighResult
        `eigenvalues`, shape (..., n), real and ascending, and `eigenvectors`, shape (..., n, n), in columns.

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or eigenvalues do not converge. In backward through eigenvectors, where two
        eigenvalues are equal to rounding, or the result depends on the phase of complex eigenvectors.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The gradient is Hermitian. That of eigenvalues is defined for equal ones, too.

    References
    ----------
    M. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
    differentiation, Oxford University, 2008.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.eigh([[2.0, 0.0], [0.0, 1.0]]).eigenvalues
    tensor([1., 2.])
    """
    return EighResult(*_eigh(*_triangle("eigh", x, UPLO)))


def eigvalsh(x: Any, /, UPLO: str = "L") -> Tensor:
    """Eigenvalues of Hermitian matrices.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.
    UPLO : {"L", "U"}
        Which triangle is read.

    Returns
    -------
    Tensor, shape (..., n)
        Real, ascending.

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or eigenvalues do not converge; in a second derivative, where two are equal.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.eigvalsh([[2.0, 0.0], [0.0, 1.0]])
    tensor([1., 2.])
    """
    return _eigvalsh(*_triangle("eigvalsh", x, UPLO))


def eig(x: Any, /) -> EigResult:
    """Eigenvalues and eigenvectors of square matrices: `x V = V diag(w)`.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    EigResult
        `eigenvalues`, shape (..., n), and `eigenvectors`, shape (..., n, n), in columns of length 1; both complex.

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or have NaN or inf. In backward, where there are too few eigenvectors;
        through eigenvectors, where two eigenvalues are equal to rounding, or the result depends on phases.
    TypeError
        For float16 and bfloat16.

    References
    ----------
    M. Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
    differentiation, Oxford University, 2008.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.eig([[0.0, -1.0], [1.0, 0.0]]).eigenvalues
    tensor([0.+1.j, 0.-1.j], dtype=complex64)
    """
    return EigResult(*_eig(matrices("eig", x, square=True)))


def eigvals(x: Any, /) -> Tensor:
    """Eigenvalues of square matrices.

    Parameters
    ----------
    x : array-like, shape (..., n, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    Tensor, shape (..., n)
        Complex.

    Raises
    ------
    LinAlgError
        Where the matrices are not square, or have NaN or inf; in backward, where there are too few eigenvectors.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.eigvals([[0.0, -1.0], [1.0, 0.0]])
    tensor([0.+1.j, 0.-1.j], dtype=complex64)
    """
    return _eigvals(matrices("eigvals", x, square=True))


def svd(x: Any, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition: `x = U diag(S) Vh`.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        float32, float64, complex64 or complex128; integers become float32.
    full_matrices : bool
        Square `U` and `Vh`; else with k = min(m, n) columns and rows.

    Returns
    -------
    SVDResult
        `U`, shape (..., m, m) or (..., m, k); `S`, shape (..., k), real and descending; `Vh`, shape (..., n, n) or
        (..., k, n).

    Raises
    ------
    LinAlgError
        For fewer than two axes, or where it does not converge. In backward through `U` or `Vh`, where two singular
        values are equal to rounding, one is 0 in a matrix that is not square, or the result depends on phases.
    TypeError
        For float16 and bfloat16.
    NotImplementedError
        In backward, where a gradient arrives at columns of `U` or rows of `Vh` beyond k, which are any basis.

    References
    ----------
    J. Townsend, Differentiating the singular value decomposition, 2016. Z.-Q. Wan, S.-X. Zhang, Automatic
    differentiation for complex valued SVD, arXiv:1909.02659, 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.svd([[3.0, 0.0], [0.0, 4.0]]).S
    tensor([4., 3.])
    """
    full = flag("svd", "full_matrices", full_matrices)
    return SVDResult(*_svd(matrices("svd", x), full))


def svdvals(x: Any, /) -> Tensor:
    """Singular values.

    Parameters
    ----------
    x : array-like, shape (..., m, n)
        float32, float64, complex64 or complex128; integers become float32.

    Returns
    -------
    Tensor, shape (..., min(m, n))
        Real, descending.

    Raises
    ------
    LinAlgError
        For fewer than two axes, or where they do not converge; in a second derivative, where two are equal.
    TypeError
        For float16 and bfloat16.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linalg.svdvals([[3.0, 0.0], [0.0, 4.0]])
    tensor([4., 3.])
    """
    return _svdvals(matrices("svdvals", x))
