"""Elements again and elsewhere."""

import numpy as np

import tilewright as tw

from .manipulation import moving
from .opcase import A, OpCase, Raises, S

CASES = (
    moving(
        "repeat",
        np.repeat,
        [
            S(A((3, 4)), 2),
            S(A((3, 4)), 3, axis=0),
            S(A((3, 4)), [1, 0, 3, 2], axis=-1),
            S(A((3,)), A((3,), dtype="uint8", values=[0, 2, 1])),
            S(A((2, 3)), [2], axis=1),
            S(A((3,)), 0),
            S(A((3,)), 1),
            S(A((1,)), 4),
            S(A(()), 2),
            S(A((0, 2)), 2, axis=0),
            S(A((0, 2)), [], axis=0),
            S(A((2,)), [0, 0]),
        ],
        [
            Raises(ValueError, "repeat: repeats is -1", lambda: tw.repeat(tw.ones(3), -1)),
            Raises(ValueError, "repeat: repeats has a negative number", lambda: tw.repeat(tw.ones(3), [1, -1, 2])),
            Raises(
                ValueError, r"repeat: repeats has shape \(2,\).* each of the 3", lambda: tw.repeat([1, 2, 3], [1, 2])
            ),
            Raises(TypeError, "repeat: repeats has .* dtype float32", lambda: tw.repeat([1, 2], [1.0, 2.0])),
            Raises(tw.AxisError, "repeat: axis 1", lambda: tw.repeat(tw.ones(3), 2, axis=1)),
        ],
        lengths=lambda n: S(A((n,)), 3),
        large=S(A((200, 401)), [2] * 401, axis=1),
    ),
    moving(
        "tile",
        np.tile,
        [
            S(A((3, 4)), (2, 3)),
            S(A((3,)), 2),
            S(A((3,)), (2, 1)),
            S(A((2, 3)), (2, 1, 1)),
            S(A((1, 3)), 1),
            S(A((1,)), 3),
            S(A((3,)), 0),
            S(A(()), (2, 2)),
            S(A((0, 2)), (2, 2)),
            S(A((2, 1)), (2,) * 9),
        ],
        [Raises(ValueError, "tile: repetitions .* negative", lambda: tw.tile(tw.ones(3), (-1,)))],
        lengths=lambda n: S(A((n,)), (2, 2)),
    ),
    moving(
        "roll",
        np.roll,
        [
            S(A((3, 4)), 2),
            S(A((3, 4)), -1, axis=0),
            S(A((3, 4)), (1, 2), axis=(0, 1)),
            S(A((3, 4)), 1, axis=(0, 1)),
            S(A((3, 4)), (1, 5), axis=1),
            S(A((3, 4)), (1, 2), axis=(1, 1)),
            S(A((5,)), 12),
            S(A((5,)), 0),
            S(A((0, 2)), 3, axis=0),
            S(A(()), 1),
        ],
        [
            Raises(
                ValueError, "roll: shift has 3 entries and axis 2", lambda: tw.roll(tw.ones((2, 2)), (1, 2, 3), (0, 1))
            ),
            Raises(tw.AxisError, "roll: axis 2", lambda: tw.roll(tw.ones((2, 2)), 1, axis=2)),
        ],
        lengths=lambda n: S(A((n,)), 1),
    ),
    moving(
        "rot90",
        np.rot90,
        [S(A((3, 4)), k) for k in (0, 1, 2, 3, -1, 6)] + [S(A((2, 3, 4)), axes=(2, 1)), S(A((0, 2)))],
        [
            Raises(ValueError, "rot90: axes name", lambda: tw.rot90(tw.ones((2, 2)), axes=(0, -2))),
            Raises(tw.AxisError, "rot90: an entry of axes|rot90: axis 1", lambda: tw.rot90(tw.ones(3))),
        ],
    ),
    moving(
        "fliplr",
        np.fliplr,
        [S(A((3, 4))), S(A((2, 3, 4)))],
        [Raises(ValueError, r"fliplr: m has shape \(3,\), but needs at least 2 axes", lambda: tw.fliplr(tw.ones(3)))],
    ),
    moving(
        "flipud",
        np.flipud,
        [S(A((3, 4))), S(A((3,)))],
        [Raises(ValueError, r"flipud: m has shape \(\), but needs at least 1 axis", lambda: tw.flipud(1.0))],
    ),
    moving(
        "broadcast_arrays",
        np.broadcast_arrays,
        [S(A((3, 4)), A((4,))), S(A((3, 1)), A((1, 4)), A(())), S(A((3,))), S(A((0, 1)), A((1, 2)))],
        [
            Raises(
                ValueError,
                r"broadcast_arrays: the shapes \(2,\), \(3,\) do not broadcast",
                lambda: tw.broadcast_arrays(tw.ones(2), tw.ones(3)),
            )
        ],
    ),
    OpCase(
        "broadcast_shapes",
        lambda *shapes: np.array(np.broadcast_shapes(*shapes)),
        (S((3, 1), (4,)), S(2, (0, 1), ()), S((1, 3), 3)),
        fn=lambda *shapes: tw.asarray(tw.broadcast_shapes(*shapes)),
        dtypes=("float32",),
        result="int64",
        grad=0,
        errors=(
            Raises(ValueError, r"broadcast_shapes: the shapes .*\(2,\)", lambda: tw.broadcast_shapes((2,), (3, 3))),
            Raises(ValueError, "negative", lambda: tw.broadcast_shapes((2, -1))),
            Raises(TypeError, "broadcast_shapes: ", lambda: tw.broadcast_shapes("a")),
        ),
    ),
)
