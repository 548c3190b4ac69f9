"""Elements again and elsewhere: repeated, broadcast together, rolled and turned. All of it is made of other ops."""

from __future__ import annotations

import math

from .. import _core
from .._engine.arguments import array, has_axes, integer, integers, shape as checked_shape
from .._engine.dtypes import int64
from .._engine.op import positions, wrap
from .indexing import _getitem, _take
from .manipulation import _axis, _broadcast_to, _flip, _reshape, _transpose, concatenate, copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "broadcast_arrays",
    "broadcast_shapes",
    "fliplr",
    "flipud",
    "repeat",
    "roll",
    "rot90",
    "tile",
]

_MOST_AXES = _core.MAX_DIMS - 1  # sums of complex numbers need one more
_LONGEST = (1 << 59) - 1


def repeat(x: Any, repeats: Any, /, axis: int | None = None) -> Tensor:
    """Each element, or slice along an axis, several times, one beside the other.

    Parameters
    ----------
    x : array-like
        Any shape.
    repeats : int or array-like of int
        How often, none negative: one number for all, or one for each place along the axis.
    axis : int, optional
        The axis; by default all elements, in C order, are taken as one row.

    Returns
    -------
    Tensor
        Shape of `x` but along `axis`, or 1-D. New memory.

    Raises
    ------
    ValueError
        For a negative number, or more or fewer of them than there are places.
    TypeError
        For numbers that are no integers.
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.repeat([1, 2], 2)
    tensor([1, 1, 2, 2])
    >>> tw.repeat([[1, 2], [3, 4]], [2, 1], axis=0)
    tensor([[1, 2],
            [1, 2],
            [3, 4]])
    """
    x = array("repeat", "x", x)
    if axis is None:
        x, axis = _reshape(x, (-1,)), 0
    else:
        axis = _axis("repeat", axis, x.ndim)
    length = x.shape[axis]
    if not (isinstance(repeats, (list, tuple, range)) or has_axes(repeats)):
        return _repeated_alike(x, integer("repeat", "repeats", repeats, at_least=0, at_most=_LONGEST), axis)
    counts = positions(repeats, lambda value: array("repeat", "repeats", value))
    if not counts.dtype.is_integer or counts.ndim != 1 or counts.shape[0] not in (1, length):
        kind = TypeError if not counts.dtype.is_integer else ValueError
        raise kind(
            f"repeat: repeats has shape {counts.shape} and dtype {counts.dtype.name}, but must be integers: "
            f"one, or one for each of the {length} places along axis {axis}"
        )
    if counts.shape[0] == 1:
        return _repeated_alike(x, integer("repeat", "repeats", counts.item(), at_least=0, at_most=_LONGEST), axis)
    on_host: Any = _core.to_host("repeat", counts._array)
    ends = _core.cumsum(_core.astype(on_host, int64, False), 0, False)
    total = _core.item(_core.getitem(ends, -1)) if length else 0
    if length and _core.item(_core.min(on_host)) < 0:
        raise ValueError("repeat: repeats has a negative number")
    # A place begins where the one before it ends: the place of each element of the result is how many have ended.
    ended = _core.full((checked_shape("repeat", total, "the result")[0] + 1,), 0, int64)
    _core.index_add(ended, ends, _core.full(ends.shape, 1, int64))
    places = _core.cumsum(_core.getitem(ended, slice(0, total)), 0, False)
    return _take(x, wrap(places).to(x.device)._array, axis)


def _repeated_alike(x: Tensor, count: int, axis: int) -> Tensor:
    before, length, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    result = checked_shape("repeat", (*before, length * count, *after), "the result")
    outer, inner = math.prod(before) * length, math.prod(after)
    return _own(_reshape(_broadcast_to(_reshape(x, (outer, 1, inner)), (outer, count, inner)), result), x)


