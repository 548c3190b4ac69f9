"""Gradients of reading, writing and choosing elements."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import indexing as ix

VJPS: dict[str, Any] = {
    "getitem": lambda g, key, x_shape: ix._getitem_backward(g, key, x_shape),
    "getitem_backward": lambda c, key: c[key],
    "setitem": (lambda g, key: ix._erase(g, key), lambda g, key: g[key]),
    "erase": lambda g, key: ix._erase(g, key),
    "take": lambda g, indices, axis, x_shape: ix._take_backward(g, indices, axis, x_shape),
    "take_backward": lambda c, indices, axis: ix._take(c, indices, axis),
    "take_along_axis": lambda g, indices, axis, x_shape: ix._take_along_axis_backward(g, indices, axis, x_shape),
    "take_along_axis_backward": lambda c, indices, axis: ix._take_along_axis(c, indices, axis),
    "where": (
        None,
        lambda g, condition: ix.where(condition, g, 0.0),
        lambda g, condition: ix.where(condition, 0.0, g),
    ),
}

register_vjps(VJPS)
