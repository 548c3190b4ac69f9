"""Windows cut out of images, and rectangles painted over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from ..._functions.arithmetic import sqrt
from ..._functions.creation import arange
from ..._functions.exponential import exp
from ..._functions.extrema import clip
from ..._functions.indexing import where
from ..._functions.manipulation import astype
from ..._functions.padding import pad
from ..._functions.rounding import floor, round
from ._base import Transform, drawn, is_one, of_channels, of_each, pair
from ._sampling import pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["RandomCrop", "RandomErasing"]

_PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


class RandomCrop(Transform):
    """Cuts a window out of each image, at a random place.

    Parameters
    ----------
    size : int or pair of int
        Height and width of the window; one number for both.
    padding : int, or sequence of 2 or 4 ints, optional
        Pixels that are added first: on all sides; left and right, above and below; or left, above, right, below.
    fill : float
        Value of these pixels in mode "constant".
    padding_mode : {"constant", "edge", "reflect", "symmetric"}
        What these pixels are, as for `tilewright.pad`.
    generator : Generator, optional
        Where the places are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For a size that is not positive, a negative padding, an unknown mode, or a `fill` for another mode than
        "constant"; when called, for a batch of another shape, or images that are smaller than the window.
    TypeError
        For sizes and paddings that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> crop = tw.data.transforms.RandomCrop(8, padding=2)
    >>> crop(tw.ones((16, 3, 8, 8))).shape
    (16, 3, 8, 8)
    """

    _floating = False

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int | Sequence[int] | None = None,
        *,
        fill: float = 0.0,
        padding_mode: str = "constant",
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        sizes = (size, size) if is_one(size) else arguments.entries("RandomCrop", "size", size, "a pair of integers")
        if len(sizes) != 2:
            raise ValueError(f"RandomCrop: size has {len(sizes)} entries, but must be an integer or (height, width)")
        self.size = tuple([arguments.integer("RandomCrop", "size", length, at_least=1) for length in sizes])
        self.padding = _four(0 if padding is None else padding)
        self.fill = arguments.number("RandomCrop", "fill", fill)
        self.padding_mode = arguments.option("RandomCrop", "padding_mode", padding_mode, _PADDING_MODES)
        if self.fill and self.padding_mode != "constant":
            raise ValueError(f'RandomCrop: fill is {self.fill}, but padding_mode is "{self.padding_mode}"')

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        left, above, right, below = self.padding
        if any(self.padding):
            options = {"constant_values": self.fill} if self.padding_mode == "constant" else {}
            images = pad(images, ((0, 0), (0, 0), (above, below), (left, right)), self.padding_mode, **options)
        room = [full - part for full, part in zip(images.shape[2:], self.size, strict=True)]
        if min(room) < 0:
            got = f"images of {images.shape[2:]}, padding included"
            raise ValueError(f"RandomCrop: batch has {got}, but needs at least {self.size}; give more padding")
        first = [generator.integers(0, most + 1, len(images), device=images.device) for most in room]
        down, across = (arange(length, device=images.device) for length in self.size)
        return pick(images, first[0][:, None, None] + down[:, None], first[1][:, None, None] + across)


def _four(padding: Any) -> tuple[int, ...]:
    """Left, above, right, below."""
    given = [padding] if is_one(padding) else arguments.entries("RandomCrop", "padding", padding, "integers")
    widths = [arguments.integer("RandomCrop", "padding", width, at_least=0, at_most=2**31) for width in given]
    if len(widths) not in (1, 2, 4):
        raise ValueError(f"RandomCrop: padding has {len(widths)} entries, but must have 1, 2 or 4")
    return tuple((widths * 4)[:4])


class RandomErasing(Transform):
    """Paints a rectangle over some of the images [1]_; as a square of a fixed size in all of them, Cutout [2]_.

    Parameters
    ----------
    p : float
        Probability that something of an image is erased.
    scale : pair of float
        Range of the rectangle's area, as a part of the image's, in [0, 1].
    ratio : pair of float
        Range of its height through its width, positive. The logarithm is uniform.
    value : float, sequence of float, or "random"
        What is painted: a number, one for each channel, or numbers of the standard normal distribution.
    generator : Generator, optional
        Where all this is drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For numbers out of range; when called, for a batch of another shape, or of other channels than `value` has.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    Notes
    -----
    A rectangle is never outside an image, in part or whole: one that is too long has the image's length instead.

    References
    ----------
    .. [1] Z. Zhong, L. Zheng, G. Kang, S. Li, Y. Yang, Random Erasing Data Augmentation, AAAI 2020.
    .. [2] T. DeVries, G. Taylor, Improved Regularization of Convolutional Neural Networks with Cutout, 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> cutout = tw.data.transforms.RandomErasing(p=1.0, scale=(0.25, 0.25), ratio=(1.0, 1.0))
    >>> cutout(tw.ones((1, 1, 8, 8))).sum()
    tensor(48.)
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: float | Sequence[float] | str = 0.0,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.p = arguments.probability("RandomErasing", "p", p)
        self.scale = pair("RandomErasing", "scale", scale)
        if not 0 <= self.scale[0] <= self.scale[1] <= 1:
            raise ValueError(f"RandomErasing: scale is {self.scale}, but must lie in [0, 1], the lower number first")
        self.ratio = pair("RandomErasing", "ratio", ratio)
        if not 0 < self.ratio[0] <= self.ratio[1] < math.inf:
            raise ValueError(f"RandomErasing: ratio is {self.ratio}, but must be positive, the lower number first")
        if isinstance(value, str):
            self.value: Any = arguments.option("RandomErasing", "value", value, ("random",))
        else:
            given = [value] if is_one(value) else arguments.entries("RandomErasing", "value", value, "numbers")
            self.value = tuple([arguments.number("RandomErasing", "value", entry) for entry in given])

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        height, width = images.shape[2:]
        chosen = generator.bernoulli(self.p, len(images), device=images.device)
        area = drawn(generator, self.scale, images) * (height * width)
        ratio = exp(drawn(generator, (math.log(self.ratio[0]), math.log(self.ratio[1])), images))
        inside = [of_each(chosen)]
        for axis, length, wanted in ((2, height, sqrt(area * ratio)), (3, width, sqrt(area / ratio))):
            extent = clip(round(wanted), 0, length)
            first = floor(drawn(generator, (0.0, 1.0), images) * (length - extent + 1))
            places = arange(length, device=images.device).reshape((length, 1)[: 4 - axis])
            inside.append((places >= of_each(first)) & (places < of_each(first + extent)))
        return where(inside[0] & inside[1] & inside[2], self._painted(images, generator), images)

    def _painted(self, images: Tensor, generator: Generator) -> Any:
        if self.value == "random":
            return astype(generator.standard_normal(images.shape, device=images.device), images.dtype)
        return asarray(of_channels("RandomErasing", "value", self.value, images), images.dtype, device=images.device)
