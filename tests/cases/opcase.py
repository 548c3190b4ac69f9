"""What a case says about an op. The tables are beside this file; `test_ops.py` runs every template over every case."""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTS = ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64")
BOOL = ("bool",)
COMPLEX = ("complex64", "complex128")
INEXACT = FLOATS + COMPLEX
NUMERIC = FLOATS + INTS
REAL = NUMERIC + BOOL
ALL = REAL + COMPLEX
EPS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
EPS |= {"complex64": EPS["float32"], "complex128": EPS["float64"]}
PARTS = {"complex64": "float32", "complex128": "float64"}

DEVICE = "cpu"  # of all that is drawn; `pytest --device` sets it

# Around the lane counts (2 to 64, by dtype and level) and the unrolled multiples of them.
LENGTHS = (*range(1, 36), 47, 48, 49, 63, 64, 65, 70, 127, 128, 129, 191, 255, 257)


@dataclass(frozen=True)
class A:
    """An array argument: drawn uniformly from [low, high], integers included as such, in the dtype under test.

    Complex numbers have a length between |low| and |high| where both have one sign, else parts from [low, high].

    `dtype` fixes it instead: for masks and indices, which have no gradient. `values` gives the data. `kind`, one of
    `KINDS`, is a property that the data has, in every layout and in every step of finite differences.
    """

    shape: tuple[int, ...] = ()
    low: float = -3.0
    high: float = 3.0
    dtype: str | None = None
    values: Any = None
    kind: str | None = None

    def __repr__(self) -> str:
        return " ".join(filter(None, (self.kind, f"{self.dtype or ''}{self.shape}")))

    def draw(self, rng: np.random.Generator, dtype: str) -> tw.Tensor:
        """A contiguous tensor."""
        dtype = self.dtype or dtype
        numbers = self.numbers(rng, dtype) if self.values is None else self.values
        if self.kind is not None and self.values is None:
            low = max(self.low, 0) if dtype.startswith("u") else self.low
            numbers = KINDS[self.kind].made(rng, np.asarray(numbers), low, self.high)
        x = tw.asarray(np.asarray(numbers), dtype=dtype)
        assert self.has_kind(x), f"what was drawn for {self} in {dtype} is not {self.kind}"
        return x.to(DEVICE)

    def numbers(self, rng: np.random.Generator, dtype: str) -> Any:
        if dtype == "bool":
            return rng.random(self.shape) < 0.5
        if dtype in FLOATS:
            return rng.uniform(self.low, self.high, self.shape)
        if dtype not in COMPLEX:
            low = 0 if dtype.startswith("u") else self.low
            return rng.integers(int(low), int(max(self.high, low)) + 1, self.shape)
        if self.low * self.high > 0:
            return rng.uniform(self.low, self.high, self.shape) * np.exp(1j * rng.uniform(-3, 3, self.shape))
        return rng.uniform(self.low, self.high, self.shape) + 1j * rng.uniform(self.low, self.high, self.shape)

    def has_kind(self, x: tw.Tensor) -> bool:
        return self.kind is None or bool(KINDS[self.kind].holds(to_numpy(x)))

    def kept(self, x: tw.Tensor) -> tw.Tensor:
        """Of the kind, where `x` is almost."""
        return x if self.kind is None else KINDS[self.kind].kept(x)

    def arranged(self, layout: Callable[[tw.Tensor], tw.Tensor], x: tw.Tensor) -> tw.Tensor:
        """In a layout; or as it is, where the layout changes values (stride 0) so that they are not of the kind."""
        y = layout(x)
        return y if self.has_kind(y) else x


