"""Random numbers: a counter-based generator (Philox4x32-10), with NumPy's methods.

The number at a place of the result depends on the seed and the position in the stream alone, so it is the same for any
number of threads. The functions of this module draw from `default_generator`, whose seed is taken from the operating
system until `seed` sets it.

References
----------
J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

import operator
import os
import threading
from typing import TYPE_CHECKING, Any

from . import _core
from ._dtypes import as_dtype, int64
from ._indexing import take
from ._tensor import Tensor, asarray

if TYPE_CHECKING:
    from collections.abc import Sequence

    Size = int | Sequence[int] | None

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "default_generator",
    "integers",
    "normal",
    "permutation",
    "seed",
    "standard_normal",
    "uniform",
]

_WORDS = 4  # 32-bit words at each position of a stream


class Generator:
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

    __slots__ = ("_lock", "_position", "_seed")

    def __init__(self, seed: int | None = None) -> None:
        self._lock = threading.Lock()
        self.seed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed}, position={self._position})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.state,)

    def seed(self, seed: int) -> None:
        """Go to the start of the stream of a seed.

        Parameters
        ----------
        seed : int
            From 0 to 2**64 - 1.

        Raises
        ------
        TypeError
            For a seed that is not an integer.
        ValueError
            For a seed out of range.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.seed(0)
        """
        self.state = {"seed": seed, "position": 0}

    @property
    def state(self) -> dict[str, int]:
        """The seed and the position of the next number, to come back to; settable."""
        with self._lock:
            return {"seed": self._seed, "position": self._position}

    @state.setter
    def state(self, state: dict[str, int]) -> None:
        seed, position = (operator.index(state[name]) for name in ("seed", "position"))
        if not (0 <= seed < 2**64 and 0 <= position < 2**64):
            raise ValueError(f"Generator: seed {seed} and position {position} must lie between 0 and 2**64 - 1")
        with self._lock:
            self._seed, self._position = seed, position

    def _take(self, elements: int, words: int) -> tuple[int, int]:
        """Seed and position for a call that takes so many elements, of so many words each; moves on past them."""
        with self._lock:
            start = self._position
            self._position = (start + (elements * words + _WORDS - 1) // _WORDS) % 2**64
            return self._seed, start

    def uniform(self, low: float = 0.0, high: float = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Numbers uniform in `[low, high)`.

        Parameters
        ----------
        low, high : float
            Ends of the interval; `high` itself is never drawn.
        size : int or sequence of int, optional
            Shape; by default a single number.
        dtype : dtype-like
            Floating.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            Where `low` exceeds `high`, or one is not finite.
        TypeError
            For a dtype that is not floating.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.random.Generator(0).uniform(-1, 1, (2, 3))
        >>> x.shape, bool((abs(x) <= 1).all())
        ((2, 3), True)
        """
        shape, count, kind = _plan(size, dtype)
        return asarray(_core.random_uniform(shape, kind, *self._take(count, _words(kind)), low, high))

    def normal(self, loc: float = 0.0, scale: float = 1.0, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Normally distributed numbers.

        Parameters
        ----------
        loc : float
            Mean.
        scale : float
            Standard deviation.
        size : int or sequence of int, optional
            Shape; by default a single number.
        dtype : dtype-like
            Floating.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a negative `scale`, or one that is not finite.
        TypeError
            For a dtype that is not floating.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.random.Generator(0).normal(5, 2, 10_000)
        >>> round(x.mean().item()), round(x.std().item())
        (5, 2)
        """
        shape, count, kind = _plan(size, dtype)
        return asarray(_core.random_normal(shape, kind, *self._take(count, _words(kind)), loc, scale))

    def standard_normal(self, size: Size = None, dtype: Any = "float32") -> Tensor:
        """Normally distributed numbers of mean 0 and standard deviation 1.

        Parameters
        ----------
        size : int or sequence of int, optional
            Shape; by default a single number.
        dtype : dtype-like
            Floating.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        TypeError
            For a dtype that is not floating.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).standard_normal((2, 3)).shape
        (2, 3)
        """
        return self.normal(0.0, 1.0, size, dtype)

    def integers(self, low: int, high: int | None = None, size: Size = None, *, endpoint: bool = False) -> Tensor:
        """Integers, all equally likely.

        Parameters
        ----------
        low, high : int
            From `low` up to, but not including, `high`; with one argument, from 0 up to it.
        size : int or sequence of int, optional
            Shape; by default a single number.
        endpoint : bool
            Whether `high` itself may be drawn.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            Where the interval is empty or does not fit int64.

        Examples
        --------
        >>> import tilewright as tw
        >>> dice = tw.random.Generator(0).integers(1, 6, size=1000, endpoint=True)
        >>> dice.min().item(), dice.max().item()
        (1, 6)
        """
        if high is None:
            low, high = 0, low
        low, high = operator.index(low), operator.index(high) + endpoint
        if not -(2**63) <= low < high <= 2**63:
            raise ValueError(f"integers: no int64 lies between {low} and {high} exclusive")
        shape, count = _shape(size)
        return asarray(_core.random_integers(shape, int64, *self._take(count, 2), low, high))

    def permutation(self, x: Any) -> Tensor:
        """The integers below a number, or the slices of an array along its first axis, in random order.

        Parameters
        ----------
        x : int or array-like
            The number, or the array; it is not changed.

        Returns
        -------
        Tensor
            int64 of shape (x,), or of the shape and dtype of `x`.

        Raises
        ------
        ValueError
            For a negative number, or a 0-d array.

        Examples
        --------
        >>> import tilewright as tw
        >>> order = tw.random.Generator(0).permutation(10)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
        """
        if isinstance(x, int):
            if x < 0:
                raise ValueError(f"permutation: got {x}, but needs a number of at least 0")
            return asarray(_core.random_permutation(x, *self._take(x, 2)))
        x = asarray(x)
        if not x.ndim:
            raise ValueError("permutation: a 0-d array has no slices to reorder")
        return take(x, self.permutation(len(x)), axis=0)

    def choice(self, a: Any, size: Size = None, replace: bool = True) -> Tensor:
        """Elements drawn from an array, or from the integers below a number, all equally likely.

        Parameters
        ----------
        a : int or array-like
            What to draw from: of an array, the slices along its first axis.
        size : int or sequence of int, optional
            How many; by default one.
        replace : bool
            Whether one may be drawn more than once.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            Where there is nothing, or without replacement too little, to draw from.

        Examples
        --------
        >>> import tilewright as tw
        >>> drawn = tw.random.Generator(0).choice([2, 3, 5, 7], size=2, replace=False)
        >>> drawn.shape
        (2,)
        """
        population = a if isinstance(a, int) else len(asarray(a))
        shape, count = _shape(size)
        if count > (population if not replace else count * (population > 0)):
            how = "with" if replace else "without"
            raise ValueError(f"choice: cannot draw {count} of {population} {how} replacement")
        if replace:
            index = self.integers(0, max(population, 1), shape)
        else:
            index = self.permutation(population)[:count].reshape(shape)
        return index if isinstance(a, int) else take(asarray(a), index, axis=0)

    def bernoulli(self, p: float = 0.5, size: Size = None) -> Tensor:
        """True with probability `p`.

        Parameters
        ----------
        p : float
            In [0, 1]; taken to a multiple of 2**-32.
        size : int or sequence of int, optional
            Shape; by default a single one.

        Returns
        -------
        Tensor of bool, shape `size`

        Raises
        ------
        ValueError
            For `p` outside [0, 1].

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).bernoulli(1.0, 3)
        tensor([ True,  True,  True])
        """
        shape, count = _shape(size)
        return asarray(_core.random_bernoulli(shape, *self._take(count, 1), p))


def _restore(state: dict[str, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


def _shape(size: Size) -> tuple[tuple[int, ...], int]:
    """A shape as a tuple, and its number of elements."""
    shape = () if size is None else (size,) if isinstance(size, int) else tuple([operator.index(n) for n in size])
    count = 1
    for extent in shape:
        if extent < 0:
            raise ValueError(f"random: size {shape} has a negative length")
        count *= extent
    return shape, count


def _plan(size: Size, dtype: Any) -> tuple[tuple[int, ...], int, Any]:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise TypeError(f"random: dtype is {kind.name}, but must be floating")
    return *_shape(size), kind


def _words(dtype: Any) -> int:
    return 2 if dtype.itemsize == 8 else 1


default_generator = Generator()

seed = default_generator.seed
uniform = default_generator.uniform
normal = default_generator.normal
standard_normal = default_generator.standard_normal
integers = default_generator.integers
permutation = default_generator.permutation
choice = default_generator.choice
bernoulli = default_generator.bernoulli
