"""Vision Transformers and autoregressive images."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.nn import functional as F

try:
    import torch
except ImportError:
    torch = None


# ---- PixelCNN --------------------------------------------------------------------------------------------------------


def drawn_pixelcnn(colours=1, size=3, layers=3, width=6):
    tw.random.seed(0)
    return models.PixelCNN(5, colours, width=width, num_layers=layers, kernel_size=size).double()


def seen_by(net, shape, row, column, colour):
    """Which numbers (C, H, W) of an image the logits of one pixel depend on, by gradient."""
    images = tw.random.uniform(-1, 1, size=(1, *shape), dtype="float64")
    images.requires_grad = True
    net(images)[0, :, colour, row, column].square().sum().backward()
    return images.grad.numpy()[0] != 0


@pytest.mark.parametrize(("colours", "size"), [(1, 3), (1, 5), (2, 3), (3, 3)])
def test_pixels_depend_on_all_earlier_ones_and_on_no_later_one(colours, size):
    """In raster order, colours last: with layers enough there is no blind spot either."""
    height, width = 4, 5
    net = drawn_pixelcnn(colours, size, layers=5, width=24)
    place = np.arange(height * width * colours).reshape(height, width, colours).transpose(2, 0, 1)
    for row, column, colour in np.ndindex(height, width, colours):
        seen = seen_by(net, (colours, height, width), row, column, colour)
        np.testing.assert_array_equal(seen, place < place[colour, row, column])


def test_layers_see_as_far_as_their_kernels():
    """One layer of kernel 5: two rows above, of them two pixels to either side, and two pixels to the left."""
    seen = seen_by(drawn_pixelcnn(size=5, layers=1), (1, 7, 7), 4, 3, 0)[0]
    want = np.zeros((7, 7), bool)
    want[2:4, 1:6] = want[4, 1:3] = True
    np.testing.assert_array_equal(seen, want)


def test_a_layer_of_two_stacks_is_the_paper_s_formula():
    """tanh(W_f * x) . sigmoid(W_g * x), from the convolutions' weights, in NumPy."""
    net = drawn_pixelcnn(layers=2, width=2)
    x = np.random.default_rng(0).uniform(-1, 1, (1, 1, 4, 5))

    def gated(y):
        return np.tanh(y[:2]) / (1 + np.exp(-y[2:]))

    def convolved(layer, x, above, around):
        weight, bias = layer.weight.numpy(), layer.bias.numpy()[:, None, None]
        x = np.pad(x, ((0, 0), (above, 0), (around[0], around[1])))
        rows, columns = x.shape[1] - weight.shape[2] + 1, x.shape[2] - weight.shape[3] + 1
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2:], (1, 2))
        assert windows.shape[1:3] == (rows, columns)
        return np.einsum("ihwab,oiab->ohw", windows, weight) + bias

    def masked(layer, x, taps):
        weight = layer.weight.numpy().copy()
        if taps:
            weight[:, :, 0, -1] = 0 * weight[:, :, 0, -1] if taps == "A" else weight[:, :, 0, -1]
        x = np.pad(x, ((0, 0), (0, 0), (weight.shape[3] - 1, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[3], 2)
        return np.einsum("ihwb,oib->ohw", windows, weight[:, :, 0]) + layer.bias.numpy()[:, None, None]

    with tw.no_grad():
        want = net(tw.asarray(x)).numpy()[0, :, 0]
        above = beside = x[0]
        for first, layer in zip((True, False), net.layers, strict=True):
            rows = convolved(layer.vertical, above, 1, (1, 1))
            rows = rows[:, :-1] if first else rows
            given = gated(
                masked(layer.horizontal, beside, "A" if first else "B") + convolved(layer.link, rows, 0, (0, 0))
            )
            beside = masked(layer.result, given, "B") + (0 if first else beside)
            above = gated(rows)
        y = np.maximum(masked(net.hidden, np.maximum(beside, 0), "B"), 0)
        got = masked(net.output, y, "B")
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)


def test_samples_are_drawn_from_the_distributions_of_a_call():
    """Each pixel of the likeliest image is the likeliest of the logits that the whole image has."""
    net = drawn_pixelcnn(2).eval()
    images = net.sample(3, 4, 5, temperature=0)
    assert images.shape == (3, 2, 4, 5) and images.dtype == tw.int64
    np.testing.assert_array_equal(net(images).argmax(axis=1).numpy(), images.numpy())
    one, two, other = (net.sample(3, 4, 5, generator=tw.random.Generator(seed)).tolist() for seed in (7, 7, 8))
    assert one == two != other


def test_samples_may_begin_with_rows_that_are_given():
    net = drawn_pixelcnn(2).train()
    start = tw.random.integers(0, 5, size=(3, 2, 2, 5))
    images = net.sample(3, 4, 5, start=start, temperature=0)
    np.testing.assert_array_equal(images[:, :, :2].numpy(), start.numpy())
    np.testing.assert_array_equal(net(images).argmax(axis=1)[:, :, 2:].numpy(), images[:, :, 2:].numpy())
    np.testing.assert_array_equal(net.sample(3, 4, 5, start=images).numpy(), images.numpy())
    assert net.training


def test_levels_are_scaled_numbers():
    net = drawn_pixelcnn()
    images = tw.random.integers(0, 5, size=(2, 1, 4, 4))
    scaled = images.astype("float64") / 2 - 1
    np.testing.assert_allclose(net(images).detach().numpy(), net(scaled).detach().numpy(), rtol=1e-12)


def test_a_pixelcnn_learns_a_texture():
    """Stripes that repeat, of which noise hides a tenth: almost all bits but those of the noise are gone."""
    tw.random.seed(0)
    rows = (tw.arange(8)[:, None] + tw.arange(8)) % 3
    images = tw.where(tw.random.uniform(size=(64, 1, 8, 8)) < 0.1, 3, rows)
    net = models.PixelCNN(4, width=12, num_layers=3)
    optimizer = tw.optim.Adam(net.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), images)
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / math.log(2))
    entropy = -(0.1 * math.log2(0.1) + 0.9 * math.log2(0.9))
    assert losses[0] > 1.5 and entropy - 0.1 < losses[-1] < entropy + 0.3


