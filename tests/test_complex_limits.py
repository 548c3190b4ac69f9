"""Complex functions at infinities, NaN and signed zeros: what the Array API standard says of each."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import tilewright as tw

pytestmark = pytest.mark.kernels

INF, NAN = math.inf, math.nan
# What a part of the argument may be.
PARTS = {
    "0": (0.0,),
    "-0": (-0.0,),
    "zero": (0.0, -0.0),
    "1": (1.0,),
    "-1": (-1.0,),
    "positive": (0.5, 1.0, 2.5, 4.0, 40.0),
    "nonzero": (-4.0, -2.5, -0.5, 0.5, 1.0, 4.0),
    "finite": (-2.5, -0.5, -0.0, 0.0, 0.5, 4.0),
    "inf": (INF,),
    "-inf": (-INF,),
    "infinite": (INF, -INF),
    "nan": (NAN,),
}
# What a part of the result is; ~ stands before one whose sign is open.
RESULTS = {
    "0": 0.0,
    "-0": -0.0,
    "1": 1.0,
    "-1": -1.0,
    "inf": INF,
    "-inf": -INF,
    "nan": NAN,
    "pi": math.pi,
    "pi/2": math.pi / 2,
    "pi/4": math.pi / 4,
    "3pi/4": 3 * math.pi / 4,
}
LOG = """
    finite inf inf pi/2; finite nan nan nan; -inf positive inf pi; inf positive inf 0; -inf inf inf 3pi/4
    inf inf inf pi/4; infinite nan inf nan; nan finite nan nan; nan inf inf nan; nan nan nan nan
"""
EXP = """
    finite inf nan nan; finite nan nan nan; inf 0 inf 0; inf nonzero inf*cis
    inf inf ~inf nan; inf nan ~inf nan; nan 0 nan 0; nan nonzero nan nan; nan inf nan nan; nan nan nan nan
