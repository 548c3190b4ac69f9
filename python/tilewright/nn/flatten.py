"""Layers that change shapes."""

from __future__ import annotations

from math import prod
from typing import Any

from .. import _core
from .._engine import arguments
from .._engine.tensor import Tensor
from .._functions.manipulation import reshape
from .module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Makes one axis of several neighbouring ones.

    Parameters
    ----------
    start_dim, end_dim : int
        First and last axis to flatten; by default all but the first, the batch.

    Raises
    ------
    IndexError
        When called, for axes that the argument does not have, or that come in the wrong order.
    TypeError
        For axes that are not integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Flatten()(tw.zeros((32, 8, 8))).shape
    (32, 64)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim = arguments.integer("Flatten", "start_dim", start_dim)
        self.end_dim = arguments.integer("Flatten", "end_dim", end_dim)

    def forward(self, input: Any) -> Tensor:
        x = input if isinstance(input, Tensor) else arguments.array("Flatten", "input", input)
        shape = x.shape
        first = self.start_dim + len(shape) if self.start_dim < 0 else self.start_dim
        last = self.end_dim + len(shape) if self.end_dim < 0 else self.end_dim
        if not 0 <= first <= last < len(shape):
            raise IndexError(f"Flatten: axes {self.start_dim} to {self.end_dim} do not exist in shape {shape}")
        count = 1
        for extent in shape[first : last + 1]:
            count *= extent
        return reshape(x, (*shape[:first], count, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Makes several axes of one: the inverse of `Flatten`.

    Parameters
    ----------
    dim : int
        The axis.
    unflattened_size : int or tuple of int
        Lengths of the axes in its place; one may be -1 and is worked out.

    Raises
    ------
    ValueError
        For another negative length or two of them; when called, where the lengths do not make up that of the axis.
    AxisError
        When called, for an axis that the argument does not have.
    TypeError
        For arguments that are not integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Unflatten(1, (8, 8))(tw.zeros((32, 64))).shape
    (32, 8, 8)
    """

    def __init__(self, dim: int, unflattened_size: int | tuple[int, ...]) -> None:
        self.dim = arguments.integer("Unflatten", "dim", dim)
        self.unflattened_size = sizes = arguments.integers("Unflatten", "unflattened_size", unflattened_size)
        if not sizes or min(sizes) < -1 or sizes.count(-1) > 1:
            raise ValueError(
                f"Unflatten: unflattened_size is {sizes}, but must be lengths of at least 0, one of which may be -1"
            )

    def forward(self, input: Any) -> Tensor:
        x = input if isinstance(input, Tensor) else arguments.array("Unflatten", "input", input)
        shape, sizes = x.shape, self.unflattened_size
        if not -len(shape) <= self.dim < len(shape):
            raise _core.AxisError(f"Unflatten: dim {self.dim} is out of bounds for input of shape {shape}")
        axis = self.dim % len(shape)
        given = prod(size for size in sizes if size != -1)
        free = -1 in sizes
        if (shape[axis] % given if free and given else shape[axis] != given) or (free and not given):
            raise ValueError(
                f"Unflatten: dim {axis} of input {shape} has length {shape[axis]}, which {sizes} do not give"
            )
        sizes = tuple([shape[axis] // given if size == -1 else size for size in sizes])
        return reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
