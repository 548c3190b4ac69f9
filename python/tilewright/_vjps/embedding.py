"""Gradients of looking up rows, which write to these rows alone where there is a sum to add them to."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import DeferredCotangent
from .._functions import manipulation as mp
from .._functions.embedding import embedding, embedding_backward
from .._functions.indexing import where

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


class RowGradient(DeferredCotangent):
    """A cotangent that is `embedding_backward(g, indices, rows, left_out)`."""

    __slots__ = ("indices", "left_out", "like", "rows")

    def __init__(self, g: Tensor, indices: Any, rows: int, left_out: int) -> None:
        self.like = g
        self.indices = indices
        self.rows = rows
        self.left_out = left_out

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return self.like.nbytes + math.prod(self.indices.shape) * 8

    def value(self) -> Tensor:
        return embedding_backward(self.like, self.indices, self.rows, self.left_out)

    def add_to(self, total: Tensor) -> None:
        _core.embedding_add(total._array, self.indices, self.like._array, self.left_out)

    def detached(self) -> RowGradient:
        return RowGradient(self.like.detach(), self.indices, self.rows, self.left_out)


def _embedding(
    g: Tensor, indices: Any, weight_shape: tuple[int, int], left_out: int, by_frequency: bool
) -> RowGradient:
    rows = weight_shape[0]
    if by_frequency:
        once = wrap(_core.full((*indices.shape, 1), 1, g.dtype, g.device))
        g = g / embedding(embedding_backward(once, indices, rows, -1), indices, -1, False)
    return RowGradient(g, indices, rows, left_out)


def _embedding_backward(c: Tensor, indices: Any, left_out: int) -> Tensor:
    rows = embedding(c, indices, -1, False)
    if left_out < 0:
        return rows
    counts = _core.not_equal(_core.astype(indices, _core.DType.int64, False), left_out)
    return where(mp.expand_dims(wrap(counts), axis=-1), rows, 0.0)


VJPS: dict[str, Any] = {"embedding": _embedding, "embedding_backward": _embedding_backward}

register_vjps(VJPS)
