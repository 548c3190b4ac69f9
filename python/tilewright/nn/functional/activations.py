"""Activation functions: smooth ones, and those that most networks use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from ..._functions import activations as ops, softmax as softmax_ops
from ..._functions.activations import relu, sigmoid, silu
from ..._functions.manipulation import _axis as checked_axis
from ..._functions.trigonometric import tanh
from ._documented import documented
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


@documented
def logsigmoid(input: Any) -> Tensor:
    """`log(1 / (1 + exp(-x)))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.logsigmoid([-200.0, 200.0])
    tensor([-200.,   -0.])
    """
    return ops.log_sigmoid(input)


@documented
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


@documented
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


@documented
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


@documented
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


def leaky_relu(x: Any, /, negative_slope: float = 0.01) -> Tensor:
    """`x` where positive, else `negative_slope * x`.

    Parameters
    ----------
    x : array-like
        Integers and bool become float32.
    negative_slope : float

    Returns
    -------
    Tensor
        Shape of `x`.

    Raises
    ------
    TypeError
        For a slope that is no real number, or a tensor that requires a gradient.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.leaky_relu([-1.0, 2.0], 0.5)
    tensor([-0.5,  2. ])
    """
    if type(negative_slope) is not float:
        negative_slope = arguments.number("leaky_relu", "negative_slope", negative_slope)
    return ops.leaky_relu(x, negative_slope)


def elu(x: Any, /, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Parameters
    ----------
    x : array-like
        Integers and bool become float32.
    alpha : float

    Returns
    -------
    Tensor
        Shape of `x`.

    Raises
    ------
    TypeError
        For an `alpha` that is no real number, or a tensor that requires a gradient.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.elu([-200.0, 2.0])
    tensor([-1.,  2.])
    """
    if type(alpha) is not float:
        alpha = arguments.number("elu", "alpha", alpha)
    return ops.elu(x, alpha)


_APPROXIMATIONS = ("none", "tanh")


def gelu(x: Any, /, approximate: str = "none") -> Tensor:
    """Gaussian error linear unit, `x * Phi(x)` with the normal distribution function Phi.

    Parameters
    ----------
    x : array-like
        Integers and bool become float32.
    approximate : {"none", "tanh"}
        The exact function, or `x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))`.

    Returns
    -------
    Tensor
        Shape of `x`.

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
    return ops.gelu(x) if approximate == "none" else ops.gelu_tanh(x)


def softmax(x: Any, /, axis: int = -1) -> Tensor:
    """`exp(x) / sum(exp(x))` along one axis, without overflow.

    Parameters
    ----------
    x : array-like
        At least 1-D, floating.
    axis : int
        Along which the results sum to 1.

    Returns
    -------
    Tensor
        Shape of `x`; positive, with sum 1 along `axis`.

    Raises
    ------
    AxisError
        For an axis that `x` does not have.
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softmax([1000.0, 1000.0])
    tensor([0.5, 0.5])
    """
    if type(axis) is not int or not -64 < axis < 64:  # those in range, the kernel checks
        axis = checked_axis("softmax", axis, asarray(x).ndim)
    return softmax_ops.softmax(x, axis)


def log_softmax(x: Any, /, axis: int = -1) -> Tensor:
    """`x - log(sum(exp(x)))` along one axis, without overflow or loss of small probabilities.

    Parameters
    ----------
    x : array-like
        At least 1-D, floating.
    axis : int
        Along which the exponentials of the results sum to 1.

    Returns
    -------
    Tensor
        Shape of `x`.

    Raises
    ------
    AxisError
        For an axis that `x` does not have.
    TypeError
        For an axis that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.log_softmax([0.0, -1000.0])
    tensor([    0., -1000.])
    """
    if type(axis) is not int or not -64 < axis < 64:  # those in range, the kernel checks
        axis = checked_axis("log_softmax", axis, asarray(x).ndim)
    return softmax_ops.log_softmax(x, axis)


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
    x = asarray(input)
    if not x.dtype.is_floating:
        raise TypeError(f"softmin: input is {x.dtype.name}, but must be floating")
    return softmax_ops.softmax(-x, axis_of("softmin", dim, x))
