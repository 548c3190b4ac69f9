"""`order=` and `flat` in `tilewright.numpy`: values, strides and errors are NumPy's; and what names a dtype."""

from __future__ import annotations

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

CUBE = numpy.arange(24).reshape(2, 3, 4)
LAYOUTS = {
    "C": CUBE,
    "F": numpy.asfortranarray(CUBE),
    "turned": CUBE.transpose(1, 0, 2),
    "backwards": CUBE[:, ::-1],
    "backwards and turned": CUBE[::-1, :, ::-1].transpose(2, 0, 1),
    "every other": CUBE[:, :, ::2],
    "broadcast": numpy.broadcast_to(CUBE[0, 0], (2, 3, 4)),
    "empty": CUBE[:, :0],
    "row": CUBE[0, 0],
    "number": CUBE[0, 0, 0:1].reshape(()),
}


def same(got, want):
    assert got.shape == want.shape and got.dtype.name == want.dtype.name
    assert numpy.array_equal(got.numpy(), want)
    assert got.strides == want.strides or not want.size


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("order", "CFAK")
def test_orders_of_what_is_there(layout, order):
    theirs = LAYOUTS[layout]
    ours = np.asarray(theirs)
    same(ours.ravel(order), theirs.ravel(order))
    same(np.ravel(ours, order=order.lower()), theirs.ravel(order))
    same(ours.flatten(order), theirs.flatten(order))
    same(ours.copy(order), theirs.copy(order))
    same(np.copy(ours, order), numpy.copy(theirs, order))
    same(np.array(ours, order=order), numpy.array(theirs, order=order))
    if order != "A":  # which NumPy takes for "K" where it casts
        same(np.array(theirs, float, order=order), numpy.array(theirs, float, order=order))
    same(np.asarray(ours, order=order), numpy.asarray(theirs, order=order))
    same(np.zeros_like(ours, order=order), numpy.zeros_like(theirs, order=order))
    same(np.full_like(ours, 3, None, order), numpy.full_like(theirs, 3, None, order))
    assert ours.tobytes(order) == theirs.tobytes(order)
    if order != "K" and theirs.ndim:
        same(np.reshape(ours, -1, order), numpy.reshape(theirs, -1, order))
        if theirs.ndim > 1:
            shape = (theirs.shape[1], theirs.shape[0] * theirs.shape[2])
            same(ours.reshape(*shape, order=order), theirs.reshape(*shape, order=order))
            same(ours.reshape(shape, order=order), theirs.reshape(shape, order=order))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_in_one_order(layout):
    theirs = LAYOUTS[layout]
    ours = np.asarray(theirs)
    for name in ("ascontiguousarray", "asfortranarray"):
        y = getattr(np, name)(ours)
        same(y, getattr(numpy, name)(theirs))
        assert numpy.shares_memory(y.numpy(), theirs) == numpy.shares_memory(getattr(numpy, name)(theirs), theirs)
        same(getattr(np, name)(ours, np.float32), getattr(numpy, name)(theirs, "float32"))
    assert np.isfortran(ours) is bool(numpy.isfortran(theirs))


@pytest.mark.parametrize(
    "text",
    ["np.zeros((2, 3), order='F')", "np.ones((2, 3), int, 'F')", "np.full((2, 3), 4, order='F')",
     "np.eye(3, order='F')",
     "np.zeros((2, 3), 'f8', 'C')", "np.eye(2, 3, 1, float, 'F')", "np.zeros(4, order='F')", "np.ones(())",
     "np.arange(3).astype('f4', order='F')"],
)  # fmt: skip
def test_orders_of_what_is_new(text):
    same(eval(text, {"np": np}), eval(text, {"np": numpy}))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: x.reshape(4, 6, order="K"), ValueError, "reshape: order is \"?'?K"),
        (lambda x: x.ravel("Z"), ValueError, "ravel: order"),
        (lambda x: np.zeros((2, 3), order="A"), ValueError, "zeros: order"),
        (lambda x: np.copy(x, order=1), TypeError, "copy: order is 1"),
        (lambda x: np.asarray(x, order="F", copy=False), ValueError, "asarray: copy=False"),
        (lambda x: x.reshape(5, -1, order="F"), ValueError, "reshape: "),
        (lambda x: x.astype(int, casting="safe"), TypeError, "astype: float64 cannot become int64 by the rule 'safe'"),
        (lambda x: np.dtype("nonesuch"), TypeError, "dtype 'nonesuch' is not one of"),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call(np.array(CUBE, float))


def test_orders_have_gradients():
    x, weight = np.array(CUBE[0], float), np.arange(12.0)
    x.requires_grad = True
    (np.asfortranarray(np.reshape(x, (2, 6), order="F")).ravel("F") * weight).sum().backward()
    assert x.grad.tolist() == numpy.arange(12.0).reshape(4, 3).T.tolist()


