"""Counts of m-grams, as a tree in arrays: a level for each m, whose nodes are the different m-grams that were seen.

A node is known by its key, `parent * V + token`: the node of its first m - 1 tokens on the level before, and the last
token. Keys ascend, so children of a node are neighbours, and a search finds one. Level 0 has one node, the empty
context.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


class Level(NamedTuple):
    """The m-grams of one m; arrays of their number N."""

    keys: Array
    parent: Array  # on the level before: without the last token
    suffix: Array  # on the level before: without the first token
    counts: Array


def positions(sequences: list[Array]) -> tuple[Array, Array]:
    """All tokens one behind another, and how many of the same sequence stand before each."""
    import numpy as np

    before = [np.arange(len(sequence)) for sequence in sequences]
    return np.concatenate([*sequences, np.empty(0, np.int64)]), np.concatenate([*before, np.empty(0, np.int64)])


def count(sequences: list[Array], order: int, vocab_size: int) -> list[Level]:
    """The levels 1 to `order`. No m-gram reaches over the end of a sequence."""
    import numpy as np

    tokens, before = positions(sequences)
    ends: Array = np.zeros(len(tokens), np.int64)  # the node of the m - 1 tokens that end at a place
    levels = []
    for m in range(1, order + 1):
        place = np.flatnonzero(before >= m - 1)
        keys, first, node, counts = np.unique(
            ends[place - 1] * vocab_size + tokens[place], return_index=True, return_inverse=True, return_counts=True
        )
        levels.append(Level(keys, keys // vocab_size, ends[place[first]], counts))
        ends = np.full(len(tokens), -1)
        ends[place] = node
    return levels


def find(levels: list[Level], sequence: Array, vocab_size: int) -> list[Array]:
    """For each level the nodes of the m-grams that end at each token: -1 where they were not seen, or reach too far."""
    import numpy as np

    ends: list[Array] = [np.zeros(len(sequence), np.int64)]
    for m, level in enumerate(levels, 1):
        parent = ends[0] if m == 1 else np.concatenate([[-1], ends[-1][:-1]])
        ends.append(child(level, parent, sequence, vocab_size))
    return ends[1:]


def child(level: Level, parent: Array, token: Array, vocab_size: int) -> Array:
    """The nodes below `parent`, each with its token; -1 where there is none."""
    import numpy as np

    keys = np.where(parent < 0, -1, parent * vocab_size + token)
    place = np.minimum(np.searchsorted(level.keys, keys), max(len(level.keys) - 1, 0))
    return np.where(level.keys[place] == keys, place, -1) if len(level.keys) else np.full(len(keys), -1)
