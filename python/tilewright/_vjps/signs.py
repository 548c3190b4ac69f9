"""Gradients of signs and steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import arithmetic as ar, comparison as cmp, indexing as ix, signs
from .common import zeros

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _copysign_x1(g: Tensor, x1: Any, x2: Any) -> Tensor:
    """As of abs: 0 where x1 is 0."""
    sign = ar.sign(x1)
    return g * (sign * signs.copysign(sign, x2))


VJPS: dict[str, Any] = {
    "copysign": (_copysign_x1, lambda g: zeros(g)),
    "heaviside": (lambda g: zeros(g), lambda g, x1: ix.where(cmp.equal(x1, 0), g, 0.0)),
    "nextafter": (lambda g: g, lambda g: zeros(g)),
}

register_vjps(VJPS, nondifferentiable=("signbit",))
