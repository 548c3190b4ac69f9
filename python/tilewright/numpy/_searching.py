"""Searching, sets, comparison and choosing: what tilewright has under NumPy's rules, and what NumPy has beyond it."""

from __future__ import annotations

import numbers
from typing import Any

from .. import _core
from .._engine.arguments import array as as_tensor, entries, flag, function, integer, integers, option
from .._engine.dtypes import bool_
from .._engine.tensor import Tensor
from .._functions import applying, manipulation, searching, sets, sorting, tolerance
from .._functions.bitwise import bitwise_and
from .._functions.comparison import equal, not_equal
from .._functions.complex import imag
from .._functions.creation import full
from .._functions.extrema import clip
from .._functions.indexing import nonzero, take, take_along_axis
from .._functions.logical import logical_not
from .._functions.reductions import all as all_of, ordered
from ._rules import _named as named, adapted, same, under_numpy_rules


@under_numpy_rules
def isin(
    element: Any, test_elements: Any, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Any:
    """Whether each element of one array is among those of another. NaN is nowhere, since it does not equal itself.

    Parameters
    ----------
    element : array-like
        What to look for, any shape.
    test_elements : array-like
        Where to look, any shape.
    assume_unique, kind : optional
        Whatever they are, the result is the same.
    invert : bool
        Whether it is not there, instead.

    Returns
    -------
    ndarray
        bool, shape of `element`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isin([1, 2, 5], [5, 1])
    array([ True, False,  True])
    """
    flag("isin", "assume_unique", assume_unique)
    if kind is not None:
        option("isin", "kind", kind, ("sort", "table"))
    return sets.isin(element, test_elements, invert=invert)


@under_numpy_rules
def sort_complex(a: Any) -> Any:
    """The elements as complex numbers in order: by real part, then by imaginary part, along the last axis.

    Parameters
    ----------
    a : array-like
        At least 1-D.

    Returns
    -------
    ndarray
        complex, shape of `a`; those with NaN come last.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.sort_complex([2 + 1j, 1, 2 - 1j])
    array([1.+0.j, 2.-1.j, 2.+1.j])
    """
    x = as_tensor("sort_complex", "a", a)
    if not x.ndim:
        raise _core.AxisError("sort_complex: a is 0-d, but must have an axis")
    if not x.dtype.is_complex:
        small = x.dtype.name in ("int8", "int16", "uint8", "uint16")
        return manipulation.astype(sorting.sort(x), "complex64" if small else "complex128")
    rows = manipulation.reshape(x, (-1, x.shape[-1])) if x.size else x
    order = [sorting.positions_in_order(row) for row in rows] if x.size else []
    if not order:
        return manipulation.copy(x)
    return manipulation.reshape(take_along_axis(rows, manipulation.stack(order), 1), x.shape)


@under_numpy_rules
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """Slices along an axis where a condition holds; gradients flow to them.

    Parameters
    ----------
    condition : array-like
        1-D, at most as long as the axis; what is not 0 counts as true.
    a : array-like
        Any shape.
    axis : int, optional
        The axis; by default elements of the flattened array are taken.

    Returns
    -------
    ndarray
        Shape of `a` but for the axis.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.compress([0, 1], [[1, 2], [3, 4]], axis=0)
    array([[3, 4]])
    """
    mask, x = as_tensor("compress", "condition", condition), as_tensor("compress", "a", a)
    if mask.ndim != 1:
        raise ValueError(f"compress: condition has shape {mask.shape}, but must be 1-D")
    x, axis = (manipulation.ravel(x), 0) if axis is None else (x, integer("compress", "axis", axis))
    return take(x, nonzero(mask)[0], axis=axis)


@under_numpy_rules
def extract(condition: Any, arr: Any) -> Any:
    """Elements where a condition holds, in a row; gradients flow to them.

    Parameters
    ----------
    condition : array-like
        As many elements as `arr`; what is not 0 counts as true.
    arr : array-like
        Any shape.

    Returns
    -------
    ndarray
        1-D, dtype of `arr`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.extract([[True, False], [False, True]], [[1, 2], [3, 4]])
    array([1, 4])
    """
    mask, x = as_tensor("extract", "condition", condition), as_tensor("extract", "arr", arr)
    return take(manipulation.ravel(x), searching.flatnonzero(mask))


@under_numpy_rules
def choose(a: Any, choices: Any, out: None = None, mode: str = "raise") -> Any:
    """For each element the number of the array to take it from; gradients flow to where it came from.

    Parameters
    ----------
    a : array-like of int
        Numbers from 0 up to the number of choices.
    choices : sequence of array-like
        They broadcast with each other and with `a`.
    out : None
        Not supported yet.
    mode : {"raise", "wrap", "clip"}
        What becomes of other numbers: an error, the remainder, or the nearest one.

    Returns
    -------
    ndarray
        The broadcast shape, the promoted dtype.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.choose([1, 0, 1], [[1, 2, 3], [10, 20, 30]])
    array([10,  2, 30])
    """
    if out is not None:
        raise TypeError("choose: the argument out of NumPy's function is not there yet")
    option("choose", "mode", mode, ("raise", "wrap", "clip"))
    index = as_tensor("choose", "a", a)
    if not index.dtype.is_integer and index.dtype != bool_:
        raise TypeError(f"choose: a has dtype {index.dtype.name}, but must be of integers")
    index = manipulation.astype(index, "int64")
    listed = [as_tensor("choose", "a choice", c) for c in entries("choose", "choices", choices, "a sequence of arrays")]
    if not listed:
        raise ValueError("choose: choices is empty, but must have at least one")
    if mode == "raise":
        if not all_of(bitwise_and(index >= 0, index < len(listed))):
            raise ValueError(f"choose: a has a number that is not one of the {len(listed)} choices")
    else:
        index = index % len(listed) if mode == "wrap" else clip(index, 0, len(listed) - 1)
    shape = applying.common_shape("choose", [index, *listed])
    stacked = manipulation.stack([manipulation.broadcast_to(c, shape) for c in listed])
    return take_along_axis(stacked, manipulation.expand_dims(manipulation.broadcast_to(index, shape), 0), 0)[0]


@under_numpy_rules
def array_equiv(a1: Any, a2: Any) -> bool:
    """Whether two arrays are equal once they are broadcast.

    Parameters
    ----------
    a1, a2 : array-like
        Any shapes.

    Returns
    -------
    bool
        False also where the shapes do not broadcast.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.array_equiv([1, 2], [[1, 2], [1, 2]])
    True
    """
    a, b = as_tensor("array_equiv", "a1", a1), as_tensor("array_equiv", "a2", a2)
    try:
        applying.common_shape("array_equiv", [a, b])
    except ValueError:
        return False
    return bool(all_of(equal(a, b)))


def _is_infinity(op: str, x: Any, infinity: float) -> Tensor:
    x = ordered(op, as_tensor(op, "x", x))
    return equal(x, infinity) if x.dtype.is_floating else full(x.shape, False, dtype=bool_, device=x.device)


@under_numpy_rules
def isposinf(x: Any) -> Any:
    """Whether elements are infinite, and positive.

    Parameters
    ----------
    x : array-like
        Real, any shape.

    Returns
    -------
    ndarray
        bool, shape of `x`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isposinf([np.inf, -np.inf, 1.0])
    array([ True, False, False])
    """
    return _is_infinity("isposinf", x, float("inf"))


@under_numpy_rules
def isneginf(x: Any) -> Any:
    """Whether elements are infinite, and negative.

    Parameters
    ----------
    x : array-like
        Real, any shape.

    Returns
    -------
    ndarray
        bool, shape of `x`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isneginf([np.inf, -np.inf, 1.0])
    array([False,  True, False])
    """
    return _is_infinity("isneginf", x, -float("inf"))


@under_numpy_rules
def iscomplex(x: Any) -> Any:
    """Whether elements have an imaginary part that is not 0.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    ndarray
        bool, shape of `x`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.iscomplex([1 + 1j, 1 + 0j])
    array([ True, False])
    """
    return not_equal(imag(as_tensor("iscomplex", "x", x)), 0)


@under_numpy_rules
def isreal(x: Any) -> Any:
    """Whether elements have no imaginary part, or 0.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    ndarray
        bool, shape of `x`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isreal([1 + 1j, 1 + 0j])
    array([False,  True])
    """
    return logical_not(not_equal(imag(as_tensor("isreal", "x", x)), 0))


@under_numpy_rules
def iscomplexobj(x: Any) -> bool:
    """Whether an array has a complex dtype.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    bool
        Whatever the elements are.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.iscomplexobj([1.0, 2j]), np.iscomplexobj(1.0)
    (True, False)
    """
    return bool(as_tensor("iscomplexobj", "x", x).dtype.is_complex)


@under_numpy_rules
def isrealobj(x: Any) -> bool:
    """Whether an array has no complex dtype.

    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    bool
        Whatever the elements are.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isrealobj([1.0, 2j]), np.isrealobj(1.0)
    (False, True)
    """
    return not as_tensor("isrealobj", "x", x).dtype.is_complex


def isscalar(element: Any) -> bool:
    """Whether something is a number or text of Python's or NumPy's. An array without axes is none.

    Parameters
    ----------
    element : object
        Anything.

    Returns
    -------
    bool
        False for arrays, lists and None.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.isscalar(3.5), np.isscalar([3.5])
    (True, False)
    """
    return isinstance(element, (str, bytes, numbers.Number)) or "generic" in [t.__name__ for t in type(element).__mro__]


@under_numpy_rules
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    """Call a function of an array and an axis for one axis after another, which stay with length 1.

    Parameters
    ----------
    func : callable
        `func(a, axis)` gives an array with as many axes, or one fewer.
    a : array-like
        Any shape.
    axes : int or sequence of int
        The axes, in this order.

    Returns
    -------
    ndarray
        As many axes as `a`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.apply_over_axes(np.sum, [[1, 2], [3, 4]], (0, 1))
    array([[10]])
    """
    function("apply_over_axes", "func", func)
    x = _core.as_ndarray(as_tensor("apply_over_axes", "a", a))
    for axis in integers("apply_over_axes", "axes", axes):
        where = axis + x.ndim if axis < 0 else axis
        y = as_tensor("apply_over_axes", "what func gives", func(x, where))
        y = manipulation.expand_dims(y, where) if y.ndim == x.ndim - 1 else y
        if y.ndim != x.ndim:
            raise ValueError(f"apply_over_axes: func gives {y.ndim} axes of {x.ndim}, but must keep them or drop one")
        x = _core.as_ndarray(y)
    return x


@under_numpy_rules
def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    arr = _core.as_ndarray(as_tensor("apply_along_axis", "arr", arr))
    return applying.apply_along_axis(func1d, axis, arr, *args, **kwargs)


@under_numpy_rules
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    return applying.piecewise(_core.as_ndarray(as_tensor("piecewise", "x", x)), condlist, funclist, *args, **kw)


class vectorize(applying.vectorize):
    """A function of numbers as one of arrays, which broadcast together: it is called with every element.

    This is for convenience, not for speed: it is a loop in Python. Elements come as Python's numbers, or as arrays
    without axes where a gradient is wanted, which then flows through the function.

    Parameters
    ----------
    pyfunc : callable
        Gets a number for each array, gives a number or a tuple of them.
    otypes : str or sequence of dtype-like, optional
        dtypes of the results; by default those of what the first call gives.
    doc : str, optional
        Docstring; by default that of the function.
    excluded : collection of int or str, optional
        Positions and names of arguments that are passed on as they are.
    cache : bool
        Whether the first call, which tells the dtypes, is used for the first element, too. It is in any case.
    signature : None
        NumPy's signatures of slices are not supported; `apply_along_axis` has slices.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> larger = np.vectorize(lambda a, b: a if a > b else b)
    >>> larger([[1], [5]], [2, 3])
    array([[2, 3],
           [5, 5]])
    """

    def __init__(
        self,
        pyfunc: Any,
        otypes: Any = None,
        doc: str | None = None,
        excluded: Any = None,
        cache: bool = False,
        signature: None = None,
    ) -> None:
        _core.under_numpy_rules(super().__init__, (pyfunc, otypes, doc, excluded, cache, signature), {})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Results of the broadcast shape: an ndarray, or a tuple of them."""
        return under_numpy_rules(super().__call__)(*args, **kwargs)


def frompyfunc(func: Any, nin: int, nout: int) -> Any:
    """A function of numbers as one of arrays, which broadcast together: `vectorize` with a fixed number of arguments.

    Results have the dtype of what the first call gives, where NumPy gives arrays of objects.

    Parameters
    ----------
    func : callable
        Gets `nin` numbers, gives one, or a tuple of `nout`.
    nin : int
        How many arrays it takes.
    nout : int
        How many it gives.

    Returns
    -------
    callable
        Of `nin` arrays.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.frompyfunc(lambda a, b: a * 10 + b, 2, 1)([1, 2], 3)
    array([13, 23])
    """
    nin, nout = integer("frompyfunc", "nin", nin, at_least=1), integer("frompyfunc", "nout", nout, at_least=1)
    called = vectorize(func)

    def of_arrays(*args: Any) -> Any:
        if len(args) != nin:
            raise TypeError(f"frompyfunc: the function takes {nin} arrays, got {len(args)}")
        results = called(*args)
        count = len(results) if isinstance(results, tuple) else 1
        if count != nout:
            raise ValueError(f"frompyfunc: the function gives {count} results, but nout is {nout}")
        return results

    return of_arrays


def _documented_as(call: Any, of: Any, renamed: dict[str, str] | None = None) -> Any:
    """The call with the docstring of the function that it stands for."""
    return named(of.__name__, call, of, renamed or {})


def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """With a number in place of `v` as wide as NumPy takes it."""
    return searching.searchsorted(a, as_tensor("searchsorted", "v", v), side=side, sorter=sorter)


SEARCHING: dict[str, Any] = {
    "count_nonzero": adapted("count_nonzero", searching.count_nonzero, "a=x axis keepdims"),
    "searchsorted": _documented_as(under_numpy_rules(_searchsorted), searching.searchsorted, {"x1": "a", "x2": "v"}),
    **{
        f.__name__: same(f)
        for f in (
            *(searching.argwhere, searching.digitize, searching.flatnonzero, searching.nanargmax, searching.nanargmin),
            *(sets.unique_all, sets.unique_counts, sets.unique_inverse, sets.unique_values, sets.unique),
            *(sets.intersect1d, sets.setdiff1d, sets.setxor1d, sets.union1d),
            *(sorting.argpartition, sorting.lexsort, sorting.partition),
            *(tolerance.allclose, tolerance.array_equal, tolerance.isclose, tolerance.nan_to_num),
            applying.select,
        )
    },
    "apply_along_axis": _documented_as(_apply_along_axis, applying.apply_along_axis),
    "piecewise": _documented_as(_piecewise, applying.piecewise),
    **{
        f.__name__: f
        for f in (
            *(apply_over_axes, array_equiv, choose, compress, extract, frompyfunc, iscomplex, iscomplexobj, isin),
            *(isneginf, isposinf, isreal, isrealobj, isscalar, sort_complex, vectorize),
        )
    },
}
