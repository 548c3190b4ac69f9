"""Networks that generate sequences, and the reader of several passes: lengths, batches, decoding, learning."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.models import CaptionModel, EpisodicReader, Seq2Seq
from tilewright.nn import functional as F

SCORES = (None, "additive", "bilinear", "dot", "scaled_dot", "cosine", "network")
PADDING, END = 0, 2


def tokens(count, *shape, seed=0):
    return tw.random.Generator(seed).integers(0, count, size=shape)


def seq2seq(seed=0, **options):
    """Small and in double precision: 9 tokens to 7."""
    tw.random.seed(seed)
    return Seq2Seq(9, 7, 5, 6, **options).double().eval()


SOURCE, LENGTHS = tokens(9, 4, 6), [6, 2, 5, 1]
TARGET = tokens(7, 4, 5, seed=1)
OPTIONS = [
    {},
    {"cell": "gru", "attend": "before"},
    {"cell": "rnn", "bidirectional": False, "num_layers": 2},
    {"num_layers": 2, "attend": "before", "attention": "bilinear", "reverse": True},
    {"attention": None, "reverse": True},
    {"attention": "dot", "bidirectional": False, "reverse": True, "cell": "gru"},
]


def each():
    return pytest.mark.parametrize("options", OPTIONS, ids=str)


def close(got, wanted, atol=1e-11):
    np.testing.assert_allclose(got.detach().numpy(), wanted.detach().numpy(), rtol=1e-9, atol=atol)


# ---- Seq2Seq ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attention", SCORES)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("attend", ["after", "before"])
def test_every_parameter_learns(attention, cell, attend):
    model = seq2seq(attention=attention, cell=cell, attend=attend, num_layers=2)
    logits = model(SOURCE, TARGET, LENGTHS)
    assert logits.shape == (4, 5, 7)
    F.cross_entropy(logits.swapaxes(1, 2), TARGET).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and (parameter.grad != 0).any(), name


@each()
def test_a_batch_is_its_sequences(options):
    """Whatever stands in the padding: logits, weights, greedy search and beam search."""
    model = seq2seq(**options)
    together = model(SOURCE, TARGET, LENGTHS)
    search = {"max_length": 6, "width": 3, "length_penalty": 0.7}
    greedy, found = model.generate(SOURCE, LENGTHS, max_length=6), model.generate(SOURCE, LENGTHS, **search)
    other = SOURCE.copy()
    for i, length in enumerate(LENGTHS):
        alone = SOURCE[i : i + 1, :length]
        close(model(alone, TARGET[i : i + 1]), together[i : i + 1])
        if model.decoder.attention is not None:
            weights = model.align(SOURCE, TARGET, LENGTHS)
            close(weights[i : i + 1, :, :length], model.align(alone, TARGET[i : i + 1]))
            assert (weights[i, :, length:] == 0).all()
        for batched, single in (
            (greedy, model.generate(alone, max_length=6)),
            (found, model.generate(alone, **search)),
        ):
            n = single.tokens.shape[2]
            assert batched.tokens[i, :, :n].tolist() == single.tokens[0].tolist()
            assert (batched.tokens[i, :, n:] == END).all()
            close(batched.scores[i], single.scores[0])
        other[i, length:] = 8
    np.testing.assert_array_equal(model(other, TARGET, LENGTHS).detach(), together.detach())


@each()
def test_steps_and_whole_sequences_agree(options):
    """Greedy tokens are the most probable ones, given those before; scores are their log-probabilities."""
    model = seq2seq(**options)
    for width in (1, 4):
        found = model.generate(SOURCE, LENGTHS, max_length=6, width=width)
        target, lengths = found.tokens[:, 0], found.lengths[:, 0]
        chances = F.log_softmax(model(SOURCE, target, LENGTHS), -1)
        if width == 1:
            for i, n in enumerate(lengths.tolist()):
                assert chances[i, :n].argmax(axis=-1).tolist() == target[i, :n].tolist()
        picked = tw.take_along_axis(chances, target[:, :, None], axis=2)[..., 0]
        counted = tw.arange(target.shape[1]) < lengths[:, None]
        close(found.scores[:, 0], tw.where(counted, picked, 0.0).sum(axis=1))


@each()
def test_a_wide_beam_is_exhaustive(options):
    model = seq2seq(**options)
    found = model.generate(SOURCE[:1], max_length=2, width=49)
    endless = [t for t in range(7) if t != END]
    every = [(END, END), *((a, b) for a in endless for b in range(7))]
    chances = F.log_softmax(model(tw.take(SOURCE, [0] * len(every), 0), tw.asarray(every)), -1)
    picked = tw.take_along_axis(chances, tw.asarray(every)[:, :, None], axis=2)[..., 0].tolist()
    scores = sorted([picked[0][0], *(sum(pair) for pair in picked[1:])], reverse=True)
    np.testing.assert_allclose(found.scores[0, : len(every)], scores, rtol=1e-9)
    assert tw.isinf(found.scores[0, len(every) :]).all()


@each()
def test_gradients(options):
    """Of all parameters, against finite differences."""
    model = seq2seq(**options)
    parameters = list(model.parameters())
    F.cross_entropy(model(SOURCE, TARGET, LENGTHS).swapaxes(1, 2), TARGET).backward()
    rng = np.random.default_rng(0)
    for parameter in parameters:
        direction = tw.asarray(rng.normal(size=parameter.shape))
        slope, losses = (parameter.grad * direction).sum().item(), []
        for step in (1e-5, -2e-5):
            with tw.no_grad():
                parameter.copy_(parameter + direction * step)
                logits = model(SOURCE, TARGET, LENGTHS)
                losses.append(F.cross_entropy(logits.swapaxes(1, 2), TARGET).item())
        with tw.no_grad():
            parameter.copy_(parameter + direction * 1e-5)
        assert math.isclose((losses[0] - losses[1]) / 2e-5, slope, rel_tol=1e-4, abs_tol=1e-7)


def test_one_direction_hands_its_states_over():
    """Without maps between: the decoder goes on where the encoder ended."""
    model = seq2seq(cell="gru", attention=None, bidirectional=False)
    _, h = model.encoder.rnn(model.encoder.embedding(SOURCE[:1, :2]))
    before = tw.asarray([[1, *TARGET[0, :-1].tolist()]])
    y, _ = model.decoder.rnn(model.decoder.embedding(before), h)
    close(model(SOURCE[:1, :2], TARGET[:1]), model.decoder.output(y))


def test_reading_backwards():
    model, forwards = seq2seq(reverse=True), seq2seq()
    turned = SOURCE.copy()
    for i, n in enumerate(LENGTHS):
        turned[i, :n] = tw.flip(SOURCE[i, :n])
    close(model(SOURCE, TARGET, LENGTHS), forwards(turned, TARGET, LENGTHS))
    weights, there = model.align(SOURCE, TARGET, LENGTHS), forwards.align(turned, TARGET, LENGTHS)
    for i, n in enumerate(LENGTHS):
        close(weights[i, :, :n], tw.flip(there[i, :, :n], axis=1))
    close(model(SOURCE, TARGET), forwards(tw.flip(SOURCE, axis=1), TARGET))


@pytest.mark.parametrize("attend", ["after", "before"])
def test_scheduled_sampling(attend):
    """0 is teacher forcing; with 1 the logits are those of greedy search, whatever the target; between, a mixture."""
    model = seq2seq(attend=attend)
    taught = model(SOURCE, TARGET, LENGTHS)
    close(model(SOURCE, TARGET, LENGTHS, sampling=1e-300), taught)
    own = model(SOURCE, TARGET, LENGTHS, sampling=1)
    close(own, model(SOURCE, (TARGET + 1) % 7, LENGTHS, sampling=1))
    chosen = own.argmax(axis=-1)
    close(own, model(SOURCE, chosen, LENGTHS))
    tw.random.seed(5)
    first = model(SOURCE, TARGET, LENGTHS, sampling=0.5)
    assert (first != taught).any() and (first != own).any()
    tw.random.seed(5)
    np.testing.assert_array_equal(model(SOURCE, TARGET, LENGTHS, sampling=0.5).detach(), first.detach())


def test_dropout_acts_in_training_alone():
    model = seq2seq(dropout=0.5, num_layers=2)
    still = model(SOURCE, TARGET)
    np.testing.assert_array_equal(model(SOURCE, TARGET).detach(), still.detach())
    found, weights = model.generate(SOURCE, max_length=4, width=2), model.align(SOURCE, TARGET)
    assert (model.train()(SOURCE, TARGET) != still).any()
    for got, want in zip(model.generate(SOURCE, max_length=4, width=2), found, strict=True):
        np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(model.align(SOURCE, TARGET), weights)
    assert all(module.training for module in model.modules())
    reader = EpisodicReader(9, 3, 4, 5, dropout=0.5)
    np.testing.assert_array_equal(reader.gates(SOURCE), reader.gates(SOURCE))
    model = CaptionModel(7, 5, 6, features=8)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    model.generate(pictures().astype("float32"), max_length=3)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_state_dicts_make_the_trip():
    a, b = seq2seq(0, num_layers=2), seq2seq(1, num_layers=2)
    b.load_state_dict({name: value.numpy() for name, value in a.state_dict().items()})
    np.testing.assert_array_equal(a(SOURCE, TARGET).detach(), b(SOURCE, TARGET).detach())


def learn(model, loss, steps, lr=1e-2):
    optimizer = tw.optim.Adam(model.train().parameters(), lr=lr)
    for step in range(steps):
        optimizer.zero_grad()
        loss(step).backward()
        optimizer.step()
    model.eval()


def reversals(count, seed):
    """Words of 3 to 5 letters, and the same from the end, with the end token."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 6, count)
    source, target = np.zeros((count, 5), int), np.zeros((count, 6), int)
    for i, n in enumerate(lengths):
        source[i, :n] = rng.integers(3, 8, n)
        target[i, : n + 1] = [*source[i, :n][::-1], END]
    return tw.asarray(source), tw.asarray(target), tw.asarray(lengths)


