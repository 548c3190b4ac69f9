"""Gradients of windows as columns: each of the two ops is the other's adjoint."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import folding

VJPS: dict[str, Any] = {
    "unfold": lambda g, x_shape, kernel, dilation, stride: folding.fold(g, x_shape[2:], kernel, dilation, stride),
    "fold": lambda g, kernel, dilation, stride: folding.unfold(g, kernel, dilation, stride),
}

register_vjps(VJPS)
