"""Sums, products, extremes and other reductions over axes."""

from __future__ import annotations

import math

from .. import _core
from .._engine.arguments import flag, has_axes, integers, refuse
from .._engine.op import primitive, wrap
from .._engine.tensor import Tensor, asarray
from .elementwise import add_sections
from .exponential import exp, log
from .indexing import where
from .logical import isfinite
from .manipulation import _axis as checked_axis, astype, permute_dims, reshape, squeeze

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "logsumexp",
    "max",
    "min",
    "prod",
    "sum",
]

Axis = int | tuple[int, ...] | None

_PARAMETERS = """
    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reduce, counted from the back where negative; all by default.
    keepdims : bool
        Keep the reduced axes with length 1.
{more}
    Returns
    -------
    Tensor
        Shape of `x` without the reduced axes. {result}

    Raises
    ------
    AxisError
        Where an axis is not one of `x`.{raises}

"""


def reduction(result: str, more: str = "", raises: str = "") -> Callable[[Any], Any]:
    """Put the sections that all reductions share into the docstring, before its Examples."""

    def document(function: Any) -> Any:
        add_sections(function, _PARAMETERS.format(result=result, more=more, raises=raises))
        return function

    return document


EMPTY = "\n    ValueError\n        Where there is nothing to reduce."
DTYPE = "    dtype : dtype-like, optional\n        Convert to this first; the result has it.\n"


PLAIN_AXES = (int, type(None))  # as the kernels and the rules take them


def checked(op: str, axis: Any, keepdims: Any) -> tuple[Axis, bool]:
    """The parameters of a reduction as the kernels and the rules take them."""
    if type(axis) not in PLAIN_AXES:
        if has_axes(axis):  # the second of two arrays that were to be compared, say
            refuse(op, "axis", axis, "an integer or a tuple of integers")
        axis = integers(op, "axis", axis)
    return axis, keepdims if keepdims is False or keepdims is True else flag(op, "keepdims", keepdims)


@primitive
def _sum(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `sum`."""


@primitive
def _prod(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `prod`."""


@primitive
def _max(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `max`."""


@primitive
def _min(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `min`."""


@primitive
def _any(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `any`."""


@primitive
def _all(x: Any, /, axis: Axis, keepdims: bool) -> Tensor:  # type: ignore[empty-body]
    """Kernel of `all`."""


@reduction("Integers and bool give int64 (unsigned: uint64); float16 and bfloat16 add up in float32.", DTYPE)
def sum(x: Any, /, axis: Axis = None, *, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Sum over axes; 0 where there is nothing to add. Floats are added in blocks, so errors do not build up.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    tensor([4., 6.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("sum", axis, keepdims)
    if dtype is None:
        return _sum(x, axis, keepdims)
    return astype(_sum(asarray(x, dtype), axis, keepdims), dtype, copy=False)


@reduction("Integers and bool give int64 (unsigned: uint64).", DTYPE)
def prod(x: Any, /, axis: Axis = None, *, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Product over axes; 1 where there is nothing to multiply.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.prod([[1.0, 2.0], [3.0, 4.0]], axis=1)
    tensor([ 2., 12.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("prod", axis, keepdims)
    if dtype is None:
        return _prod(x, axis, keepdims)
    return astype(_prod(asarray(x, dtype), axis, keepdims), dtype, copy=False)


@reduction("The dtype of `x`.", raises=EMPTY)
def max(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Largest element over axes; NaN where one is. The gradient is shared equally between equal maxima.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.max([[1.0, 5.0], [3.0, 4.0]], axis=1)
    tensor([5., 4.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("max", axis, keepdims)
    return _max(x, axis, keepdims)


@reduction("The dtype of `x`.", raises=EMPTY)
def min(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Smallest element over axes; NaN where one is. The gradient is shared equally between equal minima.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.min([[1.0, 5.0], [3.0, 4.0]], axis=1)
    tensor([1., 3.])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("min", axis, keepdims)
    return _min(x, axis, keepdims)


@reduction("The dtype is bool.")
def any(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether some element is non-zero; NaN counts as non-zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.any([[0, 0], [0, 2]], axis=1)
    tensor([False,  True])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("any", axis, keepdims)
    return _any(x, axis, keepdims)


@reduction("The dtype is bool.")
def all(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Whether every element is non-zero; NaN counts as non-zero.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.all([[0, 1], [3, 2]], axis=1)
    tensor([False,  True])
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("all", axis, keepdims)
    return _all(x, axis, keepdims)


_INDEX = "The dtype is int64: positions along the axis, or in the flattened `x` without one."


@reduction(_INDEX, raises=EMPTY)
def argmax(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the first largest element; the first NaN where there is one. One axis at most.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argmax([[1.0, 5.0], [4.0, 3.0]], axis=1)
    tensor([1, 0])
    """
    x = asarray(x)
    axis = None if axis is None else checked_axis("argmax", axis, x.ndim)
    return wrap(_core.argmax(x._array, axis, flag("argmax", "keepdims", keepdims)), None, x)


@reduction(_INDEX, raises=EMPTY)
def argmin(x: Any, /, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
    """Position of the first smallest element; the first NaN where there is one. One axis at most.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argmin([[1.0, 5.0], [4.0, 3.0]], axis=1)
    tensor([0, 1])
    """
    x = asarray(x)
    axis = None if axis is None else checked_axis("argmin", axis, x.ndim)
    return wrap(_core.argmin(x._array, axis, flag("argmin", "keepdims", keepdims)), None, x)


def with_axes(op: str, x: Any, axis: Axis) -> Tensor:
    """`x` as a tensor, for a composed reduction; an axis out of bounds is reported in its own name."""
    x = asarray(x)
    for a in () if axis is None else (axis,) if isinstance(axis, int) else axis:
        checked_axis(op, a, x.ndim)
    return x


def ordered(op: str, x: Tensor) -> Tensor:
    """`x`, if its numbers have an order."""
    if x.dtype.is_complex:
        raise TypeError(f"{op}: dtype {x.dtype.name} is not supported: it has no order")
    return x


@reduction("Integers and bool give float32.", raises=EMPTY)
def logsumexp(x: Any, /, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))` over axes, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.logsumexp([1000.0, 1000.0])
    tensor(1000.6932)
    """
    if keepdims is not False or type(axis) not in PLAIN_AXES:
        axis, keepdims = checked("logsumexp", axis, keepdims)
    x = with_axes("logsumexp", x, axis)
    if not isinstance(axis, int):
        axes = tuple(range(x.ndim)) if axis is None else tuple(a % x.ndim for a in axis)
        kept = tuple(a for a in range(x.ndim) if a not in axes)
        shape = tuple(1 if a in axes else x.shape[a] for a in range(x.ndim))
        rows = reshape(permute_dims(x, kept + axes), (*[x.shape[a] for a in kept], math.prod(x.shape[a] for a in axes)))
        y = _logsumexp(rows, -1)
        return reshape(y, shape) if keepdims else squeeze(y, axis=-1)
    y = _logsumexp(x, axis)
    return y if keepdims else squeeze(y, axis=axis)


def _definition(x: Tensor, axis: int) -> Tensor:
    peak = max(x.detach(), axis=axis, keepdims=True)
    peak = where(isfinite(peak), peak, 0.0)
    return log(sum(exp(x - peak), axis=axis, keepdims=True)) + peak


@primitive(composed=_definition)
def _logsumexp(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """Over one axis, which is kept with length 1."""
