"""Checks for tests: gradients against finite differences, and arrays against arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _core
from ._engine import arguments
from ._engine.tables import Table, ruled, short
from ._engine.tape import mark_written
from ._engine.tensor import Tensor, asarray
from ._engine.tree import leaves, paths, rebuild
from ._functions.complex import conj, real
from ._functions.manipulation import astype, ravel
from ._functions.reductions import sum as sum_
from .autograd import enable_grad, gradients, no_grad, vjp
from .autograd._closures import buffers_of, named_leaves, one_element, restoring
from .random import Generator, source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["assert_allclose", "check_grads", "gradient_report"]

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
    names = [path for i, x in enumerate(args) for path in paths(x, f"argument {i}")]
    settings.check(floating_outputs, points, [names[i] for i in places])
    if order == 2:
        cotangents = [settings.draw(y) for y in _plain(floating_outputs, points)]

        def first_derivatives(*inputs: Tensor) -> Sequence[Tensor]:
            return vjp(floating_outputs, *inputs)[1](cotangents)

        settings.check(first_derivatives, points, [f"{names[i]} (second order)" for i in places])


class GradientRow(NamedTuple):
    """How the gradient of one parameter compares with finite differences, in a `gradient_report`.

    Attributes
    ----------
    name
        Of the parameter.
    shape
        Of the parameter.
    checked
        How many of its elements were.
    absolute, relative
        The largest errors: `|g - d|` and `|g - d| / max(|g|, |d|, atol)`; inf where there is a NaN.
    worst
        The index of the element that is furthest beyond the tolerance, or nearest to it.
    gradient, difference
        What backward and finite differences give there.
    ok
        Whether all are within the tolerance.
    """

    name: str
    shape: tuple[int, ...]
    checked: int
    absolute: float
    relative: float
    worst: tuple[int, ...]
    gradient: float
    difference: float
    ok: bool


def gradient_report(
    loss: Callable[[], Any],
    parameters: Any,
    *,
    eps: float | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    entries: int | None = 64,
    generator: Generator | None = None,
) -> Table:
    """Compare the gradient of each parameter with central finite differences, element by element.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element; the same one at each call. It shall be smooth
        around the parameters.
    parameters : Module, or dict of str to Tensor
        What to differentiate: floating tensors that require gradients. Float64 is recommended: `model.double()`.
    eps, rtol, atol : float, optional
        Step, and tolerance `atol + rtol * |d|` of a difference d; by default by each parameter's dtype.
    entries : int, optional
        How many elements of each parameter are checked, at random, each with two calls of `loss`. None for all.
    generator : Generator, optional
        Where there are more elements than that; by default `tilewright.random.default_generator`.

    Returns
    -------
    Table
        A str, with a `GradientRow` for each parameter in `rows`. Parameters and buffers hold what they held
        before, also where `loss` raises, and no `.grad` is touched.

    Raises
    ------
    ValueError
        Where there are no parameters, `loss` does not return one floating element, or gives another value at the same
        point (dropout?), `eps` is not positive, a tolerance is negative, or `entries` is below 1.
    TypeError
        For a `loss` that is not callable, parameters of another kind, and options that are no numbers.

    Notes
    -----
    For each element, `d = (L(p + eps) - L(p - eps)) / (2 eps)`. Its error is about `eps**2` times the third derivative,
    and the rounding of L divided by eps.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(3, 2).double()
    >>> x = tw.ones((4, 3), dtype="float64")
    >>> report = tw.testing.gradient_report(lambda: tw.tanh(layer(x)).sum(), layer)
    >>> [(row.name, row.checked, row.ok) for row in report.rows]
    [('weight', 6, True), ('bias', 2, True)]
    """
    op = "gradient_report"
    arguments.function(op, "loss", loss)
    named = named_leaves(op, parameters)
    count = None if entries is None else arguments.integer(op, "entries", entries, at_least=1)
    draws = source(op, generator)
    steps = [_Steps(op, x.dtype.name, eps, rtol, atol) for x in named.values()]
    with restoring(buffers_of(parameters)), no_grad():
        with enable_grad():
            value = one_element(op, loss())
            found = gradients(value, list(named.values())) if value.requires_grad else [x * 0 for x in named.values()]
        if not _same(value.item(), loss().item()):
            raise ValueError(f"{op}: loss gives another value at the same point; is there dropout, or an update in it?")
        rows = [
            _compared(name, x, g, loss, step, _places(x.size, count, draws))
            for (name, x), g, step in zip(named.items(), found, steps, strict=True)
        ]
    return Table(_report(rows), rows)


def _same(a: Any, b: Any) -> bool:
    return a == b or (a != a and b != b)


def _places(size: int, count: int | None, generator: Generator) -> list[int]:
    if count is None or size <= count:
        return list(range(size))
    return sorted(generator.permutation(size)[:count].tolist())


class _Steps:
    """Step and tolerances of finite differences for one dtype."""

    def __init__(self, op: str, dtype: str, eps: float | None, rtol: float | None, atol: float | None) -> None:
        self.eps = _STEPS[dtype] if eps is None else arguments.number(op, "eps", eps)
        if not 0 < self.eps < math.inf:
            raise ValueError(f"{op}: eps is {self.eps}, but must be positive")
        self.rtol = _TOLERANCES[dtype] if rtol is None else _tolerance(op, "rtol", rtol)
        self.atol = _TOLERANCES[dtype] if atol is None else _tolerance(op, "atol", atol)


def _compared(
    name: str, x: Tensor, g: Tensor, loss: Callable[[], Any], step: _Steps, places: Sequence[int]
) -> GradientRow:
    """The row of one parameter."""
    flat = ravel(g).tolist()
    absolute = relative = 0.0
    worst: tuple[float, int, float, float] = -math.inf, 0, math.nan, math.nan
    for i in places:
        d = _difference(x, i, loss, step.eps)
        error = abs(flat[i] - d)
        beyond = error - step.atol - step.rtol * abs(d)
        absolute = max(absolute, error) if error == error else math.inf
        if error:
            relative = max(relative, error / max(abs(flat[i]), abs(d), step.atol)) if error < math.inf else math.inf
        if not beyond <= worst[0]:
            worst = beyond if beyond == beyond else math.inf, i, flat[i], d
    return GradientRow(
        name, x.shape, len(places), absolute, relative, _index(worst[1], x.shape), *worst[2:], worst[0] <= 0
    )


def _difference(x: Tensor, i: int, loss: Callable[[], Any], eps: float) -> float:
    """The central difference of the loss in element i of a parameter, which is restored."""
    index = _index(i, x.shape)
    before = x[index].detach().copy()
    try:
        values, points = [], []
        for sign in (1, -1):
            _write(x, index, astype(_double(before) + sign * eps, x.dtype))
            points.append(x[index].item())
            values.append(loss().item())
    finally:
        _write(x, index, before)
    return float((values[0] - values[1]) / (points[0] - points[1]))


def _write(x: Tensor, index: tuple[int, ...], value: Tensor) -> None:
    _core.setitem(x._array, index, value._array)
    mark_written([x._array])


def _index(i: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of element i, counted row by row."""
    return tuple(i // math.prod(shape[k + 1 :]) % shape[k] for k in range(len(shape)))


def _report(rows: Sequence[GradientRow]) -> str:
    head = ("parameter", "shape", "checked", "absolute", "relative", "worst at", "gradient", "difference", "verdict")
    cells = [
        (
            *(row.name, str(row.shape), str(row.checked), f"{row.absolute:.1e}", f"{row.relative:.1e}"),
            *(str(row.worst), short(row.gradient), short(row.difference), "ok" if row.ok else "WRONG"),
        )
        for row in rows
    ]
    wrong = [row.name for row in rows if not row.ok]
    last = (
        f"{len(wrong)} of {len(rows)} gradients are wrong: {', '.join(wrong)}" if wrong else "all gradients are right"
    )
    return f"{ruled(head, cells, (0, 1, 5, 8))}\n{last}"


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


class _Settings(_Steps):
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
        super().__init__("check_grads", coarsest, eps, rtol, atol)
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
        raise AssertionError(
            f"{what}: {x!r} instead of {y!r} at index {_index(i, a.shape)}, beyond rtol {rtol:g}, atol {atol:g}"
        )
