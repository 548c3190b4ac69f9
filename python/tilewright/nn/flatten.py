"""Layers that change shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.manipulation import reshape
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["Flatten"]


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

    def forward(self, x: Any) -> Tensor:
        x = asarray(x)
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
