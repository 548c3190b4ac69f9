"""What the parts of this package share: numbers of tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.manipulation import astype
from ..autograd import no_grad

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def number(x: Any) -> float:
    """Of a real tensor with one element."""
    return float(x.item())


def doubles(op: str, name: str, value: Any) -> Tensor:
    """Real numbers in float64, as exact as they were given."""
    x = arguments.array(op, name, value).detach()
    if x.dtype.is_complex:
        raise TypeError(f"{op}: {name} is {x.dtype.name}, but must be real")
    return asarray(value, dtype="float64") if isinstance(value, (list, tuple)) else astype(x, "float64")


def norm(x: Tensor) -> float:
    """The Euclidean norm, in float64."""
    with no_grad():
        y = astype(x.detach(), "float64")
        return math.sqrt(number((y * y).sum()))
