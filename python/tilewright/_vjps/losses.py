"""Gradients of losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._functions import losses as losses  # declares the op

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _cross_entropy(
    g: Tensor,
    x: Tensor,
    target: Tensor,
    saved: Any,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Tensor:
    of_classes: Any = None if weight is None else weight._array
    options = (ignore_index, label_smoothing, reduction)
    return wrap(_core.cross_entropy_backward(g._array, x._array, target._array, saved, of_classes, *options))


def _ctc_loss(
    g: Tensor,
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    log_alpha: Any,
    blank: int,
) -> Tensor:
    lengths = input_lengths._array, target_lengths._array
    return wrap(_core.ctc_loss_backward(g._array, log_probs._array, log_alpha, targets._array, *lengths, blank))


# That of the weight has no kernel: the definition serves for all where it is wanted.
FUSED_VJPS: dict[str, Any] = {
    "cross_entropy": (_cross_entropy, None, None),
    "ctc_loss": (_ctc_loss, None, None, None),
}

register_vjps({}, fused=FUSED_VJPS)
