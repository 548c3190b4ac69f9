"""Elements in order."""

import numpy as np

import tilewright as tw

from .opcase import REAL, A, OpCase, Raises, S, public


def order(x, axis=-1, descending=False):
    """Positions in order, of equals the first first."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)


def sort(x, axis=-1, descending=False, stable=True):
    return np.take_along_axis(x, order(x, axis, descending), axis)


def argsort(x, axis=-1, descending=False, stable=True):
    return order(x, axis, descending)


def topk(x, k, axis=-1, largest=True, sorted=True):
    positions = np.take(order(x, axis, largest), range(k), axis)
    return np.take_along_axis(x, positions, axis), positions


def errors(name, *more):
    call = public(name)
    return (
        Raises(tw.AxisError, rf"{name}: axis 2.*2", lambda: call(tw.ones((2, 3)), *more, axis=2)),
        Raises(tw.AxisError, f"{name}: axis -1.*0", lambda: call(tw.asarray(1.0), *more)),
        Raises(TypeError, f"{name}: axis is None", lambda: call(tw.ones(3), *more, axis=None)),
        Raises(TypeError, f"{name}: dtype complex64 is not supported: it has no order",
               lambda: call(tw.ones(3, dtype="complex64"), *more)),
    )  # fmt: skip


def flags(name, *names):
    return tuple(
        Raises(TypeError, f"{name}: {flag} is 'no', but must be True or False",
               lambda flag=flag: public(name)(tw.ones(3), *([1] if name == "topk" else []), **{flag: "no"}))
        for flag in names
    )  # fmt: skip


def sorting(name, oracle, **more):
    return OpCase(
        name,
        oracle,
        (
            S(A((3, 7))),
            S(A((5, 3)), axis=0),
            S(A((2, 5, 3)), axis=1, descending=True),
            S(A((2, 5, 3)), axis=-1, stable=False),
            S(A((0,))),
            S(A((3, 0)), axis=0),
            S(A((1,)), descending=True),
            S(A((2, 70), -100, 100), descending=True),
            S(A((300,), -100, 100)),
        ),
        dtypes=REAL,
        tolerance=0,
        lengths=lambda n: S(A((3, n), -100, 100), axis=1),
        large=S(A((2, 140_001))),
        errors=(*errors(name), *flags(name, "descending", "stable")),
        **more,
    )


CASES = (
    sorting("sort", sort, specials=True, grad=2),
    sorting("argsort", argsort, result="int64", specials=True, grad=0),
    OpCase(
        "topk",
        topk,
        (
            S(A((3, 7)), 2),
            S(A((5, 3)), 4, axis=0, largest=False),
            S(A((2, 5, 3)), 5, axis=1),
            S(A((2, 5, 3)), 0, sorted=False),
            S(A((0,)), 0),
            S(A((1,)), 1),
            S(A((2, 0, 3)), 1),
            S(A((2, 300), -100, 100), 3),
            S(A((2, 300), -100, 100), 299, largest=False),
        ),
        dtypes=REAL,
        result=("same", "int64"),
        tolerance=0,
        lengths=lambda n: S(A((3, n), -100, 100), (n + 3) // 4, axis=1),
        large=S(A((2, 140_001)), 100),
        errors=(
            *errors("topk", 1),
            *flags("topk", "largest", "sorted"),
            Raises(
                ValueError,
                r"topk: k is 4, but axis 1 of x \(2, 3\) has only 3 elements",
                lambda: tw.topk(tw.ones((2, 3)), 4),
            ),
            Raises(ValueError, "topk: k is -1, but must be at least 0", lambda: tw.topk(tw.ones(3), -1)),
            Raises(TypeError, "topk: k is 1.5, but must be an integer", lambda: tw.topk(tw.ones(3), 1.5)),
        ),
    ),
    OpCase(
        "partition",
        lambda x, kth, axis=-1: np.sort(x, axis),
        (S(A((3, 7)), 3), S(A((5, 3)), [0, -1], axis=0), S(A((2, 3)), 4, axis=None), S(A((0, 3)), 0)),
        dtypes=REAL,
        tolerance=0,
        errors=(
            Raises(ValueError, r"partition: kth is 3, but axis 0 of a \(3,\)", lambda: tw.partition(tw.ones(3), 3)),
            Raises(ValueError, "partition: kind is 'quick'", lambda: tw.partition(tw.ones(3), 1, kind="quick")),
            Raises(TypeError, "partition: order names fields", lambda: tw.partition(tw.ones(3), 1, order="a")),
        ),
    ),
    OpCase(
        "argpartition",
        lambda x, kth, axis=-1: order(np.ravel(x), 0) if axis is None else order(x, axis),
        (S(A((3, 7)), 3), S(A((5, 3)), [0, -1], axis=0), S(A((2, 3)), 4, axis=None), S(A((0, 3)), 0)),
        dtypes=REAL,
        result="int64",
        grad=0,
    ),
    OpCase(
        "lexsort",
        np.lexsort,
        (S([A((70,)), A((70,))]), S([A((3, 5)), A((3, 5)), A((3, 5))], axis=0), S(A((2, 7))), S([A((0,))])),
        dtypes=REAL,
        result="int64",
        grad=0,
        errors=(
            Raises(ValueError, "lexsort: keys is empty", lambda: tw.lexsort([])),
            Raises(
                ValueError, r"lexsort: keys have shapes \(2,\) and \(3,\)", lambda: tw.lexsort([tw.ones(2), tw.ones(3)])
            ),
        ),
    ),
)