def _own(y: Tensor, x: Tensor) -> Tensor:
    """`y`, made of x, in memory where each element has a place of its own and of x none."""
    alike = y.size == x.size or any(stride == 0 and n > 1 for stride, n in zip(y.strides, y.shape, strict=True))
    return copy(y) if alike else y


def tile(x: Any, repetitions: int | tuple[int, ...], /) -> Tensor:
    """The whole array several times along its axes, one beside the other.

    Parameters
    ----------
    x : array-like
        Any shape.
    repetitions : int or tuple of int
        How often along each axis, none negative. Where one of both has fewer axes, those that it lacks are in front, of
        length 1 and repeated once.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    ValueError
        For a negative number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tile([1, 2], 2)
    tensor([1, 2, 1, 2])
    >>> tw.tile([1, 2], (2, 1))
    tensor([[1, 2],
            [1, 2]])
    """
    x = array("tile", "x", x)
    times = checked_shape("tile", repetitions, "repetitions")
    axes = max(x.ndim, len(times))
    times = (1,) * (axes - len(times)) + times
    shape = (1,) * (axes - x.ndim) + x.shape
    result = checked_shape("tile", tuple([n * count for n, count in zip(shape, times, strict=True)]), "the result")
    tiled = [axis for axis in range(axes) if times[axis] != 1]
    while axes + len(tiled) > _MOST_AXES:  # those without room first, one by one
        axis = tiled.pop()
        x = _repeated_rows(_reshape(x, shape), times[axis], axis)
        shape, times = x.shape, (*times[:axis], 1, *times[axis + 1 :])
    apart: list[int] = []
    spread: list[int] = []
    for n, count in zip(shape, times, strict=True):
        apart += [n] if count == 1 else [1, n]
        spread += [n] if count == 1 else [count, n]
    return _own(_reshape(_broadcast_to(_reshape(x, tuple(apart)), tuple(spread)), result), x)


def _repeated_rows(x: Tensor, count: int, axis: int) -> Tensor:
    outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis:])
    shape = (*x.shape[:axis], x.shape[axis] * count, *x.shape[axis + 1 :])
    return _reshape(_broadcast_to(_reshape(x, (outer, 1, inner)), (outer, count, inner)), shape)


