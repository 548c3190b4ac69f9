"""Samplers: in what order a pass goes through a data set, and which samples it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._engine.tensor import asarray
from .._functions.creation import arange
from .._functions.histograms import bincount
from .._functions.indexing import take
from .._functions.manipulation import astype
from .._functions.scans import cumulative_sum
from .._functions.sets import unique_inverse
from .._functions.sorting import argsort
from .._sampling import multinomial
from .dataset import check_length

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._engine.tensor import Tensor
    from ..random import Generator
    from .dataset import Dataset

__all__ = ["RandomSampler", "Sampler", "SequentialSampler", "StratifiedSampler", "WeightedRandomSampler"]


class Sampler:
    """Base class: a subclass has a length, and `draw`, which gives the samples of a pass all at once.

    Attributes
    ----------
    generator : Generator or None
        Where the orders are drawn from; None: `tilewright.random.default_generator`.

    Examples
    --------
    >>> import tilewright as tw
    >>> class Backwards(tw.data.Sampler):
    ...     def __init__(self, count):
    ...         self.count = count
    ...
    ...     def __len__(self):
    ...         return self.count
    ...
    ...     def draw(self):
    ...         return tw.arange(self.count - 1, -1, -1)
    >>> dataset = tw.data.TensorDataset(tw.arange(4))
    >>> [batch.tolist() for (batch,) in tw.data.DataLoader(dataset, batch_size=2, sampler=Backwards(4))]
    [[3, 2], [1, 0]]
    """

    generator: Generator | None = None

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__}: a Sampler must define __len__()")

    def draw(self) -> Tensor:
        """The indices of the samples of one pass, in order: what a subclass defines.

        Returns
        -------
        Tensor of int64, shape (n,)
        """
        raise NotImplementedError(f"{type(self).__name__}: a Sampler must define draw()")

    def __iter__(self) -> Iterator[int]:
        return iter(self.draw().tolist())

    @property
    def _source(self) -> Generator:
        return self.generator or random.default_generator


def _own(op: str, generator: Generator | None) -> Generator | None:
    return None if generator is None else random.source(op, generator)


class SequentialSampler(Sampler):
    """Every sample, in the data set's order.

    Parameters
    ----------
    data_source : Dataset

    Raises
    ------
    TypeError
        For a data set without a length or samples.

    Examples
    --------
    >>> import tilewright as tw
    >>> list(tw.data.SequentialSampler([10, 20, 30]))
    [0, 1, 2]
    """

    def __init__(self, data_source: Dataset) -> None:
        check_length("SequentialSampler", data_source)
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def draw(self) -> Tensor:
        """All indices, the lowest first.

        Returns
        -------
        Tensor of int64, shape (n,)
        """
        return arange(len(self))


class RandomSampler(Sampler):
    """Every sample once, in a random order; or samples drawn with replacement.

    Parameters
    ----------
    data_source : Dataset
    replacement : bool
        Whether a sample may be drawn again.
    num_samples : int, optional
        How many a pass has; by default as many as the data set. Without replacement at most so many.
    generator : Generator, optional
        Where the orders are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For `num_samples` below 1, or without replacement above the data set's length.
    TypeError
        For a data set without a length or samples, and options of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> sorted(tw.data.RandomSampler([10, 20, 30], generator=tw.random.Generator(0)))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Dataset,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        op = "RandomSampler"
        check_length(op, data_source)
        self.data_source = data_source
        self.replacement = arguments.flag(op, "replacement", replacement)
        self.num_samples = num_samples
        if num_samples is not None:
            most = None if self.replacement else max(len(data_source), 1)
            self.num_samples = arguments.integer(op, "num_samples", num_samples, at_least=1, at_most=most)
        self.generator = _own(op, generator)

    def __len__(self) -> int:
        return len(self.data_source) if self.num_samples is None else self.num_samples

    def draw(self) -> Tensor:
        """The indices of a pass.

        Returns
        -------
        Tensor of int64, shape (n,)
        """
        count = len(self.data_source)
        if self.replacement:
            return self._source.integers(0, max(count, 1), len(self) if count else 0)
        return self._source.permutation(count)[: len(self)]


