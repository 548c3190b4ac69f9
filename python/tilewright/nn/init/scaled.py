"""Draws that keep the scale of activations or gradients from layer to layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor
from ._fill import check_floating, documented, fill_from_numpy, finite
from .distributions import normal, uniform

if TYPE_CHECKING:
    from ...random import Generator

__all__ = [
    "calculate_gain",
    "kaiming_normal_",
    "kaiming_uniform_",
    "orthogonal_",
    "xavier_normal_",
    "xavier_uniform_",
]

_GAIN = "fewer than two axes, a gain that is not finite or negative"
_OPTIONS = "fewer than two axes, an unknown `mode` or `nonlinearity`, a slope that is not finite"


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which weights should exceed `1 / sqrt(fan)` in front of an activation.

    Parameters
    ----------
    nonlinearity : str
        "linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu", or the name of a convolution.
    param : float, optional
        Slope of "leaky_relu"; by default 0.01.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For an activation without a known gain, or a slope that is not finite.
    TypeError
        For a name that is no str, or a slope that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> round(tw.nn.init.calculate_gain("relu") ** 2, 6)
    2.0
    """
    if not isinstance(nonlinearity, str):
        arguments.refuse("calculate_gain", "nonlinearity", nonlinearity, "a str")
    if nonlinearity in ("linear", "sigmoid") or nonlinearity.startswith("conv"):
        return 1.0
    if nonlinearity == "tanh":
        return 5 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else finite("calculate_gain", "param", param)
        return math.sqrt(2 / (1 + slope * slope))
    if nonlinearity == "selu":
        return 3 / 4
    raise ValueError(f"calculate_gain: no gain is known for {nonlinearity!r}")


def _fans(op: str, tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output sums, and how many outputs an input reaches: weights are (out, in, *kernel)."""
    check_floating(op, tensor)
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"{op}: tensor has shape {shape}, but fans need at least two axes (out, in)")
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


@documented("(out, in, ...)", _GAIN, "a gain that is no real number")
def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform in `(-a, a)`, `a = gain * sqrt(6 / (fan_in + fan_out))`.

    Parameters
    ----------
    gain : float
        See `calculate_gain`.

    References
    ----------
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.xavier_uniform_(tw.empty((3, 3)))
    >>> bool(abs(weight).max() <= 1)
    True
    """
    fans = sum(_fans("xavier_uniform_", tensor)) or 1
    bound = finite("xavier_uniform_", "gain", gain, at_least=0) * math.sqrt(6 / fans)
    return uniform("xavier_uniform_", tensor, -bound, bound, generator)


@documented("(out, in, ...)", _GAIN, "a gain that is no real number")
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers of standard deviation `gain * sqrt(2 / (fan_in + fan_out))`.

    Parameters
    ----------
    gain : float
        See `calculate_gain`.

    References
    ----------
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.xavier_normal_(tw.empty((200, 300)))
    >>> round(weight.std().item(), 2)
    0.06
    """
    fans = sum(_fans("xavier_normal_", tensor)) or 1
    std = finite("xavier_normal_", "gain", gain, at_least=0) * math.sqrt(2 / fans)
    return normal("xavier_normal_", tensor, 0.0, std, generator)


def _kaiming_std(op: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _fans(op, tensor)[arguments.option(op, "mode", mode, ("fan_in", "fan_out")) == "fan_out"]
    return calculate_gain(nonlinearity, finite(op, "a", a)) / math.sqrt(fan or 1)


@documented("(out, in, ...)", _OPTIONS, "options of another kind")
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with numbers uniform in `(-b, b)`, `b = gain * sqrt(3 / fan)`.

    Parameters
    ----------
    a : float
        Slope of the leaky ReLU that follows; 0 is ReLU.
    mode : {"fan_in", "fan_out"}
        Keep the scale of the activations, or that of the gradients.
    nonlinearity : str
        See `calculate_gain`.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.kaiming_uniform_(tw.empty((10, 6)))
    >>> bool(abs(weight).max() <= 1)
    True
    """
    bound = math.sqrt(3) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform("kaiming_uniform_", tensor, -bound, bound, generator)


@documented("(out, in, ...)", _OPTIONS, "options of another kind")
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal numbers of standard deviation `gain / sqrt(fan)`.

    Parameters
    ----------
    a : float
        Slope of the leaky ReLU that follows; 0 is ReLU.
    mode : {"fan_in", "fan_out"}
        Keep the scale of the activations, or that of the gradients.
    nonlinearity : str
        See `calculate_gain`.

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.kaiming_normal_(tw.empty((300, 200)), nonlinearity="relu")
    >>> round(weight.std().item(), 2)
    0.1
    """
    std = _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal("kaiming_normal_", tensor, 0.0, std, generator)


@documented("(out, in, ...)", "fewer than two axes, a gain that is not finite", "a gain that is no real number")
def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with a random orthogonal matrix: its rows, or its columns where those are fewer, are orthonormal.

    The tensor is seen as a matrix of shape (out, everything else).

    Parameters
    ----------
    gain : float
        Factor on all elements.

    References
    ----------
    A. Saxe, J. McClelland, S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks, ICLR 2014. F. Mezzadri, How to generate random matrices from the classical compact groups, 2007 (why
    the signs of R's diagonal are multiplied in).

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.orthogonal_(tw.empty((4, 8)))
    >>> bool(abs(weight @ weight.T - tw.eye(4)).max() < 1e-5)
    True
    """
    import numpy as np  # here: the package does not import it

    _fans("orthogonal_", tensor)
    rows = tensor.shape[0]
    columns = math.prod(tensor.shape[1:])
    gain = finite("orthogonal_", "gain", gain)
    source = random.source("orthogonal_", generator)
    normal = source.standard_normal((max(rows, columns), min(rows, columns)), "float64").numpy()
    q, r = np.linalg.qr(normal)
    q = q * (np.sign(np.diag(r)) * gain)
    values = (q if rows >= columns else q.T).reshape(tensor.shape)
    return fill_from_numpy(tensor, np.ascontiguousarray(values))
