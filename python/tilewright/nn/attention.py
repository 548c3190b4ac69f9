"""Attention over a sequence: a score of each query with each key, softmax, and the weighted mean of the values.

The layers differ in their scores. What they need of the keys is computed once for a sequence, by `prepare`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor
from .._functions.activations import FUSED
from .._functions.indexing import where
from .._functions.manipulation import expand_dims, squeeze
from .._functions.reductions import any as any_
from .._functions.softmax import softmax
from ._sequences import within
from .containers import ModuleList
from .functional._checks import operands, positive
from .functional.normalization import normalize
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..random import Generator

__all__ = ["AdditiveAttention", "BilinearAttention", "CosineAttention", "DotAttention", "NetworkAttention"]


class Prepared(NamedTuple):
    """The keys and values of a batch of sequences, ready for queries."""

    keys: Tensor  # what the scores need of them, (N, S, ..)
    values: Tensor  # (N, S, V)
    keep: Tensor | None  # where queries may attend, (N, 1 or T, S)
    given: tuple[int, ...]  # shape of the keys as they came, for messages


def masked_softmax(scores: Tensor, keep: Tensor | None) -> Tensor:
    """Softmax of the last axis over the places to keep; exactly 0 elsewhere, and in rows without any."""
    if keep is None:
        return softmax(scores, -1)
    kept = where(keep, scores, -math.inf)
    kept = where(any_(keep, axis=-1, keepdims=True), kept, 0.0)
    return where(keep, softmax(kept, -1), 0.0)


class Attention(Module):
    """What the layers have in common: masks, and the mean by the weights."""

    query_dim: int | None = None  # None: any, that of the keys
    key_dim: int | None = None

    def forward(
        self, query: Any, keys: Any, values: Any = None, mask: Any = None, lengths: Any = None
    ) -> tuple[Tensor, Tensor]:
        """Context and weights of queries.

        Parameters
        ----------
        query : array-like, shape (N, Q) or (N, T, Q)
            One query or several for each sequence.
        keys : array-like, shape (N, S, K)
            What the scores are computed with.
        values : array-like, shape (N, S, V), optional
            What the mean is taken of; by default the keys.
        mask : array-like of bool, shape (N, S) or (N, T, S), optional
            True where a query may attend.
        lengths : array-like of int, shape (N,), optional
            How many keys each sequence has; the rest is padding.

        Returns
        -------
        context : Tensor, shape (N, V) or (N, T, V)
            The mean of the values by the weights. Zeros for a query that may attend nowhere: no gradient comes from it.
        weights : Tensor, shape (N, S) or (N, T, S)
            They add up to 1. Exactly 0 where a place is masked, whatever its key holds, NaN included.

        Raises
        ------
        ValueError
            Where the shapes do not fit, or a length is not between 0 and S.
        TypeError
            For a mask that is not bool, and lengths that are no integers.
        """
        return self.attend(query, self.prepare(keys, values, mask, lengths))

    def prepare(self, keys: Any, values: Any = None, mask: Any = None, lengths: Any = None) -> Prepared:
        """What of keys, values and masks any query needs, computed once.

        Parameters
        ----------
        keys, values, mask, lengths
            As in a call.

        Returns
        -------
        tuple
            For `attend`. Its first entry is what the scores need of the keys.

        Raises
        ------
        ValueError
            Where the shapes do not fit, or a length is not between 0 and that of the keys.
        TypeError
            For a mask that is not bool, and lengths that are no integers.
        """
        op = type(self).__name__
        (keys,) = operands(op, keys=keys)
        if keys.ndim != 3 or (self.key_dim is not None and keys.shape[-1] != self.key_dim):
            needed = "K" if self.key_dim is None else self.key_dim
            raise ValueError(f"{op}: keys has shape {keys.shape}, but must be (N, S, {needed})")
        given = keys.shape
        own = values is not None
        if own:
            (values,) = operands(op, values=values)
            if values.ndim != 3 or values.shape[:2] != given[:2]:
                needed = f"({given[0]}, {given[1]}, V)"
                raise ValueError(f"{op}: values has shape {values.shape}, but keys {given} need {needed}")
        keep = self._keep(given, mask, lengths, keys.device)
        if keep is not None:  # 0 * NaN is NaN: what nobody attends to must not be multiplied
            seen = expand_dims(any_(keep, axis=1), axis=-1)
            keys = where(seen, keys, 0.0)
            values = where(seen, values, 0.0) if own else keys
        return Prepared(self._project(keys), values if own else keys, keep, given)

    def attend(self, query: Any, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """Context and weights of queries, as in a call.

        Parameters
        ----------
        query : array-like, shape (N, Q) or (N, T, Q)
            One query or several for each sequence.
        prepared
            What `prepare` returned.

        Returns
        -------
        context : Tensor, shape (N, V) or (N, T, V)
        weights : Tensor, shape (N, S) or (N, T, S)

        Raises
        ------
        ValueError
            Where the query does not fit.
        TypeError
            For what `prepare` did not return.
        """
        op = type(self).__name__
        if not isinstance(prepared, Prepared):
            arguments.refuse(op, "prepared", prepared, "what prepare() returned")
        (query,) = operands(op, query=query)
        count, _, key_dim = prepared.given
        width = key_dim if self.query_dim is None else self.query_dim
        if query.ndim not in (2, 3) or query.shape[0] != count or query.shape[-1] != width:
            needed = f"({count}, {width}) or ({count}, T, {width})"
            raise ValueError(f"{op}: query has shape {query.shape}, but keys {prepared.given} need {needed}")
        single = query.ndim == 2
        if single:
            query = expand_dims(query, axis=1)
        keep = prepared.keep
        if keep is not None and keep.shape[1] not in (1, query.shape[1]):
            raise ValueError(f"{op}: mask is for {keep.shape[1]} queries, but query has shape {query.shape}")
        weights = masked_softmax(self._scores(query, prepared.keys), keep)
        context = weights @ prepared.values
        return (squeeze(context, axis=1), squeeze(weights, axis=1)) if single else (context, weights)

    def _keep(self, given: tuple[int, ...], mask: Any, lengths: Any, device: str) -> Tensor | None:
        op, (count, longest, _) = type(self).__name__, given
        keep = None
        if mask is not None:
            mask = arguments.array(op, "mask", mask)
            if mask.dtype.name != "bool":
                raise TypeError(f"{op}: mask has dtype {mask.dtype.name}, but must be bool, True where to attend")
            if mask.ndim not in (2, 3) or (mask.shape[0], mask.shape[-1]) != (count, longest):
                needed = f"({count}, {longest}) or ({count}, T, {longest})"
                raise ValueError(f"{op}: mask has shape {mask.shape}, but keys {given} need {needed}")
            keep = expand_dims(mask, axis=1) if mask.ndim == 2 else mask
        if lengths is not None:
            inside = expand_dims(within(op, lengths, count, longest, device), axis=1)
            keep = inside if keep is None else keep & inside
        return keep

    # ---- what the layers define --------------------------------------------------------------------------------------

    def _project(self, keys: Tensor) -> Tensor:
        """What the scores need of the keys, (N, S, K): (N, S, ..)."""
        return keys

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """Of queries (N, T, Q) with what `_project` gives of the keys: (N, T, S)."""
        raise NotImplementedError(f"{type(self).__name__}: an attention must define _scores()")


def _sizes(layer: Attention, query_dim: Any, key_dim: Any) -> tuple[int, int]:
    op = type(layer).__name__
    layer.query_dim = arguments.integer(op, "query_dim", query_dim, at_least=1)
    layer.key_dim = arguments.integer(op, "key_dim", key_dim, at_least=1)
    return layer.query_dim, layer.key_dim


def _dims(layer: Attention) -> str:
    return f"query_dim={layer.query_dim}, key_dim={layer.key_dim}"


class AdditiveAttention(Attention):
    """Additive attention (Bahdanau): the score is `v^T tanh(W query + U key + b)`.

    `attention(query, keys, values=None, mask=None, lengths=None)` gives the context and the weights: see `forward`.

    Parameters
    ----------
    query_dim, key_dim : int
        Lengths of queries and keys.
    hidden : int
        Length of what tanh is taken of.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    query, key, score : Linear
        W; U and b; v.

    Raises
    ------
    ValueError
        For sizes below 1; when called, where the shapes do not fit.
    TypeError
        For sizes that are no integers; when called, for a mask that is not bool.

    References
    ----------
    D. Bahdanau, K. Cho, Y. Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> attention = tw.nn.AdditiveAttention(4, 6, 8)
    >>> context, weights = attention(tw.zeros((2, 4)), tw.ones((2, 5, 6)), lengths=[5, 2])
    >>> context.shape, weights[1].tolist()
    ((2, 6), [0.5, 0.5, 0.0, 0.0, 0.0])
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        hidden: int,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        query_dim, key_dim = _sizes(self, query_dim, key_dim)
        self.hidden = arguments.integer("AdditiveAttention", "hidden", hidden, at_least=1)
        self.query = Linear(query_dim, self.hidden, bias=False, dtype=dtype, generator=generator)
        self.key = Linear(key_dim, self.hidden, dtype=dtype, generator=generator)
        self.score = Linear(self.hidden, 1, bias=False, dtype=dtype, generator=generator)

    def _project(self, keys: Tensor) -> Tensor:
        return self.key(keys)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        together = expand_dims(self.query(query), axis=2) + expand_dims(keys, axis=1)  # (N, T, S, hidden)
        return squeeze(self.score(together.tanh()), axis=-1)

    def extra_repr(self) -> str:
        return f"{_dims(self)}, hidden={self.hidden}"