@dataclass(frozen=True)
class Sample:
    """Arguments of one call; each `A` among them (also inside a list) is drawn."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def draw(self, dtype: str, key: str = "") -> list[Any]:
        """The positional arguments with tensors for the `A`s; the same data for the same key."""
        rng = np.random.default_rng(zlib.crc32(f"{key} {self.args} {dtype}".encode()))
        return self.map(lambda a: a.draw(rng, dtype), self.args)

    def arranged(self, layout: Callable[[tw.Tensor], tw.Tensor], tensors: Any) -> list[Any]:
        """What was drawn, in a layout."""
        places = iter(arrays(self.args))
        return self.map(lambda x: next(places).arranged(layout, x), tensors)

    def kept(self, tensors: Any) -> list[Any]:
        """What was drawn and moved by a step, of the kind again that it was drawn as."""
        places = iter(arrays(self.args))
        return self.map(lambda x: next(places).kept(x), tensors)

    @staticmethod
    def map(function: Callable[[Any], Any], args: Any) -> list[Any]:
        """`args` with `function` applied to each `A` or tensor in it."""
        return [
            Sample.map(function, a)
            if isinstance(a, (list, tuple))
            else function(a)
            if isinstance(a, (A, tw.Tensor))
            else a
            for a in args
        ]


def S(*args: Any, **kwargs: Any) -> Sample:
    return Sample(args, kwargs)


@dataclass(frozen=True)
class Raises:
    """A call that must raise `error` with a message that matches `message`."""

    error: type[Exception]
    message: str
    call: Callable[[], Any]


@dataclass(frozen=True)
class OpCase:
    """All that the templates need to know about one op.

    Attributes
    ----------
    name
        Where the function is under `tilewright`, such as "tanh" or "nn.functional.gelu"; or, with `fn`, any name.
    oracle
        The same function in NumPy. Called with float64 where the op's argument is floating, complex128 where it
        is complex, else in its own dtype.
    samples
        Calls to make. The first is also run in every layout, and the first without a zero-size array is differentiated.
    dtypes
        Those that the op is run in; where `closed`, any other must raise TypeError.
    result
        "same"; "floating": integers and bool give float32; "summed": they give int64 or uint64; "magnitude": complex
        numbers give real ones; "complex": real numbers give complex ones; "computed": halves give float32; or a dtype.
        A tuple where the op has several results.
    tolerance
        Largest error, in units of eps * (|expected| + 1) of the result's dtype.
    check
        For results that are right up to sign or order: (args, got, expected) -> None asserts that they are, in place of
        `assert_close`. `args` and `expected` are lists of NumPy's arrays, as the oracle takes and gives them, `got` a
        list of tensors of the right shapes. `turned` helps with signs.
    invariant
        For such results: (*results) -> one or several tensors that do not depend on the choice, and are smooth.
        Gradients are taken of them instead.
    grad
        How often the op can be differentiated: 0, 1 or 2 times.
    lengths
        n -> sample whose length is n, to straddle the lane count.
    large
        A sample that is big enough to be split between threads.
    numeric
        Further calls, not made with bool: a Python number lifts that to another dtype.
    specials
        Whether NaN, infinities, zeros and denormals give what NumPy gives.
    products
        Whether it multiplies matrices.
    """

    name: str
    oracle: Callable[..., Any]
    samples: tuple[Sample, ...]
    fn: Callable[..., Any] | None = None
    dtypes: tuple[str, ...] = FLOATS
    result: str | tuple[str, ...] = "same"
    tolerance: float = 4.0
    check: Callable[[list[Any], list[tw.Tensor], list[np.ndarray]], None] | None = None
    invariant: Callable[..., Any] | None = None
    grad: int = 2
    lengths: Callable[[int], Sample] | None = None
    large: Sample | None = None
    numeric: tuple[Sample, ...] = ()
    specials: bool = False
    products: bool = False
    closed: bool = False
    errors: tuple[Raises, ...] = ()

    def __post_init__(self) -> None:
        assert self.samples, self.name
        assert self.invariant is None or self.check is not None, f"{self.name}: what is invariant, where all is unique?"

    def __str__(self) -> str:
        return self.name

    @functools.cached_property
    def function(self) -> Callable[..., Any]:
        return self.fn or public(self.name)

    def calls(self, dtype: str) -> tuple[Sample, ...]:
        """The samples to run in a dtype."""
        return self.samples if dtype == "bool" else self.samples + self.numeric

    def expected_dtype(self, dtype: str, index: int = 0) -> str:
        """Of one result for arguments of a dtype."""
        rule = self.result if isinstance(self.result, str) else self.result[index]
        if rule == "floating":
            return dtype if dtype in INEXACT else "float32"
        if rule == "summed":
            return dtype if dtype in INEXACT else "uint64" if dtype.startswith("u") else "int64"
        if rule == "magnitude":
            return PARTS.get(dtype, dtype)
        if rule == "complex":
            return {part: whole for whole, part in PARTS.items()}.get(dtype, dtype)
        if rule == "computed":
            return "float32" if EPS.get(dtype, 0) > EPS["float32"] else dtype
        return dtype if rule == "same" else rule

    def compare(self, args: list[Any], got: list[tw.Tensor], expected: list[Any], context: str) -> None:
        """Results with those of the oracle, which was given `args`."""
        expected = [np.asarray(w) for w in expected]
        assert len(got) == len(expected), f"{context}: {len(got)} results, expected {len(expected)}"
        for i, (g, w) in enumerate(zip(got, expected, strict=True)):
            if self.check is None:
                assert_close(g, w, self.tolerance, context)
            assert g.shape == w.shape, f"{context}: shape {g.shape} of result {i}, expected {w.shape}"
        if self.check is not None:
            try:
                self.check(args, got, expected)
            except AssertionError as error:
                raise AssertionError(f"{context}: {error}") from error

    def differentiated(self, y: Any) -> list[tw.Tensor]:
        """What gradients are taken of: the floating and complex results, or what `invariant` makes of all."""
        values = results(y if self.invariant is None else self.invariant(*results(y)))
        return [v for v in values if v.dtype.is_inexact]

    def differentiable(self) -> Sample | None:
        """The sample that gradients are checked on."""
        if not self.grad:
            return None
        return next(s for s in self.samples if all(0 not in a.shape for a in arrays(s.args) if a.dtype is None))


def public(name: str) -> Any:
    """The object of that dotted name under `tilewright`."""
    return functools.reduce(getattr, name.split("."), tw)


def arrays(args: Any) -> list[A]:
    """The array arguments among `args`."""
    found: list[A] = []
    Sample.map(lambda a: found.append(a), args)
    return found


def to_numpy(x: tw.Tensor) -> np.ndarray:
    """The values for the oracle: float64 where floating, complex128 where complex."""
    x = x.detach()
    return x.astype("complex128" if x.dtype.is_complex else "float64").numpy() if x.dtype.is_inexact else x.numpy()


def for_oracle(case: OpCase, args: Any) -> list[Any]:
    """The arguments as the oracle wants them."""

    def convert(x: tw.Tensor) -> np.ndarray:
        values = to_numpy(x)
        return values.astype(np.float64) if case.result == "floating" and not x.dtype.is_complex else values

    return Sample.map(convert, args)


def results(y: Any) -> list[tw.Tensor]:
    """An op's results as a list, those in tuples of their own, too."""
    return [r for part in y for r in results(part)] if isinstance(y, (tuple, list)) else [y]


