"""Checks for tests: gradients against finite differences, and arrays against arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ._engine import arguments
from ._engine.tensor import Tensor, asarray
from ._engine.tree import leaves, rebuild
from ._functions.complex import conj, real
from ._functions.manipulation import astype, ravel
from ._functions.reductions import sum as sum_
from .autograd import no_grad, vjp
from .random import Generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["assert_allclose", "check_grads"]

# Per dtype: step of the central difference, and tolerance relative to the derivative.
_STEPS = {"float64": 1e-5, "float32": 5e-3, "float16": 6e-2, "bfloat16": 2.5e-1}
_TOLERANCES = {"float64": 1e-6, "float32": 1e-2, "float16": 1e-1, "bfloat16": 3e-1}
for _table in (_STEPS, _TOLERANCES):
    _table.update(complex128=_table["float64"], complex64=_table["float32"])


def check_grads(
    fun: Callable[..., Any],
    *args: Any,
    order: int = 1,
    eps: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
    directions: int = 2,
) -> None:
    """Check the gradients of a function against central finite differences.

    For each floating or complex input x, random directions v and a random cotangent u: `<vjp(u), v>` must equal
    `<u, (f(x + eps v) - f(x - eps v)) / (2 eps)>`, where `<a, b>` is the real part of `sum(conj(a) b)`.

    Parameters
    ----------
    fun : callable
        Returns a tensor, or nested dicts, lists and tuples of tensors. Should be smooth around the arguments.
    *args : tensor or tree of tensors
        The point. Floating and complex leaves are differentiated; float64 and complex128 are recommended. What is not a
        tensor is passed on.
    order : {1, 2}
        With 2, the gradients of the gradients are checked too.
    eps, rtol, atol : float, optional
        Step, and tolerance of the deviation: `atol + rtol * |derivative|`; by default by dtype, the coarsest one.
    seed : int
        Of the random directions and cotangents.
    directions : int
        How many directions to try for each input, at most 1000.

    Raises
    ------
    AssertionError
        Where a gradient deviates; names the input and the numbers.
    ValueError
        Where there is nothing to differentiate, `order` is neither 1 nor 2, `eps` is not positive, a tolerance is
        negative, or there are no directions.
    TypeError
        For a `fun` that is not callable, and for options that are no numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.testing.check_grads(tw.tanh, tw.linspace(-1.0, 1.0, 5, dtype="float64"), order=2)
    """
    arguments.function("check_grads", "fun", fun)
    if arguments.integer("check_grads", "order", order) not in (1, 2):
        raise ValueError(f"check_grads: order is {order}, but must be 1 or 2")
    generator = Generator(seed)
    flat = leaves(args)
    places = [i for i, x in enumerate(flat) if isinstance(x, Tensor) and x.dtype.is_inexact]
    if not places:
        raise ValueError("check_grads: no argument is a tensor of a floating or complex dtype")
    points = [flat[i].detach() for i in places]

    def floating_outputs(*inputs: Tensor) -> list[Tensor]:
        filled = list(flat)
        for i, x in zip(places, inputs, strict=True):
            filled[i] = x
        return [y for y in leaves(fun(*rebuild(args, filled))) if isinstance(y, Tensor) and y.dtype.is_inexact]

    settings = _Settings([x.dtype.name for x in points], eps, rtol, atol, directions, generator)
    names = _names(args)
    settings.check(floating_outputs, points, [names[i] for i in places])
    if order == 2:
        cotangents = [settings.draw(y) for y in _plain(floating_outputs, points)]

        def first_derivatives(*inputs: Tensor) -> Sequence[Tensor]:
            return vjp(floating_outputs, *inputs)[1](cotangents)

        settings.check(first_derivatives, points, [f"{names[i]} (second order)" for i in places])


def _names(args: Any, prefix: str = "argument") -> list[str]:
    """How to call each leaf of the arguments in a message: `argument 1["w"][0]`."""
    if isinstance(args, dict):
        return [name for key, branch in args.items() for name in _names(branch, f"{prefix}[{key!r}]")]
    if isinstance(args, (tuple, list)):
        form = "{} {}" if prefix == "argument" else "{}[{}]"
        return [name for i, branch in enumerate(args) for name in _names(branch, form.format(prefix, i))]
    return [prefix]


def _plain(fun: Callable[..., Any], inputs: Sequence[Tensor]) -> list[Tensor]:
    with no_grad():
        return [y.detach() for y in fun(*inputs)]


def _dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
    """Real part of the inner product, in float64."""
    return math.fsum(sum_(real(conj(_double(x)) * _double(y))).item() for x, y in zip(a, b, strict=True))


def _double(x: Tensor) -> Tensor:
    return astype(x, "complex128" if x.dtype.is_complex else "float64")


def _tolerance(op: str, name: str, value: Any) -> float:
    value = arguments.number(op, name, value)
    if not value >= 0:
        raise ValueError(f"{op}: {name} is {value}, but must be at least 0")
    return value


class _Settings:
    """Steps, tolerances and random numbers of one check."""

    def __init__(
        self,
        dtypes: Sequence[str],
        eps: float | None,
        rtol: float | None,
        atol: float | None,
        directions: int,
        generator: Generator,
    ) -> None:
        coarsest = max(dtypes, key=lambda name: _STEPS[name])
        self.eps = _STEPS[coarsest] if eps is None else arguments.number("check_grads", "eps", eps)
        if not 0 < self.eps < math.inf:
            raise ValueError(f"check_grads: eps is {self.eps}, but must be positive")
        self.rtol = _TOLERANCES[coarsest] if rtol is None else _tolerance("check_grads", "rtol", rtol)
        self.atol = _TOLERANCES[coarsest] if atol is None else _tolerance("check_grads", "atol", atol)
        self.directions = arguments.integer("check_grads", "directions", directions, at_least=1, at_most=1000)
        self.generator = generator

    def draw(self, like: Tensor) -> Tensor:
        """Standard normal numbers of the shape and dtype of a tensor, in both parts of complex ones."""
        numbers = self.generator.normal(size=like.shape, dtype="float64", device=like.device)
        if like.dtype.is_complex:
            numbers = numbers + 1j * self.generator.normal(size=like.shape, dtype="float64", device=like.device)
        return astype(numbers, like.dtype)

    def check(self, fun: Callable[..., Sequence[Tensor]], points: Sequence[Tensor], names: Sequence[str]) -> None:
        values, pullback = vjp(fun, *points)
        for position, name in enumerate(names):
            for _ in range(self.directions):
                cotangents = [self.draw(y) for y in values]
                direction = self.draw(points[position])
                ours = _dot([pullback(cotangents)[position]], [direction])
                shifted = [self._at(fun, points, position, direction, sign) for sign in (1, -1)]
                difference = [_double(p) - _double(m) for p, m in zip(*shifted, strict=True)]
                expected = _dot(cotangents, difference) / (2 * self.eps)
                deviation = abs(ours - expected)
                if not deviation <= self.atol + self.rtol * abs(expected):
                    raise AssertionError(
                        f"check_grads: the gradient for {name}, shape {points[position].shape}, gives a directional "
                        f"derivative of {ours:.9g}, but finite differences (eps {self.eps:g}) give {expected:.9g}: off "
                        f"by {deviation:.3g}, where {self.atol:g} + {self.rtol:g} * |derivative| is allowed"
                    )

    def _at(
        self, fun: Callable[..., Sequence[Tensor]], points: Sequence[Tensor], position: int, v: Tensor, sign: int
    ) -> list[Tensor]:
        moved = list(points)
        x = points[position]
        moved[position] = astype(_double(x) + _double(v) * (sign * self.eps), x.dtype)
        return _plain(fun, moved)


def assert_allclose(
    actual: Any, desired: Any, *, rtol: float = 1e-6, atol: float = 0.0, equal_nan: bool = True, what: str = "arrays"
) -> None:
    """Check that two arrays have the same shape and `|actual - desired| <= atol + rtol * |desired|` everywhere.

    Parameters
    ----------
    actual, desired : array-like
        What was computed, and what it should be.
    rtol, atol : float
        Relative and absolute tolerance.
    equal_nan : bool
        Whether NaN equals NaN.
    what : str
        What they are called in the message.

    Raises
    ------
    AssertionError
        Names the worst element.
    ValueError
        For a negative tolerance.
    TypeError
        For a tolerance that is no real number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.testing.assert_allclose(tw.sqrt([4.0, 9.0]), [2.0, 3.0])
    """
    rtol, atol = _tolerance("assert_allclose", "rtol", rtol), _tolerance("assert_allclose", "atol", atol)
    equal_nan = arguments.flag("assert_allclose", "equal_nan", equal_nan)
    a, d = asarray(actual).detach(), asarray(desired).detach()
    if a.shape != d.shape:
        raise AssertionError(f"{what}: shape {a.shape}, but expected {d.shape}")
    worst: tuple[float, int, Any, Any] | None = None
    for i, (x, y) in enumerate(zip(ravel(a).tolist(), ravel(d).tolist(), strict=True)):
        if x == y or (equal_nan and x != x and y != y):
            continue
        excess = abs(x - y) - atol - rtol * abs(y)
        if not excess <= 0 and (worst is None or not excess <= worst[0]):
            worst = excess, i, x, y
    if worst is not None:
        _, i, x, y = worst
        index = tuple(i // math.prod(a.shape[k + 1 :]) % a.shape[k] for k in range(a.ndim))
        raise AssertionError(f"{what}: {x!r} instead of {y!r} at index {index}, beyond rtol {rtol:g}, atol {atol:g}")
