"""Layers that act in training alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from . import functional
from .functional._docstrings import joined, sections
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = [
    "AlphaDropout",
    "DropConnect",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]

_PARAMETERS = """
p : float
    Probability, in [0, 1].
generator : Generator, optional
    Where the masks are drawn from; by default `tilewright.random.default_generator`."""

_RAISES = """
ValueError
    For `p` outside [0, 1]{axes}.
TypeError
    For `p` that is no real number, or a generator that is none."""


class _Dropout(Module):
    """A layer that calls a function in training: `class Dropout(_Dropout, of=functional.dropout)`."""

    _of: Callable[..., Tensor]

    def __init_subclass__(cls, of: Callable[..., Tensor] | None = None, axes: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        if of is None:  # a subclass of a user's
            return
        cls._of = staticmethod(of)
        if cls.__doc__ is None:  # python -OO
            return
        parts = sections(cls.__doc__)
        raises = _RAISES.format(axes=f"; when called, for axes other than {axes}" if axes else "")
        references = sections(of.__doc__)["References"]
        cls.__doc__ = joined({**parts, "Parameters": _PARAMETERS, "Raises": raises, "References": references})

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        op = type(self).__name__
        self.p = arguments.probability(op, "p", p)
        self.generator = None if generator is None else random.source(op, generator)

    def forward(self, input: Tensor) -> Tensor:
        return self._of(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout(_Dropout, of=functional.dropout):
    """In training, sets elements to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Notes
    -----
    In evaluation mode it returns its argument: the scaling keeps the expected value.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Dropout(0.2).eval()(tw.ones(3))
    tensor([1., 1., 1.])
    """


class Dropout1d(_Dropout, of=functional.dropout1d, axes="(N, C, L) or (C, L)"):
    """In training, sets whole channels to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Called with (N, C, L) or (C, L). Neighbouring elements of a channel are alike, so
    dropping single ones takes little away.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Dropout1d(0.2)(tw.ones((2, 3, 4))).shape
    (2, 3, 4)
    """


class Dropout2d(_Dropout, of=functional.dropout2d, axes="(N, C, H, W) or (N, C, L)"):
    """In training, sets whole channels to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Called with (N, C, H, W) or (N, C, L). Neighbouring elements of a channel are alike, so
    dropping single ones takes little away.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Dropout2d(0.2)(tw.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """


class Dropout3d(_Dropout, of=functional.dropout3d, axes="(N, C, D, H, W) or (C, D, H, W)"):
    """In training, sets whole channels to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Called with (N, C, D, H, W) or (C, D, H, W). Neighbouring elements of a channel are alike, so
    dropping single ones takes little away.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Dropout3d(0.2)(tw.ones((2, 3, 2, 2, 2))).shape
    (2, 3, 2, 2, 2)
    """


class AlphaDropout(_Dropout, of=functional.alpha_dropout):
    """Dropout for SELU: in training, elements become its negative limit with probability `p`; mean and variance stay.

    See `nn.functional.alpha_dropout`, which has the formula.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AlphaDropout(0.2).eval()(tw.ones(3))
    tensor([1., 1., 1.])
    """


class FeatureAlphaDropout(_Dropout, of=functional.feature_alpha_dropout, axes="two or more"):
    """Dropout for SELU of whole channels: in training, they become its negative limit with probability `p`.

    See `nn.functional.alpha_dropout`, which has the formula.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.FeatureAlphaDropout(0.2).eval()(tw.ones((1, 3)))
    tensor([[1., 1., 1.]])
    """


class DropConnect(Linear):
    """A linear layer that in training sets weights to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis before and after.
    bias : bool
        Whether to add a bias, which is never dropped.
    p : float
        Probability, in [0, 1].
    activation : {"none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"}
        Applied last, in the same kernel call: see `nn.functional.linear`.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights and the masks are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (out_features, in_features)
    bias : Parameter, shape (out_features,), or None

    Raises
    ------
    ValueError
        For `p` outside [0, 1], and as `Linear`.
    TypeError
        For `p` that is no real number, a generator that is none, and as `Linear`.

    Notes
    -----
    In training `activation(input @ (weight * mask / (1 - p)).T + bias)`, with one mask for each call. The paper has one
    for each sample, which would take a weight matrix for each. In evaluation mode it is `Linear`, the mean over masks;
    the paper draws from a normal distribution with the mean and the variance there, before the activation.

    References
    ----------
    L. Wan, M. Zeiler, S. Zhang, Y. LeCun, R. Fergus, Regularization of Neural Networks Using DropConnect, ICML 2013.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.DropConnect(64, 10, p=0.2)
    DropConnect(in_features=64, out_features=10, bias=True, p=0.2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        p: float = 0.5,
        *,
        activation: str = "none",
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self.p = arguments.probability("DropConnect", "p", p)
        self.generator = None if generator is None else random.source("DropConnect", generator)
        super().__init__(in_features, out_features, bias, activation=activation, dtype=dtype, generator=generator)

    def forward(self, input: Any) -> Tensor:
        weight = functional.dropout(self.weight, self.p, self.training, generator=self.generator)
        return functional.linear(input, weight, self.bias, self.activation)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, p={self.p}"