def assert_close(got: tw.Tensor, want: Any, tolerance: float, context: str = "") -> None:
    """Compare with the oracle's result in units of the dtype's eps; integers and bool exactly."""
    want = np.asarray(want)
    assert got.shape == want.shape, f"{context}: shape {got.shape}, expected {want.shape}"
    dtype = got.dtype.name
    values = to_numpy(got)
    if dtype not in EPS:
        np.testing.assert_array_equal(values, want.astype(values.dtype), err_msg=context)
        return
    assert dtype in COMPLEX or want.dtype.kind != "c", f"{context}: {dtype}, expected {want.dtype}"
    want = want.astype(np.complex128 if dtype in COMPLEX else np.float64)
    with np.errstate(invalid="ignore"):
        error = np.asarray(np.abs(values - want) / (EPS[dtype] * (np.abs(want) + 1)))
    error[(values == want) | (np.isnan(values) & np.isnan(want))] = 0
    worst = float(error.max(initial=0)) if not np.isnan(error).any() else np.inf
    if worst > tolerance:
        at = np.unravel_index(np.argmax(np.nan_to_num(error, nan=np.inf)), error.shape)
        raise AssertionError(
            f"{context}: {dtype} result {values[at]!r} at {tuple(map(int, at))}, expected {want[at]!r}: "
            f"an error of {worst:.1f} eps, {tolerance} allowed"
        )


def turned(got: tw.Tensor, want: np.ndarray, axis: int) -> tw.Tensor:
    """`got` with each vector along `axis` times the sign (complex: the phase) that brings it closest to `want`."""
    values = to_numpy(got)
    overlap = np.sum(np.conj(values) * want, axis=axis, keepdims=True)
    length = np.abs(overlap)
    return tw.asarray(values * np.where(length == 0, 1, overlap / np.where(length == 0, 1, length)), dtype=got.dtype)
