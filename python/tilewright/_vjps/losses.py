"""Gradients of losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import state
from .._functions import (
    comparison as cmp,
    indexing as ix,
    logical as lg,
    losses as losses,  # declares the op
    manipulation as mp,
    reductions as red,
    softmax as sm,
)
from .._functions.creation import arange, ones

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _cross_entropy(
    g: Tensor,
    x: Tensor,
    saved: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Tensor:
    options = (ignore_index, label_smoothing, reduction)
    if not state.mode:
        return wrap(_core.cross_entropy_backward(g._array, x._array, target, saved, weight, *options))
    return _cross_entropy_composed(g, x, wrap(target), None if weight is None else wrap(weight), *options)


def _cross_entropy_composed(
    g: Tensor,
    x: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
    reduction: str,
) -> Tensor:
    """`softmax(x) sum(q) - q` with the target distribution q, in ops, for second derivatives."""
    axis = 1 if x.ndim > 1 else 0
    classes = x.shape[axis]
    per_class = (classes,) + (1,) * (x.ndim - axis - 1)
    w = mp.reshape(ones((classes,), dtype=x.dtype, device=x.device) if weight is None else weight, per_class)
    target = mp.expand_dims(mp.astype(target, "int64", copy=False), axis=axis)
    counts = cmp.not_equal(target, ignore_index)
    chosen = ix.where(
        lg.logical_and(counts, cmp.equal(target, mp.reshape(arange(classes, device=x.device), per_class))), w, 0.0
    )
    q = chosen * (1 - label_smoothing) + ix.where(counts, w, 0.0) * (label_smoothing / classes)
    if reduction == "mean":
        total = red.sum(chosen)
        q = q / ix.where(cmp.equal(total, 0), 1.0, total)  # nothing counts: q is 0
    g = mp.expand_dims(g, axis=axis) if reduction == "none" else g
    return g * (sm.softmax(x, axis) * red.sum(q, axis=axis, keepdims=True) - q)


VJPS: dict[str, Any] = {
    "cross_entropy": _cross_entropy,
}

register_vjps(VJPS)
