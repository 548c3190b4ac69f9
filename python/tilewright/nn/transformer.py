"""Transformers: stacks of their layers, and both stacks together."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._functions.creation import full
from .._functions.triangular import triu
from . import init
from .containers import ModuleList
from .module import Module
from .normalization import LayerNorm
from .transformer_layers import (
    LAYOUT,
    OPTIONS,
    SHAPE,
    TransformerDecoderLayer,
    TransformerEncoderLayer,
    document,
    sequences,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


def _copies(op: str, name: str, layer: Any, count: Any) -> ModuleList:
    """So many copies of a layer, which draw from one generator: from copies of it all would draw the same masks."""
    count = arguments.integer(op, "num_layers", count, at_least=0)
    if not isinstance(layer, Module):
        arguments.refuse(op, name, layer, "a Module")
    sources = (getattr(module, "generator", None) for module in layer.modules())
    shared = {id(source): source for source in sources if source is not None}
    return ModuleList(copy.deepcopy(layer, dict(shared)) for _ in range(count))


def _norm(op: str, norm: Any) -> Any:
    if norm is not None and not isinstance(norm, Module):
        arguments.refuse(op, "norm", norm, "a Module or None")
    return norm


class TransformerEncoder(Module):
    """Layers of one kind on top of each other.

    Parameters
    ----------
    encoder_layer : Module
        As `TransformerEncoderLayer`; copied for each layer.
    num_layers : int
        How many.
    norm : Module, optional
        Behind the last: needed where layers have their norms first.
    enable_nested_tensor, mask_check : bool
        Taken for the sake of programs that have them, without effect: padding is computed as everything else.

    Attributes
    ----------
    layers : ModuleList
    norm : Module or None

    Raises
    ------
    ValueError
        For a negative `num_layers`.
    TypeError
        For layers and norms that are no modules.

    Notes
    -----
    As in PyTorch, the copies start with the same weights. `Transformer` draws new ones for each.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    >>> tw.nn.TransformerEncoder(layer, 2)(tw.zeros((2, 5, 16))).shape
    (2, 5, 16)
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        op = type(self).__name__
        arguments.flag(op, "enable_nested_tensor", enable_nested_tensor)
        arguments.flag(op, "mask_check", mask_check)
        self.layers = _copies(op, "encoder_layer", encoder_layer, num_layers)
        self.num_layers = len(self.layers)
        self.norm = _norm(op, norm)

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Tensor:
        """The sequences after all layers; arguments as those of the layers.

        Parameters
        ----------
        src : array-like, shape (T, N, E), with `batch_first` (N, T, E), or (T, E)
        mask : array-like, shape (T, T) or (N H, T, T), optional
        src_key_padding_mask : array-like, shape (N, T) or (T,), optional
        is_causal : bool, optional
            Whether each position sees itself and earlier ones only; None is False.

        Returns
        -------
        Tensor, shape of `src`

        Raises
        ------
        ValueError, TypeError
            As the layers do.
        """
        causal = _causal(type(self).__name__, "is_causal", is_causal)
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """Layers of one kind on top of each other, all of which see the memory.

    Parameters
    ----------
    decoder_layer : Module
        As `TransformerDecoderLayer`; copied for each layer.
    num_layers : int
        How many.
    norm : Module, optional
        Behind the last: needed where layers have their norms first.

    Attributes
    ----------
    layers : ModuleList
    norm : Module or None

    Raises
    ------
    ValueError
        For a negative `num_layers`.
    TypeError
        For layers and norms that are no modules.

    Notes
    -----
    As in PyTorch, the copies start with the same weights. `Transformer` draws new ones for each.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.TransformerDecoderLayer(16, 4, 32, batch_first=True)
    >>> tw.nn.TransformerDecoder(layer, 2)(tw.zeros((2, 3, 16)), tw.zeros((2, 5, 16))).shape
    (2, 3, 16)
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        op = type(self).__name__
        self.layers = _copies(op, "decoder_layer", decoder_layer, num_layers)
        self.num_layers = len(self.layers)
        self.norm = _norm(op, norm)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequences after all layers; arguments as those of the layers.

        Parameters
        ----------
        tgt : array-like, shape (T, N, E), with `batch_first` (N, T, E), or (T, E)
        memory : array-like, shape (S, N, E), (N, S, E) or (S, E)
        tgt_mask : array-like, shape (T, T) or (N H, T, T), optional
        memory_mask : array-like, shape (T, S) or (N H, T, S), optional
        tgt_key_padding_mask : array-like, shape (N, T) or (T,), optional
        memory_key_padding_mask : array-like, shape (N, S) or (S,), optional
        tgt_is_causal : bool, optional
            Whether position i sees 0 to i only; None is False.
        memory_is_causal : bool
            The same of the memory.

        Returns
        -------
        Tensor, shape of `tgt`

        Raises
        ------
        ValueError, TypeError
            As the layers do.
        """
        how = {"tgt_mask": tgt_mask, "memory_mask": memory_mask, "tgt_key_padding_mask": tgt_key_padding_mask}
        how |= {"memory_key_padding_mask": memory_key_padding_mask, "memory_is_causal": memory_is_causal}
        how["tgt_is_causal"] = _causal(type(self).__name__, "tgt_is_causal", tgt_is_causal)
        x = tgt
        for layer in self.layers:
            x = layer(x, memory, **how)
        return x if self.norm is None else self.norm(x)