def test_it_learns_to_turn_words_around():
    """Other words than it is tested on; the weights go from the end to the start."""
    tw.random.seed(0)
    model = Seq2Seq(8, 8, 16, 32, cell="gru", attention="bilinear")
    source, target, lengths = reversals(640, 0)

    def loss(step):
        part = slice(step % 10 * 64, step % 10 * 64 + 64)
        logits = model(source[part], target[part], lengths[part], sampling=0.2 if step > 150 else 0)
        return F.cross_entropy(logits.swapaxes(1, 2), target[part], ignore_index=PADDING)

    learn(model, loss, 180)
    source, target, lengths = reversals(200, 1)
    found = model.generate(source, lengths, max_length=6, width=3).tokens[:, 0]
    right = [found[i, : n + 1].tolist() == target[i, : n + 1].tolist() for i, n in enumerate(lengths.tolist())]
    assert sum(right) > 150  # by chance none
    looked = model.align(source, target, lengths).argmax(axis=2)
    assert (looked[:, 0] > looked[:, 2]).mean().item() > 0.9


WRONG = [
    (lambda m: m(SOURCE[0], TARGET), ValueError, r"source has shape \(6,\), but must be \(N, T\)"),
    (lambda m: m(SOURCE * 1.0, TARGET), TypeError, "source has dtype float32, but tokens are integers"),
    (lambda m: m(SOURCE + 9, TARGET), ValueError, r"source\[0, 0\] is \d+, but tokens are numbers below 9"),
    (lambda m: m(SOURCE, TARGET - 7), ValueError, r"target\[0, 0\] is -\d, but tokens are numbers below 7"),
    (lambda m: m(SOURCE, TARGET[:2]), ValueError, r"target has shape \(2, 5\), but must be \(4, at least 1\)"),
    (lambda m: m(SOURCE[:, :0], TARGET), ValueError, r"source has shape \(4, 0\), but must have tokens"),
    (lambda m: m(SOURCE, TARGET, [6, 7, 1, 1]), ValueError, r"lengths\[1\] is 7, but must be from 0 to 6"),
    (lambda m: m(SOURCE, TARGET, [6, 1]), ValueError, "there are 2 lengths, but 4 sequences"),
    (lambda m: m(SOURCE, TARGET, sampling=2), ValueError, "sampling is 2.0"),
    (lambda m: m.generate(SOURCE, max_length=0), ValueError, "max_length is 0"),
    (lambda m: seq2seq(attention=None).align(SOURCE, TARGET), RuntimeError, "align needs attention"),
    (lambda m: Seq2Seq(0, 5), ValueError, "source_tokens is 0"),
    (lambda m: Seq2Seq(5, 0), ValueError, "target_tokens is 0"),
    (lambda m: Seq2Seq(5, 5, end=5), ValueError, "end is 5, but must be at most 4"),
    (lambda m: Seq2Seq(5, 5, cell="tanh"), ValueError, "cell is 'tanh', but must be"),
    (lambda m: Seq2Seq(5, 5, attention="self"), ValueError, "attention is 'self', but must be"),
    (lambda m: Seq2Seq(5, 5, attend="during"), ValueError, "attend is 'during', but must be"),
    (lambda m: Seq2Seq(5, 5, dropout=1.5), ValueError, "dropout is 1.5"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(seq2seq())


# ---- CaptionModel ----------------------------------------------------------------------------------------------------

WORDS = tokens(7, 3, 4, seed=2)


def captioner(**options):
    tw.random.seed(0)
    return CaptionModel(7, 5, 6, features=8, **options).double().eval()


def pictures(*shape):
    return tw.random.Generator(3).normal(size=shape or (3, 3, 8, 12), dtype="float64")


@pytest.mark.parametrize("options", [{}, {"cell": "gru", "num_layers": 2}, {"attend": "after", "attention": "dot"}])
def test_captions(options):
    if options.get("attention") == "dot":
        options = {**options, "cell": "rnn"}
        model = CaptionModel(7, 5, 8, features=8, **options).double().eval()
    else:
        model = captioner(**options)
    images = pictures()
    logits, weights = model(images, WORDS), model.align(images, WORDS)
    assert logits.shape == (3, 4, 7) and weights.shape == (3, 4, 2, 3)
    np.testing.assert_allclose(weights.sum(axis=(2, 3)), np.ones((3, 4)), rtol=1e-12)
    found = model.generate(images, max_length=5, width=3)
    for i in range(3):
        one = slice(i, i + 1)
        close(model(images[one], WORDS[one]), logits[one])
        close(model.align(images[one], WORDS[one]), weights[one])
        alone = model.generate(images[one], max_length=5, width=3)
        assert found.tokens[i, :, : alone.tokens.shape[2]].tolist() == alone.tokens[0].tolist()
        close(found.scores[i], alone.scores[0])
    F.cross_entropy(logits.swapaxes(1, 2), WORDS).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name


def test_captions_take_any_encoder():
    model = CaptionModel(7, 5, 6, encoder=nn.Conv2d(1, 8, 3, stride=2), features=8)
    assert model(tw.zeros((3, 1, 9, 7)), WORDS).shape == (3, 4, 7)
    assert model.align(tw.zeros((3, 1, 9, 7)), WORDS).shape == (3, 4, 4, 3)


def test_captions_learn_where_to_look():
    """Two halves of an image, each bright or dark: the first word says how the left is, the second the right."""
    tw.random.seed(0)
    images = tw.random.normal(0, 0.1, size=(64, 1, 8, 16))
    bright = tw.random.integers(0, 2, size=(64, 2))
    images = images + tw.concatenate([bright[:, :1, None, None] + tw.zeros((64, 1, 8, 8)),
                                      bright[:, 1:, None, None] + tw.zeros((64, 1, 8, 8))], axis=3)  # fmt: skip
    target = tw.concatenate([bright + 3, tw.full((64, 1), END)], axis=1)
    model = CaptionModel(5, 8, 16, in_channels=1, features=8, cell="gru")
    learn(model, lambda step: F.cross_entropy(model(images, target).swapaxes(1, 2), target), 60, 2e-2)
    found = model.generate(images, max_length=3).tokens[:, 0]
    assert (found[:, :2] == target[:, :2]).mean().item() > 0.95


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: captioner()(pictures(3, 8, 12), WORDS), r"images has shape \(3, 8, 12\), but must be \(N, C, H, W\)"),
        (lambda: CaptionModel(7, encoder=nn.Conv2d(3, 4, 3))(tw.zeros((3, 3, 8, 8)), WORDS), r"the encoder gave shape"),
        (lambda: CaptionModel(7, encoder=nn.Flatten())(tw.zeros((3, 3, 8, 8)), WORDS), r"must give \(N, 64, h, w\)"),
        (lambda: CaptionModel(7, attention=None), "attention is None"),
        (lambda: CaptionModel(7, encoder="cnn"), "encoder is 'cnn', but must be a Module or None"),
        (lambda: CaptionModel(7, features=1), "features is 1, but must be at least 2"),
    ],
)
def test_captions_errors(call, message):
    with pytest.raises((ValueError, TypeError), match=f"^CaptionModel: .*{message}"):
        call()


