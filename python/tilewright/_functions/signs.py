"""Signs, steps, and the numbers beside a number."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "copysign",
    "heaviside",
    "nextafter",
    "signbit",
]


@elementwise("floating")
def copysign(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The magnitude of `x1` with the sign of `x2`, of zeros and NaN too.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.copysign([1.0, -2.0], [-0.0, 3.0])
    tensor([-1.,  2.])
    """


@elementwise("floating")
def heaviside(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Step function: 0 where `x1` is negative, `x2` where it is 0, 1 where it is positive.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.heaviside([-1.5, 0.0, 2.0], 0.5)
    tensor([0. , 0.5, 1. ])
    """


@elementwise("floating")
def nextafter(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The number of the dtype that follows `x1` on the way to `x2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nextafter([1.0, 2.0], [2.0, 2.0]) > 1
    tensor([ True,  True])
    """


@elementwise("boolean")
def signbit(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Whether the sign is set: of negative numbers, -0 and NaN with a sign.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.signbit([-1.0, -0.0, 0.0])
    tensor([ True,  True, False])
    """
