"""Activation functions made of straight pieces as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from . import functional
from .activations import Activation
from .functional._checks import not_negative
from .functional.piecewise import bounds, slopes
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "PReLU",
    "RReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


class Hardtanh(Activation):
    """Limits to [min_val, max_val].

    Parameters
    ----------
    min_val, max_val : float
        The bounds.

    Raises
    ------
    ValueError
        Where `min_val` is above `max_val`.
    TypeError
        For bounds that are no real numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Hardtanh()(tw.asarray([-2.0, 0.5, 2.0]))
    tensor([-1. ,  0.5,  1. ])
    """

    _function = staticmethod(functional.hardtanh)
    _options = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        self.min_val, self.max_val = bounds("Hardtanh", min_val, max_val)


class ReLU6(Activation):
    """ReLU up to 6, `min(max(x, 0), 6)`.

    References
    ----------
    A. Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReLU6()(tw.asarray([-1.0, 2.0, 9.0]))
    tensor([0., 2., 6.])
    """

    _function = staticmethod(functional.relu6)


class Hardsigmoid(Activation):
    """A sigmoid of straight pieces, `min(max(x + 3, 0), 6) / 6`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Hardsigmoid()(tw.asarray([-9.0, 0.0, 9.0]))
    tensor([0. , 0.5, 1. ])
    """

    _function = staticmethod(functional.hardsigmoid)


class Hardswish(Activation):
    """`x * hardsigmoid(x)`.

    References
    ----------
    A. Howard et al., Searching for MobileNetV3, ICCV 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Hardswish()(tw.asarray([0.0, 1.5, 9.0]))
    tensor([0.   , 1.125, 9.   ])
    """

    _function = staticmethod(functional.hardswish)


class Hardshrink(Activation):
    """`x`, but 0 where `|x| <= lambd`.

    Parameters
    ----------
    lambd : float
        At least 0.

    Raises
    ------
    ValueError
        For a negative `lambd`.
    TypeError
        For one that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Hardshrink()(tw.asarray([-2.0, 0.5, 1.0]))
    tensor([-2.,  0.,  1.])
    """

    _function = staticmethod(functional.hardshrink)
    _options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = not_negative("Hardshrink", "lambd", lambd)


class Softshrink(Activation):
    """`x` nearer to 0 by `lambd`, and 0 where `|x| <= lambd`.

    Parameters
    ----------
    lambd : float
        At least 0.

    Raises
    ------
    ValueError
        For a negative `lambd`.
    TypeError
        For one that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Softshrink()(tw.asarray([-2.0, 0.5, 1.0]))
    tensor([-1.5,  0. ,  0.5])
    """

    _function = staticmethod(functional.softshrink)
    _options = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = not_negative("Softshrink", "lambd", lambd)


class Threshold(Activation):
    """`x` where it is above a threshold, else a value.

    Parameters
    ----------
    threshold, value : float
        What `x` must be above, and what stands elsewhere.

    Raises
    ------
    TypeError
        For parameters that are no real numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Threshold(1.0, -5.0)(tw.asarray([0.0, 1.0, 2.0]))
    tensor([-5., -5.,  2.])
    """

    _function = staticmethod(functional.threshold)
    _options = ("threshold", "value")

    def __init__(self, threshold: float, value: float) -> None:
        self.threshold = arguments.number("Threshold", "threshold", threshold)
        self.value = arguments.number("Threshold", "value", value)


class PReLU(Module):
    """`x` where positive, else `weight * x`, with a weight that is learned.

    Parameters
    ----------
    num_parameters : int
        1, or the number of channels, axis 1: one weight for each.
    init : float
        Their starting value.
    dtype : dtype-like
        Of the weight.

    Attributes
    ----------
    weight : Parameter, shape (num_parameters,)

    Raises
    ------
    ValueError
        For less than one parameter; when called, where there are several, but not one for each channel.
    TypeError
        For a number of parameters that is no integer, a start that is no real number, or a dtype that is not floating.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.PReLU()(tw.asarray([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    weight: Parameter

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = "float32") -> None:
        self.num_parameters = arguments.integer("PReLU", "num_parameters", num_parameters, at_least=1)
        start, kind = arguments.number("PReLU", "init", init), as_floating("PReLU", dtype)
        shape = arguments.shape("PReLU", self.num_parameters, "num_parameters")
        self.weight = Parameter(_core.full(shape, start, kind))

    def forward(self, input: Any) -> Tensor:
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """`x` where positive, else `a * x`: in training with a random `a` for each element, else with their mean.

    Parameters
    ----------
    lower, upper : float
        The slopes are uniform in [lower, upper).
    generator : Generator, optional
        Where the slopes are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For slopes that are not finite, or `lower` above `upper`.
    TypeError
        For slopes that are no real numbers, or a generator that is none.

    References
    ----------
    B. Xu, N. Wang, T. Chen, M. Li, Empirical Evaluation of Rectified Activations in Convolutional Network,
    arXiv:1505.00853, 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.RReLU(0.25, 0.75).eval()(tw.asarray([-1.0, 2.0]))
    tensor([-0.5,  2. ])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, *, generator: Generator | None = None) -> None:
        self.lower, self.upper = slopes("RReLU", lower, upper)
        self.generator = None if generator is None else random.source("RReLU", generator)

    def forward(self, input: Any) -> Tensor:
        return functional.rrelu(input, self.lower, self.upper, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        return f"lower={self.lower}, upper={self.upper}"
