"""Fourier transforms."""

import numpy as np

import tilewright as tw

from .opcase import COMPLEX, REAL, A, OpCase, Raises, S

OF_REAL = ("float32", "float64")
ANY = (*OF_REAL, *COMPLEX)


def errors(name):
    call, x = getattr(tw.fft, name), tw.ones((2, 3))
    found = [
        Raises(TypeError, f"{name}: dtype float16 is not supported", lambda: call(tw.ones((2, 3), dtype="float16"))),
        Raises(ValueError, f"{name}: norm is 'none', but must be", lambda: call(x, norm="none")),
    ]
    if name in ("rfft", "ihfft", "rfftn", "rfft2"):
        message = f"{name}: x has dtype complex64, but must be real"
        found.append(Raises(TypeError, message, lambda: call(tw.ones((2, 3), dtype="complex64"))))
    if name.endswith("t"):
        found += [
            Raises(ValueError, f"{name}: n is 0, but must be at least 1", lambda: call(x, n=0)),
            Raises(ValueError, f"{name}: axis 0 of x has too few elements", lambda: call(tw.ones((0, 3)), axis=0)),
            Raises(tw.AxisError, f"{name}: axis 2 is out of bounds", lambda: call(x, axis=2)),
            Raises(tw.AxisError, f"{name}: axis -1 is out of bounds", lambda: call(tw.asarray(1.0))),
        ]
    else:
        found += [
            Raises(ValueError, rf"{name}: s\[1\] is 0, but must be at least 1", lambda: call(x, (2, 0), (0, 1))),
            Raises(ValueError, f"{name}: s has 1 entries, but axes", lambda: call(x, (2,), (0, 1))),
            Raises(ValueError, rf"{name}: axes \(1, 1\) names an axis twice", lambda: call(x, None, (1, -1))),
            Raises(tw.AxisError, f"{name}: axis 2 is out of bounds", lambda: call(x, None, (0, 2))),
        ]
    return tuple(found)


LINE = (
    S(A((3, 8))),
    S(A((2, 6)), n=4),
    S(A((2, 5)), n=8),
    S(A((5, 3)), n=3, axis=0),
    S(A((4, 3)), axis=-2, norm="ortho"),
    S(A((7,)), norm="forward"),
    S(A((2,))),
    S(A((0, 4))),
)
PADDED_FROM_NOTHING = S(A((2, 0)), n=3)  # not for irfft: NumPy's reads memory that is not there (test_fft.py)
GRID = (
    S(A((3, 4)), axes=(0, 1)),
    S(A((2, 3, 4)), axes=(-1, 0)),
    S(A((3, 4)), s=(4, 2), axes=(0, 1), norm="ortho"),
    S(A((3, 5)), s=(-1, 7), axes=(0, 1)),
    S(A((4, 3)), axes=(1, 0), norm="forward"),
    S(A((0, 2, 3)), axes=(1, 2)),
)
FULL = (S(A((2, 3, 2))), *GRID)


def case(name, samples, dtypes, result):
    return OpCase(
        f"fft.{name}",
        getattr(np.fft, name),
        samples,
        dtypes=dtypes,
        result=result,
        tolerance=64,
        errors=errors(name),
    )


def shifting(name):
    call = getattr(tw.fft, name)
    return OpCase(
        f"fft.{name}",
        getattr(np.fft, name),
        (S(A((4, 5))), S(A((5, 4)), 0), S(A((2, 3, 4)), (0, -1)), S(A((1,))), S(A((3,)), (0, 0)), S(A((0, 3)))),
        dtypes=(*REAL, *COMPLEX),
        tolerance=0,
        errors=(Raises(tw.AxisError, f"{name}: axis 1 is out of bounds", lambda: call(tw.ones(3), 1)),),
    )


def frequencies(name):
    call, oracle = getattr(tw.fft, name), getattr(np.fft, name)
    return OpCase(
        f"fft.{name}",
        lambda x, n, d: x * oracle(n, d),
        (S(A(()), 8, 0.5), S(A(()), 7, 0.1), S(A(()), 1, 1.0), S(A(()), 2, -3)),
        fn=lambda x, n, d: x * call(n, d, dtype=x.dtype, device=x.device),
        dtypes=("float32", "float64", "float16"),
        errors=(
            Raises(ValueError, f"{name}: n is 0, but must be at least 1", lambda: call(0)),
            Raises(ValueError, rf"{name}: d is 0\.0, but must be the distance", lambda: call(4, 0)),
            Raises(TypeError, f"{name}: dtype is int64, but must be floating", lambda: call(4, dtype="int64")),
        ),
    )


CASES = (
    *(case(name, (*LINE, PADDED_FROM_NOTHING), ANY, "complex") for name in ("fft", "ifft")),
    *(case(name, (*LINE, PADDED_FROM_NOTHING), OF_REAL, "complex") for name in ("rfft", "ihfft")),
    *(case(name, LINE, ANY, "magnitude") for name in ("irfft", "hfft")),
    *(case(name, FULL, ANY, "complex") for name in ("fftn", "ifftn", "fft2", "ifft2")),
    *(case(name, FULL, OF_REAL, "complex") for name in ("rfftn", "rfft2")),
    *(case(name, FULL, ANY, "magnitude") for name in ("irfftn", "irfft2")),
    *(frequencies(name) for name in ("fftfreq", "rfftfreq")),
    *(shifting(name) for name in ("fftshift", "ifftshift")),
)
