"""Gradients of reading, writing and choosing elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._functions import indexing as ix

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _scatter_src(g: Tensor, indices: Any, axis: int, x_shape: tuple[int, ...]) -> Tensor:
    """What came to stay gets the cotangent of its place; what was written over gets none."""
    stayed = wrap(ix._last_at_their_place(indices, axis, x_shape))
    return ix.where(stayed, ix._gather(g, indices, axis), 0.0)


VJPS: dict[str, Any] = {
    "getitem": lambda g, key, x_shape: ix._getitem_backward(g, key, x_shape),
    "getitem_backward": lambda c, key: c[key],
    "setitem": (lambda g, key: ix._erase(g, key), lambda g, key: g[key]),
    "erase": lambda g, key: ix._erase(g, key),
    "take": lambda g, indices, axis, x_shape: ix._take_backward(g, indices, axis, x_shape),
    "take_backward": lambda c, indices, axis: ix._take(c, indices, axis),
    "take_along_axis": lambda g, indices, axis, x_shape: ix._gather_backward(g, indices, axis, x_shape),
    "gather": lambda g, indices, axis, x_shape: ix._gather_backward(g, indices, axis, x_shape),
    "gather_backward": lambda c, indices, axis: ix._gather(c, indices, axis),
    "scatter": (lambda g, indices, axis: ix._scatter(g, 0.0, indices, axis), _scatter_src),
    "scatter_add": (lambda g: g, lambda g, indices, axis: ix._gather(g, indices, axis)),
    "where": (
        None,
        lambda g, condition: ix.where(condition, g, 0.0),
        lambda g, condition: ix.where(condition, 0.0, g),
    ),
}

register_vjps(VJPS)
