"""Products over given axes: dot products, tensordot, einsum."""

import numpy as np

import tilewright as tw

from .matmul import U
from .opcase import ALL, OpCase, Raises, S

DTYPES = ALL


def case(name, samples, oracle=None, **more):
    return OpCase(name, oracle or getattr(np, name), samples, dtypes=DTYPES, tolerance=64, products=True, **more)


def of_pair(name, needed, a, b):
    call = getattr(tw, name)
    return Raises(ValueError, f"{name}: .*{needed}", lambda: call(tw.ones(a), tw.ones(b)))


PAIR = [tw.ones((2, 2))] * 2
PAIRS = (
    S(U((3, 4)), U((4,))),
    S(U((4,)), U((4,))),
    S(U(()), U((2, 3))),
    S(U((2, 1, 4)), U((4, 3))),
    S(U((3, 4)), U((2, 4, 5))),
    S(U((0, 4)), U((4,))),
)


def einsum(subscripts, *shapes, name="einsum", error=None, **options):
    """A case of its own for each form."""
    return OpCase(
        f"einsum {subscripts}",
        lambda *x: np.einsum(subscripts, *x),
        (S(*[U(shape) for shape in shapes]),),
        fn=lambda *x: tw.einsum(subscripts, *x, **options),
        dtypes=DTYPES,
        tolerance=64,
        products=True,
    )


def einsum_error(message, *arguments):
    return Raises(ValueError, f"einsum: {message}", lambda: tw.einsum(*arguments))


EINSUM_ERRORS = (
    einsum_error("label b has lengths 3 and 5 in operand 0", "aabcb,abc", tw.ones((2, 2, 3, 4, 5)), tw.ones((2, 3, 4))),
    einsum_error("label j has lengths 3 and 4, which do not broadcast", "ij,jk", tw.ones((2, 3)), tw.ones((4, 5))),
    einsum_error(r"an axis under ... has lengths 2 and 3", "...i,...i", tw.ones((2, 4)), tw.ones((3, 4))),
    einsum_error("label k of the result is in no operand", "ij->ik", tw.ones((2, 2))),
    einsum_error("label i is twice in the result", "ij->ii", tw.ones((2, 2))),
    einsum_error("subscripts has 2 terms, but there are 1 operands", "ij,jk", tw.ones((2, 2))),
    einsum_error("subscripts has '-', but labels are letters", "i-j", tw.ones(2)),
    einsum_error(r"subscripts has '\.', but labels are letters", "....i", tw.ones(2)),
    einsum_error(r"operand 0 has shape \(3,\), but the subscripts name 2 axes", "ij", tw.ones(3)),
    einsum_error(r"operand 0 has shape \(2, 3\), but the subscripts name 1 axes", "i", tw.ones((2, 3))),
    einsum_error("a label is -1, but must be at least 0", tw.ones(2), [-1]),
)