def test_state_dicts_have_no_masks():
    net = drawn_pixelcnn()
    assert {name.rpartition(".")[2] for name in net.state_dict()} == {"weight", "bias"}
    again = models.PixelCNN(5, width=6, num_layers=3).double()
    again.load_state_dict(net.state_dict())
    x = tw.zeros((1, 1, 4, 4), dtype="int64")
    assert again(x).tolist() == net(x).tolist()


NET = models.PixelCNN(5, 2, width=4, num_layers=1)
IMAGES = tw.zeros((1, 2, 3, 3), dtype="int64")
WRONG = [
    (ValueError, "PixelCNN: levels is 1", lambda: models.PixelCNN(1)),
    (ValueError, "PixelCNN: kernel_size is 4, but must be odd", lambda: models.PixelCNN(4, kernel_size=4)),
    (ValueError, "PixelCNN: kernel_size is 1", lambda: models.PixelCNN(4, kernel_size=1)),
    (ValueError, "PixelCNN: width is 4, which in_channels=3 does not divide", lambda: models.PixelCNN(4, 3, width=4)),
    (TypeError, "PixelCNN: num_layers is 1.5", lambda: models.PixelCNN(4, num_layers=1.5)),
    (ValueError, r"PixelCNN: input has shape (1, 2, 3), but must be (N, 2, H, W)", lambda: NET(IMAGES[:, :, 0])),
    (ValueError, r"PixelCNN: input has shape (1, 1, 3, 3)", lambda: NET(IMAGES[:, :1])),
    (ValueError, "PixelCNN: input contains 5, but levels are from 0 to 4", lambda: NET(IMAGES + 5)),
    (ValueError, "PixelCNN: input contains -1", lambda: NET(IMAGES - 1)),
    (TypeError, "PixelCNN: input has dtype bool", lambda: NET(IMAGES > 0)),
    (ValueError, "PixelCNN.sample: height is 0", lambda: NET.sample(1, 0, 3)),
    (ValueError, "PixelCNN.sample: start has shape (1, 2, 3, 3), but must be (1, 2, rows, 3) with at most 2 rows",
     lambda: NET.sample(1, 2, 3, start=IMAGES)),
    (ValueError, "PixelCNN.sample: start has shape (2, 3, 3)", lambda: NET.sample(1, 3, 3, start=IMAGES[0])),
    (ValueError, "PixelCNN.sample: start contains 7", lambda: NET.sample(1, 3, 3, start=IMAGES + 7)),
    (TypeError, "PixelCNN.sample: start has dtype float32", lambda: NET.sample(1, 3, 3, start=IMAGES * 1.0)),
    (ValueError, "PixelCNN.sample: temperature is -1.0", lambda: NET.sample(1, 3, 3, temperature=-1)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), WRONG)
def test_wrong_arguments(error, message, call):
    with pytest.raises(error, match=re.escape(message)):
        call()
