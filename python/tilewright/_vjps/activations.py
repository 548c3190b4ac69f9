"""Gradients of activation functions: kernels for that, which are ops; but those of `prelu` are written out."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions.activations import BACKWARD
from .._functions.comparison import greater
from .._functions.indexing import where

VJPS: dict[str, Any] = {name: backward for name, backward in BACKWARD.items() if name != "tanh"}

VJPS["softshrink"] = BACKWARD["hardshrink"]  # what is 0, stays 0
VJPS["prelu"] = (
    lambda g, x, weight: where(greater(x, 0), g, g * weight),
    lambda g, x: where(greater(x, 0), 0.0, g * x),
)

register_vjps(VJPS)
