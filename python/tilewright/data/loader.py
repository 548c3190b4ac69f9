"""DataLoader: batches of a data set in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.manipulation import astype
from ._prefetch import ahead
from .dataset import check_length, refuse_plain
from .samplers import RandomSampler, Sampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    sampler : Sampler, or iterable of int with a length, optional
        The samples of a pass and their order, in place of `shuffle`.
    transform : callable, optional
        Takes a batch and gives the one that is seen: for instance a random change of its images.
    prefetch : int
        So many batches are made ahead, in a thread. They are the same as without. Whatever is random in the making of
        a batch, such as a transform, then needs a generator of its own.

    Raises
    ------
    ValueError
        For a `batch_size` that is not positive, a negative `prefetch`, `shuffle` or `generator` beside a sampler, and
        with `prefetch` for a transform without a generator of its own.
    TypeError
        For a `batch_size` that is not an integer; for a data set without a length or samples, or with `shuffle` or a
        sampler a plain list and the like, which take no array of indices; for a sampler without a length.

    Notes
    -----
    The order of a pass is drawn when it starts. The same seed gives the same orders at any number of threads.

    `state_dict` has the position in the pass that started last, and the generators' states. Generators are found as the
    `generator` of this loader, its sampler, its data set and its transform, and of whatever these have as `dataset`,
    `transform` or `transforms`.

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
        sampler: Sampler | Iterable[int] | None = None,
        transform: Callable[[Any], Any] | None = None,
        prefetch: int = 0,
    ) -> None:
        op = "DataLoader"
        check_length(op, dataset)
        self.dataset = dataset
        self.batch_size = arguments.integer(op, "batch_size", batch_size, at_least=1)
        self.shuffle = arguments.flag(op, "shuffle", shuffle)
        self.drop_last = arguments.flag(op, "drop_last", drop_last)
        self.generator = None if generator is None else random.source(op, generator)
        if sampler is not None:
            if not hasattr(sampler, "__len__") or not hasattr(sampler, "__iter__"):
                arguments.refuse(op, "sampler", sampler, "a Sampler, or an iterable of indices with a length")
            if self.shuffle or generator is not None:
                raise ValueError(f"{op}: shuffle and generator stand beside a sampler, which has the order")
        self.sampler: Any = RandomSampler(dataset, generator=generator) if self.shuffle else sampler
        self.transform = None if transform is None else arguments.function(op, "transform", transform)
        self.prefetch = arguments.integer(op, "prefetch", prefetch, at_least=0)
        if self.sampler is not None or isinstance(dataset, (dict, set, frozenset)):
            refuse_plain(op, dataset)
        if self.prefetch:
            _require_own(op, (dataset, transform))
        self._pass: _Pass | None = None  # the one that started last, if it goes on
        self._next: _Pass | None = None  # the one to go on with, from `load_state_dict`

    def __len__(self) -> int:
        """Number of batches in a pass."""
        full, rest = divmod(len(self.dataset if self.sampler is None else self.sampler), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[Any]:
        if self._next is None:
            self._pass = _Pass(None if self.sampler is None else _order(self.sampler), 0)
        else:
            self._pass, self._next = self._next, None
        return self._given(self._pass)

    def _given(self, current: _Pass) -> Iterator[Any]:
        """The batches of a pass, which counts them."""
        for batch in self._fetched(current) if self.prefetch else self._batches(current):
            current.position += 1
            yield batch
        current.states = None
        if self._pass is current:
            self._pass = None

    def _batches(self, current: _Pass) -> Iterator[Any]:
        order = current.order
        for i in range(current.position, len(self)):
            batch = slice(i * self.batch_size, (i + 1) * self.batch_size)
            index = batch if order is None else order[batch]
            try:
                samples = self.dataset[index]
            except (TypeError, ValueError, KeyError) as error:
                got = "a slice" if order is None else "a 1-D int64 Tensor"
                error.add_note(f"DataLoader: the data set was given {got} as its index, for a whole batch of samples")
                raise
            yield samples if self.transform is None else self.transform(samples)

    def _fetched(self, current: _Pass) -> Iterator[Any]:
        """The batches, made ahead. Generators are then ahead of the batches that were given; their states are kept."""
        sources = _generators((self.dataset, self.transform))
        current.states = [source.state for source in sources]
        made = ahead(((batch, [source.state for source in sources]) for batch in self._batches(current)), self.prefetch)
        try:
            for batch, current.states in made:
                yield batch
        finally:
            made.close()
            for source, state in zip(sources, current.states or [], strict=False):
                source.state = state  # an abandoned pass leaves them where its last batch did

    # ---- state -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Where the pass that started last is, and the states of the generators.

        Returns
        -------
        dict
            "position": how many batches it gave, None where no pass is under way; "order": its samples, an int64
            Tensor, or None for the data set's order; "generators": list of states.

        Examples
        --------
        >>> import tilewright as tw
        >>> loader = tw.data.DataLoader(tw.data.TensorDataset(tw.arange(6)), batch_size=2, shuffle=True)
        >>> batches = iter(loader)
        >>> first = next(batches)
        >>> state = loader.state_dict()
        >>> rest = [index.tolist() for (index,) in batches]
        >>> loader.load_state_dict(state)
        >>> [index.tolist() for (index,) in loader] == rest
        True
        """
        current = self._next or self._pass
        early = current.states if current is not None else None
        states = [source.state for source in _generators((self.sampler, self.generator))]
        if early is None:
            early = [source.state for source in _generators((self.dataset, self.transform))]
        if current is None:
            return {"position": None, "order": None, "generators": [*states, *early]}
        return {"position": current.position, "order": current.order, "generators": [*states, *early]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Have the next pass go on where another one was.

        Parameters
        ----------
        state_dict : dict
            From `state_dict`, of a loader that was made alike.

        Raises
        ------
        ValueError
            Where something is missing, or does not fit this loader.
        TypeError
            For anything but such a dict, and for values of another kind.
        """
        op = "DataLoader.load_state_dict"
        if not isinstance(state_dict, dict):
            arguments.refuse(op, "state_dict", state_dict, 'a dict with "position", "order" and "generators"')
        missing = [name for name in ("position", "order", "generators") if name not in state_dict]
        if missing:
            raise ValueError(f"{op}: the state_dict lacks {' and '.join(missing)}")
        position, order = state_dict["position"], state_dict["order"]
        states = arguments.entries(op, "generators", state_dict["generators"], "a list of states")
        sources = _generators((self.sampler, self.generator)) + _generators((self.dataset, self.transform))
        if len(states) != len(sources):
            raise ValueError(f"{op}: there are {len(states)} states of generators, but the loader has {len(sources)}")
        resumed = None
        if position is not None:
            position = arguments.integer(op, "position", position, at_least=0, at_most=len(self))
            resumed = _Pass(_checked_order(op, order, self), position)
        before = [source.state for source in sources]
        try:
            for source, state in zip(sources, states, strict=True):
                source.state = state
        except (TypeError, ValueError):
            for source, state in zip(sources, before, strict=True):
                source.state = state
            raise
        self._next, self._pass = resumed, None


class _Pass:
    """One pass: the order of its samples, how many batches it gave, and where generators were then, if not there."""

    def __init__(self, order: Tensor | None, position: int) -> None:
        self.order = order
        self.position = position
        self.states: list[dict[str, int]] | None = None


def _order(sampler: Any) -> Tensor:
    """The samples of a pass."""
    if isinstance(sampler, Sampler):
        return sampler.draw()
    return _indices_of("DataLoader", list(sampler))


def _indices_of(op: str, given: Any) -> Tensor:
    order = asarray(given) if len(given) else asarray([], "int64")
    if not order.dtype.is_integer or order.ndim != 1:
        raise TypeError(f"{op}: the sampler gave {order.dtype.name} of shape {order.shape}, but must give integers")
    return astype(order, "int64")


def _checked_order(op: str, order: Any, loader: DataLoader) -> Tensor | None:
    if (order is None) != (loader.sampler is None):
        raise ValueError(f"{op}: the state is of a loader {'without' if order is None else 'with'} an order of its own")
    if order is None:
        return None
    indices = arguments.array(op, "order", order)
    if not indices.dtype.is_integer or indices.shape != (len(loader.sampler),):
        needed = f"{len(loader.sampler)} integers"
        raise ValueError(f"{op}: order is {indices.dtype.name} of shape {indices.shape}, but must be {needed}")
    return astype(indices, "int64")


_PARTS = ("dataset", "transform", "transforms")


def _walk(things: Iterable[Any]) -> Iterator[Any]:
    """Samplers, data sets and transforms, and those within them."""
    seen = set()
    left = list(things)
    while left:
        thing = left.pop(0)
        if thing is None or id(thing) in seen:
            continue
        seen.add(id(thing))
        yield thing
        if isinstance(thing, (list, tuple)) and not isinstance(thing, str):
            left += [entry for entry in thing if callable(entry)]
        else:
            left += [getattr(thing, part, None) for part in _PARTS]


def _generators(things: Iterable[Any]) -> list[Generator]:
    """Their generators, each once, but not the default one, whose state is everyone's."""
    found: dict[int, Generator] = {}
    for thing in _walk(things):
        source = thing if isinstance(thing, random.Generator) else getattr(thing, "generator", None)
        if isinstance(source, random.Generator) and source is not random.default_generator:
            found[id(source)] = source
    return list(found.values())


def _require_own(op: str, things: Iterable[Any]) -> None:
    for thing in _walk(things):
        if hasattr(thing, "generator") and thing.generator in (None, random.default_generator):
            name = type(thing).__name__
            raise ValueError(f"{op}: {name} draws from the default generator, but with prefetch needs one of its own")
