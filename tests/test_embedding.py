"""Tables of vectors: gradients that touch few rows, rows that are shortened, bags; PyTorch, where it is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn
from tilewright._vjps.embedding import RowGradient
from tilewright.nn import functional as F

RNG = np.random.default_rng(3)
TABLE = RNG.standard_normal((12, 5)).astype("float32")
TOKENS = RNG.integers(0, 12, (4, 6))
INTEGERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def leaf(values=TABLE, dtype="float32"):
    return tw.asarray(np.array(values), dtype=dtype).requires_grad_()


def sums_by_row(tokens, g, rows, but=None):
    expected = np.zeros((rows, g.shape[-1]))
    np.add.at(expected, tokens.ravel(), g.reshape(-1, g.shape[-1]))
    if but is not None:
        expected[but] = 0
    return expected


# ---- looking up ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_indices_of_any_dtype_and_shape(dtype, shape):
    tokens = RNG.integers(0, 12, shape)
    weight = leaf()
    y = F.embedding(tw.asarray(tokens, dtype=dtype), weight, padding_idx=1)
    np.testing.assert_array_equal(y.detach().numpy(), TABLE[tokens])
    y.sum().backward()
    expected = sums_by_row(np.asarray(tokens), np.ones((*shape, 5)), 12, but=1)
    np.testing.assert_array_equal(weight.grad.numpy(), expected)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_one_hot_times_the_table_is_a_look_up(dtype):
    tokens = tw.asarray(TOKENS, dtype=dtype)
    product = F.one_hot(tokens, 12, dtype="float32") @ tw.asarray(TABLE)
    np.testing.assert_array_equal(F.embedding(tokens, TABLE).numpy(), product.numpy())


@pytest.mark.parametrize("make", [lambda x: x.T.T, lambda x: x[:, ::-1], lambda x: x[::2], lambda x: x.T])
def test_layouts(make):
    table = make(tw.asarray(TABLE))
    rows = table.shape[0]
    tokens = tw.asarray(TOKENS % rows).T
    np.testing.assert_array_equal(F.embedding(tokens, table).numpy(), table.numpy()[TOKENS.T % rows])


def test_nothing_is_looked_up_where_one_index_is_wrong():
    weight = leaf(np.full((3, 2), 9.0))
    with pytest.raises(IndexError, match="embedding: index 3 is out of bounds"):
        F.embedding([0, 1, 3], weight, max_norm=1.0)
    np.testing.assert_array_equal(weight.detach().numpy(), 9.0)


# ---- gradients -------------------------------------------------------------------------------------------------------


def test_gradients_add_up_into_the_grad_that_is_there():
    """Into the same memory, and into the rows looked up alone: the others may hold anything."""
    weight = leaf(np.zeros((400, 5)))
    tokens = tw.asarray([7, 3, 7])
    F.embedding(tokens, weight).sum().backward()
    address = np.asarray(weight.grad).ctypes.data
    with tw.no_grad():
        weight.grad[5] = math.nan
    F.embedding(tokens, weight).sum().backward()
    grad = weight.grad.numpy()
    assert grad.ctypes.data == address
    assert np.isnan(grad[5]).all()
    np.testing.assert_array_equal(grad[[3, 7]], [[2.0] * 5, [4.0] * 5])
    assert not grad[[0, 4, 6, 399]].any()


def test_no_dense_gradient_is_made_beside_the_one_that_is_there(monkeypatch):
    weight = leaf(np.zeros((400, 5)))
    F.embedding([7], weight).sum().backward()
    monkeypatch.setattr(RowGradient, "value", lambda self: pytest.fail("a dense gradient was made"))
    F.embedding([7, 8], weight).sum().backward()
    assert weight.grad.numpy()[:, 0].tolist() == [0.0] * 7 + [2.0, 1.0] + [0.0] * 391


def test_a_table_used_twice_and_tied_to_the_last_layer():
    """Rows and a product meet in one gradient, in either order."""
    weight = leaf()
    h = F.embedding(TOKENS, weight) + F.embedding(TOKENS + 0, weight) * 2.0
    (h @ weight.T).sum().backward()
    plain = leaf()
    h = plain[tw.asarray(TOKENS)] * 3.0
    (h @ plain.T).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy(), plain.grad.numpy(), rtol=1e-5, atol=1e-5)


def test_hooks_and_retained_graphs_see_dense_gradients():
    weight, seen = leaf(), []
    weight.register_hook(lambda g: seen.append(g.shape))
    y = F.embedding(TOKENS, weight).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert seen == [(12, 5), (12, 5)]
    np.testing.assert_array_equal(weight.grad.numpy(), 2 * sums_by_row(TOKENS, np.ones((4, 6, 5)), 12))


@pytest.mark.parametrize("padding_idx", [None, 3])
def test_the_gradient_of_the_gradient_leaves_out_padding_too(padding_idx):
    gradient = tw.grad(lambda w: (F.embedding(TOKENS, w, padding_idx) ** 2).sum())
    g = gradient(tw.asarray(TABLE))
    h = tw.grad(lambda w: (gradient(w) ** 2).sum())(tw.asarray(TABLE))
    counts = np.bincount(TOKENS.ravel(), minlength=12)[:, None].astype("float32")
    if padding_idx is not None:
        counts[padding_idx] = 0
    np.testing.assert_allclose(g.numpy(), 2 * counts * TABLE, rtol=1e-5)
    np.testing.assert_allclose(h.numpy(), 8 * counts**2 * TABLE, rtol=1e-5)


def test_indices_written_to_since_are_refused():
    weight, tokens = leaf(), tw.asarray(TOKENS)
    y = F.embedding(tokens, weight)
    tokens[0, 0] = 1
    with pytest.raises(RuntimeError, match=r"embedding .* written in place since"):
        y.sum().backward()


@pytest.mark.kernels
@pytest.mark.parametrize("left_out", [-1, 0, 3])
@pytest.mark.parametrize("width", [1, 5, 64, 300])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64"])
def test_rows_are_added_in_one_order_whatever_the_threads(left_out, width, dtype):
    """Most entries fall on a few rows, as those of a text do."""
    tokens = np.minimum(RNG.geometric(0.3, 3000) - 1, 39)
    g = tw.asarray(RNG.integers(-4, 5, (3000, width)), dtype=dtype)
    before, bits = tw.get_num_threads(), set()
    for threads in (1, 2, 7):
        tw.set_num_threads(threads)
        total = tw.zeros((40, width), dtype=dtype)
        _core.embedding_add(total._array, tw.asarray(tokens)._array, g._array, left_out)
        bits.add(np.asarray(total.astype("complex128" if dtype == "complex64" else "float64")).tobytes())
    tw.set_num_threads(before)
    assert len(bits) == 1
    expected = sums_by_row(tokens, np.asarray(g.astype("complex128")).real, 40, None if left_out < 0 else left_out)
    got = np.asarray(total.astype("complex128")).real
    tolerance = {"float16": 2.0**-10, "bfloat16": 2.0**-7}.get(dtype, 0.0)
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=0)


def test_scale_grad_by_freq_is_the_mean_of_what_arrives():
    weight = leaf()
    g = RNG.standard_normal((4, 6, 5)).astype("float32")
    F.embedding(TOKENS, weight, scale_grad_by_freq=True).backward(tw.asarray(g))
    counts = np.maximum(np.bincount(TOKENS.ravel(), minlength=12), 1)[:, None]
    np.testing.assert_allclose(weight.grad.numpy(), sums_by_row(TOKENS, g, 12) / counts, rtol=1e-5, atol=1e-6)


# ---- max_norm --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, math.inf])
def test_rows_looked_up_are_shortened_and_no_others(norm_type):
    weight = leaf()
    y = F.embedding([[3, 5], [5, 0]], weight, max_norm=0.75, norm_type=norm_type)
    now = weight.detach().numpy()
    others = [i for i in range(12) if i not in (0, 3, 5)]
    np.testing.assert_array_equal(now[others], TABLE[others])
    np.testing.assert_array_less(np.linalg.norm(now[[0, 3, 5]], norm_type, axis=1), 0.75 + 1e-6)
    np.testing.assert_array_equal(y.detach().numpy(), now[[[3, 5], [5, 0]]])
    y.sum().backward()
    assert weight.grad.numpy()[5].tolist() == [2.0] * 5


def test_shortening_counts_as_a_write_only_where_rows_are_long():
    weight = leaf()
    y = (weight * weight).sum()
    F.embedding([3], weight, max_norm=1e3)
    y.backward(retain_graph=True)
    F.embedding([3], weight, max_norm=1e-3)
    with pytest.raises(RuntimeError, match="written in place since"):
        y.backward()


def test_read_only_tables_cannot_be_shortened():
    values = np.full((3, 2), 5.0, "float32")
    values.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        F.embedding([1], tw.asarray(values), max_norm=1.0)


# ---- layers ----------------------------------------------------------------------------------------------------------


def test_the_weight_starts_normally_distributed_with_zeros_for_padding():
    layer = nn.Embedding(500, 64, padding_idx=-1, generator=tw.random.Generator(4))
    weight = layer.weight.detach().numpy()
    assert layer.padding_idx == 499 and not weight[499].any()
    assert abs(weight[:499].mean()) < 0.02 and abs(weight[:499].std() - 1) < 0.02
    again = nn.Embedding(500, 64, padding_idx=-1, generator=tw.random.Generator(4))
    np.testing.assert_array_equal(again.weight.detach().numpy(), weight)


@pytest.mark.parametrize("cls", [nn.Embedding, nn.EmbeddingBag])
def test_a_given_table_is_taken_as_it_is(cls):
    table = tw.asarray(np.array(TABLE))
    before = tw.random.default_generator.state
    layer = cls.from_pretrained(table, padding_idx=2, max_norm=9.0)
    assert tw.random.default_generator.state == before
    assert type(layer) is cls and (layer.num_embeddings, layer.embedding_dim) == (12, 5)
    assert not layer.weight.requires_grad and cls.from_pretrained(table, freeze=False).weight.requires_grad
    np.testing.assert_array_equal(layer.weight.numpy(), TABLE)
    table[0, 0] = 7.0
    assert layer.weight[0, 0].item() == 7.0
    assert repr(layer) == f"{cls.__name__}(num_embeddings=12, embedding_dim=5, padding_idx=2, max_norm=9.0)"
    with pytest.raises(ValueError, match=rf"{cls.__name__}: embeddings have shape \(3,\)"):
        cls.from_pretrained([1.0, 2.0, 3.0])
    with pytest.raises(TypeError, match="freeze is 'no'"):
        cls.from_pretrained(table, freeze="no")


def test_padding_stays_zero_in_training():
    layer = nn.Embedding(12, 5, padding_idx=0)
    optimiser = tw.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimiser.zero_grad()
        (layer(tw.asarray(TOKENS)) ** 2).sum().backward()
        optimiser.step()
    assert not layer.weight.detach().numpy()[0].any()
    assert layer.weight.detach().numpy()[1:].any()


def test_a_model_of_tokens_is_fused_and_summarised():
    model = nn.Sequential(nn.Embedding(12, 5), nn.Flatten(), nn.Linear(30, 2)).eval()
    tokens = tw.asarray(TOKENS)
    fused = nn.fuse(model, tokens)
    other = tw.asarray(TOKENS[::-1].copy())
    np.testing.assert_array_equal(fused(other).detach().numpy(), model(other).detach().numpy())
    with pytest.raises(IndexError, match="embedding: index -1"):
        fused(tw.asarray(TOKENS - 12))


# ---- against PyTorch -------------------------------------------------------------------------------------------------

OPTIONS = [{}, {"padding_idx": 3}, {"scale_grad_by_freq": True}, {"max_norm": 1.0}, {"max_norm": 1.0, "norm_type": 1.0}]
BAG_OPTIONS = [
    {},
    {"padding_idx": 3},
    {"max_norm": 1.0},
    {"include_last_offset": True},
    {"padding_idx": 3, "include_last_offset": True},
]


def compare(torch, ours, theirs, cotangent):
    """Results, gradients twice over, and what the call does to the table."""
    a, b = leaf(), torch.tensor(TABLE, requires_grad=True)
    for _ in range(2):
        y, z = ours(a), theirs(b)
        y.backward(tw.asarray(cotangent))
        z.backward(torch.tensor(cotangent))
    for got, want in ((y.detach(), z.detach()), (a.detach(), b.detach()), (a.grad, b.grad)):
        np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_embedding_is_pytorchs(options):
    torch = pytest.importorskip("torch")
    compare(
        torch,
        lambda w: F.embedding(TOKENS, w, **options),
        lambda w: torch.nn.functional.embedding(torch.tensor(TOKENS), w, **options),
        RNG.standard_normal((4, 6, 5)).astype("float32"),
    )


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize("options", BAG_OPTIONS, ids=str)
def test_embedding_bag_is_pytorchs(mode, options):
    torch = pytest.importorskip("torch")
    flat, offsets = TOKENS.ravel(), [0, 5, 5, 6, 24]
    bags = len(offsets) - ("include_last_offset" in options)
    compare(
        torch,
        lambda w: F.embedding_bag(flat, w, offsets, mode=mode, **options),
        lambda w: torch.nn.functional.embedding_bag(torch.tensor(flat), w, torch.tensor(offsets), mode=mode, **options),
        RNG.standard_normal((bags, 5)).astype("float32"),
    )


@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}], ids=str)
def test_weighted_bags_are_pytorchs(options):
    torch = pytest.importorskip("torch")
    factors = RNG.standard_normal((4, 6)).astype("float32")
    p, q = tw.asarray(factors).requires_grad_(), torch.tensor(factors, requires_grad=True)
    compare(
        torch,
        lambda w: F.embedding_bag(TOKENS, w, mode="sum", per_sample_weights=p, **options),
        lambda w: torch.nn.functional.embedding_bag(
            torch.tensor(TOKENS), w, mode="sum", per_sample_weights=q, **options
        ),
        RNG.standard_normal((4, 5)).astype("float32"),
    )
    np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=2e-5, atol=1e-6)


def test_bags_divide_by_frequency_as_the_look_up_does():
    """PyTorch 2.13 takes the frequencies of other rows there: of [[3, 1, 3], [2, 3, 1]], row 2 counts twice."""
    bag, plain = leaf(), leaf()
    F.embedding_bag(TOKENS, bag, mode="sum", scale_grad_by_freq=True).sum().backward()
    F.embedding(TOKENS, plain, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_array_equal(bag.grad.numpy(), plain.grad.numpy())


def test_bags_of_minus_infinity_and_nan():
    table = np.array([[-np.inf, 1.0], [np.nan, 2.0], [-np.inf, 0.0]], "float32")
    got = F.embedding_bag([0, 2, 1, 0, 1], table, [0, 2, 4], mode="max", padding_idx=1).numpy()
    np.testing.assert_array_equal(got, [[-np.inf, 1.0], [-np.inf, 1.0], [0.0, 0.0]])
    got = F.embedding_bag([0, 2, 1, 0], table, [0, 2], mode="max").numpy()
    np.testing.assert_array_equal(got, [[-np.inf, 1.0], [np.nan, 2.0]])