class BilinearAttention(Attention):
    """Bilinear attention (Luong's "general"): the score is `query^T W key`.

    `attention(query, keys, values=None, mask=None, lengths=None)` gives the context and the weights: see `forward`.

    Parameters
    ----------
    query_dim, key_dim : int
        Lengths of queries and keys.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    key : Linear
        W, which makes keys as long as queries.

    Raises
    ------
    ValueError
        For sizes below 1; when called, where the shapes do not fit.
    TypeError
        For sizes that are no integers; when called, for a mask that is not bool.

    References
    ----------
    M.-T. Luong, H. Pham, C. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> context, weights = tw.nn.BilinearAttention(4, 6)(tw.zeros((2, 3, 4)), tw.ones((2, 5, 6)))
    >>> context.shape, weights.shape
    ((2, 3, 6), (2, 3, 5))
    """

    def __init__(
        self, query_dim: int, key_dim: int, *, dtype: Any = "float32", generator: Generator | None = None
    ) -> None:
        query_dim, key_dim = _sizes(self, query_dim, key_dim)
        self.key = Linear(key_dim, query_dim, bias=False, dtype=dtype, generator=generator)

    def _project(self, keys: Tensor) -> Tensor:
        return self.key(keys)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return query @ keys.mT

    def extra_repr(self) -> str:
        return _dims(self)


