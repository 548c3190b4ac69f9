"""Weights that are packed once."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn

SHAPES = [(1, 7, 5), (3, 64, 10), (20, 200, 800), (64, 1030, 33), (100, 1, 1), (0, 4, 3), (5, 0, 3), (5, 4, 0)]


def layer_and_input(rows, inside, out, dtype="float32", activation="none", bias=True):
    rng = np.random.default_rng(rows + inside + out)
    layer = nn.Linear(inside, out, bias=bias, dtype=dtype, activation=activation)
    if bias:
        layer.bias.detach().copy_(tw.asarray(rng.standard_normal(out), dtype))
    return layer, tw.asarray(rng.standard_normal((rows, inside)), dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_layer(shape, dtype):
    layer, x = layer_and_input(*shape, dtype=dtype)
    got, want = nn.PackedLinear(layer)(x), layer(x)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    eps = {"float32": 2e-6, "float64": 1e-14, "bfloat16": 8e-3, "float16": 1e-3}[dtype]
    got, want = (tw.asarray(y.detach(), "float64").numpy() for y in (got, want))
    np.testing.assert_allclose(got, want, rtol=0, atol=2 * eps * np.abs(want).max(initial=1))


@pytest.mark.parametrize("activation", _core.activations())
@pytest.mark.parametrize("bias", [True, False])
def test_with_every_activation(activation, bias):
    layer, x = layer_and_input(33, 40, 50, activation=activation, bias=bias)
    x = tw.reshape(x, (3, 11, 40))
    got = nn.PackedLinear(layer)(x)
    np.testing.assert_allclose(got.numpy(), layer(x).detach().numpy(), rtol=1e-5, atol=1e-5)


def test_the_same_bits_for_any_number_of_threads_and_any_strides():
    layer, x = layer_and_input(64, 768, 512)
    packed = nn.PackedLinear(layer)
    before = tw.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            results.append(packed(x).numpy().tobytes())
            results.append(packed(tw.asarray(np.asfortranarray(x.numpy()))).numpy().tobytes())
    finally:
        tw.set_num_threads(before)
    assert len(set(results)) == 1


def test_it_is_a_copy():
    layer, x = layer_and_input(4, 6, 5)
    packed = nn.PackedLinear(layer)
    want = packed(x).numpy().copy()
    layer.weight.detach().fill_(0)
    layer.bias.detach().fill_(9)
    assert (packed(x).numpy() == want).all()
    assert list(packed.parameters()) == []


def test_what_it_refuses():
    layer, x = layer_and_input(4, 6, 5)
    packed = nn.PackedLinear(layer)
    with pytest.raises(TypeError, match="PackedLinear: layer is a ReLU, but must be a Linear"):
        nn.PackedLinear(nn.ReLU())
    with pytest.raises(RuntimeError, match="input wants a gradient"):
        packed(tw.ones((4, 6), dtype="float32").requires_grad_())
    with tw.no_grad():
        packed(tw.ones((4, 6)).requires_grad_())
    with pytest.raises(ValueError, match=r"linear: weight \(5, 6\) takes 6 features, but x \(4, 7\) has 7"):
        packed(tw.ones((4, 7)))
    with pytest.raises(TypeError, match="x and bias need dtype float64, but the weight is packed as float32"):
        packed(tw.asarray(x, "float64"))
