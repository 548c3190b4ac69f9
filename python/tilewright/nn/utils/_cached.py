"""Parametrized attributes that are computed once within a `with` block."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

from ..._engine.tape import OFF, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .parametrize import ParametrizationList


class _Cache(threading.local):
    """Per thread: what was computed within `cached()`, with what it was computed from."""

    depth = 0
    values: dict[tuple[int, bool], tuple[ParametrizationList, list[Any], Any]] | None = None

    def get(self, parametrized: ParametrizationList) -> Any:
        """The value, computed again where what is learned was written to or replaced, or it is recorded only now."""
        key = id(parametrized), state.mode != OFF
        stamp = [part for x in parametrized.originals for part in (x._array, x._node, x._array.last_write)]
        values = self.values if self.values is not None else {}
        if key in values:
            _, before, value = values[key]
            if all(a is b or (type(a) is int and a == b) for a, b in zip(stamp, before, strict=True)):
                return value
        value = parametrized()
        values[key] = parametrized, stamp, value  # the list is kept, so that its id stays its own
        return value


cache = _Cache()


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized attribute once within a `with` block, however often it is used.

    Returns
    -------
    context manager
        For this thread. Worth it where a weight is used several times in a pass, as in a recurrence.

    Notes
    -----
    Where what is learned is written to, as an optimiser does, replaced or frozen, it is computed again at the next use.
    Writes through NumPy arrays that share its memory are not noticed. All uses are one part of the graph: a second
    backward pass through it needs `retain_graph=True` in the first.

    Examples
    --------
    >>> from tilewright import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(3, 2))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    >>> layer.weight is layer.weight
    False
    """
    cache.depth += 1
    if cache.values is None:
        cache.values = {}
    try:
        yield
    finally:
        cache.depth -= 1
        if not cache.depth:
            cache.values = None
