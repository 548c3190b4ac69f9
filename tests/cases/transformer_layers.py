"""What multi-head attention and Transformer layers compute, from their parameters: head by head, item by item."""

from __future__ import annotations

import math

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

from .modules import M, called, refused
from .opcase import A


def projections(module: nn.MultiheadAttention) -> list[tuple[tw.Tensor, tw.Tensor | None]]:
    """Weight and bias of queries, keys and values."""
    e, k = module.embed_dim, module.num_kv_heads * module.head_dim
    rows = (slice(0, e), slice(e, e + k), slice(e + k, e + 2 * k))
    weights = [module.q_proj_weight, module.k_proj_weight, module.v_proj_weight]
    if module.in_proj_weight is not None:
        weights = [module.in_proj_weight[r] for r in rows]
    biases = [None if module.in_proj_bias is None else module.in_proj_bias[r] for r in rows]
    return list(zip(weights, biases, strict=True))


def attended(module: nn.MultiheadAttention, *given: tw.Tensor) -> tuple[tw.Tensor, tw.Tensor]:
    """Of one item: (L, E), (S, kdim) and (S, vdim); the output, and the weights of each head."""
    q, k, v = (F.linear(x, *how) for x, how in zip(given, projections(module), strict=True))
    if module.bias_k is not None:
        k, v = tw.concatenate([k, module.bias_k[0]]), tw.concatenate([v, module.bias_v[0]])
    if module.add_zero_attn:
        k, v = (tw.concatenate([x, tw.zeros((1, x.shape[1]), dtype=x.dtype)]) for x in (k, v))
    d, results, all_weights = module.head_dim, [], []
    for head in range(module.num_heads):
        own = head // (module.num_heads // module.num_kv_heads)
        of_query, of_key = slice(head * d, (head + 1) * d), slice(own * d, (own + 1) * d)
        weights = F.softmax(q[:, of_query] @ k[:, of_key].mT / d**0.5, -1)
        results.append(weights @ v[:, of_key])
        all_weights.append(weights)
    return module.out_proj(tw.concatenate(results, 1)), tw.stack(all_weights)


def multihead(module: nn.MultiheadAttention, *given: tw.Tensor) -> tuple[tw.Tensor, tw.Tensor]:
    """Of a batch, or of one item; weights averaged over heads."""
    if given[0].ndim == 2:
        output, weights = attended(module, *given)
        return output, weights.mean(0)
    items = [attended(module, *x) for x in zip(*(by_item(module, x) for x in given), strict=True)]
    output = tw.stack([output for output, _ in items], 0 if module.batch_first else 1)
    return output, tw.stack([weights.mean(0) for _, weights in items])


def by_item(module: nn.Module, x: tw.Tensor) -> list[tw.Tensor]:
    return [x[n] if module.batch_first else x[:, n] for n in range(x.shape[0 if module.batch_first else 1])]


def self_attention(module: nn.MultiheadAttention, x: tw.Tensor) -> tw.Tensor:
    return multihead(module, x, x, x)[0]


