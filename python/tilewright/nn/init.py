"""Starting values for parameters. Each function fills the given tensor in place and returns it.

A network learns well where the scale of the activations, and of the gradients on the way back, stays the same from
layer to layer. Xavier (Glorot) initialisation holds both for tanh-like activations, Kaiming (He) initialisation for
ReLU-like ones. Values come from `generator`, by default `tilewright.random.default_generator`.
"""

from __future__ import annotations

import cmath
import math
import operator
from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.tape import mark_written
from .._engine.tensor import Tensor

if TYPE_CHECKING:
    from ..random import Generator

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _check(op: str, tensor: Any) -> None:
    """Raise where it is no tensor that can be filled."""
    if not isinstance(tensor, Tensor):
        arguments.refuse(op, "tensor", tensor, "a Tensor")
    if tensor._array.readonly:
        raise ValueError(f"{op}: tensor of shape {tensor.shape} is read-only")


def _check_floating(op: str, tensor: Any) -> None:
    _check(op, tensor)
    if not tensor.dtype.is_floating:
        raise TypeError(f"{op}: tensor has dtype {tensor.dtype.name}, but must be floating")


def _finite(op: str, name: str, value: Any, at_least: float = -math.inf) -> float:
    value = arguments.number(op, name, value)
    if not (math.isfinite(value) and value >= at_least):
        raise ValueError(f"{op}: {name} is {value}, but must be finite" + (" and at least 0" if at_least == 0 else ""))
    return value


def _fill(tensor: Tensor, values: Any) -> Tensor:
    _core.assign(tensor._array, values)
    mark_written([tensor._array])
    return tensor


def _fill_with_number(op: str, tensor: Tensor, value: Any) -> Tensor:
    _check(op, tensor)
    number = _number(op, value)
    dtype = tensor.dtype
    try:
        held: Any = _core.item(_core.full((), number, dtype))
        fits = cmath.isfinite(held) or not cmath.isfinite(number)
    except TypeError:
        arguments.refuse(op, "value", number, f"a real number to fill a tensor of {dtype.name}")
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise ValueError(f"{op}: value is {arguments.shown(number)}, which {dtype.name} cannot hold")
    return _fill(tensor, number)


def _uniform(op: str, tensor: Tensor, low: Any, high: Any, generator: Any) -> Tensor:
    source = random.source(op, generator)
    return _fill(tensor, source._uniform(op, low, high, tensor.shape, tensor.dtype, tensor.device)._array)


def _normal(op: str, tensor: Tensor, mean: Any, std: Any, generator: Any) -> Tensor:
    source = random.source(op, generator)
    values = source._normal(op, mean, std, tensor.shape, tensor.dtype, tensor.device, ("mean", "std"))
    return _fill(tensor, values._array)


def _number(op: str, value: Any) -> complex:
    """A Python number, as narrow as it can be, from one or from a 0-d array."""
    if type(value) in (bool, int, float, complex):
        return value
    if getattr(value, "ndim", 0) == 0:
        try:
            return operator.index(value)
        except (TypeError, ValueError):
            pass
        if isinstance(value, complex) or arguments.is_complex(value):
            return complex(value)
    return arguments.number(op, "value", value)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with 0.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        For anything but a Tensor.
    ValueError
        Where it is read-only.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.zeros_(tw.ones(3))
    tensor([0., 0., 0.])
    """
    _check("zeros_", tensor)
    return _fill(tensor, 0)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with 1.

    Parameters
    ----------
    tensor : Tensor

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        For anything but a Tensor.
    ValueError
        Where it is read-only.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.ones_(tw.zeros(3))
    tensor([1., 1., 1.])
    """
    _check("ones_", tensor)
    return _fill(tensor, 1)


def constant_(tensor: Tensor, value: float) -> Tensor:
    """Fill with a number.

    Parameters
    ----------
    tensor : Tensor
    value : float

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        For anything but a Tensor, and for a value that is no number, or complex where the tensor is not.
    ValueError
        Where the tensor is read-only, or its dtype cannot hold the value.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.constant_(tw.zeros(3), 0.5)
    tensor([0.5, 0.5, 0.5])
    """
    return _fill_with_number("constant_", tensor, value)


def uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform in `[low, high)`.

    Parameters
    ----------
    tensor : Tensor
        Floating.
    low, high : float
        Ends of the interval.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        Where `low` exceeds `high`, the dtype cannot hold one of them or their difference, or the tensor is read-only.
    TypeError
        For anything but a floating Tensor, and for ends that are no real numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.uniform_(tw.empty((100, 100)), -0.1, 0.1)
    >>> bool(abs(weight).max() <= 0.1)
    True
    """
    _check_floating("uniform_", tensor)
    return _uniform("uniform_", tensor, low, high, generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers.

    Parameters
    ----------
    tensor : Tensor
        Floating.
    mean, std : float
        Mean and standard deviation.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For a negative `std`, where numbers could be drawn that the dtype cannot hold, or the tensor is read-only.
    TypeError
        For anything but a floating Tensor, and for a mean or a deviation that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.normal_(tw.empty((100, 100)), std=0.01)
    >>> bool(abs(weight).max() < 0.1)
    True
    """
    _check_floating("normal_", tensor)
    return _normal("normal_", tensor, mean, std, generator)


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
        slope = 0.01 if param is None else _finite("calculate_gain", "param", param)
        return math.sqrt(2 / (1 + slope * slope))
    if nonlinearity == "selu":
        return 3 / 4
    raise ValueError(f"calculate_gain: no gain is known for {nonlinearity!r}")


def _fans(op: str, tensor: Tensor) -> tuple[int, int]:
    """How many inputs an output sums, and how many outputs an input reaches: weights are (out, in, *kernel)."""
    _check_floating(op, tensor)
    shape = tensor.shape
    if len(shape) < 2:
        raise ValueError(f"{op}: tensor has shape {shape}, but fans need at least two axes (out, in)")
    receptive = math.prod(shape[2:])
    return shape[1] * receptive, shape[0] * receptive


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform in `(-a, a)`, `a = gain * sqrt(6 / (fan_in + fan_out))`.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
    gain : float
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For fewer than two axes, a gain that is not finite or negative, or a tensor that is read-only.
    TypeError
        For anything but a floating Tensor, and for a gain that is no real number.

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
    bound = _finite("xavier_uniform_", "gain", gain, at_least=0) * math.sqrt(6 / fans)
    return _uniform("xavier_uniform_", tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers of standard deviation `gain * sqrt(2 / (fan_in + fan_out))`.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
    gain : float
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For fewer than two axes, a gain that is not finite or negative, or a tensor that is read-only.
    TypeError
        For anything but a floating Tensor, and for a gain that is no real number.

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
    std = _finite("xavier_normal_", "gain", gain, at_least=0) * math.sqrt(2 / fans)
    return _normal("xavier_normal_", tensor, 0.0, std, generator)


def _kaiming_std(op: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _fans(op, tensor)[arguments.option(op, "mode", mode, ("fan_in", "fan_out")) == "fan_out"]
    return calculate_gain(nonlinearity, _finite(op, "a", a)) / math.sqrt(fan or 1)


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
    tensor : Tensor, shape (out, in, ...)
    a : float
        Slope of the leaky ReLU that follows; 0 is ReLU.
    mode : {"fan_in", "fan_out"}
        Keep the scale of the activations, or that of the gradients.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For fewer than two axes, an unknown `mode` or `nonlinearity`, a slope that is not finite, or a tensor that is
        read-only.
    TypeError
        For anything but a floating Tensor, and for options of another kind.

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
    return _uniform("kaiming_uniform_", tensor, -bound, bound, generator)


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
    tensor : Tensor, shape (out, in, ...)
    a : float
        Slope of the leaky ReLU that follows; 0 is ReLU.
    mode : {"fan_in", "fan_out"}
        Keep the scale of the activations, or that of the gradients.
    nonlinearity : str
        See `calculate_gain`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For fewer than two axes, an unknown `mode` or `nonlinearity`, a slope that is not finite, or a tensor that is
        read-only.
    TypeError
        For anything but a floating Tensor, and for options of another kind.

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
    return _normal("kaiming_normal_", tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with a random orthogonal matrix: its rows, or its columns where those are fewer, are orthonormal.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        Seen as a matrix of shape (out, everything else).
    gain : float
        Factor on all elements.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For fewer than two axes, a gain that is not finite, or a tensor that is read-only.
    TypeError
        For anything but a floating Tensor, and for a gain that is no real number.

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
    gain = _finite("orthogonal_", "gain", gain)
    source = random.source("orthogonal_", generator)
    normal = source.standard_normal((max(rows, columns), min(rows, columns)), "float64").numpy()
    q, r = np.linalg.qr(normal)
    q = q * (np.sign(np.diag(r)) * gain)
    values = (q if rows >= columns else q.T).reshape(tensor.shape)
    return _fill(tensor, _core.to_device(_core.from_buffer(np.ascontiguousarray(values), False), tensor.device))
