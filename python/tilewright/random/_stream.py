"""Where random numbers come from: a seed, a position, and how many numbers a call takes."""

from __future__ import annotations

import math
import os
import threading

from .._engine import arguments
from .._engine.dtypes import as_floating

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

_WORDS = 4  # 32-bit words at each position of a stream


class Stream:
    """The seed and the position of a `Generator`, and taking numbers from it."""

    __slots__ = ("_lock", "_position", "_seed")

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self.seed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(seed={self._seed}, position={self._position})"

    def seed(self, seed: int) -> None:
        """Go to the start of the stream of a seed.

        Parameters
        ----------
        seed : int
            From 0 to 2**64 - 1.

        Raises
        ------
        TypeError
            For a seed that is not an integer.
        ValueError
            For a seed out of range.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.seed(0)
        """
        self.state = {"seed": seed, "position": 0}

    @property
    def state(self) -> dict[str, int]:
        """The seed and the position of the next number, to come back to; settable."""
        with self._lock:
            return {"seed": self._seed, "position": self._position}

    @state.setter
    def state(self, state: dict[str, int]) -> None:
        if not isinstance(state, dict):
            arguments.refuse("Generator", "state", state, 'a dict with "seed" and "position"')
        missing = [name for name in ("seed", "position") if name not in state]
        if missing:
            raise ValueError(f"Generator: the state lacks {' and '.join(missing)}")
        seed, position = (arguments.integer("Generator", name, state[name]) for name in ("seed", "position"))
        if not (0 <= seed < 2**64 and 0 <= position < 2**64):
            raise ValueError(f"Generator: seed {seed} and position {position} must lie between 0 and 2**64 - 1")
        with self._lock:
            self._seed, self._position = seed, position

    def _take(self, elements: int, words: int) -> tuple[int, int]:
        """Seed and position for a call that takes so many elements, of so many words each; moves on past them."""
        with self._lock:
            start = self._position
            self._position = (start + (elements * words + _WORDS - 1) // _WORDS) % 2**64
            return self._seed, start


def _shape(op: str, size: Any) -> tuple[tuple[int, ...], int]:
    """A shape as a tuple, and its number of elements."""
    if size is None:
        return (), 1
    shape = arguments.shape(op, size, "size")
    return shape, math.prod(shape)


def _plan(op: str, size: Any, dtype: Any) -> tuple[tuple[int, ...], int, Any]:
    return *_shape(op, size), as_floating(op, dtype)


def _words(dtype: Any) -> int:
    return 2 if dtype.itemsize == 8 else 1
