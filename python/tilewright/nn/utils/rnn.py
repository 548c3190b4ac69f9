"""Sequences of different lengths: padded to one length, or packed without padding.

Sequences without steps are taken everywhere. A `PackedSequence` that has some has `sorted_indices`, from whose length
it is known how many sequences there are.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import Tensor, asarray
from ..._functions.creation import arange, full
from ..._functions.indexing import nonzero, take
from ..._functions.manipulation import concatenate, reshape, split
from ..._functions.scans import cumulative_sum
from ..._functions.sorting import argsort
from .._sequences import PackedSequence, lengths_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "PackedSequence",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences, without the padding.

    Parameters
    ----------
    input : array-like, shape (T, B, ..), or (B, T, ..) with `batch_first`
        What lies beyond the length of a sequence is left out.
    lengths : array-like of int, shape (B,)
        How many steps each sequence has, from 0 to T.
    batch_first : bool
        Whether the axes of `input` are (B, T, ..).
    enforce_sorted : bool
        Whether `lengths` must not increase. If False, sequences are sorted; layers undo that.

    Returns
    -------
    PackedSequence
        Its data is a copy; gradients flow back.

    Raises
    ------
    ValueError
        For an input of fewer than two axes, another number of lengths than B, lengths below 0 or above T, and where
        lengths increase though they must not.
    TypeError
        For lengths that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([[1.0, 2.0, 3.0], [4.0, 0.0, 0.0]])
    >>> packed = tw.nn.utils.rnn.pack_padded_sequence(x, [3, 1], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1., 4., 2., 3.]), tensor([2, 1, 1]))
    """
    op = "pack_padded_sequence"
    x, batch_first = arguments.array(op, "input", input), arguments.flag(op, "batch_first", batch_first)
    batch, steps = _padded_sizes(op, "input", x, batch_first)
    counts = lengths_of(op, lengths, batch, steps)
    rows = reshape(x, (batch * steps, *x.shape[2:]))
    first, step = (arange(batch) * steps, 1) if batch_first else (arange(batch), batch)
    return _packed(op, rows, counts, first, step, enforce_sorted)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths.

    Parameters
    ----------
    sequences : sequence of array-like, each of shape (L, ..)
        At least one. They agree in all axes but the first.
    enforce_sorted : bool
        Whether lengths must not increase. If False, sequences are sorted; layers undo that.

    Returns
    -------
    PackedSequence
        Its data is a copy; gradients flow back.

    Raises
    ------
    ValueError
        For no sequences, other shapes, and where lengths increase though they must not.
    TypeError
        For what is not a sequence of arrays.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.nn.utils import rnn
    >>> packed = rnn.pack_sequence([tw.asarray([4.0]), tw.asarray([1.0, 2.0, 3.0])], enforce_sorted=False)
    >>> packed.data, packed.sorted_indices
    (tensor([1., 4., 2., 3.]), tensor([1, 0]))
    """
    rows, counts = _one_after_another("pack_sequence", sequences)
    return _packed("pack_sequence", rows, counts, cumulative_sum(counts) - counts, 1, enforce_sorted)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Pad packed sequences to one length.

    Parameters
    ----------
    sequence : PackedSequence
        Of B sequences, the longest of T steps.
    batch_first : bool
        Whether the result is (B, T, ..).
    padding_value : float
        What is added.
    total_length : int, optional
        T of the result, by default that of `sequence`: for results that several workers put together.

    Returns
    -------
    padded : Tensor, shape (T, B, ..), or (B, T, ..) with `batch_first`
        In the order that sequences had before they were sorted. Gradients flow back.
    lengths : Tensor of int64, shape (B,)

    Raises
    ------
    ValueError
        For a `total_length` below T, and a `padding_value` that the dtype of the sequences does not have.
    TypeError
        For what is no PackedSequence.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.nn.utils import rnn
    >>> packed = rnn.pack_sequence([tw.asarray([1.0, 2.0, 3.0]), tw.asarray([4.0])])
    >>> rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1., 2., 3.],
             [4., 0., 0.]]), tensor([3, 1]))
    """
    op = "pad_packed_sequence"
    if not isinstance(sequence, PackedSequence):
        arguments.refuse(op, "sequence", sequence, "a PackedSequence")
    batch_first = arguments.flag(op, "batch_first", batch_first)
    batch, steps = sequence.num_sequences, sequence.batch_sizes.size
    if total_length is not None:
        total_length = arguments.integer(op, "total_length", total_length)
        if total_length < steps:
            raise ValueError(f"{op}: total_length is {total_length}, but the longest sequence has {steps} steps")
        steps = total_length
    present = _present(sequence)
    t, rank = nonzero(present)
    place = rank if sequence.sorted_indices is None else take(sequence.sorted_indices, rank)
    counts = present.sum(0)
    lengths = counts if sequence.unsorted_indices is None else take(counts, sequence.unsorted_indices)
    return _spread(op, sequence.data, t, place, (steps, batch), batch_first, padding_value), lengths


