"""Fourier transforms: against NumPy over integers and other layouts, gradients, and how much is copied."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw

LINE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
GRID = ("fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2")
OF_REAL = ("rfft", "ihfft", "rfftn", "rfft2")


def numbers(shape, dtype="complex128", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if dtype.startswith("complex") else x).astype(dtype)


def of(name):
    return "float64" if name in OF_REAL else "complex128"


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize("name", LINE)
def test_every_length_and_norm(name, norm):
    for n in (None, 1, 2, 3, 6, 7):
        for axis in (0, -1):
            x = numbers((4, 5), of(name))
            got = getattr(tw.fft, name)(tw.asarray(x), n, axis, norm)
            np.testing.assert_allclose(got.numpy(), getattr(np.fft, name)(x, n, axis, norm), atol=1e-13)
            tw.testing.check_grads(lambda v, n=n, a=axis: getattr(tw.fft, name)(v, n, a, norm), tw.asarray(x), order=2)


@pytest.mark.parametrize("name", [name for name in LINE + GRID if name not in OF_REAL])
def test_real_numbers_get_real_gradients(name):
    x = tw.asarray(numbers((3, 4), "float64"))
    tw.testing.check_grads(getattr(tw.fft, name), x, order=2)
    x.requires_grad = True
    tw.sum(tw.abs(getattr(tw.fft, name)(x))).backward()
    assert x.grad.dtype == tw.float64


@pytest.mark.parametrize("name", GRID)
def test_sizes_without_axes_are_those_of_the_last(name):
    x = numbers((2, 3, 4), of(name))
    got = getattr(tw.fft, name)(tw.asarray(x), (4, 3))
    np.testing.assert_allclose(got.numpy(), getattr(np.fft, name)(x, (4, 3), (-2, -1)), atol=1e-13)


def test_no_axes():
    assert tw.fft.fftn(2.0).dtype == tw.complex64 and tw.fft.fftn(tw.asarray(2.0)).item() == 2
    assert tw.fft.ifftn(tw.ones((2, 3), dtype="float64"), axes=()).dtype == tw.complex128
    with pytest.raises(ValueError, match=r"rfftn: x \(\) is transformed along no axis"):
        tw.fft.rfftn(2.0)
    with pytest.raises(ValueError, match=r"fftn: s has 2 entries, but x \(3,\) has 1 axes"):
        tw.fft.fftn(tw.ones(3), (2, 2))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("name", LINE + GRID)
def test_dtypes_and_layouts_like_numpy(name, dtype):
    x = (10 * numbers((4, 6), "float64" if dtype[0] in "bui" else dtype)).astype(dtype)
    if name in OF_REAL and dtype.startswith("complex"):
        return
    for view in (lambda x: x, lambda x: x.T, lambda x: x[::-2, 1:], lambda x: x[:1, :2]):
        want = getattr(np.fft, name)(view(x))
        drop_in = getattr(tw.numpy.fft, name)(view(tw.numpy.asarray(x)))
        assert type(drop_in) is tw.numpy.ndarray and drop_in.dtype == tw.asarray(want).dtype
        got = getattr(tw.fft, name)(view(tw.asarray(x)))
        single = {"float64": tw.float32, "complex128": tw.complex64}
        assert got.dtype == (drop_in.dtype if dtype[0] in "fc" else single[drop_in.dtype.name])
        for y in (drop_in, got):
            eps = 1e-13 if y.dtype in (tw.float64, tw.complex128) else 1e-6
            np.testing.assert_allclose(y.numpy(), want, atol=eps * (1 + abs(want).max()))


def test_memory_that_is_not_there(monkeypatch):
    def refuse(*_):
        raise MemoryError("Unable to allocate 24.0 TiB")

    monkeypatch.setattr(np.fft, "fft", refuse)
    with pytest.raises(MemoryError, match="fft: Unable to allocate 24"):
        tw.fft.fft(tw.ones(3), 2**40)


def test_nan_spreads_and_nothing_warns():
    y = tw.fft.fft([[1.0, float("nan")], [1.0, 2.0]])
    assert tw.isnan(y[0]).all() and not tw.isnan(y[1]).any()
    assert not tw.isfinite(tw.fft.rfft([float("inf"), 1.0])).any()


def test_transforms_undo_each_other():
    x = tw.asarray(numbers((3, 5, 6)))
    for there, back in (("fft", "ifft"), ("fftn", "ifftn"), ("fft2", "ifft2")):
        for norm in ("backward", "ortho", "forward"):
            y = getattr(tw.fft, back)(getattr(tw.fft, there)(x, norm=norm), norm=norm)
            np.testing.assert_allclose(y.numpy(), x.numpy(), atol=1e-14)
    x = tw.real(x)
    np.testing.assert_allclose(tw.fft.irfftn(tw.fft.rfftn(x)).numpy(), x.numpy(), atol=1e-14)
    np.testing.assert_allclose(tw.fft.irfft(tw.fft.rfft(x, axis=1), 5, 1).numpy(), x.numpy(), atol=1e-14)
    np.testing.assert_allclose(tw.fft.hfft(tw.fft.ihfft(x)).numpy(), x.numpy(), atol=1e-14)
    np.testing.assert_array_equal(tw.fft.ifftshift(tw.fft.fftshift(x)).numpy(), x.numpy())


@pytest.mark.parametrize("n", [1, 2, 5, 8, 1001])
def test_frequencies_have_numpys_bits(n):
    for name in ("fftfreq", "rfftfreq"):
        want = getattr(np.fft, name)(n, 0.3)
        np.testing.assert_array_equal(getattr(tw.numpy.fft, name)(n, 0.3).numpy(), want)
        assert getattr(tw.fft, name)(n, 0.3).dtype == tw.float32


def test_convolution_by_a_transform_has_the_gradient_of_the_sum():
    x, w = (tw.asarray(numbers((8,), "float64", seed)).requires_grad_() for seed in (1, 2))
    y = tw.fft.irfft(tw.fft.rfft(x) * tw.fft.rfft(w), 8)
    g = numbers((8,), "float64", 3)
    y.backward(tw.asarray(g))
    turned = np.stack([np.roll(w.detach().numpy(), k) for k in range(8)])
    np.testing.assert_allclose(x.grad.numpy(), turned @ g, atol=1e-13)


def test_numpy_is_loaded_when_it_is_needed(python):
    done = python(
        "import sys; import tilewright as tw; print('tilewright.fft' in sys.modules); x = tw.ones(4); tw.fft\n"
        "print('numpy' in sys.modules); tw.fft.fft(x); print('numpy' in sys.modules)"
    )
    assert done.stdout.split() == ["False", "False", "True"], done.stderr
