"""Images moved, turned, scaled and mirrored."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.dtypes import float32, float64
from ..._functions.arithmetic import remainder
from ..._functions.creation import arange
from ..._functions.indexing import where
from ..._functions.logical import isfinite
from ..._functions.manipulation import astype, broadcast_to, flip
from ..._functions.rounding import round
from ..._functions.trigonometric import cos, sin
from ._base import Transform, drawn, images_of, interval, is_one, of_each, pair
from ._sampling import bilinear

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

    Range = float | tuple[float, float]

__all__ = [
    "RandomAffine",
    "RandomHorizontalFlip",
    "RandomRotation",
    "RandomShift",
    "RandomVerticalFlip",
    "affine",
]


def affine(
    batch: Any,
    angle: Any = 0.0,
    translate: tuple[Any, Any] = (0.0, 0.0),
    scale: Any = 1.0,
    shear: tuple[Any, Any] = (0.0, 0.0),
    *,
    fill: float = 0.0,
) -> Tensor:
    """Turn, scale, shear and move images about their middle, each by numbers of its own.

    Parameters
    ----------
    batch : array-like of floats, shape (N, C, H, W)
        Images.
    angle : float or array-like, shape (N,)
        Degrees, clockwise, as for torchvision's function of this name.
    translate : pair of float or array-like, shape (N,)
        Pixels to the right and down, after the rest.
    scale : float or array-like, shape (N,)
        By which sizes are multiplied, positive.
    shear : pair of float or array-like, shape (N,)
        Degrees along the horizontal and the vertical axis, between -90 and 90.
    fill : float
        Value of what comes from outside an image.

    Returns
    -------
    Tensor, shape (N, C, H, W)
        Dtype of `batch`. Gradients flow to `batch`.

    Raises
    ------
    ValueError
        For a batch of another shape, parameters that are neither one number nor N of them, or out of their range.
    TypeError
        For a batch that is not floating, and parameters that are no real constants.

    Notes
    -----
    A pixel at p = (x, y), counted from the middle, becomes what was at

    ``q = S^-1 R^-1 (p - translate) / scale,  R = [[cos a, -sin a], [sin a, cos a]],``
    ``S = [[1, 0], [-tan v, 1]] [[1, -tan h], [0, 1]]``

    with the angle a and the shear (h, v), interpolated between four pixels. Whole pixels and right angles are exact.

    Examples
    --------
    >>> import tilewright as tw
    >>> image = tw.asarray([[[[1.0, 2.0], [3.0, 4.0]]]])
    >>> tw.data.transforms.affine(image, angle=90)
    tensor([[[[3., 1.],
              [4., 2.]]]])
    >>> tw.data.transforms.affine(image, translate=(0.5, 0))
    tensor([[[[0.5, 1.5],
              [1.5, 3.5]]]])
    """
    images = images_of("affine", batch)
    right, down = _pair("translate", translate, images)
    turn, factor = _of_images("angle", angle, images), _of_images("scale", scale, images)
    shears = [_of_degrees(part) for part in _pair("shear", shear, images, 90.0)]
    if not (factor > 0).all():
        raise ValueError("affine: scale must be positive")
    value = arguments.number("affine", "fill", fill)
    cosine, sine = _of_degrees(turn)
    horizontal, vertical = (s / c for c, s in shears)
    # The matrix from new places to old ones, and what comes before and after it.
    from_y = ((vertical * cosine - sine) / factor, (vertical * sine + cosine) / factor)
    from_x = (cosine / factor + horizontal * from_y[0], sine / factor + horizontal * from_y[1])
    dtype = float64 if images.dtype == float64 else float32
    height, width = images.shape[2:]
    y, x = (arange(n, dtype=dtype, device=images.device) - (n - 1) / 2 for n in (height, width))
    x = x - _against_pixels(right, dtype)
    y = y.reshape((height, 1)) - _against_pixels(down, dtype)
    columns, rows = (
        _against_pixels(a, dtype) * x + _against_pixels(b, dtype) * y + (n - 1) / 2
        for (a, b), n in ((from_x, width), (from_y, height))
    )
    return bilinear(images, rows, columns, value)


def _of_images(name: str, value: Any, images: Tensor, limit: float = math.inf) -> Tensor:
    """A float64 number for each image, smaller than the limit."""
    given = arguments.number("affine", name, value) if is_one(value) else value
    numbers = arguments.array("affine", name, given)
    if numbers.requires_grad or numbers.dtype.is_complex:
        arguments.refuse("affine", name, value, "a real constant, or one for each image")
    if numbers.shape not in ((), images.shape[:1]):
        raise ValueError(f"affine: {name} has shape {numbers.shape}, but must be one number or {len(images)} of them")
    numbers = astype(numbers, float64).to(images.device)
    if not (isfinite(numbers) & (abs(numbers) < limit)).all():
        needed = "finite" if limit == math.inf else f"between -{limit:g} and {limit:g}"
        raise ValueError(f"affine: {name} must be {needed}")
    return broadcast_to(numbers, images.shape[:1])


def _pair(name: str, value: Any, images: Tensor, limit: float = math.inf) -> list[Tensor]:
    parts = arguments.entries("affine", name, value, "a pair, horizontal and vertical")
    if len(parts) != 2:
        raise ValueError(f"affine: {name} has {len(parts)} entries, but must be a pair, horizontal and vertical")
    return [_of_images(f"an entry of {name}", part, images, limit) for part in parts]


def _against_pixels(values: Tensor, dtype: Any) -> Tensor:
    """Numbers of images, (N,), against places, (N, H, W)."""
    return astype(values, dtype).reshape((values.shape[0], 1, 1))


def _of_degrees(angle: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine, exact at right angles."""
    quarters = round(angle / 90)
    rest = (angle - 90 * quarters) * (math.pi / 180)
    c, s, quarter = cos(rest), sin(rest), remainder(quarters, 4)
    turned = quarter == 1, quarter == 2, quarter == 3
    cosine = where(turned[0], -s, where(turned[1], -c, where(turned[2], s, c)))
    sine = where(turned[0], c, where(turned[1], -s, where(turned[2], -c, s)))
    return cosine, sine


