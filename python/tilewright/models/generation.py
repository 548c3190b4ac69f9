"""Drawing tokens from what language models say of the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _sampling, random
from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.comparison import less
from .._functions.exponential import exp
from .._functions.indexing import take_along_axis, where
from .._functions.logical import isfinite
from .._functions.manipulation import concatenate, expand_dims, reshape
from .._functions.reductions import argmax, max
from .._functions.scans import cumulative_sum
from .._functions.softmax import softmax
from .._functions.sorting import argsort
from ..autograd import no_grad
from ..nn.functional import one_hot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from .._engine.tensor import Tensor
    from ..random import Generator

    Array = np.ndarray[Any, Any]

__all__ = ["distribution", "generate", "perplexity", "sample", "stream"]

_LOWEST = -float("inf")
_HIGHEST = (1 << 63) - 1  # token
MOST_TOKENS = 1 << 20  # that are drawn or searched for in one call


def distribution(
    logits: Any, *, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Probabilities of the next token: what `sample` draws from.

    Parameters
    ----------
    logits : array-like, shape (..., V)
        Log-probabilities up to a constant. A token of -inf is never drawn.
    temperature : float
        What the logits are divided by: below 1 the likely tokens become likelier; at 0 the likeliest has all.
    top_k : int, optional
        How many of the likeliest tokens remain; all where there are fewer.
    top_p : float, optional
        The fewest of the likeliest tokens whose probabilities sum to at least this remain, and at least one. Applied
        last, to the distribution that the temperature and `top_k` leave.

    Returns
    -------
    Tensor of float64, shape (..., V)
        Each row sums to 1. No gradient flows through it.

    Raises
    ------
    ValueError
        For logits that are NaN or inf, rows without any above -inf, an empty vocabulary; a temperature that is negative
        or not finite, `top_k` below 1, `top_p` outside [0, 1].
    TypeError
        For logits that are not real, and options that are no numbers.

    Notes
    -----
    Of tokens with equal logits the one of the lower index counts as likelier, so `top_k` leaves exactly that many, and
    `top_k=1`, `top_p=0` and `temperature=0` are one distribution. `top_p=1` leaves out nothing. Computed in float64.

    References
    ----------
    A. Fan, M. Lewis, Y. Dauphin, Hierarchical Neural Story Generation, ACL 2018 (top-k).
    A. Holtzman, J. Buys, L. Du, M. Forbes, Y. Choi, The Curious Case of Neural Text Degeneration, ICLR 2020 (top-p).

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.generation.distribution([0.0, 0.0, 0.0, 0.0], top_p=0.5)
    tensor([0.5, 0.5, 0. , 0. ], dtype=float64)
    """
    return _distribution("distribution", logits, *_options("distribution", temperature, top_k, top_p))


