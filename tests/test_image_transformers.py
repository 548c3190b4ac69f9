"""Vision Transformers, against PyTorch's functions on drawn weights, and autoregressive images."""

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


# ---- Vision Transformers ---------------------------------------------------------------------------------------------

SIZES = {"image_size": (6, 8), "patch_size": 2, "num_layers": 2, "num_heads": 3, "hidden_dim": 12, "mlp_dim": 20}


def make_vit(**options):
    """A small one in float64, each parameter drawn."""
    net = models.VisionTransformer(**{**SIZES, "num_classes": 5, "in_channels": 2, **options}).double().eval()
    rng = np.random.default_rng(0)
    with tw.no_grad():
        for name, p in net.named_parameters():
            p[...] = rng.normal(1 if re.search(r"ln(_\d)?\.weight", name) else 0, 0.4, p.shape)
    return net


def vit_in_torch(state, images, heads):
    """The result, and the weights of each block (N, heads, T, T), written down once more."""

    def linear(path, x):
        return torch.nn.functional.linear(x, state[f"{path}weight"], state[f"{path}bias"])

    def norm(path, x):
        return torch.nn.functional.layer_norm(x, x.shape[-1:], state[f"{path}.weight"], state[f"{path}.bias"], 1e-6)

    kernel = state["conv_proj.weight"]
    x = torch.nn.functional.conv2d(images, kernel, state["conv_proj.bias"], stride=kernel.shape[2:])
    x = x.flatten(2).permute(0, 2, 1)
    if "class_token" in state:
        x = torch.cat([state["class_token"].expand(len(x), 1, -1), x], 1)
    x = x + state["encoder.pos_embedding"]
    count = 1 + max(int(n) for n in re.findall(r"encoder_layer_(\d+)", " ".join(state)))
    maps = []
    for path in (f"encoder.layers.encoder_layer_{i}" for i in range(count)):
        n, t, d = x.shape
        mixed = linear(f"{path}.self_attention.in_proj_", norm(f"{path}.ln_1", x))
        q, k, v = mixed.reshape(n, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
        maps.append(torch.softmax(q @ k.transpose(2, 3) / math.sqrt(d // heads), -1))
        joined = (maps[-1] @ v).permute(0, 2, 1, 3).reshape(n, t, d)
        x = x + linear(f"{path}.self_attention.out_proj.", joined)
        y = torch.nn.functional.gelu(linear(f"{path}.mlp.0.", norm(f"{path}.ln_2", x)))
        x = x + linear(f"{path}.mlp.3.", y)
    x = norm("encoder.ln", x)
    x = x[:, 0] if "class_token" in state else x.mean(1)
    if "heads.pre_logits.weight" in state:
        x = torch.tanh(linear("heads.pre_logits.", x))
    return linear("heads.head.", x), torch.stack(maps)


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("options", [{}, {"pool": "mean"}, {"representation_size": 7}], ids=str)
def test_results_and_gradients_are_pytorchs(options):
    net = make_vit(**options)
    state = {name: torch.from_numpy(p.detach().numpy().copy()) for name, p in net.state_dict().items()}
    for p in state.values():
        p.requires_grad_()
    x = np.random.default_rng(1).uniform(-1, 1, (3, 2, 6, 8))
    want, maps = vit_in_torch(state, torch.from_numpy(x), 3)
    got = net(tw.asarray(x))
    np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(net.attention_maps(x).numpy(), maps.detach().numpy(), rtol=1e-9, atol=1e-12)
    labels = np.array([0, 3, 1])
    torch.nn.functional.cross_entropy(want, torch.from_numpy(labels)).backward()
    F.cross_entropy(got, labels).backward()
    for name, p in net.named_parameters():
        np.testing.assert_allclose(p.grad.numpy(), state[name].grad.numpy(), rtol=1e-7, atol=1e-10, err_msg=name)


@pytest.fixture
def undrawn(monkeypatch):
    """Weights stay zero."""
    for name in nn.init.__all__:
        if name.endswith("_"):
            monkeypatch.setattr(nn.init, name, lambda tensor, *args, **options: tensor)


def test_vit_b_16_is_torchvisions(undrawn):
    """Names, shapes and order of its state dict, and the number of parameters."""
    net = models.vit_b_16()
    block = [("ln_1.weight", (768,)), ("ln_1.bias", (768,)), ("self_attention.in_proj_weight", (2304, 768)),
             ("self_attention.in_proj_bias", (2304,)), ("self_attention.out_proj.weight", (768, 768)),
             ("self_attention.out_proj.bias", (768,)), ("ln_2.weight", (768,)), ("ln_2.bias", (768,)),
             ("mlp.0.weight", (3072, 768)), ("mlp.0.bias", (3072,)), ("mlp.3.weight", (768, 3072)),
             ("mlp.3.bias", (768,))]  # fmt: skip
    want = [("class_token", (1, 1, 768)), ("conv_proj.weight", (768, 3, 16, 16)), ("conv_proj.bias", (768,))]
    want.append(("encoder.pos_embedding", (1, 197, 768)))
    want += [(f"encoder.layers.encoder_layer_{i}.{name}", shape) for i in range(12) for name, shape in block]
    want += [("encoder.ln.weight", (768,)), ("encoder.ln.bias", (768,))]
    want += [("heads.head.weight", (1000, 768)), ("heads.head.bias", (1000,))]
    assert [(name, p.shape) for name, p in net.state_dict().items()] == want
    assert sum(p.size for p in net.parameters()) == 86_567_656


# Parameters as torchvision publishes them; of networks with all layers but with one the others are counted by hand.
@pytest.mark.parametrize(
    ("name", "layers", "width", "hidden", "count"),
    [
        ("vit_b_32", 12, 768, 3072, 88_224_232),
        ("vit_l_16", 24, 1024, 4096, 304_326_632),
        ("vit_l_32", 24, 1024, 4096, 306_535_400),
        ("vit_h_14", 32, 1280, 5120, 632_045_800),
    ],
)
def test_numbers_of_parameters(name, layers, width, hidden, count, undrawn, monkeypatch):
    made = []
    encoder = models.vit.Encoder

    def shorter(tokens, num_layers, *rest):
        made.append(num_layers)
        return encoder(tokens, 1, *rest)

    monkeypatch.setattr(models.vit, "Encoder", shorter)
    net = getattr(models, name)()
    block = 4 * width * (width + 1) + 2 * width * hidden + hidden + width + 4 * width
    assert made == [layers]
    assert sum(p.size for p in net.parameters()) + (layers - 1) * block == count


def test_dropout_is_for_training_only():
    net = make_vit(dropout=0.5, attention_dropout=0.5)
    x = tw.random.normal(size=(2, 2, 6, 8), dtype="float64")
    assert net(x).tolist() == net(x).tolist()
    net.train()
    assert net(x).tolist() != net(x).tolist()
    maps = net.attention_maps(x)
    np.testing.assert_allclose(maps.sum(axis=-1).numpy(), 1, rtol=1e-12)
    assert net.training and not maps.requires_grad


def test_a_vit_learns_where_something_is():
    """A bright patch among others: its row of patches is the class."""
    tw.random.seed(0)
    places = tw.arange(32) % 12
    images = tw.random.normal(size=(32, 1, 6, 8)) * 0.1
    for i, place in enumerate(places.tolist()):
        row, column = place // 4 * 2, place % 4 * 2
        images[i, 0, row : row + 2, column : column + 2] = 1.0
    net = models.VisionTransformer(**{**SIZES, "num_classes": 3, "in_channels": 1})
    optimizer = tw.optim.Adam(net.parameters(), lr=1e-2)
    for step in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), places // 4)
        assert step or abs(loss.item() - math.log(3)) < 1e-6  # the last layer starts at zero
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05


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
    images = tw.where(tw.random.uniform(size=(24, 1, 8, 8)) < 0.1, 3, rows)
    net = models.PixelCNN(4, width=12, num_layers=2)
    optimizer = tw.optim.Adam(net.parameters(), lr=2e-2)
    losses = []
    for _ in range(40):
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


VIT = models.VisionTransformer(**SIZES, in_channels=2)
NET = models.PixelCNN(5, 2, width=4, num_layers=1)
IMAGES = tw.zeros((1, 2, 3, 3), dtype="int64")
WRONG = [
    (ValueError, "VisionTransformer: patch_size is (4, 4), which does not divide (6", lambda: make_vit(patch_size=4)),
    (ValueError, "VisionTransformer: hidden_dim is 12, which num_heads=5 does not", lambda: make_vit(num_heads=5)),
    (ValueError, "VisionTransformer: pool is 'max'", lambda: make_vit(pool="max")),
    (ValueError, "VisionTransformer: dropout is 2.0", lambda: make_vit(dropout=2)),
    (ValueError, "VisionTransformer: num_layers is 0", lambda: make_vit(num_layers=0)),
    (TypeError, "VisionTransformer: mlp_dim is 1.5", lambda: make_vit(mlp_dim=1.5)),
    (ValueError, "VisionTransformer: input has shape (1, 2, 3, 3), but must be (N, 2, 6, 8)", lambda: VIT(IMAGES)),
    (ValueError, "VisionTransformer: input has shape (2, 6, 8)", lambda: VIT.attention_maps(tw.zeros((2, 6, 8)))),
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
