"""DataLoader: batches of a data set in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .dataset import check_length, refuse_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..random import Generator
    from .dataset import Dataset

__all__ = ["DataLoader"]


class DataLoader:
    """Iterates over a data set in batches; each batch is gathered in one go, not sample by sample.

    Parameters
    ----------
    dataset : Dataset
        A `TensorDataset`, or anything with a length that takes a slice, and with `shuffle` a 1-D int64 Tensor, as its
        index.
    batch_size : int
        Samples in a batch.
    shuffle : bool
        Whether every pass goes through the samples in a new random order.
    drop_last : bool
        Whether to leave out a last batch that is not full.
    generator : Generator, optional
        Where the orders are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For a `batch_size` that is not positive.
    TypeError
        For a `batch_size` that is not an integer; for a data set without a length or samples, or with `shuffle` a plain
        list and the like, which take no array of indices.

    Notes
    -----
    The order of a pass is drawn when it starts. The same seed gives the same orders at any number of threads.

    Examples
    --------
    >>> import tilewright as tw
    >>> dataset = tw.data.TensorDataset(tw.arange(5), tw.zeros((5, 2)))
    >>> for index, features in tw.data.DataLoader(dataset, batch_size=2):
    ...     print(index, features.shape)
    tensor([0, 1]) (2, 2)
    tensor([2, 3]) (2, 2)
    tensor([4]) (1, 2)
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        generator: Generator | None = None,
    ) -> None:
        check_length("DataLoader", dataset)
        self.dataset = dataset
        self.batch_size = arguments.integer("DataLoader", "batch_size", batch_size, at_least=1)
        self.shuffle = arguments.flag("DataLoader", "shuffle", shuffle)
        self.drop_last = arguments.flag("DataLoader", "drop_last", drop_last)
        self.generator = None if generator is None else random.source("DataLoader", generator)
        if self.shuffle or isinstance(dataset, (dict, set, frozenset)):
            refuse_plain("DataLoader", dataset)

    def __len__(self) -> int:
        """Number of batches in a pass."""
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[Any]:
        order = None
        if self.shuffle:
            order = (self.generator or random.default_generator).permutation(len(self.dataset))
        return self._batches(order)

    def _batches(self, order: Any) -> Iterator[Any]:
        for i in range(len(self)):
            batch = slice(i * self.batch_size, (i + 1) * self.batch_size)
            index = batch if order is None else order[batch]
            try:
                samples = self.dataset[index]
            except (TypeError, ValueError, KeyError) as error:
                got = "a slice" if order is None else "a 1-D int64 Tensor"
                error.add_note(f"DataLoader: the data set was given {got} as its index, for a whole batch of samples")
                raise
            yield samples
