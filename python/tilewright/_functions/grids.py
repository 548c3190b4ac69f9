"""Grids of coordinates, series that grow evenly or by a factor, and arrays from functions and bytes."""

from __future__ import annotations

import cmath
import math

from .. import _core
from .._engine.arguments import (
    array,
    array_list,
    arrays,
    flag,
    function as checked_function,
    has_axes,
    integer,
    option,
    refuse,
    shape as checked_shape,
    shown,
)
from .._engine.dtypes import as_dtype, bool_, float64, int64, promote_types
from .._engine.tensor import Tensor, asarray
from .arithmetic import abs as magnitude, power
from .creation import _LONGEST, _constant, arange, empty, linspace, ones_like
from .exponential import exp, log10
from .indexing import where
from .manipulation import _axis, _broadcast_to, _reshape, astype, concatenate, copy as copied, flip, moveaxis, stack
from .scans import cumprod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["frombuffer", "fromfunction", "geomspace", "indices", "logspace", "meshgrid", "mgrid", "ogrid", "vander"]


def _open_grid(coordinates: list[Tensor]) -> list[Tensor]:
    """Each along an axis of its own, in order."""
    axes = len(coordinates)
    return [_reshape(x, (*(1,) * i, x.size, *(1,) * (axes - 1 - i))) for i, x in enumerate(coordinates)]


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Tensor, ...]:
    """The coordinates of the points of a grid, from those along each axis.

    Parameters
    ----------
    *xi : array-like, shape (n_i,)
        The coordinates along each axis.
    copy : bool
        With False, the results are views of the coordinates; not for writing.
    sparse : bool
        With True, the results have length 1 along the other axes, and broadcast to the grid.
    indexing : {"xy", "ij"}
        Whether the first coordinates go along axis 1 and the second along axis 0, as in pictures; or each along the
        axis of its number.

    Returns
    -------
    tuple of Tensor
        As many as there are coordinates, with their dtypes.

    Raises
    ------
    ValueError
        For another indexing.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.meshgrid([1, 2, 3], [10, 20])
    (tensor([[1, 2, 3],
            [1, 2, 3]]), tensor([[10, 10, 10],
            [20, 20, 20]]))
    """
    along = [_reshape(x, (-1,)) for x in array_list("meshgrid", "an array of coordinates", xi)]
    crossed = option("meshgrid", "indexing", indexing, ("xy", "ij")) == "xy" and len(along) > 1
    copy, sparse = flag("meshgrid", "copy", copy), flag("meshgrid", "sparse", sparse)
    if crossed:
        along[:2] = along[1::-1]
    grid = _open_grid(along)
    if not sparse:
        shape = checked_shape("meshgrid", tuple([x.size for x in along]), "the grid")
        grid = [_broadcast_to(x, shape) for x in grid]
    if crossed:
        grid[:2] = grid[1::-1]
    return tuple([copied(x) for x in grid] if copy else grid)


def indices(dimensions: int | tuple[int, ...], dtype: Any = int64, sparse: bool = False) -> Any:
    """The indices of each element of an array of some shape.

    Parameters
    ----------
    dimensions : int or tuple of int
        The shape.
    dtype : dtype-like
        Element type.
    sparse : bool
        With True, a tuple of arrays that broadcast to the shape.

    Returns
    -------
    Tensor or tuple of Tensor
        Shape (n, \\*dimensions): for each of n axes the index along it.

    Raises
    ------
    ValueError
        For a negative length.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.indices((2, 2))
    tensor([[[0, 0],
             [1, 1]],
    <BLANKLINE>
            [[0, 1],
             [0, 1]]])
    """
    shape = checked_shape("indices", dimensions, "dimensions")
    element = as_dtype(dtype)
    grid = _open_grid([arange(length, dtype=element) for length in shape])
    if flag("indices", "sparse", sparse):
        return tuple(grid)
    return stack([_broadcast_to(x, shape) for x in grid]) if shape else empty((0,), dtype=element)


