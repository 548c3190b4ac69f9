"""Joining, cutting, putting in and leaving out."""

import numpy as np

import tilewright as tw

from .manipulation import moving
from .opcase import A, Raises, S

INNER = [S([A((3, 4)), A((3, 4))]), S([A((3,)), A((3,))]), S([A((3,))]), S([A((2, 3, 2)), A((2, 3, 2))])]


def joining(name, *more, errors=()):
    nothing = Raises(ValueError, f"{name}: there is nothing to join", lambda: getattr(tw, name)([]))
    apart = Raises(ValueError, "concatenate: ", lambda: getattr(tw, name)([tw.ones((2, 3, 1)), tw.ones((3, 2, 2))]))
    no_list = Raises(TypeError, f"{name}: tup is 3, but must be", lambda: getattr(tw, name)(3))
    return moving(name, getattr(np, name), [*INNER, *more], [nothing, apart, no_list, *errors])


def widening(name):
    samples = [S(A(())), S(A((3,))), S(A((3, 4))), S(A((2, 3, 4))), S(A((0,))), S(A(()), A((2, 3)))]
    return moving(name, getattr(np, name), samples)


def cutting(name, axes, samples, errors=()):
    few = (2,) * (axes - 1)
    errors = [Raises(ValueError, rf"{name}: ary has shape \(", lambda: getattr(tw, name)(tw.ones(few), 1)), *errors]
    return moving(name, getattr(np, name), samples, errors)


CASES = (
    *(widening(name) for name in ("atleast_1d", "atleast_2d", "atleast_3d")),
    joining("hstack", S([A((3, 4)), A((3, 1))]), S([A((2,)), A((3,)), A((0,))]), S([A(()), A(())])),
    joining("vstack", S([A((3, 4)), A((1, 4))]), S([A((3, 4)), A((4,))])),
    joining("dstack", S([A((3, 4, 1)), A((3, 4, 2))]), S([A(()), A(())])),
    joining("column_stack", S([A((3, 4)), A((3,))]), S([A((0,)), A((0, 2))])),
    moving(
        "unstack",
        np.unstack,
        [S(A((3, 4))), S(A((3, 4)), axis=1), S(A((2, 3, 4)), axis=-2), S(A((3,))), S(A((2, 0)))],
        [Raises(tw.AxisError, "unstack: axis 0", lambda: tw.unstack(1.0))],
    ),
    moving(
        "array_split",
        np.array_split,
        [S(A((7, 3)), 3), S(A((2, 3)), 4), S(A((3, 5)), [1, 3], axis=1), S(A((3, 4)), [3, 1]), S(A((0, 2)), 2)],
        [
            Raises(ValueError, "array_split: axis 0 .* but must be at least 1", lambda: tw.array_split(tw.ones(3), 0)),
            Raises(tw.AxisError, "array_split: axis 1", lambda: tw.array_split(tw.ones(3), 2, 1)),
            Raises(TypeError, "array_split: indices_or_sections is 1.5", lambda: tw.array_split(tw.ones(3), 1.5)),
        ],
    ),
    cutting(
        "hsplit",
        1,
        [S(A((3, 4)), 2), S(A((4,)), 2), S(A((3, 5)), [1, -1])],
        [Raises(ValueError, "hsplit: axis 1 .* but must be a part of it", lambda: tw.hsplit(tw.ones((2, 5)), 2))],
    ),
    cutting("vsplit", 2, [S(A((4, 3)), 2), S(A((5, 3)), [1, 2, 2])]),
    cutting("dsplit", 3, [S(A((2, 3, 4)), 2), S(A((2, 3, 5)), [2])]),
    moving(
        "append",
        np.append,
        [S(A((3, 4)), A((2, 2))), S(A((3, 4)), A((1, 4)), 0), S(A((3, 4)), A((3, 2)), axis=-1), S(A((0,)), A(()))],
        [Raises(ValueError, "concatenate: ", lambda: tw.append(tw.ones((2, 3)), tw.ones(3), 0))],
    ),
    moving(
        "delete",
        np.delete,
        [
            S(A((3, 4)), 1, 0),
            S(A((3, 4)), -1),
            S(A((3, 4)), [0, -1, 0], axis=1),
            S(A((5,)), slice(None, None, 2)),
            S(A((5,)), slice(-1, 1, -2)),
            S(A((4, 2)), np.array([True, False, True, False]), 0),
            S(A((3, 2)), [], 0),
            S(A((0, 2)), [], 0),
        ],
        [
            Raises(IndexError, "delete: place 3 is out of bounds", lambda: tw.delete(tw.ones(3), 3)),
            Raises(IndexError, "out of bounds", lambda: tw.delete(tw.ones(3), [0, 3])),
            Raises(ValueError, r"delete: obj is a mask of shape \(2,\)", lambda: tw.delete(tw.ones(3), [True, False])),
            Raises(TypeError, "delete: obj has dtype float32", lambda: tw.delete(tw.ones(3), [1.0])),
        ],
    ),
    moving(
        "insert",
        np.insert,
        [
            S(A((3, 4)), 1, A((4,)), 0),
            S(A((3, 4)), 1, A((3,)), 1),
            S(A((3, 4)), [1], A((3, 2)), 1),
            S(A((3, 4)), -1, A((3, 4)), axis=0),
            S(A((3, 4)), [0, 3, 1], A((3, 4)), axis=0),
            S(A((5,)), [4, 1, 1, -1, 5], A((5,))),
            S(A((3, 4)), [0, 2], A(()), axis=1),
            S(A((4,)), np.array([True, False, False, True]), A((2,))),
            S(A((5,)), slice(1, 4, 2), A((2,))),
            S(A((2, 2)), 4, A((3,))),
            S(A((2, 3)), [], A(()), 1),
            S(A((0,)), 0, A((2,))),
        ],
        [
            Raises(IndexError, "insert: place 4 is out of bounds", lambda: tw.insert(tw.ones(3), 4, 1)),
            Raises(IndexError, "insert: a place in obj is out of bounds", lambda: tw.insert(tw.ones(3), [0, -4], 1)),
            Raises(ValueError, "broadcast", lambda: tw.insert(tw.ones(3), [0, 1], [1, 2, 3])),
            Raises(TypeError, "insert: obj has dtype float32", lambda: tw.insert(tw.ones(3), [1.0], 1)),
        ],
    ),
    moving(
        "resize",
        np.resize,
        [S(A((3,)), (2, 4)), S(A((3, 4)), 5), S(A((2, 2)), ()), S(A((0,)), (2,)), S(A((3,)), (0, 2)), S(A(()), 3)],
        [Raises(ValueError, "resize: new_shape .* negative", lambda: tw.resize(tw.ones(3), (2, -1)))],
    ),
    moving(
        "block",
        np.block,
        [
            S([[A((3, 4)), A((3, 1))], [A((2, 5))]]),
            S([A((3,)), A((2,))]),
            S([[A(()), A(())], [A(()), A(())]]),
            S(A((2, 3))),
            S([A((1, 2, 3)), A((2, 1))]),
        ],
        [
            Raises(ValueError, "block: there is an empty list", lambda: tw.block([[], [tw.ones(2)]])),
            Raises(ValueError, "block: lists are nested 1 and 2 deep", lambda: tw.block([1.0, [2.0]])),
            Raises(TypeError, "block: there is a tuple", lambda: tw.block([(1.0, 2.0)])),
            Raises(ValueError, "concatenate: ", lambda: tw.block([[tw.ones((2, 2)), tw.ones((3, 2))]])),
        ],
    ),
)
