"""Reading and writing parts of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from ._manipulation import _axis
from ._op import beside, kernel_in_python, positions, primitive, wrap
from ._tensor import asarray

if TYPE_CHECKING:
    from ._tensor import Tensor


@primitive
def _getitem(x: Any, /, key: Any) -> Tensor:  # type: ignore[empty-body]
    """`x[key]`: a view for ints, slices, None and Ellipsis; a copy where there are index arrays or masks."""


@kernel_in_python
def _getitem_backward(g: Any, /, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with g added at `key`, repeated positions as often as they come."""
    out = _core.full(shape, 0, g.dtype)
    _core.index_add(out, key, g)
    return out


@kernel_in_python
def _erase(x: Any, /, key: Any) -> Any:
    """A copy of x with zeros at `key`: the cotangent of what `x[key] = value` left in place."""
    out = _core.astype(x, x.dtype, True)
    _core.setitem(out, key, 0)
    return out


@primitive
def _take(x: Any, /, indices: Any, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `take`."""


@kernel_in_python
def _take_backward(g: Any, /, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with g added at the positions, repeated ones as often as they come."""
    out = _core.full(shape, 0, g.dtype)
    _core.take_add(out, indices, g, axis)
    return out


def _positions(x: Tensor, indices: Any) -> Any:
    """The array of indices into x, in memory that backward can rely on."""
    return positions(indices, lambda v: beside(x, v))._array


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
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
    out = _core.full(shape, 0, g.dtype)
    _core.put_along_axis_add(out, indices, g, axis)
    return out


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
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
    return tuple(wrap(positions) for positions in _core.nonzero(asarray(x)._array))
