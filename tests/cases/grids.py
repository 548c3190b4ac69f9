"""Grids of coordinates, series, and arrays from functions and bytes."""

import numpy as np

import tilewright as tw

from .creation import F32
from .manipulation import moving
from .opcase import INEXACT, INTS, A, OpCase, Raises, S

PLAIN = {"dtypes": ("float32",), "grad": 0}
FLOATING = {"dtypes": ("float32", "float64"), "tolerance": 32.0}

CASES = (
    moving(
        "meshgrid",
        np.meshgrid,
        [
            *(
                S(A((3,)), A((4,)), indexing=indexing, sparse=sparse, copy=copy)
                for indexing in ("xy", "ij")
                for sparse in (False, True)
                for copy in (True, False)
            ),
            S(A((2,)), A((3,)), A((4,))),
            S(A((3,))),
            S(A(()), A((2,))),
            S(A((0,)), A((2,))),
        ],
        [Raises(ValueError, "meshgrid: indexing is 'yx'", lambda: tw.meshgrid(tw.ones(2), indexing="yx"))],
    ),
    OpCase(
        "indices",
        np.indices,
        (S((2, 3)), S((3,)), S((2, 0)), S((2, 3), sparse=True)),
        result="int64",
        errors=(Raises(ValueError, "indices: dimensions .* negative", lambda: tw.indices((2, -1))),),
        **F32,
    ),
    OpCase(
        "logspace",
        np.logspace,
        (S(0.0, 2.0, 5), S(1.0, -1.0), S(0.0, 3.0, 4, False), S(0.0, 3.0, 4, base=2.0), S(0.0, 1.0, 1), S(0.0, 1.0, 0)),
        errors=(
            Raises(ValueError, "linspace: num is -1", lambda: tw.logspace(0, 1, -1)),
            Raises(TypeError, "linspace: stop is 1j", lambda: tw.logspace(0, 1j)),
            Raises(tw.AxisError, "logspace: axis 1", lambda: tw.logspace(0, 1, axis=1)),
        ),
        **PLAIN,
    ),
    OpCase(
        "logspace[of arrays]",
        np.logspace,
        (
            S(A((3,)), A((3,)), 4),
            S(A((2, 1)), A((3,)), 3, axis=-1),
            S(A((2,)), A((2,)), 3, False),
            S(A((0,)), A(()), 2),
        ),
        fn=tw.logspace,
        **FLOATING,
    ),
    OpCase(
        "geomspace",
        np.geomspace,
        (S(1.0, 100.0, 5), S(-1.0, -8.0, 4), S(8, 1, 4, False), S(3.0, 3.0, 2), S(1.0, 2.0, 0), S(1.0, 2.0, 1)),
        errors=(
            Raises(ValueError, "geomspace: start is 0 and stop 1, but neither", lambda: tw.geomspace(0, 1)),
            Raises(ValueError, "geomspace: start is -1 and stop 1, but must have", lambda: tw.geomspace(-1, 1)),
            Raises(ValueError, "geomspace: start and stop have", lambda: tw.geomspace([1.0, 1.0], [1.0, -1.0])),
        ),
        **PLAIN,
    ),
    OpCase(
        "geomspace[complex]",
        np.geomspace,
        (S(1.0, 1j, 5), S(1 + 1j, -2.0, 4), S(2j, 3 + 0j, 4, False)),
        fn=tw.geomspace,
        result="complex64",
        **PLAIN,
    ),
    OpCase(
        "geomspace[of arrays]",
        np.geomspace,
        (S(A((3,), 1, 3), A((3,), 1, 9), 4), S(A((2, 1), -2, -1), A((3,), -3, -1), 3, axis=-1)),
        fn=tw.geomspace,
        **FLOATING,
    ),
    OpCase(
        "vander",
        np.vander,
        (S(A((3,))), S(A((3,)), 4), S(A((3,)), 2, True), S(A((3,)), 1), S(A((2,)), 0), S(A((0,)))),
        dtypes=("float32", "float64", *INEXACT[-2:]),
        tolerance=16.0,
        errors=(
            Raises(ValueError, r"vander: x has shape \(2, 2\)", lambda: tw.vander(tw.ones((2, 2)))),
            Raises(ValueError, "vander: N is -1", lambda: tw.vander(tw.ones(2), -1)),
        ),
    ),
    OpCase(
        "vander[integers]",
        np.vander,
        (S(A((3,))), S(A((3,)), 4, True), S(A((0,)), 2)),
        fn=tw.vander,
        dtypes=(*(name for name in INTS if not name.startswith("u")), "bool"),
        result="int64",
        grad=0,
    ),
    OpCase(
        "fromfunction",
        lambda shape: np.fromfunction(lambda i, j: i * 10 + j, shape),
        (S((2, 3)), S((2, 0))),
        fn=lambda shape: tw.fromfunction(lambda i, j: i * 10 + j, shape),
        errors=(Raises(TypeError, "fromfunction: function is 3", lambda: tw.fromfunction(3, (2,))),),
        **F32,
    ),
    OpCase(
        "frombuffer",
        lambda data, **more: np.frombuffer(data, "float32", **more),
        (S(bytes(range(16))), S(bytearray(16), count=2, offset=4)),
        fn=lambda data, **more: tw.frombuffer(data, "float32", **more),
        errors=(
            Raises(ValueError, "frombuffer: 3 bytes are not a multiple", lambda: tw.frombuffer(b"abc")),
            Raises(ValueError, "frombuffer: count is 3, but", lambda: tw.frombuffer(bytes(8), count=3)),
            Raises(ValueError, "frombuffer: offset is 9", lambda: tw.frombuffer(bytes(8), offset=9)),
            Raises(TypeError, "frombuffer: buffer is 3", lambda: tw.frombuffer(3)),
            Raises(TypeError, "frombuffer: bfloat16", lambda: tw.frombuffer(b"ab", "bfloat16")),
        ),
        **F32,
    ),
)
