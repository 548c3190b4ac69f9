"""Logical functions have boolean results."""

from __future__ import annotations

from .._engine.registry import register_vjps

register_vjps(
    {},
    nondifferentiable=(
        "logical_not",
        "logical_and",
        "logical_or",
        "logical_xor",
        "isnan",
        "isinf",
        "isfinite",
    ),
)
