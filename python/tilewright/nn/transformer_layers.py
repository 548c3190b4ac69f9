"""The layers that Transformers are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._functions.activations import FUSED
from . import functional
from ._fused_linear import activation_of, run_fused, takes_activation
from .dropout import Dropout
from .functional._checks import operands
from .functional._docstrings import joined, sections
from .linear import Linear
from .module import Module
from .multihead import MultiheadAttention
from .normalization import LayerNorm

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

SHAPE = """
d_model : int
    Length of each position's vector, E.
nhead : int
    Heads of each attention; divides `d_model`."""

OPTIONS = """
dim_feedforward : int
    Width of the feed-forward network between two linear layers.
dropout : float
    In training, the probability with which attention weights, activations and what each part adds become 0.
activation : str or callable
    Between the linear layers: "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid", a function or a module."""

LAYOUT = """
layer_norm_eps : float
    Added to the variances in the norms.
batch_first : bool
    Whether batches are (N, T, E) rather than (T, N, E).
norm_first : bool
    Whether each part has its norm before it, `x + part(norm(x))`, or behind the sum, `norm(x + part(x))`.
bias : bool
    Whether linear layers and norms add biases.
dtype : dtype-like
    Of the parameters.
generator : Generator, optional
    Where the starting weights, and the masks of `dropout`, are drawn from; by default
    `tilewright.random.default_generator`."""

RAISES = """
ValueError
    For sizes below 1, a `d_model` that `nhead` does not divide, a `dropout` outside [0, 1] or an unknown activation;
    when called, where the shapes do not fit.
TypeError
    For options of another kind; when called, for a mask of integers."""

REFERENCES = """
A. Vaswani et al., Attention Is All You Need, NeurIPS 2017. R. Xiong et al., On Layer Normalization in the Transformer
Architecture, ICML 2020 (`norm_first`)."""

_NOTES = """
Masks are those of `MultiheadAttention`: of bool, True where one may not attend. A causal mask needs no array:
`{causal}=True` alone is one, and faster. Positions that may attend nowhere add the bias of `out_proj` alone.

An activation that has a name is computed in the same kernel call as `linear1`, with the same bits.

Parameters have PyTorch's names. Those of attention start as there; linear layers start as `Linear` does."""

_FUNCTIONS = {functional.relu: "relu", functional.gelu: "gelu", functional.silu: "silu"}
_FUNCTIONS |= {functional.tanh: "tanh", functional.sigmoid: "sigmoid"}


def document(parameters: str, notes: str = "") -> Callable[[Any], Any]:
    """Complete the docstring of a class: what Transformers share."""

    def completed(cls: Any) -> Any:
        if cls.__doc__ is not None:  # python -OO
            own = sections(cls.__doc__)
            own = {**own, "Parameters": parameters, "Raises": RAISES, "References": REFERENCES}
            cls.__doc__ = joined({**own, "Notes": "\n\n".join([own.get("Notes", ""), notes.strip()]).strip()})
        return cls

    return completed


def sequences(op: str, d_model: int, batch_first: bool, **given: Any) -> list[Tensor]:
    """Sequences of vectors, (T, N, E), (N, T, E) or (T, E), whose batches agree."""
    tensors = operands(op, **given)
    (first, x), *_ = named = list(zip(given, tensors, strict=True))
    batch = 0 if batch_first else 1
    for name, y in named:
        if y.ndim not in (2, 3) or y.shape[-1] != d_model:
            needed = f"{'(N, T, {0})' if batch_first else '(T, N, {0})'} or (T, {{0}})".format(d_model)
            raise ValueError(f"{op}: {name} has shape {y.shape}, but must be {needed}")
        if y.ndim != x.ndim or (y.ndim == 3 and y.shape[batch] != x.shape[batch]):
            raise ValueError(f"{op}: {first} has shape {x.shape}, but {name} {y.shape}: their batches must agree")
    return tensors


