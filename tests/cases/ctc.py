"""Connectionist temporal classification."""

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S


def likelihood(log_probs, labels, blank):
    """The logarithm of the probability of a sequence of labels, by the recurrence over prefixes of its states."""
    states = [blank, *(c for label in labels for c in (label, blank))]
    log_alpha = np.full(len(states), -np.inf)
    log_alpha[0] = 0
    for row in log_probs:
        before = log_alpha.copy()
        for s, c in enumerate(states):
            terms = [before[s], *before[s - 1 : s]]
            if s > 1 and c not in (blank, states[s - 2]):
                terms.append(before[s - 2])
            log_alpha[s] = np.logaddexp.reduce(terms) + row[c]
    return np.logaddexp.reduce(log_alpha[-2:])


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    if log_probs.ndim == 2:
        one = ctc_loss(log_probs[:, None], targets, [input_lengths], [target_lengths], blank, "none", zero_infinity)[0]
        return one / max(target_lengths, 1) if reduction == "mean" else one
    losses, start = [], 0
    for n, (steps, count) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        labels = targets[n, :count] if targets.ndim == 2 else targets[start : start + count]
        start += count
        losses.append(-likelihood(log_probs[:steps, n], labels, blank))
    losses = np.array(losses)
    if zero_infinity:
        losses[np.isposinf(losses)] = 0
    if reduction == "mean":
        return (losses / np.maximum(target_lengths, 1)).mean()
    return losses if reduction == "none" else losses.sum()


def integers(values):
    return A(np.shape(values), dtype="int64", values=values)


X = tw.zeros((5, 2, 4))
TARGETS = [[1, 2], [3, 3]]


def refuses(error, message, log_probs, *args, **options):
    return Raises(error, f"ctc_loss: {message}", lambda: tw.nn.functional.ctc_loss(log_probs, *args, **options))


CASES = (
    OpCase(
        "nn.functional.ctc_loss",
        ctc_loss,
        (
            S(A((7, 3, 4)), integers([[1, 2, 1], [3, 3, 3], [2, 0, 0]]), [7, 5, 6], [3, 3, 1]),
            S(A((7, 3, 4)), integers([1, 2, 1, 0, 2]), integers([7, 5, 1]), integers([3, 0, 2]), blank=3,
              reduction="none", zero_infinity=True),
            S(A((7, 2, 4)), integers([[1, 1, 1, 1], [2, 3, 0, 0]]), [7, 0], [4, 0], reduction="none"),
            S(A((4, 5)), integers([3, 4]), 4, 2, reduction="sum"),
            S(A((4, 5)), integers([3, 4]), 3, 2),
            S(A((3, 2, 4)), integers(np.zeros((2, 0))), [3, 0], [0, 0], reduction="none"),
            S(A((3, 0, 4)), integers(np.zeros((0, 2))), integers(np.zeros(0)), integers(np.zeros(0)), reduction="sum"),
        ),
        tolerance=32,
        lengths=lambda n: S(A((n + 1, 1, 3)), integers(np.resize([1, 2, 2], (1, n // 2))), [n], [n // 2]),
        large=S(A((120, 9, 6)), integers(np.resize([1, 2, 3, 3, 5, 4, 1], (9, 40))), [120] * 9, [40] * 9,
                reduction="none"),
        errors=(
            refuses(ValueError, r"log_probs has shape \(4,\), but must be \(T, N, C\)", tw.ones(4), [1], [1], [1]),
            refuses(ValueError, r"blank is 4, but log_probs \(5, 2, 4\) has 4", X, TARGETS, [5, 5], [2, 2], blank=4),
            refuses(ValueError, "blank is -1", X, TARGETS, [5, 5], [2, 2], blank=-1),
            refuses(ValueError, r"targets has shape \(1, 2\), but must be \(2, S\)", X, [[1, 2]], [5, 5], [2, 2]),
            refuses(ValueError, r"input_lengths has shape \(1,\), but log_probs has 2", X, TARGETS, [5], [2, 2]),
            refuses(ValueError, r"target_lengths has shape \(3,\)", X, TARGETS, [5, 5], [2, 2, 2]),
            refuses(ValueError, r"input_lengths\[1\] is 6, but .* has 5 steps", X, TARGETS, [5, 6], [2, 2]),
            refuses(ValueError, r"input_lengths\[0\] is -1", X, TARGETS, [-1, 5], [2, 2]),
            refuses(ValueError, r"target_lengths\[0\] is 3, but .* has 2 entries for it", X, TARGETS, [5, 5], [3, 2]),
            refuses(TypeError, "targets is 'ab', but must be array-like", X, "ab", [5, 5], [2, 2]),
            refuses(TypeError, "input_lengths is None, but must be array-like", X, TARGETS, None, [2, 2]),
            refuses(ValueError, r"target_lengths\[1\] is -2", X, TARGETS, [5, 5], [2, -2]),
            refuses(ValueError, r"target_lengths\[1\] is 2, but .* has 1", X, [1, 2, 3], [5, 5], [2, 2]),
            refuses(ValueError, "targets has 3 entries, but target_lengths add up to 2", X, [1, 2, 3], [5, 5], [1, 1]),
            refuses(ValueError, r"targets\[1, 0\] is 3, the blank", X, TARGETS, [5, 5], [2, 2], blank=3),
            refuses(IndexError, r"targets\[0, 1\] is 4, but .* has 4 classes, 0 to 3", X, [[1, 4]] * 2, [5, 5], [2, 2]),
            refuses(IndexError, r"targets\[2\] is -1", X, [1, 2, -1], [5, 5], [2, 1]),
            refuses(TypeError, "targets has dtype float32", X, [[1.0, 2.0]] * 2, [5, 5], [2, 2]),
            refuses(TypeError, "input_lengths has dtype float32", X, TARGETS, [5.0, 5.0], [2, 2]),
            refuses(TypeError, "log_probs has dtype complex64", X + 1j, TARGETS, [5, 5], [2, 2]),
            refuses(ValueError, "reduction is 'max'", X, TARGETS, [5, 5], [2, 2], reduction="max"),
            refuses(TypeError, "zero_infinity is 'no'", X, TARGETS, [5, 5], [2, 2], zero_infinity="no"),
        ),
    ),
)  # fmt: skip
