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
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
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
    return _fill_from_numpy(tensor, np.ascontiguousarray(values))


def _fill_from_numpy(tensor: Tensor, values: Any) -> Tensor:
    array = _core.from_buffer(values, False)
    return _fill(tensor, _core.to_device(array, tensor.device))


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: 1 on the diagonal, 0 elsewhere.

    Parameters
    ----------
    tensor : Tensor, shape (m, n)

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For another number of axes, or a tensor that is read-only.
    TypeError
        For anything but a Tensor.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.eye_(tw.empty((2, 3)))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    import numpy as np

    _check("eye_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"eye_: tensor has shape {tensor.shape}, but needs two axes")
    return _fill_from_numpy(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it gives its input back, as far as there are channels.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        Three to five axes.
    groups : int
        Of the convolution: each gives its own channels back.

    Returns
    -------
    Tensor
        The same tensor: 1 at the centre of kernel `[i, i]` of each group, 0 elsewhere.

    Raises
    ------
    ValueError
        For another number of axes, channels that the groups do not divide, or a tensor that is read-only.
    TypeError
        For anything but a Tensor, and groups that are no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.init.dirac_(tw.empty((2, 2, 3)))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    import numpy as np

    _check("dirac_", tensor)
    groups = arguments.integer("dirac_", "groups", groups, at_least=1)
    shape = tensor.shape
    if not 3 <= len(shape) <= 5:
        raise ValueError(f"dirac_: tensor has shape {shape}, but needs three to five axes")
    if shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} output channels cannot be divided among {groups} groups")
    values = np.zeros(shape)
    centre = tuple(length // 2 for length in shape[2:])
    for first in range(0, shape[0], shape[0] // groups or 1):
        for i in range(min(shape[0] // groups, shape[1]) if 0 not in shape else 0):
            values[(first + i, i, *centre)] = 1
    return _fill_from_numpy(tensor, values)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normally distributed numbers, and a part of each column with 0.

    Parameters
    ----------
    tensor : Tensor, shape (m, n)
    sparsity : float
        In [0, 1]: of each column, `ceil(sparsity * m)` elements at random places are 0.
    std : float
        Standard deviation of the others, whose mean is 0.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For another number of axes, a `sparsity` outside [0, 1], a `std` that is not finite and at least 0, or a tensor
        that is read-only.
    TypeError
        For anything but a floating Tensor, and for numbers that are not real.

    References
    ----------
    J. Martens, Deep learning via Hessian-free optimization, ICML 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.sparse_(tw.empty((10, 4)), 0.3)
    >>> (weight == 0).sum(0)
    tensor([3, 3, 3, 3])
    """
    import numpy as np

    _check_floating("sparse_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: tensor has shape {tensor.shape}, but needs two axes")
    sparsity = arguments.probability("sparse_", "sparsity", sparsity)
    std = _finite("sparse_", "std", std, at_least=0)
    source = random.source("sparse_", generator)
    values = source.standard_normal(tensor.shape, "float64").numpy() * std
    order = np.argsort(source.uniform(0.0, 1.0, tensor.shape, "float64").numpy(), axis=0)
    np.put_along_axis(values, order[: math.ceil(sparsity * tensor.shape[0])], 0.0, axis=0)
    return _fill_from_numpy(tensor, values)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normally distributed numbers, none outside `[a, b]`.

    Parameters
    ----------
    tensor : Tensor
    mean, std : float
        Of the normal distribution that is cut off.
    a, b : float
        The smallest and the largest value, not in units of `std`.
    generator : Generator, optional

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    ValueError
        For a `std` that is not positive, `a` that is not below `b`, an interval beyond all numbers, or a tensor that is
        read-only.
    TypeError
        For anything but a floating Tensor, and for numbers that are not real.

    Notes
    -----
    Numbers are drawn again until they lie in `[a, b]`: normal ones, or, where few of those would lie there, uniform
    ones that are taken with a probability in proportion to the density.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.trunc_normal_(tw.empty((100, 100)), std=0.02, a=-0.04, b=0.04)
    >>> bool(abs(weight).max() <= 0.04)
    True
    """
    _check_floating("trunc_normal_", tensor)
    mean = _finite("trunc_normal_", "mean", mean)
    std = _finite("trunc_normal_", "std", std)
    a, b = arguments.number("trunc_normal_", "a", a), arguments.number("trunc_normal_", "b", b)
    if not std > 0:
        raise ValueError(f"trunc_normal_: std is {std}, but must be positive")
    if not a < b:
        raise ValueError(f"trunc_normal_: a is {a} and b is {b}, but a must be below b")
    low, high = (a - mean) / std, (b - mean) / std
    if low == math.inf or high == -math.inf:
        raise ValueError(f"trunc_normal_: a is {a} and b is {b}, too far from mean {mean} with std {std}")
    source = random.source("trunc_normal_", generator)
    values = _between(low, high, tensor.size, source) * std + mean
    return _fill_from_numpy(tensor, values.clip(a, b).reshape(tensor.shape))


def _between(low: float, high: float, count: int, source: Generator) -> Any:
    """So many standard normal numbers in [low, high], by rejection."""
    import numpy as np

    mass = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    # Of the interval, what is closest to 0, and the end of what is not beyond exp(-40) of the density there.
    mode = min(max(low, 0.0), high)
    reach = math.sqrt(mode * mode + 80)
    ends = max(low, -reach), min(high, reach)
    values = np.empty(count)
    missing = np.arange(count)
    while missing.size:
        if mass > 0.25:
            drawn = source.standard_normal(missing.size, "float64").numpy()
            taken = (low <= drawn) & (drawn <= high)
        else:
            drawn = source.uniform(*ends, missing.size, "float64").numpy()
            density = np.exp((mode * mode - drawn * drawn) / 2)
            taken = source.uniform(0.0, 1.0, missing.size, "float64").numpy() < density
        values[missing[taken]] = drawn[taken]
        missing = missing[~taken]
    return values
