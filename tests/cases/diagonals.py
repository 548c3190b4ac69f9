"""Diagonals of matrices."""

import numpy as np

import tilewright as tw

from .manipulation import moving
from .opcase import ALL, A, OpCase, Raises, S

OFFSETS = (0, 1, -1, 2, -2, 5, -5)


def errors(name):
    function = getattr(tw, name)
    return (
        Raises(ValueError, rf"{name}: a has shape \(3,\), but needs at least two axes", lambda: function(tw.ones(3))),
        Raises(ValueError, f"{name}: axis1 and axis2 are both 1", lambda: function(tw.ones((2, 3)), 0, 1, -1)),
        Raises(tw.AxisError, f"{name}: axis 2", lambda: function(tw.ones((2, 3)), 0, 0, 2)),
        Raises(TypeError, f"{name}: offset is 0.5", lambda: function(tw.ones((2, 3)), 0.5)),
    )


CASES = (
    moving(
        "diagonal",
        np.diagonal,
        [
            *(S(A((3, 4)), k) for k in OFFSETS),
            S(A((4, 3)), -1),
            S(A((2, 3, 4)), 1),
            S(A((2, 3, 4)), 0, 1, 2),
            S(A((2, 3, 4)), -1, 2, 0),
            S(A((2, 3, 4, 2)), axis1=-1, axis2=1),
            S(A((0, 3))),
            S(A((3, 0)), 1),
            S(A((2, 0, 0)), 0, 1, 2),
        ],
        errors("diagonal"),
    ),
    OpCase(
        "trace",
        np.trace,
        (
            *(S(A((3, 4)), k) for k in OFFSETS[:4]),
            S(A((2, 3, 4)), 1),
            S(A((2, 3, 4)), -1, 2, 0),
            S(A((0, 3))),
        ),
        dtypes=ALL,
        result="summed",
        errors=errors("trace"),
    ),
    moving(
        "diag",
        np.diag,
        [*(S(A((3,)), k) for k in OFFSETS), *(S(A((3, 4)), k) for k in OFFSETS), S(A((0,)), 1), S(A((0,)))],
        [Raises(ValueError, r"diag: v has shape \(\), but must have one axis or two", lambda: tw.diag(1.0))],
    ),
    moving(
        "diagflat",
        np.diagflat,
        [S(A((2, 3))), S(A((3,)), 2), S(A((3,)), -1), S(A(()), -1), S(A((0, 2)), 1)],
        [Raises(ValueError, "diagflat: the result of k = ", lambda: tw.diagflat(tw.ones(2), 1 << 62))],
    ),
)
