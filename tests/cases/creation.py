"""Arrays from nothing."""

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S

F32 = {"dtypes": ("float32",), "grad": 0, "tolerance": 0}


def with_dtype(oracle):
    """NumPy's function with its dtype's name."""
    return lambda *args, dtype="float32", **kwargs: oracle(*args, dtype=dtype, **kwargs)


def like(oracle):
    return lambda x, *args, **kwargs: oracle(x, *args, dtype=kwargs.pop("dtype", "float32"), **kwargs)


def dtype_error(name, *args):
    return Raises(TypeError, "float128", lambda: getattr(tw, name)(*args, dtype="float128"))


NEGATIVE = r"-1|negative"

CASES = (
    OpCase(
        "zeros",
        with_dtype(np.zeros),
        (S((3, 4)), S(5), S(()), S((0, 3))),
        errors=(Raises(ValueError, NEGATIVE, lambda: tw.zeros((2, -1))), dtype_error("zeros", 3)),
        **F32,
    ),
    OpCase("ones", with_dtype(np.ones), (S((3, 4)), S(5), S(()), S((0, 3))), errors=(dtype_error("ones", 3),), **F32),
    OpCase(
        "full",
        with_dtype(np.full),
        (S((3, 4), 2.5), S(5, -1.0), S((), 7.0)),
        errors=(dtype_error("full", 3, 1),),
        **F32,
    ),
    OpCase("zeros_like", like(np.zeros_like), (S(A((3, 4))), S(A(())), S(A((0,)))), **F32),
    OpCase("ones_like", like(np.ones_like), (S(A((3, 4))), S(A(())), S(A((0,)))), **F32),
    OpCase("full_like", like(np.full_like), (S(A((3, 4)), 2.5),), **F32),
    OpCase(
        "arange",
        lambda *args, dtype="int64": np.arange(*args, dtype=dtype),
        (S(5), S(2, 9), S(2, 9, 3), S(9, 2, -2), S(0), S(5, 2), S(70)),
        result="int64",
        errors=(
            Raises(ValueError, "arange: step", lambda: tw.arange(0, 5, 0)),
            Raises(TypeError, "arange: dtype complex64 has no order", lambda: tw.arange(5, dtype="complex64")),
            Raises(TypeError, "arange: stop is 1j, but must be real", lambda: tw.arange(1j)),
        ),
        **F32,
    ),
    OpCase(
        "linspace",
        lambda *args: np.linspace(*args),
        (S(0.0, 1.0, 11), S(-3.0, 3.0, 7), S(2.0, 2.0, 3), S(0.0, 1.0, 1), S(0.0, 1.0, 0)),
        dtypes=("float32",),
        grad=0,
        errors=(Raises(TypeError, "linspace: stop is 1j, but must be real", lambda: tw.linspace(0, 1j, 3)),),
    ),
    OpCase(
        "eye",
        with_dtype(np.eye),
        (S(3), S(3, 5), S(0)),
        errors=(Raises(ValueError, NEGATIVE, lambda: tw.eye(-1)),),
        **F32,
    ),
)
