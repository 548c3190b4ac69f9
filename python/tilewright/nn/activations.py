"""Activation functions as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._engine import arguments
from .._functions.activations import relu, sigmoid, silu, softplus
from .._functions.trigonometric import tanh
from . import functional
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = [
    "ELU",
    "GELU",
    "LeakyReLU",
    "LogSoftmax",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class ReLU(Module):
    """Rectified linear unit, `max(input, 0)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReLU()(tw.asarray([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return relu(input)


class LeakyReLU(Module):
    """`input` where positive, else `negative_slope * input`.

    Parameters
    ----------
    negative_slope : float

    Raises
    ------
    TypeError
        For a slope that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LeakyReLU(0.5)(tw.asarray([-1.0, 2.0]))
    tensor([-0.5,  2. ])
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = arguments.number("LeakyReLU", "negative_slope", negative_slope)

    def forward(self, input: Tensor) -> Tensor:
        return functional.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """`input` where positive, else `alpha * (exp(input) - 1)`.

    Parameters
    ----------
    alpha : float

    Raises
    ------
    TypeError
        For an `alpha` that is no real number.

    References
    ----------
    D. Clevert, T. Unterthiner, S. Hochreiter, Fast and Accurate Deep Network Learning by Exponential Linear Units
    (ELUs), ICLR 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ELU()(tw.asarray([-200.0, 2.0]))
    tensor([-1.,  2.])
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = arguments.number("ELU", "alpha", alpha)

    def forward(self, input: Tensor) -> Tensor:
        return functional.elu(input, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Softplus(Module):
    """A smooth ReLU, `log(1 + exp(input))`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softplus()(tw.asarray([-200.0, 200.0]))
    tensor([  0., 200.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return softplus(input)


class GELU(Module):
    """Gaussian error linear unit, `input * Phi(input)`.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        The exact function, or its approximation with tanh.

    Raises
    ------
    ValueError
        For another value of `approximate`.
    TypeError
        For one that is no str.

    References
    ----------
    D. Hendrycks, K. Gimpel, Gaussian Error Linear Units (GELUs), arXiv:1606.08415, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.GELU()(tw.asarray([0.0, 50.0]))
    tensor([ 0., 50.])
    """

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = arguments.option("GELU", "approximate", approximate, ("none", "tanh"))

    def forward(self, input: Tensor) -> Tensor:
        return functional.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """Sigmoid linear unit (swish), `input * sigmoid(input)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.SiLU()(tw.asarray([0.0, 50.0]))
    tensor([ 0., 50.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return silu(input)


class Sigmoid(Module):
    """Logistic function, `1 / (1 + exp(-input))`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Sigmoid()(tw.asarray([0.0, 100.0]))
    tensor([0.5, 1. ])
    """

    def forward(self, input: Tensor) -> Tensor:
        return sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Tanh()(tw.asarray([0.0, 100.0]))
    tensor([0., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return tanh(input)


class Softmax(Module):
    """`exp(input) / sum(exp(input))` along one axis.

    Parameters
    ----------
    dim : int
        The axis.

    Raises
    ------
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softmax()(tw.zeros((1, 4)))
    tensor([[0.25, 0.25, 0.25, 0.25]])
    """

    def __init__(self, dim: int = -1) -> None:
        self.dim = arguments.integer(type(self).__name__, "dim", dim)

    def forward(self, input: Tensor) -> Tensor:
        return functional.softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """The logarithm of `Softmax`, without overflow or loss of small probabilities.

    Parameters
    ----------
    dim : int
        The axis.

    Raises
    ------
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LogSoftmax()(tw.asarray([0.0, -1000.0]))
    tensor([    0., -1000.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.log_softmax(input, self.dim)
