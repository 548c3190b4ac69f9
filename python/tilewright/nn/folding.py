"""Layers that take images apart into windows, and put them together again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from . import functional
from .functional.folding import options
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["Fold", "Unfold"]

Pair = int | tuple[int, int]


class Unfold(Module):
    """All windows of images, each as a column (im2col): see `nn.functional.unfold`.

    Parameters
    ----------
    kernel_size : int or pair of int
        Height and width of a window.
    dilation : int or pair of int
        From one of its elements to the next.
    padding : int or pair of int
        Zeros at each end of the height and of the width.
    stride : int or pair of int
        From one window to the next.

    Raises
    ------
    ValueError
        For sizes that are not positive, or a padding that is negative; when called, as `nn.functional.unfold`.
    TypeError
        For sizes that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Unfold(3, padding=1)(tw.zeros((2, 8, 5, 5))).shape
    (2, 72, 25)
    """

    def __init__(self, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = options(
            "Unfold", kernel_size, dilation, padding, stride
        )

    def forward(self, input: Any) -> Tensor:
        return functional.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up to images, each as a window (col2im): see `nn.functional.fold`.

    Parameters
    ----------
    output_size : int or pair of int
        Height and width of the images.
    kernel_size : int or pair of int
        Height and width of a window.
    dilation : int or pair of int
        From one of its elements to the next.
    padding : int or pair of int
        What is left out at each end of the height and of the width.
    stride : int or pair of int
        From one window to the next.

    Raises
    ------
    ValueError
        For sizes that are not positive, or a padding that is negative; when called, as `nn.functional.fold`.
    TypeError
        For sizes that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Fold((5, 5), 3, padding=1)(tw.zeros((2, 72, 25))).shape
    (2, 8, 5, 5)
    """

    def __init__(
        self, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
    ) -> None:
        self.output_size = arguments.per_axis("Fold", "output_size", output_size, 2, at_least=0)
        self.kernel_size, self.dilation, self.padding, self.stride = options(
            "Fold", kernel_size, dilation, padding, stride
        )

    def forward(self, input: Any) -> Tensor:
        return functional.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
