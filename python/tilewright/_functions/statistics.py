"""Averages and variances over axes."""

from __future__ import annotations

from .. import _core
from .._engine.arguments import number
from .._engine.dtypes import float64
from .._engine.op import primitive
from .._engine.tensor import Tensor
from .arithmetic import abs, sqrt, square, subtract
from .comparison import equal
from .indexing import where
from .manipulation import astype
from .reductions import PLAIN_AXES, Axis, checked, reduction, sum, with_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["mean", "std", "var"]

_CORRECTION = "    correction : float\n        Subtracted from the count; 1 for the sample's unbiased estimate.\n"


@primitive
def _mean(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `mean`."""


@reduction("Integers and bool give float32; NaN where there is nothing to average.")
def mean(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Arithmetic mean over axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.mean([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([2., 3.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("mean", axis, keepdims)
    return _mean(x, axis, keepdims)


@reduction("Integers and bool give float32.", _CORRECTION)
def var(x: Any, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Variance over axes, `sum(|x - mean|^2) / (count - correction)`, in two passes; real for complex `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.var([1.0, 2.0, 3.0, 4.0])
    tensor(1.25)
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("var", axis, keepdims)
    correction = number("var", "correction", correction)
    x = with_axes("var", x, axis)
    if not x.dtype.is_inexact:  # float32 does not tell large integers apart
        default = _core.default_float(x)
        return astype(var(astype(x, float64), axis=axis, correction=correction, keepdims=keepdims), default)
    deviation = subtract(x, mean(x, axis=axis, keepdims=True))
    squares = sum(square(abs(deviation) if x.dtype.is_complex else deviation), axis=axis, keepdims=keepdims)
    count = x.size // squares.size if squares.size else 0
    return squares / (count - correction) if count - correction > 0 else squares * float("nan")


@reduction("Integers and bool give float32.", _CORRECTION)
def std(x: Any, /, axis: Axis = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Standard deviation over axes, the root of `var`; its gradient where nothing varies is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.std([1.0, 3.0])
    tensor(1.)
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("std", axis, keepdims)
    correction = number("std", "correction", correction)
    variance = var(with_axes("std", x, axis), axis=axis, correction=correction, keepdims=keepdims)
    if not variance.requires_grad:
        return sqrt(variance)
    constant = equal(variance.detach(), 0)  # the root's own derivative is infinite there
    return where(constant, 0.0, sqrt(where(constant, 1.0, variance)))