def roll(x: Any, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Move elements along axes; those that leave at the end come back at the front.

    Parameters
    ----------
    x : array-like
        Any shape.
    shift : int or tuple of int
        How far, towards the front where negative.
    axis : int or tuple of int, optional
        Along which axes: as many as there are shifts, or one of both. By default all elements, in C order, are rolled
        as one row.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. New memory.

    Raises
    ------
    ValueError
        Where the numbers of shifts and of axes differ.
    AxisError
        Where an axis is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.roll([1, 2, 3, 4], 1)
    tensor([4, 1, 2, 3])
    >>> tw.roll([[1, 2], [3, 4]], 1, axis=0)
    tensor([[3, 4],
            [1, 2]])
    """
    x = array("roll", "x", x)
    shifts = integers("roll", "shift", shift)
    if axis is None:
        flat = _reshape(x, (-1,))
        return _reshape(_rolled(flat, {0: sum(shifts)}), x.shape)
    axes = integers("roll", "axis", axis)
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ValueError(f"roll: shift has {len(shifts)} entries and axis {len(axes)}, but must have as many, or one")
    count = len(axes) if len(shifts) == 1 else len(shifts)
    by_axis: dict[int, int] = {}
    if len(axes) != count:
        axes *= count
    if len(shifts) != count:
        shifts *= count
    for place, distance in zip(axes, shifts, strict=True):
        place = _axis("roll", place, x.ndim)
        by_axis[place] = by_axis.get(place, 0) + distance
    return _rolled(x, by_axis)


def _rolled(x: Tensor, by_axis: dict[int, int]) -> Tensor:
    y = x
    for axis, shift in by_axis.items():
        start = shift % x.shape[axis] if x.shape[axis] else 0
        if start:
            before = (slice(None),) * axis
            y = concatenate([_getitem(y, (*before, slice(-start, None))), _getitem(y, (*before, slice(-start)))], axis)
    return copy(y) if y is x else y


def rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Tensor:
    """Turn by quarters of a circle in the plane of two axes.

    Parameters
    ----------
    m : array-like
        At least two axes.
    k : int
        How many quarters, from the first axis towards the second.
    axes : tuple of int
        The two axes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ValueError
        Where there are not two different axes.
    AxisError
        Where one is not an axis of `m`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.rot90([[1, 2], [3, 4]])
    tensor([[2, 4],
            [1, 3]])
    """
    m = array("rot90", "m", m)
    quarters = integer("rot90", "k", k) % 4
    plane = tuple([_axis("rot90", axis, m.ndim, "an entry of axes") for axis in integers("rot90", "axes", axes)])
    if len(plane) != 2 or plane[0] == plane[1]:
        raise ValueError(f"rot90: axes name {plane} of m {m.shape}, but must be two different axes")
    if quarters % 2 == 0:
        return _flip(m, plane if quarters else ())
    order = list(range(m.ndim))
    order[plane[0]], order[plane[1]] = plane[1], plane[0]
    return _flip(_transpose(m, tuple(order)), (plane[quarters == 3],))


def fliplr(m: Any) -> Tensor:
    """Reverse the order along the second axis, left and right. A view.

    Parameters
    ----------
    m : array-like
        At least two axes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ValueError
        Where `m` has fewer axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fliplr([[1, 2], [3, 4]])
    tensor([[2, 1],
            [4, 3]])
    """
    return _flipped("fliplr", m, 1)


def flipud(m: Any) -> Tensor:
    """Reverse the order along the first axis, up and down. A view.

    Parameters
    ----------
    m : array-like
        At least one axis.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ValueError
        Where `m` has no axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.flipud([[1, 2], [3, 4]])
    tensor([[3, 4],
            [1, 2]])
    """
    return _flipped("flipud", m, 0)


def _flipped(op: str, m: Any, axis: int) -> Tensor:
    m = array(op, "m", m)
    if m.ndim <= axis:
        raise ValueError(f"{op}: m has shape {m.shape}, but needs at least {axis + 1} {'axes' if axis else 'axis'}")
    return _flip(m, (axis,))


def broadcast_shapes(*shapes: int | tuple[int, ...]) -> tuple[int, ...]:
    """The shape that arrays of these shapes have together.

    Parameters
    ----------
    *shapes : int or tuple of int
        Any number of them.

    Returns
    -------
    tuple of int
        Aligned at the last axis; along each axis the length that is not 1.

    Raises
    ------
    ValueError
        Where two lengths of an axis differ and none is 1, or one is negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    return _common("broadcast_shapes", [checked_shape("broadcast_shapes", shape, "a shape") for shape in shapes])


def _common(op: str, shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    lengths = [1] * max(map(len, shapes), default=0)
    for shape in shapes:
        for axis in range(-len(shape), 0):
            if shape[axis] != 1:
                if lengths[axis] not in (1, shape[axis]):
                    raise ValueError(f"{op}: the shapes {', '.join(map(str, shapes))} do not broadcast with each other")
                lengths[axis] = shape[axis]
    return checked_shape(op, tuple(lengths), "the result")


def broadcast_arrays(*arrays: Any) -> tuple[Tensor, ...]:
    """Arrays in the shape that they have together. Views.

    Parameters
    ----------
    *arrays : array-like
        Shapes that broadcast with each other; dtypes stay.

    Returns
    -------
    tuple of Tensor
        Views whose elements share memory; not for writing.

    Raises
    ------
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.broadcast_arrays([1, 2], [[3]])
    (tensor([[1, 2]]), tensor([[3, 3]]))
    """
    tensors = [array("broadcast_arrays", "an array", x) for x in arrays]
    shape = _common("broadcast_arrays", [x.shape for x in tensors])
    return tuple([x if x.shape == shape else _broadcast_to(x, shape) for x in tensors])
