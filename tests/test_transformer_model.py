"""The Transformer from tokens to tokens: sizes, results of PyTorch's layers, padding, decoding, learning."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.nn import functional as F

try:
    import torch
except ImportError:
    torch = None

END = 2
SOURCE = tw.random.Generator(0).integers(0, 9, size=(4, 6))
TARGET = tw.random.Generator(1).integers(0, 7, size=(4, 5))
LENGTHS = [6, 2, 5, 1]
SHARED = [False, True]


def made(shared=False, seed=0, **options):
    """Small and in double precision: 9 tokens to 7, or to 9 by the same vectors."""
    tw.random.seed(seed)
    return models.Transformer(9, None if shared else 7, 8, 2, 2, 3, 12, **options).double().eval()


def close(got, wanted, atol=1e-10):
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-8, atol=atol)


# ---- sizes and results -----------------------------------------------------------------------------------------------


def formula(V, E, F, N, M):
    P = 2 * E * F + F + E
    return V * E + N * (4 * (E * E + E) + P + 4 * E) + M * (8 * (E * E + E) + P + 6 * E)


def test_numbers_of_parameters(monkeypatch):
    for function in nn.init.__all__:  # drawing these takes seconds
        if function.endswith("_"):
            monkeypatch.setattr(nn.init, function, lambda tensor, *args, **options: tensor)
    base = models.transformer_base()
    assert sum(p.size for p in base.parameters()) == formula(37000, 512, 2048, 6, 6) == 63_082_496
    assert len(base.encoder.layers) == len(base.decoder.stack.layers) == 6
    big = models.transformer_big(10, num_encoder_layers=1, num_decoder_layers=1)
    assert sum(p.size for p in big.parameters()) == formula(10, 1024, 4096, 1, 1)
    assert formula(37000, 1024, 4096, 6, 6) == 214_245_376
    two = models.Transformer(9, 7, 8, 2, 2, 3, 12)
    assert sum(p.size for p in two.parameters()) == formula(9 + 7, 8, 12, 2, 3)


def by_pytorch(model):
    """Logits by PyTorch's layers with the model's weights, and these weights by the model's names."""
    leaves = {name: torch.tensor(value.numpy(), requires_grad=True) for name, value in model.state_dict().items()}
    stacks = []
    for kind, count, prefix in (("Encoder", 2, "encoder."), ("Decoder", 3, "decoder.stack.")):
        layer = getattr(torch.nn, f"Transformer{kind}Layer")(8, 2, 12, 0.0, batch_first=True, dtype=torch.float64)
        options = {"enable_nested_tensor": False} if kind == "Encoder" else {}
        net = getattr(torch.nn, f"Transformer{kind}")(layer, count, **options)
        own = {name.removeprefix(prefix): leaf for name, leaf in leaves.items() if name.startswith(f"{prefix}layers")}
        stacks.append(lambda *args, net=net, own=own, **how: torch.func.functional_call(net, own, args, how))

    def embedded(tokens, weight):
        angles = torch.arange(tokens.shape[1], dtype=torch.float64)[:, None] / 10000 ** (torch.arange(0, 8, 2) / 8)
        return weight[tokens] * math.sqrt(8) + torch.stack([angles.sin(), angles.cos()], -1).reshape(-1, 8)

    words = leaves["embedding.tokens.weight"]
    written = leaves.get("decoder.embedding.tokens.weight", words)
    if model.decoder.embedding is model.embedding:
        written = words
    padding = torch.arange(6) >= torch.tensor(LENGTHS)[:, None]
    memory = stacks[0](embedded(torch.from_numpy(SOURCE.numpy()), words), src_key_padding_mask=padding)
    before = torch.cat([torch.ones((4, 1), dtype=torch.int64), torch.from_numpy(TARGET.numpy())[:, :-1]], 1)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64) < 0
    x = stacks[1](embedded(before, written), memory, tgt_mask=mask, memory_key_padding_mask=padding)
    return x @ written.T, leaves


@pytest.mark.skipif(torch is None, reason="PyTorch is not installed")
@pytest.mark.parametrize("shared", SHARED)
def test_results_and_gradients_are_those_of_pytorch(shared):
    model = made(shared)
    wanted, leaves = by_pytorch(model)
    got = model(SOURCE, TARGET, LENGTHS)
    close(got, wanted)
    direction = np.random.default_rng(0).normal(size=got.shape)
    (got * direction).sum().backward()
    (wanted * torch.from_numpy(direction)).sum().backward()
    for name, parameter in model.named_parameters():
        close(parameter.grad, leaves[name].grad, atol=1e-9)


def test_starting_weights():
    tw.random.seed(0)
    model = models.Transformer(400, None, 64, 4, 2, 2, 128)
    assert abs(model.embedding.tokens.weight.detach().numpy().std() * 8 - 1) < 0.03
    layers = [*model.encoder.layers, *model.decoder.stack.layers]
    for layer in layers:
        bound = math.sqrt(6 / (64 + 128))
        assert 0.95 * bound < abs(layer.linear1.weight.detach().numpy()).max() <= bound
    assert (layers[0].linear1.weight != layers[1].linear1.weight).any()
    assert len({id(p) for p in model.parameters()}) == len(list(model.parameters()))


