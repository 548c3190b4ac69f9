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
from .._functions.linalg import (
    _cofactors as cofactors,
    _eig as eig,
    _eigh as eigh,
    _inv as inv,
    _matmul_nt,
    _matmul_tn,
    _pinv as pinv,
    _solve as solve,
    _svd as svd,
    matmul,
    refused,
)
from .._functions.triangular import diagonal_of, tril, triu
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


def _solve_x2(g: Tensor, x1: Tensor) -> Tensor:
    return solve(_adjoint(x1), g)


def _solve_x1(g: Tensor, x1: Tensor, y: Tensor) -> Tensor:
    """From d(x1^-1) as of `_inv`, times x2."""
    return -matmul(solve(_adjoint(x1), g), _adjoint(y))


def _on_diagonal(x: Tensor, diagonal: Any, elsewhere: Any) -> Tensor:
    """(.., n, n) of two values, or matrices, where x has its diagonal and where not."""
    rows = arange(x.shape[-1], device=x.device)
    return ix.where(cmp.equal(mp.expand_dims(rows, axis=-1), rows), diagonal, elsewhere)


def _column(x: Any) -> Any:
    return mp.expand_dims(x, axis=-1)


def _row(x: Any) -> Any:
    return mp.expand_dims(x, axis=-2)


def _only_first(op: str, what: str, g: Any, k: int, axis: int) -> Any:
    """The cotangent of the first k vectors; there must be none of the rest, which are any basis of their space."""
    if g is None or g.shape[axis] == k:
        return g
    first, rest = (g[..., :k], g[..., k:]) if axis == -1 else (g[..., :k, :], g[..., k:, :])
    if bool(red.any(cmp.not_equal(rest.detach(), 0))):
        raise NotImplementedError(
            f"{op}: only the first {k} {what} have a gradient, but one of the others arrived; the others are any basis"
        )
    return first


def _qr(g: tuple[Any, ...], q: Tensor, r: Tensor) -> Tensor:
    """(dQ + Q (U + U^H, the diagonal once and real)) R^-H, where U is the upper triangle of R's cotangent times R^H
    minus Q^H dQ: Q stays orthonormal and R triangular."""
    n = r.shape[-1]
    of_q, of_r = _only_first("qr", "columns of Q", g[0], n, -1), g[1]
    if q.shape[-1] > n:  # the rows of R below are zero
        q, r, of_r = q[..., :n], r[..., :n, :], None if of_r is None else of_r[..., :n, :]
    m: Any = 0.0 if of_r is None else matmul(of_r, _adjoint(r))
    if of_q is not None:
        m = m - matmul(_adjoint(q), of_q)
    above = triu(m, k=1)
    inner = matmul(q, _on_diagonal(m, mp.astype(cx.real(m), m.dtype), above + _adjoint(above)))
    return matmul(inner if of_q is None else inner + of_q, _adjoint(inv(r)))


def _det(g: Tensor, x: Tensor) -> Tensor:
    return mp.reshape(g, (*g.shape, 1, 1)) * cx.conj(cofactors(x))


def _cholesky(g: Tensor, y: Tensor) -> Tensor:
    """L^-H P L^-1, where P is the Hermitian matrix with half of L^H dL in its lower triangle."""
    s = matmul(_adjoint(y), g)
    below = tril(s, k=-1)
    p = _on_diagonal(s, mp.astype(cx.real(s), s.dtype), below + _adjoint(below)) * 0.5
    h = _adjoint(y)
    return _adjoint(solve(h, _adjoint(solve(h, p))))


# ---- spectra ---------------------------------------------------------------------------------------------------------


def _eps(x: Tensor) -> float:
    return 2.0**-52 if x.itemsize == (16 if x.dtype.is_complex else 8) else 2.0**-23


