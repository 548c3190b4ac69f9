"""Gradients of dropout: the same dropout of the cotangent."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._functions.dropout import dropout

VJPS: dict[str, Any] = {"dropout": lambda g, p, seed, offset: dropout(g, p, seed, offset)}

# To read the mask takes a third of the time of drawing it again.
FUSED_VJPS: dict[str, Any] = {"dropout": lambda g, mask, p: wrap(_core.dropout_backward(g._array, mask, p))}

register_vjps(VJPS, fused=FUSED_VJPS)
