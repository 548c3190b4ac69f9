"""Linear algebra: products of matrices, and the kernels of `tilewright.linalg`, which are LAPACK's, by way of NumPy."""

from __future__ import annotations

from .. import _core
from .._engine.dtypes import as_dtype
from .._engine.op import primitive, wrap
from .._engine.tensor import Tensor, asarray
from .manipulation import matrix_transpose, reshape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import numpy as np

__all__ = ["matmul"]

_BYTES = (_core.DType.int8, _core.DType.uint8)


@primitive
def matmul(x1: Any, x2: Any, /, *, dtype: Any = None) -> Tensor:
    """Matrix product, `x1 @ x2`, as NumPy's.

    Parameters
    ----------
    x1 : array-like, shape (..., m, k) or (k,)
        Leading axes broadcast with those of `x2`. Any strides, without a copy.
    x2 : array-like, shape (..., k, n) or (k,)
        A vector counts as one column.
    dtype : dtype-like, optional
        Convert both to this first. With int32, products of int8 and uint8 in any combination are summed from the bytes
        as they are, which is faster than float32.

    Returns
    -------
    Tensor, shape (..., m, n)
        Without m where `x1` is a vector, without n where `x2` is. float16 and bfloat16 add up in float32; integers
        wrap around.

    Raises
    ------
    ValueError
        Where an operand is 0-d or the inner lengths k differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    tensor([3., 7.])
    >>> tw.matmul(tw.full((2, 300), 100, dtype="uint8"), tw.full(300, -100, dtype="int8"), dtype="int32")
    tensor([-3000000, -3000000], dtype=int32)
    """
    if dtype is None:
        return matmul(x1, x2)
    dtype = as_dtype(dtype)
    x1 = x1 if isinstance(x1, Tensor) else asarray(x1)
    x2 = x2 if isinstance(x2, Tensor) else asarray(x2)
    if dtype == _core.DType.int32 and x1.dtype in _BYTES and x2.dtype in _BYTES:
        return wrap(_core.matmul_bytes(x1._array, x2._array), None, x1, x2)
    return matmul(asarray(x1, dtype), asarray(x2, dtype))


