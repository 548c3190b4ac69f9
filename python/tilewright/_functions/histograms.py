"""Counts: of integers, and of numbers that fall between edges, in one and several dimensions."""

from __future__ import annotations

import math

from .. import _core
from .._engine.arguments import array, entries, flag, has_axes, integer, is_integer, number
from .._engine.tensor import Tensor
from .creation import linspace, ones, zeros
from .differences import diff
from .extrema import clip, maximum, minimum
from .indexing import scatter_add, take, where
from .logical import isfinite, logical_and
from .manipulation import astype, permute_dims, ravel, reshape
from .order_statistics import percentile
from .reductions import all, any, max, min, ordered, sum
from .rounding import floor
from .searching import searchsorted
from .statistics import mean, ptp, std

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]

_MOST_BINS = 1 << 40
_BLOCK = 1 << 16  # numbers whose bins are looked for at once, in the caches
_FEW_EDGES = 1 << 12  # or adding up the counts of blocks takes too long


def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each integer from 0 on occurs, or the sum of the weights of those that are it.

    Parameters
    ----------
    x : array-like, shape (n,)
        Integers that are not negative.
    weights : array-like, shape (n,), optional
        What each counts. They have a gradient.
    minlength : int
        Fewest entries of the result.

    Returns
    -------
    Tensor
        1-D, up to the largest of `x`: int64; with weights their dtype, where they are integers float32.

    Raises
    ------
    ValueError
        Where `x` is not 1-D or has negative numbers, or the weights have another shape.
    TypeError
        Where `x` are no integers, or the weights complex.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bincount([0, 1, 1, 3])
    tensor([1, 2, 0, 1])
    >>> tw.bincount([0, 1, 1], weights=[0.5, 1.0, 2.0])
    tensor([0.5, 3. ])
    """
    x, minlength = array("bincount", "x", x), integer("bincount", "minlength", minlength, at_least=0)
    if x.ndim != 1:
        raise ValueError(f"bincount: x has shape {x.shape}, but must be 1-D")
    if x.dtype.is_inexact and x.size:
        raise TypeError(f"bincount: x has dtype {x.dtype.name}, but must hold integers")
    x = astype(x, "int64", copy=False)
    if x.size and int(min(x)) < 0:
        raise ValueError("bincount: x has negative numbers")
    length = int(max(x)) + 1 if x.size else 0
    length = length if length > minlength else minlength
    if weights is None:
        return _counted(x, None, length)
    weights = array("bincount", "weights", weights, beside=x)
    if weights.shape != x.shape:
        raise ValueError(f"bincount: weights have shape {weights.shape}, but x {x.shape}")
    if weights.dtype.is_complex:
        raise TypeError(f"bincount: weights have dtype {weights.dtype.name}, but must be real")
    return _counted(x, weights if weights.dtype.is_inexact else astype(weights, _core.default_float(weights)), length)


def _counted(bins: Tensor, weights: Any, count: int) -> Tensor:
    """Numbers of elements in each bin, or sums of their weights, in float64 on the way."""
    if weights is None:
        return scatter_add(zeros(count, dtype="int64", device=bins.device), 0, bins, 1)
    wide = "complex128" if weights.dtype.is_complex else "float64" if weights.dtype.is_floating else "int64"
    y = scatter_add(zeros(count, dtype=wide, device=bins.device), 0, bins, astype(weights, wide, copy=False))
    return astype(y, weights.dtype, copy=False) if weights.dtype.is_inexact else y


# ---- edges -----------------------------------------------------------------------------------------------------------


def _sturges(x: Tensor, extent: float) -> float:
    return extent / (math.log2(x.size) + 1)


def _scott(x: Tensor, extent: float) -> float:
    return (24 * math.pi**0.5 / x.size) ** (1 / 3) * std(x).item()


def _freedman_diaconis(x: Tensor, extent: float) -> float:
    lower, upper = percentile(x, [25, 75]).tolist()
    return 2 * (upper - lower) / x.size ** (1 / 3)


def _doane(x: Tensor, extent: float) -> float:
    if x.size < 3:
        return 0.0
    error = (6 * (x.size - 2) / ((x.size + 1) * (x.size + 3))) ** 0.5
    spread = std(x).item()
    if not spread > 0:
        return 0.0
    skew = mean(((x - mean(x)) / spread) ** 3).item()
    return extent / (1 + math.log2(x.size) + math.log2(1 + abs(skew) / error))


def _stone(x: Tensor, extent: float) -> float:
    """By the least estimated risk of leaving one out."""
    n, most = x.size, int(100 if x.size**0.5 < 100 else x.size**0.5)
    if n <= 1 or not extent:
        return 0.0
    best, width = math.inf, 0.0
    for bins in range(1, most + 1):
        shares = _of_numbers(x, linspace(*_ends(x), bins + 1, dtype="float64", device=x.device), None) / n
        risk = (2 - (n + 1) * sum(shares * shares).item()) / (extent / bins)
        if risk < best:
            best, width = risk, extent / bins
    return width


def _auto(x: Tensor, extent: float) -> float:
    width, sturges = _freedman_diaconis(x, extent), _sturges(x, extent)
    least = extent / x.size**0.5 / 2  # not many more bins than the root of the count
    width = width if width > least else least
    return width if width < sturges else sturges


_ESTIMATORS = {
    "auto": _auto,
    "doane": _doane,
    "fd": _freedman_diaconis,
    "rice": lambda x, extent: extent / (2 * x.size ** (1 / 3)),
    "scott": _scott,
    "sqrt": lambda x, extent: extent / x.size**0.5,
    "stone": _stone,
    "sturges": _sturges,
}


def _ends(x: Tensor) -> tuple[float, float]:
    return float(min(x)), float(max(x))


def _range(op: str, x: Tensor, given: Any) -> tuple[float, float]:
    """The outer edges: a little apart where all elements are equal."""
    if given is not None:
        ends = entries(op, "range", given, "two numbers")
        if len(ends) != 2:
            raise ValueError(f"{op}: range has {len(ends)} entries, but must be two numbers")
        low, high = [number(op, "an entry of range", end) for end in ends]
        if low > high:
            raise ValueError(f"{op}: range is ({low}, {high}), but the first must not exceed the second")
    elif not x.size:
        low, high = 0.0, 1.0
    else:
        low, high = _ends(x)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{op}: the range from {low} to {high} is not finite")
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def _estimated(op: str, x: Tensor, name: str, low: float, high: float, ranged: bool) -> int:
    if name not in _ESTIMATORS:
        raise ValueError(f"{op}: bins is {name!r}, but must be a number, edges, or one of {', '.join(_ESTIMATORS)}")
    x = astype(x, "float64", copy=False)
    if ranged:
        x = x[logical_and(x >= low, x <= high)]
    if not x.size:
        return 1
    width = _ESTIMATORS[name](x, ptp(x).item())
    count = math.ceil((high - low) / width) if width else 1
    return count if count > 1 else 1


def _edges(op: str, x: Tensor, bins: Any, range: Any) -> tuple[Tensor, bool]:
    """The edges, and whether they are equally far from each other."""
    if has_axes(bins) or isinstance(bins, (list, tuple)):
        edges = array(op, "bins", bins, beside=x)
        if edges.ndim != 1 or not edges.size:
            raise ValueError(f"{op}: bins has shape {edges.shape}, but must be a number, or edges, 1-D")
        if bool(any(edges[:-1] > edges[1:])):
            raise ValueError(f"{op}: bins must not decrease")
        return edges, False
    low, high = _range(op, x, range)
    if isinstance(bins, str):
        bins = _estimated(op, x, bins, low, high, range is not None)
    bins = integer(op, "bins", bins, at_least=1, at_most=_MOST_BINS)
    dtype = x.dtype if x.dtype.is_floating and x.dtype.itemsize >= 4 else _core.default_float(x)
    return linspace(low, high, bins + 1, dtype=dtype, device=x.device), True


def _bins(x: Tensor, edges: Tensor, even: bool) -> Tensor:
    """The bin of each element within the edges: as the edges themselves say. The last bin has both of its edges."""
    count = edges.size - 1
    if not even:
        return clip(searchsorted(edges, x, side="right") - 1, 0, count - 1)
    low, high = float(edges[0]), float(edges[-1])
    scaled = (astype(x, "float64", copy=False) - low) * (count / (high - low))
    bins = clip(astype(floor(scaled), "int64"), 0, count - 1)
    bins = bins - astype(x < take(edges, bins, axis=0), "int64")
    bins = maximum(bins, 0)
    return minimum(bins + astype(x >= take(edges, bins + 1, axis=0), "int64"), count - 1)


def _of_numbers(x: Tensor, edges: Tensor, weights: Any, even: bool = True) -> Tensor:
    if weights is None and x.size > _BLOCK and edges.size <= _FEW_EDGES:
        counts = _of_numbers(x[:_BLOCK], edges, None, even)
        for start in range(_BLOCK, x.size, _BLOCK):
            counts = counts + _of_numbers(x[start : start + _BLOCK], edges, None, even)
        return counts
    inside = logical_and(x >= edges[0], x <= edges[-1])
    if not bool(all(inside)):
        x, weights = x[inside], weights if weights is None else weights[inside]
    if edges.size == 1:
        return _counted(zeros(0, dtype="int64", device=x.device), None if weights is None else weights[:0], 0)
    return _counted(_bins(x, edges, even), weights, edges.size - 1)


def _numbers(op: str, name: str, x: Any) -> Tensor:
    x = ordered(op, array(op, name, x).detach())
    return astype(x, "uint8") if x.dtype.name == "bool" else x


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Tensor:
    """The edges that `histogram` counts between.

    Parameters
    ----------
    a : array-like
        Any shape, real; flattened.
    bins : int, str or array-like
        How many; or the name of an estimator: "auto", "doane", "fd", "rice", "scott", "sqrt", "stone", "sturges"; or
        the edges themselves.
    range : (float, float), optional
        The outer edges; by default the smallest and the largest element.
    weights : array-like, optional
        Of no effect; estimators do not take them.

    Returns
    -------
    Tensor
        One more than there are bins. Integers and bool give float32.

    Raises
    ------
    ValueError
        Where `bins` is not one of the above or decreases, or the range is not finite.
    TypeError
        For complex numbers; for an estimator together with weights.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.histogram_bin_edges([0.0, 1.0, 2.0, 4.0], bins=4)
    tensor([0., 1., 2., 3., 4.])
    """
    x = ravel(_numbers("histogram_bin_edges", "a", a))
    _plain_estimator("histogram_bin_edges", bins, weights)
    return _edges("histogram_bin_edges", x, bins, range)[0]


def _plain_estimator(op: str, bins: Any, weights: Any) -> None:
    if isinstance(bins, str) and weights is not None:
        raise TypeError(f"{op}: bins is {bins!r}, but estimators do not take weights")


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Tensor, Tensor]:
    """How many elements lie between edges, `edges[i] <= a < edges[i + 1]`; the last bin has its upper edge, too.

    Elements are held against the edges themselves, so that rounding puts none into a neighbouring bin. NaN and what is
    outside of the edges count nowhere.

    Parameters
    ----------
    a : array-like
        Any shape, real; flattened.
    bins : int, str or array-like
        How many; or the name of an estimator, see `histogram_bin_edges`; or the edges themselves.
    range : (float, float), optional
        The outer edges; by default the smallest and the largest element.
    density : bool, optional
        Divide by the total and by the widths, so that the integral is 1.
    weights : array-like, optional
        What each element counts, of the shape of `a`. They have a gradient.

    Returns
    -------
    counts : Tensor
        int64; with weights of their dtype.
    edges : Tensor
        One more than there are bins.

    Raises
    ------
    ValueError
        Where `bins` is not one of the above or decreases, the range is not finite, or the weights have another shape.
    TypeError
        For complex numbers; for an estimator together with weights.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.histogram([1, 2, 1], bins=[0, 1, 2, 3])
    (tensor([0, 2, 1]), tensor([0, 1, 2, 3]))
    """
    x = _numbers("histogram", "a", a)
    _plain_estimator("histogram", bins, weights)
    if weights is not None:
        weights = array("histogram", "weights", weights, beside=x)
        if weights.shape != x.shape:
            raise ValueError(f"histogram: weights have shape {weights.shape}, but a {x.shape}")
        weights = ravel(astype(weights, "int64") if weights.dtype.name == "bool" else weights)
    x = ravel(x)
    edges, even = _edges("histogram", x, bins, range)
    counts = _of_numbers(x, edges, weights, even)
    if density is not None and flag("histogram", "density", density):
        counts = counts / sum(counts) / astype(diff(edges), _core.default_float(edges), copy=False)
    return counts, edges


def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Tensor, list[Tensor]]:
    """How many points lie in each box of a grid.

    Parameters
    ----------
    sample : array-like, shape (n, d)
        Points; or a list of d arrays of shape (n,), one for each coordinate.
    bins : int or sequence
        How many along each axis, or for each axis their number or their edges.
    range : sequence of (float, float), optional
        The outer edges of each axis; None among them stands for the smallest and largest coordinate.
    density : bool, optional
        Divide by the total and by the volumes, so that the integral is 1.
    weights : array-like, shape (n,), optional
        What each point counts. They have a gradient.

    Returns
    -------
    counts : Tensor
        d axes; floating.
    edges : list of Tensor
        Those of each axis.

    Raises
    ------
    ValueError
        Where `bins`, `range` or `weights` are not for as many axes or points, decrease, or are not finite.
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> counts, edges = tw.histogramdd([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]], bins=2)
    >>> counts
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _of_points("histogramdd", sample, bins, range, density, weights)