class _Grid:
    """`mgrid[0:2, 0:3]`: coordinates from slices, of which an imaginary step is a number of points."""

    __slots__ = ("_grid", "_sparse")

    def __init__(self, sparse: bool, rules: Callable[[Any], Any] = lambda f: f) -> None:
        self._sparse, self._grid = sparse, rules(_sliced_grid)

    def __getitem__(self, key: Any) -> Any:
        return self._grid(key, self._sparse)


def _sliced_grid(key: Any, sparse: bool) -> Any:
    op = "ogrid" if sparse else "mgrid"
    coordinates = [_of_slice(op, part) for part in (key if isinstance(key, tuple) else (key,))]
    if not isinstance(key, tuple):
        return coordinates[0]
    floating = [x.dtype for x in coordinates if x.dtype.is_floating]
    grid = _open_grid([astype(x, floating[0], copy=False) for x in coordinates] if floating else coordinates)
    if sparse:
        return tuple(grid)
    shape = checked_shape(op, tuple([x.size for x in grid]), "the grid")
    return stack([_broadcast_to(x, shape) for x in grid]) if grid else empty((0,))


def _of_slice(op: str, part: Any) -> Tensor:
    if not isinstance(part, slice):
        refuse(op, "an index", part, "a slice")
    start = 0 if part.start is None else part.start
    if part.stop is None:
        raise ValueError(f"{op}: a slice has no end")
    step = 1 if part.step is None else part.step
    if not isinstance(step, complex):
        return arange(start, part.stop, step)
    count = _points(op, step)
    return linspace(start, part.stop, count)


def _points(op: str, step: complex) -> int:
    count = math.hypot(step.real, step.imag)
    if not count < 1 << 59:
        raise ValueError(f"{op}: a slice asks for {count} points, which are more than can be addressed")
    return int(count)


mgrid = _Grid(False)
ogrid = _Grid(True)


def _given_as_array(*ends: Any) -> bool:
    return any(isinstance(end, (list, tuple)) or has_axes(end) or getattr(end, "requires_grad", False) for end in ends)


def _evenly(op: str, start: Any, stop: Any, num: Any, endpoint: Any) -> tuple[Tensor, Any]:
    """`linspace`, of arrays too, along a new first axis; and the fractions of the way."""
    count = integer(op, "num", num, at_least=0, at_most=_LONGEST)
    last = max(count - 1 if flag(op, "endpoint", endpoint) else count, 1)
    start, stop = arrays(op, start=start, stop=stop)
    element = promote_types(start.dtype, stop.dtype)
    if element.is_complex and op != "linspace":
        raise TypeError(f"{op}: start and stop have dtype {element.name}, but arrays of them must be real")
    element = element if element.is_inexact else _core.default_float()
    start, stop = astype(start, element, copy=False), astype(stop, element, copy=False)
    width = stop - start  # of floats, which do not wrap around
    t = _reshape(arange(count, dtype=float64, device=width.device) / last, (count, *(1,) * width.ndim))
    y = start + width * astype(t, element)
    return where(t == 1.0, stop, y), t


