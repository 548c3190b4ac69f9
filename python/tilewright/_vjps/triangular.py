"""Gradients of the triangles of matrices."""

from __future__ import annotations

from .._engine.registry import register_vjps
from .._functions import triangular as tri

register_vjps({"tril": lambda g, k: tri._tril(g, k), "triu": lambda g, k: tri._triu(g, k)})
