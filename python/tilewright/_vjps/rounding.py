"""Rounding is piecewise constant: its gradient is zero, as in PyTorch."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .common import zeros

VJPS: dict[str, Any] = dict.fromkeys(("floor", "ceil", "trunc", "round", "rint"), lambda g: zeros(g))

register_vjps(VJPS)
