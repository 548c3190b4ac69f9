"""Fourier transforms, of one axis or several: the whole extension of the array API standard, and NumPy's functions.

The transforms are NumPy's; the gradients are this library's. float32 and complex64 are computed in single precision,
float64 and complex128 in double; integers become float32. Real numbers are taken for complex ones where a function is
for those.
"""

from __future__ import annotations

import math

from . import _core
from ._engine import arguments
from ._engine.dtypes import as_floating
from ._engine.tensor import Tensor, asarray
from ._functions.complex import conj
from ._functions.creation import arange
from ._functions.fft import OPPOSITE, _fft, _irfft, _rfft, rolled
from ._functions.manipulation import _axes, _axis, astype, concatenate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = [
    "fft",
    "fft2",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifft2",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfft2",
    "irfftn",
    "rfft",
    "rfft2",
    "rfftfreq",
    "rfftn",
]

_LARGEST = 1 << 40  # elements along an axis


def _operand(op: str, x: Any, *, real: bool = False) -> Tensor:
    x = arguments.array(op, "x", x)
    if not x.dtype.is_inexact:
        x = asarray(x, _core.default_float(x))
    if x.dtype.is_floating and x.itemsize < 4:
        raise TypeError(f"{op}: dtype {x.dtype.name} is not supported; use x.astype('float32')")
    if real and x.dtype.is_complex:
        raise TypeError(f"{op}: x has dtype {x.dtype.name}, but must be real; fft takes complex numbers")
    return x


def _norm(op: str, norm: Any) -> str:
    return "backward" if norm is None else arguments.option(op, "norm", norm, OPPOSITE)


def _size(op: str, name: str, n: Any, axis: int, default: int) -> int:
    if n is not None:
        return arguments.integer(op, name, n, at_least=1, at_most=_LARGEST)
    if default < 1:
        raise ValueError(f"{op}: axis {axis} of x has too few elements for {name} to be at least 1; give {name}")
    return default


def _line(op: str, x: Any, n: Any, axis: Any, norm: Any, *, real: bool = False, half: bool = False) -> tuple[Any, ...]:
    """The arguments of a transform of one axis: x, n, axis, norm. Of a `half`, n counts what the whole has."""
    x = _operand(op, x, real=real)
    axis = _axis(op, axis, x.ndim)
    length = x.shape[axis]
    return x, _size(op, "n", n, axis, 2 * (length - 1) if half else length), axis, _norm(op, norm)


def _grid(
    op: str, x: Any, s: Any, axes: Any, norm: Any, *, real: bool = False, half: bool = False
) -> tuple[Tensor, tuple[int, ...], tuple[int, ...], str]:
    """The arguments of a transform of several axes: x, sizes, axes, norm."""
    x = _operand(op, x, real=real)
    given = None if s is None else arguments.integers(op, "s", s)
    if axes is None:
        first = 0 if given is None else x.ndim - len(given)
        if first < 0:
            raise ValueError(f"{op}: s has {len(given or ())} entries, but x {x.shape} has {x.ndim} axes")
        axes = range(first, x.ndim)
    axes = tuple(_axes(op, axes, x.ndim, "axes"))
    if given is not None and len(given) != len(axes):
        raise ValueError(f"{op}: s has {len(given)} entries, but axes {axes} are {len(axes)}")
    if (real or half) and not axes:
        raise ValueError(f"{op}: x {x.shape} is transformed along no axis, but needs at least one")
    sizes = []
    for i, axis in enumerate(axes):
        length = x.shape[axis]
        default = 2 * (length - 1) if half and i == len(axes) - 1 else length
        sizes.append(_size(op, f"s[{i}]", None if given is None or given[i] == -1 else given[i], axis, default))
    return x, tuple(sizes), axes, _norm(op, norm)


def _complex(op: str, x: Any, s: Any, axes: Any, norm: Any, inverse: bool) -> Tensor:
    x, sizes, axes, norm = _grid(op, x, s, axes, norm)
    if not axes:
        return astype(x, "complex128" if x.dtype.name in ("float64", "complex128") else "complex64")
    return _fft(x, axes, sizes, inverse, norm)


