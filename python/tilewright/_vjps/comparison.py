"""Comparisons have boolean results."""

from __future__ import annotations

from .._engine.registry import register_vjps

register_vjps(
    {},
    nondifferentiable=(
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
    ),
)
