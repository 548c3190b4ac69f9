"""Numbers in parts, and what NumPy makes of sequences and of the ends of arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from .._engine.arguments import array, flag, integer, number, shown
from .._engine.dtypes import as_dtype
from .._engine.tensor import asarray
from .._functions import creation
from .._functions.arithmetic import abs, sqrt
from .._functions.complex import imag, real
from .._functions.creation import zeros
from .._functions.grids import _at, _evenly, _given_as_array
from .._functions.indexing import where
from .._functions.logical import isfinite, isinf
from .._functions.manipulation import _axis, astype
from .._functions.reductions import all
from .._functions.rounding import floor, trunc
from .._functions.searching import argwhere
from .._functions.signs import copysign
from ._layout import asarray as as_array, flatiter
from ._rules import under_numpy_rules


def _real(op: str, x: Any) -> Any:
    """Floating, as NumPy's elementwise functions have it: small integers in few bits."""
    x = array(op, "x", x)
    if x.dtype.is_complex:
        raise TypeError(f"{op}: dtype {x.dtype.name} is not supported: x must be real")
    return x if x.dtype.is_inexact else astype(x, sqrt(zeros(0, dtype=x.dtype)).dtype)


@under_numpy_rules
def fabs(x: Any, /) -> Any:
    """Absolute values, as floats.

    Parameters
    ----------
    x : array-like
        Any shape, real.

    Returns
    -------
    ndarray
        Shape of `x`; integers and bool give float64.

    Raises
    ------
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.fabs([-1, 2])
    array([1., 2.])
    """
    return abs(_real("fabs", x))


@under_numpy_rules
def modf(x: Any, /) -> Any:
    """Fractions and whole numbers, both with the sign of x.

    Parameters
    ----------
    x : array-like
        Any shape, real.

    Returns
    -------
    fraction, whole : ndarray
        Shape of `x`; integers and bool give float64. The gradient goes to the fraction.

    Raises
    ------
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.modf([1.5, -2.25])
    (array([ 0.5 , -0.25]), array([ 1., -2.]))
    """
    x = _real("modf", x)
    whole = trunc(x.detach())
    fraction = where(isinf(x.detach()), 0.0, x - whole)
    return fraction if x.requires_grad else copysign(fraction, x), whole  # whose gradient at 0 is 0


@under_numpy_rules
def real_if_close(a: Any, tol: float = 100) -> Any:
    """Complex numbers as real ones, where all imaginary parts are next to 0.

    Parameters
    ----------
    a : array-like
        Any shape.
    tol : float
        How large they may be: above 1, in multiples of the dtype's eps.

    Returns
    -------
    ndarray
        Shape of `a`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.real_if_close([1 + 1e-14j, 2.0])
    array([1., 2.])
    """
    x, tol = array("real_if_close", "a", a), number("real_if_close", "tol", tol)
    if not x.dtype.is_complex:
        return x
    if tol > 1:
        tol *= 2.0**-23 if x.dtype.itemsize == 8 else 2.0**-52
    return real(x) if bool(all(abs(imag(x.detach())) < tol)) else x


@under_numpy_rules
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    """Without the zeros at the ends.

    Parameters
    ----------
    filt : array-like
        Any shape; along each axis whole slices of zeros are left out.
    trim : str
        "f" for the front, "b" for the back, "fb" for both.
    axis : int or tuple of int, optional
        Along which axes; all by default.

    Returns
    -------
    ndarray, list or tuple
        A view of an array; of a list a list. Empty where all are zero.

    Raises
    ------
    ValueError
        For another `trim`.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.trim_zeros(np.array([0, 0, 1, 0, 2, 0]))
    array([1, 0, 2])
    """
    ends = trim.lower() if isinstance(trim, str) else ""
    if ends not in ("f", "b", "fb", "bf"):
        raise ValueError(f"trim_zeros: trim is {shown(trim)}, but must be 'f', 'b' or 'fb'")
    x = array("trim_zeros", "filt", filt)
    named = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = [_axis("trim_zeros", a, x.ndim) for a in named]
    places = argwhere(x.detach())
    key = [slice(None)] * x.ndim
    for a in axes:
        if not places.shape[0]:
            key[a] = slice(0, 0)
        else:
            first, last = int(places[:, a].min()), int(places[:, a].max()) + 1
            key[a] = slice(first if "f" in ends else None, last if "b" in ends else None)
    if isinstance(filt, (list, tuple)) and len(key) == 1:
        return filt[key[0]]
    return x[tuple(key)]


