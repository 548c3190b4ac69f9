"""GPT and GPT-2."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core, nn
from .._engine import arguments
from .._functions.creation import arange
from .._functions.extrema import maximum
from .._functions.manipulation import expand_dims, matrix_transpose, split
from ..nn import functional
from ..nn._heads import heads_of
from ._causal import CausalModel, attend, kept, read_sizes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ._causal import Caches

    F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["GPT1", "GPT2", "gpt1", "gpt2", "gpt2_large", "gpt2_medium", "gpt2_xl"]

_DEVIATION = 0.02  # of starting weights


class Conv1D(nn.Module):
    """A linear layer whose weight is (in_features, out_features), as in GPT's files, and an activation."""

    def __init__(self, in_features: int, out_features: int, activation: str = "none", std: float = _DEVIATION) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.activation = activation
        shape = arguments.shape("Conv1D", (in_features, out_features), "weight")
        self.weight = nn.Parameter(_core.full(shape, 0, _core.DType.float32))
        self.bias = nn.Parameter(_core.full((out_features,), 0, _core.DType.float32))
        nn.init.normal_(self.weight, std=std)

    def forward(self, input: Any) -> Tensor:
        return functional.linear(input, matrix_transpose(self.weight), self.bias, self.activation)

    def compressed(self, dtype: str) -> nn.CompressedLinear:
        """What takes its place in `nn.compress`."""
        return nn.CompressedLinear(matrix_transpose(self.weight), self.bias, self.activation, dtype)

    def costs(self, x: Tensor, y: Tensor) -> tuple[int, int]:
        """Connections and multiply-adds of a call: for `Module.summary`."""
        return y.size * (self.in_features + 1), y.size * self.in_features

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, activation={self.activation!r}"


class Attention(nn.Module):
    """Causal attention of several heads."""

    def __init__(self, embedding_dim: int, num_heads: int, dropout: float, std: float) -> None:
        self.num_heads = num_heads
        self.c_attn = Conv1D(embedding_dim, 3 * embedding_dim)
        self.c_proj = Conv1D(embedding_dim, embedding_dim, std=std)
        self.resid_dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, cache: nn.KeyValueCache | None, keep: Tensor | None) -> Tensor:
        q, k, v = split(heads_of(self.c_attn(x), 3 * self.num_heads), 3, axis=1)
        dropped = self.resid_dropout.p if self.training else 0.0
        return self.resid_dropout(self.c_proj(attend(q, k, v, cache, keep, dropped)))


class MLP(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, embedding_dim: int, hidden_size: int, dropout: float, std: float) -> None:
        self.c_fc = Conv1D(embedding_dim, hidden_size, "gelu_tanh")
        self.c_proj = Conv1D(hidden_size, embedding_dim, std=std)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.c_proj(self.c_fc(x)))


class Block(nn.Module):
    """Attention and MLP, each added to what it reads: normalised before it is read, or after it was added to."""

    def __init__(self, sizes: tuple[int, int, int], dropout: float, eps: float, std: float, norm_first: bool) -> None:
        embedding_dim, num_heads, hidden_size = sizes
        self.norm_first = norm_first
        self.ln_1 = nn.LayerNorm(embedding_dim, eps)
        self.attn = Attention(embedding_dim, num_heads, dropout, std)
        self.ln_2 = nn.LayerNorm(embedding_dim, eps)
        self.mlp = MLP(embedding_dim, hidden_size, dropout, std)

    def forward(self, x: Tensor, cache: nn.KeyValueCache | None, keep: Tensor | None) -> Tensor:
        if self.norm_first:
            x = x + self.attn(self.ln_1(x), cache, keep)
            return x + self.mlp(self.ln_2(x))
        x = self.ln_1(x + self.attn(x, cache, keep))
        return self.ln_2(x + self.mlp(x))


