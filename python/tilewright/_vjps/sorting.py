"""Gradients of elements in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import indexing as ix, sorting as sorting  # declares the ops

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _of_values(g: tuple[Any, ...], indices: Tensor, axis: int, x_shape: tuple[int, ...]) -> Tensor:
    """Each value's cotangent back to where it came from; positions have none."""
    return ix._gather_backward(g[0], indices._array, axis, x_shape)


VJPS: dict[str, Any] = {
    "sort": _of_values,
    "topk": _of_values,
}

register_vjps(VJPS)
