"""Transformers and their layers: with PyTorch where it is installed; masks, activations, copies, decoding, errors."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tilewright as tw
from cases.opcase import assert_close
from tilewright import nn
from tilewright.nn import functional as F

RNG = np.random.default_rng(9)
E, H, WIDTH, N, S, T = 8, 2, 12, 3, 5, 4

pytestmark = [
    pytest.mark.filterwarnings("ignore:enable_nested_tensor is True"),
    pytest.mark.filterwarnings("ignore:Support for mismatched"),
]


def drawn(*shape):
    return RNG.standard_normal(shape).astype("float32")


def filled(module):
    """With other weights than those it starts with."""
    with tw.no_grad():
        for name, p in module.named_parameters():
            p.copy_(drawn(*p.shape) * 0.3 + ("norm" in name))
    return module


def padding(length):
    mask = np.zeros((N, length), dtype=bool)
    mask[0, -1] = mask[2, -2:] = True
    return mask


def causal(queries, keys=None):
    return ~np.tri(queries, keys or queries, dtype=bool)


def square(length, dtype="bool"):
    """A random mask, under which each position sees itself."""
    mask = (RNG.random((length, length)) < 0.3) & ~np.eye(length, dtype=bool)
    return mask if dtype == "bool" else np.where(mask, -np.inf, drawn(length, length)).astype("float32")


def compared_with_torch(ours, theirs, given, how, **torchs):
    """Results and gradients of the two modules, from the same state dict."""
    torch = pytest.importorskip("torch")
    filled(ours)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    a = [tw.asarray(x, requires_grad=True) for x in given]
    b = [torch.tensor(x, requires_grad=True) for x in given]
    masks = {**how, **torchs}
    masks = {name: torch.tensor(x) if isinstance(x, np.ndarray) else x for name, x in masks.items()}
    got, want = ours(*a, **how), theirs(*b, **masks)
    assert_close(got, want.detach().numpy(), 128, "forward")
    cotangent = drawn(*got.shape)
    got.backward(tw.asarray(cotangent))
    want.backward(torch.tensor(cotangent))
    for i, (p, q) in enumerate(zip(a, b, strict=True)):
        assert_close(p.grad, q.grad.numpy(), 1024, f"gradient of input {i}")
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert_close(p.grad, q.grad.numpy(), 1024, f"gradient of {name}")


MASKS = {
    "none": {},
    "bool": {"src_mask": square(S)},
    "floating": {"src_mask": square(S, "float32")},
    "of each head": {"src_mask": np.stack([square(S) for _ in range(N * H)])},
    "padding": {"src_key_padding_mask": padding(S)},
    "both": {"src_mask": causal(S), "src_key_padding_mask": padding(S)},
    "floating padding": {"src_key_padding_mask": np.where(padding(S), -np.inf, 0).astype("float32")},
}


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("kind", MASKS)
def test_encoder_layer_is_pytorchs(kind, norm_first):
    torch = pytest.importorskip("torch")
    args, how = (E, H, WIDTH, 0.0), {"batch_first": True, "norm_first": norm_first}
    ours, theirs = nn.TransformerEncoderLayer(*args, **how), torch.nn.TransformerEncoderLayer(*args, **how)
    compared_with_torch(ours, theirs, [drawn(N, S, E)], MASKS[kind])


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("how", [{}, {"bias": False, "layer_norm_eps": 0.1}, {"batch_first": True}], ids=str)
def test_options_are_pytorchs(activation, how):
    torch = pytest.importorskip("torch")
    args = (E, H, WIDTH, 0.0, activation)
    ours, theirs = nn.TransformerEncoderLayer(*args, **how), torch.nn.TransformerEncoderLayer(*args, **how)
    compared_with_torch(ours, theirs, [drawn(S, N, E)], {})
    compared_with_torch(copy.deepcopy(ours), copy.deepcopy(theirs), [drawn(S, E)], {"src_mask": causal(S)})


@pytest.mark.parametrize("norm_first", [True, False])
def test_decoder_layer_is_pytorchs(norm_first):
    torch = pytest.importorskip("torch")
    args, how = (E, H, WIDTH, 0.0), {"batch_first": True, "norm_first": norm_first}
    masks = {"tgt_mask": causal(T), "memory_mask": causal(T, S), "tgt_key_padding_mask": padding(T)}
    masks["memory_key_padding_mask"] = padding(S)
    for given in ({}, masks):
        ours, theirs = nn.TransformerDecoderLayer(*args, **how), torch.nn.TransformerDecoderLayer(*args, **how)
        compared_with_torch(ours, theirs, [drawn(N, T, E), drawn(N, S, E)], given)
    ours, theirs = nn.TransformerDecoderLayer(*args, **how), torch.nn.TransformerDecoderLayer(*args, **how)
    compared_with_torch(
        ours, theirs, [drawn(N, T, E), drawn(N, S, E)], {"tgt_is_causal": True, "memory_is_causal": True},
        tgt_mask=causal(T), memory_mask=causal(T, S),
    )  # fmt: skip


@pytest.mark.parametrize("norm", [True, False])
def test_stacks_are_pytorchs(norm):
    torch = pytest.importorskip("torch")
    modules = []
    for nn_ in (nn, torch.nn):
        norms = [nn_.LayerNorm(E) if norm else None for _ in range(2)]
        encoder = nn_.TransformerEncoder(nn_.TransformerEncoderLayer(E, H, WIDTH, 0.0), 3, norms[0], mask_check=False)
        decoder = nn_.TransformerDecoder(nn_.TransformerDecoderLayer(E, H, WIDTH, 0.0), 2, norms[1])
        modules.append((encoder, decoder))
    (encoder, decoder), (their_encoder, their_decoder) = modules
    compared_with_torch(encoder, their_encoder, [drawn(S, N, E)], {"is_causal": True}, mask=causal(S))
    how = {"memory_key_padding_mask": padding(S), "tgt_is_causal": True}
    compared_with_torch(decoder, their_decoder, [drawn(T, N, E), drawn(S, N, E)], how, tgt_mask=causal(T))


@pytest.mark.parametrize("how", [{}, {"norm_first": True, "batch_first": True}, {"bias": False}], ids=str)
def test_transformer_is_pytorchs(how):
    torch = pytest.importorskip("torch")
    args = (E, H, 2, 2, WIDTH, 0.0, "gelu")
    ours, theirs = nn.Transformer(*args, **how), torch.nn.Transformer(*args, **how)
    given = [drawn(N, S, E), drawn(N, T, E)]
    if not how.get("batch_first"):
        given = [np.ascontiguousarray(x.swapaxes(0, 1)) for x in given]
    masks = {"src_mask": square(S, "float32"), "tgt_mask": causal(T), "memory_mask": causal(T, S)}
    masks |= {"src_key_padding_mask": padding(S), "tgt_key_padding_mask": padding(T)}
    masks |= {"memory_key_padding_mask": padding(S)}
    compared_with_torch(ours, theirs, given, masks)


def test_matrices_of_a_transformer_start_as_pytorchs():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    ours = nn.Transformer(64, 4, 2, 1, 96, generator=tw.random.Generator(2))
    theirs = torch.nn.Transformer(64, 4, 2, 1, 96)
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        if p.ndim > 1:
            np.testing.assert_allclose(abs(p.detach().numpy()).max(), q.abs().max().item(), rtol=0.01, err_msg=name)
    first, second = ours.encoder.layers
    assert (first.linear1.weight != second.linear1.weight).any()


def test_square_subsequent_mask():
    torch = pytest.importorskip("torch")
    for size in (0, 1, 4):
        want = torch.nn.Transformer.generate_square_subsequent_mask(size).numpy()
        np.testing.assert_array_equal(nn.Transformer.generate_square_subsequent_mask(size), want)
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype="float64").dtype == tw.float64
    for error, args in ((ValueError, (-1,)), (TypeError, (1.5,)), (TypeError, (2, "cpu", "int32"))):
        with pytest.raises(error, match="generate_square_subsequent_mask"):
            nn.Transformer.generate_square_subsequent_mask(*args)


# ---- what goes beyond ------------------------------------------------------------------------------------------------


def test_is_causal_needs_no_mask():
    model = filled(nn.Transformer(E, H, 2, 2, WIDTH, 0.0))
    src, tgt = drawn(S, N, E), drawn(T, N, E)
    got = model(src, tgt, src_is_causal=True, tgt_is_causal=True)
    masks = [nn.Transformer.generate_square_subsequent_mask(n) for n in (S, T)]
    want = model(src, tgt, src_mask=masks[0], tgt_mask=masks[1])
    np.testing.assert_allclose(got.detach(), want.detach(), rtol=1e-4, atol=1e-5)
    before = model(src, tgt[:2], src_is_causal=True, tgt_is_causal=True)
    np.testing.assert_allclose(before.detach(), got[:2].detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("norm_first", [True, False])
def test_padding_leaves_no_trace(norm_first):
    """Sequences come out as they do alone; one of padding only is finite, and so are all gradients."""
    layer = filled(nn.TransformerEncoderLayer(E, H, WIDTH, 0.0, batch_first=True, norm_first=norm_first))
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(E))
    x, mask = tw.asarray(drawn(N, S, E), requires_grad=True), padding(S)
    mask[1] = True
    together = encoder(x, src_key_padding_mask=mask)
    assert tw.isfinite(together).all()
    for n in (0, 2):
        length = int((~mask[n]).sum())
        alone = encoder(x.detach()[n : n + 1, :length])
        np.testing.assert_allclose(together[n, :length].detach(), alone[0].detach(), rtol=1e-4, atol=1e-5)
    together.sum().backward()
    for tensor in (x, *encoder.parameters()):
        assert tw.isfinite(tensor.grad).all()


ACTIVATIONS = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": F.tanh, "sigmoid": F.sigmoid}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_the_bits_of_two_calls(name):
    """By name, as a function, as a module, and as a function that nobody knows: fused or not."""
    layer = filled(nn.TransformerEncoderLayer(E, H, WIDTH, 0.0, name))
    x, function = drawn(S, N, E), ACTIVATIONS[name]
    calls = []

    def unknown(x):
        calls.append(x.shape)
        return function(x)

    module = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[name]
    layer.activation = unknown
    want = layer(x).detach().numpy()
    assert calls == [(S, N, WIDTH)]
    for activation in (name, function, module()):
        other = nn.TransformerEncoderLayer(E, H, WIDTH, 0.0, activation)
        other.load_state_dict(layer.state_dict())
        np.testing.assert_array_equal(other(x).detach().numpy(), want)


def test_the_activation_is_fused_where_nobody_watches(monkeypatch):
    """A hook on the layer sees what is before the activation."""
    fused = []

    def watched(linear, activation, x):
        fused.append(activation)
        return F.linear(x, linear.weight, linear.bias, activation)

    monkeypatch.setattr("tilewright.nn.transformer_layers.run_fused", watched)
    layer = filled(nn.TransformerEncoderLayer(E, H, WIDTH, 0.0))
    x, seen = drawn(S, N, E), []
    want = layer(x).detach().numpy()
    assert fused == ["relu"]
    layer.linear1.register_forward_hook(lambda module, args, result: seen.append(result))
    np.testing.assert_array_equal(layer(x).detach().numpy(), want)
    assert (seen[0] < 0).any() and fused == ["relu"]

    class Double(nn.Linear):
        def forward(self, input):
            return super().forward(input) * 2.0

    layer.linear1 = Double(E, WIDTH)  # what stands in its place is called
    assert (layer(x).detach().numpy() != want).any()


def test_copies_draw_their_own_masks():
    """Layers that were given a generator go on drawing from that one."""
    layer = nn.TransformerEncoderLayer(E, H, WIDTH, 0.5, generator=tw.random.Generator(3))
    encoder = nn.TransformerEncoder(layer, 2)
    x = tw.ones((50, 1, E))
    masks = [m.dropout1(x).numpy() for m in encoder.layers]
    assert (masks[0] != masks[1]).any()
    assert encoder.layers[0].linear1.weight is not encoder.layers[1].linear1.weight


@pytest.mark.parametrize("norm_first", [True, False])
def test_training_without_dropout_has_the_bits_of_evaluation(norm_first):
    model = filled(nn.Transformer(E, H, 1, 1, WIDTH, 0.0, norm_first=norm_first))
    given = drawn(S, N, E), drawn(T, N, E)
    training = model.train()(*given).detach().numpy()
    np.testing.assert_array_equal(model.eval()(*given).detach().numpy(), training)
    with tw.no_grad():
        np.testing.assert_array_equal(model(*given).numpy(), training)


def test_custom_stacks():
    class Stack(nn.Module):
        def forward(self, x, *memory, **how):
            self.how = {name for name, value in how.items() if value is not None}
            return x * 2.0 if not memory else x + memory[0].sum()

    model = nn.Transformer(4, 2, custom_encoder=Stack(), custom_decoder=Stack())
    assert not list(model.parameters())
    got = model(tw.ones((1, 1, 4)), tw.zeros((1, 1, 4)), src_mask=np.zeros((1, 1), bool))
    assert got.ravel().tolist() == [8.0] * 4
    assert model.encoder.how == {"mask"}


def test_learning():
    """To turn sequences around, which takes attention to the right places."""
    tw.random.seed(5)
    model = nn.Transformer(16, 2, 1, 1, 32, 0.0, batch_first=True)
    positions, embed, out = nn.SinusoidalPositions(16), nn.Embedding(6, 16), nn.Linear(16, 6)
    parameters = [*model.parameters(), *embed.parameters(), *out.parameters()]
    optimiser = tw.optim.Adam(parameters, lr=0.003)
    losses = []
    for _ in range(120):
        tokens = RNG.integers(0, 5, (16, 5))
        before = np.concatenate([np.full((16, 1), 5), tokens[:, :0:-1]], axis=1)
        encoded, given = positions(embed(tw.asarray(tokens))), positions(embed(tw.asarray(before)))
        logits = out(model(encoded, given, tgt_is_causal=True))
        loss = F.cross_entropy(logits.reshape(-1, 6), tw.asarray(tokens[:, ::-1].copy().ravel()))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])


# ---- positions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5, 8])
def test_sinusoidal_positions(size):
    positions, t = nn.SinusoidalPositions(size), np.arange(3000)[:, None]
    i = np.arange(size)
    angles = t / 10000.0 ** ((i - i % 2) / size)
    want = np.where(i % 2, np.cos(angles), np.sin(angles))
    for length in (3, 3000, 70):
        got = positions(tw.zeros((2, length, size)))
        np.testing.assert_allclose(got[1], want[:length], rtol=0, atol=1e-7)
    np.testing.assert_allclose(positions(tw.zeros((1, 2, size), dtype="float64"))[0], want[:2], rtol=1e-15)
    np.testing.assert_array_equal(positions(tw.zeros((1, 9, size)), offset=50)[0], positions(tw.zeros((59, size)))[50:])
    assert not positions.state_dict()


def test_learned_positions():
    positions = nn.LearnedPositions(2000, 20, generator=tw.random.Generator(1))
    assert abs(positions.weight.detach().numpy().std() - 0.02) < 0.001
    x = drawn(2, 3, 20)
    got = positions(x, offset=1997)
    np.testing.assert_array_equal(got.detach(), x + positions.weight.detach().numpy()[1997:])
    got.sum().backward()
    gradient = positions.weight.grad.numpy()
    assert (gradient[1997:] == 2).all() and (gradient[:1997] == 0).all()
    with pytest.raises(
        ValueError, match=r"input \(2, 3, 20\) with offset=1998 ends at position 2001, but there are 2000"
    ):
        positions(x, 1998)


@pytest.mark.parametrize(
    "layer", [nn.SinusoidalPositions(4), nn.LearnedPositions(5, 4)], ids=lambda m: type(m).__name__
)
def test_positions_refuse(layer):
    with pytest.raises(ValueError, match="Positions: offset is -1, but must be at least 0"):
        layer(tw.zeros((2, 3, 4)), -1)
    with pytest.raises(TypeError, match=r"Positions: offset is 0\.5, but must be an integer"):
        layer(tw.zeros((2, 3, 4)), 0.5)
    with pytest.raises(ValueError, match=r"Positions: input has shape \(4,\), but must be \(.., T, 4\)"):
        layer(tw.zeros(4))


# ---- errors and costs ------------------------------------------------------------------------------------------------

X = np.zeros((4, 3, 8), "float32")  # (T, N, E)


@pytest.mark.parametrize(
    ("error", "message", "name", "given", "how"),
    [
        (ValueError, r"TransformerEncoderLayer: src has shape \(4, 3, 7\), but must be \(T, N, 8\) or \(T, 8\)",
         "TransformerEncoderLayer", [X[..., 1:]], {}),
        (ValueError, r"TransformerDecoderLayer: tgt has shape \(4, 3, 8\), but memory \(4, 2, 8\): their batches",
         "TransformerDecoderLayer", [X, X[:, 1:]], {}),
        (ValueError, r"Transformer: src has shape \(4, 3, 8\), but tgt \(4, 8\): their batches",
         "Transformer", [X, X[:, 1]], {}),
        (ValueError, r"MultiheadAttention: attn_mask has shape \(3, 3\), but must be \(4, 4\) or \(6, 4, 4\)",
         "TransformerEncoderLayer", [X], {"src_mask": np.zeros((3, 3), bool)}),
        (TypeError, "MultiheadAttention: key_padding_mask is int64, but must be bool",
         "TransformerDecoderLayer", [X, X], {"memory_key_padding_mask": np.zeros((3, 4), int)}),
        (TypeError, "Transformer(En|De)coder: (tgt_)?is_causal is 'x', but must be True or False",
         "Transformer", [X, X], {"tgt_is_causal": "x"}),
    ],
)  # fmt: skip
def test_what_they_refuse(error, message, name, given, how):
    module = nn.Transformer(8, 2, 1, 1, 6) if name == "Transformer" else getattr(nn, name)(8, 2, 6)
    with pytest.raises(error, match=message):
        module(*given, **how)


def test_costs():
    """Of a layer: 4 E^2 + 2 E F of each position, and 2 T^2 E of each sequence, and the scaling of two norms."""
    layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True)
    total = layer.summary((3, 5, 8)).total
    assert total.multiply_adds == 3 * 5 * (4 * 8 * 8 + 2 * 8 * 12 + 2 * 8) + 3 * 2 * 5 * 5 * 8