class DotAttention(Attention):
    """Dot-product attention: the score is `query^T key`, of vectors of one length; scaled, it is divided by its root.

    `attention(query, keys, values=None, mask=None, lengths=None)` gives the context and the weights: see `forward`.

    Parameters
    ----------
    scaled : bool
        Whether to divide, so that the scores of long vectors do not saturate softmax.

    Raises
    ------
    ValueError
        When called, where the shapes do not fit.
    TypeError
        When called, for a mask that is not bool.

    References
    ----------
    M.-T. Luong, H. Pham, C. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP 2015.

    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017 (scaled).

    Examples
    --------
    >>> import tilewright as tw
    >>> keys, values = tw.asarray([[[0.0], [9.0]]]), tw.asarray([[[1.0, 2.0], [3.0, 4.0]]])
    >>> tw.round(tw.nn.DotAttention()(tw.ones((1, 1)), keys, values)[0])
    tensor([[3., 4.]])
    """

    def __init__(self, scaled: bool = False) -> None:
        self.scaled = arguments.flag("DotAttention", "scaled", scaled)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        if self.scaled:
            query = query * (1 / math.sqrt(keys.shape[-1]))
        return query @ keys.mT

    def extra_repr(self) -> str:
        return f"scaled={self.scaled}"


class CosineAttention(Attention):
    """Attention by content: the score is `scale cos(query, key)`, of vectors of one length.

    `attention(query, keys, values=None, mask=None, lengths=None)` gives the context and the weights: see `forward`.

    Parameters
    ----------
    scale : float
        Positive: how sharp the weights can be, as cosines lie between -1 and 1.

    Raises
    ------
    ValueError
        For a scale that is not positive; when called, where the shapes do not fit.
    TypeError
        For a scale that is no number; when called, for a mask that is not bool.

    References
    ----------
    A. Graves, G. Wayne, I. Danihelka, Neural Turing Machines, 2014.

    Examples
    --------
    >>> import tilewright as tw
    >>> keys = tw.asarray([[[3.0, 0.0], [0.0, 0.1]]])
    >>> tw.round(tw.nn.CosineAttention()(tw.asarray([[0.0, 1.0]]), keys)[1])
    tensor([[0., 1.]])
    """

    def __init__(self, scale: float = 10.0) -> None:
        self.scale = positive("CosineAttention", "scale", scale)

    def _project(self, keys: Tensor) -> Tensor:
        return normalize(keys, dim=-1, eps=_SHORTEST)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        return (normalize(query, dim=-1, eps=_SHORTEST) * self.scale) @ keys.mT

    def extra_repr(self) -> str:
        return f"scale={self.scale}"


