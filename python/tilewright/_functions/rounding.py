"""Rounding to integers."""

from __future__ import annotations

from .elementwise import documented, elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "ceil",
    "fix",
    "floor",
    "rint",
    "round",
    "trunc",
]


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
    """Nearest integer; halves go to the even one. Of complex numbers each part is rounded.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.round([0.5, 1.5, 2.4])
    tensor([0., 2., 2.])
    """


@elementwise("floating")
def rint(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Nearest integer as a floating number; halves go to the even one. Of complex numbers each part is rounded.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.rint([0.5, 1.5, 2.4])
    tensor([0., 2., 2.])
    """


@documented("same")
def fix(x: Any, /) -> Tensor:
    """Integer part, as `trunc`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fix([1.7, -1.7])
    tensor([ 1., -1.])
    """
    return trunc(x)
