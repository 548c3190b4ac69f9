"""Activation functions as modules; `nn.functional` has their formulas."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from .._engine import arguments
from .._functions.activations import relu, sigmoid, silu
from .._functions.trigonometric import tanh
from . import functional
from .functional.activations import nonzero
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "SELU",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]


class Activation(Module):
    """A function of `nn.functional`, with the attributes that `_options` names as its further arguments."""

    _function: ClassVar[Callable[..., Tensor]]
    _options: ClassVar[tuple[str, ...]] = ()

    def forward(self, input: Any) -> Tensor:
        return type(self)._function(input, *[getattr(self, name) for name in self._options])

    def extra_repr(self) -> str:
        return ", ".join([f"{name}={getattr(self, name)!r}" for name in self._options])


class ReLU(Module):
    """Rectified linear unit, `max(x, 0)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReLU()(tw.asarray([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return relu(input)


class LeakyReLU(Activation):
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

    _function = staticmethod(functional.leaky_relu)
    _options = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.01) -> None:
        self.negative_slope = arguments.number("LeakyReLU", "negative_slope", negative_slope)


class ELU(Activation):
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

    _function = staticmethod(functional.elu)
    _options = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = arguments.number("ELU", "alpha", alpha)


class CELU(Activation):
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`.

    Parameters
    ----------
    alpha : float

    Raises
    ------
    ValueError
        Where `alpha` is 0.
    TypeError
        For an `alpha` that is no real number.

    References
    ----------
    J. Barron, Continuously Differentiable Exponential Linear Units, arXiv:1704.07483, 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CELU(0.5)(tw.asarray([-200.0, 2.0]))
    tensor([-0.5,  2. ])
    """

    _function = staticmethod(functional.celu)
    _options = ("alpha",)

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = nonzero("CELU", "alpha", alpha)


class SELU(Activation):
    """Scaled exponential linear unit: `scale * elu(x, alpha)` with scale 1.0507... and alpha 1.6733...

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, Self-Normalizing Neural Networks, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.SELU()(tw.asarray([-200.0, 1.0]))
    tensor([-1.7580993,  1.050701 ])
    """

    _function = staticmethod(functional.selu)


class Softplus(Activation):
    """A smooth ReLU, `log(1 + exp(beta * x)) / beta`.

    Parameters
    ----------
    beta : float
        How sharp the bend is.
    threshold : float
        Where `beta * x` is above it, the result is `x`; not needed, for there is no overflow.

    Raises
    ------
    ValueError
        Where `beta` is 0.
    TypeError
        For parameters that are no real numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softplus()(tw.asarray([-200.0, 200.0]))
    tensor([  0., 200.])
    """

    _function = staticmethod(functional.softplus)
    _options = ("beta", "threshold")

    def __init__(self, beta: float = 1.0, threshold: float = math.inf) -> None:
        self.beta = nonzero("Softplus", "beta", beta)
        self.threshold = arguments.number("Softplus", "threshold", threshold)


class LogSigmoid(Activation):
    """`log(1 / (1 + exp(-x)))`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LogSigmoid()(tw.asarray([-200.0, 200.0]))
    tensor([-200.,   -0.])
    """

    _function = staticmethod(functional.logsigmoid)


class Mish(Activation):
    """`x * tanh(softplus(x))`.

    References
    ----------
    D. Misra, Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Mish()(tw.asarray([0.0, 50.0]))
    tensor([ 0., 50.])
    """

    _function = staticmethod(functional.mish)


class Softsign(Activation):
    """`x / (1 + |x|)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softsign()(tw.asarray([-3.0, 0.0, 1.0]))
    tensor([-0.75,  0.  ,  0.5 ])
    """

    _function = staticmethod(functional.softsign)


class Tanhshrink(Activation):
    """`x - tanh(x)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Tanhshrink()(tw.asarray([0.0, 100.0]))
    tensor([ 0., 99.])
    """

    _function = staticmethod(functional.tanhshrink)


class GELU(Activation):
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

    _function = staticmethod(functional.gelu)
    _options = ("approximate",)

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = arguments.option("GELU", "approximate", approximate, ("none", "tanh"))


class SiLU(Module):
    """Sigmoid linear unit (swish), `x * sigmoid(x)`.

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


class Softmin(Softmax):
    """`Softmax` of the negative argument.

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
    >>> tw.nn.Softmin()(tw.asarray([1000.0, 1000.0]))
    tensor([0.5, 0.5])
    """

    def forward(self, input: Tensor) -> Tensor:
        return functional.softmin(input, self.dim)


class Softmax2d(Module):
    """`Softmax` over the channels of images, (C, H, W) or (N, C, H, W).

    Raises
    ------
    ValueError
        When called, for another number of dimensions.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softmax2d()(tw.zeros((4, 1, 1))).ravel()
    tensor([0.25, 0.25, 0.25, 0.25])
    """

    def forward(self, input: Any) -> Tensor:
        x = arguments.array("Softmax2d", "input", input)
        if x.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: input {x.shape} has {x.ndim} dimensions, but needs 3 or 4")
        return functional.softmax(x, -3)
