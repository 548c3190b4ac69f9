"""Gradients of sums and products of all elements up to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import comparison as cmp, indexing as ix, logical as lg, scans as sc

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _cumprod(g: Tensor, x: Tensor, y: Tensor, axis: int) -> Tensor:
    """Sums of g y from each element on, divided by it.

    Products from the first zero on are 0, so the elements after it get nothing, and that zero itself the sums with 1 in
    its place.
    """
    zero = cmp.equal(x, 0)
    sums = sc._cumsum(g * y, axis, True) / ix.where(zero, 1.0, x)
    first = lg.logical_and(zero, cmp.equal(sc._cumsum(zero, axis, False), 1))
    without = sc._cumprod(ix.where(first, 1.0, x), axis)
    return ix.where(first, sc._cumsum(g * without, axis, True), sums)


VJPS: dict[str, Any] = {
    "cumsum": lambda g, axis, reverse: sc._cumsum(g, axis, not reverse),
}

# Where the backward pass is recorded, the definition is differentiated: second derivatives between two zeros are right.
FUSED_VJPS: dict[str, Any] = {"cumprod": _cumprod}

register_vjps(VJPS, fused=FUSED_VJPS)
