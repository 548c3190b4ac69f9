"""Softmax-attention: its kernels at sizes around their tiles, what masked positions hold, layouts, threads, dropout."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
from tilewright._functions.attention import scaled_dot_product_attention as op, with_weights
from tilewright.nn import functional as F

TOLERANCE = {"float32": 4e-6, "float64": 2e-14}
SIZES = (1, 3, 8, 17, 32, 33, 64, 128, 256)
NONE = (None, None, None)


def draw(*shape, seed=0, dtype="float32"):
    return tw.asarray(np.random.default_rng([seed, *shape]).normal(size=shape), dtype=dtype)


def operands(batch, heads, queries, keys, size, value_size=None, kv_heads=None, dtype="float32"):
    kv_heads = kv_heads or heads
    shapes = (heads, queries, size), (kv_heads, keys, size), (kv_heads, keys, value_size or size)
    return [draw(batch, *shape, seed=n, dtype=dtype) for n, shape in enumerate(shapes)]


def statics(size=4, scale=None, softcap=0.0, lower_right=False, left=-1, right=-1, sequences=None, p=0.0):
    return size**-0.5 if scale is None else scale, softcap, lower_right, left, right, sequences, p, 7, 5


def compare(arrays, options, **tolerance):
    """The op with its definition in double."""
    tolerance = tolerance.get("tolerance", TOLERANCE[arrays[0].dtype.name])
    wide = [x.astype("float64") if x is not None and x.dtype.is_floating else x for x in arrays]
    output, lse = op(*arrays, *options)
    wanted, wanted_lse, _ = with_weights(*wide, *options)
    assert output.dtype == arrays[0].dtype
    np.testing.assert_allclose(output.numpy(), wanted.numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(lse.numpy(), wanted_lse.numpy(), rtol=tolerance, atol=4 * tolerance)


# ---- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES)
def test_sizes_of_heads(size, dtype):
    compare([*operands(1, 2, 19, 40, size, max(1, size - 1), dtype=dtype), *NONE], statics(size))
    compare([*operands(1, 1, 2, 40, max(1, size - 1), size, dtype=dtype), *NONE], statics(size, right=20))


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("queries", [1, 2, 4, 5, 13, 15, 29, 64, 300])
def test_lengths(queries, dtype):
    for keys in (0, 1, 15, 32, 33, 128, 129, 260):
        arrays = [*operands(1, 2, queries, keys, 8, kv_heads=1, dtype=dtype), *NONE]
        compare(arrays, statics(8))
        compare(arrays, statics(8, right=0, lower_right=True))


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("shared", "queries"), [(1, 1), (1, 3), (2, 2), (3, 1), (4, 1)])
def test_few_queries_of_heads_that_share_keys(shared, queries, dtype):
    q, k, v = operands(2, 2 * shared, queries, 150, 71, 103, kv_heads=2, dtype=dtype)
    bias = draw(2, 2 * shared, queries, 150, seed=8, dtype=dtype)
    keep = draw(2, 2 * shared, queries, 150, seed=9) > -1.0
    compare([q, k, v, *NONE], statics(71))
    compare([q, k, v, keep, bias, None], statics(71, softcap=3.0, right=0, lower_right=True, p=0.3))


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("queries", [1, 5, 31])
def test_long_keys_of_few_queries_are_joined_from_ranges(queries, dtype):
    q, k, v = operands(1, 4, queries, 5001, 8, 5, kv_heads=2, dtype=dtype)
    compare([q, k, v, *NONE], statics(8))
    compare([q, k, v, *NONE], statics(8, right=1200))  # most ranges see nothing
    compare([q, k, v, *NONE], statics(8, sequences=(0, 1, queries - 1, 3, 4100), p=0.2), tolerance=2e-5)
    keep = tw.arange(5001) < 1000
    bad = [tw.where(keep.reshape(5001, 1), x, np.nan) for x in (k, v)]
    for got, wanted in zip(
        op(q, *bad, keep, None, None, *statics(8)), op(q, k, v, keep, None, None, *statics(8)), strict=True
    ):
        assert np.array_equal(got.numpy(), wanted.numpy())


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("queries", [3, 90])
def test_bands(queries, dtype):
    arrays = [*operands(1, 1, queries, 300, 8, dtype=dtype), *NONE]
    for left, right, lower_right in itertools.product((-1, 0, 150), (-1, 7, 150), (False, True)):
        compare(arrays, statics(8, left=left, right=right, lower_right=lower_right))


def test_bands_may_be_as_wide_as_integers():
    arrays = [*operands(1, 1, 9, 5, 4), *NONE]
    wanted = op(*arrays, *statics())
    for lower_right in (False, True):
        for w, g in zip(
            wanted, op(*arrays, *statics(lower_right=lower_right, left=2**63 - 1, right=2**63 - 1)), strict=True
        ):
            assert np.array_equal(w.numpy(), g.numpy())


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("queries", [2, 40])
def test_masks_and_biases_of_all_shapes(queries, dtype):
    rng = np.random.default_rng(0)
    q, k, v = operands(2, 4, queries, 150, 8, kv_heads=2, dtype=dtype)
    for shape in itertools.product((1, 2), (1, 4), (1, queries), (1, 150)):
        keep = tw.asarray(rng.random(shape) < 0.7)
        holes = tw.asarray(np.where(rng.random(shape) < 0.2, -np.inf, rng.normal(size=shape)), dtype=dtype)
        relative = tw.asarray(rng.normal(size=(shape[1], queries + 149)), dtype=dtype)
        compare([q, k, v, keep, None, None], statics(8))
        compare([q, k, v, None, holes, None], statics(8, right=100))
        compare([q, k, v, keep, holes, relative], statics(8, softcap=2.0, left=90))
        compare([q, k, v, None, None, relative], statics(8, scale=-0.4))


@pytest.mark.kernels
def test_large_scores_neither_overflow_nor_lose_the_largest():
    q, k, v = operands(1, 1, 20, 200, 16)
    compare([q * 60, k * 60, v, *NONE], statics(16), tolerance=2e-3)
    compare([q, k, v, None, draw(1, 1, 20, 200) * 1e4, None], statics(16), tolerance=2e-3)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_rounded_once(dtype):
    arrays = operands(2, 2, 30, 50, 16, dtype=dtype)
    output, lse = op(*arrays, *NONE, *statics(16))
    single, of_single = op(*[x.astype("float32") for x in arrays], *NONE, *statics(16))
    assert output.dtype.name == dtype and lse.dtype.name == "float32"
    assert tw.all(output == single.astype(dtype)) and tw.all(lse == of_single)


# ---- positions that do not count -------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("queries", [1, 3, 40, 200])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_masked_keys_hold_does_not_matter(queries, dtype, bad):
    keys = 300
    q, k, v = operands(1, 2, queries, keys, 8, dtype=dtype)
    seen = np.ones(keys, bool)
    seen[[0, 5, 131, *range(220, keys)]] = False
    keep = tw.asarray(np.broadcast_to(seen, (1, 1, 1, keys)).copy())
    bias = tw.where(keep, tw.zeros((1, 1, 1, keys), dtype=dtype), -np.inf)
    hidden = tw.asarray(~seen).reshape(keys, 1)
    bad_k, bad_v = tw.where(hidden, bad, k), tw.where(hidden, bad, v)
    for masks in ((keep, None, None), (None, bias, None), (keep, bias, None)):
        wanted, got = op(q, k, v, *masks, *statics(8)), op(q, bad_k, bad_v, *masks, *statics(8))
        for w, g in zip(wanted, got, strict=True):
            assert np.array_equal(w.numpy(), g.numpy())


@pytest.mark.kernels
@pytest.mark.parametrize("queries", [1, 3, 40, 200])
def test_keys_beyond_the_band_and_the_sequences_are_not_looked_at(queries):
    q, k, v = operands(1, 1, queries, 300, 8)
    end = queries + 20
    beyond = tw.arange(300).reshape(300, 1) >= end
    bad = [tw.where(beyond, np.nan, x) for x in (k, v)]
    for options in (statics(8, right=20), statics(8, sequences=(0, 0, queries, 0, end))):
        for w, g in zip(op(q, k, v, *NONE, *options), op(q, *bad, *NONE, *options), strict=True):
            assert np.array_equal(w.numpy(), g.numpy())


@pytest.mark.kernels
@pytest.mark.parametrize("queries", [2, 40])
def test_nan_that_counts_comes_through(queries):
    q, k, v = operands(1, 1, queries, 200, 8)
    i = tw.arange(queries).reshape(queries, 1)
    output, lse = op(tw.where(i == 1, np.nan, q), k, v, *NONE, *statics(8))
    expected = np.arange(queries) == 1
    assert np.array_equal(np.isnan(output.numpy()[0, 0]).all(-1), expected)
    assert np.array_equal(np.isnan(lse.numpy()[0, 0]), expected)
    j = tw.arange(200).reshape(200, 1)
    assert tw.all(tw.isnan(op(q, tw.where(j == 150, np.nan, k), v, *NONE, *statics(8))[0]))


def test_rows_without_a_score_are_zeros():
    """pytorch#103963: a softmax over nothing."""
    q, k, v = operands(1, 1, 4, 4, 2)
    keep = np.ones((4, 4), bool)
    keep[1] = False
    full = F.scaled_dot_product_attention(q, k, v)
    bias = np.where(keep, 0.0, -np.inf).astype("float32")
    for mask in (keep, bias):
        for leaf in (q, k, v):
            leaf.requires_grad, leaf.grad = True, None
        output, lse = F.scaled_dot_product_attention(q, k, v, mask, return_lse=True)
        assert np.array_equal(output.detach().numpy()[0, 0, 1], [0, 0]) and lse[0, 0, 1].item() == -np.inf
        others = [0, 2, 3]
        np.testing.assert_allclose(
            output.detach().numpy()[0, 0, others], full.detach().numpy()[0, 0, others], rtol=1e-6
        )
        output.sum().backward()
        assert all(np.isfinite(leaf.grad.numpy()).all() for leaf in (q, k, v))
        assert np.array_equal(q.grad.numpy()[0, 0, 1], [0, 0])


