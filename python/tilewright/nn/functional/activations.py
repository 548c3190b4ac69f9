"""Activation functions: smooth ones, and those that most networks use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.keywords import named
from ..._engine.tensor import asarray
from ..._functions import activations as ops, softmax as softmax_ops, trigonometric
from ..._functions.manipulation import _axis as checked_axis
from ._documented import activation, documented
from .gated import axis_of

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "mish",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
]


def nonzero(op: str, name: str, value: Any) -> float:
    """A number to divide by."""
    number = arguments.number(op, name, value)
    if number == 0:
        raise ValueError(f"{op}: {name} is {number}, but must not be 0")
    return number


@activation(ops.relu, dtypes="")
def relu(input: Any) -> Tensor:
    """Rectified linear unit, `max(x, 0)`; its gradient at 0 is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.relu([-1.0, 2.0])
    tensor([0., 2.])
    """
    return ops.relu(input)


@activation(ops.sigmoid)
def sigmoid(input: Any) -> Tensor:
    """Logistic function, `1 / (1 + exp(-x))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.sigmoid([0.0, 100.0])
    tensor([0.5, 1. ])
    """
    return ops.sigmoid(input)


@activation(ops.silu)
def silu(input: Any) -> Tensor:
    """Sigmoid linear unit (swish), `x * sigmoid(x)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.silu([0.0, 50.0])
    tensor([ 0., 50.])
    """
    return ops.silu(input)


@activation(trigonometric.tanh)
def tanh(input: Any) -> Tensor:
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.tanh([0.0, 1.0])
    tensor([0.       , 0.7615942])
    """
    return trigonometric.tanh(input)


@documented
def softplus(input: Any, beta: float = 1.0, threshold: float = math.inf) -> Tensor:
    """A smooth ReLU, `log(1 + exp(beta * x)) / beta`, without overflow.

    Parameters
    ----------
    beta : float
        How sharp the bend is.
    threshold : float
        Where `beta * x` is above it, the result is `x`.

    Raises
    ------
    ValueError
        Where `beta` is 0.

    Notes
    -----
    The formula is exact for every `x`. PyTorch, whose threshold is 20 by default, leaves it there to avoid an overflow,
    which costs half of the digits of float64.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softplus([-200.0, 200.0])
    tensor([  0., 200.])
    """
    return ops.softplus(input, nonzero("softplus", "beta", beta), arguments.number("softplus", "threshold", threshold))


@activation(ops.log_sigmoid)
def logsigmoid(input: Any) -> Tensor:
    """`log(1 / (1 + exp(-x)))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.logsigmoid([-200.0, 200.0])
    tensor([-200.,   -0.])
    """
    return ops.log_sigmoid(input)


@activation(ops.mish)
def mish(input: Any) -> Tensor:
    """`x * tanh(softplus(x))`, without overflow.

    References
    ----------
    D. Misra, Mish: A Self Regularized Non-Monotonic Activation Function, BMVC 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.mish([0.0, 50.0])
    tensor([ 0., 50.])
    """
    return ops.mish(input)


@activation(ops.softsign)
def softsign(input: Any) -> Tensor:
    """`x / (1 + |x|)`, which goes to -1 and 1 at the infinities.

    References
    ----------
    J. Turian, J. Bergstra, Y. Bengio, Quadratic Features and Deep Architectures for Chunking, NAACL 2009.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softsign([-3.0, 0.0, 1.0])
    tensor([-0.75,  0.  ,  0.5 ])
    """
    return ops.softsign(input)


@activation(ops.tanhshrink)
def tanhshrink(input: Any) -> Tensor:
    """`x - tanh(x)`, to the last digits for small `x`, too.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.tanhshrink([0.0, 100.0])
    tensor([ 0., 99.])
    """
    return ops.tanhshrink(input)


