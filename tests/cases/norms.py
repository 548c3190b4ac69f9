"""Norms, ranks, powers and parts of matrices."""

import numpy as np

import tilewright as tw

from .linalg import ANY, regular, shape_errors, square_error
from .opcase import ALL, COMPLEX, INEXACT, A, OpCase, Raises, S

SQUARE = (S(A((3, 3), -1, 1)), S(A((2, 4, 4), -1, 1)), S(A((1, 1), -1, 1)), S(A((0, 3, 3))))
FLOATS = ("float32", "float64", *COMPLEX)


def norms(name, samples, dtypes=FLOATS, **options):
    call, numpys = getattr(tw.linalg, name), getattr(np.linalg, name)
    text = ", ".join(f"{k}={v}" for k, v in options.items())
    return OpCase(
        f"linalg.{name} {text}".rstrip(),
        lambda x: numpys(x, **options),
        samples,
        fn=lambda x: call(x, **options),
        dtypes=dtypes,
        result="magnitude",
        tolerance=64,
        grad=0 if options.get("ord") == 0 else 2,
    )


def wrong(name, error, message, *args, **options):
    return Raises(error, f"{name}: {message}", lambda: getattr(tw.linalg, name)(*args, **options))


VECTORS = (S(A((3, 4), 0.5, 2)), S(A((2, 3, 5), 0.5, 2)), S(A((4, 0), 0.5, 2)))
MATRICES = (S(A((4, 3), 0.5, 2)), S(A((2, 3, 3), 0.5, 2)), S(A((0, 2, 3))))


def expm(x):
    """By its series, of halved matrices."""
    y = term = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for k in range(1, 30):
        term = term @ (x / 1024) / k
        y = y + term
    for _ in range(10):
        y = y @ y
    return y


def of_regular(name, samples=SQUARE, errors=(), result="same", **more):
    fn, oracle = regular(name)
    return OpCase(
        f"linalg.{name}", oracle, samples, fn=fn, dtypes=FLOATS, result=result, tolerance=256,
        errors=(*shape_errors(name), *errors), **more,
    )  # fmt: skip