_SHORTEST = 1e-4  # vectors count as at least so long; float16 holds it, too


class NetworkAttention(Attention):
    """The score is that of a small network on query and key behind each other; of one hidden layer, Luong's "concat".

    `attention(query, keys, values=None, mask=None, lengths=None)` gives the context and the weights: see `forward`.

    Parameters
    ----------
    query_dim, key_dim : int
        Lengths of queries and keys.
    hidden : int or sequence of int
        Widths of the hidden layers.
    activation : {"tanh", "relu", "gelu", "gelu_tanh", "sigmoid", "silu"}
        Behind each of them.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    query, key : Linear
        The two parts of the first layer.
    layers : ModuleList of Linear
        Those behind it; the last gives the score.

    Raises
    ------
    ValueError
        For sizes below 1, no hidden layer, or an unknown activation; when called, where the shapes do not fit.
    TypeError
        For sizes that are no integers; when called, for a mask that is not bool.

    References
    ----------
    M.-T. Luong, H. Pham, C. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> attention = tw.nn.NetworkAttention(4, 6, (8, 8), "relu")
    >>> attention(tw.zeros((2, 4)), tw.ones((2, 5, 6)))[0].shape
    (2, 6)
    """

    def __init__(
        self,
        query_dim: int,
        key_dim: int,
        hidden: int | Sequence[int],
        activation: str = "tanh",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        op = "NetworkAttention"
        query_dim, key_dim = _sizes(self, query_dim, key_dim)
        self.hidden = arguments.integers(op, "hidden", hidden)
        if not self.hidden or any(size < 1 for size in self.hidden):
            raise ValueError(f"{op}: hidden is {self.hidden}, but must be widths of at least 1")
        self.activation = arguments.option(op, "activation", activation, [name for name in FUSED if name != "none"])
        first, made = self.hidden[0], {"dtype": dtype, "generator": generator}
        self.query = Linear(query_dim, first, bias=False, **made)
        self.key = Linear(key_dim, first, **made)
        inner = [
            Linear(a, b, activation=activation, **made) for a, b in zip(self.hidden, self.hidden[1:], strict=False)
        ]
        self.layers = ModuleList([*inner, Linear(self.hidden[-1], 1, bias=False, **made)])

    def _project(self, keys: Tensor) -> Tensor:
        return self.key(keys)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        x = expand_dims(self.query(query), axis=2) + expand_dims(keys, axis=1)  # (N, T, S, hidden)
        x = FUSED[self.activation](x)
        for layer in self.layers:
            x = layer(x)
        return squeeze(x, axis=-1)

    def extra_repr(self) -> str:
        return f"{_dims(self)}, hidden={self.hidden}, activation={self.activation!r}"
