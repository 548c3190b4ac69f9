"""Biases of attention scores by distance: ALiBi, and T5's buckets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._engine.tensor import asarray
from .._functions.arithmetic import abs, negative
from .._functions.creation import arange
from .._functions.extrema import minimum
from .._functions.indexing import where
from .._functions.manipulation import astype, expand_dims
from .._functions.reductions import sum as sum_
from . import functional, init
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["ALiBi", "RelativeBias"]

_MOST = 1 << 40  # queries, keys and positions


class _ByDistance(Module):
    """What both have in common: a bias for each distance of a key from a query."""

    num_heads: int

    def forward(self, queries: Any, keys: Any = None, offset: Any = 0) -> Tensor:
        """A bias for each head and distance.

        Parameters
        ----------
        queries : int
            How many queries there are, T; at least 1.
        keys : int, optional
            How many keys there are, S; by default as many.
        offset : int
            The position of the first query, counted from the first key: S - T where the last query stands at the last
            key, as in decoding with a cache.

        Returns
        -------
        Tensor, shape (num_heads, T + S - 1)
            The `relative_bias` of `nn.functional.scaled_dot_product_attention`: number `j - i + T - 1` of a row is for
            query i and key j.

        Raises
        ------
        ValueError
            For fewer than one query or key.
        TypeError
            For arguments that are no integers.
        """
        op = type(self).__name__
        count = arguments.integer(op, "queries", queries, at_least=1, at_most=_MOST)
        others = count if keys is None else arguments.integer(op, "keys", keys, at_least=1, at_most=_MOST)
        start = arguments.integer(op, "offset", offset, at_least=-_MOST, at_most=_MOST)
        return self._bias(arange(1 - count - start, others - start, device=self._held().device))

    def _held(self) -> Tensor:
        """What the biases are made of."""
        raise NotImplementedError(f"{type(self).__name__}: a bias must define _held()")

    def _bias(self, distances: Tensor) -> Tensor:
        """For distances (n,), key minus query, as int64: (num_heads, n)."""
        raise NotImplementedError(f"{type(self).__name__}: a bias must define _bias()")


def _slopes(heads: int) -> list[float]:
    """2^(-8 / n), 2^(-16 / n), .. of n heads; else of the power of 2 below, and then every other one of twice that."""
    power = 1 << (heads.bit_length() - 1)
    slopes = [2.0 ** (-8 * i / power) for i in range(1, power + 1)]
    return slopes + [2.0 ** (-4 * i / power) for i in range(1, 2 * (heads - power), 2)]


class ALiBi(_ByDistance):
    """Attention with linear biases: each head's scores fall with the distance, by a slope of its own.

    Called with the number of queries and keys, it gives the `relative_bias` of
    `nn.functional.scaled_dot_product_attention`: see `forward`.

    Parameters
    ----------
    num_heads : int
    dtype : dtype-like
        Of the slopes.

    Attributes
    ----------
    slopes : Tensor, shape (num_heads,)
        A buffer.

    Raises
    ------
    ValueError
        For fewer than one head; when called, for fewer than one query or key.
    TypeError
        For arguments of another kind, or a dtype that is not floating.

    Notes
    -----
    The bias of a key at distance d, before or after the query, is `-slope |d|`. The slopes of n heads are
    `2 ** (-8 i / n)` for i from 1 to n, where n is a power of 2; else those of the power below, and then every other
    one of twice that power, as the authors do.

    References
    ----------
    O. Press, N. Smith, M. Lewis, Train Short, Test Long: Attention with Linear Biases Enables Input Length
    Extrapolation, ICLR 2022.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ALiBi(2)(3)[0].tolist()
    [-0.125, -0.0625, 0.0, -0.0625, -0.125]
    >>> q = tw.zeros((1, 2, 3, 4))
    >>> F = tw.nn.functional
    >>> F.scaled_dot_product_attention(q, q, q, is_causal=True, relative_bias=tw.nn.ALiBi(2)(3)).shape
    (1, 2, 3, 4)
    """

    slopes: Tensor

    def __init__(self, num_heads: int, *, dtype: Any = "float32") -> None:
        self.num_heads = arguments.integer("ALiBi", "num_heads", num_heads, at_least=1, at_most=1 << 16)
        self.register_buffer("slopes", asarray(_slopes(self.num_heads), as_floating("ALiBi", dtype)))

    def _held(self) -> Tensor:
        return self.slopes

    def _bias(self, distances: Tensor) -> Tensor:
        return expand_dims(self.slopes, 1) * astype(negative(abs(distances)), self.slopes.dtype)

    def extra_repr(self) -> str:
        return f"num_heads={self.num_heads}"


def _borders(exact: int, buckets: int, most: int) -> tuple[int, ...]:
    """Where the buckets after number `exact` begin: the first of them has at least two distances, or a far one.

    Bucket `exact + k` begins where `log(n / exact) / log(most / exact) * (buckets - exact)` is k: in integers, where
    `n ** (buckets - exact) * exact ** k >= most ** k * exact ** (buckets - exact)`.
    """
    far = buckets - exact
    found = []
    for k in range(1, far):
        n = max(math.floor(exact * (most / exact) ** (k / far)) - 1, exact)
        while n**far * exact**k < most**k * exact**far:
            n += 1
        found.append(n)
    return tuple(found)


class RelativeBias(_ByDistance):
    """T5's relative positions: a learned bias for each head and bucket of distances.

    Called with the number of queries and keys, it gives the `relative_bias` of
    `nn.functional.scaled_dot_product_attention`: see `forward`.

    Parameters
    ----------
    num_heads : int
    num_buckets : int
        Into how many buckets distances are sorted; with `bidirectional`, half of them for each side, so an even number.
    max_distance : int
        From here on all distances are in the last bucket. More than half the buckets of a side.
    bidirectional : bool
        Whether keys after the query have buckets of their own; else they are all at distance 0, for causal attention.
    dtype : dtype-like
        Of the weight.
    generator : Generator, optional
        Where the starting weight is drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (num_buckets, num_heads)

    Raises
    ------
    ValueError
        For fewer than one head, fewer than 2 buckets of a side or an odd number of both, and a `max_distance` that is
        not beyond the buckets of single distances; when called, for fewer than one query or key.
    TypeError
        For arguments of another kind, or a dtype that is not floating.

    Notes
    -----
    The first half of a side's buckets have one distance each, 0 to e - 1; bucket `e + k` begins where
    `log(d / e) / log(max_distance / e) * e'` reaches k, e' being the number of the other buckets. The borders are found
    in integers. The weight starts normally distributed, with mean 0 and variance 1.

    References
    ----------
    C. Raffel et al., Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer, Journal of
    Machine Learning Research 21, 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> bias = tw.nn.RelativeBias(4, num_buckets=8, max_distance=16)
    >>> bias(5, 7).shape
    (4, 11)
    """

    weight: Parameter

    def __init__(
        self,
        num_heads: int,
        num_buckets: int = 32,
        max_distance: int = 128,
        bidirectional: bool = True,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = "RelativeBias"
        self.num_heads = arguments.integer(name, "num_heads", num_heads, at_least=1, at_most=1 << 16)
        self.bidirectional = arguments.flag(name, "bidirectional", bidirectional)
        sides = 2 if self.bidirectional else 1
        self.num_buckets = arguments.integer(name, "num_buckets", num_buckets, at_least=2 * sides, at_most=1 << 10)
        if self.num_buckets % sides:
            raise ValueError(f"{name}: num_buckets is {num_buckets}, but must be even, half for each side")
        exact = self.num_buckets // sides // 2
        self.max_distance = arguments.integer(name, "max_distance", max_distance, at_least=exact + 1, at_most=1 << 20)
        self._borders = _borders(exact, self.num_buckets // sides, self.max_distance)
        self.weight = Parameter(_core.full((self.num_buckets, self.num_heads), 0, as_floating(name, dtype)))
        self.reset_parameters(random.source(name, generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw a new weight from the normal distribution."""
        init.normal_(self.weight, generator=generator)

    def _held(self) -> Tensor:
        return self.weight

    def _bias(self, distances: Tensor) -> Tensor:
        return functional.embedding(self._buckets(distances), self.weight).mT

    def _buckets(self, distances: Tensor) -> Tensor:
        """Rows of the weight for distances (n,)."""
        side = self.num_buckets // (2 if self.bidirectional else 1)
        away = abs(distances) if self.bidirectional else where(distances < 0, negative(distances), 0)
        borders = asarray(self._borders, "int64", device=distances.device)
        buckets = minimum(away, side // 2) + sum_(expand_dims(away, 1) >= borders, axis=1)
        return where(distances > 0, buckets + side, buckets) if self.bidirectional else buckets

    def extra_repr(self) -> str:
        sizes = f"num_heads={self.num_heads}, num_buckets={self.num_buckets}, max_distance={self.max_distance}"
        return f"{sizes}, bidirectional={self.bidirectional}"
