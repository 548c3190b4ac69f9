"""Places among sorted elements, and positions of those that are not zero."""

import numpy as np

import tilewright as tw

from .opcase import ALL, REAL, A, OpCase, Raises, S, public


def no_order(name, *more):
    return Raises(TypeError, f"{name}: dtype complex64 is not supported", lambda: public(name)(tw.ones(3, dtype="complex64"), *more))  # fmt: skip  # noqa: E501


ZEROS = (S(A((3, 4), 0, 1)), S(A((0, 3))), S(A((70,), 0, 1)), S(A((), 0, 1)), S(A((1,))))


def of_nan(name, oracle):
    call = public(name)
    return OpCase(
        name,
        lambda x, axis=None, keepdims=False: oracle(x, axis, keepdims=keepdims),
        (S(A((3, 7))), S(A((3, 7)), axis=0), S(A((2, 3, 4)), axis=-2, keepdims=True), S(A(())), S(A((3, 0)), axis=0)),
        dtypes=REAL,
        result="int64",
        grad=0,
        errors=(
            Raises(ValueError, f"{name}: there is nothing but NaN", lambda: call([[1.0], [np.nan]], axis=1)),
            Raises(tw.AxisError, f"{name}: axis 1.*1", lambda: call(tw.ones(3), 1)),
            no_order(name),
        ),
    )


CASES = (
    OpCase(
        "searchsorted",
        lambda x, v, side="left", sorter=None: np.searchsorted(x, v, side, sorter),
        (
            S(A((7,), kind="sorted"), A((3, 4))),
            S(A((8,), kind="sorted"), A((20,)), side="right"),
            S(A((1,), kind="sorted"), A(())),
            S(A((0,), kind="sorted"), A((3,)), side="right"),
            S(A((5,), kind="sorted"), A((0, 2))),
        ),
        dtypes=REAL,
        result="int64",
        grad=0,
        lengths=lambda n: S(A((n,), kind="sorted"), A((n,))),
        large=S(A((3000,), kind="sorted"), A((40_000,))),
        errors=(
            Raises(ValueError, r"searchsorted: x1 has shape \(2, 3\)", lambda: tw.searchsorted(tw.ones((2, 3)), 1)),
            Raises(ValueError, "searchsorted: side is 'up'", lambda: tw.searchsorted([1.0], 1, side="up")),
            Raises(
                ValueError, r"searchsorted: sorter has shape \(2,\)", lambda: tw.searchsorted([1.0], 1, sorter=[0, 0])
            ),
            Raises(
                TypeError, "searchsorted: sorter has dtype float32", lambda: tw.searchsorted([1.0], 1, sorter=[0.0])
            ),
            Raises(IndexError, "take: .*7", lambda: tw.searchsorted([1.0], 1, sorter=[7])),
            no_order("searchsorted", 1.0),
        ),
    ),
    OpCase(
        "searchsorted[sorter]",
        lambda x, v: np.searchsorted(x, v, sorter=np.argsort(x)),
        (S(A((5,), kind="distinct"), A((3,))),),
        fn=lambda x, v: tw.searchsorted(x, v, sorter=tw.argsort(x)),
        dtypes=("float32", "float64", "int64", "uint8"),
        result="int64",
        grad=0,
    ),
    OpCase(
        "digitize",
        np.digitize,
        (S(A((3, 4)), A((5,), kind="sorted")), S(A((9,)), A((3,), kind="sorted"), True), S(A(()), A((1,)))),
        dtypes=REAL,
        result="int64",
        grad=0,
        errors=(
            Raises(ValueError, "digitize: bins must go up or down", lambda: tw.digitize([1.0], [1.0, 2.0, 0.0])),
            Raises(ValueError, r"digitize: bins has shape \(\)", lambda: tw.digitize([1.0], 1.0)),
            no_order("digitize", [1.0]),
        ),
    ),
    OpCase(
        "count_nonzero",
        lambda x, axis=None, keepdims=False: np.count_nonzero(x, axis, keepdims=keepdims),
        (*ZEROS, S(A((3, 4), 0, 1), axis=0), S(A((2, 3, 4), 0, 1), axis=(0, -1), keepdims=True)),
        dtypes=ALL,
        result="int64",
        grad=0,
        specials=True,
        lengths=lambda n: S(A((n,), 0, 1)),
        errors=(Raises(tw.AxisError, "count_nonzero: axis 1.*1", lambda: tw.count_nonzero(tw.ones(3), axis=1)),),
    ),
    OpCase("flatnonzero", np.flatnonzero, ZEROS, dtypes=ALL, result="int64", grad=0),
    OpCase("argwhere", np.argwhere, ZEROS, dtypes=ALL, result="int64", grad=0),
    of_nan("nanargmax", np.nanargmax),
    of_nan("nanargmin", np.nanargmin),
)
