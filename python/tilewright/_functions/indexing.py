"""Reading and writing parts of an array."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.anomaly import note_forward
from .._engine.inplace import become, check_recordable
from .._engine.op import Plan, beside, frozen_key, is_number, kernel_in_python, positions, primitive, wrap
from .._engine.registry import Signature, register_op
from .._engine.tape import ANOMALY, Node, mark_written, state
from .._engine.tensor import asarray
from .manipulation import _axis, astype

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["newaxis", "nonzero", "take", "take_along_axis", "where"]

newaxis = None


@primitive
def _getitem(x: Any, /, key: Any) -> Tensor:  # type: ignore[empty-body]
    """`x[key]`: a view for ints, slices, None and Ellipsis; a copy where there are index arrays or masks."""


@kernel_in_python
def _getitem_backward(g: Any, /, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with g added at `key`, repeated positions as often as they come."""
    out = _core.full(shape, 0, g.dtype, g.device)
    _core.index_add(out, key, g)
    return out


@kernel_in_python
def _erase(x: Any, /, key: Any) -> Any:
    """A copy of x with zeros at `key`: the cotangent of what `x[key] = value` left in place."""
    out = _core.astype(x, x.dtype, True)
    _core.setitem(out, key, 0)
    return out


_SETITEM = register_op(Signature("setitem", ("x", "value"), ("key",)), __name__)


@functools.cache
def _setitem_plan(mask: tuple[bool, bool]) -> Plan:
    return Plan(_SETITEM, mask)


def setitem(x: Tensor, key: Any, value: Any, op: str = "setitem") -> None:
    """`x[key] = value`, in place: numbers and arrays are broadcast and cast.

    Where `key` names a position twice, each of the values gets its gradient, though only one has come to stay.
    """
    if isinstance(value, (list, tuple)) and x.dtype.is_inexact:
        value = asarray(value, x.dtype, device=x.device)  # not by way of float32
    elif not is_number(value):
        value = beside(x, value)
    nodes = x._node, getattr(value, "_node", None)
    if not state.mode or nodes == (None, None):
        _core.setitem(x._array, key, getattr(value, "_array", value))
        mark_written([x._array])
        return
    check_recordable(x, op)
    if nodes[1] is not None:
        value = astype(value, x.dtype, copy=False)
        nodes = nodes[0], value._node
    _core.setitem(x._array, key, getattr(value, "_array", value))
    mark_written([x._array])
    plan = _setitem_plan((nodes[0] is not None, nodes[1] is not None))
    parents = tuple([node for node in nodes if node is not None])
    node = Node(plan, parents, (frozen_key(key),), x.shape)
    become(x, node)
    if state.mode == ANOMALY:
        note_forward(node, x._array)


@primitive
def _take(x: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `take`."""


@kernel_in_python
def _take_backward(g: Any, /, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with g added at the positions, repeated ones as often as they come."""
    out = _core.full(shape, 0, g.dtype, g.device)
    _core.take_add(out, indices, g, axis)
    return out


def _positions(x: Tensor, indices: Any) -> Any:
    """The array of indices into x, in memory that backward can rely on."""
    return positions(indices, lambda v: beside(x, v))._array


def take(x: Any, indices: Any, /, axis: int | None = None) -> Tensor:
    """Slices of `x` at the given positions along an axis; also the look-up of an embedding.

    Parameters
    ----------
    x : array-like
        Any shape.
    indices : array-like of int
        Positions, counted from the back where negative.
    axis : int, optional
        The axis they are on; may be left out for 1-D `x`.

    Returns
    -------
    Tensor
        Shape of `x` with `axis` replaced by the shape of `indices`. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    TypeError
        Where `indices` are not integers.
    ValueError
        Where `axis` is left out and `x` is not 1-D.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.take([10.0, 20.0, 30.0], [2, 0])
    tensor([30., 10.])
    """
    x = asarray(x)
    if axis is None:
        if x.ndim != 1:
            raise ValueError(f"take: x has shape {x.shape}; name the axis")
        axis = 0
    return _take(x, _positions(x, indices), _axis("take", axis, x.ndim))


@primitive
def _take_along_axis(x: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `take_along_axis`."""


@kernel_in_python
def _take_along_axis_backward(g: Any, /, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with g added at the positions, repeated ones as often as they come."""
    out = _core.full(shape, 0, g.dtype, g.device)
    _core.put_along_axis_add(out, indices, g, axis)
    return out


def take_along_axis(x: Any, indices: Any, /, axis: int = -1) -> Tensor:
    """Pick along one axis, with an own position for every other coordinate.

    Parameters
    ----------
    x : array-like
        Any shape.
    indices : array-like of int
        Shape of `x` but for `axis`.
    axis : int
        The axis the positions are on.

    Returns
    -------
    Tensor
        Shape of `indices`. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.take_along_axis([[1.0, 2.0], [3.0, 4.0]], [[1], [0]], axis=1)
    tensor([[2.],
            [3.]])
    """
    x = asarray(x)
    return _take_along_axis(x, _positions(x, indices), _axis("take_along_axis", axis, x.ndim))


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """Positions of the elements that are not zero.

    Parameters
    ----------
    x : array-like
        At least 1-D.

    Returns
    -------
    tuple of Tensor
        One int64 array of positions for each axis, in C order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nonzero([0, 3, 0, 4])
    (tensor([1, 3]),)
    """
    x = asarray(x)
    return tuple(wrap(positions, None, x) for positions in _core.nonzero(x._array))


@primitive(conditions=("condition",))
def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Elements of `x1` where the condition holds, of `x2` elsewhere.

    Parameters
    ----------
    condition : array-like of bool
        Broadcasts with `x1` and `x2`.
    x1, x2 : array-like or number
        What to choose from; dtypes are promoted.

    Returns
    -------
    Tensor
        The broadcast shape, the promoted dtype.

    Raises
    ------
    TypeError
        Where `condition` is not bool.
    ValueError
        Where the shapes do not broadcast.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.where(tw.asarray([True, False]), [1.0, 2.0], 0.0)
    tensor([1., 0.])
    """
