"""Comparisons of elements."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "equal",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "not_equal",
]


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
