"""Uniform and normal numbers, integers, and bools: a kernel each; and where parameters are arrays, made from those."""

from __future__ import annotations

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_dtype, as_floating, int64, integer_range
from .._engine.tensor import Tensor, asarray
from .._functions import manipulation as mp, reductions as red
from ._parameters import ANY, NOT_NEGATIVE, Draws, parameter, shaped, together
from ._stream import _plan, _shape, _words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    Size = int | Sequence[int] | None

_LARGEST = {
    "float16": 65504.0,
    "bfloat16": (2 - 2**-7) * 2.0**127,
    "float32": (2 - 2**-23) * 2.0**127,
    "float64": (2 - 2**-52) * 2.0**1023,
}
_SMALL = 65504.0  # every floating dtype holds this


class Basic(Draws):
    """Methods of `Generator`."""

    __slots__ = ()

    def uniform(
        self, low: Any = 0.0, high: Any = 1.0, size: Size = None, dtype: Any = "float32", *, device: str = "cpu"
    ) -> Tensor:
        """Numbers uniform in `[low, high)`.

        Parameters
        ----------
        low, high : float or array-like
            Ends of the interval; `high` itself is never drawn, but by rounding between arrays of ends.
        size : int or sequence of int, optional
            Shape; by default that of the ends together, or a single number.
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
        if _several(low, high):
            kind, device = as_floating("uniform", dtype), arguments.device("uniform", device)
            low, high = parameter("uniform", "low", low, ANY), parameter("uniform", "high", high, ANY)
            shape, count, (low, high) = together("uniform", size, low, high)
            if not red.all(high - low >= 0):
                raise ValueError("uniform: low must not exceed high")
            return shaped(low + (high - low) * self._fractions(count), shape, kind).to(device)
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
        self, loc: Any = 0.0, scale: Any = 1.0, size: Size = None, dtype: Any = "float32", *, device: str = "cpu"
    ) -> Tensor:
        """Normally distributed numbers.

        Parameters
        ----------
        loc : float or array-like
            Mean.
        scale : float or array-like
            Standard deviation.
        size : int or sequence of int, optional
            Shape; by default that of the two together, or a single number.
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
        if _several(loc, scale):
            kind, device = as_floating("normal", dtype), arguments.device("normal", device)
            loc, scale = parameter("normal", "loc", loc, ANY), parameter("normal", "scale", scale, NOT_NEGATIVE)
            shape, count, (loc, scale) = together("normal", size, loc, scale)
            return shaped(loc + scale * self._normals(count), shape, kind).to(device)
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
        self,
        low: Any,
        high: Any = None,
        size: Size = None,
        dtype: Any = "int64",
        endpoint: bool = False,
        *,
        device: str = "cpu",
    ) -> Tensor:
        """Integers, all equally likely.

        Parameters
        ----------
        low, high : int or array-like of int
            From `low` up to, but not including, `high`; with one argument, from 0 up to it.
        size : int or sequence of int, optional
            Shape; by default that of the ends together, or a single number.
        dtype : dtype-like
            Of integers, or bool.
        endpoint : bool
            Whether `high` itself may be drawn.
        device : str
            Where the result lies; the numbers are the same everywhere.

        Returns
        -------
        Tensor, shape `size`

        Raises
        ------
        ValueError
            Where an interval is empty or does not fit the dtype.
        TypeError
            For ends that are not integers, or another dtype.

        Examples
        --------
        >>> import tilewright as tw
        >>> dice = tw.random.Generator(0).integers(1, 6, size=1000, endpoint=True)
        >>> dice.min().item(), dice.max().item()
        (1, 6)
        """
        kind = _of_integers(dtype)
        if _several(low, high):
            endpoint, device = arguments.flag("integers", "endpoint", endpoint), arguments.device("integers", device)
            return mp.astype(self._integers_between(low, high, size, endpoint, kind), kind).to(device)
        if kind == int64:
            return self._integers("integers", low, high, size, endpoint, device)
        least, most = (0, 1) if kind.name == "bool" else integer_range(kind)
        first, last = (0, low) if high is None else (low, high)
        first, last = arguments.integer("integers", "low", first), arguments.integer("integers", "high", last)
        last += arguments.flag("integers", "endpoint", endpoint)
        if not least <= first < last <= most + 1:
            ends = f"{arguments.shown(first)} and {arguments.shown(last)}"
            raise ValueError(f"integers: no {kind.name} lies between {ends} exclusive")
        shift = 2**63 if most > 2**63 else 0  # of uint64, which the kernel does not draw
        drawn = self._integers("integers", first - shift, last - shift, size, False, device)
        unsigned = mp.astype(drawn, kind)
        return unsigned + asarray(shift, kind).to(unsigned.device) if shift else unsigned

    def _integers_between(self, low: Any, high: Any, size: Any, endpoint: bool, kind: Any) -> Tensor:
        """Where ends are arrays: what 63 random bits leave over a multiple of the width, drawn again past the last."""
        low, high = (0, low) if high is None else (low, high)
        ends = [arguments.array("integers", name, end) for name, end in (("low", low), ("high", high))]
        for name, end in zip(("low", "high"), ends, strict=True):
            if end.dtype.is_inexact or end.dtype.name in ("bool", "uint64"):
                raise TypeError(f"integers: {name} has dtype {end.dtype.name}, but must be integers up to int64")
        shape, count, (first, last) = together("integers", size, *[mp.astype(end, int64) for end in ends])
        last = last if endpoint else last - 1
        least, most = (0, 1) if kind.name == "bool" else integer_range(kind)
        if not red.all((first <= last) & (first >= least) & (last <= min(most, 2**63 - 1))):
            raise ValueError(f"integers: between an entry of low and one of high lies no {kind.name}")
        width = last - first + 1
        if not red.all(width > 0):
            raise ValueError("integers: an entry of high exceeds that of low by 2**63 or more")

        def propose(n: int, width: Tensor) -> tuple[Tensor, Tensor]:
            bits = asarray(_core.random_integers((n,), int64, *self._take(n, 2), 0, 2**63, "cpu"))
            rest = bits % width
            return rest, bits - rest <= 2**63 - 1 - (width - 1)

        return mp.reshape(first + self._accepted(count, propose, width), shape)

    def random(self, size: Size = None, dtype: Any = "float32", *, device: str = "cpu") -> Tensor:
        """Numbers uniform in `[0, 1)`.

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
        >>> tw.random.Generator(0).random((2, 3)).shape
        (2, 3)
        """
        return self._uniform("random", 0.0, 1.0, size, dtype, device)

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


def _check_range(op: str, low: float, high: float, dtype: str) -> None:
    """Raise unless the dtype holds `low` and `high`, in this order, and their difference."""
    if low > high:
        raise ValueError(f"{op}: low is {low}, but must not exceed high, {high}")
    largest = _LARGEST[dtype]
    if not -largest <= low <= high <= largest:
        raise ValueError(f"{op}: low is {low} and high {high}, but {dtype} holds {-largest} to {largest}")
    if high - low > _LARGEST["float64" if dtype == "float64" else "float32"]:  # what the kernel computes in
        raise ValueError(f"{op}: the width of the range from {low} to {high} is beyond {dtype}")


def _several(*values: Any) -> bool:
    """Whether one of them has axes."""
    return any(isinstance(v, (list, tuple)) or arguments.has_axes(v) for v in values)


def _of_integers(dtype: Any) -> Any:
    try:
        kind = as_dtype(dtype)
    except TypeError as error:
        raise TypeError(f"integers: {error}") from None
    if kind.is_inexact:
        raise TypeError(f"integers: dtype is {kind.name}, but must be of integers or bool")
    return kind
