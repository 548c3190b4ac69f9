"""Dropout: a kernel that draws the mask and applies it. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import primitive, wrap
from .indexing import where

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _dropout(x: Tensor, p: float, seed: int, offset: int) -> Tensor:
    keep = wrap(_core.random_bernoulli(x.shape, seed, offset, 1 - p, x._array.device))
    return where(keep, x * (1 / (1 - p) if p < 1 else 0.0), 0.0)


@primitive(keeps=("mask",), composed=_dropout)
def dropout(x: Any, /, p: float, seed: int, offset: int) -> Tensor:  # type: ignore[empty-body]
    """`x / (1 - p)` where the mask, drawn from `offset` of the seed's stream, says so, else 0."""