def sample(
    logits: Any,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Draw a token for each row of logits.

    Parameters
    ----------
    logits : array-like, shape (..., V)
        Log-probabilities up to a constant. A token of -inf is never drawn.
    temperature, top_k, top_p
        See `distribution`. At temperature 0 nothing is drawn: it is the likeliest token, of equal ones the first.
    generator : Generator, optional
        Where numbers are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor of int64, shape (...)

    Raises
    ------
    ValueError
        For logits that are NaN or inf, rows without any above -inf, an empty vocabulary; a temperature that is negative
        or not finite, `top_k` below 1, `top_p` outside [0, 1].
    TypeError
        For logits that are not real, options that are no numbers, and a generator that is none.

    Examples
    --------
    >>> import tilewright as tw
    >>> logits = tw.asarray([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0]])
    >>> tw.models.generation.sample(logits, temperature=0)
    tensor([1, 0])
    >>> tw.models.generation.sample(logits, top_k=2, generator=tw.random.Generator(0)).shape
    (2,)
    """
    return _sample("sample", logits, _options("sample", temperature, top_k, top_p), random.source("sample", generator))


def generate(
    step: Callable[[Tensor, Any], tuple[Any, Any]],
    prompt: Any,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: Generator | None = None,
    state: Any = None,
    stop: Any = None,
) -> Tensor:
    """Continue texts, one token after another.

    Parameters
    ----------
    step : callable
        `step(tokens, state)` is given tokens, shape (..., T), and what it returned as the state before; it returns the
        logits of the next token, shape (..., V), and a state. The first call has the prompt, each other the token that
        was drawn, with T = 1.
    prompt : array-like of int, shape (..., T)
        Texts to continue.
    length : int
        How many tokens are added, up to 1,048,576; fewer where all texts stop before.
    temperature, top_k, top_p
        See `distribution`.
    generator : Generator, optional
        Where numbers are drawn from; by default `tilewright.random.default_generator`.
    state : object
        That of the first call.
    stop : int or sequence of int, optional
        Tokens that end a text. Where others go on, that token is repeated behind it.

    Returns
    -------
    Tensor of int64, shape (..., T + length)
        The prompt and what follows it.

    Raises
    ------
    ValueError
        For a 0-d prompt, a negative length, logits of another shape; a temperature that is negative or not finite,
        `top_k` below 1, `top_p` outside [0, 1], a negative `stop`.
    TypeError
        For tokens that are not integers, options that are no numbers, a generator that is none, and where `step` gives
        no pair.

    Examples
    --------
    >>> import tilewright as tw
    >>> def one_more(tokens, state):
    ...     return tw.nn.functional.one_hot((tokens[..., -1] + 1) % 5, 5) * 100.0, state
    >>> tw.models.generation.generate(one_more, [2, 3], 4, temperature=0)
    tensor([2, 3, 4, 0, 1, 2])
    >>> tw.models.generation.generate(one_more, [2, 3], 4, temperature=0, stop=0)
    tensor([2, 3, 4, 0])
    """
    return continued("generate", step, prompt, length, temperature, top_k, top_p, generator, state, stop)


def stream(
    step: Callable[[Tensor, Any], tuple[Any, Any]],
    prompt: Any,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    generator: Generator | None = None,
    state: Any = None,
    stop: Any = None,
) -> Iterator[Tensor]:
    """What `generate` adds, token by token: each is there as soon as it is drawn.

    Parameters
    ----------
    step, prompt, length, temperature, top_k, top_p, generator, state, stop
        See `generate`. They are checked in the call, before the first token is asked for.

    Returns
    -------
    iterator of Tensor of int64, shape (...)
        The next token of each text.

    Examples
    --------
    >>> import tilewright as tw
    >>> def one_more(tokens, state):
    ...     return tw.nn.functional.one_hot((tokens[..., -1] + 1) % 5, 5) * 100.0, state
    >>> [token.item() for token in tw.models.generation.stream(one_more, [2, 3], 4, temperature=0)]
    [4, 0, 1, 2]
    """
    return streamed("stream", step, prompt, length, temperature, top_k, top_p, generator, state, stop)


def continued(
    op: str, step: Callable[[Tensor, Any], tuple[Any, Any]], prompt: Any, length: Any, *options: Any
) -> Tensor:
    """`generate` under the name of the function that was called; `options` as of `streamed`."""
    found = streamed(op, step, prompt, length, *options)
    return concatenate([tokens_of(op, "prompt", prompt), *[expand_dims(token, -1) for token in found]], -1)


def streamed(
    op: str,
    step: Callable[[Tensor, Any], tuple[Any, Any]],
    prompt: Any,
    length: Any,
    temperature: Any,
    top_k: Any,
    top_p: Any,
    generator: Any,
    state: Any = None,
    stop: Any = None,
) -> Iterator[Tensor]:
    """`stream` under the name of the function that was called."""
    step = arguments.function(op, "step", step)
    length = arguments.integer(op, "length", length, at_least=0, at_most=MOST_TOKENS)
    options, source = _options(op, temperature, top_k, top_p), random.source(op, generator)
    ends = () if stop is None else arguments.integers(op, "stop", stop)
    for end in ends:
        arguments.integer(op, "an entry of stop", end, at_least=0, at_most=_HIGHEST)
    tokens = tokens_of(op, "prompt", prompt)
    if not tokens.ndim:
        raise ValueError(f"{op}: prompt is 0-d, but must have an axis of tokens")
    return _drawn(op, step, tokens, length, options, source, state, ends)


def _drawn(
    op: str,
    step: Callable[[Tensor, Any], tuple[Any, Any]],
    tokens: Tensor,
    length: int,
    options: Options,
    source: Generator,
    state: Any,
    ends: tuple[int, ...],
) -> Iterator[Tensor]:
    texts, latest = tokens.shape[:-1], tokens
    ended: Tensor | None = None
    stops = asarray(ends, device=tokens.device) if ends else None
    for _ in range(length):
        with no_grad():  # not around the yield: whoever asks for tokens may record in between
            logits, state = taken(op, step, latest, state)
            if logits.shape[:-1] != texts:
                needed = f"a row for each text, {texts}"
                raise ValueError(f"{op}: step gave logits of shape {logits.shape}, but must give {needed}")
            token = _sample(op, logits, options, source)
            if ended is not None:
                token = where(ended, latest[..., -1], token)
            latest = expand_dims(token, -1)
            if stops is not None:
                ended = (latest == stops).any(axis=-1)
        yield token
        if ended is not None and ended.all().item():
            return


def taken(op: str, step: Callable[[Tensor, Any], tuple[Any, Any]], tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
    """What a step gives: logits and a state."""
    given = step(tokens, state)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        arguments.refuse(op, "what step gave", given, "a tuple of logits and a state")
    return arguments.array(op, "logits", given[0]), given[1]


def tokens_of(op: str, name: str, value: Any) -> Tensor:
    """Integers as int64; an empty list has none, and so passes."""
    tokens = arguments.array(op, name, value)
    if not (tokens.dtype.is_integer or tokens.size == 0):
        raise TypeError(f"{op}: {name} has dtype {tokens.dtype.name}, but tokens are integers")
    return tokens.astype("int64", copy=False)


def texts_of(op: str, sequences: tuple[Any, ...], vocab_size: int) -> list[Array]:
    """Several texts, each as `text_of`."""
    return [text_of(op, f"sequence {i}", text, vocab_size) for i, text in enumerate(sequences)]


def text_of(op: str, name: str, value: Any, vocab_size: int) -> Array:
    """One text, a NumPy array (T,), of tokens below `vocab_size`."""
    tokens = tokens_of(op, name, value)
    if tokens.ndim != 1:
        raise ValueError(f"{op}: {name} has shape {tokens.shape}, but must be 1-D")
    if tokens.size and bool(((tokens < 0) | (tokens >= vocab_size)).any()):
        bad = next(token for token in tokens.tolist() if not 0 <= token < vocab_size)
        raise ValueError(f"{op}: {name} contains {bad}, but tokens are integers from 0 to {vocab_size - 1}")
    text: Array = tokens.numpy()
    return text


def perplexity(loss: Any) -> Tensor:
    """The exponential of a mean cross-entropy: among how many equally likely tokens one might as well choose.

    Parameters
    ----------
    loss : array-like
        Mean of -log p over the tokens, in nats, as `nn.functional.cross_entropy` gives it.

    Returns
    -------
    Tensor
        Of the shape of `loss`. In bits, a loss is `loss / log(2)`.

    Raises
    ------
    TypeError
        For a loss that is not real.

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.nn.functional.cross_entropy(tw.zeros((2, 10)), [3, 7])
    >>> round(tw.models.generation.perplexity(loss).item(), 4)
    10.0
    """
    x = arguments.array("perplexity", "loss", loss)
    if x.dtype.is_complex:
        raise TypeError(f"perplexity: loss has dtype {x.dtype.name}, but must be real")
    return exp(x)


Options = tuple[float, "int | None", float]


def _options(op: str, temperature: Any, top_k: Any, top_p: Any) -> Options:
    temperature = arguments.number(op, "temperature", temperature)
    if not 0 <= temperature < float("inf"):
        raise ValueError(f"{op}: temperature is {temperature}, but must be finite and not negative")
    if top_k is not None:
        top_k = arguments.integer(op, "top_k", top_k, at_least=1)
    return temperature, top_k, 1.0 if top_p is None else arguments.probability(op, "top_p", top_p)


def checked(op: str, logits: Any) -> tuple[Tensor, Tensor]:
    """Logits in float64 and the largest of each row (..., 1), which is finite."""
    x = arguments.array(op, "logits", logits)
    if x.dtype.is_complex:
        raise TypeError(f"{op}: logits have dtype {x.dtype.name}, but must be real")
    if not x.ndim or not x.shape[-1]:
        raise ValueError(f"{op}: logits have shape {x.shape}, but need a last axis with at least one token")
    x = x.detach().astype("float64", copy=False)
    if not x.size:
        return x, x[..., :1]
    peak = max(x, -1, keepdims=True)
    if not isfinite(peak).all().item():
        bad = next(value for value in reshape(peak, (-1,)).tolist() if not _LOWEST < value < -_LOWEST)
        what = "have a row of -inf alone" if bad == _LOWEST else f"contain {bad}"
        raise ValueError(f"{op}: logits {what}, but each row needs a finite one, and no NaN or inf")
    return x, peak


def _distribution(op: str, logits: Any, temperature: float, top_k: int | None, top_p: float) -> Tensor:
    x, peak = checked(op, logits)
    with no_grad():
        if not temperature:
            return one_hot(argmax(x, -1), x.shape[-1], dtype="float64")
        x = (x - peak) / temperature
        if (top_k is not None and top_k < x.shape[-1]) or top_p < 1:
            order = argsort(x, -1, descending=True)  # stable: of equal ones the first is first
            rank = argsort(order, -1)
            if top_k is not None:
                x = where(rank < top_k, x, _LOWEST)
            if top_p < 1:
                falling = softmax(take_along_axis(x, order, -1), -1)
                before = cumulative_sum(falling, axis=-1, include_initial=True)[..., :-1]
                kept = less(take_along_axis(before, rank, -1), top_p) | (rank == 0)
                x = where(kept, x, _LOWEST)
        return softmax(x, -1)


def _sample(op: str, logits: Any, options: Options, stream: Generator) -> Tensor:
    if not options[0]:
        return argmax(checked(op, logits)[0], -1)
    weights = _distribution(op, logits, *options)
    if not weights.size:
        return argmax(weights, -1)
    drawn = _sampling.multinomial(reshape(weights, (-1, weights.shape[-1])), 1, True, generator=stream)
    return reshape(drawn, weights.shape[:-1])
