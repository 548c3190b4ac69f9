"""Gather and scatter along an axis, masks, triangles, one-hot vectors: against PyTorch, and what it does not do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw

F = tw.nn.functional

# Lines, blocks of lines, and the axis in the middle; several tiles of each, and few entries of a long axis.
SHAPES = [
    ((40, 50), (40, 50)),
    ((3, 2500), (3, 5000)),
    ((3, 2500), (2, 1)),
    ((2500, 3), (1, 3)),
    ((30, 1100), (45, 1030)),
    ((4, 70, 5), (4, 70, 5)),
    ((4, 7, 130), (3, 9, 129)),
    ((2, 3, 4, 5), (2, 3, 4, 5)),
    ((6000,), (9000,)),
]


def drawn(shape, places, axis, seed=0):
    """Where an axis is, its index goes on for as long as `places`; the others are no longer than the array's."""
    rng = np.random.default_rng(seed)
    lengths = [n if k == axis else min(n, m) for k, (n, m) in enumerate(zip(places, shape, strict=True))]
    x, src = rng.standard_normal(shape), rng.standard_normal(lengths)
    return x, rng.integers(0, shape[axis], lengths), src


@pytest.mark.parametrize(("shape", "axis"), [(s, axis) for s in SHAPES for axis in range(len(s[0]))])
def test_along_an_axis_as_pytorch(shape, axis):
    torch = pytest.importorskip("torch")
    x, indices, src = drawn(*shape, axis)
    ours, theirs = (asarray(x) for asarray in (tw.asarray, torch.tensor))
    places, their_places = tw.asarray(indices), torch.tensor(indices)
    ours.requires_grad = theirs.requires_grad = True
    for layout in (lambda t: t, lambda t: t.T.copy().T if isinstance(t, tw.Tensor) else t):
        got = tw.gather(layout(ours), axis, layout(places))
        want = torch.gather(theirs, axis, their_places)
        np.testing.assert_array_equal(got.detach().numpy(), want.detach().numpy())
        ours.grad = theirs.grad = None
        got.backward(tw.asarray(src))
        want.backward(torch.tensor(src))
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-12, atol=1e-12)
        values, their_values = tw.asarray(src, requires_grad=True), torch.tensor(src, requires_grad=True)
        got = tw.scatter_add(layout(ours), axis, layout(places), layout(values))
        want = torch.scatter_add(theirs, axis, their_places, their_values)
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-12, atol=1e-12)
        got.backward(tw.asarray(x))
        want.backward(torch.tensor(x))
        np.testing.assert_array_equal(values.grad.numpy(), their_values.grad.numpy())


@pytest.mark.parametrize(("shape", "axis"), [(s, axis) for s in SHAPES for axis in range(len(s[0]))])
def test_the_last_of_several_stays_and_gets_the_gradient(shape, axis):
    x, indices, src = drawn(*shape, axis)
    part = tuple(slice(None) if k == axis else slice(n) for k, n in enumerate(indices.shape))
    want, winner = x.copy(), np.full(x.shape, -1)
    for j in range(indices.shape[axis]):  # one layer after the other
        places = indices.take([j], axis)
        np.put_along_axis(want[part], places, src.take([j], axis), axis)
        np.put_along_axis(winner[part], places, j, axis)
    t, values = tw.asarray(x, requires_grad=True), tw.asarray(src, requires_grad=True)
    y = tw.scatter(t, axis, indices - x.shape[axis] * (indices % 2), values)  # some counted from the back
    np.testing.assert_array_equal(y.detach().numpy(), want)
    g = np.random.default_rng(1).standard_normal(x.shape)
    y.backward(tw.asarray(g))
    np.testing.assert_array_equal(t.grad.numpy(), np.where(winner < 0, g, 0))
    own = np.arange(indices.shape[axis]).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    stayed = np.take_along_axis(winner[part], indices, axis) == own
    np.testing.assert_array_equal(values.grad.numpy(), np.where(stayed, np.take_along_axis(g[part], indices, axis), 0))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(
    ("dtype", "error"), [("float16", 2e-3), ("bfloat16", 1e-2), ("float32", 2e-7), ("float64", 1e-13)]
)
def test_long_sums_stay_accurate(dtype, error, axis):
    """A chain of float16 would stop at 2,048 times its terms."""
    count = 60_000
    x = tw.zeros((3, 1) if axis else (1, 3), dtype=dtype)
    term = tw.asarray(0.1, dtype=dtype)
    places = tw.zeros((3, count) if axis else (count, 3), dtype="int64")
    exact = count * term.astype("float64").item()
    y = tw.scatter_add(x, axis, places, term).astype("float64").numpy()
    np.testing.assert_allclose(y, exact, rtol=error)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_indices_of_any_integer_dtype(dtype):
    x, indices, _ = drawn((5, 100), (5, 90), 1)
    places = tw.asarray(indices, dtype=dtype)
    np.testing.assert_array_equal(tw.gather(x, 1, places).numpy(), np.take_along_axis(x, indices, 1))
    with pytest.raises(IndexError, match="100 is out of bounds for axis 1"):
        tw.scatter(x, 1, tw.asarray([[0, 100]], dtype=dtype), 0.0)


