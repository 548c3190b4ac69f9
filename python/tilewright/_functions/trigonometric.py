"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

import math

from .._engine.tensor import asarray
from .arithmetic import abs, multiply
from .comparison import less
from .elementwise import documented, elementwise
from .indexing import where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "deg2rad",
    "degrees",
    "hypot",
    "rad2deg",
    "radians",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


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
def tan(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Tangent of an angle in radians.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tan([0.0, 1.0])
    tensor([0.       , 1.5574076])
    """


@elementwise("floating")
def arcsin(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Angle in [-pi/2, pi/2] that has this sine; NaN beyond 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arcsin([0.0, 1.0])
    tensor([0.       , 1.5707964])
    """


@elementwise("floating")
def arccos(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Angle in [0, pi] that has this cosine; NaN beyond 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arccos([1.0, 0.0])
    tensor([0.       , 1.5707964])
    """


@elementwise("floating")
def arctan(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Angle in [-pi/2, pi/2] that has this tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arctan([0.0, 1.0])
    tensor([0.       , 0.7853982])
    """


@elementwise("floating")
def sinh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Hyperbolic sine.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sinh([0.0, 1.0])
    tensor([0.       , 1.1752012])
    """


@elementwise("floating")
def cosh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Hyperbolic cosine.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.cosh([0.0, 1.0])
    tensor([1.       , 1.5430806])
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
def arcsinh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Inverse of the hyperbolic sine.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arcsinh([0.0, 1.0])
    tensor([0.       , 0.8813736])
    """


@elementwise("floating")
def arccosh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Inverse of the hyperbolic cosine, not negative; NaN below 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arccosh([1.0, 3.0])
    tensor([0.       , 1.7627472])
    """


@elementwise("floating")
def arctanh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Inverse of the hyperbolic tangent; infinite at -1 and 1, NaN beyond.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arctanh([0.0, 0.5])
    tensor([0.        , 0.54930615])
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


@elementwise("floating")
def hypot(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Length of the vector (x1, x2), `sqrt(x1^2 + x2^2)` without overflow; infinite where either is.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.hypot([3.0, 1e30], [4.0, 0.0])
    tensor([5.e+00, 1.e+30])
    """


@elementwise("floating")
def deg2rad(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Degrees as radians, `x pi / 180`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.deg2rad([0.0, 90.0])
    tensor([0.       , 1.5707964])
    """


@documented("floating")
def radians(x: Any, /) -> Tensor:
    """Degrees as radians, `x pi / 180`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.radians([0.0, 90.0])
    tensor([0.       , 1.5707964])
    """
    return deg2rad(x)


@elementwise("floating")
def rad2deg(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Radians as degrees, `180 x / pi`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.rad2deg([0.0, 1.0]).astype(int)
    tensor([ 0, 57])
    """


@documented("floating")
def degrees(x: Any, /) -> Tensor:
    """Radians as degrees, `180 x / pi`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.degrees([0.0, 1.0]).astype(int)
    tensor([ 0, 57])
    """
    return rad2deg(x)


@documented("floating")
def sinc(x: Any, /) -> Tensor:
    """`sin(pi x) / (pi x)`, which is 1 at 0, with its derivatives there.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sinc([0.0, 0.5])
    tensor([1.        , 0.63661975])
    """
    angle = multiply(asarray(x), math.pi)
    near = less(abs(angle.detach()), 0.05)
    # The quotient's derivatives cancel near 0, so there it is its series.
    square = angle * angle
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    away = where(near, 1.0, angle)
    return where(near, series, sin(away) / away)
