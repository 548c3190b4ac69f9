"""Arrays as sets: their distinct elements, and what two of them share. All of it sorts, and compares neighbours."""

from __future__ import annotations

from collections import namedtuple

from .._engine.arguments import array, arrays, flag
from .._engine.dtypes import bool_, int64
from .._engine.tensor import Tensor
from .comparison import equal, greater_equal, less_equal, not_equal
from .creation import full, zeros, zeros_like
from .elementwise import add_sections
from .extrema import minimum
from .indexing import nonzero, take, where
from .logical import isnan, logical_and, logical_not
from .manipulation import _axis, astype, concatenate, moveaxis, ravel, reshape
from .reductions import any as any_of, max as largest, min as least
from .scans import cumsum
from .searching import beside_needles, exact, rank
from .sorting import positions_in_order, sort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "UniqueAllResult",
    "UniqueCountsResult",
    "UniqueInverseResult",
    "intersect1d",
    "isin",
    "setdiff1d",
    "setxor1d",
    "union1d",
    "unique",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]


_FEW = 256  # elements that are searched for whatever there is to find
_TABLE = 6  # entries of a table for each element that is looked up in it, or put there


class UniqueAllResult(namedtuple("UniqueAllResult", ("values", "indices", "inverse_indices", "counts"))):
    """What `unique_all` returns.

    Attributes
    ----------
    values : Tensor
        The distinct elements, in ascending order.
    indices : Tensor
        Where each comes first in the flattened array, int64.
    inverse_indices : Tensor
        For each element of the array its position in `values`, int64.
    counts : Tensor
        How often each comes, int64.
    """

    __slots__ = ()


class UniqueCountsResult(namedtuple("UniqueCountsResult", ("values", "counts"))):
    """What `unique_counts` returns.

    Attributes
    ----------
    values : Tensor
        The distinct elements, in ascending order.
    counts : Tensor
        How often each comes, int64.
    """

    __slots__ = ()


class UniqueInverseResult(namedtuple("UniqueInverseResult", ("values", "inverse_indices"))):
    """What `unique_inverse` returns.

    Attributes
    ----------
    values : Tensor
        The distinct elements, in ascending order.
    inverse_indices : Tensor
        For each element of the array its position in `values`, int64.
    """

    __slots__ = ()


def _starts(s: Tensor, equal_nan: bool) -> Tensor:
    """Of elements (or rows) in order: whether each differs from the one before."""
    new = not_equal(s[1:], s[:-1])
    if equal_nan and s.dtype.is_inexact:
        new = logical_and(new, logical_not(logical_and(isnan(s[1:]), isnan(s[:-1]))))
    if new.ndim > 1:
        new = any_of(new, axis=1)
    return concatenate((full(min(len(s), 1), True, dtype=bool_, device=s.device), new))


def _order_of_rows(rows: Tensor) -> Tensor:
    """Positions (n,) of the rows of (n, k) in lexicographic order."""
    order = positions_in_order(rows[:, -1])
    for k in range(rows.shape[1] - 2, -1, -1):
        order = take(order, positions_in_order(take(rows[:, k], order)))
    return order