@documented
def celu(input: Any, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`: smooth at 0 for every `alpha`.

    Parameters
    ----------
    alpha : float
        The negative of the limit at -inf.

    Raises
    ------
    ValueError
        Where `alpha` is 0.

    References
    ----------
    J. Barron, Continuously Differentiable Exponential Linear Units, arXiv:1704.07483, 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.celu([-200.0, 2.0], 0.5)
    tensor([-0.5,  2. ])
    """
    return ops.celu(input, nonzero("celu", "alpha", alpha))


@activation(ops.selu)
def selu(input: Any) -> Tensor:
    """Scaled exponential linear unit: `scale * elu(x, alpha)` with scale 1.0507... and alpha 1.6733...

    References
    ----------
    G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, Self-Normalizing Neural Networks, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.selu([-200.0, 1.0])
    tensor([-1.7580993,  1.050701 ])
    """
    return ops.selu(input)


@documented
def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """`x` where positive, else `negative_slope * x`.

    Parameters
    ----------
    negative_slope : float
        Of the negative side.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.leaky_relu([-1.0, 2.0], 0.5)
    tensor([-0.5,  2. ])
    """
    if type(negative_slope) is not float:
        negative_slope = arguments.number("leaky_relu", "negative_slope", negative_slope)
    return ops.leaky_relu(input, negative_slope)


@documented
def elu(input: Any, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Parameters
    ----------
    alpha : float
        The negative of the limit at -inf.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.elu([-200.0, 2.0])
    tensor([-1.,  2.])
    """
    if type(alpha) is not float:
        alpha = arguments.number("elu", "alpha", alpha)
    return ops.elu(input, alpha)


_APPROXIMATIONS = ("none", "tanh")


def gelu(input: Any, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit, `input * Phi(input)` with the normal distribution function Phi.

    Parameters
    ----------
    input : array-like
        Integers and bool become float32.
    approximate : {"none", "tanh"}
        The exact function, or `input/2 * (1 + tanh(sqrt(2/pi) * (input + 0.044715 input^3)))`.

    Returns
    -------
    Tensor
        Shape of `input`.

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
    >>> tw.nn.functional.gelu([0.0, 50.0])
    tensor([ 0., 50.])
    """
    if type(approximate) is not str or approximate not in _APPROXIMATIONS:
        arguments.option("gelu", "approximate", approximate, _APPROXIMATIONS)
    return ops.gelu(input) if approximate == "none" else ops.gelu_tanh(input)


@named(axis="dim")
def softmax(input: Any, dim: int = -1) -> Tensor:
    """`exp(input) / sum(exp(input))` along one axis, without overflow.

    Parameters
    ----------
    input : array-like
        At least 1-D, floating.
    dim : int
        The axis along which the results sum to 1; `axis` is another name of it.

    Returns
    -------
    Tensor
        Shape of `input`; positive, with sum 1 along `dim`.

    Raises
    ------
    AxisError
        For an axis that `input` does not have.
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softmax([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    if type(dim) is not int or not -64 < dim < 64:  # those in range, the kernel checks
        dim = checked_axis("softmax", dim, asarray(input).ndim, "dim")
    return softmax_ops.softmax(input, dim)


@named(axis="dim")
def log_softmax(input: Any, dim: int = -1) -> Tensor:
    """`input - log(sum(exp(input)))` along one axis, without overflow or loss of small probabilities.

    Parameters
    ----------
    input : array-like
        At least 1-D, floating.
    dim : int
        The axis along which the exponentials of the results sum to 1; `axis` is another name of it.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    AxisError
        For an axis that `input` does not have.
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.log_softmax([0.0, -1000.0])
    tensor([    0., -1000.])
    """
    if type(dim) is not int or not -64 < dim < 64:  # those in range, the kernel checks
        dim = checked_axis("log_softmax", dim, asarray(input).ndim, "dim")
    return softmax_ops.log_softmax(input, dim)


@named(axis="dim")
def softmin(input: Any, dim: int = -1) -> Tensor:
    """`softmax` of `-input`: `exp(-x) / sum(exp(-x))` along one axis, without overflow.

    Parameters
    ----------
    input : array-like
        At least 1-D, floating.
    dim : int
        The axis along which the results sum to 1.

    Returns
    -------
    Tensor
        Shape of `input`; positive, with sum 1 along `dim`.

    Raises
    ------
    AxisError
        For an axis that `input` does not have.
    TypeError
        For an `input` that is not floating, and a `dim` that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softmin([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    x = arguments.array("softmin", "input", input)
    if not x.dtype.is_floating:
        raise TypeError(f"softmin: input is {x.dtype.name}, but must be floating")
    return softmax_ops.softmax(-x, axis_of("softmin", dim, x))