def test_padding_in_a_window():
    """Each query sees itself and the key before it; the last two keys of item 2 are padding, so its row 3 is empty."""
    q, k, v = operands(2, 1, 4, 4, 2)
    output = F.scaled_dot_product_attention(q, k, v, causal="upper_left", window=1, key_lengths=[4, 2])
    assert np.array_equal(output.numpy()[1, 0, 3], [0, 0])
    assert np.all(output.numpy()[1, 0, :3] != 0) and np.all(output.numpy()[0] != 0)
    np.testing.assert_allclose(output.numpy()[1, 0, 2], v.numpy()[1, 0, 1], rtol=1e-6)


# ---- alignment and heads ---------------------------------------------------------------------------------------------


def test_the_two_alignments_of_a_band():
    """pytorch#108108: they differ where lengths do."""
    v = tw.asarray([1.0, 2.0, 3.0, 4.0]).reshape(4, 1)
    q, k = tw.zeros((1, 2)), tw.zeros((4, 2))
    assert F.scaled_dot_product_attention(q, k, v, causal="upper_left").item() == 1
    assert F.scaled_dot_product_attention(q, k, v, causal="lower_right").item() == 2.5
    longer = F.scaled_dot_product_attention(tw.zeros((5, 2)), k[:2], v[:2], causal="lower_right")
    assert longer.ravel().tolist() == [0, 0, 0, 1, 1.5]


