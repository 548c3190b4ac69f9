"""Values between samples, and sums of products of shifted sequences."""

from __future__ import annotations

from .._engine.arguments import arrays, number, option
from .._engine.dtypes import promote_types
from .._engine.tensor import Tensor
from .arithmetic import remainder
from .complex import conj, imag, real
from .conv import conv
from .creation import arange
from .differences import floating
from .extrema import clip
from .indexing import take, where
from .linalg import matmul
from .logical import isnan
from .manipulation import astype, concatenate, expand_dims, flip, ravel, reshape
from .padding import pad
from .searching import searchsorted
from .sorting import argsort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["convolve", "correlate", "interp"]


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None) -> Tensor:
    """Values of the line through samples.

    Parameters
    ----------
    x : array-like
        Where they are wanted, any shape.
    xp : array-like, shape (n,)
        Where the samples were taken, increasing; with `period` in any order.
    fp : array-like, shape (n,)
        The samples, real or complex.
    left, right : number, optional
        Values before the first and behind the last sample; by default these.
    period : float, optional
        Of `xp`: the line goes on from the last sample to the first; `left` and `right` are of no effect.

    Returns
    -------
    Tensor
        Shape of `x`. Integers and bool give float32. NaN where `x` is. All three arrays have gradients.

    Raises
    ------
    ValueError
        Where `xp` and `fp` are empty, not 1-D or of different length, or `period` is 0.
    TypeError
        For complex `x` or `xp`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.interp([0.0, 1.5, 9.0], [1, 2, 3], [3.0, 2.0, 0.0])
    tensor([3. , 2.5, 0. ])
    """
    x, xp, fp = arrays("interp", x=x, xp=xp, fp=fp)
    for name, points in (("x", x), ("xp", xp)):
        if points.dtype.is_complex:
            raise TypeError(f"interp: {name} has dtype {points.dtype.name}, which has no order")
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ValueError(
            f"interp: xp has shape {xp.shape} and fp {fp.shape}, but they must be 1-D, of one length above 0"
        )
    x, xp, fp = floating(x), floating(xp), floating(fp)
    wide = promote_types(x.dtype, xp.dtype)
    x, xp = astype(x, wide, copy=False), astype(xp, wide, copy=False)
    if period is not None:
        period = abs(number("interp", "period", period))
        if not period:
            raise ValueError("interp: period is 0, but must be another number")
        x, xp = remainder(x, period), remainder(xp, period)
        order = argsort(xp.detach())
        xp, fp = take(xp, order, axis=0), take(fp, order, axis=0)
        xp = concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    found, last = searchsorted(xp, x, side="right"), xp.size - 1
    below = clip(found - 1, 0, last - 1 if last else 0)
    above = below + 1 if last else below
    x0, y0, y1 = take(xp, below, axis=0), take(fp, below, axis=0), take(fp, above, axis=0)
    width = take(xp, above, axis=0) - x0
    inside = where(width == 0, y0, y0 + (y1 - y0) / where(width == 0, 1, width) * (x - x0))
    y = where(x.detach() >= xp[-1].detach(), fp[-1], inside)
    y = where(found == 0, fp[0] if left is None else left, y)
    y = y if right is None else where(x.detach() > xp[-1].detach(), right, y)
    return where(isnan(x.detach()), float("nan"), y)


def _two_rows(op: str, a: Any, v: Any) -> tuple[Tensor, Tensor]:
    a, v = arrays(op, a=a, v=v)
    a, v = (reshape(x, (1,)) if not x.ndim else x for x in (a, v))
    for name, x in (("a", a), ("v", v)):
        if x.ndim != 1 or not x.size:
            raise ValueError(f"{op}: {name} has shape {x.shape}, but must be 1-D and not empty")
    wide = promote_types(a.dtype, v.dtype)
    return astype(a, wide, copy=False), astype(v, wide, copy=False)


_KERNELS = ("float32", "float64")


def _products(a: Tensor, v: Tensor, before: int, after: int) -> Tensor:
    """Sums of products of `v` with each stretch of `a`, which has so many zeros around it."""
    if a.dtype.is_complex:
        x, y, u, w = real(a), imag(a), real(v), imag(v)
        re = _products(x, u, before, after) - _products(y, w, before, after)
        im = _products(x, w, before, after) + _products(y, u, before, after)
        return re + im * 1j
    if a.dtype.name in _KERNELS:
        y = conv(reshape(a, (1, 1, -1)), reshape(v, (1, 1, -1)), None, (1,), (before, after), (1,), 1)
        return ravel(y)
    wide = a.dtype if a.dtype.is_inexact else "uint8" if a.dtype.name == "bool" else a.dtype
    a, v, given = pad(astype(a, wide), (before, after)), astype(v, wide), a.dtype
    starts, along = (arange(n, device=a.device) for n in (a.size - v.size + 1, v.size))
    stretches = expand_dims(starts, axis=1) + along
    return astype(matmul(take(a, stretches, axis=0), v), given)


def _sides(mode: str, n: int, m: int) -> tuple[int, int]:
    """Zeros before and behind the longer sequence of n elements, for a shorter one of m."""
    if mode == "full":
        return m - 1, m - 1
    return (m // 2, m - 1 - m // 2) if mode == "same" else (0, 0)


_MODES = ("full", "same", "valid")


def convolve(a: Any, v: Any, mode: str = "full") -> Tensor:
    """Convolution of two sequences, `y[k] = sum(a[i] v[k - i])`.

    Parameters
    ----------
    a, v : array-like, shape (n,) and (m,)
        Not empty.
    mode : {"full", "same", "valid"}
        All n + m - 1 sums; those in their middle, as many as the longer has elements; or those without elements beyond
        an end.

    Returns
    -------
    Tensor
        1-D, of the promoted dtype.

    Raises
    ------
    ValueError
        Where a sequence is empty or not 1-D, or for another mode.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.convolve([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
    tensor([0. , 1. , 2.5, 4. , 1.5])
    """
    option("convolve", "mode", mode, _MODES)
    a, v = _two_rows("convolve", a, v)
    a, v = (v, a) if v.size > a.size else (a, v)
    before, after = _sides(mode, a.size, v.size)
    return _products(a, flip(v), *((v.size - 1 - after, after) if mode == "same" else (before, after)))


def correlate(a: Any, v: Any, mode: str = "valid") -> Tensor:
    """Correlation of two sequences, `y[k] = sum(a[i + k] conj(v[i]))`.

    Parameters
    ----------
    a, v : array-like, shape (n,) and (m,)
        Not empty.
    mode : {"valid", "same", "full"}
        The sums without elements beyond an end; as many as the longer has elements; or all n + m - 1.

    Returns
    -------
    Tensor
        1-D, of the promoted dtype.

    Raises
    ------
    ValueError
        Where a sequence is empty or not 1-D, or for another mode.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
    tensor([3.5])
    """
    option("correlate", "mode", mode, _MODES)
    a, v = _two_rows("correlate", a, v)
    v = conj(v) if v.dtype.is_complex else v
    swapped = v.size > a.size
    a, v = (v, a) if swapped else (a, v)
    y = _products(a, v, *_sides(mode, a.size, v.size))
    return flip(y) if swapped else y