def test_dropout_is_of_training_alone():
    model = made(dropout=0.5)
    np.testing.assert_array_equal(model(SOURCE, TARGET).detach(), model(SOURCE, TARGET).detach())
    model.train()
    assert (model(SOURCE, TARGET) != model(SOURCE, TARGET)).any()
    a, b = (model.generate(SOURCE, max_length=4).scores for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert model.training


# ---- padding and decoding --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", SHARED)
def test_a_batch_is_its_sequences(shared):
    """Whatever stands in the padding: logits, weights, greedy search and beam search."""
    model = made(shared)
    together, weights = model(SOURCE, TARGET, LENGTHS), model.align(SOURCE, TARGET, LENGTHS)
    assert weights.shape == (4, 3, 2, 5, 6)
    search = {"max_length": 6, "width": 3, "length_penalty": 0.7}
    found, other = model.generate(SOURCE, LENGTHS, **search), SOURCE.copy()
    for i, length in enumerate(LENGTHS):
        alone = SOURCE[i : i + 1, :length]
        close(model(alone, TARGET[i : i + 1]), together[i : i + 1])
        close(weights[i : i + 1, ..., :length], model.align(alone, TARGET[i : i + 1]))
        assert (weights[i, ..., length:] == 0).all()
        single = model.generate(alone, **search)
        n = single.tokens.shape[2]
        assert found.tokens[i, :, :n].tolist() == single.tokens[0].tolist()
        assert (found.tokens[i, :, n:] == END).all()
        close(found.scores[i], single.scores[0])
        other[i, length:] = 8
    np.testing.assert_array_equal(model(other, TARGET, LENGTHS).detach(), together.detach())
    np.testing.assert_allclose(weights.sum(axis=-1), np.ones((4, 3, 2, 5)), rtol=1e-12)


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_with_and_without_the_cache(width, lengths):
    """Steps, which keep keys and values, find what whole sequences say: the same scores, and for width 1 the best."""
    model = made()
    found = model.generate(SOURCE, lengths, max_length=6, width=width)
    for beam in range(width):
        target, counts = found.tokens[:, beam], found.lengths[:, beam]
        chances = F.log_softmax(model(SOURCE, target, lengths), -1)
        if width == 1:
            for i, n in enumerate(counts.tolist()):
                assert chances[i, :n].argmax(axis=-1).tolist() == target[i, :n].tolist()
        picked = tw.take_along_axis(chances, target[:, :, None], axis=2)[..., 0]
        counted = tw.arange(target.shape[1]) < counts[:, None]
        close(found.scores[:, beam], tw.where(counted, picked, 0.0).sum(axis=1))


def test_tokens_do_not_see_what_comes_after_them():
    model, other = made(), TARGET.copy()
    other[:, 3:] = (other[:, 3:] + 1) % 7
    a, b = model(SOURCE, TARGET), model(SOURCE, other)
    close(a[:, :4], b[:, :4], atol=0)
    assert (a[:, 4] != b[:, 4]).any()


def test_it_learns_to_reverse():
    """With the paper's optimiser, schedule and label smoothing."""
    tw.random.seed(0)
    model = models.Transformer(12, None, 32, 4, 1, 1, 64, 0.0)
    optimizer = tw.optim.Adam(model.parameters(), lr=5e-3, betas=(0.9, 0.98), eps=1e-9)
    schedule = tw.optim.lr_scheduler.InverseSquareRootLR(optimizer, warmup_steps=40)

    def draw(count):
        numbers = tw.random.integers(3, 12, size=(count, 4))
        return numbers, tw.concatenate([numbers[:, ::-1], tw.full((count, 1), END, dtype="int64")], axis=1)

    for _ in range(250):
        source, target = draw(32)
        optimizer.zero_grad()
        F.cross_entropy(model(source, target).swapaxes(1, 2), target, label_smoothing=0.1).backward()
        optimizer.step()
        schedule.step()
    source, target = draw(50)
    found = model.generate(source, max_length=6, width=2).tokens[:, 0]
    assert (found[:, :5] == target).all(axis=1).mean().item() > 0.8


# ---- arguments -------------------------------------------------------------------------------------------------------

ERRORS = [
    (ValueError, "Transformer: d_model is 8, which nhead, 3, does not divide", lambda: models.Transformer(9, 7, 8, 3)),
    (ValueError, "Transformer: num_decoder_layers is 0", lambda: models.Transformer(9, 7, 8, 2, 1, 0)),
    (ValueError, "Transformer: end is 9, but must be at most 8", lambda: models.Transformer(9, end=9)),
    (ValueError, r"Transformer: dropout is 1.5", lambda: models.Transformer(9, 7, 8, 2, dropout=1.5)),
    (TypeError, "Transformer: dim_feedforward is", lambda: models.Transformer(9, 7, 8, 2, dim_feedforward="8")),
    (ValueError, r"Transformer: source\[0, 1\] is 9, but tokens", lambda: made()([[1, 9]], [[1]])),
    (ValueError, r"Transformer: source has shape \(1, 0\)", lambda: made()(tw.zeros((1, 0), dtype="int64"), [[1]])),
    (ValueError, r"Transformer: target has shape \(2, 1\)", lambda: made()([[1]], [[1], [1]])),
    (ValueError, r"Transformer: target\[0, 0\] is 7", lambda: made().align([[1]], [[7]])),
    (ValueError, "Transformer: lengths", lambda: made()([[1]], [[1]], [2])),
    (TypeError, "Transformer: source has dtype float32", lambda: made().generate([[0.5]], max_length=2)),
    (ValueError, "Transformer: width is 0", lambda: made().generate([[1]], max_length=2, width=0)),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
