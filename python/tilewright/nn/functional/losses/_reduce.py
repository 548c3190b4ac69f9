"""What becomes of the losses of many elements or samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...._functions.reductions import sum
from ...._functions.statistics import mean

if TYPE_CHECKING:
    from ...._engine.tensor import Tensor


def reduced(losses: Tensor, reduction: str) -> Tensor:
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)
