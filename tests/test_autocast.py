"""Mixed precision: which ops compute in which dtype, gradients in float32, and one rule in one place."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright._engine import registry
from tilewright._engine.autocast import CASTS

F = nn.functional


def normal(*shape, dtype="float32", seed=0):
    return tw.random.Generator(seed).normal(size=shape).astype(dtype)


def rounded(x):
    return x.astype("bfloat16").astype("float32")


PRODUCTS = {
    "matmul": lambda x: x @ normal(6, 5),
    "einsum": lambda x: tw.einsum("ij,jk->ik", x, normal(6, 5)),
    "linear": lambda x: F.linear(x, normal(5, 6), normal(5)),
    "conv2d": lambda x: F.conv2d(x.reshape((1, 1, 4, 6)), normal(2, 1, 3, 3)),
    "conv_transpose2d": lambda x: F.conv_transpose2d(x.reshape((1, 1, 4, 6)), normal(1, 2, 3, 3)),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None]),
}
SENSITIVE = {
    "softmax": lambda x: F.softmax(x, 1),
    "log_softmax": lambda x: F.log_softmax(x, 1),
    "cross_entropy": lambda x: F.cross_entropy(x, tw.zeros(4, dtype="int64")),
    "mse_loss": lambda x: F.mse_loss(x, tw.zeros((4, 6), dtype="bfloat16")),
    "binary_cross_entropy_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, tw.ones((4, 6))),
    "layer_norm": lambda x: F.layer_norm(x, (6,)),
    "rms_norm": lambda x: F.rms_norm(x, (6,)),
    "group_norm": lambda x: F.group_norm(x, 2),
    "batch_norm": lambda x: nn.BatchNorm1d(6)(x),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(axis=0),
    "var": lambda x: tw.var(x),
    "exp": lambda x: tw.exp(x),
    "log": lambda x: tw.log(abs(x)),
    "power": lambda x: abs(x) ** 1.5,
    "logsumexp": lambda x: tw.logsumexp(x, axis=1),
    "cumulative_sum": lambda x: tw.cumulative_sum(x, axis=0),
}
OTHERS = {"relu": F.relu, "add": lambda x: x + x, "times a number": lambda x: x * 2, "transpose": lambda x: x.T,
          "concatenate": lambda x: tw.concatenate([x, x]), "max": lambda x: x.max(), "gelu": F.gelu}  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_round_their_operands(name):
    x = normal(4, 6)
    with tw.autocast("bfloat16"):
        got = PRODUCTS[name](x)
    assert got.dtype == tw.bfloat16
    exact = PRODUCTS[name](x)
    assert exact.dtype == tw.float32
    np.testing.assert_allclose(got.astype("float32").numpy(), exact.numpy(), rtol=0.02, atol=0.08)
    with tw.autocast("bfloat16"):
        assert PRODUCTS["matmul"](normal(4, 6, dtype="float64")).dtype == tw.float64


def test_a_product_has_the_bits_of_rounded_operands():
    x, weight, bias = normal(4, 96), normal(8, 96, seed=1), normal(8, seed=2)
    with tw.autocast():
        got = F.linear(x, weight, bias)
    assert got.tolist() == F.linear(*(v.astype("bfloat16") for v in (x, weight, bias))).tolist()
    wanted = F.linear(*(rounded(v).astype("float64") for v in (x, weight, bias))).numpy()
    np.testing.assert_allclose(got.astype("float64").numpy(), wanted, rtol=2.0**-8)  # rounded once, at the end


@pytest.mark.parametrize("name", SENSITIVE)
def test_what_is_sensitive_is_computed_in_float32(name):
    x = normal(4, 6, dtype="bfloat16")
    with tw.autocast():
        got = SENSITIVE[name](x)
    wanted = SENSITIVE[name](x.astype("float32"))
    assert got.dtype == tw.float32
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-2 if name == "mse_loss" else 1e-6)


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float64", "float16"])
def test_others_take_what_they_are_given(name, dtype):
    with tw.autocast():
        assert OTHERS[name](normal(4, 6, dtype=dtype)).dtype.name == dtype
        assert (normal(4, 6, dtype="bfloat16") + normal(6)).dtype == tw.float32


def test_recurrent_layers_compute_in_float32():
    layer, x = nn.LSTM(3, 4), normal(5, 2, 3)
    with tw.autocast():
        output, (h, c) = layer(x)
    assert {v.dtype.name for v in (output, h, c)} == {"float32"} and output.tolist() == layer(x)[0].tolist()


def test_parameters_and_gradients_stay_float32():
    model = nn.Sequential(nn.Linear(6, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 3))
    x, y = normal(16, 6), tw.arange(16) % 3

    def gradients(enabled):
        for p in model.parameters():
            p.grad = None
        with tw.autocast(enabled=enabled):
            loss = F.cross_entropy(model(x), y)
        assert loss.dtype == tw.float32
        loss.backward()
        assert {(p.dtype.name, p.grad.dtype.name) for p in model.parameters()} == {("float32", "float32")}
        return [p.grad.numpy() for p in model.parameters()]

    for low, exact in zip(gradients(True), gradients(False), strict=True):
        assert (low != exact).any()
        assert np.linalg.norm(low - exact) < 0.02 * np.linalg.norm(exact)


def test_what_is_called_again_in_backward_is_cast_as_it_was():
    x, weight = normal(4, 6).requires_grad_(), normal(6, 5)
    results = []
    for call in (lambda f: f(x), lambda f: tw.autograd.checkpoint(f, x)):
        with tw.autocast():
            loss = call(lambda x: tw.tanh(x @ weight)).sum()
        x.grad = None
        loss.backward()
        results.append(x.grad.tolist())
    assert results[0] == results[1] and not tw._core.TapeMode().casting


def test_fused_models_are_recorded_anew():
    model, x = nn.Sequential(nn.Linear(6, 4), nn.ReLU()), normal(3, 6)
    fused = nn.fuse(model)
    with tw.no_grad():
        exact = fused(x)
        with tw.autocast():
            assert fused(x).dtype == tw.bfloat16 and fused(x).tolist() == model(x).tolist()
        assert fused(x).tolist() == exact.tolist() and exact.dtype == tw.float32


def test_half_precisions_of_both_kinds_meet_in_bfloat16():
    with tw.autocast():
        assert (normal(2, 3, dtype="float16") @ normal(3, 2, dtype="bfloat16")).dtype == tw.bfloat16
        assert (normal(2, 3, dtype="float16") @ normal(3, 2, dtype="float16")).dtype == tw.float16


def test_it_ends_with_its_block_and_belongs_to_its_thread():
    x = normal(2, 2)
    seen = []
    with tw.autocast():
        thread = threading.Thread(target=lambda: seen.append((x @ x).dtype.name))
        thread.start()
        thread.join()
        with tw.autocast(enabled=False):
            seen.append((x @ x).dtype.name)
        seen.append((x @ x).dtype.name)
    with pytest.raises(ZeroDivisionError), tw.autocast():
        1 / 0  # noqa: B018
    seen.append((x @ x).dtype.name)
    assert seen == ["float32", "float32", "bfloat16", "float32"]


@pytest.mark.parametrize(("dtype", "error"), [("float16", ValueError), (tw.float32, ValueError), (3, TypeError)])
def test_other_dtypes_are_refused(dtype, error):
    with pytest.raises(error, match="autocast: dtype is "):
        tw.autocast(dtype)
    assert tw.autocast(tw.bfloat16).enabled


def test_every_op_of_the_rule_exists():
    for module in ("activations", "attention", "conv", "exponential", "linalg", "linear", "losses", "normalization"):
        __import__(f"tilewright._functions.{module}")
    assert set(CASTS) <= set(registry.OPS)
