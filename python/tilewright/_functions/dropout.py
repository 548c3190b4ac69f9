"""Dropout: a kernel that draws the mask and applies it. Public as `tilewright.nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@primitive(keeps=("mask",))
def dropout(x: Any, /, p: float, seed: int, offset: int) -> Tensor:  # type: ignore[empty-body]
    """`x / (1 - p)` where the mask, drawn from `offset` of the seed's stream, says so, else 0."""


@primitive
def dropout_backward(g: Any, /, mask: Any, p: float) -> Tensor:  # type: ignore[empty-body]
    """`g / (1 - p)` where the mask, a bare array, says so, else 0."""
