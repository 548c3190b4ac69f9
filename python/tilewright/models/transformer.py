"""The Transformer: sequences to sequences by attention alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.creation import zeros
from .._functions.manipulation import concatenate, expand_dims, reshape, squeeze, stack
from ..autograd import no_grad
from ..nn._heads import heads_of, joined
from ..nn._traversal import evaluating
from ..nn.functional import linear, relu, scaled_dot_product_attention
from ._decoding import Translating

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

    # What the decoder sees of a source: its vectors (N, S, E), where they are padding (N, S), and for each layer their
    # keys and values, (N, H, S, D), which only steps need.
    Memory = tuple[Tensor, Tensor | None, list[tuple[Tensor, Tensor]] | None]
    Cache = tuple[Tensor, Tensor]  # keys and values of all tokens so far: (N, layers, H, T, D), in steps (N, W, ..)

__all__ = ["Transformer", "transformer_base", "transformer_big"]

_MOST_LAYERS = 1000  # more take longer to make than anyone waits


class _Embedding(nn.Module):
    """Vectors of tokens times the root of their length, with positions; and logits of tokens by the same vectors."""

    def __init__(self, tokens: int, size: int, dropout: float) -> None:
        self.scale = math.sqrt(size)
        self.tokens = nn.Embedding(tokens, size)
        self.positions = nn.SinusoidalPositions(size)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.tokens.weight, std=1 / self.scale)

    def forward(self, tokens: Tensor, offset: int = 0) -> Tensor:
        return self.dropout(self.positions(self.tokens(tokens) * self.scale, offset))

    def logits(self, x: Tensor) -> Tensor:
        return linear(x, self.tokens.weight)


class _Decoder(nn.Module):
    """The next token from those before it, and from the encoded source."""

    def __init__(self, embedding: _Embedding, stack: nn.TransformerDecoder) -> None:
        self.embedding = embedding
        self.stack = stack

    @property
    def _layers(self) -> list[Any]:
        return list(self.stack.layers)

    def forward(self, tokens: Tensor, states: Cache, memory: Memory, sampling: float) -> tuple[Tensor, None]:
        """Logits (N, T, tokens) after each of the tokens (N, T)."""
        seen, padding, _ = memory
        x = self.stack(self.embedding(tokens), seen, memory_key_padding_mask=padding, tgt_is_causal=True)
        return self.embedding.logits(x), None

    def align(self, tokens: Tensor, memory: Memory) -> Tensor:
        """How each token attends to the source, (N, layers, H, T, S)."""
        seen, padding, _ = memory
        x, found = self.embedding(tokens), []
        for layer in self._layers:
            x = layer.norm1(x + layer.self_attn(x, x, x, None, False, is_causal=True)[0])
            y, weights = layer.multihead_attn(x, seen, seen, padding, average_attn_weights=False)
            found.append(weights)
            x = _rest(layer, x, y)
        return stack(found, axis=1)

    def step(self, tokens: Tensor, states: Cache, memory: Memory) -> tuple[Tensor, None, Cache]:
        """Logits (N, W, tokens) after one token (N, W) of W beginnings each, and the cache with it."""
        before = states[0].shape[4]
        x = squeeze(self.embedding(expand_dims(tokens, axis=2), before), axis=2)
        _, padding, projected = memory
        keep = None if padding is None else reshape(~padding, (padding.shape[0], 1, 1, -1))
        assert projected is not None
        kept: list[tuple[Tensor, Tensor]] = []
        for i, layer in enumerate(self._layers):
            y, new = _self_step(layer.self_attn, x, (states[0][:, :, i], states[1][:, :, i]))
            kept.append(new)
            x = layer.norm1(x + y)
            own = layer.multihead_attn
            q = heads_of(_projected(own, x, 0, 1), own.num_heads)  # (N, H, W, D): a query for each beginning
            x = _rest(layer, x, own.out_proj(joined(scaled_dot_product_attention(q, *projected[i], keep))))
        keys, values = (stack(tensors, axis=2) for tensors in zip(*kept, strict=True))
        return self.embedding.logits(x), None, (keys, values)

    def prepare(self, seen: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Keys and values of the source for each layer, (N, H, S, D)."""
        pairs = []
        for layer in self._layers:
            own = layer.multihead_attn
            keys, values = (heads_of(_projected(own, seen, part, part + 1), own.num_heads) for part in (1, 2))
            pairs.append((keys, values))
        return pairs


