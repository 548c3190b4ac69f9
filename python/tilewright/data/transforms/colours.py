"""Values of pixels changed, wherever they are: scaled, brightened, covered with noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import asarray
from ..._functions.extrema import clip
from ..._functions.manipulation import astype
from ..._functions.statistics import mean
from ._base import Transform, drawn, interval, is_one, of_channels, of_each

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["ColorJitter", "GaussianNoise", "Normalize"]

_LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, by ITU-R BT.601


class Normalize(Transform):
    """Subtracts a mean from each channel and divides by a standard deviation, `(x - mean) / std`.

    Parameters
    ----------
    mean : float or sequence of float
        One for all channels, or one for each.
    std : float or sequence of float
        Likewise, not 0.

    Raises
    ------
    ValueError
        For a `std` of 0; when called, for a batch of another shape, or of another number of channels.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.transforms.Normalize([1.0, 2.0], 0.5)(tw.ones((1, 2, 1, 1)))
    tensor([[[[ 0.]],
    <BLANKLINE>
             [[-2.]]]])
    """

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        super().__init__(None)
        self.mean, self.std = _for_channels("mean", mean), _for_channels("std", std)
        if 0 in self.std:
            raise ValueError(f"Normalize: std is {self.std}, but must not be 0")

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        subtracted = images - of_channels("Normalize", "mean", self.mean, images)
        return subtracted / of_channels("Normalize", "std", self.std, images)


def _for_channels(name: str, value: Any) -> tuple[float, ...]:
    given = [value] if is_one(value) else arguments.entries("Normalize", name, value, "a number for each channel")
    return tuple([arguments.number("Normalize", name, entry) for entry in given])


class ColorJitter(Transform):
    """Changes brightness and contrast of each image at random.

    Parameters
    ----------
    brightness : float or pair of float
        Range of what pixels are multiplied by; one number is `(max(0, 1 - brightness), 1 + brightness)`.
    contrast : float or pair of float
        Range of what the distance from the image's mean grey is multiplied by, read likewise.
    clip : bool
        Whether results are held within [0, 1], where pixels of pictures are.
    generator : Generator, optional
        Where the factors are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For factors that are negative, not finite or upside down; when called, for a batch of another shape.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    Notes
    -----
    ``y = b x`` and then ``z = c y + (1 - c) mean(grey(y))``, with a factor b and c for each image. Grey is 0.299 red +
    0.587 green + 0.114 blue in images of three channels, else the mean of the channels. torchvision holds floats
    within [0, 1] always; here only with `clip`, since a batch may be in other units.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.transforms.ColorJitter(brightness=(2.0, 2.0))(tw.asarray([[[[0.25, 0.75]]]]))
    tensor([[[[0.5, 1.5]]]])
    """

    def __init__(
        self,
        brightness: float | tuple[float, float] = 0.0,
        contrast: float | tuple[float, float] = 0.0,
        *,
        clip: bool = False,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.brightness = interval("ColorJitter", "brightness", brightness, 1.0, 0.0)
        self.contrast = interval("ColorJitter", "contrast", contrast, 1.0, 0.0)
        self.clip = arguments.flag("ColorJitter", "clip", clip)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        factors = [drawn(generator, bounds, images) for bounds in (self.brightness, self.contrast)]
        brightness, contrast = (of_each(astype(factor, images.dtype)) for factor in factors)
        images = images * brightness
        if self.contrast != (1.0, 1.0):
            images = images * contrast + _mean_grey(images) * (1 - contrast)
        return clip(images, 0, 1) if self.clip else images


def _mean_grey(images: Tensor) -> Tensor:
    """Of each image: (N, 1, 1, 1)."""
    channels = mean(images, axis=(2, 3), keepdims=True)
    if images.shape[1] != 3:
        return mean(channels, axis=1, keepdims=True)
    weights = asarray(_LUMA, images.dtype, device=images.device).reshape((3, 1, 1))
    return (channels * weights).sum(axis=1, keepdims=True)


class GaussianNoise(Transform):
    """Adds a random number to each pixel of each channel.

    Parameters
    ----------
    mean, sigma : float
        Mean and standard deviation of the noise.
    clip : bool
        Whether results are held within [0, 1], where pixels of pictures are. (As a rule in torchvision.)
    generator : Generator, optional
        Where the noise is drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For a negative `sigma`, and numbers that are not finite; when called, for a batch of another shape.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.transforms.GaussianNoise(mean=2.0, sigma=0.0)(tw.ones((1, 1, 1, 2)))
    tensor([[[[3., 3.]]]])
    """

    def __init__(
        self, mean: float = 0.0, sigma: float = 0.1, *, clip: bool = False, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        self.mean = arguments.number("GaussianNoise", "mean", mean)
        self.sigma = arguments.number("GaussianNoise", "sigma", sigma)
        if not (math.isfinite(self.mean) and 0 <= self.sigma < math.inf):
            raise ValueError(f"GaussianNoise: mean {self.mean} and sigma {self.sigma} must be finite, sigma at least 0")
        self.clip = arguments.flag("GaussianNoise", "clip", clip)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        noise = generator.standard_normal(images.shape, device=images.device) * self.sigma + self.mean
        images = images + astype(noise, images.dtype)
        return clip(images, 0, 1) if self.clip else images
