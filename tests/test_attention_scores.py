"""Attention by scores: the formulas in NumPy, masks, empty rows, and keys that are prepared once."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn

KINDS = {
    "additive": lambda **how: nn.AdditiveAttention(4, 4, 7, **how),
    "bilinear": lambda **how: nn.BilinearAttention(4, 4, **how),
    "dot": lambda **how: nn.DotAttention(),
    "scaled dot": lambda **how: nn.DotAttention(scaled=True),
    "cosine": lambda **how: nn.CosineAttention(3),
    "concat": lambda **how: nn.NetworkAttention(4, 4, 7, **how),
    "network": lambda **how: nn.NetworkAttention(4, 4, (7, 5), "silu", **how),
}


def each():
    return pytest.mark.parametrize("kind", KINDS)


def make(kind):
    return KINDS[kind](dtype="float64", generator=tw.random.Generator(3))


def drawn(*shape, seed=0):
    return tw.random.Generator(seed).normal(size=shape, dtype="float64")


def score(kind, layer, q, k):
    """Of one query and one key, by the paper's formula."""
    w = {name: value.detach().numpy() for name, value in layer.named_parameters()}

    def concatenated():
        both = np.concatenate([w["query.weight"], w["key.weight"]], axis=1)
        return both @ np.concatenate([q, k]) + w["key.bias"]

    if kind == "additive":
        return w["score.weight"][0] @ np.tanh(w["query.weight"] @ q + w["key.weight"] @ k + w["key.bias"])
    if kind == "bilinear":
        return q @ w["key.weight"] @ k
    if kind == "dot":
        return q @ k
    if kind == "scaled dot":
        return q @ k / 2
    if kind == "cosine":
        return 3 * (q @ k) / np.linalg.norm(q) / np.linalg.norm(k)
    if kind == "concat":
        return w["layers.0.weight"][0] @ np.tanh(concatenated())
    h = concatenated()
    h = w["layers.0.weight"] @ (h / (1 + np.exp(-h))) + w["layers.0.bias"]
    return w["layers.1.weight"][0] @ (h / (1 + np.exp(-h)))


@each()
def test_it_is_its_formula(kind):
    layer, query, keys, values = make(kind), drawn(2, 3, 4), drawn(2, 5, 4, seed=1), drawn(2, 5, 6, seed=2)
    context, weights = layer(query, keys, values)
    q, k, v = query.numpy(), keys.numpy(), values.numpy()
    for n in range(2):
        for t in range(3):
            e = np.exp([score(kind, layer, q[n, t], k[n, s]) for s in range(5)])
            np.testing.assert_allclose(weights[n, t].detach(), e / e.sum(), rtol=1e-10)
            np.testing.assert_allclose(context[n, t].detach(), e @ v[n] / e.sum(), rtol=1e-9)


@each()
def test_one_query_is_a_row_of_several(kind):
    layer, query, keys = make(kind), drawn(2, 3, 4), drawn(2, 5, 4, seed=1)
    together = layer(query, keys, lengths=[4, 5])
    prepared = layer.prepare(keys, lengths=[4, 5])
    for t in range(3):
        for got, whole in zip(layer.attend(query[:, t], prepared), together, strict=True):
            np.testing.assert_allclose(got.detach(), whole[:, t].detach(), rtol=1e-12)


@each()
def test_padding_changes_nothing(kind):
    """Neither its values, NaN and infinity among them, nor its length."""
    layer, query, keys, values = make(kind), drawn(2, 4), drawn(2, 5, 4, seed=1), drawn(2, 5, 6, seed=2)
    whole = [layer(query[i : i + 1], keys[i : i + 1, :n], values[i : i + 1, :n]) for i, n in enumerate((5, 3))]
    keys[1, 3:], values[1, 3:] = np.nan, np.inf
    leaves = [tw.asarray(x, requires_grad=True) for x in (query, keys, values)]
    context, weights = layer(*leaves, lengths=[5, 3])
    for i, n in enumerate((5, 3)):
        np.testing.assert_allclose(context[i].detach(), whole[i][0][0].detach(), rtol=1e-12)
        np.testing.assert_allclose(weights[i, :n].detach(), whole[i][1][0].detach(), rtol=1e-12)
    assert (weights[1, 3:] == 0).all()
    context.sum().backward()
    for leaf in leaves:
        assert tw.isfinite(leaf.grad).all()
    assert (leaves[1].grad[1, 3:] == 0).all() and (leaves[2].grad[1, 3:] == 0).all()
    assert all(tw.isfinite(p.grad).all() for p in layer.parameters())


@each()
def test_a_query_that_may_attend_nowhere(kind):
    """Zeros, and zero gradients; the other rows are as without it."""
    layer, query, keys = make(kind), drawn(2, 4, 4), drawn(2, 4, 4, seed=1)
    mask = np.zeros((2, 4, 4), bool)
    for t in range(4):
        mask[:, t, max(t - 1, 0) : t + 1] = True
    lengths = [4, 2]  # of the second, the keys 2 and 3 are padding: its query 3 sees nothing
    leaves = [tw.asarray(x, requires_grad=True) for x in (query, keys)]
    context, weights = layer(*leaves, mask=mask, lengths=lengths)
    assert (context[1, 3] == 0).all() and (weights[1, 3] == 0).all()
    np.testing.assert_allclose(weights.sum(axis=-1).detach(), [[1, 1, 1, 1], [1, 1, 1, 0]], rtol=1e-12)
    assert (weights.detach().numpy()[~mask] == 0).all()
    context.sum().backward()
    assert all(tw.isfinite(x.grad).all() for x in (*leaves, *layer.parameters()))
    assert (leaves[0].grad[1, 3] == 0).all() and (leaves[1].grad[1, 2:] == 0).all()
    alone = layer(query[:, :3], keys, mask=mask[:, :3], lengths=lengths)[0]
    np.testing.assert_allclose(context[:, :3].detach(), alone.detach(), rtol=1e-12)


