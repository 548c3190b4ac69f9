"""What a case says about an op. The tables are beside this file; `test_ops.py` runs every template over every case."""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

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

    `dtype` fixes it instead: for masks and indices, which have no gradient. `values` gives the data.
    """

    shape: tuple[int, ...] = ()
    low: float = -3.0
    high: float = 3.0
    dtype: str | None = None
    values: Any = None

    def __repr__(self) -> str:
        return f"{self.dtype or ''}{self.shape}"

    def draw(self, rng: np.random.Generator, dtype: str) -> tw.Tensor:
        """A contiguous tensor."""
        return self.values_for(rng, self.dtype or dtype).to(DEVICE)

    def values_for(self, rng: np.random.Generator, dtype: str) -> tw.Tensor:
        if self.values is not None:
            return tw.asarray(np.asarray(self.values), dtype=dtype)
        if dtype == "bool":
            return tw.asarray(rng.random(self.shape) < 0.5)
        if dtype in FLOATS:
            return tw.asarray(np.asarray(rng.uniform(self.low, self.high, self.shape)), dtype=dtype)
        if dtype in COMPLEX:
            return tw.asarray(np.asarray(self.draw_complex(rng)), dtype=dtype)
        low = 0 if dtype.startswith("u") else self.low
        return tw.asarray(np.asarray(rng.integers(int(low), int(max(self.high, low)) + 1, self.shape)), dtype=dtype)

    def draw_complex(self, rng: np.random.Generator) -> Any:
        if self.low * self.high > 0:
            return rng.uniform(self.low, self.high, self.shape) * np.exp(1j * rng.uniform(-3, 3, self.shape))
        return rng.uniform(self.low, self.high, self.shape) + 1j * rng.uniform(self.low, self.high, self.shape)


@dataclass(frozen=True)
class Sample:
    """Arguments of one call; each `A` among them (also inside a list) is drawn."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def draw(self, dtype: str, key: str = "") -> list[Any]:
        """The positional arguments with tensors for the `A`s; the same data for the same key."""
        rng = np.random.default_rng(zlib.crc32(f"{key} {self.args} {dtype}".encode()))
        return self.map(lambda a: a.draw(rng, dtype), self.args)

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
        numbers give real ones; or a dtype. A tuple where the op has several results.
    tolerance
        Largest error, in units of eps * (|expected| + 1) of the result's dtype.
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
        return dtype if rule == "same" else rule

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
    """An op's results as a list."""
    return list(y) if isinstance(y, (tuple, list)) else [y]


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
