"""Probabilities of m-grams from their counts. All smoothings end in one form, that of ARPA files:

    p(w | c) = table[c w]                     where the m-gram c w was seen,
               left[c] * p(w | c')            where c was and c w was not; c' is c without its first token,
               p(w | c')                      where c was not seen.

Below the unigrams stands the uniform distribution. Each function returns for each level the table, an entry for each
m-gram, and `left`, an entry for each m-gram of the level before. The last entry, -1, is for those that were not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._counts import Array, Level

_CUTOFF = 5  # counts above are taken as they are: Katz
_NO_ESTIMATE = 0.5  # the discount where there are no m-grams that were seen once, or none that were seen twice


class Table(NamedTuple):
    """Of one level."""

    table: Array
    left: Array


def _closed(table: Array, left: Array) -> Table:
    import numpy as np

    return Table(np.append(table, 0.0), np.append(left, 1.0))


def _sums(level: Level, values: Array, contexts: int) -> Array:
    """Of each context over what was seen behind it."""
    import numpy as np

    return np.bincount(level.parent, weights=values, minlength=contexts)


def _sizes(levels: list[Level]) -> list[int]:
    """Contexts of each level: nodes of the one before."""
    return [1, *[len(level.keys) for level in levels[:-1]]]


def _interpolated(levels: list[Level], shares: list[Array], vocab_size: int) -> list[Table]:
    """p(w | c) = share(c w) + left(c) p(w | c'), where left is what the shares behind c leave of 1."""
    import numpy as np

    lower, tables = np.full(1, 1 / vocab_size), []
    for level, share, contexts in zip(levels, shares, _sizes(levels), strict=True):
        left = np.maximum(1 - _sums(level, share, contexts), 0.0)
        lower = share + left[level.parent] * lower[level.suffix]
        tables.append(_closed(lower, left))
    return tables


def add_k(levels: list[Level], vocab_size: int, k: float) -> list[Table]:
    """Each token as if it had been seen k times more; unseen ones share `left` evenly, whatever comes behind c'."""
    tables = []
    for level, contexts in zip(levels, _sizes(levels), strict=True):
        totals = _sums(level, level.counts, contexts) + k * vocab_size
        tables.append(_closed((level.counts + k) / totals[level.parent], k * vocab_size / totals))
    return tables


def jelinek_mercer(levels: list[Level], vocab_size: int, weights: Sequence[float]) -> list[Table]:
    shares = []
    for level, weight, contexts in zip(levels, weights, _sizes(levels), strict=True):
        shares.append(weight * level.counts / _sums(level, level.counts, contexts)[level.parent])
    return _interpolated(levels, shares, vocab_size)


def kneser_ney(levels: list[Level], vocab_size: int, modified: bool, discount: float | None) -> list[Table]:
    import numpy as np

    shares = []
    for m, (level, contexts) in enumerate(zip(levels, _sizes(levels), strict=True)):
        longest = m + 1 == len(levels)  # the others count before how many different tokens they were seen
        counts = level.counts if longest else np.bincount(levels[m + 1].suffix, minlength=len(level.keys))
        by_count = np.array([0.0, *(_discounts(counts, modified) if discount is None else (discount,) * 3)])
        lowered = np.maximum(counts - by_count[np.minimum(counts, 3)], 0.0)
        totals = _sums(level, counts, contexts)[level.parent]
        shares.append(np.divide(lowered, totals, out=np.zeros(len(counts)), where=totals > 0))
    return _interpolated(levels, shares, vocab_size)


def _discounts(counts: Array, modified: bool) -> tuple[float, float, float]:
    """What is taken from counts of 1, 2, and 3 or more."""
    n1, n2, n3, n4 = [int((counts == r).sum()) for r in range(1, 5)]
    if not (n1 and n2):
        return (_NO_ESTIMATE,) * 3
    y = n1 / (n1 + 2 * n2)
    if modified and n3 and n4:
        three = (1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3)
        if min(three) > 0:
            return three
    return (y,) * 3


def katz(levels: list[Level], vocab_size: int) -> list[Table]:
    import numpy as np

    lower, tables = np.full(1, 1 / vocab_size), []
    for level, contexts in zip(levels, _sizes(levels), strict=True):
        ratios = _good_turing(level.counts)[np.minimum(level.counts, _CUTOFF + 1)]
        children = np.bincount(level.parent, minlength=contexts)
        whole = children == vocab_size  # there is no other token that could take what is left
        undiscounted = _sums(level, ratios < 1, contexts) == 0
        totals = _sums(level, level.counts, contexts) + (undiscounted & ~whole)
        share = ratios * level.counts / totals[level.parent]
        share /= np.where(whole, _sums(level, share, contexts), 1.0)[level.parent]
        rest: Array = 1 - _sums(level, lower[level.suffix], contexts)
        left = np.divide(1 - _sums(level, share, contexts), rest, out=np.zeros(contexts), where=~whole)
        tables.append(_closed(share, left))
        lower = share
    return tables


def _good_turing(counts: Array) -> Array:
    """The discount ratio of each count from 0 to the cutoff and one more, for all above it."""
    import numpy as np

    n = [int((counts == r).sum()) for r in range(_CUTOFF + 2)]
    for cutoff in range(_CUTOFF, 1, -1):
        if not all(n[1 : cutoff + 1]):
            continue
        beyond = (cutoff + 1) * n[cutoff + 1] / n[1]  # expected share of the singletons that stays with larger counts
        if beyond < 1:
            ratios = [((r + 1) * n[r + 1] / (r * n[r]) - beyond) / (1 - beyond) for r in range(1, cutoff + 1)]
            if all(0 < ratio < 1 for ratio in ratios):
                return np.array([1.0, *ratios, *[1.0] * (_CUTOFF + 1 - cutoff)])
    return np.ones(_CUTOFF + 2)
