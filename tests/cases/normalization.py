"""Vectors of length 1."""

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S

normalize = tw.nn.functional.normalize


def divided_by_length(x, p=2.0, dim=1, eps=1e-12):
    axes = (dim,) if isinstance(dim, int) else dim
    x = np.asarray(x, float)
    if p == np.inf:
        length = np.max(np.abs(x), axis=axes, keepdims=True)
    else:
        length = np.sum(np.abs(x) ** p, axis=axes, keepdims=True) ** (1 / p)
    return x / np.maximum(length, eps)


CASES = (
    OpCase(
        "nn.functional.normalize",
        divided_by_length,
        (
            S(A((3, 5))),
            S(A((3, 5)), 1.0),
            S(A((3, 5)), 3.5, 0),
            S(A((3, 5)), np.inf),
            S(A((3, 5)), 0.5),
            S(A((2, 3, 4)), dim=(0, -1)),
            S(A((7,)), dim=0, eps=100.0),
            S(A((3, 1))),
            S(A((0, 5))),
        ),
        result="floating",
        tolerance=32,
        lengths=lambda n: S(A((3, n))),
        large=S(A((300, 401))),
        errors=(
            Raises(ValueError, "normalize: p is 0.0, but must be positive", lambda: normalize(tw.ones((2, 2)), 0.0)),
            Raises(ValueError, "normalize: eps is -1.0", lambda: normalize(tw.ones((2, 2)), eps=-1.0)),
            Raises(tw.AxisError, r"normalize: dim 1 is out of bounds .*\(2,\)", lambda: normalize(tw.ones(2))),
            Raises(ValueError, "names an axis twice", lambda: normalize(tw.ones((2, 2)), dim=(1, -1))),
            Raises(TypeError, "normalize: input is complex64", lambda: normalize(tw.ones((2, 2), dtype="complex64"))),
        ),
    ),
)
