"""Products of arrays."""

import numpy as np

import tilewright as tw

from .opcase import FLOATS, A, OpCase, Raises, S


def linear(x, weight, bias=None):
    return x @ weight.T + (0 if bias is None else bias)


SHAPES = [
    ((3, 4), (4, 5)),
    ((4,), (4,)),
    ((4,), (4, 3)),
    ((3, 4), (4,)),
    ((1, 1), (1, 1)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((0, 4), (4, 5)),
    ((3, 0), (0, 5)),
    ((3, 4), (4, 0)),
    ((0, 3, 4), (4, 5)),
    ((33, 70), (70, 129)),
    ((1, 300), (300, 77)),
    ((77, 300), (300, 1)),
    ((150, 20), (20, 160)),
]

CASES = (
    OpCase(
        "matmul",
        np.matmul,
        tuple(S(A(a), A(b)) for a, b in SHAPES),
        dtypes=FLOATS,
        tolerance=128,
        lengths=lambda n: S(A((5, n)), A((n, n + 1))),
        large=S(A((260, 250)), A((250, 270))),
        errors=(
            Raises(ValueError, r"matmul: .*\(2, 3\).*\(4, 5\)", lambda: tw.matmul(tw.ones((2, 3)), tw.ones((4, 5)))),
            Raises(ValueError, r"matmul: .*\(\)", lambda: tw.matmul(tw.ones(()), tw.ones((4, 5)))),
            Raises(
                ValueError,
                r"matmul: .*\(2, 3, 3\).*\(4, 3, 3\)",
                lambda: tw.matmul(tw.ones((2, 3, 3)), tw.ones((4, 3, 3))),
            ),
            Raises(
                TypeError,
                "matmul: .*bool",
                lambda: tw.matmul(tw.ones((2, 2), dtype="bool"), tw.ones((2, 2), dtype="bool")),
            ),
        ),
    ),
    OpCase(
        "nn.functional.linear",
        linear,
        (
            S(A((3, 4)), A((5, 4)), A((5,))),
            S(A((4,)), A((5, 4)), A((5,))),
            S(A((2, 3, 4)), A((5, 4))),
            S(A((0, 4)), A((5, 4)), A((5,))),
            S(A((3, 0)), A((5, 0)), A((5,))),
            S(A((32, 64)), A((10, 64)), A((10,))),
            S(A((1, 200)), A((70, 200)), A((70,))),
        ),
        tolerance=128,
        lengths=lambda n: S(A((5, n)), A((n + 1, n)), A((n + 1,))),
        large=S(A((128, 300)), A((270, 300)), A((270,))),
        errors=(
            Raises(
                ValueError,
                r"linear: .*4.*\(2, 3\)|linear: .*\(2, 3\).*4",
                lambda: tw.nn.functional.linear(tw.ones((2, 3)), tw.ones((5, 4))),
            ),
            Raises(
                ValueError,
                r"linear: bias",
                lambda: tw.nn.functional.linear(tw.ones((2, 4)), tw.ones((5, 4)), tw.ones(3)),
            ),
        ),
    ),
)
