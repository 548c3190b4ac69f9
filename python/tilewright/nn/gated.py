"""Gated linear units and maxout as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._functions.activations import FUSED
from . import functional
from .activations import Activation
from .functional.gated import DAUPHIN, SHAZEER
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = [
    "GEGLU",
    "GLU",
    "GatedFeedForward",
    "Maxout",
    "ReGLU",
    "SwiGLU",
]

_GATED = """

Parameters
----------
dim : int
    The axis that is halved.

Raises
------
ValueError
    When called, for an odd length along `dim`.
TypeError
    For an axis that is no integer.

References
----------
{reference}

Examples
--------
>>> import tilewright as tw
>>> tw.nn.{name}()(tw.zeros((3, 8))).shape
(3, 4)
"""


class GLU(Activation):
    """Gated linear unit: `a * sigmoid(b)` of the halves a and b of an axis."""

    _function = staticmethod(functional.glu)
    _options = ("dim",)

    def __init__(self, dim: int = -1) -> None:
        self.dim = arguments.integer(type(self).__name__, "dim", dim)


class ReGLU(GLU):
    """Gated linear unit with ReLU: `a * relu(b)` of the halves a and b of an axis."""

    _function = staticmethod(functional.reglu)


class GEGLU(GLU):
    """Gated linear unit with GELU: `a * gelu(b)` of the halves a and b of an axis."""

    _function = staticmethod(functional.geglu)


class SwiGLU(GLU):
    """Gated linear unit with SiLU: `a * silu(b)` of the halves a and b of an axis."""

    _function = staticmethod(functional.swiglu)


for _unit in (GLU, ReGLU, GEGLU, SwiGLU):
    if _unit.__doc__ is not None:  # python -OO
        _unit.__doc__ += _GATED.format(name=_unit.__name__, reference=DAUPHIN if _unit is GLU else SHAZEER)


class GatedFeedForward(Module):
    """A feed-forward network with a gate: `down_proj(activation(gate_proj(x)) * up_proj(x))`.

    Parameters
    ----------
    embed_dim : int
        Length of the last axis before and after.
    hidden : int
        Features between. Two thirds of those of a network without a gate have as many weights.
    activation : {"silu", "gelu", "gelu_tanh", "relu", "sigmoid", "tanh", "none"}
        With "silu" the layer is SwiGLU, with "gelu" GEGLU, with "relu" ReGLU, with "sigmoid" GLU, with "none" bilinear.
    bias : bool
        Whether the projections add one.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    gate_proj, up_proj, down_proj : Linear
        Named as in LLaMA. The activation is part of the kernel call of `gate_proj`.

    Raises
    ------
    ValueError
        For negative sizes, and an unknown activation; when called, for a last axis that is not `embed_dim` long.
    TypeError
        For sizes that are not integers, or a dtype that is not floating.

    References
    ----------
    N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202, 2020. H. Touvron et al., LLaMA: Open and Efficient
    Foundation Language Models, arXiv:2302.13971, 2023.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.GatedFeedForward(64, 172)(tw.zeros((2, 5, 64))).shape
    (2, 5, 64)
    """

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear

    def __init__(
        self,
        embed_dim: int,
        hidden: int,
        activation: str = "silu",
        bias: bool = False,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = "GatedFeedForward"
        self.embed_dim = arguments.integer(name, "embed_dim", embed_dim, at_least=0)
        self.hidden = arguments.integer(name, "hidden", hidden, at_least=0)
        self.activation = arguments.option(name, "activation", activation, FUSED)
        options: dict[str, Any] = {"dtype": dtype, "generator": generator}
        self.gate_proj = Linear(embed_dim, hidden, bias, activation=activation, **options)
        self.up_proj = Linear(embed_dim, hidden, bias, **options)
        self.down_proj = Linear(hidden, embed_dim, bias, **options)

    def forward(self, input: Any) -> Tensor:
        return self.down_proj(self.gate_proj(input) * self.up_proj(input))

    def extra_repr(self) -> str:
        bias = self.up_proj.bias is not None
        return f"embed_dim={self.embed_dim}, hidden={self.hidden}, activation={self.activation!r}, bias={bias}"


class Maxout(Module):
    """The largest of several affine maps of the last axis, for each feature.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis before and after.
    pieces : int
        How many maps there are for each feature.
    bias : bool
        Whether to add a bias.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    linear : Linear
        With `out_features * pieces` features; those of one result follow each other.

    Raises
    ------
    ValueError
        For negative sizes, or `pieces` below 1; when called, for a last axis that is not `in_features` long.
    TypeError
        For sizes that are not integers, or a dtype that is not floating.

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, Maxout Networks, ICML 2013.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Maxout(8, 4)(tw.zeros((32, 8))).shape
    (32, 4)
    """

    linear: Linear

    def __init__(
        self,
        in_features: int,
        out_features: int,
        pieces: int = 2,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self.pieces = arguments.integer("Maxout", "pieces", pieces, at_least=1)
        features = arguments.integer("Maxout", "out_features", out_features) * self.pieces
        self.linear = Linear(in_features, features, bias, dtype=dtype, generator=generator)

    def forward(self, input: Any) -> Tensor:
        return functional.maxout(self.linear(input), self.pieces, -1)

    def extra_repr(self) -> str:
        out = self.linear.out_features // self.pieces
        return f"in_features={self.linear.in_features}, out_features={out}, pieces={self.pieces}"
