"""Sorting, topk and scans beyond the op cases: special values to the bit, long rows, zeros, NumPy's ways."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
import tilewright.numpy as tnp
from cases.sorting import order
from tilewright import _core

try:
    import torch
except ImportError:
    torch = None
needs_torch = pytest.mark.skipif(torch is None, reason="needs PyTorch")

# Longer than what is sorted, selected and added up by blocks.
LONG = 131_072 + 77


def bits(x):
    x = np.asarray(x)
    return x.view(f"u{x.itemsize}") if x.dtype != bool else x


def special(dtype, n, seed=0):
    """Floats of any bits, with many zeros of both signs, NaNs of both signs, infinities and denormals."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2**64, n, dtype=np.uint64).view("f8" if dtype == "float64" else f"{dtype}")[:n].copy()
    some = np.array([0.0, -0.0, np.nan, -np.nan, np.inf, -np.inf, np.finfo(dtype).smallest_subnormal, 1.0], dtype)
    chosen = rng.random(n) < 0.5
    x[chosen] = some[rng.integers(0, some.size, chosen.sum())]
    return x


PATTERNS = {
    "all equal": lambda n: np.full(n, 7),
    "ascending": lambda n: np.arange(n),
    "descending": lambda n: np.arange(n)[::-1],
    "two values": lambda n: np.arange(n) % 2,
    "one out of place": lambda n: np.r_[np.arange(1, n), 0],
    "a cluster and one far": lambda n: np.r_[np.arange(1, n) * 7 % 1000, 2**40],
    "seldom": lambda n: (np.arange(n) % 32 == 0) * np.arange(n),
    "extremes": lambda n: np.resize([2**63 - 1, -(2**63), 0, -1, 1], n),
}


@pytest.mark.kernels
@pytest.mark.parametrize("n", [1, 5, 64, 65, 129, 700, LONG])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_zeros_and_nans_keep_their_order_and_their_bits(dtype, n):
    x = special(dtype, n)
    for descending in (False, True):
        positions = order(x, -1, descending)
        np.testing.assert_array_equal(tw.argsort(x, descending=descending).numpy(), positions)
        np.testing.assert_array_equal(bits(tw.sort(x, descending=descending).numpy()), bits(x[positions]))
        for k in {0, 1, n // 100, n // 2, n}:
            values, indices = tw.topk(x, k, largest=descending)
            np.testing.assert_array_equal(indices.numpy(), positions[:k])
            np.testing.assert_array_equal(bits(values.numpy()), bits(x[positions[:k]]))


@pytest.mark.kernels
@pytest.mark.parametrize("n", [2, 17, 100, 1000, LONG])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern, n):
    whole = PATTERNS[pattern](n)
    for dtype in ("int64", "uint64", "int32", "uint8", "float64"):
        x = whole.astype(dtype)
        for descending in (False, True):
            positions = order(x, -1, descending)
            assert (tw.sort(x, descending=descending).numpy() == x[positions]).all()
            assert (tw.argsort(x, descending=descending).numpy() == positions).all()
            assert (tw.topk(x, min(n, 20), largest=descending).indices.numpy() == positions[:20]).all()


