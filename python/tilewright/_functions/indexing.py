"""Reading and writing parts of an array."""

from __future__ import annotations

import functools

from .. import _core
from .._engine.anomaly import note_forward
from .._engine.arguments import shown
from .._engine.dtypes import bool_, integer_range, kind_of
from .._engine.inplace import become, check_recordable
from .._engine.keywords import named
from .._engine.op import Plan, beside, frozen_key, is_number, kernel_in_python, positions, primitive, wrap
from .._engine.registry import Signature, register_op
from .._engine.tape import ANOMALY, Node, mark_written, state
from .._engine.tensor import asarray
from .manipulation import _axis, astype, broadcast_to

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "gather",
    "masked_fill",
    "newaxis",
    "nonzero",
    "scatter",
    "scatter_add",
    "take",
    "take_along_axis",
    "where",
]

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
    if not is_number(value):
        if isinstance(value, (list, tuple)) and x.dtype.is_inexact:
            value = asarray(value, x.dtype, device=x.device)  # not by way of float32
        else:
            value = beside(x, value)
    nodes = x._node, getattr(value, "_node", None)
    if not state.mode or (nodes[0] is None and nodes[1] is None):
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
    """`gather` under the name that its errors have in `take_along_axis`."""


@primitive
def _gather(x: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `gather`."""


@primitive
def _gather_backward(g: Any, /, indices: Any, axis: int, shape: tuple[int, ...]) -> Tensor:  # type: ignore[empty-body]
    """Zeros of `shape` with g added at the positions, repeated ones as often as they come."""


@primitive
def _scatter(x: Any, src: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `scatter`."""


@primitive
def _scatter_add(x: Any, src: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `scatter_add`."""


def _last_at_their_place(indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """For each entry of an index into an array of `shape`: whether it is the last along the axis to name its place."""
    extents = [1] * len(shape)
    extents[axis] = indices.shape[axis]
    order = _core.arange(0, 1, extents[axis], _core.DType.int64, indices.device)
    order = _core.broadcast_to(_core.reshape(order, extents), indices.shape)
    places = _core.full(shape, 0, order.dtype, indices.device)
    return _core.equal(_core.gather(_core.scatter(places, order, indices, axis), indices, axis), order)


def take_along_axis(x: Any, indices: Any, /, axis: int = -1) -> Tensor:
    """Pick along one axis, with an own position for every other coordinate.

    Parameters
    ----------
    x : array-like
        Any shape.
    indices : array-like of int
        Shape of `x` but for `axis`; the other axes broadcast with those of `x`. Negative ones count from the back.
    axis : int
        The axis the positions are on.

    Returns
    -------
    Tensor
        Shape of `indices`, broadcast. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    TypeError
        Where `indices` are not integers.
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
    axis = _axis("take_along_axis", axis, x.ndim)
    positions = _positions(x, indices)
    if len(positions.shape) == x.ndim:
        x, positions = _broadcast_but_for(axis, x, positions)
    return _take_along_axis(x, positions, axis)


def _broadcast_but_for(axis: int, x: Tensor, indices: Any) -> tuple[Tensor, Any]:
    """Both with the same lengths along all axes but one; as they are where they do not broadcast."""
    ours, theirs = list(x.shape), list(indices.shape)
    ours[axis] = theirs[axis] = 1
    if ours == theirs or any(a != b and 1 not in (a, b) for a, b in zip(ours, theirs, strict=True)):
        return x, indices
    common = [b if a == 1 else a for a, b in zip(ours, theirs, strict=True)]
    x = broadcast_to(x, (*common[:axis], x.shape[axis], *common[axis + 1 :]))
    return x, _core.broadcast_to(indices, (*common[:axis], indices.shape[axis], *common[axis + 1 :]))


@named(dim="axis", index="indices")
def gather(x: Any, /, axis: int, indices: Any) -> Tensor:
    """Pick along one axis, `y[i, j] = x[indices[i, j], j]` for axis 0, as PyTorch's function of this name does.

    `take_along_axis` broadcasts; here `indices` may cover a part of the other axes.

    Parameters
    ----------
    x : array-like
        Any shape but ().
    axis : int
        The axis that the positions are on; `dim` is another name of it, and `index` of `indices`.
    indices : array-like of int
        As many dimensions as `x`, and along no axis but `axis` longer. Negative ones count from the back.

    Returns
    -------
    Tensor
        Shape of `indices`. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    TypeError
        Where `indices` are not integers.
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.gather([[1.0, 2.0], [3.0, 4.0]], 1, [[1, 1, 0]])
    tensor([[2., 2., 1.]])
    """
    x = asarray(x)
    return _gather(x, _positions(x, indices), _axis("gather", axis, x.ndim))


@named(dim="axis", index="indices")
def scatter(x: Any, /, axis: int, indices: Any, src: Any) -> Tensor:
    """A copy with elements replaced along one axis, `y[indices[i, j], j] = src[i, j]` for axis 0.

    Where several entries name one place, the last along the axis is there, and only it gets a gradient.

    Parameters
    ----------
    x : array-like
        Any shape but ().
    axis : int
        The axis that the positions are on; `dim` is another name of it, and `index` of `indices`.
    indices : array-like of int
        As many dimensions as `x`, and along no axis but `axis` longer. Negative ones count from the back.
    src : array-like or number
        What to put there: a number or 0-d array, or along no axis shorter than `indices`; what is beyond those is not
        used. dtypes are promoted.

    Returns
    -------
    Tensor
        Shape of `x`. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    TypeError
        Where `indices` are not integers.
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.scatter(tw.zeros((2, 3)), 1, [[0, 2], [1, 1]], [[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 0., 2.],
            [0., 4., 0.]])
    """
    return _scatter(*_scattered("scatter", x, axis, indices, src))


@named(dim="axis", index="indices")
def scatter_add(x: Any, /, axis: int, indices: Any, src: Any) -> Tensor:
    """A copy with numbers added along one axis, `y[indices[i, j], j] += src[i, j]` for axis 0.

    Where several entries name one place, all of them are added.

    Parameters
    ----------
    x : array-like
        Numbers of any shape but ().
    axis : int
        The axis that the positions are on; `dim` is another name of it, and `index` of `indices`.
    indices : array-like of int
        As many dimensions as `x`, and along no axis but `axis` longer. Negative ones count from the back.
    src : array-like or number
        What to add: a number or 0-d array, or along no axis shorter than `indices`; what is beyond those is not used.
        dtypes are promoted.

    Returns
    -------
    Tensor
        Shape of `x`. New memory.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    TypeError
        Where `indices` are not integers, or `x` and `src` are bool.
    ValueError
        Where the shapes do not fit.

    Notes
    -----
    Up to 4,096 entries along the axis are summed before they are added to `x`, float32 in float64, float16 and bfloat16
    in float32.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.scatter_add(tw.zeros(3), 0, [0, 2, 2], [1.0, 2.0, 3.0])
    tensor([1., 0., 5.])
    """
    return _scatter_add(*_scattered("scatter_add", x, axis, indices, src))


def _scattered(op: str, x: Any, axis: Any, indices: Any, src: Any) -> tuple[Any, ...]:
    """The operands of a scatter, with the part of `src` that the indices cover."""
    x = asarray(x)
    axis, places = _axis(op, axis, x.ndim), _positions(x, indices)
    if not is_number(src):
        src = beside(x, src)
        if src.ndim and src.shape != places.shape:
            short = src.ndim != len(places.shape) or any(a < b for a, b in zip(src.shape, places.shape, strict=True))
            if short:
                raise ValueError(f"{op}: src has shape {src.shape}, which does not cover indices {places.shape}")
            src = src[tuple([slice(extent) for extent in places.shape])]
    return x, src, places, axis


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


def masked_fill(x: Any, mask: Any, value: Any, /) -> Tensor:
    """A copy with one value wherever a mask is true, in one pass: `where(mask, value, x)` in the dtype of `x`.

    Parameters
    ----------
    x : array-like
        Any shape.
    mask : array-like of bool
        Broadcasts with `x`.
    value : number or 0-d array
        What to fill in; a tensor gets a gradient, the sum of what arrives at the places filled.

    Returns
    -------
    Tensor
        The broadcast shape, dtype of `x`.

    Raises
    ------
    TypeError
        Where `mask` is not bool, or `value` is of a kind that the dtype does not hold: a fraction for integers.
    ValueError
        Where the shapes do not broadcast, `value` has axes, or an integer does not fit the dtype.

    Examples
    --------
    >>> import tilewright as tw
    >>> scores = tw.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> tw.masked_fill(scores, [[False, True], [False, False]], -float("inf"))
    tensor([[  1., -inf],
            [  3.,   4.]])
    """
    x = asarray(x)
    mask = beside(x, mask)
    if mask.dtype != bool_:
        raise TypeError(f"masked_fill: mask has dtype {mask.dtype.name}, but must be bool")
    return where(mask, _filling(x.dtype, value if is_number(value) else beside(x, value)), x)


def _filling(dtype: Any, value: Any) -> Any:
    """The value of `masked_fill` in the dtype of what is filled."""
    if not is_number(value):
        if value.ndim:
            raise ValueError(f"masked_fill: value has shape {value.shape}, but must be a number or 0-d")
        if kind_of(value.dtype) > kind_of(dtype):
            raise TypeError(f"masked_fill: value has dtype {value.dtype.name}, which {dtype.name} does not hold")
        return astype(value, dtype, copy=False)
    if kind_of(_core.default_dtype(value)) > kind_of(dtype):
        raise TypeError(f"masked_fill: value is {shown(value)}, which {dtype.name} does not hold")
    if dtype.is_integer:
        lowest, highest = integer_range(dtype)
        if not lowest <= value <= highest:
            raise ValueError(f"masked_fill: value is {shown(value)}, but {dtype.name} holds {lowest} to {highest}")
    return value
