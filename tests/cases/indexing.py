"""Picking elements."""

import numpy as np

import tilewright as tw

from .opcase import ALL, A, OpCase, Raises, S


def index(shape, high):
    """Positions from -high to high - 1, some of them twice."""
    return A(shape, -high, high - 1, dtype="int64")


def item(*key):
    """Fetching `x[key]`, the key's drawn arrays as they are."""

    def get(x, *drawn):
        parts = iter(drawn)
        full = tuple(next(parts) if k is A else k for k in key)
        return x[full if len(full) != 1 else full[0]]

    return get


def getitem(label, key, shape, *drawn, errors=(), lengths=None, large=None):
    """`x[key]`, where an `A` in the key stands for the next of the drawn arrays."""
    return OpCase(
        f"getitem[{label}]",
        item(*key),
        (S(A(shape), *drawn),),
        fn=item(*key),
        dtypes=ALL,
        tolerance=0,
        errors=errors,
        lengths=lengths,
        large=large,
    )


MASK = np.array([[True, False, True, True], [False] * 4, [True] * 4])


def raises(message, call):
    return Raises(IndexError, message, call)


GETITEM = (
    getitem(
        "int",
        (1,),
        (3, 4),
        errors=(raises(r"index: 3 is out of bounds for axis 0 of shape \(3,\)", lambda: tw.ones(3)[3]),),
    ),
    getitem("ints", (-1, 2), (3, 4)),
    getitem("slice", (slice(1, None, 2),), (7,), lengths=lambda n: S(A((2 * n + 1,)))),
    getitem("negative", (slice(None, None, -2), slice(3, 0, -1)), (5, 4)),
    getitem("beyond", (slice(5, 100),), (7,)),
    getitem("empty", (slice(3, 3),), (7,)),
    getitem("newaxis", (None, slice(None), None), (3, 4)),
    getitem("ellipsis", (Ellipsis, 1), (2, 3, 4), errors=(raises("only one Ellipsis", lambda: tw.ones(3)[..., ...]),)),
    getitem("all", (Ellipsis,), (2, 3)),
    getitem(
        "array",
        (A,),
        (5, 3),
        index((4,), 5),
        errors=(
            raises(r"index: 9 is out of bounds for axis 0 of shape \(3,\)", lambda: tw.ones(3)[tw.asarray([0, 9])]),
            raises("too many", lambda: tw.ones(3)[0, 0]),
            raises("float", lambda: tw.ones(3)[tw.asarray([0.5])]),
        ),
        lengths=lambda n: S(A((5, n)), index((n,), 5)),
        large=S(A((700, 120)), index((1500,), 700)),
    ),
    getitem("arrays", (A, A), (5, 3), index((4,), 5), index((4,), 3)),
    getitem("broadcast", (A, A), (5, 3), index((4, 1), 5), index((2,), 3)),
    getitem("middle", (slice(None), A, slice(1, None)), (3, 4, 5), index((2, 2), 4)),
    getitem("apart", (A, slice(None), A), (3, 4, 5), index((2,), 3), index((2,), 5)),
    getitem("mixed", (1, A), (3, 4), index((6,), 4)),
    getitem("none", (A,), (4, 2), A((0,), values=np.zeros(0, np.int64), dtype="int64")),
    getitem(
        "mask",
        (A,),
        (3, 4),
        A((3, 4), values=MASK, dtype="bool"),
        errors=(raises(r"\(2,\)|boolean", lambda: tw.ones(3)[tw.asarray([True, False])]),),
    ),
    getitem("row mask", (A, slice(1, 3)), (3, 4), A((3,), values=[True, False, True], dtype="bool")),
)

PICKS = (
    OpCase(
        "take",
        lambda x, i, axis=None: np.take(x, i, axis),
        (
            S(A((5, 3)), index((4,), 5), axis=0),
            S(A((5, 3)), index((2, 2), 3), axis=-1),
            S(A((5,)), index((7,), 5)),
            S(A((5, 0)), index((2,), 5), axis=0),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((5, n)), index((n,), 5), axis=0),
        large=S(A((700, 120)), index((1500,), 700), axis=0),
        errors=(
            raises("take: .*7", lambda: tw.take(tw.ones(3), tw.asarray([7]))),
            Raises(ValueError, r"take: .*\(2, 3\)", lambda: tw.take(tw.ones((2, 3)), tw.asarray([0]))),
            Raises((TypeError, IndexError), "take: .*float", lambda: tw.take(tw.ones(3), tw.asarray([0.5]))),
        ),
    ),
    OpCase(
        "take_along_axis",
        lambda x, i, axis=-1: np.take_along_axis(x, i, axis),
        (S(A((5, 3)), index((5, 2), 3), axis=1), S(A((5, 3)), index((2, 3), 5), axis=0), S(A((4,)), index((6,), 4))),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((3, n)), index((3, n), n), axis=1),
        large=S(A((700, 120)), index((700, 120), 120), axis=1),
        errors=(
            raises("take_along_axis: .*7", lambda: tw.take_along_axis(tw.ones(3), tw.asarray([7]), axis=0)),
            Raises(
                ValueError, "take_along_axis: ", lambda: tw.take_along_axis(tw.ones((2, 3)), tw.asarray([0]), axis=0)
            ),
        ),
    ),
    OpCase(
        "nonzero",
        np.nonzero,
        (S(A((3, 4), 0, 1)), S(A((0, 3))), S(A((70,), 0, 1))),
        dtypes=ALL,
        result="int64",
        grad=0,
        lengths=lambda n: S(A((n,), 0, 1)),
    ),
)

CASES = GETITEM + PICKS
