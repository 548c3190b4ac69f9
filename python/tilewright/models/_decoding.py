"""A recurrent decoder with or without attention, and what networks that generate sequences of tokens share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._functions.creation import full
from .._functions.indexing import where
from .._functions.manipulation import concatenate, expand_dims, moveaxis, reshape
from ..autograd import no_grad
from ..nn._sequences import within
from ..nn._traversal import evaluating
from ..nn.functional._checks import refuse_where
from ..nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from . import generation
from .beam import Beams, beam_search, check_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

    States = tuple[Tensor, ...]  # of a GRU h, of an LSTM h and c: (N, layers, hidden_size), in steps (N, W, layers, ..)

CELLS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}

# Attention by name, from the lengths of a query, a key and a hidden layer.
SCORES: dict[str, Any] = {
    "additive": nn.AdditiveAttention,
    "bilinear": lambda query, key, hidden: nn.BilinearAttention(query, key),
    "dot": lambda query, key, hidden: nn.DotAttention(),
    "scaled_dot": lambda query, key, hidden: nn.DotAttention(scaled=True),
    "cosine": lambda query, key, hidden: nn.CosineAttention(),
    "network": lambda query, key, hidden: nn.NetworkAttention(query, key, (hidden, hidden), "relu"),
}


def read_tokens(op: str, name: str, value: Any, size: int) -> Tensor:
    """Tokens (N, T) below `size`, as int64."""
    tokens = generation.tokens_of(op, name, value)
    if tokens.ndim != 2:
        raise ValueError(f"{op}: {name} has shape {tokens.shape}, but must be (N, T)")
    refuse_where(op, name, tokens, (tokens < 0) | (tokens >= size), ValueError, f"tokens are numbers below {size}")
    return tokens


def run_padded(layer: Any, x: Tensor, lengths: Tensor | None) -> tuple[Tensor, Any]:
    """What a recurrent layer gives for sequences (N, S, ..) of some lengths: zeros for padding."""
    if lengths is None:
        return layer(x)
    output, last = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last


class Decoder(nn.Module):
    """The next token from those before it, and from what is attended to.

    With attention "after" the recurrent layers their result is the query, and the logits come from a tanh of both
    (Luong). "before" them the last state is the query, and the context is read with the token (Bahdanau).
    """

    def __init__(
        self,
        tokens: int,
        embedding_dim: int,
        hidden_size: int,
        key_dim: int,
        *,
        num_layers: int,
        cell: str,
        attention: str | None,
        attend: str,
        dropout: float,
    ) -> None:
        self.attend = attend
        self.embedding = nn.Embedding(tokens, embedding_dim)
        read = embedding_dim + (key_dim if attention and attend == "before" else 0)
        between = dropout if num_layers > 1 else 0.0
        self.rnn = CELLS[cell](read, hidden_size, num_layers, batch_first=True, dropout=between)
        self.attention = SCORES[attention](hidden_size, key_dim, hidden_size) if attention else None
        self.combine = nn.Linear(hidden_size + key_dim, hidden_size, activation="tanh") if attention else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_size, tokens)

    def forward(self, tokens: Tensor, states: States, prepared: Any, sampling: float) -> tuple[Tensor, Tensor | None]:
        """Logits (N, T, tokens) after each of the tokens (N, T), and weights (N, T, S)."""
        if sampling or self.attend == "before":
            return self._by_steps(tokens, states, prepared, sampling)
        x, _ = self._run(self.dropout(self.embedding(tokens)), states)
        return self._logits(x, None, prepared)

    def _by_steps(self, tokens: Tensor, states: States, prepared: Any, sampling: float) -> tuple[Tensor, Tensor | None]:
        logits: list[Tensor] = []
        weights: list[Any] = []
        states = tuple([expand_dims(state, axis=1) for state in states])
        for t in range(tokens.shape[1]):
            last = tokens[:, t : t + 1]
            if t and sampling:
                chosen = random.uniform(size=(last.shape[0], 1)) < sampling
                last = where(chosen, logits[-1].detach().argmax(axis=-1), last)
            y, w, states = self.step(last, states, prepared)
            logits.append(y)
            weights.append(w)
        return concatenate(logits, axis=1), concatenate(weights, axis=1) if self.attention else None

    def step(self, tokens: Tensor, states: States, prepared: Any) -> tuple[Tensor, Tensor | None, States]:
        """Logits (N, W, tokens) after one token (N, W) of W beginnings each, weights (N, W, S), and the new states."""
        count, beams = tokens.shape
        x = self.dropout(self.embedding(tokens))
        found = None
        if self.attention is not None and self.attend == "before":
            found = self.attention.attend(states[0][:, :, -1], prepared)
            x = concatenate([x, found[0]], axis=-1)
        flat = tuple([reshape(state, (count * beams, *state.shape[2:])) for state in states])
        x, flat = self._run(reshape(x, (count * beams, 1, x.shape[-1])), flat)
        states = tuple([reshape(state, (count, beams, *state.shape[1:])) for state in flat])
        logits, weights = self._logits(reshape(x, (count, beams, x.shape[-1])), found, prepared)
        return logits, weights, states

    def _run(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """The recurrent layers on (N, T, ..), from states (N, layers, hidden_size)."""
        hx = [moveaxis(state, 1, 0) for state in states]
        x, last = self.rnn(x, tuple(hx) if len(hx) > 1 else hx[0])
        return x, tuple([moveaxis(state, 0, 1) for state in (last if len(hx) > 1 else (last,))])

    def _logits(self, x: Tensor, found: tuple[Tensor, Tensor] | None, prepared: Any) -> tuple[Tensor, Tensor | None]:
        """Of the results (N, T, hidden_size) of the recurrent layers."""
        weights = None
        if self.attention is not None and self.combine is not None:
            context, weights = found or self.attention.attend(x, prepared)
            x = self.combine(concatenate([x, context], axis=-1))
        return self.output(self.dropout(x)), weights


class Generating(nn.Module):
    """A network that reads something and generates tokens: what comes after `_encode`."""

    decoder: Any  # a Decoder, or what is called as one and has its `step`
    num_tokens: int
    start: int
    end: int

    def _set_tokens(self, name: str, num_tokens: Any, start: Any, end: Any) -> None:
        op = type(self).__name__
        self.num_tokens = arguments.integer(op, name, num_tokens, at_least=1)
        self.start = arguments.integer(op, "start", start, at_least=0, at_most=self.num_tokens - 1)
        self.end = arguments.integer(op, "end", end, at_least=0, at_most=self.num_tokens - 1)

    def _teach(
        self, count: int, encode: Callable[[], tuple[States, Any]], target: Any, sampling: Any = 0.0
    ) -> tuple[Tensor, Tensor | None]:
        """Logits of each token of `target`, given those before it, and the attention's weights."""
        sampling = arguments.probability(type(self).__name__, "sampling", sampling)
        before = self._before(count, target)
        states, prepared = encode()
        return self.decoder(before, states, prepared, sampling)

    def _before(self, count: int, target: Any) -> Tensor:
        """What stands before each token of the target, (N, T)."""
        op = type(self).__name__
        target = read_tokens(op, "target", target, self.num_tokens)
        if target.shape[0] != count or not target.shape[1]:
            raise ValueError(f"{op}: target has shape {target.shape}, but must be ({count}, at least 1)")
        return concatenate([full((count, 1), self.start, dtype="int64", device=target.device), target[:, :-1]], axis=1)

    def _search(
        self, count: int, encode: Callable[[], tuple[States, Any]], max_length: Any, width: Any, length_penalty: Any
    ) -> Beams:
        check_options(type(self).__name__, self.end, max_length, width, length_penalty)
        with no_grad(), evaluating(self):
            states, prepared = encode()

            def step(tokens: Tensor, states: States) -> tuple[Tensor, States]:
                logits, _, states = self.decoder.step(tokens, states, prepared)
                return logits, states

            start = full((count,), self.start, dtype="int64")
            options: dict[str, Any] = {"max_length": max_length, "width": width, "length_penalty": length_penalty}
            return beam_search(step, states, start, end=self.end, **options)