class _GPT(CausalModel):
    """What both have in common; they differ in where the norms are and in the names of the tables."""

    _prefix = "transformer."
    _foreign = (".attn.bias", ".attn.masked_bias")  # masks

    def _set(
        self,
        names: tuple[str, str],
        sizes: tuple[Any, Any, Any, Any, Any, Any],
        dropout: Any,
        tie_weights: Any,
        eps: Any,
        norm_first: bool,
    ) -> None:
        name = type(self).__name__
        labels = ("vocab_size", "context", "embedding_dim", "num_layers", "num_heads")
        read = read_sizes(name, **dict(zip(labels, sizes[:5], strict=True)))
        vocab_size, self.context, embedding_dim, self.num_layers, self.num_heads = read
        if embedding_dim % self.num_heads:
            needed = f"a multiple of num_heads, {self.num_heads}"
            raise ValueError(f"{name}: embedding_dim is {embedding_dim}, but must be {needed}")
        (hidden_size,) = read_sizes(name, hidden_size=4 * embedding_dim if sizes[5] is None else sizes[5])
        dropout, tied = (
            arguments.probability(name, "dropout", dropout),
            arguments.flag(name, "tie_weights", tie_weights),
        )
        std = _DEVIATION / math.sqrt(2 * self.num_layers) if norm_first else _DEVIATION
        for table, rows in zip(names, (vocab_size, self.context), strict=True):
            setattr(self, table, nn.Embedding(rows, embedding_dim))
            nn.init.normal_(getattr(self, table).weight, std=_DEVIATION)
        self._tables = names
        self.drop = nn.Dropout(dropout)
        block = (embedding_dim, self.num_heads, hidden_size), dropout, eps, std, norm_first
        self.h = nn.ModuleList(Block(*block) for _ in range(self.num_layers))
        self.ln_f = nn.LayerNorm(embedding_dim, eps) if norm_first else None
        self.lm_head = None if tied else nn.Linear(embedding_dim, vocab_size, bias=False)
        if self.lm_head is not None:
            nn.init.normal_(self.lm_head.weight, std=_DEVIATION)

    def _table(self) -> Tensor:
        weight: Tensor = getattr(self, self._tables[0]).weight
        return weight

    def _hidden(self, tokens: Tensor, past: int, cache: Caches | None, start: Tensor | None) -> Tensor:
        total = past + tokens.shape[1]
        places = arange(past, total, device=tokens.device)
        if start is not None:
            places = maximum(places - expand_dims(start, 1), 0)
        of_tokens, of_places = (getattr(self, name) for name in self._tables)
        x = self.drop(of_tokens(tokens) + of_places(places))
        keep = kept(start, total)
        for i, block in enumerate(self.h):
            x = block(x, None if cache is None else cache[i], keep)
        return x if self.ln_f is None else self.ln_f(x)


class GPT2(_GPT):
    """GPT-2: a transformer that predicts the next token, with norms before its layers.

    Parameters
    ----------
    vocab_size : int
        Tokens are the integers below it; V.
    context : int
        How many tokens are seen at most.
    embedding_dim : int
        Length of a token's vector.
    num_layers, num_heads : int
        Layers, and heads of attention in each, which divide `embedding_dim`.
    hidden_size : int, optional
        Units between the two linear layers of each MLP; by default four times `embedding_dim`.
    dropout : float
        Probability with which vectors, weights of the attention and results of its and the MLP's last layer are zeroed
        in training.
    tie_weights : bool
        Whether a token's vector is also its row of the last layer's weight.
    eps : float
        Of the norms.

    Attributes
    ----------
    wte, wpe : Embedding
        Of tokens and of places.
    h : ModuleList
        The layers.
    ln_f : LayerNorm
    lm_head : Linear, or None where weights are tied

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide, a probability that is none.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    Called with tokens (B, T) it gives logits (B, T, V). `generate`, `stream` and `beam_search` continue texts with a
    cache of keys and values, `loss` is for training. Starting weights are normal with a standard deviation of 0.02, of
    the layers whose result is added to what they read `0.02 / sqrt(2 num_layers)`.

    Names and layouts are those of Hugging Face's state dicts, whose files load with or without "transformer." before
    the names: `net.load_state_dict(tw.io.load("model.safetensors"))`. Weights of attention and MLP are (in, out).

    References
    ----------
    A. Radford, J. Wu, R. Child, D. Luan, D. Amodei, I. Sutskever, Language Models are Unsupervised Multitask Learners,
    2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.GPT2(100, 32, 16, num_layers=2, num_heads=4)
    >>> net(tw.zeros((3, 7), dtype=tw.int64)).shape
    (3, 7, 100)
    >>> net.generate([[1, 2, 3], [4, 5]], 4, top_k=10, generator=tw.random.Generator(0)).shape
    (2, 7)
    """

    ln_f: nn.LayerNorm

    def __init__(
        self,
        vocab_size: int,
        context: int,
        embedding_dim: int,
        num_layers: int,
        num_heads: int,
        *,
        hidden_size: int | None = None,
        dropout: float = 0.1,
        tie_weights: bool = True,
        eps: float = 1e-5,
    ) -> None:
        sizes = (vocab_size, context, embedding_dim, num_layers, num_heads, hidden_size)
        self._set(("wte", "wpe"), sizes, dropout, tie_weights, eps, norm_first=True)