"""
# Rows of real part, imaginary part, and both of the result.
TABLES = {
    "acos": """
        zero 0 pi/2 -0; zero nan pi/2 nan; finite inf pi/2 -inf; nonzero nan nan nan; -inf positive pi -inf
        inf positive 0 -inf; -inf inf 3pi/4 -inf; inf inf pi/4 -inf; infinite nan nan ~inf; nan finite nan nan
        nan inf nan -inf; nan nan nan nan
    """,
    "acosh": """
        zero 0 0 pi/2; finite inf inf pi/2; nonzero nan nan nan; 0 nan nan ~pi/2; -inf positive inf pi
        inf positive inf 0; -inf inf inf 3pi/4; inf inf inf pi/4; infinite nan inf nan; nan finite nan nan
        nan inf inf nan; nan nan nan nan
    """,
    "asinh": """
        0 0 0 0; positive inf inf pi/2; finite nan nan nan; inf positive inf 0; inf inf inf pi/4; inf nan inf nan
        nan 0 nan 0; nan nonzero nan nan; nan inf ~inf nan; nan nan nan nan
    """,
    "atanh": """
        0 0 0 0; 0 nan 0 nan; 1 0 inf 0; positive inf 0 pi/2; nonzero nan nan nan; inf positive 0 pi/2; inf inf 0 pi/2
        inf nan 0 nan; nan finite nan nan; nan inf ~0 pi/2; nan nan nan nan
    """,
    "cosh": """
        0 0 1 0; 0 inf nan ~0; 0 nan nan ~0; nonzero inf nan nan; nonzero nan nan nan; inf 0 inf 0
        inf nonzero inf*cis; inf inf ~inf nan; inf nan inf nan; nan zero nan ~0; nan nonzero nan nan; nan nan nan nan
    """,
    "sinh": """
        0 0 0 0; 0 inf ~0 nan; 0 nan ~0 nan; positive inf nan nan; positive nan nan nan; inf 0 inf 0
        inf positive inf*cis; inf inf ~inf nan; inf nan ~inf nan; nan 0 nan 0; nan nonzero nan nan; nan nan nan nan
    """,
    "tanh": """
        0 0 0 0; nonzero inf nan nan; 0 inf 0 nan; nonzero nan nan nan; 0 nan 0 nan; inf positive 1 0; inf inf 1 ~0
        inf nan 1 ~0; nan 0 nan 0; nan nonzero nan nan; nan nan nan nan
    """,
    "exp": "zero 0 1 0; -inf finite 0*cis; -inf inf ~0 ~0; -inf nan ~0 ~0;" + EXP,
    "expm1": "zero 0 0 0; -inf finite -1+0*cis; -inf inf -1 ~0; -inf nan -1 ~0;" + EXP,
    "log": "-0 0 -inf pi; 0 0 -inf 0;" + LOG,
    "log1p": "-1 0 -inf 0;" + LOG,
    "sqrt": """
        zero 0 0 0; finite inf inf inf; infinite inf inf inf; nan inf inf inf; finite nan nan nan; -inf positive 0 inf
        inf positive inf 0; -inf nan nan ~inf; inf nan inf nan; nan finite nan nan; nan nan nan nan
    """,
    "sign": "zero zero ~0 ~0; nan finite nan nan; finite nan nan nan; nan inf nan nan; nan nan nan nan",
}
ODD, EVEN = ("asinh", "atanh", "sinh", "tanh"), ("cosh",)
# f(z) as a function g of iz, with g(iz) times -i or 1.
TURNED = {
    "asin": ("asinh", -1j),
    "atan": ("atanh", -1j),
    "sin": ("sinh", -1j),
    "tan": ("tanh", -1j),
    "cos": ("cosh", 1),
}
DTYPES = ("complex64", "complex128")


def rows(table):
    """Real and imaginary part of an argument, and the words for the result."""
    for row in filter(str.strip, table.replace("\n", ";").split(";")):
        a, b, *want = row.split()
        for re, im in itertools.product(PARTS[a], PARTS[b]):
            yield re, im, want


def expected(want, im):
    """The two parts, and whether the sign of each is open."""
    if want[0].endswith("*cis"):
        length = INF if want[0].startswith("inf") else 0.0
        re = length * math.cos(im) - (1 if want[0].startswith("-1") else 0)
        return (re, length * math.sin(im) if im else im), (want[0].startswith("-1"), False)
    return tuple(RESULTS[w.removeprefix("~")] for w in want), tuple(w.startswith("~") for w in want)


def value(function, re, im, dtype):
    z = np.empty((), dtype)
    z.real, z.imag = re, im
    y = getattr(tw, function)(tw.asarray(z)).numpy()
    return float(y.real), float(y.imag)


def is_part(got, want, is_open):
    if math.isnan(want):
        return math.isnan(got)
    if is_open:
        got, want = abs(got), abs(want)
    return math.isclose(got, want, rel_tol=1e-6) and math.copysign(1, got) == math.copysign(1, want)


def check(function, re, im, want, is_open, dtype):
    got = value(function, re, im, dtype)
    fits = all(map(is_part, got, want, is_open))
    assert fits, f"{function}({re} + {im}j) of {dtype} is {got}, but should be {want}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", TABLES)
def test_limits(function, dtype):
    """Those of the table, of the conjugates, and where the function is odd or even of the negatives."""
    for re, im, words in rows(TABLES[function]):
        (x, y), is_open = expected(words, im)
        check(function, re, im, (x, y), is_open, dtype)
        if function != "sign":
            check(function, re, -im, (x, -y), is_open, dtype)
        if function in ODD:
            check(function, -re, -im, (-x, -y), is_open, dtype)
        if function in EVEN:
            check(function, -re, -im, (x, y), is_open, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", TURNED)
def test_limits_of_circular_functions(function, dtype):
    """They are the hyperbolic ones of iz, up to a factor of -i."""
    hyperbolic, factor = TURNED[function]
    for re, im, words in rows(TABLES[hyperbolic]):
        (x, y), (x_open, y_open) = expected(words, im)
        if factor == 1:  # re + im i = i z
            check(function, im, -re, (x, y), (x_open, y_open), dtype)
        else:
            check(function, im, -re, (y, -x), (y_open, x_open), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("function", "base"), [("log2", 2.0), ("log10", 10.0)])
def test_limits_of_logarithms_to_a_base(function, base, dtype):
    for re, im, words in rows(TABLES["log"]):
        (x, y), is_open = expected(words, im)
        check(function, re, im, (x / math.log(base), y / math.log(base)), is_open, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("function", ["round", "rint"])
def test_each_part_is_rounded_by_itself(function, dtype):
    parts = (-INF, -2.5, -1.5, -0.5, -0.0, 0.0, 0.4, 0.5, 1.5, 2.5, 1e9 + 0.5, INF, NAN)
    wide = "float32" if dtype == "complex64" else "float64"
    for re, im in itertools.product(parts, parts):
        of_parts = getattr(tw, function)(tw.asarray([re, im], dtype=wide)).tolist()
        check(function, re, im, of_parts, (False, False), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_lengths_of_infinite_numbers_are_infinite(dtype):
    for re, im in itertools.product((INF, -INF, NAN, 0.0, -0.0, 2.5), repeat=2):
        z = tw.asarray(np.array([complex(re, im)], dtype))
        want = (
            INF if math.isinf(re) or math.isinf(im) else NAN if math.isnan(re) or math.isnan(im) else math.hypot(re, im)
        )
        assert is_part(tw.abs(z).item(), want, False), (re, im)
