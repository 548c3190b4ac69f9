"""Gradients of convolutions, which are convolutions; those of the weight add up in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import DeferredCotangent
from .._functions import reductions as red
from .._functions.conv import Sizes, conv, conv_transpose, conv_weight_gradient

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


class WeightGradient(DeferredCotangent):
    """A cotangent that is `conv_weight_gradient(g, x, *window)`."""

    __slots__ = ("like", "window", "x")

    def __init__(self, g: Tensor, x: Tensor, *window: Any) -> None:
        self.like = g
        self.x = x
        self.window = window

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return self.like.nbytes + self.x.nbytes

    def value(self) -> Tensor:
        return conv_weight_gradient(self.like, self.x, *self.window)

    def add_to(self, total: Tensor) -> None:
        _core.conv_weight_gradient_add_(total._array, self.like._array, self.x._array, *self.window[1:])

    def detached(self) -> WeightGradient:
        return WeightGradient(self.like.detach(), self.x.detach(), *self.window)


def _bias(g: Tensor) -> Tensor:
    return red.sum(g, axis=(0, *range(2, g.ndim)))


def _of_pixels(g: Tensor, weight: Tensor, shape: Sizes, *window: Any) -> Tensor:
    """`conv(g, weight)` as the gradient of something of that shape, which may have no pixels: `conv` refuses that."""
    if 0 in shape[2:]:
        return wrap(_core.full(shape, 0, g.dtype, g.device))
    return conv(g, weight, None, *window)


VJPS: dict[str, Any] = {
    "conv": (
        lambda g, x_shape, weight, stride, padding, dilation, groups: conv_transpose(
            g, weight, None, x_shape[2:], stride, padding, dilation, groups
        ),
        lambda g, x, weight_shape, stride, padding, dilation, groups: WeightGradient(
            g, x, weight_shape[2:], stride, padding, dilation, groups
        ),
        _bias,
    ),
    "conv_transpose": (
        lambda g, x_shape, weight, stride, padding, dilation, groups: _of_pixels(
            g, weight, x_shape, stride, padding, dilation, groups
        ),
        lambda g, x, weight_shape, stride, padding, dilation, groups: WeightGradient(
            x, g, weight_shape[2:], stride, padding, dilation, groups
        ),
        _bias,
    ),
    "conv_weight_gradient": (
        lambda c, g_shape, x, stride, padding, dilation, groups: _of_pixels(
            x, c, g_shape, stride, padding, dilation, groups
        ),
        lambda c, g, x_shape, stride, padding, dilation, groups: conv_transpose(
            g, c, None, x_shape[2:], stride, padding, dilation, groups
        ),
    ),
}

register_vjps(VJPS)
