"""Gradients of activation functions, of first and second order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import (
    activations as act,
    comparison as cmp,
    exponential as ex,
    extrema,
    indexing as ix,
    trigonometric as tri,
)
from .common import zeros

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


_INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)


def _gelu_curvature(x: Tensor) -> Tensor:
    """gelu'' = phi(x) (2 - x^2)."""
    return ex.exp(x * x * -0.5) * _INV_SQRT_2PI * (2 - x * x)


def _gelu_tanh_curvature(x: Tensor) -> Tensor:
    """Of x/2 (1 + tanh u) with u = c (x + 0.044715 x^3): t' + x/2 t'' with t = tanh u."""
    c = math.sqrt(2 / math.pi)
    t = tri.tanh(c * (x + 0.044715 * x * x * x))
    du = c * (1 + 3 * 0.044715 * x * x)
    slope = (1 - t * t) * du
    curvature = (1 - t * t) * (6 * 0.044715 * c * x) - 2 * t * slope * du
    return slope + 0.5 * x * curvature


def _silu_curvature(x: Tensor) -> Tensor:
    s = act.sigmoid(x)
    return s * (1 - s) * (2 + x * (1 - 2 * s))


def _sigmoid_slope(x: Tensor) -> Tensor:
    s = act.sigmoid(x)
    return s * (1 - s)


VJPS: dict[str, Any] = {
    "relu": lambda g, y: act.relu_backward(g, y),
    "sigmoid": lambda g, y: act.sigmoid_backward(g, y),
    "silu": lambda g, x: act.silu_backward(g, x),
    "gelu": lambda g, x: act.gelu_backward(g, x),
    "gelu_tanh": lambda g, x: act.gelu_tanh_backward(g, x),
    "softplus": lambda g, x: act.softplus_backward(g, x),
    "leaky_relu": lambda g, x, negative_slope: act.leaky_relu_backward(g, x, negative_slope),
    "elu": lambda g, x, alpha: act.elu_backward(g, x, alpha),
    "relu_backward": (lambda c, y: act.relu_backward(c, y), lambda c, g: zeros(g)),
    "tanh_backward": (lambda c, y: act.tanh_backward(c, y), lambda c, g, y: c * g * y * -2),
    "sigmoid_backward": (lambda c, y: act.sigmoid_backward(c, y), lambda c, g, y: c * g * (1 - 2 * y)),
    "silu_backward": (lambda c, x: act.silu_backward(c, x), lambda c, g, x: c * g * _silu_curvature(x)),
    "gelu_backward": (lambda c, x: act.gelu_backward(c, x), lambda c, g, x: c * g * _gelu_curvature(x)),
    "gelu_tanh_backward": (lambda c, x: act.gelu_tanh_backward(c, x), lambda c, g, x: c * g * _gelu_tanh_curvature(x)),
    "softplus_backward": (lambda c, x: act.softplus_backward(c, x), lambda c, g, x: c * g * _sigmoid_slope(x)),
    "leaky_relu_backward": (
        lambda c, x, negative_slope: act.leaky_relu_backward(c, x, negative_slope),
        lambda c, g: zeros(g),
    ),
    "elu_backward": (
        lambda c, x, alpha: act.elu_backward(c, x, alpha),
        lambda c, g, x, alpha: c * g * ix.where(cmp.less_equal(x, 0), alpha * ex.exp(extrema.minimum(x, 0)), 0.0),
    ),
}

register_vjps(VJPS)
