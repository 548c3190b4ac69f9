"""Layers whose weights are stored in fewer bits, for inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .._engine import arguments
from .._functions.activations import FUSED
from .._functions.arithmetic import abs as abs_
from .._functions.indexing import where
from .._functions.linear import compressed_linear
from .._functions.logical import isfinite
from .._functions.manipulation import astype, copy, expand_dims
from .._functions.reductions import max as max_
from .._functions.rounding import round as round_
from .functional._checks import operands
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

    M = TypeVar("M", bound=Module)

__all__ = ["CompressedLinear", "compress"]

_LARGEST = 127  # of an int8 whose negative there is, too
_LEAST = 1e-35  # a row without anything larger becomes zeros: its scale would lose digits
DTYPES = ("int8", "bfloat16")


class CompressedLinear(Module):
    """A linear layer whose weight is int8 with a scale for each output feature, or bfloat16.

    Parameters
    ----------
    weight : array-like, shape (out_features, in_features)
        Floating.
    bias : array-like, shape (out_features,), optional
    activation : {"none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"}
        As of `Linear`.
    dtype : {"int8", "bfloat16"}
        Of the weight from now on.

    Attributes
    ----------
    codes : Tensor, shape (out_features, in_features)
        A buffer: the weight, or what times `scale` is the weight.
    scale : Tensor, shape (out_features,), or None
        A buffer, float32, of int8.
    bias : Tensor, shape (out_features,), or None
        A buffer, float32.

    Raises
    ------
    ValueError
        For a weight that is no matrix, or not finite in its new dtype, a bias that does not fit, or an unknown dtype or
        activation.
    TypeError
        For a weight or bias that is not floating.

    Notes
    -----
    `weight[o, i] ~ scale[o] codes[o, i]` with `scale[o] = max_i |weight[o, i]| / 127`, codes rounded to nearest: no
    element is off by more than half of its row's scale. A row below 1e-35 becomes zeros, with a scale of 1. Inputs and
    sums stay float32 (in other dtypes the weight is made of the codes in each call, which is slow). Reading the weight
    bounds the speed of a few rows, as in decoding, so there a layer takes about a quarter (bfloat16: half) of the time.
    The gradient reaches the input and the bias, not the weight.

    References
    ----------
    T. Dettmers, M. Lewis, Y. Belkada, L. Zettlemoyer, LLM.int8(): 8-bit Matrix Multiplication for Transformers at
    Scale, NeurIPS 2022, section 2.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.CompressedLinear([[1.0, -0.5], [0.0, 4.0]])
    >>> layer.codes.tolist()
    [[127, -64], [0, 127]]
    >>> (10 * layer([1.0, 1.0])).round().tolist()
    [5.0, 40.0]
    """

    codes: Tensor
    scale: Tensor | None
    bias: Tensor | None

    def __init__(self, weight: Any, bias: Any = None, activation: str = "none", dtype: str = "int8") -> None:
        op = "CompressedLinear"
        (weight,) = operands(op, weight=weight)
        self.dtype = arguments.option(op, "dtype", dtype, DTYPES)
        self.activation = arguments.option(op, "activation", activation, FUSED)
        if weight.ndim != 2:
            raise ValueError(f"{op}: weight has shape {weight.shape}, but must be (out_features, in_features)")
        self.out_features, self.in_features = weight.shape
        weight = astype(weight.detach(), "float32")
        if bias is not None:
            (bias,) = operands(op, bias=bias)
            if bias.shape != (self.out_features,):
                raise ValueError(
                    f"{op}: bias has shape {bias.shape}, but weight {weight.shape} needs {weight.shape[:1]}"
                )
            bias = copy(astype(bias.detach(), "float32"))
        codes, scale = _int8(op, weight) if self.dtype == "int8" else (_bfloat16(op, weight), None)
        self.register_buffer("codes", codes)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", bias)

    def forward(self, input: Any) -> Tensor:
        return compressed_linear(input, self.codes, self.scale, self.bias, self.activation)

    def extra_repr(self) -> str:
        text = f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        return f"{text}, activation={self.activation!r}, dtype={self.dtype!r}"


def _not_finite(op: str, dtype: str) -> ValueError:
    return ValueError(f"{op}: weight is not finite, so {dtype} cannot hold it")


def _bfloat16(op: str, weight: Tensor) -> Tensor:
    codes = astype(weight, "bfloat16")
    if not isfinite(codes).all().item():
        raise _not_finite(op, "bfloat16")
    return codes


def _int8(op: str, weight: Tensor) -> tuple[Tensor, Tensor]:
    if not weight.shape[1]:
        return astype(weight, "int8"), weight.sum(axis=1) + 1
    largest = max_(abs_(weight), axis=1)
    if not isfinite(largest).all().item():
        raise _not_finite(op, "int8")
    scale = where(largest < _LEAST, 1.0, largest * (1 / _LARGEST))
    return astype(round_(weight / expand_dims(scale, 1)), "int8"), scale


def compress(model: M, dtype: str = "int8") -> M:
    """Replace the weights of a model's linear layers by int8 or bfloat16 ones, for inference.

    Parameters
    ----------
    model : Module
        Changed in place: each layer with a method `compressed`, `Linear` among them, is replaced by what that returns.
        A layer that is used in several places stays one. The model is set to evaluation.
    dtype : {"int8", "bfloat16"}
        See `CompressedLinear`.

    Returns
    -------
    Module
        The model; or, where it is itself such a layer, what takes its place.

    Raises
    ------
    ValueError
        For an unknown dtype, or a weight that is not finite: then nothing has been replaced.
    TypeError
        For a model that is no module.

    Notes
    -----
    Results change by the rounding of the weights; compare them on data of your own. Embeddings, convolutions, recurrent
    layers and norms stay as they are.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Sequential(tw.nn.Linear(64, 32, activation="relu"), tw.nn.Linear(32, 10))
    >>> tw.nn.compress(net)[1]
    CompressedLinear(in_features=32, out_features=10, bias=True, activation='none', dtype='int8')
    """
    if not isinstance(model, Module):
        raise TypeError(f"compress: model is a {type(model).__name__}, but must be a Module")
    dtype = arguments.option("compress", "dtype", dtype, DTYPES)
    places = [(parent, name, child) for parent in model.modules() for name, child in parent.named_children()]
    made: dict[int, Any] = {}  # by the layer that it takes the place of
    for layer in reversed(list(model.modules())):  # a model that changes a layer of its own comes after what it holds
        if hasattr(layer, "compressed"):
            made[id(layer)] = layer.compressed(dtype)
    for parent, name, layer in places:
        if id(layer) in made:
            parent.set_submodule(name, made[id(layer)])
    result: Any = made.get(id(model), model)
    result.eval()
    return result
