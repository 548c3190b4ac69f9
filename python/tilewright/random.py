"""Random numbers: a counter-based generator (Philox4x32-10), with NumPy's methods.

The number at a place of the result depends on the seed and the position in the stream alone, so it is the same for any
number of threads. The functions of this module draw from `default_generator`, whose seed is taken from the operating
system until `seed` sets it.

References
----------
J. Salmon, M. Moraes, R. Dror, D. Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
"""

from __future__ import annotations

import math
import operator
import os
import threading

from . import _core
from ._engine import arguments
from ._engine.dtypes import as_floating, int64
from ._engine.tensor import Tensor, asarray
from ._functions.indexing import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

__all__ = [
    "Generator",
    "bernoulli",
    "choice",
    "default_generator",
    "integers",
    "multinomial",
    "normal",
    "permutation",
    "seed",
    "standard_normal",
    "uniform",
]

_WORDS = 4  # 32-bit words at each position of a stream

_LARGEST = {
    "float16": 65504.0,
    "bfloat16": (2 - 2**-7) * 2.0**127,
    "float32": (2 - 2**-23) * 2.0**127,
    "float64": (2 - 2**-52) * 2.0**1023,
}
_COUNTED = 1 << 20  # draws that are in memory at a time, to be counted
_ROUNDED = 1e-12  # by which probabilities may sum to more than 1
_SMALL = 65504.0  # every floating dtype holds this


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
        if not isinstance(state, dict):
            arguments.refuse("Generator", "state", state, 'a dict with "seed" and "position"')
        missing = [name for name in ("seed", "position") if name not in state]
        if missing:
            raise ValueError(f"Generator: the state lacks {' and '.join(missing)}")
        seed, position = (arguments.integer("Generator", name, state[name]) for name in ("seed", "position"))
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

    def uniform(
        self, low: float = 0.0, high: float = 1.0, size: Size = None, dtype: Any = "float32", *, device: str = "cpu"
    ) -> Tensor:
        """Numbers uniform in `[low, high)`.

        Parameters
        ----------
        low, high : float
            Ends of the interval; `high` itself is never drawn.
        size : int or sequence of int, optional
            Shape; by default a single number.
        dtype : dtype-like
            Floating.
        device : str
            Where the result lies; the numbers are the same everywhere.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            Where `low` exceeds `high`, or where the dtype cannot hold one of them or their difference.
        TypeError
            For ends that are not real numbers, or a dtype that is not floating.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.random.Generator(0).uniform(-1, 1, (2, 3))
        >>> x.shape, bool((abs(x) <= 1).all())
        ((2, 3), True)
        """
        return self._uniform("uniform", low, high, size, dtype, device)

    def _uniform(self, op: str, low: Any, high: Any, size: Any, dtype: Any, device: Any) -> Tensor:
        """`uniform` under the name of the function that was called."""
        shape, count, kind = _plan(op, size, dtype)
        device = arguments.device(op, device)
        low, high = arguments.number(op, "low", low), arguments.number(op, "high", high)
        if not -_SMALL <= low <= high <= _SMALL:
            _check_range(op, low, high, kind.name)
        return asarray(_core.random_uniform(shape, kind, *self._take(count, _words(kind)), low, high, device))

    def normal(
        self, loc: float = 0.0, scale: float = 1.0, size: Size = None, dtype: Any = "float32", *, device: str = "cpu"
    ) -> Tensor:
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
        device : str
            Where the result lies; the numbers are the same everywhere.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            For a negative `scale`, for NaN or inf, or where the numbers drawn could be beyond the dtype, which 7 (in
            float64 9) standard deviations from the mean have to fit.
        TypeError
            For a mean or a deviation that is no real number, or a dtype that is not floating.

        Examples
        --------
        >>> import tilewright as tw
        >>> x = tw.random.Generator(0).normal(5, 2, 10_000)
        >>> round(x.mean().item()), round(x.std().item())
        (5, 2)
        """
        return self._normal("normal", loc, scale, size, dtype, device)

    def _normal(
        self, op: str, loc: Any, scale: Any, size: Any, dtype: Any, device: Any, names: Any = ("loc", "scale")
    ) -> Tensor:
        """`normal` under the names of the function that was called and of its parameters."""
        shape, count, kind = _plan(op, size, dtype)
        device = arguments.device(op, device)
        loc, scale = arguments.number(op, names[0], loc), arguments.number(op, names[1], scale)
        if not scale >= 0:
            raise ValueError(f"{op}: {names[1]} is {scale}, but must be at least 0")
        words = _words(kind)
        farthest = abs(loc) + (8.7 if words == 2 else 6.7) * scale  # sqrt(-2 log u), u at least 2^-54 or 2^-32
        if not (farthest <= _SMALL or farthest <= _LARGEST[kind.name]):
            raise ValueError(
                f"{op}: {names[0]} {loc} with {names[1]} {scale} gives numbers beyond {kind.name}, which holds "
                f"{-_LARGEST[kind.name]} to {_LARGEST[kind.name]}"
            )
        return asarray(_core.random_normal(shape, kind, *self._take(count, words), loc, scale, device))

    def standard_normal(self, size: Size = None, dtype: Any = "float32", *, device: str = "cpu") -> Tensor:
        """Normally distributed numbers of mean 0 and standard deviation 1.

        Parameters
        ----------
        size : int or sequence of int, optional
            Shape; by default a single number.
        dtype : dtype-like
            Floating.
        device : str
            Where the result lies; the numbers are the same everywhere.

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
        return self._normal("standard_normal", 0.0, 1.0, size, dtype, device)

    def integers(
        self, low: int, high: int | None = None, size: Size = None, *, endpoint: bool = False, device: str = "cpu"
    ) -> Tensor:
        """Integers, all equally likely.

        Parameters
        ----------
        low, high : int
            From `low` up to, but not including, `high`; with one argument, from 0 up to it.
        size : int or sequence of int, optional
            Shape; by default a single number.
        endpoint : bool
            Whether `high` itself may be drawn.
        device : str
            Where the result lies; the numbers are the same everywhere.

        Returns
        -------
        Tensor of int64, shape `size`

        Raises
        ------
        ValueError
            Where the interval is empty or does not fit int64.
        TypeError
            For ends that are not integers.

        Examples
        --------
        >>> import tilewright as tw
        >>> dice = tw.random.Generator(0).integers(1, 6, size=1000, endpoint=True)
        >>> dice.min().item(), dice.max().item()
        (1, 6)
        """
        return self._integers("integers", low, high, size, endpoint, device)

    def _integers(self, op: str, low: Any, high: Any, size: Any, endpoint: Any, device: Any) -> Tensor:
        """`integers` under the name of the function that was called."""
        if high is None:
            low, high = 0, low
        low = arguments.integer(op, "low", low)
        high = arguments.integer(op, "high", high) + arguments.flag(op, "endpoint", endpoint)
        if not -(2**63) <= low < high <= 2**63:
            ends = f"{arguments.shown(low)} and {arguments.shown(high)}"
            raise ValueError(f"{op}: no int64 lies between {ends} exclusive")
        shape, count = _shape(op, size)
        device = arguments.device(op, device)
        return asarray(_core.random_integers(shape, int64, *self._take(count, 2), low, high, device))

    def permutation(self, x: Any) -> Tensor:
        """The integers below a number, or the slices of an array along its first axis, in random order.

        Parameters
        ----------
        x : int or array-like
            The number, which may be a 0-d array of integers, or the array; it is not changed.

        Returns
        -------
        Tensor
            int64 of shape (x,), or of the shape and dtype of `x`.

        Raises
        ------
        ValueError
            For a negative number, or a 0-d array that is no integer.
        TypeError
            For what is neither an integer nor array-like.

        Examples
        --------
        >>> import tilewright as tw
        >>> order = tw.random.Generator(0).permutation(10)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
        """
        count, array = _population("permutation", "x", x)
        order = self._permutation("permutation", count, "cpu" if array is None else array.device)
        return order if array is None else take(array, order, axis=0)

    def _permutation(self, op: str, count: int, device: str) -> Tensor:
        """The integers below a number, in random order."""
        _shape(op, count)
        return asarray(_core.random_permutation(count, *self._take(count, 2), device))

    def choice(self, a: Any, size: Size = None, replace: bool = True) -> Tensor:
        """Elements drawn from an array, or from the integers below a number, all equally likely.

        Parameters
        ----------
        a : int or array-like
            What to draw from: the integers below a number, which may be a 0-d array of integers, or the slices of an
            array along its first axis.
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
            Where there is nothing, or without replacement too little, to draw from; for a negative number.
        TypeError
            For what is neither an integer nor array-like.

        Examples
        --------
        >>> import tilewright as tw
        >>> drawn = tw.random.Generator(0).choice([2, 3, 5, 7], size=2, replace=False)
        >>> drawn.shape
        (2,)
        """
        population, array = _population("choice", "a", a)
        shape, count = _shape("choice", size)
        replace = arguments.flag("choice", "replace", replace)
        if count > (population if not replace else count * (population > 0)):
            how = "with" if replace else "without"
            raise ValueError(f"choice: cannot draw {count} of {population} {how} replacement")
        device = "cpu" if array is None else array.device
        if replace:
            index = self._integers("choice", 0, max(population, 1), shape, False, device)
        else:
            index = self._permutation("choice", population, device)[:count].reshape(shape)
        return index if array is None else take(array, index, axis=0)

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

    def bernoulli(self, p: float = 0.5, size: Size = None, *, device: str = "cpu") -> Tensor:
        """True with probability `p`.

        Parameters
        ----------
        p : float
            In [0, 1]; taken to a multiple of 2**-32.
        size : int or sequence of int, optional
            Shape; by default a single one.
        device : str
            Where the result lies; the numbers are the same everywhere.

        Returns
        -------
        Tensor of bool, shape `size`

        Raises
        ------
        ValueError
            For `p` outside [0, 1].
        TypeError
            For `p` that is no real number.

        Examples
        --------
        >>> import tilewright as tw
        >>> tw.random.Generator(0).bernoulli(1.0, 3)
        tensor([ True,  True,  True])
        """
        p = arguments.probability("bernoulli", "p", p)
        shape, count = _shape("bernoulli", size)
        device = arguments.device("bernoulli", device)
        return asarray(_core.random_bernoulli(shape, *self._take(count, 1), p, device))


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


