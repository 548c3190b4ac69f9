"""Sequences to sequences: a recurrent encoder, and a decoder that may attend to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.creation import arange
from .._functions.indexing import take_along_axis, where
from .._functions.manipulation import expand_dims, moveaxis, reshape
from ..autograd import no_grad
from ..nn._traversal import evaluating
from ._decoding import CELLS, Decoder, Translating, check_decoder, run_padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ._decoding import States

__all__ = ["Seq2Seq"]


class Encoder(nn.Module):
    """Recurrent layers over the source; their results and last states, as the decoder takes them.

    Of two directions, results and states are joined by linear maps.
    """

    def __init__(
        self,
        tokens: int,
        embedding_dim: int,
        hidden_size: int,
        *,
        num_layers: int,
        cell: str,
        bidirectional: bool,
        attended: bool,
        dropout: float,
    ) -> None:
        self.embedding = nn.Embedding(tokens, embedding_dim)
        self.dropout = nn.Dropout(dropout)
        options: dict[str, Any] = {
            "batch_first": True,
            "dropout": dropout if num_layers > 1 else 0.0,
            "bidirectional": bidirectional,
        }
        self.rnn = CELLS[cell](embedding_dim, hidden_size, num_layers, **options)
        self.results: nn.Linear | None = None
        self.states: nn.ModuleList | None = None
        if bidirectional:
            self.results = nn.Linear(2 * hidden_size, hidden_size) if attended else None
            made = [nn.Linear(2 * hidden_size, hidden_size, activation="tanh")]
            if cell == "lstm":
                made.append(nn.Linear(2 * hidden_size, hidden_size))
            self.states = nn.ModuleList(made)

    def forward(self, tokens: Tensor, lengths: Tensor | None) -> tuple[Tensor, States]:
        """Results (N, S, hidden_size), states (N, layers, hidden_size)."""
        x = self.dropout(self.embedding(tokens))
        x, last = run_padded(self.rnn, x, lengths)
        states = [moveaxis(state, 0, 1) for state in (last if isinstance(last, tuple) else (last,))]
        if self.results is not None:
            x = self.results(x)
        if self.states is None:
            return x, tuple(states)
        joined = [reshape(s, (s.shape[0], s.shape[1] // 2, 2 * s.shape[2])) for s in states]
        return x, tuple([join(s) for join, s in zip(self.states, joined, strict=True)])


class Seq2Seq(Translating):
    """Reads a sequence of tokens and generates another: encoder and decoder of recurrent layers, with attention.

    Parameters
    ----------
    source_tokens, target_tokens : int
        How many different tokens there are.
    embedding_dim : int
        Length of the vectors that stand for tokens.
    hidden_size : int
        Of the recurrent layers.
    num_layers : int
        Of the encoder and of the decoder.
    cell : {"lstm", "gru", "rnn"}
        What the layers are made of.
    bidirectional : bool
        Whether the encoder also reads from the end. Its directions are joined by linear maps.
    attention : {"additive", "bilinear", "dot", "scaled_dot", "cosine", "network"}, optional
        The score: see `nn.AdditiveAttention` and its neighbours. None: all that the decoder knows of the source is the
        last state.
    attend : {"after", "before"}
        Whether the decoder attends with what its layers give, as in [3]_: fast, since all steps are computed at once
        where the target is given. Or with their last state, and reads the context with the next token, as in [2]_.
    reverse : bool
        Whether the source is read backwards, as in [1]_. Attention is told in the order of the source all the same.
    dropout : float
        Probability with which embeddings, and what layers give, are dropped in training.
    start, end : int
        Tokens of the target that stand before and behind a sequence.

    Attributes
    ----------
    encoder, decoder : Module

    Raises
    ------
    ValueError
        For sizes below 1, unknown options, and special tokens that are none of the target's.
    TypeError
        For arguments of another kind.

    References
    ----------
    .. [1] I. Sutskever, O. Vinyals, Q. Le, Sequence to Sequence Learning with Neural Networks, NeurIPS 2014; K. Cho et
       al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014.
    .. [2] D. Bahdanau, K. Cho, Y. Bengio, Neural Machine Translation by Jointly Learning to Align and Translate, ICLR
       2015.
    .. [3] M.-T. Luong, H. Pham, C. Manning, Effective Approaches to Attention-based Neural Machine Translation, EMNLP
       2015.
    .. [4] S. Bengio, O. Vinyals, N. Jaitly, N. Shazeer, Scheduled Sampling for Sequence Prediction with Recurrent
       Neural Networks, NeurIPS 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.Seq2Seq(20, 10, embedding_dim=8, hidden_size=16)
    >>> source, target = tw.full((2, 5), 7), tw.full((2, 4), 3)
    >>> logits = model(source, target, lengths=[5, 3])
    >>> logits.shape
    (2, 4, 10)
    >>> loss = tw.nn.functional.cross_entropy(logits.swapaxes(1, 2), target)
    >>> found = model.generate(source, lengths=[5, 3], max_length=6, width=4)
    >>> found.tokens.shape[:2], model.align(source, target, [5, 3]).shape
    ((2, 4), (2, 4, 5))
    """

    def __init__(
        self,
        source_tokens: int,
        target_tokens: int,
        embedding_dim: int = 64,
        hidden_size: int = 128,
        *,
        num_layers: int = 1,
        cell: str = "lstm",
        bidirectional: bool = True,
        attention: str | None = "additive",
        attend: str = "after",
        reverse: bool = False,
        dropout: float = 0.0,
        start: int = 1,
        end: int = 2,
    ) -> None:
        op = "Seq2Seq"
        check_decoder(op, cell, attention, attend)
        self._set_tokens("target_tokens", target_tokens, start, end)
        self.source_tokens = arguments.integer(op, "source_tokens", source_tokens, at_least=1)
        embedding_dim = arguments.integer(op, "embedding_dim", embedding_dim, at_least=1)
        hidden_size = arguments.integer(op, "hidden_size", hidden_size, at_least=1)
        num_layers = arguments.integer(op, "num_layers", num_layers, at_least=1)
        dropout = arguments.probability(op, "dropout", dropout)
        self.reverse = arguments.flag(op, "reverse", reverse)
        shared: dict[str, Any] = {"num_layers": num_layers, "cell": cell, "dropout": dropout}
        both = arguments.flag(op, "bidirectional", bidirectional)
        reads: dict[str, Any] = {"bidirectional": both, "attended": attention is not None}
        self.encoder = Encoder(self.source_tokens, embedding_dim, hidden_size, **reads, **shared)
        own: dict[str, Any] = {"attention": attention, "attend": attend if attention else "after"}
        self.decoder = Decoder(self.num_tokens, embedding_dim, hidden_size, hidden_size, **own, **shared)

    def forward(self, source: Any, target: Any, lengths: Any = None, sampling: float = 0.0) -> Tensor:
        """Logits of each token of the target, given the source and the tokens before it.

        Parameters
        ----------
        source : array-like of int, shape (N, S)
            Tokens, padded with any.
        target : array-like of int, shape (N, T)
            Tokens without the start, with the end, padded with any. What comes behind the end has logits, too: leave it
            out of the loss, by `ignore_index`.
        lengths : array-like of int, shape (N,), optional
            Of the sources; by default all are S long.
        sampling : float
            Probability with which the decoder is given, instead of a token of the target, the one that it finds most
            probable itself. Above 0 it goes step by step.

        Returns
        -------
        Tensor, shape (N, T, target_tokens)

        Raises
        ------
        ValueError
            For tokens and lengths out of range, and shapes that do not fit.
        TypeError
            For tokens and lengths that are no integers.
        """
        return self._teach(*self._reading(source, lengths), target, sampling)[0]

    def align(self, source: Any, target: Any, lengths: Any = None) -> Tensor:
        """The weights with which each token of the target attends to the source, without dropout.

        Parameters
        ----------
        source, target, lengths
            As in a call.

        Returns
        -------
        Tensor, shape (N, T, S)

        Raises
        ------
        RuntimeError
            Where the model has no attention.
        """
        if self.decoder.attention is None:
            raise RuntimeError("Seq2Seq: align needs attention, but the model has none")
        with no_grad(), evaluating(self):
            weights = self._teach(*self._reading(source, lengths), target)[1]
        assert weights is not None
        return weights

    def _reading(self, source: Any, lengths: Any) -> tuple[int, Callable[[], tuple[States, Any]]]:
        source, inside = self._read_source(source, lengths)
        if lengths is not None:
            lengths = arguments.array("Seq2Seq", "lengths", lengths)
        return source.shape[0], lambda: self._encode(source, lengths, inside)

    def _encode(self, source: Tensor, lengths: Tensor | None, inside: Tensor | None) -> tuple[States, Any]:
        """Last states, and what the decoder attends to."""
        back, longest = None, source.shape[1]
        if self.reverse:
            places = arange(longest, device=source.device)
            back = (
                (longest if lengths is None else expand_dims(lengths.to(source.device), axis=1))
                - 1
                - places
                + source * 0
            )
            back = back if inside is None else where(inside, back, places)
            source = take_along_axis(source, back, axis=1)
        keys, states = self.encoder(source, lengths)
        if self.decoder.attention is None:
            return states, None
        if back is not None:
            keys = take_along_axis(keys, expand_dims(back, axis=2), axis=1)
        return states, self.decoder.attention.prepare(keys, mask=inside)
