"""The caching allocator behind every array: what it holds, and how to make it let go."""

from __future__ import annotations

from ._core import (
    memory_release_cached as _release,
    memory_reset_peak as _reset_peak,
    memory_set_cache_limit as _set_limit,
    memory_stats as _stats,
)
from ._engine.arguments import integer

__all__ = ["release_cached", "reset_peak", "set_cache_limit", "stats"]


def stats() -> dict[str, int]:
    """Counters of the allocator.

    Returns
    -------
    dict of str to int
        `in_use`, `peak`, `cached` and `cache_limit` in bytes; `allocations`, and of those `reuses`, served from the
        cache.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.zeros((256, 256))
    >>> tw.memory.stats()["in_use"] >= x.nbytes
    True
    """
    return _stats()


def reset_peak() -> None:
    """Let `peak` start again from what is in use now.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.memory.reset_peak()
    """
    _reset_peak()


def set_cache_limit(nbytes: int) -> None:
    """Cap the bytes held for reuse; what is above is given back at once.

    Parameters
    ----------
    nbytes : int
        The cap. 0 turns caching off.

    Raises
    ------
    ValueError
        Where it is negative.
    TypeError
        Where it is not an integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.memory.set_cache_limit(256 << 20)
    """
    nbytes = integer("memory.set_cache_limit", "nbytes", nbytes, at_least=0)
    _set_limit(min(nbytes, 2**63 - 1))


def release_cached() -> None:
    """Give everything held for reuse back to the system.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.memory.release_cached()
    >>> tw.memory.stats()["cached"]
    0
    """
    _release()
