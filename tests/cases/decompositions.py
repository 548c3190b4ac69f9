"""Factors of matrices. Those that are unique up to signs or phases are compared by what does not depend on them."""

import numpy as np

import tilewright as tw

from .linalg import ANY, DTYPES, shape_errors, square_error
from .opcase import A, OpCase, Raises, S, assert_close, to_numpy


def steps(np_or_tw, x):
    """What is added to x: a diagonal that keeps eigenvalues and singular values apart."""
    m, n = x.shape[-2:]
    if np_or_tw is np:
        return x + np.eye(m, n) * (4 * np.arange(1, n + 1))
    return x + tw.eye(m, n, dtype=x.dtype, device=x.device) * (4 * tw.arange(1, n + 1, device=x.device).astype(x.dtype))


def case(name, samples, result, oracle=None, fn=None, errors=(), shifted=True, **more):
    call, numpys = fn or getattr(tw.linalg, name), oracle or getattr(np.linalg, name)
    return OpCase(
        f"linalg.{name}",
        (lambda x: numpys(steps(np, x))) if shifted else numpys,
        samples,
        fn=(lambda x: call(steps(tw, x))) if shifted else call,
        dtypes=DTYPES,
        result=result,
        errors=(*shape_errors(name), *errors),
        **{"tolerance": 128, **more},
    )


def adjoint(x):
    return tw.conj(tw.matrix_transpose(x))


def check_svd(args, got, expected):
    u, s, vh = map(to_numpy, got)
    k = s.shape[-1]
    assert_close(got[1], expected[1], 128)
    product = (u[..., :k] * s[..., None, :]) @ vh[..., :k, :]
    whole = (expected[0][..., :k] * expected[1][..., None, :]) @ expected[2][..., :k, :]
    assert_close(tw.asarray(product, dtype=got[0].dtype), whole, 512)
    for q in (u, np.swapaxes(vh, -1, -2)):
        unit = np.conj(np.swapaxes(q, -1, -2)) @ q
        assert_close(tw.asarray(unit, dtype=got[0].dtype), np.broadcast_to(np.eye(q.shape[-1]), unit.shape), 128)


def of_svd(u, s, vh):
    k = s.shape[-1]
    u, vh = u[..., :k], vh[..., :k, :]
    return (u * tw.expand_dims(tw.sqrt(s), axis=-2)) @ vh, s, tw.square(abs(u)), tw.square(abs(vh))


def check_eigenvectors(args, got, expected):
    w, v = map(to_numpy, got)
    order, wanted = (np.argsort(x, axis=-1) for x in (w, expected[0]))
    sorted_w = np.take_along_axis(w, order, -1)
    assert_close(tw.asarray(sorted_w, dtype=got[0].dtype), np.take_along_axis(expected[0], wanted, -1), 256)
    sizes = np.take_along_axis(np.abs(v), order[..., None, :], -1)
    dtype = "float32" if got[1].dtype.name in ("float32", "complex64") else "float64"
    assert_close(tw.asarray(sizes, dtype=dtype), np.take_along_axis(np.abs(expected[1]), wanted[..., None, :], -1), 256)


def of_eigenpairs(w, v):
    return w, tw.square(abs(v))


def of_hermitian(w, v):
    return w, (v * tw.expand_dims(tw.sin(w), axis=-2)) @ adjoint(v)


def ordered(w):
    """By their real parts."""
    order = tw.argsort(tw.real(w.detach()), axis=-1)
    return tw.take_along_axis(w, order)


def H(*shape):
    return S(A(shape, -1, 1, kind="symmetric"))


def P(*shape):
    return S(A(shape, 1, 3, kind="positive definite"))


SQUARE = (S(A((3, 3), -1, 1)), S(A((2, 4, 4), -1, 1)), S(A((1, 1), -1, 1)), S(A((0, 3, 3))), S(A((2, 0, 0))))
HERMITIAN = (H(3, 3), H(2, 4, 4), H(1, 1), H(0, 3, 3), H(2, 0, 0))
AS_LAPACK = "same", "magnitude", "same"

CASES = (
    case(
        "cholesky",
        (P(3, 3), P(2, 4, 4), P(1, 1), P(0, 3, 3)),
        "same",
        shifted=False,
        errors=(
            square_error("cholesky"),
            Raises(
                ValueError, r"cholesky: .* \(2, 2\) is not positive definite", lambda: tw.linalg.cholesky(-tw.eye(2))
            ),
        ),
    ),
    case("svd", (ANY[1], ANY[0], *ANY[2:]), AS_LAPACK, check=check_svd, invariant=of_svd),
    case(
        "svd",
        ANY,
        AS_LAPACK,
        oracle=lambda x: np.linalg.svd(x, full_matrices=False),
        fn=lambda x: tw.linalg.svd(x, full_matrices=False),
        check=check_svd,
        invariant=of_svd,
    ),
    case("svdvals", ANY, "magnitude", oracle=lambda x: np.linalg.svd(x, compute_uv=False)),
    case(
        "eigh",
        HERMITIAN,
        ("magnitude", "same"),
        check=check_eigenvectors,
        invariant=of_hermitian,
        errors=(
            square_error("eigh"),
            Raises(ValueError, 'eigh: UPLO is \'x\', but must be "L" or "U"', lambda: tw.linalg.eigh(tw.eye(2), "x")),
        ),
    ),
    case("eigvalsh", HERMITIAN, "magnitude", errors=(square_error("eigvalsh"),)),
    case(
        "eig",
        SQUARE,
        ("complex", "complex"),
        check=check_eigenvectors,
        invariant=of_eigenpairs,
        errors=(
            square_error("eig"),
            Raises(ValueError, "eig: .* has NaN or inf", lambda: tw.linalg.eig(tw.full((2, 2), float("nan")))),
        ),
    ),
    case(
        "eigvals",
        SQUARE,
        "complex",
        oracle=lambda x: np.sort(np.linalg.eigvals(x)),
        fn=lambda x: ordered(tw.linalg.eigvals(x)),
        errors=(square_error("eigvals"),),
    ),
    case(
        "qr",
        ANY[1:],
        ("same", "same"),
        oracle=lambda x: np.linalg.qr(x, mode="complete"),
        fn=lambda x: tw.linalg.qr(x, mode="complete"),
    ),
)