def pad_sequence(
    sequences: Sequence[Any], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Pad sequences of different lengths to that of the longest, T.

    Parameters
    ----------
    sequences : sequence of array-like, each of shape (L, ..)
        B of them, at least one. They agree in all axes but the first.
    batch_first : bool
        Whether the result is (B, T, ..).
    padding_value : float
        What is added.
    padding_side : {"right", "left"}
        Behind the last step or before the first.

    Returns
    -------
    Tensor, shape (T, B, ..), or (B, T, ..) with `batch_first`
        Gradients flow back.

    Raises
    ------
    ValueError
        For no sequences, other shapes, another side, and a `padding_value` that the dtype of the sequences does not
        have.
    TypeError
        For what is not a sequence of arrays.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.utils.rnn.pad_sequence([tw.asarray([1.0]), tw.asarray([2.0, 3.0])], batch_first=True)
    tensor([[1., 0.],
            [2., 3.]])
    """
    op = "pad_sequence"
    side = arguments.option(op, "padding_side", padding_side, ("right", "left"))
    batch_first = arguments.flag(op, "batch_first", batch_first)
    rows, counts = _one_after_another(op, sequences)
    steps = int(counts.max())
    place, t = nonzero(arange(steps) < counts[:, None])
    if side == "left":
        t = t + take(steps - counts, place)
    return _spread(op, rows, t, place, (steps, counts.size), batch_first, padding_value)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded array: the inverse of `pad_sequence`.

    Parameters
    ----------
    padded_sequences : array-like, shape (T, B, ..), or (B, T, ..) with `batch_first`
    lengths : array-like of int, shape (B,)
        How many steps each sequence has, from 0 to T.
    batch_first : bool
        Whether the axes are (B, T, ..).

    Returns
    -------
    list of Tensor
        B of them, of shape (L, ..): views. Gradients flow back.

    Raises
    ------
    ValueError
        For fewer than two axes, another number of lengths than B, and lengths below 0 or above T.
    TypeError
        For lengths that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.utils.rnn.unpad_sequence([[1.0, 0.0], [2.0, 3.0]], [1, 2], batch_first=True)
    [tensor([1.]), tensor([2., 3.])]
    """
    op = "unpad_sequence"
    x = arguments.array(op, "padded_sequences", padded_sequences)
    batch_first = arguments.flag(op, "batch_first", batch_first)
    counts = lengths_of(op, lengths, *_padded_sizes(op, "padded_sequences", x, batch_first)).tolist()
    return [x[i, :count] if batch_first else x[:count, i] for i, count in enumerate(counts)]


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences of a packed one: the inverse of `pack_sequence`.

    Parameters
    ----------
    packed_sequences : PackedSequence
        Of B sequences.

    Returns
    -------
    list of Tensor
        B of them, of shape (L, ..), in the order that they had before they were sorted. Gradients flow back.

    Raises
    ------
    TypeError
        For what is no PackedSequence.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.nn.utils import rnn
    >>> rnn.unpack_sequence(rnn.pack_sequence([tw.asarray([1.0, 2.0, 3.0]), tw.asarray([4.0])]))
    [tensor([1., 2., 3.]), tensor([4.])]
    """
    if not isinstance(packed_sequences, PackedSequence):
        arguments.refuse("unpack_sequence", "packed_sequences", packed_sequences, "a PackedSequence")
    data, batch_sizes, _, back = packed_sequences
    present = _present(packed_sequences).mT
    if back is not None:
        present = take(present, back, axis=0)
    place, t = nonzero(present)
    rank = place if back is None else take(back, place)
    places = take(cumulative_sum(batch_sizes) - batch_sizes, t) + rank
    rows = take(data, places.to(data.device), axis=0)
    ends = cumulative_sum(present.sum(1)).tolist()
    return split(rows, ends[:-1]) if ends else []


# ---- where elements lie ----------------------------------------------------------------------------------------------


def _packed(op: str, rows: Tensor, counts: Tensor, first: Tensor, step: int, enforce_sorted: Any) -> PackedSequence:
    """From rows of which a sequence has `counts`: that of its step 0 is `first`, the others come every `step` rows."""
    listed = counts.tolist()
    order = None
    if not arguments.flag(op, "enforce_sorted", enforce_sorted):
        order = argsort(counts, descending=True)
        counts, first = take(counts, order), take(first, order)
    elif any(b > a for a, b in pairwise(listed)):
        remedy = "sort the sequences, or give enforce_sorted=False"
        raise ValueError(f"{op}: lengths is {listed}, but lengths must not increase; {remedy}")
    elif 0 in listed:
        order = arange(len(listed))
    present = arange(max(listed, default=0))[:, None] < counts
    t, rank = nonzero(present)
    places = take(first, rank) + t * step
    return PackedSequence(take(rows, places.to(rows.device), axis=0), present.sum(1), order)


def _present(sequence: PackedSequence) -> Tensor:
    """(T, B): whether a sequence has a step, the longest first."""
    return arange(sequence.num_sequences) < sequence.batch_sizes[:, None]


def _spread(
    op: str, rows: Tensor, t: Tensor, place: Tensor, sizes: tuple[int, int], batch_first: bool, padding_value: Any
) -> Tensor:
    """Padding of shape (T, B, ..) or (B, T, ..) with rows at these steps of sequences."""
    steps, batch = sizes
    padding_value = arguments.number(op, "padding_value", padding_value)
    try:
        padding = full((), padding_value, dtype=rows.dtype).item()
    except ValueError:
        raise ValueError(f"{op}: padding_value is {padding_value}, which is no {rows.dtype.name}") from None
    y = full((steps * batch, *rows.shape[1:]), padding, dtype=rows.dtype, device=rows.device)
    places = place * steps + t if batch_first else t * batch + place
    y[places.to(rows.device)] = rows
    return reshape(y, (*((batch, steps) if batch_first else (steps, batch)), *rows.shape[1:]))


def _one_after_another(op: str, sequences: Any) -> tuple[Tensor, Tensor]:
    """Sequences as one array, and their lengths."""
    if isinstance(sequences, Tensor):
        arguments.refuse(op, "sequences", sequences, "a list or tuple of arrays")
    listed = arguments.entries(op, "sequences", sequences, "a sequence of arrays")
    if not listed:
        raise ValueError(f"{op}: there are no sequences, but at least one is needed")
    tensors = [arguments.array(op, f"sequence {i}", sequence) for i, sequence in enumerate(listed)]
    rest = tensors[0].shape[1:]
    for i, tensor in enumerate(tensors):
        if not tensor.ndim or tensor.shape[1:] != rest:
            needed = ", ".join(["L", *map(str, rest)]) + ("" if rest else ",")
            raise ValueError(f"{op}: sequence {i} has shape {tensor.shape}, but must be ({needed})")
    return concatenate(tensors), asarray([tensor.shape[0] for tensor in tensors], "int64")


def _padded_sizes(op: str, name: str, x: Tensor, batch_first: bool) -> tuple[int, int]:
    """B and T."""
    if x.ndim < 2:
        needed = "(B, T, ..)" if batch_first else "(T, B, ..)"
        raise ValueError(f"{op}: {name} has shape {x.shape}, but must be {needed}")
    return (x.shape[0], x.shape[1]) if batch_first else (x.shape[1], x.shape[0])
