"""Activation functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from ..._functions import activations as ops, softmax as softmax_ops
from ..._functions.activations import relu, sigmoid, silu, softplus
from ..._functions.manipulation import _axis as checked_axis
from ..._functions.trigonometric import tanh

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = [
    "elu",
    "gelu",
    "leaky_relu",
    "log_softmax",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]


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
