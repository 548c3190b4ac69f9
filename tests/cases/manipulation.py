"""Shape, layout and joining."""

import numpy as np

import tilewright as tw

from .opcase import ALL, REAL, A, OpCase, Raises, S


def moving(name, oracle, samples, errors=(), **more):
    """An op that only moves elements: every dtype, no rounding."""
    return OpCase(name, oracle, tuple(samples), dtypes=ALL, tolerance=0, errors=tuple(errors), **more)


def permuted(x, axes=None):
    return np.transpose(x, axes)


CASES = (
    moving(
        "reshape",
        np.reshape,
        [S(A((3, 4)), (2, 6)), S(A((3, 4)), -1), S(A((2, 3, 4)), (4, -1)), S(A((0, 3)), (3, 0)), S(A(()), (1, 1))],
        [
            Raises(ValueError, r"reshape: .*\(3, 4\).*\(5,\)", lambda: tw.reshape(tw.ones((3, 4)), 5)),
            Raises(ValueError, r"reshape: .*-1", lambda: tw.reshape(tw.ones((3, 4)), (-1, -1))),
        ],
        lengths=lambda n: S(A((n, 2)), (2, n)),
    ),
    moving(
        "permute_dims",
        permuted,
        [S(A((3, 4))), S(A((2, 3, 4)), (2, 0, 1)), S(A((2, 3, 4)), (-1, 0, 1)), S(A((0, 3))), S(A(()))],
        [Raises(ValueError, "permut|transpose", lambda: tw.permute_dims(tw.ones((3, 4)), (0, 0)))],
    ),
    moving("transpose", permuted, [S(A((3, 4)))]),
    moving(
        "swapaxes",
        np.swapaxes,
        [S(A((2, 3, 4)), 0, 2), S(A((2, 3, 4)), -1, 1)],
        [Raises(tw.AxisError, "swapaxes: axis 2", lambda: tw.swapaxes(tw.ones((3, 4)), 0, 2))],
    ),
    moving(
        "matrix_transpose",
        np.matrix_transpose,
        [S(A((3, 4))), S(A((2, 3, 4)))],
        [Raises(ValueError, r"matrix_transpose: .*\(3,\)", lambda: tw.matrix_transpose(tw.ones(3)))],
    ),
    moving(
        "moveaxis",
        np.moveaxis,
        [S(A((2, 3, 4)), 0, -1), S(A((2, 3, 4)), 2, 0)],
        [Raises(tw.AxisError, "moveaxis: axis 5", lambda: tw.moveaxis(tw.ones((3, 4)), 5, 0))],
    ),
    moving(
        "broadcast_to",
        np.broadcast_to,
        [S(A((3, 1)), (3, 4)), S(A((4,)), (2, 3, 4)), S(A(()), (2,)), S(A((1, 3)), (0, 3))],
        [Raises(ValueError, r"broadcast_to: .*\(3,\).*\(4,\)", lambda: tw.broadcast_to(tw.ones(3), (4,)))],
    ),
    moving(
        "expand_dims",
        np.expand_dims,
        [S(A((3, 4)), axis=1), S(A((3, 4)), axis=-1), S(A(()), axis=0)],
        [Raises(tw.AxisError, "expand_dims: axis 4", lambda: tw.expand_dims(tw.ones((3, 4)), axis=4))],
    ),
    moving(
        "squeeze",
        np.squeeze,
        [S(A((3, 1, 1))), S(A((3, 1, 1)), axis=1), S(A((1, 3, 1)), axis=(0, -1)), S(A((3,)))],
        [Raises(ValueError, "squeeze: .*0.*3", lambda: tw.squeeze(tw.ones((3, 1)), axis=0))],
    ),
    moving(
        "flip",
        np.flip,
        [S(A((3, 4))), S(A((3, 4)), axis=1), S(A((2, 3, 4)), axis=(0, 2)), S(A((0,)))],
        [Raises(tw.AxisError, "flip: axis 2", lambda: tw.flip(tw.ones((3, 4)), axis=2))],
    ),
    moving("ravel", np.ravel, [S(A((3, 4))), S(A(())), S(A((0, 2)))]),
    moving("copy", np.copy, [S(A((3, 4))), S(A(())), S(A((0,)))], lengths=lambda n: S(A((n,))), large=S(A((400, 501)))),
    OpCase(
        "astype",
        lambda x, dtype: x.astype(dtype),
        (S(A((3, 4)), "float64"), S(A(()), "float64"), S(A((0,)), "float64")),
        dtypes=REAL,
        result="float64",
        lengths=lambda n: S(A((n,)), "float64"),
        large=S(A((400, 501)), "float64"),
        errors=(
            Raises(TypeError, "float128", lambda: tw.astype(tw.ones(3), "float128")),
            Raises(
                TypeError,
                r"astype: complex64 cannot become float32, .*real\(\)",
                lambda: tw.astype(tw.asarray([1j]), "float32"),
            ),
        ),
    ),
    OpCase(
        "astype[complex]",
        lambda x: x.astype("complex128"),
        (S(A((3, 4))), S(A(())), S(A((0,)))),
        fn=lambda x: tw.astype(x, "complex128"),
        dtypes=ALL,
        result="complex128",
        lengths=lambda n: S(A((n,))),
        large=S(A((400, 501))),
    ),
    moving(
        "concatenate",
        np.concatenate,
        [
            S([A((3, 4)), A((3, 4))], axis=1),
            S([A((2, 4)), A((3, 4)), A((1, 4))]),
            S([A((2, 3, 4)), A((2, 1, 4))], axis=-2),
            S([A((3,))]),
            S([A((0,)), A((3,))]),
        ],
        [
            Raises(
                ValueError,
                r"concatenate: .*\(2, 3\).*\(2, 4\)",
                lambda: tw.concatenate([tw.ones((2, 3)), tw.ones((2, 4))]),
            ),
            Raises(ValueError, "concatenate: ", lambda: tw.concatenate([])),
            Raises(tw.AxisError, "concatenate: axis 1", lambda: tw.concatenate([tw.ones(3)], axis=1)),
        ],
        lengths=lambda n: S([A((3, n)), A((3, 2))], axis=1),
        large=S([A((300, 401)), A((300, 100))], axis=1),
    ),
    moving("concat", np.concatenate, [S([A((3, 4)), A((3, 4))], axis=1)]),
    moving(
        "stack",
        np.stack,
        [
            S([A((3, 4)), A((3, 4))]),
            S([A((3, 4)), A((3, 4))], axis=-1),
            S([A(()), A(())]),
            S([A((0,)), A((0,))], axis=1),
        ],
        [
            Raises(ValueError, r"stack: .*\(3,\).*\(4,\)", lambda: tw.stack([tw.ones(3), tw.ones(4)])),
            Raises(ValueError, "stack: ", lambda: tw.stack([])),
        ],
        lengths=lambda n: S([A((n,)), A((n,))], axis=1),
    ),
    moving(
        "split",
        np.split,
        [S(A((4, 3)), 2), S(A((6, 3)), [1, 4]), S(A((3, 4)), 2, axis=-1), S(A((0, 2)), 1)],
        [Raises(ValueError, r"split: .*\(5,\).*2", lambda: tw.split(tw.ones(5), 2))],
    ),
)
