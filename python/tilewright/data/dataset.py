"""Data sets: samples by index, one, a slice, or a whole array of indices at a time."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._engine.tensor import Tensor
from .._functions.indexing import take
from .._functions.manipulation import astype

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


__all__ = ["Subset", "TensorDataset", "random_split"]


# They have a length and take integers and slices, but no array of indices; and one of a single index they would take
# for that index.
PLAIN = (list, tuple, range, str, bytes, dict, set, frozenset)


def check_length(op: str, dataset: Any) -> None:
    """Raise where something has no length or no samples by index."""
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__") or getattr(dataset, "ndim", 1) == 0:
        needed = "a data set: something with a length, and samples by index"
        arguments.refuse(op, "dataset", dataset, needed)


def refuse_plain(op: str, dataset: Any) -> None:
    """Raise for a plain container where arrays of indices are needed."""
    if isinstance(dataset, PLAIN):
        needed = "a data set that takes a 1-D int64 Tensor as its index, such as a TensorDataset"
        raise TypeError(f"{op}: dataset is a {type(dataset).__name__}, but must be {needed}")


def _index(op: str, index: Any) -> Any:
    """An int or a Tensor of integers from what else may stand in a data set's brackets."""
    if getattr(index, "ndim", 0) == 0 and hasattr(index, "__index__"):
        try:
            return operator.index(index)
        except TypeError:  # a 0-d array of floats
            pass
    return _indices(op, "index", index)


def _indices(op: str, name: str, value: Any) -> Tensor:
    tensor = arguments.array(op, name, value).detach()
    if not tensor.size:  # [] is float32
        return astype(tensor, "int64")
    if not tensor.dtype.is_integer:
        raise TypeError(f"{op}: {name} has dtype {tensor.dtype.name}, but must be integers")
    return tensor


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
    TypeError
        For what is not array-like.

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
        self.tensors = tuple([arguments.array("TensorDataset", f"tensor {i}", t) for i, t in enumerate(tensors)])
        shapes = [tensor.shape for tensor in self.tensors]
        if not shapes or not all(shapes) or len({shape[0] for shape in shapes}) > 1:
            raise ValueError(f"TensorDataset: shapes are {shapes}, but need one common length along axis 0")

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        if not isinstance(index, (int, slice, Tensor)):
            index = _index("TensorDataset", index)
        if isinstance(index, (int, slice)):
            return tuple([tensor[index] for tensor in self.tensors])
        return tuple([take(tensor, index, axis=0) for tensor in self.tensors])


class Subset:
    """Some of the samples of a data set.

    Parameters
    ----------
    dataset : Dataset
        Any that takes arrays of indices.
    indices : array-like of int, shape (n,)
        Which samples, in this order.

    Raises
    ------
    TypeError
        For indices that are not integers, or a data set without a length or samples; when read with a slice or an
        array, for a plain list and the like, which take none.
    ValueError
        For indices that are not 1-D.

    Examples
    --------
    >>> import tilewright as tw
    >>> subset = tw.data.Subset(tw.data.TensorDataset([10, 20, 30]), [2, 0])
    >>> len(subset), subset[0], subset[:]
    (2, (tensor(30),), (tensor([30, 10]),))
    """

    def __init__(self, dataset: Dataset, indices: Any) -> None:
        check_length("Subset", dataset)
        self.dataset = dataset
        self.indices = _indices("Subset", "indices", indices)
        if self.indices.ndim != 1:
            raise ValueError(f"Subset: indices have shape {self.indices.shape}, but must be 1-D")

    def __len__(self) -> int:
        return self.indices.shape[0]

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, (int, slice, Tensor)):
            index = _index("Subset", index)
        if isinstance(index, int):
            return self.dataset[int(self.indices[index])]
        refuse_plain("Subset", self.dataset)
        return self.dataset[self.indices[index] if isinstance(index, slice) else take(self.indices, index, axis=0)]


def random_split(dataset: Dataset, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Split a data set at random into parts that share no sample.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or of float
        Numbers of samples, integers which add up to the data set's; or fractions, floats which add up to 1: parts are
        rounded down, and the samples left over go one each to the first parts.
    generator : Generator, optional
        Where the order is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    list of Subset

    Raises
    ------
    ValueError
        For lengths that do not add up, or negative ones.
    TypeError
        For lengths that are no numbers, and a data set without a length or samples.

    Examples
    --------
    >>> import tilewright as tw
    >>> dataset = tw.data.TensorDataset(tw.arange(10))
    >>> train, test = tw.data.random_split(dataset, [0.8, 0.2], tw.random.Generator(0))
    >>> len(train), len(test)
    (8, 2)
    """
    check_length("random_split", dataset)
    count = len(dataset)
    parts = _parts(lengths, count)
    order = random.source("random_split", generator).permutation(count)
    ends = [sum(parts[: i + 1]) for i in range(len(parts))]
    return [Subset(dataset, order[end - length : end]) for length, end in zip(parts, ends, strict=True)]


def _parts(lengths: Any, count: int) -> list[int]:
    """How many of so many samples each part has."""
    given = arguments.entries("random_split", "lengths", lengths, "a sequence of integers or of fractions")
    if all(arguments.is_integer(length) for length in given):
        parts = [operator.index(length) for length in given]
        if sum(parts) != count or any(length < 0 for length in parts):
            raise ValueError(f"random_split: lengths are {parts}, but must add up to {count} samples")
        return parts
    fractions = [arguments.number("random_split", "an entry of lengths", length) for length in given]
    if not math.isclose(sum(fractions), 1) or any(fraction < 0 for fraction in fractions):
        needed = f"add up to 1, or be integers that add up to {count} samples"
        raise ValueError(f"random_split: lengths are {fractions}, but fractions must be at least 0 and {needed}")
    parts = [math.floor(count * fraction) for fraction in fractions]
    left = count - sum(parts)
    return [length + (i < left) for i, length in enumerate(parts)]
