"""Where elements are: places among sorted ones, positions of what is not zero, and how many there are."""

from __future__ import annotations

from .. import _core
from .._engine.arguments import array, arrays, flag, integer, option
from .._engine.op import is_number, wrap
from .._engine.tensor import Tensor, asarray
from .comparison import equal, greater, greater_equal, less, less_equal, not_equal
from .creation import full
from .elementwise import add_sections
from .indexing import nonzero, take, where
from .logical import isnan
from .manipulation import astype, flip, ravel, stack
from .reductions import (
    all as all_of,
    any as any_of,
    argmax,
    argmin,
    checked,
    max as largest,
    min as smallest,
    ordered,
    reduction,
    sum,
    with_axes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .reductions import Axis

__all__ = ["argwhere", "count_nonzero", "digitize", "flatnonzero", "nanargmax", "nanargmin", "searchsorted"]

_LARGEST_INTEGER = 2**63 - 1
_WIDER = {_core.DType.float32: _core.DType.float64, _core.DType.complex64: _core.DType.complex128}


def exact(op: str, name: str, value: Any) -> Tensor:
    """A tensor of what is only to be compared: of Python's numbers in float64, so that none is rounded."""
    x = array(op, name, value)
    if x.dtype in _WIDER and (is_number(value) or isinstance(value, (list, tuple))):
        return asarray(value, _WIDER[x.dtype])
    return x


def beside_needles(x: Tensor, v: Tensor) -> Tensor:
    """The needles v as they compare with x: in float64 where one of both is of floats, and the other of integers."""
    return v if v.dtype.is_floating == x.dtype.is_floating else astype(v, "float64")


def rank(x: Tensor, v: Tensor, right: bool) -> Tensor:
    """For each of v how many of the sorted x (n,) come before it, or before and with it."""
    held: Any = None
    if x.dtype != v.dtype and x.dtype.is_integer and v.dtype.is_integer:  # what x cannot hold is at one of its ends
        if v.dtype.name == "uint64":
            held, end, x, v = less_equal(v, _LARGEST_INTEGER), x.size, astype(x, "int64"), astype(v, "int64")
        elif x.dtype.name == "uint64":
            held, end, v = greater_equal(v, 0), 0, astype(v, "uint64")
    places = wrap(_core.searchsorted(x._array, v._array, right), None, v)
    return places if held is None else where(held, places, end)


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Tensor:
    """The places in a sorted array before which elements can be put so that it stays sorted.

    Parameters
    ----------
    x1 : array-like
        Real, 1-D, in ascending order, NaN last; or in any order, with `sorter`.
    x2 : array-like or number
        What to put there, real, any shape.
    side : {"left", "right"}
        Whether before all that equal it, or after them.
    sorter : array-like of int, optional
        The positions that sort `x1`, as `argsort` gives them.

    Returns
    -------
    Tensor
        int64, shape of `x2`, from 0 to the length of `x1`.

    Raises
    ------
    ValueError
        Where `x1` is not 1-D, `sorter` has another shape, or `side` is another word.
    TypeError
        For complex numbers, which have no order, and where `sorter` is not of integers.
    IndexError
        Where `sorter` has a position that is out of bounds.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.searchsorted([1.0, 2.0, 2.0, 4.0], [2.0, 3.0, 9.0])
    tensor([1, 3, 4])
    >>> tw.searchsorted([1.0, 2.0, 2.0, 4.0], 2.0, side="right")
    tensor(3)
    """
    right = option("searchsorted", "side", side, ("left", "right")) == "right"
    x, v = arrays("searchsorted", exact, x1=x1, x2=x2)
    if is_number(x2) and x.dtype.is_floating:
        v = asarray(x2, x.dtype, device=x.device)
    ordered("searchsorted", x)
    ordered("searchsorted", v)
    if x.ndim != 1:
        raise ValueError(f"searchsorted: x1 has shape {x.shape}, but must be 1-D")
    if sorter is not None:
        order = array("searchsorted", "sorter", sorter, beside=x)
        if order.shape != x.shape:
            raise ValueError(f"searchsorted: sorter has shape {order.shape}, but x1 has {x.shape}")
        if not order.dtype.is_integer and order.size:
            raise TypeError(f"searchsorted: sorter has dtype {order.dtype.name}, but must be of integers")
        x = take(x, order) if order.size else x
    return rank(x.detach(), beside_needles(x, v).detach(), right)


def digitize(x: Any, bins: Any, right: bool = False) -> Tensor:
    """The number of the bin that each element lies in.

    Parameters
    ----------
    x : array-like
        Real, any shape.
    bins : array-like
        Real, (n,): the edges, ascending or descending.
    right : bool
        Whether a bin has its right edge, rather than its left one.

    Returns
    -------
    Tensor
        int64, shape of `x`: i where `bins[i-1] <= x < bins[i]`, 0 before the first edge, n behind the last.

    Raises
    ------
    ValueError
        Where `bins` is not 1-D, or goes up and down.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.digitize([0.2, 6.4, 3.0], [0.0, 1.0, 2.5, 4.0])
    tensor([1, 4, 3])
    """
    right = flag("digitize", "right", right)
    v, edges = arrays("digitize", exact, x=x, bins=bins)
    ordered("digitize", v)
    ordered("digitize", edges)
    if edges.ndim != 1:
        raise ValueError(f"digitize: bins has shape {edges.shape}, but must be 1-D")
    v, edges = beside_needles(edges, v).detach(), edges.detach()
    if not any_of(less(edges[1:], edges[:-1])):
        return rank(edges, v, not right)
    if any_of(greater(edges[1:], edges[:-1])):
        raise ValueError("digitize: bins must go up or down, but do both")
    return edges.size - rank(flip(edges), v, not right)


@reduction("int64.")
def count_nonzero(x: Any, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements are not zero; NaN is not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.count_nonzero([[0, 3], [4, 5]], axis=0)
    tensor([1, 2])
    """
    axis, keepdims = checked("count_nonzero", axis, keepdims)
    x = with_axes("count_nonzero", x, axis)
    return sum(x if x.dtype == _core.DType.bool else not_equal(x, 0), axis, keepdims=keepdims)


def flatnonzero(a: Any) -> Tensor:
    """Positions in the flattened array of the elements that are not zero.

    Parameters
    ----------
    a : array-like
        Any shape.

    Returns
    -------
    Tensor
        int64, 1-D.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.flatnonzero([[0, 3], [4, 0]])
    tensor([1, 2])
    """
    return nonzero(ravel(array("flatnonzero", "a", a)))[0]


def argwhere(a: Any) -> Tensor:
    """Positions of the elements that are not zero, one row for each.

    Parameters
    ----------
    a : array-like
        Any shape.

    Returns
    -------
    Tensor
        int64, (count, number of axes), in C order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argwhere([[0, 3], [4, 0]])
    tensor([[0, 1],
            [1, 0]])
    """
    x = array("argwhere", "a", a)
    if not x.ndim:
        return _core.like(x, full((int(not_equal(x, 0)), 0), 0, dtype="int64", device=x.device))
    return stack(nonzero(x), axis=1)


_NAN_SECTIONS = """
    Parameters
    ----------
    a : array-like
        Real, any shape.
    axis : int, optional
        The axis to search along; by default the flattened array.
    keepdims : bool
        Keep the axis with length 1.

    Returns
    -------
    Tensor
        int64, shape of `a` without the axis.

    Raises
    ------
    ValueError
        Where there is nothing but NaN, or nothing at all.
    AxisError
        Where the axis is not one of `a`.

"""


def _documented(function: Any) -> Any:
    add_sections(function, _NAN_SECTIONS)
    return function


def _without_nan(op: str, a: Any, axis: Any, keepdims: Any, reduce: Any, find: Any, worst: float) -> Tensor:
    x = array(op, "a", a).detach()
    keepdims = flag(op, "keepdims", keepdims)
    axis = None if axis is None else integer(op, "axis", axis)
    ordered(op, x)
    if not x.dtype.is_floating:
        return find(x, axis, keepdims=keepdims)
    numbers = where(isnan(x), worst, x)
    found = equal(x, reduce(with_axes(op, numbers, axis), axis, keepdims=True))
    if not all_of(any_of(found, axis)):
        raise ValueError(f"{op}: there is nothing but NaN in a slice of a")
    return argmax(found, axis, keepdims=keepdims)


@_documented
def nanargmax(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the first largest element that is not NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanargmax([1.0, float("nan"), 3.0])
    tensor(2)
    """
    return _without_nan("nanargmax", a, axis, keepdims, largest, argmax, -float("inf"))


@_documented
def nanargmin(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the first smallest element that is not NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nanargmin([1.0, float("nan"), 3.0])
    tensor(0)
    """
    return _without_nan("nanargmin", a, axis, keepdims, smallest, argmin, float("inf"))
