"""Reductions, softmax, cross-entropy, optimiser steps and random draws of _core, over strides and sizes."""

from __future__ import annotations

import itertools
import math
import re

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

F32, F64, I64, U8 = (getattr(_core.DType, name) for name in ("float32", "float64", "int64", "uint8"))


def array(x: np.ndarray) -> _core.Array:
    return _core.from_buffer(np.asarray(x))


def layouts(shape: tuple[int, ...], rng: np.random.Generator):
    """The same shape in memory orders and strides that take different paths."""

    def make(s):
        return rng.standard_normal(s).astype(np.float32)

    yield make(shape)
    yield make(shape[::-1]).T
    yield make(tuple(2 * n + 1 for n in shape))[tuple(slice(1, 2 * n + 1, 2) for n in shape)]
    yield make(shape)[tuple(slice(None, None, -1) for _ in shape)]
    yield np.broadcast_to(make(shape[-1:]), shape)
    if len(shape) == 3:
        yield make((shape[1], shape[2], shape[0])).transpose(2, 0, 1)


SHAPES = [
    (1,),
    (1000,),
    (32, 10),
    (65, 130),
    (5, 6, 7),
    (2, 3, 64),
    (4, 1, 5),
    (700, 3),
    (300, 300),
    (3, 70000),
    (40, 3, 900),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", ["sum", "mean", "max", "min", "any", "all"])
def test_reductions_over_layouts_and_axes(op, shape):
    rng = np.random.default_rng(0)
    for x in layouts(shape, rng):
        axes = [None, *itertools.chain(*(itertools.combinations(range(x.ndim), n) for n in range(1, x.ndim + 1)))]
        for axis, keepdims in itertools.product(axes, (False, True)):
            got = np.asarray(getattr(_core, op)(array(x), axis, keepdims))
            exact = x.astype(np.float64) if op in ("sum", "mean") else x
            want = np.asarray(getattr(np, op)(exact, axis=axis, keepdims=keepdims))
            assert got.shape == want.shape
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6 * math.sqrt(x.size))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("op", ["argmax", "argmin"])
def test_positions_over_layouts(op, shape):
    rng = np.random.default_rng(1)
    for x in layouts(shape, rng):
        with_ties = np.round(x * 4)
        for axis in (None, *range(-x.ndim, x.ndim)):
            for data in (x, with_ties):
                np.testing.assert_array_equal(
                    np.asarray(getattr(_core, op)(array(data), axis, False)), getattr(np, op)(data, axis=axis)
                )


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("op", ["max", "min", "argmax", "argmin"])
def test_nan_is_the_extreme(op, axis):
    x = np.random.default_rng(2).standard_normal((300, 400)).astype(np.float32)
    x[17, 3] = x[200, 3] = x[200, 350] = np.nan
    np.testing.assert_array_equal(np.asarray(getattr(_core, op)(array(x), axis, False)), getattr(np, op)(x, axis=axis))


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        ("bool", "int64"),
        ("int8", "int64"),
        ("int32", "int64"),
        ("uint8", "uint64"),
        ("uint64", "uint64"),
        ("float64", "float64"),
    ],
)
def test_dtypes_of_sums(dtype, result):
    x = (np.random.default_rng(3).integers(0, 100, (50, 60)) % 100).astype(dtype)
    for axis in (None, 0, 1):
        total = np.asarray(_core.sum(array(x), axis, False))
        assert total.dtype == result
        np.testing.assert_allclose(total, x.sum(axis, dtype=result), rtol=1e-14)
    assert np.asarray(_core.mean(array(x), None, False)).dtype == ("float64" if dtype == "float64" else "float32")


def test_nothing_to_reduce():
    x = array(np.zeros((3, 0), np.float32))
    assert np.asarray(_core.sum(x, 1, False)).tolist() == [0, 0, 0]
    assert np.asarray(_core.prod(x, 1, False)).tolist() == [1, 1, 1]
    assert not np.asarray(_core.any(x, None, False))
    assert np.asarray(_core.all(x, None, False))
    assert np.isnan(np.asarray(_core.mean(x, 1, False))).all()
    assert np.asarray(_core.max(x, 0, False)).shape == (0,)
    for op in (_core.max, _core.min, _core.argmax, _core.argmin):
        with pytest.raises(ValueError, match=re.escape("axis 1 of x (3, 0) has length 0")):
            op(x, 1, False)
    with pytest.raises(ValueError, match="axis -2 is given twice"):
        _core.sum(x, (0, -2), False)


def test_float32_sums_are_not_one_chain():
    x = (np.random.default_rng(4).random(3_000_000) + 0.5).astype(np.float32)
    for shape, axis in (((3_000_000,), 0), ((1_000_000, 3), 0), ((100_000, 30), 0), ((3, 1_000_000), 1)):
        exact = x.astype(np.float64).reshape(shape).sum(axis)
        np.testing.assert_allclose(np.asarray(_core.sum(array(x.reshape(shape)), axis, False)), exact, rtol=3e-7)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# The last shapes are wide enough for tiles of columns.
