"""What all transforms share: how they are called and printed, and how their batches and ranges are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.dtypes import float64
from ..._engine.tensor import asarray

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["Compose"]

_FARTHEST = 2.0**1000  # whose double is finite, too


class Transform:
    """A batch in, a batch out: a subclass sets its options as attributes and has `_apply`."""

    _floating = True  # whether it computes with pixels, and does not only move them

    def __init__(self, generator: Generator | None) -> None:
        self.generator = None if generator is None else random.source(type(self).__name__, generator)

    def __call__(self, batch: Any) -> Tensor:
        images = images_of(type(self).__name__, batch, self._floating)
        return self._apply(images, self.generator or random.default_generator)

    def _apply(self, images: Tensor, generator: Generator) -> Tensor:
        """The changed images, with random numbers from the generator."""
        raise NotImplementedError

    def __repr__(self) -> str:
        options = [f"{name}={value!r}" for name, value in vars(self).items() if name != "generator"]
        return f"{type(self).__name__}({', '.join(options)})"


class Compose:
    """Several transforms, one after another.

    Parameters
    ----------
    transforms : sequence of callables
        Each takes a batch and gives one.

    Raises
    ------
    TypeError
        For what is no sequence, and an entry that cannot be called.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.data import transforms
    >>> augment = transforms.Compose([transforms.RandomHorizontalFlip(p=1.0), transforms.Normalize(1.0, 2.0)])
    >>> augment(tw.asarray([[[[1.0, 5.0]]]]))
    tensor([[[[2., 0.]]]])
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        listed = arguments.entries("Compose", "transforms", transforms, "a sequence of callables")
        self.transforms = [arguments.function("Compose", f"transforms[{i}]", t) for i, t in enumerate(listed)]

    def __call__(self, batch: Any) -> Any:
        for transform in self.transforms:
            batch = transform(batch)
        return batch

    def __repr__(self) -> str:
        return f"Compose({self.transforms!r})"


def images_of(op: str, batch: Any, floating: bool = True) -> Tensor:
    """A batch of images as a tensor of shape (N, C, H, W)."""
    images = arguments.array(op, "batch", batch)
    if images.ndim != 4:
        raise ValueError(f"{op}: batch has shape {images.shape}, but must be (N, C, H, W)")
    if floating and not images.dtype.is_floating:
        raise TypeError(f"{op}: batch has dtype {images.dtype.name}, but must be floating; use astype")
    return images


def is_one(value: Any) -> bool:
    """Whether it is meant as one number, not as several."""
    return not isinstance(value, (tuple, list)) and not arguments.has_axes(value)


def pair(op: str, name: str, value: Any) -> tuple[float, float]:
    """Two real numbers."""
    first, second = arguments.numbers(op, name, value, 2)
    return first, second


def interval(op: str, name: str, value: Any, middle: float = 0.0, least: float = -math.inf) -> tuple[float, float]:
    """Where a number is drawn from: `(low, high)`, or by one number how far from the middle, but not below `least`."""
    if is_one(value):
        reach = arguments.number(op, name, value)
        if not 0 <= reach < _FARTHEST:
            raise ValueError(f"{op}: {name} is {reach}, but must be finite and at least 0, or a pair (low, high)")
        return max(middle - reach, least), middle + reach
    low, high = pair(op, name, value)
    if not -_FARTHEST < low <= high < _FARTHEST:
        raise ValueError(f"{op}: {name} is ({low}, {high}), but must be finite, the lower number first")
    if low < least:
        raise ValueError(f"{op}: {name} is ({low}, {high}), but must not be below {least:g}")
    return low, high


def drawn(generator: Generator, bounds: tuple[float, float], images: Tensor) -> Tensor:
    """A float64 number for each image, uniform between the bounds."""
    return generator.uniform(*bounds, len(images), float64, device=images.device)


def of_each(values: Tensor) -> Tensor:
    """Numbers of images, (N,), against their pixels: (N, 1, 1, 1)."""
    return values.reshape((values.shape[0], 1, 1, 1))


def of_channels(op: str, name: str, values: tuple[float, ...], images: Tensor) -> Any:
    """One number for all channels, or one for each: against pixels, (C, 1, 1), in their dtype."""
    if len(values) == 1:
        return values[0]
    channels = images.shape[1]
    if len(values) != channels:
        raise ValueError(f"{op}: {name} has {len(values)} numbers, but batch {images.shape} has {channels} channels")
    return asarray(values, images.dtype, device=images.device).reshape((channels, 1, 1))