class WeightedRandomSampler(Sampler):
    """Samples drawn with probabilities in proportion to their weights, as rare classes are shown more often.

    Parameters
    ----------
    weights : array-like, shape (n,)
        Of the samples; they need not sum to 1.
    num_samples : int
        How many a pass has.
    replacement : bool
        Whether a sample may be drawn again.
    generator : Generator, optional
        Where the samples are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For weights that are not 1-D, `num_samples` below 1, or without replacement above the number of samples; when
        drawn, for weights that are negative, infinite, NaN or all 0, or without replacement too few above 0.
    TypeError
        For weights that are no real numbers, and options of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> list(tw.data.WeightedRandomSampler([0.0, 2.0, 0.0], 3))
    [1, 1, 1]
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        op = "WeightedRandomSampler"
        self.weights = arguments.array(op, "weights", weights).detach()
        if self.weights.ndim != 1:
            raise ValueError(f"{op}: weights have shape {self.weights.shape}, but must be 1-D")
        if self.weights.dtype.is_complex or self.weights.dtype.name == "bool":
            raise TypeError(f"{op}: weights have dtype {self.weights.dtype.name}, but must be real numbers")
        self.replacement = arguments.flag(op, "replacement", replacement)
        most = None if self.replacement else max(self.weights.size, 1)
        self.num_samples = arguments.integer(op, "num_samples", num_samples, at_least=1, at_most=most)
        self.generator = _own(op, generator)

    def __len__(self) -> int:
        return self.num_samples

    def draw(self) -> Tensor:
        """The indices of a pass.

        Returns
        -------
        Tensor of int64, shape (num_samples,)
        """
        return multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)


class StratifiedSampler(Sampler):
    """Every sample once, in a random order that spreads each class evenly over the pass.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        The class of each sample.
    generator : Generator, optional
        Where the orders are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For labels that are not 1-D.
    TypeError
        For labels that are not integers, and a generator that is none.

    Notes
    -----
    The i-th of a class's m samples, in random order, has the key `(i + u) / m` with a uniform u of its own in [0, 1),
    and the pass goes by rising key. So a part of a pass, a batch of any size, has of each class nearly its share.

    Examples
    --------
    >>> import tilewright as tw
    >>> labels = tw.asarray([0] * 90 + [1] * 10)
    >>> order = tw.data.StratifiedSampler(labels, tw.random.Generator(0)).draw()
    >>> [int(labels[part].sum()) for part in tw.split(order, 2)]
    [5, 5]
    """

    def __init__(self, labels: Any, generator: Generator | None = None) -> None:
        op = "StratifiedSampler"
        classes = arguments.array(op, "labels", labels).detach()
        if classes.ndim != 1:
            raise ValueError(f"{op}: labels have shape {classes.shape}, but must be 1-D")
        if classes.size and not classes.dtype.is_integer and classes.dtype.name != "bool":
            raise TypeError(f"{op}: labels have dtype {classes.dtype.name}, but must be integers")
        self.generator = _own(op, generator)
        self._classes = asarray(unique_inverse(classes)[1])  # (n,), from 0
        self._counts = bincount(self._classes)

    def __len__(self) -> int:
        return self._classes.size

    def draw(self) -> Tensor:
        """The indices of a pass.

        Returns
        -------
        Tensor of int64, shape (n,)
        """
        count, source = len(self), self._source
        shuffled = source.permutation(count)
        by_class = take(shuffled, argsort(take(self._classes, shuffled), stable=True))
        classes = take(self._classes, by_class)
        first = cumulative_sum(self._counts) - self._counts
        rank = astype(arange(count) - take(first, classes), "float64")
        keys = (rank + source.random(count, "float64")) / astype(take(self._counts, classes), "float64")
        return take(by_class, argsort(keys, stable=True))
