"""Shapes, places and series in `tilewright.numpy`: results and dtypes are NumPy's."""

from __future__ import annotations

import numpy
import pytest

import tilewright.numpy as np

DTYPES = ["bool", "uint8", "int64", "float32", "float64", "complex128"]


def same(got, want):
    if isinstance(want, (tuple, list)):
        assert type(got) is type(want) and len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            same(g, w)
    elif isinstance(want, (numpy.ndarray, numpy.generic)):
        assert got.dtype.name == want.dtype.name and got.shape == want.shape
        numpy.testing.assert_allclose(got.numpy(), want, rtol=1e-6 if want.dtype == "float32" else 1e-13)
    else:
        assert got == want


CALLS = [
    *(
        "np.repeat(x, 2)",
        "np.repeat(a=x, repeats=[1, 2], axis=0)",
        "np.tile(A=x, reps=(2, 1))",
        "np.roll(x, 1, axis=1)",
    ),
    *("np.hstack([x, x])", "np.vstack(tup=[x, x])", "np.dstack([x, x])", "np.column_stack([x, x])"),
    *("np.rot90(x)", "np.fliplr(m=x)", "np.flipud(x)", "np.rollaxis(x, 1)", "np.rollaxis(x, 0, 2)", "np.unstack(x)"),
    *("np.array_split(x, 2, axis=1)", "np.hsplit(x, [1])", "np.vsplit(ary=x, indices_or_sections=2)"),
    *("np.atleast_3d(x)", "np.append(x, x, axis=0)", "np.delete(x, 1, axis=1)", "np.insert(x, 1, 0, axis=1)"),
    *("np.resize(x, (3, 3))", "np.block([[x, x], [x, x]])", "np.diag(x)", "np.diagflat(x)", "np.diagonal(x, 1)"),
    *("np.trace(x)", "np.meshgrid(x[0], x[1])", "np.broadcast_arrays(x, x[0])", "np.vander(x[0] + 0)", "np.ndim(x)"),
    *("np.shape(x)", "np.size(x)", "np.size(x, 1)", "np.r_[x, x]", "np.c_[x, x]", "np.r_[x[0], 1, 0:3]", "np.c_[x[0]]"),
    *("x[np.ix_([1, 0], [True, False, True])]", "np.tril_indices_from(x)", "np.triu_indices_from(x, 1)"),
    *("x[np.s_[1:, ::2]]", "x[np.index_exp[1]]"),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", CALLS)
def test_what_becomes_of_an_array(text, dtype):
    x = numpy.array([[1, 0, 3], [2, 1, 1]]).astype(dtype)
    for layout in (lambda x: x, lambda x: x[:, ::-1], lambda x: numpy.asfortranarray(x)):
        same(eval(text, {"np": np, "x": np.asarray(layout(x))}), eval(text, {"np": numpy, "x": layout(x)}))


WRITES = [
    *(
        "np.copyto(x, 7)",
        "np.copyto(x, [True, False, True], where=[[True], [False]])",
        "np.putmask(x, x > 1, [5, 6, 7])",
    ),
    *("np.put(x, [0, -1, 3], [8, 9])", "np.fill_diagonal(x, 5)", "np.fill_diagonal(x[:, :2], [6, 7])"),
    *("np.put_along_axis(x, np.array([[1], [2]]), 9, axis=1)", "np.put_along_axis(x, np.array([4, 0]), 9, axis=None)"),
]


@pytest.mark.parametrize("dtype", DTYPES[1:5])
@pytest.mark.parametrize("text", WRITES)
def test_what_writes(text, dtype):
    theirs = numpy.array([[1, 0, 3], [2, 1, 1]]).astype(dtype)
    ours = np.array(theirs)
    eval(text, {"np": np, "x": ours})
    eval(text, {"np": numpy, "x": theirs})
    same(ours, theirs)


@pytest.mark.parametrize(
    "text",
    ["np.mgrid[0:2, 0:3]", "np.mgrid[0:1:5j]", "np.mgrid[0:2, 0:1:0.5]", "np.ogrid[0:2, 0:1:3j]", "np.mgrid[-1:4]",
     "np.indices((2, 3))", "np.indices((2, 3), dtype=float)", "np.indices((2, 3), sparse=True)", "np.logspace(0, 2, 5)",
     "np.logspace(0, 3, 4, base=2, dtype=int)", "np.geomspace(1, 256, 9)", "np.geomspace(1, 100, 3, endpoint=False)",
     "np.geomspace(-1, -8, 4)", "np.geomspace([1, 2], [4, 8], 3, axis=1)", "np.logspace([0, 1], [2, 3], 4)",
     "np.fromfunction(lambda i, j: i + j, (2, 3))", "np.frombuffer(bytes(16))", "np.frombuffer(b'abcd', 'uint8', 2, 1)",
     "np.unravel_index([0, 5, 3], (2, 3))", "np.ravel_multi_index(([0, 1], [2, 0]), (2, 3))",
     "np.broadcast_shapes((2, 1), (3,))", "np.linspace(-1, 1, 10, endpoint=False, dtype='int32')",
     "np.linspace(-1.9, 9.1, 13, dtype=int)"],
)  # fmt: skip
def test_what_is_made_of_numbers(text):
    same(eval(text, {"np": np}), eval(text, {"np": numpy}))


def test_linspace_keeps_large_integers_and_refuses_infinite_ones():
    assert np.linspace(0, 2**53 + 1, 2, dtype="uint64").tolist() == [0, 2**53 + 1]
    with pytest.raises(ValueError, match="linspace: an end is inf, which int64 does not hold"):
        np.linspace(np.inf, np.inf, 5, dtype=int)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: np.put([1, 2], 0, 1), TypeError, "put: a is a list, but must be an ndarray"),
        (lambda: np.put(np.zeros(2), 2, 1), IndexError, "put: an index is out of bounds"),
        (lambda: np.unravel_index(6, (2, 3)), ValueError, "unravel_index: an index is out of bounds"),
        (lambda: np.ravel_multi_index(([0], [3]), (2, 3)), ValueError, "ravel_multi_index: an index is out of bounds"),
        (lambda: np.fill_diagonal(np.zeros(3), 1), ValueError, "fill_diagonal: a has shape"),
        (lambda: np.putmask(np.zeros(3), [True], 1), ValueError, "putmask: mask has shape"),
        (lambda: np.r_["0,2", [1]], TypeError, "r_: '0,2' is a directive"),
        (lambda: np.ix_([[1]]), ValueError, "ix_: an argument has shape"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
