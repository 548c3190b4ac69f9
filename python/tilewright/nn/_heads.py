"""Features as those of several heads, and back: for attention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._functions.manipulation import reshape, swapaxes

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def heads_of(x: Tensor, heads: int) -> Tensor:
    """(B, T, heads * D) as (B, heads, T, D), a view."""
    batch, length, size = x.shape
    return swapaxes(reshape(x, (batch, length, heads, size // heads)), 1, 2)


def joined(x: Tensor) -> Tensor:
    """(B, heads, T, D) as (B, T, heads * D); a view of what attention gives for `heads_of`."""
    batch, heads, length, size = x.shape
    return reshape(swapaxes(x, 1, 2), (batch, length, heads * size))
