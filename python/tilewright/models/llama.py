"""LLaMA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import nn
from .._engine import arguments
from ..nn._heads import heads_of
from ._causal import CausalModel, attend, kept, read_sizes

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ._causal import Caches

__all__ = ["LLaMA"]

_DEVIATION = 0.02  # of starting weights
_MULTIPLE = 256  # of units


def _linear(in_features: int, out_features: int) -> nn.Linear:
    layer = nn.Linear(in_features, out_features, bias=False)
    nn.init.normal_(layer.weight, std=_DEVIATION)
    return layer


class Attention(nn.Module):
    """Causal attention of several heads; neighbours share keys and values."""

    def __init__(self, embedding_dim: int, num_heads: int, num_kv_heads: int) -> None:
        self.num_heads, self.num_kv_heads = num_heads, num_kv_heads
        shared = embedding_dim // num_heads * num_kv_heads
        self.q_proj = _linear(embedding_dim, embedding_dim)
        self.k_proj = _linear(embedding_dim, shared)
        self.v_proj = _linear(embedding_dim, shared)
        self.o_proj = _linear(embedding_dim, embedding_dim)

    def forward(
        self, x: Tensor, rotary: nn.RotaryPositions, past: int, cache: nn.KeyValueCache | None, keep: Tensor | None
    ) -> Tensor:
        q = rotary(heads_of(self.q_proj(x), self.num_heads), past)
        k = rotary(heads_of(self.k_proj(x), self.num_kv_heads), past)
        return self.o_proj(attend(q, k, heads_of(self.v_proj(x), self.num_kv_heads), cache, keep))


class MLP(nn.Module):
    """A linear layer of what another lets through."""

    def __init__(self, embedding_dim: int, hidden_size: int) -> None:
        self.gate_proj = _linear(embedding_dim, hidden_size)
        self.up_proj = _linear(embedding_dim, hidden_size)
        self.down_proj = _linear(hidden_size, embedding_dim)
        self.gate_proj.activation = "silu"

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(self.gate_proj(x) * self.up_proj(x))


class Layer(nn.Module):
    """Attention and MLP, each added to what it reads, which is normalised before."""

    def __init__(self, embedding_dim: int, num_heads: int, num_kv_heads: int, hidden_size: int, eps: float) -> None:
        self.self_attn = Attention(embedding_dim, num_heads, num_kv_heads)
        self.mlp = MLP(embedding_dim, hidden_size)
        self.input_layernorm = nn.RMSNorm(embedding_dim, eps)
        self.post_attention_layernorm = nn.RMSNorm(embedding_dim, eps)

    def forward(
        self, x: Tensor, rotary: nn.RotaryPositions, past: int, cache: nn.KeyValueCache | None, keep: Tensor | None
    ) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rotary, past, cache, keep)
        return x + self.mlp(self.post_attention_layernorm(x))


class Layers(nn.Module):
    """Everything but the last linear layer."""

    def __init__(self, vocab_size: int, num_layers: int, layer: tuple[int, int, int, int, float], base: float) -> None:
        embedding_dim, num_heads, *_, eps = layer
        self.embed_tokens = nn.Embedding(vocab_size, embedding_dim)
        nn.init.normal_(self.embed_tokens.weight, std=_DEVIATION)
        self.layers = nn.ModuleList(Layer(*layer) for _ in range(num_layers))
        self.norm = nn.RMSNorm(embedding_dim, eps)
        self.rotary_emb = nn.RotaryPositions(embedding_dim // num_heads, base)

    def forward(self, tokens: Tensor, past: int, cache: Caches | None, keep: Tensor | None) -> Tensor:
        x = self.embed_tokens(tokens)
        for i, layer in enumerate(self.layers):
            x = layer(x, self.rotary_emb, past, None if cache is None else cache[i], keep)
        return self.norm(x)


class LLaMA(CausalModel):
    """LLaMA: a transformer that predicts the next token, with rotary positions, gated MLPs and without biases.

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
    num_kv_heads : int, optional
        Heads of keys and values, which divide `num_heads`; by default as many.
    hidden_size : int, optional
        Units of each MLP; by default two thirds of `4 embedding_dim`, rounded up to a multiple of 256.
    base : float
        Of the angles of positions: see `nn.RotaryPositions`.
    tie_weights : bool
        Whether a token's vector is also its row of the last layer's weight.
    eps : float
        Of the norms.

    Attributes
    ----------
    model : Module
        `embed_tokens`, `layers` and `norm`.
    lm_head : Linear, or None where weights are tied

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide or whose vectors have an odd length, and numbers that are not
        positive.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    Called with tokens (B, T) it gives logits (B, T, V). `generate`, `stream` and `beam_search` continue texts with a
    cache of keys and values, `loss` is for training. Starting weights are normal with a standard deviation of 0.02.
    Names and layouts are those of Hugging Face's state dicts.

    `LLaMA(32000, 2048, 4096, 32, 32)` is LLaMA 7B, `LLaMA(32000, 2048, 2048, 22, 32, 4, eps=1e-5)` TinyLlama, with 1.1
    billion parameters.

    References
    ----------
    H. Touvron et al., LLaMA: Open and Efficient Foundation Language Models, arXiv:2302.13971, 2023. J. Ainslie et al.,
    GQA: Training Generalized Multi-Query Transformer Models from Multi-Head Checkpoints, EMNLP 2023. N. Shazeer, GLU
    Variants Improve Transformer, arXiv:2002.05202, 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.LLaMA(100, 32, 16, num_layers=2, num_heads=4, num_kv_heads=2)
    >>> net(tw.zeros((3, 7), dtype=tw.int64)).shape
    (3, 7, 100)
    >>> net.generate([[1, 2, 3], [4, 5]], 4, top_k=10, generator=tw.random.Generator(0)).shape
    (2, 7)
    """

    _foreign = (".rotary_emb.inv_freq",)

    def __init__(
        self,
        vocab_size: int,
        context: int,
        embedding_dim: int,
        num_layers: int,
        num_heads: int,
        num_kv_heads: int | None = None,
        *,
        hidden_size: int | None = None,
        base: float = 10000.0,
        tie_weights: bool = False,
        eps: float = 1e-6,
    ) -> None:
        name = "LLaMA"
        vocab_size, self.context, embedding_dim, self.num_layers, num_heads = read_sizes(
            name,
            vocab_size=vocab_size,
            context=context,
            embedding_dim=embedding_dim,
            num_layers=num_layers,
            num_heads=num_heads,
        )
        hidden_size = -(-8 * embedding_dim // 3 // _MULTIPLE) * _MULTIPLE if hidden_size is None else hidden_size
        num_kv_heads = num_heads if num_kv_heads is None else num_kv_heads
        num_kv_heads, hidden_size = read_sizes(name, num_kv_heads=num_kv_heads, hidden_size=hidden_size)
        if embedding_dim % (2 * num_heads):
            needed = f"a multiple of 2 num_heads, {2 * num_heads}"
            raise ValueError(f"{name}: embedding_dim is {embedding_dim}, but must be {needed}")
        if num_heads % num_kv_heads:
            raise ValueError(f"{name}: num_kv_heads is {num_kv_heads}, but must divide num_heads, {num_heads}")
        layer = embedding_dim, num_heads, num_kv_heads, hidden_size, eps
        tied = arguments.flag(name, "tie_weights", tie_weights)
        self.model = Layers(vocab_size, self.num_layers, layer, base)
        self.lm_head = None if tied else _linear(embedding_dim, vocab_size)

    def _table(self) -> Tensor:
        return self.model.embed_tokens.weight

    def _hidden(self, tokens: Tensor, past: int, cache: Caches | None, start: Tensor | None) -> Tensor:
        # Padding moves all positions of a text alike, so their distances are what they are.
        hidden: Tensor = self.model(tokens, past, cache, kept(start, past + tokens.shape[1]))
        return hidden
