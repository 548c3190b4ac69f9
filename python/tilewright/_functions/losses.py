"""Losses that are one kernel. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@primitive(keeps=("saved",))
def cross_entropy(  # type: ignore[empty-body]
    x: Any, /, target: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: str
) -> Tensor:
    """Cross-entropy of logits (N, C, ..) and classes (N, ..), both bare arrays as is the weight (C,) or None."""
