"""Positions, linear attention, causal convolutions and WaveNet: what they promise beyond their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def drawn(*shape, seed=0, dtype="float32"):
    return tw.asarray(np.random.default_rng(seed).standard_normal(shape), dtype=dtype)


def close(got, want, tolerance=1e-5):
    np.testing.assert_allclose(np.asarray(got.detach()), np.asarray(want.detach()), rtol=tolerance, atol=tolerance)


# ---- rotary positions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("interleaved", [False, True])
def test_scores_depend_on_the_distance_only(interleaved):
    rotate = nn.RotaryPositions(8, interleaved=interleaved)
    q, k = (tw.broadcast_to(drawn(1, 10, seed=seed), (30, 10)) for seed in (0, 1))
    scores = np.asarray(rotate(q) @ rotate(k).mT)
    for distance in range(-29, 30):
        along = np.diagonal(scores, distance)
        np.testing.assert_allclose(along, along[0], atol=1e-5)
    assert np.ptp(scores[0]) > 0.1


def test_first_position_is_not_turned():
    x = drawn(2, 1, 6)
    np.testing.assert_array_equal(nn.RotaryPositions(6)(x), x)


@pytest.mark.parametrize("size", [4, 8])
def test_conventions_are_the_same_up_to_the_order_of_features(size):
    x, order = drawn(5, 8), [*range(0, size, 2), *range(1, size, 2), *range(size, 8)]
    neighbours, halves = (nn.RotaryPositions(size, interleaved=i) for i in (True, False))
    close(neighbours(x)[:, order], halves(x[:, order]))


def test_rotary_is_that_of_a_complex_exponential():
    x, t = drawn(7, 4, dtype="float64"), np.arange(7)[:, None]
    pairs = np.asarray(x).view(np.complex128) * np.exp(1j * t * np.float64([1, 0.01]))
    close(nn.RotaryPositions(4, interleaved=True)(x), tw.asarray(pairs.view(np.float64)), 1e-13)


def test_offsets_are_positions_in_a_cache():
    rotate, x = nn.RotaryPositions(8), drawn(2, 3, 9, 8)
    whole = rotate(x)
    np.testing.assert_array_equal(rotate(x[:, :, 4:], 4), whole[:, :, 4:])
    np.testing.assert_array_equal(rotate(x[:, :, 4:], tw.asarray(4)), whole[:, :, 4:])
    each = rotate(tw.stack([x[0, :, 2:5], x[1, :, 6:]]), tw.asarray([2, 6]))
    np.testing.assert_array_equal(each, tw.stack([whole[0, :, 2:5], whole[1, :, 6:]]))
    assert rotate(x[:0], []).shape == (0, 3, 9, 8)
    far = rotate(x, 2_000_000)  # no table is kept for it
    assert all(table.shape[0] < 100 for tables in rotate._tables.values() for table in tables)
    close(far @ far.mT, whole @ whole.mT, 1e-4)


def test_factor_stretches_positions():
    x = drawn(8, 6)
    close(nn.RotaryPositions(6, factor=2.0)(x)[::2], nn.RotaryPositions(6)(x[::2]))


def test_tables_are_kept_and_not_copied():
    rotate, x = nn.RotaryPositions(8), drawn(9, 8)
    rotate(x)
    kept = rotate._tables["float32", "cpu"][0]
    rotate(x[:3])
    assert rotate._tables["float32", "cpu"][0] is kept and kept.shape[0] >= 9
    rotate(drawn(40, 8))
    assert rotate._tables["float32", "cpu"][0].shape[0] >= 40
    rotate(x.astype("float16"))
    assert rotate._tables["float16", "cpu"][0].dtype == tw.float32
    assert rotate.__getstate__()["_tables"] == {} and not rotate.state_dict()


# ---- biases by distance ----------------------------------------------------------------------------------------------


def test_slopes_of_alibi():
    assert nn.ALiBi(8).slopes.tolist() == [2.0**-i for i in range(1, 9)]
    assert nn.ALiBi(1).slopes.tolist() == [2.0**-8]
    np.testing.assert_allclose(nn.ALiBi(6).slopes, [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3])


@pytest.mark.parametrize("make", [lambda: nn.ALiBi(2), lambda: nn.RelativeBias(2, 8, 6)])
@pytest.mark.parametrize(("queries", "keys", "offset"), [(4, 4, 0), (3, 5, 0), (1, 6, 5), (2, 6, 4), (5, 2, 0)])
def test_biases_are_added_by_distance(make, queries, keys, offset):
    """What attention makes of them, against a bias for each query and key that is written out."""
    layer = make()
    by_distance = layer(20)  # keys from 19 before to 19 after
    away = np.arange(keys) - np.arange(queries)[:, None] - offset
    q, k, v = drawn(1, 2, queries, 4), drawn(1, 2, keys, 4, seed=1), drawn(1, 2, keys, 3, seed=2)
    got = F.scaled_dot_product_attention(q, k, v, relative_bias=layer(queries, keys, offset))
    want = F.scaled_dot_product_attention(q, k, v, bias=by_distance[:, tw.asarray(away + 19)])
    close(got, want)


def test_decoding_with_alibi_gives_the_rows_of_the_whole():
    bias, x = nn.ALiBi(2), drawn(1, 2, 6, 4)
    whole = F.scaled_dot_product_attention(x, x, x, is_causal=True, relative_bias=bias(6))
    for t in range(6):
        options = {"causal": "lower_right", "relative_bias": bias(1, t + 1, t)}
        past = x[:, :, : t + 1]
        close(F.scaled_dot_product_attention(x[:, :, t : t + 1], past, past, **options), whole[:, :, t : t + 1])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_buckets_of_t5(bidirectional):
    layer = nn.RelativeBias(1, 32, 128, bidirectional)
    buckets = np.asarray(layer._buckets(tw.arange(-300, 301)))
    before = buckets[300::-1]
    side = 16 if bidirectional else 32
    assert before[: side // 2 + 1].tolist() == list(range(side // 2 + 1))
    assert (np.diff(before) >= 0).all() and before[127] == before[300] == side - 1
    assert buckets[301:].tolist() == ((before[1:] + side).tolist() if bidirectional else [0] * 300)
    if bidirectional:  # each bucket from 8 on is sqrt(2) times as wide as the one before
        borders = [int(np.argmax(before == bucket)) for bucket in range(8, 16)]
        assert borders == [math.ceil(8 * 2 ** (k / 2) - 1e-9) for k in range(8)]


def test_a_gradient_reaches_the_table():
    layer, x = nn.RelativeBias(2, 8, 6, bidirectional=False), drawn(1, 2, 5, 4)
    F.scaled_dot_product_attention(x, x, x, is_causal=True, relative_bias=layer(5)).sum().backward()
    touched = np.abs(np.asarray(layer.weight.grad)).sum(1) > 0
    assert touched.tolist() == [True] * 5 + [False] * 3


# ---- linear attention ------------------------------------------------------------------------------------------------


def recurrent(q, k, v):
    """Step by step, in NumPy."""
    phi = [np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))) for x in (np.asarray(q), np.asarray(k))]
    v = np.asarray(v)
    sums, norm = np.zeros((*v.shape[:-2], q.shape[-1], v.shape[-1])), np.zeros((*v.shape[:-2], q.shape[-1]))
    rows = []
    for t in range(v.shape[-2]):
        sums = sums + phi[1][..., t, :, None] * v[..., t, None, :]
        norm = norm + phi[1][..., t, :]
        rows.append((phi[0][..., t, None, :] @ sums)[..., 0, :] / (phi[0][..., t, :] * norm).sum(-1, keepdims=True))
    return np.stack(rows, -2), sums, norm


@pytest.mark.parametrize("chunk", [1, 4, 64])
def test_the_forms_of_causal_linear_attention_agree(chunk):
    q, k, v = (drawn(2, 3, 17, 5, seed=seed, dtype="float64") for seed in range(3))
    want, sums, norm = recurrent(q, k, v)
    got, state = F.linear_attention(q, k, v, True, chunk=chunk, return_state=True)
    for a, b in ((got, want), (state[0], sums), (state[1], norm)):
        close(a, tw.asarray(b), 1e-12)
    first, state = F.linear_attention(*(x[:, :, :10] for x in (q, k, v)), True, chunk=chunk, return_state=True)
    rest = F.linear_attention(*(x[:, :, 10:] for x in (q, k, v)), True, chunk=chunk, state=state)
    close(tw.concatenate([first, rest], 2), tw.asarray(want), 1e-12)


def test_the_last_query_sees_all_keys():
    q, k, v = (drawn(2, 3, 9, 5, seed=seed) for seed in range(3))
    whole, state = F.linear_attention(q, k, v, return_state=True)
    causal, same = F.linear_attention(q, k, v, True, chunk=2, return_state=True)
    close(whole[:, :, -1], causal[:, :, -1])
    for a, b in zip(state, same, strict=True):
        close(a, b)
    more = F.linear_attention(q, k[:, :, 4:], v[:, :, 4:], state=F.linear_attention(
        q, k[:, :, :4], v[:, :, :4], return_state=True)[1])  # fmt: skip
    close(more, whole)


def test_padding_is_not_seen():
    q, k, v = (drawn(2, 6, 5, seed=seed) for seed in range(3))
    padding = np.array([[False] * 4 + [True] * 2, [True] * 6])
    k[:, 4:], v[:, 4:] = math.nan, math.nan
    for x in (q, k, v):
        x.requires_grad = True
    got = F.linear_attention(q, k, v, key_padding_mask=padding)
    close(got[0], F.linear_attention(q[:1], k[:1, :4], v[:1, :4])[0])
    assert not np.asarray(got[1].detach()).any()
    got.sum().backward()
    assert all(np.isfinite(np.asarray(x.grad)).all() for x in (q, k, v))
    assert not np.asarray(k.grad[0, 4:]).any() and np.asarray(k.grad[0, :4]).any()


def test_memory_of_linear_attention_is_linear():
    """Forward and back: the most that is in use at once grows as the length does."""
    layer = nn.LinearAttention(16, 2, causal=True, chunk=16)

    def most(length):
        x = tw.ones((1, length, 16), requires_grad=True)
        tw.memory.reset_peak()
        before = tw.memory.stats()["in_use"]
        layer(x).sum().backward()
        return tw.memory.stats()["peak"] - before

    most(512)
    assert most(4096) < 2.5 * most(2048)


def test_steps_of_a_layer_give_the_whole():
    layer, x = nn.LinearAttention(8, 2, causal=True), drawn(3, 7, 8)
    state, rows = None, []
    for t in range(7):
        row, state = layer.step(x[:, t : t + 1], state)
        rows.append(row)
    close(tw.concatenate(rows, 1), layer(x))
    assert [part.shape for part in state] == [(3, 2, 4, 4), (3, 2, 4)]


def test_features_may_be_learned():
    layer = nn.LinearAttention(8, 2, feature_map=nn.Sequential(nn.Linear(4, 6), nn.ReLU()))
    layer(drawn(1, 5, 8)).sum().backward()
    assert len(layer.state_dict()) == 10 and all(p.grad is not None for p in layer.parameters())


# ---- causal convolutions ---------------------------------------------------------------------------------------------


def seen_by(function, x, place):
    """Which elements (.., T) of x result `place` of (N, C, T) depends on."""
    x.requires_grad = True
    function(x)[..., place].sum().backward()
    return np.flatnonzero(np.abs(np.asarray(x.grad)).sum((0, 1)))


def test_causal_convolutions_see_what_was_before():
    layer = nn.CausalConv1d(2, 3, 3, dilation=4)
    assert seen_by(layer, drawn(1, 2, 20), 13).tolist() == [5, 9, 13] and layer.reach == 8
    layer = nn.CausalConv1d(2, 3, 2, stride=3)
    assert seen_by(layer, drawn(1, 2, 20), 4).tolist() == [11, 12]


@pytest.mark.parametrize("cut", [1, 3])
def test_steps_of_a_convolution_give_the_whole(cut):
    layer, x = nn.CausalConv1d(4, 6, 3, dilation=2, groups=2), drawn(2, 4, 9)
    state, parts = None, []
    for t in range(0, 9, cut):
        part, state = layer.step(x[:, :, t : t + cut], state)
        parts.append(part)
    close(tw.concatenate(parts, 2), layer(x))
    np.testing.assert_array_equal(state, x[:, :, -4:])
    close(layer.step(x[0])[0], layer(x)[0])


# ---- WaveNet ---------------------------------------------------------------------------------------------------------


def wavenet(**options):
    tw.random.seed(0)
    return tw.models.WaveNet(11, 6, 5, 7, **({"layers": 3, "stacks": 2} | options))


@pytest.mark.parametrize(("options", "field"), [({}, 16), ({"kernel_size": 3, "stacks": 1}, 17), ({"layers": 1}, 4)])
def test_receptive_field_of_wavenet_is_what_logits_see(options, field):
    net = wavenet(**options)
    assert net.receptive_field == field
    tokens = np.random.default_rng(0).integers(0, 11, (1, 30))
    logits = net(tokens).detach()
    for place in range(30):
        other = tokens.copy()
        other[0, place] = (other[0, place] + 1) % 11
        moved = np.asarray(abs(net(other).detach() - logits).max(-1))[0] > 0
        assert not moved[:place].any() and not moved[place + field :].any()
        assert moved[place] and moved[min(place + field - 1, 29)]


@pytest.mark.parametrize("conditioned", [None, "global", "local"])
def test_steps_of_wavenet_give_the_whole(conditioned):
    net = wavenet(condition_channels=3 if conditioned else 0)
    tokens = tw.asarray(np.random.default_rng(1).integers(0, 11, (2, 25)))
    condition = {None: None, "global": drawn(2, 3), "local": drawn(2, 3, 25)}[conditioned]
    whole = net(tokens, condition)
    state, rows = None, []
    for t in range(0, 25, 5):
        part = condition[:, :, t : t + 5] if conditioned == "local" else condition
        row, state = net.step(tokens[:, t : t + 5], state, part)
        rows.append(row)
    close(tw.concatenate(rows, 1), whole)
    if conditioned:
        assert abs(whole - net(tokens, condition * 2)).max().item() > 1e-3


@pytest.mark.parametrize("conditioned", [None, "global", "local"])
def test_generation_from_queues_is_that_of_the_whole(conditioned):
    net = wavenet(condition_channels=3 if conditioned else 0)
    condition = {None: None, "global": drawn(2, 3), "local": drawn(2, 3, 24)}[conditioned]
    got = net.generate([[1, 2, 3, 4], [5, 6, 7, 8]], 20, condition=condition, temperature=0)
    texts = tw.asarray([[1, 2, 3, 4], [5, 6, 7, 8]])
    for length in range(4, 24):
        part = condition[:, :, :length] if conditioned == "local" else condition
        texts = tw.concatenate([texts, net(texts, part)[:, -1:].argmax(-1)], 1)
    np.testing.assert_array_equal(got, texts)
    options = {"condition": condition, "top_k": 3}
    draws = [net.generate([[1], [2]], 23, generator=tw.random.Generator(5), **options) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_wavenet_learns_a_period():
    net = wavenet(stacks=1)
    optimizer = tw.optim.Adam(net.parameters(), 0.02)
    tokens = tw.asarray([[0, 3, 1, 7, 5] * 6])
    for _ in range(60):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(tokens[:, :-1]).reshape(-1, 11), tokens[0, 1:])
        loss.backward()
        optimizer.step()
    assert net.generate([[0, 3, 1, 7, 5]], 10, temperature=0)[0].tolist() == [0, 3, 1, 7, 5] * 3


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "WaveNet: kernel_size is 1", lambda: wavenet(kernel_size=1)),
        (ValueError, r"WaveNet: input has shape \(2,\), but must be \(B, T\)", lambda: wavenet()([1, 2])),
        (TypeError, "WaveNet: input has dtype float32", lambda: wavenet()(tw.ones((1, 2)))),
        (ValueError, "WaveNet: condition is None", lambda: wavenet(condition_channels=2)([[1]])),
        (ValueError, r"WaveNet: condition has shape \(1, 3\), .* \(1, 0\)", lambda: wavenet()([[1]], [[1, 2, 3]])),
        (TypeError, "WaveNet.step: state is 3, but must be a tuple", lambda: wavenet().step([[1]], 3)),
        (ValueError, "WaveNet.step: state has 2 entries, but must have 7", lambda: wavenet().step([[1]], (1, 2))),
        (ValueError, r"WaveNet.generate: prompt has shape \(1, 0\)", lambda: wavenet().generate([[]], 3)),
        (ValueError, "WaveNet.generate: length is -1", lambda: wavenet().generate([[1]], -1)),
    ],
)  # fmt: skip
def test_errors_of_wavenet(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- gates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("activation", "unit"), [("silu", F.swiglu), ("gelu", F.geglu), ("sigmoid", F.glu)])
def test_gated_feed_forward_is_a_gated_unit_between_two_layers(activation, unit):
    layer, x = nn.GatedFeedForward(6, 8, activation), drawn(3, 6)
    both = tw.concatenate([layer.up_proj(x), x @ layer.gate_proj.weight.mT], -1)
    close(layer(x), layer.down_proj(unit(both)))
    assert list(layer.state_dict()) == ["gate_proj.weight", "up_proj.weight", "down_proj.weight"]
