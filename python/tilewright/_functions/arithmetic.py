"""Arithmetic: sums, products, powers and roots."""

from __future__ import annotations

from .._engine.arguments import arrays
from .._engine.tensor import asarray
from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "abs",
    "add",
    "cbrt",
    "divide",
    "divmod",
    "float_power",
    "floor_divide",
    "fmod",
    "gcd",
    "lcm",
    "multiply",
    "negative",
    "positive",
    "power",
    "reciprocal",
    "remainder",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "subtract",
]


@elementwise("same")
def positive(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The numbers as they are, `+x`, in a new array.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.positive([1.0, -2.0])
    tensor([ 1., -2.])
    """


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
def cbrt(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Cube root, of negative numbers too.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cbrt([8.0, -27.0])
    tensor([ 2., -3.])
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
def fmod(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Remainder with the sign of the dividend `x1`; of an integer by zero 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fmod([7, -7], 3)
    tensor([ 1, -1])
    """


@elementwise("same")
def gcd(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Greatest common divisor of integers, not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.gcd([12, 0], [-18, 5])
    tensor([6, 5])
    """


@elementwise("same")
def lcm(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Least common multiple of integers, not negative; 0 where either is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.lcm([4, 0], [-6, 5])
    tensor([12,  0])
    """


def divmod(x1: Any, x2: Any, /) -> tuple[Tensor, Tensor]:
    """Quotient rounded down and remainder, `(x1 // x2, x1 % x2)`.

    Parameters
    ----------
    x1, x2 : array-like or number
        Shapes that broadcast together; dtypes are promoted, Python numbers take the dtype of the other operand.

    Returns
    -------
    quotient, remainder : Tensor
        The broadcast shape and the promoted dtype.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast.
    TypeError
        Where the promoted dtype is complex or bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.divmod([7, -7], 2)
    (tensor([ 3, -4]), tensor([1, 1]))
    """
    return floor_divide(x1, x2), remainder(x1, x2)


def float_power(x1: Any, x2: Any, /) -> Tensor:
    """`x1 ** x2` in float64, or complex128, so that integers take negative powers too.

    Parameters
    ----------
    x1, x2 : array-like or number
        Shapes that broadcast together; any dtypes.

    Returns
    -------
    Tensor
        The broadcast shape; complex128 where either operand is complex, else float64.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.float_power([2, 4], -1)
    tensor([0.5 , 0.25], dtype=float64)
    """
    x1, x2 = arrays("float_power", x1=x1, x2=x2)
    dtype = "complex128" if x1.dtype.is_complex or x2.dtype.is_complex else "float64"
    return power(asarray(x1, dtype), asarray(x2, dtype))
