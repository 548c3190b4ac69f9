"""Gradients of trigonometric and hyperbolic functions."""

from __future__ import annotations

import math
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
from .common import conj

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


def _hypot(g: Tensor, x: Any, y: Tensor) -> Tensor:
    """x / y, and 0 at the origin."""
    return g * (x / ix.where(cmp.equal(y.detach(), 0), 1.0, y))


VJPS: dict[str, Any] = {
    "sin": lambda g, x: g * tri.cos(x),
    "cos": lambda g, x: -g * tri.sin(x),
    "deg2rad": lambda g: g * (math.pi / 180),
    "rad2deg": lambda g: g * (180 / math.pi),
    "tan": lambda g, y: g * (y * y + 1),
    "arcsin": lambda g, x: g * ar.rsqrt((1 - x) * (1 + x)),
    "arccos": lambda g, x: -g * ar.rsqrt((1 - x) * (1 + x)),
    "arctan": lambda g, x: g / (x * x + 1),
    "sinh": lambda g, x: g * tri.cosh(x),
    "cosh": lambda g, x: g * tri.sinh(x),
    "tanh": BACKWARD["tanh"],
    "arcsinh": lambda g, x: g / tri.hypot(x, 1.0),
    "arccosh": lambda g, x: g * (ar.rsqrt(x - 1) * ar.rsqrt(x + 1)),
    "arctanh": lambda g, x: g / ((1 - x) * (1 + x)),
    "hypot": (lambda g, x1, y: _hypot(g, x1, y), lambda g, x2, y: _hypot(g, x2, y)),
    "arctan2": (lambda g, x1, x2: g * _arctan2(g, x1, x2)[0], lambda g, x1, x2: -g * _arctan2(g, x1, x2)[1]),
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "sin": lambda g, x: g * conj(tri.cos(x)),
    "cos": lambda g, x: -g * conj(tri.sin(x)),
    "tan": lambda g, y: g * conj(y * y + 1),
    "arcsin": lambda g, x: g / conj(ar.sqrt(1 - x) * ar.sqrt(1 + x)),
    "arccos": lambda g, x: -g / conj(ar.sqrt(1 - x) * ar.sqrt(1 + x)),
    "arctan": lambda g, x: g / conj(x * x + 1),
    "sinh": lambda g, x: g * conj(tri.cosh(x)),
    "cosh": lambda g, x: g * conj(tri.sinh(x)),
    "tanh": lambda g, y: g * conj(1 - y * y),
    "arcsinh": lambda g, x: g / conj(ar.sqrt(x * x + 1)),
    "arccosh": lambda g, x: g / conj(ar.sqrt(x - 1) * ar.sqrt(x + 1)),
    "arctanh": lambda g, x: g / conj((1 - x) * (1 + x)),
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
