"""Draws from a distribution that is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor
from ._fill import check_floating, documented, fill, fill_from_numpy, finite

if TYPE_CHECKING:
    from ...random import Generator

__all__ = [
    "normal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
]


def uniform(op: str, tensor: Tensor, low: Any, high: Any, generator: Any) -> Tensor:
    source = random.source(op, generator)
    return fill(tensor, source._uniform(op, low, high, tensor.shape, tensor.dtype, tensor.device)._array)


def normal(op: str, tensor: Tensor, mean: Any, std: Any, generator: Any) -> Tensor:
    source = random.source(op, generator)
    values = source._normal(op, mean, std, tensor.shape, tensor.dtype, tensor.device, ("mean", "std"))
    return fill(tensor, values._array)


@documented(
    values="`low` above `high`, ends or a difference that the dtype cannot hold",
    kinds="ends that are no real numbers",
)
def uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with numbers uniform in `[low, high)`.

    Parameters
    ----------
    low, high : float
        Ends of the interval.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.uniform_(tw.empty((100, 100)), -0.1, 0.1)
    >>> bool(abs(weight).max() <= 0.1)
    True
    """
    check_floating("uniform_", tensor)
    return uniform("uniform_", tensor, low, high, generator)


@documented(
    values="a negative `std`, a range of numbers that the dtype cannot hold",
    kinds="a mean or a deviation that is no real number",
)
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normally distributed numbers.

    Parameters
    ----------
    mean, std : float
        Mean and standard deviation.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight = tw.nn.init.normal_(tw.empty((100, 100)), std=0.01)
    >>> bool(abs(weight).max() < 0.1)
    True
    """
    check_floating("normal_", tensor)
    return normal("normal_", tensor, mean, std, generator)


@documented(
    values="a `std` that is not positive, `a` that is not below `b`, an interval beyond all numbers",
    kinds="numbers that are not real",
)
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
    mean, std : float
        Of the normal distribution that is cut off.
    a, b : float
        The smallest and the largest value, not in units of `std`.

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
    check_floating("trunc_normal_", tensor)
    mean = finite("trunc_normal_", "mean", mean)
    std = finite("trunc_normal_", "std", std)
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
    return fill_from_numpy(tensor, values.clip(a, b).reshape(tensor.shape))


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


@documented(
    "(m, n)",
    "another number of axes, a `sparsity` outside [0, 1], a `std` that is not finite and at least 0",
    "numbers that are not real",
)
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Fill a matrix with normally distributed numbers, and a part of each column with 0.

    Parameters
    ----------
    sparsity : float
        In [0, 1]: of each column, `ceil(sparsity * m)` elements at random places are 0.
    std : float
        Standard deviation of the others, whose mean is 0.

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

    check_floating("sparse_", tensor)
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: tensor has shape {tensor.shape}, but needs two axes")
    sparsity = arguments.probability("sparse_", "sparsity", sparsity)
    std = finite("sparse_", "std", std, at_least=0)
    source = random.source("sparse_", generator)
    values = source.standard_normal(tensor.shape, "float64").numpy() * std
    order = np.argsort(source.uniform(0.0, 1.0, tensor.shape, "float64").numpy(), axis=0)
    np.put_along_axis(values, order[: math.ceil(sparsity * tensor.shape[0])], 0.0, axis=0)
    return fill_from_numpy(tensor, values)
