"""Multi-head attention: masks, empty rows, weights, layouts and costs; with PyTorch where it is installed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
from cases.opcase import assert_close
from tilewright import nn
from tilewright.nn import functional as F

RNG = np.random.default_rng(8)
E, H, N, L, S = 8, 2, 3, 4, 5


def drawn(*shape):
    return RNG.standard_normal(shape).astype("float32")


def made(*args, seed=0, **more):
    layer = nn.MultiheadAttention(*args, generator=tw.random.Generator(seed), **more)
    with tw.no_grad():
        for p in layer.parameters():
            p.copy_(RNG.standard_normal(p.shape).astype("float32") * 0.4)
    return layer


def masks(kind):
    """An attention mask and a padding mask; every query sees a key."""
    square, each = RNG.random((L, S)) < 0.3, RNG.random((N * H, L, S)) < 0.3
    padding = np.zeros((N, S), dtype=bool)
    padding[1, 3:] = padding[2, 1:2] = True
    square[:, 0] = each[:, :, 0] = False
    return {
        "none": (None, None),
        "bool": (square, None),
        "of each head": (each, None),
        "padding": (None, padding),
        "bool and padding": (square, padding),
        "of each head and padding": (each, padding),
        "floating": (drawn(L, S), None),
        "floating of each head and padding": (drawn(N * H, L, S), np.where(padding, -np.inf, 0).astype("float32")),
        "minus infinity": (np.where(square, -np.inf, 0).astype("float32"), None),
    }[kind]


MASKS = ("none", "bool", "of each head", "padding", "bool and padding", "of each head and padding", "floating")
MASKS += ("floating of each head and padding", "minus infinity")


def compared_with_torch(ours, given, mask, padding, **how):
    """Results and gradients of a layer and PyTorch's of the same weights."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.MultiheadAttention(
        ours.embed_dim, H, bias=ours.in_proj_bias is not None, add_bias_kv=ours.bias_k is not None,
        add_zero_attn=ours.add_zero_attn, kdim=ours.kdim, vdim=ours.vdim, batch_first=ours.batch_first,
    )  # fmt: skip
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    ours.zero_grad()
    a = [tw.asarray(x, requires_grad=True) for x in given]
    b = [torch.tensor(x, requires_grad=True) for x in given]
    if len(given) == 1:
        a, b = a * 3, b * 3
    tensors = [None if m is None else torch.tensor(m) for m in (padding, mask)]
    got, weights = ours(*a, key_padding_mask=padding, attn_mask=mask, **how)
    want, their_weights = theirs(*b, key_padding_mask=tensors[0], attn_mask=tensors[1], **how)
    assert_close(got, want.detach().numpy(), 64, "forward")
    assert (weights is None) == (their_weights is None)
    cotangent = drawn(*got.shape)
    got.backward(tw.asarray(cotangent), retain_graph=True)
    want.backward(torch.tensor(cotangent), retain_graph=True)
    if weights is not None:
        assert_close(weights, their_weights.detach().numpy(), 64, "weights")
        more = drawn(*weights.shape)
        weights.backward(tw.asarray(more))
        their_weights.backward(torch.tensor(more))
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        assert_close(p.grad, q.grad.numpy(), 512, f"gradient of input {i}")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad.numpy(), 512, f"gradient of {name}")


@pytest.mark.filterwarnings("ignore:Support for mismatched key_padding_mask and attn_mask")
@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("need_weights", [True, False])
def test_masks_are_pytorchs(kind, need_weights):
    mask, padding = masks(kind)
    layer = made(E, H, batch_first=True)
    compared_with_torch(
        layer, [drawn(N, L, E), drawn(N, S, E), drawn(N, S, E)], mask, padding, need_weights=need_weights
    )


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    "how", [{}, {"kdim": 3, "vdim": 6}, {"bias": False}, {"add_bias_kv": True}, {"add_zero_attn": True}], ids=str
)
def test_options_are_pytorchs(how, batch_first):
    layer = made(E, H, batch_first=batch_first, **how)
    given = [drawn(N, L, E), drawn(N, S, layer.kdim), drawn(N, S, layer.vdim)]
    if not batch_first:
        given = [np.ascontiguousarray(x.swapaxes(0, 1)) for x in given]
    mask, padding = masks("bool and padding")
    compared_with_torch(layer, given, mask, padding, average_attn_weights=False)


