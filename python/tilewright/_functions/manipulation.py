"""Shape and layout: views where strides allow, and joining."""

from __future__ import annotations

from itertools import pairwise

from .. import _core
from .._engine.arguments import (
    array_list,
    device as checked_device,
    entries,
    flag,
    has_axes,
    integer,
    integers,
    shown,
)
from .._engine.dtypes import as_dtype
from .._engine.op import primitive, wrap
from .._engine.tensor import Tensor, asarray

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._engine.dtypes import DType

__all__ = [
    "astype",
    "broadcast_to",
    "concatenate",
    "copy",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "ravel",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
]

Shape = int | tuple[int, ...]


@primitive
def _reshape(x: Any, /, shape: Shape) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `reshape`."""


@primitive
def _transpose(x: Any, /, axes: tuple[int, ...]) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `permute_dims`."""


@primitive
def _broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `broadcast_to`."""


@primitive
def _expand_dims(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `expand_dims`."""


@primitive
def _squeeze(x: Any, /, axes: tuple[int, ...]) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `squeeze`."""


@primitive
def _flip(x: Any, /, axes: tuple[int, ...]) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `flip`."""


@primitive
def _astype(x: Any, /, dtype: Any, copy: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `astype`."""


@primitive
def to_device(x: Any, /, device: str) -> Tensor:  # type: ignore[empty-body]
    """A copy on another device; its gradient comes back."""


@primitive(sequence=True)
def _concatenate(arrays: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `concatenate`."""


@primitive(sequence=True)
def _stack(arrays: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `stack`."""


@primitive(results="pieces")
def _split(x: Any, /, cuts: tuple[int, ...], axis: int) -> tuple[Tensor, ...]:  # type: ignore[empty-body]
    """Kernel of `split`: from each cut to the next; they rise from 0 to the length of the axis."""


def reshape(x: Any, /, shape: Shape, *, copy: bool | None = None) -> Tensor:
    """The same elements, in C order, under another shape.

    Parameters
    ----------
    x : array-like
        Any shape.
    shape : int or tuple of int
        New shape; one entry may be -1 and is worked out.
    copy : bool, optional
        True always copies, False never does (and raises where it would have to), None copies only where needed.

    Returns
    -------
    Tensor
        A view where the strides of `x` allow, else a copy.

    Raises
    ------
    ValueError
        Where the number of elements differs, or `copy=False` and a copy is needed.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.reshape(tw.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    if copy is None:
        return _reshape(x, shape)
    x = asarray(x)
    if flag("reshape", "copy", copy):
        return _reshape(astype(x, x.dtype), shape)
    y = _reshape(x, shape)
    if y.size and not _core.is_looked_at(y):
        raise ValueError(f"reshape: copy=False, but x {x.shape} with strides {x.strides} has no view {y.shape}")
    return y


def permute_dims(x: Any, /, axes: tuple[int, ...] | None = None) -> Tensor:
    """Reorder the axes; reverse them by default. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    axes : tuple of int, optional
        For each axis of the result, the axis of `x` it is.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ValueError
        Where `axes` is not a permutation.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.permute_dims(tw.zeros((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    x = asarray(x)
    return _transpose(x, tuple(range(x.ndim - 1, -1, -1)) if axes is None else integers("permute_dims", "axes", axes))


_REVERSED = [tuple(range(ndim - 1, -1, -1)) for ndim in range(_core.MAX_DIMS + 1)]


def reversed_axes(x: Tensor) -> Tensor:
    """The axes reversed, a view."""
    return _transpose(x, _REVERSED[x._array.ndim])


def swapaxes(x: Any, /, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis1, axis2 : int
        The axes to exchange.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    AxisError
        Where an axis is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.swapaxes(tw.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    x = asarray(x)
    n = x.ndim
    a, b = _axis("swapaxes", axis1, n), _axis("swapaxes", axis2, n)
    axes = list(range(n))
    axes[a], axes[b] = b, a
    return _transpose(x, tuple(axes))


def matrix_transpose(x: Any, /) -> Tensor:
    """Exchange the last two axes. A view.

    Parameters
    ----------
    x : array-like
        At least 2-D.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    ValueError
        Where `x` has fewer than two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.matrix_transpose([[1, 2], [3, 4]])
    tensor([[1, 3],
            [2, 4]])
    """
    x = asarray(x)
    n = x.ndim
    if n < 2:
        raise ValueError(f"matrix_transpose: x has shape {x.shape}, but needs at least two axes")
    return _transpose(x, (*range(n - 2), n - 1, n - 2))


def moveaxis(x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Tensor:
    """Move axes elsewhere, keeping the order of the others. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    source, destination : int or tuple of int
        Where each axis is and where it goes.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    AxisError
        Where an axis is not one of `x`.
    ValueError
        Where an axis comes twice, or there are not as many of both.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.moveaxis(tw.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = asarray(x)
    sources = _axes("moveaxis", source, x.ndim, "source")
    targets = _axes("moveaxis", destination, x.ndim, "destination")
    if len(sources) != len(targets):
        raise ValueError(f"moveaxis: source has {len(sources)} axes, but destination {len(targets)}")
    axes = [axis for axis in range(x.ndim) if axis not in sources]
    for target, axis in sorted(zip(targets, sources, strict=True)):
        axes.insert(target, axis)
    return _transpose(x, tuple(axes))


def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Tensor:
    """Repeat along axes of length 1, and new leading ones, without copying. A view.

    Parameters
    ----------
    x : array-like
        Shape that broadcasts to `shape`.
    shape : tuple of int
        Shape of the result.

    Returns
    -------
    Tensor
        A view whose elements share memory; not for writing.

    Raises
    ------
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.broadcast_to([1, 2], (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return _broadcast_to(x, shape)


def expand_dims(x: Any, /, axis: int | tuple[int, ...]) -> Tensor:
    """Insert axes of length 1. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int
        Where the new axes are in the result.

    Returns
    -------
    Tensor
        A view with as many axes more.

    Raises
    ------
    AxisError
        Where an axis is out of bounds.
    ValueError
        Where one comes twice.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.expand_dims([1, 2], axis=-1).shape
    (2, 1)
    """
    x = asarray(x)
    if type(axis) is int:
        return _expand_dims(x, _axis("expand_dims", axis, x.ndim + 1))
    count = len(integers("expand_dims", "axis", axis))
    for new in sorted(_axes("expand_dims", axis, x.ndim + count)):
        x = _expand_dims(x, new)
    return x


def squeeze(x: Any, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Drop axes of length 1. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to drop; every one of length 1 by default.

    Returns
    -------
    Tensor
        A view with fewer axes.

    Raises
    ------
    ValueError
        Where a named axis is not of length 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.squeeze(tw.zeros((1, 3, 1))).shape
    (3,)
    """
    x = asarray(x)
    if axis is None:
        axis = tuple(i for i, extent in enumerate(x.shape) if extent == 1)
    return _squeeze(x, integers("squeeze", "axis", axis))


def flip(x: Any, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Reverse the order along axes; all by default. A view.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reverse.

    Returns
    -------
    Tensor
        A view.

    Raises
    ------
    AxisError
        Where an axis is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.flip([1, 2, 3])
    tensor([3, 2, 1])
    """
    x = asarray(x)
    if axis is None:
        axis = tuple(range(x.ndim))
    return _flip(x, integers("flip", "axis", axis))


def ravel(x: Any, /) -> Tensor:
    """All elements along one axis, in C order.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor, shape (x.size,)
        A view where the strides of `x` allow, else a copy.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ravel([[1, 2], [3, 4]])
    tensor([1, 2, 3, 4])
    """
    return _reshape(x, (-1,))


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: str | None = None) -> Tensor:
    """Convert the elements to another dtype.

    Floats become integers by dropping the fraction, at most the type's range, NaN as 0; anything non-zero is True.

    Parameters
    ----------
    x : array-like
        Any shape.
    dtype : dtype-like
        Element type to convert to.
    copy : bool
        With False, `x` itself comes back where it already has the dtype.
    device : str, optional
        Where the result lies: "cpu", or for instance "cuda:0". By default where `x` is.

    Returns
    -------
    Tensor
        Shape of `x`.

    Raises
    ------
    TypeError
        Where `dtype` is unknown, or real (but bool) for a complex `x`: take `real(x)` first.
    ValueError
        For a device that there is not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.astype([1.7, -1.7], "int64")
    tensor([ 1, -1])
    """
    x = asarray(x)
    wanted = as_dtype(dtype)
    if device is not None:
        x = x.to(checked_device("astype", device))
    if not flag("astype", "copy", copy) and wanted == x.dtype:
        return x
    return _converted(x, wanted)


def _converted(x: Tensor, dtype: DType) -> Tensor:
    return _astype(x, dtype, True) if dtype.is_inexact else wrap(_core.astype(x._array, dtype, True), None, x)


def copy(x: Any, /) -> Tensor:
    """A copy in C order; gradients flow through.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Own memory, same elements.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.zeros(2)
    >>> y = tw.copy(x)
    >>> y[0] = 1.0
    >>> x
    tensor([0., 0.])
    """
    x = asarray(x)
    return _converted(x, x.dtype)


def concatenate(arrays: Sequence[Any], /, axis: int | None = 0) -> Tensor:
    """Join along an axis that exists.

    Parameters
    ----------
    arrays : sequence of array-like
        Shapes equal but for `axis`; dtypes are promoted.
    axis : int, optional
        The axis to join along; with None, the elements of all, each in C order.

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
    >>> tw.concatenate([[1, 2], [3]])
    tensor([1, 2, 3])
    """
    if axis is None:
        listed = entries("concatenate", "arrays", arrays, "a sequence of arrays")
        return _concatenate([_reshape(x, (-1,)) for x in array_list("concatenate", "an array", listed)], 0)
    return _concatenate(arrays, _some_axis("concatenate", axis))


def stack(arrays: Sequence[Any], /, axis: int = 0) -> Tensor:
    """Join along a new axis.

    Parameters
    ----------
    arrays : sequence of array-like
        Equal shapes; dtypes are promoted.
    axis : int
        Where the new axis is in the result.

    Returns
    -------
    Tensor
        New memory.

    Raises
    ------
    ValueError
        Where there is nothing to join or shapes differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.stack([[1, 2], [3, 4]], axis=1)
    tensor([[1, 3],
            [2, 4]])
    """
    return _stack(arrays, _some_axis("stack", axis))


def split(x: Any, sections: int | Sequence[int], /, axis: int = 0) -> list[Tensor]:
    """Cut along an axis. Views.

    Parameters
    ----------
    x : array-like
        Any shape.
    sections : int or sequence of int
        That many equal parts, or the positions to cut at.
    axis : int
        The axis to cut.

    Returns
    -------
    list of Tensor
        Views, in order.

    Raises
    ------
    ValueError
        Where the axis does not divide evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.split([1, 2, 3, 4], 2)
    [tensor([1, 2]), tensor([3, 4])]
    """
    x = asarray(x)
    axis = _axis("split", axis, x.ndim)
    length = x.shape[axis]
    if not (isinstance(sections, (list, tuple, range)) or has_axes(sections)):
        count = integer("split", "sections", sections)
        if count < 1 or length % count:
            raise ValueError(f"split: axis {axis} of x {x.shape} has length {length}, not a multiple of {shown(count)}")
        equal = tuple(range(0, length + 1, length // count)) if length else (0,) * (count + 1)
        return list(_split(x, equal, axis))
    cuts = [0, *integers("split", "sections", sections), length]
    cuts = [slice(cut).indices(length)[1] for cut in cuts]  # counted from the front
    if cuts == sorted(cuts):
        return list(_split(x, tuple(cuts), axis))
    return [x[(slice(None),) * axis + (slice(a, b),)] for a, b in pairwise(cuts)]


def _some_axis(op: str, axis: Any) -> int:
    """An axis of arrays that the kernel will look at."""
    axis = integer(op, "axis", axis)
    if not -64 < axis < 64:
        raise _core.AxisError(f"{op}: axis {shown(axis)} is out of bounds for any array")
    return axis


def _axis(op: str, axis: int, ndim: int, name: str = "axis") -> int:
    if type(axis) is not int:
        axis = integer(op, name, axis)
    if not -ndim <= axis < ndim:
        raise _core.AxisError(f"{op}: axis {axis} is out of bounds for an array of {ndim} dimensions")
    return axis % ndim


def _axes(op: str, axes: Any, ndim: int, name: str = "axis") -> list[int]:
    """Different axes, counted from the front."""
    listed = [_axis(op, axis, ndim, name) for axis in integers(op, name, axes)]
    if len(set(listed)) < len(listed):
        raise ValueError(f"{op}: {name} {tuple(listed)} names an axis twice")
    return listed
