"""Weights of fewer bits."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn

SHAPES = [(1, 7, 5), (1, 768, 100), (2, 33, 40), (3, 64, 10), (4, 200, 129), (5, 200, 129), (64, 1030, 33), (100, 1, 1)]
SHAPES += [(0, 4, 3), (5, 0, 3), (5, 4, 0)]


def drawn(rows, inside, out):
    rng = np.random.default_rng(rows + inside + out)
    draw = [rng.standard_normal(shape).astype("f") for shape in ((rows, inside), (out, inside), (out,))]
    return [tw.asarray(values) for values in draw]


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_layer_of_the_weight_that_the_codes_stand_for(shape, dtype):
    x, weight, bias = drawn(*shape)
    layer = nn.CompressedLinear(weight, bias, "relu", dtype)
    assert layer.codes.dtype.name == dtype
    numbers = layer.codes.astype("float32").numpy().astype("d")
    if layer.scale is not None:
        numbers *= layer.scale.numpy()[:, None]
    got = layer(x).numpy()
    want = np.maximum(x.numpy().astype("d") @ numbers.T + bias.numpy(), 0)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max(initial=1))


def test_no_weight_is_off_by_more_than_half_a_step():
    _, weight, _ = drawn(1, 50, 40)
    weight[3] = 0.0
    layer = nn.CompressedLinear(weight)
    step = layer.scale.numpy()[:, None]
    assert (np.abs(layer.codes.numpy() * step - weight.numpy()) <= 0.5001 * step).all()
    assert (layer.codes[3] == 0).all().item()
    half = nn.CompressedLinear(weight, dtype="bfloat16").codes.astype("float32").numpy()
    np.testing.assert_allclose(half, weight.numpy(), rtol=2.0**-8)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_rows_are_the_same_bits_alone_and_at_any_thread_count(dtype):
    x, weight, bias = drawn(4, 300, 700)
    layer = nn.CompressedLinear(weight, bias, dtype=dtype)
    before, results = tw.get_num_threads(), []
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            results.append(layer(x[:1]).tolist() + layer(x).tolist())
    finally:
        tw.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_the_gradient_reaches_what_is_not_compressed():
    x, weight, bias = drawn(3, 6, 4)
    layer = nn.CompressedLinear(weight, bias)
    x.requires_grad = True
    layer(x).sum().backward()
    numbers = layer.codes.numpy() * layer.scale.numpy()[:, None]
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(numbers.sum(0), x.shape), rtol=1e-5)


class Net(nn.Module):
    def __init__(self):
        self.first = nn.Linear(6, 6, activation="tanh")
        self.again = self.first
        self.rest = nn.ModuleList([nn.LayerNorm(6), nn.Linear(6, 3, bias=False)])

    def forward(self, x):
        x = self.again(self.first(x))
        for layer in self.rest:
            x = layer(x)
        return x


@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_a_model_is_compressed_in_place(dtype):
    tw.random.seed(1)
    net, (x, _, _) = Net(), drawn(20, 6, 1)
    want = net(x).detach().numpy()
    assert nn.compress(net, dtype) is net
    assert net.first is net.again
    assert isinstance(net.rest[1], nn.CompressedLinear)
    assert not net.training
    assert not [name for name, _ in net.named_parameters() if not name.startswith("rest.0")]
    assert np.abs(net(x).detach().numpy() - want).max() < 0.05 * np.abs(want).max()


def test_its_state_is_saved_and_loaded(tmp_path):
    x, weight, bias = drawn(3, 6, 4)
    one, other = nn.CompressedLinear(weight, bias), nn.CompressedLinear(tw.zeros_like(weight), tw.zeros_like(bias))
    tw.io.save(tmp_path / "layer.safetensors", one.state_dict())
    other.load_state_dict(tw.io.load(tmp_path / "layer.safetensors"))
    assert other(x).tolist() == one(x).tolist()


def test_a_single_layer_gives_what_takes_its_place():
    assert isinstance(nn.compress(nn.Linear(3, 2)), nn.CompressedLinear)


@pytest.mark.parametrize(
    ("dtype", "bad"), [("int8", np.inf), ("int8", np.nan), ("bfloat16", -np.inf), ("bfloat16", np.nan)]
)
def test_a_weight_that_is_not_finite_leaves_the_model_as_it_was(dtype, bad):
    net = Net()
    net.rest[1].weight.detach()[0, 0] = bad
    with pytest.raises(ValueError, match=f"CompressedLinear: weight is not finite, so {dtype} cannot hold it"):
        nn.compress(net, dtype)
    assert isinstance(net.first, nn.Linear)


def test_a_weight_beyond_bfloat16_is_refused():
    with pytest.raises(ValueError, match="not finite, so bfloat16 cannot hold it"):
        nn.CompressedLinear([[3.4e38]], dtype="bfloat16")
    assert np.isfinite(nn.CompressedLinear([[3.4e38]])([1.0]).numpy()).all()


@pytest.mark.parametrize("size", [0.0, 1e-45, 2e-43, 1e-38, 1e-36, 1e-34])
def test_tiny_rows_are_off_by_half_of_their_scale(size):
    """A scale that is rounded to few digits, or to 0, would make other codes of the row."""
    weight = (np.array([[1.0, -0.5, 0.3], [0.2, 0.7, -1.0]]) * size).astype("float32")
    layer = nn.CompressedLinear(weight)
    numbers = layer.codes.numpy().astype("float64") * layer.scale.numpy()[:, None]
    assert np.all(np.abs(numbers - weight) <= 0.5001 * layer.scale.numpy()[:, None])
    assert np.all(layer.scale.numpy() > 0)
    if size == 1e-34:
        np.testing.assert_array_equal(layer.codes.numpy(), [[127, -64, 38], [25, 89, -127]])


def test_what_is_refused():
    with pytest.raises(TypeError, match="compress: model is a function, but must be a Module"):
        nn.compress(lambda x: x)
    with pytest.raises(ValueError, match="compress: dtype is 'int4', but must be"):
        nn.compress(nn.Linear(2, 2), "int4")
    with pytest.raises(TypeError, match="compressed_linear: x is complex64, but must be floating"):
        nn.CompressedLinear([[1.0]], dtype="bfloat16")(tw.asarray([1.0], dtype="complex64"))


@pytest.mark.parametrize("dtype", ["int8", "bfloat16"])
def test_costs_are_those_of_the_layer_it_takes_the_place_of(dtype):
    net = nn.Sequential(nn.Linear(6, 4, bias=False), nn.Linear(4, 3))
    wanted = [(row.connections, row.multiply_adds) for row in net.summary((5, 6)).layers]
    got = [(row.connections, row.multiply_adds) for row in nn.compress(net, dtype).summary((5, 6)).layers]
    assert got == wanted and got[1:3] == [(120, 120), (75, 60)]
