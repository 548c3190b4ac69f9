"""Gradients of the parts and conjugates of complex numbers."""

from __future__ import annotations

from typing import Any

from .._engine.registry import register_vjps
from .._functions import complex as cx, manipulation as mp

VJPS: dict[str, Any] = {
    "real": lambda g, x_dtype: mp.astype(g, x_dtype),
    "imag": lambda g, x_dtype: mp.astype(g, x_dtype) * 1j,
    "conj": lambda g: cx.conj(g),
}

register_vjps(VJPS)
