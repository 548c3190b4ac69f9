"""The generator: all methods together."""

from __future__ import annotations

from .._engine import arguments
from ._gammas import Gammas
from ._multivariate import Multivariate
from ._orders import Orders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Generator(Orders, Multivariate, Gammas):
    """A stream of random numbers.

    Each call takes the next numbers of the stream, in whole positions of four 32-bit words: four elements of float32,
    two of float64 or int64. Several threads may draw from one generator; which of them gets which numbers is then a
    matter of chance.

    Parameters
    ----------
    seed : int, optional
        From 0 to 2**64 - 1; by default taken from the operating system.

    Raises
    ------
    TypeError
        For a seed that is not an integer.
    ValueError
        For a seed out of range.

    Examples
    --------
    >>> import tilewright as tw
    >>> a, b = tw.random.Generator(7), tw.random.Generator(7)
    >>> bool((a.normal(size=100) == b.normal(size=100)).all())
    True
    """

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.state,)


def _restore(state: dict[str, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


def source(op: str, generator: Generator | None) -> Generator:
    """What to draw from where an argument `generator` was given or left out."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        arguments.refuse(op, "generator", generator, "a Generator or None")
    return generator


def default_rng(seed: int | Generator | None = None) -> Generator:
    """A generator of random numbers.

    Parameters
    ----------
    seed : int or Generator, optional
        From 0 to 2**64 - 1, by default taken from the operating system; a generator is returned as it is.

    Returns
    -------
    Generator

    Raises
    ------
    TypeError
        For a seed that is neither.
    ValueError
        For a seed out of range.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.random.default_rng(7)
    Generator(seed=7, position=0)
    """
    return seed if isinstance(seed, Generator) else Generator(seed)


default_generator = Generator()
