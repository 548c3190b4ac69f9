"""The way back through softmax-attention: against its definition on the tape, and finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright._functions.attention import scaled_dot_product_attention as attention, with_weights
from tilewright.nn import functional as F

pytestmark = pytest.mark.kernels

NAMES = ("q", "k", "v", "bias", "relative")
TOLERANCES = {"float32": 2e-4, "float64": 1e-10}


class Call:
    """Operands of the op and its options, drawn by shape."""

    def __init__(self, shape, dtype="float64", seed=0, kv_heads=None, value_size=None, **options):
        batch, heads, queries, keys, size = shape
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        kv_heads = heads if kv_heads is None else kv_heads
        value_size = size if value_size is None else value_size
        self.given = {
            "q": self.drawn(batch, heads, queries, size),
            "k": self.drawn(batch, kv_heads, keys, size),
            "v": self.drawn(batch, kv_heads, keys, value_size),
        }
        self.keep = options.pop("keep", None)
        if isinstance(self.keep, tuple):
            self.keep = tw.asarray(self.rng.random(self.keep) < 0.7)
        for name in ("bias", "relative"):
            self.given[name] = options.pop(name, None)
            if isinstance(self.given[name], tuple):
                self.given[name] = self.drawn(*self.given[name])
        self.options = {
            "scale": 0.4,
            "softcap": 0.0,
            "lower_right": False,
            "left": -1,
            "right": -1,
            "sequences": None,
            "p": 0.0,
            "seed": 5,
            "offset": 3,
        } | options
        assert len(self.options) == 9, f"unknown options: {options}"
        self.of_output = self.drawn(batch, heads, queries, value_size)
        self.of_lse = self.drawn(batch, heads, queries)

    def drawn(self, *shape):
        return tw.asarray(self.rng.standard_normal(shape).astype(self.dtype))

    def gradients(self, f, of=("output", "lse"), wanted=NAMES):
        """By name, of the sum of what `f` returns times the cotangents."""
        leaves = {name: x if x is None else x.detach().requires_grad_(name in wanted) for name, x in self.given.items()}
        q, k, v, bias, relative = (leaves[name] for name in NAMES)
        output, lse = f(q, k, v, self.keep, bias, relative, *self.options.values())[:2]
        loss = tw.zeros((), dtype=self.dtype)
        if "output" in of:
            loss = loss + (output * self.of_output).sum()
        if "lse" in of:
            loss = loss + (tw.where(tw.isfinite(lse), lse, 0.0) * self.of_lse).sum()
        loss.backward()
        wanted_leaves = {name: x for name, x in leaves.items() if x is not None and name in wanted}
        return {name: tw.zeros_like(x) if x.grad is None else x.grad for name, x in wanted_leaves.items()}

    def check(self, of=("output", "lse"), wanted=NAMES):
        got, want = self.gradients(attention, of, wanted), self.gradients(with_weights, of, wanted)
        for name, x in want.items():
            expected = x.numpy()
            size = max(1.0, float(np.abs(expected).max(initial=0)))
            np.testing.assert_allclose(
                got[name].numpy() / size, expected / size, rtol=0, atol=TOLERANCES[self.dtype], err_msg=name
            )


SHAPE = (2, 4, 19, 23, 8)
B, H, T, S, _ = SHAPE
PACKED = (0, 0, 5, 0, 7, 0, 7, 9, 7, 10, 1, 0, 11, 3, 0, 1, 12, 7, 4, 19)  # with queries and keys in no sequence
OPTIONS = {
    "plain": {},
    "negative scale": {"scale": -0.3},
    "causal": {"right": 0},
    "causal at the lower right": {"right": 0, "lower_right": True},
    "window": {"left": 3, "right": 2},
    "window at the lower right": {"left": 0, "right": 4, "lower_right": True},
    **{f"keep {shape}": {"keep": shape} for shape in ((B, H, T, S), (1, H, 1, S), (B, 1, 1, S), (1, 1, T, 1))},
    **{f"bias {shape}": {"bias": shape} for shape in ((B, H, T, S), (1, H, T, S), (B, 1, 1, S), (1, 1, T, 1))},
    **{f"bias {shape}": {"bias": shape} for shape in ((1, H, 1, 1), (B, 1, T, S), (1, 1, 1, S), (1, 1, 1, 1))},
    "relative": {"relative": (H, T + S - 1)},
    "one relative": {"relative": (1, T + S - 1)},
    "cap": {"softcap": 0.8},
    "sequences": {"sequences": PACKED},
    "sequences with a band": {"sequences": PACKED, "right": 0, "lower_right": True, "relative": (H, T + S - 1)},
    "key lengths": {"sequences": (0, 0, T, 0, 11, 1, 0, T, 0, 0)},
    "dropout": {"p": 0.3},
    "all dropped": {"p": 1.0},
    "grouped heads": {"kv_heads": 2},
    "one head of keys": {"kv_heads": 1, "right": 0},
    "other values": {"value_size": 5},
    "all together": {
        "keep": (B, 1, T, S),
        "bias": (1, H, T, S),
        "relative": (1, T + S - 1),
        "softcap": 1.5,
        "p": 0.2,
        "kv_heads": 2,
        "left": 9,
        "right": 5,
        "lower_right": True,
        "value_size": 11,
    },
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_gradients_are_those_of_the_definition(options, dtype):
    Call(SHAPE, dtype, **options).check()


LENGTHS = ((1, 1), (1, 256), (256, 1), (7, 65), (63, 64), (64, 63), (65, 129), (127, 128), (129, 33), (256, 255))


@pytest.mark.parametrize("size", [1, 3, 16, 33])
@pytest.mark.parametrize("queries,keys", LENGTHS)
def test_lengths(queries, keys, size):
    for options in ({}, {"right": 0, "lower_right": True}, {"left": 20, "right": 3}):
        Call((1, 2, queries, keys, size), "float32", **options).check()


@pytest.mark.parametrize("size", [64, 72, 128, 257, 1100])
def test_sizes(size):
    Call((1, 2, 70, 150, size), "float32", scale=size**-0.5, value_size=size // 2 + 1).check()


@pytest.mark.parametrize("of", [("output",), ("lse",)])
def test_either_cotangent_alone(of):
    for options in ({}, {"bias": (1, H, T, S), "relative": (H, T + S - 1), "p": 0.1, "softcap": 2.0}):
        Call(SHAPE, **options).check(of)


@pytest.mark.parametrize("wanted", [("q",), ("k",), ("v",), ("bias",), ("relative",), ("q", "relative"), ("k", "v")])
def test_only_wanted_gradients(wanted):
    Call(SHAPE, bias=(1, 1, T, S), relative=(H, T + S - 1)).check(wanted=wanted)


def test_shares_of_keys():
    """So long that few heads are shared out by their keys."""
    for options in ({}, {"right": 0}, {"sequences": (0, 0, 100, 0, 300, 0, 100, 200, 300, 340)}):
        Call((1, 1, 300, 700, 16), "float32", **options).check()


def test_minus_infinity_forbids():
    call = Call(SHAPE, bias=(1, H, T, S), relative=(H, T + S - 1))
    for name in ("bias", "relative"):
        x = call.given[name].numpy().copy()
        x[call.rng.random(x.shape) < 0.3] = -math.inf
        call.given[name] = tw.asarray(x)
    call.check()
    call.given["bias"] = tw.asarray(np.where(np.arange(T)[:, None] % 3 == 0, -math.inf, 0.5) + np.zeros((1, H, T, S)))
    call.check()


def test_rows_that_see_nothing():
    call = Call(SHAPE, keep=tw.asarray(np.arange(T)[:, None] % 4 != 1).reshape(1, 1, T, 1))
    call.check()
    found = call.gradients(attention)
    assert (found["q"].numpy()[:, :, 1::4] == 0).all()
    found = Call(SHAPE, keep=tw.zeros((1, 1, 1, 1), dtype="bool")).gradients(attention)
    assert all((x == 0).all() for x in found.values())


@pytest.mark.parametrize("shape", [(2, 3, 5, 0, 4), (2, 3, 0, 5, 4), (0, 3, 5, 5, 4), (2, 0, 5, 5, 4), (2, 3, 4, 5, 0)])
def test_nothing(shape):
    _batch, _heads, queries, keys, _ = shape
    call = Call(shape, bias=(1, 1, 1, keys), relative=(1, max(queries + keys - 1, 0)))
    found = call.gradients(attention)
    for name, x in found.items():
        assert x.shape == call.given[name].shape
        assert tw.isfinite(x).all()
    if min(shape[:4]) == 0:
        assert all((x == 0).all() for x in found.values())


@pytest.mark.parametrize("name", ["k", "v"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_masked_has_no_influence(name, value):
    lengths = (0, 0, T, 0, 20, 1, 0, T, 0, 20)
    for options in ({"keep": tw.asarray(np.arange(S) < 20).reshape(1, 1, 1, S)}, {"sequences": lengths}):
        call = Call(SHAPE, **options)
        want = call.gradients(attention)
        x = call.given[name].numpy().copy()
        x[:, :, 20:] = value
        call.given[name] = tw.asarray(x)
        got = call.gradients(attention)
        for other, gradient in want.items():
            np.testing.assert_array_equal(got[other].numpy(), gradient.numpy(), err_msg=other)


def test_a_seen_nan_propagates():
    call = Call(SHAPE)
    x = call.given["k"].numpy().copy()
    x[0, 0, 3, 2] = math.nan
    call.given["k"] = tw.asarray(x)
    found = call.gradients(attention)["q"].numpy()
    assert np.isnan(found[0, 0]).all() and np.isfinite(found[1]).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_computed_in_float32(dtype):
    call = Call((1, 2, 9, 13, 8), "float32", bias=(1, 1, 9, 13))
    leaves = [call.given[name].astype(dtype).requires_grad_() for name in ("q", "k", "v", "bias")]
    wide = [x.detach().astype("float32").requires_grad_() for x in leaves]
    cotangent = call.of_output.astype(dtype)
    for given, g in ((leaves, cotangent), (wide, cotangent.astype("float32"))):
        q, k, v, bias = given
        output, _ = attention(q, k, v, None, bias, None, *call.options.values())
        (output * g).sum().backward()
    step = {"float16": 2.0**-10, "bfloat16": 2.0**-7}[dtype]
    for x, y in zip(leaves, wide, strict=True):
        assert x.grad.dtype.name == dtype
        want = y.grad.numpy()
        np.testing.assert_allclose(x.grad.astype("float32").numpy(), want, atol=4 * step * np.abs(want).max())


@pytest.mark.parametrize("options", ["plain", "causal", "all together"])
def test_finite_differences(options):
    call = Call((1, 4, 5, 6, 3), **{**OPTIONS[options], **_fitted(OPTIONS[options])})
    found = call.gradients(attention)
    for name, gradient in found.items():
        start, direction = call.given[name], call.drawn(*call.given[name].shape)
        values = []
        for step in (1e-5, -1e-5):
            call.given[name] = start + direction * step
            q, k, v, bias, relative = (call.given[n] for n in NAMES)
            output, lse = attention(q, k, v, call.keep, bias, relative, *call.options.values())
            values.append(((output * call.of_output).sum() + (lse * call.of_lse).sum()).item())
        call.given[name] = start
        want = (gradient * direction).sum().item()
        assert (values[0] - values[1]) / 2e-5 == pytest.approx(want, rel=1e-6, abs=1e-7), name


def _fitted(options):
    """Arrays of a smaller shape, that leave every query a key."""
    shapes = {"bias": (1, 4, 5, 6), "relative": (1, 10)}
    return {name: shape for name, shape in shapes.items() if name in options} | ({"keep": None} if options else {})


def test_bits_do_not_depend_on_threads():
    calls = [
        Call((2, 4, 130, 140, 16), "float32", **options)
        for options in ({}, {"bias": (1, 1, 130, 140), "relative": (1, 269), "kv_heads": 2, "p": 0.2})
    ]
    calls.append(Call((1, 2, 300, 600, 16), "float32", right=0))
    before = tw.get_num_threads()
    try:
        for call in calls:
            found = []
            for threads in (1, 2, 7):
                tw.set_num_threads(threads)
                found.append(call.gradients(attention))
            for other in found[1:]:
                for name, x in found[0].items():
                    assert x.numpy().tobytes() == other[name].numpy().tobytes(), name
    finally:
        tw.set_num_threads(before)


def test_strided_operands():
    call = Call((2, 4, 70, 70, 16), "float32", right=0)
    want = call.gradients(attention)
    for name in ("q", "k", "v"):
        x = call.given[name].numpy()
        call.given[name] = tw.asarray(np.ascontiguousarray(x.swapaxes(1, 2))).swapaxes(1, 2)
    call.of_output = tw.asarray(np.ascontiguousarray(call.of_output.numpy().swapaxes(1, 2))).swapaxes(1, 2)
    got = call.gradients(attention)
    for name, x in want.items():
        np.testing.assert_allclose(got[name].numpy(), x.numpy(), rtol=1e-5, atol=1e-5, err_msg=name)
    arrived = {}
    leaves = {name: call.given[name].detach().requires_grad_() for name in ("q", "k", "v")}
    for name, x in leaves.items():
        x.register_hook(lambda g, name=name: arrived.update({name: g.strides}))
    attention(*leaves.values(), None, None, None, *call.options.values())[0].backward(call.of_output)
    assert arrived == {name: x.strides for name, x in leaves.items()}
    call = Call((1, 1, 40, 40, 24), "float32")
    wide = call.drawn(1, 1, 40, 48)
    call.given["q"] = wide[..., ::2]
    call.check()


def test_second_derivatives():
    call = Call((1, 2, 4, 5, 3), bias=(1, 1, 4, 5), right=0, lower_right=True)

    def f(*operands):
        q, k, v, bias = operands
        output, lse = attention(q, k, v, None, bias, None, *call.options.values())
        return (output * call.of_output).sum() + (lse * call.of_lse).sum()

    operands = [call.given[name] for name in ("q", "k", "v", "bias")]
    directions = [call.drawn(*x.shape) for x in operands]

    def along(operands):
        """The derivative along the directions, and the leaves that it can be differentiated by."""
        leaves = [x.detach().requires_grad_() for x in operands]
        f(*leaves).backward(create_graph=True)
        found = [x.grad for x in leaves]
        for x in leaves:
            x.grad = None
        return sum(
            ((g * d).sum() for g, d in zip(found, directions, strict=True)), tw.zeros((), dtype="float64")
        ), leaves

    derivative, leaves = along(operands)
    derivative.backward()
    values = [
        along([x + d * step for x, d in zip(operands, directions, strict=True)])[0].item() for step in (1e-5, -1e-5)
    ]
    want = sum((x.grad * d).sum().item() for x, d in zip(leaves, directions, strict=True))
    assert (values[0] - values[1]) / 2e-5 == pytest.approx(want, rel=1e-5, abs=1e-6)


def held(queries, **options):
    """Bytes that forward and backward pass hold at most."""
    x = [tw.ones((1, 1, queries, 8), requires_grad=True) for _ in range(3)]
    tw.memory.reset_peak()
    before = tw.memory.stats()["in_use"]
    F.scaled_dot_product_attention(*x, window=(64, 64), **options).sum().backward()
    return tw.memory.stats()["peak"] - before


def test_memory_grows_with_the_length_alone():
    assert held(8192) < 12 * 8192 * 8 * 4 + (tw.get_num_threads() << 20)
    relative = tw.zeros((1, 2 * 8192 - 1), requires_grad=True)
    assert held(8192, relative_bias=relative) < 14 * 8192 * 8 * 4 + (tw.get_num_threads() << 20)


def test_dropout_is_that_of_the_way_there():
    call = Call((2, 2, 33, 40, 8), p=0.5)
    q, k, v = (call.given[name] for name in ("q", "k", "v"))
    x = v.detach().requires_grad_()
    output, _ = attention(q, k, x, None, None, None, *call.options.values())
    (output * call.of_output).sum().backward()
    weights = with_weights(q, k, v, None, None, None, *call.options.values())[2]
    np.testing.assert_allclose(x.grad.numpy(), (weights.mT @ call.of_output).numpy(), atol=1e-12)