# ---- flat ------------------------------------------------------------------------------------------------------------

KEYS = [3, -1, slice(2, 5), [1, 2], slice(None, None, -5), numpy.array([[1, 2], [3, 4]]), ..., ()]
WRITES = [
    *((3, 7), (slice(3, 8), [7, 8]), ([0, 1], 9), (2, 5.7), (..., [1, 2, 3]), ([1, 2], []), (slice(None), 4)),
    *((slice(0, 4), [1, 2, 3, 4, 5, 6]), (numpy.array([[1, 2], [3, 4]]), [[8], [9]]), (-24, 1)),
]


@pytest.mark.parametrize("turn", [lambda x: x, lambda x: x.T, lambda x: x[::-1], lambda x: x.swapaxes(0, 1)])
def test_elements_in_one_row(turn):
    ours, theirs = turn(np.array(CUBE)), turn(CUBE.copy())
    for key in KEYS:
        got, want = ours.flat[key], theirs.flat[key]
        assert got.shape == want.shape and numpy.array_equal(got.numpy(), want)
        assert not want.ndim or not numpy.shares_memory(got.numpy(), ours.numpy())
    for key, value in WRITES:
        ours.flat[key] = value
        theirs.flat[key] = value
        assert numpy.array_equal(ours.numpy(), theirs), (key, value)
    ours.flat = theirs.flat = [1, 2]
    assert numpy.array_equal(ours.numpy(), theirs)
    assert [v.item() for v in ours.flat] == list(theirs.flat) and len(ours.flat) == 24 and ours.flat.base is ours
    assert np.sum(ours.flat) == 36 and np.array_equal(np.array(ours.flat), theirs.flat.copy())
    assert (ours.flat == 1).tolist() == (theirs.flat == 1).tolist() and (ours.flat < 2).sum() == 12
    steps, wanted = ours.flat, theirs.flat
    for _ in range(7):
        next(steps), next(wanted)
        assert (steps.index, steps.coords) == (wanted.index, wanted.coords)


def test_elements_that_are_not_there():
    x = np.zeros((2, 3))
    for key, message in ((6, "out of bounds"), ((1, 2), "one axis, but 2 indices"), (None, "no new axes")):
        with pytest.raises(IndexError, match=message):
            x.flat[key]
        with pytest.raises(IndexError, match=message):
            x.flat[key] = 1
    with pytest.raises(TypeError, match="flatiter: base is 3"):
        np.flatiter(3)
    with pytest.raises(ValueError, match="flat: copy=False"):
        numpy.array(x.flat, copy=False)
    assert list(np.zeros((0, 3)).flat) == [] and np.array(5).flat[0] == 5


def test_elements_in_one_row_have_gradients():
    x = np.ones((2, 2))
    x.requires_grad = True
    (x.T.flat[1:3] * np.array([2, 3])).sum().backward()
    assert x.grad.tolist() == [[0, 3], [2, 0]]
    y, x.grad = x * 1, None
    y.flat[0] = 0
    y.sum().backward()
    assert x.grad.tolist() == [[0, 1], [1, 1]]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.sum(x.flat)


# ---- dtypes and methods ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", ["float64", "f8", "<i4", "d", "?", "b", "int", "float", "complex", "u1", "c8", float, bool, numpy.float32]
)
def test_what_names_a_dtype(given):
    assert np.dtype(given).name == numpy.dtype(given).name
    assert np.zeros(2, dtype=given).dtype == np.dtype(given)


def test_dtypes_are_still_the_same_objects():
    assert np.dtype(np.int8) is tw.int8 and isinstance(np.zeros(1).dtype, np.dtype) and np.dtype("f4") is tw.float32
    assert tw.zeros(2, dtype="float").dtype is tw.float32  # the default of the rules that hold there


@pytest.mark.parametrize(
    "text",
    ["x.dot(x.T)", "x.diagonal(1)", "x.repeat(2, axis=1)", "x.trace()", "x[0].searchsorted(2)",
     "x.argpartition(1)[0, 1]", "x.dot([1, 2, 3])"],
)  # fmt: skip
def test_methods(text):
    x = numpy.array([[1.0, 2.0, 4.0], [0.0, 5.0, 3.0]])
    got, want = eval(text, {"x": np.array(x)}), eval(text, {"x": x})
    assert got.shape == want.shape and numpy.array_equal(got.numpy(), want)


def test_methods_that_write():
    x = np.array([3, 1, 2, 0])
    x.put([0, -1], [8, 9])
    assert x.tolist() == [8, 1, 2, 9]
    x.partition(1)
    assert sorted(x[:2].tolist()) == [1, 2] and x[1] == 2
