"""Windows of a text that is larger than memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.creation import arange
from ..._functions.indexing import take
from ..._functions.manipulation import astype, concatenate
from .vocabulary import integers_1d

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...random import Generator

__all__ = ["StreamedWindows"]

_READ = 1 << 20  # characters of a file at a time, up to the end of a line
_OP = "StreamedWindows"


class StreamedWindows:
    """Batches of windows of a text that is read as they are needed, a file or whatever gives it piece by piece.

    Parameters
    ----------
    source : str or os.PathLike, or iterable of str or of array-like of int
        A text file in UTF-8, read anew in each pass; or pieces of the text, or of its tokens' numbers. An iterator, in
        contrast to a list, gives one pass.
    batch_size : int
        Windows in a batch, B.
    length : int
        Tokens in a window, T.
    encode : callable, optional
        Makes numbers of a piece of text, as `lambda text: vocabulary.encode(characters(text))`. A file's pieces end
        with a line.
    shuffle : int
        So many windows are held in memory and shuffled; 0: they come in the text's order.
    batch_first : bool
        Whether batches are (B, T) and not (T, B), as in the recurrent layers of `nn`.
    drop_last : bool
        Whether to leave out a last batch that is not full.
    generator : Generator, optional
        Where orders are drawn from; by default `tilewright.random.default_generator`.

    Yields
    ------
    inputs, targets : Tensor, shape (T, B)
        The targets are one token later.

    Raises
    ------
    ValueError
        For sizes below 1, and a negative `shuffle`; when read, for pieces that are not 1-D.
    TypeError
        For a source that is neither, a file without `encode`, and arguments of another kind; when read, for text
        without `encode`, and numbers that are not integers.
    OSError
        When read, where the file cannot be.

    Notes
    -----
    Windows are those of `TextWindows`, without overlap, and go on across the ends of pieces. Shuffled are blocks of
    `shuffle` windows, one after another. A pass draws one number, from which all its orders follow. So a pass that goes
    on where another was (`load_state_dict`) reads the text up to there again, and gives the same batches.

    Examples
    --------
    >>> import tilewright as tw
    >>> pieces = [range(0, 5), range(5, 6), range(6, 14)]
    >>> for inputs, targets in tw.data.text.StreamedWindows(pieces, batch_size=2, length=3, batch_first=True):
    ...     print(inputs.tolist(), targets.tolist())
    [[0, 1, 2], [3, 4, 5]] [[1, 2, 3], [4, 5, 6]]
    [[6, 7, 8], [9, 10, 11]] [[7, 8, 9], [10, 11, 12]]
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Iterable[Any],
        batch_size: int,
        length: int,
        *,
        encode: Callable[[str], Any] | None = None,
        shuffle: int = 0,
        batch_first: bool = False,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        self._is_file = isinstance(source, (str, os.PathLike))
        if not self._is_file and not hasattr(source, "__iter__"):
            arguments.refuse(_OP, "source", source, "the path of a file, or an iterable of pieces")
        if self._is_file and encode is None:
            raise TypeError(f"{_OP}: a file needs encode=, which makes numbers of its text")
        self.source: Any = source
        self.batch_size = arguments.integer(_OP, "batch_size", batch_size, at_least=1)
        self.length = arguments.integer(_OP, "length", length, at_least=1)
        self.encode = None if encode is None else arguments.function(_OP, "encode", encode)
        self.shuffle = arguments.integer(_OP, "shuffle", shuffle, at_least=0)
        self.batch_first = arguments.flag(_OP, "batch_first", batch_first)
        self.drop_last = arguments.flag(_OP, "drop_last", drop_last)
        self.generator = None if generator is None else random.source(_OP, generator)
        self._pass: list[int] | None = None  # of the pass that started last: its seed, and how many batches it gave
        self._next: list[int] | None = None  # the one to go on with

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        current, self._next = self._next, None
        if current is None:
            source = self.generator or random.default_generator
            current = [int(source.integers(0, 1 << 62)) if self.shuffle else 0, 0]
        self._pass = current
        return self._given(current)

    def _given(self, current: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        seen = current[1]
        for i, rows in enumerate(self._batches(current[0])):
            if i < seen:
                continue
            inputs, targets = rows[:, :-1], rows[:, 1:]
            current[1] += 1
            yield (inputs, targets) if self.batch_first else (inputs.T, targets.T)
        if self._pass is current:
            self._pass = None

    def _batches(self, seed: int) -> Iterator[Tensor]:
        """Rows of T + 1 tokens, as many as a batch has."""
        order = random.Generator(seed)
        left: Tensor | None = None
        for block in self._blocks():
            rows = take(block, order.permutation(block.shape[0]), axis=0) if self.shuffle else block
            rows = rows if left is None else concatenate([left, rows])
            full = rows.shape[0] // self.batch_size * self.batch_size
            for start in range(0, full, self.batch_size):
                yield rows[start : start + self.batch_size]
            left = rows[full:]
        if left is not None and left.shape[0] and not self.drop_last:
            yield left

    def _blocks(self) -> Iterator[Tensor]:
        """Rows of T + 1 tokens, in the text's order: so many as are shuffled, or as a batch has."""
        count = self.shuffle or self.batch_size
        needed = count * self.length + 1
        places = arange(count)[:, None] * self.length + arange(self.length + 1)
        parts: list[Tensor] = []
        size = 0
        for piece in self._pieces():
            parts.append(piece)
            size += piece.size
            if size < needed:
                continue
            tokens = concatenate(parts)
            start = 0
            while size - start >= needed:
                yield take(tokens[start : start + needed], places)
                start += needed - 1
            parts = [tokens[start:].copy()]
            size -= start
        rest = (size - 1) // self.length if size else 0
        if rest:
            yield take(concatenate(parts), places[:rest])

    def _pieces(self) -> Iterator[Tensor]:
        for piece in self._file() if self._is_file else self.source:
            if isinstance(piece, str):
                if self.encode is None:
                    raise TypeError(f"{_OP}: a piece is text, which needs encode=")
                piece = self.encode(piece)
            if isinstance(piece, range):
                piece = arange(piece.start, piece.stop, piece.step)
            yield astype(integers_1d(_OP, piece), "int64")

    def _file(self) -> Iterator[str]:
        with open(self.source, encoding="utf-8") as file:
            while lines := file.readlines(_READ):
                yield "".join(lines)

    def state_dict(self) -> dict[str, Any]:
        """Where the pass that started last is, and the state of a generator of one's own.

        Returns
        -------
        dict
            "position": how many batches it gave, None where no pass is under way; "seed": of its orders; "generator".
        """
        seed, position = self._next or self._pass or (0, None)
        own = None if self.generator is None else self.generator.state
        return {"position": position, "seed": seed, "generator": own}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Have the next pass go on where another one was.

        Parameters
        ----------
        state_dict : dict
            From `state_dict`, over the same text.

        Raises
        ------
        ValueError
            Where something is missing, or out of range.
        TypeError
            For anything but such a dict, and for values of another kind.
        """
        op = f"{_OP}.load_state_dict"
        if not isinstance(state_dict, dict):
            arguments.refuse(op, "state_dict", state_dict, 'a dict with "position", "seed" and "generator"')
        missing = [name for name in ("position", "seed", "generator") if name not in state_dict]
        if missing:
            raise ValueError(f"{op}: the state_dict lacks {' and '.join(missing)}")
        seed = arguments.integer(op, "seed", state_dict["seed"], at_least=0, at_most=(1 << 64) - 1)
        position = state_dict["position"]
        if position is not None:
            position = arguments.integer(op, "position", position, at_least=0)
        if (state_dict["generator"] is None) != (self.generator is None):
            raise ValueError(f"{op}: one of the state and the windows has a generator of its own, the other has none")
        if self.generator is not None:
            self.generator.state = state_dict["generator"]
        self._pass, self._next = None, None if position is None else [seed, position]
