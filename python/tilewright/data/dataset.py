"""Data sets: samples by index, one, a slice, or a whole array of indices at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import random
from .._indexing import take
from .._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    from ..random import Generator

    class Dataset(Protocol):
        """What `DataLoader` needs of a data set."""

        def __len__(self) -> int: ...

        def __getitem__(self, index: Any) -> Any:
            """The samples at an int, a slice, or a 1-D int64 Tensor, batched along the first axis."""
            ...


class TensorDataset:
    """Samples that are the slices of tensors along their first axis.

    Parameters
    ----------
    *tensors : array-like
        Of the same length along axis 0: for instance features (n, 64) and labels (n,).

    Attributes
    ----------
    tensors : tuple of Tensor

    Raises
    ------
    ValueError
        For no tensors, 0-d tensors, or different lengths.

    Examples
    --------
    >>> import tilewright as tw
    >>> dataset = tw.data.TensorDataset([[1.0, 2.0], [3.0, 4.0]], [0, 1])
    >>> len(dataset)
    2
    >>> dataset[1]
    (tensor([3., 4.]), tensor(1))
    >>> dataset[tw.asarray([1, 0])][1]
    tensor([1, 0])
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(asarray(tensor) for tensor in tensors)
        shapes = [tensor.shape for tensor in self.tensors]
        if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"TensorDataset: shapes are {shapes}, but need one common length along axis 0")

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        if isinstance(index, (int, slice)):
            return tuple([tensor[index] for tensor in self.tensors])
        index = asarray(index)
        return tuple([take(tensor, index, axis=0) for tensor in self.tensors])


class Subset:
    """Some of the samples of a data set.

    Parameters
    ----------
    dataset : Dataset
        Any that takes arrays of indices.
    indices : array-like of int, shape (n,)
        Which samples, in this order.

    Examples
    --------
    >>> import tilewright as tw
    >>> subset = tw.data.Subset(tw.data.TensorDataset([10, 20, 30]), [2, 0])
    >>> len(subset), subset[0], subset[:]
    (2, (tensor(30),), (tensor([30, 10]),))
    """

    def __init__(self, dataset: Dataset, indices: Any) -> None:
        self.dataset = dataset
        self.indices = asarray(indices)

    def __len__(self) -> int:
        return self.indices.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, int):
            return self.dataset[int(self.indices[index])]
        return self.dataset[self.indices[index] if isinstance(index, slice) else take(self.indices, index, axis=0)]


def random_split(dataset: Dataset, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Split a data set at random into parts that share no sample.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        Numbers of samples, which add up to the data set's; or fractions, which add up to 1: parts are rounded down, and
        the samples left over go one each to the first parts.
    generator : Generator, optional
        Where the order is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        For lengths that do not add up, or negative ones.

    Examples
    --------
    >>> import tilewright as tw
    >>> dataset = tw.data.TensorDataset(tw.arange(10))
    >>> train, test = tw.data.random_split(dataset, [0.8, 0.2], tw.random.Generator(0))
    >>> len(train), len(test)
    (8, 2)
    """
    count = len(dataset)
    parts = list(lengths)
    if parts and not all(isinstance(length, int) for length in parts) and math.isclose(sum(parts), 1):
        whole = [math.floor(count * fraction) for fraction in parts]
        left = count - sum(whole)
        parts = [length + (i < left) for i, length in enumerate(whole)]
    if sum(parts) != count or any(length < 0 for length in parts):
        raise ValueError(f"random_split: lengths {list(lengths)} must add up to {count} samples, or as fractions to 1")
    order = (generator or random.default_generator).permutation(count)
    ends = [sum(parts[: i + 1]) for i in range(len(parts))]
    return [Subset(dataset, order[end - length : end]) for length, end in zip(parts, ends, strict=True)]