@pytest.mark.kernels
@pytest.mark.parametrize("queries", [1, 3, 30])
def test_heads_are_shared_by_neighbours(queries):
    """onnx#7274: 4 query heads over 2 are [10, 10, 20, 20], not [10, 20, 10, 20]."""
    q, k = draw(1, 4, queries, 8), draw(1, 2, 5, 8)
    v = tw.asarray([10.0, 20.0]).reshape(1, 2, 1, 1) + tw.zeros((1, 2, 5, 1))
    output = F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
    np.testing.assert_allclose(output.numpy()[0, :, 0, 0], [10, 10, 20, 20], rtol=1e-6)


@pytest.mark.kernels
def test_decoding_a_key_at_a_time_gives_the_rows_of_all_at_once():
    q, k, v = operands(1, 4, 70, 70, 16, kv_heads=2)
    whole = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    for n in (1, 2, 31, 70):
        one = F.scaled_dot_product_attention(
            q[:, :, n - 1 : n], k[:, :, :n], v[:, :, :n], causal="lower_right", enable_gqa=True
        )
        np.testing.assert_allclose(one.numpy(), whole.numpy()[:, :, n - 1 : n], rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("shape", [(2, 3, 0, 5, 4), (2, 0, 2, 5, 4), (2, 3, 2, 0, 4), (2, 3, 2, 5, 0)])
def test_several_axes_of_a_batch_with_one_of_no_extent(shape):
    """What a reshape cannot infer."""
    *lead, queries, size = shape
    k = tw.ones((*lead, 6, size))
    for v, keys in ((tw.ones((*lead, 6, 3)), 6), (tw.ones((*lead, 6, 0)), 6), (tw.ones((*lead, 0, 3)), 0)):
        mask = tw.ones((*lead, queries, keys), dtype="bool")
        q = tw.ones(shape, requires_grad=True)
        output = F.scaled_dot_product_attention(q, k[..., :keys, :], v, mask)
        assert output.shape == (*lead, queries, v.shape[-1])
        output.sum().backward()
        assert q.grad.shape == shape


# ---- dtypes and numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("float16", "float16", "float16", "float16"), "float16"),
        (("float16", "float32", "float32", "float16"), "float32"),
        (("float32", "float32", "float32", "float64"), "float64"),
        (("bfloat16", "float16", "bfloat16", "bfloat16"), "float32"),
    ],
)
def test_dtypes_are_promoted(dtypes, expected):
    arrays = [tw.asarray(np.random.default_rng(n).normal(size=(2, 5, 5)), dtype=d) for n, d in enumerate(dtypes)]
    for x in arrays:
        x.requires_grad = True
    results = (
        F.scaled_dot_product_attention(*arrays[:3], bias=arrays[3]),
        *F.attention_weights(*arrays[:3], bias=arrays[3]),
    )
    assert [x.dtype.name for x in results] == [expected] * 3
    np.testing.assert_allclose(results[0].detach().numpy(), results[1].detach().numpy(), rtol=4e-3, atol=4e-3)
    for output in results[:2]:
        output.sum().backward()
        assert [x.grad.dtype.name for x in arrays] == list(dtypes)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-300, 1e-40, 0.0, -1e-300])