def _distinct(x: Tensor, equal_nan: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The positions (n,) that sort x (n,) or the rows of x (n, k); which of these start a run; where runs start.

    The first of a run is the first of its kind, since sorting keeps the order of equals.
    """
    if x.ndim == 1:
        order = positions_in_order(x)
    else:
        order = _order_of_rows(x) if x.shape[1] else full(len(x), 0, dtype=int64, device=x.device)
    new = _starts(take(x, order, axis=0), equal_nan)
    return order, new, nonzero(new)[0]


def _values(x: Tensor, equal_nan: bool) -> Tensor:
    """The distinct elements of (n,), where nothing else is wanted."""
    s = take(x, positions_in_order(x)) if x.dtype.is_complex else sort(x)
    return s[_starts(s, equal_nan)]


def _inverse(order: Tensor, new: Tensor) -> Tensor:
    """For each element the number of its run."""
    inverse = zeros_like(order)
    inverse[order] = cumsum(new, dtype=int64) - 1
    return inverse


def _counts(starts: Tensor, n: int) -> Tensor:
    ends = concatenate((starts[1:], full(min(len(starts), 1), n, dtype=int64, device=starts.device)))
    return ends - starts


def unique_all(x: Any, /) -> UniqueAllResult:
    """The distinct elements of an array, where they are, and how often.

    Every NaN is an element of its own. `unique` takes them for one.

    Parameters
    ----------
    x : array-like
        Any shape; counts as flattened.

    Returns
    -------
    UniqueAllResult
        `values` (k,) in ascending order, of the dtype of `x`; `indices` (k,), the first occurrence of each;
        `inverse_indices`, of the shape of `x`, with `take(values, inverse_indices)` equal to `x`; `counts` (k,).

    Examples
    --------
    >>> import tilewright as tw
    >>> values, indices, inverse, counts = tw.unique_all([3, 1, 3])
    >>> values, indices, inverse, counts
    (tensor([1, 3]), tensor([1, 0]), tensor([1, 0, 1]), tensor([1, 2]))
    """
    x = array("unique_all", "x", x)
    flat = ravel(x)
    order, new, starts = _distinct(flat, False)
    indices = take(order, starts)
    return UniqueAllResult(
        take(flat, indices), indices, reshape(_inverse(order, new), x.shape), _counts(starts, flat.size)
    )


def unique_counts(x: Any, /) -> UniqueCountsResult:
    """The distinct elements of an array, and how often each comes.

    Every NaN is an element of its own. `unique` takes them for one.

    Parameters
    ----------
    x : array-like
        Any shape; counts as flattened.

    Returns
    -------
    UniqueCountsResult
        `values` (k,) in ascending order, of the dtype of `x`, and `counts` (k,).

    Examples
    --------
    >>> import tilewright as tw
    >>> values, counts = tw.unique_counts([3.0, 1.0, 3.0])
    >>> values, counts
    (tensor([1., 3.]), tensor([1, 2]))
    """
    flat = ravel(array("unique_counts", "x", x))
    s = take(flat, positions_in_order(flat)) if flat.dtype.is_complex else sort(flat)
    starts = nonzero(_starts(s, False))[0]
    return UniqueCountsResult(take(s, starts), _counts(starts, flat.size))


def unique_inverse(x: Any, /) -> UniqueInverseResult:
    """The distinct elements of an array, and which of them each element is.

    Every NaN is an element of its own. `unique` takes them for one.

    Parameters
    ----------
    x : array-like
        Any shape; counts as flattened.

    Returns
    -------
    UniqueInverseResult
        `values` (k,) in ascending order, of the dtype of `x`; `inverse_indices`, of the shape of `x`, with
        `take(values, inverse_indices)` equal to `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> values, inverse = tw.unique_inverse([[3, 1], [3, 3]])
    >>> values, inverse
    (tensor([1, 3]), tensor([[1, 0],
            [1, 1]]))
    """
    x = array("unique_inverse", "x", x)
    flat = ravel(x)
    order, new, starts = _distinct(flat, False)
    return UniqueInverseResult(take(flat, take(order, starts)), reshape(_inverse(order, new), x.shape))


def unique_values(x: Any, /) -> Tensor:
    """The distinct elements of an array.

    Every NaN is an element of its own. `unique` takes them for one.

    Parameters
    ----------
    x : array-like
        Any shape; counts as flattened.

    Returns
    -------
    Tensor
        Shape (k,), in ascending order, dtype of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.unique_values([3, 1, 3])
    tensor([1, 3])
    """
    return _values(ravel(array("unique_values", "x", x)), False)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """The distinct elements of an array, or its distinct slices along an axis, as NumPy's function gives them.

    The gradient goes to the first occurrence of each, but for values alone to the one that sorting has first.

    Parameters
    ----------
    ar : array-like
        Any shape.
    return_index : bool
        Also give where each comes first.
    return_inverse : bool
        Also give which of them each element is.
    return_counts : bool
        Also give how often each comes.
    axis : int, optional
        Compare slices along this axis, in lexicographic order; by default the elements of the flattened array.
    equal_nan : bool
        Whether NaN equals NaN, in slices too.
    sorted : bool
        Whether they have to be in ascending order. They are in any case.

    Returns
    -------
    Tensor or tuple of Tensor
        The distinct elements (k,), or the array with k slices along `axis`; then, as far as wanted and each int64, the
        first positions (k,), the inverse (of the shape of `ar`, or one number for each slice) and the counts (k,).

    Raises
    ------
    AxisError
        Where `axis` is not one of `ar`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.unique([2.0, float("nan"), 1.0, float("nan"), 2.0])
    tensor([ 1.,  2., nan])
    >>> tw.unique([[1, 2], [0, 5], [1, 2]], axis=0, return_counts=True)
    (tensor([[0, 5],
            [1, 2]]), tensor([1, 2]))
    """
    x = array("unique", "ar", ar)
    names = {"return_index": return_index, "return_inverse": return_inverse, "return_counts": return_counts}
    wanted = [flag("unique", name, value) for name, value in names.items()]
    equal_nan, _ = flag("unique", "equal_nan", equal_nan), flag("unique", "sorted", sorted)
    if axis is None:
        moved, flat, shape = ravel(x), ravel(x), x.shape
        if not any(wanted):
            return _values(flat, equal_nan)
    else:
        axis = _axis("unique", axis, x.ndim)
        moved = moveaxis(x, axis, 0)
        width = 1
        for extent in moved.shape[1:]:
            width *= extent
        flat, shape = reshape(moved, (len(moved), width)), (len(moved),)
    order, new, starts = _distinct(flat, equal_nan)
    indices = take(order, starts)
    values = take(moved, indices, axis=0)
    results = [values if axis is None else moveaxis(values, 0, axis)]
    if wanted[0]:
        results.append(indices)
    if wanted[1]:
        results.append(reshape(_inverse(order, new), shape))
    if wanted[2]:
        results.append(_counts(starts, len(flat)))
    return tuple(results) if len(results) > 1 else results[0]


def _found_by_table(x: Tensor, among: Tensor) -> Tensor | None:
    """Whether each integer is among others, by a table of their range; None where that is much longer than both."""
    if x.size < _FEW or "uint64" in (x.dtype.name, among.dtype.name):
        return None
    low, high = int(least(among)), int(largest(among))
    if high - low > _TABLE * (x.size + among.size):
        return None
    x, among = astype(x, "int64", copy=False), astype(among, "int64", copy=False)
    table = zeros(high - low + 2, dtype=bool_, device=x.device)  # the last one for all that is outside
    table[among - low] = True
    return take(table, where(logical_and(greater_equal(x, low), less_equal(x, high)), x - low, high - low + 1))


def isin(x1: Any, x2: Any, /, *, invert: bool = False) -> Tensor:
    """Whether each element of one array is among those of another.

    NaN is nowhere, since it does not equal itself.

    Parameters
    ----------
    x1 : array-like or number
        What to look for, any shape.
    x2 : array-like or number
        Where to look, any shape.
    invert : bool
        Whether it is not there, instead.

    Returns
    -------
    Tensor
        bool, shape of `x1`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isin([1, 2, 5], [5, 1])
    tensor([ True, False,  True])
    """
    invert = flag("isin", "invert", invert)
    x, among = arrays("isin", exact, x1=x1, x2=x2)
    among = ravel(among)
    if not among.size:
        found = zeros_like(x, dtype=bool_)
    elif x.dtype.is_complex or among.dtype.is_complex:
        _, inverse = unique_inverse(concatenate((among, ravel(x))))
        there = zeros_like(inverse.ravel(), dtype=bool_)
        there[inverse[: among.size]] = True
        found = reshape(take(there, inverse[among.size :]), x.shape)
    elif x.dtype.is_integer and among.dtype.is_integer and (looked := _found_by_table(x, among)) is not None:
        found = looked
    else:
        among, x = sort(among), beside_needles(among, x)
        found = equal(take(among, minimum(rank(among, x, False), among.size - 1)), x)
    return logical_not(found) if invert else found


def _two_sets(op: str, ar1: Any, ar2: Any, assume_unique: Any) -> tuple[Tensor, Tensor]:
    a, b = map(ravel, arrays(op, ar1=ar1, ar2=ar2))
    if flag(op, "assume_unique", assume_unique):
        return a, b
    return _values(a, True), _values(b, True)


_TWO = """
    Parameters
    ----------
    ar1, ar2 : array-like
        Any shape; count as flattened. dtypes are promoted.{more}

    Returns
    -------
    {returns}

"""
_ASSUMED = (
    "\n    assume_unique : bool\n        Whether each has its elements but once, so that this need not be seen to."
)


def _of_two(more: str, returns: str = "Tensor\n        1-D, in ascending order.") -> Callable[[Any], Any]:
    """Put the sections of the docstring that functions of two sets share before its Examples."""

    def document(function: Any) -> Any:
        add_sections(function, _TWO.format(more=more, returns=returns))
        return function

    return document


@_of_two(
    _ASSUMED + "\n    return_indices : bool\n        Also give where each comes first, in the one and in the other.",
    "Tensor, or tuple of three\n        1-D, in ascending order; with `return_indices` two arrays of int64 beside it.",
)
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """The elements that both arrays have; NaN is in no two.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.intersect1d([3, 1, 2], [2, 3, 4])
    tensor([2, 3])
    """
    return_indices = flag("intersect1d", "return_indices", return_indices)
    first: list[Tensor] = []
    if return_indices and not flag("intersect1d", "assume_unique", assume_unique):
        sets = [unique(x, True) for x in arrays("intersect1d", ar1=ar1, ar2=ar2)]
        (a, b), first = [s[0] for s in sets], [s[1] for s in sets]
    else:
        a, b = _two_sets("intersect1d", ar1, ar2, assume_unique)
    both = concatenate((a, b))
    order = positions_in_order(both)
    s = take(both, order)
    twice = equal(s[1:], s[:-1])
    if not return_indices:
        return s[:-1][twice]
    places = order[:-1][twice], order[1:][twice] - len(a)
    if first:
        places = take(first[0], places[0]), take(first[1], places[1])
    return s[:-1][twice], *places


@_of_two("")
def union1d(ar1: Any, ar2: Any) -> Tensor:
    """The elements that are in one of two arrays or in both.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.union1d([3, 1, 2], [2, 5])
    tensor([1, 2, 3, 5])
    """
    return _values(concatenate([ravel(x) for x in arrays("union1d", ar1=ar1, ar2=ar2)]), True)


@_of_two(_ASSUMED, "Tensor\n        1-D, in ascending order, or that of `ar1` where `assume_unique`.")
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """The elements of one array that another has not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.setdiff1d([3, 1, 2], [2, 5])
    tensor([1, 3])
    """
    a, b = _two_sets("setdiff1d", ar1, ar2, assume_unique)
    return a[isin(a, b, invert=True)]


@_of_two(_ASSUMED)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """The elements that one of two arrays has, and the other has not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.setxor1d([3, 1, 2], [2, 5])
    tensor([1, 3, 5])
    """
    both = concatenate(_two_sets("setxor1d", ar1, ar2, assume_unique))
    s = take(both, positions_in_order(both))
    new = _starts(s, False)
    return s[logical_and(new, concatenate((new[1:], new[:1])))]
