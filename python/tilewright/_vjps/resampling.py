"""Gradients of resampling: the transposed matrix, which is the same op."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._engine.registry import register_vjps
from .._functions.resampling import resample

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _resample(
    g: Tensor, x_shape: tuple[int, ...], axis: int, kind: str, scale: float, corners: bool, adjoint: bool
) -> Tensor:
    return resample(g, axis, x_shape[axis], kind, scale, corners, not adjoint)


register_vjps({"resample": _resample})