def _causal(op: str, name: str, value: Any) -> bool:
    return value is not None and arguments.flag(op, name, value)


_STACKS = """
num_encoder_layers, num_decoder_layers : int
    How many layers."""
_CUSTOM = """
custom_encoder, custom_decoder : Module, optional
    In place of the stacks of layers: called as `TransformerEncoder` and `TransformerDecoder` are."""


@document(SHAPE + _STACKS + OPTIONS + _CUSTOM + LAYOUT)
class Transformer(Module):
    """An encoder and a decoder that sees what the encoder gives: from sequences of vectors to sequences of vectors.

    Attributes
    ----------
    encoder : TransformerEncoder
    decoder : TransformerDecoder

    Notes
    -----
    Masks are those of `MultiheadAttention`: of bool, True where one may not attend. `tgt_is_causal=True` needs no mask.
    Both stacks end with a norm. All matrices start uniform (Glorot), drawn for each layer, as in PyTorch.

    Examples
    --------
    >>> import tilewright as tw
    >>> model = tw.nn.Transformer(16, 4, 2, 2, 32, batch_first=True)
    >>> model(tw.zeros((2, 5, 16)), tw.zeros((2, 3, 16)), tgt_is_causal=True).shape
    (2, 3, 16)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        op = type(self).__name__
        source = random.source(op, generator)
        how = (dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias)
        drawn: dict[str, Any] = {"dtype": dtype, "generator": generator}
        self.d_model = arguments.integer(op, "d_model", d_model, at_least=1)
        self.nhead = arguments.integer(op, "nhead", nhead, at_least=1)
        self.batch_first = arguments.flag(op, "batch_first", batch_first)
        counts = [
            arguments.integer(op, name, count, at_least=0)
            for name, count in (("num_encoder_layers", num_encoder_layers), ("num_decoder_layers", num_decoder_layers))
        ]

        def norm() -> LayerNorm:
            return LayerNorm(self.d_model, layer_norm_eps, bias=bias, dtype=dtype)

        self.encoder = _custom(op, "custom_encoder", custom_encoder)
        if self.encoder is None:
            encoder_layer = TransformerEncoderLayer(self.d_model, self.nhead, *how, **drawn)
            self.encoder = TransformerEncoder(encoder_layer, counts[0], norm())
        self.decoder = _custom(op, "custom_decoder", custom_decoder)
        if self.decoder is None:
            decoder_layer = TransformerDecoderLayer(self.d_model, self.nhead, *how, **drawn)
            self.decoder = TransformerDecoder(decoder_layer, counts[1], norm())
        self.reset_parameters(source)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting values for all matrices."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter, generator=generator)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """What the decoder makes of the target sequences and the encoded source sequences.

        Parameters
        ----------
        src : array-like, shape (S, N, E), with `batch_first` (N, S, E), or (S, E)
        tgt : array-like, shape (T, N, E), (N, T, E) or (T, E)
        src_mask : array-like, shape (S, S) or (N H, S, S), optional
        tgt_mask : array-like, shape (T, T) or (N H, T, T), optional
        memory_mask : array-like, shape (T, S) or (N H, T, S), optional
        src_key_padding_mask : array-like, shape (N, S) or (S,), optional
        tgt_key_padding_mask : array-like, shape (N, T) or (T,), optional
        memory_key_padding_mask : array-like, shape (N, S) or (S,), optional
            Mostly that of the source.
        src_is_causal, tgt_is_causal : bool, optional
            Whether each position sees itself and earlier ones only; None is False.
        memory_is_causal : bool
            Whether position i of the target sees 0 to i of the source only.

        Returns
        -------
        Tensor, shape of `tgt`

        Raises
        ------
        ValueError
            Where the shapes do not fit.
        TypeError
            For a mask of integers.
        """
        src, tgt = sequences(type(self).__name__, self.d_model, self.batch_first, src=src, tgt=tgt)
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: str = "cpu", dtype: Any = "float32") -> Tensor:
        """A causal mask to be added: -inf above the diagonal, else 0.

        Parameters
        ----------
        sz : int
            Positions.
        device : str
            Where it lies.
        dtype : dtype-like
            Floating.

        Returns
        -------
        Tensor, shape (sz, sz)

        Raises
        ------
        ValueError
            For a negative size.
        TypeError
            For a size that is no integer, or a dtype that is not floating.

        Examples
        --------
        >>> from tilewright import nn
        >>> nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[  0., -inf],
                [  0.,   0.]])
        """
        op = "generate_square_subsequent_mask"
        sz = arguments.integer(op, "sz", sz, at_least=0)
        kind = as_floating(op, dtype)
        return triu(full((sz, sz), -math.inf, dtype=kind, device=arguments.device(op, device)), k=1)

    def extra_repr(self) -> str:
        return f"d_model={self.d_model}, nhead={self.nhead}, batch_first={self.batch_first}"


def _custom(op: str, name: str, module: Any) -> Any:
    if module is not None and not isinstance(module, Module):
        arguments.refuse(op, name, module, "a Module or None")
    return module
