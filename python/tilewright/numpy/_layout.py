"""The order of elements: `order=` of NumPy's functions, and `flat`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.arguments import array as _array, flag, integer, option, shown
from .._engine.tensor import Tensor, asarray as _asarray
from .._functions import manipulation
from .._functions.creation import arange
from .._functions.indexing import setitem
from .._functions.joining import resize
from .._functions.manipulation import permute_dims
from ._rules import under_numpy_rules

if TYPE_CHECKING:
    from collections.abc import Iterator


def checked(op: str, order: Any, letters: str, default: str) -> str:
    """One of NumPy's letters for an order, in upper case."""
    if order is None:
        return default
    if not isinstance(order, str):
        raise TypeError(f"{op}: order is {shown(order)}, but must be a str")
    return order if order == default else option(op, "order", order.upper(), tuple(letters))


def _lies(x: Tensor, axes: tuple[int, ...]) -> bool:
    """Whether the elements lie without gaps, those along the last of these axes beside each other."""
    expected = x.itemsize
    for axis in reversed(axes):
        if x.shape[axis] != 1:
            if x.strides[axis] != expected:
                return not x.size
            expected *= x.shape[axis]
    return True


def in_c_order(x: Tensor) -> bool:
    """Whether x lies in C order without gaps."""
    return _lies(x, tuple(range(x.ndim)))


def is_fortran(x: Tensor) -> bool:
    """Whether x lies in Fortran order, and not in C order."""
    axes = tuple(range(x.ndim))
    return _lies(x, axes[::-1]) and not _lies(x, axes)


def _axes(x: Tensor, order: str) -> tuple[int, ...]:
    """The axes from the outermost to the innermost one in an order."""
    axes = tuple(range(x.ndim))
    if order == "K":
        return tuple(sorted(axes, key=lambda axis: -abs(x.strides[axis])))
    return axes[::-1] if order == "F" or (order == "A" and is_fortran(x)) else axes


def laid_out(y: Tensor, order: str, like: Tensor | None = None) -> Tensor:
    """A copy whose memory has an order: "C", "F", or, of another array of as many axes, "A" and "K"."""
    axes = _axes(y if like is None else like, order)
    inverse = tuple(sorted(range(y.ndim), key=axes.__getitem__))
    return permute_dims(manipulation.copy(permute_dims(y, axes)), inverse)


def _in_one_row(op: str, x: Tensor, order: str) -> Tensor:
    letter = checked(op, order, "CFAK", "C")
    if letter != "C" and x.ndim > 1 and not (letter == "K" and 0 in x.strides):
        x = permute_dims(x, _axes(x, letter))
    y = manipulation.ravel(x)
    return y if y.size < 2 or y.strides[0] == y.itemsize else manipulation.copy(y)


@under_numpy_rules
def ravel(a: Any, order: str = "C") -> Any:
    """All elements along one axis.

    Parameters
    ----------
    a : array-like
        Any shape.
    order : {"C", "F", "A", "K"}
        "C": the last index changes fastest; "F": the first one; "A": as the elements lie, if that is either; "K": as
        they lie, but for axes that run backwards.

    Returns
    -------
    ndarray, shape (a.size,)
        A view where the elements lie so without gaps, else a copy.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.ravel([[1, 2], [3, 4]], order="F")
    array([1, 3, 2, 4])
    """
    return _in_one_row("ravel", _array("ravel", "a", a), order)


