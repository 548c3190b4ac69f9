"""Losses that are one kernel. Public in `nn.functional`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .comparison import equal, greater_equal, less, not_equal
from .creation import arange, full
from .extrema import maximum
from .indexing import take, take_along_axis, where
from .logical import logical_and
from .manipulation import astype, concatenate, expand_dims, reshape, squeeze, stack
from .reductions import logsumexp, max, sum
from .scans import cumulative_sum
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


# ---- connectionist temporal classification ---------------------------------------------------------------------------

_NEVER = -1e30  # for the logarithm of 0, whose derivatives would be NaN


def _states(targets: Tensor, lengths: Tensor, blank: int) -> tuple[Tensor, Tensor]:
    """The class (N, 2 S + 1) of each state: blank, target, blank, target, .., blank; and whether it may be reached
    from two states before: a target other than the last one."""
    if targets.ndim == 1:  # one sequence behind another
        longest = max(lengths).item() if lengths.size else 0
        places = expand_dims(cumulative_sum(lengths, axis=0) - lengths, axis=1) + arange(longest, device=lengths.device)
        places = where(less(places, targets.shape[0]), places, 0)
        targets = take(targets, places, axis=0) if targets.size else places
    known = less(arange(targets.shape[1], device=lengths.device), expand_dims(lengths, axis=1))
    targets = where(known, astype(targets, "int64", copy=False), blank)
    blanks = full((targets.shape[0], 1), blank, dtype="int64", device=lengths.device)
    pairs = stack([full(targets.shape, blank, dtype="int64", device=lengths.device), targets], axis=2)
    classes = concatenate([reshape(pairs, (targets.shape[0], 2 * targets.shape[1])), blanks], axis=1)
    before = concatenate([blanks, blanks, classes[:, :-2]], axis=1) if classes.shape[1] > 1 else classes
    return classes, logical_and(not_equal(classes, before), not_equal(classes, blank))


def _ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Tensor, target_lengths: Tensor, blank: int) -> Tensor:
    """The forward variables of a step (N, states) from those of the step before, for all sequences at once."""
    dtype = log_probs.dtype
    x = astype(log_probs, "float32") if dtype.itemsize < 4 else log_probs
    ends = expand_dims(astype(target_lengths, "int64", copy=False), axis=1)
    classes, skips = _states(targets, ends[:, 0], blank)
    batch, count = classes.shape
    never = full((batch, 2), _NEVER, dtype=x.dtype, device=x.device)
    states = arange(count, device=x.device)
    alpha = where(equal(states, 0), full((batch, 1), 0.0, dtype=x.dtype, device=x.device), _NEVER)
    for t in range(x.shape[0]):
        margin = concatenate([never, alpha], axis=1)
        terms = stack([alpha, margin[:, 1:-1], where(skips, margin[:, :-2], _NEVER)], axis=0)
        runs = expand_dims(less(t, input_lengths), axis=1)
        emission = where(runs, maximum(take_along_axis(x[t], classes, axis=1), _NEVER), 0.0)
        moved = maximum(logsumexp(terms, axis=0) + emission, _NEVER)
        alpha = where(runs, moved, alpha)
    margin = concatenate([never[:, 1:], alpha], axis=1)
    last = take_along_axis(margin, concatenate([2 * ends, 2 * ends + 1], axis=1), axis=1)
    losses = -logsumexp(last, axis=1)
    return astype(where(greater_equal(losses, -_NEVER / 2), math.inf, losses), dtype)


@primitive(conditions=("targets", "input_lengths", "target_lengths"), keeps=("log_alpha",), composed=_ctc_loss)
def ctc_loss(  # type: ignore[empty-body]
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, /, blank: int
) -> Tensor:
    """Negative log-likelihoods (N,) of targets (N, S), or one behind another, by log_probs (T, N, C)."""