def _at(op: str, y: Tensor, axis: Any) -> Tensor:
    """The first axis where it was asked for."""
    return moveaxis(y, 0, axis) if _axis(op, axis, y.ndim) else y


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Powers of a base whose exponents are evenly spaced.

    Parameters
    ----------
    start, stop : number or array-like
        First and last exponent; arrays broadcast with each other.
    num : int
        How many.
    endpoint : bool
        With False, `stop` is left out.
    base : number
        The base.
    dtype : dtype-like, optional
        Element type; by default that of arrays with floats, else float32.
    axis : int
        Where the powers go in the result, of arrays.

    Returns
    -------
    Tensor
        Shape (num,) or, of arrays, theirs with one axis more.

    Raises
    ------
    ValueError
        Where `num` is negative.
    TypeError
        For exponents that are not real numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logspace(0, 3, 4)
    tensor([   1.,   10.,  100., 1000.])
    """
    if _given_as_array(start, stop, base):
        y = power(base, _evenly("logspace", start, stop, num, endpoint)[0])
        return _at("logspace", y if dtype is None else astype(y, dtype), axis)
    _axis("logspace", axis, 1)
    element, base = _element("logspace", dtype, start, stop), _constant("logspace", "base", base)[0]
    return astype(power(base, linspace(start, stop, num, dtype=float64, endpoint=endpoint)), element)


def _element(op: str, dtype: Any, *ends: Any) -> Any:
    """The dtype of a series: that of NumPy's floats among the ends, else the default."""
    if dtype is not None:
        return as_dtype(dtype)
    own = [_constant(op, "an end", end)[1] for end in ends]
    floating = [dtype for dtype in own if dtype is not None and dtype.is_inexact]
    return promote_types(floating[0], floating[-1]) if floating else _core.default_float()


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Numbers that grow by one factor from each to the next.

    Parameters
    ----------
    start, stop : number or array-like
        First and last number, neither 0 and real ones of one sign. Complex ones go along a spiral. Arrays broadcast
        with each other, and are real.
    num : int
        How many.
    endpoint : bool
        With False, `stop` is left out.
    dtype : dtype-like, optional
        Element type; by default that of arrays with floats, else float32 or complex64.
    axis : int
        Where the numbers go in the result, of arrays.

    Returns
    -------
    Tensor
        Shape (num,) or, of arrays, theirs with one axis more.

    Raises
    ------
    ValueError
        Where `num` is negative, an end is 0, or the signs differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.geomspace(1, 1000, 4)
    tensor([   1.,   10.,  100., 1000.])
    """
    if _given_as_array(start, stop):
        start, stop = arrays("geomspace", start=start, stop=stop)
        if not bool((start * stop > 0).all()):
            raise ValueError("geomspace: start and stop have an element that is 0, or signs that differ")
        exponents, t = _evenly("geomspace", log10(magnitude(start)), log10(magnitude(stop)), num, endpoint)
        sizes = power(10.0, exponents)
        y = where(t == 0.0, start, where(t == 1.0, stop, where(start < 0, -sizes, sizes)))
        return _at("geomspace", y if dtype is None else astype(y, dtype), axis)
    _axis("geomspace", axis, 1)
    (first, own), (last, other) = _constant("geomspace", "start", start), _constant("geomspace", "stop", stop)
    if first == 0 or last == 0:
        raise ValueError(f"geomspace: start is {shown(first)} and stop {shown(last)}, but neither may be 0")
    t = linspace(0, 1, num, dtype=float64, endpoint=endpoint)
    if isinstance(first, complex) or isinstance(last, complex):
        y = exp(t * cmath.log(complex(last) / complex(first))) * complex(first)
        element = _core.default_dtype(1j) if dtype is None and own is None and other is None else dtype
        return y if element is None else astype(y, element)
    if (first < 0) != (last < 0):
        raise ValueError(f"geomspace: start is {shown(first)} and stop {shown(last)}, but must have one sign")
    low = math.log10(math.fabs(first))
    y = power(10.0, linspace(low, math.log10(math.fabs(last)), t.size, dtype=float64, endpoint=bool(endpoint)))
    y = where(t == 0.0, first, where(t == 1.0, last, y * (-1 if first < 0 else 1)))
    return astype(y, _element("geomspace", dtype, start, stop))


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """The matrix of Vandermonde: in each row the powers of an element.

    Parameters
    ----------
    x : array-like, shape (n,)
        The elements.
    N : int, optional
        How many powers, from 0 on; by default n.
    increasing : bool
        Whether the powers rise from left to right.

    Returns
    -------
    Tensor, shape (n, N)
        Integers as int64.

    Raises
    ------
    ValueError
        Where `x` is not 1-D or `N` negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.vander([1, 2, 3])
    tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]])
    """
    x = array("vander", "x", x)
    if x.ndim != 1:
        raise ValueError(f"vander: x has shape {x.shape}, but must have one axis")
    rising = flag("vander", "increasing", increasing)
    columns = x.size if N is None else integer("vander", "N", N, at_least=0)
    checked_shape("vander", (x.size, columns), "the result")
    x = astype(x, int64 if x.dtype == bool_ else promote_types(x.dtype, int64), copy=False)
    powers = _broadcast_to(_reshape(x, (-1, 1)), (x.size, max(columns - 1, 0)))
    y = cumprod(concatenate([_reshape(ones_like(x), (-1, 1)), powers], 1), axis=1)[:, :columns]
    return y if rising else copied(flip(y, axis=1))


def fromfunction(
    function: Callable[..., Any], shape: int | tuple[int, ...], *, dtype: Any = None, **kwargs: Any
) -> Any:
    """What a function gives of the indices of each element of an array.

    Parameters
    ----------
    function : callable
        Called once, with an array of indices for each axis.
    shape : int or tuple of int
        The shape.
    dtype : dtype-like, optional
        Of the indices; by default float32.
    **kwargs
        Further arguments of the function.

    Returns
    -------
    object
        What the function gives, most often a Tensor of that shape.

    Raises
    ------
    TypeError
        Where `function` cannot be called.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fromfunction(lambda i, j: i == j, (2, 2))
    tensor([[ True, False],
            [False,  True]])
    """
    checked_function("fromfunction", "function", function)
    shape = checked_shape("fromfunction", shape)
    return function(*indices(shape, _core.default_float() if dtype is None else dtype), **kwargs)


_FORMATS = {"bool": "?", "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I"}
_FORMATS |= {"int64": "q", "uint64": "Q", "float16": "e", "float32": "f", "float64": "d"}


def frombuffer(buffer: Any, dtype: Any = None, count: int = -1, offset: int = 0) -> Tensor:
    """The bytes of an object as elements, without a copy.

    Parameters
    ----------
    buffer : bytes-like
        Anything with a buffer. What cannot be written there cannot be written through the array.
    dtype : dtype-like, optional
        Element type, float32 by default. Complex numbers are copied; there are none of bfloat16.
    count : int
        How many elements; -1 for all there are.
    offset : int
        How many bytes to leave out before them.

    Returns
    -------
    Tensor, shape (count,)
        A view of the buffer.

    Raises
    ------
    ValueError
        Where the buffer is too short, or its length is not a multiple of the element's.
    TypeError
        For an object without a buffer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.frombuffer(bytes([1, 0, 2, 0]), "int16")
    tensor([1, 2], dtype=int16)
    """
    element = _core.default_float() if dtype is None else as_dtype(dtype)
    count, offset = integer("frombuffer", "count", count), integer("frombuffer", "offset", offset)
    part = {"complex64": "float32", "complex128": "float64"}.get(element.name, element.name)
    if part not in _FORMATS:
        raise TypeError(f"frombuffer: {element.name} is no dtype of buffers")
    try:
        data = memoryview(buffer)
        data = data.cast("B") if data.nbytes else memoryview(b"")
    except TypeError as error:
        raise TypeError(f"frombuffer: buffer is {shown(buffer)}, but must be bytes-like ({error})") from None
    size = empty((), dtype=element).itemsize
    if not 0 <= offset <= data.nbytes:
        raise ValueError(f"frombuffer: offset is {shown(offset)}, but the buffer has {data.nbytes} bytes")
    there, rest = divmod(data.nbytes - offset, size)
    if count < 0 and rest:
        raise ValueError(f"frombuffer: {data.nbytes - offset} bytes are not a multiple of the {size} of {element.name}")
    if count > there:
        raise ValueError(f"frombuffer: count is {shown(count)}, but the buffer has {there} elements")
    data = data[offset : offset + (there if count < 0 else count) * size]
    if not data.nbytes:
        return empty((0,), dtype=element)
    values = asarray(data.cast(_FORMATS[part]))  # type: ignore[call-overload]
    if part == element.name:
        return values
    pairs = empty((values.size // 2,), dtype=element)
    pairs.real, pairs.imag = values[::2], values[1::2]
    return pairs
