"""Gradients of averages over axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .common import spread

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _mean(g: Tensor, x_shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    share = g.size / max(1, math.prod(x_shape))
    return spread(g * share, x_shape, axis, keepdims)


VJPS: dict[str, Any] = {
    "mean": _mean,
}

register_vjps(VJPS)
