"""Linear algebra: products of matrices, and the kernels of `tilewright.linalg`, which are LAPACK's, by way of NumPy."""

from __future__ import annotations

from .. import _core
from .._engine.dtypes import as_dtype
from .._engine.op import primitive, wrap
from .._engine.tensor import Tensor, asarray

TYPE_CHECKING = False
if TYPE_CHECKING:
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


def _matrices(x: Any) -> np.ndarray:
    """The operand of a decomposition, on the host: LAPACK works there."""
    import numpy as np

    return np.asarray(_core.to_host("linalg", x))


def _beside(x: Any, result: Any) -> Any:
    """What LAPACK made of x, where x is."""
    import numpy as np

    return _core.to_device(_core.from_buffer(np.asarray(result, order="C"), False), x.device)


def _inv_kernel(x: Any) -> Any:
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            return _beside(x, np.linalg.inv(_matrices(x)))
    except np.linalg.LinAlgError:
        raise ValueError(f"inv: a matrix of x {x.shape} is singular, it has no inverse") from None


def _qr_kernel(x: Any) -> tuple[Any, Any]:
    import numpy as np

    with np.errstate(all="ignore"):
        q, r = np.linalg.qr(_matrices(x))
    return _beside(x, q), _beside(x, r)


def _slogdet_kernel(x: Any) -> tuple[Any, Any]:
    import numpy as np

    with np.errstate(all="ignore"):  # of NaN and infinity
        sign, logabsdet = np.linalg.slogdet(_matrices(x))
    return _beside(x, sign), _beside(x, logabsdet)


@primitive(kernel=_inv_kernel)
def _inv(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The inverses of (.., n, n)."""


@primitive(results=("q", "r"), kernel=_qr_kernel)
def _qr(x: Any, /) -> Any:
    """The reduced decomposition of (.., m, n), m >= n: (.., m, n) and (.., n, n)."""


@primitive(results=("sign", "logabsdet"), kernel=_slogdet_kernel)
def _slogdet(x: Any, /) -> Any:
    """Sign, and logarithm of the absolute value, of the determinants of (.., n, n)."""