CASES = (
    OpCase(
        "linalg.vector_norm",
        lambda x: np.linalg.vector_norm(x),
        VECTORS,
        dtypes=INEXACT,
        result="magnitude",
        tolerance=64,
        errors=(
            wrong("vector_norm", tw.AxisError, "axis 2 is out of bounds", tw.ones((2, 2)), axis=2),
            wrong("vector_norm", ValueError, r"axis \(0, 0\) has an axis twice", tw.ones((2, 2)), axis=(0, 0)),
            wrong("vector_norm", ValueError, "x .* has no elements along axis", tw.ones(0), ord=-np.inf),
            wrong("vector_norm", TypeError, "ord is 'fro', but must be a real number", tw.ones(2), ord="fro"),
        ),
    ),
    *(norms("vector_norm", VECTORS, axis=-1, ord=p) for p in (0, 1, 3, 0.5, -1, np.inf)),
    norms("vector_norm", VECTORS[:2], axis=(0, 1), keepdims=True),
    norms("vector_norm", VECTORS[:2], axis=0, ord=-np.inf),
    OpCase(
        "linalg.matrix_norm",
        np.linalg.matrix_norm,
        MATRICES,
        dtypes=FLOATS,
        result="magnitude",
        tolerance=64,
        errors=(
            wrong("matrix_norm", ValueError, "x has shape .*needs at least two axes", tw.ones(3)),
            wrong("matrix_norm", ValueError, 'ord is 3.0, but of matrices must be "fro"', tw.eye(2), ord=3),
            wrong("matrix_norm", ValueError, "ord is 'x', but must be", tw.eye(2), ord="x"),
            wrong("matrix_norm", ValueError, "x .* has no elements, of which ord=-2", tw.ones((0, 2)), ord=-2),
        ),
    ),
    *(norms("matrix_norm", MATRICES, ord=p) for p in ("nuc", 1, -1, 2, -2, np.inf, -np.inf)),
    norms("matrix_norm", MATRICES, ord=1, keepdims=True),
    OpCase(
        "linalg.norm",
        np.linalg.norm,
        VECTORS,
        dtypes=FLOATS,
        result="magnitude",
        tolerance=64,
        errors=(
            wrong("norm", ValueError, "there are 3 axes", tw.ones((2, 2, 2)), 1),
            wrong("norm", ValueError, "ord is 'fro', but of vectors must be a number", tw.ones(2), "fro"),
        ),
    ),
    norms("norm", MATRICES[:2], ord="fro", axis=(-1, 0)),
    norms("norm", VECTORS, ord=3, axis=-1),
    of_regular(
        "cond",
        result="magnitude",
        errors=(wrong("cond", ValueError, "x .* an empty matrix", tw.ones((0, 0))),),
    ),
    *(norms("cond", (S(A((3, 3), 1, 3, kind="positive definite")),), p=p) for p in ("fro", 1, -2, np.inf)),
    OpCase(
        "linalg.matrix_rank", np.linalg.matrix_rank, ANY, dtypes=FLOATS, result="int64", grad=0,
        errors=(
            wrong("matrix_rank", ValueError, "x has shape .*needs at least two axes", tw.ones(3)),
            wrong("matrix_rank", ValueError, r"rtol has shape \(3,\)", tw.ones((2, 2, 2)), rtol=tw.ones(3)),
        ),
    ),
    OpCase(
        "linalg.matrix_power",
        lambda x: np.linalg.matrix_power(x, 5),
        SQUARE,
        fn=lambda x: tw.linalg.matrix_power(x, 5),
        dtypes=(*FLOATS, "int32", "int64"),
        tolerance=256,
        errors=(
            wrong("matrix_power", ValueError, "x has shape .*must be square", tw.ones((2, 3)), 2),
            wrong("matrix_power", TypeError, "n is 0.5, but must be an integer", tw.eye(2), 0.5),
            Raises(ValueError, "inv: a matrix .* singular", lambda: tw.linalg.matrix_power(tw.ones((2, 2)), -1)),
        ),
    ),
    OpCase(
        "linalg.expm", expm, (*SQUARE, S(A((3, 3), -8, 8, kind="triangular"))), dtypes=FLOATS, tolerance=2048,
        errors=(*shape_errors("expm"), square_error("expm")),
    ),
    OpCase(
        "linalg.multi_dot",
        lambda *x: np.linalg.multi_dot(x),
        (S(A((2, 3)), A((3, 4)), A((4, 2))), S(A((3,)), A((3, 4)), A((4,))), S(A((0, 3)), A((3, 2)))),
        fn=lambda *x: tw.linalg.multi_dot(x),
        dtypes=FLOATS,
        tolerance=256,
        products=True,
        errors=(
            wrong("multi_dot", ValueError, "there are 1 arrays", [tw.eye(2)]),
            wrong("multi_dot", ValueError, "entries 0 and 1 of arrays, .*do not fit", [tw.eye(2), tw.eye(3)]),
            wrong("multi_dot", ValueError, "entry 1 of arrays has 1 axes", [tw.eye(2), tw.ones(2), tw.eye(2)]),
        ),
    ),
    OpCase(
        "linalg.diagonal", np.linalg.diagonal, (S(A((3, 4))), S(A((2, 4, 3))), S(A((0, 3)))), dtypes=ALL,
        errors=(wrong("diagonal", ValueError, "x has shape .*needs at least two axes", tw.ones(3)),),
    ),
    *(
        OpCase(
            f"linalg.diagonal {k}",
            lambda x, k=k: np.linalg.diagonal(x, offset=k),
            (S(A((3, 4))),),
            fn=lambda x, k=k: tw.linalg.diagonal(x, offset=k),
            dtypes=ALL,
        )
        for k in (2, -1, 9)
    ),
    OpCase(
        "linalg.trace", np.linalg.trace, (S(A((3, 4))), S(A((2, 3, 3))), S(A((0, 3)))), dtypes=FLOATS, tolerance=16,
        errors=(wrong("trace", ValueError, "x has shape .*needs at least two axes", tw.ones(3)),),
    ),
    OpCase(
        "linalg.outer", np.linalg.outer, (S(A((3,)), A((4,))), S(A((0,)), A((4,)))), dtypes=FLOATS,
        errors=(wrong("outer", ValueError, r"x2 has shape \(2, 2\), but must have one axis", tw.ones(2), tw.eye(2)),),
    ),
)  # fmt: skip
