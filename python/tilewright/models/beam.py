"""Beam search on a function that scores the next token."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor
from .._engine.tree import leaves, rebuild
from .._functions.creation import arange, zeros
from .._functions.indexing import take, take_along_axis, where
from .._functions.manipulation import concatenate, expand_dims, reshape
from .._functions.softmax import log_softmax
from .._functions.sorting import argsort, topk
from ..autograd import no_grad
from . import generation

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Beams", "beam_search"]


class Beams(NamedTuple):
    """What `beam_search` finds: for each of N problems the W best sequences, the best first.

    W is the width of the beam, or less where there are not so many beginnings.

    Attributes
    ----------
    tokens : Tensor of int64, shape (N, W, T)
        Without the start token; from the end token on, only end tokens.
    scores : Tensor, shape (N, W)
        Log-probabilities, divided by the length penalty. Minus infinity where there are fewer sequences than that.
    lengths : Tensor of int64, shape (N, W)
        How many tokens there are, the end token included.
    """

    tokens: Tensor
    scores: Tensor
    lengths: Tensor


def beam_search(
    step: Callable[[Tensor, Any], tuple[Tensor, Any]],
    state: Any,
    start: Any,
    *,
    end: int,
    max_length: int,
    width: int = 1,
    length_penalty: float = 0.0,
) -> Beams:
    """The most probable sequences, as far as a beam finds them: at each step the `width` best beginnings are kept.

    Parameters
    ----------
    step : callable
        (tokens, state) -> (logits, new state): the last tokens, of int64 and shape (N, W), and logits (N, W, number of
        tokens). W is 1 in the first call and grows up to `width`. What all beginnings of a problem share, such as the
        encoded source, need not be in the state.
    state : tree of Tensor
        At the start: tuples, lists and dicts of tensors with shape (N, ...), or None. `step` sees (N, W, ...), and
        gives such ones.
    start : array-like of int, shape (N,)
        The first token of each problem, which is not part of the result.
    end : int
        The token that ends a sequence.
    max_length : int
        At most so many tokens, up to 1,048,576; a sequence that has not ended by then counts as it is.
    width : int
        How many beginnings are kept. 1 is greedy: the most probable token each time.
    length_penalty : float
        At least 0. Log-probabilities of sequences of n tokens are divided by `((5 + n) / 6)^length_penalty`, so that
        short ones are not preferred.

    Returns
    -------
    Beams
        tokens, scores and lengths.

    Raises
    ------
    ValueError
        For numbers out of range, a start that is not of shape (N,), and logits of another shape, with a NaN or
        without a finite number in a row.
    TypeError
        For a step that cannot be called or gives no pair, and arguments of another kind.

    Notes
    -----
    A sequence that has ended keeps its place in the beam, which becomes narrower for the others. So width 1 is greedy
    search, and a width of at least the number of beginnings at every length is exhaustive search. All problems are
    searched at once, on arrays; the search ends when all sequences have. Nothing is recorded for gradients.

    References
    ----------
    Y. Wu et al., Google's Neural Machine Translation System, 2016 (length penalty).

    Examples
    --------
    Tokens follow each other with fixed probabilities; 0 ends.

    >>> import tilewright as tw
    >>> logits = tw.log(tw.asarray([[1.0, 0.0, 0.0], [0.1, 0.4, 0.5], [0.8, 0.1, 0.1]]))
    >>> found = tw.models.beam_search(lambda t, s: (logits[t], s), None, [1], end=0, max_length=4, width=2)
    >>> found.tokens.tolist()
    [[[2, 0, 0], [1, 2, 0]]]
    >>> [round(p, 2) for p in tw.exp(found.scores)[0].tolist()]
    [0.4, 0.16]
    """
    op = "beam_search"
    arguments.function(op, "step", step)
    start = generation.tokens_of(op, "start", start)
    if start.ndim != 1:
        raise ValueError(f"{op}: start has shape {start.shape}, but must be (N,)")
    end, max_length, width, alpha = check_options(op, end, max_length, width, length_penalty)
    with no_grad():
        return _search(step, state, start, end, max_length, width, alpha)


def check_options(op: str, end: Any, max_length: Any, width: Any, length_penalty: Any) -> tuple[int, int, int, float]:
    end = arguments.integer(op, "end", end, at_least=0)
    max_length = arguments.integer(op, "max_length", max_length, at_least=1, at_most=generation.MOST_TOKENS)
    width = arguments.integer(op, "width", width, at_least=1)
    alpha = arguments.number(op, "length_penalty", length_penalty)
    if not 0 <= alpha < math.inf:
        raise ValueError(f"{op}: length_penalty is {alpha}, but must be finite and at least 0")
    return end, max_length, width, alpha


def _search(
    step: Callable[..., Any], state: Any, start: Tensor, end: int, max_length: int, width: int, alpha: float
) -> Beams:
    count = len(start)
    last = expand_dims(start, axis=1)  # (N, W), where W grows from 1
    state = _each(state, (count,), lambda leaf: expand_dims(leaf, axis=1))
    tokens = zeros((count, 1, 0), dtype="int64")
    total, lengths, ended = zeros((count, 1)), zeros((count, 1), dtype="int64"), zeros((count, 1), dtype="bool")
    for _ in range(max_length):
        beams = last.shape[1]
        logits, state = generation.taken("beam_search", step, last, state)
        if logits.shape[:-1] != last.shape or logits.shape[-1] <= end:
            needed = f"({count}, {beams}, more than {end})"
            raise ValueError(f"beam_search: step gave logits of shape {logits.shape}, but must give {needed}")
        generation.checked("beam_search", logits)
        total, parents, last = _best(total, log_softmax(logits, -1), ended, end, width)
        ended = take_along_axis(ended, parents, axis=1)
        lengths = take_along_axis(lengths, parents, axis=1) + where(ended, 0, 1)
        tokens = concatenate([_of(parents, tokens), expand_dims(last, axis=2)], axis=2)
        state = _each(state, (count, beams), partial(_of, parents))
        ended = (last == end) & (total > -math.inf)
        if ended.all():
            break
    scores = total / ((lengths + 5).astype(total.dtype) / 6) ** alpha
    order = argsort(scores, axis=1, descending=True)
    return Beams(_of(order, tokens), _of(order, scores), _of(order, lengths))


def _best(total: Tensor, chances: Tensor, ended: Tensor, end: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of beginnings (N, W) with any token behind them the best: log-probabilities, beginnings and tokens.

    What has ended goes on with the end token alone, at no cost, and is kept in any case.
    """
    count, beams, classes = chances.shape
    done, total = expand_dims(ended, axis=2), expand_dims(total, axis=2)
    at_end = arange(classes) == end
    sums = where(done, where(at_end, total, -math.inf), total + chances)
    order = where(done & at_end, math.inf, sums)
    sums, order = (reshape(x, (count, beams * classes)) for x in (sums, order))
    chosen = topk(order, min(width, beams * classes), axis=1).indices
    return take_along_axis(sums, chosen, axis=1), chosen // classes, chosen % classes


def _of(parents: Tensor, leaf: Tensor) -> Tensor:
    """What belongs to the chosen beginnings (N, W) of a leaf (N, old W, ...)."""
    count, old = leaf.shape[:2]
    places = reshape(parents + expand_dims(arange(count), axis=1) * old, (-1,))
    flat = reshape(leaf, (count * old, *leaf.shape[2:]))
    return reshape(take(flat, places, 0), (*parents.shape, *leaf.shape[2:]))


def _each(state: Any, first: tuple[int, ...], change: Callable[[Tensor], Tensor]) -> Any:
    """The state with every tensor changed; `first` are the axes that each must have."""
    found = leaves(state, "beam_search")
    for leaf in found:
        if leaf is not None and not isinstance(leaf, Tensor):
            arguments.refuse("beam_search", "a leaf of state", leaf, "a Tensor or None")
        if leaf is not None and leaf.shape[: len(first)] != first:
            needed = ", ".join(map(str, first))
            raise ValueError(f"beam_search: a leaf of state has shape {leaf.shape}, but must be ({needed}, ...)")
    return rebuild(state, [None if leaf is None else change(leaf) for leaf in found])
