"""PackedSequence: sequences of different lengths without their padding."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.creation import arange
from .._functions.manipulation import expand_dims
from .._functions.sorting import argsort
from .functional._checks import refuse_where

if TYPE_CHECKING:
    from typing import Self


class _Parts(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Parts):
    """Sequences of different lengths without their padding, one step behind another.

    A named tuple, which layers take and give; `nn.utils.rnn.pack_padded_sequence` and `pack_sequence` make it.

    Parameters
    ----------
    data : array-like, shape (N, ..)
        The elements of all sequences at step 0, then at step 1, ..; in each step those of the longest sequence first.
    batch_sizes : array-like of int, shape (T,)
        How many sequences have each step. They never increase and add up to N.
    sorted_indices : array-like of int, shape (B,), optional
        Where in the batch each sequence comes from, the longest first. By default they lie in the batch as they are.
    unsorted_indices : array-like of int, shape (B,), optional
        The inverse, which is worked out where it is not given; and the other way around.

    Raises
    ------
    ValueError
        For sizes that increase, are below 1 or do not add up to N; for indices that are too few, are no permutation, or
        are not inverse to each other.
    TypeError
        For sizes and indices that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> packed = tw.nn.utils.rnn.pack_sequence([tw.asarray([1.0, 2.0, 3.0]), tw.asarray([4.0])])
    >>> packed.data, packed.batch_sizes
    (tensor([1., 4., 2., 3.]), tensor([2, 1, 1]))
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        op = "PackedSequence"
        data = arguments.array(op, "data", data)
        batch_sizes = indices(op, "batch_sizes", batch_sizes)
        sizes = batch_sizes.tolist()
        if any(size < 1 for size in sizes[-1:]) or any(b > a for a, b in pairwise(sizes)):
            raise ValueError(f"{op}: batch_sizes is {sizes}, but sizes must be at least 1 and never increase")
        if not data.ndim or data.shape[0] != sum(sizes):
            raise ValueError(f"{op}: data has shape {data.shape}, but batch_sizes add up to {sum(sizes)}")
        if sorted_indices is None and unsorted_indices is None:
            return super().__new__(cls, data, batch_sizes, None, None)
        if sorted_indices is None:
            sorted_indices = argsort(indices(op, "unsorted_indices", unsorted_indices))
        order = indices(op, "sorted_indices", sorted_indices)
        back = argsort(order) if unsorted_indices is None else indices(op, "unsorted_indices", unsorted_indices)
        if not order.size == back.size >= max(sizes, default=0):
            got = f"{order.size} sorted_indices and {back.size} unsorted_indices"
            raise ValueError(f"{op}: there are {got}, but {max(sizes, default=0)} sequences")
        places = order.tolist()
        if sorted(places) != list(range(len(places))):
            raise ValueError(f"{op}: sorted_indices is {places}, but must have each number below {len(places)} once")
        if back.tolist() != sorted(range(len(places)), key=places.__getitem__):
            raise ValueError(f"{op}: unsorted_indices is {back.tolist()}, but must be the inverse of {places}")
        return super().__new__(cls, data, batch_sizes, order, back)

    @property
    def num_sequences(self) -> int:
        """How many sequences there are, those without steps included."""
        if self.sorted_indices is not None:
            return self.sorted_indices.size
        return int(self.batch_sizes[0]) if self.batch_sizes.size else 0

    @property
    def device(self) -> str:
        """Where the data lies."""
        return self.data.device

    def to(self, device: str) -> Self:
        """With the data on a device.

        Parameters
        ----------
        device : str
            "cpu", or for instance "cuda:0".

        Returns
        -------
        PackedSequence
        """
        return type(self)(self.data.to(device), *self[1:])


def within(op: str, lengths: Any, count: int, longest: int, device: str) -> Tensor:
    """Which of so many steps are in the sequences: (count, longest), from lengths (count,)."""
    counts = lengths_of(op, lengths, count, longest).to(device)
    return arange(longest, device=device) < expand_dims(counts, axis=1)


def lengths_of(op: str, lengths: Any, count: int, longest: int) -> Tensor:
    """Of so many sequences, as int64, on the host."""
    counts = indices(op, "lengths", lengths).to("cpu")
    if counts.size != count:
        raise ValueError(f"{op}: there are {counts.size} lengths, but {count} sequences")
    wrong = (counts < 0) | (counts > longest)
    refuse_where(op, "lengths", counts, wrong, ValueError, f"must be from 0 to {longest}")
    return counts


def indices(op: str, name: str, value: Any) -> Tensor:
    """Integers along one axis, as int64."""
    given = arguments.array(op, name, value)
    if given.ndim != 1:
        raise ValueError(f"{op}: {name} has shape {given.shape}, but needs one axis")
    if given.size and not given.dtype.is_integer:
        raise TypeError(f"{op}: {name} has dtype {given.dtype.name}, but must be integers")
    return asarray(given, "int64")
