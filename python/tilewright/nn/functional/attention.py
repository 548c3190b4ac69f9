"""Softmax-attention as functions."""

from __future__ import annotations

import math
import warnings
from functools import reduce
from typing import TYPE_CHECKING, Any

from ... import _core, random
from ..._engine import arguments
from ..._engine.dtypes import promote_types
from ..._engine.tensor import Tensor
from ..._functions.attention import UNBOUNDED, scaled_dot_product_attention as attention_op, with_weights
from ..._functions.logical import logical_or
from ..._functions.manipulation import astype, broadcast_to, reshape
from ..._functions.reductions import all as all_, any as any_
from ._checks import operand, operands, positive

if TYPE_CHECKING:
    from ...random import Generator

__all__ = ["attention_weights", "scaled_dot_product_attention", "varlen_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    causal: str | None = None,
    window: Any = None,
    bias: Any = None,
    relative_bias: Any = None,
    softcap: float | None = None,
    key_lengths: Any = None,
    return_lse: bool = False,
    generator: Generator | None = None,
) -> Any:
    """For each query the mean of the values, weighted by the softmax of its scores with the keys.

    Nothing of the size of all scores, T x S, is kept in memory, on the way back either.

    Parameters
    ----------
    query : array-like, shape (.., H, T, D)
        T queries of each of H heads; leading axes are a batch. Two axes are one head of one item.
    key : array-like, shape (.., H or K, S, D)
        S keys of each head.
    value : array-like, shape (.., H or K, S, V)
        A value for each key.
    attn_mask : array-like, shape broadcasting to (.., H, T, S), optional
        Of bool: True where a query may attend. Floating: added to the scores; -inf forbids. (The masks of
        `nn.MultiheadAttention` mean the opposite: True where it may not.)
    dropout_p : float
        Probability with which weights become 0 and the others are scaled by `1 / (1 - dropout_p)`; it is applied
        whenever it is not 0.
    is_causal : bool
        The same as `causal="upper_left"`.
    scale : float, optional
        By default `1 / sqrt(D)`.
    enable_gqa : bool
        Whether `key` and `value` may have fewer heads, K, which divide H: H / K neighbouring query heads share each.
    causal : {"upper_left", "lower_right"}, optional
        Query i sees keys 0 to i, or, with the last query aligned with the last key, keys 0 to i + S - T: that is what
        decoding with a cache needs. The same where T = S.
    window : int or (int, int), optional
        How many keys before and after its own a query sees at most; one number: before, and with it after. -1 is
        unbounded. Aligned as `causal` is.
    bias : array-like, shape broadcasting to (.., H, T, S), optional
        Added to the scores beside a mask of bool; -inf forbids.
    relative_bias : array-like, shape (H or 1, T + S - 1), optional
        Added to the scores by distance: `relative_bias[h, j - i + T - 1]` to that of query i and key j. ALiBi and T5's
        biases are such; so memory does not grow with T x S. -inf forbids.
    softcap : float, optional
        Scores become `softcap * tanh(score / softcap)` before biases are added.
    key_lengths : array-like of int, shape (batch,), optional
        How many keys of each item of the batch there are; what lies behind them is not looked at. Query positions
        aligned at the lower right end with the last of these keys.
    return_lse : bool
        Whether the log-sum-exp of each query's scores is returned too.
    generator : Generator, optional
        Where dropout is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    output : Tensor, shape (.., H, T, V)
        In the dtype that operands and biases promote to. Zeros for a query that sees no key: no gradient comes from it.
    lse : Tensor, shape (.., H, T)
        With `return_lse`: in float32, of float64 in float64; -inf for a query that sees no key.

    Raises
    ------
    ValueError
        Where the shapes do not fit, for heads that differ without `enable_gqa` or do not divide, `is_causal` together
        with another `causal`, a `window` below -1, a `softcap` that is not positive and finite, `key_lengths` outside
        [0, S], and `dropout_p` outside [0, 1].
    TypeError
        For complex operands, and for a mask of integers, which could mean either kind.

    Warns
    -----
    UserWarning
        For a floating mask of zeros and ones only: it is added, which is hardly meant.

    Notes
    -----
    `output_i = sum_j p_ij v_j` with `p_ij = exp(s_ij - lse_i)` and `s_ij = scale q_i . k_j`, over the keys j that query
    i sees. Scores that are masked are selected away, so it does not matter what they would be. Keys and values that no
    query of an item sees are not looked at. Those that some see should be finite: 0 times NaN may reach the others.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017. M. Milakov, N. Gimelshein, Online Normalizer Calculation
    for Softmax, 2018. T. Dao et al., FlashAttention, NeurIPS 2022. J. Ainslie et al., GQA, EMNLP 2023. O. Press et al.,
    Train Short, Test Long (ALiBi), ICLR 2022.

    Examples
    --------
    >>> import tilewright as tw
    >>> q = k = tw.zeros((1, 2, 3, 4))
    >>> v = tw.asarray([[1.0], [2.0], [6.0]])
    >>> tw.nn.functional.scaled_dot_product_attention(q[0, 0], k[0, 0], v, is_causal=True).ravel().tolist()
    [1.0, 1.5, 3.0]
    """
    op = "scaled_dot_product_attention"
    given = _Given(op, query, key, value, enable_gqa)
    options = _options(
        op, given, attn_mask, is_causal, scale, causal, window, bias, relative_bias, softcap, key_lengths
    )
    return_lse = arguments.flag(op, "return_lse", return_lse)
    output, lse = attention_op(*given.operands, *options, *_dropout(op, given, dropout_p, generator))
    output = given.batched(output)
    return (output, given.batched(lse)) if return_lse else output


