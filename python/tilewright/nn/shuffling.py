"""Layers that move elements between channels and the plane, and between channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from . import functional
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["ChannelShuffle", "PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Larger images with fewer channels: r * r channels become a square of r by r elements.

    Parameters
    ----------
    upscale_factor : int
        The r above: see `nn.functional.pixel_shuffle`.

    Raises
    ------
    ValueError
        For a factor that is not positive; when called, for channels that are no multiple of its square.
    TypeError
        For a factor that is no integer.

    References
    ----------
    W. Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network, CVPR 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.PixelShuffle(2)(tw.zeros((1, 12, 4, 4))).shape
    (1, 3, 8, 8)
    """

    def __init__(self, upscale_factor: int) -> None:
        self.upscale_factor = arguments.integer("PixelShuffle", "upscale_factor", upscale_factor, at_least=1)

    def forward(self, input: Any) -> Tensor:
        return functional.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Smaller images with more channels: the inverse of `PixelShuffle`.

    Parameters
    ----------
    downscale_factor : int
        How many elements of a row, and rows, become channels: see `nn.functional.pixel_unshuffle`.

    Raises
    ------
    ValueError
        For a factor that is not positive; when called, for a height or width that is no multiple of it.
    TypeError
        For a factor that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.PixelUnshuffle(2)(tw.zeros((1, 3, 8, 8))).shape
    (1, 12, 4, 4)
    """

    def __init__(self, downscale_factor: int) -> None:
        self.downscale_factor = arguments.integer("PixelUnshuffle", "downscale_factor", downscale_factor, at_least=1)

    def forward(self, input: Any) -> Tensor:
        return functional.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels of several groups in turn: the first of each group, then the second of each.

    Parameters
    ----------
    groups : int
        How many: see `nn.functional.channel_shuffle`.

    Raises
    ------
    ValueError
        For groups that are not positive; when called, for channels that are no multiple of them.
    TypeError
        For groups that are no integer.

    References
    ----------
    X. Zhang, X. Zhou, M. Lin, J. Sun, ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
    Devices, CVPR 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ChannelShuffle(2)(tw.asarray([[0, 1, 10, 11]]))
    tensor([[ 0, 10,  1, 11]])
    """

    def __init__(self, groups: int) -> None:
        self.groups = arguments.integer("ChannelShuffle", "groups", groups, at_least=1)

    def forward(self, input: Any) -> Tensor:
        return functional.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