def test_the_first_entry_out_of_bounds_is_named():
    """In C order, whatever the order of the work."""
    indices = np.zeros((2000, 3), np.int64)
    indices[1500, 0], indices[700, 2] = 77, 99
    for axis, call in itertools.product((0, 1), (tw.gather, lambda *a: tw.scatter(*a, 1.0))):
        x = np.zeros((50, 3) if axis == 0 else (2000, 50))
        with pytest.raises(IndexError, match="99 is out of bounds"):
            call(x, axis, indices)


def test_nothing_is_changed_where_an_index_is_refused():
    x = tw.zeros((2, 3))
    with pytest.raises(IndexError):
        tw.scatter(x, 1, [[0, 5]], 1.0)
    np.testing.assert_array_equal(x.numpy(), np.zeros((2, 3)))


def test_scatter_promotes_as_where_does():
    assert tw.scatter([1, 2], 0, [0], 0.5).dtype == tw.float32
    assert tw.scatter(tw.ones(2), 0, [0], tw.ones(1, dtype="float64")).dtype == tw.float64
    assert tw.scatter_add(tw.ones(2, dtype="float16"), 0, [0], 2).dtype == tw.float16


def test_masked_fill_of_attention_scores():
    scores = tw.asarray(np.random.default_rng(0).standard_normal((2, 4, 4)), requires_grad=True)
    fill = tw.asarray(-7.0, dtype="float64", requires_grad=True)
    mask = tw.triu(tw.ones((4, 4), dtype="bool"), k=1)
    y = scores.masked_fill(mask, fill)
    np.testing.assert_array_equal(y.detach().numpy(), np.where(np.triu(np.ones((4, 4)), 1) > 0, -7.0, scores.detach()))
    y.backward(tw.ones((2, 4, 4), dtype="float64"))
    assert fill.grad.item() == 12
    np.testing.assert_array_equal(scores.grad.numpy(), np.broadcast_to(np.tril(np.ones((4, 4))), (2, 4, 4)))
    rows = tw.nn.functional.softmax(tw.masked_fill(scores, mask, -float("inf")), -1)
    np.testing.assert_array_equal(rows.detach().numpy()[:, 0], [[1, 0, 0, 0]] * 2)
    assert tw.masked_fill(scores, mask, np.float32(3)).dtype == tw.float64


def test_triangles_drop_what_is_beyond_whatever_it_is():
    x = np.full((3, 3), np.nan)
    np.testing.assert_array_equal(tw.tril(x).numpy(), np.tril(x))
    np.testing.assert_array_equal(tw.triu(np.array(x, np.complex64), k=10**30).numpy(), np.zeros((3, 3)))


def test_one_hot_as_pytorch():
    torch = pytest.importorskip("torch")
    codes = np.array([[0, 4, 2], [1, 1, 0]])
    for options in ({}, {"num_classes": 7}):
        want = torch.nn.functional.one_hot(torch.tensor(codes), **options)
        got = F.one_hot(input=codes, **options)
        assert got.dtype == tw.int64
        np.testing.assert_array_equal(got.numpy(), want.numpy())
    for dtype in ("float32", "bool", "bfloat16", "complex64"):
        assert F.one_hot(codes, 5, dtype=dtype).dtype.name == dtype
        np.testing.assert_array_equal(F.one_hot(codes, 5, dtype=dtype).astype("complex64").numpy(), np.eye(5)[codes])
    with pytest.raises(IndexError, match=r"input\[0\] is -3"):
        F.one_hot([-3, -1])
