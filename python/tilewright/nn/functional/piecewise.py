"""Activation functions made of straight pieces, and one parabola."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._functions import activations as ops
from ..._functions.manipulation import reshape
from ._checks import not_negative
from ._documented import activation, documented

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "prelu",
    "relu6",
    "rrelu",
    "softshrink",
    "threshold",
]


def bounds(op: str, min_val: Any, max_val: Any) -> tuple[float, float]:
    """Those of `hardtanh`, checked."""
    low, high = arguments.number(op, "min_val", min_val), arguments.number(op, "max_val", max_val)
    if low > high:
        raise ValueError(f"{op}: min_val is {low}, above max_val {high}")
    return low, high


def slopes(op: str, lower: Any, upper: Any) -> tuple[float, float]:
    """Those that `rrelu` draws between, checked."""
    low, high = arguments.number(op, "lower", lower), arguments.number(op, "upper", upper)
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"{op}: lower is {low} and upper {high}, but they must be finite and in that order")
    return low, high


@documented
def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """Limit to [min_val, max_val]; the gradient at the bounds and beyond is 0.

    Parameters
    ----------
    min_val, max_val : float
        The bounds.

    Raises
    ------
    ValueError
        Where `min_val` is above `max_val`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.hardtanh([-2.0, 0.5, 2.0])
    tensor([-1. ,  0.5,  1. ])
    """
    return ops.hardtanh(input, *bounds("hardtanh", min_val, max_val))


@documented
def relu6(input: Any) -> Tensor:
    """ReLU up to 6, `min(max(x, 0), 6)`; the gradient is 0 at 0 and 6, too.

    References
    ----------
    A. Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.relu6([-1.0, 2.0, 9.0])
    tensor([0., 2., 6.])
    """
    return ops.hardtanh(input, 0.0, 6.0)


@activation(ops.hardsigmoid)
def hardsigmoid(input: Any) -> Tensor:
    """A sigmoid of straight pieces, `min(max(x + 3, 0), 6) / 6`; the gradient at -3 and 3 is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.hardsigmoid([-9.0, 0.0, 9.0])
    tensor([0. , 0.5, 1. ])
    """
    return ops.hardsigmoid(input)


@activation(ops.hardswish)
def hardswish(input: Any) -> Tensor:
    """`x * hardsigmoid(x)`: 0 up to -3, where the gradient is 0, `x` from 3 on, where it is 1.

    References
    ----------
    A. Howard et al., Searching for MobileNetV3, ICCV 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.hardswish([-9.0, 1.5, 9.0])
    tensor([-0.   ,  1.125,  9.   ])
    """
    return ops.hardswish(input)


@documented
def hardshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """`x`, but 0 where `|x| <= lambd`, with gradient 0.

    Parameters
    ----------
    lambd : float
        At least 0.

    Raises
    ------
    ValueError
        For a negative `lambd`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.hardshrink([-2.0, 0.5, 1.0])
    tensor([-2.,  0.,  1.])
    """
    return ops.hardshrink(input, not_negative("hardshrink", "lambd", lambd))


@documented
def softshrink(input: Any, lambd: float = 0.5) -> Tensor:
    """`x` nearer to 0 by `lambd`, and 0 where `|x| <= lambd`, with gradient 0.

    Parameters
    ----------
    lambd : float
        At least 0.

    Raises
    ------
    ValueError
        For a negative `lambd`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softshrink([-2.0, 0.5, 1.0])
    tensor([-1.5,  0. ,  0.5])
    """
    return ops.softshrink(input, not_negative("softshrink", "lambd", lambd))


@documented
def threshold(input: Any, threshold: float, value: float) -> Tensor:
    """`x` where it is above a threshold, else a value, with gradient 0.

    Parameters
    ----------
    threshold : float
        What `x` must be above.
    value : float
        What stands elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.threshold([0.0, 1.0, 2.0], 1.0, -5.0)
    tensor([-5., -5.,  2.])
    """
    limit = arguments.number("threshold", "threshold", threshold)
    return ops.threshold(input, limit, arguments.number("threshold", "value", value))


def prelu(input: Any, weight: Any) -> Tensor:
    """`x` where positive, else `weight * x`, with a weight that is learned.

    Parameters
    ----------
    input : array-like
        Any shape; integers and bool become float32.
    weight : array-like
        One number, or one for each channel, which is axis 1 of `input`.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For a weight that is neither one number nor as long as axis 1.
    TypeError
        For complex numbers.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.prelu([[-1.0, -1.0], [2.0, 2.0]], [0.25, 0.5])
    tensor([[-0.25, -0.5 ],
            [ 2.  ,  2.  ]])
    """
    x, w = arguments.array("prelu", "input", input), arguments.array("prelu", "weight", weight)
    if w.size == 1 and w.ndim < 2:
        return ops.prelu(x, reshape(w, ()))
    if w.ndim != 1 or x.ndim < 2 or x.shape[1] != w.shape[0]:
        raise ValueError(
            f"prelu: weight {w.shape} and input {x.shape}; the weight must be one number or have one for each of the "
            "input's channels, axis 1"
        )
    return ops.prelu(x, reshape(w, (-1,) + (1,) * (x.ndim - 2)))


def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """`x` where positive, else `a * x`: in training with a random `a` for each element, else with their mean.

    Parameters
    ----------
    input : array-like
        Any shape; integers and bool become float32.
    lower, upper : float
        The slopes are uniform in [lower, upper).
    training : bool
        Where False, the slope is `(lower + upper) / 2` everywhere.
    generator : Generator, optional
        Where the slopes are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For slopes that are not finite, or `lower` above `upper`.
    TypeError
        For complex numbers, slopes that are no real numbers, or tensors that require a gradient, and for a generator
        that is none.

    References
    ----------
    B. Xu, N. Wang, T. Chen, M. Li, Empirical Evaluation of Rectified Activations in Convolutional Network,
    arXiv:1505.00853, 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.rrelu([-1.0, 2.0], 0.25, 0.75)
    tensor([-0.5,  2. ])
    """
    lower, upper = slopes("rrelu", lower, upper)
    source = random.source("rrelu", generator)
    if not arguments.flag("rrelu", "training", training):
        return ops.leaky_relu(input, (lower + upper) / 2)
    x = arguments.array("rrelu", "input", input)
    dtype = x.dtype if x.dtype.is_floating else "float32"
    return ops.prelu(x, source.uniform(lower, upper, x.shape, dtype, device=x.device))
