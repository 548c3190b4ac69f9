"""Recurrent networks that predict the next token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import nn
from ..._engine import arguments
from ...nn._traversal import evaluating
from .. import generation
from .multiplicative import MultiplicativeRNN

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["RNNLanguageModel"]

_LAYERS: dict[str, Any] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
_START = 0.1


class RNNLanguageModel(nn.Module):
    """Vectors of tokens, recurrent layers, and a linear layer that gives the logits of the next token.

    Parameters
    ----------
    vocab_size : int
        Tokens, characters or words, are the integers below it; V.
    embedding_dim : int
        Length of a token's vector.
    hidden_size : int
        Numbers in a layer's state.
    num_layers : int
        Recurrent layers, each of which reads what the one before gives; one for "mrnn".
    cell : {"lstm", "gru", "rnn", "mrnn"}
        `nn.LSTM`, `nn.GRU`, `nn.RNN` or `MultiplicativeRNN`.
    dropout : float
        Probability with which the vectors, and the results of each layer, are zeroed in training.
    tie_weights : bool
        Whether a token's vector is also its row of the decoder's weight; `embedding_dim` must be `hidden_size`.

    Attributes
    ----------
    embedding : Embedding
    rnn : LSTM, GRU, RNN or MultiplicativeRNN
    decoder : Linear
    drop : Dropout

    Raises
    ------
    ValueError
        For sizes below 1, an unknown cell, several layers of "mrnn", a probability that is none, weights that are tied
        but of different shapes; when called, for tokens that are neither (B, T) nor (T,).
    TypeError
        For sizes that are not integers; when called, for tokens that are not.
    IndexError
        When called, for tokens that are not in the vocabulary.

    Notes
    -----
    Called as `model(tokens, state=None)` with (B, T), or (T,), it gives `logits, state`: (B, T, V), those of the token
    after each, and what the layers keep, in the form that they give and take it. With the state of the last call texts
    go on; `nn.utils.detach_state` keeps gradients from going further back.

    Vectors and the decoder's weight start uniform in (-0.1, 0.1).

    References
    ----------
    T. Mikolov, M. Karafiát, L. Burget, J. Černocký, S. Khudanpur, Recurrent Neural Network Based Language Model,
    Interspeech 2010.
    W. Zaremba, I. Sutskever, O. Vinyals, Recurrent Neural Network Regularization, arXiv:1409.2329 (dropout).
    O. Press, L. Wolf, Using the Output Embedding to Improve Language Models, EACL 2017 (tied weights).

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.RNNLanguageModel(50, 16, 32, num_layers=2, cell="gru")
    >>> tokens = tw.zeros((4, 7), dtype=tw.int64)
    >>> logits, state = net(tokens)
    >>> logits.shape, state.shape
    ((4, 7, 50), (2, 4, 32))
    >>> net.generate([1, 2, 3], 5, top_k=10, generator=tw.random.Generator(0)).shape
    (8,)
    """

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        cell: str = "lstm",
        dropout: float = 0.0,
        tie_weights: bool = False,
    ) -> None:
        name = "RNNLanguageModel"
        vocab_size = arguments.integer(name, "vocab_size", vocab_size, at_least=1)
        embedding_dim = arguments.integer(name, "embedding_dim", embedding_dim, at_least=1)
        hidden_size = arguments.integer(name, "hidden_size", hidden_size, at_least=1)
        num_layers = arguments.integer(name, "num_layers", num_layers, at_least=1)
        cell = arguments.option(name, "cell", cell, (*_LAYERS, "mrnn"))
        dropout = arguments.probability(name, "dropout", dropout)
        if arguments.flag(name, "tie_weights", tie_weights) and embedding_dim != hidden_size:
            sizes = f"embedding_dim is {embedding_dim} and hidden_size {hidden_size}"
            raise ValueError(f"{name}: {sizes}, but must be equal where weights are tied")
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.drop = nn.Dropout(dropout)
        self.rnn: nn.Module
        if cell == "mrnn":
            if num_layers > 1:
                raise ValueError(f'{name}: num_layers is {num_layers}, but must be 1 for "mrnn"')
            self.rnn = MultiplicativeRNN(embedding_dim, hidden_size, batch_first=True)
        else:
            between = dropout if num_layers > 1 else 0.0
            self.rnn = _LAYERS[cell](embedding_dim, hidden_size, num_layers, batch_first=True, dropout=between)
        self.decoder = nn.Linear(hidden_size, vocab_size)
        nn.init.uniform_(self.embedding.weight, -_START, _START)
        nn.init.uniform_(self.decoder.weight, -_START, _START)
        if tie_weights:
            self.decoder.weight = self.embedding.weight

    def forward(self, input: Any, state: Any = None) -> tuple[Tensor, Any]:
        tokens = generation.tokens_of("RNNLanguageModel", "input", input)
        if tokens.ndim not in (1, 2):
            raise ValueError(f"RNNLanguageModel: input has shape {tokens.shape}, but must be (B, T) or (T,)")
        output, state = self.rnn(self.drop(self.embedding(tokens)), state)
        return self.decoder(self.drop(output)), state

    def generate(
        self,
        prompt: Any,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: Generator | None = None,
        state: Any = None,
    ) -> Tensor:
        """Continue texts, without dropout.

        Parameters
        ----------
        prompt : array-like of int, shape (T,) or (B, T)
            Their beginnings, of at least one token.
        length : int
            How many tokens are added.
        temperature, top_k, top_p, generator
            See `tilewright.models.generation.sample`.
        state : Tensor or tuple of Tensor, optional
            What was read before the prompt, as a call gave it.

        Returns
        -------
        Tensor of int64, shape (T + length,) or (B, T + length)

        Raises
        ------
        ValueError
            For a prompt without tokens or of another number of axes, and a negative length.
        TypeError
            For tokens that are not integers.
        """
        op = "RNNLanguageModel.generate"
        start = generation.tokens_of(op, "prompt", prompt)
        if start.ndim not in (1, 2) or not start.shape[-1]:
            needed = "(T,) or (B, T) with at least one token"
            raise ValueError(f"{op}: prompt has shape {start.shape}, but must be {needed}")

        def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
            logits, state = self(tokens, state)
            return logits[..., -1, :], state

        options = (temperature, top_k, top_p, generator)
        with evaluating(self):
            return generation.continued(op, step, start, length, *options, state)