# ---- EpisodicReader --------------------------------------------------------------------------------------------------


def reader(**options):
    tw.random.seed(0)
    return EpisodicReader(9, 3, 4, 5, **options).double().eval()


@pytest.mark.parametrize("options", [{}, {"passes": 1}, {"bidirectional": False, "passes": 2}], ids=str)
@pytest.mark.parametrize("asked", [False, True])
def test_readers_take_lengths(options, asked):
    """A batch is its texts; gates of padding are 0."""
    model = reader(**options)
    question = (SOURCE[:, :3] if asked else None, [3, 1, 2, 3] if asked else None)
    together, gates = model(SOURCE, LENGTHS, *question), model.gates(SOURCE, LENGTHS, *question)
    assert together.shape == (4, 3) and gates.shape == (4, model.passes, 6)
    for i, n in enumerate(LENGTHS):
        own = (SOURCE[i : i + 1, : question[1][i]],) if asked else ()
        close(model(SOURCE[i : i + 1, :n], None, *own), together[i : i + 1])
        close(model.gates(SOURCE[i : i + 1, :n], None, *own), gates[i : i + 1, :, :n])
        assert (gates[i, :, n:] == 0).all() and ((gates[i, :, :n] > 0) & (gates[i, :, :n] < 1)).all()
    together.sum().backward()
    for name, parameter in model.named_parameters():
        unused = name == "question" if asked else name.startswith("asker")
        assert (parameter.grad is None) == unused, name


