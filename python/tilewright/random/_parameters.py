"""Parameters of distributions, which broadcast, and drawing again where a proposal was refused."""

from __future__ import annotations

import math

from .. import _core
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions import (
    exponential as ex,
    extrema,
    indexing as ix,
    manipulation as mp,
    reductions as red,
)
from .._functions.creation import arange, zeros
from .._functions.logical import logical_not
from ._stream import Stream, _shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_ROUNDS = 200  # of proposals, of which at least a third are taken: so many fail less than once in 10**35 numbers
_LEAST = 2.0**-54

# What a parameter has to be: the test of a number, that of an array, and how a message says it.
POSITIVE: tuple[Any, ...] = (lambda v: v > 0, "above 0")
NOT_NEGATIVE: tuple[Any, ...] = (lambda v: v >= 0, "at least 0")
PROBABILITY: tuple[Any, ...] = (lambda v: (v >= 0) & (v <= 1), "in [0, 1]")
POSITIVE_PROBABILITY: tuple[Any, ...] = (lambda v: (v > 0) & (v <= 1), "in (0, 1]")
BELOW_ONE: tuple[Any, ...] = (lambda v: (v >= 0) & (v < 1), "in [0, 1)")
ABOVE_ONE: tuple[Any, ...] = (lambda v: v > 1, "above 1")
ANY: tuple[Any, ...] = (lambda v: v == v, "a number")  # NaN is none


def parameter(op: str, name: str, value: Any, needed: tuple[Any, ...], *, whole: bool = False) -> Any:
    """A parameter as a float, or where it has axes as a float64 tensor."""
    if not isinstance(value, (list, tuple)) and not arguments.has_axes(value):
        if whole:
            arguments.integer(op, name, value)
        number = arguments.number(op, name, value)
        if not needed[0](number):
            raise ValueError(f"{op}: {name} is {number}, but must be {needed[1]}")
        return number
    given = arguments.array(op, name, value)
    if given.requires_grad:
        raise TypeError(f"{op}: {name} is a tensor that requires grad, but must be a constant; use detach()")
    if given.dtype.is_complex or (whole and given.dtype.is_inexact):
        raise TypeError(f"{op}: {name} has dtype {given.dtype.name}, but must be {'integers' if whole else 'real'}")
    given = asarray(given, "float64")
    if not red.all(needed[0](given)):
        raise ValueError(f"{op}: {name} has an entry that is not {needed[1]}")
    return given


def together(op: str, size: Any, *given: Any) -> tuple[tuple[int, ...], int, list[Any]]:
    """Shape and number of what is drawn, and the parameters: floats, and flat tensors of as many elements."""
    shapes = [p.shape for p in given if isinstance(p, Tensor)]
    if not shapes:
        return *_shape(op, size), list(given)
    shape: tuple[int, ...] = ()
    for other in shapes:
        shape = _joined(op, shape, other)
    if size is not None:
        wanted, _ = _shape(op, size)
        if len(shape) > len(wanted) or any(n not in (1, m) for n, m in zip(shape[::-1], wanted[::-1])):  # noqa: B905
            raise ValueError(f"{op}: size is {wanted}, but the parameters have shape {shape} together")
        shape = wanted
    flat = [mp.ravel(mp.broadcast_to(p, shape)) if isinstance(p, Tensor) else p for p in given]
    return shape, math.prod(shape), flat


def _joined(op: str, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    length = max(len(a), len(b))
    pairs = list(zip((1,) * (length - len(a)) + a, (1,) * (length - len(b)) + b, strict=True))
    if any(m != n and 1 not in (m, n) for m, n in pairs):
        raise ValueError(f"{op}: shapes {a} and {b} do not broadcast")
    return tuple([n if m == 1 else m for m, n in pairs])


def shaped(x: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """What was drawn, flat and in float64, in the shape and dtype that were asked for."""
    return mp.reshape(asarray(x, dtype), shape)


class Draws(Stream):
    """Numbers of float64 that distributions are made from."""

    __slots__ = ()

    def _fractions(self, count: int) -> Tensor:
        """Uniform in [0, 1)."""
        return asarray(_core.random_uniform((count,), _core.DType.float64, *self._take(count, 2), 0.0, 1.0, "cpu"))

    def _open(self, count: int) -> Tensor:
        """Uniform in (0, 1)."""
        return extrema.maximum(self._fractions(count), _LEAST)

    def _normals(self, count: int) -> Tensor:
        return asarray(_core.random_normal((count,), _core.DType.float64, *self._take(count, 2), 0.0, 1.0, "cpu"))

    def _exponentials(self, count: int) -> Tensor:
        return -ex.log1p(-self._fractions(count))

    def _accepted(self, count: int, propose: Callable[..., tuple[Tensor, Tensor]], *given: Any) -> Tensor:
        """What `propose(count, *parameters)` gives, drawn again for the elements where its second result is false.

        How much each round draws follows from the values alone, so any number of threads gives the same.
        """
        values, taken = propose(count, *given)
        left = ix.nonzero(logical_not(taken))[0]
        for _ in range(_ROUNDS):
            if not left.size:
                break
            again = [p[left] if isinstance(p, Tensor) else p for p in given]
            proposed, taken = propose(left.size, *again)
            kept = left[taken]
            values[kept] = proposed[taken]
            left = left[logical_not(taken)]
        return values


def split(condition: Any, count: int) -> tuple[Tensor, Tensor]:
    """The places of `count` where a condition, a bool or a mask, holds and where it does not."""
    if isinstance(condition, Tensor):
        return ix.nonzero(condition)[0], ix.nonzero(logical_not(condition))[0]
    everywhere, nowhere = arange(count), arange(0)
    return (everywhere, nowhere) if condition else (nowhere, everywhere)


def at(given: Any, places: Tensor) -> Any:
    """A parameter at some places."""
    return given[places] if isinstance(given, Tensor) else given


def merged(count: int, *parts: tuple[Tensor, Callable[[int], Tensor]]) -> Tensor:
    """Values made for some places each, as one array."""
    for places, make in parts:
        if places.size == count:
            return make(count)
    values = zeros(count, dtype="float64")
    for places, make in parts:
        if places.size:
            values[places] = make(places.size)
    return values


def log_factorial(k: Any) -> Any:
    """log(k!) for k >= 0 of float64, to about 1e-14 of its size: Stirling's series for k + 9, and back."""
    x = k + 9.0
    product = (k + 1) * (k + 2) * (k + 3) * (k + 4)
    product = product * ((k + 5) * (k + 6) * (k + 7) * (k + 8))
    inverse = 1 / (x * x)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / x
    return (x - 0.5) * ex.log(x) - x + (0.5 * math.log(2 * math.pi)) + series - ex.log(product)
