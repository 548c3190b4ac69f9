"""What layers of attention compute, from their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

from .modules import M, refused
from .opcase import A

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


# fmt: off
MODULES = (
    M("AdditiveAttention", attention(additive), A((2, 3, 4)), A((2, 5, 6)), query_dim=4, key_dim=6,
      hidden=7, torch=False, errors=(
        refused(ValueError, "hidden is 0", "AdditiveAttention", 4, 6, 0),
        refused(TypeError, "query_dim is 'a'", "AdditiveAttention", "a", 6, 7))),
    M("BilinearAttention", attention(bilinear), A((2, 3, 4)), A((2, 5, 6)),
      query_dim=4, key_dim=6, torch=False, errors=(
        refused(ValueError, "key_dim is 0", "BilinearAttention", 4, 0),)),
    M("DotAttention", attention(dot), A((2, 3, 4)), A((2, 5, 4)), scaled=False, torch=False,
      errors=(refused(TypeError, "scaled is 'x'", "DotAttention", "x"),)),
    M("DotAttention", attention(half_dot), A((2, 3, 4)), A((2, 5, 4)), scaled=True,
      torch=False),
    M("CosineAttention", attention(cosine), A((2, 3, 4)), A((2, 5, 4)), scale=3.0, torch=False,
      errors=(refused(ValueError, "scale is 0.0", "CosineAttention", 0),)),
    M("NetworkAttention", attention(network), A((2, 3, 4)), A((2, 5, 6)), query_dim=4, key_dim=6,
      hidden=(7, 3), activation="silu", torch=False, errors=(
        refused(ValueError, r"hidden is \(\), but must be widths of at least 1", "NetworkAttention", 4, 6, ()),
        refused(ValueError, "activation is 'none'", "NetworkAttention", 4, 6, 7, "none"))),
)
# fmt: on