class GPT1(_GPT):
    """GPT, the first: as GPT-2, with norms behind its layers.

    Parameters
    ----------
    vocab_size, context, embedding_dim, num_layers, num_heads, hidden_size, dropout, tie_weights, eps
        See `GPT2`.

    Attributes
    ----------
    tokens_embed, positions_embed : Embedding
    h : ModuleList
        The layers.
    lm_head : Linear, or None where weights are tied

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide, a probability that is none.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    See `GPT2`; all starting weights have a standard deviation of 0.02. Names are those of Hugging Face's "openai-gpt".

    References
    ----------
    A. Radford, K. Narasimhan, T. Salimans, I. Sutskever, Improving Language Understanding by Generative Pre-Training,
    2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.GPT1(100, 32, 16, num_layers=2, num_heads=4)
    >>> net(tw.zeros((3, 7), dtype=tw.int64)).shape
    (3, 7, 100)
    """

    ln_f: None

    def __init__(
        self,
        vocab_size: int,
        context: int,
        embedding_dim: int,
        num_layers: int,
        num_heads: int,
        *,
        hidden_size: int | None = None,
        dropout: float = 0.1,
        tie_weights: bool = True,
        eps: float = 1e-5,
    ) -> None:
        sizes = (vocab_size, context, embedding_dim, num_layers, num_heads, hidden_size)
        self._set(("tokens_embed", "positions_embed"), sizes, dropout, tie_weights, eps, norm_first=False)


_DOC = """{summary}

Parameters
----------
**options
    Of `{network}`, by name.

Returns
-------
{network}

Examples
--------
>>> import tilewright as tw
>>> net = tw.models.{name}(vocab_size=100, embedding_dim={size}, num_layers=1)
>>> net(tw.zeros((2, 3), dtype=tw.int64)).shape
(2, 3, 100)
"""


def _documented(network: type, size: int) -> Callable[[F], F]:
    def complete(function: F) -> F:
        if function.__doc__ is not None:  # python -OO
            summary = inspect.cleandoc(function.__doc__)
            function.__doc__ = _DOC.format(summary=summary, network=network.__name__, name=function.__name__, size=size)
        return function

    return complete


def _gpt2(options: dict[str, Any], embedding_dim: int, num_layers: int, num_heads: int) -> GPT2:
    sizes = {"embedding_dim": embedding_dim, "num_layers": num_layers, "num_heads": num_heads}
    return GPT2(**{"vocab_size": 50257, "context": 1024, **sizes, **options})


@_documented(GPT1, 48)
def gpt1(**options: Any) -> GPT1:
    """GPT, the first: 12 layers, 116.5 million parameters."""
    sizes = {"vocab_size": 40478, "context": 512, "embedding_dim": 768, "num_layers": 12, "num_heads": 12}
    return GPT1(**{**sizes, **options})


@_documented(GPT2, 48)
def gpt2(**options: Any) -> GPT2:
    """GPT-2, the smallest: 12 layers, 124.4 million parameters."""
    return _gpt2(options, 768, 12, 12)


@_documented(GPT2, 64)
def gpt2_medium(**options: Any) -> GPT2:
    """GPT-2 with 24 layers, 354.8 million parameters."""
    return _gpt2(options, 1024, 24, 16)


@_documented(GPT2, 80)
def gpt2_large(**options: Any) -> GPT2:
    """GPT-2 with 36 layers, 774.0 million parameters."""
    return _gpt2(options, 1280, 36, 20)


@_documented(GPT2, 100)
def gpt2_xl(**options: Any) -> GPT2:
    """GPT-2 with 48 layers, 1,557.6 million parameters."""
    return _gpt2(options, 1600, 48, 25)
