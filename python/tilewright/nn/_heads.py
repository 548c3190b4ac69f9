"""Features as those of several heads, and back: for attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._functions.manipulation import _reshape, _transpose

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


_SWAPPED = (0, 2, 1, 3)


def heads_of(x: Tensor, heads: int) -> Tensor:
    """(B, T, heads * D) as (B, heads, T, D), a view."""
    batch, length, size = x.shape
    return _transpose(_reshape(x, (batch, length, heads, size // heads)), _SWAPPED)


def joined(x: Tensor) -> Tensor:
    """(B, heads, T, D) as (B, T, heads * D); a view of what attention gives for `heads_of`."""
    batch, heads, length, size = x.shape
    return _reshape(_transpose(x, _SWAPPED), (batch, length, heads * size))
