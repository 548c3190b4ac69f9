"""Matrix products."""

from __future__ import annotations

from typing import Any

from . import _core
from ._autograd import DeferredCotangent, state
from ._dtypes import as_dtype
from ._op import primitive, wrap
from ._tensor import Tensor, asarray

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
        return wrap(_core.matmul_bytes(x1._array, x2._array))
    return matmul(asarray(x1, dtype), asarray(x2, dtype))


@primitive
def _matmul_nt(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1 @ x2.T`: (..., k) and (n, k) to (..., n)."""


@primitive
def _matmul_tn(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1.T @ x2` with all axes but the last as one: (..., m) and (..., n) to (m, n)."""


@primitive(keeps=("argument",))
def _linear(x: Any, weight: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`activation(x @ weight.T + bias)`; `bias` may be None.

    Where it is recorded, the activation's argument comes beside the result for those that are differentiated from it.
    """


# op(a, b) added to an array in place: see `MatrixProduct`
for _op in (matmul, _matmul_nt, _matmul_tn):
    _op.add_into = getattr(_core, f"{_op.__name__.lstrip('_')}_add_")  # type: ignore[attr-defined]


class MatrixProduct(DeferredCotangent):
    """A cotangent that is `op(a, b)`, one of the products of matrices."""

    __slots__ = ("b", "like", "op")

    def __init__(self, op: Any, a: Tensor, b: Tensor) -> None:
        self.op = op
        self.like = a
        self.b = b

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return self.like.nbytes + self.b.nbytes

    def value(self) -> Tensor:
        return self.op(self.like, self.b)

    def add_to(self, total: Tensor) -> None:
        self.op.add_into(total._array, self.like._array, self.b._array)

    def detached(self) -> MatrixProduct:
        return MatrixProduct(self.op, self.like.detach(), self.b.detach())


def product(op: Any, a: Tensor, b: Tensor) -> Any:
    """`op(a, b)` as a cotangent; `op` is one of the products of matrices."""
    return op(a, b) if state.mode else MatrixProduct(op, a, b)
