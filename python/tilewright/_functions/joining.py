"""Joining and cutting: rows, columns, layers and blocks; parts put in, left out and added. All of it is made of other
ops.
"""

from __future__ import annotations

import math
from itertools import pairwise

from .. import _core
from .._engine.arguments import (
    array,
    array_list,
    arrays,
    entries,
    has_axes,
    integer,
    integers,
    is_integer,
    shape as checked_shape,
    shown,
)
from .._engine.dtypes import bool_, int64
from .._engine.op import positions, wrap
from .indexing import _getitem, _take
from .manipulation import _axis, _broadcast_to, _reshape, _split, _squeeze, _transpose, astype, concatenate, copy
from .repeating import tile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "append",
    "array_split",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block",
    "column_stack",
    "delete",
    "dsplit",
    "dstack",
    "hsplit",
    "hstack",
    "insert",
    "resize",
    "unstack",
    "vsplit",
    "vstack",
]


def _at_least_1(x: Tensor) -> Tensor:
    return x if x.ndim else _reshape(x, (1,))


def _at_least_2(x: Tensor) -> Tensor:
    return x if x.ndim >= 2 else _reshape(x, (1, x.size))


def _at_least_3(x: Tensor) -> Tensor:
    return x if x.ndim >= 3 else _reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, x.size, 1))


def _each(op: str, arrays: tuple[Any, ...], widen: Callable[[Tensor], Tensor]) -> Any:
    widened = [widen(array(op, "an array", x)) for x in arrays]
    return widened[0] if len(widened) == 1 else tuple(widened)


def atleast_1d(*arys: Any) -> Tensor | tuple[Tensor, ...]:
    """Arrays with one axis at least: what has none becomes an array of one element. Views.

    Parameters
    ----------
    *arys : array-like
        Any shapes.

    Returns
    -------
    Tensor or tuple of Tensor
        A tuple where there are several.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.atleast_1d(3.0)
    tensor([3.])
    """
    return _each("atleast_1d", arys, _at_least_1)


def atleast_2d(*arys: Any) -> Tensor | tuple[Tensor, ...]:
    """Arrays with two axes at least: what has fewer becomes a matrix of one row. Views.

    Parameters
    ----------
    *arys : array-like
        Any shapes.

    Returns
    -------
    Tensor or tuple of Tensor
        A tuple where there are several.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.atleast_2d([1, 2], 3)
    (tensor([[1, 2]]), tensor([[3]]))
    """
    return _each("atleast_2d", arys, _at_least_2)


def atleast_3d(*arys: Any) -> Tensor | tuple[Tensor, ...]:
    """Arrays with three axes at least: (n,) becomes (1, n, 1), and (m, n) becomes (m, n, 1). Views.

    Parameters
    ----------
    *arys : array-like
        Any shapes.

    Returns
    -------
    Tensor or tuple of Tensor
        A tuple where there are several.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.atleast_3d([1, 2]).shape
    (1, 2, 1)
    """
    return _each("atleast_3d", arys, _at_least_3)


def _widened(op: str, tup: Any, widen: Callable[[Tensor], Tensor]) -> list[Tensor]:
    listed = [widen(x) for x in array_list(op, "an array", entries(op, "tup", tup, "a sequence of arrays"))]
    if not listed:
        raise ValueError(f"{op}: there is nothing to join")
    return listed


def hstack(tup: Sequence[Any]) -> Tensor:
    """Join side by side: along the second axis, 1-D arrays along their only one.

    Parameters
    ----------
    tup : sequence of array-like
        Shapes equal but for that axis; dtypes are promoted.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    ValueError
        Where there is nothing to join or shapes differ elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.hstack([[[1], [2]], [[3], [4]]])
    tensor([[1, 3],
            [2, 4]])
    """
    listed = _widened("hstack", tup, _at_least_1)
    return concatenate(listed, 0 if listed[0].ndim == 1 else 1)


