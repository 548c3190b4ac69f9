"""Gated linear units and maxout as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
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