@each()
def test_gradients_under_masks(kind):
    layer, mask = make(kind), tw.asarray([[[True, False, True]] * 2, [[False] * 3, [True, True, False]]])

    def function(query, keys, values):
        return layer(query, keys, values, mask)

    tw.testing.check_grads(function, drawn(2, 2, 4), drawn(2, 3, 4, seed=1), drawn(2, 3, 5, seed=2), order=2)


@each()
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_masks_keep_the_dtype(kind, dtype):
    layer = make(kind).astype(dtype)
    query, keys = drawn(2, 4).astype(dtype), drawn(2, 3, 4, seed=1).astype(dtype)
    for result in layer(query, keys, lengths=[2, 0]):
        assert result.dtype.name == dtype and (result[1] == 0).all()


@each()
def test_sequences_without_keys(kind):
    layer = make(kind)
    context, weights = layer(drawn(2, 4), drawn(2, 0, 4), lengths=[0, 0])
    assert weights.shape == (2, 0) and context.shape == (2, 4) and (context == 0).all()
    assert layer(drawn(0, 4), drawn(0, 5, 4))[0].shape == (0, 4)


def test_large_scores_do_not_overflow():
    keys = tw.asarray([[[1e4], [-1e4], [9e3]]])
    context, weights = nn.DotAttention()(tw.asarray([[1e4]]), keys, lengths=[2])
    assert weights.tolist() == [[1, 0, 0]] and context.tolist() == [[1e4]]


def test_keys_of_zeros_have_no_direction():
    leaf = tw.zeros((1, 2, 3), requires_grad=True)
    _, weights = nn.CosineAttention()(tw.ones((1, 3)), leaf)
    assert weights.tolist() == [[0.5, 0.5]]
    weights[0, 0].backward()
    assert tw.isfinite(leaf.grad).all()


def test_networks_of_one_layer_are_additive():
    """Luong's "concat" and Bahdanau's score are the same function."""
    additive, concat = make("additive"), make("concat")
    for ours, theirs in (
        (additive.query, concat.query),
        (additive.key, concat.key),
        (additive.score, concat.layers[0]),
    ):
        theirs.load_state_dict(ours.state_dict())
    query, keys = drawn(2, 3, 4), drawn(2, 5, 4, seed=1)
    np.testing.assert_array_equal(additive(query, keys)[1].detach(), concat(query, keys)[1].detach())


Q, K = tw.zeros((2, 4)), tw.zeros((2, 3, 6))
WRONG = [
    (lambda a: a(tw.zeros((2, 5)), K), ValueError, r"query has shape \(2, 5\), but keys \(2, 3, 6\) need \(2, 4\) or"),
    (lambda a: a(tw.zeros((3, 4)), K), ValueError, r"query has shape \(3, 4\), but keys \(2, 3, 6\)"),
    (lambda a: a(tw.zeros(4), K), ValueError, r"query has shape \(4,\)"),
    (lambda a: a(Q, tw.zeros((2, 3, 5))), ValueError, r"keys has shape \(2, 3, 5\), but must be \(N, S, 6\)"),
    (lambda a: a(Q, tw.zeros((3, 6))), ValueError, r"keys has shape \(3, 6\)"),
    (lambda a: a(Q, K, tw.zeros((2, 4, 6))), ValueError, r"values has shape \(2, 4, 6\), but keys \(2, 3, 6\) need"),
    (lambda a: a(Q, K, mask=tw.ones((2, 3))), TypeError, "mask has dtype float32, but must be bool"),
    (lambda a: a(Q, K, mask=[[True] * 4] * 2), ValueError, r"mask has shape \(2, 4\), but keys \(2, 3, 6\) need"),
    (lambda a: a(Q, K, mask=np.ones((2, 5, 3), bool)), ValueError, r"mask is for 5 queries, but query has shape"),
    (lambda a: a(Q, K, lengths=[3]), ValueError, "there are 1 lengths, but 2 sequences"),
    (lambda a: a(Q, K, lengths=[3, 4]), ValueError, r"lengths\[1\] is 4, but must be from 0 to 3"),
    (lambda a: a(Q, K, lengths=[3, -1]), ValueError, r"lengths\[1\] is -1"),
    (lambda a: a(Q, K, lengths=[3.0, 1.0]), TypeError, "lengths has dtype float32, but must be integers"),
    (lambda a: a.attend(Q, K), TypeError, "prepared is a Tensor, but must be what prepare"),
    (lambda a: a("q", K), TypeError, "query is 'q'"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors(call, error, message):
    with pytest.raises(error, match=f"^AdditiveAttention: {message}"):
        call(nn.AdditiveAttention(4, 6, 5))


def test_own_scores_are_demanded():
    class Silent(nn.DotAttention):
        _scores = nn.attention.Attention._scores

    with pytest.raises(NotImplementedError, match="Silent: an attention must define _scores"):
        Silent()(tw.zeros((1, 2)), tw.zeros((1, 3, 2)))
