"""Elements moved between channels and the plane, and between channels: views, and one copy."""

from __future__ import annotations

from typing import Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.manipulation import permute_dims, reshape

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Any, upscale_factor: int) -> Tensor:
    """Larger images with fewer channels: r * r channels become a square of r by r elements.

    Parameters
    ----------
    input : array-like, shape (.., C * r * r, H, W)
        Images.
    upscale_factor : int
        The r above.

    Returns
    -------
    Tensor, shape (.., C, H * r, W * r)
        Element (c, h r + i, w r + j) is element (c r r + i r + j, h, w) of `input`.

    Raises
    ------
    ValueError
        For fewer than three axes, a factor that is not positive, and channels that are no multiple of its square.
    TypeError
        For a factor that is no integer.

    References
    ----------
    W. Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural
    Network, CVPR 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.pixel_shuffle(tw.reshape(tw.arange(4), (1, 4, 1, 1)), 2)
    tensor([[[[0, 1],
              [2, 3]]]])
    """
    x = _images("pixel_shuffle", input)
    r = arguments.integer("pixel_shuffle", "upscale_factor", upscale_factor, at_least=1)
    *batch, channels, height, width = x.shape
    if channels % (r * r):
        raise ValueError(
            f"pixel_shuffle: input {x.shape} has {channels} channels, not a multiple of upscale_factor {r} squared"
        )
    n = len(batch)
    apart = reshape(x, (*batch, channels // (r * r), r, r, height, width))
    moved = permute_dims(apart, (*range(n), n, n + 3, n + 1, n + 4, n + 2))
    return reshape(moved, (*batch, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Tensor:
    """Smaller images with more channels: the inverse of `pixel_shuffle`.

    Parameters
    ----------
    input : array-like, shape (.., C, H * r, W * r)
        Images.
    downscale_factor : int
        The r above.

    Returns
    -------
    Tensor, shape (.., C * r * r, H, W)
        Element (c r r + i r + j, h, w) is element (c, h r + i, w r + j) of `input`.

    Raises
    ------
    ValueError
        For fewer than three axes, a factor that is not positive, and a height or width that is no multiple of it.
    TypeError
        For a factor that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.pixel_unshuffle([[[[0, 1], [2, 3]]]], 2).shape
    (1, 4, 1, 1)
    """
    x = _images("pixel_unshuffle", input)
    r = arguments.integer("pixel_unshuffle", "downscale_factor", downscale_factor, at_least=1)
    *batch, channels, height, width = x.shape
    if height % r or width % r:
        raise ValueError(
            f"pixel_unshuffle: input {x.shape} has images of {height} by {width}, not multiples of downscale_factor {r}"
        )
    n = len(batch)
    apart = reshape(x, (*batch, channels, height // r, r, width // r, r))
    moved = permute_dims(apart, (*range(n), n, n + 2, n + 4, n + 1, n + 3))
    return reshape(moved, (*batch, channels * r * r, height // r, width // r))


def channel_shuffle(input: Any, groups: int) -> Tensor:
    """Channels of several groups in turn: the first of each group, then the second of each.

    Parameters
    ----------
    input : array-like, shape (N, C, ..)
        The channels of a group lie together.
    groups : int
        How many.

    Returns
    -------
    Tensor, shape (N, C, ..)
        Channel c of group k is now number `c * groups + k`.

    Raises
    ------
    ValueError
        For fewer than two axes, groups that are not positive, and channels that are no multiple of them.
    TypeError
        For groups that are no integer.

    References
    ----------
    X. Zhang, X. Zhou, M. Lin, J. Sun, ShuffleNet: An Extremely Efficient Convolutional Neural Network for Mobile
    Devices, CVPR 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.channel_shuffle([[0, 1, 2, 10, 11, 12]], 2)
    tensor([[ 0, 10,  1, 11,  2, 12]])
    """
    x = arguments.array("channel_shuffle", "input", input)
    if x.ndim < 2:
        raise ValueError(f"channel_shuffle: input has shape {x.shape}, but needs (N, C, ..)")
    groups = arguments.integer("channel_shuffle", "groups", groups, at_least=1)
    batch, channels, *rest = x.shape
    if channels % groups:
        raise ValueError(f"channel_shuffle: input {x.shape} has {channels} channels, not a multiple of groups {groups}")
    apart = reshape(x, (batch, groups, channels // groups, *rest))
    return reshape(permute_dims(apart, (0, 2, 1, *range(3, x.ndim + 1))), x.shape)


def _images(op: str, input: Any) -> Tensor:
    x = arguments.array(op, "input", input)
    if x.ndim < 3:
        raise ValueError(f"{op}: input has shape {x.shape}, but needs (.., C, H, W)")
    return x
