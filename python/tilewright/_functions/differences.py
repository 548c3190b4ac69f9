"""Calculus of samples: differences, gradients, integrals, and angles without jumps."""

from __future__ import annotations

import math

from .. import _core
from .._engine.arguments import array, has_axes, integer, integers, number
from .._engine.dtypes import promote_types
from .arithmetic import abs, remainder
from .comparison import greater, less, not_equal
from .indexing import where
from .logical import logical_and
from .manipulation import _axis, astype, broadcast_to, concatenate, ravel, reshape
from .reductions import sum
from .scans import cumulative_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._engine.tensor import Tensor

__all__ = ["diff", "ediff1d", "gradient", "trapezoid", "unwrap"]


def along(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    """The key of a part along an axis."""
    return (*(slice(None),) * axis, slice(start, stop))


def floating(x: Tensor) -> Tensor:
    """Integers and bool as the floating numbers that they become."""
    return x if x.dtype.is_inexact else astype(x, _core.default_float(x))


def _steps(x: Tensor, axis: int) -> Tensor:
    """From each element to the next; of bool whether it changes."""
    later, earlier = x[along(axis, 1, None)], x[along(axis, None, -1)]
    return not_equal(later, earlier) if x.dtype.name == "bool" else later - earlier


def diff(x: Any, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """Differences between neighbours along an axis, `x[i + 1] - x[i]`, n times.

    Parameters
    ----------
    x : array-like
        Any shape but ().
    axis : int
        The axis to go along.
    n : int
        How often differences are taken; 0 gives `x`.
    prepend, append : array-like, optional
        Put before and behind `x` along the axis first; numbers as one element.

    Returns
    -------
    Tensor
        Shape of what there is, `n` shorter along the axis, but not below 0. Unsigned integers wrap around; bool gives
        bool: whether neighbours differ.

    Raises
    ------
    ValueError
        Where `n` is negative or `x` has no axes.
    AxisError
        Where `axis` is not one of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diff([1.0, 2.0, 4.0, 7.0])
    tensor([1., 2., 3.])
    >>> tw.diff([1, 2, 4, 7], n=2, prepend=0)
    tensor([0, 1, 1])
    """
    x, n = array("diff", "x", x), integer("diff", "n", n, at_least=0)
    if not x.ndim:
        raise ValueError("diff: x has shape (), but needs at least one axis")
    axis = _axis("diff", axis, x.ndim)
    if n == 0:
        return x
    ends = []
    for name, end in (("prepend", prepend), ("append", append)):
        if end is not None:
            end = array("diff", name, end, beside=x)
            end = end if end.ndim else broadcast_to(end, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))
        ends.append(end)
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    x = concatenate(parts, axis=axis) if len(parts) > 1 else x
    for _ in range(n if x.shape[axis] else 0):
        x = _steps(x, axis)
    return x


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Tensor:
    """Differences between neighbours of all elements in one row, with what is given around them.

    Parameters
    ----------
    ary : array-like
        Any shape; flattened.
    to_end, to_begin : array-like, optional
        Put behind and before the differences, flattened.

    Returns
    -------
    Tensor
        1-D, of the dtype of `ary`.

    Raises
    ------
    TypeError
        Where `to_end` or `to_begin` would not fit the dtype of `ary`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ediff1d([1, 2, 4, 7], to_begin=-1)
    tensor([-1,  1,  2,  3])
    """
    x = ravel(array("ediff1d", "ary", ary))
    if x.dtype.name == "bool":
        raise TypeError("ediff1d: ary has dtype bool, which has no differences; use astype('int8')")
    parts = [_steps(x, 0)]
    for name, end in (("to_begin", to_begin), ("to_end", to_end)):
        if end is not None:
            end = ravel(array("ediff1d", name, end, beside=x))
            wider = (not x.dtype.is_inexact and end.dtype.is_inexact) or (x.dtype.is_floating and end.dtype.is_complex)
            if wider:
                raise TypeError(f"ediff1d: {name} has dtype {end.dtype.name}, which does not fit {x.dtype.name}")
            parts.insert(0 if name == "to_begin" else len(parts), astype(end, x.dtype, copy=False))
    return concatenate(parts) if len(parts) > 1 else parts[0]


def _spacings(f: Tensor, varargs: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """For each axis a number, or the distances between its points."""
    if len(varargs) > 1 and len(varargs) != len(axes):
        raise TypeError(f"gradient: got {len(varargs)} spacings for {len(axes)} axes")
    found: list[Any] = []
    for i in range(len(axes)):
        given = varargs[i if len(varargs) > 1 else 0] if varargs else 1.0
        if has_axes(given) or isinstance(given, (list, tuple)):
            points, length = array("gradient", "a spacing", given, beside=f), f.shape[axes[i]]
            if points.shape != (length,):
                raise ValueError(
                    f"gradient: the points along axis {axes[i]} have shape {points.shape}, not {(length,)}"
                )
            found.append(diff(floating(points)))
        else:
            found.append(given if getattr(given, "requires_grad", False) else number("gradient", "a spacing", given))
    return found


def _slope(f: Tensor, h: Any, axis: int, edge_order: int) -> Tensor:
    """Along one axis: second order inside, first or second at the ends."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(f"gradient: axis {axis} of f {f.shape} needs at least {edge_order + 1} elements")

    def part(start: int, stop: int | None) -> Tensor:
        return f[along(axis, start, stop)]

    even = not getattr(h, "ndim", 0)
    if even:
        inner = (part(2, None) - part(0, -2)) / (2.0 * h)
        first, second, last, before_last = h, h, h, h
    else:
        h = reshape(astype(h, promote_types(f.dtype, h.dtype), copy=False), (n - 1, *(1,) * (f.ndim - axis - 1)))
        a, b = h[:-1], h[1:]
        inner = (
            part(0, -2) * (-b / (a * (a + b))) + part(1, -1) * ((b - a) / (a * b)) + part(2, None) * (a / (b * (a + b)))
        )
        first, second, last, before_last = h[0], h[1:2][0] if n > 2 else h[0], h[n - 2], h[n - 3] if n > 2 else h[0]
    if edge_order == 1:
        head, tail = (part(1, 2) - part(0, 1)) / first, (part(n - 1, None) - part(n - 2, n - 1)) / last
    else:
        a, b = first, second
        head = part(0, 1) * (-(2.0 * a + b) / (a * (a + b))) + part(1, 2) * ((a + b) / (a * b))
        head = head + part(2, 3) * (-a / (b * (a + b)))
        a, b = before_last, last
        tail = part(n - 3, n - 2) * (b / (a * (a + b))) + part(n - 2, n - 1) * (-(b + a) / (a * b))
        tail = tail + part(n - 1, None) * ((2.0 * b + a) / (b * (a + b)))
    return astype(concatenate([head, inner, tail], axis=axis), f.dtype, copy=False)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Slopes of sampled values along axes, by central differences inside and one-sided ones at the ends.

    Parameters
    ----------
    f : array-like
        The samples, at least `edge_order + 1` along each axis.
    *varargs : float or array-like
        The distance between samples, 1 by default, or the points where they were taken: for all axes, or one for each.
    axis : int or tuple of int, optional
        The axes; all by default.
    edge_order : {1, 2}
        The order of accuracy at the ends.

    Returns
    -------
    Tensor, or tuple of Tensor
        Shape of `f`; a tuple where there are several axes. Integers and bool give float32.

    Raises
    ------
    ValueError
        Where there are too few samples, or points of another shape.
    TypeError
        Where the number of spacings is not that of the axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.gradient([1.0, 2.0, 4.0, 7.0])
    tensor([1. , 1.5, 2.5, 3. ])
    >>> tw.gradient([1.0, 4.0, 9.0], [1.0, 2.0, 3.0], edge_order=2)
    tensor([2., 4., 6.])
    """
    f = floating(array("gradient", "f", f))
    edge_order = integer("gradient", "edge_order", edge_order, at_least=1, at_most=2)
    listed = range(f.ndim) if axis is None else integers("gradient", "axis", axis)
    axes = tuple([_axis("gradient", a, f.ndim) for a in listed])
    spacings = _spacings(f, varargs, axes)
    slopes = tuple([_slope(f, h, a, edge_order) for h, a in zip(spacings, axes, strict=True)])
    return slopes[0] if len(slopes) == 1 else slopes


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Integral along an axis by the trapezoidal rule, `sum((y[i] + y[i + 1]) / 2 * (x[i + 1] - x[i]))`.

    Parameters
    ----------
    y : array-like
        The samples, any shape but ().
    x : array-like, optional
        Where they were taken: 1-D, or a shape that broadcasts with `y`.
    dx : float
        Their distance, without `x`.
    axis : int
        The axis to integrate along.

    Returns
    -------
    Tensor
        Shape of `y` without the axis. Integers and bool give float32.

    Raises
    ------
    AxisError
        Where `axis` is not one of `y`.
    ValueError
        Where `x` does not broadcast with `y`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.trapezoid([1.0, 2.0, 3.0], dx=2)
    tensor(8.)
    """
    y = floating(array("trapezoid", "y", y))
    axis = _axis("trapezoid", axis, y.ndim)
    if x is None:
        width = dx if has_axes(dx) or getattr(dx, "requires_grad", False) else number("trapezoid", "dx", dx)
    else:
        x = array("trapezoid", "x", x, beside=y)
        if x.ndim == 1:
            x = reshape(x, (*x.shape, *(1,) * (y.ndim - axis - 1)))
        width = diff(x, axis=_axis("trapezoid", axis - y.ndim, x.ndim))
    heights = (y[along(axis, 1, None)] + y[along(axis, None, -1)]) * 0.5
    return sum(heights * width, axis=axis)


def unwrap(p: Any, discont: float | None = None, axis: int = -1, *, period: float = 2 * math.pi) -> Tensor:
    """Phases without jumps: multiples of the period are added where neighbours are more than half of it apart.

    Parameters
    ----------
    p : array-like
        Any shape but ().
    discont : float, optional
        The least jump that is mended; half of the period where that is more.
    axis : int
        The axis to go along.
    period : float
        Of the phases.

    Returns
    -------
    Tensor
        Shape of `p`. Integers and bool give float32, or stay integers where `period` is an int.

    Raises
    ------
    AxisError
        Where `axis` is not one of `p`.
    TypeError
        For complex numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.unwrap([0, 1, 2, -1, 0], period=4)
    tensor([0, 1, 2, 3, 4])
    """
    p = array("unwrap", "p", p)
    if p.dtype.is_complex:
        raise TypeError(f"unwrap: dtype {p.dtype.name} is not supported: it has no order")
    whole = not p.dtype.is_inexact and isinstance(period, int) and p.dtype.name != "bool"
    p, axis = (p if whole else floating(p)), _axis("unwrap", axis, p.ndim)
    period = integer("unwrap", "period", period) if whole else number("unwrap", "period", period)
    discont = period / 2 if discont is None else number("unwrap", "discont", discont)
    steps = diff(p.detach(), axis=axis)
    low: Any = -(period // 2) if whole else -period / 2
    wrapped = remainder(steps - low, period) + low
    if not whole or period % 2 == 0:  # a jump of half a period keeps its direction
        wrapped = where(logical_and(wrapped == low, greater(steps, 0)), -low, wrapped)
    mended = where(less(abs(steps), discont), 0, wrapped - steps)
    shifts = cumulative_sum(mended, axis=axis, dtype=p.dtype)
    return concatenate([p[along(axis, None, 1)], p[along(axis, 1, None)] + shifts], axis=axis)
