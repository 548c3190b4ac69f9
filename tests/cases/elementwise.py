"""Elementwise arithmetic, comparisons and functions."""

import math

import numpy as np

import tilewright as tw

from .opcase import ALL, BOOL, COMPLEX, FLOATS, INTS, NUMERIC, REAL, A, OpCase, Raises, S, public

erf = np.vectorize(math.erf, otypes=[float])


def unary(name, oracle, low=-3.0, high=3.0, dtypes=NUMERIC, result="same", **more):
    """Any shape; `low` and `high` bound the arguments to where the function is defined and finite."""
    shapes = [(3, 4), (), (1,), (7,), (2, 3, 5), (0,), (3, 0, 2)]
    function = more.get("fn") or public(name)
    return OpCase(
        name,
        oracle,
        tuple(S(A(shape, low, high)) for shape in shapes),
        dtypes=dtypes,
        result=result,
        lengths=lambda n: S(A((n,), low, high)),
        large=S(A((150_001,), low, high)),
        specials=more.pop("specials", True),
        errors=(
            Raises(TypeError, "cannot make an array of a object", lambda: function(object())),
            *more.pop("errors", ()),
        ),
        **more,
    )


def binary(name, oracle, low=-3.0, high=3.0, low2=None, high2=None, dtypes=NUMERIC, result="same", **more):
    """Shapes that broadcast against each other in every way, and Python numbers on either side."""
    low2, high2 = low if low2 is None else low2, high if high2 is None else high2
    shapes = [
        ((3, 4), (3, 4)),
        ((), ()),
        ((5,), ()),
        ((), (2, 3)),
        ((4,), (3, 4)),
        ((3, 1), (1, 4)),
        ((2, 1, 3), (4, 1)),
        ((1,), (5,)),
        ((0,), (1,)),
        ((2, 0), (1, 1)),
    ]
    samples = [S(A(a, low, high), A(b, low2, high2)) for a, b in shapes]
    function = more.get("fn") or public(name)
    return OpCase(
        name,
        oracle,
        tuple(samples),
        numeric=(S(A((6,), low, high), 2), S(2, A((6,), low2, high2))),
        dtypes=dtypes,
        result=result,
        lengths=lambda n: S(A((n,), low, high), A((n,), low2, high2)),
        large=S(A((300, 501), low, high), A((501,), low2, high2)),
        specials=more.pop("specials", True),
        errors=(does_not_broadcast(name.partition("[")[0], function, dtypes[0]), *more.pop("errors", ())),
        **more,
    )


def does_not_broadcast(name, function, dtype):
    return Raises(
        ValueError,
        rf"{name}: .*\(3,\).*\(4,\)",
        lambda: function(tw.zeros(3, dtype=dtype), tw.zeros(4, dtype=dtype)),
    )


def round_half_even_of(function):
    """For integers, rounding functions change nothing."""
    return lambda x: x if x.dtype.kind in "iu" else function(x)


def ieee_remainder(x1, x2):
    """Sign of the divisor, as Python's %."""
    return np.remainder(x1, x2)


UNARY = (
    unary("negative", np.negative, dtypes=NUMERIC + COMPLEX, closed=True),
    unary("abs", np.abs, dtypes=NUMERIC + COMPLEX, result="magnitude"),
    unary("sign", np.sign, grad=0),
    unary("square", np.square, dtypes=NUMERIC + COMPLEX),
    unary("floor", round_half_even_of(np.floor), grad=0),
    unary("ceil", round_half_even_of(np.ceil), grad=0),
    unary("trunc", round_half_even_of(np.trunc), grad=0),
    unary("round", round_half_even_of(np.round), dtypes=NUMERIC + COMPLEX, grad=0),
    unary(
        "bitwise_invert",
        np.invert,
        dtypes=INTS + BOOL,
        grad=0,
        specials=False,
        closed=True,
    ),
    unary("logical_not", np.logical_not, dtypes=REAL, result="bool", grad=0),
    unary("isnan", np.isnan, dtypes=ALL, result="bool", grad=0),
    unary("isinf", np.isinf, dtypes=ALL, result="bool", grad=0),
    unary("isfinite", np.isfinite, dtypes=ALL, result="bool", grad=0),
    unary("reciprocal", lambda x: 1.0 / x, 0.5, 3, dtypes=FLOATS + COMPLEX, result="floating"),
    unary("sqrt", np.sqrt, 0.1, 9, dtypes=NUMERIC + COMPLEX, result="floating"),
    unary("rsqrt", lambda x: 1 / np.sqrt(x), 0.5, 9, dtypes=FLOATS, result="floating"),
    unary("exp", np.exp, dtypes=ALL, result="floating"),
    unary("expm1", np.expm1, result="floating"),
    unary("log", np.log, 0.2, 9, dtypes=FLOATS + COMPLEX, result="floating"),
    unary("log1p", np.log1p, -0.6, 9, result="floating"),
    unary("log2", np.log2, 0.2, 9, dtypes=FLOATS, result="floating"),
    unary("log10", np.log10, 0.2, 9, dtypes=FLOATS, result="floating"),
    unary("sin", np.sin, -9, 9, result="floating"),
    unary("cos", np.cos, -9, 9, result="floating"),
    unary("tanh", np.tanh, result="floating"),
    unary("erf", erf, result="floating"),
)

