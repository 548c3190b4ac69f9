"""`nn.functional`'s softmax-attention: what the functions refuse and warn of, and shapes that the op does not have."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright.nn import functional as F

Q, K = np.ones((2, 4, 3, 6), "float32"), np.ones((2, 2, 5, 6), "float32")  # (B, H, T, D) and (B, K, S, D)
SAME = np.ones((2, 4, 5, 6), "float32")
OF_BOTH = [F.scaled_dot_product_attention, F.attention_weights]


def zeros(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


REFUSED = [
    (ValueError, r"query has shape \(6,\), but needs at least \(length, size\)", (Q[0, 0, 0], K, K), {}),
    (ValueError, r"key has shape \(5, 6\), but needs 4 axes as query \(2, 4, 3, 6\)", (Q, K[0, 0], K[0, 0]), {}),
    (ValueError, r"query \(2, 4, 3, 6\) has size 6, but key \(2, 4, 5, 5\) has 5", (Q, SAME[..., 1:], SAME), {}),
    (ValueError, r"key has shape \(2, 4, 5, 6\), which needs value \(2, 4, 5, V\), not \(2, 4, 4, 6\)",
     (Q, SAME, SAME[:, :, 1:]), {}),
    (ValueError, "the axes of the batch must agree", (Q, SAME[1:], SAME[1:]), {}),
    (ValueError, "query has 4 heads, but key 2; heads are shared only with enable_gqa=True", (Q, K, K), {}),
    (ValueError, "query has 5 heads, which the 2 of key do not divide", (np.repeat(Q[:, :1], 5, 1), K, K),
     {"enable_gqa": True}),
    (TypeError, "query has dtype complex64", (Q.astype("complex64"), SAME, SAME), {}),
    (ValueError, r"attn_mask has shape \(5, 3\), which does not broadcast to the scores \(2, 4, 3, 5\)",
     (Q, SAME, SAME), {"attn_mask": zeros(5, 3, dtype=bool)}),
    (TypeError, r"attn_mask is int64, but must be bool \(True: may attend\) or floating", (Q, SAME, SAME),
     {"attn_mask": zeros(3, 5, dtype="int64")}),
    (ValueError, "attn_mask is floating, which is a bias, so bias must be None", (Q, SAME, SAME),
     {"attn_mask": zeros(3, 5), "bias": zeros(3, 5)}),
    (ValueError, r"bias has shape \(3, 4\), which does not broadcast", (Q, SAME, SAME), {"bias": zeros(3, 4)}),
    (TypeError, "bias is bool, but must be floating", (Q, SAME, SAME), {"bias": zeros(3, 5, dtype=bool)}),
    (ValueError, r"relative_bias has shape \(4, 8\), but 4 heads of 3 queries and 5 keys need \(4, 7\) or \(1, 7\)",
     (Q, SAME, SAME), {"relative_bias": zeros(4, 8)}),
    (ValueError, "is_causal=True is causal='upper_left', but causal is 'lower_right'", (Q, SAME, SAME),
     {"is_causal": True, "causal": "lower_right"}),
    (ValueError, "causal is 'left', but must be", (Q, SAME, SAME), {"causal": "left"}),
    (TypeError, "causal is a ndarray, but must be", (Q, SAME, SAME), {"is_causal": True, "causal": zeros(2, 3)}),
    (TypeError, "is_causal is 'yes', but must be True or False", (Q, SAME, SAME), {"is_causal": "yes"}),
    (ValueError, "window is .*-2", (Q, SAME, SAME), {"window": -2}),
    (ValueError, "softcap is 0.*, but must be positive", (Q, SAME, SAME), {"softcap": 0}),
    (TypeError, "scale is 'a'", (Q, SAME, SAME), {"scale": "a"}),
    (ValueError, "key_lengths has 1 entries, but the batch has 2 items", (Q, SAME, SAME), {"key_lengths": [5]}),
    (ValueError, r"key_lengths\[1\] is 6, but must be from 0 to 5", (Q, SAME, SAME), {"key_lengths": [5, 6]}),
    (TypeError, "key_lengths", (Q, SAME, SAME), {"key_lengths": [5.0, 5.0]}),
    (ValueError, "dropout_p is 1.5", (Q, SAME, SAME), {"dropout_p": 1.5}),
    (TypeError, "generator is 3", (Q, SAME, SAME), {"generator": 3}),
]  # fmt: skip


@pytest.mark.parametrize("function", OF_BOTH)
@pytest.mark.parametrize(("error", "message", "given", "options"), REFUSED)
def test_what_they_refuse(function, error, message, given, options):
    with pytest.raises(error, match=f"^{function.__name__}: .*{message}"):
        function(*given, **options)


ROWS = np.ones((5, 2, 4), "float32")


@pytest.mark.parametrize(
    ("error", "message", "given", "options"),
    [
        (ValueError, r"key has shape \(5, 8\), but must be \(rows, heads, size\)",
         (ROWS, ROWS.reshape(5, 8), ROWS, [0, 5]), {}),
        (ValueError, r"query_offsets .*, but must go from 0 to 5", (ROWS, ROWS, ROWS, [0, 4]), {}),
        (ValueError, r"query_offsets .*, but must go from 0 to 5", (ROWS, ROWS, ROWS, [1, 5]), {}),
        (ValueError, r"query_offsets .*, but must go from 0 to 5", (ROWS, ROWS, ROWS, []), {}),
        (ValueError, r"query_offsets\[2\] is 2, less than the 3 before it", (ROWS, ROWS, ROWS, [0, 3, 2, 5]), {}),
        (ValueError, r"key_offsets\[2\] is 1, less than the 2 before it",
         (ROWS, ROWS, ROWS, [0, 2, 4, 5], [0, 2, 1, 5]), {}),
        (ValueError, "query has 5 rows and key 4, which needs key_offsets", (ROWS, ROWS[1:], ROWS[1:], [0, 5]), {}),
        (ValueError, "query_offsets are of 2 sequences, but key_offsets of 1",
         (ROWS, ROWS, ROWS, [0, 2, 5], [0, 5]), {}),
        (TypeError, "query_offsets", (ROWS, ROWS, ROWS, [0.0, 5.0]), {}),
        (ValueError, r"relative_bias has shape \(2, 5\), but 2 heads of 5 queries and 5 keys need \(2, 9\)",
         (ROWS, ROWS, ROWS, [0, 5]), {"relative_bias": zeros(2, 5)}),
        (TypeError, "return_lse is 'yes'", (ROWS, ROWS, ROWS, [0, 5]), {"return_lse": "yes"}),
    ],
)  # fmt: skip
def test_what_attention_of_rows_refuses(error, message, given, options):
    with pytest.raises(error, match=f"^varlen_attention: .*{message}"):
        F.varlen_attention(*given, **options)


@pytest.mark.parametrize("function", OF_BOTH)
def test_floating_masks_of_zeros_and_ones_are_warned_of(function):
    mask = zeros(3, 5)
    mask[0, 1] = 1
    with pytest.warns(UserWarning, match=f"{function.__name__}: attn_mask is float32 of zeros and ones") as caught:
        function(Q, SAME, SAME, mask)
    assert caught[0].filename == __file__
    for harmless in (zeros(3, 5), mask * 2, tw.asarray(mask, requires_grad=True), zeros(3, 5, dtype=bool)):
        function(Q, SAME, SAME, harmless)  # warnings are errors


@pytest.mark.parametrize("floating", [True, False])
def test_weights_of_rows_that_see_nothing(floating):
    """Exactly 0, the result too, and no gradient is NaN; all other rows add up to 1."""
    rng = np.random.default_rng(1)
    q, k, v = (tw.asarray(rng.normal(size=(1, 1, 4, 2)), "float32", requires_grad=True) for _ in range(3))
    keep = np.ones((4, 4), bool)
    keep[1] = False
    mask = np.where(keep, 0, -math.inf).astype("float32") if floating else keep
    output, weights = F.attention_weights(q, k, v, mask)
    assert (output[0, 0, 1] == 0).all() and (weights[0, 0, 1] == 0).all()
    np.testing.assert_allclose(weights.detach().sum(axis=-1)[0, 0], [1, 0, 1, 1], rtol=1e-6)
    whole = F.scaled_dot_product_attention(q, k, v, mask)
    np.testing.assert_allclose(output.detach(), whole.detach(), rtol=1e-5, atol=1e-7)
    (output.sum() + (weights * weights).sum()).backward()
    assert all(tw.isfinite(x.grad).all() for x in (q, k, v))
    assert (q.grad[0, 0, 1] == 0).all()


def test_weights_after_dropout():
    """One key: its weight is 1, so 0 or 2 after dropout, and in the mean 1."""
    x, generator = tw.ones((1, 1, 1, 1)), tw.random.Generator(0)
    seen = [F.attention_weights(x, x, x, None, 0.5, generator=generator)[1].item() for _ in range(40)]
    assert set(seen) == {0.0, 2.0}
    assert F.attention_weights(x, x, x)[1].item() == 1
    _, none = F.attention_weights(x, x, x, None, 1.0)
    assert none.item() == 0


def test_weights_of_batches_of_any_axes():
    rng = np.random.default_rng(2)
    q, k = rng.normal(size=(2, 3, 4, 5, 6)).astype("float32"), rng.normal(size=(2, 3, 4, 7, 6)).astype("float32")
    output, weights = F.attention_weights(q, k, k, causal="lower_right")
    assert output.shape == (2, 3, 4, 5, 6) and weights.shape == (2, 3, 4, 5, 7)
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones((2, 3, 4, 5)), rtol=1e-6)
    for place in ((1, 2, 3), (1, 2), (1,)):
        one, its = F.attention_weights(q[place], k[place], k[place], causal="lower_right")
        np.testing.assert_allclose(one, output[place], rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(its, weights[place], rtol=1e-6, atol=1e-7)


def test_alignment_of_weights():
    """One query of four keys: the first of them, or all; five queries of two keys: three see none."""
    q, k, v = tw.zeros((1, 2)), tw.zeros((4, 2)), tw.asarray([1.0, 2.0, 3.0, 4.0]).reshape(4, 1)
    for causal, want in (("upper_left", [1, 0, 0, 0]), ("lower_right", [0.25] * 4)):
        output, weights = F.attention_weights(q, k, v, causal=causal)
        assert weights.ravel().tolist() == want and output.item() == np.dot(want, [1, 2, 3, 4])
    output, weights = F.attention_weights(tw.zeros((5, 2)), k[:2], v[:2], causal="lower_right")
    assert output.ravel().tolist() == [0, 0, 0, 1, 1.5]
    assert weights.tolist() == [[0, 0]] * 3 + [[1, 0], [0.5, 0.5]]


@pytest.mark.parametrize("queries", [1, 30])
def test_gradients_of_shared_heads_are_summed(queries):
    """Those of keys and values that are repeated for each of the heads that share them, added up."""
    rng = np.random.default_rng(3)
    q, *kv, g = (rng.normal(size=s) for s in ((2, 4, queries, 6), (2, 2, 5, 6), (2, 2, 5, 6), (2, 4, queries, 6)))
    shared = [tw.asarray(x, requires_grad=True) for x in (q, *kv)]
    repeated = [tw.asarray(x, requires_grad=True) for x in (q, *(np.repeat(x, 2, axis=1) for x in kv))]
    output = F.scaled_dot_product_attention(*shared, enable_gqa=True)
    want = F.scaled_dot_product_attention(*repeated)
    np.testing.assert_allclose(output.detach(), want.detach(), rtol=1e-12)
    for y in (output, want):
        y.backward(tw.asarray(g))
    np.testing.assert_allclose(shared[0].grad, repeated[0].grad, rtol=1e-10, atol=1e-12)
    for one, each in zip(shared[1:], repeated[1:], strict=True):
        np.testing.assert_allclose(one.grad, each.grad.reshape(2, 2, 2, 5, 6).sum(axis=2), rtol=1e-10, atol=1e-12)
    output, weights = F.attention_weights(*shared, enable_gqa=True)
    assert weights.shape == (2, 4, queries, 5)
    np.testing.assert_allclose(output.detach(), want.detach(), rtol=1e-12)


@pytest.mark.parametrize("function", OF_BOTH)
def test_integers_are_computed_with_as_floats(function):
    x = np.arange(6).reshape(2, 3)
    got, want = (function(y, y, y, return_lse=True)[0] if function is OF_BOTH[0] else function(y, y, y)[0]
                 for y in (x, x.astype("float32")))  # fmt: skip
    assert got.dtype == tw.float32 and got.tolist() == want.tolist()