def _restore(state: dict[str, int]) -> Generator:
    generator = Generator(0)
    generator.state = state
    return generator


def _shape(op: str, size: Any) -> tuple[tuple[int, ...], int]:
    """A shape as a tuple, and its number of elements."""
    if size is None:
        return (), 1
    shape = arguments.shape(op, size, "size")
    return shape, math.prod(shape)


def _check_range(op: str, low: float, high: float, dtype: str) -> None:
    """Raise unless the dtype holds `low` and `high`, in this order, and their difference."""
    if low > high:
        raise ValueError(f"{op}: low is {low}, but must not exceed high, {high}")
    largest = _LARGEST[dtype]
    if not -largest <= low <= high <= largest:
        raise ValueError(f"{op}: low is {low} and high {high}, but {dtype} holds {-largest} to {largest}")
    if high - low > _LARGEST["float64" if dtype == "float64" else "float32"]:  # what the kernel computes in
        raise ValueError(f"{op}: the width of the range from {low} to {high} is beyond {dtype}")


def _plan(op: str, size: Any, dtype: Any) -> tuple[tuple[int, ...], int, Any]:
    return *_shape(op, size), as_floating(op, dtype)


def _population(op: str, name: str, value: Any) -> tuple[int, Tensor | None]:
    """How many there are to draw from, and the array whose slices they are; None for the integers below a number."""
    if getattr(value, "ndim", 0) == 0 and hasattr(value, "__index__"):
        try:
            return arguments.integer(op, name, operator.index(value), at_least=0), None
        except TypeError:  # a 0-d array of floats
            pass
    array = arguments.array(op, name, value)
    if not array.ndim:
        raise ValueError(f"{op}: {name} is a 0-d array of dtype {array.dtype.name}, which has no slices")
    return len(array), array


def source(op: str, generator: Generator | None) -> Generator:
    """What to draw from where an argument `generator` was given or left out."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        arguments.refuse(op, "generator", generator, "a Generator or None")
    return generator


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
multinomial = default_generator.multinomial
bernoulli = default_generator.bernoulli
