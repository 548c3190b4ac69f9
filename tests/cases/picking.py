"""Picking along one axis, masks, and the triangles of matrices."""

import numpy as np

import tilewright as tw

from .indexing import index
from .opcase import ALL, INTS, NUMERIC, A, OpCase, Raises, S

F = tw.nn.functional


def part(x, axis, indices):
    """x as far as the indices go along the other axes."""
    return x[tuple(slice(None) if k == axis % x.ndim else slice(n) for k, n in enumerate(indices.shape))]


def gather(x, axis, indices):
    return np.take_along_axis(part(x, axis, indices), indices, axis)


def scattered(add):
    """`scatter`, entry by entry in the order of the axis, or with sums `scatter_add`."""

    def oracle(x, axis, indices, src):
        y = np.array(x)
        src = np.broadcast_to(src, indices.shape) if np.ndim(src) == 0 else src
        for at in np.ndindex(*indices.shape):
            to = (*at[: axis % x.ndim], int(indices[at]), *at[axis % x.ndim + 1 :])
            with np.errstate(over="ignore"):
                y[to] = y[to] + src[at] if add else src[at]
        return y

    return oracle


X, PLACES = tw.ones((2, 3)), tw.asarray([[0, 1]])
CODES = np.array([[0, 4, 2], [1, 1, 0]])


def refused(name, *rest):
    """What every function along an axis refuses."""

    def call(x, axis, indices):
        return lambda: getattr(tw, name)(x, axis, indices, *rest)

    return (
        Raises(IndexError, f"{name}: 3 is out of bounds for axis 1 of shape", call(X, 1, tw.asarray([[0, 3]]))),
        Raises(IndexError, f"{name}: -4 is out of bounds for axis 1", call(X, 1, tw.asarray([[0, -4]]))),
        Raises(ValueError, rf"{name}: indices .*\(3, 1\).* axis 0 .*\(2, 3\)", call(X, 1, tw.asarray([[0]] * 3))),
        Raises(ValueError, f"{name}: indices .* dimensions", call(X, 1, tw.asarray([0]))),
        Raises(TypeError, f"{name}: indices .*float32", call(X, 1, tw.ones((1, 2)))),
        Raises(ValueError, f"{name}: axis", call(X, 2, PLACES)),
    )


ALONG = (
    OpCase(
        "gather",
        gather,
        (
            S(A((5, 3)), 1, index((4, 6), 3)),
            S(A((5, 3)), 0, index((7, 2), 5)),
            S(A((2, 3, 4)), -2, index((2, 5, 3), 3)),
            S(A((4,)), 0, index((6,), 4)),
            S(A((0, 3)), 1, A((0, 2), values=np.zeros((0, 2), np.int64), dtype="int64")),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((3, n)), 1, index((2, n), n)),
        large=S(A((700, 120)), 1, index((700, 120), 120)),
        errors=refused("gather"),
    ),
    OpCase(
        "scatter",
        scattered(False),
        (
            S(A((5, 3)), 1, index((4, 6), 3), A((4, 6))),
            S(A((5, 3)), 0, index((7, 2), 5), A((9, 3))),
            S(A((2, 3, 4)), -2, index((2, 5, 3), 3), A((2, 5, 3))),
            S(A((4,)), 0, index((6,), 4), A(())),
            S(A((4, 3)), 0, index((1, 3), 4), True),
            S(A((2, 3)), 1, A((0, 2), values=np.zeros((0, 2), np.int64), dtype="int64"), A((0, 2))),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((3, n)), 1, index((2, n), n), A((2, n))),
        large=S(A((300, 120)), 0, index((300, 120), 300), A((300, 120))),
        errors=(
            *refused("scatter", 1.0),
            Raises(ValueError, r"scatter: src .*\(1, 1\)", lambda: tw.scatter(X, 1, PLACES, tw.ones((1, 1)))),
            Raises(ValueError, r"scatter: src .*\(2,\)", lambda: tw.scatter(X, 1, PLACES, tw.ones(2))),
        ),
    ),
    OpCase(
        "scatter_add",
        scattered(True),
        (
            S(A((5, 3)), 1, index((4, 6), 3), A((4, 6))),
            S(A((5, 3)), 0, index((7, 2), 5), A((9, 3))),
            S(A((2, 3, 4)), -2, index((2, 5, 3), 3), A((2, 5, 3))),
            S(A((4,)), 0, index((6,), 4), A(())),
            S(A((2, 3)), 1, A((0, 2), values=np.zeros((0, 2), np.int64), dtype="int64"), A((0, 2))),
        ),
        dtypes=(*NUMERIC, "complex64", "complex128"),
        tolerance=8,
        lengths=lambda n: S(A((3, n)), 1, index((2, n), n), A((2, n))),
        large=S(A((300, 120)), 0, index((300, 120), 300), A((300, 120))),
        errors=(
            *refused("scatter_add", 1.0),
            Raises(TypeError, "scatter_add: .*bool", lambda: tw.scatter_add(X == 1, 1, PLACES, tw.ones((1, 2)) == 1)),
        ),
    ),
)

