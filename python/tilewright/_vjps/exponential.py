"""Gradients of exponentials, logarithms and the error function."""

from __future__ import annotations

import math
from typing import Any

from .._engine.registry import register_vjps
from .._functions import exponential as ex
from .common import conj

_LN2, _LN10 = math.log(2), math.log(10)

VJPS: dict[str, Any] = {
    "exp": lambda g, y: g * y,
    "expm1": lambda g, y: g * (y + 1),
    "log": lambda g, x: g / x,
    "log1p": lambda g, x: g / (x + 1),
    "log2": lambda g, x: g / (x * _LN2),
    "log10": lambda g, x: g / (x * _LN10),
    "erf": lambda g, x: g * (ex.exp(-(x * x)) * (2 / math.sqrt(math.pi))),
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "exp": lambda g, y: g * conj(y),
    "log": lambda g, x: g / conj(x),
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
