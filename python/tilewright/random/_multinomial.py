"""Counts of classes."""

from __future__ import annotations

import math

from .. import _core
from .._engine import arguments
from .._engine.dtypes import int64
from .._engine.tensor import Tensor, asarray
from ._stream import Stream, _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

_COUNTED = 1 << 20  # draws that are in memory at a time, to be counted
_ROUNDED = 1e-12  # by which probabilities may sum to more than 1


class Multinomial(Stream):
    """Methods of `Generator`."""

    __slots__ = ()

    def multinomial(self, n: int, pvals: Any, size: Size = None) -> Tensor:
        """How often each class comes in `n` independent draws.

        `tilewright.multinomial` gives the classes drawn.

        Parameters
        ----------
        n : int
            Draws of an experiment, at most 2**30.
        pvals : array-like, shape (classes,)
            Probabilities; the last is what the others leave of 1, whatever is given for it.
        size : int or sequence of int, optional
            Experiments; by default a single one.

        Returns
        -------
        Tensor of int64, shape `size` and (classes,)
            Each row sums to `n`.

        Raises
        ------
        ValueError
            For an `n` that is negative or too large, a probability that is negative or NaN, or where all but the last
            sum to more than 1.
        TypeError
            For an `n` that is no integer or `pvals` that are no real numbers.

        Notes
        -----
        Takes time in proportion to `n`: the draws are made and counted.

        Examples
        --------
        >>> import tilewright as tw
        >>> counts = tw.random.Generator(0).multinomial(60, [1 / 6] * 6, size=3)
        >>> counts.shape, counts.sum(1).tolist()
        ((3, 6), [60, 60, 60])
        """
        n = arguments.integer("multinomial", "n", n, at_least=0, at_most=1 << 30)
        weights = _last_is_the_rest("multinomial", pvals)
        shape, experiments = _shape("multinomial", size)
        counts = _core.full((experiments, len(weights)), 0, int64)
        rows = _core.broadcast_to(asarray(weights, "float64")._array, counts.shape)
        left = n if experiments else 0
        while left:  # a part at a time, for the draws are in memory
            draws = min(left, max(1, _COUNTED // experiments))
            drawn = _core.multinomial(rows, draws, True, *self._take(experiments * draws, 2))
            counts = _core.scatter_add(counts, 1, drawn, 1)
            left -= draws
        return asarray(counts).reshape((*shape, len(weights)))


def _last_is_the_rest(op: str, pvals: Any) -> list[float]:
    """Probabilities as a list, of which the last is what is missing from 1."""
    given = arguments.array(op, "pvals", pvals)
    if given.ndim != 1 or not given.size:
        raise ValueError(f"{op}: pvals has shape {given.shape}, but must be 1-D with at least one class")
    if given.dtype.is_complex:
        raise TypeError(f"{op}: pvals has dtype {given.dtype.name}, but must be real")
    listed = [float(p) for p in given.tolist()]
    for i, p in enumerate(listed):
        if not 0 <= p <= 1 + _ROUNDED:
            raise ValueError(f"{op}: pvals[{i}] is {p}, but must be a probability")
    others = math.fsum(listed[:-1])
    if others > 1 + _ROUNDED:
        raise ValueError(f"{op}: pvals but for the last sum to {others}, which is more than 1")
    return [*listed[:-1], max(0.0, 1 - others)]
