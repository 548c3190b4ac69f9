"""Language models: probabilities by hand, networks against NumPy, vectors of words."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn

# ---- n-grams ---------------------------------------------------------------------------------------------------------

TEXT = [0, 0, 1, 0, 2]  # a a b a c, and there is a d: a is followed by each of a, b, c once
BY_HAND = [
    ("add_k", {"k": 0.5}, {(0,): 3.5 / 7, (3,): 0.5 / 7, (0, 1): 1.5 / 5, (0, 3): 0.1, (1, 0): 0.5, (2, 1): 0.25}),
    (
        "jelinek_mercer",
        {"weights": (0.5, 0.8)},
        {(0,): 0.425, (1,): 0.225, (3,): 0.125, (0, 1): 0.8 / 3 + 0.2 * 0.225, (0, 3): 0.025, (2, 1): 0.225},
    ),
    # Nothing is discounted, for there are no pairs: each context counts once more.
    (
        "katz",
        {},
        {(0,): 1 / 2, (1,): 1 / 6, (3,): 1 / 6, (0, 1): 1 / 4, (0, 3): 1.5 / 6, (1, 0): 1 / 2, (1, 1): 1 / 6},
    ),
    # Before a stand two tokens, before b and c one: D = 2 / (2 + 2 * 1) there, and 0.5 for want of an estimate above.
    ("kneser_ney", {}, {(0,): 0.46875, (1,): 0.21875, (3,): 0.09375, (0, 1): 0.5 / 3 + 0.109375, (0, 3): 0.046875}),
    ("modified_kneser_ney", {}, {(0,): 0.46875, (0, 1): 0.5 / 3 + 0.109375, (3, 0): 0.46875}),
]


@pytest.mark.parametrize(("smoothing", "options", "probabilities"), BY_HAND, ids=[case[0] for case in BY_HAND])
def test_probabilities_by_hand(smoothing, options, probabilities):
    model = models.NGramModel(2, 4, smoothing=smoothing, **options).fit(TEXT)
    for (*context, token), want in probabilities.items():
        assert model.probability(token, context) == pytest.approx(want, rel=1e-14), (context, token)
    steps = [model.probability(w, TEXT[:i]) for i, w in enumerate(TEXT)]
    assert model.log_probability(TEXT) == pytest.approx(math.log(math.prod(steps)))
    assert model.perplexity(TEXT) == pytest.approx(math.prod(steps) ** (-1 / 5))
    assert model.count([0]) == 3 and model.count([0, 2]) == 1 and model.count([2, 0]) == 0


def of_counts(*counts):
    """A text in which tokens come up so often."""
    return [token for token, count in enumerate(counts) for _ in range(count)]


def test_discounts_by_hand():
    text, v = of_counts(1, 1, 1, 2, 2, 3, 4), 8  # n_1 = 3, n_2 = 2, n_3 = n_4 = 1: Y = 3 / 7
    one = models.NGramModel(1, v, smoothing="kneser_ney").fit(text)
    assert one.distribution().tolist() == pytest.approx(
        [(c - 3 / 7 * (c > 0)) / 14 + 3 / 14 / 8 for c in (1, 1, 1, 2, 2, 3, 4, 0)]
    )
    three = models.NGramModel(1, v, smoothing="modified_kneser_ney").fit(text)
    lowered = [4 / 7] * 3 + [2 - 19 / 14] * 2 + [3 - 9 / 7, 4 - 9 / 7, 0]
    assert three.distribution().tolist() == pytest.approx([c / 14 + 23 / 49 / 8 for c in lowered])
    given = models.NGramModel(1, v, smoothing="modified_kneser_ney", discount=0.25).fit(text)
    assert given.probability(6) == pytest.approx(3.75 / 14 + 7 * 0.25 / 14 / 8)


def test_katz_by_hand():
    """n_1 = 10, n_2 = 4, n_3 = 2: discounts up to counts of 2, b = 0.6, d_1 = 0.2 / 0.4, d_2 = 0.15 / 0.4."""
    model = models.NGramModel(1, 20, smoothing="katz").fit(of_counts(*[1] * 10, *[2] * 4, *[3] * 2))
    want = [0.5] * 10 + [0.75] * 4 + [3] * 2 + [10 / 4] * 4  # what was not seen has n_1 / N, as Good and Turing say
    assert model.distribution().tolist() == pytest.approx([c / 24 for c in want])


def kneser_ney(text, order, v, discount):
    """p(w | c) by the formula, from dictionaries."""
    grams = [Counter(tuple(text[i : i + m]) for i in range(len(text) - m + 1)) for m in range(order + 1)]
    for m in range(order - 1, 0, -1):
        before = Counter(gram[1:] for gram in grams[m + 1])
        grams[m] = Counter({gram: before[gram] for gram in grams[m]})

    def probability(w, context):
        lower = probability(w, context[1:]) if context else 1 / v
        after = [n for gram, n in grams[len(context) + 1].items() if gram[:-1] == context and n]
        if not after:
            return lower
        count = grams[len(context) + 1][(*context, w)]
        return (max(count - discount, 0) + discount * len(after) * lower) / sum(after)

    return probability


def test_kneser_ney_against_dictionaries():
    rng = np.random.default_rng(0)
    text, v = rng.choice(4, size=60, p=[0.5, 0.3, 0.15, 0.05]).tolist(), 5
    model = models.NGramModel(3, v, smoothing="kneser_ney", discount=0.6).fit(text)
    want = kneser_ney(text, 3, v, 0.6)
    for context in itertools.chain([()], *(itertools.product(range(v), repeat=m) for m in (1, 2))):
        assert model.distribution(context).tolist() == pytest.approx([want(w, context) for w in range(v)]), context


SMOOTHINGS = [case[0] for case in BY_HAND]


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize(("v", "length"), [(4, 30), (6, 3000), (30, 2000), (3, 2), (2, 0)])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_every_distribution_sums_to_one(smoothing, v, length, order):
    rng = np.random.default_rng(v)
    weights = rng.dirichlet(np.full(v, 0.3))
    text, other = rng.choice(v, size=length, p=weights), rng.integers(v, size=4)
    model = models.NGramModel(order, v, smoothing=smoothing).fit(text, other)
    seen = [text[i : i + m] for m in range(order) for i in range(max(0, min(8, length - m)))]
    for context in [*seen, *(rng.integers(v, size=m) for m in range(order + 2))]:
        p = model.distribution(context).numpy()
        assert p.shape == (v,) and p.min() > 0 and abs(p.sum() - 1) < 1e-12
        token = int(rng.integers(v))
        assert model.probability(token, context) == pytest.approx(p[token], rel=1e-13)


def test_sequences_are_kept_apart():
    model = models.NGramModel(2, 3).fit([0, 1], [2, 0])
    assert (model.count([0, 1]), model.count([1, 2]), model.count([2, 0]), model.count([0])) == (1, 0, 1, 2)


def test_shorter_contexts_help():
    """A text of a chain of second order: trigrams describe it best, single tokens worst."""
    rng = np.random.default_rng(2)
    chain, text = rng.dirichlet(np.full(6, 0.2), size=(6, 6)), [0, 1]
    for u in rng.random(3000):
        text.append(int(min(5, np.searchsorted(np.cumsum(chain[text[-2], text[-1]]), u))))
    for smoothing in SMOOTHINGS:
        found = [
            models.NGramModel(n, 6, smoothing=smoothing).fit(text[:2000]).perplexity(text[2000:]) for n in (1, 2, 3)
        ]
        assert found[0] > 1.2 * found[1] > 1.2 * found[2], smoothing


def test_generated_text_follows_the_counts():
    model = models.NGramModel(3, 5, smoothing="add_k", k=1e-9).fit([0, 1, 2, 3, 4] * 9)
    assert model.generate([1], 6, generator=tw.random.Generator(0)).tolist() == [1, 2, 3, 4, 0, 1, 2]
    texts = [
        models.NGramModel(2, 5).fit([0, 1, 0, 2, 0]).generate([], 40, generator=tw.random.Generator(7)) for _ in "ab"
    ]
    assert texts[0].shape == (40,) and texts[0].tolist() == texts[1].tolist()


# ---- networks --------------------------------------------------------------------------------------------------------


def arrays(net):
    return {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}


def train(net, loss, steps, lr=0.02):
    optimizer = tw.optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()


@pytest.mark.parametrize("direct", [False, True])
def test_the_neural_model_is_the_papers(direct):
    v, n, m, h = 11, 4, 3, 5
    net = models.NeuralLanguageModel(v, n - 1, m, h, direct=direct).double()
    count = v * (1 + n * m + h) + h * (1 + (n - 1) * m)
    assert sum(p.size for p in net.parameters()) == (count if direct else count - v * (n - 1) * m)
    w = arrays(net)
    tokens = np.random.default_rng(0).integers(v, size=(2, 6, n - 1))
    x = w["embedding.weight"][tokens].reshape(2, 6, -1)
    want = np.tanh(x @ w["hidden.weight"].T + w["hidden.bias"]) @ w["output.weight"].T + w["output.bias"]
    want += x @ w["direct.weight"].T if direct else 0
    np.testing.assert_allclose(net(tokens).detach().numpy(), want, rtol=1e-12, atol=1e-12)


def test_the_neural_model_learns_a_rule():
    """The sum of the last two tokens, modulo 5."""
    tw.random.seed(0)
    text = [1, 1]
    while len(text) < 42:
        text.append((text[-1] + text[-2]) % 5)
    windows = np.lib.stride_tricks.sliding_window_view(np.array(text), 3)
    net = models.NeuralLanguageModel(5, 2, 8, 24, direct=True)
    train(net, lambda: nn.functional.cross_entropy(net(windows[:, :2]), windows[:, 2]), 60)
    assert net.generate(text[:3], 39, temperature=0).tolist() == text


CELLS = ("lstm", "gru", "rnn", "mrnn")


@pytest.mark.parametrize("cell", CELLS)
def test_states_go_on(cell):
    tw.random.seed(1)
    net = models.RNNLanguageModel(13, 6, 8, 1 if cell == "mrnn" else 2, cell=cell).double()
    tokens = tw.random.Generator(0).integers(13, size=(3, 9))
    logits, last = net(tokens)
    first, state = net(tokens[:, :4])
    second, state = net(tokens[:, 4:], nn.utils.detach_state(state))
    np.testing.assert_allclose(tw.concatenate([first, second], 1).detach().numpy(), logits.detach().numpy(), rtol=1e-12)
    for got, want in zip(*(s if isinstance(s, tuple) else (s,) for s in (state, last)), strict=True):
        np.testing.assert_allclose(got.detach().numpy(), want.detach().numpy(), rtol=1e-12)
    alone, _ = net(tokens[1])
    np.testing.assert_allclose(alone.detach().numpy(), logits[1].detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
def test_recurrent_models_learn_what_one_token_does_not_tell(cell):
    """After a comes b or c, in turns."""
    tw.random.seed(2)
    text = tw.asarray([0, 1, 0, 2] * 8)
    net = models.RNNLanguageModel(3, 16, 16, cell=cell)
    train(net, lambda: nn.functional.cross_entropy(net(text[:-1])[0], text[1:]), 120)
    assert net.generate(text[:4], 24, temperature=0).tolist() == text[:28].tolist()
    _, state = net(text[:2])
    assert net.generate(text[2:4], 24, temperature=0, state=state).tolist() == text[2:28].tolist()


def test_generate_is_seeded_and_without_dropout():
    tw.random.seed(3)
    net = models.RNNLanguageModel(20, 16, 16, 2, dropout=0.5).train()
    texts = [net.generate([[1], [2]], 30, top_k=5, generator=tw.random.Generator(s)).tolist() for s in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2] and net.training and net.rnn.training
    greedy = [1]
    net.eval()
    for _ in range(10):
        greedy.append(net(greedy)[0][-1].argmax().item())
    assert net.generate([1], 10, temperature=0).tolist() == greedy and not net.training
    net.train().rnn.eval()
    net.generate([1], 2)
    assert net.training and net.drop.training and not net.rnn.training


def test_tied_weights_are_one():
    v, h = 30, 8
    tied, free = (models.RNNLanguageModel(v, h, h, tie_weights=tie) for tie in (True, False))
    assert tied.decoder.weight is tied.embedding.weight
    of_lstm = 4 * h * (h + h + 2)
    assert sum(p.size for p in tied.parameters()) == v * h + of_lstm + v
    assert sum(p.size for p in free.parameters()) == 2 * v * h + of_lstm + v
    tied(tw.arange(5))[0].sum().backward()
    assert (tied.embedding.weight.grad != 0).all().item()  # the decoder's part reaches every row


def test_the_multiplicative_layer_has_a_matrix_for_each_input():
    layer = models.MultiplicativeRNN(3, 5, factors=4).double()
    rng = np.random.default_rng(0)
    with tw.no_grad():
        layer.bias.copy_(tw.asarray(rng.normal(size=5)))
    w, x, h = arrays(layer), rng.normal(size=(6, 2, 3)), rng.normal(size=(1, 2, 5))
    output, last = layer(x, h)
    state = h[0]
    for t in range(6):
        for b in range(2):
            matrix = w["weight_hf"] @ np.diag(w["weight_fx"] @ x[t, b]) @ w["weight_fh"]
            state[b] = np.tanh(matrix @ state[b] + w["weight_hx"] @ x[t, b] + w["bias"])
        np.testing.assert_allclose(output[t].detach().numpy(), state, rtol=1e-12)
    np.testing.assert_allclose(last.detach().numpy()[0], state, rtol=1e-12)
    assert layer(tw.zeros((0, 2, 3)))[0].shape == (0, 2, 5)


def test_weights_are_any_sequence_of_numbers():
    first, *others = [
        models.NGramModel(2, 3, smoothing="jelinek_mercer", weights=weights).fit([0, 1, 2, 1])
        for weights in ([0.25, 0.5], np.array([0.25, 0.5]), tw.asarray([0.25, 0.5]), (0.25, np.float32(0.5)))
    ]
    assert all(other.weights == first.weights and other.perplexity([1]) == first.perplexity([1]) for other in others)
    assert models.NGramModel(2, 3, weights=np.float64(0.5)).weights == (0.5, 0.5)


# ---- vectors of words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symmetric", [False, True])
def test_cooccurrences_are_counted(symmetric):
    rng = np.random.default_rng(0)
    texts, want = [rng.integers(7, size=length) for length in (40, 3, 0, 1)], np.zeros((7, 7))
    for text in texts:
        for i, j in itertools.product(range(len(text)), repeat=2):
            if 0 < i - j <= 4:
                want[text[i], text[j]] += 1 / (i - j)
                want[text[j], text[i]] += symmetric / (i - j)
    pairs = models.cooccurrences(*texts, vocab_size=7, window=4, symmetric=symmetric)
    got = np.zeros((7, 7))
    got[pairs.rows.numpy(), pairs.columns.numpy()] = pairs.counts.numpy()
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert len(pairs.counts) == (want > 0).sum()
    assert len(models.cooccurrences([1], vocab_size=2).counts) == 0


GROUPS, FORMS, NEAR = 4, 3, 6
SIZE = GROUPS * FORMS + (GROUPS + FORMS) * NEAR


def kin(kind):
    """The words that only stand near those of one group (the first kinds) or form."""
    return [GROUPS * FORMS + kind * NEAR + i for i in range(NEAR)]


def structured_text():
    """Sentences with word (g, f) in the middle and kin of g and f around it; a tenth of all words are any."""
    rng = np.random.default_rng(0)
    g, f = rng.integers(GROUPS, size=4000), rng.integers(FORMS, size=4000)
    of_g, of_f = (np.array([kin(k) for k in kinds]) for kinds in (range(GROUPS), range(GROUPS, GROUPS + FORMS)))
    around = [table[row, rng.integers(NEAR, size=4000)] for table, row in ((of_g, g), (of_f, f)) for _ in "ab"]
    sentences = np.stack([around[0], around[2], g * FORMS + f, around[1], around[3]], axis=1)
    return np.where(rng.random(sentences.shape) < 0.1, rng.integers(SIZE, size=sentences.shape), sentences)


@pytest.fixture(scope="module")
def glove():
    generator = tw.random.Generator(0)
    model = models.GloVe(SIZE, 8, generator=generator)
    pairs = models.cooccurrences(*structured_text(), vocab_size=SIZE, window=4)
    losses = model.fit(pairs, 59, lr=0.1, batch_size=256, generator=generator)
    return model, losses + model.fit(pairs, 1, lr=0.1, batch_size=256, generator=generator)


def test_glove_finds_neighbours(glove):
    model, losses = glove
    assert losses[-1] < 0.05 * losses[0] and losses[-1] < losses[-2] * 1.02
    for kind in range(GROUPS + FORMS):
        for word in kin(kind):
            words, cosines = model.nearest(word, NEAR - 1)
            assert sorted([word, *words.tolist()]) == kin(kind)
            assert sorted(cosines.tolist(), reverse=True) == cosines.tolist() and cosines.max().item() < 1
    assert len(model.nearest(0, 1000)[0]) == SIZE - 1


def test_glove_finds_analogies(glove):
    """(g, f) is to (g, e) as (k, f) is to (k, e)."""
    wrong = 0
    for g, k in itertools.permutations(range(GROUPS), 2):
        for f, e in itertools.permutations(range(FORMS), 2):
            words, cosines = glove[0].analogy(g * FORMS + f, g * FORMS + e, k * FORMS + f)
            wrong += words.tolist() != [k * FORMS + e]
            assert -1 <= cosines.item() <= 1
    assert wrong <= 2, f"{wrong} of 72"


def test_glove_is_the_formula():
    model = models.GloVe(5, 3, x_max=4, alpha=0.5, generator=tw.random.Generator(1))
    w, rows, columns, counts = arrays(model), [0, 3, 3], [1, 2, 4], [1.0, 16.0, 2.0]
    errors = (w["weight"][rows] * w["context_weight"][columns]).sum(1) - np.log(counts)
    pairs = models.Cooccurrences(tw.asarray(rows), tw.asarray(columns), tw.asarray(counts))
    np.testing.assert_allclose(model.vectors.numpy(), w["weight"] + w["context_weight"])
    weights = np.array([0.5, 1, math.sqrt(0.5)])
    before = {name: x.copy() for name, x in w.items()}
    (loss,) = model.fit(pairs, 1, lr=0.1)
    assert loss == pytest.approx((weights * errors**2).sum() / 2 / 3)
    gradient = np.array([weights[0] * errors[0], 0, 0, (weights * errors)[1:].sum(), 0])
    want = before["bias"] - 0.1 * gradient / np.sqrt(1 + gradient**2)
    np.testing.assert_allclose(model.bias.detach().numpy(), want, rtol=1e-5)


# ---- errors ----------------------------------------------------------------------------------------------------------


def fitted(**options):
    return models.NGramModel(2, 4, **options).fit([0, 1, 2])


def of_pairs(*pairs):
    return models.GloVe(3, 2).fit(models.Cooccurrences(*pairs), 1)


ERRORS = [
    (ValueError, "NGramModel: order is 0", lambda: models.NGramModel(0, 4)),
    (ValueError, "NGramModel: vocab_size is 0", lambda: models.NGramModel(1, 0)),
    (ValueError, "NGramModel: smoothing is 'good'", lambda: models.NGramModel(1, 4, smoothing="good")),
    (ValueError, "NGramModel: k is 0.0, but must be above 0", lambda: fitted(smoothing="add_k", k=0)),
    (ValueError, "NGramModel: weights are .*, but must lie", lambda: fitted(weights=(0.5, 1.5))),
    (ValueError, "NGramModel: weights has 3 entries", lambda: fitted(weights=(0.5, 0.5, 0.5))),
    (ValueError, "NGramModel: discount is 1.0, but must be between", lambda: fitted(discount=1)),
    (ValueError, "perplexity: nothing has been counted yet", lambda: models.NGramModel(2, 4).perplexity([1])),
    (ValueError, "NGramModel.fit: sequence 1 contains 4, but", lambda: models.NGramModel(2, 4).fit([0], [0, 4])),
    (ValueError, r"fit: sequence 0 has shape \(1, 2\), but must be 1-D", lambda: models.NGramModel(2, 4).fit([[0, 1]])),
    (TypeError, "fit: sequence 0 has dtype float32", lambda: models.NGramModel(2, 4).fit([0.0])),
    (ValueError, "count: ngram has 3 tokens, but must have 1 to 2", lambda: fitted().count([0, 1, 2])),
    (ValueError, "probability: token is -1, but must be at least 0", lambda: fitted().probability(-1)),
    (TypeError, "probability: token is a list, but must be an integer", lambda: fitted().probability([1])),
    (ValueError, "distribution: context contains 9", lambda: fitted().distribution([9])),
    (ValueError, "NGramModel.perplexity: tokens are empty", lambda: fitted().perplexity([])),
    (ValueError, "NeuralLanguageModel: context is 0", lambda: models.NeuralLanguageModel(5, 0, 2, 3)),
    (
        ValueError,
        r"NeuralLanguageModel: input has shape \(2,\), but must be \(..., 3\)",
        lambda: models.NeuralLanguageModel(5, 3, 2, 3)([0, 1]),
    ),
    (
        ValueError,
        r"NeuralLanguageModel.generate: prompt has shape \(2,\), but must have 3 tokens",
        lambda: models.NeuralLanguageModel(5, 3, 2, 3).generate([0, 1], 1),
    ),
    (ValueError, "RNNLanguageModel: cell is 'cnn'", lambda: models.RNNLanguageModel(5, 2, 3, cell="cnn")),
    (ValueError, "must be equal where weights are tied", lambda: models.RNNLanguageModel(5, 2, 3, tie_weights=True)),
    (ValueError, 'num_layers is 2, but must be 1 for "mrnn"', lambda: models.RNNLanguageModel(5, 2, 3, 2, cell="mrnn")),
    (TypeError, "RNNLanguageModel: input has dtype float32", lambda: models.RNNLanguageModel(5, 2, 3)([0.5])),
    (ValueError, r"RNNLanguageModel: input has shape \(\)", lambda: models.RNNLanguageModel(5, 2, 3)(0)),
    (ValueError, r"generate: prompt has shape \(0,\)", lambda: models.RNNLanguageModel(5, 2, 3).generate([], 3)),
    (IndexError, "5", lambda: models.RNNLanguageModel(5, 2, 3)([5])),
    (ValueError, "MultiplicativeRNN: factors is 0", lambda: models.MultiplicativeRNN(2, 3, 0)),
    (
        ValueError,
        r"MultiplicativeRNN: input has shape \(4, 3\)",
        lambda: models.MultiplicativeRNN(2, 3)(tw.zeros((4, 3))),
    ),
    (
        ValueError,
        r"MultiplicativeRNN: hx has shape \(5, 3\), but must be \(1, 5, 3\)",
        lambda: models.MultiplicativeRNN(2, 3)(tw.zeros((4, 5, 2)), tw.zeros((5, 3))),
    ),
    (ValueError, "cooccurrences: window is 0", lambda: models.cooccurrences([0], vocab_size=1, window=0)),
    (ValueError, "cooccurrences: sequence 0 contains 1", lambda: models.cooccurrences([1], vocab_size=1)),
    (ValueError, "GloVe: alpha is 0.0, but must be above 0", lambda: models.GloVe(3, 2, alpha=0)),
    (TypeError, "fit: pairs is a tuple, but must be Cooccurrences", lambda: models.GloVe(3, 2).fit((1, 2, 3), 1)),
    (ValueError, "GloVe.fit: columns contains 3, but tokens are", lambda: of_pairs([0], [3], [1.0])),
    (ValueError, "GloVe.fit: counts must be above 0", lambda: of_pairs([0, 1], [1, 0], [1.0, 0.0])),
    (ValueError, r"GloVe.fit: pairs have shapes \(1,\), \(1,\) and \(2,\)", lambda: of_pairs([0], [1], [1.0, 2.0])),
    (IndexError, "index -1 is out of bounds", lambda: models.GloVe(3, 2)([-1], [0])),
    (ValueError, "fit: there are no pairs", lambda: models.GloVe(3, 2).fit(models.cooccurrences(vocab_size=3), 1)),
    (ValueError, "nearest: word is 3, but must be at most 2", lambda: models.GloVe(3, 2).nearest(3)),
    (ValueError, "analogy: k is 0, but must be at least 1", lambda: models.GloVe(3, 2).analogy(0, 1, 2, 0)),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
