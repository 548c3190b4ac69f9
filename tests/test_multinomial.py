"""Drawing classes by weight: frequencies against the weights by chi-square, determinism, and what is refused."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw

WEIGHTS = np.array([0.5, 0.0, 3.0, 1.0, 0.25, 0.0, 2.0])


def generator(seed=1):
    return tw.random.Generator(seed)


def chi_square(counts, probabilities):
    """Of as many degrees of freedom as there are classes of positive probability, less one."""
    counts, expected = np.asarray(counts, float), np.sum(counts) * np.asarray(probabilities)
    assert (counts[expected == 0] == 0).all()
    some = expected > 0
    return float(((counts - expected)[some] ** 2 / expected[some]).sum())


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_frequencies_with_replacement(dtype, scale):
    drawn = tw.multinomial(tw.asarray(WEIGHTS * scale, dtype=dtype), 100_000, True, generator=generator())
    assert drawn.dtype == tw.int64
    counts = np.bincount(drawn.numpy(), minlength=len(WEIGHTS))
    assert chi_square(counts, WEIGHTS / WEIGHTS.sum()) < 18.5  # 4 degrees of freedom: one in a thousand is above


def test_frequencies_without_replacement():
    """Of ordered pairs: the second is drawn among what the first has left."""
    rows = 40_000
    pairs = tw.multinomial(np.broadcast_to(WEIGHTS, (rows, len(WEIGHTS))), 2, generator=generator()).numpy()
    total, positive = WEIGHTS.sum(), np.flatnonzero(WEIGHTS)
    counts, probabilities = [], []
    for a, b in itertools.permutations(positive, 2):
        counts.append(((pairs == (a, b)).all(axis=1)).sum())
        probabilities.append(WEIGHTS[a] / total * WEIGHTS[b] / (total - WEIGHTS[a]))
    assert sum(counts) == rows
    assert chi_square(counts, probabilities) < 43.8  # 19 degrees of freedom


def test_rows_are_drawn_by_their_own_weights():
    weights = np.eye(5)[[3, 0, 4]]
    np.testing.assert_array_equal(
        tw.multinomial(weights, 4, replacement=True).numpy(), np.repeat([[3], [0], [4]], 4, 1)
    )
    np.testing.assert_array_equal(tw.multinomial(weights, 1).numpy(), [[3], [0], [4]])
    whole = tw.multinomial(np.ones((4, 9)), 9, generator=generator()).numpy()
    np.testing.assert_array_equal(np.sort(whole), np.broadcast_to(np.arange(9), (4, 9)))
    assert len({tuple(row) for row in whole.tolist()}) == 4


@pytest.mark.parametrize(
    "weights", [[1e308, 0, 1e308, 1e308], [5e-324, 0, 5e-324, 5e-324], [1e-300, 0, 1e-300, 1e-300]]
)
def test_weights_at_the_ends_of_the_range(weights):
    for replacement, draws in ((True, 3000), (False, 3)):
        drawn = tw.multinomial(np.array(weights), draws, replacement, generator=generator()).numpy()
        assert set(drawn.tolist()) == {0, 2, 3}


def test_every_draw_of_a_class_that_hardly_is():
    drawn = tw.multinomial(np.array([1e-300, 1.0]), 2, generator=generator())
    np.testing.assert_array_equal(drawn.numpy(), [1, 0])


@pytest.mark.parametrize("replacement", [True, False])
def test_the_same_at_any_thread_count(replacement):
    weights = np.random.default_rng(0).random((300, 200))
    before, seen = tw.get_num_threads(), []
    try:
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            stream = generator(9)
            drawn = [tw.multinomial(weights, 150, replacement, generator=stream).numpy() for _ in range(2)]
            assert not np.array_equal(*drawn)
            seen.append((np.array(drawn).tobytes(), stream.state["position"]))
    finally:
        tw.set_num_threads(before)
    assert seen[0] == seen[1] == seen[2]
    # A position of the stream has two numbers of 64 bits.
    assert seen[0][1] == 2 * 300 * (150 if replacement else 200) // 2


def test_the_default_generator_is_drawn_from():
    tw.random.seed(3)
    first = tw.multinomial(np.ones(50), 20).numpy()
    tw.random.seed(3)
    np.testing.assert_array_equal(tw.multinomial(np.ones(50), 20).numpy(), first)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, r"multinomial: probs\[1\] is -0.5, but a weight is finite and at least 0", ([1.0, -0.5], 1)),
        (ValueError, r"multinomial: probs\[1, 0\] is nan", ([[1.0, 2.0], [float("nan"), 1.0]], 1)),
        (ValueError, r"multinomial: probs\[0\] is inf", ([float("inf"), 1.0], 1, True)),
        (ValueError, "multinomial: probs has too few weights above 0 to draw 1 with", ([0.0, 0.0], 1, True)),
        (ValueError, "multinomial: probs of row 1 has too few .* draw 2 without", ([[1.0, 1.0], [1.0, 0.0]], 2)),
        (ValueError, "multinomial: cannot draw 3 of 2 classes without", ([1.0, 1.0], 3)),
        (ValueError, "multinomial: num_samples is 0, but must be at least 1", ([1.0], 0)),
        (ValueError, r"multinomial: probs has shape \(\), but must have one or two", (1.0, 1)),
        (ValueError, r"multinomial: probs has shape \(1, 1, 1\)", ([[[1.0]]], 1)),
        (TypeError, "multinomial: probs has dtype bool", ([True, False], 1)),
        (TypeError, "multinomial: probs has dtype complex64", ([1j], 1)),
        (TypeError, "multinomial: num_samples is 1.5", ([1.0], 1.5)),
        (TypeError, "multinomial: generator is 3", ([1.0], 1, False, 3)),
    ],
)
def test_refusals(error, message, arguments):
    probs, draws, *rest = arguments
    keywords = {"generator": rest[1]} if len(rest) > 1 else {}
    with pytest.raises(error, match=message):
        tw.multinomial(probs, draws, *rest[:1], **keywords)


def test_no_rows_and_no_classes():
    assert tw.multinomial(np.zeros((0, 4)), 2).shape == (0, 2)
    assert tw.multinomial(np.zeros((0, 0)), 2, True).shape == (0, 2)
    with pytest.raises(ValueError, match="too few weights"):
        tw.multinomial(np.zeros(0), 1, True)


# ---- counts ----------------------------------------------------------------------------------------------------------

PVALS = [0.1, 0.0, 0.25, 0.65]


def test_counts():
    counts = generator().multinomial(1000, PVALS, size=(20, 3))
    assert (counts.dtype, counts.shape) == (tw.int64, (20, 3, 4))
    np.testing.assert_array_equal(counts.sum(-1).numpy(), np.full((20, 3), 1000))
    assert chi_square(counts.numpy().sum(axis=(0, 1)), PVALS) < 13.9  # 2 degrees of freedom: one in a thousand
    # Of each class as many variances as the binomial distribution has.
    spread = counts.numpy().reshape(60, 4).var(axis=0) / (1000 * np.array(PVALS) * (1 - np.array(PVALS)) + 1e-300)
    assert ((spread > 0.5) & (spread < 1.7))[[0, 2, 3]].all()


def test_counts_that_are_drawn_in_parts():
    counts = generator().multinomial(3_000_000, [0.5, 0.5])
    assert abs(counts.tolist()[0] - 1_500_000) < 4 * 866
    assert sum(counts.tolist()) == 3_000_000


def test_the_last_probability_is_what_is_left():
    np.testing.assert_array_equal(generator().multinomial(50, [0.0, 0.3]).numpy(), [0, 50])
    np.testing.assert_array_equal(generator().multinomial(50, [0.5, 0.5, 0.9]).numpy()[2], 0)
    assert generator().multinomial(0, PVALS, 2).tolist() == [[0] * 4] * 2
    assert generator().multinomial(5, PVALS, 0).shape == (0, 4)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "multinomial: n is -1", (-1, PVALS)),
        (TypeError, "multinomial: n is 1.5", (1.5, PVALS)),
        (ValueError, r"multinomial: pvals\[1\] is -0.5", (3, [0.5, -0.5])),
        (ValueError, r"multinomial: pvals\[0\] is nan", (3, [float("nan"), 0.5])),
        (ValueError, "multinomial: pvals but for the last sum to 1.2", (3, [0.6, 0.6, 0.0])),
        (ValueError, r"multinomial: pvals has shape \(\)", (3, 0.5)),
        (ValueError, r"multinomial: pvals has shape \(0,\)", (3, [])),
        (TypeError, "multinomial: pvals has dtype complex64", (3, [1j])),
    ],
)
def test_counts_refuse(error, message, arguments):
    with pytest.raises(error, match=message):
        generator().multinomial(*arguments)


def test_counts_by_numpy_name():
    counts = tw.numpy.random.default_rng(1).multinomial(20, [0.25] * 4, size=2)
    assert isinstance(counts, tw.numpy.ndarray)
    np.testing.assert_array_equal(counts.sum(1).numpy(), [20, 20])