def _reciprocal_gaps(op: str, what: str, values: Tensor, gaps: Tensor, of_vectors: list[Tensor]) -> Tensor:
    """1 / gaps, with 0 on the diagonal.

    Vectors of equal values are any basis of their space: a cotangent that mixes two of them has no answer.
    """
    known = values.detach()
    if not known.size:
        return gaps
    least = _eps(known) * known.shape[-1] * red.max(abs(known), axis=-1, keepdims=True)
    equal = _on_diagonal(gaps, False, cmp.less_equal(abs(_row(known) - _column(known)), _column(least)))
    for x in of_vectors:
        mixed = cmp.not_equal(x.detach(), 0)
        if bool(red.any(equal & (mixed | mp.matrix_transpose(mixed)))):
            raise refused(
                f"{op}: two {what} of a matrix are equal to rounding, so the gradient of their vectors is not defined"
            )
    known_gap = _on_diagonal(gaps, False, ~equal)
    return ix.where(known_gap, 1.0 / ix.where(known_gap, gaps, 1.0), 0.0)


def _phases_left_out(op: str, x: Tensor, phases: Tensor) -> None:
    """The phase of complex vectors is any: what follows it has no gradient."""
    size = red.max(abs(x.detach()), axis=(-2, -1)) if x.size else 0.0
    if x.size and bool(red.any(cmp.greater(red.max(abs(phases.detach()), axis=-1), 1e-3 * size))):
        raise refused(f"{op}: the gradient depends on the phases of vectors, which are arbitrary")


def _eigh(g: tuple[Any, ...], w: Tensor, v: Tensor) -> Tensor:
    """V (diag(dw) + F o V^H dV) V^H, F the reciprocal differences of eigenvalues, Hermitian."""
    of_w, of_v = g
    h = _adjoint(v)
    inner: Any = 0.0
    if of_v is not None:
        x = matmul(h, of_v)
        if x.dtype.is_complex:
            _phases_left_out("eigh", x, cx.imag(diagonal_of(x, 0)))
        inner = _reciprocal_gaps("eigh", "eigenvalues", w, _row(w) - _column(w), [x]) * (x - _adjoint(x)) * 0.5
    if of_w is None:
        return matmul(matmul(v, inner), h)
    if of_v is None:
        return matmul(v * _row(of_w), h)
    return matmul(matmul(v, _on_diagonal(inner, mp.astype(_column(of_w), inner.dtype), inner)), h)


def _eigvalsh(g: Tensor, x: Tensor, uplo: str) -> Tensor:
    w, v = eigh(x, uplo)
    return _eigh((g, None), w, v)


def _eig(g: tuple[Any, ...], x_dtype: Any, w: Tensor, v: Tensor) -> Tensor:
    """V^-H (diag(dw) + conj(F) o (V^H dV - V^H V diag(Re(V^H dV)))) V^H: the columns of V keep their length 1."""
    of_w, of_v = g
    h = _adjoint(v)
    lengths = matmul(h, v)
    parallel = 1.0 - abs(lengths.detach()) <= _eps(v) ** (2 / 3)
    if bool(red.any(_on_diagonal(lengths, False, parallel))):
        raise refused("eig: a matrix has fewer eigenvectors than eigenvalues, so the gradient is not defined")
    inner: Any = 0.0
    if of_v is not None:
        x = matmul(h, of_v)
        diagonal = diagonal_of(x, 0)
        _phases_left_out("eig", x, cx.imag(diagonal))
        gaps = cx.conj(_row(w) - _column(w))
        inner = _reciprocal_gaps("eig", "eigenvalues", w, gaps, [x]) * (x - lengths * _row(cx.real(diagonal)))
    if of_w is not None:
        inner = _on_diagonal(v, mp.astype(_column(of_w), v.dtype), inner)
    result = solve(h, matmul(inner, h))
    return result if x_dtype.is_complex else cx.real(result)


def _eigvals(g: Tensor, x: Tensor) -> Tensor:
    w, v = eig(x)
    return _eig((g, None), x.dtype, w, v)