def test_readers_follow_the_paper():
    """A text and its passes, by the formulas."""
    model = reader(passes=2, bidirectional=False)
    state = {name: value.numpy() for name, value in model.state_dict().items()}

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    def gru(name, x, h):
        wx = state[f"{name}.weight_ih"] @ x + state[f"{name}.bias_ih"]
        wh = state[f"{name}.weight_hh"] @ h + state[f"{name}.bias_hh"]
        r, z = sigmoid(wx[:5] + wh[:5]), sigmoid(wx[5:10] + wh[5:10])
        return (1 - z) * np.tanh(wx[10:] + r * wh[10:]) + z * h

    facts = model.reader(model.embedding(SOURCE[:1]))[0][0].detach().numpy()
    q = memory = state["question"]
    for turn in range(2):
        h = np.zeros(5)
        for t, c in enumerate(facts):
            w = state["bilinear.weight"]
            looks = [[c @ w @ q], [c @ w @ memory]]
            z = np.concatenate([c, memory, q, c * q, c * memory, abs(c - q), abs(c - memory), *looks])
            hidden = np.tanh(state["gate.0.weight"] @ z + state["gate.0.bias"])
            g = sigmoid(state["gate.1.weight"] @ hidden + state["gate.1.bias"])[0]
            np.testing.assert_allclose(model.gates(SOURCE[:1])[0, turn, t], g, rtol=1e-9)
            h = g * gru("episode", c, h) + (1 - g) * h
        memory = gru("memory", h, memory)
    logits = state["output.weight"] @ memory + state["output.bias"]
    np.testing.assert_allclose(model(SOURCE[:1])[0].detach(), logits, rtol=1e-9)