@pytest.mark.parametrize(("queries", "keys"), [(1, 5), (3, 40), (30, 40)])
def test_a_tiny_scale_is_the_mean(queries, keys, scale, dtype):
    """1e-300 is 0 in float32, and -inf times 0 NaN."""
    arrays = operands(1, 2, queries, keys, 8, dtype=dtype)
    for x in arrays:
        x.requires_grad = True
    output = F.scaled_dot_product_attention(*arrays, scale=scale)
    expected = np.broadcast_to(arrays[2].detach().numpy().mean(axis=2, keepdims=True), output.shape)
    np.testing.assert_allclose(output.detach().numpy(), expected, rtol=1e-5, atol=1e-6)
    output.sum().backward()
    np.testing.assert_allclose(arrays[2].grad.numpy(), queries / keys, rtol=1e-5)
    assert all(np.abs(x.grad.numpy()).max() < 1e-30 for x in arrays[:2])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((tw.ones((7, 2, 4)), tw.ones((7, 2, 5))), r"query \(7, 2, 4\) has size 4, but key \(7, 2, 5\) has 5"),
        (
            (tw.ones((7, 2, 4)), tw.ones((6, 2, 4))),
            r"key has shape \(6, 2, 4\), which needs value \(6, 2, V\), not \(7",
        ),
        ((tw.ones((7, 2, 4)), tw.ones((7, 2, 4)), []), "query_offsets are empty, but must go from 0 to 7, the rows"),
        ((tw.ones((7, 2, 4)), tw.ones((7, 2, 4)), [0, 3, 8]), "query_offsets go from 0 to 8, but must go from 0 to 7"),
        ((tw.ones((7, 2, 4)), tw.ones((7, 2, 4)), [0, 5, 3, 7]), r"query_offsets\[2\] is 3, less than the 5 before it"),
    ],
)
def test_rows_of_sequences_that_do_not_fit(given, message):
    """Shapes are those that were given: rows, then heads."""
    query, key, offsets = (*given, [0, 7])[:3]
    with pytest.raises(ValueError, match=f"^varlen_attention: {message}"):
        F.varlen_attention(query, key, tw.ones((7, 2, 4)), offsets)