@pytest.mark.parametrize(
    "shape", [(10,), (32, 10), (3, 17), (5, 1200), (3, 4, 5), (2, 90, 40), (2, 300, 450), (3, 20, 4100)], ids=str
)
def test_softmax_along_every_axis(shape):
    rng = np.random.default_rng(5)
    for x in layouts(shape, rng):
        g = rng.standard_normal(shape)
        for axis in range(-x.ndim, x.ndim):
            p = softmax(x.astype(np.float64), axis)
            y, log_y = _core.softmax(array(x), axis), _core.log_softmax(array(x), axis)
            np.testing.assert_allclose(np.asarray(y), p, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(np.asarray(log_y), np.log(p), rtol=1e-5, atol=2e-6)
            lse = np.log(np.exp(x.astype(np.float64)).sum(axis))
            np.testing.assert_allclose(
                np.asarray(_core.logsumexp(array(x), axis)).squeeze(axis), lse, rtol=1e-5, atol=2e-6
            )
            grad = np.asarray(_core.softmax_backward(array(g.astype(np.float32)), y, axis))
            np.testing.assert_allclose(grad, p * (g - (g * p).sum(axis, keepdims=True)), rtol=1e-4, atol=1e-5)
            grad = np.asarray(_core.log_softmax_backward(array(g.astype(np.float32)), log_y, axis))
            np.testing.assert_allclose(grad, g - p * g.sum(axis, keepdims=True), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(7,), (32, 10), (5, 7, 3), (3, 11, 60, 70)], ids=str)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy(shape, reduction, smoothing, weighted):
    rng = np.random.default_rng(6)
    axis = min(1, len(shape) - 1)
    classes = shape[axis]
    x = 4 * rng.standard_normal(shape)
    target = np.asarray(rng.integers(0, classes, shape[:axis] + shape[axis + 1 :]))
    counts = np.asarray(rng.random(target.shape) < 0.8) if target.ndim else np.asarray(True)
    w = rng.random(classes) if weighted else np.ones(classes)
    w_axis = w.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    p = softmax(x, axis)
    hot = np.moveaxis(np.eye(classes)[target], -1, axis)
    share = (hot * (1 - smoothing) + smoothing / classes) * w_axis * np.expand_dims(counts, axis)
    each = -(share * np.log(p)).sum(axis)
    total = {"none": 1.0, "sum": 1.0, "mean": (w[target] * counts).sum()}[reduction]
    want = each if reduction == "none" else each.sum() / total
    g = np.asarray(rng.standard_normal(np.shape(want)))
    g_each = np.expand_dims(np.broadcast_to(g / total, target.shape), axis)
    want_grad = g_each * (p * share.sum(axis, keepdims=True) - share)

    ignored = array(np.where(counts, target, -100))
    options = (array(w) if weighted else None, -100, smoothing, reduction)
    loss, saved = _core.cross_entropy(array(x), ignored, *options)
    np.testing.assert_allclose(np.asarray(loss), want, rtol=1e-12)
    grad = _core.cross_entropy_backward(array(g), array(x), ignored, saved, *options)
    np.testing.assert_allclose(np.asarray(grad), want_grad, rtol=1e-10, atol=1e-13)


def test_cross_entropy_of_huge_logits():
    x = np.array([[1e6, 1e6 + 1, 1e6 - 2]], np.float32)
    options = (None, -100, 0.0, "mean")
    loss, saved = _core.cross_entropy(array(x), array(np.array([0])), *options)
    p = softmax(x.astype(np.float64), 1)
    np.testing.assert_allclose(np.asarray(loss), -np.log(p[0, 0]), rtol=1e-6)
    grad = _core.cross_entropy_backward(array(np.float32(1)), array(x), array(np.array([0])), saved, *options)
    np.testing.assert_allclose(np.asarray(grad), p - [[1, 0, 0]], rtol=1e-5)


def test_targets_out_of_range_name_their_place():
    x = array(np.zeros((2, 10, 3), np.float32))
    target = np.zeros((2, 3), np.int64)
    target[1, 2] = 10
    with pytest.raises(
        IndexError, match=re.escape("target[1, 2] is 10, but logits (2, 10, 3) have 10 classes, 0 to 9")
    ):
        _core.cross_entropy(x, array(target), None, -100, 0.0, "mean")


