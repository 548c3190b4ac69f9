"""What rules of several families share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._functions import manipulation as mp

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def zeros(g: Tensor) -> Tensor:
    """The cotangent of an input that the result does not follow; not g * 0, which is NaN where g is infinite."""
    return wrap(_core.full_like(g._array, 0))


def conj(x: Any) -> Any:
    """Of a tensor or a Python number."""
    return x.conjugate()


def restore(g: Tensor, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    """A reduction's result with the reduced axes as length 1."""
    if keepdims or not shape:
        return g
    if axis is None:
        return mp.reshape(g, (1,) * len(shape))
    reduced = set(reduced_axes(len(shape), axis))
    return mp.reshape(g, tuple(1 if i in reduced else extent for i, extent in enumerate(shape)))


def spread(g: Tensor, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Tensor:
    """The cotangent of a reduction, back over the reduced axes."""
    return mp.broadcast_to(restore(g, shape, axis, keepdims), shape)


def reduced_axes(ndim: int, axis: Any) -> tuple[int, ...]:
    """The axes that a reduction of so many dimensions takes, counted from the front."""
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return tuple([a % ndim for a in axes])


def inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    count = len(axes)
    inverse = [0] * count
    for to, axis in enumerate(axes):
        inverse[axis % count] = to
    return tuple(inverse)
