"""Padding against NumPy and PyTorch over random arguments, and the inputs that broke others."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from cases.padding import MODES, numpys, torchs
from tilewright import nn
from tilewright.nn import functional as F

DTYPES = ("int8", "uint16", "float32", "float64", "complex64", "complex128", "bool")


def drawn(rng, shape):
    """An array of some dtype, in some layout."""
    x = rng.integers(0, 100, shape).astype(rng.choice(DTYPES))
    return [x, x.T, x[::-1] if x.ndim else x, np.repeat(x, 2, -1)[..., ::2] if x.ndim else x][rng.integers(4)]


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
def test_numpys_widths(mode):
    rng = np.random.default_rng(len(mode))
    for _ in range(150):
        x = drawn(rng, tuple(rng.integers(1, 5, rng.integers(1, 5))))
        widths = rng.integers(0, 9, (x.ndim, 2)).tolist()
        values = rng.integers(0, 9, (x.ndim, 2)).tolist() if mode == "constant" and rng.random() < 0.5 else 0
        got, want = tw.pad(x, widths, mode, constant_values=values), numpys(x, widths, mode, values)
        assert got.dtype.name == want.dtype.name
        np.testing.assert_array_equal(got.numpy(), want, err_msg=f"{x.shape} {widths} {values}")


@pytest.mark.parametrize("mode", MODES)
def test_pytorchs_widths_and_gradients(mode):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(len(mode))
    for _ in range(150):
        axes = int(rng.integers(1, 4))
        x = rng.normal(size=tuple(rng.integers(3, 6, axes + rng.integers(1, 3))))
        widths = [int(rng.integers(-1, min(n, 4))) for n in x.shape[::-1][:axes] for _ in range(2)]
        a, b = torch.tensor(x, requires_grad=True), tw.asarray(x, requires_grad=True)
        want, got = torch.nn.functional.pad(a, widths, mode), F.pad(b, widths, mode)
        np.testing.assert_array_equal(got.detach().numpy(), want.detach().numpy(), err_msg=f"{x.shape} {widths}")
        if not got.size:  # PyTorch's gradients are old memory then
            continue
        cotangent = rng.normal(size=got.shape)
        want.backward(torch.tensor(cotangent))
        got.backward(tw.asarray(cotangent))
        np.testing.assert_allclose(b.grad.numpy(), a.grad.numpy(), rtol=1e-12, atol=1e-12)


def test_the_last_axis_comes_first():
    """pytorch/pytorch#37844: only one of two axes was padded, and the other one."""
    x = np.arange(60.0).reshape(1, 6, 10)
    y = nn.CircularPad2d((1, 1, 0, 0))(x)
    np.testing.assert_array_equal(y.numpy(), np.pad(x, ((0, 0), (0, 0), (1, 1)), "wrap"))
    for make in (nn.ZeroPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d):
        assert make((0, 0, 2, 1))(x).shape == (1, 9, 10)
    assert nn.ConstantPad3d((1, 0, 0, 0, 2, 3), 0.5)(x).shape == (6, 6, 11)


def test_all_of_the_padding_goes_round():
    """pytorch/pytorch#20981: half of it was applied."""
    x = np.arange(25.0).reshape(1, 5, 5)
    y = nn.CircularPad2d(1)(x)
    assert y.shape == (1, 7, 7)
    np.testing.assert_array_equal(y.numpy(), np.pad(x, ((0, 0), (1, 1), (1, 1)), "wrap"))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_reflection_ends_before_the_other_end(axes):
    """pytorch/pytorch#52205: as many elements as the axis has, or more, were read from outside."""
    x = tw.ones((2, 3, *range(3, 3 + axes)))
    layers = {d: getattr(nn, f"ReflectionPad{d}d") for d in (1, 2, 3)}
    assert layers[axes](2)(x).shape == (2, 3, *range(7, 7 + axes))
    for end in range(2):
        widths = [0] * (2 * axes)
        widths[2 * axes - 2 + end] = 3
        with pytest.raises(ValueError, match=r"pad: 3 elements at an end of axis 2 of input .* at most 2"):
            layers[axes](widths)(x)


@pytest.mark.parametrize("mode", ["edge", "reflect", "symmetric", "wrap"])
def test_an_axis_without_elements_has_none_to_repeat(mode):
    x = tw.zeros((0, 3))
    assert tw.pad(x, ((0, 0), (1, 1)), mode).shape == (0, 5)
    with pytest.raises(ValueError, match=rf"pad: axis 0 of x \(0, 3\) is empty: mode {mode}"):
        tw.pad(x, ((1, 0), (0, 0)), mode)
    assert (tw.pad(x, ((1, 0), (0, 0)), constant_values=2) == 2).all()


def test_widths_beyond_memory_are_refused():
    for width in (1 << 59, 1 << 80):
        with pytest.raises((ValueError, MemoryError)):
            tw.pad([1.0], width)
        with pytest.raises((ValueError, MemoryError)):
            F.pad([1.0], (0, width))
    with pytest.raises(ValueError, match="pad: axis 0 of x"):
        F.pad([1.0], (0, -(1 << 58)))


def test_repeats_are_added_in_double():
    """The gradient of many copies of one element: in float32 2^24 and 1 are 2^24."""
    x = tw.zeros(1, requires_grad=True)
    tw.pad(x, (0, 64), "edge").backward(tw.asarray([2.0**24] + [1.0] * 64))
    assert x.grad.tolist() == [2.0**24 + 64]


def test_orders_of_derivatives():
    for mode in ("constant", "reflect", "replicate", "circular"):
        tw.testing.check_grads(lambda x, mode=mode: tw.exp(F.pad(x, (1, 2, -1, 1), mode)), tw.ones((3, 4)), order=2)


def test_an_oracle_of_the_cases():
    np.testing.assert_array_equal(torchs(np.arange(4), [2, -1], "circular"), [1, 2, 0, 1, 2])
    np.testing.assert_array_equal(torchs(np.arange(4), [-1, 2], "reflect"), [1, 2, 3, 2, 1])


@pytest.mark.parametrize("mode", ["constant", "symmetric", "wrap"])
def test_long_rows_are_cut_into_pieces(mode):
    x = np.arange(90_000, dtype="float32")
    np.testing.assert_array_equal(tw.pad(x, (70_000, 50_001), mode).numpy(), np.pad(x, (70_000, 50_001), mode))
    y, widths = x.reshape(3, 30_000), ((2, 4), (0, 0))  # items of 30,000 elements
    np.testing.assert_array_equal(tw.pad(y, widths, mode).numpy(), np.pad(y, widths, mode))
