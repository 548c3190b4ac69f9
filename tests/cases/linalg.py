"""Linear algebra beyond products."""

import numpy as np

import tilewright as tw

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
)
