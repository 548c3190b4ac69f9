"""Drawing tokens: the distributions that temperature, top-k and top-p leave, seeds, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.models import generation

INF = float("inf")
NAN = float("nan")

LOGITS = [0.0, math.log(2), math.log(4), -INF, math.log(2), 0.0]  # 1, 2, 4, 0, 2, 1 of 10

DISTRIBUTIONS = [
    ({}, [1, 2, 4, 0, 2, 1]),
    ({"top_p": 1}, [1, 2, 4, 0, 2, 1]),
    ({"top_k": 6}, [1, 2, 4, 0, 2, 1]),
    ({"top_k": 2**70}, [1, 2, 4, 0, 2, 1]),
    ({"temperature": 0.5}, [1, 4, 16, 0, 4, 1]),
    ({"temperature": 0}, [0, 0, 1, 0, 0, 0]),
    ({"temperature": 1e-300}, [0, 0, 1, 0, 0, 0]),
    ({"top_k": 1}, [0, 0, 1, 0, 0, 0]),
    ({"top_p": 0}, [0, 0, 1, 0, 0, 0]),
    ({"top_k": 2}, [0, 2, 4, 0, 0, 0]),  # of equal ones the first
    ({"top_k": 3}, [0, 2, 4, 0, 2, 0]),
    ({"top_k": 4}, [1, 2, 4, 0, 2, 0]),
    ({"top_p": 0.39}, [0, 0, 1, 0, 0, 0]),
    ({"top_p": 0.41}, [0, 2, 4, 0, 0, 0]),
    ({"top_p": 0.61}, [0, 2, 4, 0, 2, 0]),
    ({"top_p": 0.91}, [1, 2, 4, 0, 2, 1]),
    ({"top_k": 3, "top_p": 0.74}, [0, 2, 4, 0, 0, 0]),  # 6 / 8 is enough, of 10 it would not be
    ({"temperature": 0.5, "top_p": 0.6}, [0, 0, 1, 0, 0, 0]),  # 16 / 26
]


@pytest.mark.parametrize(("options", "weights"), DISTRIBUTIONS)
def test_distributions(options, weights):
    want = np.array(weights) / sum(weights)
    got = generation.distribution(np.array([[LOGITS], [LOGITS[::-1]]]), **options)
    assert got.shape == (2, 1, 6) and got.dtype == tw.float64
    np.testing.assert_allclose(got.numpy()[0, 0], want, rtol=1e-14)
    np.testing.assert_array_equal(got.numpy()[0, 0] == 0, want == 0)
    drawn = generation.sample(tw.asarray([LOGITS] * 4000), **options, generator=tw.random.Generator(3))
    assert drawn.dtype == tw.int64
    often = np.bincount(drawn.numpy(), minlength=6) / 4000
    assert np.abs(often - want).max() < 4 * math.sqrt(0.25 / 4000) and not often[want == 0].any()


def test_a_cut_at_an_exact_sum():
    """Four equal tokens sum to 0.5 with two, exactly."""
    assert generation.distribution([1.0] * 4, top_p=0.5).tolist() == [0.5, 0.5, 0, 0]
    assert generation.distribution([1.0] * 4, top_p=0.500001).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    many = generation.distribution(tw.zeros(1000), top_p=1)
    assert (many == 1e-3).all().item() and len(many) == 1000


def test_shapes_and_dtypes():
    assert generation.sample(tw.zeros((2, 0, 3))).shape == (2, 0)
    assert generation.sample(tw.zeros((0, 3)), temperature=0).shape == (0,)
    for dtype in ("float16", "bfloat16", "float32", "float64", "int32"):
        assert generation.sample(tw.asarray([[0, 60]], dtype=dtype)).tolist() == [1]
    x = tw.asarray([0.0, 1.0], requires_grad=True)
    assert not generation.distribution(x).requires_grad
    assert generation.distribution(np.array([-1.7e308, 1.7e308])).tolist() == [0, 1]


def test_greedy_draws_nothing_and_seeds_repeat():
    generator = tw.random.Generator(5)
    logits = tw.random.Generator(0).normal(size=(20, 50))
    assert generation.sample(logits, temperature=0, generator=generator).tolist() == logits.argmax(1).tolist()
    assert generator.state["position"] == 0
    first = generation.sample(logits, generator=generator).tolist()
    assert first == generation.sample(logits, generator=tw.random.Generator(5)).tolist()
    assert first != generation.sample(logits, generator=generator).tolist()


def test_generate_passes_states_on():
    calls = []

    def step(tokens, state):
        calls.append((tokens.shape, state))
        assert not tw.asarray(1.0, requires_grad=True).exp().requires_grad
        return nn.functional.one_hot((tokens[..., -1] + 2) % 7, 7) * 1e3, state + 1

    texts = generation.generate(step, [[0, 1], [4, 5]], 3, state=10)
    assert texts.tolist() == [[0, 1, 3, 5, 0], [4, 5, 0, 2, 4]] and texts.dtype == tw.int64
    assert calls == [((2, 2), 10), ((2, 1), 11), ((2, 1), 12)]
    assert generation.generate(step, [], 0).shape == (0,)


def test_perplexity_of_a_loss():
    assert generation.perplexity(tw.asarray([math.log(7), 0.0], dtype="float64")).tolist() == pytest.approx([7, 1])


ERRORS = [
    (ValueError, "sample: logits contain nan", lambda: generation.sample([1.0, NAN])),
    (ValueError, "distribution: logits contain inf", lambda: generation.distribution([[1.0], [INF]])),
    (ValueError, "sample: logits contain nan", lambda: generation.sample([NAN, -INF], temperature=0)),
    (ValueError, "sample: logits have a row of -inf alone", lambda: generation.sample([[0.0, 1], [-INF, -INF]])),
    (ValueError, r"sample: logits have shape \(2, 0\)", lambda: generation.sample(tw.zeros((2, 0)))),
    (ValueError, r"sample: logits have shape \(\)", lambda: generation.sample(1.0)),
    (TypeError, "sample: logits have dtype complex64", lambda: generation.sample([1j])),
    (ValueError, "sample: temperature is -1.0, but must", lambda: generation.sample([1.0], temperature=-1)),
    (ValueError, "sample: temperature is nan, but must", lambda: generation.sample([1.0], temperature=NAN)),
    (ValueError, "sample: temperature is inf, but must", lambda: generation.sample([1.0], temperature=INF)),
    (ValueError, "sample: top_k is 0, but must be at least 1", lambda: generation.sample([1.0], top_k=0)),
    (TypeError, "sample: top_k is 1.5, but must be an integer", lambda: generation.sample([1.0], top_k=1.5)),
    (ValueError, "sample: top_p is 1.01, but must lie", lambda: generation.sample([1.0], top_p=1.01)),
    (ValueError, "distribution: top_p is nan", lambda: generation.distribution([1.0], top_p=NAN)),
    (TypeError, "sample: generator is 3, but must be", lambda: generation.sample([1.0], generator=3)),
    (TypeError, "generate: step is 3, but must be callable", lambda: generation.generate(3, [0], 1)),
    (TypeError, "generate: what step gave is None, but must be a tuple", lambda: generation.generate(print, [0], 1)),
    (
        TypeError,
        "generate: what step gave is a Tensor, but must be a tuple of logits and a state",
        lambda: generation.generate(lambda tokens, state: tw.zeros((2, 3)), [0], 1),
    ),
    (
        ValueError,
        r"generate: step gave logits of shape \(2, 3\), but must give a row for each text, \(1,\)",
        lambda: generation.generate(lambda tokens, state: (tw.zeros((2, 3)), None), [[0]], 1),
    ),
    (ValueError, "generate: prompt is 0-d", lambda: generation.generate(print, 0, 1)),
    (TypeError, "generate: prompt has dtype float32", lambda: generation.generate(print, [0.5], 1)),
    (ValueError, "generate: length is -1", lambda: generation.generate(print, [0], -1)),
    (TypeError, "perplexity: loss has dtype complex64", lambda: generation.perplexity(1j)),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS)
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