@pytest.mark.parametrize("how", [{"need_weights": False}, {"average_attn_weights": False}, {}], ids=str)
def test_self_attention_is_pytorchs(how):
    layer = made(E, H)
    mask = ~np.tri(L, dtype=bool)
    compared_with_torch(layer, [drawn(L, N, E)], mask, None, **how)
    compared_with_torch(layer, [drawn(L, E)], mask, None, **how)  # without a batch
    each = np.stack([mask, np.zeros_like(mask)])
    compared_with_torch(layer, [drawn(L, E)], each, None, **how)
    compared_with_torch(layer, [drawn(L, E)], None, np.arange(L) > 2, **how)


def test_starting_weights_are_drawn_as_in_pytorch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    tw.random.seed(0)
    for how in ({}, {"kdim": 100, "vdim": 300, "add_bias_kv": True}):
        ours, theirs = nn.MultiheadAttention(192, 4, **how), torch.nn.MultiheadAttention(192, 4, **how)
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert p.shape == tuple(q.shape), name
            p, q = p.detach().numpy(), q.detach().numpy()
            np.testing.assert_allclose(p.std(), q.std(), rtol=0.15, atol=0, err_msg=name)
            if p.ndim == 2:  # uniform: the ends are those of the interval
                np.testing.assert_allclose(abs(p).max(), abs(q).max(), rtol=0.01, err_msg=name)


# ---- masks -----------------------------------------------------------------------------------------------------------


def identity(embed_dim=1, **how):
    """A layer of one head that projects to what it is given."""
    layer = nn.MultiheadAttention(embed_dim, 1, bias=False, batch_first=True, **how)
    with tw.no_grad():
        layer.in_proj_weight.copy_(np.tile(np.eye(embed_dim, dtype="float32"), (3, 1)))
        layer.out_proj.weight.copy_(np.eye(embed_dim, dtype="float32"))
    return layer


@pytest.mark.parametrize("need_weights", [True, False])
def test_a_mask_of_bool_is_what_the_layer_ignores_and_the_function_keeps(need_weights):
    q, v = tw.zeros((1, 3, 1)), tw.asarray([1.0, 2.0, 4.0]).reshape(1, 3, 1)
    want = [1.0, 1.5, 7 / 3]
    by_layer, _ = identity()(q, q, v, attn_mask=tw.triu(tw.ones((3, 3)), k=1) > 0, need_weights=need_weights)
    by_function = F.scaled_dot_product_attention(q, q, v, attn_mask=tw.tri(3, dtype="bool"))
    causal, _ = identity()(q, q, v, is_causal=True, need_weights=need_weights)
    for got in (by_layer, by_function, causal):
        np.testing.assert_allclose(got.detach().ravel(), want, rtol=1e-6)


@pytest.mark.parametrize("need_weights", [True, False])
def test_is_causal_meets_the_masks(need_weights):
    """Alone it is a causal mask; with others, both forbid."""
    layer, x = made(E, H, batch_first=True), drawn(N, 5, E)
    mask, padding = RNG.random((5, 5)) < 0.3, np.zeros((N, 5), dtype=bool)
    padding[0, 3:] = padding[2, 0] = True
    later = ~np.tri(5, dtype=bool)
    for more in itertools.product((None, mask, np.where(mask, -np.inf, 0).astype("float32")), (None, padding)):
        how = {"need_weights": need_weights, "key_padding_mask": more[1]}
        got, _ = layer(x, x, x, attn_mask=more[0], is_causal=True, **how)
        whole = later if more[0] is None else later | mask
        want, _ = layer(x, x, x, attn_mask=whole, **how)
        np.testing.assert_allclose(got.detach(), want.detach(), rtol=1e-5, atol=1e-6)


def test_is_causal_leaves_the_keys_that_are_added():
    layer = made(E, H, batch_first=True, add_bias_kv=True, add_zero_attn=True)
    x = drawn(N, 4, E)
    output, weights = layer(x, x, x, is_causal=True)
    want, their = layer(x, x, x, attn_mask=~np.tri(4, dtype=bool))
    np.testing.assert_allclose(output.detach(), want.detach(), rtol=1e-5, atol=1e-6)
    assert weights.shape == (N, 4, 6) and (weights[:, :, 4:] > 0).all() and (their[:, 0, 1:4] == 0).all()


