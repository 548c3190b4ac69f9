"""What multi-head attention and Transformer layers compute, from their parameters: head by head, item by item."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import tilewright as tw
from tilewright.nn import functional as F

if TYPE_CHECKING:
    from tilewright import nn


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
