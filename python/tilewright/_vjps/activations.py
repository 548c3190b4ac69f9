"""Gradients of activation functions: the kernels for that, which are ops."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions.activations import BACKWARD

VJPS: dict[str, Any] = {name: backward for name, backward in BACKWARD.items() if name != "tanh"}

register_vjps(VJPS)
