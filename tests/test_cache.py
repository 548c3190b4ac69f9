"""The cache of keys and values: what it gives back, how it grows, and what it refuses."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

RNG = np.random.default_rng(4)


def drawn(positions, batch=2, heads=3, size=4, dtype="float32"):
    return RNG.standard_normal((batch, heads, positions, size)).astype(dtype)


@pytest.mark.parametrize("capacity", [None, 40])
def test_it_gives_all_so_far(capacity):
    cache = nn.KeyValueCache(capacity)
    keys, values = drawn(40), drawn(40, size=5)
    assert cache.keys is None and cache.values is None and cache.length == 0
    start = 0
    for end in (7, 8, 8, 17, 18, 40):
        got = cache.append(keys[:, :, start:end], tw.asarray(values[:, :, start:end]))
        for array, want in zip(got, (keys, values), strict=True):
            np.testing.assert_array_equal(array.numpy(), want[:, :, :end])
        assert cache.length == end
        np.testing.assert_array_equal(cache.keys.numpy(), keys[:, :, :end])
        np.testing.assert_array_equal(cache.values.numpy(), values[:, :, :end])
        start = end


def test_room_is_not_made_anew_at_each_step():
    cache, places = nn.KeyValueCache(), set()
    for _ in range(100):
        keys, _ = cache.append(drawn(1), drawn(1))
        places.add(keys.numpy().__array_interface__["data"][0])
    assert len(places) <= 4  # 16, 32, 64, 128 positions
    cache = nn.KeyValueCache(100)
    views = [cache.append(drawn(1), drawn(1))[0] for _ in range(100)]
    assert len({view.numpy().__array_interface__["data"][0] for view in views}) == 1


def test_decoding_with_it_is_causal_attention():
    q, k, v = drawn(9), drawn(9), drawn(9)
    whole = F.scaled_dot_product_attention(q, k, v, is_causal=True).numpy()
    cache = nn.KeyValueCache()
    for start, end in ((0, 4), (4, 5), (5, 9)):
        keys, values = cache.append(k[:, :, start:end], v[:, :, start:end])
        step = F.scaled_dot_product_attention(q[:, :, start:end], keys, values, causal="lower_right")
        np.testing.assert_allclose(step.numpy(), whole[:, :, start:end], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("chosen", [[1, 1], [1, 0], [0, 1], [1, 0, 0, 1, 1], [0], []])
def test_reorder(chosen):
    cache = nn.KeyValueCache()
    keys, values = drawn(5), drawn(5)
    cache.append(keys, values)
    cache.reorder(tw.asarray(chosen, dtype="int64"))
    more = drawn(1, batch=len(chosen))
    got, _ = cache.append(more, more)
    np.testing.assert_array_equal(got.numpy(), np.concatenate([keys[chosen], more], axis=2))
    np.testing.assert_array_equal(cache.values.numpy()[:, :, :5], values[chosen])


def test_truncate():
    cache = nn.KeyValueCache(6)
    keys, more = drawn(6), drawn(3)
    cache.append(keys, keys)
    cache.truncate(3)
    np.testing.assert_array_equal(cache.keys.numpy(), keys[:, :, :3])
    got, _ = cache.append(more, more)
    np.testing.assert_array_equal(got.numpy(), np.concatenate([keys[:, :, :3], more], axis=2))
    cache.truncate(0)
    assert cache.length == 0 and cache.values.shape == (2, 3, 0, 4)


def test_copies_share_nothing():
    cache = nn.KeyValueCache()
    keys = drawn(2)
    cache.append(keys, keys)
    twin = copy.deepcopy(cache)
    cache.reorder([1, 0])
    twin.append(drawn(1), drawn(1))
    np.testing.assert_array_equal(twin.keys.numpy()[:, :, :2], keys)
    np.testing.assert_array_equal(cache.keys.numpy(), keys[::-1])
    assert repr(cache) == "KeyValueCache(length=2, capacity=None, keys (2, 3, 2, 4), values (2, 3, 2, 4))"


def refused(error, *parts):
    return pytest.raises(error, match=".*".join(parts))


def test_what_it_refuses():
    with refused(ValueError, "KeyValueCache: capacity is 0, but must be at least 1"):
        nn.KeyValueCache(0)
    with refused(TypeError, "KeyValueCache: capacity is 1.5"):
        nn.KeyValueCache(1.5)
    cache = nn.KeyValueCache(4)
    with refused(ValueError, "reorder: nothing is there"):
        cache.reorder([0])
    x = drawn(3)
    with refused(ValueError, r"append: got key \(2, 3, 3, 4\) and value \(2, 3, 2, 4\), but needs \(B, K, T, D\)"):
        cache.append(x, x[:, :, :2])
    with refused(ValueError, r"append: got key \(3, 3, 4\)"):
        cache.append(x[0], x[0])
    assert cache.keys is None
    cache.append(x, x)
    with refused(ValueError, "append: key has 2 positions, which with the 3 there are 5, but the capacity is 4"):
        cache.append(x[:, :, :2], x[:, :, :2])
    one = drawn(1)
    with refused(ValueError, r"key has shape \(1, 3, 1, 4\), but the cache has \(2, 3, T, 4\)"):
        cache.append(one[:1], one[:1])
    with refused(ValueError, r"key has shape \(2, 2, 1, 4\), but the cache has \(2, 3, T, 4\)"):
        cache.append(one[:, :2], one[:, :2])
    with refused(ValueError, r"value has shape \(2, 3, 1, 2\), but the cache has \(2, 3, T, 4\)"):
        cache.append(one, one[..., :2])
    with refused(TypeError, "value is float64, but the cache is float32"):
        cache.append(one, one.astype("float64"))
    with refused(IndexError, r"reorder: indices\[1\] is 2, but the cache has 2 items, 0 to 1"):
        cache.reorder([0, 2])
    with refused(ValueError, "truncate: length is 4, but must be at most 3"):
        cache.truncate(4)
    assert cache.length == 3
    np.testing.assert_array_equal(cache.keys.numpy(), x)


def test_gradients_are_refused():
    cache, x = nn.KeyValueCache(), tw.asarray(drawn(2), requires_grad=True)
    with refused(RuntimeError, r"append: key or value wants a gradient, .* use no_grad\(\)"):
        cache.append(x * 2.0, tw.asarray(drawn(2)))
    assert cache.length == 0
    with tw.no_grad():
        keys, _ = cache.append(x * 2.0, x)
    assert not keys.requires_grad
    cache.append(x.detach(), x.detach())  # nothing to be cut off
