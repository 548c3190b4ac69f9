"""Gradients of padding: each of the two ops is the other's adjoint."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import padding

VJPS: dict[str, Any] = {
    "pad": lambda g, before, after, mode: padding._unpad(g, before, after, mode),
    "unpad": lambda g, before, after, mode: padding._pad(g, before, after, mode, 0),
}

register_vjps(VJPS)