class RandomAffine(Transform):
    """Turns, moves, scales and shears each image at random about its middle.

    Parameters
    ----------
    degrees : float or pair of float
        Range of the angle, clockwise; one number is `(-degrees, degrees)`.
    translate : pair of float, optional
        How far it goes at most to either side, and up or down, as parts of width and height in [0, 1]. It need not be
        whole pixels.
    scale : pair of float, optional
        Range of what sizes are multiplied by, positive.
    shear : float or pair of float, optional
        Range of the angle of shearing along the horizontal axis, in degrees between -90 and 90.
    fill : float
        Value of what comes from outside an image.
    generator : Generator, optional
        Where the parameters are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For ranges that are not finite, upside down, or outside of what is allowed; when called, for a batch of another
        shape.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    See Also
    --------
    affine : By given numbers; it has the formula.

    Examples
    --------
    >>> import tilewright as tw
    >>> augment = tw.data.transforms.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1))
    >>> augment(tw.ones((32, 1, 8, 8))).shape
    (32, 1, 8, 8)
    """

    def __init__(
        self,
        degrees: Range,
        translate: tuple[float, float] | None = None,
        scale: tuple[float, float] | None = None,
        shear: Range | None = None,
        *,
        fill: float = 0.0,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.degrees = interval("RandomAffine", "degrees", degrees)
        self.translate = pair("RandomAffine", "translate", (0.0, 0.0) if translate is None else translate)
        if not all(0 <= part <= 1 for part in self.translate):
            raise ValueError(f"RandomAffine: translate is {self.translate}, but must lie in [0, 1]")
        self.scale = (1.0, 1.0) if scale is None else pair("RandomAffine", "scale", scale)
        if not 0 < self.scale[0] <= self.scale[1] < math.inf:
            raise ValueError(f"RandomAffine: scale is {self.scale}, but must be positive, the lower number first")
        self.shear = interval("RandomAffine", "shear", 0.0 if shear is None else shear)
        if not -90 < self.shear[0] <= self.shear[1] < 90:
            raise ValueError(f"RandomAffine: shear is {self.shear}, but must lie between -90 and 90")
        self.fill = arguments.number("RandomAffine", "fill", fill)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        height, width = images.shape[2:]
        across, down = self.translate[0] * width, self.translate[1] * height
        ranges = self.degrees, (-across, across), (-down, down), self.scale, self.shear
        angle, right, below, scale, shear = (drawn(generator, bounds, images) for bounds in ranges)
        return affine(images, angle, (right, below), scale, (shear, 0.0), fill=self.fill)


class RandomRotation(Transform):
    """Turns each image by a random angle about its middle.

    Parameters
    ----------
    degrees : float or pair of float
        Range of the angle, counter-clockwise; one number is `(-degrees, degrees)`.
    fill : float
        Value of what comes from outside an image.
    generator : Generator, optional
        Where the angles are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For a range that is not finite or upside down; when called, for a batch of another shape.
    TypeError
        For what are no real numbers; when called, for a batch that is not floating.

    Notes
    -----
    Images keep their height and width. Right angles are exact.

    Examples
    --------
    >>> import tilewright as tw
    >>> turn = tw.data.transforms.RandomRotation((90, 90))
    >>> turn(tw.asarray([[[[1.0, 2.0], [3.0, 4.0]]]]))
    tensor([[[[2., 4.],
              [1., 3.]]]])
    """

    def __init__(self, degrees: Range, *, fill: float = 0.0, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.degrees = interval("RandomRotation", "degrees", degrees)
        self.fill = arguments.number("RandomRotation", "fill", fill)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        return affine(images, -drawn(generator, self.degrees, images), fill=self.fill)


class RandomShift(Transform):
    """Moves each image at random, by whole pixels or fractions of them.

    Parameters
    ----------
    distance : float or pair of float
        How many pixels it goes at most to either side, and up or down; one number for both.
    whole : bool
        Whether it goes by whole pixels, and so keeps the values of pixels; the distances are integers then.
    fill : float
        Value of what comes from outside an image.
    generator : Generator, optional
        Where the distances are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For negative distances; when called, for a batch of another shape.
    TypeError
        For what are no real numbers, or with `whole` no integers; when called, for a batch that is not floating.

    Examples
    --------
    >>> import tilewright as tw
    >>> shift = tw.data.transforms.RandomShift(1, generator=tw.random.Generator(0))
    >>> shift(tw.asarray([[[[1.0, 2.0], [3.0, 4.0]]]])).shape
    (1, 1, 2, 2)
    """

    def __init__(
        self, distance: Range, whole: bool = True, *, fill: float = 0.0, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        self.whole = arguments.flag("RandomShift", "whole", whole)
        self.distance = pair("RandomShift", "distance", (distance, distance) if is_one(distance) else distance)
        if not all(0 <= part < 2**31 for part in self.distance):
            raise ValueError(f"RandomShift: distance is {self.distance}, but must be finite and at least 0")
        if self.whole and not all(part.is_integer() for part in self.distance):
            needed = "whole pixels; with whole=False it may be fractions"
            raise ValueError(f"RandomShift: distance is {self.distance}, but must be {needed}")
        self.fill = arguments.number("RandomShift", "fill", fill)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        if self.whole:
            count, device = len(images), images.device
            reach = [int(part) for part in self.distance]
            right, down = (generator.integers(-most, most, count, endpoint=True, device=device) for most in reach)
        else:
            right, down = (drawn(generator, (-most, most), images) for most in self.distance)
        return affine(images, translate=(right, down), fill=self.fill)


class _Flip(Transform):
    """Mirrors some of the images along an axis."""

    _floating = False
    _axis: int

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.p = arguments.probability(type(self).__name__, "p", p)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        chosen = generator.bernoulli(self.p, len(images), device=images.device)
        return where(of_each(chosen), flip(images, axis=self._axis), images)


class RandomHorizontalFlip(_Flip):
    """Exchanges left and right of some images.

    Parameters
    ----------
    p : float
        Probability that an image is mirrored.
    generator : Generator, optional
        Where the choice is drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For `p` outside [0, 1]; when called, for a batch of another shape.
    TypeError
        For `p` that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.transforms.RandomHorizontalFlip(p=1.0)(tw.asarray([[[[1, 2], [3, 4]]]]))
    tensor([[[[2, 1],
              [4, 3]]]])
    """

    _axis = 3


class RandomVerticalFlip(_Flip):
    """Exchanges top and bottom of some images.

    Parameters
    ----------
    p : float
        Probability that an image is mirrored.
    generator : Generator, optional
        Where the choice is drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For `p` outside [0, 1]; when called, for a batch of another shape.
    TypeError
        For `p` that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.data.transforms.RandomVerticalFlip(p=1.0)(tw.asarray([[[[1, 2], [3, 4]]]]))
    tensor([[[[3, 4],
              [1, 2]]]])
    """

    _axis = 2
