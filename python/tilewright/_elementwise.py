"""Elementwise functions. Each is one kernel; its gradient is in `_vjps.py`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

from . import _core
from ._arguments import shown
from ._autograd import state
from ._dtypes import integer_range, promote_types
from ._op import beside, is_number, kernel_in_python, primitive
from ._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._dtypes import DType

F = TypeVar("F", bound="Callable[..., Any]")

_UNARY = """
    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape of `x`. {result}

    Raises
    ------
    TypeError
        Where the dtype of `x` is not supported.

    """

_BINARY = """
    Parameters
    ----------
    x1, x2 : array-like or number
        Shapes that broadcast together; dtypes are promoted, Python numbers take the dtype of the other operand.

    Returns
    -------
    Tensor
        The broadcast shape. {result}

    Raises
    ------
    ValueError
        Where the shapes do not broadcast.
    TypeError
        Where the promoted dtype is not supported.

    """

_RESULT = {
    "same": "The dtype is the operands' promoted one.",
    "floating": "The dtype is the operands' promoted one; integers and bool give float32.",
    "boolean": "The dtype is bool.",
    "magnitude": "The dtype is that of `x`; complex64 gives float32, complex128 float64.",
}


def elementwise(rule: str) -> Callable[[F], F]:
    """`primitive`, with the sections of the docstring that all elementwise functions share put before its Examples."""

    def declare(function: F) -> F:
        sections = _UNARY if function.__code__.co_posonlyargcount == 1 else _BINARY
        head, examples, tail = (function.__doc__ or "").partition("Examples\n")
        function.__doc__ = head.rstrip() + "\n" + sections.format(result=_RESULT[rule]) + examples + tail
        return primitive(promote="none" if rule == "boolean" else "all")(function)

    return declare


@elementwise("same")
def negative(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Negation, `-x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.negative([1.0, -2.0])
    tensor([-1.,  2.])
    """


