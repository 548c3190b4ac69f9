"""Pixels of every image at places of its own: whole ones, and between pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._functions.extrema import clip
from ..._functions.indexing import take_along_axis
from ..._functions.manipulation import astype
from ..._functions.padding import pad
from ..._functions.rounding import ceil, floor

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["bilinear", "pick"]


def pick(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """The pixels of images (N, C, H, W) at whole places that broadcast to (N, h, w): (N, C, h, w)."""
    count, channels, height, width = images.shape
    places = rows * width + columns
    flat = images.reshape((count, channels, height * width))
    size = places.shape[1:]
    picked = take_along_axis(flat, places.reshape((count, 1, size[0] * size[1])), axis=2)
    return picked.reshape((count, channels, *size))


def bilinear(images: Tensor, rows: Tensor, columns: Tensor, fill: float) -> Tensor:
    """Images (N, C, H, W) between their pixels, at places (N, h, w): the mean of four, the nearer the heavier.

    Outside of an image is a frame of `fill`, one pixel wide, that goes on for ever. A place right on a pixel takes that
    pixel four times, so it has the same bits.
    """
    height, width = images.shape[2:]
    framed = pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=fill)
    rows, columns = clip(rows + 1, 0, height + 1), clip(columns + 1, 0, width + 1)
    above, below = (astype(end(rows), "int64") for end in (floor, ceil))
    left, right = (astype(end(columns), "int64") for end in (floor, ceil))
    down, across = (rows - floor(rows))[:, None], (columns - floor(columns))[:, None]
    upper = pick(framed, above, left) * (1 - across) + pick(framed, above, right) * across
    lower = pick(framed, below, left) * (1 - across) + pick(framed, below, right) * across
    return astype(upper * (1 - down) + lower * down, images.dtype)
