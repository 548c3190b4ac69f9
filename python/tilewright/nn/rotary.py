"""Rotary position embedding as a layer; `nn.functional` has its formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.creation import arange
from .._functions.manipulation import astype, expand_dims, reshape
from .._functions.trigonometric import cos, sin
from ..autograd import no_grad
from . import functional
from .functional._checks import operands, positive
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["RotaryPositions"]

_CACHED = 1 << 20  # positions at most that a table is kept for
_MOST = 1 << 52  # positions that float64 tells apart, with their angles


class RotaryPositions(Module):
    """Rotary position embedding: turns pairs of features of queries and keys by angles that grow with the position.

    Then the score of a query with a key depends on how far apart they are, not on where.

    Parameters
    ----------
    size : int
        How many of the first features of a head are turned; even. The others stay.
    base : float
        Pair r turns by `base ** (-2 r / size)` from one position to the next.
    interleaved : bool
        Which features are a pair: neighbours, 2 r and 2 r + 1, as in the paper and in GPT-J; or r and r + size / 2, as
        in LLaMA and GPT-NeoX.
    factor : float
        Positions are divided by it, which stretches what a network was trained on over longer sequences.

    Raises
    ------
    ValueError
        For a `size` that is odd or below 2, or a `base` or `factor` that is not positive; when called, for an input of
        other shapes or fewer features, and negative offsets.
    TypeError
        For arguments of another kind; when called, for offsets that are no integers.

    Notes
    -----
    There is nothing to learn, and nothing in the state dict. Angles are computed in float64; tables of their cosines
    and sines are kept for the longest sequence so far, and not copied with the layer.

    References
    ----------
    J. Su, Y. Lu, S. Pan, A. Murtadha, B. Wen, Y. Liu, RoFormer: Enhanced Transformer with Rotary Position Embedding,
    arXiv:2104.09864, 2021. S. Chen, S. Wong, L. Chen, Y. Tian, Extending Context Window of Large Language Models via
    Positional Interpolation, arXiv:2306.15595, 2023 (`factor`).

    Examples
    --------
    >>> import tilewright as tw
    >>> rotate = tw.nn.RotaryPositions(8)
    >>> q, k = tw.ones((2, 4, 5, 8)), tw.ones((2, 4, 5, 8))
    >>> scores = rotate(q) @ rotate(k).mT
    >>> tw.testing.assert_allclose(scores[..., 1, 0], scores[..., 4, 3], rtol=1e-5)
    >>> last = rotate(q[:, :, 4:], offset=4)
    >>> tw.testing.assert_allclose(last, rotate(q)[:, :, 4:])
    """

    _tables: dict[Any, tuple[Tensor, Tensor]]

    def __init__(self, size: int, base: float = 10000.0, *, interleaved: bool = False, factor: float = 1.0) -> None:
        name = type(self).__name__
        self.size = arguments.integer(name, "size", size, at_least=2)
        if self.size % 2:
            raise ValueError(f"{name}: size is {arguments.shown(size)}, but must be even: features are turned in pairs")
        self.base = positive(name, "base", base)
        self.interleaved = arguments.flag(name, "interleaved", interleaved)
        self.factor = positive(name, "factor", factor)
        self._tables = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tables": {}}

    def forward(self, input: Any, offset: Any = 0) -> Tensor:
        """The input, turned.

        Parameters
        ----------
        input : array-like, shape (.., T, D)
            Queries or keys; D is at least `size`.
        offset : int or array-like of int, shape (B,)
            The position of the first of the T: how many came before, in a cache. One for all, or one for each item of
            the first axis of `input`.

        Returns
        -------
        Tensor, shape (.., T, D)

        Raises
        ------
        ValueError
            For an input of other shapes or fewer features, and negative offsets.
        TypeError
            For offsets that are no integers.
        """
        op = type(self).__name__
        (x,) = operands(op, input=input)
        if x.ndim < 2 or x.shape[-1] < self.size:
            raise ValueError(f"{op}: input has shape {x.shape}, but must be (.., T, at least {self.size})")
        cosines, sines = self._angles(op, x, offset)
        return functional.rotary(x, cosines, sines, self.interleaved)

    def _angles(self, op: str, x: Tensor, offset: Any) -> tuple[Tensor, Tensor]:
        """Cosines and sines for the positions of x, broadcasting to (.., T, size / 2)."""
        length = x.shape[-2]
        if arguments.is_integer(offset) and not arguments.has_axes(offset):
            start = arguments.integer(op, "offset", offset, at_least=0, at_most=_MOST)
            if start + length > _CACHED:
                return self._made(arange(start, start + length, dtype="float64"), x)
            return tuple([table[start : start + length] for table in self._kept(start + length, x)])  # type: ignore[return-value]
        starts = arguments.integers(op, "offset", offset)
        if x.ndim < 3 or len(starts) != x.shape[0]:
            raise ValueError(f"{op}: offset has {len(starts)} entries, but input {x.shape} needs one for each item")
        for n, start in enumerate(starts):
            arguments.integer(op, f"offset[{n}]", start, at_least=0, at_most=_MOST)
        first = reshape(asarray(starts, "float64"), (len(starts), *(1,) * (x.ndim - 2)))
        return self._made(first + arange(length, dtype="float64"), x)

    def _kept(self, length: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """Tables (at least length, size / 2)."""
        key = (x.dtype.name, x.device)
        tables = self._tables.get(key)
        if tables is None or tables[0].shape[0] < length:
            room = 1 << max(length - 1, 1).bit_length()
            tables = self._tables[key] = self._made(arange(room, dtype="float64"), x)
        return tables

    def _made(self, positions: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Of positions (..) in float64: two of (.., size / 2), in the dtype of x, or float32 for halves."""
        with no_grad():
            turn = self.base ** (arange(0, self.size, 2, dtype="float64") * (-1 / self.size)) / self.factor
            angles = expand_dims(positions, -1) * turn
            dtype = x.dtype if x.dtype.itemsize > 2 else "float32"
            return tuple([astype(f(angles), dtype).to(x.device) for f in (cos, sin)])  # type: ignore[return-value]

    def extra_repr(self) -> str:
        shown = f"size={self.size}, base={self.base!r}, interleaved={self.interleaved}"
        return shown if self.factor == 1 else f"{shown}, factor={self.factor!r}"
