"""Gradients of trigonometric and hyperbolic functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._engine.tensor import asarray
from .._functions import (
    arithmetic as ar,
    comparison as cmp,
    extrema,
    indexing as ix,
    logical as lg,
    trigonometric as tri,
)
from .._functions.activations import BACKWARD

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _arctan2(g: Tensor, x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """x2 / r^2 and x1 / r^2 with r^2 = x1^2 + x2^2, without overflow on the way; 0 at the origin and infinitely far."""
    x1, x2 = asarray(x1, g.dtype, device=g.device), asarray(x2, g.dtype, device=g.device)
    scale = extrema.maximum(ar.abs(x1.detach()), ar.abs(x2.detach()))
    flat = lg.logical_or(cmp.equal(scale, 0), lg.isinf(scale))
    scale = ix.where(flat, 1.0, scale)
    a, b = ix.where(flat, 0.0, x1) / scale, ix.where(flat, 0.0, x2) / scale
    square = ix.where(flat, 1.0, a * a + b * b) * scale
    return b / square, a / square


VJPS: dict[str, Any] = {
    "sin": lambda g, x: g * tri.cos(x),
    "cos": lambda g, x: -g * tri.sin(x),
    "tanh": BACKWARD["tanh"],
    "arctan2": (lambda g, x1, x2: g * _arctan2(g, x1, x2)[0], lambda g, x1, x2: -g * _arctan2(g, x1, x2)[1]),
}

register_vjps(VJPS)
