"""Keys and values that attention keeps while a sequence is made token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written, state
from .._functions.creation import empty
from .functional._checks import operands

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["KeyValueCache"]

_FEWEST = 16  # positions there is room for at first


class KeyValueCache:
    """Keys and values of all positions so far, of one attention layer, for decoding: each position is computed once.

    Parameters
    ----------
    capacity : int, optional
        Positions that there is room for from the start; more are refused. By default room grows by doubling.

    Attributes
    ----------
    length : int
        Positions there are: the offset of the next one.
    capacity : int or None
    keys : Tensor, shape (B, K, length, D), or None
        A view of all keys so far; None before the first are there.
    values : Tensor, shape (B, K, length, V), or None
        The same of the values.

    Raises
    ------
    ValueError
        For a capacity below 1.
    TypeError
        For a capacity that is no integer.

    Notes
    -----
    Batch, heads, sizes, dtype and device are those of the first keys and values. The views share the cache's memory, so
    what they show may change with the next call of `reorder`, or with `append` after `truncate`. Queries of the newest
    positions are aligned with the end of the keys: `causal="lower_right"` in `scaled_dot_product_attention`.

    A cache holds numbers without their history: gradients go through whole sequences, not through a cache.

    Examples
    --------
    >>> import tilewright as tw
    >>> cache = tw.nn.KeyValueCache()
    >>> keys, values = cache.append(tw.ones((1, 2, 5, 4)), tw.ones((1, 2, 5, 4)))  # a prompt of 5 tokens
    >>> keys, values = cache.append(tw.zeros((1, 2, 1, 4)), tw.zeros((1, 2, 1, 4)))  # and one more
    >>> keys.shape, cache.length
    ((1, 2, 6, 4), 6)
    """

    def __init__(self, capacity: int | None = None) -> None:
        if capacity is not None:
            capacity = arguments.integer("KeyValueCache", "capacity", capacity, at_least=1)
        self.capacity = capacity
        self.length = 0
        self._room: tuple[Tensor, Tensor] | None = None  # (B, K, positions, D) and (B, K, positions, V)

    @property
    def keys(self) -> Tensor | None:
        return None if self._room is None else self._room[0][:, :, : self.length]

    @property
    def values(self) -> Tensor | None:
        return None if self._room is None else self._room[1][:, :, : self.length]

    def append(self, key: Any, value: Any) -> tuple[Tensor, Tensor]:
        """Add the keys and values of new positions behind those that are there.

        Parameters
        ----------
        key : array-like, shape (B, K, T, D)
            Floating.
        value : array-like, shape (B, K, T, V)

        Returns
        -------
        keys : Tensor, shape (B, K, length, D)
            All so far, a view.
        values : Tensor, shape (B, K, length, V)

        Raises
        ------
        ValueError
            For shapes or a device unlike those of what is there, and beyond the capacity.
        TypeError
            For another dtype than what is there has.
        RuntimeError
            For keys or values that want a gradient, unless in `no_grad`.
        """
        op = "KeyValueCache.append"
        given = operands(op, key=key, value=value)
        _check_history(op, given)
        key, value = given
        shape, of_value = key.shape, value.shape
        if len(shape) != 4 or len(of_value) != 4 or shape[:3] != of_value[:3]:
            raise ValueError(f"{op}: got key {shape} and value {of_value}, but needs (B, K, T, D) and (B, K, T, V)")
        if self._room is not None:
            _check_alike(op, "key", key, self._room[0])
            _check_alike(op, "value", value, self._room[1])
        end = self.length + shape[2]
        if self.capacity is not None and end > self.capacity:
            raise ValueError(
                f"{op}: key has {shape[2]} positions, which with the {self.length} there are {end}, "
                f"but the capacity is {self.capacity}"
            )
        keys, values = self._room = self._with_room(key, value, end)
        added = slice(None), slice(None), slice(self.length, end)
        _core.setitem(keys._array, added, key._array)
        _core.setitem(values._array, added, value._array)
        mark_written([keys._array, values._array])
        self.length = end
        there = slice(None), slice(None), slice(end)
        return keys[there], values[there]

    def _with_room(self, key: Tensor, value: Tensor, positions: int) -> tuple[Tensor, Tensor]:
        """Memory for so many positions, with those that are there."""
        there = 0 if self._room is None else self._room[0].shape[2]
        if self._room is not None and positions <= there:
            return self._room
        wanted = max(positions, 2 * there, _FEWEST) if self.capacity is None else self.capacity
        made = []
        for i, new in enumerate((key, value)):
            batch, heads, _, size = new.shape
            room = empty((batch, heads, wanted, size), dtype=new.dtype, device=new.device)
            if self._room is not None:
                room[:, :, : self.length] = self._room[i][:, :, : self.length]
            made.append(room)
        return made[0], made[1]

    def reorder(self, indices: Any) -> None:
        """Let item i of the batch go on from what was item `indices[i]`: the beams that survive, or copies of a prompt.

        Parameters
        ----------
        indices : array-like of int, shape (batch afterwards,)
            Items may stand there several times, or not at all.

        Raises
        ------
        ValueError
            For indices that are not 1-d, and before anything is there.
        TypeError
            For indices that are no integers.
        IndexError
            For items that there are not.
        """
        op = "KeyValueCache.reorder"
        chosen = list(arguments.integers(op, "indices", indices))
        if self._room is None:
            raise ValueError(f"{op}: nothing is there to be reordered; append() comes first")
        items = self._room[0].shape[0]
        for i, item in enumerate(chosen):
            if not 0 <= item < items:
                shown = arguments.shown(item)
                raise IndexError(f"{op}: indices[{i}] is {shown}, but the cache has {items} items, 0 to {items - 1}")
        if chosen == list(range(items)):
            return
        made = []
        for old in self._room:
            room = (
                old
                if len(chosen) == items
                else empty((len(chosen), *old.shape[1:]), dtype=old.dtype, device=old.device)
            )
            made.append((room, old[:, :, : self.length][chosen]))
        for room, picked in made:
            room[:, :, : self.length] = picked
        self._room = made[0][0], made[1][0]

    def truncate(self, length: int) -> None:
        """Forget the positions behind the first `length`; their room stays.

        Parameters
        ----------
        length : int
            How many are left; 0 for none.

        Raises
        ------
        ValueError
            For a length outside [0, self.length].
        TypeError
            For a length that is no integer.
        """
        self.length = arguments.integer("KeyValueCache.truncate", "length", length, at_least=0, at_most=self.length)

    def __repr__(self) -> str:
        shape = "" if self._room is None else f", keys {self.keys.shape}, values {self.values.shape}"  # type: ignore[union-attr]
        return f"KeyValueCache(length={self.length}, capacity={self.capacity}{shape})"


def _check_alike(op: str, name: str, new: Tensor, kept: Tensor) -> None:
    """Raise for what does not fit what is there: sizes, dtype, device."""
    shape, own = new.shape, kept.shape
    if shape[0] != own[0] or shape[1] != own[1] or shape[3] != own[3]:
        raise ValueError(f"{op}: {name} has shape {shape}, but the cache has ({own[0]}, {own[1]}, T, {own[3]})")
    if new.dtype != kept.dtype:
        raise TypeError(f"{op}: {name} is {new.dtype.name}, but the cache is {kept.dtype.name}")
    if new.device != kept.device:
        raise ValueError(f"{op}: {name} is on {new.device}, but the cache is on {kept.device}")


def _check_history(op: str, given: list[Tensor]) -> None:
    if state.mode and any(x._node is not None for x in given):
        raise RuntimeError(f"{op}: key or value wants a gradient, which a cache does not pass on; use no_grad()")
