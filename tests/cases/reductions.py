"""Reductions over any axes."""

import numpy as np

import tilewright as tw

from .opcase import ALL, COMPLEX, FLOATS, NUMERIC, REAL, A, OpCase, Raises, S, public


def axes_error(name):
    return (
        Raises(tw.AxisError, rf"{name}: .*axis 2.*2", lambda: public(name)(tw.ones((2, 3)), axis=2)),
        Raises(tw.AxisError, rf"{name}: .*axis -3", lambda: public(name)(tw.ones((2, 3)), axis=-3)),
    )


def reduction(
    name, oracle, dtypes=NUMERIC, several=True, single=True, empty=True, errors=(), low=-3.0, high=3.0, **more
):
    """Over all, one, several and negative axes, with and without keepdims; along, across, and in the middle.

    `empty`: reducing nothing gives a number (True), NaN (None), or raises (False).
    """
    samples = [
        S(A((3, 5), low, high), axis=1),
        S(A((3, 5), low, high), axis=0),
        S(A((3, 5), low, high)),
        S(A((2, 3, 4), low, high), axis=1, keepdims=True),
        S(A((2, 3, 4), low, high), axis=-1),
        S(A((9, 0), low, high), axis=0),
        S(A((700,), low, high)),
        S(A((130, 3), low, high), axis=0),
    ]
    if single:
        samples += [S(A((1,), low, high)), S(A((), low, high))]
    if several:
        samples += [S(A((2, 3, 4, 2), low, high), axis=(0, 2)), S(A((2, 3, 4), low, high), axis=(-1, 0), keepdims=True)]
        samples += [S(A((2, 3), low, high), axis=())]
    if empty:
        samples += [S(A((0,), low, high)), S(A((3, 0), low, high), axis=1)]
    elif empty is False:
        errors = (
            *errors,
            Raises(ValueError, "length 0, and .* of nothing is not defined", lambda: public(name)(tw.zeros((0,)))),
        )
    return OpCase(
        name,
        oracle,
        tuple(samples),
        dtypes=dtypes,
        lengths=lambda n: S(A((3, n), low, high), axis=1),
        large=S(A((400, 901), low, high), axis=more.pop("large_axis", None)),
        errors=(*axes_error(name), *errors),
        **more,
    )


def widened(oracle):
    """Sums and products of integers and bool are int64, or uint64 for unsigned ones."""

    def wide(x, **kwargs):
        kind = {"i": np.int64, "u": np.uint64, "b": np.int64}.get(x.dtype.kind)
        return oracle(x, dtype=kind, **kwargs)

    return wide


def spread(function):
    def oracle(x, axis=None, correction=0.0, keepdims=False):
        return function(x, axis=axis, ddof=correction, keepdims=keepdims)

    return oracle


def logsumexp(x, axis=None, keepdims=False):
    peak = x.max(axis=axis, keepdims=True)
    y = np.log(np.exp(x - peak).sum(axis=axis, keepdims=True)) + peak
    axes = tuple(range(x.ndim)) if axis is None else axis
    return y if keepdims else y.squeeze(axes)


CASES = (
    reduction("sum", widened(np.sum), dtypes=ALL, result="summed", tolerance=64),
    reduction("prod", widened(np.prod), dtypes=ALL, result="summed", tolerance=1024, low=0.9, high=1.1),
    reduction("mean", np.mean, dtypes=ALL, result="floating", empty=None, tolerance=32),
    reduction("max", np.max, empty=False, dtypes=REAL, grad=1),
    reduction("min", np.min, empty=False, dtypes=REAL, grad=1),
    reduction("argmax", np.argmax, several=False, empty=False, result="int64", grad=0),
    reduction("argmin", np.argmin, several=False, empty=False, result="int64", grad=0),
    reduction("any", np.any, dtypes=ALL, result="bool", grad=0),
    reduction("all", np.all, dtypes=ALL, result="bool", grad=0),
    reduction("var", spread(np.var), dtypes=FLOATS + COMPLEX, result="magnitude", empty=None, tolerance=64),
    reduction(
        "std",
        spread(np.std),
        dtypes=FLOATS + COMPLEX,
        result="magnitude",
        empty=None,
        several=False,
        single=False,
        tolerance=64,
    ),
    reduction("logsumexp", logsumexp, dtypes=FLOATS, empty=False, tolerance=32),
)