@primitive
def _matmul_nt(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1 @ x2.T`: (..., k) and (n, k) to (..., n)."""


@primitive
def _matmul_tn(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1.T @ x2` with all axes but the last as one: (..., m) and (..., n) to (m, n)."""


# op(a, b) added to an array in place: see `MatrixProduct` in `_vjps/linalg.py`
for _op in (matmul, _matmul_nt, _matmul_tn):
    _op.add_into = getattr(_core, f"{_op.__name__.lstrip('_')}_add_")  # type: ignore[attr-defined]


# ---- inverses, determinants, decompositions --------------------------------------------------------------------------
# NumPy lets go of the interpreter lock while LAPACK works.


def _matrices(x: Any) -> np.ndarray:
    """The operand of a decomposition, on the host: LAPACK works there."""
    import numpy as np

    return np.asarray(_core.to_host("linalg", x))


def _beside(x: Any, result: Any) -> Any:
    """What LAPACK made of x, where x is."""
    import numpy as np

    return _core.to_device(_core.from_buffer(np.asarray(result, order="C"), False), x.device)


def refused(message: str) -> Exception:
    """NumPy's LinAlgError, which is a ValueError."""
    import numpy as np

    return np.linalg.LinAlgError(message)


def _lapack(failure: str, function: Callable[..., Any]) -> Any:
    """A kernel from `function(np.linalg, matrix, ..)`; `failure` is the message where NumPy gives up, with {x}."""

    def kernel(x: Any, *more: Any) -> Any:
        import numpy as np

        for a in more:
            if isinstance(a, _core.Array) and a.device != x.device:
                op = failure.partition(":")[0]
                raise ValueError(
                    f"{op}: x1 {x.shape} is on {x.device}, but x2 {a.shape} is on {a.device}; "
                    "move one of them with to()"
                )
        arrays = [_matrices(a) if isinstance(a, _core.Array) else a for a in more]
        try:
            with np.errstate(all="ignore"):  # of NaN and infinity
                made = function(np.linalg, _matrices(x), *arrays)
        except np.linalg.LinAlgError:
            raise refused(failure.format(x=x.shape)) from None
        if isinstance(made, tuple):
            return tuple([_beside(x, array) for array in made])
        return _beside(x, made)

    return kernel


def _as_complex(pair: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([array.astype(f"c{array.itemsize * 2}") if array.dtype.kind == "f" else array for array in pair])


def _cofactors_of(linalg: Any, x: Any) -> Any:
    """From x = U diag(s) V: det(U) det(V) conj(U) diag(products of all s but one) conj(V), singular or not."""
    import numpy as np

    u, s, vh = linalg.svd(x, full_matrices=False)
    n = s.shape[-1]
    rest = np.stack([np.prod(np.delete(s, i, axis=-1), axis=-1) for i in range(n)], axis=-1) if n else s
    unit = linalg.det(u) * linalg.det(vh)
    return unit[..., None, None] * ((u.conj() * rest[..., None, :]) @ vh.conj())


def _pinv_of(linalg: Any, x: Any, rtol: Any) -> Any:
    """With zeros for singular values at or below rtol times the largest."""
    import numpy as np

    if not x.size:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    u, s, vh = linalg.svd(x, full_matrices=False)
    large = s > np.asarray(rtol)[..., None] * s[..., :1]
    inverse = np.where(large, 1 / np.where(large, s, 1), 0).astype(s.dtype)
    return vh.conj().swapaxes(-1, -2) @ (inverse[..., None] * u.conj().swapaxes(-1, -2))


_SINGULAR = "inv: a matrix of x {x} is singular, it has no inverse"
_NO_SVD = "svd: the decomposition of a matrix of x {x} did not converge"
_NO_EIGH = "eigh: the eigenvalues of a matrix of x {x} did not converge"
_NO_EIG = "eig: a matrix of x {x} has NaN or inf, or its eigenvalues did not converge"


@primitive(kernel=_lapack(_SINGULAR, lambda linalg, x: linalg.inv(x)))
def _inv(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The inverses of (.., n, n)."""


@primitive(kernel=_lapack("solve: a matrix of x1 {x} is singular", lambda linalg, x1, x2: linalg.solve(x1, x2)))
def _solve(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """y with x1 y = x2, of (.., n, n) and (.., n, k): (.., n, k)."""


@primitive(results=("q", "r"), kernel=_lapack("qr: of x {x}", lambda linalg, x, mode: tuple(linalg.qr(x, mode=mode))))
def _qr(x: Any, /, mode: str) -> Any:
    """Of (.., m, n), m >= n: reduced (.., m, n) and (.., n, n), complete (.., m, m) and (.., m, n)."""


@primitive(
    results=("sign", "logabsdet"), kernel=_lapack("slogdet: of x {x}", lambda linalg, x: tuple(linalg.slogdet(x)))
)
def _slogdet(x: Any, /) -> Any:
    """Sign, and logarithm of the absolute value, of the determinants of (.., n, n)."""


@primitive(kernel=_lapack("det: of x {x}", lambda linalg, x: linalg.det(x)))
def _det(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The determinants of (.., n, n)."""


def _cofactors_definition(x: Tensor) -> Tensor:
    """det(x) x^-T, of matrices that have an inverse."""
    return reshape(_det(x), (*x.shape[:-2], 1, 1)) * matrix_transpose(_inv(x))


@primitive(composed=_cofactors_definition, kernel=_lapack(_NO_SVD, _cofactors_of))
def _cofactors(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The derivatives of the determinants of (.., n, n), also of singular matrices."""


@primitive(kernel=_lapack("cholesky: a matrix of x {x} is not positive definite", lambda linalg, x: linalg.cholesky(x)))
def _cholesky(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The lower factors of (.., n, n), of which the lower triangle counts."""


@primitive(results=("w", "v"), kernel=_lapack(_NO_EIGH, lambda linalg, x, uplo: tuple(linalg.eigh(x, uplo))))
def _eigh(x: Any, /, uplo: str) -> Any:
    """Ascending eigenvalues (.., n) and eigenvectors (.., n, n) of Hermitian matrices."""


@primitive(kernel=_lapack(_NO_EIGH, lambda linalg, x, uplo: linalg.eigvalsh(x, uplo)))
def _eigvalsh(x: Any, /, uplo: str) -> Tensor:  # type: ignore[empty-body]
    """The first result of `_eigh`."""


@primitive(results=("w", "v"), kernel=_lapack(_NO_EIG, lambda linalg, x: _as_complex(linalg.eig(x))))
def _eig(x: Any, /) -> Any:
    """Eigenvalues (.., n) and eigenvectors (.., n, n) of any square matrices, both complex."""


@primitive(kernel=_lapack(_NO_EIG, lambda linalg, x: _as_complex((linalg.eigvals(x),))[0]))
def _eigvals(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The first result of `_eig`."""


@primitive(results=("u", "s", "vh"), kernel=_lapack(_NO_SVD, lambda linalg, x, full: tuple(linalg.svd(x, full))))
def _svd(x: Any, /, full: bool) -> Any:
    """Of (.., m, n), k = min(m, n): (.., m, k), (.., k), (.., k, n); `full`: m and n in place of k in the outer."""


@primitive(kernel=_lapack(_NO_SVD, lambda linalg, x: linalg.svd(x, compute_uv=False)))
def _svdvals(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The second result of `_svd`."""


@primitive(kernel=_lapack(_NO_SVD, _pinv_of))
def _pinv(x: Any, /, rtol: Any) -> Tensor:  # type: ignore[empty-body]
    """The pseudoinverses (.., n, m) of (.., m, n). `rtol` is a number or one of NumPy's arrays, of shape (..)."""


@primitive(
    results=("y", "rank", "values"),
    kernel=_lapack(
        "lstsq: the decomposition of x1 {x} did not converge",
        lambda linalg, x1, x2, rtol: (lambda made: (made[0], made[2], made[3]))(linalg.lstsq(x1, x2, rtol)),
    ),
)
def _lstsq(x1: Any, x2: Any, /, rtol: float) -> Any:
    """The shortest y with the least norm of x1 y - x2, of (m, n) and (m, k): (n, k); rank and singular values of x1."""