def _svd(g: tuple[Any, ...], u: Tensor, s: Tensor, vh: Tensor) -> Tensor:
    """U (diag(ds) + (F o X) S + S (F o Y)) V^H + (1 - U U^H) dU S^-1 V^H + U S^-1 dV^H (1 - V V^H), where X and Y are
    the skew parts of U^H dU and V^H dV, twice, and F_ij = 1 / (s_j^2 - s_i^2)."""
    k = s.shape[-1]
    of_u, of_vh = _only_first("svd", "columns of U", g[0], k, -1), _only_first("svd", "rows of Vh", g[2], k, -2)
    u, vh = u[..., :k], vh[..., :k, :]
    if of_u is None and of_vh is None:
        return zeros(matmul(u, vh)) if g[1] is None else matmul(u * _row(g[1]), vh)
    x: Any = None if of_u is None else matmul(_adjoint(u), of_u)
    y: Any = None if of_vh is None else matmul(vh, _adjoint(of_vh))
    mixed = [part for part in (x, y) if part is not None]
    gaps = (_row(s) - _column(s)) * (_row(s) + _column(s))
    f = _reciprocal_gaps("svd", "singular values", s, gaps, mixed)
    inner: Any = 0.0
    if x is not None:
        inner = inner + f * (x - _adjoint(x)) * _row(s)
    if y is not None:
        inner = inner + f * (y - _adjoint(y)) * _column(s)
    diagonal = zeros(s) if g[1] is None else g[1]
    if u.dtype.is_complex:
        turns = [cx.imag(diagonal_of(part, 0)) for part in mixed]
        _phases_left_out("svd", mixed[0], turns[0] + turns[-1] if len(turns) > 1 else turns[0])
        turn = (0.0 if x is None else turns[0]) - (0.0 if y is None else turns[-1])
        diagonal = diagonal + turn / (2.0 * ix.where(cmp.equal(s, 0), 1.0, s)) * 1j
    result = matmul(matmul(u, _on_diagonal(inner, mp.astype(_column(diagonal), inner.dtype), inner)), vh)
    if of_u is not None and u.shape[-2] > k:
        result = result + matmul((of_u - matmul(u, x)) / _row(_positive(s, of_u, -2)), vh)
    if of_vh is not None and vh.shape[-1] > k:
        result = result + matmul(u / _row(_positive(s, of_vh, -1)), of_vh - matmul(_adjoint(y), vh))
    return result


def _positive(s: Tensor, g: Tensor, axis: int) -> Tensor:
    """The singular values, none 0 whose vectors have a cotangent."""
    zero = cmp.equal(s.detach(), 0)
    if bool(red.any(zero & red.any(cmp.not_equal(g.detach(), 0), axis=axis))):
        raise refused("svd: a singular value of a matrix is 0, so the gradient of its vectors is not defined")
    return ix.where(zero, 1.0, s)


def _svdvals(g: Tensor, x: Tensor) -> Tensor:
    return _svd((None, g, None), *svd(x, False))


def _pinv(g: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """-Y^H dY Y^H + (1 - X Y) dY^H Y Y^H + Y^H Y dY^H (1 - Y X)."""
    h, of_h = _adjoint(y), _adjoint(g)
    left, right = matmul(matmul(of_h, y), h), matmul(matmul(h, y), of_h)
    left = left - matmul(x, matmul(y, left))
    right = right - matmul(matmul(right, y), x)
    return left + right - matmul(matmul(h, g), h)


def _lstsq_x1(g: tuple[Any, ...], x1: Tensor, x2: Tensor, rtol: float) -> Tensor:
    """As of `_pinv`: the result is the pseudoinverse times x2."""
    return _pinv(matmul(g[0], _adjoint(x2)), x1, pinv(x1, rtol))


def _lstsq_x2(g: tuple[Any, ...], x1: Tensor, rtol: float) -> Tensor:
    return matmul(_adjoint(pinv(x1, rtol)), g[0])


VJPS: dict[str, Any] = {
    "matmul": (_matmul_x1, _matmul_x2),
    "matmul_nt": (lambda g, x2: MatrixProduct(matmul, g, x2), lambda g, x1: MatrixProduct(_matmul_tn, g, x1)),
    "matmul_tn": (lambda g, x2: _matmul_nt(x2, g), lambda g, x1: matmul(x1, g)),
    "inv": _inv,
    "slogdet": _slogdet,
    "qr": _qr,
    "solve": (_solve_x1, _solve_x2),
    "det": _det,
    "cholesky": _cholesky,
    "eigh": _eigh,
    "eigvalsh": _eigvalsh,
    "eig": _eig,
    "eigvals": _eigvals,
    "svd": _svd,
    "svdvals": _svdvals,
    "pinv": _pinv,
    "lstsq": (_lstsq_x1, _lstsq_x2),
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