@pytest.mark.kernels
@pytest.mark.skipif(_core.config()["isa"] == "reference", reason="the level compares each pair")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint16", "int32", "uint64"])
def test_partition_of_long_rows(dtype):
    """Those before the element, its equals and those after it keep their order: the result is one of a kind."""
    rng, shape = np.random.default_rng(0), (2, LONG)
    given = [np.resize(np.arange(5), (1, LONG)).astype(dtype), np.ones((1, LONG), dtype)]
    if dtype.startswith("float"):
        given += [special(dtype, LONG)[None], rng.standard_normal(shape).astype(dtype)]
    else:
        given.append(rng.integers(0, 2**64, shape, dtype=np.uint64).astype(dtype))
    for x in given:
        keys = np.argsort(np.argsort(x, kind="stable"), kind="stable")  # the rank of each
        values = np.sort(x)
        for k in (0, 1, LONG // 3, LONG - 1):
            positions = []
            for row, ordered, ranks in zip(x, values, keys, strict=True):
                equals = np.isnan(row) if np.isnan(ordered[k]) else row == ordered[k]
                first = ranks[equals].min()
                parts = [
                    np.flatnonzero(part) for part in (~equals & (ranks < first), equals, ~equals & (ranks > first))
                ]
                positions.append(np.concatenate(parts))
            np.testing.assert_array_equal(tw.argpartition(x, k).numpy(), positions)
            expected = np.take_along_axis(x, np.array(positions), 1)
            np.testing.assert_array_equal(bits(tw.partition(x, k).numpy()), bits(expected))


def test_other_axes_and_broadcast_rows():
    x = np.random.default_rng(0).integers(0, 50, (6, 70, 5)).astype("float32")
    for axis in range(-3, 3):
        y = tw.sort(x, axis)
        np.testing.assert_array_equal(y.numpy(), np.sort(x, axis))
        assert y.numpy().flags.c_contiguous
    row = tw.broadcast_to(tw.asarray([3.0, 1.0, 2.0]), (4, 3))
    np.testing.assert_array_equal(tw.sort(row, 0).numpy(), row.numpy())
    np.testing.assert_array_equal(tw.sort(row, 1).numpy(), [[1, 2, 3]] * 4)


def test_the_same_bits_with_and_without_gradients():
    x = tw.asarray(special("float32", 300))
    plain = tw.sort(x)
    recorded = tw.sort(x.requires_grad_())
    np.testing.assert_array_equal(bits(plain.numpy()), bits(recorded.detach().numpy()))


# ---- gradients -------------------------------------------------------------------------------------------------------


def test_equals_share_no_gradient():
    """Each goes back to where it came from, the first of equals to the first."""
    x = tw.asarray([2.0, 1.0, 2.0, 1.0]).requires_grad_()
    (g,) = tw.autograd.gradients((tw.sort(x) * tw.asarray([1.0, 2.0, 3.0, 4.0])).sum(), [x])
    assert g.tolist() == [3.0, 1.0, 4.0, 2.0]
    (g,) = tw.autograd.gradients((tw.topk(x, 2).values * tw.asarray([1.0, 2.0])).sum(), [x])
    assert g.tolist() == [1.0, 0.0, 2.0, 0.0]
    assert not tw.topk(x, 2).indices.requires_grad


ZEROS = [[2.0, 3.0, 4.0], [2.0, 0.0, 4.0, 5.0], [0.0, 3.0, 0.0, 5.0], [0.0, 0.0, 0.0], [1.0, 0.0, 3.0, 0.0, 0.0, 2.0]]


@pytest.mark.parametrize("values", ZEROS, ids=str)
def test_gradient_of_products_at_zeros(values):
    """Against the definition: the derivative of y[i] by x[j] is the product of the others up to i."""
    x = np.array(values)
    n = x.size
    g = np.arange(1.0, n + 1)
    want = [sum(g[i] * np.prod(np.delete(x[: i + 1], j)) for i in range(j, n)) for j in range(n)]
    leaf = tw.asarray(x).requires_grad_()
    for create_graph in (False, True):
        (got,) = tw.autograd.gradients((tw.cumprod(leaf) * tw.asarray(g)).sum(), [leaf], create_graph=create_graph)
        np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-12)


@needs_torch
@pytest.mark.parametrize("values", ZEROS, ids=str)
def test_second_derivatives_of_products_at_zeros(values):
    def hessian(library, cumprod, x):
        weights = library.asarray(np.arange(1.0, len(values) + 1))
        return library.autograd.functional.hessian(lambda v: (cumprod(v) * weights).sum(), x) if library is torch else (
            tw.autograd.hessian(lambda v: (cumprod(v) * weights).sum())(x)
        )  # fmt: skip

    ours = hessian(tw, lambda v: tw.cumprod(v, 0), tw.asarray(np.array(values)))
    theirs = hessian(torch, lambda v: torch.cumprod(v, 0), torch.tensor(values, dtype=torch.float64))
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)


@needs_torch
def test_gradients_are_pytorchs():
    x = np.random.default_rng(1).normal(size=(4, 9, 3))
    weights = np.random.default_rng(2).normal(size=(4, 9, 3))
    pairs = [
        (lambda v: tw.sort(v, 1, descending=True), lambda v: torch.sort(v, 1, descending=True).values),
        (lambda v: tw.topk(v, 4, 1).values, lambda v: torch.topk(v, 4, 1).values),
        (lambda v: tw.cumsum(v, 1), lambda v: torch.cumsum(v, 1)),
        (lambda v: tw.cumprod(v, 1), lambda v: torch.cumprod(v, 1)),
    ]
    for ours, theirs in pairs:
        leaf, other = tw.asarray(x).requires_grad_(), torch.tensor(x, requires_grad=True)
        y, z = ours(leaf), theirs(other)
        part = weights[:, : y.shape[1]]
        (y * tw.asarray(part)).sum().backward()
        (z * torch.tensor(part)).sum().backward()
        np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12)
        np.testing.assert_allclose(leaf.grad.numpy(), other.grad.numpy(), rtol=1e-11, atol=1e-12)


# ---- scans -----------------------------------------------------------------------------------------------------------


def exact_sums(x):
    return np.cumsum(x.astype("longdouble"))


