"""Distinct elements. Gradients are checked in test_searching.py: how many there are must not depend on the step."""

import numpy as np

import tilewright as tw

from .opcase import ALL, A, OpCase, Raises, S

REPEATED = A((2, 5), values=[[3, 0, 1, 3, 2], [1, 1, 0, 9, 3]])
SAMPLES = (S(A((3, 4))), S(REPEATED), S(A((0, 3))), S(A((1,))), S(A(())), S(A((300,), -100, 100)))
ROWS = A((4, 3), values=[[3, 0, 1], [1, 0, 1], [3, 0, 1], [1, 0, 0]])


def unique_all(x):
    values, indices, inverse, counts = np.unique(x, True, True, True, equal_nan=False)
    return values, indices, inverse.reshape(x.shape), counts


def two(name, **more):
    oracle = getattr(np, name)
    pairs = ((A((7,)), A((2, 4))), (REPEATED, A((4,), values=[3, 1, 7, 7])), (A((0,)), A((3,))), (A((3,)), A((0, 2))))
    samples = [S(*pair) for pair in pairs] + [S(A((5,)), A((1,)))]
    if name != "union1d":
        samples.append(S(A((3,), values=[2, 0, 1]), A((2,), values=[1, 0]), assume_unique=True))
    return OpCase(
        name,
        oracle,
        tuple(samples),
        dtypes=ALL,
        tolerance=0,
        grad=0,
        specials=True,
        **more,
    )


CASES = (
    OpCase(
        "unique",
        np.unique,
        (*SAMPLES, S(A((3, 4)), axis=0), S(ROWS, axis=0), S(ROWS, axis=1), S(A((0, 3)), axis=0)),
        dtypes=ALL,
        tolerance=0,
        grad=0,
        specials=True,
        large=S(A((40_000,), -100, 100)),
        errors=(
            Raises(tw.AxisError, "unique: axis 2", lambda: tw.unique(tw.ones((2, 2)), axis=2)),
            Raises(TypeError, "unique: return_index is 'no'", lambda: tw.unique(tw.ones(3), "no")),
        ),
    ),
    OpCase(
        "unique[everything]",
        lambda x, **more: np.unique(x, True, True, True, **more),
        (S(A((7,))), S(REPEATED), S(ROWS, axis=0), S(ROWS, axis=1), S(A((2, 2, 3)), axis=-1), S(A((0,)))),
        fn=lambda x, **more: tw.unique(x, True, True, True, **more),
        dtypes=ALL,
        result=("same", "int64", "int64", "int64"),
        tolerance=0,
        grad=0,
        specials=True,
    ),
    OpCase(
        "unique_all",
        unique_all,
        SAMPLES,
        dtypes=ALL,
        result=("same", "int64", "int64", "int64"),
        tolerance=0,
        grad=0,
        specials=True,
    ),
    OpCase(
        "unique_counts",
        lambda x: unique_all(x)[::3],
        SAMPLES,
        dtypes=ALL,
        result=("same", "int64"),
        tolerance=0,
        grad=0,
        specials=True,
    ),
    OpCase(
        "unique_inverse",
        lambda x: unique_all(x)[::2],
        SAMPLES,
        dtypes=ALL,
        result=("same", "int64"),
        tolerance=0,
        grad=0,
        specials=True,
    ),
    OpCase("unique_values", lambda x: unique_all(x)[0], SAMPLES, dtypes=ALL, tolerance=0, grad=0, specials=True),
    OpCase(
        "isin",
        lambda x, among, invert=False: np.isin(x, among, invert=invert),
        (S(A((3, 4)), REPEATED), S(REPEATED, A((3,))), S(REPEATED, A((0,)), invert=True), S(A(()), A(()))),
        dtypes=ALL,
        result="bool",
        grad=0,
        specials=True,
        lengths=lambda n: S(A((n,)), A((3, 2))),
    ),
    two("union1d"),
    two(
        "intersect1d",
        errors=(Raises(TypeError, "intersect1d: assume_unique is 'no'", lambda: tw.intersect1d([1], [1], "no")),),
    ),
    OpCase(
        "intersect1d[indices]",
        lambda a, b: np.intersect1d(a, b, return_indices=True),
        (S(REPEATED, A((4,), values=[3, 1, 7, 7])), S(A((3,)), A((0,)))),
        fn=lambda a, b: tw.intersect1d(a, b, return_indices=True),
        dtypes=ALL,
        result=("same", "int64", "int64"),
        tolerance=0,
        grad=0,
    ),
    two("setdiff1d"),
    two("setxor1d"),
)
