"""Trigonometric, hyperbolic and other elementwise functions beyond arithmetic."""

import numpy as np

from .elementwise import binary, unary
from .opcase import COMPLEX, FLOATS, INTS, NUMERIC, REAL, A, OpCase, S, public


def in_float(function):
    """NumPy's function of floating and complex numbers, where it keeps integers."""
    return lambda x: function(x if x.dtype.kind == "c" else x.astype(np.float64))


def series(x):
    """NumPy's sinc, in its own words."""
    angle = np.pi * np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sin(angle) / angle)


FUNCTIONS = (
    unary("tan", np.tan, -1.4, 1.4, result="floating"),
    unary("arcsin", np.arcsin, -0.9, 0.9, dtypes=FLOATS, result="floating"),
    unary("arccos", np.arccos, -0.9, 0.9, dtypes=FLOATS, result="floating"),
    unary("arctan", np.arctan, result="floating"),
    unary("sinh", np.sinh, result="floating"),
    unary("cosh", np.cosh, result="floating"),
    unary("arcsinh", np.arcsinh, result="floating"),
    unary("arccosh", np.arccosh, 1.2, 9, dtypes=FLOATS, result="floating"),
    unary("arctanh", np.arctanh, -0.9, 0.9, dtypes=FLOATS, result="floating"),
    unary("exp2", np.exp2, result="floating"),
    unary("cbrt", np.cbrt, 0.2, 9, result="floating"),
    unary("deg2rad", np.deg2rad, -360, 360, dtypes=FLOATS, result="floating", tolerance=8),
    unary("radians", np.radians, -360, 360, dtypes=FLOATS, result="floating", tolerance=8),
    unary("rad2deg", np.rad2deg, dtypes=FLOATS, result="floating", tolerance=8),
    unary("degrees", np.degrees, dtypes=FLOATS, result="floating", tolerance=8),
    unary("sinc", series, -3, 3, dtypes=FLOATS + COMPLEX, result="floating", tolerance=16, specials=False),
    unary("rint", in_float(np.rint), dtypes=NUMERIC + COMPLEX, result="floating", grad=0),
    unary("fix", np.trunc, dtypes=FLOATS, grad=0),
    unary("positive", np.positive, dtypes=NUMERIC + COMPLEX, closed=True),
    unary("signbit", np.signbit, dtypes=REAL, result="bool", grad=0),
)

# NumPy's log1p of complex numbers loses digits near 0.
COMPLEX_ORACLES = {
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh")},
    **{name: getattr(np, name) for name in ("arcsinh", "arccosh", "arctanh", "expm1", "log2", "log10", "sign")},
    "log1p": lambda x: np.log(1 + x.astype(np.clongdouble)),
    "nn.functional.tanh": np.tanh,
}
COMPLEX_FUNCTIONS = tuple(
    unary(f"{name}[complex]", oracle, -1.4, 1.4, fn=public(name), dtypes=COMPLEX, tolerance=8, specials=False)
    for name, oracle in COMPLEX_ORACLES.items()
)

PAIRS = (
    binary("hypot", np.hypot, 0.5, 3, dtypes=FLOATS, result="floating"),
    binary("logaddexp", np.logaddexp, dtypes=FLOATS, result="floating"),
    binary("logaddexp2", np.logaddexp2, dtypes=FLOATS, result="floating"),
    binary("copysign", np.copysign, 0.5, 3, -3, -0.5, dtypes=FLOATS, result="floating", grad=1),
    binary("heaviside", np.heaviside, dtypes=FLOATS, result="floating", grad=0),
    binary("fmax", np.fmax, dtypes=REAL),
    binary("fmin", np.fmin, dtypes=REAL),
    binary("fmod", np.fmod, -20, 20, 1, 3, dtypes=NUMERIC, tolerance=8, grad=1, specials=False),
    binary("gcd", np.gcd, 0, 60, dtypes=INTS, grad=0, specials=False, closed=True),
    binary("lcm", np.lcm, 0, 9, dtypes=INTS, grad=0, specials=False, closed=True),
)

OTHERS = (
    OpCase(
        "nextafter",
        lambda x, y: np.nextafter(x.astype("float32"), y.astype("float32")),
        (S(A((3, 4)), A((3, 4))), S(A((3, 1)), A((4,))), S(A((0,)), A((1,))), S(A(()), A(()))),
        dtypes=("float32",),
        tolerance=0,
        grad=0,
    ),
    OpCase(
        "divmod",
        np.divmod,
        (S(A((3, 4), -20, 20), A((3, 4), 1, 3)), S(A((0,)), A((1,), 1, 3)), S(A((3, 1), -20, 20), A((4,), 1, 3))),
        dtypes=FLOATS + INTS,
        result=("same", "same"),
        tolerance=8,
        grad=0,
    ),
    OpCase(
        "float_power",
        np.float_power,
        (S(A((3, 4), 0.5, 3), A((4,), -2, 2)), S(A((0,), 0.5, 3), A((1,))), S(A((), 0.5, 3), A(()))),
        dtypes=FLOATS + INTS,
        result="float64",
    ),
    OpCase(
        "float_power[complex]",
        np.float_power,
        (S(A((3, 4), 0.5, 3), A((4,), 0.5, 2)),),
        fn=public("float_power"),
        dtypes=COMPLEX,
        result="complex128",
        tolerance=64,
    ),
)

CASES = FUNCTIONS + COMPLEX_FUNCTIONS + PAIRS + OTHERS
