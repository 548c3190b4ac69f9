"""Elements in order: sorting along an axis, and the first few of it."""

from __future__ import annotations

from collections import namedtuple

from .. import _core
from .._engine.arguments import array, array_list, entries, flag, integer, integers, option
from .._engine.keywords import named
from .._engine.op import primitive, wrap
from .._engine.tape import state
from .._engine.tensor import Tensor, asarray
from .complex import imag, real
from .creation import zeros
from .indexing import take, take_along_axis
from .logical import isnan
from .manipulation import _axis, ravel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TopkResult", "argpartition", "argsort", "lexsort", "partition", "sort", "topk"]


@primitive(results=("values", "indices"), kernel=_core.sort_with_positions)
def _sort(x: Any, /, axis: int, descending: bool) -> Any:
    """Kernel of `sort` where it is recorded."""


@primitive(results=("values", "indices"))
def _topk(x: Any, /, k: int, axis: int, largest: bool) -> Any:
    """Kernel of `topk`."""


def _checked(op: str, x: Any, axis: Any, descending: Any, stable: Any) -> tuple[Tensor, int, bool]:
    x = x if isinstance(x, Tensor) else asarray(x)
    if stable is not True:
        flag(op, "stable", stable)
    if descending is not False:
        descending = flag(op, "descending", descending)
    if type(axis) is not int or axis != -1 or not x._array.ndim:
        axis = _axis(op, axis, x.ndim)
    return x, axis, descending


def sort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements in ascending order along an axis.

    The gradient goes back to where each element came from.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    axis : int
        The axis to sort along; the others stay.
    descending : bool
        The largest first.
    stable : bool
        Whether equals have to keep their order. They do in any case.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. NaN is above all numbers, so it comes last, or first where descending.

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sort([3.0, 1.0, 2.0])
    tensor([1., 2., 3.])
    >>> tw.sort([[3, 1], [2, 2]], axis=0, descending=True)
    tensor([[3, 2],
            [2, 1]])
    """
    x, axis, descending = _checked("sort", x, axis, descending, stable)
    if state.mode and x._node is not None:
        return _sort(x, axis, descending)[0]
    return wrap(_core.sort(x._array, axis, descending), None, x)


def argsort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The positions of the elements in ascending order along an axis.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    axis : int
        The axis to sort along.
    descending : bool
        The position of the largest first.
    stable : bool
        Whether equals have to keep their order. They do in any case: the first comes first, descending too.

    Returns
    -------
    Tensor
        int64, shape of `x`: `take_along_axis(x, argsort(x))` is `sort(x)`.

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argsort([3.0, 1.0, 2.0])
    tensor([1, 2, 0])
    """
    x, axis, descending = _checked("argsort", x, axis, descending, stable)
    return wrap(_core.argsort(x._array, axis, descending), None, x)


class TopkResult(namedtuple("TopkResult", ("values", "indices"))):
    """What `topk` returns.

    Attributes
    ----------
    values : Tensor
        The elements, in order.
    indices : Tensor
        Their positions along the axis, int64.
    """

    __slots__ = ()


