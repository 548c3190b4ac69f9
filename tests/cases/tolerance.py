"""Equality up to a tolerance."""

import numpy as np

import tilewright as tw

from .opcase import ALL, A, OpCase, Raises, S

DTYPES = ("float32", "float64", "int64", "int8", "uint8", "uint64", "bool", "complex64", "complex128")
PAIRS = (
    S(A((3, 4)), A((4,)), 0.3, 0.1),
    S(A((3, 4)), A((3, 1)), rtol=0, atol=0.7),
    S(A((0,)), A((1,))),
    S(A((5,)), A(()), [0.1, 0.2, 0.3, 0.4, 0.5]),
    S(A((5,)), 2, 0.5, 0.25),
)


def whole(name):
    """The answer as an array of the class of the first argument."""
    return lambda x, *args, **more: tw.all(tw.full_like(x, getattr(tw, name)(x, *args, **more), dtype="bool"))


CASES = (
    OpCase(
        "isclose",
        np.isclose,
        PAIRS,
        dtypes=DTYPES,
        result="bool",
        grad=0,
        specials=True,
        lengths=lambda n: S(A((n,)), A((n,)), 0.5),
        errors=(
            Raises(ValueError, r"subtract: .*\(2,\).*\(3,\)", lambda: tw.isclose(tw.ones(2), tw.ones(3))),
            Raises(TypeError, "isclose: equal_nan is 'no'", lambda: tw.isclose(1.0, 1.0, equal_nan="no")),
            Raises(TypeError, "isclose: rtol is None", lambda: tw.isclose(1.0, 1.0, None)),
        ),
    ),
    OpCase("allclose", np.allclose, PAIRS, fn=whole("allclose"), dtypes=DTYPES, result="bool", grad=0),
    OpCase(
        "array_equal",
        np.array_equal,
        (
            S(A((3,), 0, 1), A((3,), 0, 1)),
            S(A((3,)), A((1, 3))),
            S(A((0,)), A((0,))),
            S(A((1,), 0, 0), A((1,), 0, 0), True),
        ),
        fn=whole("array_equal"),
        dtypes=ALL,
        result="bool",
        grad=0,
    ),
    OpCase(
        "nan_to_num",
        np.nan_to_num,
        (S(A((3, 4))), S(A((7,)), nan=2.0, posinf=1), S(A(())), S(A((0, 3)))),
        dtypes=ALL,
        lengths=lambda n: S(A((n,))),
        errors=(
            Raises(
                TypeError, "nan_to_num: copy is False, but x is no tensor", lambda: tw.nan_to_num([1.0], copy=False)
            ),
            Raises(TypeError, "nan_to_num: posinf is 'no'", lambda: tw.nan_to_num([1.0], posinf="no")),
        ),
    ),
)
