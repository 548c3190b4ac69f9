"""Pooling: windows at the edges, special values, places of maxima, and PyTorch with random arguments."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn
from tilewright._functions import pooling as pl
from tilewright.nn import functional as F

INF, NAN = float("inf"), float("nan")
AXES = (1, 2, 3)


def numbers(*shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32").astype(dtype)


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(np.asarray(got.detach().astype("float64")), want, rtol=tolerance, atol=tolerance)


# ---- windows at the edges --------------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize(
    ("spatial", "kernel", "stride", "padding", "want"),
    [((6, 7), 1, 2, 0, (3, 4)), ((5,), 2, 2, 1, (3,)), ((5, 5), 3, 3, 1, (2, 2)), ((1,), 1, 3, 0, (1,)),
     ((4, 5, 6), 2, 2, 0, (2, 3, 3)), ((4, 5, 6), 2, 3, 1, (2, 2, 3)), ((7, 3), (3, 2), (2, 1), (1, 1), (4, 4))],
)  # fmt: skip
def test_no_window_begins_in_the_padding_behind(spatial, kernel, stride, padding, want):
    """With `ceil_mode`: no -inf, no position outside, no average of nothing."""
    n = len(spatial)
    for dtype in ("float32", "float64", "float16"):
        x = tw.asarray(numbers(2, 3, *spatial), dtype=dtype).requires_grad_()
        y, indices = getattr(F, f"max_pool{n}d")(x, kernel, stride, padding, ceil_mode=True, return_indices=True)
        assert y.shape == (2, 3, *want)
        assert np.isfinite(np.asarray(y.detach().astype("float64"))).all()
        flat = np.asarray(x.detach().astype("float64")).reshape(2, 3, -1)
        at = np.asarray(indices).reshape(2, 3, -1)
        assert (at >= 0).all() and (at < flat.shape[-1]).all()
        values = np.asarray(y.detach().astype("float64"))
        np.testing.assert_array_equal(np.take_along_axis(flat, at, -1).reshape(values.shape), values)
        for include in (True, False):
            z = getattr(F, f"avg_pool{n}d")(x, kernel, stride, padding, True, include)
            assert z.shape == y.shape and np.isfinite(np.asarray(z.detach().astype("float64"))).all()
        y.sum().backward()
        close(x.grad.astype("float64").sum(), y.size)


@pytest.mark.kernels
def test_a_window_without_numbers_is_at_its_first_element():
    """Where all is -inf, as the padding is, the place is inside."""
    for n, size in itertools.product(AXES, (3, 4, 9)):
        x = tw.full((2, *(size,) * n), -INF).requires_grad_()
        y, indices = getattr(F, f"max_pool{n}d")(x, 3, 2, 1, return_indices=True)
        assert (y == -INF).all()
        first = [max(0, 2 * i - 1) for i in range(y.shape[-1])]
        want = np.zeros((), int)
        for _ in range(n):
            want = want[..., None] * size + first
        np.testing.assert_array_equal(np.asarray(indices)[0], want)
        getattr(F, f"max_pool{n}d")(x, 3, 2, 1).sum().backward()
        close(x.grad.sum(), y.size)


@pytest.mark.kernels
@pytest.mark.parametrize("n", AXES)
def test_empty_batches_and_channels(n):
    functions = [
        lambda x: getattr(F, f"max_pool{n}d")(x, 2),
        lambda x: getattr(F, f"avg_pool{n}d")(x, 2),
        lambda x: getattr(F, f"lp_pool{n}d")(x, 2, 2),
        lambda x: getattr(F, f"adaptive_max_pool{n}d")(x, 2),
        lambda x: getattr(F, f"adaptive_avg_pool{n}d")(x, 2),
    ]
    for function, lead in itertools.product(functions, [(0, 3), (2, 0), (0,)]):
        x = tw.zeros((*lead, *(4,) * n)).requires_grad_()
        y = function(x)
        assert y.shape == (*lead, *(2,) * n)
        y.sum().backward()
        assert x.grad.shape == x.shape
    for function, empty in itertools.product(functions, range(n)):
        shape = (2, 3, *(0 if i == empty else 4 for i in range(n)))
        with pytest.raises(ValueError, match=r"input has shape .*, but a window of an empty axis has no elements"):
            function(tw.zeros(shape))


def test_no_windows_at_all():
    x = tw.ones((2, 3, 4, 4)).requires_grad_()
    for function in (F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
        y = function(x, (0, 2))
        assert y.shape == (2, 3, 0, 2)
        x.grad = None
        y.sum().backward()
        assert (x.grad == 0).all()


@pytest.mark.kernels
def test_adaptive_windows_end_where_the_next_begins_or_later():
    close(F.adaptive_avg_pool1d(tw.arange(5.0)[None], 3), [[0.5, 2, 3.5]])
    close(F.adaptive_avg_pool1d(tw.arange(10.0)[None], 3), [[1.5, 4.5, 7.5]])
    for n, m in itertools.product(range(1, 14), range(1, 17)):
        x = numbers(2, n, seed=n)
        ends = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        close(F.adaptive_avg_pool1d(x, m), np.stack([x[:, a:b].mean(1) for a, b in ends], 1))
        close(F.adaptive_max_pool1d(x, m), np.stack([x[:, a:b].max(1) for a, b in ends], 1))
        leaf = tw.asarray(x).requires_grad_()
        F.adaptive_avg_pool1d(leaf, m).sum().backward()
        close(leaf.grad, np.tile(sum((np.arange(n) >= a) * (np.arange(n) < b) / (b - a) for a, b in ends), (2, 1)))


def test_a_window_beside_the_input_is_refused():
    """Its taps are one before the only element and one behind it."""
    with pytest.raises(ValueError, match="max_pool1d: with dilation 2 and padding 1 a window has no element"):
        F.max_pool1d(tw.ones((1, 1)), 2, 1, 1, 2)
    assert F.max_pool1d(tw.ones((1, 1)), 3, 1, 1, 1).tolist() == [[1.0]]


# ---- special values --------------------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("kernel", [3, 9])
def test_nan_wins(dtype, kernel):
    """Whatever is before and behind it, in a vector or its tail; infinities do not."""
    for place, other in itertools.product(range(40), (-INF, INF, 1.0)):
        x = np.full((1, 40), 0.5)
        x[0, 20] = other
        x[0, place] = NAN
        leaf = tw.asarray(x, dtype=dtype).requires_grad_()
        y = F.max_pool1d(leaf, kernel, 1, kernel // 2)
        near = abs(np.arange(40) - place) <= kernel // 2
        np.testing.assert_array_equal(np.isnan(np.asarray(y.detach().astype("float64")))[0], near)
        y.sum().backward()
        assert np.asarray(leaf.grad.astype("float64"))[0, place] == near.sum()
        close(leaf.grad.astype("float64").sum(), 40)
        mean = np.asarray(F.avg_pool1d(leaf, kernel, 1, kernel // 2).detach().astype("float64"))[0]
        np.testing.assert_array_equal(np.isnan(mean), near)


@pytest.mark.kernels
def test_of_equal_elements_the_first_counts_of_nans_the_last():
    for n, value in itertools.product(AXES, (2.0, 0.0, INF, NAN)):
        x = tw.full((1, *(3,) * n), value)
        _, indices = getattr(F, f"max_pool{n}d")(x, 3, return_indices=True)
        assert indices.item() == (3**n - 1 if value != value else 0)
        _, indices = getattr(F, f"adaptive_max_pool{n}d")(x, 1, return_indices=True)
        assert indices.item() == (3**n - 1 if value != value else 0)


@pytest.mark.kernels
def test_means_of_many_elements_are_exact():
    """float32 sums in blocks."""
    x = tw.full((1, 1, 1 << 22), 0.1)
    close(F.avg_pool1d(x, 1 << 22), [[[np.float32(0.1)]]], 1e-7)
    close(F.adaptive_avg_pool1d(x, 3), [[[np.float32(0.1)] * 3]], 1e-7)


def test_the_norm_of_zeros_has_gradient_zero():
    for p in (0.5, 1.5, 2.0, 3.0):
        x = tw.asarray([[0.0, 0.0, 0.0, 2.0]]).requires_grad_()
        F.lp_pool1d(x, p, 2).sum().backward()
        assert np.isfinite(np.asarray(x.grad)).all() and (x.grad[0, :2] == 0).all()


# ---- places ----------------------------------------------------------------------------------------------------------


def kept_by(*args):
    """What a recorded `max_pool` keeps for the way back."""
    x = tw.asarray(numbers(2, 20, 20)).requires_grad_()
    node = pl.max_pool(x, *args)._node
    return next(v for v in node.saved if isinstance(v, _core.Array))


def test_places_take_a_byte():
    ones, zeros = (1, 1), (0, 0)
    assert kept_by((3, 3), (2, 2), (1, 1), ones, False).dtype == tw.uint8
    assert kept_by((16, 16), (2, 2), zeros, ones, False).dtype == tw.uint8
    assert kept_by((16, 17), (2, 2), zeros, ones, False).dtype == tw.int64


def test_places_are_made_only_for_the_way_back():
    def peak(x):
        tw.memory.reset_peak()
        before = tw.memory.stats()["in_use"]
        y = F.max_pool2d(x, 2)
        return tw.memory.stats()["peak"] - before, y.size

    plain, count = peak(tw.zeros((1024, 64, 64)))
    recorded, _ = peak(tw.zeros((1024, 64, 64)).requires_grad_())
    assert count / 2 < recorded - plain < 2 * count


@pytest.mark.parametrize("large", [False, True])
def test_the_way_back_and_its_way_back(large):
    """Scatter and gather are transposes, of bytes and of positions."""
    options = ((17, 17), (3, 3), (2, 2), (1, 1), True) if large else ((3, 2), (2, 1), (1, 0), (1, 2), True)
    places = tw.asarray(kept_by(*options))
    x, g = numbers(2, 20, 20, dtype="float64"), numbers(*places.shape, dtype="float64", seed=1)
    spread = pl._max_pool_scatter(tw.asarray(g), places, (20, 20), *options)
    taken = pl._max_pool_gather(tw.asarray(x), places, (20, 20), *options)
    close((spread * x).sum(), float((np.asarray(taken) * g).sum()), 1e-12)


def test_places_outside_are_refused():
    g, positions = tw.ones((1, 2)), tw.asarray([[0, 4]])
    for op, x in ((pl._max_pool_scatter, g), (pl._max_pool_gather, tw.ones((1, 4)))):
        with pytest.raises(IndexError, match=rf"{op.signature.name}1d: places\[0, 1\] is outside of its plane"):
            op(x, positions, (4,), (), (), (), (), False)
        with pytest.raises(IndexError, match=r"places\[0, 0\] is outside"):
            op(x, tw.asarray([[9, 0]], dtype="uint8"), (4,), (2,), (2,), (0,), (1,), False)
        with pytest.raises(TypeError, match="places are float32, but must be taps, uint8, or positions, int64"):
            op(x, g, (4,), (), (), (), (), False)


def test_gradients_of_a_wrong_shape_are_refused():
    with pytest.raises(ValueError, match=r"avg_pool_backward1d: g has shape \(1, 3\), which is not that of windows"):
        pl._avg_pool_backward(tw.ones((1, 3)), (4,), (2,), (2,), (0,), False, True, 0)


@pytest.mark.parametrize("n", AXES)
def test_unpooling_undoes_pooling(n):
    x = tw.asarray(numbers(2, 3, *(6, 5, 7)[:n]))
    y, indices = getattr(F, f"max_pool{n}d")(x, 2, return_indices=True)
    back = getattr(F, f"max_unpool{n}d")(y, indices, 2, output_size=x.shape)
    kept = np.asarray(back != 0)
    np.testing.assert_array_equal(np.asarray(back)[kept], np.asarray(x)[kept])
    assert kept.sum() == y.size and back.shape == x.shape
    module = getattr(nn, f"MaxUnpool{n}d")(2)
    np.testing.assert_array_equal(np.asarray(module(y, indices, output_size=x.shape[2:])), np.asarray(back))


# ---- arguments -------------------------------------------------------------------------------------------------------


def test_sizes_are_counted_in_64_bits():
    """None of these products may wrap around, and nothing is allocated."""
    x, largest = tw.ones((1, 8)), 2**31 - 1
    with pytest.raises(ValueError, match=r"gives -\d+ windows"):
        F.max_pool1d(x, largest, 1, 0, largest)
    with pytest.raises(ValueError, match="kernel_size is 2147483648, but must be at most"):
        F.max_pool1d(x, 2**31)
    with pytest.raises(ValueError, match="must be at most"):
        F.max_pool1d(x, 2**70)
    assert F.max_pool1d(x, 2, largest).shape == (1, 1)
    assert F.avg_pool1d(x, largest, largest, 0, True).tolist() == [[1.0]]


def test_options_by_sequence():
    x = tw.asarray(numbers(1, 6, 8))
    want = np.asarray(F.max_pool2d(x, 2))
    for kernel in ((2, 2), [2, 2], (2,), np.array([2, 2]), np.int64(2), tw.asarray([2, 2])):
        np.testing.assert_array_equal(np.asarray(F.max_pool2d(x, kernel)), want)
        np.testing.assert_array_equal(np.asarray(nn.MaxPool2d(kernel)(x)), want)
    assert repr(nn.MaxPool2d([2, 3])) == (
        "MaxPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0, dilation=1, return_indices=False, ceil_mode=False)"
    )


def test_the_algorithm_is_explained(capsys):
    def told(function, *args):
        tw.explain(function, *args)
        return capsys.readouterr().out

    assert told(F.max_pool2d, tw.ones((3, 64, 64)), 2) == (
        "max_pool: 3 planes of 1->1 64->32 64->32 -> rows\n    not whole planes: windows are not whole planes\n"
    )
    assert "-> whole planes\n" in told(F.max_pool2d, tw.ones((3, 8, 8)), 8)
    assert "not planes: there are few planes" in told(F.max_pool2d, tw.ones((3, 8, 8)), 2)
    assert "8->4 -> planes\n" in told(F.max_pool2d, tw.ones((30, 8, 8)), 2)
    recorded = told(F.max_pool2d, tw.ones((3, 64, 64)).requires_grad_(), 2)
    assert "-> taps\n" in recorded and "not rows: places are wanted" in recorded
    assert "-> whole planes\n" in told(F.adaptive_avg_pool2d, tw.ones((3, 8, 8)), 1)
    assert "-> windows\n" in (adaptive := told(F.adaptive_avg_pool2d, tw.ones((3, 8, 8)), 2))
    assert "not planes: windows are adaptive" in adaptive
    assert "not taps: strides are long" in told(F.max_pool1d, tw.ones((1, 500)), 2, 90, 0, 100)
    assert "not rows: columns' strides are long" in told(F.avg_pool2d, tw.ones((3, 8, 8)), 1, 3)


# ---- PyTorch ---------------------------------------------------------------------------------------------------------


def drawn(seed):
    """A function's name, its arguments, and an input that may hold special values and equal elements."""
    r, rng = random.Random(seed), np.random.default_rng(seed)
    n = r.choice(AXES)
    spatial = [r.choice((1, 2, 3, 5, 8, 13, 17, 33)[: 8 if n < 3 else 6]) for _ in range(n)]
    x = rng.standard_normal((*r.choice([(2,), (1, 3), (2, 5)]), *spatial)).astype("float32")
    if r.random() < 0.4:
        x = np.round(2 * x)
    if r.random() < 0.3:
        x = np.where(rng.random(x.shape) < 0.2, r.choice([NAN, -INF, INF, 0.0, -0.0]), x)

    def each(low, high):
        return tuple(r.randint(low, high) for _ in range(n))

    kernel = each(1, r.choice((3, 5, 12)))
    stride = r.choice((None, each(1, 4)))
    padding = tuple(r.randint(0, k // 2) for k in kernel)
    kind = r.choice(("max", "max", "avg", "adaptive_max", "adaptive_avg"))
    if kind == "max":
        dilation = r.choice(((1,) * n, each(1, 3)))
        args = (kernel, stride, padding, dilation, r.random() < 0.5, r.random() < 0.5)
    elif kind == "avg":
        args = (kernel, stride, padding, r.random() < 0.5, r.random() < 0.5)
        args += (r.choice((None, 3)),) if n > 1 else ()
    else:
        args = (each(1, 9), True) if kind == "adaptive_max" else (each(1, 9),)
    return f"{kind}_pool{n}d", x, args


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_pytorch_with_random_arguments(dtype):
    torch = pytest.importorskip("torch")
    eps, compared = {"float32": 2e-6, "float64": 1e-14, "bfloat16": 0.05}[dtype], 0
    for seed in range(250):
        name, x, args = drawn(seed)
        theirs = torch.tensor(x).to(getattr(torch, dtype)).requires_grad_()
        try:
            want = getattr(torch.nn.functional, name)(theirs, *args)
        except (RuntimeError, NotImplementedError):
            continue
        ours = tw.asarray(x, dtype=dtype).requires_grad_()
        try:
            got = getattr(F, name)(ours, *args)
        except ValueError as error:
            assert "has no element" in str(error), (seed, name, args)
            continue
        got, want = (v if isinstance(v, tuple) else (v,) for v in (got, want))
        pairs = list(zip(got, want, strict=True))
        g = np.random.default_rng(seed).standard_normal(got[0].shape).astype("float32")
        got[0].backward(tw.asarray(g, dtype=dtype))
        want[0].backward(torch.tensor(g).to(theirs.dtype))
        for a, b in [*pairs, (ours.grad, theirs.grad)]:
            values = np.asarray(a.detach().astype("float64"))
            np.testing.assert_allclose(values, b.detach().double().numpy(), eps, eps, err_msg=f"{seed} {name} {args}")
        compared += 1
    assert compared > 150
