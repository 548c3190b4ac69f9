"""Gradients of the larger and the smaller of two, and of limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import comparison as cmp, indexing as ix, logical as lg

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _where_greater(g: Tensor, x1: Tensor, x2: Tensor) -> Tensor:
    """maximum and minimum: all of g where x1 is the greater one, half of it where both are equal."""
    return ix.where(cmp.greater(x1, x2), g, ix.where(cmp.equal(x1, x2), g * 0.5, 0.0))


def _where_greater_or_alone(g: Tensor, x1: Any, x2: Any) -> Tensor:
    """fmax: as maximum, and all of g where the other one is NaN, which may be a number, and so on no device."""
    alone = lg.logical_and(lg.logical_not(cmp.greater_equal(x2, x1)), cmp.equal(x1, x1))
    return ix.where(alone, g, ix.where(cmp.equal(x1, x2), g * 0.5, 0.0))


def _where_less_or_alone(g: Tensor, x1: Any, x2: Any) -> Tensor:
    alone = lg.logical_and(lg.logical_not(cmp.less_equal(x2, x1)), cmp.equal(x1, x1))
    return ix.where(alone, g, ix.where(cmp.equal(x1, x2), g * 0.5, 0.0))


def _within(x: Any, min: Any, max: Any) -> Any:
    """Where clip leaves x as it is, on the bounds too."""
    above = True if min is None else cmp.greater_equal(x, min)
    below = True if max is None else cmp.less_equal(x, max)
    return lg.logical_and(above, below)


def _clip_min(g: Tensor, x: Tensor, min: Tensor, max: Any) -> Tensor:
    cut = cmp.less(x, min) if max is None else lg.logical_and(cmp.less(x, min), cmp.less_equal(min, max))
    return ix.where(cut, g, 0.0)


def _clip_max(g: Tensor, x: Tensor, min: Any, max: Tensor) -> Tensor:
    cut = cmp.greater(x, max) if min is None else lg.logical_or(cmp.greater(x, max), cmp.greater(min, max))
    return ix.where(cut, g, 0.0)


VJPS: dict[str, Any] = {
    "maximum": (lambda g, x1, x2: _where_greater(g, x1, x2), lambda g, x1, x2: _where_greater(g, x2, x1)),
    "minimum": (lambda g, x1, x2: _where_greater(g, x2, x1), lambda g, x1, x2: _where_greater(g, x1, x2)),
    "fmax": (
        lambda g, x1, x2: _where_greater_or_alone(g, x1, x2),
        lambda g, x1, x2: _where_greater_or_alone(g, x2, x1),
    ),
    "fmin": (lambda g, x1, x2: _where_less_or_alone(g, x1, x2), lambda g, x1, x2: _where_less_or_alone(g, x2, x1)),
    "clip": (lambda g, x, min, max: ix.where(_within(x, min, max), g, 0.0), _clip_min, _clip_max),
}

register_vjps(VJPS)