class Translating(Generating):
    """A network that reads a sequence of tokens."""

    source_tokens: int

    def generate(
        self, source: Any, lengths: Any = None, *, max_length: int, width: int = 1, length_penalty: float = 0.0
    ) -> Beams:
        """The most probable targets, as far as beam search finds them, without dropout.

        Parameters
        ----------
        source, lengths
            As in a call.
        max_length, width, length_penalty
            Of `beam_search`. A width of 1 is greedy.

        Returns
        -------
        Beams
            tokens (N, W, T), scores and lengths (N, W).

        Raises
        ------
        ValueError
            As a call; for options out of range.
        TypeError
            As a call.
        """
        return self._search(*self._reading(source, lengths), max_length, width, length_penalty)

    def _reading(self, source: Any, lengths: Any) -> tuple[int, Callable[[], tuple[Any, Any]]]:
        """How many sources there are, and a function that encodes them."""
        raise NotImplementedError

    def _read_source(self, source: Any, lengths: Any) -> tuple[Tensor, Tensor | None]:
        """Tokens (N, S) of the source, and where it is no padding."""
        op = type(self).__name__
        source = read_tokens(op, "source", source, self.source_tokens)
        count, longest = source.shape
        if not longest:
            raise ValueError(f"{op}: source has shape {source.shape}, but must have tokens")
        return source, None if lengths is None else within(op, lengths, count, longest, source.device)


def check_decoder(op: str, cell: Any, attention: Any, attend: Any) -> None:
    arguments.option(op, "cell", cell, tuple(CELLS))
    arguments.option(op, "attend", attend, ("after", "before"))
    if attention is not None:
        arguments.option(op, "attention", attention, tuple(SCORES))