@elementwise("magnitude")
def abs(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Absolute value; the length of complex numbers, which does not overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.abs([-1.5, 2.0])
    tensor([1.5, 2. ])
    >>> tw.abs([3 + 4j])
    tensor([5.])
    """


@elementwise("same")
def sign(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Sign: -1, 0 or 1; NaN stays NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sign([-3.0, 0.0, 5.0])
    tensor([-1.,  0.,  1.])
    """


@elementwise("same")
def square(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Square, `x * x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.square([3.0, -2.0])
    tensor([9., 4.])
    """


@elementwise("same")
def floor(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Largest integer not above x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.floor([1.7, -1.2])
    tensor([ 1., -2.])
    """


@elementwise("same")
def ceil(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Smallest integer not below x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ceil([1.2, -1.7])
    tensor([ 2., -1.])
    """


@elementwise("same")
def trunc(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Integer part: rounds towards zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.trunc([1.7, -1.7])
    tensor([ 1., -1.])
    """


@elementwise("same")
def round(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Nearest integer; halves go to the even one.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.round([0.5, 1.5, 2.4])
    tensor([0., 2., 2.])
    """


@elementwise("same")
def bitwise_invert(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Every bit inverted; `not` for bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_invert([0, 5])
    tensor([-1, -6])
    """


@elementwise("boolean")
def logical_not(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where x is zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logical_not([0, 2])
    tensor([ True, False])
    """


@elementwise("boolean")
def isnan(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where x is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isnan([1.0, float('nan')])
    tensor([False,  True])
    """


@elementwise("boolean")
def isinf(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where x is infinite.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isinf([1.0, float('-inf')])
    tensor([False,  True])
    """


@elementwise("boolean")
def isfinite(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where x is neither infinite nor NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isfinite([1.0, float('inf')])
    tensor([ True, False])
    """


@elementwise("floating")
def reciprocal(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """One over x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.reciprocal([2.0, -4.0])
    tensor([ 0.5 , -0.25])
    """


@elementwise("floating")
def sqrt(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Square root; NaN below zero. Of complex numbers the root with a real part that is not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sqrt([4.0, 9.0])
    tensor([2., 3.])
    """


@elementwise("floating")
def rsqrt(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """One over the square root.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.rsqrt([4.0, 16.0])
    tensor([0.5 , 0.25])
    """


@elementwise("floating")
def exp(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Exponential, e to the power of x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.exp([0.0, 1.0])
    tensor([1.       , 2.7182817])
    """


@elementwise("floating")
def expm1(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`exp(x) - 1`, accurate near zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.expm1([0.0, 1e-6])
    tensor([0.0000000e+00, 1.0000005e-06])
    """


@elementwise("floating")
def log(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Natural logarithm; -inf at zero, NaN below. Of complex numbers the branch with an angle in [-pi, pi].

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.log([1.0, 2.0])
    tensor([0.       , 0.6931472])
    """


@elementwise("floating")
def log1p(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`log(1 + x)`, accurate near zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.log1p([0.0, 1e-6])
    tensor([0.000000e+00, 9.999995e-07])
    """


@elementwise("floating")
def log2(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Logarithm to base 2.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.log2([1.0, 8.0])
    tensor([0., 3.])
    """


@elementwise("floating")
def log10(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Logarithm to base 10.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.log10([1.0, 1000.0])
    tensor([0., 3.])
    """


@elementwise("floating")
def sin(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Sine of an angle in radians.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sin([0.0, 1.0])
    tensor([0.        , 0.84147096])
    """


@elementwise("floating")
def cos(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Cosine of an angle in radians.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cos([0.0, 1.0])
    tensor([1.        , 0.54030234])
    """


@elementwise("floating")
def tanh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tanh([0.0, 1.0])
    tensor([0.       , 0.7615942])
    """


@elementwise("floating")
def erf(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.erf([0.0, 1.0])
    tensor([0.        , 0.84270084])
    """


@elementwise("same")
def add(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Sum, `x1 + x2`; `or` for bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.add([1.0, 2.0], 10)
    tensor([11., 12.])
    """


@elementwise("same")
def subtract(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Difference, `x1 - x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.subtract([1.0, 2.0], [3.0, 1.0])
    tensor([-2.,  1.])
    """


@elementwise("same")
def multiply(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Product, `x1 * x2`; `and` for bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.multiply([1.0, 2.0], 3)
    tensor([3., 6.])
    """


@elementwise("floating")
def divide(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True quotient, `x1 / x2`; integers become float32 first.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.divide([1.0, 2.0], 4)
    tensor([0.25, 0.5 ])
    """


@elementwise("same")
def floor_divide(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Quotient rounded down, `x1 // x2`; an integer divided by zero gives 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.floor_divide([7, -7], 2)
    tensor([ 3, -4])
    """


@elementwise("same")
def remainder(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Remainder with the sign of the divisor, `x1 % x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.remainder([7, -7], 3)
    tensor([1, 2])
    """


@elementwise("same")
def power(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1 ** x2`; integers to a negative power raise ValueError, as fractions are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.power([2.0, 3.0], 2)
    tensor([4., 9.])
    """


@elementwise("same")
def maximum(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The larger of two; NaN where either is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.maximum([1.0, 5.0], [3.0, 2.0])
    tensor([3., 5.])
    """


@elementwise("same")
def minimum(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The smaller of two; NaN where either is NaN.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.minimum([1.0, 5.0], [3.0, 2.0])
    tensor([1., 2.])
    """


@elementwise("floating")
def arctan2(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Angle of the point (x2, x1) in radians, in [-pi, pi].

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arctan2([0.0, 1.0], [1.0, 0.0])
    tensor([0.       , 1.5707964])
    """


@elementwise("same")
def bitwise_and(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Bits set in both.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_and([6, 3], 2)
    tensor([2, 2])
    """


@elementwise("same")
def bitwise_or(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Bits set in either.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_or([6, 3], 1)
    tensor([7, 3])
    """


@elementwise("same")
def bitwise_xor(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Bits set in just one.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_xor([6, 3], 2)
    tensor([4, 1])
    """


@elementwise("same")
def bitwise_left_shift(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Bits of x1 moved up by x2 places.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_left_shift([1, 3], 2)
    tensor([ 4, 12])
    """


@elementwise("same")
def bitwise_right_shift(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Bits of x1 moved down by x2 places, keeping the sign.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_right_shift([8, -8], 1)
    tensor([ 4, -4])
    """


@elementwise("boolean")
def equal(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 == x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.equal([1, 2], 2)
    tensor([False,  True])
    """


@elementwise("boolean")
def not_equal(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 != x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.not_equal([1, 2], 2)
    tensor([ True, False])
    """


@elementwise("boolean")
def less(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 < x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.less([1, 2], 2)
    tensor([ True, False])
    """


@elementwise("boolean")
def less_equal(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 <= x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.less_equal([1, 2], 2)
    tensor([ True,  True])
    """


@elementwise("boolean")
def greater(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 > x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.greater([1, 2], 1)
    tensor([False,  True])
    """


@elementwise("boolean")
def greater_equal(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where `x1 >= x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.greater_equal([1, 2], 2)
    tensor([False,  True])
    """


@elementwise("boolean")
def logical_and(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where both are non-zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logical_and([0, 1], [1, 1])
    tensor([False,  True])
    """


@elementwise("boolean")
def logical_or(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where either is non-zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logical_or([0, 1], [0, 0])
    tensor([False,  True])
    """


@elementwise("boolean")
def logical_xor(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """True where just one is non-zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logical_xor([0, 1], [1, 1])
    tensor([ True, False])
    """


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


@kernel_in_python
def _clip(x: Any, min: Any, max: Any, /) -> Any:
    """Kernel of `clip` where it is recorded; a bound may be None."""
    y = x if min is None else _core.maximum(x, min)
    return y if max is None else _core.minimum(y, max)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """Limit the elements to [min, max].

    The gradient passes where nothing was cut, on the bounds too; where something was, it goes to the bound.

    Parameters
    ----------
    x : array-like
        Any shape.
    min, max : array-like or number, optional
        Bounds that broadcast with `x`; None leaves that side open. Where `min` exceeds `max`, the result is `max`.

    Returns
    -------
    Tensor
        `minimum(maximum(x, min), max)`, of the dtype that the arrays among the arguments promote to.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast, or `x` holds integers and `min` is above all of their dtype or `max` below.
        (Beyond the other end, a bound is none.)
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.clip([-1.0, 0.5, 3.0], 0, 1)
    tensor([0. , 0.5, 1. ])
    """
    y = x if isinstance(x, Tensor) else asarray(x)
    plain = type(min) in _PLAIN and type(max) in _PLAIN
    if not plain or ((type(min) is int or type(max) is int) and y._array.dtype.is_integer):
        y, min, max = _promoted_bounds(y, min, max)
    if state.mode and (y._node or getattr(min, "_node", None) or getattr(max, "_node", None)):
        return y if min is None and max is None else _clip(y, min, max)
    y = y if min is None else maximum(y, min)
    return y if max is None else minimum(y, max)


_PLAIN = (float, int, type(None))  # bounds that need no look where x is floating


def _promoted_bounds(x: Tensor, min: Any, max: Any) -> tuple[Tensor, Any, Any]:
    """The arguments of `clip` with arrays of one dtype, and bounds in its range."""
    operands = [v if v is None or is_number(v) else beside(x, v) for v in (x, min, max)]
    dtype = functools.reduce(promote_types, [v.dtype for v in operands if isinstance(v, Tensor)])
    x, min, max = [asarray(v, dtype) if isinstance(v, Tensor) else v for v in operands]
    return (x, *_bounds_in_range(dtype, min, max)) if dtype.is_integer else (x, min, max)


def _bounds_in_range(dtype: DType, min: Any, max: Any) -> tuple[Any, Any]:
    """Bounds of `clip`, where integers outside the range of the dtype are none, or refused."""
    lowest, highest = integer_range(dtype)
    if isinstance(min, int) and min <= lowest:
        min = None
    if isinstance(max, int) and max >= highest:
        max = None
    if isinstance(min, int) and min > highest:
        raise ValueError(f"clip: min is {shown(min)}, above every {dtype.name}")
    if isinstance(max, int) and max < lowest:
        raise ValueError(f"clip: max is {shown(max)}, below every {dtype.name}")
    return min, max
