"""The machinery of the op cases: kinds of arrays, and results that are right up to sign or order.

The ops here are made of existing ones, for these tests: what is right must pass every template, what is wrong must not.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

import test_ops
import tilewright as tw
from cases.kinds import KINDS
from cases.opcase import COMPLEX, FLOATS, INTS, A, OpCase, S, assert_close, to_numpy, turned

# ---- kinds -----------------------------------------------------------------------------------------------------------

RANGES = {"positive definite": (0.5, 3), "triangular": (-2, 2)}
FLOATING_ONLY = ("positive definite",)


@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 3), (1, 1), (0, 2, 2), (0, 0)])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_is_of_its_kind(kind, shape):
    low, high = RANGES.get(kind, (-3, 3))
    for dtype in (*FLOATS, *COMPLEX, *(() if kind in FLOATING_ONLY else INTS)):
        if kind == "sorted" and dtype in COMPLEX:
            continue
        a = A(shape, low, high, kind=kind)
        x = a.draw(np.random.default_rng(3), dtype)
        assert x.dtype.name == dtype and x.shape == shape and KINDS[kind].holds(to_numpy(x))
        assert len(set(np.asarray(to_numpy(x)).ravel())) > 1 or x.size < 2, "not a constant"
        if dtype in (*FLOATS, *COMPLEX):
            assert_close(a.kept(x), to_numpy(x), 0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_of_a_kind_is_noticed(kind):
    wrong = {"distinct": [[1.0, 2.0], [2.0, 1.0]], "positive definite": [[1.0, 2.0], [2.0, 1.0]]}
    x = np.asarray(wrong.get(kind, [[2.0, 1.0], [3.0, 2.0]] if kind == "sorted" else [[1.0, 2.0], [3.0, 4.0]]))
    assert not KINDS[kind].holds(x)
    with pytest.raises(AssertionError, match=f"is not {kind}"):
        A((2, 2), values=x, kind=kind).draw(np.random.default_rng(0), "float64")


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize("kind", ["symmetric", "positive definite", "triangular"])
def test_a_step_keeps_the_kind(kind, dtype):
    a = A((2, 3, 3), *RANGES.get(kind, (-3, 3)), kind=kind)
    rng = np.random.default_rng(4)
    x = a.draw(rng, dtype)
    step = tw.asarray(rng.standard_normal(x.shape), dtype=dtype) * (1e-3 + (1e-3j if dtype == "complex128" else 0))
    moved = a.kept(x + step)
    assert a.has_kind(moved) and not a.has_kind(x + step)
    assert 1e-4 < np.abs(to_numpy(moved - x)).max() < 1e-2


def test_floats_keep_their_distance():
    """More than the steps of finite differences in float64."""
    for kind in ("sorted", "distinct"):
        x = to_numpy(A((3, 50), kind=kind).draw(np.random.default_rng(5), "float64"))
        rows = np.sort(x, axis=-1) if kind == "sorted" else np.sort(x, axis=None)
        assert np.diff(rows, axis=-1).min() > 1e-3


def test_layouts_keep_the_kind():
    """Stride 0 along the first axis makes all rows the same."""
    for a, repeats in (
        (A((3, 3), kind="symmetric"), False),
        (A((2, 3, 3), kind="symmetric"), True),
        (A((3, 4), kind="sorted"), True),
        (A((3, 4), kind="distinct"), False),
        (A((3, 4)), True),
    ):
        (x,) = S(a).draw("float32")
        for layout in test_ops.LAYOUTS:
            (y,) = S([a]).arranged(layout, [x])
            assert a.has_kind(y)
            same = np.array_equal(to_numpy(x), to_numpy(y))
            assert same != (repeats and layout is test_ops.broadcast), (a, layout)


# ---- an op whose results have no sign --------------------------------------------------------------------------------


def largest_eigenpair(x, sign=lambda x: 1):
    """Of symmetric 2 × 2 matrices, in closed form: the larger eigenvalue, (...), and its vector, (..., 2)."""
    a, b, c = x[..., 0, 0], x[..., 0, 1], x[..., 1, 1]
    root = tw.sqrt(((a - c) / 2) ** 2 + b * b)
    v = tw.stack([b, (c - a) / 2 + root], axis=-1)
    return (a + c) / 2 + root, v / tw.sqrt((v * v).sum(axis=-1, keepdims=True)) * sign(x)


def numpy_eigenpair(x):
    w, v = np.linalg.eigh(x)
    return w[..., -1], v[..., -1]


def check_eigenpair(args, got, expected):
    assert_close(got[0], expected[0], 64)
    assert_close(turned(got[1], expected[1], -1), expected[1], 512)


def projector(w, v):
    return w, tw.expand_dims(v, axis=-1) * tw.expand_dims(v, axis=-2)


EIGENPAIR = OpCase(
    "eigenpair",
    numpy_eigenpair,
    (S(A((2, 2), kind="symmetric")), S(A((3, 2, 2), kind="symmetric")), S(A((0, 2, 2), kind="symmetric"))),
    fn=largest_eigenpair,
    dtypes=("float32", "float64"),
    result=("same", "same"),
    check=check_eigenpair,
    invariant=projector,
    lengths=lambda n: S(A((n, 2, 2), kind="symmetric")),
    large=S(A((3000, 2, 2), 1, 2, kind="positive definite")),
)


def sign_of_strides(x):
    """Depends on what results must not depend on: where the elements lie."""
    return 1 if x._array.strides[-1] == x.dtype.itemsize else -1


FLIPPED = dataclasses.replace(EIGENPAIR, fn=lambda x: largest_eigenpair(x, lambda x: -1))
FICKLE = dataclasses.replace(EIGENPAIR, fn=lambda x: largest_eigenpair(x, sign_of_strides))


def run_templates(case, threads):
    """Each template that compares, on one case."""
    for dtype in case.dtypes:
        test_ops.test_forward(case, dtype)
        if case.lengths:
            test_ops.test_lengths_around_the_lane_count(case, dtype)
    for layout in test_ops.LAYOUTS:
        test_ops.test_layouts(case, layout)
    test_ops.test_gradients_of_strided_inputs(case, "float64")
    test_ops.test_results_do_not_depend_on_old_memory(case)
    test_ops.test_inputs_are_left_alone(case)
    test_ops.test_gradient(case, "float64")
    test_ops.test_gradient_of_empty_inputs(case)
    test_ops.test_gradient_in_lower_precision(case, "float32")
    if test_ops.has_several_results(case):
        test_ops.test_gradient_where_a_result_is_not_used(case, "float64")
    test_ops.check_definitions(case, "float64")
    if case.large:
        test_ops.test_same_bits_at_any_thread_count(case, threads)


@pytest.mark.parametrize("case", [EIGENPAIR, FLIPPED, FICKLE], ids=["as it is", "flipped", "fickle"])
def test_either_sign_is_right(case, threads):
    run_templates(case, threads)


def test_without_a_check_one_sign_is_wrong():
    for case in (EIGENPAIR, FLIPPED):  # NumPy's sign is not always that of either
        samples = (S(A((20, 2, 2), kind="symmetric")),)
        strict = dataclasses.replace(case, samples=samples, check=None, invariant=None, tolerance=512)
        with pytest.raises(AssertionError, match="an error of"):
            test_ops.test_forward(strict, "float64")


def test_gradients_of_a_fickle_sign_need_what_is_invariant():
    case = dataclasses.replace(FICKLE, invariant=None)
    with pytest.raises(AssertionError, match="an error of"):
        test_ops.test_gradients_of_strided_inputs(case, "float64")


WRONG = {
    "a vector that is no eigenvector": lambda w, v: (w, tw.flip(v, axis=-1)),
    "a length that is not 1": lambda w, v: (w, v * 1.001),
    "a value that is off": lambda w, v: (w + 1e-3, v),
    "one result": lambda w, v: (w,),
    "a wrong shape": lambda w, v: (w, tw.expand_dims(v, axis=0)),
    "a wrong dtype": lambda w, v: (w, v.astype("float16")),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_up_to_sign_is_wrong(wrong):
    case = dataclasses.replace(EIGENPAIR, fn=lambda x: WRONG[wrong](*largest_eigenpair(x)))
    for dtype in case.dtypes:
        with pytest.raises(AssertionError, match=re.escape(f"eigenpair({case.samples[0].args[0]},)")):
            test_ops.test_forward(case, dtype)
    with pytest.raises(AssertionError, match="eigenpair"):
        test_ops.test_layouts(case, test_ops.transposed)
    with pytest.raises(AssertionError, match="eigenpair"):
        test_ops.test_results_do_not_depend_on_old_memory(case)


def half(x):
    """x, with half of its gradient."""
    return (x + x.detach()) / 2


def test_a_wrong_gradient_of_what_is_invariant_is_wrong():
    case = dataclasses.replace(EIGENPAIR, fn=lambda x: largest_eigenpair(half(x)))
    test_ops.test_forward(case, "float64")
    with pytest.raises(AssertionError, match="check_grads: the gradient for argument 0"):
        test_ops.test_gradient(case, "float64")


def test_what_is_invariant_needs_a_check():
    with pytest.raises(AssertionError, match="eigenpair: what is invariant, where all is unique"):
        dataclasses.replace(EIGENPAIR, check=None)


def test_phases_are_signs_of_complex_vectors():
    rng = np.random.default_rng(6)
    v = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))
    got = tw.asarray(v * np.exp(1j * rng.uniform(-3, 3, (3, 1))))
    assert_close(turned(got, v, -1), v, 16)
    with pytest.raises(AssertionError, match="an error of"):
        assert_close(turned(got * tw.asarray([1, 1, 1, 1j]), v, -1), v, 16)


# ---- results without an order ----------------------------------------------------------------------------------------


def same_set(args, got, expected):
    for g, w in zip(got, expected, strict=True):
        assert_close(tw.asarray(np.sort(to_numpy(g), axis=-1), dtype=g.dtype), np.sort(w, axis=-1), 4)


def test_results_in_any_order(threads):
    case = OpCase(
        "roots",
        lambda x: np.concatenate([-np.sqrt(x), np.sqrt(x)], axis=-1),
        (S(A((3, 4), 0.5, 3)), S(A((5,), 0.5, 3)), S(A((0,), 0.5, 3))),
        fn=lambda x: tw.concatenate([tw.sqrt(x), -tw.sqrt(x)], axis=-1),
        check=same_set,
        invariant=lambda y: [(y**2).sum(axis=-1), (y**3).sum(axis=-1)],
    )
    run_templates(case, threads)
    wrong = dataclasses.replace(case, fn=lambda x: tw.concatenate([tw.sqrt(x), tw.sqrt(x)], axis=-1))
    with pytest.raises(AssertionError, match="roots"):
        test_ops.test_forward(wrong, "float32")


# ---- several results, sorted and distinct ones -----------------------------------------------------------------------


def largest_and_where(x):
    """Largest of the last axis; its place, an integer; and the rest of the sum."""
    largest = tw.max(x, axis=-1)
    return largest, tw.argmax(x, axis=-1), tw.sum(x, axis=-1) - largest


LARGEST = OpCase(
    "largest",
    lambda x: (x.max(axis=-1), x.argmax(axis=-1), x.sum(axis=-1) - x.max(axis=-1)),
    (S(A((3, 4), kind="distinct")), S(A((5,), kind="distinct")), S(A((0, 3), kind="distinct"))),
    fn=largest_and_where,
    dtypes=("float32", "float64"),
    result=("same", "int64", "same"),
    tolerance=256,
    grad=1,
    lengths=lambda n: S(A((3, n), kind="distinct")),
    large=S(A((400, 500), kind="distinct")),
)


def test_several_results_on_every_template(threads):
    run_templates(LARGEST, threads)


class Product(tw.autograd.Function):
    """x * x and x * 3; the rule forgets that the first may not be used."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x, x * 3

    @staticmethod
    def backward(ctx, first, second):
        (x,) = ctx.saved_tensors
        used = (abs(first).sum() > 0).item()
        return first * x * 2 + second * 3 if used else second * 2


def test_a_rule_that_counts_on_every_cotangent_is_found():
    case = OpCase("product", lambda x: (x * x, x * 3), (S(A((3,))),), fn=Product.apply, result=("same", "same"), grad=1)
    test_ops.test_gradient(case, "float64")
    with pytest.raises(AssertionError, match="check_grads: the gradient for argument 0"):
        test_ops.test_gradient_where_a_result_is_not_used(case, "float64")


def test_sorted_arguments():
    """How many values lie below: by looking once, in the sorted values."""
    case = OpCase(
        "searchsorted",
        lambda x, v: np.searchsorted(x, v),
        (S(A((9,), kind="sorted"), A((5,))), S(A((1,), kind="sorted"), A((2, 3)))),
        fn=lambda x, v: (x < tw.expand_dims(v, axis=-1)).sum(axis=-1),
        dtypes=("float32", "int32"),
        result="int64",
        grad=0,
    )
    for dtype in case.dtypes:
        test_ops.test_forward(case, dtype)
    for layout in test_ops.LAYOUTS:
        test_ops.test_layouts(case, layout)
    test_ops.test_results_do_not_depend_on_old_memory(case)
