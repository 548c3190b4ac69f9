"""Random orders, and picking from a population."""

from __future__ import annotations

import operator

from .. import _core
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.indexing import take
from ._basic import Basic
from ._stream import _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None


class Orders(Basic):
    """Methods of `Generator`."""

    __slots__ = ()

    def permutation(self, x: Any) -> Tensor:
        """The integers below a number, or the slices of an array along its first axis, in random order.

        Parameters
        ----------
        x : int or array-like
            The number, which may be a 0-d array of integers, or the array; it is not changed.

        Returns
        -------
        Tensor
            int64 of shape (x,), or of the shape and dtype of `x`.

        Raises
        ------
        ValueError
            For a negative number, or a 0-d array that is no integer.
        TypeError
            For what is neither an integer nor array-like.

        Examples
        --------
        >>> import tilewright as tw
        >>> order = tw.random.Generator(0).permutation(10)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
        """
        count, array = _population("permutation", "x", x)
        order = self._permutation("permutation", count, "cpu" if array is None else array.device)
        return order if array is None else take(array, order, axis=0)

    def _permutation(self, op: str, count: int, device: str) -> Tensor:
        """The integers below a number, in random order."""
        _shape(op, count)
        return asarray(_core.random_permutation(count, *self._take(count, 2), device))

    def choice(self, a: Any, size: Size = None, replace: bool = True) -> Tensor:
        """Elements drawn from an array, or from the integers below a number, all equally likely.

        Parameters
        ----------
        a : int or array-like
            What to draw from: the integers below a number, which may be a 0-d array of integers, or the slices of an
            array along its first axis.
        size : int or sequence of int, optional
            How many; by default one.
        replace : bool
            Whether one may be drawn more than once.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            Where there is nothing, or without replacement too little, to draw from; for a negative number.
        TypeError
            For what is neither an integer nor array-like.

        Examples
        --------
        >>> import tilewright as tw
        >>> drawn = tw.random.Generator(0).choice([2, 3, 5, 7], size=2, replace=False)
        >>> drawn.shape
        (2,)
        """
        population, array = _population("choice", "a", a)
        shape, count = _shape("choice", size)
        replace = arguments.flag("choice", "replace", replace)
        if count > (population if not replace else count * (population > 0)):
            how = "with" if replace else "without"
            raise ValueError(f"choice: cannot draw {count} of {population} {how} replacement")
        device = "cpu" if array is None else array.device
        if replace:
            index = self._integers("choice", 0, max(population, 1), shape, False, device)
        else:
            index = self._permutation("choice", population, device)[:count].reshape(shape)
        return index if array is None else take(array, index, axis=0)


def _population(op: str, name: str, value: Any) -> tuple[int, Tensor | None]:
    """How many there are to draw from, and the array whose slices they are; None for the integers below a number."""
    if getattr(value, "ndim", 0) == 0 and hasattr(value, "__index__"):
        try:
            return arguments.integer(op, name, operator.index(value), at_least=0), None
        except TypeError:  # a 0-d array of floats
            pass
    array = arguments.array(op, name, value)
    if not array.ndim:
        raise ValueError(f"{op}: {name} is a 0-d array of dtype {array.dtype.name}, which has no slices")
    return len(array), array