def test_an_infinite_cap_is_refused():
    with pytest.raises(ValueError, match="softcap is inf, but must be finite; None is no cap"):
        F.scaled_dot_product_attention(*operands(1, 1, 2, 2, 2), softcap=np.inf)


# ---- layouts and threads ---------------------------------------------------------------------------------------------


def bits(results):
    return [np.asarray(x.numpy()).tobytes() for x in results]


@pytest.mark.kernels
@pytest.mark.parametrize("size", [64, 5])
@pytest.mark.parametrize("heads", [3, 16])
@pytest.mark.parametrize("queries", [1, 40])
def test_heads_inside_rows_are_read_and_written_in_place(queries, heads, size):
    """(B, T, H, D) seen as (B, H, T, D): nothing is copied on the way in, and heads are joined by a view."""
    flat = [draw(2, rows, heads, size, seed=rows) for rows in (queries, 140, 141)]
    flat[2] = flat[2][:, 1:]
    views = [x.swapaxes(1, 2) for x in flat]
    output, lse = op(*views, *NONE, *statics(size))
    wanted = op(*[tw.copy(x) for x in views], *NONE, *statics(size))
    assert bits((output, lse)) == bits(wanted)
    joined = output.swapaxes(1, 2).reshape(2, queries, heads * size)
    assert np.shares_memory(joined.numpy(), output.numpy())


@pytest.mark.kernels
def test_rows_that_go_backwards_or_repeat():
    q, k, v = operands(2, 2, 30, 140, 8)
    arrays = [q[:, ::-1, ::-1], tw.broadcast_to(k[:1], k.shape)[:, :, ::-2], v[:, :, ::2, ::-1], *NONE]
    assert bits(op(*arrays, *statics(8))) == bits(op(*[tw.copy(x) for x in arrays[:3]], *NONE, *statics(8)))


@pytest.mark.kernels
@pytest.mark.parametrize("shape", [(2, 4, 300, 300, 16), (1, 1, 1, 5000, 32), (1, 2, 700, 90, 8)])
def test_bits_do_not_depend_on_the_threads(shape):
    arrays = [*operands(*shape), *NONE]
    before, seen = tw.get_num_threads(), set()
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            seen.add(tuple(bits(op(*arrays, *statics(8, p=0.1)))))
    finally:
        tw.set_num_threads(before)
    assert len(seen) == 1


# ---- dropout ---------------------------------------------------------------------------------------------------------


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("queries", "keys"), [(1, 301), (3, 37), (45, 301)])
def test_dropout_takes_the_weights_of_the_stream(queries, keys, dtype):
    arrays = operands(2, 2, queries, keys, 8, dtype=dtype)
    for p in (0.1, 0.5, 0.9, 1.0):
        compare([*arrays, *NONE], statics(8, p=p), tolerance=10 * TOLERANCE[dtype] / max(0.1, 1 - p))
    identity = tw.broadcast_to(tw.eye(keys, dtype=dtype), (2, 2, keys, keys))
    dropped = op(*arrays[:2], identity, *NONE, *statics(8, p=0.3))[0]
    weights = with_weights(*arrays[:2], identity, *NONE, *statics(8, p=0.3))[2]
    assert np.array_equal(dropped.numpy() == 0, weights.numpy() == 0)


def test_dropout_leaves_the_log_sum_exp():
    arrays = operands(1, 2, 20, 60, 8)
    assert np.array_equal(op(*arrays, *NONE, *statics(8, p=0.5))[1].numpy(), op(*arrays, *NONE, *statics(8))[1].numpy())
