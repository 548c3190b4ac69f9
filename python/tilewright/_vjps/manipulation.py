"""Gradients of shape and layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.registry import register_vjps
from .._functions import complex as cx, manipulation as mp
from .common import inverse

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _concatenate(g: Tensor, shapes: list[tuple[int, ...]], axis: int) -> list[Tensor]:
    at, parts = 0, []
    before = (slice(None),) * (axis % g.ndim)
    for shape in shapes:
        parts.append(g[(*before, slice(at, at + shape[axis]))])
        at += shape[axis]
    return parts


def _stack(g: Tensor, shapes: list[tuple[int, ...]], axis: int) -> list[Tensor]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] for i in range(len(shapes))]


def _astype_complex(g: Tensor, x_dtype: Any) -> Tensor:
    return mp.astype(g if x_dtype.is_complex else cx.real(g), x_dtype)


VJPS: dict[str, Any] = {
    "reshape": lambda g, x_shape: mp.reshape(g, x_shape),
    "transpose": lambda g, axes: mp.permute_dims(g, inverse(axes)),
    "broadcast_to": lambda g: g,
    "expand_dims": lambda g, x_shape: mp.reshape(g, x_shape),
    "squeeze": lambda g, x_shape: mp.reshape(g, x_shape),
    "flip": lambda g, axes: mp.flip(g, axis=axes),
    "astype": lambda g, x_dtype: mp.astype(g, x_dtype),
    "to_device": lambda g, x_device: g.to(x_device),
    "concatenate": _concatenate,
    "stack": _stack,
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "astype": _astype_complex,
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
