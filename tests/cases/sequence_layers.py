"""Functions and modules for sequences beside recurrent layers and softmax-attention."""

from __future__ import annotations

from typing import Any

import numpy as np

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

from .modules import M, conv, refused
from .opcase import A, OpCase, Raises, S

# ---- functions -------------------------------------------------------------------------------------------------------


def rotary(x: np.ndarray, cos: np.ndarray, sin: np.ndarray, interleaved: bool = False) -> np.ndarray:
    """As products of complex numbers."""
    pairs = cos.shape[-1]
    y = x.copy()
    first = slice(0, 2 * pairs, 2) if interleaved else slice(0, pairs)
    second = slice(1, 2 * pairs, 2) if interleaved else slice(pairs, 2 * pairs)
    turned = (x[..., first] + 1j * x[..., second]) * (cos + 1j * sin)
    y[..., first], y[..., second] = turned.real, turned.imag
    return y


def linear_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = False, feature_map: Any = None, **options: Any
) -> np.ndarray:
    """With all T x S weights."""
    phi = feature_map or (lambda x: np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))))
    weights = phi(q) @ np.swapaxes(phi(k), -1, -2)
    if causal:
        weights = np.tril(weights)
    padding = options.get("key_padding_mask")
    if padding is not None:
        shown = np.asarray(padding).reshape(len(padding), *(1,) * (q.ndim - 2), -1)
        weights, v = np.where(shown, 0, weights), np.where(np.swapaxes(shown, -1, -2), 0, v)
    total = weights.sum(-1, keepdims=True)
    return weights @ v / np.where(total == 0, 1, total)


def bad(function: str, error: type[Exception], message: str, *args: Any, **options: Any) -> Raises:
    return Raises(error, f"{function}: {message}", lambda: getattr(F, function)(*args, **options))


X, ROWS = tw.ones((2, 4, 6)), tw.ones((4, 6))
ANGLES = A((4, 2))
PADDED = np.array([[False, False, True, False], [True, True, True, True]])

FUNCTIONS = (
    OpCase(
        "nn.functional.rotary",
        rotary,
        (
            *(S(A((2, 4, 6)), ANGLES, ANGLES), S(A((2, 4, 6)), ANGLES, ANGLES, True)),
            *(S(A((2, 3, 4, 4)), A((2, 1, 4, 2)), A((2, 1, 4, 2))), S(A((1, 2)), A((1,)), A((1,)))),
            *(S(A((2, 0, 4)), A((0, 2)), A((0, 2))), S(A((3, 5)), A((3, 0)), A((3, 0)))),
        ),
        tolerance=12,
        lengths=lambda n: S(A((2, 2 * n)), A((2, n)), A((2, n))),
        large=S(A((4, 4, 130, 64)), A((130, 32)), A((130, 32)), True),
        errors=(
            bad("rotary", ValueError, r"input has shape \(4,\), but needs", tw.ones(4), tw.ones(2), tw.ones(2)),
            bad("rotary", ValueError, r"cos has shape \(4, 2\), but sin \(4, 1\)", X, ROWS[:, :2], ROWS[:, :1]),
            bad("rotary", ValueError, r"cos has shape \(4, 6\), but input .* at most half", X, ROWS, ROWS),
            bad("rotary", ValueError, r"cos has shape \(3, 2\), which does not broadcast to \(2, 4, 2\)", X,
                ROWS[:3, :2], ROWS[:3, :2]),
            bad("rotary", TypeError, "interleaved is 'no'", X, ROWS[:, :2], ROWS[:, :2], "no"),
        ),
    ),
    OpCase(
        "nn.functional.linear_attention",
        linear_attention,
        (
            *(S(A((2, 3, 4, 5)), A((2, 3, 6, 5)), A((2, 3, 6, 2))), S(A((2, 4, 5)), A((2, 4, 5)), A((2, 4, 3)), True)),
            S(A((2, 7, 3)), A((2, 7, 3)), A((2, 7, 2)), True, chunk=3),
            S(A((2, 7, 3)), A((2, 7, 3)), A((2, 7, 2)), True, chunk=1),
            S(A((2, 3, 3)), A((2, 4, 3)), A((2, 4, 2)), key_padding_mask=PADDED),
            S(A((2, 2, 4, 3)), A((2, 2, 4, 3)), A((2, 2, 4, 2)), True, key_padding_mask=PADDED, chunk=2),
            S(A((2, 3, 3), 1, 2), A((2, 4, 3), 1, 2), A((2, 4, 2)), feature_map=abs),
            *(S(A((2, 0, 3)), A((2, 0, 3)), A((2, 0, 2)), True), S(A((2, 3, 3)), A((2, 0, 3)), A((2, 0, 2)))),
        ),
        tolerance=40,
        lengths=lambda n: S(A((1, 3, n)), A((1, 3, n)), A((1, 3, 2)), True),
        large=S(A((2, 4, 300, 16)), A((2, 4, 300, 16)), A((2, 4, 300, 16)), True),
        errors=(
            bad("linear_attention", ValueError, r"query has shape \(4, 6\), but must be \(B", ROWS, ROWS, ROWS),
            bad("linear_attention", ValueError, r"key has shape .* but must be \(2, length", X, X[:1], X),
            bad("linear_attention", ValueError, r"query .* has size 6, but key .* has 5", X, X[..., :5], X),
            bad("linear_attention", ValueError, r"key has shape .* needs value \(2, 4, V\)", X, X, X[:, :3]),
            bad("linear_attention", ValueError, "query has .* causal=True needs as many keys", X, X[:, 1:], X[:, 1:],
                True),
            bad("linear_attention", ValueError, "chunk is 0", X, X, X, chunk=0),
            bad("linear_attention", ValueError, r"feature_map gave shape \(\)", X, X, X, feature_map=tw.sum),
            bad("linear_attention", TypeError, "feature_map is 3", X, X, X, feature_map=3),
            bad("linear_attention", TypeError, "key_padding_mask is float32", X, X, X, key_padding_mask=X[..., 0]),
            bad("linear_attention", ValueError, r"key_padding_mask has shape \(2,\)", X, X, X,
                key_padding_mask=[True, False]),
            bad("linear_attention", TypeError, "state is a Tensor", X, X, X, state=X),
            bad("linear_attention", ValueError, r"state has shapes .* but needs \(2, 6, 6\) and \(2, 6\)", X, X, X,
                state=(X, X)),
        ),
    ),
)  # fmt: skip


