"""Linear algebra where matrices are special: equal or missing eigenvalues, singular ones, none; and NumPy's names."""

from __future__ import annotations

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

LinAlgError = numpy.linalg.LinAlgError
EQUAL = "are equal to rounding, so the gradient of their vectors is not defined"


def close(x, want, tolerance=1e-10):
    numpy.testing.assert_allclose(numpy.asarray(x.detach()), want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: tw.linalg.eigh(x).eigenvectors[0, 1], f"eigh: two eigenvalues of a matrix {EQUAL}"),
        (lambda x: tw.linalg.svd(x).U[0, 1], f"svd: two singular values of a matrix {EQUAL}"),
        (lambda x: tw.real(tw.linalg.eig(x).eigenvectors[0, 1]), f"eig: two eigenvalues of a matrix {EQUAL}"),
    ],
)
def test_vectors_of_equal_values_have_no_gradient(function, message):
    with pytest.raises(LinAlgError, match=message):
        tw.grad(function)(tw.eye(3, dtype="float64"))


def test_equal_values_themselves_have_one():
    x = tw.eye(3, dtype="float64")
    for function in (tw.linalg.eigvalsh, tw.linalg.svdvals, lambda x: tw.real(tw.linalg.eigvals(x))):
        close(tw.grad(lambda x: function(x).sum())(x), numpy.eye(3))  # noqa: B023


def test_too_few_eigenvectors():
    with pytest.raises(LinAlgError, match="eig: a matrix has fewer eigenvectors than eigenvalues"):
        tw.grad(lambda x: tw.real(tw.linalg.eigvals(x)).sum())(tw.asarray([[1.0, 1.0], [0.0, 1.0]]))


def test_phases_have_no_gradient():
    x = tw.asarray([[1.0, 1j], [-1j, 3.0]], dtype="complex128")
    with pytest.raises(LinAlgError, match="eigh: the gradient depends on the phases of vectors"):
        tw.grad(lambda x: tw.imag(tw.linalg.eigh(x).eigenvectors).sum())(x)


def test_vectors_beyond_the_rank_have_no_gradient():
    x = tw.ones((3, 2), dtype="float64")
    with pytest.raises(NotImplementedError, match="svd: only the first 2 columns of U have a gradient"):
        tw.grad(lambda x: tw.linalg.svd(x).U.sum())(x)
    with pytest.raises(NotImplementedError, match="qr: only the first 2 columns of Q have a gradient"):
        tw.grad(lambda x: tw.linalg.qr(x, mode="complete").Q.sum())(x)


def test_determinants_of_singular_matrices_have_a_gradient():
    x = tw.asarray([[1.0, 2.0], [2.0, 4.0]], dtype="float64")
    close(tw.grad(tw.linalg.det)(x), [[4, -2], [-2, 1]])
    close(tw.grad(tw.linalg.det)(tw.zeros((3, 3), dtype="float64")), numpy.zeros((3, 3)))
    with pytest.raises(LinAlgError, match=r"inv: a matrix of x .* is singular"):
        tw.autograd.hessian(tw.linalg.det)(x)


def test_norms_of_zeros_have_gradient_zero():
    x = tw.zeros(3, dtype="float64")
    for ord in (2, 3, 1.5):
        close(tw.grad(lambda x: tw.linalg.vector_norm(x, ord=ord))(x), [0, 0, 0])  # noqa: B023


def test_conditions_of_singular_matrices():
    x = tw.asarray([[[1.0, 1.0], [1.0, 1.0]], [[2.0, 0.0], [0.0, 1.0]]])
    assert tw.linalg.cond(x, 1).tolist() == [float("inf"), 2.0]


SINGLE = [
    ("t...i,ti->t...", [(3, 2), (1, 2)], [2, 2, 2]),
    ("i...->i", [(3, 3, 3)], [9, 9, 9]),
    ("i,i", [(2,), (1,)], 2),
    ("i,i->i", [(0,), (1,)], []),
]


@pytest.mark.parametrize("optimize", [True, False, "optimal"])
@pytest.mark.parametrize(("subscripts", "shapes", "want"), SINGLE)
def test_labels_of_length_one_broadcast_on_every_path(subscripts, shapes, want, optimize):
    close(tw.einsum(subscripts, *[tw.ones(shape) for shape in shapes], optimize=optimize), want)


def test_paths_that_are_given():
    a, b, c = (tw.asarray(numpy.random.default_rng(i).random((3, 3))) for i in range(3))
    want = numpy.asarray(a) @ numpy.asarray(b) @ numpy.asarray(c)
    for path in (
        [(0, 1), (0, 1)],
        ["einsum_path", (1, 2), (0, 1)],
        [(0, 1, 2)],
        tw.einsum_path("ij,jk,kl", a, b, c)[0],
    ):
        close(tw.einsum("ij,jk,kl", a, b, c, optimize=path), want)
    for path, message in (([(0, 3)], "where 3 operands are left"), ([(0, 1)], "optimize leaves 2 operands")):
        with pytest.raises(ValueError, match=f"einsum: .*{message}"):
            tw.einsum("ij,jk,kl", a, b, c, optimize=path)


CALLS = [
    *("np.linalg.eig(x)[0]", "np.linalg.eigvals(z)", "np.linalg.svd(x, compute_uv=False)", "np.linalg.pinv(x, 0.1)"),
    *("np.linalg.matrix_rank(x, tol=1e3)", "np.linalg.matrix_rank(x[0])", "np.linalg.solve(a=x, b=x[0])"),
    *("np.linalg.norm(x, 'nuc')", "np.linalg.norm(x, axis=0, ord=1)", "np.linalg.cond(x, 'fro')"),
    *("np.linalg.cholesky(x @ x.T, upper=True)", "np.linalg.qr(x)[1]", "np.linalg.lstsq(x, x[0], rcond=None)[0]"),
    *("np.cross(x, x[0], axisa=0, axisc=0)", "np.cross(x, x.T, axis=0)", "np.vdot(x, x.T)", "np.kron(x, x[0])"),
    *("np.tensordot(x, x, axes=([0], [1]))", "np.einsum('ij,kj', x, x, optimize='greedy')", "np.dot(x, b=x[0])"),
    *("np.einsum(x, [0, 1], x[0], [1])", "np.inner(x, x)", "np.outer(x, x)", "np.linalg.trace(x, offset=1)"),
    *("np.linalg.eig(np.asarray([[0, 1], [-1, 0]]))[0]", "np.linalg.multi_dot([x, x, x[0]])"),
]


@pytest.mark.parametrize("call", CALLS)
def test_numpy_programs_get_numpys_results(call):
    x = numpy.random.default_rng(0).random((3, 3))
    z = x + 1j * x.T
    want = numpy.asarray(eval(call, {"np": numpy, "x": x, "z": z}))
    got = eval(call, {"np": np, "x": np.asarray(x), "z": np.asarray(z)})
    assert got.dtype.name == str(want.dtype) and got.shape == want.shape
    close(got, want)


def test_errors_are_numpys():
    assert np.linalg.LinAlgError is LinAlgError
    for call in (lambda: np.linalg.inv(np.ones((2, 2))), lambda: np.linalg.cholesky(-np.eye(2))):
        with pytest.raises(LinAlgError):
            call()
