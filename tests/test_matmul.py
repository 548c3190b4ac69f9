"""Matrix products beyond what every op is tested for: bytes summed in int32, other result dtypes, half types."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

pytestmark = [pytest.mark.kernels, pytest.mark.products]

BYTES = ("int8", "uint8")
NAIVE = _core.config()["isa"] == "reference"  # loops that know nothing of parts: large matrices only take their time
SHAPES = [
    ((3, 4), (4, 5)),
    ((7,), (7,)),
    ((33,), (33, 3)),
    ((3, 33), (33,)),
    ((2, 3, 70), (2, 70, 5)),
    ((2, 1, 3, 9), (3, 9, 2)),
    ((2, 17, 9), (9, 40)),
    ((0, 4), (4, 5)),
    ((3, 0), (0, 5)),
    ((150, 400), (400, 130)),
    ((1, 2000), (2000, 70)),
    ((130, 2000), (2000, 1)),
]


def draw(rng, shape, dtype):
    """Whole range, and the extremes of it often."""
    info = np.iinfo(dtype)
    values = rng.integers(info.min, info.max + 1, shape)
    extremes = rng.choice([info.min, info.max], shape)
    return np.where(rng.random(shape) < 0.5, values, extremes).astype(dtype)


@pytest.mark.parametrize(("a_type", "b_type"), [*itertools.product(BYTES, BYTES)])
@pytest.mark.parametrize(("a_shape", "b_shape"), SHAPES)
def test_bytes_are_summed_exactly(a_shape, b_shape, a_type, b_type):
    rng = np.random.default_rng(3)
    a, b = draw(rng, a_shape, a_type), draw(rng, b_shape, b_type)
    y = tw.matmul(tw.asarray(a), tw.asarray(b), dtype="int32")
    want = a.astype(np.int32) @ b.astype(np.int32)
    assert y.dtype == tw.int32
    np.testing.assert_array_equal(y.numpy(), want)


@pytest.mark.parametrize(("a_type", "b_type"), [*itertools.product(BYTES, BYTES)])
def test_bytes_in_any_layout(a_type, b_type):
    rng = np.random.default_rng(4)
    a, b = draw(rng, (90, 200), a_type), draw(rng, (200, 80), b_type)
    want = a.astype(np.int32) @ b.astype(np.int32)
    layouts = [
        lambda x: x,
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(np.repeat(x, 3, 0), 2, 1)[::3, ::2],
        lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    ]
    for left, right in itertools.product(layouts, layouts):
        y = tw.matmul(tw.asarray(left(a)), tw.asarray(right(b)), dtype=tw.int32)
        np.testing.assert_array_equal(y.numpy(), want)


def test_sums_of_bytes_wrap_around():
    a = tw.full((2, 70_000), 255, dtype="uint8")
    expected = (255 * 255 * 70_000 + 2**31) % 2**32 - 2**31
    assert tw.matmul(a, a.T, dtype="int32").tolist() == [[expected] * 2] * 2


@pytest.mark.parametrize("dtype", [*BYTES, "bfloat16", "float16"])
@pytest.mark.parametrize("a_shape", [(3, 300, 500), (40, 60, 500)])
def test_the_same_at_any_thread_count(a_shape, dtype):
    rng = np.random.default_rng(5)
    batch, rows, inside = (a_shape[0], 30, 50) if NAIVE else a_shape
    values = [draw(rng, shape, "int8") for shape in ((batch, rows, inside), (batch, inside, 130))]
    if dtype in BYTES:
        a, b = (tw.asarray(v.astype(dtype)) for v in values)
    else:
        a, b = (tw.asarray(v / 16, dtype=dtype) for v in values)
    before = tw.get_num_threads()
    results = []
    try:
        for count in (1, 2, 7):
            tw.set_num_threads(count)
            y = tw.matmul(a, b, dtype="int32") if dtype in BYTES else tw.matmul(a, b)
            results.append(y.astype("float64").numpy())
    finally:
        tw.set_num_threads(before)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
@pytest.mark.parametrize(("m", "k", "n"), [(2, 530, 1001), (3, 1061, 4001), (4, 1061, 4001), (213, 900, 1100)])
def test_times_a_matrix_that_is_taken_in_parts(m, k, n, dtype):
    rng = np.random.default_rng(m)
    if NAIVE:
        k, n = k // 8, n // 8
    a, b = (tw.asarray(draw(rng, shape, "int8") / 128, dtype=dtype) for shape in ((m, k), (k, n)))
    want = a.astype("float64").numpy() @ b.astype("float64").numpy()
    before, results = tw.get_num_threads(), []
    try:
        for count in (1, 2, 7):
            tw.set_num_threads(count)
            results.append(tw.matmul(a, b).astype("float64").numpy())
    finally:
        tw.set_num_threads(before)
    np.testing.assert_allclose(results[0], want, rtol=UNIT.get(dtype, 0), atol=2e-4)
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])


def test_explain_names_the_bytes(capsys):
    tw.explain(lambda: tw.matmul(tw.ones((4, 8), dtype="int8"), tw.ones((8, 6), dtype="uint8"), dtype="int32"))
    assert capsys.readouterr().out.startswith("gemm: (4, 8) x (8, 6) int8 x uint8 in int32 -> ")


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int32", "bfloat16", "bool"])
def test_dtype_is_what_operands_are_converted_to(dtype):
    rng = np.random.default_rng(6)
    a, b = rng.integers(-3, 4, (5, 7)), rng.integers(-3, 4, (7, 2)).astype(np.int16)
    y = tw.matmul(a, tw.asarray(b), dtype=dtype)
    assert str(y.dtype).endswith(dtype)
    want = a.astype(bool) @ b.astype(bool) if dtype == "bool" else a @ b
    np.testing.assert_array_equal(y.astype("float64").numpy(), want.astype(np.float64))
    assert tw.matmul(a, tw.asarray(b), dtype=None).dtype == tw.int64


def test_gradients_come_back_in_the_dtype_of_the_operands():
    x = tw.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    w = tw.asarray([[1.0, -1.0], [0.5, 2.0]], requires_grad=True)
    y = tw.matmul(x, w, dtype="float64")
    assert y.dtype == tw.float64
    y.sum().backward()
    assert x.grad.dtype == w.grad.dtype == tw.float32
    assert x.grad.tolist() == [[0.0, 2.5], [0.0, 2.5]]
    assert w.grad.tolist() == [[4.0, 4.0], [6.0, 6.0]]


def test_errors():
    x = tw.ones((2, 3), dtype="int8")
    with pytest.raises(ValueError, match=r"matmul: x1 \(2, 3\) has 3 columns, but x2 \(2, 3\) has 2 rows"):
        tw.matmul(x, x, dtype="int32")
    with pytest.raises(ValueError, match="matmul: x2 is 0-d"):
        tw.matmul(x, tw.ones((), dtype="uint8"), dtype="int32")
    with pytest.raises(TypeError, match="dtyp"):
        tw.matmul(x, x.T, dtyp="int32")
    with pytest.raises((TypeError, ValueError), match="float31"):
        tw.matmul(x, x.T, dtype="float31")


# ---- half types ------------------------------------------------------------------------------------------------------

UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(
    ("a_shape", "b_shape"),
    [
        ((5, 7), (7, 6)),
        ((64, 64), (64, 64)),
        ((2, 3, 30, 41), (3, 41, 20)),
        ((3, 1, 20, 33), (1, 2, 33, 50)),
        ((9, 500), (500, 300)),
        ((300, 500), (500, 9)),
        ((257, 1031), (1031, 129)),
    ],
)
def test_half_types_add_up_in_float32_and_round_once(a_shape, b_shape, dtype):
    rng = np.random.default_rng(7)
    a = tw.asarray(rng.standard_normal(a_shape), dtype=dtype)
    b = tw.asarray(rng.standard_normal(b_shape), dtype=dtype)
    wide_a, wide_b = a.astype("float64").numpy(), b.astype("float64").numpy()
    want, magnitude = wide_a @ wide_b, np.abs(wide_a) @ np.abs(wide_b)
    bound = (a_shape[-1] + 2) * 2.0**-23 * magnitude + UNIT[dtype] * np.abs(want) * (1 + 2.0**-6)
    turned = tw.matrix_transpose(tw.asarray(tw.matrix_transpose(b), copy=True))
    for right in (b, turned):
        y = tw.matmul(a, right)
        assert str(y.dtype).endswith(dtype)
        assert np.all(np.abs(y.astype("float64").numpy() - want) <= bound)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("activation", ["none", "relu", "gelu"])
def test_half_types_in_linear(dtype, activation):
    rng = np.random.default_rng(8)
    for batch in (3, 40):
        x = tw.asarray(rng.standard_normal((batch, 70)), dtype=dtype)
        w = tw.asarray(rng.standard_normal((90, 70)), dtype=dtype)
        bias = tw.asarray(rng.standard_normal(90), dtype=dtype)
        y = tw.nn.functional.linear(x, w, bias)
        z = x.astype("float64").numpy() @ w.astype("float64").numpy().T + bias.astype("float64").numpy()
        if activation != "none":
            y, z = getattr(tw.nn.functional, activation)(y), getattr(tw.nn.functional, activation)(z).numpy()
        np.testing.assert_allclose(y.astype("float64").numpy(), z, rtol=4 * UNIT[dtype], atol=0.05)