def _of_points(op: str, sample: Any, bins: Any, ranges: Any, density: Any, weights: Any) -> tuple[Tensor, list[Tensor]]:
    if has_axes(sample):
        points = _numbers(op, "sample", sample)
        columns = [points] if points.ndim == 1 else list(permute_dims(points))
    else:
        columns = [_numbers(op, "sample", column) for column in entries(op, "sample", sample, "points")]
        if columns and columns[0].ndim == 1 and not _are_columns(sample):
            columns = list(permute_dims(_numbers(op, "sample", sample)))
    d, n = len(columns), columns[0].size if columns else 0
    alike = is_integer(bins) or isinstance(bins, str) or getattr(bins, "ndim", 1) == 0
    bins = [bins] * d if alike else entries(op, "bins", bins, "an integer, or one or edges for each coordinate")
    ranges = [None] * d if ranges is None else entries(op, "range", ranges, "a pair for each coordinate")
    if len(bins) != d or len(ranges) != d:
        raise ValueError(f"{op}: points have {d} coordinates, but there are {len(bins)} bins and {len(ranges)} ranges")
    place = columns[0].device if columns else None
    inside, flat, all_edges = ones(n, dtype="bool", device=place), zeros(n, dtype="int64", device=place), []
    for x, count, ends in zip(columns, bins, ranges, strict=True):
        edges, even = _edges(op, x, count, ends)
        if edges.size < 2:
            raise ValueError(f"{op}: bins needs at least two edges along each axis")
        all_edges.append(edges)
        inside = logical_and(inside, logical_and(x >= edges[0], x <= edges[-1]))
        flat = flat * (edges.size - 1) + _bins(where(isfinite(x), x, 0) if x.dtype.is_floating else x, edges, even)
    shape = tuple([edges.size - 1 for edges in all_edges])
    dtype = _core.default_float(flat)
    if weights is not None:
        weights = array(op, "weights", weights, beside=flat)
        if weights.shape != (n,):
            raise ValueError(f"{op}: weights have shape {weights.shape}, but there are {n} points")
        weights = weights[inside]
    counts = reshape(_counted(flat[inside], weights, math.prod(shape)), shape)
    counts = counts if counts.dtype.is_inexact else astype(counts, dtype)
    if density is not None and flag(op, "density", density):
        counts = counts / sum(counts)
        for i, edges in enumerate(all_edges):
            counts = counts / reshape(astype(diff(edges), counts.dtype, copy=False), (-1, *(1,) * (d - i - 1)))
    return counts, all_edges


