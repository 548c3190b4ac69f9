"""Gradients of products of matrices, inverses, determinants and decompositions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._engine.tape import DeferredCotangent
from .._functions import (
    comparison as cmp,
    complex as cx,
    indexing as ix,
    manipulation as mp,
    reductions as red,
)
from .._functions.creation import arange
from .._functions.linalg import _inv as inv, _matmul_nt, _matmul_tn, matmul
from .common import conj, zeros

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


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


def _matmul_x1(g: Tensor, x1_shape: tuple[int, ...], x2: Tensor) -> Tensor | MatrixProduct:
    if x2.ndim == 1:  # (.., m, k) @ (k,): g (.., m)
        return mp.expand_dims(g, axis=-1) * x2 if len(x1_shape) > 1 else g * x2
    if len(x1_shape) == 1:  # (k,) @ (.., k, n): g (.., n)
        return red.sum(mp.expand_dims(g, axis=-2) * x2, axis=-1)
    if x2.ndim == 2:
        return MatrixProduct(_matmul_nt, g, x2)
    return matmul(g, mp.matrix_transpose(x2))


def _matmul_x2(g: Tensor, x1: Tensor, x2_shape: tuple[int, ...]) -> Tensor | MatrixProduct:
    if len(x2_shape) == 1:
        if x1.ndim == 1:
            return g * x1
        return matmul(mp.reshape(g, (g.size,)), mp.reshape(x1, (g.size, x1.shape[-1])))
    if x1.ndim == 1:
        return mp.expand_dims(x1, axis=-1) * mp.expand_dims(g, axis=-2)
    if len(x2_shape) == 2:  # one product over all batches instead of one each, then a sum
        return MatrixProduct(_matmul_tn, x1, g)
    return matmul(mp.matrix_transpose(x1), g)


def _matmul_x1_complex(g: Tensor, x1_shape: tuple[int, ...], x2: Tensor) -> Tensor | MatrixProduct:
    return _matmul_x1(g, x1_shape, conj(x2))


def _matmul_x2_complex(g: Tensor, x1: Tensor, x2_shape: tuple[int, ...]) -> Tensor | MatrixProduct:
    return _matmul_x2(g, conj(x1), x2_shape)


def _adjoint(x: Tensor) -> Tensor:
    """Conjugate and transposed."""
    return cx.conj(mp.matrix_transpose(x))


def _inv(g: Tensor, y: Tensor) -> Tensor:
    """From d(x^-1) = -x^-1 dx x^-1."""
    h = _adjoint(y)
    return -matmul(matmul(h, g), h)


def _slogdet(g: tuple[Any, ...], x: Tensor, sign: Tensor) -> Tensor:
    """With d log det(x) = tr(x^-1 dx): its real part moves the logarithm, the imaginary one turns the sign."""
    of_sign, of_logarithm = g
    factor = 0.0 if of_logarithm is None else of_logarithm
    if x.dtype.is_complex and of_sign is not None:
        factor = factor - cx.imag(cx.conj(of_sign) * sign) * 1j
    elif of_logarithm is None:
        return zeros(x)
    return mp.reshape(factor, (*x.shape[:-2], 1, 1)) * _adjoint(inv(x))


def _qr(g: tuple[Any, ...], q: Tensor, r: Tensor) -> Tensor:
    """(dQ + Q (U + U^H, the diagonal once and real)) R^-H, where U is the upper triangle of R's cotangent times R^H
    minus Q^H dQ: Q stays orthonormal and R triangular."""
    of_q, of_r = g
    m: Any = 0.0 if of_r is None else matmul(of_r, _adjoint(r))
    if of_q is not None:
        m = m - matmul(_adjoint(q), of_q)
    rows = arange(r.shape[-1], device=r.device)
    above = ix.where(cmp.less(mp.expand_dims(rows, axis=-1), rows), m, 0.0)
    diagonal = ix.where(cmp.equal(mp.expand_dims(rows, axis=-1), rows), mp.astype(cx.real(m), m.dtype), 0.0)
    inner = matmul(q, above + _adjoint(above) + diagonal)
    return matmul(inner if of_q is None else inner + of_q, _adjoint(inv(r)))


VJPS: dict[str, Any] = {
    "matmul": (_matmul_x1, _matmul_x2),
    "matmul_nt": (lambda g, x2: MatrixProduct(matmul, g, x2), lambda g, x1: MatrixProduct(_matmul_tn, g, x1)),
    "matmul_tn": (lambda g, x2: _matmul_nt(x2, g), lambda g, x1: matmul(x1, g)),
    "inv": _inv,
    "slogdet": _slogdet,
    "qr": _qr,
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "matmul": (_matmul_x1_complex, _matmul_x2_complex),
    "matmul_nt": (
        lambda g, x2: MatrixProduct(matmul, g, conj(x2)),
        lambda g, x1: MatrixProduct(_matmul_tn, g, conj(x1)),
    ),
    "matmul_tn": (lambda g, x2: _matmul_nt(conj(x2), g), lambda g, x1: matmul(conj(x1), g)),
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
