"""Medians, percentiles and quantiles over axes, with all of NumPy's methods; those that leave out NaN, too."""

from __future__ import annotations

import math

from .._engine.arguments import array, is_complex, option
from .._engine.dtypes import promote_types
from .._engine.op import is_number
from .._engine.tensor import asarray
from .arithmetic import remainder
from .comparison import equal
from .creation import full
from .differences import floating
from .elementwise import add_sections
from .extrema import clip, maximum
from .indexing import take, take_along_axis, where
from .logical import isfinite, isnan, logical_and, logical_not, logical_or
from .manipulation import _axes, astype, broadcast_to, expand_dims, moveaxis, permute_dims, reshape
from .reductions import all, any, checked, ordered, sum
from .rounding import ceil, floor, round
from .scans import cumsum
from .sorting import argsort, sort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = ["median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile"]

_DISCRETE = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")  # they give an element itself
# Hyndman and Fan's methods between two elements by their alpha and beta.
_CONTINUOUS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
METHODS = (*_DISCRETE, *_CONTINUOUS, "averaged_inverted_cdf", "midpoint")


def in_rows(op: str, x: Any, axis: Any, keepdims: Any) -> tuple[Tensor, tuple[int, ...]]:
    """`x` with the axes to reduce as one at the end, and the shape of a result."""
    (axis, keepdims), x = checked(op, axis, keepdims), array(op, "a", x)
    axes = list(range(x.ndim)) if axis is None else _axes(op, axis, x.ndim)
    kept = [a for a in range(x.ndim) if a not in axes]
    shape = tuple([1 if a in axes else x.shape[a] for a in range(x.ndim) if keepdims or a not in axes])
    count = math.prod([x.shape[a] for a in axes])
    if axes != [x.ndim - 1]:
        x = reshape(permute_dims(x, (*kept, *axes)), (*[x.shape[a] for a in kept], count))
    return x, shape


def _position(method: str, n: Any, q: Tensor) -> tuple[Tensor, Any]:
    """Where the quantile lies among n sorted elements, from 0 on; and how far from the element before to the next."""
    if method in _CONTINUOUS:
        alpha, beta = _CONTINUOUS[method]
        at = (n - 1) * q if method == "linear" else n * q + (alpha + q * (1 - alpha - beta)) - 1
        return floor(at), at - floor(at)
    if method in ("lower", "higher", "nearest", "midpoint"):
        at = (n - 1) * q
        if method == "midpoint":
            return floor(at), where(equal(at, floor(at)), 0.0, 0.5)
        return {"lower": floor, "higher": ceil, "nearest": round}[method](at), None
    at = n * q - 1
    if method == "inverted_cdf":
        return ceil(at), None
    if method == "averaged_inverted_cdf":
        return floor(at), where(equal(at, floor(at)), 0.5, 1.0)
    at = at - 0.5  # closest observation: halves go to the even one, counted from 1
    exact = logical_and(equal(at, floor(at)), equal(remainder(floor(at), 2), 1))
    return where(exact, floor(at), floor(at) + 1), None


def _between(below: Tensor, above: Tensor, part: Tensor) -> Tensor:
    """Linear interpolation that hits both ends, and does not leave equal ones, infinite too."""
    part = astype(part, below.dtype, copy=False)
    step = where(equal(below, above), 0, above - below)
    y = where(part < 0.5, below + step * part, above - step * (1 - part))
    return where(equal(part, 0), below, where(equal(part, 1), above, y))


def _picked(op: str, rows: Tensor, q: Tensor, method: str, skip: bool) -> Tensor:
    """Quantiles of each row: shape (.., k) for q of shape (k,)."""
    length = rows.shape[-1]
    if not length:
        if not rows.dtype.is_floating:
            raise ValueError(f"{op}: there is nothing to choose from, and {rows.dtype.name} has no NaN")
        return full((*rows.shape[:-1], q.shape[0]), math.nan, dtype=rows.dtype, device=rows.device)
    rows = sort(rows)
    present: Any = None
    if rows.dtype.is_floating:
        present = logical_not(isnan(rows.detach()))
    n: Any = length
    if skip and present is not None:
        n = astype(sum(present, axis=-1, keepdims=True), q.dtype)
    below, part = _position(method, n, q)
    last = maximum(n - 1, 0) if skip and present is not None else n - 1

    def at(position: Tensor) -> Tensor:
        index = astype(clip(position, 0, last), "int64")
        return take(rows, index, axis=-1) if index.ndim == 1 else take_along_axis(rows, index, axis=-1)

    y = at(below.detach())
    if part is not None:
        y = _between(y, at(below.detach() + 1), part)
    if not skip and present is not None:
        y = where(present[..., -1:], y, math.nan)
    return y


