"""Equality up to a tolerance, equality of whole arrays, and numbers in place of NaN and infinity."""

from __future__ import annotations

from .._engine.arguments import array, arrays, flag, has_axes, number
from .._engine.tensor import Tensor
from .arithmetic import abs as magnitude, add, multiply, subtract
from .comparison import equal, less_equal
from .complex import imag, real
from .elementwise import add_sections
from .indexing import where
from .logical import isfinite, isnan, logical_and, logical_or
from .manipulation import astype, copy as copied
from .reductions import all as all_of
from .searching import exact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["allclose", "array_equal", "isclose", "nan_to_num"]

_LARGEST = {
    "float16": 65504.0,
    "bfloat16": (2 - 2.0**-7) * 2.0**127,
    "float32": (2 - 2.0**-23) * 2.0**127,
    "float64": (2 - 2.0**-52) * 2.0**1023,
}

_SECTIONS = """
    Parameters
    ----------
    a, b : array-like or number
        Shapes that broadcast together. Integers and Python's numbers are compared in float64.
    rtol : number or array-like
        Relative tolerance, of `b`.
    atol : number or array-like
        Absolute tolerance.
    equal_nan : bool
        Whether NaN is close to NaN.

    Returns
    -------
    {returns}

    Raises
    ------
    ValueError
        Where the shapes do not broadcast.

    Notes
    -----
    `abs(a - b) <= atol + rtol * abs(b)`, or `a == b`, which tells of infinities. The rule is not symmetric.

"""


def _documented(returns: str) -> Callable[[Any], Any]:
    """Put the sections of the docstring that both share before its Examples."""

    def document(function: Any) -> Any:
        add_sections(function, _SECTIONS.format(returns=returns))
        return function

    return document


def _tolerance(op: str, name: str, value: Any, b: Tensor) -> Any:
    if has_axes(value) or isinstance(value, (list, tuple)):
        return arrays(op, exact, b=b, **{name: value})[1]
    return number(op, name, value)


def _close(op: str, a: Any, b: Any, rtol: Any, atol: Any, equal_nan: Any) -> Tensor:
    equal_nan = flag(op, "equal_nan", equal_nan)
    a, b = [x.detach() for x in arrays(op, exact, a=a, b=b)]
    rtol, atol = _tolerance(op, "rtol", rtol, b), _tolerance(op, "atol", atol, b)
    a, b = [x if x.dtype.is_inexact else astype(x, "float64") for x in (a, b)]
    near = less_equal(magnitude(subtract(a, b)), add(multiply(magnitude(b), rtol), atol))
    close = logical_or(logical_and(near, isfinite(b)), equal(a, b))
    return logical_or(close, logical_and(isnan(a), isnan(b))) if equal_nan else close


@_documented("Tensor\n        bool, the broadcast shape.")
def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether elements are equal up to a tolerance.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isclose([1.0, 2.0], [1.000001, 2.1])
    tensor([ True, False])
    """
    return _close("isclose", a, b, rtol, atol, equal_nan)


@_documented("bool\n        Whether all elements are.")
def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are equal up to a tolerance.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.allclose([1.0, 2.0], [1.000001, 2.0])
    True
    """
    return bool(all_of(_close("allclose", a, b, rtol, atol, equal_nan)))


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    """Whether two arrays have one shape and the same elements.

    Parameters
    ----------
    a1, a2 : array-like
        Any shapes and dtypes.
    equal_nan : bool
        Whether NaN equals NaN.

    Returns
    -------
    bool
        False also where the shapes differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.array_equal([1, 2], [1, 2]), tw.array_equal([1, 2], [[1, 2]])
    (True, False)
    """
    equal_nan = flag("array_equal", "equal_nan", equal_nan)
    a, b = arrays("array_equal", exact, a1=a1, a2=a2)
    if a.shape != b.shape:
        return False
    same = equal(a, b)
    if equal_nan and a.dtype.is_inexact and b.dtype.is_inexact:
        same = logical_or(same, logical_and(isnan(a), isnan(b)))
    return bool(all_of(same))


def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Tensor:
    """Numbers in place of NaN and infinity; the gradient is that of the elements that stay.

    Parameters
    ----------
    x : array-like
        Any shape. Integers and bool stay as they are.
    copy : bool
        False writes to `x` itself, a tensor then.
    nan : number
        What to put for NaN.
    posinf, neginf : number, optional
        What to put for infinity and minus infinity; by default the largest number of the dtype, and minus it.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. Of complex numbers each part is treated by itself.

    Raises
    ------
    TypeError
        Where `copy` is False, and `x` is no tensor.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nan_to_num([1.0, float("nan"), -float("inf")], neginf=-9.0)
    tensor([ 1.,  0., -9.])
    """
    array_ = array("nan_to_num", "x", x)
    fresh = flag("nan_to_num", "copy", copy)
    if not fresh and not isinstance(x, Tensor):
        raise TypeError("nan_to_num: copy is False, but x is no tensor that could be written to")
    given = {"nan": nan, "posinf": posinf, "neginf": neginf}
    fills = [None if value is None else number("nan_to_num", name, value) for name, value in given.items()]
    if not array_.dtype.is_inexact:
        return copied(array_) if fresh else array_
    if array_.dtype.is_complex:
        y = _filled(real(array_), fills) + _filled(imag(array_), fills) * 1j
    else:
        y = _filled(array_, fills)
    if fresh:
        return y
    array_[...] = y
    return array_


def _filled(x: Tensor, fills: list[float | None]) -> Tensor:
    nan, above, below = fills
    largest = _LARGEST[x.dtype.name]
    x = where(isnan(x), 0.0 if nan is None else nan, x)
    x = where(equal(x, float("inf")), largest if above is None else above, x)
    return where(equal(x, -float("inf")), -largest if below is None else below, x)
