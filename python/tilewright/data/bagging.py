"""Samples drawn with replacement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import random
from .dataset import Subset, check_length

if TYPE_CHECKING:
    from ..random import Generator
    from .dataset import Dataset

__all__ = ["bootstrap"]


def bootstrap(dataset: Dataset, *, generator: Generator | None = None) -> Subset:
    """As many samples as a data set has, drawn with replacement: what one member of a bagged ensemble learns from.

    Parameters
    ----------
    dataset : Dataset
    generator : Generator, optional
        Where the samples are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Subset
        With about 63 % of the samples, many of them several times.

    Raises
    ------
    ValueError
        For a data set without samples.
    TypeError
        For one without a length or samples by index.

    References
    ----------
    L. Breiman, Bagging Predictors, Machine Learning 24, 1996.

    Examples
    --------
    >>> import tilewright as tw
    >>> dataset = tw.data.TensorDataset(tw.arange(1000))
    >>> bag = tw.data.bootstrap(dataset, generator=tw.random.Generator(0))
    >>> len(bag), 600 < len(tw.unique_values(bag[:][0])) < 660
    (1000, True)
    """
    check_length("bootstrap", dataset)
    count = len(dataset)
    if not count:
        raise ValueError("bootstrap: dataset has no samples")
    return Subset(dataset, random.source("bootstrap", generator).integers(0, count, count))
