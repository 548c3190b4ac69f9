"""Functions of bits have integer results."""

from __future__ import annotations

from .._engine.registry import register_vjps

register_vjps(
    {},
    nondifferentiable=(
        "bitwise_invert",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "bitwise_left_shift",
        "bitwise_right_shift",
    ),
)
