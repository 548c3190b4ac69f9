"""Sums and products of all elements up to each."""

import numpy as np

import tilewright as tw

from .opcase import ALL, A, OpCase, Raises, S, public


def widened(function):
    """With the dtype that integers and bool are scanned in, also where NumPy's 32 bits would be fewer."""

    def scan(x, axis=None, dtype=None):
        wide = dtype or {"i": np.int64, "u": np.uint64, "b": np.int64}.get(x.dtype.kind)
        return function(x, axis=axis, dtype=wide)

    return scan


def cumulative(function, first):
    """The Array API's function."""

    def scan(x, axis=None, dtype=None, include_initial=False):
        axis = 0 if axis is None else axis
        y = widened(function)(np.atleast_1d(x), axis, dtype)
        before = np.full_like(np.take(y, [0] if y.shape[axis] else [], axis), first)
        if include_initial and not y.shape[axis]:
            before = np.full([1 if k == axis % y.ndim else n for k, n in enumerate(y.shape)], first, y.dtype)
        return np.concatenate([before, y], axis) if include_initial else y

    return scan


def case(name, oracle, samples, low=-3.0, high=3.0, tolerance=64.0, errors=()):
    call = public(name)
    return OpCase(
        name,
        oracle,
        (
            S(A((3, 5), low, high), axis=1),
            S(A((3, 5), low, high), axis=0),
            S(A((2, 3, 4), low, high), axis=-2),
            S(A((0,), low, high), axis=0),
            S(A((3, 0), low, high), axis=0),
            S(A((1,), low, high)),
            S(A((), low, high)),
            S(A((300,), low, high)),
            S(A((3, 300), low, high), axis=0),
            *samples,
        ),
        dtypes=ALL,
        result="summed",
        tolerance=tolerance,
        lengths=lambda n: S(A((3, n), low, high), axis=1),
        large=S(A((140_001,), low, high), axis=0),
        errors=(
            Raises(tw.AxisError, rf"{name}: axis 2.*2", lambda: call(tw.ones((2, 3)), axis=2)),
            Raises(tw.AxisError, rf"{name}: axis -3.*2", lambda: call(tw.ones((2, 3)), axis=-3)),
            Raises(TypeError, rf"{name}: axis is ", lambda: call(tw.ones((2, 3)), axis=(0, 1))),
            *errors,
        ),
    )


def flat(low=-3.0, high=3.0):
    """All elements as one row."""
    return (S(A((2, 3), low, high)), S(A((0, 3), low, high)))


def array_api(name, function, first, low=-3.0, high=3.0, tolerance=64.0):
    call, initial = public(name), {"include_initial": True}
    return case(
        name,
        cumulative(function, first),
        (
            S(A((2, 3), low, high), axis=1, **initial),
            S(A((0,), low, high), **initial),
            S(A((4,), low, high), **initial),
        ),
        low,
        high,
        tolerance,
        (
            Raises(ValueError, rf"{name}: x has shape \(2, 3\); name the axis", lambda: call(tw.ones((2, 3)))),
            Raises(TypeError, f"{name}: include_initial is 2", lambda: call(tw.ones(3), include_initial=2)),
        ),
    )


CASES = (
    case("cumsum", widened(np.cumsum), flat()),
    case("cumprod", widened(np.cumprod), flat(0.9, 1.1), 0.9, 1.1, 1024.0),
    array_api("cumulative_sum", np.cumsum, 0),
    array_api("cumulative_prod", np.cumprod, 1, 0.9, 1.1, 1024.0),
)
