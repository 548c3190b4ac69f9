"""What the parts of this package share: numbers of tensors, and parameters that are written to and come back."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written
from .._engine.tensor import asarray
from .._functions.manipulation import astype
from ..autograd import no_grad

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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


def write(x: Tensor, values: Tensor) -> None:
    """Write to a leaf."""
    _core.assign(x._array, values._array)
    mark_written([x._array])


@contextmanager
def restoring(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Afterwards, these hold what they held before."""
    kept = [(x, x.detach().copy()) for x in tensors]
    try:
        yield
    finally:
        for x, before in kept:
            write(x, before)


def buffers_of(model: Any) -> list[Tensor]:
    """Of a module; none of a dict."""
    return list(model.buffers()) if hasattr(model, "buffers") else []