def _real(op: str, x: Any, s: Any, axes: Any, norm: Any) -> Tensor:
    x, sizes, axes, norm = _grid(op, x, s, axes, norm, real=True)
    y = _rfft(x, sizes[-1], axes[-1], norm)
    return _fft(y, axes[:-1], sizes[:-1], False, norm) if len(axes) > 1 else y


def _to_real(op: str, x: Any, s: Any, axes: Any, norm: Any) -> Tensor:
    x, sizes, axes, norm = _grid(op, x, s, axes, norm, half=True)
    if len(axes) > 1:
        x = _fft(x, axes[:-1], sizes[:-1], True, norm)
    return _irfft(x, sizes[-1], axes[-1], norm)


def _shifts(op: str, x: Tensor, axes: Any, sign: int) -> tuple[int, ...]:
    """By how much to move each axis on so that its first element comes to the middle, or back."""
    listed = range(x.ndim) if axes is None else arguments.integers(op, "axes", axes)
    shifts = [0] * x.ndim
    for axis in listed:
        axis = _axis(op, axis, x.ndim, "an entry of axes")
        if x.shape[axis]:
            shifts[axis] = (shifts[axis] + sign * (x.shape[axis] // 2)) % x.shape[axis]
    return tuple(shifts)


def _frequencies(op: str, n: Any, d: Any, dtype: Any) -> tuple[int, float, Any]:
    n, d = arguments.integer(op, "n", n, at_least=1, at_most=_LARGEST), arguments.number(op, "d", d)
    if not n * d or math.isnan(d):
        raise ValueError(f"{op}: d is {d}, but must be the distance of two samples")
    return n, d, _core.default_float() if dtype is None else as_floating(op, dtype)


def fft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Discrete Fourier transform along an axis.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    n : int, optional
        So many elements are taken: the first, or zeros behind them. By default all.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with n elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `y[k] = sum_j x[j] exp(-2 pi i j k / n)`, times 1, 1 / sqrt(n) or 1 / n.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.fft([1.0, 0.0, 0.0, 0.0])
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    x, n, axis, norm = _line("fft", x, n, axis, norm)
    return _fft(x, (axis,), (n,), False, norm)


def ifft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Inverse of `fft`.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    n : int, optional
        So many elements are taken: the first, or zeros behind them. By default all.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with n elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `y[j] = sum_k x[k] exp(2 pi i j k / n)`, times 1 / n, 1 / sqrt(n) or 1.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.ifft([4.0, 0.0, 0.0, 0.0])
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    x, n, axis, norm = _line("ifft", x, n, axis, norm)
    return _fft(x, (axis,), (n,), True, norm)


def fftn(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = "backward"
) -> Tensor:
    """Discrete Fourier transform along several axes.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int, optional
        Which axes; by default all, or as many of the last as `s` has entries.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The transform of one axis after the other.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.fftn(tw.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _complex("fftn", x, s, axes, norm, False)


def ifftn(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = "backward"
) -> Tensor:
    """Inverse of `fftn`.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int, optional
        Which axes; by default all, or as many of the last as `s` has entries.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    The transform of one axis after the other.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.ifftn(tw.ones((2, 2)))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _complex("ifftn", x, s, axes, norm, True)


def fft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """Discrete Fourier transform along two axes.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int
        Which axes, by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `fftn` with other default axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.fft2(tw.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _complex("fft2", x, s, axes, norm, False)


def ifft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """Inverse of `fft2`.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int
        Which axes, by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `ifftn` with other default axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.ifft2(tw.ones((2, 2)))
    tensor([[1.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _complex("ifft2", x, s, axes, norm, True)


def rfft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Discrete Fourier transform of real numbers along an axis: the half that is not redundant.

    Parameters
    ----------
    x : array-like
        float32 or float64; integers become float32.
    n : int, optional
        So many elements are taken: the first, or zeros behind them. By default all.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with n // 2 + 1 elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16 and complex numbers.

    Notes
    -----
    The first n // 2 + 1 elements of `fft`; the others are their conjugates.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.rfft([1.0, 0.0, 0.0, 0.0])
    tensor([1.+0.j, 1.+0.j, 1.+0.j], dtype=complex64)
    """
    return _rfft(*_line("rfft", x, n, axis, norm, real=True))


def irfft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Inverse of `rfft`: real numbers from half of their transform.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    n : int, optional
        Elements of the result along the axis, by default `2 * (m - 1)` for m of x: to get an odd number, give it.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        float32 or float64, with n elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    n // 2 + 1 elements of x are taken, or zeros behind them. The imaginary part of the first, and for an even n of the
    last, is ignored.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.irfft([1.0, 1.0, 1.0])
    tensor([1., 0., 0., 0.])
    """
    return _irfft(*_line("irfft", x, n, axis, norm, half=True))


def rfftn(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = "backward"
) -> Tensor:
    """Discrete Fourier transform of real numbers along several axes.

    Parameters
    ----------
    x : array-like
        float32 or float64; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int, optional
        Which axes; by default all, or as many of the last as `s` has entries.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes, of which the last has `s[-1] // 2 + 1`.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16 and complex numbers.

    Notes
    -----
    `rfft` along the last of the axes, then `fft` along the others.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.rfftn(tw.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _real("rfftn", x, s, axes, norm)


def irfftn(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str | None = "backward"
) -> Tensor:
    """Inverse of `rfftn`.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        Elements of the result along each axis; -1 for the default, as many as x has, of the last axis `2 * (m - 1)`.
    axes : sequence of int, optional
        Which axes; by default all, or as many of the last as `s` has entries.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        float32 or float64, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `ifft` along all but the last of the axes, then `irfft` along that.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.irfftn([[4.0, 0.0], [0.0, 0.0]])
    tensor([[1., 1.],
            [1., 1.]])
    """
    return _to_real("irfftn", x, s, axes, norm)


def rfft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """Discrete Fourier transform of real numbers along two axes.

    Parameters
    ----------
    x : array-like
        float32 or float64; integers become float32.
    s : sequence of int, optional
        So many elements of each axis are taken: the first, or zeros behind them; -1 for all, which is the default.
    axes : sequence of int
        Which axes, by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with the sizes of `s` along the axes, of which the last has `s[-1] // 2 + 1`.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16 and complex numbers.

    Notes
    -----
    `rfftn` with other default axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.rfft2(tw.ones((2, 2)))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]], dtype=complex64)
    """
    return _real("rfft2", x, s, axes, norm)


def irfft2(
    x: Any, /, s: Sequence[int] | None = None, axes: Sequence[int] = (-2, -1), norm: str | None = "backward"
) -> Tensor:
    """Inverse of `rfft2`.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    s : sequence of int, optional
        Elements of the result along each axis; -1 for the default, as many as x has, of the last axis `2 * (m - 1)`.
    axes : sequence of int
        Which axes, by default the last two.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        float32 or float64, with the sizes of `s` along the axes.

    Raises
    ------
    ValueError
        For a size below 1, sizes that are not as many as the axes, axes that are named twice, an axis without elements
        whose size is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `irfftn` with other default axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.irfft2([[4.0, 0.0], [0.0, 0.0]])
    tensor([[1., 1.],
            [1., 1.]])
    """
    return _to_real("irfft2", x, s, axes, norm)


def hfft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Discrete Fourier transform of a signal that is its own mirror image's conjugate, so of real spectrum.

    Parameters
    ----------
    x : array-like
        float32, float64, complex64 or complex128; integers become float32.
    n : int, optional
        Elements of the result along the axis, by default `2 * (m - 1)` for m of x: to get an odd number, give it.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        float32 or float64, with n elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16.

    Notes
    -----
    `irfft` of the conjugate, with the opposite `norm`. x is the half of the signal that is not redundant.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.hfft([1.0, 1.0, 1.0])
    tensor([4., 0., 0., 0.])
    """
    x, n, axis, norm = _line("hfft", x, n, axis, norm, half=True)
    return _irfft(conj(x), n, axis, OPPOSITE[norm])


def ihfft(x: Any, /, n: int | None = None, axis: int = -1, norm: str | None = "backward") -> Tensor:
    """Inverse of `hfft`: half of the signal from its real spectrum.

    Parameters
    ----------
    x : array-like
        float32 or float64; integers become float32.
    n : int, optional
        So many elements are taken: the first, or zeros behind them. By default all.
    axis : int
        Along which axis.
    norm : {"backward", "ortho", "forward"}, optional
        What is divided by the number of elements that are transformed: the inverse (by default), both by its root, or
        the transform.

    Returns
    -------
    Tensor
        complex64 or complex128, with n // 2 + 1 elements along the axis.

    Raises
    ------
    ValueError
        For an `n` below 1, an axis without elements where `n` is not given, or another `norm`.
    AxisError
        For an axis that x does not have.
    TypeError
        For float16 and bfloat16 and complex numbers.

    Notes
    -----
    The conjugate of `rfft`, with the opposite `norm`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.ihfft([4.0, 0.0, 0.0, 0.0])
    tensor([1.-0.j, 1.-0.j, 1.-0.j], dtype=complex64)
    """
    x, n, axis, norm = _line("ihfft", x, n, axis, norm, real=True)
    return conj(_rfft(x, n, axis, OPPOSITE[norm]))


def fftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: str = "cpu") -> Tensor:
    """Frequencies of the elements of `fft`, in cycles per unit of the distance of two samples.

    Parameters
    ----------
    n : int
        Elements that are transformed.
    d : float
        Distance of two samples.
    dtype : dtype-like, optional
        Floating, by default float32.
    device : str
        Where the result lies.

    Returns
    -------
    Tensor, shape (n,)

    Raises
    ------
    ValueError
        For an `n` below 1, or a `d` of 0 or NaN.
    TypeError
        For a dtype that is not floating.

    Notes
    -----
    `[0, 1, .., (n - 1) // 2, -(n // 2), .., -1] / (n d)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.fftfreq(4, 0.25)
    tensor([ 0.,  1., -2., -1.])
    """
    n, d, dtype = _frequencies("fftfreq", n, d, dtype)
    positive, negative = [arange(*ends, dtype="float64", device=device) for ends in ((0, (n + 1) // 2), (-(n // 2), 0))]
    return astype(concatenate([positive, negative]) * (1 / (n * d)), dtype)


def rfftfreq(n: int, /, d: float = 1.0, *, dtype: Any = None, device: str = "cpu") -> Tensor:
    """Frequencies of the elements of `rfft`, in cycles per unit of the distance of two samples.

    Parameters
    ----------
    n : int
        Elements that are transformed.
    d : float
        Distance of two samples.
    dtype : dtype-like, optional
        Floating, by default float32.
    device : str
        Where the result lies.

    Returns
    -------
    Tensor, shape (n // 2 + 1,)

    Raises
    ------
    ValueError
        For an `n` below 1, or a `d` of 0 or NaN.
    TypeError
        For a dtype that is not floating.

    Notes
    -----
    `[0, 1, .., n // 2] / (n d)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.rfftfreq(4, 0.25)
    tensor([0., 1., 2.])
    """
    n, d, dtype = _frequencies("rfftfreq", n, d, dtype)
    return astype(arange(0, n // 2 + 1, dtype="float64", device=device) * (1 / (n * d)), dtype)


def fftshift(x: Any, /, axes: int | Sequence[int] | None = None) -> Tensor:
    """Bring the element of frequency 0 to the middle of each axis.

    Parameters
    ----------
    x : array-like
        Any dtype and shape.
    axes : int or sequence of int, optional
        Along which axes, by default all.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    AxisError
        For an axis that x does not have.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.fftshift([0, 1, 2, -2, -1])
    tensor([-2, -1,  0,  1,  2])
    """
    x = arguments.array("fftshift", "x", x)
    return rolled(x, _shifts("fftshift", x, axes, 1))


def ifftshift(x: Any, /, axes: int | Sequence[int] | None = None) -> Tensor:
    """Undo `fftshift`.

    Parameters
    ----------
    x : array-like
        Any dtype and shape.
    axes : int or sequence of int, optional
        Along which axes, by default all.

    Returns
    -------
    Tensor
        Shape and dtype of `x`.

    Raises
    ------
    AxisError
        For an axis that x does not have.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.fft.ifftshift([-2, -1, 0, 1, 2])
    tensor([ 0,  1,  2, -2, -1])
    """
    x = arguments.array("ifftshift", "x", x)
    return rolled(x, _shifts("ifftshift", x, axes, -1))