MASK = A((3, 4), dtype="bool")

MASKS = (
    OpCase(
        "masked_fill",
        lambda x, mask, value: np.where(mask, np.asarray(value).astype(x.dtype), x),
        (S(A((3, 4)), MASK, A(())), S(A((2, 3, 4)), MASK, True), S(A((1, 4)), MASK, False)),
        dtypes=ALL,
        tolerance=0,
        numeric=(S(A((3, 4)), MASK, 7),),
        lengths=lambda n: S(A((n,)), A((n,), dtype="bool"), True),
        large=S(A((700, 120)), A((700, 120), dtype="bool"), A(())),
        errors=(
            Raises(TypeError, "masked_fill: mask has dtype float32", lambda: tw.masked_fill(X, X, 0.0)),
            Raises(ValueError, r"masked_fill: value has shape \(2,\)", lambda: tw.masked_fill(X, X == 1, tw.ones(2))),
            Raises(TypeError, "masked_fill: value is 0.5, .*int64", lambda: tw.masked_fill([1, 2], [True, False], 0.5)),
            Raises(TypeError, "masked_fill: value .*float32", lambda: tw.masked_fill([1], [True], tw.asarray(0.5))),
            Raises(TypeError, "masked_fill: value is 1j", lambda: tw.masked_fill(X, X == 1, 1j)),
            Raises(
                ValueError,
                "masked_fill: value is 300, but uint8 holds 0 to 255",
                lambda: tw.masked_fill(tw.zeros(2, dtype="uint8"), [True, False], 300),
            ),
        ),
    ),
)


def triangle(name, oracle):
    shapes = ((4, 5), (2, 3, 3), (5, 2), (0, 3), (3, 0), (1, 1))
    return OpCase(
        name,
        oracle,
        (
            *(S(A(shape)) for shape in shapes),
            *(S(A((4, 5)), k=k) for k in (-9, -4, -3, -1, 1, 3, 5, 9)),
            S(A((2, 3, 4, 5)), k=1),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((3, n)), k=1),
        large=S(A((4, 200, 150)), k=-20),
        errors=(
            Raises(ValueError, rf"{name}: x has shape \(3,\)", lambda: getattr(tw, name)(tw.ones(3))),
            Raises(TypeError, f"{name}: k is 0.5", lambda: getattr(tw, name)(tw.ones((2, 2)), k=0.5)),
        ),
    )


PLAIN = {"dtypes": ("float32",), "grad": 0, "tolerance": 0}

TRIANGLES = (
    triangle("tril", np.tril),
    triangle("triu", np.triu),
    OpCase(
        "tri",
        lambda *args, **keywords: np.tri(*args, dtype=np.float32, **keywords),
        (S(3), S(3, 5), S(4, 2, k=1), S(0), S(3, 4, k=-9)),
        errors=(Raises(ValueError, "tri: n_rows is -1", lambda: tw.tri(-1)),),
        **PLAIN,
    ),
    *(
        OpCase(
            name,
            getattr(np, name),
            (S(3), S(3, 1), S(4, -1, 6), S(0)),
            result=("int64", "int64"),
            errors=(Raises(ValueError, f"{name}: m is -1", lambda name=name: getattr(tw, name)(2, 0, -1)),),
            **PLAIN,
        )
        for name in ("tril_indices", "triu_indices")
    ),
    OpCase(
        "diag_indices",
        np.diag_indices,
        (S(3), S(0)),
        result=("int64", "int64"),
        errors=(Raises(ValueError, "diag_indices: ndim is 0", lambda: tw.diag_indices(3, 0)),),
        **PLAIN,
    ),
)

ONE_HOT = (
    OpCase(
        "nn.functional.one_hot",
        lambda x, num_classes, dtype="int64": (x[..., None] == np.arange(num_classes)).astype(np.int64),
        (S(A((2, 3), 0, 4), 5), S(A((7,), 0, 2), 3), S(A((), 0, 2), 3), S(A((0, 2)), 3)),
        dtypes=INTS,
        result="int64",
        grad=0,
        lengths=lambda n: S(A((n,), 0, n - 1), n),
        large=S(A((900,), 0, 99), 100),
        errors=(
            Raises(IndexError, r"one_hot: input\[0, 1\] is 4, but 4 classes are 0 to 3", lambda: F.one_hot(CODES, 4)),
            Raises(IndexError, r"one_hot: input\[1\] is -1, but 3 classes", lambda: F.one_hot([0, -1], 3)),
            Raises(IndexError, "one_hot: input is 3", lambda: F.one_hot(tw.asarray(3), 3)),
            Raises(ValueError, "one_hot: num_classes is 0", lambda: F.one_hot([0], 0)),
            Raises(ValueError, r"one_hot: input \(0,\) is empty", lambda: F.one_hot(tw.zeros(0, dtype="int64"))),
            Raises(TypeError, "one_hot: input has dtype float32", lambda: F.one_hot([0.5], 2)),
        ),
    ),
)

CASES = ALONG + MASKS + TRIANGLES + ONE_HOT