ARITHMETIC = (
    binary("add", np.add, dtypes=ALL),
    binary("subtract", np.subtract, dtypes=NUMERIC + COMPLEX, closed=True),
    binary("multiply", np.multiply, dtypes=ALL),
    binary("divide", np.divide, low2=1, dtypes=NUMERIC + COMPLEX, result="floating"),
    binary("floor_divide", np.floor_divide, -20, 20, 1, 3, grad=0, specials=False),
    binary("remainder", ieee_remainder, -20, 20, 1, 3, tolerance=8, grad=1),
    binary("power", np.power, 0.5, 3, 0, 3, dtypes=FLOATS + INTS, tolerance=8),
    binary(  # through the logarithm, but for whole numbers
        "power[complex]", np.power, 0.5, 3, 0, 3, fn=tw.power, dtypes=COMPLEX, tolerance=64, specials=False
    ),
    binary("maximum", np.maximum, dtypes=REAL),
    binary("minimum", np.minimum, dtypes=REAL),
    binary("arctan2", np.arctan2, dtypes=FLOATS, result="floating"),
    binary("bitwise_and", np.bitwise_and, 0, 100, dtypes=INTS + BOOL, grad=0, specials=False, closed=True),
    binary("bitwise_or", np.bitwise_or, 0, 100, dtypes=INTS + BOOL, grad=0, specials=False, closed=True),
    binary("bitwise_xor", np.bitwise_xor, 0, 100, dtypes=INTS + BOOL, grad=0, specials=False, closed=True),
    binary("bitwise_left_shift", np.left_shift, 0, 9, 0, 3, dtypes=INTS, grad=0, specials=False, closed=True),
    binary("bitwise_right_shift", np.right_shift, 0, 100, 0, 3, dtypes=INTS, grad=0, specials=False, closed=True),
)

COMPARISONS = tuple(
    binary(name, oracle, dtypes=ALL if name in ("equal", "not_equal") else REAL, result="bool", grad=0)
    for name, oracle in [
        ("equal", np.equal),
        ("not_equal", np.not_equal),
        ("less", np.less),
        ("less_equal", np.less_equal),
        ("greater", np.greater),
        ("greater_equal", np.greater_equal),
        ("logical_and", np.logical_and),
        ("logical_or", np.logical_or),
        ("logical_xor", np.logical_xor),
    ]
)


def mask(*shape):
    return A(shape, dtype="bool")


SELECTION = (
    OpCase(
        "where",
        np.where,
        (
            S(mask(3, 4), A((3, 4)), A((3, 4))),
            S(mask(3, 1), A((1, 4)), A(())),
            S(mask(), A((2,)), A((2,))),
            S(mask(0), A((1,)), A((0,))),
        ),
        numeric=(S(mask(5), A((5,)), 0),),
        dtypes=ALL,
        lengths=lambda n: S(mask(n), A((n,)), A((n,))),
        large=S(mask(300, 501), A((300, 501)), A((501,))),
        errors=(
            Raises(ValueError, r"where: .*\(3,\).*\(4,\)", lambda: tw.where(tw.ones(3, dtype="bool"), tw.ones(4), 1.0)),
            Raises(TypeError, "where: .*condition.*float32", lambda: tw.where(tw.ones(3), tw.ones(3), 1.0)),
        ),
    ),
    OpCase(
        "clip",
        np.clip,
        (S(A((3, 4)), -1, 1), S(A((0,)), -1, 1), S(A(()), 0, 2)),
        dtypes=(*FLOATS, "int64", "int32"),
        lengths=lambda n: S(A((n,)), -1, 1),
        large=S(A((150_001,)), -1, 1),
    ),
)

CASES = UNARY + ARITHMETIC + COMPARISONS + SELECTION
