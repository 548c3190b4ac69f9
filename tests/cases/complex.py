"""Parts, conjugates and angles."""

import numpy as np

import tilewright as tw

from .opcase import ALL, COMPLEX, FLOATS, REAL, A, OpCase, Raises, S


def part(name, oracle, **more):
    return OpCase(
        name,
        oracle,
        (S(A((3, 4))), S(A(())), S(A((1,))), S(A((2, 3, 5))), S(A((0,)))),
        lengths=lambda n: S(A((n,))),
        large=S(A((150_001,))),
        **more,
    )


CASES = (
    part("real", np.real, dtypes=ALL, result="magnitude", tolerance=0),
    part(
        "imag",
        np.imag,
        dtypes=COMPLEX,
        result="magnitude",
        tolerance=0,
        errors=(Raises(ValueError, "read-only", lambda: tw.imag(tw.ones(3)).fill_(1.0)),),
    ),
    part("imag[real]", np.imag, fn=tw.imag, dtypes=REAL, tolerance=0, grad=0),
    part("conj", lambda x: np.conj(x) if x.dtype.kind == "c" else x, dtypes=ALL, tolerance=0),
    part("angle", np.angle, dtypes=FLOATS + COMPLEX, result="magnitude"),
)
