"""What NumPy has beside the shared functions: writing at places, indices of other kinds, and arrays side by side."""

from __future__ import annotations

import math
from typing import Any

from .._engine.arguments import array, entries, function, integer, integers, shape as checked_shape, shown
from .._engine.dtypes import bool_
from .._engine.op import is_number
from .._engine.tensor import Tensor, asarray
from .._functions.creation import arange, ones
from .._functions.indexing import nonzero, where as choose
from .._functions.joining import resize
from .._functions.manipulation import _axis, concatenate, moveaxis, reshape
from .._functions.triangular import tril_indices, triu_indices
from ._layout import in_c_order
from ._rules import under_numpy_rules


def _target(op: str, name: str, value: Any) -> Any:
    if not isinstance(value, Tensor):
        raise TypeError(f"{op}: {name} is {shown(value)}, but must be an ndarray: it is written to")
    return value


@under_numpy_rules
def copyto(dst: Any, src: Any, *, where: Any = True) -> None:
    """Overwrite an array with another.

    Parameters
    ----------
    dst : ndarray
        What is written to.
    src : array-like
        Broadcasts to `dst`, and is cast.
    where : array-like of bool
        Which elements; broadcasts to `dst`.

    Raises
    ------
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.zeros(3)
    >>> np.copyto(x, 1, where=[True, False, True])
    >>> x
    array([1., 0., 1.])
    """
    dst, src = _target("copyto", "dst", dst), array("copyto", "src", src)
    dst[...] = src if where is True else choose(array("copyto", "where", where), src, dst)


@under_numpy_rules
def putmask(a: Any, mask: Any, values: Any) -> None:
    """Overwrite the elements where a mask is true with those that stand there in `values`.

    Parameters
    ----------
    a : ndarray
        What is written to.
    mask : array-like of bool
        Shape of `a`.
    values : array-like
        Taken again and again, in C order, where there are fewer.

    Raises
    ------
    ValueError
        Where the mask has another size.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.arange(4)
    >>> np.putmask(x, x > 1, [7, 8, 9, 10])
    >>> x
    array([ 0,  1,  9, 10])
    """
    a, mask = _target("putmask", "a", a), array("putmask", "mask", mask)
    if mask.size != a.size:
        raise ValueError(f"putmask: mask has shape {mask.shape}, but a has {a.shape}")
    if a.size and array("putmask", "values", values).size:
        a[...] = choose(reshape(asarray(mask, "bool"), a.shape), resize(values, a.shape), a)


@under_numpy_rules
def place(arr: Any, mask: Any, vals: Any) -> None:
    """Overwrite the elements where a mask is true with values, the first with the first one, and so on.

    Parameters
    ----------
    arr : ndarray
        What is written to.
    mask : array-like of bool
        As many elements as `arr`.
    vals : array-like
        Taken again and again where there are fewer.

    Raises
    ------
    ValueError
        Where the mask has another size, or there is no value for an element.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.arange(4)
    >>> np.place(x, x > 1, [7, 8, 9])
    >>> x
    array([0, 1, 7, 8])
    """
    arr, mask = _target("place", "arr", arr), asarray(array("place", "mask", mask), "bool")
    if mask.size != arr.size:
        raise ValueError(f"place: mask has shape {mask.shape}, but arr has {arr.shape}")
    (places,) = nonzero(reshape(mask, (-1,)))
    vals = array("place", "vals", vals)
    if places.size:
        if not vals.size:
            raise ValueError("place: vals is empty, but the mask takes elements")
        arr[_unraveled("place", places, arr.shape)] = resize(vals, places.shape)


@under_numpy_rules
def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    """Overwrite elements along an axis, with an own position for every other coordinate.

    Parameters
    ----------
    arr : ndarray
        What is written to.
    indices : array-like of int
        As many axes as `arr`; the others broadcast with its own.
    values : array-like
        Broadcasts to `indices`.
    axis : int, optional
        The axis the positions are on; None takes all elements as one row.

    Raises
    ------
    IndexError
        Where a position is out of bounds.
    ValueError
        Where the shapes do not fit.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.array([[1, 2], [3, 4]])
    >>> np.put_along_axis(x, np.array([[1], [0]]), 9, axis=1)
    >>> x
    array([[1, 9],
           [9, 4]])
    """
    arr, indices = _target("put_along_axis", "arr", arr), array("put_along_axis", "indices", indices)
    if axis is None:
        if indices.ndim != 1:
            raise ValueError(f"put_along_axis: indices has shape {indices.shape}, but must have one axis without axis")
        arr[_unraveled("put_along_axis", indices, arr.shape)] = values
        return
    axis = _axis("put_along_axis", axis, arr.ndim)
    if indices.ndim != arr.ndim:
        raise ValueError(f"put_along_axis: indices has {indices.ndim} axes, but arr {arr.ndim}")
    places = [reshape(arange(n), (*(1,) * i, n, *(1,) * (arr.ndim - 1 - i))) for i, n in enumerate(arr.shape)]
    places[axis] = indices
    arr[tuple(places)] = values