def _are_columns(sample: Any) -> bool:
    """Whether a sequence holds an array for each coordinate, and not the numbers of each point."""
    return len([column for column in sample if has_axes(column)]) > 0


def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: bool | None = None, weights: Any = None
) -> tuple[Tensor, Tensor, Tensor]:
    """How many points of a plane lie in each box of a grid.

    Parameters
    ----------
    x, y : array-like, shape (n,)
        The coordinates.
    bins : int, array-like or pair of either
        How many along each axis, or the edges: for both axes, or for each.
    range : pair of (float, float), optional
        The outer edges of each axis.
    density : bool, optional
        Divide by the total and by the areas, so that the integral is 1.
    weights : array-like, shape (n,), optional
        What each point counts. They have a gradient.

    Returns
    -------
    counts : Tensor
        A row for each bin of `x`; floating.
    x_edges, y_edges : Tensor
        The edges.

    Raises
    ------
    ValueError
        Where `x` and `y` are not of one length, and as in `histogramdd`.
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.histogram2d([0.0, 1.0, 1.0], [0.0, 1.0, 0.0], bins=2)[0]
    tensor([[1., 0.],
            [1., 1.]])
    """
    x, y = _numbers("histogram2d", "x", x), _numbers("histogram2d", "y", y)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"histogram2d: x has shape {x.shape} and y {y.shape}, but they must be 1-D, of one length")
    if (has_axes(bins) or isinstance(bins, (list, tuple))) and len(bins) not in (1, 2):
        bins = [bins, bins]  # edges for both axes
    counts, (x_edges, y_edges) = _of_points("histogram2d", [x, y], bins, range, density, weights)
    return counts, x_edges, y_edges