@under_numpy_rules
def reshape(a: Any, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> Any:
    """The same elements under another shape.

    Parameters
    ----------
    a : array-like
        Any shape.
    shape : int or tuple of int
        New shape; one entry may be -1 and is worked out.
    order : {"C", "F", "A"}
        In which order elements are read and placed; "A" is "F" where they lie so, else "C".
    copy : bool, optional
        True always copies, False never does (and raises where it would have to), None copies only where needed.

    Returns
    -------
    ndarray
        A view where the strides of `a` allow, else a copy.

    Raises
    ------
    ValueError
        Where the number of elements differs, or `copy=False` and a copy is needed.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.reshape(np.arange(6), (2, 3), order="F")
    array([[0, 2, 4],
           [1, 3, 5]])
    """
    letter = checked("reshape", order, "CFA", "C")
    if letter == "C" or (letter == "A" and not is_fortran(a := _array("reshape", "a", a))):
        return manipulation.reshape(a, shape, copy=copy)
    x = permute_dims(_array("reshape", "a", a))
    turned = tuple(shape)[::-1] if isinstance(shape, (tuple, list)) else shape
    return permute_dims(manipulation.reshape(x, turned, copy=copy))


@under_numpy_rules
def copy(a: Any, order: str = "C") -> Any:
    """A copy; gradients flow through.

    Parameters
    ----------
    a : array-like
        Any shape.
    order : {"C", "F", "A", "K"}
        How it lies in memory: "A" and "K" keep to `a`.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.zeros(2)
    >>> y = np.copy(x)
    >>> y[0] = 1.0
    >>> x
    array([0., 0.])
    """
    letter = checked("copy", order, "CFAK", "C")
    return manipulation.copy(a) if letter == "C" else laid_out(_array("copy", "a", a), letter)


@under_numpy_rules
def array(object: Any, dtype: Any = None, *, copy: bool | None = True, order: str | None = None, ndmin: int = 0) -> Any:
    """An array of numbers, nested lists, or an array of any library.

    Parameters
    ----------
    object : array-like
        Floats become float64, ints int64, bools bool, complex numbers complex128.
    dtype : dtype-like, optional
        Element type; by default the data's own.
    copy : bool, optional
        True copies, None copies only where needed, False raises there.
    order : {"C", "F", "A", "K"}, optional
        How a copy lies in memory: "A" and "K" keep to `object`; by default as "C".
    ndmin : int
        Fewest axes of the result; missing ones go in front, with length 1.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.array([1.0, 2.5])
    array([1. , 2.5])
    """
    x = _asarray(object, dtype, copy=copy) if order is None else _ordered("array", object, dtype, copy, order)
    if ndmin == 0:
        return x
    ndmin = integer("array", "ndmin", ndmin, at_most=16)
    return x if x.ndim >= ndmin else manipulation.reshape(x, (1,) * (ndmin - x.ndim) + x.shape)


@under_numpy_rules
def asarray(a: Any, dtype: Any = None, order: str | None = None, *, copy: bool | None = None) -> Any:
    """An array that shares memory with `a` where it can: `array` with `copy=None`.

    Parameters
    ----------
    a : array-like
        A tensor of tilewright stays on its tape.
    dtype : dtype-like, optional
        Element type; by default the data's own.
    order : {"C", "F", "A", "K"}, optional
        "C" and "F" copy what lies otherwise; by default, and with the others, nothing is copied for it.
    copy : bool, optional
        True copies, None copies only where needed, False raises there.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.asarray([1, 2])
    array([1, 2])
    """
    return _asarray(a, dtype, copy=copy) if order is None else _ordered("asarray", a, dtype, copy, order)


def _ordered(op: str, object: Any, dtype: Any, copy: Any, order: Any) -> Tensor:
    letter = checked(op, order, "CFAK", "K")
    copy = None if copy is None else flag(op, "copy", copy)
    like = _asarray(object) if hasattr(object, "strides") else None
    x = _asarray(object if like is None else like, dtype, copy=copy if copy is False else None)
    source = x if like is None else like
    if copy or x.dtype != source.dtype:
        return laid_out(x, letter, source)
    if letter in "AK" or _lies(x, _axes(x, letter)):
        return x
    if copy is False:
        raise ValueError(f"{op}: copy=False, but {x.shape} with strides {x.strides} does not lie in order {letter}")
    return laid_out(x, letter)


@under_numpy_rules
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """An array in C order, of one axis at least; a copy only where it is needed.

    Parameters
    ----------
    a : array-like
        Any shape.
    dtype : dtype-like, optional
        Element type; by default the data's own.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.ascontiguousarray(np.ones((2, 3)).T).strides
    (16, 8)
    """
    x = _ordered("ascontiguousarray", a, dtype, None, "C")
    return x if x.ndim else manipulation.reshape(x, (1,))


@under_numpy_rules
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """An array in Fortran order, of one axis at least; a copy only where it is needed.

    Parameters
    ----------
    a : array-like
        Any shape.
    dtype : dtype-like, optional
        Element type; by default the data's own.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.asfortranarray(np.ones((2, 3))).strides
    (8, 16)
    """
    x = _ordered("asfortranarray", a, dtype, None, "F")
    return x if x.ndim else manipulation.reshape(x, (1,))


@under_numpy_rules
def isfortran(a: Any) -> bool:
    """Whether an array lies in Fortran order, and not in C order.

    Parameters
    ----------
    a : array-like

    Returns
    -------
    bool

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isfortran(np.ones((2, 3)).T)
    True
    """
    return is_fortran(_array("isfortran", "a", a))


class flatiter:
    """The elements of an array in C order: `x.flat`.

    Reading gives copies, writing goes to the array; numbers that are written are taken again and again where there are
    fewer. Gradients flow.

    Attributes
    ----------
    base : ndarray
        The array.
    index : int
        How many elements `next` has given.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> x = np.arange(6).reshape(2, 3).T
    >>> x.flat[1], x.flat[::2]
    (array(3), array([0, 1, 2]))
    >>> x.flat[-2:] = 7
    >>> x
    array([[0, 3],
           [1, 4],
           [7, 7]])
    """

    __slots__ = ("base", "index")
    __module__ = "tilewright.numpy"
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, base: Tensor) -> None:
        if not isinstance(base, Tensor):
            raise TypeError(f"flatiter: base is {shown(base)}, but must be an array; use x.flat")
        self.base, self.index = base, 0

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.index >= self.base.size:
            raise StopIteration
        place = self.coords
        self.index += 1
        return self.base[place]

    @property
    def coords(self) -> tuple[int, ...]:
        """The index along each axis of the element that `next` gives."""
        found, rest = [], self.index
        for length in reversed(self.base.shape):
            found.append(rest % max(length, 1))
            rest //= max(length, 1)
        return tuple(found[::-1])

    def copy(self) -> Any:
        """All elements, in an array of one axis."""
        return manipulation.copy(manipulation.ravel(self.base))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if copy is False:
            raise ValueError("flat: copy=False, but its elements can only be copied")
        array = self.copy().numpy()
        return array if dtype is None else array.astype(dtype)

    def __getitem__(self, key: Any, /) -> Any:
        picked = manipulation.ravel(self.base)[_flat_key(key)]
        return picked.copy() if picked.ndim else picked

    def __setitem__(self, key: Any, value: Any, /) -> None:
        key, base = _flat_key(key), self.base
        if key is Ellipsis:
            places: Any = ...
            shape = base.shape
        else:
            numbers = arange(base.size)[key]
            places, shape, rest = [], numbers.shape, numbers
            for length in reversed(base.shape):
                places.append(rest % length)
                rest = rest // length
            places = tuple(places[::-1])
        value = _array("flat", "the value", value)
        if value.size:
            setitem(base, places, value if value.size == 1 and not value.ndim else resize(value, shape))

    def __eq__(self, other: Any) -> Any:
        return self.copy() == other

    def __ne__(self, other: Any) -> Any:
        return self.copy() != other

    def __lt__(self, other: Any) -> Any:
        return self.copy() < other

    def __le__(self, other: Any) -> Any:
        return self.copy() <= other

    def __gt__(self, other: Any) -> Any:
        return self.copy() > other

    def __ge__(self, other: Any) -> Any:
        return self.copy() >= other


def _flat_key(key: Any) -> Any:
    """An index of one axis."""
    if isinstance(key, tuple):
        if len(key) > 1:
            raise IndexError(f"flat: has one axis, but {len(key)} indices were given")
        key = key[0] if key else ...
    if key is None:
        raise IndexError("flat: takes no new axes")
    return key


LAYOUT: dict[str, Any] = {
    f.__name__: f for f in (array, asarray, ascontiguousarray, asfortranarray, copy, isfortran, ravel, reshape)
}