@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("floating", [True, False])
def test_queries_that_see_nothing_give_the_bias_and_no_gradient(need_weights, floating):
    """Each query sees itself and the one before; keys 2 and 3 of item 1 are padding, so its last query sees none."""
    layer = made(E, H, batch_first=True)
    away = np.subtract.outer(np.arange(4), np.arange(4))
    mask, padding = (away < 0) | (away > 1), np.zeros((2, 4), dtype=bool)
    padding[1, 2:] = True
    if floating:
        mask, padding = (np.where(m, -np.inf, 0).astype("float32") for m in (mask, padding))
    x = tw.asarray(drawn(2, 4, E), requires_grad=True)
    output, weights = layer(x, x, x, padding, need_weights, mask)
    np.testing.assert_array_equal(output[1, 3].detach(), layer.out_proj.bias.detach())
    if need_weights:
        assert (weights[1, 3] == 0).all()
        np.testing.assert_allclose(weights.detach().sum(axis=-1)[0], np.ones(4), rtol=1e-6)
    output.sum().backward()
    for tensor in (x, *layer.parameters()):
        assert tw.isfinite(tensor.grad).all()
    assert (x.grad[1, 3] == 0).all()
    alone, _ = layer(x[1:, :2], x[1:, :2], x[1:, :2], is_causal=True)
    np.testing.assert_allclose(output[1, :2].detach(), alone[0].detach(), rtol=1e-5, atol=1e-6)


def test_grouped_heads_are_repeated_each():
    layer = made(4, 4, num_kv_heads=2, bias=False, batch_first=True)
    with tw.no_grad():
        layer.in_proj_weight[:] = 0.0
        layer.in_proj_weight[6] = tw.asarray([10.0, 0, 0, 0])
        layer.in_proj_weight[7] = tw.asarray([20.0, 0, 0, 0])
        layer.out_proj.weight.copy_(np.eye(4, dtype="float32"))
    x = np.float32([[[1, 0, 0, 0]]])
    assert layer(x, x, x)[0].ravel().tolist() == [10.0, 10.0, 20.0, 20.0]


# ---- weights, modes and layouts --------------------------------------------------------------------------------------


def test_weights():
    layer, q, k = made(E, H, batch_first=True), drawn(N, L, E), drawn(N, S, E)
    output, mean = layer(q, k, k)
    _, each = layer(q, k, k, average_attn_weights=False)
    assert mean.shape == (N, L, S) and each.shape == (N, H, L, S)
    np.testing.assert_allclose(each.detach().mean(axis=1), mean.detach(), rtol=1e-6)
    np.testing.assert_allclose(each.detach().sum(axis=-1), np.ones((N, H, L)), rtol=1e-6)
    assert layer(q[0], k[0], k[0])[1].shape == (L, S)
    assert layer(q[0], k[0], k[0], average_attn_weights=False)[1].shape == (H, L, S)
    plain, nothing = layer(q, k, k, need_weights=False)
    assert nothing is None
    np.testing.assert_allclose(plain.detach(), output.detach(), rtol=1e-5, atol=1e-6)


def test_weights_are_those_after_dropout():
    layer, x = nn.MultiheadAttention(1, 1, dropout=0.5, generator=tw.random.Generator(1)), tw.ones((1, 1, 1))
    seen = {layer(x, x, x)[1].item() for _ in range(40)}
    assert seen == {0.0, 2.0}
    layer.eval()
    assert {layer(x, x, x)[1].item() for _ in range(5)} == {1.0}


@pytest.mark.parametrize("need_weights", [True, False])
def test_training_without_dropout_has_the_bits_of_evaluation(need_weights):
    layer, x = made(E, H), drawn(L, N, E)
    training = layer.train()(x, x, x, need_weights=need_weights)[0].detach().numpy()
    np.testing.assert_array_equal(layer.eval()(x, x, x, need_weights=need_weights)[0].detach().numpy(), training)
    with tw.no_grad():
        np.testing.assert_array_equal(layer(x, x, x, need_weights=need_weights)[0].numpy(), training)


def test_one_object_is_projected_once():
    """The same numbers, from one product or three."""
    layer, x, y = made(E, H, batch_first=True), drawn(N, L, E), drawn(N, L, E)
    for given in ((x, x, x), (x, y, y), (x, x, y), (x, y, x)):
        apart = [g.copy() for g in given]
        np.testing.assert_allclose(layer(*given)[0].detach(), layer(*apart)[0].detach(), rtol=1e-5, atol=1e-6)


def test_heads_are_views():
    for batch_first in (True, False):
        layer = made(E, H, batch_first=batch_first)
        x = tw.asarray(drawn(N, L, E))
        heads = [layer._to_heads(part, H) for part in layer._project([x, x, x])]
        assert len({head._array.storage_ptr for head in heads}) == 1


def test_empty():
    layer = made(E, H, batch_first=True)
    output, weights = layer(drawn(N, L, E), drawn(N, 0, E), drawn(N, 0, E))
    assert weights.shape == (N, L, 0)
    np.testing.assert_array_equal(output.detach(), np.broadcast_to(layer.out_proj.bias.detach(), (N, L, E)))
    assert layer(drawn(0, L, E), drawn(0, S, E), drawn(0, S, E))[1].shape == (0, L, S)


