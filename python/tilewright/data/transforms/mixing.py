"""Mixtures of two samples and of their targets; and transforms of a batch's inputs alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.dtypes import float32, float64
from ..._engine.tensor import Tensor
from ..._functions.arithmetic import sqrt
from ..._functions.comparison import equal
from ..._functions.creation import arange
from ..._functions.extrema import clip
from ..._functions.indexing import take, where
from ..._functions.manipulation import astype
from ..._functions.rounding import round
from ._base import drawn, images_of, of_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...random import Generator

__all__ = ["CutMix", "MixUp", "OnInputs"]


class OnInputs:
    """A transform of the inputs of batches, their first part, that leaves the others as they are.

    Parameters
    ----------
    transform : callable
        Takes inputs and gives inputs.

    Raises
    ------
    TypeError
        For what cannot be called; when called, for a batch that is no tuple.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.data import transforms
    >>> augment = transforms.OnInputs(transforms.RandomHorizontalFlip(p=1.0))
    >>> augment((tw.asarray([[[[1, 2]]]]), tw.asarray([7])))
    (tensor([[[[2, 1]]]]), tensor([7]))
    """

    def __init__(self, transform: Callable[[Any], Any]) -> None:
        self.transform = arguments.function("OnInputs", "transform", transform)

    def __call__(self, batch: Any) -> tuple[Any, ...]:
        if not isinstance(batch, (tuple, list)) or not batch:
            arguments.refuse("OnInputs", "batch", batch, "a tuple of inputs and more")
        return (self.transform(batch[0]), *batch[1:])

    def __repr__(self) -> str:
        return f"OnInputs({self.transform!r})"


class _Mixing:
    """A batch of inputs and targets, each sample with a share of another one."""

    def __init__(self, alpha: float, num_classes: int | None, generator: Generator | None) -> None:
        op = type(self).__name__
        self.alpha = arguments.number(op, "alpha", alpha)
        if not 0 < self.alpha < math.inf:
            raise ValueError(f"{op}: alpha is {self.alpha}, but must be positive and finite")
        self.num_classes = num_classes
        if num_classes is not None:
            self.num_classes = arguments.integer(op, "num_classes", num_classes, at_least=1)
        self.generator = None if generator is None else random.source(op, generator)

    def __call__(self, batch: Any) -> tuple[Tensor, Tensor]:
        op = type(self).__name__
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            arguments.refuse(op, "batch", batch, "a tuple of inputs and targets")
        inputs, targets = self._inputs(batch[0]), self._scores(batch[1])
        if inputs.shape[0] != targets.shape[0]:
            raise ValueError(f"{op}: there are {inputs.shape[0]} inputs, but {targets.shape[0]} targets")
        source = self.generator or random.default_generator
        others = source.permutation(inputs.shape[0])
        kept = source.beta(self.alpha, self.alpha, inputs.shape[0], float64)
        mixed, kept = self._mixed(inputs, take(inputs, others, axis=0), kept, source)
        share = astype(kept, targets.dtype).reshape((-1, *(1,) * (targets.ndim - 1)))
        return mixed, targets * share + take(targets, others, axis=0) * (1 - share)

    def _inputs(self, inputs: Any) -> Tensor:
        return images_of(type(self).__name__, inputs)

    def _mixed(self, inputs: Tensor, others: Tensor, kept: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        """The mixtures, and what share of each is its own."""
        raise NotImplementedError

    def _scores(self, given: Any) -> Tensor:
        """Probabilities from classes."""
        op = type(self).__name__
        targets = arguments.array(op, "targets", given)
        if targets.ndim == 0:
            raise ValueError(f"{op}: targets have shape (), but must be one for each input")
        if targets.dtype.is_floating:
            return targets
        if self.num_classes is None or targets.ndim != 1:
            got = f"{targets.dtype.name} of shape {targets.shape}"
            raise ValueError(f"{op}: targets are {got}, but must be floating, or of shape (N,) beside num_classes=")
        return astype(equal(targets[:, None], arange(self.num_classes)), float32)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alpha={self.alpha!r}, num_classes={self.num_classes!r})"


class MixUp(_Mixing):
    """Means of two samples and of their targets, `kept * x + (1 - kept) * other`.

    Parameters
    ----------
    alpha : float
        Of the beta distribution, B(alpha, alpha), of the share that a sample keeps; each has one of its own.
    num_classes : int, optional
        How many classes there are, for targets that are classes.
    generator : Generator, optional
        Where shares and partners are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For numbers out of range; when called, for inputs and targets of two lengths, and classes without `num_classes`.
    TypeError
        For numbers of another kind; when called, for anything but a pair, and inputs that are not floating.

    Notes
    -----
    It takes a batch, `(inputs, targets)`: inputs (N, ...), and targets (N,) of classes, which become probabilities
    (N, C), or floating ones of any shape (N, ...).

    References
    ----------
    H. Zhang, M. Cisse, Y. Dauphin, D. Lopez-Paz, mixup: Beyond Empirical Risk Minimization, ICLR 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> mix = tw.data.transforms.MixUp(0.2, num_classes=3)
    >>> inputs, targets = mix((tw.ones((4, 2)), tw.asarray([0, 1, 2, 2])))
    >>> inputs.shape, targets.shape, bool(tw.allclose(targets.sum(axis=1), 1))
    ((4, 2), (4, 3), True)
    """

    def __init__(
        self, alpha: float = 1.0, num_classes: int | None = None, *, generator: Generator | None = None
    ) -> None:
        super().__init__(alpha, num_classes, generator)

    def _inputs(self, inputs: Any) -> Tensor:
        tensor = arguments.array("MixUp", "inputs", inputs)
        if tensor.ndim == 0:
            raise ValueError("MixUp: inputs have shape (), but must be a batch")
        if not tensor.dtype.is_floating:
            raise TypeError(f"MixUp: inputs have dtype {tensor.dtype.name}, but must be floating; use astype")
        return tensor

    def _mixed(self, inputs: Tensor, others: Tensor, kept: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        share = astype(kept, inputs.dtype).reshape((-1, *(1,) * (inputs.ndim - 1)))
        return inputs * share + others * (1 - share), kept


class CutMix(_Mixing):
    """Images with a rectangle of another image; targets are mixed by its area.

    Parameters
    ----------
    alpha : float
        Of the beta distribution, B(alpha, alpha), of the share of its area that an image keeps; each has its own.
    num_classes : int, optional
        How many classes there are, for targets that are classes.
    generator : Generator, optional
        Where shares, places and partners are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For numbers out of range; when called, for inputs that are not (N, C, H, W), inputs and targets of two lengths,
        and classes without `num_classes`.
    TypeError
        For numbers of another kind; when called, for anything but a pair, and images that are not floating.

    Notes
    -----
    It takes a batch, `(images, targets)`; see `MixUp`. The rectangle has the image's proportions, its centre is
    uniform, and what lies outside the image is cut off. Targets have the share that is left of the area.

    References
    ----------
    S. Yun et al., CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features, ICCV 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> mix = tw.data.transforms.CutMix(num_classes=2, generator=tw.random.Generator(2))
    >>> images = tw.asarray([0.0, 1.0]).reshape((2, 1, 1, 1)) * tw.ones((2, 1, 8, 8))
    >>> mixed, targets = mix((images, tw.asarray([0, 1])))
    >>> bool(tw.allclose(mixed.mean(axis=(1, 2, 3)), targets[:, 1]))
    True
    """

    def __init__(
        self, alpha: float = 1.0, num_classes: int | None = None, *, generator: Generator | None = None
    ) -> None:
        super().__init__(alpha, num_classes, generator)

    def _mixed(self, inputs: Tensor, others: Tensor, kept: Tensor, source: Generator) -> tuple[Tensor, Tensor]:
        side = sqrt(1 - kept)
        area: Any = 1.0
        inside = []
        for axis, length in ((2, inputs.shape[2]), (3, inputs.shape[3])):
            centre, reach = drawn(source, (0.0, length), inputs), side * (length / 2)
            first, end = (round(clip(edge, 0, length)) for edge in (centre - reach, centre + reach))
            places = arange(length, device=inputs.device).reshape((length, 1)[: 4 - axis])
            inside.append((places >= of_each(first)) & (places < of_each(end)))
            area = area * ((end - first) / max(length, 1))
        return where(inside[0] & inside[1], others, inputs), 1 - area
