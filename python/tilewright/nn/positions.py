"""Positions that are added to embeddings: given by waves, or learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._functions.creation import arange
from .._functions.manipulation import astype, expand_dims, reshape, stack
from .._functions.trigonometric import cos, sin
from . import init
from .functional._checks import operands, positive
from .init._fill import finite
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["LearnedPositions", "SinusoidalPositions"]

_FEWEST = 64  # rows of a table


class _Positions(Module):
    """Adds a row of a table to each position."""

    embedding_dim: int

    def forward(self, input: Any, offset: int = 0) -> Tensor:
        """The embeddings with their positions.

        Parameters
        ----------
        input : array-like, shape (.., T, E)
            Embeddings of T positions.
        offset : int
            The position of the first: with a cache, how many there are already.

        Returns
        -------
        Tensor, shape of `input`

        Raises
        ------
        ValueError
            For another length than E, a negative offset, and positions that the layer does not have.
        TypeError
            For an offset that is no integer.
        """
        op = type(self).__name__
        (x,) = operands(op, input=input)
        if x.ndim < 2 or x.shape[-1] != self.embedding_dim:
            raise ValueError(f"{op}: input has shape {x.shape}, but must be (.., T, {self.embedding_dim})")
        offset = arguments.integer(op, "offset", offset, at_least=0)
        return x + self._rows(x, offset, offset + x.shape[-2])

    def _rows(self, x: Tensor, start: int, end: int) -> Tensor:
        """Those of the positions from `start` to `end`, (T, E), beside x."""
        raise NotImplementedError(f"{type(self).__name__}: positions must define _rows()")


class SinusoidalPositions(_Positions):
    """Adds sines and cosines of each position, by turns, at wavelengths from 2 pi up to `base` times that.

    Parameters
    ----------
    embedding_dim : int
        Length of the embeddings, E; an odd one ends with a sine.
    base : float
        Positive: how much longer the longest waves are than the shortest.

    Raises
    ------
    ValueError
        For a size below 1, or a base that is not positive and finite; when called, for embeddings of another length, or
        a negative offset.
    TypeError
        For arguments of another kind.

    Notes
    -----
    `input[.., t, 2 i] + sin(a)` and `input[.., t, 2 i + 1] + cos(a)` with `a = (offset + t) / base^(2 i / E)`.

    There is no longest sequence. Nothing is learned, and state dicts have nothing of it. The table is made in float64,
    and kept for the next call.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> positions = tw.nn.SinusoidalPositions(4)
    >>> positions(tw.zeros((1, 2, 4)))[0, 0].tolist()
    [0.0, 1.0, 0.0, 1.0]
    >>> tokens = tw.zeros((1, 5, 4))
    >>> (positions(tokens)[:, 3:] == positions(tokens[:, 3:], offset=3)).all().item()
    True
    """

    def __init__(self, embedding_dim: int, base: float = 10000.0) -> None:
        op = type(self).__name__
        self.embedding_dim = arguments.integer(op, "embedding_dim", embedding_dim, at_least=1)
        self.base = positive(op, "base", finite(op, "base", base))
        self._tables: dict[tuple[str, str], Tensor] = {}  # by dtype and device

    def _rows(self, x: Tensor, start: int, end: int) -> Tensor:
        kind = x.dtype.name, x.device
        table = self._tables.get(kind)
        if table is None or table.shape[0] < end:
            rows = max(end, _FEWEST if table is None else 2 * table.shape[0])
            arguments.shape(type(self).__name__, (rows, self.embedding_dim), "the table")
            table = self._tables[kind] = astype(self._table(rows), x.dtype, copy=False).to(x.device)
        return table[start:end]

    def _table(self, rows: int) -> Tensor:
        """(rows, E), in float64."""
        pairs = -(-self.embedding_dim // 2)
        frequencies = self.base ** (arange(pairs, dtype="float64") * (-2 / self.embedding_dim))
        angles = expand_dims(arange(rows, dtype="float64"), 1) * frequencies
        return reshape(stack([sin(angles), cos(angles)], axis=-1), (rows, 2 * pairs))[:, : self.embedding_dim]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_tables": {}}

    def extra_repr(self) -> str:
        return f"embedding_dim={self.embedding_dim}, base={self.base}"


class LearnedPositions(_Positions):
    """Adds a learned vector for each position.

    Parameters
    ----------
    num_positions : int
        How many vectors: the longest sequence.
    embedding_dim : int
        Length of the embeddings, E.
    std : float
        Standard deviation of the starting weights.
    dtype : dtype-like
        Of the weight.
    generator : Generator, optional
        Where the starting weight is drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (num_positions, embedding_dim)

    Raises
    ------
    ValueError
        For sizes below 1, or a negative `std`; when called, for embeddings of another length, a negative offset, or
        positions beyond the last.
    TypeError
        For arguments of another kind, or a dtype that is not floating.

    Notes
    -----
    `input[.., t, :] + weight[offset + t]`. The weight starts normally distributed around 0, as small as in BERT.

    References
    ----------
    J. Gehring et al., Convolutional Sequence to Sequence Learning, ICML 2017. J. Devlin et al., BERT, NAACL 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> positions = tw.nn.LearnedPositions(512, 16)
    >>> positions(tw.zeros((2, 5, 16))).shape
    (2, 5, 16)
    """

    weight: Parameter

    def __init__(
        self,
        num_positions: int,
        embedding_dim: int,
        std: float = 0.02,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        op = type(self).__name__
        self.num_positions = arguments.integer(op, "num_positions", num_positions, at_least=1)
        self.embedding_dim = arguments.integer(op, "embedding_dim", embedding_dim, at_least=1)
        self.std = finite(op, "std", std, at_least=0)
        shape = arguments.shape(op, (self.num_positions, self.embedding_dim), "weight")
        self.weight = Parameter(_core.full(shape, 0, as_floating(op, dtype)))
        self.reset_parameters(random.source(op, generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw a new weight from the normal distribution."""
        init.normal_(self.weight, std=self.std, generator=generator)

    def _rows(self, x: Tensor, start: int, end: int) -> Tensor:
        if end > self.num_positions:
            raise ValueError(
                f"LearnedPositions: input {x.shape} with offset={start} ends at position {end}, "
                f"but there are {self.num_positions}"
            )
        return self.weight[start:end]

    def extra_repr(self) -> str:
        return f"num_positions={self.num_positions}, embedding_dim={self.embedding_dim}"