def feed_forward(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    """With relu."""
    return layer.linear2(tw.where(layer.linear1(x) > 0, layer.linear1(x), 0.0))


def encoder_layer(layer: nn.Module, x: tw.Tensor) -> tw.Tensor:
    if layer.norm_first:
        x = x + self_attention(layer.self_attn, layer.norm1(x))
        return x + feed_forward(layer, layer.norm2(x))
    x = layer.norm1(x + self_attention(layer.self_attn, x))
    return layer.norm2(x + feed_forward(layer, x))


def decoder_layer(layer: nn.Module, x: tw.Tensor, memory: tw.Tensor) -> tw.Tensor:
    if layer.norm_first:
        x = x + self_attention(layer.self_attn, layer.norm1(x))
        x = x + multihead(layer.multihead_attn, layer.norm2(x), memory, memory)[0]
        return x + feed_forward(layer, layer.norm3(x))
    x = layer.norm1(x + self_attention(layer.self_attn, x))
    x = layer.norm2(x + multihead(layer.multihead_attn, x, memory, memory)[0])
    return layer.norm3(x + feed_forward(layer, x))


def encoder(module: nn.Module, x: tw.Tensor) -> tw.Tensor:
    for layer in module.layers:
        x = encoder_layer(layer, x)
    return x if module.norm is None else module.norm(x)


def decoder(module: nn.Module, x: tw.Tensor, memory: tw.Tensor) -> tw.Tensor:
    for layer in module.layers:
        x = decoder_layer(layer, x, memory)
    return x if module.norm is None else module.norm(x)


def transformer(module: nn.Module, src: tw.Tensor, tgt: tw.Tensor) -> tw.Tensor:
    return decoder(module.decoder, tgt, encoder(module.encoder, src))


def sinusoidal(module: nn.Module, x: tw.Tensor) -> tw.Tensor:
    """Of (N, T, 5), number by number."""
    table = [
        [(math.cos if i % 2 else math.sin)(t / module.base ** ((i - i % 2) / 5)) for i in range(5)]
        for t in range(x.shape[1])
    ]
    return x + tw.asarray(table, dtype=x.dtype)


STACKED = ("d_model", "nhead", "dim_feedforward", "dropout", "bias", "num_encoder_layers", "num_decoder_layers")
MODULES = [
    M("MultiheadAttention", multihead, A((3, 2, 4)), A((5, 2, 4)), A((5, 2, 4)), embed_dim=4, num_heads=2,
      exact=False,
      errors=(refused(ValueError, "embed_dim is 4, which 3 heads do not divide", "MultiheadAttention", 4, 3),
              refused(ValueError, "num_heads is 4, which num_kv_heads=3 does not divide", "MultiheadAttention", 4, 4,
                      num_kv_heads=3),
              refused(ValueError, "num_heads is 0", "MultiheadAttention", 4, 0),
              refused(ValueError, "dropout is 2.0", "MultiheadAttention", 4, 2, 2.0),
              refused(ValueError, "kdim is 0", "MultiheadAttention", 4, 2, kdim=0),
              refused(TypeError, "batch_first is 'no'", "MultiheadAttention", 4, 2, batch_first="no"),
              refused(TypeError, "dtype is int64", "MultiheadAttention", 4, 2, dtype="int64"))),
    M("MultiheadAttention", multihead, A((3, 4)), A((5, 3)), A((5, 2)), embed_dim=4, num_heads=2, kdim=3,
      vdim=2, bias=False, exact=False),
    M("MultiheadAttention", multihead, A((2, 3, 4)), A((2, 2, 4)), A((2, 2, 4)), embed_dim=4, num_heads=4,
      add_bias_kv=True, add_zero_attn=True, batch_first=True, exact=False),
    M("MultiheadAttention", multihead, A((2, 3, 8)), A((2, 4, 8)), A((2, 4, 8)), embed_dim=8, num_heads=4,
      num_kv_heads=2, batch_first=True, exact=False, torch=False),
    M("TransformerEncoderLayer", encoder_layer, A((3, 2, 4)), d_model=4, nhead=2, dim_feedforward=6,
      dropout=0.0, exact=False, tolerance=256, unshown=STACKED,
      errors=(refused(ValueError, "d_model is 4, which 3 heads do not divide", "TransformerEncoderLayer", 4, 3),
              refused(ValueError, "activation is 'swish'", "TransformerEncoderLayer", 4, 2, activation="swish"),
              refused(TypeError, "activation is 3", "TransformerEncoderLayer", 4, 2, activation=3),
              refused(ValueError, "dim_feedforward is 0", "TransformerEncoderLayer", 4, 2, 0))),
    M("TransformerEncoderLayer", encoder_layer, A((2, 3, 4)), d_model=4, nhead=2, dim_feedforward=6,
      dropout=0.1, batch_first=True, norm_first=True, bias=False, random=True, exact=False, tolerance=256,
      unshown=STACKED),
    M("TransformerDecoderLayer", decoder_layer, A((3, 2, 4)), A((4, 2, 4)), d_model=4, nhead=2,
      dim_feedforward=6, dropout=0.0, exact=False, tolerance=256, unshown=STACKED,
      errors=(refused(ValueError, "dropout is -1.0", "TransformerDecoderLayer", 4, 2, dropout=-1.0),)),
    M("TransformerDecoderLayer", decoder_layer, A((2, 3, 4)), A((2, 4, 4)), d_model=4, nhead=1,
      dim_feedforward=6, dropout=0.1, batch_first=True, norm_first=True, random=True, exact=False, tolerance=256,
      unshown=STACKED),
    M("TransformerEncoder", encoder, A((3, 2, 4)), exact=False, tolerance=256, torch=False,
      build=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0), 2, nn.LayerNorm(4)),
      errors=(refused(TypeError, "encoder_layer is None, but must be a Module", "TransformerEncoder", None, 2),
              refused(ValueError, "num_layers is -1", "TransformerEncoder", nn.Identity(), -1),
              refused(TypeError, "norm is 1, but must be a Module", "TransformerEncoder", nn.Identity(), 1, 1))),
    M("TransformerDecoder", decoder, A((3, 2, 4)), A((4, 2, 4)), exact=False, tolerance=256, torch=False,
      build=lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 6, 0.0), 2),
      errors=(refused(TypeError, "decoder_layer is 'x', but must be a Module", "TransformerDecoder", "x", 2),)),
    M("Transformer", transformer, A((3, 2, 4)), A((4, 2, 4)), d_model=4, nhead=2, num_encoder_layers=2,
      num_decoder_layers=1, dim_feedforward=6, dropout=0.0, exact=False, tolerance=512, grad=1, unshown=STACKED,
      errors=(refused(ValueError, "num_decoder_layers is -1", "Transformer", 4, 2, 1, -1),
              refused(TypeError, "custom_encoder is 'x'", "Transformer", 4, 2, custom_encoder="x"))),
    M("SinusoidalPositions", sinusoidal, A((2, 3, 5)), embedding_dim=5, base=100.0, torch=False,
      exact=False, errors=(refused(ValueError, "embedding_dim is 0", "SinusoidalPositions", 0),
              refused(ValueError, "base is 0.0", "SinusoidalPositions", 4, 0.0),
              called(r"SinusoidalPositions: input has shape \(2, 3, 4, 5\), but must be \(.., T, 4\)",
                     "SinusoidalPositions", 4))),
    M("LearnedPositions", lambda module, x: x + module.weight[:3], A((2, 3, 4)), num_positions=7, embedding_dim=4,
      torch=False,
      errors=(refused(ValueError, "num_positions is 0", "LearnedPositions", 0, 4),
              refused(ValueError, "std is -1.0", "LearnedPositions", 3, 4, -1.0),
              called(r"LearnedPositions: input \(2, 3, 4, 5\) with offset=0 ends at position 4, but there are 2",
                     "LearnedPositions", 2, 5))),
]  # fmt: skip