def attention_weights(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    causal: str | None = None,
    window: Any = None,
    bias: Any = None,
    relative_bias: Any = None,
    softcap: float | None = None,
    key_lengths: Any = None,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """`scaled_dot_product_attention` that also returns the weights, for pictures: in memory, all T x S of them.

    Parameters
    ----------
    query, key, value, attn_mask, dropout_p, is_causal, scale, enable_gqa
        As in `scaled_dot_product_attention`.
    causal, window, bias, relative_bias, softcap, key_lengths, generator
        As in `scaled_dot_product_attention`.

    Returns
    -------
    output : Tensor, shape (.., H, T, V)
    weights : Tensor, shape (.., H, T, S)
        What the values were multiplied by, so after dropout. Without it, each row adds up to 1; exactly 0 where a query
        may not attend, and in rows that see nothing.

    Raises
    ------
    ValueError, TypeError
        As `scaled_dot_product_attention`.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.zeros((2, 4))
    >>> output, weights = tw.nn.functional.attention_weights(x, x, x, is_causal=True)
    >>> weights.tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    op = "attention_weights"
    given = _Given(op, query, key, value, enable_gqa)
    options = _options(
        op, given, attn_mask, is_causal, scale, causal, window, bias, relative_bias, softcap, key_lengths
    )
    output, _, weights = with_weights(*_promoted(given.operands), *options, *_dropout(op, given, dropout_p, generator))
    return given.batched(output), given.batched(weights)


def varlen_attention(
    query: Any,
    key: Any,
    value: Any,
    query_offsets: Any,
    key_offsets: Any = None,
    dropout_p: float = 0.0,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    causal: str | None = None,
    window: Any = None,
    relative_bias: Any = None,
    softcap: float | None = None,
    return_lse: bool = False,
    generator: Generator | None = None,
) -> Any:
    """`scaled_dot_product_attention` of sequences of different lengths that lie one behind another, without padding.

    Parameters
    ----------
    query : array-like, shape (rows, H, D)
        The queries of all sequences.
    key : array-like, shape (key rows, H or K, D)
    value : array-like, shape (key rows, H or K, V)
    query_offsets : array-like of int, shape (sequences + 1,)
        Sequence n has the rows from `query_offsets[n]` up to `query_offsets[n + 1]`. From 0 to the number of rows.
    key_offsets : array-like of int, shape (sequences + 1,), optional
        The same of `key` and `value`; by default as `query_offsets`.
    dropout_p, scale, enable_gqa, causal, window, softcap, generator
        As in `scaled_dot_product_attention`; positions count within each sequence.
    relative_bias : array-like, shape (H or 1, rows + key rows - 1), optional
        `relative_bias[h, j - i + rows - 1]` is added to the score of query i and key j of a sequence.
    return_lse : bool
        Whether the log-sum-exp of each query's scores is returned too.

    Returns
    -------
    output : Tensor, shape (rows, H, V)
    lse : Tensor, shape (rows, H)
        With `return_lse`.

    Raises
    ------
    ValueError
        Where the shapes do not fit, and for offsets that do not start at 0, decrease, or do not end at the number of
        rows.
    TypeError
        For complex operands, and offsets that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.zeros((3, 1, 4))
    >>> v = tw.asarray([1.0, 3.0, 8.0]).reshape(3, 1, 1)
    >>> tw.nn.functional.varlen_attention(x, x, v, [0, 2, 3]).ravel().tolist()
    [2.0, 2.0, 8.0]
    """
    op = "varlen_attention"
    q, k, v = operands(op, query=query, key=key, value=value)
    for name, x in {"query": q, "key": k, "value": v}.items():
        if x.ndim != 3:
            raise ValueError(f"{op}: {name} has shape {x.shape}, but must be (rows, heads, size)")
    _check_sizes(op, q.shape, k.shape, v.shape)
    starts = _offsets(op, "query_offsets", query_offsets, q.shape[0])
    key_starts = starts if key_offsets is None else _offsets(op, "key_offsets", key_offsets, k.shape[0])
    if key_offsets is None and k.shape[0] != q.shape[0]:
        raise ValueError(f"{op}: query has {q.shape[0]} rows and key {k.shape[0]}, which needs key_offsets")
    if len(starts) != len(key_starts):
        raise ValueError(
            f"{op}: query_offsets are of {len(starts) - 1} sequences, but key_offsets of {len(key_starts) - 1}"
        )
    given = _Given(op, q.swapaxes(0, 1), k.swapaxes(0, 1), v.swapaxes(0, 1), enable_gqa)
    sequences = []
    for n in range(len(starts) - 1):
        sequences += [0, starts[n], starts[n + 1] - starts[n], key_starts[n], key_starts[n + 1] - key_starts[n]]
    options = _options(op, given, None, False, scale, causal, window, None, relative_bias, softcap, None)
    options = (*options[:-1], tuple(sequences))
    return_lse = arguments.flag(op, "return_lse", return_lse)
    output, lse = attention_op(*given.operands, *options, *_dropout(op, given, dropout_p, generator))
    output = output[0].swapaxes(0, 1)
    return (output, lse[0].swapaxes(0, 1)) if return_lse else output


# ---- arguments -------------------------------------------------------------------------------------------------------


class _Given:
    """Queries, keys and values, checked, as (B, heads, length, size)."""

    def __init__(self, op: str, query: Any, key: Any, value: Any, enable_gqa: Any) -> None:
        q, k, v = operands(op, query=query, key=key, value=value)
        grouped = arguments.flag(op, "enable_gqa", enable_gqa)
        of_q, of_k, of_v = q.shape, k.shape, v.shape
        axes = len(of_q)
        if axes < 2 or len(of_k) != axes or len(of_v) != axes:
            needed = "at least (length, size)" if axes < 2 else f"{axes} axes as query {of_q}"
            name, shape = next(
                (name, shape)
                for name, shape in (("query", of_q), ("key", of_k), ("value", of_v))
                if len(shape) < 2 or len(shape) != axes
            )
            raise ValueError(f"{op}: {name} has shape {shape}, but needs {needed}")
        _check_sizes(op, of_q, of_k, of_v)
        _check_heads(op, of_q, of_k, grouped)
        self.lead, self.size = of_q[:-2], of_q[-1]
        self.operands_of_scores = self.lead, of_q[-2], of_k[-2]
        self.q, self.k, self.v = (q, k, v) if axes == 4 else (_split(q), _split(k), _split(v))
        self.extras: tuple[Any, ...] = (None, None, None)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(B, H, T, S)."""
        return self.q.shape[0], self.q.shape[1], self.q.shape[2], self.k.shape[2]

    @property
    def operands(self) -> tuple[Any, ...]:
        """Those of the op: also `keep`, `bias` and `relative`."""
        return self.q, self.k, self.v, *self.extras

    def batched(self, x: Tensor) -> Tensor:
        """A result in the leading axes of the query."""
        return x if len(self.lead) == 2 else reshape(x, (*self.lead, *x.shape[2:]))

    def of_scores(self, op: str, name: str, x: Tensor) -> Tensor:
        """Something that broadcasts to the scores, with 4 axes."""
        lead, queries, keys = self.operands_of_scores
        full = (*lead, queries, keys)
        fits = x.ndim <= len(full) and all(a in (1, b) for a, b in zip(x.shape[::-1], full[::-1], strict=False))
        if not fits:
            raise ValueError(f"{op}: {name} has shape {x.shape}, which does not broadcast to the scores {full}")
        x = reshape(x, ((1,) * (max(len(full), 4) - x.ndim)) + x.shape)
        if x.ndim == 4:
            return x
        if all(extent == 1 for extent in x.shape[:-3]):
            return reshape(x, (1, *x.shape[-3:]))
        return reshape(broadcast_to(x, (*lead[:-1], *x.shape[-3:])), (math.prod(lead[:-1]), *x.shape[-3:]))


def _split(x: Tensor) -> Tensor:
    lead = (1,) * (4 - x.ndim) if x.ndim < 4 else (math.prod(x.shape[:-3]),)
    return reshape(x, (*lead, *x.shape[-3:]))


def _check_sizes(op: str, q: tuple[int, ...], k: tuple[int, ...], v: tuple[int, ...]) -> None:
    if k[-1] != q[-1]:
        raise ValueError(f"{op}: query {q} has size {q[-1]}, but key {k} has {k[-1]}")
    if k[:-1] != v[:-1]:
        needed = ", ".join(map(str, k[:-1]))
        raise ValueError(f"{op}: key has shape {k}, which needs value ({needed}, V), not {v}")


def _promoted(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """In one dtype, but for masks: as the op converts them."""
    dtype = reduce(promote_types, [x.dtype for x in operands if x is not None and x.dtype.is_floating])
    return tuple([x if x is None or not x.dtype.is_floating else astype(x, dtype, copy=False) for x in operands])


def _check_heads(op: str, q: tuple[int, ...], k: tuple[int, ...], grouped: bool) -> None:
    """Raise for shapes, of as many axes, of which one is not for the other."""
    if q[:-3] != k[:-3]:
        raise ValueError(f"{op}: query has shape {q}, but key {k}: the axes of the batch must agree")
    heads, own = (q[-3], k[-3]) if len(q) > 2 else (1, 1)
    if heads == own:
        return
    if not grouped:
        raise ValueError(f"{op}: query has {heads} heads, but key {own}; heads are shared only with enable_gqa=True")
    if not own or heads % own:
        raise ValueError(f"{op}: query has {heads} heads, which the {own} of key do not divide")


def _mask(op: str, given: _Given, mask: Any) -> tuple[Tensor | None, Tensor | None]:
    """Of `attn_mask`: what may be seen, or what is added."""
    if mask is None:
        return None, None
    mask = operand(op, "attn_mask", mask, given.q)
    if mask.dtype.name == "bool":
        return given.of_scores(op, "attn_mask", mask), None
    if not mask.dtype.is_floating:
        raise TypeError(
            f"{op}: attn_mask is {mask.dtype.name}, but must be bool (True: may attend) or floating (added to scores)"
        )
    warn_of_zeros_and_ones(op, "attn_mask", mask, "what may be attended", stacklevel=5)
    return None, given.of_scores(op, "attn_mask", mask)


def warn_of_zeros_and_ones(op: str, name: str, mask: Tensor, meant: str, stacklevel: int) -> None:
    """Warn of a floating mask of zeros and ones, which is hardly meant to be added to scores."""
    if mask.requires_grad or not mask.size or _core.is_recording():  # a recording may not depend on values
        return
    if all_(logical_or(mask == 0, mask == 1)).item() and any_(mask == 1).item():
        warnings.warn(
            f"{op}: {name} is {mask.dtype.name} of zeros and ones, which are added to the scores; "
            f"a mask of {meant} is bool",
            UserWarning,
            stacklevel=stacklevel,
        )


def _bias(op: str, name: str, given: _Given, bias: Any) -> Tensor:
    bias = operand(op, name, bias, given.q)
    if not bias.dtype.is_floating:
        raise TypeError(f"{op}: {name} is {bias.dtype.name}, but must be floating")
    return bias


def _relative(op: str, given: _Given, relative: Any) -> Tensor:
    _, heads, queries, keys = given.shape
    relative = _bias(op, "relative_bias", given, relative)
    needed = max(queries + keys - 1, 0)
    if relative.ndim != 2 or relative.shape[0] not in (1, heads) or relative.shape[1] != needed:
        raise ValueError(
            f"{op}: relative_bias has shape {relative.shape}, but {heads} heads of {queries} queries and {keys} keys "
            f"need {(heads, needed)} or {(1, needed)}"
        )
    return relative


def _band(op: str, is_causal: Any, causal: Any, window: Any) -> tuple[bool, int, int]:
    """Whether the band is aligned at the lower right, and how far it reaches to either side."""
    if causal is not None:
        causal = arguments.option(op, "causal", causal, ("upper_left", "lower_right"))
    if arguments.flag(op, "is_causal", is_causal):
        if causal == "lower_right":
            raise ValueError(f"{op}: is_causal=True is causal='upper_left', but causal is {causal!r}")
        causal = "upper_left"
    left = right = UNBOUNDED
    if window is not None:
        sides = (window, UNBOUNDED) if arguments.is_integer(window) else window
        left, right = arguments.per_axis(op, "window", sides, 2, at_least=UNBOUNDED)
    if causal is not None:
        right = 0
    return causal == "lower_right", left, right


def _options(
    op: str,
    given: _Given,
    attn_mask: Any,
    is_causal: Any,
    scale: Any,
    causal: Any,
    window: Any,
    bias: Any,
    relative_bias: Any,
    softcap: Any,
    key_lengths: Any,
) -> tuple[Any, ...]:
    """What the op takes from `scale` to `sequences`; the masks and biases are kept with the operands."""
    keep, added = _mask(op, given, attn_mask)
    if bias is not None:
        if added is not None:
            raise ValueError(f"{op}: attn_mask is floating, which is a bias, so bias must be None")
        added = given.of_scores(op, "bias", _bias(op, "bias", given, bias))
    given.extras = keep, added, None if relative_bias is None else _relative(op, given, relative_bias)
    if scale is None:
        scale = 1 / math.sqrt(given.size) if given.size else 1.0
    else:
        scale = arguments.number(op, "scale", scale)
    cap = 0.0 if softcap is None else positive(op, "softcap", softcap)
    if math.isinf(cap):
        raise ValueError(f"{op}: softcap is inf, but must be finite; None is no cap")
    return scale, cap, *_band(op, is_causal, causal, window), _sequences(op, given, key_lengths)


def _sequences(op: str, given: _Given, key_lengths: Any) -> tuple[int, ...] | None:
    if key_lengths is None:
        return None
    batch, _, queries, keys = given.shape
    lengths = arguments.integers(op, "key_lengths", key_lengths)
    if len(lengths) != batch:
        raise ValueError(f"{op}: key_lengths has {len(lengths)} entries, but the batch has {batch} items")
    for n, length in enumerate(lengths):
        if not 0 <= length <= keys:
            raise ValueError(f"{op}: key_lengths[{n}] is {length}, but must be from 0 to {keys}, the keys there are")
    return tuple([number for n, length in enumerate(lengths) for number in (n, 0, queries, 0, length)])


def _offsets(op: str, name: str, value: Any, rows: int) -> tuple[int, ...]:
    offsets = arguments.integers(op, name, value)
    if not offsets or offsets[0] != 0 or offsets[-1] != rows:
        given = f"go from {arguments.shown(offsets[0])} to {arguments.shown(offsets[-1])}" if offsets else "are empty"
        raise ValueError(f"{op}: {name} {given}, but must go from 0 to {rows}, the rows there are")
    for n in range(1, len(offsets)):
        if offsets[n] < offsets[n - 1]:
            raise ValueError(f"{op}: {name}[{n}] is {offsets[n]}, less than the {offsets[n - 1]} before it")
    return offsets


def _dropout(op: str, given: _Given, p: Any, generator: Generator | None) -> tuple[Any, ...]:
    p = arguments.probability(op, "dropout_p", p)
    source = random.source(op, generator)
    if p == 0:
        return 0.0, 0, 0
    return p, *source._take(math.prod(given.shape), 1)
