"""Windows as columns against PyTorch over random arguments, and as convolutions."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright.nn import functional as F


def drawn(rng):
    """An image, maybe without a batch, and windows on it."""

    def pair(low, high):
        return tuple(rng.integers(low, high, 2).tolist()) if rng.random() < 0.5 else int(rng.integers(low, high))

    x = rng.normal(size=tuple(rng.integers(1, 4, rng.integers(1, 3))) + tuple(rng.integers(5, 8, 2)))
    return x, {"kernel_size": pair(1, 4), "dilation": pair(1, 3), "padding": pair(0, 3), "stride": pair(1, 4)}


def same(ours, theirs, x, *args, **given):
    """Results and gradients, bit for bit but for the order of sums; the result."""
    import torch

    a, b = torch.tensor(x, requires_grad=True), tw.asarray(x, requires_grad=True)
    want, got = theirs(a, *args, **given), ours(b, *args, **given)
    cotangent = np.random.default_rng(0).normal(size=got.shape)
    want.backward(torch.tensor(cotangent))
    got.backward(tw.asarray(cotangent))
    for g, w in ((got.detach(), want.detach()), (b.grad, a.grad)):
        np.testing.assert_allclose(g.numpy(), w.numpy(), rtol=1e-12, atol=1e-12, err_msg=f"{x.shape} {given}")
    return got.detach().numpy()


def test_they_are_pytorchs():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    for _ in range(200):
        x, given = drawn(rng)
        columns = same(F.unfold, torch.nn.functional.unfold, x, **given)
        same(F.fold, torch.nn.functional.fold, columns, x.shape[-2:], **given)


def test_each_is_the_others_adjoint():
    rng = np.random.default_rng(6)
    for _ in range(30):
        x, given = drawn(rng)
        columns = F.unfold(x, **given)
        y = tw.asarray(rng.normal(size=columns.shape))
        inner = (F.fold(y, x.shape[-2:], **given) * x).sum()
        np.testing.assert_allclose((columns * y).sum().item(), inner.item(), rtol=1e-10)


def test_a_product_with_columns_is_a_convolution():
    x, w = tw.ones((2, 3, 6, 5)), tw.ones((4, 3, 3, 3))
    y = tw.reshape(w, (4, 27)) @ F.unfold(x, 3, padding=1)
    corner = tw.reshape(y, (2, 4, 6, 5))[0, 0]
    assert corner[0].tolist() == [12.0, 18.0, 18.0, 18.0, 12.0] and corner[2, 2].item() == 27


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_short_floats_are_added_in_float32(dtype):
    columns = tw.full((1, 81, 4), 0.1, dtype=dtype)
    got = F.fold(columns, 10, 9)
    want = F.fold(columns.astype("float32"), 10, 9).astype(dtype)
    assert got.dtype.name == dtype and (got == want).all()


def test_integers_are_added_as_they_are():
    assert F.fold(tw.full((1, 4, 4), 100, dtype="uint8"), 3, 2).tolist()[0][0][1] == [200, 144, 200]  # modulo 256
