"""A network that sees a few words at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import nn
from ..._engine import arguments
from ..._functions.manipulation import concatenate, reshape
from ..._functions.trigonometric import tanh
from .. import generation

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["NeuralLanguageModel"]


class NeuralLanguageModel(nn.Module):
    """The next token from the vectors of the last ones, by one hidden layer: the first neural language model.

    Parameters
    ----------
    vocab_size : int
        Tokens are the integers below it; V.
    context : int
        How many tokens are seen; in the paper `n - 1`.
    embedding_dim : int
        Length of a token's vector; m.
    hidden_size : int
        Units of the hidden layer; h.
    direct : bool
        Whether the vectors also reach the result past the hidden layer.

    Attributes
    ----------
    embedding : Embedding
        The vectors, the paper's C, shared by all places of the context.
    hidden, output : Linear
    direct : Linear, or None

    Raises
    ------
    ValueError
        For sizes below 1; when called, for another number of tokens than `context`.
    TypeError
        For sizes that are not integers; when called, for tokens that are not.
    IndexError
        When called, for tokens that are not in the vocabulary.

    Notes
    -----
    Called with tokens of shape (..., context) it gives the logits of the next, (..., V): `y = b + W x + U tanh(d + H
    x)`, where x are the vectors one behind another. There are `V (1 + n m + h) + h (1 + (n - 1) m)` parameters; without
    direct connections, W, it is `V (1 + m + h) + h (1 + (n - 1) m)`.

    References
    ----------
    Y. Bengio, R. Ducharme, P. Vincent, C. Jauvin, A Neural Probabilistic Language Model, Journal of Machine Learning
    Research 3, 2003.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.NeuralLanguageModel(100, context=3, embedding_dim=8, hidden_size=16)
    >>> net(tw.zeros((5, 3), dtype=tw.int64)).shape
    (5, 100)
    >>> sum(p.size for p in net.parameters()) == 100 * (1 + 8 + 16) + 16 * (1 + 3 * 8)
    True
    """

    def __init__(
        self, vocab_size: int, context: int, embedding_dim: int, hidden_size: int, *, direct: bool = False
    ) -> None:
        name = "NeuralLanguageModel"
        vocab_size = arguments.integer(name, "vocab_size", vocab_size, at_least=1)
        self.context = arguments.integer(name, "context", context, at_least=1)
        seen = self.context * arguments.integer(name, "embedding_dim", embedding_dim, at_least=1)
        hidden_size = arguments.integer(name, "hidden_size", hidden_size, at_least=1)
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.hidden = nn.Linear(seen, hidden_size)
        self.output = nn.Linear(hidden_size, vocab_size)
        self.direct = nn.Linear(seen, vocab_size, bias=False) if arguments.flag(name, "direct", direct) else None

    def forward(self, input: Any) -> Tensor:
        tokens = generation.tokens_of("NeuralLanguageModel", "input", input)
        if not tokens.ndim or tokens.shape[-1] != self.context:
            needed = f"(..., {self.context}), the context"
            raise ValueError(f"NeuralLanguageModel: input has shape {tokens.shape}, but must be {needed}")
        x = self.embedding(tokens)
        x = reshape(x, (*x.shape[:-2], x.shape[-2] * x.shape[-1]))
        logits = self.output(tanh(self.hidden(x)))
        return logits if self.direct is None else logits + self.direct(x)

    def generate(
        self,
        prompt: Any,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        generator: Generator | None = None,
    ) -> Tensor:
        """Continue texts.

        Parameters
        ----------
        prompt : array-like of int, shape (..., T)
            Their beginnings, of at least `context` tokens.
        length : int
            How many tokens are added.
        temperature, top_k, top_p, generator
            See `tilewright.models.generation.sample`.

        Returns
        -------
        Tensor of int64, shape (..., T + length)

        Raises
        ------
        ValueError
            For a prompt that is shorter than `context`, and a negative length.
        TypeError
            For tokens that are not integers.
        """
        op = "NeuralLanguageModel.generate"
        start = generation.tokens_of(op, "prompt", prompt)
        if not start.ndim or start.shape[-1] < self.context:
            raise ValueError(f"{op}: prompt has shape {start.shape}, but must have {self.context} tokens or more")

        def step(tokens: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
            window = concatenate([before, tokens], -1)[..., -self.context :]
            return self(window), window

        options = (temperature, top_k, top_p, generator)
        return generation.continued(op, step, start, length, *options, start[..., :0])
