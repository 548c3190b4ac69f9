"""Beam search against search over all sequences, and against taking the most probable token each time."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import tilewright as tw
from tilewright.models import beam_search

TOKENS, END = 4, 0


def chain(seed, count):
    """A model whose next token depends on the last two: log-probabilities (N, before, last, next)."""
    logits = np.random.default_rng(seed).normal(size=(count, TOKENS, TOKENS, TOKENS)) * 2
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def searched(table, *, with_dead_ends=False, **options):
    """`beam_search`; the state has the token before the last, and whose table it is."""
    table = tw.asarray(table)
    if with_dead_ends:
        table = tw.where(table < -2, -math.inf, table)

    def step(tokens, state):
        assert tokens.dtype.name == "int64" and tokens.shape == state["before"].shape == state["which"][0].shape
        return table[state["which"][0], state["before"], tokens], {"before": tokens, "which": state["which"]}

    count = len(table)
    start = tw.arange(count) % TOKENS
    state = {"before": tw.zeros(count, dtype="int64"), "which": (tw.arange(count), None)}
    return beam_search(step, state, start, end=END, **options)


def likelihood(table, start, tokens):
    before, last, total = 0, start, 0.0
    for token in tokens:
        total += table[before, last, token]
        before, last = last, token
    return total


def everything(longest):
    """All sequences that end, or have the greatest length."""
    for n in range(1, longest + 1):
        for tokens in itertools.product(range(TOKENS), repeat=n):
            if END not in tokens[:-1] and (tokens[-1] == END or n == longest):
                yield tokens


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_wide_beam_is_exhaustive(alpha):
    table = chain(0, 3)
    found = searched(table, width=200, max_length=4, length_penalty=alpha)
    for i in range(3):
        scored = [(likelihood(table[i], i, t) / ((5 + len(t)) / 6) ** alpha, t) for t in everything(4)]
        scored.sort(reverse=True)
        assert 100 < len(scored) <= found.scores.shape[1]
        for j, (score, tokens) in enumerate(scored):
            assert math.isclose(found.scores[i, j].item(), score, rel_tol=1e-9)
            assert found.lengths[i, j].item() == len(tokens)
            assert found.tokens[i, j].tolist() == [*tokens, *[END] * (found.tokens.shape[2] - len(tokens))]
        assert tw.isinf(found.scores[i, len(scored) :]).all()


def test_width_1_is_greedy():
    table = chain(1, 20)
    found = searched(table, max_length=12)
    for i in range(20):
        before, last, tokens = 0, i % TOKENS, []
        while len(tokens) < 12 and (not tokens or last != END):
            before, last = last, int(table[i, before, last].argmax())
            tokens.append(last)
        assert found.tokens[i, 0, : len(tokens)].tolist() == tokens and found.lengths[i, 0].item() == len(tokens)
        assert math.isclose(found.scores[i, 0].item(), likelihood(table[i], i % TOKENS, tokens), rel_tol=1e-9)
    assert 1 < found.lengths.min().item() + 1 < found.lengths.max().item()


@pytest.mark.parametrize("width", [2, 3, 5])
@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_several_at_once_are_each_alone(width, alpha):
    """Also against a beam written with lists."""
    table = chain(2, 8)
    options = {"width": width, "max_length": 7, "length_penalty": alpha}
    found = searched(table, **options)
    for i in range(8):
        beam = [((), 0.0)]
        for _ in range(7):
            done = [entry for entry in beam if entry[0] and entry[0][-1] == END]
            longer = [(*t, k) for t, _ in beam if not t or t[-1] != END for k in range(TOKENS)]
            grown = [(t, likelihood(table[i], i % TOKENS, t)) for t in longer]
            grown.sort(key=lambda entry: -entry[1])
            beam = done + grown[: width - len(done)]
        beam = sorted(((s / ((5 + len(t)) / 6) ** alpha, t) for t, s in beam), reverse=True)
        assert len(beam) == width
        for j, (score, tokens) in enumerate(beam):
            assert found.tokens[i, j, : len(tokens)].tolist() == list(tokens)
            assert math.isclose(found.scores[i, j].item(), score, rel_tol=1e-9)


def test_wider_beams_find_no_less():
    """With a beam that holds everything as the best of all."""
    table = chain(3, 30)
    best = searched(table, width=300, max_length=4).scores[:, 0]
    means = [searched(table, width=width, max_length=4).scores[:, 0].mean().item() for width in (1, 3, 9)]
    assert means[0] < means[1] <= means[2] <= best.mean().item()
    assert (searched(table, width=9, max_length=4).scores[:, 0] <= best + 1e-12).all()


def test_penalty_prefers_long_sequences():
    table = chain(4, 30)
    mean = [searched(table, width=40, max_length=5, length_penalty=a).lengths[:, 0].mean().item() for a in (0, 1, 3)]
    assert mean[0] < mean[1] < mean[2]


def test_tokens_of_no_probability():
    found = searched(chain(5, 4), with_dead_ends=True, width=5, max_length=6)
    assert tw.isfinite(found.scores[:, 0]).all() and not tw.isnan(found.scores).any()
    assert (found.scores[:, :-1] >= found.scores[:, 1:]).all()


def test_it_ends_when_all_have():
    calls = []

    def step(tokens, state):
        calls.append(tokens.shape)
        return tw.asarray([9.0, 0.0, 0.0]) + tw.zeros((*tokens.shape, 3)), state

    found = beam_search(step, None, [1, 2], end=0, max_length=50)
    assert calls == [(2, 1)] and found.tokens.tolist() == [[[0]], [[0]]] and found.lengths.tolist() == [[1], [1]]
    assert beam_search(step, None, tw.zeros(0, dtype="int32"), end=0, max_length=3, width=2).tokens.shape[0] == 0


def test_nothing_is_recorded():
    weight = tw.zeros(3, requires_grad=True)
    found = beam_search(lambda t, s: (weight + tw.zeros((*t.shape, 3)), s), None, [1], end=0, max_length=3, width=2)
    assert not found.scores.requires_grad


def call(**more):
    given = {"step": lambda t, s: (tw.zeros((*t.shape, 3)), s), "state": None, "start": [1, 1], "end": 0}
    return lambda: beam_search(**{**given, "max_length": 2, **more})


WRONG = [
    (call(step=3), TypeError, "step is 3, but must be callable"),
    (call(start=[1.0]), TypeError, "start has dtype float32, but tokens are integers"),
    (call(start=[[1]]), ValueError, r"start has shape \(1, 1\), but must be \(N,\)"),
    (call(end=-1), ValueError, "end is -1"),
    (call(max_length=0), ValueError, "max_length is 0"),
    (call(width=0), ValueError, "width is 0"),
    (call(length_penalty=-1), ValueError, "length_penalty is -1.0, but must be finite and at least 0"),
    (call(end=3), ValueError, r"step gave logits of shape \(2, 1, 3\), but must give \(2, 1, more than 3\)"),
    (call(step=lambda t, s: (tw.zeros((2, 3)), s)), ValueError, r"step gave logits of shape \(2, 3\)"),
    (call(step=lambda t, s: (tw.full((*t.shape, 3), math.nan), s)), ValueError, "logits contain nan"),
    (call(step=lambda t, s: (tw.full((*t.shape, 3), -math.inf), s)), ValueError, "logits have a row of -inf alone"),
    (call(step=lambda t, s: (None, s)), TypeError, "logits is None, but must be array-like"),
    (call(step=lambda t, s: None), TypeError, "what step gave is None, but must be a tuple of logits and a state"),
    (call(state=tw.zeros((3, 1))), ValueError, r"a leaf of state has shape \(3, 1\), but must be \(2, ...\)"),
    (call(state=("a",)), TypeError, "a leaf of state is 'a', but must be a Tensor or None"),
    (
        call(step=lambda t, s: (tw.zeros((*t.shape, 3)), tw.zeros((2, 3)))),
        ValueError,
        r"state has shape \(2, 3\), but must be \(2, 1, ...\)",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG)
def test_errors(wrong, error, message):
    with pytest.raises(error, match=f"^beam_search: .*{message}"):
        wrong()