@under_numpy_rules
def put(a: Any, ind: Any, v: Any) -> None:
    """Overwrite elements by their number in C order.

    Parameters
    ----------
    a : ndarray
        What is written to.
    ind : array-like of int
        The numbers, counted from the back where negative.
    v : array-like
        Taken again and again where there are fewer.

    Raises
    ------
    IndexError
        Where a number is out of bounds.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.arange(4)
    >>> np.put(x, [0, -1], [8, 9])
    >>> x
    array([8, 1, 2, 9])
    """
    a, ind = _target("put", "a", a), reshape(array("put", "ind", ind), (-1,))
    if ind.size and array("put", "v", v).size:
        a[_unraveled("put", ind, a.shape)] = resize(v, ind.shape)


@under_numpy_rules
def fill_diagonal(a: Any, val: Any) -> None:
    """Overwrite the main diagonal.

    Parameters
    ----------
    a : ndarray
        At least two axes; of more than two all have one length.
    val : array-like
        Taken again and again, in C order, where there are fewer elements.

    Raises
    ------
    ValueError
        Where `a` has fewer axes, or more of different lengths.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.zeros((2, 2))
    >>> np.fill_diagonal(x, 5)
    >>> x
    array([[5., 0.],
           [0., 5.]])
    """
    a = _target("fill_diagonal", "a", a)
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        raise ValueError(f"fill_diagonal: a has shape {a.shape}, but needs two axes, or more of one length")
    if is_number(val) and a._node is None and a.size and in_c_order(a):
        step = sum(a.strides) // a.itemsize
        reshape(a, (-1,))[: (min(a.shape) - 1) * step + 1 : step] = val
        return
    along = arange(min(a.shape))
    if along.size:
        a[(along,) * a.ndim] = resize(val, along.shape)


def _unraveled(op: str, flat: Tensor, dims: tuple[int, ...]) -> tuple[Any, ...]:
    """The index along each axis of elements that are counted in C order, from the back where negative."""
    size = math.prod(dims)
    if not flat.dtype.is_integer:
        raise TypeError(f"{op}: indices have dtype {flat.dtype.name}, but must be integers")
    if flat.size and not -size <= int(flat.min()) <= int(flat.max()) < size:
        raise IndexError(f"{op}: an index is out of bounds for an array of shape {dims}")
    found: list[Any] = []
    rest = asarray(flat, "int64")
    rest = choose(rest < 0, rest + size, rest)
    for length in reversed(dims):
        found.append(rest % max(length, 1))
        rest = rest // max(length, 1)
    return tuple(found[::-1])


@under_numpy_rules
def unravel_index(indices: Any, shape: int | tuple[int, ...]) -> Any:
    """The index along each axis of elements that are counted in C order.

    Parameters
    ----------
    indices : array-like of int
        The numbers of elements.
    shape : int or tuple of int
        Shape of the array.

    Returns
    -------
    tuple of ndarray
        For each axis an array of the shape of `indices`.

    Raises
    ------
    ValueError
        Where a number is negative or too large.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.unravel_index([0, 5], (2, 3))
    (array([0, 1]), array([0, 2]))
    """
    dims, flat = checked_shape("unravel_index", shape), array("unravel_index", "indices", indices)
    if flat.dtype.is_integer and flat.size and not 0 <= int(flat.min()) <= int(flat.max()) < math.prod(dims):
        raise ValueError(f"unravel_index: an index is out of bounds for an array of shape {dims}")
    return _unraveled("unravel_index", flat, dims)


