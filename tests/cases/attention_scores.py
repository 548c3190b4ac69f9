"""What layers of attention compute, from their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

if TYPE_CHECKING:
    from collections.abc import Callable


def attention(score: Callable[..., tw.Tensor]) -> Callable[..., tuple[tw.Tensor, tw.Tensor]]:
    """Context and weights by a score of queries (2, 3, Q) and keys (2, 5, K)."""

    def expected(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tuple[tw.Tensor, tw.Tensor]:
        weights = F.softmax(score(layer, query, keys), -1)
        return weights @ keys, weights

    return expected


def additive(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    together = tw.tanh(layer.query(query)[:, :, None] + layer.key(keys)[:, None])
    return layer.score(together)[..., 0]


def cosine(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    return F.normalize(query, dim=-1, eps=0.0001) * layer.scale @ F.normalize(keys, dim=-1, eps=0.0001).mT


def network(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    hidden = F.silu(layer.query(query)[:, :, None] + layer.key(keys)[:, None])
    return layer.layers[1](layer.layers[0](hidden))[..., 0]


def bilinear(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    return query @ layer.key(keys).mT


def dot(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    return query @ keys.mT


def half_dot(layer: nn.Module, query: tw.Tensor, keys: tw.Tensor) -> tw.Tensor:
    """Scaled, for vectors of length 4."""
    return query @ keys.mT / 2