@pytest.mark.parametrize("n", [1000, LONG, 1_000_003])
def test_errors_of_sums_do_not_build_up(n):
    x = np.random.default_rng(3).random(n)
    for dtype, units in (("float32", 0.51), ("float64", 20), ("float16", 0.51)):
        given = (x / n).astype(dtype)
        want = exact_sums(given)
        error = np.abs(tw.cumsum(given).numpy().astype("longdouble") - want)
        assert (error <= units * np.spacing(want.astype(dtype)).astype("longdouble")).all(), dtype


@pytest.mark.parametrize("shape", [(LONG,), (LONG, 2), (3, LONG), (2, 70_000, 3)])
@pytest.mark.parametrize("reverse", [False, True])
def test_long_rows_by_blocks(shape, reverse):
    axis = int(np.argmax(shape))
    x = np.random.default_rng(4).integers(-(2**62), 2**62, shape)
    want = np.cumsum(x, axis)
    if reverse:
        want = np.flip(np.cumsum(np.flip(x, axis), axis), axis)
    for values in (x, x.astype("uint64")):
        got = tw._core.cumsum(tw.asarray(values)._array, axis, reverse)
        np.testing.assert_array_equal(np.asarray(got), want.astype(values.dtype))
    small = (x % 1000).astype("float64")
    want = np.flip(np.cumsum(np.flip(small, axis), axis), axis) if reverse else np.cumsum(small, axis)
    got = tw._core.cumsum(tw.asarray(small)._array, axis, reverse)
    np.testing.assert_array_equal(np.asarray(got), want)  # whole numbers: nothing is rounded


def test_infinities_and_nans_stay():
    for dtype in ("float32", "float64"):
        x = np.ones(LONG, dtype)
        x[1000], x[70_000], x[100_000] = np.inf, -np.inf, 5
        with np.errstate(invalid="ignore"):
            want = np.cumsum(x)
        np.testing.assert_array_equal(tw.cumsum(x).numpy(), want)
        assert np.isnan(want[-1])


def test_products_overflow_only_where_they_do():
    x = np.array([1e-300, *[1e100] * 3, 1e-200, 1e150])
    np.testing.assert_allclose(tw.cumprod(x).numpy(), np.cumprod(x), rtol=1e-15)


def test_integers_wrap():
    x = np.array([2**63 - 1, 5, 7])
    np.testing.assert_array_equal(tw.cumsum(x).numpy(), np.cumsum(x))
    np.testing.assert_array_equal(tw.cumprod(x).numpy(), np.cumprod(x))
    small = np.array([100, 100, 100], "int8")
    np.testing.assert_array_equal(tw.cumsum(small, dtype="int8").numpy(), np.cumsum(small, dtype="int8"))


# ---- as NumPy has it -------------------------------------------------------------------------------------------------


def test_numpys_arguments():
    x = np.random.default_rng(5).normal(size=(3, 4))
    a = tnp.array(x)
    for kind, axis in itertools.product((None, "quicksort", "heapsort", "mergesort", "stable"), (-1, 0, None)):
        for name in ("sort", "argsort"):
            got = getattr(tnp, name)(a, axis, kind)
            assert isinstance(got, tnp.ndarray)
            np.testing.assert_array_equal(got.numpy(), getattr(np, name)(x, axis, kind))
    np.testing.assert_array_equal(tnp.sort(a, stable=True).numpy(), np.sort(x))
    with pytest.raises(ValueError, match="sort: kind is 'bubble', but must be"):
        tnp.sort(a, kind="bubble")
    with pytest.raises(TypeError, match="argsort: order names fields"):
        tnp.argsort(a, order="field")
    with pytest.raises(ValueError, match="cumsum: out has shape "):
        tnp.cumsum(a, out=a)


def test_the_method_sort_is_in_place():
    x = np.random.default_rng(6).normal(size=(5, 4))
    a = tnp.array(x)
    view = a[1:4]
    assert a.sort(0) is None
    x.sort(0)
    np.testing.assert_array_equal(a.numpy(), x)
    np.testing.assert_array_equal(view.numpy(), x[1:4])
    a.T.sort()
    x.T.sort()
    np.testing.assert_array_equal(a.numpy(), x)
    with pytest.raises(tw.AxisError, match="sort: axis 2"):
        a.sort(2)
    np.testing.assert_array_equal(a.numpy(), x)


def test_methods():
    x = tw.asarray([[3, 1], [2, 2]])
    assert x.argsort(axis=0).tolist() == [[1, 0], [0, 1]]
    assert x.cumsum(1).tolist() == [[3, 4], [2, 4]]
    assert x.cumprod().tolist() == [3, 3, 6, 12]