# ---- modules ---------------------------------------------------------------------------------------------------------


def turned(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    positions = np.arange(x.shape[-2])[:, None] / layer.factor
    angles = positions * layer.base ** (-np.arange(0, layer.size, 2) / layer.size)
    cos, sin = (tw.asarray(f(angles).astype("float32")) for f in (np.cos, np.sin))
    return F.rotary(x, cos, sin, layer.interleaved)


def sloped(layer: nn.Module, queries: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    count, others = queries.item(), keys.item()
    return layer.slopes[:, None] * (-np.abs(np.arange(1 - count, others))).astype("float32")


def bucketed(layer: nn.Module, queries: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    """By T5's formula."""
    away = np.arange(1 - queries.item(), keys.item())
    side, first = layer.num_buckets, np.zeros(len(away), int)
    if layer.bidirectional:
        side //= 2
        first, away = np.where(away > 0, side, 0), np.abs(away)
    else:
        away = np.maximum(-away, 0)
    exact = side // 2
    far = np.log(np.maximum(away, 1) / exact) / np.log(layer.max_distance / exact) * (side - exact)
    far = np.minimum(exact + np.floor(far + 1e-9).astype(int), side - 1)
    return layer.weight[tw.asarray(first + np.where(away < exact, away, far))].mT


def attended(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    q, k, v = (
        p(x).reshape(2, 5, layer.num_heads, -1).swapaxes(1, 2) for p in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    y = F.linear_attention(q, k, v, layer.causal, layer.feature_map, chunk=layer.chunk)
    return layer.out_proj(y.swapaxes(1, 2).reshape(x.shape))


def causal(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    return conv(layer, F.pad(x, ((layer.kernel_size[0] - 1) * layer.dilation[0], 0)))


def gated(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    activation = {"silu": F.silu, "gelu": F.gelu}[layer.activation]
    gate, up = F.linear(x, layer.gate_proj.weight, layer.gate_proj.bias), layer.up_proj(x)
    return layer.down_proj(activation(gate) * up)


HEADS, SEQUENCES = A((2, 3, 5, 8)), A((2, 5, 6))
THREE, FIVE, FORTY = (A(dtype="int64", values=n) for n in (3, 5, 40))
CONV = ("in_channels", "out_channels", "kernel_size", "stride", "dilation")


def fired(neurons: nn.LIF, current: tw.Tensor) -> tuple[tw.Tensor, tw.Tensor]:
    """Step by step: decay, sum, compare, reset."""
    v, spikes = tw.zeros_like(current[0]), []
    for step in current:
        v = neurons.decay * v + step
        spikes.append(tw.heaviside(v - neurons.threshold, 0.0))
        v = v - neurons.threshold * spikes[-1] if neurons.reset == "soft" else v * (1 - spikes[-1])
    return tw.stack(spikes), v


# In quarters, with a decay of a half: exact in every dtype, so that none fires where another does not.
CURRENT = A((4, 2, 3), values=np.arange(24).reshape(4, 2, 3) * 7 % 9 / 4)


MODULES = (
    M("LIF", fired, CURRENT, decay=0.5, threshold=1.125, reset="hard", surrogate="arctan", slope=2.0, torch=False,
      grad=0, errors=(refused(ValueError, "decay is 1.5", "LIF", 1.5),
                      refused(ValueError, "threshold is 0.0, but must be positive", "LIF", 0.5, 0),
                      refused(ValueError, "reset is 'none'", "LIF", reset="none"),
                      refused(ValueError, "surrogate is 'relu'", "LIF", surrogate="relu"),
                      refused(ValueError, "slope is inf", "LIF", slope=np.inf),
                      Raises(TypeError, "LIF: input has dtype int64", lambda: nn.LIF()([1])),
                      Raises(ValueError, r"LIF: input has shape \(0, 2\)", lambda: nn.LIF()(tw.ones((0, 2)))),
                      Raises(ValueError, r"LIF: state has shape \(3,\), but input \(4, 2\) needs \(2,\)",
                             lambda: nn.LIF()(tw.ones((4, 2)), tw.ones(3))))),
    M("LIF", fired, CURRENT, decay=0.5, torch=False, grad=0),
    M("RotaryPositions", turned, HEADS, size=8, torch=False, unshown=("base",),
      errors=(refused(ValueError, "size is 3, but must be even", "RotaryPositions", 3),
              refused(ValueError, "base is 0", "RotaryPositions", 2, 0),
              refused(ValueError, "factor is -1", "RotaryPositions", 2, factor=-1),
              Raises(ValueError, r"RotaryPositions: input has shape \(5, 3\)",
                     lambda: nn.RotaryPositions(4)(tw.ones((5, 3)))),
              Raises(ValueError, "RotaryPositions: offset is -1", lambda: nn.RotaryPositions(4)(tw.ones((5, 4)), -1)),
              Raises(ValueError, "RotaryPositions: offset has 1 entries",
                     lambda: nn.RotaryPositions(4)(tw.ones((2, 5, 4)), [3])),
              Raises(TypeError, "RotaryPositions: ", lambda: nn.RotaryPositions(4)(tw.ones((5, 4)), 0.5)))),
    M("RotaryPositions", turned, HEADS, size=4, base=100.0, interleaved=True, factor=2.0, torch=False),
    M("ALiBi", sloped, THREE, FIVE, num_heads=3, torch=False, grad=0,
      errors=(refused(ValueError, "num_heads is 0", "ALiBi", 0),
              Raises(ValueError, "ALiBi: queries is 0", lambda: nn.ALiBi(2)(0)),
              Raises(TypeError, "ALiBi: keys is 0.5", lambda: nn.ALiBi(2)(1, 0.5)))),
    M("RelativeBias", bucketed, FORTY, THREE, num_heads=3, num_buckets=8, max_distance=20, torch=False,
      errors=(refused(ValueError, "num_buckets is 5, but must be even", "RelativeBias", 2, 5),
              refused(ValueError, "max_distance is 2, but must be at least 3", "RelativeBias", 2, 8, 2),
              Raises(ValueError, "RelativeBias: keys is -1", lambda: nn.RelativeBias(2)(3, -1)))),
    M("RelativeBias", bucketed, FORTY, FORTY, num_heads=2, bidirectional=False, torch=False),
    M("LinearAttention", attended, SEQUENCES, embed_dim=6, num_heads=2, torch=False, tolerance=256,
      errors=(refused(ValueError, "embed_dim is 6, which num_heads=4 does not divide", "LinearAttention", 6, 4),
              refused(TypeError, "feature_map is 'elu'", "LinearAttention", 6, 3, feature_map="elu"),
              Raises(ValueError, r"LinearAttention: query has shape \(2, 3\), but must be \(B, length, 6\)",
                     lambda: nn.LinearAttention(6, 3)(tw.ones((2, 3)))),
              Raises(ValueError, "LinearAttention.step: the layer is not causal",
                     lambda: nn.LinearAttention(6, 3).step(tw.ones((1, 1, 6)))))),
    M("LinearAttention", attended, SEQUENCES, embed_dim=6, num_heads=3, bias=False, causal=True, chunk=2, torch=False,
      tolerance=256),
    M("CausalConv1d", causal, A((2, 4, 7)), in_channels=4, out_channels=6, kernel_size=3, dilation=2, groups=2,
      torch=False, unshown=CONV, errors=(refused(ValueError, "kernel_size is 0", "CausalConv1d", 1, 1, 0),
      Raises(ValueError, "CausalConv1d.step: stride is 2",
             lambda: nn.CausalConv1d(1, 1, 2, 2).step(tw.ones((1, 1, 1)))),
      Raises(ValueError, r"CausalConv1d.step: state has shape \(1, 1, 2\), .* needs \(1, 1, 1\)",
             lambda: nn.CausalConv1d(1, 1, 2).step(tw.ones((1, 1, 1)), tw.ones((1, 1, 2)))))),
    M("CausalConv1d", causal, A((2, 2, 7)), in_channels=2, out_channels=3, kernel_size=2, stride=2, bias=False,
      torch=False, unshown=CONV),
    M("GatedFeedForward", gated, SEQUENCES, embed_dim=6, hidden=8, torch=False, tolerance=256,
      errors=(refused(ValueError, "activation is 'swish'", "GatedFeedForward", 6, 8, "swish"),)),
    M("GatedFeedForward", gated, SEQUENCES, embed_dim=6, hidden=8, activation="gelu", bias=True, torch=False,
      tolerance=256),
)  # fmt: skip

CASES = FUNCTIONS
