"""Losses that are one kernel. Public in `nn.functional`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .comparison import equal, not_equal
from .indexing import take, take_along_axis, where
from .manipulation import astype, expand_dims, reshape, squeeze
from .reductions import sum
from .softmax import log_softmax

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def weighted_mean(losses: Tensor, weights: Tensor) -> Tensor:
    """The sum of losses, weighted already, over that of the weights; NaN with gradient 0 where that is 0."""
    total = sum(weights)
    nothing = equal(total, 0)
    return where(nothing, math.nan, sum(losses) / where(nothing, 1.0, total))


def negative_log_likelihood(
    logarithms: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, label_smoothing: float, reduction: str
) -> Tensor:
    """Of the classes (N, ..) by the logarithms of their probabilities (N, C, ..)."""
    axis = 1 if logarithms.ndim > 1 else 0
    classes = logarithms.shape[axis]
    target = astype(target, "int64", copy=False)
    counts = not_equal(target, ignore_index)
    target = where(counts, target, 0)
    chosen = squeeze(take_along_axis(logarithms, expand_dims(target, axis=axis), axis=axis), axis=axis)
    chosen = where(counts, chosen, 0.0)  # not -inf, which is none times 0
    if weight is None:
        weights, spread = astype(counts, logarithms.dtype), logarithms
    else:
        weight = astype(weight, logarithms.dtype, copy=False)
        weights = where(counts, take(weight, target), 0.0)
        spread = logarithms * reshape(weight, (classes,) + (1,) * (logarithms.ndim - 1 - axis))
    losses = weights * chosen * (label_smoothing - 1)
    if label_smoothing:
        losses = losses - where(counts, sum(spread, axis=axis), 0.0) * (label_smoothing / classes)
    if reduction == "mean":
        return weighted_mean(losses, weights)
    return losses if reduction == "none" else sum(losses)


def _cross_entropy(
    x: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, label_smoothing: float, reduction: str
) -> Tensor:
    logarithms = log_softmax(x, 1 if x.ndim > 1 else 0)
    return negative_log_likelihood(logarithms, target, weight, ignore_index, label_smoothing, reduction)


@primitive(conditions=("target", "weight"), keeps=("saved",), composed=_cross_entropy)
def cross_entropy(  # type: ignore[empty-body]
    x: Any, target: Any, weight: Any, /, ignore_index: int, label_smoothing: float, reduction: str
) -> Tensor:
    """Cross-entropy of logits (N, C, ..) and classes (N, ..), with a weight (C,) or None."""