def _rest(layer: Any, x: Tensor, y: Tensor) -> Tensor:
    """What a layer of the decoder does when y is what it found in the source."""
    x = layer.norm2(x + y)
    return layer.norm3(x + layer.linear2(relu(layer.linear1(x))))


def _projected(attention: Any, x: Tensor, start: int, end: int) -> Tensor:
    """Parts of (query, key, value), one beside another."""
    size = attention.embed_dim
    rows = slice(start * size, end * size)
    return linear(x, attention.in_proj_weight[rows], attention.in_proj_bias[rows])


def _self_step(attention: Any, x: Tensor, before: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """What new tokens (N, W, E) find among those before them, and keys and values (N, W, H, T + 1, D)."""
    count, width, size = x.shape
    heads = attention.num_heads
    parts = reshape(_projected(attention, x, 0, 3), (count, width, 3, heads, 1, size // heads))
    k, v = (concatenate([old, parts[:, :, i + 1]], axis=3) for i, old in enumerate(before))
    q, *flat = (reshape(y, (count * width, heads, y.shape[3], y.shape[4])) for y in (parts[:, :, 0], k, v))
    y = reshape(scaled_dot_product_attention(q, flat[0], flat[1]), (count, width, size))
    return attention.out_proj(y), (k, v)


class Transformer(Translating):
    """Reads a sequence of tokens and generates another: encoder and decoder of attention and feed-forward layers.

    Parameters
    ----------
    source_tokens : int
        How many different tokens there are.
    target_tokens : int, optional
        Of the target. By default source and target have one vocabulary, and one vector for each of its tokens.
    d_model : int
        Length of the vectors; even.
    nhead : int
        Heads of each attention; divides `d_model`.
    num_encoder_layers, num_decoder_layers : int
        How many layers.
    dim_feedforward : int
        Width of the feed-forward networks.
    dropout : float
        In training: of embeddings, attention weights, activations and what each part of a layer adds.
    start, end : int
        Tokens of the target that stand before and behind a sequence.

    Attributes
    ----------
    encoder : TransformerEncoder
    decoder : Module
        With `decoder.embedding`, whose vectors also give the logits, and `decoder.stack`.

    Raises
    ------
    ValueError
        For sizes below 1, heads that do not divide, and special tokens that are none of the target's.
    TypeError
        For arguments of another kind.

    Notes
    -----
    Vectors of tokens are multiplied by sqrt(d_model) and have sines and cosines of their positions added. Each part of
    a layer is `LayerNorm(x + dropout(part(x)))`. The logits are products with the vectors of the target's tokens. So,
    with V tokens in one vocabulary, E for `d_model` and F for `dim_feedforward`, there are `V E + N (4 (E^2 + E) + P +
    4 E) + M (8 (E^2 + E) + P + 6 E)` parameters, where N and M are the numbers of layers and `P = 2 E F + F + E`.

    The paper trains with a label smoothing of 0.1, by Adam with `betas=(0.9, 0.98)`, `eps=1e-9` and the rates of
    `optim.lr_scheduler.InverseSquareRootLR`.

    When sequences are generated, keys and values of all tokens so far are kept, so each step computes one token.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.Transformer(20, 10, 16, 4, 2, 2, 32)
    >>> source, target = tw.full((2, 5), 7), tw.full((2, 4), 3)
    >>> logits = model(source, target, lengths=[5, 3])
    >>> loss = tw.nn.functional.cross_entropy(logits.swapaxes(1, 2), target, label_smoothing=0.1)
    >>> found = model.generate(source, lengths=[5, 3], max_length=6, width=4)
    >>> logits.shape, found.tokens.shape[:2], model.align(source, target, [5, 3]).shape
    ((2, 4, 10), (2, 4), (2, 2, 4, 4, 5))
    """

    def __init__(
        self,
        source_tokens: int,
        target_tokens: int | None = None,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        *,
        start: int = 1,
        end: int = 2,
    ) -> None:
        op = "Transformer"
        self.source_tokens = arguments.integer(op, "source_tokens", source_tokens, at_least=1)
        name, tokens = ("source_tokens", source_tokens) if target_tokens is None else ("target_tokens", target_tokens)
        self._set_tokens(name, tokens, start, end)
        size = arguments.integer(op, "d_model", d_model, at_least=1)
        limits: dict[str, Any] = {"at_least": 1, "at_most": _MOST_LAYERS}
        encoders = arguments.integer(op, "num_encoder_layers", num_encoder_layers, **limits)
        decoders = arguments.integer(op, "num_decoder_layers", num_decoder_layers, **limits)
        heads = arguments.integer(op, "nhead", nhead, at_least=1)
        if size % heads:
            raise ValueError(f"{op}: d_model is {size}, which nhead, {heads}, does not divide")
        dropout = arguments.probability(op, "dropout", dropout)
        width = arguments.integer(op, "dim_feedforward", dim_feedforward, at_least=1)
        how = (size, heads, width, dropout)
        made = nn.TransformerEncoderLayer(*how, batch_first=True)
        self.embedding = _Embedding(self.source_tokens, size, dropout)
        self.encoder = nn.TransformerEncoder(made, encoders)
        target = self.embedding if target_tokens is None else _Embedding(self.num_tokens, size, dropout)
        layers = nn.TransformerDecoder(nn.TransformerDecoderLayer(*how, batch_first=True), decoders)
        self.decoder = _Decoder(target, layers)
        for half in (self.encoder, layers):  # whose layers are copies
            for parameter in half.parameters():
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)

    def forward(self, source: Any, target: Any, lengths: Any = None) -> Tensor:
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
        return self._teach(*self._reading(source, lengths, steps=False), target)[0]

    def align(self, source: Any, target: Any, lengths: Any = None) -> Tensor:
        """The weights with which each token of the target attends to the source, without dropout.

        Parameters
        ----------
        source, target, lengths
            As in a call.

        Returns
        -------
        Tensor, shape (N, num_decoder_layers, nhead, T, S)
            Row t is of the position that tells token t of the target, so it has read the tokens before it.

        Raises
        ------
        ValueError, TypeError
            As a call.
        """
        with no_grad(), evaluating(self):
            count, encode = self._reading(source, lengths, steps=False)
            before = self._before(count, target)
            return self.decoder.align(before, encode()[1])

    def _reading(
        self, source: Any, lengths: Any, *, steps: bool = True
    ) -> tuple[int, Callable[[], tuple[Cache, Memory]]]:
        source, inside = self._read_source(source, lengths)
        padding, count = None if inside is None else ~inside, source.shape[0]

        def encode() -> tuple[Cache, Memory]:
            seen = self.encoder(self.embedding(source), src_key_padding_mask=padding)
            own: Any = self.decoder.stack.layers[0].self_attn
            shape = count, len(self.decoder.stack.layers), own.num_heads, 0, own.embed_dim // own.num_heads
            none = zeros(shape, dtype=seen.dtype, device=seen.device)
            return (none, none), (seen, padding, self.decoder.prepare(seen) if steps else None)

        return count, encode


def transformer_base(num_tokens: int = 37000, **options: Any) -> Transformer:
    """The paper's base model: 6 + 6 layers of 8 heads on 512 numbers, one vocabulary; 63,082,496 parameters.

    Parameters
    ----------
    num_tokens : int
        Of the vocabulary that source and target share. The paper has about 37,000 for English and German.
    **options
        Of `Transformer`, by name, in place of the paper's.

    Returns
    -------
    Transformer

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.transformer_base(100, num_encoder_layers=1, num_decoder_layers=1)
    >>> model([[5, 6, 7]], [[8, 2]]).shape
    (1, 2, 100)
    """
    return Transformer(num_tokens, **options)


def transformer_big(num_tokens: int = 37000, **options: Any) -> Transformer:
    """The paper's big model: 6 + 6 layers of 16 heads on 1024 numbers, one vocabulary; 214,245,376 parameters.

    Parameters
    ----------
    num_tokens : int
        Of the vocabulary that source and target share.
    **options
        Of `Transformer`, by name, in place of the paper's.

    Returns
    -------
    Transformer

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.models.transformer_big(100, num_encoder_layers=1, num_decoder_layers=1)
    >>> model([[5, 6, 7]], [[8, 2]]).shape
    (1, 2, 100)
    """
    sizes = {"d_model": 1024, "nhead": 16, "dim_feedforward": 4096, "dropout": 0.3}
    return Transformer(num_tokens, **{**sizes, **options})