@under_numpy_rules
def ravel_multi_index(multi_index: Any, dims: int | tuple[int, ...]) -> Any:
    """The number in C order of elements that are given by the index along each axis.

    Parameters
    ----------
    multi_index : sequence of array-like of int
        For each axis the indices along it; they broadcast with each other.
    dims : int or tuple of int
        Shape of the array.

    Returns
    -------
    ndarray
        int64.

    Raises
    ------
    ValueError
        Where an index is out of bounds, or there are not as many as axes.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.ravel_multi_index(([0, 1], [0, 2]), (2, 3))
    array([0, 5])
    """
    op, shape = "ravel_multi_index", checked_shape("ravel_multi_index", dims, "dims")
    parts = [array(op, "an index", part) for part in entries(op, "multi_index", multi_index, "a sequence of indices")]
    if len(parts) != len(shape) or not parts:
        raise ValueError(f"{op}: multi_index has {len(parts)} entries, but dims {shape} has {len(shape)}")
    number: Any = 0
    for part, length in zip(parts, shape, strict=True):
        if not part.dtype.is_integer:
            raise TypeError(f"{op}: an index has dtype {part.dtype.name}, but must be integers")
        if part.size and not 0 <= int(part.min()) <= int(part.max()) < length:
            raise ValueError(f"{op}: an index is out of bounds for an axis of length {length}")
        number = number * length + asarray(part, "int64")
    return number


@under_numpy_rules
def ix_(*args: Any) -> Any:
    """Indices that pick the rows, columns and so on whose numbers are given.

    Parameters
    ----------
    *args : array-like of int or bool, shape (n_i,)
        For each axis the places, or a mask.

    Returns
    -------
    tuple of ndarray
        The places, each along an axis of its own.

    Raises
    ------
    ValueError
        For one that is not 1-D.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.arange(9).reshape(3, 3)[np.ix_([0, 2], [True, False, True])]
    array([[0, 2],
           [6, 8]])
    """
    listed = []
    for i, given in enumerate(args):
        x = array("ix_", "an argument", given)
        if x.ndim != 1:
            raise ValueError(f"ix_: an argument has shape {x.shape}, but must have one axis")
        x = nonzero(x)[0] if x.dtype == bool_ else x if x.size else asarray(x, "int64")
        listed.append(reshape(x, (*(1,) * i, x.size, *(1,) * (len(args) - 1 - i))))
    return tuple(listed)


@under_numpy_rules
def tril_indices_from(arr: Any, k: int = 0) -> Any:
    """Where the elements of the lower triangle of a matrix are.

    Parameters
    ----------
    arr : array-like, shape (m, n)
        The matrix.
    k : int
        The diagonal, positive above the main one; it belongs to the triangle.

    Returns
    -------
    tuple of ndarray
        int64: the rows and the columns, in C order.

    Raises
    ------
    ValueError
        Where `arr` is no matrix.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.tril_indices_from(np.ones((2, 2)))
    (array([0, 1, 1]), array([0, 0, 1]))
    """
    rows, columns = _matrix("tril_indices_from", arr)
    return tril_indices(rows, k, columns)


@under_numpy_rules
def triu_indices_from(arr: Any, k: int = 0) -> Any:
    """Where the elements of the upper triangle of a matrix are.

    Parameters
    ----------
    arr : array-like, shape (m, n)
        The matrix.
    k : int
        The diagonal, positive above the main one; it belongs to the triangle.

    Returns
    -------
    tuple of ndarray
        int64: the rows and the columns, in C order.

    Raises
    ------
    ValueError
        Where `arr` is no matrix.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.triu_indices_from(np.ones((2, 2)), 1)
    (array([0]), array([1]))
    """
    rows, columns = _matrix("triu_indices_from", arr)
    return triu_indices(rows, k, columns)


@under_numpy_rules
def diag_indices_from(arr: Any) -> Any:
    """Where the elements of the main diagonal are.

    Parameters
    ----------
    arr : array-like
        At least two axes, all of one length.

    Returns
    -------
    tuple of ndarray
        For each axis the indices along it.

    Raises
    ------
    ValueError
        Where `arr` has fewer axes, or lengths differ.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.diag_indices_from(np.zeros((2, 2)))
    (array([0, 1]), array([0, 1]))
    """
    dims = array("diag_indices_from", "arr", arr).shape
    if len(dims) < 2 or len(set(dims)) > 1:
        raise ValueError(f"diag_indices_from: arr has shape {dims}, but needs two axes or more, of one length")
    return (arange(dims[0]),) * len(dims)