@under_numpy_rules
def fromiter(iter: Iterable[Any], dtype: Any, count: int = -1) -> Any:
    """An array of the numbers that an iterable gives.

    Parameters
    ----------
    iter : iterable of numbers
    dtype : dtype-like
        Element type.
    count : int
        How many to take; -1 for all.

    Returns
    -------
    ndarray
        1-D.

    Raises
    ------
    ValueError
        Where there are fewer than `count`.
    TypeError
        For what cannot be gone through.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.fromiter((i * i for i in range(4)), int)
    array([0, 1, 4, 9])
    """
    count = integer("fromiter", "count", count, at_least=-1)
    if not isinstance(iter, Iterable):
        raise TypeError(f"fromiter: iter is {shown(iter)}, but must be an iterable of numbers")
    values = list(itertools.islice(iter, count) if count >= 0 else iter)
    if len(values) < count:
        raise ValueError(f"fromiter: count is {count}, but there are only {len(values)} numbers")
    return asarray(values, as_dtype(dtype)) if values else zeros(0, dtype=dtype)


@under_numpy_rules
def asarray_chkfinite(a: Any, dtype: Any = None, order: str | None = None) -> Any:
    """`asarray` of numbers that are all finite.

    Parameters
    ----------
    a : array-like
        Any shape.
    dtype, order : optional
        As of `asarray`.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        Where one is infinite or NaN.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.asarray_chkfinite([1.0, 2.0])
    array([1., 2.])
    """
    x = as_array(a, dtype, order)
    if x.dtype.is_inexact and not bool(all(isfinite(x.detach()))):
        raise ValueError("asarray_chkfinite: a has elements that are infinite or NaN")
    return x


@under_numpy_rules
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Evenly spaced numbers from start to stop.

    Parameters
    ----------
    start, stop : number or array-like
        First and last number; arrays broadcast with each other.
    num : int
        How many.
    endpoint : bool
        With False, `stop` is left out.
    retstep : bool
        Give the step, too.
    dtype : dtype-like, optional
        Element type; an integer one takes the floor of the numbers. By default that of floats among the ends, else
        float64.
    axis : int
        Where the numbers go in the result, of arrays.

    Returns
    -------
    ndarray, or tuple of two
        Shape (num,) or, of arrays, theirs with one axis more; with `retstep` also the step, NaN where there is none.

    Raises
    ------
    ValueError
        Where `num` is negative, or an integer dtype does not hold one of the ends.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.linspace(0, 1, 5)
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> np.linspace([0, 10], [1, 20], 3, axis=1)
    array([[ 0. ,  0.5,  1. ],
           [10. , 15. , 20. ]])
    """
    retstep, endpoint = flag("linspace", "retstep", retstep), flag("linspace", "endpoint", endpoint)
    if _given_as_array(start, stop) or isinstance(start, complex) or isinstance(stop, complex):
        y, _ = _evenly("linspace", start, stop, num, endpoint)
        if dtype is not None:
            y = astype(floor(y) if as_dtype(dtype).is_integer else y, dtype, copy=False)
        y = _at("linspace", y, axis)
    else:
        _axis("linspace", axis, 1)
        y = creation.linspace(start, stop, num, dtype=dtype, endpoint=endpoint)
    if not retstep:
        return y
    parts = integer("linspace", "num", num) - endpoint
    width = array("linspace", "stop", stop) * 1.0 - array("linspace", "start", start)
    return y, width / parts if parts > 0 else width * float("nan")


class ndenumerate:
    """The elements of an array with their indices, in C order.

    Parameters
    ----------
    arr : array-like
        Any shape.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> [(index, int(x)) for index, x in np.ndenumerate([[1, 2], [3, 4]])]
    [((0, 0), 1), ((0, 1), 2), ((1, 0), 3), ((1, 1), 4)]
    """

    __module__ = "tilewright.numpy"

    def __init__(self, arr: Any) -> None:
        self.iter = flatiter(as_array(arr))

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        place = self.iter.coords
        return place, next(self.iter)

    def __iter__(self) -> ndenumerate:
        return self


PARTS: dict[str, Any] = {
    f.__name__: f for f in (asarray_chkfinite, fabs, fromiter, linspace, modf, real_if_close, trim_zeros)
}