@named(dim="axis")
def topk(x: Any, k: int, /, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopkResult:
    """The k largest elements along an axis, and where they are.

    The gradient goes back to where each element came from.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    k : int
        How many, at most the length of the axis.
    axis : int
        The axis to choose along; `dim` is another name of it.
    largest : bool
        The smallest where False.
    sorted : bool
        Whether they have to be in order. They are in any case: the largest first, or the smallest where these are
        wanted; of equals the one at the lower position.

    Returns
    -------
    TopkResult
        `values` and `indices`, of the shape of `x` with length `k` along the axis. NaN counts as the largest.

    Raises
    ------
    ValueError
        Where `k` is negative or above the length of the axis.
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> values, indices = tw.topk([1.0, 4.0, 2.0, 3.0], 2)
    >>> values, indices
    (tensor([4., 3.]), tensor([1, 3]))
    """
    x = asarray(x)
    flag("topk", "sorted", sorted)
    k, axis = integer("topk", "k", k, at_least=0), _axis("topk", axis, x.ndim)
    if k > x.shape[axis]:
        raise ValueError(f"topk: k is {k}, but axis {axis} of x {x.shape} has only {x.shape[axis]} elements")
    return TopkResult(*_topk(x, k, axis, flag("topk", "largest", largest)))


def positions_in_order(x: Tensor) -> Tensor:
    """`argsort` of (n,), of complex numbers too: by real part, then by imaginary part, those with NaN last."""
    if not x.dtype.is_complex:
        return argsort(x)
    order = argsort(imag(x))
    order = take(order, argsort(take(real(x), order)))
    nan = isnan(take(x, order))
    if nan.any():
        a, b = isnan(take(real(x), order)), isnan(take(imag(x), order))
        order = take(order, argsort(a.astype("uint8") * 2 + b.astype("uint8")))
    return order


def lexsort(keys: Any, axis: int = -1) -> Tensor:
    """The positions that sort by several keys: by the last one first, equals of it by the one before it.

    Parameters
    ----------
    keys : sequence of array-like, or array-like
        Real, of one shape; the rows of an array.
    axis : int
        The axis to sort along.

    Returns
    -------
    Tensor
        int64, shape of one key. Equals keep their order.

    Raises
    ------
    ValueError
        Where there is no key, or their shapes differ.
    AxisError
        Where `axis` is not one of a key.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> surnames, names = [2, 1, 2], [7, 9, 5]
    >>> tw.lexsort((names, surnames))
    tensor([1, 2, 0])
    """
    listed = list(keys) if isinstance(keys, Tensor) and keys.ndim else entries("lexsort", "keys", keys, "arrays")
    arrays = array_list("lexsort", "a key", listed)
    if not arrays:
        raise ValueError("lexsort: keys is empty, but must have at least one key")
    shape = arrays[0].shape
    for key in arrays:
        if key.shape != shape:
            raise ValueError(f"lexsort: keys have shapes {shape} and {key.shape}, but must have one")
    if not shape:
        return zeros((), dtype="int64", device=arrays[0].device)
    axis = _axis("lexsort", axis, len(shape))
    order = argsort(arrays[0], axis)
    for key in arrays[1:]:
        order = take_along_axis(order, argsort(take_along_axis(key, order, axis), axis), axis)
    return order


def _partitioned(op: str, a: Any, kth: Any, axis: Any, kind: Any, order: Any) -> tuple[Tensor, int, list[int]]:
    x = array(op, "a", a)
    option(op, "kind", kind, ("introselect",))
    if order is not None:
        raise TypeError(f"{op}: order names fields of structured arrays, which there are none of")
    x, axis = (ravel(x), 0) if axis is None else (x, _axis(op, axis, x.ndim))
    n, places = x.shape[axis], integers(op, "kth", kth)
    for k in places:
        if not -n <= k < n:
            raise ValueError(f"{op}: kth is {k}, but axis {axis} of a {x.shape} has only {n} elements")
    return x, axis, list(places)


def partition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Tensor:
    """The elements with the k-th in the place that sorting gives it: none before it is larger, none after it smaller.

    The gradient goes back to where each element came from.

    Parameters
    ----------
    a : array-like
        Any shape, real.
    kth : int or sequence of int
        The places, counted from the back where negative.
    axis : int, optional
        The axis to work along; None takes all elements as one row.
    kind : str
        "introselect", as NumPy calls it.
    order : None
        For structured arrays of NumPy's, which there are none of.

    Returns
    -------
    Tensor
        Shape and dtype of `a`, or 1-D. NaN is above all numbers. The order on each side is left open.

    Raises
    ------
    ValueError
        Where a place is not on the axis.
    AxisError
        Where `axis` is not one of `a`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.partition([3.0, 1.0, 2.0], 1)[1]
    tensor(2.)
    """
    x, axis, places = _partitioned("partition", a, kth, axis, kind, order)
    if len(places) != 1:
        return sort(x, axis)
    if state.mode and x._node is not None:
        return take_along_axis(x, argpartition(x, places, axis), axis)
    return wrap(_core.partition(x._array, places[0], axis), None, x)


def argpartition(a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None) -> Tensor:
    """The positions that `partition` takes the elements from.

    Parameters
    ----------
    a : array-like
        Any shape, real.
    kth : int or sequence of int
        The places, counted from the back where negative.
    axis : int, optional
        The axis to work along; None takes all elements as one row.
    kind : str
        "introselect", as NumPy calls it.
    order : None
        For structured arrays of NumPy's, which there are none of.

    Returns
    -------
    Tensor
        int64, shape of `a`, or 1-D.

    Raises
    ------
    ValueError
        Where a place is not on the axis.
    AxisError
        Where `axis` is not one of `a`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argpartition([3.0, 1.0, 2.0], 0)[0]
    tensor(1)
    """
    x, axis, places = _partitioned("argpartition", a, kth, axis, kind, order)
    if len(places) != 1:
        return argsort(x, axis)
    return wrap(_core.argpartition(x._array, places[0], axis), None, x)
