"""Elements chosen by conditions, and functions of slices."""

import numpy as np

import tilewright as tw

from .opcase import ALL, COMPLEX, FLOATS, NUMERIC, A, OpCase, Raises, S

MASK = A((3, 4), dtype="bool")
OTHER = A((3, 4), dtype="bool")


def piecewise(namespace):
    def call(x, a, b, more=()):
        return namespace.piecewise(x, [a, b], [lambda v: v * v * v, lambda v: v * 3, *more])

    return call


def along(namespace, inner):
    return lambda x, axis: namespace.apply_along_axis(inner, axis, x)


CASES = (
    OpCase(
        "select",
        np.select,
        (
            S([MASK, OTHER], [A((3, 4)), A((4,))], A(())),
            S([MASK], [A((3, 1))], A((1, 4))),
            S([A((0, 2), dtype="bool")], [A(())], A(())),
        ),
        numeric=(S([MASK, OTHER], [A((3, 4)), A((4,))]), S([MASK], [A((3, 4))], 2)),
        dtypes=ALL,
        tolerance=0,
        errors=(
            Raises(ValueError, "select: 1 conditions and 2 choices", lambda: tw.select([[True]], [1, 2])),
            Raises(ValueError, "select: 0 conditions", lambda: tw.select([], [])),
            Raises(TypeError, "select: a condition has dtype int64", lambda: tw.select([[1]], [[2]])),
        ),
    ),
    OpCase(
        "piecewise",
        piecewise(np),
        (S(A((3, 4)), MASK, OTHER), S(A((0, 2)), A((0, 2), dtype="bool"), A((0, 2), dtype="bool"))),
        fn=piecewise(tw),
        dtypes=(*FLOATS, "int64", *COMPLEX),
        errors=(
            Raises(
                ValueError,
                "piecewise: 1 functions are given with 2",
                lambda: tw.piecewise([1.0], [[True], [True]], [1]),
            ),
            Raises(
                ValueError,
                r"piecewise: a condition has shape \(2,\)",
                lambda: tw.piecewise([1.0], [[True, False]], [1]),
            ),
        ),
    ),
    OpCase(
        "apply_along_axis",
        along(np, lambda v: v * v[0]),
        (S(A((3, 4)), 0), S(A((2, 3, 4)), -2), S(A((3,)), 0)),
        fn=along(tw, lambda v: v * v[0]),
        dtypes=(*NUMERIC, *COMPLEX),
        errors=(
            Raises(
                ValueError,
                r"apply_along_axis: arr has shape \(0, 3\)",
                lambda: tw.apply_along_axis(tw.sum, 1, tw.ones((0, 3))),
            ),
            Raises(tw.AxisError, "apply_along_axis: axis 1", lambda: tw.apply_along_axis(tw.sum, 1, [1.0])),
            Raises(TypeError, "apply_along_axis: func1d is 3", lambda: tw.apply_along_axis(3, 0, [1.0])),
        ),
    ),
    OpCase(
        "apply_along_axis[number]",
        along(np, lambda v: v[0] * v[-1]),
        (S(A((3, 4)), 0), S(A((2, 3, 4)), 1)),
        fn=along(tw, lambda v: v[0] * v[-1]),
        dtypes=(*NUMERIC, *COMPLEX),
    ),
    OpCase(
        "apply_along_axis[matrix]",
        along(np, lambda v: v[:2, None] * v[None, :]),
        (S(A((2, 3, 4)), 1), S(A((3, 4)), -1)),
        fn=along(tw, lambda v: v[:2, None] * v[None, :]),
        dtypes=(*NUMERIC, *COMPLEX),
    ),
)
