"""Gradients of pooling: linear ops, each of which is the transpose of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._functions import pooling as pl

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

    Sizes = tuple[int, ...]


def _max_pool(
    g: Tensor,
    places: Any,
    x_shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    spatial = x_shape[-len(kernel) :]
    return pl._max_pool_scatter(g, wrap(places), spatial, kernel, stride, padding, dilation, ceil_mode)


def _scatter(
    g: Tensor,
    places: Tensor,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    return pl._max_pool_scatter(g, places, spatial, kernel, stride, padding, dilation, ceil_mode)


def _gather(
    g: Tensor,
    places: Tensor,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    return pl._max_pool_gather(g, places, spatial, kernel, stride, padding, dilation, ceil_mode)


def _to_positions(g: Tensor, positions: Tensor, x_shape: Sizes, sizes: Sizes) -> Tensor:
    return pl._max_pool_scatter(g, positions, x_shape[-len(sizes) :], (), (), (), (), False)


def _avg_pool(
    g: Tensor,
    x_shape: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int,
) -> Tensor:
    spatial = x_shape[-len(kernel) :]
    return pl._avg_pool_backward(g, spatial, kernel, stride, padding, ceil_mode, count_include_pad, divisor)


VJPS: dict[str, Any] = {
    "max_pool": _max_pool,
    "max_pool_with_indices": lambda g, indices, x_shape, kernel: _to_positions(g[0], indices.detach(), x_shape, kernel),
    "adaptive_max_pool": (lambda g, places, x_shape, output_size: _to_positions(g, wrap(places), x_shape, output_size)),
    "adaptive_max_pool_with_indices": (
        lambda g, indices, x_shape, output_size: _to_positions(g[0], indices.detach(), x_shape, output_size)
    ),
    "max_pool_scatter": (_gather, None),
    "max_pool_gather": (_scatter, None),
    "avg_pool": _avg_pool,
    "avg_pool_backward": (
        lambda g, kernel, stride, padding, ceil_mode, count_include_pad, divisor: pl.avg_pool(
            g, kernel, stride, padding, ceil_mode, count_include_pad, divisor
        )
    ),
    "adaptive_avg_pool": (
        lambda g, x_shape, output_size: pl._adaptive_avg_pool_backward(g, x_shape[-len(output_size) :])
    ),
    "adaptive_avg_pool_backward": (lambda g, x_shape, spatial: pl.adaptive_avg_pool(g, x_shape[-len(spatial) :])),
}

register_vjps(VJPS)