def test_optimiser_steps_write_nothing_when_anything_is_wrong():
    first, second = (array(np.ones(3, np.float32)) for _ in range(2))
    strided = array(np.ones((4, 3), np.float32).T)
    locked = array(np.ones(3, np.float32))
    locked.readonly = True
    good = array(np.ones(3, np.float32))
    cases = [
        (
            [first, second],
            [good, array(np.ones(4, np.float32))],
            ValueError,
            "grads[1] has shape (4,), but its parameter has (3,)",
        ),
        ([first, second], [good, array(np.ones(3))], TypeError, "grads[1] is float64, but its parameter is float32"),
        ([first, second], [good], ValueError, "there are 2 params, but 1 grads"),
        ([first, strided], [good, strided], ValueError, "params[1] of shape (3, 4) is not contiguous"),
        ([first, locked], [good, good], ValueError, "params[1] is read-only"),
        (
            [first, array(np.ones(3, np.int32))],
            [good, good],
            TypeError,
            "params[1] is int32, but must be float32 or float64",
        ),
    ]
    for params, grads, error, message in cases:
        with pytest.raises(error, match=re.escape(message)):
            _core.optim_step("sgd", params, grads, [], [{"rate": 0.1}], [])
    adam = ("adam", [first], [good])
    for rest, message in [
        (([[second]], [{}], []), "got 1 lists of states, but this rule keeps 2 to 3"),
        (([[second], [locked]], [{}], []), "states[1][0] is read-only"),
        (([[second], []], [{}], []), "there are 1 params, but 0 states[1]"),
        (([[second], [second]], [], []), "there are no settings"),
        (([[second], [second]], [{}], [1]), "settings 1 of 1"),
        (([[second], [second]], [{"speed": 1.0}], []), "there is no setting speed"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            _core.optim_step(*adam, *rest)
    with pytest.raises(ValueError, match="there is no rule eve"):
        _core.optim_step("eve", [first], [good], [], [{}], [])
    assert np.asarray(first).tolist() == np.asarray(second).tolist() == [1, 1, 1]


def test_total_norm_does_not_overflow():
    x = np.full((3, 5), 1e30, np.float32)
    assert _core.total_norm([array(x), array(x.T)], 2.0) == pytest.approx(1e30 * math.sqrt(30))
    assert _core.total_norm([array(x)], math.inf) == pytest.approx(1e30)
    assert math.isnan(_core.total_norm([array(np.array([1, np.nan, 2]))], math.inf))


def test_philox_known_answer():
    words = np.asarray(_core.random_bits(4, 0x299F31D0A4093822, 0x85A308D3243F6A88, 0x0370734413198A2E))
    assert [hex(w) for w in words] == ["0xd16cfe09", "0x94fdcceb", "0x5001e420", "0x24126ea1"]


def test_draws_are_bounded_and_continue():
    u = np.asarray(_core.random_uniform((100_000,), F32, 1, 0, -1.0, 3.0))
    assert u.min() >= -1 and u.max() < 3
    for name in ("float16", "bfloat16"):
        half = _core.random_uniform((100_000,), getattr(_core.DType, name), 1, 0, 0.0, 1.0)
        assert np.asarray(_core.astype(half, F32, True)).max() < 1
    whole = np.asarray(_core.random_normal((1000,), F64, 5, 100, 0.0, 1.0))
    rest = np.asarray(_core.random_normal((400,), F64, 5, 400, 0.0, 1.0))
    np.testing.assert_array_equal(whole[600:], rest)
    assert np.asarray(_core.random_integers((1000,), U8, 1, 0, 250, 256)).min() >= 250
    assert sorted(np.asarray(_core.random_permutation(1297, 3, 0)).tolist()) == list(range(1297))
    with pytest.raises(ValueError, match="0 to 256 does not fit uint8, which holds 0 to 255"):
        _core.random_integers((3,), U8, 1, 0, 0, 257)


def test_thread_count_changes_no_bit():
    rng = np.random.default_rng(7)
    x = array(rng.standard_normal((900, 1100)).astype(np.float32))
    target = array(rng.integers(0, 1100, 900))

    def results():
        yield from (_core.sum(x, axis, False) for axis in (None, 0, 1))
        yield from (_core.softmax(x, axis) for axis in (0, 1))
        yield from (_core.argmax(x, None, False), _core.random_normal((777, 1001), F32, 3, 9, 0.0, 1.0))
        yield _core.cross_entropy(x, target, None, -100, 0.1, "mean")[0]
        yield from _core.dropout(x, 0.3, 1, 2)
        params, grads, first, second = ([_core.astype(x, F32, True)] for _ in range(4))
        settings = {"rate": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.1}
        for rule in ("adam", "lamb"):
            _core.optim_step(rule, params, grads, [first, second], [settings], [])
        yield params[0]
        yield np.float64(_core.total_norm([x], 2.0))

    threads = _core.get_num_threads()
    try:
        seen = []
        for count in (1, 2, 7):
            _core.set_num_threads(count)
            seen.append([np.asarray(r).tobytes() for r in results()])
    finally:
        _core.set_num_threads(threads)
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("place", [None, 0, 4095, 4096, -1])
@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32", "float64"])
@pytest.mark.parametrize("cut", [slice(None), slice(None, None, 2), slice(None, None, -1)], ids=str)
def test_any_and_all_of_a_long_row(place, dtype, cut):
    """A first look settles most; the rest of the row is still looked at."""
    for n in (4097, 300_000):
        for base in (0, 1):
            x = np.full(2 * n, base, dtype)
            view = x[cut][:n]
            if place is not None:
                view[place] = 1 - base
            t = tw.asarray(x)[cut][:n]
            assert tw.any(t).item() == view.any() and tw.all(t).item() == view.all()
            assert tw.any(t[None], axis=1).tolist() == [view.any()]