@under_numpy_rules
def mask_indices(n: int, mask_func: Any, k: Any = 0) -> Any:
    """Where a function like `triu` leaves elements of a square matrix.

    Parameters
    ----------
    n : int
        Length of the sides.
    mask_func : callable
        Is given a matrix of ones, and `k`.
    k : number
        Passed on.

    Returns
    -------
    tuple of ndarray
        Row and column of each element.

    Raises
    ------
    TypeError
        Where `mask_func` cannot be called.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.mask_indices(3, np.triu, 1)
    (array([0, 0, 1]), array([1, 2, 2]))
    """
    n = integer("mask_indices", "n", n, at_least=0)
    mask_func = function("mask_indices", "mask_func", mask_func)
    return nonzero(array("mask_indices", "what mask_func gives", mask_func(ones((n, n), dtype="int64"), k)))


def _matrix(op: str, arr: Any) -> tuple[int, ...]:
    arr = array(op, "arr", arr)
    if arr.ndim != 2:
        raise ValueError(f"{op}: arr has shape {arr.shape}, but must be a matrix")
    return arr.shape


@under_numpy_rules
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """Move an axis before another. A view.

    Parameters
    ----------
    a : array-like
        Any shape.
    axis : int
        The axis to move.
    start : int
        The axis before which it goes; the number of axes means the end.

    Returns
    -------
    ndarray
        A view.

    Raises
    ------
    AxisError
        Where an axis is not one of `a`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    a = array("rollaxis", "a", a)
    axis = _axis("rollaxis", axis, a.ndim)
    if integer("rollaxis", "start", start) != a.ndim:
        start = _axis("rollaxis", start, a.ndim, "start")
    return moveaxis(a, axis, start - 1 if axis < start else start)


@under_numpy_rules
def ndim(a: Any) -> Any:
    """The number of axes.

    Parameters
    ----------
    a : array-like
        Any shape.

    Returns
    -------
    int

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.ndim([[1, 2]])
    2
    """
    return array("ndim", "a", a).ndim


@under_numpy_rules
def shape(a: Any) -> Any:
    """The length of each axis.

    Parameters
    ----------
    a : array-like
        Any shape.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.shape([[1, 2]])
    (1, 2)
    """
    return array("shape", "a", a).shape


@under_numpy_rules
def size(a: Any, axis: int | tuple[int, ...] | None = None) -> Any:
    """The number of elements, or of places along axes.

    Parameters
    ----------
    a : array-like
        Any shape.
    axis : int or tuple of int, optional
        Along which axes; all by default.

    Returns
    -------
    int

    Raises
    ------
    AxisError
        Where an axis is not one of `a`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.size([[1, 2]])
    2
    """
    a = array("size", "a", a)
    if axis is None:
        return a.size
    return math.prod(a.shape[_axis("size", place, a.ndim)] for place in integers("size", "axis", axis))


class _IndexExpression:
    """`s_[1:, ::2]` is the index itself, to be kept and used; of `index_exp` it is always a tuple."""

    __slots__ = ("_always_tuple",)

    def __init__(self, always_tuple: bool) -> None:
        self._always_tuple = always_tuple

    def __getitem__(self, key: Any) -> Any:
        return (key,) if self._always_tuple and not isinstance(key, tuple) else key


class _Joined:
    """`r_[0:3, 7]` joins ranges, numbers and arrays along the first axis, `c_` as columns along the last."""

    __slots__ = ("_columns", "_join")

    def __init__(self, columns: bool) -> None:
        self._columns, self._join = columns, under_numpy_rules(_joined)

    def __getitem__(self, key: Any) -> Any:
        return self._join(key if isinstance(key, tuple) else (key,), self._columns)


def _joined(parts: tuple[Any, ...], columns: bool) -> Tensor:
    from .._functions.grids import _of_slice

    op = "c_" if columns else "r_"
    for part in parts:
        if isinstance(part, str):
            raise TypeError(f"{op}: {shown(part)} is a directive, which are not taken; use concatenate")
    listed = [_of_slice(op, part) if isinstance(part, slice) else array(op, "a part", part) for part in parts]
    listed = [x if x.ndim else reshape(x, (1,)) for x in listed]
    if columns:
        listed = [x if x.ndim > 1 else reshape(x, (x.size, 1)) for x in listed]
    return concatenate(listed, -1 if columns else 0)


PLACING: dict[str, Any] = {
    f.__name__: f
    for f in (
        *(copyto, diag_indices_from, fill_diagonal, ix_, mask_indices, ndim, place, put, put_along_axis, putmask),
        *(ravel_multi_index, rollaxis, shape, size, tril_indices_from, triu_indices_from, unravel_index),
    )
}
BY_INDEX = {"c_": _Joined(True), "index_exp": _IndexExpression(True), "r_": _Joined(False)}
BY_INDEX["s_"] = _IndexExpression(False)
