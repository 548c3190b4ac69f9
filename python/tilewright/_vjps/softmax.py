"""Gradients of softmax and its logarithm, of first and second order."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import exponential as ex, reductions as red, softmax as sm

VJPS: dict[str, Any] = {
    "softmax": lambda g, y, axis: sm.softmax_backward(g, y, axis),
    "log_softmax": lambda g, y, axis: sm.log_softmax_backward(g, y, axis),
    "softmax_backward": (
        lambda c, y, axis: sm.softmax_backward(c, y, axis),
        lambda c, g, y, axis: (
            c * (g - red.sum(g * y, axis=axis, keepdims=True)) - g * red.sum(c * y, axis=axis, keepdims=True)
        ),
    ),
    "log_softmax_backward": (
        lambda c, y, axis: c - red.sum(c * ex.exp(y), axis=axis, keepdims=True),
        lambda c, g, y, axis: -c * ex.exp(y) * red.sum(g, axis=axis, keepdims=True),
    ),
}

register_vjps(VJPS)
