"""Windows of images as columns, and back. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

Axes = tuple[int, ...]


@primitive
def unfold(x: Any, /, kernel: Axes, dilation: Axes, stride: Axes) -> Tensor:  # type: ignore[empty-body]
    """Of (N, C, spatial ..) all windows, as columns: (N, C * elements of a window, windows)."""


@primitive
def fold(x: Any, /, size: Axes, kernel: Axes, dilation: Axes, stride: Axes) -> Tensor:  # type: ignore[empty-body]
    """The adjoint of `unfold`: columns added up to images of `size`."""