CASES = (
    case(
        "tensordot",
        (S(U((2, 3, 4)), U((3, 4, 5))), S(U((2, 3)), U((2, 3))), S(U((0, 2, 3)), U((2, 3)))),
        errors=(
            of_pair("tensordot", r"axis 1 of x1 \(2, 3, 4\) and axis 0 of x2 \(2, 4\)", (2, 3, 4), (2, 4)),
            of_pair("tensordot", "axes is 2, but x1 and x2 have 1 and 2 dimensions", (3,), (3, 3)),
            Raises(
                ValueError,
                "tensordot: axes has an axis of x1 twice",
                lambda: tw.tensordot(*PAIR, axes=([0, 0], [0, 1])),
            ),
            Raises(
                ValueError,
                "tensordot: axes has 1 axes of x1, but 2 of x2",
                lambda: tw.tensordot(*PAIR, axes=([0], [0, 1])),
            ),
            Raises(tw.AxisError, "tensordot: .*axis 5 is out of bounds", lambda: tw.tensordot(*PAIR, axes=([5], [0]))),
        ),
    ),
    OpCase(
        "tensordot of given axes",
        lambda a, b: np.tensordot(a, b, axes=([0, -1], [1, 0])),
        (S(U((2, 3, 4)), U((4, 2, 5))), S(U((0, 3)), U((3, 0)))),
        fn=lambda a, b: tw.tensordot(a, b, axes=([0, -1], [1, 0])),
        dtypes=DTYPES,
        tolerance=64,
        products=True,
    ),
    case("dot", PAIRS, errors=(of_pair("dot", r"do not fit: 3 and 2 differ", (2, 3), (2, 3)),)),
    case(
        "inner",
        (S(U((3, 4)), U((2, 5, 4))), S(U((4,)), U((4,))), S(U(()), U((2, 3))), S(U((0, 4)), U((4,)))),
        errors=(of_pair("inner", "lengths that differ", (2, 3), (2,)),),
    ),
    case(
        "vdot",
        (S(U((3, 4)), U((4, 3))), S(U((0,)), U((0,))), S(U(()), U(()))),
        errors=(of_pair("vdot", "have 6 and 2 elements", (2, 3), (2,)),),
    ),
    case(
        "vecdot",
        (S(U((3, 4)), U((4,))), S(U((2, 1, 4)), U((3, 4))), S(U((3, 1)), U((1,))), S(U((3, 0)), U((0,)))),
        errors=(
            of_pair("vecdot", "lengths that differ", (2, 3), (2,)),
            of_pair("vecdot", "x1 has shape .*needs at least one axis", (), (2,)),
            Raises(tw.AxisError, "vecdot: axis 1 is out of bounds", lambda: tw.vecdot(tw.ones(2), tw.ones(2), axis=1)),
        ),
    ),
    OpCase(
        "vecdot along another axis",
        lambda a, b: np.vecdot(a, b, axis=-2),
        (S(U((3, 4)), U((2, 3, 4))), S(U((3, 4)), U((3, 1)))),
        fn=lambda a, b: tw.vecdot(a, b, axis=-2),
        dtypes=DTYPES,
        tolerance=64,
        products=True,
    ),
    case(
        "matvec",
        (S(U((3, 4)), U((4,))), S(U((2, 1, 3, 4)), U((5, 4))), S(U((0, 4)), U((4,)))),
        errors=(
            of_pair("matvec", "x1 has shape .*needs at least 2 axes", (2,), (2,)),
            of_pair("matvec", "lengths that differ", (2, 3), (2,)),
        ),
    ),
    case(
        "vecmat",
        (S(U((3,)), U((3, 4))), S(U((5, 3)), U((2, 1, 3, 4))), S(U((0,)), U((0, 4)))),
        errors=(
            of_pair("vecmat", "x2 has shape .*needs at least 2 axes", (2,), (2,)),
            of_pair("vecmat", "does not fit", (2,), (3, 3)),
        ),
    ),
    case("outer", (S(U((3,)), U((4,))), S(U((2, 2)), U(())), S(U((0,)), U((4,))))),
    case(
        "kron",
        (S(U((2, 3)), U((4, 2))), S(U((3,)), U((2, 2))), S(U(()), U((2,))), S(U((0,)), U((2,)))),
        errors=(of_pair("kron", "have more than 8 dimensions", (1,) * 9, ()),),
    ),
    OpCase(
        "cross",
        np.cross,
        (S(U((4, 3)), U((3,))), S(U((3,)), U((3,))), S(U((2, 1, 3)), U((5, 3))), S(U((0, 3)), U((3,)))),
        dtypes=tuple(d for d in DTYPES if d != "bool"),
        tolerance=16,
        errors=(
            of_pair("cross", r"x2 \(2,\) has length 2 along axis -1, but must have 3", (3,), (2,)),
            of_pair("cross", "x1 has shape .*needs at least one axis", (), (3,)),
            Raises(tw.AxisError, "cross: axis 1 is out of bounds", lambda: tw.cross(tw.ones(3), tw.ones(3), axis=1)),
        ),
    ),
    OpCase(
        "einsum",
        lambda *x: np.einsum("ij,jk->ik", *x),
        (S(U((2, 3)), U((3, 4))),),
        fn=lambda *x: tw.einsum("ij,jk->ik", *x),
        dtypes=DTYPES,
        tolerance=64,
        products=True,
        errors=EINSUM_ERRORS,
    ),
    OpCase(
        "einsum_path",
        lambda a, b: np.full(a.shape, 2),
        (S(U((2, 3)), U((3, 4))),),
        fn=lambda a, b: tw.zeros_like(a, dtype="int64") + len(tw.einsum_path("ij,jk->ik", a, b)[0][1]),
        dtypes=ALL,
        result="int64",
        grad=0,
    ),
    einsum("ba,cb", (2, 3), (4, 2)),
    einsum("ii", (3, 3)),
    einsum("iij->ij", (3, 3, 2)),
    einsum("ijij->ij", (2, 3, 2, 3)),
    einsum("...ij,...jk", (4, 1, 2, 3), (5, 3, 2)),
    einsum("t...i,ti->t...", (3, 2, 4), (1, 4)),
    einsum("i,i->", (3,), (1,)),
    einsum("ij,j->ij", (1, 3), (3,)),
    einsum("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
    einsum("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    einsum("ab,bc,ca->", (2, 3), (3, 4), (4, 2)),
    einsum("ab,cd,bd,e->ace", (2, 3), (4, 5), (3, 5), (2,), optimize=False),
    einsum("ij,jk,->k", (2, 3), (3, 2), ()),
)
