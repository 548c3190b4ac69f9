"""Gradients of softmax and its logarithm: the kernels for that, which are ops."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import softmax as sm

VJPS: dict[str, Any] = {"softmax": sm.softmax_backward, "log_softmax": sm.log_softmax_backward}

register_vjps(VJPS)