def _weighted(op: str, rows: Tensor, w: Tensor, q: Tensor, skip: bool) -> Tensor:
    """As `_picked`, where a share of the weights is asked for: the first element that reaches it."""
    length = rows.shape[-1]
    if not length:
        return _picked(op, rows, q, "inverted_cdf", skip)
    order = argsort(rows.detach(), stable=True)
    rows, w = take_along_axis(rows, order, axis=-1), take_along_axis(w, order, axis=-1)
    present: Any = logical_not(isnan(rows.detach())) if rows.dtype.is_floating else None
    if skip and present is not None:
        w = where(present, w, 0.0)
    reached = cumsum(w, axis=-1)
    total = reached[..., -1:]
    usable = logical_and(total > 0, isfinite(total))
    if skip and present is not None:
        usable = logical_or(usable, logical_not(present[..., :1]))
    if not bool(all(usable)):
        raise ValueError(f"{op}: weights have NaN or infinities among them, or are all 0")
    reached = reached / total
    reached = where(equal(reached, 0), -1.0, reached)  # what has no weight is not chosen, for q of 0 neither
    below = sum(expand_dims(reached, axis=-2) < reshape(q, (-1, 1)), axis=-1)
    y = take_along_axis(rows, clip(below, 0, length - 1), axis=-1)
    if present is None:
        return y
    return where(present[..., :1] if skip else present[..., -1:], y, math.nan)


def _weights_in_rows(op: str, a: Any, weights: Any, axis: Any) -> Tensor:
    """The weights in the shape of the rows that `in_rows` makes of `a`, float64."""
    a, w = array(op, "a", a), array(op, "weights", weights)
    if w.dtype.is_complex:
        raise TypeError(f"{op}: weights have dtype {w.dtype.name}, but must be real")
    if w.shape != a.shape:
        if axis is None:
            raise TypeError(f"{op}: weights have shape {w.shape}, but a {a.shape}; name the axis")
        axes = [k % a.ndim for k in ((axis,) if isinstance(axis, int) else axis)]
        if w.shape != tuple([a.shape[k] for k in axes]):
            raise ValueError(f"{op}: weights have shape {w.shape}, but axis {axis} of a {a.shape} has another")
        order = sorted(range(len(axes)), key=axes.__getitem__)
        w = reshape(permute_dims(w, tuple(order)), tuple([a.shape[k] if k in axes else 1 for k in range(a.ndim)]))
    if bool(any(w.detach() < 0)):
        raise ValueError(f"{op}: weights must not be negative")
    return in_rows(op, broadcast_to(astype(w.detach(), "float64"), a.shape), axis, False)[0]


def _levels(op: str, q: Any, most: float) -> tuple[Tensor, Any]:
    """The levels as float64 in one row, between 0 and 1; and the dtype that they lift results to."""
    lifts = None
    if not is_number(q) and not isinstance(q, (int, float)):
        given = array(op, "q", q)
        lifts = given.dtype if given.dtype.is_floating else None
    elif is_complex(q) or isinstance(q, complex):
        raise TypeError(f"{op}: q is complex, but must be real")
    levels = asarray(q, "float64")
    if not levels.requires_grad and not bool(all(logical_and(levels >= 0, levels <= most))):
        raise ValueError(f"{op}: q must be between 0 and {most:g}")
    return levels / most if most != 1 else levels, lifts


def _quantile(
    op: str, a: Any, q: Any, axis: Any, method: str, keepdims: bool, weights: Any, skip: bool, most: float = 1.0
) -> Tensor:
    option(op, "method", method, METHODS)
    if weights is not None and method != "inverted_cdf":
        raise ValueError(f"{op}: weights go with method 'inverted_cdf' alone, got {method!r}")
    x, shape = in_rows(op, a, axis, keepdims)
    x = ordered(op, x)
    levels, lifts = _levels(op, q, most)
    levels = levels.to(x.device)
    if x.dtype.name == "bool" or method not in _DISCRETE:
        x = floating(x)
        x = x if lifts is None else astype(x, promote_types(x.dtype, lifts), copy=False)
    if weights is None:
        y = _picked(op, x, reshape(levels, (-1,)), method, skip)
    else:
        y = _weighted(op, x, _weights_in_rows(op, a, weights, axis).to(x.device), reshape(levels, (-1,)), skip)
    return reshape(moveaxis(y, -1, 0) if y.ndim > 1 else y, levels.shape + shape)


