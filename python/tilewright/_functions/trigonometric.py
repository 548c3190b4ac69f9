"""Trigonometric and hyperbolic functions."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "arctan2",
    "cos",
    "sin",
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
def tanh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Hyperbolic tangent.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.tanh([0.0, 1.0])
    tensor([0.       , 0.7615942])
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
