"""Gradients of arithmetic."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.op import is_number
from .._engine.registry import register_vjps
from .._engine.tensor import asarray
from .._functions import arithmetic as ar, comparison as cmp, exponential as ex, indexing as ix, logical as lg, rounding
from .common import conj, zeros

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _power_x1(g: Any, x1: Tensor, x2: Any) -> Tensor:
    """x2 x1^(x2 - 1), and 0 where x2 is 0: there the function is constant in x1, also at 0."""
    if is_number(x2):
        return g * (x2 * x1 ** (x2 - 1)) if x2 else zeros(x1)
    # Only where the power is no number: elsewhere its own derivative in x2 counts.
    endless = lg.logical_not(lg.isfinite(ar.reciprocal(asarray(x1, device=x2.device).detach())))
    constant = lg.logical_and(cmp.equal(x2.detach(), 0), endless)
    return g * (x2 * x1 ** ix.where(constant, 0.0, x2 - 1))


def _power_x2(g: Any, x1: Tensor, x2: Tensor, y: Tensor) -> Tensor:
    """y log x1, and 0 where x1 is 0: there the function is constant in x2 > 0."""
    x1 = asarray(x1, dtype=y.dtype, device=y.device)
    zero = cmp.equal(x1.detach(), 0)
    if not y.dtype.is_complex:
        zero = lg.logical_and(zero, cmp.greater_equal(x2.detach(), 0))
    return g * y * ex.log(ix.where(zero, 1.0, x1))


def _abs_complex(g: Tensor, x: Tensor) -> Tensor:
    """Along x, and 0 where x is 0."""
    length = ar.abs(x)
    return g * (x / ix.where(cmp.equal(length.detach(), 0), 1.0, length))


def _sign_complex(g: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The part of g across x, over |x|, and 0 where x is 0."""
    length = ar.abs(x)
    along = y * (conj(y) * g).real
    return (g - along) / ix.where(cmp.equal(length.detach(), 0), math.inf, length)


VJPS: dict[str, Any] = {
    "positive": lambda g: g,
    "negative": lambda g: -g,
    "abs": lambda g, x: g * ar.sign(x),
    "sign": lambda g: zeros(g),  # piecewise constant, as in PyTorch
    "square": lambda g, x: g * (x * 2),
    "reciprocal": lambda g, y: -g * y * y,
    "sqrt": lambda g, y: g / (y * 2),
    "rsqrt": lambda g, y: g * (y * y * y) * -0.5,
    "cbrt": lambda g, y: g / (y * y * 3),
    "add": (lambda g: g, lambda g: g),
    "subtract": (lambda g: g, lambda g: -g),
    "multiply": (lambda g, x2: g * x2, lambda g, x1: g * x1),
    "divide": (lambda g, x2: g / x2, lambda g, x2, y: -g * y / x2),
    "floor_divide": (lambda g: zeros(g), lambda g: zeros(g)),
    "remainder": (lambda g: g, lambda g, x1, x2: -g * ar.floor_divide(x1, x2)),
    "fmod": (lambda g: g, lambda g, x1, x2: -g * rounding.trunc(ar.divide(x1, x2))),
    "power": (_power_x1, _power_x2),
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "abs": _abs_complex,
    "sign": _sign_complex,
    "square": lambda g, x: g * conj(x * 2),
    "reciprocal": lambda g, y: -g * conj(y * y),
    "sqrt": lambda g, y: g / conj(y * 2),
    "multiply": (lambda g, x2: g * conj(x2), lambda g, x1: g * conj(x1)),
    "divide": (lambda g, x2: g / conj(x2), lambda g, x2, y: -g * conj(y / x2)),
    "power": (
        lambda g, x1, x2: g * conj(_power_x1(1.0, x1, x2)),
        lambda g, x1, x2, y: g * conj(_power_x2(1.0, x1, x2, y)),
    ),
}

register_vjps(VJPS, complex=COMPLEX_VJPS, nondifferentiable=("gcd", "lcm"))
