"""Activation functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine import arguments
from ..._engine.keywords import named
from ..._engine.tensor import asarray
from ..._functions import activations as ops, softmax as softmax_ops, trigonometric
from ..._functions.elementwise import unary_sections
from ..._functions.manipulation import _axis as checked_axis

if TYPE_CHECKING:
    from collections.abc import Callable

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


F = TypeVar("F", bound="Callable[..., Any]")


def activation(op: Any, rule: str = "floating") -> Callable[[F], F]:
    """Declare the function of an op that has no parameters but its argument.

    Parameters
    ----------
    op
        What calls by position go to. The function's own body is for calls by name.
    rule
        What the dtype of the result is, for the docstring: see `unary_sections`.
    """

    def declare(function: F) -> F:
        unary_sections(function, "input", rule)
        return named(op)(function)

    return declare


@activation(ops.relu, "same")
def relu(input: Any) -> Tensor:
    """Rectified linear unit, `max(input, 0)`; its gradient at 0 is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.relu([-1.0, 2.0])
    tensor([0., 2.])
    """
    return ops.relu(input)


@activation(ops.sigmoid)
def sigmoid(input: Any) -> Tensor:
    """Logistic function, `1 / (1 + exp(-input))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.sigmoid([0.0, 100.0])
    tensor([0.5, 1. ])
    """
    return ops.sigmoid(input)


@activation(ops.silu)
def silu(input: Any) -> Tensor:
    """Sigmoid linear unit (swish), `input * sigmoid(input)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.silu([0.0, 50.0])
    tensor([ 0., 50.])
    """
    return ops.silu(input)


@activation(ops.softplus)
def softplus(input: Any) -> Tensor:
    """A smooth ReLU, `log(1 + exp(input))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softplus([-200.0, 200.0])
    tensor([  0., 200.])
    """
    return ops.softplus(input)


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


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Tensor:
    """`input` where positive, else `negative_slope * input`.

    Parameters
    ----------
    input : array-like
        Integers and bool become float32.
    negative_slope : float

    Returns
    -------
    Tensor
        Shape of `input`.

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
    return ops.leaky_relu(input, negative_slope)


def elu(input: Any, alpha: float = 1.0) -> Tensor:
    """`input` where positive, else `alpha * (exp(input) - 1)`.

    Parameters
    ----------
    input : array-like
        Integers and bool become float32.
    alpha : float

    Returns
    -------
    Tensor
        Shape of `input`.

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
