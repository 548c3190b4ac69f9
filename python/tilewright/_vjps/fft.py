"""Gradients of Fourier transforms: the adjoint of one is the transform the other way, with the opposite norm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import complex as cx, manipulation as mp
from .._functions.creation import full
from .._functions.fft import OPPOSITE, _fft as fft, _irfft as irfft, _rfft as rfft, resized

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _fft(g: Tensor, x_shape: Any, x_dtype: Any, axes: Any, sizes: Any, inverse: bool, norm: str) -> Tensor:
    x = resized(fft(g, axes, sizes, not inverse, OPPOSITE[norm]), x_shape)
    return x if x_dtype.is_complex else cx.real(x)


def _times_twice(x: Tensor, n: int, axis: int, factor: float) -> Tensor:
    """A half of a transform, times a factor where an element also stands for its conjugate in the other half."""
    length = n // 2 + 1
    twice = (n + 1) // 2 - 1  # all but the first, and, where n is even, the last
    parts = [(1.0, 1), (factor, twice), (1.0, length - 1 - twice)]
    real = "float32" if x.dtype.name in ("complex64", "float32") else "float64"
    factors = mp.concatenate([full(count, value, dtype=real, device=x.device) for value, count in parts])
    return x * mp.reshape(factors, (length,) + (1,) * (x.ndim - 1 - axis))


def _rfft(g: Tensor, x_shape: Any, n: int, axis: int, norm: str) -> Tensor:
    return resized(irfft(_times_twice(g, n, axis, 0.5), n, axis, OPPOSITE[norm]), x_shape)


def _irfft(g: Tensor, x_shape: Any, x_dtype: Any, n: int, axis: int, norm: str) -> Tensor:
    x = resized(_times_twice(rfft(g, n, axis, OPPOSITE[norm]), n, axis, 2.0), x_shape)
    return x if x_dtype.is_complex else cx.real(x)


VJPS: dict[str, Any] = {"fft": _fft, "rfft": _rfft, "irfft": _irfft}

register_vjps(VJPS)
