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
    """Rectified linear unit, `max(x, 0)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReLU()(tw.asarray([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return relu(x)


class LeakyReLU(Module):
    """`x` where positive, else `negative_slope * x`.

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

    def forward(self, x: Tensor) -> Tensor:
        return functional.leaky_relu(x, self.negative_slope)

    def extra_repr(self) -> str:
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """`x` where positive, else `alpha * (exp(x) - 1)`.

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

    def forward(self, x: Tensor) -> Tensor:
        return functional.elu(x, self.alpha)

    def extra_repr(self) -> str:
        return f"alpha={self.alpha}"


class Softplus(Module):
    """A smooth ReLU, `log(1 + exp(x))`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softplus()(tw.asarray([-200.0, 200.0]))
    tensor([  0., 200.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return softplus(x)


class GELU(Module):
    """Gaussian error linear unit, `x * Phi(x)`.

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

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(x, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """Sigmoid linear unit (swish), `x * sigmoid(x)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.SiLU()(tw.asarray([0.0, 50.0]))
    tensor([ 0., 50.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return silu(x)


class Sigmoid(Module):
    """Logistic function, `1 / (1 + exp(-x))`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Sigmoid()(tw.asarray([0.0, 100.0]))
    tensor([0.5, 1. ])
    """

    def forward(self, x: Tensor) -> Tensor:
        return sigmoid(x)


class Tanh(Module):
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Tanh()(tw.asarray([0.0, 100.0]))
    tensor([0., 1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return tanh(x)


class Softmax(Module):
    """`exp(x) / sum(exp(x))` along one axis.

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

    def forward(self, x: Tensor) -> Tensor:
        return functional.softmax(x, self.dim)

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

    def forward(self, x: Tensor) -> Tensor:
        return functional.log_softmax(x, self.dim)
