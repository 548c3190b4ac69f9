"""Random orders, and picking from a population."""

from __future__ import annotations

import math
import operator

from .. import _core
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.indexing import take, take_along_axis
from .._functions.manipulation import _axis
from .._functions.sorting import argsort
from ._basic import Basic
from ._parameters import PROBABILITY, parameter
from ._stream import _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None


class Orders(Basic):
    """Methods of `Generator`."""

    __slots__ = ()

    def permutation(self, x: Any, axis: int = 0) -> Tensor:
        """The integers below a number, or the slices of an array along an axis, in random order.

        Parameters
        ----------
        x : int or array-like
            The number, which may be a 0-d array of integers, or the array; it is not changed.
        axis : int
            Of the array.

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
        count, array, axis = _population("permutation", "x", x, axis)
        order = self._permutation("permutation", count, "cpu" if array is None else array.device)
        return order if array is None else take(array, order, axis=axis)

    def _permutation(self, op: str, count: int, device: str) -> Tensor:
        """The integers below a number, in random order."""
        _shape(op, count)
        return asarray(_core.random_permutation(count, *self._take(count, 2), device))

    def choice(
        self, a: Any, size: Size = None, replace: bool = True, p: Any = None, axis: int = 0, shuffle: bool = True
    ) -> Tensor:
        """Elements drawn from an array, or from the integers below a number.

        Parameters
        ----------
        a : int or array-like
            What to draw from: the integers below a number, which may be a 0-d array of integers, or the slices of an
            array along an axis.
        size : int or sequence of int, optional
            How many; by default one.
        replace : bool
            Whether one may be drawn more than once.
        p : array-like, shape (elements,), optional
            Their probabilities, which sum to 1; by default all are equal.
        axis : int
            Of the array.
        shuffle : bool
            Whether the order has to be random without replacement; it always is.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            Where there is nothing, or without replacement too little, to draw from; for a negative number, or
            probabilities that are none, do not sum to 1 or are not as many.
        TypeError
            For what is neither an integer nor array-like.

        Examples
        --------
        >>> import tilewright as tw
        >>> drawn = tw.random.Generator(0).choice([2, 3, 5, 7], size=2, replace=False)
        >>> drawn.shape
        (2,)
        """
        population, array, axis = _population("choice", "a", a, axis)
        shape, count = _shape("choice", size)
        replace = arguments.flag("choice", "replace", replace)
        arguments.flag("choice", "shuffle", shuffle)
        if count > (population if not replace else count * (population > 0)):
            how = "with" if replace else "without"
            raise ValueError(f"choice: cannot draw {count} of {population} {how} replacement")
        device = "cpu" if array is None else array.device
        if p is not None:
            index = self._by_weight(p, population, count, replace).reshape(shape).to(device)
        elif replace:
            index = self._integers("choice", 0, max(population, 1), shape, False, device)
        else:
            index = self._permutation("choice", population, device)[:count].reshape(shape)
        if array is None:
            return index
        picked = take(array, index.ravel(), axis=axis)
        return picked.reshape((*array.shape[:axis], *shape, *array.shape[axis + 1 :]))

    def _by_weight(self, p: Any, population: int, count: int, replace: bool) -> Tensor:
        """Positions drawn with probabilities."""
        weights = parameter("choice", "p", p, PROBABILITY)
        if getattr(weights, "shape", ()) != (population,):
            shown = getattr(weights, "shape", ())
            raise ValueError(f"choice: p has shape {shown}, but must be ({population},), a probability for each")
        total = math.fsum(weights.tolist())
        if abs(total - 1) > 1e-6:
            raise ValueError(f"choice: p sums to {total}, but must sum to 1")
        positive = int((weights > 0).sum().item())
        if not replace and count > positive:
            raise ValueError(f"choice: cannot draw {count} without replacement, p has {positive} entries above 0")
        if not count:
            return asarray([], "int64")
        drawn = self._take(count if replace else population, 2)
        return asarray(_core.multinomial(weights._array, count, replace, *drawn))

    def permuted(self, x: Any, axis: int | None = None) -> Tensor:
        """The elements of an array in random order, along an axis each row in an order of its own.

        Parameters
        ----------
        x : array-like
            It is not changed.
        axis : int, optional
            Along which axis; by default all elements are mixed.

        Returns
        -------
        Tensor
            Shape and dtype of `x`.

        Raises
        ------
        AxisError
            For an axis that x does not have.

        Notes
        -----
        The order is that of random integers of 64 bits.

        Examples
        --------
        >>> import tilewright as tw
        >>> rows = tw.random.Generator(0).permuted([[1, 2, 3], [4, 5, 6]], axis=1)
        >>> tw.sort(rows).tolist()
        [[1, 2, 3], [4, 5, 6]]
        """
        x = arguments.array("permuted", "x", x)
        if axis is None:
            return take(x.ravel(), self._permutation("permuted", x.size, x.device), axis=0).reshape(x.shape)
        axis = _axis("permuted", axis, x.ndim)
        keys = self._integers("permuted", -(2**63), 2**63, x.shape, False, x.device)
        return take_along_axis(x, argsort(keys, axis=axis), axis=axis)

    def shuffle(self, x: Any, axis: int = 0) -> None:
        """Put the slices of an array along an axis in random order, in place.

        Parameters
        ----------
        x : Tensor, numpy.ndarray or list
            It is changed. Of a list the entries are put in order.
        axis : int
            Along which axis.

        Raises
        ------
        TypeError
            For what is neither an array that can be written nor a list, and for a list with an axis other than 0.
        AxisError
            For an axis that x does not have.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.arange(5)
        >>> tw.random.Generator(0).shuffle(x)
        >>> tw.sort(x)
        tensor([0, 1, 2, 3, 4])
        """
        if isinstance(x, list):
            if arguments.integer("shuffle", "axis", axis) != 0:
                raise TypeError(f"shuffle: axis is {axis}, but a list has only axis 0")
            x[:] = [x[i] for i in self._permutation("shuffle", len(x), "cpu").tolist()]
            return
        if not arguments.has_axes(x) or not hasattr(x, "__setitem__"):
            arguments.refuse("shuffle", "x", x, "an array of at least one axis, or a list")
        axis = _axis("shuffle", axis, x.ndim)
        mixed = take(x, self._permutation("shuffle", x.shape[axis], getattr(x, "device", "cpu")), axis=axis)
        x[...] = mixed if isinstance(x, Tensor) else mixed.numpy()


def _population(op: str, name: str, value: Any, axis: Any) -> tuple[int, Tensor | None, int]:
    """How many there are to draw from, the array whose slices they are, None for integers, and the axis."""
    if getattr(value, "ndim", 0) == 0 and hasattr(value, "__index__"):
        try:
            return arguments.integer(op, name, operator.index(value), at_least=0), None, 0
        except TypeError:  # a 0-d array of floats
            pass
    array = arguments.array(op, name, value)
    if not array.ndim:
        raise ValueError(f"{op}: {name} is a 0-d array of dtype {array.dtype.name}, which has no slices")
    axis = _axis(op, axis, array.ndim)
    return array.shape[axis], array, axis
