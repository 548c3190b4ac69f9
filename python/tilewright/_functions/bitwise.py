"""Functions of the bits of integers."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
]


@elementwise("same")
def bitwise_invert(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Every bit inverted; `not` for bool.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.bitwise_invert([0, 5])
    tensor([-1, -6])
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
