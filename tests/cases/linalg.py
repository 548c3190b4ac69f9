"""Linear algebra beyond products."""

import numpy as np

import tilewright as tw
from tilewright._functions.linalg import _cofactors

from .opcase import COMPLEX, A, OpCase, Raises, S

DTYPES = ("float32", "float64", *COMPLEX)


def shape_errors(name):
    call = getattr(tw.linalg, name)
    return (
        Raises(ValueError, rf"{name}: x has shape \(3,\), but needs at least two axes", lambda: call(tw.ones(3))),
        Raises(TypeError, f"{name}: dtype float16 is not supported", lambda: call(tw.ones((2, 2), dtype="float16"))),
    )


def square_error(name):
    call = getattr(tw.linalg, name)
    return Raises(ValueError, rf"{name}: x has shape \(2, 3\), .* must be square", lambda: call(tw.ones((2, 3))))


def solve_errors(*rows):
    return [
        Raises(ValueError, f"solve: {message}", lambda a=a, b=b: tw.linalg.solve(tw.ones(a), tw.ones(b)))
        for message, a, b in rows
    ]


def shifted(library, x):
    """With a diagonal that makes it regular."""
    if library is np:
        return x + 4 * np.eye(*x.shape[-2:])
    return x + 4 * tw.eye(*x.shape[-2:], dtype=x.dtype, device=x.device)


def regular(name):
    """The function on x + 4, and the same in NumPy."""
    call, oracle = getattr(tw.linalg, name), getattr(np.linalg, name)
    shift = lambda x, eye: x + 4 * eye(*x.shape[-2:])  # noqa: E731
    return (
        lambda x: call(shift(x, lambda m, n: tw.eye(m, n, dtype=x.dtype, device=x.device))),
        lambda x: oracle(shift(x, lambda m, n: np.eye(m, n))),
    )


def case(name, samples, result="same", errors=(), **more):
    fn, oracle = regular(name)
    return OpCase(
        f"linalg.{name}",
        oracle,
        samples,
        fn=fn,
        dtypes=DTYPES,
        result=result,
        tolerance=64,
        errors=(*shape_errors(name), *errors),
        **more,
    )


SQUARE = (
    S(A((3, 3), -1, 1)),
    S(A((2, 4, 4), -1, 1)),
    S(A((1, 1), -1, 1)),
    S(A((0, 3, 3))),
    S(A((2, 0, 0))),
    S(A((3, 3), 0.5, 2, kind="positive definite")),
    S(A((2, 3, 3), -1, 1, kind="triangular")),
)
ANY = (S(A((4, 3), -1, 1)), S(A((2, 3, 3), -1, 1)), S(A((3, 5), -1, 1)), S(A((1, 4), -1, 1)), S(A((0, 3, 2))))

CASES = (
    case(
        "inv",
        SQUARE,
        errors=(
            square_error("inv"),
            Raises(ValueError, r"inv: a matrix of x \(2, 2\) is singular", lambda: tw.linalg.inv(tw.ones((2, 2)))),
        ),
    ),
    case("slogdet", SQUARE, result=("same", "magnitude"), errors=(square_error("slogdet"),)),
    case(
        "qr",
        ANY,
        result=("same", "same"),
        errors=(Raises(ValueError, "qr: mode is 'full', but must be", lambda: tw.linalg.qr(tw.eye(2), mode="full")),),
    ),
    case("det", SQUARE, errors=(square_error("det"),)),
    OpCase(
        "cofactors",
        lambda x: np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2),
        (S(A((3, 3), 0.5, 2, kind="positive definite")), S(A((2, 3, 3), 0.5, 2, kind="positive definite"))),
        fn=_cofactors,
        dtypes=DTYPES,
        tolerance=64,
    ),
    case(
        "pinv",
        ANY,
        errors=(
            Raises(
                ValueError,
                r"pinv: rtol has shape \(3,\), but must broadcast to \(2,\)",
                lambda: tw.linalg.pinv(tw.ones((2, 2, 2)), rtol=np.ones(3)),
            ),
        ),
    ),
    OpCase(
        "linalg.solve",
        lambda a, b: np.linalg.solve(shifted(np, a), b),
        (
            S(A((3, 3), -1, 1), A((3,), -1, 1)),
            S(A((2, 1, 3, 3), -1, 1), A((4, 3, 2), -1, 1)),
            S(A((3, 3), -1, 1), A((3, 0))),
            S(A((0, 3, 3)), A((3, 2), -1, 1)),
        ),
        fn=lambda a, b: tw.linalg.solve(shifted(tw, a), b),
        dtypes=DTYPES,
        tolerance=64,
        errors=(
            *solve_errors(
                (r"x1 has shape \(2, 3\), .* must be square", (2, 3), (2,)),
                (r"x2 has shape \(3,\), but must have 2 rows", (2, 2), (3,)),
                (r"a matrix of x1 \(2, 2\) is singular", (2, 2), (2,)),
                ("the leading axes of x1 .* do not broadcast", (2, 2, 2), (3, 2, 2)),
            ),
        ),
    ),
    OpCase(
        "linalg.lstsq",
        lambda a, b: np.linalg.lstsq(shifted(np, a), b)[0],
        (S(A((4, 3), -1, 1), A((4, 2))), S(A((3, 3), -1, 1), A((3,))), S(A((3, 4), -1, 1), A((3,)))),
        fn=lambda a, b: tw.linalg.lstsq(shifted(tw, a), b).solution,
        dtypes=DTYPES,
        tolerance=256,
        errors=(
            Raises(
                ValueError, "lstsq: a .* must have two axes", lambda: tw.linalg.lstsq(tw.ones((2, 2, 2)), tw.ones(2))
            ),
            Raises(ValueError, "lstsq: a .* and as many rows", lambda: tw.linalg.lstsq(tw.ones((2, 2)), tw.ones(3))),
        ),
    ),
    OpCase(
        "linalg.tensorinv",
        lambda x: np.linalg.tensorinv((x + 4 * np.eye(4)).reshape(4, 2, 2), ind=1),
        (S(A((4, 4), -1, 1)),),
        fn=lambda x: tw.linalg.tensorinv(tw.reshape(shifted(tw, x), (4, 2, 2)), ind=1),
        dtypes=DTYPES,
        tolerance=64,
        errors=(
            Raises(
                ValueError, "tensorinv: ind is 0, but must be at least 1", lambda: tw.linalg.tensorinv(tw.eye(2), 0)
            ),
            Raises(ValueError, "tensorinv: x has shape .* 2 and 3", lambda: tw.linalg.tensorinv(tw.ones((2, 3)), 1)),
        ),
    ),
    OpCase(
        "linalg.tensorsolve",
        lambda a, b: np.linalg.tensorsolve((a + 4 * np.eye(4)).reshape(2, 2, 4), b),
        (S(A((4, 4), -1, 1), A((2, 2), -1, 1)),),
        fn=lambda a, b: tw.linalg.tensorsolve(tw.reshape(shifted(tw, a), (2, 2, 4)), b),
        dtypes=DTYPES,
        tolerance=64,
        errors=(
            Raises(
                ValueError,
                "tensorsolve: a .* must have the 3 elements",
                lambda: tw.linalg.tensorsolve(tw.ones((3, 2)), tw.ones(3)),
            ),
        ),
    ),
)