def test_costs():
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    row, out = layer.summary((3, 4, 8), (3, 5, 8), (3, 5, 8)).layers
    projections, pairs = 3 * 4 * 8 * 8 + 2 * 3 * 5 * 8 * 8, 3 * 4 * 5
    assert row.multiply_adds == projections + 2 * pairs * 8
    assert row.connections == row.multiply_adds + 3 * 4 * 8 + 2 * 3 * 5 * 8
    assert out.multiply_adds == 3 * 4 * 8 * 8
    grouped = nn.MultiheadAttention(8, 4, num_kv_heads=1, kdim=3, vdim=5, bias=False)
    row = grouped.summary((4, 3, 8), (5, 3, 3), (5, 3, 5)).layers[0]
    assert row.multiply_adds == row.connections == 3 * 4 * 64 + 3 * 5 * 2 * (3 + 5) + 2 * pairs * 8


# ---- errors ----------------------------------------------------------------------------------------------------------

X, K = np.zeros((4, 3, 8), "float32"), np.zeros((5, 3, 8), "float32")  # (L, N, E) and (S, N, E)


@pytest.mark.parametrize(
    ("error", "message", "given", "how"),
    [
        (ValueError, r"query has shape \(4, 3, 7\), but must be \(L, N, 8\) or \(L, 8\)", (X[..., 1:], K, K), {}),
        (ValueError, r"value has shape \(5, 3, 7\), but must be \(L, N, 8\) or \(L, 8\)", (X, K, K[..., 1:]), {}),
        (ValueError, r"query has shape \(8,\)", (X[0, 0], K, K), {}),
        (ValueError, r"query has shape \(4, 3, 8\), but key \(5, 2, 8\): their batches", (X, K[:, 1:], K[:, 1:]), {}),
        (ValueError, r"query has shape \(4, 3, 8\), but key \(5, 8\): their batches", (X, K[:, 0], K[:, 0]), {}),
        (ValueError, r"key has shape \(5, 3, 8\), which needs value \(5, 3, 8\), not \(4, 3, 8\)", (X, K, X), {}),
        (TypeError, "query has dtype complex64", (X.astype("complex64"), K, K), {}),
        (TypeError, "key is None", (X, None, K), {}),
        (ValueError, r"attn_mask has shape \(5, 4\), but must be \(4, 5\) or \(6, 4, 5\)", (X, K, K),
         {"attn_mask": np.zeros((5, 4), bool)}),
        (ValueError, r"attn_mask has shape \(3, 4, 5\), but must be \(4, 5\) or \(6, 4, 5\)", (X, K, K),
         {"attn_mask": np.zeros((3, 4, 5), bool)}),
        (ValueError, r"attn_mask has shape \(6, 4, 5\), but must be \(4, 5\) or \(2, 4, 5\)",
         (X[:, 0], K[:, 0], K[:, 0]), {"attn_mask": np.zeros((6, 4, 5), bool)}),
        (ValueError, r"key_padding_mask has shape \(5, 3\), but must be \(3, 5\)", (X, K, K),
         {"key_padding_mask": np.zeros((5, 3), bool)}),
        (ValueError, r"key_padding_mask has shape \(3, 5\), but must be \(5,\)", (X[:, 0], K[:, 0], K[:, 0]),
         {"key_padding_mask": np.zeros((3, 5), bool)}),
        (TypeError, r"attn_mask is int64, but must be bool \(True: may not attend\) or floating", (X, K, K),
         {"attn_mask": np.zeros((4, 5), int)}),
        (TypeError, "key_padding_mask is uint8, but must be bool", (X, K, K),
         {"key_padding_mask": np.zeros((3, 5), "uint8")}),
        (TypeError, "is_causal is 'yes', but must be True or False", (X, K, K), {"is_causal": "yes"}),
        (TypeError, "need_weights is None, but must be True or False", (X, K, K), {"need_weights": None}),
    ],
)  # fmt: skip
def test_what_it_refuses(error, message, given, how):
    with pytest.raises(error, match=f"MultiheadAttention: {message}"):
        nn.MultiheadAttention(8, 2)(*given, **how)


@pytest.mark.parametrize(("name", "shape"), [("attn_mask", (4, 5)), ("key_padding_mask", (3, 5))])
def test_floating_masks_of_zeros_and_ones_are_warned_of(name, shape):
    mask = np.zeros(shape, "float32")
    mask[0, 1] = 1
    with pytest.warns(UserWarning, match=f"MultiheadAttention: {name} is float32 of zeros and ones") as caught:
        nn.MultiheadAttention(8, 2)(X, K, K, **{name: mask})
    assert caught[0].filename == __file__
