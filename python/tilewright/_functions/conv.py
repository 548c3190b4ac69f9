"""Convolutions and their gradients: bilinear ops, each the gradient of the others. Public in `nn.functional`.

All take `stride` and `dilation` with a number for each spatial axis, and `padding` with two: elements before the first
and behind the last, zeros, or where it is negative, what is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

Sizes = tuple[int, ...]


@primitive
def conv(  # type: ignore[empty-body]
    x: Any, weight: Any, bias: Any, /, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Tensor:
    """`x` (images, channels, extents..), `weight` (filters, channels / groups, kernel..) -> (images, filters, ..).

    `bias` (filters,) may be None.
    """


@primitive
def conv_transpose(  # type: ignore[empty-body]
    x: Any, weight: Any, bias: Any, /, extents: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Tensor:
    """The gradient of `conv` with respect to an input of these extents, at the cotangent `x`, plus `bias`."""


@primitive
def conv_weight_gradient(  # type: ignore[empty-body]
    g: Any, x: Any, /, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Tensor:
    """The gradient of `conv` of `x` with respect to a weight of this kernel, at the cotangent `g`."""
