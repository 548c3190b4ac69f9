"""Truth, and tests of floating-point numbers."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "isfinite",
    "isinf",
    "isnan",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


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
