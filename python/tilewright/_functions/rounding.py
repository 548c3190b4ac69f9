"""Rounding to integers."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "ceil",
    "floor",
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
    """Nearest integer; halves go to the even one.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.round([0.5, 1.5, 2.4])
    tensor([0., 2., 2.])
    """
