"""Softmax-attention: every query's mean of the values, weighted by the softmax of its scores with the keys.

Public in `nn.functional`. Queries are (B, H, T, D), keys (B, K, S, D) and values (B, K, S, V); query head h reads the
keys and values of head h // (H / K), so that H / K neighbours share them.

score = scale q k, then cap tanh(score / cap) where there is a cap,
then + bias[b, h, i, j] + relative[h, j - i + T - 1].
Which scores count is the meeting of

- `keep`, a condition, broadcast to (B, H, T, S), and where `bias` and `relative` are not -inf;
- a band: with d = 0, or S - T where it is aligned at the lower right, query i sees keys i + d - left to i + d + right;
- `sequences`: (item, first query, queries, first key, keys) of each, five numbers in a row. A query sees the keys of
  its own sequence only, and the band, d and `relative` count from the first ones. Queries in no sequence see nothing.

Scores that do not count are selected away, not added to, so what they are made of has no influence. A query without
any score has zeros for its output, -inf for its log-sum-exp, and gives no gradient to anything.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import primitive, wrap
from .creation import arange, full, zeros
from .exponential import exp, log
from .indexing import where
from .logical import logical_and
from .manipulation import astype, broadcast_to, expand_dims, reshape
from .reductions import any as any_, max as max_, sum as sum_
from .trigonometric import tanh

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

UNBOUNDED = -1  # of a band


def _heads_repeated(x: Tensor, heads: int) -> Tensor:
    batch, own, *rest = x.shape
    if own == heads:
        return x
    groups = broadcast_to(expand_dims(x, 2), (batch, own, heads // own, *rest))
    return reshape(groups, (batch, heads, *rest))


def _away(queries: int, keys: int, device: str) -> Tensor:
    """j - i of query i and key j, (queries, keys)."""
    return arange(keys, device=device) - expand_dims(arange(queries, device=device), 1)


def _band(queries: int, keys: int, lower_right: bool, left: int, right: int, device: str) -> Tensor | None:
    """Where the band lets queries look, (queries, keys); None for everywhere."""
    if left == right == UNBOUNDED:
        return None
    away = _away(queries, keys, device) - (keys - queries if lower_right else 0)
    seen = away <= right if right != UNBOUNDED else away >= -left
    return logical_and(seen, away >= -left) if left != UNBOUNDED else seen


def _counted(
    shape: tuple[int, int, int, int], band: tuple[bool, int, int], sequences: tuple[int, ...] | None, device: str
) -> Tensor | None:
    """What the band and the sequences let count, broadcast to the shape of the scores; None for everything."""
    batch, _, queries, keys = shape
    if sequences is None:
        return _band(queries, keys, *band, device)
    counted = zeros((batch, 1, queries, keys), dtype="bool", device=device)
    for at in range(0, len(sequences), 5):
        item, query, its_queries, key, its_keys = sequences[at : at + 5]
        its_band = _band(its_queries, its_keys, *band, device)
        counted[item, 0, query : query + its_queries, key : key + its_keys] = True if its_band is None else its_band
    return counted


def _distances(shape: tuple[int, int, int, int], sequences: tuple[int, ...] | None, device: str) -> Tensor:
    """Columns of `relative` for the scores, broadcast to (B, 1, T, S)."""
    batch, _, queries, keys = shape
    away = _away(queries, keys, device) + (queries - 1)
    if sequences is None:
        return away
    shifted = zeros((batch, queries, keys), dtype="int64", device=device)
    for at in range(0, len(sequences), 5):
        item, query, its_queries, key, its_keys = sequences[at : at + 5]
        shifted[item, query : query + its_queries, key : key + its_keys] = away[:its_queries, :its_keys]
    return shifted


def _meeting(first: Tensor | None, second: Tensor | None) -> Tensor | None:
    if first is None or second is None:
        return second if first is None else first
    return logical_and(first, second)


def _biases(
    shape: tuple[int, int, int, int],
    keep: Tensor | None,
    bias: Tensor | None,
    relative: Tensor | None,
    band: tuple[bool, int, int],
    sequences: tuple[int, ...] | None,
    device: str,
) -> tuple[list[Tensor], Tensor | None]:
    """What is added to the scores, without its -inf, and which of them count: both broadcast to (B, H, T, S)."""
    counted = _meeting(keep, _counted(shape, band, sequences, device))
    given = [] if bias is None else [bias]
    if relative is not None:
        columns = _distances(shape, sequences, device)
        given.append(relative[:, columns] if columns.ndim == 2 else relative[:, columns].swapaxes(0, 1))
    biases = []
    for added in given:
        finite = added.detach() != -math.inf
        counted = _meeting(counted, finite)
        biases.append(where(finite, added, 0.0))
    return biases, counted


def _weights(score: Tensor, counted: Tensor | None) -> tuple[Tensor, Tensor]:
    """The softmax of the scores that count, (B, H, T, S), and its log-sum-exp, (B, H, T)."""
    if not score.shape[3]:
        return score, full(score.shape[:3], -math.inf, dtype=score.dtype, device=score.device)
    if counted is None:
        most = max_(score.detach(), axis=-1, keepdims=True)
        power = exp(score - most)
    else:
        most = max_(where(counted, score.detach(), -math.inf), axis=-1, keepdims=True)
        most = where(any_(broadcast_to(counted, score.shape), axis=-1, keepdims=True), most, 0.0)
        power = where(counted, exp(where(counted, score, most) - most), 0.0)
    total = sum_(power, axis=-1, keepdims=True)
    empty = total == 0
    total = where(empty, 1.0, total)
    return power / total, where(empty, -math.inf, most + log(total))[..., 0]


def _seen(x: Tensor, counted: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    """Keys or values, with zeros for those that no query of their item sees: 0 * NaN is NaN."""
    if counted is None:
        return x
    by_any = any_(broadcast_to(counted, shape), axis=(1, 2))
    return where(reshape(by_any, (shape[0], 1, shape[3], 1)), x, 0.0)


def with_weights(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keep: Tensor | None,
    bias: Tensor | None,
    relative: Tensor | None,
    scale: float,
    softcap: float,
    lower_right: bool,
    left: int,
    right: int,
    sequences: tuple[int, ...] | None,
    p: float,
    seed: int,
    offset: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Output (B, H, T, V), log-sum-exp (B, H, T), and the weights (B, H, T, S) that the values got, after dropout.

    The definition of the op. Of halves all is float32, rounded at the results.
    """
    dtype = q.dtype
    if dtype.itemsize == 2:
        q, k, v = (astype(x, "float32") for x in (q, k, v))
        bias, relative = (x if x is None else astype(x, "float32") for x in (bias, relative))
    shape = (q.shape[0], q.shape[1], q.shape[2], k.shape[2])
    biases, counted = _biases(shape, keep, bias, relative, (lower_right, left, right), sequences, q.device)
    score = (q @ _heads_repeated(_seen(k, counted, shape), shape[1]).mT) * scale
    if softcap:
        score = tanh(score * (1 / softcap)) * softcap
    for added in biases:
        score = score + added
    weights, lse = _weights(score, counted)
    if p:
        drawn = wrap(_core.random_bernoulli(shape, seed, offset, 1 - p, q._array.device))
        weights = where(drawn, weights * (1 / (1 - p) if p < 1 else 0.0), 0.0)
    output = weights @ _heads_repeated(_seen(v, counted, shape), shape[1])
    return astype(output, dtype, copy=False), lse, astype(weights, dtype, copy=False)


def _output_and_lse(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    keep: Tensor | None,
    bias: Tensor | None,
    relative: Tensor | None,
    scale: float,
    softcap: float,
    lower_right: bool,
    left: int,
    right: int,
    sequences: tuple[int, ...] | None,
    p: float,
    seed: int,
    offset: int,
) -> tuple[Tensor, Tensor]:
    band = lower_right, left, right
    return with_weights(q, k, v, keep, bias, relative, scale, softcap, *band, sequences, p, seed, offset)[:2]


@primitive(results=("output", "lse"), conditions=("keep",), composed=_output_and_lse)
def scaled_dot_product_attention(  # type: ignore[empty-body]
    q: Any,
    k: Any,
    v: Any,
    keep: Any,
    bias: Any,
    relative: Any,
    /,
    scale: float,
    softcap: float,
    lower_right: bool,
    left: int,
    right: int,
    sequences: tuple[int, ...] | None,
    p: float,
    seed: int,
    offset: int,
) -> tuple[Any, Any]:
    """Output (B, H, T, V), in the memory order of `q`, and log-sum-exp (B, H, T) of what `with_weights` takes.

    Sequences come in the order of their queries and of their keys, and share none.
    """