def test_readers_learn_what_a_negation_does():
    """Word 2 turns the meaning of word 3 or 4 around, wherever they stand."""
    rng = np.random.default_rng(0)
    texts, labels = rng.integers(5, 9, (256, 6)), rng.integers(0, 2, 256)
    for text, label in zip(texts, labels, strict=True):
        place, turned = rng.integers(1, 6), rng.integers(0, 2)
        text[place], text[place - 1] = 3 + (label ^ turned), 2 if turned else text[place - 1]
    tw.random.seed(0)
    model = EpisodicReader(9, 2, 8, 16, passes=2)
    texts, labels = tw.asarray(texts), tw.asarray(labels)
    learn(model, lambda step: F.cross_entropy(model(texts[:192]), labels[:192]), 60, 2e-2)
    assert (model(texts[192:]).argmax(axis=1) == labels[192:]).mean().item() > 0.9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m(SOURCE + 9), r"text\[0, 0\] is \d+, but tokens are numbers below 9"),
        (lambda m: m(SOURCE[:, :0]), r"text has shape \(4, 0\), but must have words"),
        (lambda m: m(SOURCE, [1, 2, 3]), "there are 3 lengths, but 4 sequences"),
        (lambda m: m(SOURCE, None, SOURCE[:2]), r"question has shape \(2, 6\), but text \(4, 6\)"),
        (lambda m: m(SOURCE, None, SOURCE, [9, 1, 1, 1]), r"lengths\[0\] is 9"),
        (lambda m: reader(passes=0), "passes is 0, but must be at least 1"),
    ],
)
def test_readers_errors(call, message):
    with pytest.raises(ValueError, match=f"^EpisodicReader: {message}"):
        call(reader())
