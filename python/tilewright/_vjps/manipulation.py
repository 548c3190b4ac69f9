"""Gradients of shape and layout."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._functions import complex as cx, manipulation as mp
from .common import inverse

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _concatenate(g: Tensor, arrays_shape: tuple[tuple[int, ...], ...], axis: int) -> tuple[Tensor, ...]:
    cuts = (0, *accumulate([shape[axis] for shape in arrays_shape]))
    return mp._split(g, cuts, axis % g.ndim)


def _stack(g: Tensor, arrays_shape: tuple[tuple[int, ...], ...], axis: int) -> list[Tensor]:
    before = (slice(None),) * (axis % g.ndim)
    return [g[(*before, i)] for i in range(len(arrays_shape))]


def _split(
    g: tuple[Tensor | None, ...], x_shape: tuple[int, ...], x_dtype: Any, x_device: str, cuts: Any, axis: int
) -> Tensor:
    zero = wrap(_core.full((), 0, x_dtype, x_device))  # repeated without memory where a piece was not used
    parts = [
        mp.broadcast_to(zero, (*x_shape[:axis], b - a, *x_shape[axis + 1 :])) if part is None else part
        for part, (a, b) in zip(g, pairwise(cuts), strict=True)
    ]
    return mp._concatenate(parts, axis)


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
    "split": _split,
}

# What differs where complex numbers are among the op's operands or its result.
COMPLEX_VJPS: dict[str, Any] = {
    "astype": _astype_complex,
}

register_vjps(VJPS, complex=COMPLEX_VJPS)
