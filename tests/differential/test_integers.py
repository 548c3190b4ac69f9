"""Integers at the ends of their ranges, against Python's exact ones: nothing wraps where it should not."""

from __future__ import annotations

import itertools
import operator
import random
from fractions import Fraction

import numpy as np
import pytest

import tilewright as tw
from cases.opcase import INTS

from .faults import Faults


def extremes(dtype: str) -> list[int]:
    info = np.iinfo(dtype)
    return [n for n in (info.min, info.min + 1, -2, -1, 0, 1, 2, 3, 100, info.max - 1, info.max) if n >= info.min]


def wrapped(n: int, dtype: str) -> int:
    """An integer in the dtype's range, modulo its size."""
    info = np.iinfo(dtype)
    return (n - info.min) % (info.max - info.min + 1) + info.min


@pytest.mark.parametrize("dtype", INTS)
def test_reductions(dtype, seeds, tally):
    """Sums wrap in 64 bits as NumPy's; means and variances are of the true sums."""
    faults, count = Faults(), 0
    wide = "uint64" if dtype.startswith("u") else "int64"
    for seed in seeds(30):
        rng = random.Random(f"{seed} {dtype}")
        values = [rng.choice(extremes(dtype)) for _ in range(rng.choice((1, 2, 3, 8, 40)))]
        x = tw.asarray(np.array(values, dtype))
        mean = Fraction(sum(values), len(values))
        variance = sum((v - mean) ** 2 for v in values) / len(values)
        exact = {"sum": wrapped(sum(values), wide), "max": max(values), "min": min(values)}
        rounded = {"mean": mean, "var": variance, "std": float(variance) ** 0.5}
        for name, want in {**exact, **rounded}.items():
            count += 1
            got = getattr(tw, name)(x).item()
            scale = float(max(map(abs, values))) ** (2 if name == "var" else 1)
            if got != want if name in exact else abs(got - float(want)) > 1e-5 * max(scale, abs(float(want))):
                faults.add(
                    name, f"{name} of {dtype} {values}: {got}, should be {float(want) if name in rounded else want}"
                )
    tally("calls with integers", count)
    faults.report()


OPERATORS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "floor_divide": operator.floordiv,
    "remainder": operator.mod, "power": operator.pow, "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift, "maximum": max, "minimum": min,
}  # fmt: skip


def exactly(name: str, x: int, y: int, bits: int):
    """Python's result; None where the function has none: an error, or 0 by declaration."""
    if name in ("floor_divide", "remainder") and y == 0:
        return 0  # as NumPy
    if "shift" in name and not 0 <= y < bits:  # as NumPy: all bits are gone
        return 0 if name == "bitwise_left_shift" or x >= 0 else -1
    if name == "power":
        return None if y < 0 else pow(x, y, 2**64)
    return OPERATORS[name](x, y)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("dtype", INTS)
def test_arithmetic(dtype, name, tally):
    """Every pair of extremes: Python's result in the dtype's range; negative powers raise."""
    faults, pairs = Faults(), list(itertools.product(extremes(dtype), repeat=2))
    bits = np.iinfo(dtype).bits
    for x, y in pairs:
        want = exactly(name, x, y, bits)
        try:
            got = getattr(tw, name)(tw.asarray(np.array([x], dtype)), tw.asarray(np.array([y], dtype))).item()
        except ValueError as error:
            got = None if "power" in str(error) else error
        want = None if want is None else wrapped(want, dtype)
        if got != want:
            faults.add(
                name, f"{name}({x}, {y}) in {dtype}: {got!r}, should be {want if want is not None else ValueError}"
            )
    tally("calls with integers", len(pairs))
    faults.report()


@pytest.mark.parametrize("dtype", INTS)
def test_one_argument(dtype):
    """The negative of the smallest wraps, as in NumPy."""
    for x in extremes(dtype):
        a = tw.asarray(np.array([x], dtype))
        assert tw.negative(a).item() == wrapped(-x, dtype)
        assert tw.abs(a).item() == wrapped(abs(x), dtype)
        assert tw.square(a).item() == wrapped(x * x, dtype)
        assert tw.sign(a).item() == (x > 0) - (x < 0)
        assert tw.bitwise_invert(a).item() == wrapped(~x, dtype)


@pytest.mark.parametrize("dtype", INTS)
def test_clip_beyond_the_range(dtype):
    """A bound that the dtype does not hold is none on the harmless side, and refused on the other."""
    info = np.iinfo(dtype)
    values = extremes(dtype)
    x = tw.asarray(np.array(values, dtype))
    below, above = int(info.min) - 1, int(info.max) + 1
    assert tw.clip(x, below, above).tolist() == values
    assert tw.clip(x, None, above).tolist() == values
    assert tw.clip(x, below, 3).tolist() == [min(v, 3) for v in values]
    assert tw.clip(x, 2, above).tolist() == [max(v, 2) for v in values]
    assert tw.clip(x, 0, above).dtype.name == dtype
    with pytest.raises(ValueError):
        tw.clip(x, above, None)
    with pytest.raises(ValueError):
        tw.clip(x, None, below)


@pytest.mark.parametrize("dtype", INTS)
def test_ranges(dtype):
    """linspace and arange in an integer dtype are exact, or raise."""
    info = np.iinfo(dtype)
    assert tw.linspace(0, 100, 5, dtype=dtype).tolist() == [0, 25, 50, 75, 100]
    assert tw.arange(1, 100, 7, dtype=dtype).tolist() == list(range(1, 100, 7))
    for bad in (float("inf"), float("nan"), float(info.max) * 4 + 4, float(info.min) * 4 - 4):
        with pytest.raises((ValueError, OverflowError)):
            tw.linspace(bad, bad, 3, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_random_numbers_beyond_a_dtype(dtype):
    """Bounds that the dtype does not hold are refused, rather than that infinities come out."""
    for low, high in ((1e39, 1.1e39), (-1e300, 1e300), (0.0, 1e39)):
        with pytest.raises(ValueError):
            tw.random.uniform(low, high, 2, dtype)