def vstack(tup: Sequence[Any]) -> Tensor:
    """Join one below the other: along the first axis, 1-D arrays as rows.

    Parameters
    ----------
    tup : sequence of array-like
        Shapes equal but for that axis; dtypes are promoted.

    Returns
    -------
    Tensor
        At least two axes. New memory.

    Raises
    ------
    ValueError
        Where there is nothing to join or shapes differ elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vstack([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return concatenate(_widened("vstack", tup, _at_least_2), 0)


def dstack(tup: Sequence[Any]) -> Tensor:
    """Join one behind the other: along the third axis, after `atleast_3d`.

    Parameters
    ----------
    tup : sequence of array-like
        Shapes equal but for that axis; dtypes are promoted.

    Returns
    -------
    Tensor
        At least three axes. New memory.

    Raises
    ------
    ValueError
        Where there is nothing to join or shapes differ elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.dstack([[1, 2], [3, 4]])
    tensor([[[1, 3],
             [2, 4]]])
    """
    return concatenate(_widened("dstack", tup, _at_least_3), 2)


def column_stack(tup: Sequence[Any]) -> Tensor:
    """Join as columns: 1-D arrays are one each, matrices bring theirs.

    Parameters
    ----------
    tup : sequence of array-like
        As many rows each; dtypes are promoted.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    ValueError
        Where there is nothing to join or shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.column_stack([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    return concatenate(_widened("column_stack", tup, lambda x: x if x.ndim >= 2 else _reshape(x, (x.size, 1))), 1)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along an axis, without it. Views.

    Parameters
    ----------
    x : array-like
        At least one axis.
    axis : int
        The axis to go along.

    Returns
    -------
    tuple of Tensor
        As many as the axis is long.

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.unstack([[1, 2], [3, 4]], axis=1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    x = array("unstack", "x", x)
    axis = _axis("unstack", axis, x.ndim)
    length = x.shape[axis]
    if not length:
        return ()
    return tuple([_squeeze(piece, (axis,)) for piece in _split(x, tuple(range(length + 1)), axis)])


def _pieces(op: str, ary: Any, given: Any, axis: int, even: bool) -> list[Tensor]:
    """What `split` and its like give: the axis is one of `ary`."""
    length = ary.shape[axis]
    if isinstance(given, (list, tuple, range)) or has_axes(given):
        cuts = [0, *integers(op, "indices_or_sections", given), length]
        cuts = [slice(cut).indices(length)[1] for cut in cuts]
        if cuts != sorted(cuts):
            return [_getitem(ary, (slice(None),) * axis + (slice(a, b),)) for a, b in pairwise(cuts)]
        return list(_split(ary, tuple(cuts), axis))
    count = integer(op, "indices_or_sections", given)
    if count < 1 or (even and length % count):
        needed = "a part of it" if even and count > 0 else "at least 1"
        raise ValueError(
            f"{op}: axis {axis} of ary {ary.shape} has length {length}, and indices_or_sections is {shown(count)}, but "
            f"must be {needed}"
        )
    integer(op, "indices_or_sections", count, at_most=1 << 24)
    short, longer = divmod(length, count)
    return list(_split(ary, tuple([i * short + min(i, longer) for i in range(count + 1)]), axis))


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Cut along an axis, evenly or almost so. Views.

    Parameters
    ----------
    ary : array-like
        At least one axis.
    indices_or_sections : int or sequence of int
        That many parts, the first ones longer by one where they cannot be equal; or the positions to cut at.
    axis : int
        The axis to cut.

    Returns
    -------
    list of Tensor
        Views, in order.

    Raises
    ------
    ValueError
        For less than one part.
    AxisError
        Where `axis` is not one of `ary`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.array_split([1, 2, 3], 2)
    [tensor([1, 2]), tensor([3])]
    """
    ary = array("array_split", "ary", ary)
    return _pieces("array_split", ary, indices_or_sections, _axis("array_split", axis, ary.ndim), even=False)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cut side by side: along the second axis, 1-D arrays along their only one. Views.

    Parameters
    ----------
    ary : array-like
        At least one axis.
    indices_or_sections : int or sequence of int
        That many equal parts, or the positions to cut at.

    Returns
    -------
    list of Tensor
        Views, in order.

    Raises
    ------
    ValueError
        Where the axis does not divide evenly, or is not there.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.hsplit([[1, 2], [3, 4]], 2)
    [tensor([[1],
            [3]]), tensor([[2],
            [4]])]
    """
    ary = _to_cut("hsplit", ary, 1)
    return _pieces("hsplit", ary, indices_or_sections, 1 if ary.ndim > 1 else 0, even=True)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cut one below the other: along the first axis. Views.

    Parameters
    ----------
    ary : array-like
        At least two axes.
    indices_or_sections : int or sequence of int
        That many equal parts, or the positions to cut at.

    Returns
    -------
    list of Tensor
        Views, in order.

    Raises
    ------
    ValueError
        Where the axis does not divide evenly, or there are fewer axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vsplit([[1, 2], [3, 4]], 2)
    [tensor([[1, 2]]), tensor([[3, 4]])]
    """
    return _pieces("vsplit", _to_cut("vsplit", ary, 2), indices_or_sections, 0, even=True)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Tensor]:
    """Cut one behind the other: along the third axis. Views.

    Parameters
    ----------
    ary : array-like
        At least three axes.
    indices_or_sections : int or sequence of int
        That many equal parts, or the positions to cut at.

    Returns
    -------
    list of Tensor
        Views, in order.

    Raises
    ------
    ValueError
        Where the axis does not divide evenly, or there are fewer axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.dsplit([[[1, 2]]], 2)
    [tensor([[[1]]]), tensor([[[2]]])]
    """
    return _pieces("dsplit", _to_cut("dsplit", ary, 3), indices_or_sections, 2, even=True)


def _to_cut(op: str, ary: Any, axes: int) -> Tensor:
    ary = array(op, "ary", ary)
    if ary.ndim < axes:
        raise ValueError(f"{op}: ary has shape {ary.shape}, but needs at least {axes} {'axes' if axes > 1 else 'axis'}")
    return ary


def append(arr: Any, values: Any, axis: int | None = None) -> Tensor:
    """Add values at the end.

    Parameters
    ----------
    arr : array-like
        Any shape.
    values : array-like
        Shape of `arr` but along `axis`; dtypes are promoted.
    axis : int, optional
        Along which axis; by default both are taken as rows, in C order.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    ValueError
        Where the shapes do not fit.
    AxisError
        Where `axis` is not one of `arr`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.append([1, 2], [3])
    tensor([1, 2, 3])
    """
    arr, values = arrays("append", arr=arr, values=values)
    if axis is None:
        return concatenate([_reshape(arr, (-1,)), _reshape(values, (-1,))], 0)
    return concatenate([arr, values], _axis("append", axis, arr.ndim))


def _along(op: str, arr: Any, axis: Any) -> tuple[Tensor, int]:
    """The array and the axis to work along: all elements as one row where that is None."""
    arr = array(op, "arr", arr)
    return (_reshape(arr, (-1,)), 0) if axis is None else (arr, _axis(op, axis, arr.ndim))


def _places(op: str, obj: Any, length: int) -> Any:
    """The places that `obj` names along an axis: an int, or an array of int64 that holds none below 0."""
    if isinstance(obj, slice):
        ends = [end if end is None else integer(op, "an end of obj", end) for end in (obj.start, obj.stop, obj.step)]
        start, stop, step = slice(*ends).indices(length)
        return _core.arange(start, step, len(range(start, stop, step)), int64, "cpu")
    if is_integer(obj) and not isinstance(obj, bool) and not has_axes(obj) and not isinstance(obj, (list, tuple)):
        return integer(op, "obj", obj)
    found: Any = _core.to_host(op, positions(obj, lambda value: array(op, "obj", value))._array)
    if found.dtype == bool_:
        if found.shape != (length,):
            raise ValueError(f"{op}: obj is a mask of shape {found.shape}, but the axis has length {length}")
        return _core.nonzero(found)[0]
    if not found.dtype.is_integer or len(found.shape) > 1:
        raise TypeError(
            f"{op}: obj has dtype {found.dtype.name} and shape {found.shape}, but must be a slice, integers or a mask"
        )
    return _core.astype(_core.reshape(found, (-1,)), int64, False)


def delete(arr: Any, obj: Any, axis: int | None = None) -> Tensor:
    """A copy without some slices along an axis.

    Parameters
    ----------
    arr : array-like
        Any shape.
    obj : int, slice, array-like of int or of bool
        The places to leave out, counted from the back where negative; or a mask that is true there.
    axis : int, optional
        Along which axis; by default all elements, in C order, are taken as one row.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    IndexError
        Where a place is out of bounds.
    ValueError
        For a mask of another length.
    TypeError
        For other places.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.delete([1, 2, 3, 4], [0, -1])
    tensor([2, 3])
    """
    arr, axis = _along("delete", arr, axis)
    length = arr.shape[axis]
    left_out = _places("delete", obj, length)
    if isinstance(left_out, int):
        if not -length <= left_out < length:
            raise IndexError(f"delete: place {shown(left_out)} is out of bounds for an axis of length {length}")
        before, place = (slice(None),) * axis, left_out % length
        return concatenate(
            [_getitem(arr, (*before, slice(place))), _getitem(arr, (*before, slice(place + 1, None)))], axis
        )
    kept = _core.full((length,), True, bool_)
    _core.setitem(kept, left_out, False)
    return _take(arr, wrap(_core.nonzero(kept)[0]).to(arr.device)._array, axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Tensor:
    """A copy with values put in before some places along an axis.

    Parameters
    ----------
    arr : array-like
        Any shape.
    obj : int, slice, array-like of int or of bool
        The places in `arr`, counted from the back where negative; its length means the end. Or a mask that is true at
        them.
    values : array-like
        What to put in, as the dtype of `arr`; broadcasts to the slices. Before a single place any number can be put.
    axis : int, optional
        Along which axis; by default all elements, in C order, are taken as one row.

    Returns
    -------
    Tensor
        Dtype of `arr`. New memory.

    Raises
    ------
    IndexError
        Where a place is out of bounds.
    ValueError
        Where the values do not fit.
    TypeError
        For other places.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.insert([1, 2, 3], 1, [8, 9])
    tensor([1, 8, 9, 2, 3])
    >>> tw.insert([1, 2, 3], [0, 3], 9)
    tensor([9, 1, 2, 3, 9])
    """
    arr, axis = _along("insert", arr, axis)
    length = arr.shape[axis]
    places = _places("insert", obj, length)
    single = isinstance(places, int)
    values = astype(array("insert", "values", values, beside=arr), arr.dtype, copy=False)
    if values.ndim < arr.ndim:
        values = _reshape(values, (1,) * (arr.ndim - values.ndim) + values.shape)
    if single and values.ndim == arr.ndim:  # what has axis 0 in front is what goes along the axis
        order = list(range(1, arr.ndim))
        values = _transpose(values, (*order[:axis], 0, *order[axis:]))
    elif not single and places.shape[0] == 1:
        single, places = True, _core.item(places)
    count = (values.shape[axis] if values.ndim > axis else 1) if single else places.shape[0]
    values = _broadcast_to(values, (*arr.shape[:axis], count, *arr.shape[axis + 1 :]))
    if single:
        if not -length <= places <= length:
            raise IndexError(f"insert: place {shown(places)} is out of bounds for an axis of length {length}")
        before, place = (slice(None),) * axis, places + length if places < 0 else places
        front, back = _getitem(arr, (*before, slice(place))), _getitem(arr, (*before, slice(place, None)))
        return concatenate([front, values, back], axis)
    return _take(concatenate([arr, values], axis), wrap(_merged(places, length)).to(arr.device)._array, axis)


def _merged(places: Any, length: int) -> Any:
    """For each place of the result of `insert` where it comes from: values are after the `length` elements."""
    count = places.shape[0]
    if count and not -length <= _core.item(_core.min(places)) <= _core.item(_core.max(places)) <= length:
        raise IndexError(f"insert: a place in obj is out of bounds for an axis of length {length}")
    below = _core.less(places, 0)
    places = _core.add(places, _core.multiply(_core.astype(below, int64, True), length))
    order = _core.argsort(places, 0, False)
    into = _core.add(_core.getitem(places, order), _core.arange(0, 1, count, int64, "cpu"))
    source = _core.full((length + count,), 0, int64)
    kept = _core.full((length + count,), True, bool_)
    _core.setitem(kept, into, False)
    _core.setitem(source, into, _core.add(order, length))
    _core.setitem(source, kept, _core.arange(0, 1, length, int64, "cpu"))
    return source


def resize(a: Any, new_shape: int | tuple[int, ...]) -> Tensor:
    """The elements, in C order, again and again until another shape is full.

    Parameters
    ----------
    a : array-like
        Any shape.
    new_shape : int or tuple of int
        Shape of the result.

    Returns
    -------
    Tensor
        New memory; zeros where `a` has no elements.

    Raises
    ------
    ValueError
        For a negative length.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.resize([1, 2, 3], (2, 2))
    tensor([[1, 2],
            [3, 1]])
    """
    a = array("resize", "a", a)
    shape = checked_shape("resize", new_shape, "new_shape")
    size, row = math.prod(shape), _reshape(a, (-1,))
    if not a.size:
        row = concatenate([row, wrap(_core.full((size,), 0, a.dtype, a.device))])
    elif size > a.size:
        row = tile(row, -(-size // a.size))
    return copy(_reshape(row if row.size == size else _getitem(row, slice(size)), shape))


def block(arrays: Any) -> Tensor:
    """An array of blocks: nested lists are joined, the innermost along the last axis, the next one axis earlier.

    Parameters
    ----------
    arrays : array-like or nested lists of array-like
        As deep everywhere. Arrays of fewer axes get some of length 1 in front.

    Returns
    -------
    Tensor
        New memory; dtypes are promoted.

    Raises
    ------
    ValueError
        For an empty list, lists of different depth, or shapes that do not fit.
    TypeError
        For tuples.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.block([[tw.eye(2), tw.zeros((2, 1))], [tw.ones((1, 3))]])
    tensor([[1., 0., 0.],
            [0., 1., 0.],
            [1., 1., 1.]])
    """
    leaves: list[Tensor] = []
    depth, tree = _depth(arrays, leaves, 0)
    axes = max(depth, *(x.ndim for x in leaves))
    return _joined(tree, depth, 0, axes) if depth else copy(leaves[0])


def _depth(tree: Any, leaves: list[Tensor], level: int) -> tuple[int, Any]:
    """How many lists are within each other, and the same with tensors in them."""
    if isinstance(tree, tuple):
        raise TypeError("block: there is a tuple among the blocks, but only lists are joined")
    if not isinstance(tree, list):
        leaves.append(array("block", "a block", tree))
        return 0, leaves[-1]
    if not tree or level >= 16:
        raise ValueError("block: there is an empty list" if not tree else "block: lists are nested too deep")
    below = [_depth(branch, leaves, level + 1) for branch in tree]
    depths = {depth for depth, _ in below}
    if len(depths) > 1:
        raise ValueError(
            f"block: lists are nested {level + min(depths) + 1} and {level + max(depths) + 1} deep, but must be alike"
        )
    return below[0][0] + 1, [branch for _, branch in below]


def _joined(tree: Any, depth: int, level: int, axes: int) -> Tensor:
    if not isinstance(tree, list):
        x: Tensor = tree
        return x if x.ndim == axes else _reshape(x, (1,) * (axes - x.ndim) + x.shape)
    return concatenate([_joined(branch, depth, level + 1, axes) for branch in tree], axes - depth + level)