def _median(op: str, a: Any, axis: Any, keepdims: bool, skip: bool) -> Tensor:
    """By the mean of the two in the middle."""
    x, shape = in_rows(op, a, axis, keepdims)
    x, length = floating(ordered(op, x)), x.shape[-1]
    if skip or not length:
        half = asarray([0.5], "float64", device=x.device)
        return reshape(_picked(op, x, half, "averaged_inverted_cdf", skip), shape)
    x = sort(x)
    y = x[..., length // 2] if length % 2 else (x[..., length // 2 - 1] + x[..., length // 2]) / 2
    y = where(isnan(x[..., -1].detach()), math.nan, y)
    return reshape(y, shape)


_PARAMETERS = """
    Parameters
    ----------
    a : array-like
        Any shape, real.
{q}    axis : int or tuple of int, optional
        Axes to reduce; all by default.
{method}    keepdims : bool
        Keep the reduced axes with length 1.
{weights}
    Returns
    -------
    Tensor
        {shape} Integers and bool give float32. NaN {nan}; and where there is nothing to choose from.

    Raises
    ------
    AxisError
        Where an axis is not one of `a`.
    TypeError
        For complex numbers, which have no order.{raises}

"""
_METHOD = """    method : str
        "linear" goes from element to element in a line; "lower", "higher", "nearest" and "midpoint" choose from the
        two elements around. "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
        "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased" and "normal_unbiased" are the estimators of
        Hyndman and Fan. Those that give an element itself keep the dtype of integers.
"""
_WEIGHTS = """    weights : array-like, optional
        How much each element counts, for "inverted_cdf": shape of `a`, or lengths of the axes in the order that they
        are named in. They have no gradient.
"""
_RAISES = """
    ValueError
        Where `q` leaves [0, {most}], for another method, and for weights that are negative, of another shape, or given
        with another method than "inverted_cdf"."""
_REFERENCE = """
    References
    ----------
    R. J. Hyndman, Y. Fan, Sample Quantiles in Statistical Packages, The American Statistician 50, 1996.

"""


def _documented(most: int = 0, skip: bool = False) -> Callable[[Any], Any]:
    """Put the sections that all share into the docstring, before its Examples."""

    def document(function: Any) -> Any:
        sections = _PARAMETERS.format(
            q=f"    q : float or array-like\n        Between 0 and {most}, any shape.\n" if most else "",
            method=_METHOD if most else "",
            weights=_WEIGHTS if most else "",
            shape="The shape of `q` before that of `a` without the reduced axes."
            if most
            else "That of the other axes.",
            nan="where all are NaN" if skip else "where one is",
            raises=_RAISES.format(most=most) if most else "",
        )
        add_sections(function, sections + (_REFERENCE.lstrip("\n") if most else ""))
        return function

    return document


@_documented()
def median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """The element in the middle of the order over axes; the mean of the two there where the count is even.

    The gradient goes to the elements that were chosen.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.median([[3.0, 1.0, 2.0], [5.0, 8.0, 6.0]], axis=1)
    tensor([2., 6.])
    """
    return _median("median", a, axis, keepdims, False)


@_documented(skip=True)
def nanmedian(a: Any, axis: Any = None, *, keepdims: bool = False) -> Tensor:
    """`median` of what is not NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanmedian([3.0, float("nan"), 1.0])
    tensor(2.)
    """
    return _median("nanmedian", a, axis, keepdims, True)


@_documented(1)
def quantile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Tensor:
    """What a share `q` of the elements over axes does not exceed.

    The gradient goes to the elements that were chosen.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.quantile([1.0, 2.0, 3.0, 5.0], [0.0, 0.5, 1.0])
    tensor([1. , 2.5, 5. ])
    >>> tw.quantile([4, 1, 3, 2], 0.5, method="lower")
    tensor(2)
    """
    return _quantile("quantile", a, q, axis, method, keepdims, weights, False)


@_documented(1, skip=True)
def nanquantile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Tensor:
    """`quantile` of what is not NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanquantile([1.0, float("nan"), 3.0], 0.75)
    tensor(2.5)
    """
    return _quantile("nanquantile", a, q, axis, method, keepdims, weights, True)


@_documented(100)
def percentile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Tensor:
    """What `q` percent of the elements over axes do not exceed: `quantile` at `q / 100`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.percentile([[10, 7, 4], [3, 2, 1]], 50, axis=0)
    tensor([6.5, 4.5, 2.5])
    """
    return _quantile("percentile", a, q, axis, method, keepdims, weights, False, 100.0)


@_documented(100, skip=True)
def nanpercentile(
    a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Tensor:
    """`percentile` of what is not NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanpercentile([1.0, float("nan"), 3.0], 25)
    tensor(1.5)
    """
    return _quantile("nanpercentile", a, q, axis, method, keepdims, weights, True, 100.0)
