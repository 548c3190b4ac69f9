"""Gradients of exponentials, logarithms and the error function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._engine.tensor import asarray
from .._functions import comparison as cmp, exponential as ex, indexing as ix, logical as lg
from .._functions.activations import sigmoid
from .common import conj

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

_LN2, _LN10 = math.log(2), math.log(10)


def _share(g: Tensor, x1: Any, x2: Any, unit: float = 1.0) -> Tensor:
    """Of e^(x1 unit) in its sum with e^(x2 unit); half where both are the same infinity."""
    x1, x2 = asarray(x1, g.dtype, device=g.device), asarray(x2, g.dtype, device=g.device)
    both = lg.logical_and(lg.isinf(x1.detach()), cmp.equal(x1.detach(), x2.detach()))
    return sigmoid((ix.where(both, 0.0, x1) - ix.where(both, 0.0, x2)) * unit)


VJPS: dict[str, Any] = {
    "exp": lambda g, y: g * y,
    "exp2": lambda g, y: g * (y * _LN2),
    "expm1": lambda g, y: g * (y + 1),
    "log": lambda g, x: g / x,
    "log1p": lambda g, x: g / (x + 1),
    "log2": lambda g, x: g / (x * _LN2),
    "log10": lambda g, x: g / (x * _LN10),
    "logaddexp": (
        lambda g, x1, x2: g * _share(g, x1, x2),
        lambda g, x1, x2: g * _share(g, x2, x1),
    ),
    "logaddexp2": (
        lambda g, x1, x2: g * _share(g, x1, x2, _LN2),
        lambda g, x1, x2: g * _share(g, x2, x1, _LN2),
    ),
    "erf": lambda g, x: g * (ex.exp(-(x * x)) * (2 / math.sqrt(math.pi))),
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "exp": lambda g, y: g * conj(y),
    "expm1": lambda g, y: g * conj(y + 1),
    "log": lambda g, x: g / conj(x),
    "log1p": lambda g, x: g / conj(x + 1),
    "log2": lambda g, x: g / conj(x * _LN2),
    "log10": lambda g, x: g / conj(x * _LN10),
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
