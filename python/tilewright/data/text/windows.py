"""What a language model reads: windows of a text in any order, or parallel streams in the text's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.creation import arange
from ..._functions.indexing import take
from ..dataset import _index
from .vocabulary import integers_1d

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TextStreams", "TextWindows"]


class TextWindows:
    """Windows of a text and, as targets, what comes one token later: a data set.

    Parameters
    ----------
    indices : array-like of int, shape (n,)
        The numbers of the text's tokens, from `Vocabulary.encode`.
    length : int
        Tokens in a window, T.
    stride : int, optional
        Tokens from the start of one window to that of the next. By default `length`: windows do not overlap, and a
        pass goes through the text once. With 1 there is a window at every token.
    batch_first : bool
        Whether batches are (B, T) and not (T, B), as in the recurrent layers of `nn`.

    Raises
    ------
    ValueError
        For a text with less than `length` + 1 tokens, indices that are not 1-D, and a length or stride below 1.
    TypeError
        For indices that are not integers.

    Notes
    -----
    Window i is `indices[i * stride : i * stride + length]`, its targets are `indices[i * stride + 1 : i * stride +
    length + 1]`. Tokens at the end that fill no window are left out.

    A `DataLoader` shuffles the windows. They do not continue each other, so a recurrent network starts each from its
    initial state. `TextStreams` gives windows that do.

    Examples
    --------
    >>> import tilewright as tw
    >>> windows = tw.data.text.TextWindows(tw.arange(10), 3)
    >>> len(windows), windows[1]
    (3, (tensor([3, 4, 5]), tensor([4, 5, 6])))
    >>> inputs, targets = windows[:]
    >>> inputs
    tensor([[0, 3, 6],
            [1, 4, 7],
            [2, 5, 8]])

    In random order, two windows at a time:

    >>> for inputs, targets in tw.data.DataLoader(windows, batch_size=2, shuffle=True):
    ...     print(inputs.shape, bool((targets == inputs + 1).all()))
    (3, 2) True
    (3, 1) True
    """

    def __init__(self, indices: Any, length: int, stride: int | None = None, *, batch_first: bool = False) -> None:
        op = "TextWindows"
        self.indices = integers_1d(op, indices)
        self.length = arguments.integer(op, "length", length, at_least=1)
        self.stride = self.length if stride is None else arguments.integer(op, "stride", stride, at_least=1)
        self.batch_first = arguments.flag(op, "batch_first", batch_first)
        if self.indices.size <= self.length:
            needed = f"a window of {self.length} and its targets need {self.length + 1}"
            raise ValueError(f"{op}: the text has {self.indices.size} tokens, but {needed}")
        ends = self.indices.size - self.length
        self._starts = arange(0, ends, min(self.stride, ends))
        self._steps = arange(self.length)

    def __len__(self) -> int:
        return self._starts.size

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        if isinstance(index, bool) or not isinstance(index, (int, slice, Tensor)):
            index = _index("TextWindows", index)
        if isinstance(index, int):
            start = int(self._starts[index])
            return self.indices[start : start + self.length], self.indices[start + 1 : start + 1 + self.length]
        starts = self._starts[index] if isinstance(index, slice) else take(self._starts, index, axis=0)
        if starts.ndim != 1:
            raise ValueError(f"TextWindows: index has shape {starts.shape}, but must be 1-D")
        places = starts[:, None] + self._steps if self.batch_first else self._steps[:, None] + starts
        return take(self.indices, places), take(self.indices, places + 1)


class TextStreams:
    """A text cut into parallel streams, read together from start to end: batches whose next ones continue them.

    Parameters
    ----------
    indices : array-like of int, shape (n,)
        The numbers of the text's tokens, from `Vocabulary.encode`.
    batch_size : int
        Streams, B.
    length : int
        Tokens of each stream in a batch, T.
    batch_first : bool
        Whether batches are (B, T) and not (T, B), as in the recurrent layers of `nn`.
    drop_last : bool
        Whether to leave out a last batch that is shorter than `length`.

    Attributes
    ----------
    streams : Tensor, shape (L + 1, B)
        The streams side by side. Batches are views of it.

    Yields
    ------
    inputs, targets : Tensor, shape (T, B)
        The targets are one token later.

    Raises
    ------
    ValueError
        For a text with fewer than `batch_size` + 1 tokens, indices that are not 1-D, and a length or size below 1.
    TypeError
        For indices that are not integers.

    Notes
    -----
    Each stream has L = (n - 1) // B tokens: stream b begins at token b L. Row b of a batch goes on where row b of the
    batch before it ended. So the state of a recurrent network is carried from batch to batch, and detached there: this
    is truncated backpropagation through time. There are ceil(L / T) batches in a pass.

    Examples
    --------
    >>> import tilewright as tw
    >>> streams = tw.data.text.TextStreams(tw.arange(11), batch_size=2, length=2)
    >>> len(streams)
    3
    >>> for inputs, targets in streams:
    ...     print(inputs.tolist(), targets.tolist())
    [[0, 5], [1, 6]] [[1, 6], [2, 7]]
    [[2, 7], [3, 8]] [[3, 8], [4, 9]]
    [[4, 9]] [[5, 10]]
    """

    def __init__(
        self, indices: Any, batch_size: int, length: int, *, batch_first: bool = False, drop_last: bool = False
    ) -> None:
        op = "TextStreams"
        tokens = integers_1d(op, indices)
        self.batch_size = arguments.integer(op, "batch_size", batch_size, at_least=1)
        self.length = arguments.integer(op, "length", length, at_least=1)
        self.batch_first = arguments.flag(op, "batch_first", batch_first)
        self.drop_last = arguments.flag(op, "drop_last", drop_last)
        steps = (tokens.size - 1) // self.batch_size
        if steps < 1:
            needed = f"{self.batch_size} streams need {self.batch_size + 1}"
            raise ValueError(f"{op}: the text has {tokens.size} tokens, but {needed}")
        starts = arange(self.batch_size) * steps
        self.streams = take(tokens, arange(steps + 1)[:, None] + starts)  # (L + 1, B)

    def __len__(self) -> int:
        """Number of batches in a pass."""
        full, rest = divmod(self.streams.shape[0] - 1, self.length)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        last = self.streams.shape[0] - 1
        for i in range(len(self)):
            start, end = i * self.length, min((i + 1) * self.length, last)
            batch = self.streams[start:end], self.streams[start + 1 : end + 1]
            yield (batch[0].T, batch[1].T) if self.batch_first else batch
