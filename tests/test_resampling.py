"""Interpolation against PyTorch over random arguments, and the inputs that broke others."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

AXES = {"linear": 1, "bilinear": 2, "trilinear": 3, "bicubic": 2}
MODES = ("nearest", "nearest-exact", "area", *AXES)


def options(rng, mode, axes):
    """Arguments in which PyTorch agrees with itself.

    Its gradients of "nearest" are others than its results where a factor is kept, it ignores a factor that leaves a
    length as it is, and with antialias it reads images of width 1 in the wrong order.
    """
    given = {"mode": mode}
    if mode in AXES and rng.random() < 0.5:
        given["align_corners"] = bool(rng.random() < 0.5)
    if axes == 2 and mode in ("bilinear", "bicubic") and rng.random() < 0.5:
        given["antialias"] = True
    if rng.random() < 0.5:
        given["size"] = tuple(rng.integers(2, 12, axes).tolist())
        return given
    given["scale_factor"] = tuple(rng.choice([0.5, 0.75, 1.5, 1.7, 2.25, 3.0], axes).tolist())
    if mode.startswith("nearest"):
        given["recompute_scale_factor"] = True
    return given


@pytest.mark.parametrize("mode", MODES)
def test_it_is_pytorchs(mode):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(sum(map(ord, mode)))
    for _ in range(80):
        axes = AXES.get(mode) or int(rng.integers(1, 4))
        given = options(rng, mode, axes)
        x = rng.normal(size=(*rng.integers(1, 4, 2), *rng.integers(4, 8, axes)))
        a, b = torch.tensor(x, requires_grad=True), tw.asarray(x, requires_grad=True)
        want, got = torch.nn.functional.interpolate(a, **given), F.interpolate(b, **given)
        assert got.shape == tuple(want.shape), given
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), atol=1e-6, err_msg=f"{x.shape} {given}")
        cotangent = rng.normal(size=got.shape)
        want.backward(torch.tensor(cotangent))
        got.backward(tw.asarray(cotangent))
        np.testing.assert_allclose(b.grad.numpy(), a.grad.numpy(), atol=1e-5, err_msg=f"{x.shape} {given}")


def line(values, *args, **given):
    return F.interpolate([[values]], *args, **given)[0, 0].tolist()


def test_a_factor_that_is_given_is_kept():
    """pytorch/pytorch#34808: 7 elements by 1.5 lie elsewhere than 7 elements of 5."""
    x = [0.0, 1.0, 2.0, 3.0, 4.0]
    by_factor = [0, 0.5, 1.1666667, 1.8333334, 2.5, 3.1666667, 3.8333333]
    by_size = [0, 0.571429, 1.285714, 2, 2.714286, 3.428571, 4]
    np.testing.assert_allclose(line(x, scale_factor=1.5, mode="linear"), by_factor, rtol=1e-6)
    np.testing.assert_allclose(line(x, 7, mode="linear"), by_size, rtol=1e-6)
    given = {"scale_factor": 1.5, "mode": "linear"}
    np.testing.assert_allclose(line(x, **given, recompute_scale_factor=True), by_size, rtol=1e-6)
    corners = [0, 4 / 6, 8 / 6, 2, 16 / 6, 20 / 6, 4]
    np.testing.assert_allclose(line(x, **given, align_corners=True), corners, rtol=1e-6)


def test_nearest_is_left_of_the_middle():
    assert line([0.0, 1.0, 2.0], 2) == [0, 1]
    assert line([0.0, 1.0, 2.0], 2, mode="nearest-exact") == [0, 2]


def test_a_length_that_rounding_keeps_below_an_integer():
    assert F.interpolate(tw.zeros((1, 1, 88)), scale_factor=120 / 88).shape == (1, 1, 120)
    assert F.interpolate(tw.zeros((1, 1, 10)), scale_factor=1.19).shape == (1, 1, 11)
    for n in range(1, 200):
        for m in range(1, 200, 7):
            assert F.interpolate(tw.zeros((1, 0, n)), scale_factor=m / n).shape == (1, 0, m)


def test_positions_are_exact():
    """Integers: no rounding moves an element to its neighbour, however long the axis."""
    n, m = 9973, 12345
    got = F.interpolate(tw.reshape(tw.arange(n, dtype="float64"), (1, 1, n)), m)[0, 0].numpy()
    np.testing.assert_array_equal(got, np.arange(m) * n // m)


def test_what_has_no_weight_is_not_read():
    """0 times infinity is NaN: an element beside one that is hit exactly does not count."""
    x = [[[1.0, np.inf, 3.0, np.nan, 5.0]]]
    assert F.interpolate(x, 3, mode="linear", align_corners=True).tolist() == [[[1.0, 3.0, 5.0]]]
    assert F.interpolate(x, 5, mode="linear").tolist()[0][0][::2] == [1.0, 3.0, 5.0]


def test_long_sums_are_of_doubles():
    x = tw.full((1, 1, 1 << 20), 0.1)
    assert abs(F.interpolate(x, 1, mode="area").item() - float(np.float32(0.1))) < 1e-8
    y = tw.zeros((1, 1, 1), dtype="float32", requires_grad=True)
    F.interpolate(y, 65).backward(tw.asarray([[[2.0**24] + [1.0] * 64]]))
    assert y.grad.item() == 2.0**24 + 64


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_floats_round_once(dtype):
    x = tw.random.Generator(3).normal(size=(2, 3, 9, 7)).astype(dtype)
    got = F.interpolate(x, (13, 11), mode="bicubic")
    want = F.interpolate(x.astype("float32"), (13, 11), mode="bicubic").astype(dtype)
    assert got.dtype.name == dtype and (got == want).all()


def test_a_new_array_comes_back():
    x = tw.ones((1, 1, 3))
    F.interpolate(x, 3)[...] = 0.0
    assert (x == 1).all()


def test_empty_batches():
    x = tw.zeros((0, 3, 4, 4), requires_grad=True)
    y = nn.Upsample(scale_factor=2.0, mode="bilinear")(x)
    y.sum().backward()
    assert y.shape == (0, 3, 8, 8) and x.grad.shape == x.shape
    with pytest.raises(ValueError, match=r"interpolate: axis 3 of input .* would be of length 0"):
        F.interpolate(tw.zeros((2, 3, 4, 0)), scale_factor=2.0)


def test_long_axes_and_rows_are_cut_into_pieces():
    x = np.random.default_rng(2).normal(size=(2, 1, 30_000))
    got = F.interpolate(x, 40_000, mode="linear").numpy()
    at = np.clip((np.arange(40_000) + 0.5) * 0.75 - 0.5, 0, None)
    for ours, row in zip(got[:, 0], x[:, 0], strict=True):
        np.testing.assert_allclose(ours, np.interp(at, np.arange(30_000), row), atol=1e-11)
    y = F.interpolate(x.reshape(1, 2, 3, 10_000), (9, 10_000)).numpy()
    np.testing.assert_array_equal(y, np.repeat(x.reshape(1, 2, 3, 10_000), 3, 2))


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_many_rows_at_any_thread_count(mode):
    """More lines than a thread takes at a time, a number that four do not divide."""
    x = tw.asarray(np.random.default_rng(3).normal(size=(7, 331, 5, 3)), requires_grad=True)
    y = F.interpolate(x, (8, 7), mode=mode)
    want = np.stack([F.interpolate(x.detach()[i : i + 1], (8, 7), mode=mode)[0].numpy() for i in range(7)])
    np.testing.assert_array_equal(y.detach().numpy(), want)
