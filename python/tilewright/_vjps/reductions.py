"""Gradients of sums, products and extremes over axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import (
    comparison as cmp,
    exponential as ex,
    indexing as ix,
    logical as lg,
    manipulation as mp,
    reductions as red,
)
from .._functions.creation import ones
from .common import conj, inverse, reduced_axes, restore, spread

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _extreme(g: Tensor, x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """max and min: equal extremes share the cotangent."""
    chosen = cmp.equal(x.detach(), restore(y.detach(), x.shape, axis, keepdims)).astype(g.dtype)
    return restore(g, x.shape, axis, keepdims) * (chosen / red.sum(chosen, axis=axis, keepdims=True))


def _prod(g: Tensor, x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    return restore(g, x.shape, axis, keepdims) * _all_others(x, y, axis, keepdims)


def _all_others(x: Tensor, y: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """For each element the product of the others along the axes: y / x where that exists, else without dividing."""
    y = restore(y.detach(), x.shape, axis, keepdims)
    divisible = lg.logical_and(lg.isfinite(y), cmp.not_equal(y, 0))
    filled = ix.where(divisible, x, 1.0)
    quotients = red.prod(filled, axis=axis, keepdims=True) / filled
    if red.all(divisible):
        return quotients
    # In double precision, where what overflows on the way to a finite product does not.
    wide = "complex128" if x.dtype.is_complex else "float64"
    others = _others(mp.astype(ix.where(divisible, 1.0, x), wide, copy=False), axis)
    return ix.where(divisible, quotients, mp.astype(others, x.dtype, copy=False))


def _others(x: Tensor, axis: Any) -> Tensor:
    """For each element the product of the others along the axes, by a tree.

    Products of pairs, of pairs of pairs and so on, up to one; on the way back each element takes that of all that its
    neighbour is not part of, times its neighbour. Nothing is divided, so zeros and their derivatives are right.
    """
    reduced = reduced_axes(x.ndim, axis)
    kept = tuple([i for i in range(x.ndim) if i not in reduced])
    order = kept + reduced
    last = mp.permute_dims(x, order)
    rows = last.shape[: len(kept)]
    level = mp.reshape(last, (*rows, math.prod(last.shape[len(kept) :])))
    levels, count = [], level.shape[-1]
    while level.shape[-1] > 1:
        if level.shape[-1] % 2:
            level = mp.concatenate([level, ones((*rows, 1), dtype=x.dtype, device=x.device)], axis=-1)
        levels.append(level)
        level = level[..., 0::2] * level[..., 1::2]
    others = ones(level.shape, dtype=x.dtype, device=x.device)
    for level in reversed(levels):
        pairs = mp.reshape(level, (*rows, level.shape[-1] // 2, 2))
        others = mp.expand_dims(others[..., : pairs.shape[-2]], axis=-1)
        others = mp.reshape(mp.flip(pairs, axis=-1) * others, level.shape)
    return mp.permute_dims(mp.reshape(others[..., :count], last.shape), inverse(order))


def _logsumexp(g: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """g softmax(x); zeros where all of x is -inf."""
    return g * ex.exp(x - ix.where(cmp.equal(y.detach(), -math.inf), 0.0, y))


VJPS: dict[str, Any] = {
    "logsumexp": _logsumexp,
    "sum": lambda g, x_shape, axis, keepdims: spread(g, x_shape, axis, keepdims),
    "prod": _prod,
    "max": _extreme,
    "min": _extreme,
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "prod": lambda g, x, y, axis, keepdims: (
        restore(g, x.shape, axis, keepdims) * conj(_all_others(x, y, axis, keepdims))
    ),
}

register_vjps(VJPS, complex=COMPLEX_VJPS, nondifferentiable=("any", "all"))