class _Layer(Module):
    """What both kinds share: self-attention, the feed-forward network, norms and dropout."""

    _attentions: tuple[str, ...]

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        op = type(self).__name__
        self.d_model = arguments.integer(op, "d_model", d_model, at_least=1)
        nhead = arguments.integer(op, "nhead", nhead, at_least=1)
        if self.d_model % nhead:
            raise ValueError(f"{op}: d_model is {self.d_model}, which {nhead} heads do not divide")
        self.batch_first = arguments.flag(op, "batch_first", batch_first)
        self.norm_first = arguments.flag(op, "norm_first", norm_first)
        width = arguments.integer(op, "dim_feedforward", dim_feedforward, at_least=1)
        dropout = arguments.probability(op, "dropout", dropout)
        activation = _read_activation(op, activation)
        bias = arguments.flag(op, "bias", bias)
        drawn: dict[str, Any] = {"dtype": dtype, "generator": generator}
        for name in self._attentions:
            attention = MultiheadAttention(self.d_model, nhead, dropout, bias, batch_first=self.batch_first, **drawn)
            setattr(self, name, attention)
        self.linear1 = Linear(self.d_model, width, bias, **drawn)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(width, self.d_model, bias, **drawn)
        parts = range(1, len(self._attentions) + 2)
        for i in parts:
            setattr(self, f"norm{i}", LayerNorm(self.d_model, layer_norm_eps, bias=bias, dtype=dtype))
        for i in parts:
            setattr(self, f"dropout{i}", Dropout(dropout, generator=generator))
        self.activation = activation

    def _part(self, i: int, x: Tensor, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x and what its i-th part adds, normed before or behind."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))

    def _feed_forward(self, x: Tensor) -> Tensor:
        activation, linear = self.activation, self.linear1
        name = activation if isinstance(activation, str) else _name_of(activation)
        if name is not None and takes_activation(linear):
            hidden = run_fused(linear, name, x)
        else:
            hidden = linear(x)
            hidden = FUSED[activation](hidden) if isinstance(activation, str) else activation(hidden)
        return self.linear2(self.dropout(hidden))

    def extra_repr(self) -> str:
        return f"activation={_shown(self.activation)}, batch_first={self.batch_first}, norm_first={self.norm_first}"


def _read_activation(op: str, activation: Any) -> Any:
    if isinstance(activation, str):
        return arguments.option(op, "activation", activation, [name for name in FUSED if name != "none"])
    if not callable(activation):
        arguments.refuse(op, "activation", activation, "a name or callable")
    return activation


def _name_of(activation: Any) -> str | None:
    """Of the activation that the kernel of linear layers has."""
    if isinstance(activation, Module):
        return activation_of(activation)
    try:
        return _FUNCTIONS.get(activation)
    except TypeError:  # an object that cannot be hashed
        return None


def _shown(activation: Any) -> str:
    return (
        repr(activation) if isinstance(activation, str) else getattr(activation, "__name__", type(activation).__name__)
    )


@document(SHAPE + OPTIONS + LAYOUT, _NOTES.format(causal="is_causal"))
class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward network, each with a residual connection, dropout and a norm.

    Attributes
    ----------
    self_attn : MultiheadAttention
    linear1, linear2 : Linear
    norm1, norm2 : LayerNorm
    dropout, dropout1, dropout2 : Dropout

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True, norm_first=True)
    >>> layer(tw.zeros((2, 5, 16)), is_causal=True).shape
    (2, 5, 16)
    """

    _attentions = ("self_attn",)
    self_attn: MultiheadAttention

    def forward(
        self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False
    ) -> Tensor:
        """The sequences after the layer.

        Parameters
        ----------
        src : array-like, shape (T, N, E), with `batch_first` (N, T, E), or (T, E)
        src_mask : array-like, shape (T, T) or (N H, T, T), optional
        src_key_padding_mask : array-like, shape (N, T) or (T,), optional
        is_causal : bool
            Whether each position sees itself and earlier ones only, besides what the masks forbid.

        Returns
        -------
        Tensor, shape of `src`

        Raises
        ------
        ValueError
            Where the shapes do not fit.
        TypeError
            For a mask of integers.
        """
        (x,) = sequences(type(self).__name__, self.d_model, self.batch_first, src=src)

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        return self._part(2, self._part(1, x, attend), self._feed_forward)


@document(SHAPE + OPTIONS + LAYOUT, _NOTES.format(causal="tgt_is_causal"))
class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory and a feed-forward network, each with a sum, dropout and a norm.

    Attributes
    ----------
    self_attn, multihead_attn : MultiheadAttention
        To the positions themselves and to the memory.
    linear1, linear2 : Linear
    norm1, norm2, norm3 : LayerNorm
    dropout, dropout1, dropout2, dropout3 : Dropout

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.TransformerDecoderLayer(16, 4, 32, batch_first=True)
    >>> layer(tw.zeros((2, 3, 16)), tw.zeros((2, 5, 16)), tgt_is_causal=True).shape
    (2, 3, 16)
    """

    _attentions = ("self_attn", "multihead_attn")
    self_attn: MultiheadAttention
    multihead_attn: MultiheadAttention

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The sequences after the layer.

        Parameters
        ----------
        tgt : array-like, shape (T, N, E), with `batch_first` (N, T, E), or (T, E)
        memory : array-like, shape (S, N, E), (N, S, E) or (S, E)
            What the encoder gave.
        tgt_mask : array-like, shape (T, T) or (N H, T, T), optional
        memory_mask : array-like, shape (T, S) or (N H, T, S), optional
        tgt_key_padding_mask : array-like, shape (N, T) or (T,), optional
        memory_key_padding_mask : array-like, shape (N, S) or (S,), optional
        tgt_is_causal, memory_is_causal : bool
            Whether position i sees 0 to i only, of the sequence itself and of the memory.

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
        x, seen = sequences(type(self).__name__, self.d_model, self.batch_first, tgt=tgt, memory=memory)

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def attend_to_memory(x: Tensor) -> Tensor:
            given = memory_key_padding_mask, False, memory_mask
            return self.multihead_attn(x, seen, seen, *given, is_causal=memory_is_causal)[0]

        x = self._part(2, self._part(1, x, attend), attend_to_memory)
        return self._part(3, x, self._feed_forward)
