"""NumPy's `linalg`: see `tilewright.linalg`.

Where NumPy gives real eigenvalues for real matrices that have only such, so does `eig` here. `LinAlgError` is NumPy's.
"""

from __future__ import annotations

from typing import Any

from .. import linalg as _linalg
from .._engine.arguments import flag as _flag
from .._engine.tensor import asarray as _asarray
from .._functions import complex as _complex, products as _products, reductions as _reductions
from .._functions.comparison import equal as _equal, greater as _greater
from ._rules import adapted, under_numpy_rules

_TABLE: dict[str, tuple[Any, str] | tuple[Any, str, dict[str, Any]]] = {
    "cholesky": (_linalg.cholesky, "a=x upper"),
    "cond": (_linalg.cond, "x p"),
    "cross": (_linalg.cross, "x1 x2 axis"),
    "det": (_linalg.det, "a=x"),
    "diagonal": (_linalg.diagonal, "x offset"),
    "eigh": (_linalg.eigh, "a=x UPLO"),
    "eigvalsh": (_linalg.eigvalsh, "a=x UPLO"),
    "inv": (_linalg.inv, "a=x"),
    "lstsq": (_linalg.lstsq, "a b rcond"),
    "matmul": (_linalg.matmul, "x1 x2"),
    "matrix_norm": (_linalg.matrix_norm, "x keepdims ord"),
    "matrix_power": (_linalg.matrix_power, "a=x n"),
    "matrix_transpose": (_linalg.matrix_transpose, "x"),
    "multi_dot": (_linalg.multi_dot, "arrays -out"),
    "norm": (_linalg.norm, "x ord axis keepdims"),
    "outer": (_linalg.outer, "x1 x2"),
    "qr": (_linalg.qr, "a=x mode"),
    "slogdet": (_linalg.slogdet, "a=x"),
    "solve": (_linalg.solve, "a=x1 b=x2"),
    "svdvals": (_linalg.svdvals, "x"),
    "tensordot": (_products.tensordot, "x1 x2 axes"),
    "tensorinv": (_linalg.tensorinv, "a=x ind"),
    "tensorsolve": (_linalg.tensorsolve, "a b axes"),
    "trace": (_linalg.trace, "x offset dtype"),
    "vecdot": (_linalg.vecdot, "x1 x2 axis"),
    "vector_norm": (_linalg.vector_norm, "x axis keepdims ord"),
}

globals().update({name: adapted(name, *row[:2], **(row[2] if len(row) > 2 else {})) for name, row in _TABLE.items()})

__all__ = [*_TABLE, "eig", "eigvals", "matrix_rank", "pinv", "svd"]


def _real_where_it_can(w: Any, *vectors: Any) -> Any:
    """Real eigenvalues and vectors where all eigenvalues are."""
    if not bool(_reductions.all(_equal(_complex.imag(w.detach()), 0))):
        return (w, *vectors)
    return tuple([_complex.real(part) for part in (w, *vectors)])


@under_numpy_rules
def eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors of square matrices: `a V = V diag(w)`.

    Parameters
    ----------
    a : array-like, shape (..., n, n)
        Real or complex.

    Returns
    -------
    EigResult
        `eigenvalues`, shape (..., n), and `eigenvectors`, shape (..., n, n), in columns; real where `a` and all
        eigenvalues are.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linalg.eig([[2.0, 0.0], [0.0, 3.0]]).eigenvalues
    array([2., 3.])
    """
    a = _asarray(a)
    result = _linalg.eig(a)
    return result if a.dtype.is_complex else _linalg.EigResult(*_real_where_it_can(*result))


@under_numpy_rules
def eigvals(a: Any) -> Any:
    """Eigenvalues of square matrices.

    Parameters
    ----------
    a : array-like, shape (..., n, n)
        Real or complex.

    Returns
    -------
    ndarray, shape (..., n)
        Real where `a` and all eigenvalues are.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linalg.eigvals([[2.0, 0.0], [0.0, 3.0]])
    array([2., 3.])
    """
    a = _asarray(a)
    w = _linalg.eigvals(a)
    return w if a.dtype.is_complex else _real_where_it_can(w)[0]


@under_numpy_rules
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """Singular value decomposition: `a = U diag(S) Vh`.

    Parameters
    ----------
    a : array-like, shape (..., m, n)
        Real or complex.
    full_matrices : bool
        Square `U` and `Vh`; else with min(m, n) columns and rows.
    compute_uv : bool
        Give `U` and `Vh`, too.
    hermitian : bool
        Whatever it is, the same is done.

    Returns
    -------
    SVDResult or ndarray
        `U`, `S` and `Vh`; or `S` alone.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linalg.svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False)
    array([4., 3.])
    """
    _flag("svd", "hermitian", hermitian)
    if not _flag("svd", "compute_uv", compute_uv):
        return _linalg.svdvals(a)
    return _linalg.svd(a, full_matrices=full_matrices)


@under_numpy_rules
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """Pseudoinverse of Moore and Penrose.

    Parameters
    ----------
    a : array-like, shape (..., m, n)
        Real or complex.
    rcond, rtol : float or array-like, shape (...), optional
        Singular values at or below so much of the largest count as 0; by default 1e-15.
    hermitian : bool
        Whatever it is, the same is done.

    Returns
    -------
    ndarray, shape (..., n, m)

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linalg.pinv([[2.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    _flag("pinv", "hermitian", hermitian)
    if rcond is not None and rtol is not None:
        raise ValueError("pinv: rcond and rtol are both given, but are the same")
    tolerance = rtol if rcond is None else rcond
    return _linalg.pinv(a, rtol=1e-15 if tolerance is None else tolerance)


@under_numpy_rules
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """How many singular values are not 0.

    Parameters
    ----------
    A : array-like, shape (..., m, n)
        Of an array with fewer axes, 1 unless all is 0.
    tol : float or array-like, shape (...), optional
        Singular values at or below this count as 0.
    hermitian : bool
        Whatever it is, the same is done.
    rtol : float or array-like, shape (...), optional
        Singular values at or below so much of the largest count as 0; by default max(m, n) times the dtype's eps.

    Returns
    -------
    ndarray, shape (...)
        int64.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linalg.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    array(1)
    """
    _flag("matrix_rank", "hermitian", hermitian)
    if tol is not None and rtol is not None:
        raise ValueError("matrix_rank: tol and rtol are both given")
    A = _asarray(A)
    if A.ndim < 2:
        return _asarray(int(bool(_reductions.any(A))))
    if tol is None:
        return _linalg.matrix_rank(A, rtol=rtol)
    tol = _asarray(tol)
    return _reductions.sum(_greater(_linalg.svdvals(A.detach()), tol[..., None] if tol.ndim else tol), axis=-1)


def __getattr__(name: str) -> Any:
    if name == "LinAlgError":
        from numpy.linalg import LinAlgError

        return LinAlgError
    raise AttributeError(f"module {__name__!r} has no {name!r} yet")
