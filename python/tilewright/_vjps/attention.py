"""Softmax-attention is differentiated by its definition."""

from __future__ import annotations

from .._engine.registry import register_vjps
from .._functions import attention as attention  # declares the op

register_vjps({})
