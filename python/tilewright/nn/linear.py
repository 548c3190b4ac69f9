"""Linear layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._engine.op import wrap
from .._engine.tape import state
from .._engine.tensor import Tensor, asarray
from .._functions.activations import FUSED
from .._functions.linear import linear
from . import init
from .compressed import CompressedLinear
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from ..random import Generator

__all__ = ["Identity", "Linear", "PackedLinear"]


class Identity(Module):
    """Returns its argument: a place holder in a list of layers.

    Parameters
    ----------
    *args, **kwargs
        Not used, so that it stands for a layer of any kind, such as a norm.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Identity()(tw.ones(2))
    tensor([1., 1.])
    >>> norm = tw.nn.Identity
    >>> norm(64, eps=1e-6)
    Identity()
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, input: Any) -> Any:
        return input


class Linear(Module):
    """Affine map of the last axis, and an activation: `activation(input @ weight.T + bias)`.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis before and after.
    bias : bool
        Whether to add a bias.
    activation : {"none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"}
        Applied last, in the same kernel call: see `nn.functional.linear`.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
    bias : Parameter, shape (out_features,), or None

    Raises
    ------
    ValueError
        For negative sizes, more weights than can be addressed, or an unknown activation; when called, for a last axis
        that is not `in_features` long.
    TypeError
        For sizes that are not integers, or a dtype that is not floating.

    Notes
    -----
    Weights start uniform in `(-a, a)`, `a = sqrt(6 / in_features)` (He et al. for ReLU: the scale of the activations
    stays the same from layer to layer), biases at zero. PyTorch starts with `a = 1 / sqrt(in_features)` for both, kept
    there for compatibility with Lua Torch, under which a signal shrinks to 41 % in every ReLU layer.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(64, 10)
    >>> layer(tw.zeros((32, 64))).shape
    (32, 10)
    >>> tw.nn.Linear(64, 10, activation="relu")
    Linear(in_features=64, out_features=10, bias=True, activation='relu')
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        activation: str = "none",
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        activation = arguments.option("Linear", "activation", activation, FUSED)
        in_features = arguments.integer("Linear", "in_features", in_features)
        out_features = arguments.integer("Linear", "out_features", out_features)
        if in_features < 0 or out_features < 0:
            raise ValueError(f"Linear: got ({in_features}, {out_features}) features, but needs sizes of at least 0")
        if max(in_features, 1) * max(out_features, 1) >= 2**60:
            sizes = f"({arguments.shown(in_features)}, {arguments.shown(out_features)})"
            raise ValueError(f"Linear: got {sizes} features, which need more weights than can be addressed")
        kind = as_floating("Linear", dtype)
        self.in_features = in_features
        self.out_features = out_features
        self.activation = activation
        self.weight = Parameter(_core.full((out_features, in_features), 0, kind))
        has_bias = arguments.flag("Linear", "bias", bias)
        self.bias = Parameter(_core.full((out_features,), 0, kind)) if has_bias else None
        self.reset_parameters(random.source("Linear", generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting weights, and set the bias to zero."""
        if self.weight.size:
            init.kaiming_uniform_(self.weight, nonlinearity="relu", generator=generator)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Tensor:
        return linear(input, self.weight, self.bias, self.activation)

    def compressed(self, dtype: str) -> CompressedLinear:
        """What takes its place in `nn.compress`."""
        return CompressedLinear(self.weight, self.bias, self.activation, dtype)

    def extra_repr(self) -> str:
        return _describe(self)


def _describe(layer: Linear | PackedLinear) -> str:
    text = f"in_features={layer.in_features}, out_features={layer.out_features}, bias={layer.bias is not None}"
    return text if str(layer.activation) == "none" else f"{text}, activation={layer.activation!r}"


class PackedLinear(Module):
    """A `Linear` for inference: its weight is laid out once in the order in which the matrix product reads it.

    Parameters
    ----------
    layer : Linear
        Whose weight, bias and activation are copied; later changes of them are not seen.

    Attributes
    ----------
    weight : Tensor, shape (out_features, in_features)
        A buffer. Where it has been written to, or replaced, the next call packs it again.
    bias : Tensor, shape (out_features,), or None
        A buffer.

    Raises
    ------
    TypeError
        Where `layer` is no `Linear`.
    RuntimeError
        When called on a tensor that wants a gradient, unless in `no_grad`.

    Notes
    -----
    Worth it for a few to a few hundred rows at a time, where a product would spend much of its time on transposing the
    weight. Results agree with those of `layer` up to the order in which sums are added. It takes the memory of two
    weights: the one that `state_dict` has, under the names of `Linear`, and the packed one. Writes through a NumPy
    array that shares the memory of `weight` are not noticed.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(64, 10, activation="relu")
    >>> fast = tw.nn.PackedLinear(layer)
    >>> fast
    PackedLinear(in_features=64, out_features=10, bias=True, activation='relu')
    >>> fast(tw.zeros((32, 64))).shape
    (32, 10)
    """

    weight: Tensor
    bias: Tensor | None
    # The array of the weight, the time when it was last written to, and what came of packing it.
    _packed: tuple[Any, int, Any] | None = None

    def __init__(self, layer: Linear) -> None:
        if not isinstance(layer, Linear):
            raise TypeError(f"PackedLinear: layer is a {type(layer).__name__}, but must be a Linear")
        self.in_features = layer.in_features
        self.out_features = layer.out_features
        self.activation = layer.activation
        self.register_buffer("weight", asarray(layer.weight.detach(), copy=True))
        self.register_buffer("bias", None if layer.bias is None else asarray(layer.bias.detach(), copy=True))
        self._pack()

    def _pack(self) -> tuple[Any, int, Any]:
        array = self.weight._array
        written = array.last_write  # before it is read: a write meanwhile has it packed again
        packed = self._packed = array, written, _core.PackedWeight(array)
        return packed

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_packed"}

    def forward(self, input: Any) -> Tensor:
        if not isinstance(input, Tensor):
            input = asarray(input)
        if state.mode and input._node is not None:
            raise RuntimeError(
                "PackedLinear: input wants a gradient, which only Linear gives; detach it, or use no_grad()"
            )
        weight = self.weight._array
        array, written, matrix = self._packed or self._pack()
        if array is not weight or written != weight.last_write:
            _, _, matrix = self._pack()
        bias = self.bias
        if bias is not None:
            bias = bias._array
        return wrap(matrix.linear(input._array, bias, self.activation), None, input)

    def extra_repr(self) -> str:
        return _describe(self)
