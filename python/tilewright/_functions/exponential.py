"""Exponentials, logarithms and the error function."""

from __future__ import annotations

from .elementwise import elementwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = [
    "erf",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
]


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
def erf(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.erf([0.0, 1.0])
    tensor([0.        , 0.84270084])
    """


@elementwise("floating")
def exp2(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Two to the power of x.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.exp2([3.0, -1.0])
    tensor([8. , 0.5])
    """


@elementwise("floating")
def logaddexp(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`log(exp(x1) + exp(x2))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logaddexp([0.0], [1.0])
    tensor([1.3132617])
    """


@elementwise("floating")
def logaddexp2(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`log2(2^x1 + 2^x2)`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logaddexp2([0.0, 1000.0], [0.0, 1000.0])
    tensor([1.000e+00, 1.001e+03])
    """
