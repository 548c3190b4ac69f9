"""Gradients of dropout."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import dropout as drop

VJPS: dict[str, Any] = {
    "dropout": lambda g, mask, p: drop.dropout_backward(g, mask, p),
    "dropout_backward": lambda c, mask, p: drop.dropout_backward(c, mask, p),
}

register_vjps(VJPS)
