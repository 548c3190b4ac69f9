"""Connectionist temporal classification: alignments counted one by one, gradients; PyTorch, where it is installed."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn
from tilewright.nn import functional as F

RNG = np.random.default_rng(5)


def log_softmax(x):
    x = x - x.max(-1, keepdims=True)
    return x - np.log(np.exp(x).sum(-1, keepdims=True))


def collapsed(path, blank):
    """Repeats merged, then blanks dropped."""
    return tuple(c for c, _ in itertools.groupby(path) if c != blank)


def by_enumeration(log_probs, labels, blank):
    """The likelihood of labels and its derivative by log_probs, over all paths of classes."""
    steps, classes = log_probs.shape
    total, weights = 0.0, np.zeros((steps, classes))
    for path in itertools.product(range(classes), repeat=steps):
        if collapsed(path, blank) == tuple(labels):
            p = math.exp(sum(log_probs[t, c] for t, c in enumerate(path)))
            total += p
            for t, c in enumerate(path):
                weights[t, c] += p
    return total, weights / total if total else weights


SMALL = [
    (steps, labels, blank)
    for steps in (1, 2, 4, 6)
    for labels, blank in (((), 0), ((1,), 0), ((1, 1), 0), ((1, 2), 0), ((2, 0, 2), 1), ((0, 0, 1), 2))
]


@pytest.mark.kernels
@pytest.mark.parametrize(("steps", "labels", "blank"), SMALL)
def test_all_alignments_are_counted(steps, labels, blank):
    log_probs = log_softmax(RNG.standard_normal((steps, 3)))
    x = tw.asarray(log_probs, dtype="float64").requires_grad_()
    targets = tw.asarray(list(labels), dtype="int64")
    loss = F.ctc_loss(x, targets, steps, len(labels), blank, reduction="sum")
    loss.backward()
    total, posterior = by_enumeration(log_probs, labels, blank)
    assert loss.item() == (pytest.approx(-math.log(total), abs=1e-12) if total else math.inf)
    np.testing.assert_allclose(x.grad.numpy(), -posterior, atol=1e-12)


def batch(dtype="float64", steps=9, classes=5):
    """Targets with repeats, an empty one, and inputs of several lengths."""
    x = RNG.standard_normal((steps, 4, classes))
    targets = np.array([[1, 2, 2, 3], [1, 1, 4, 4], [3, 1, 2, 4], [4, 4, 4, 1]])
    return tw.asarray(x, dtype=dtype), tw.asarray(targets), tw.asarray([9, 7, 5, 9]), tw.asarray([4, 2, 0, 3])


def test_gradients_are_derivatives_by_the_log_probs():
    """Twice, and of numbers that are no logarithms of probabilities: nothing is taken for granted."""
    x, *rest = batch()
    tw.testing.check_grads(lambda x: F.ctc_loss(x, *rest, reduction="none"), x, order=2)
    tw.testing.check_grads(lambda x: F.ctc_loss(F.log_softmax(x, -1), *rest), x, order=2)


def test_targets_may_lie_one_behind_another():
    x, targets, input_lengths, target_lengths = batch()
    flat = np.concatenate([row[:n] for row, n in zip(targets.numpy(), target_lengths.tolist(), strict=True)])
    results = []
    for given in (targets, flat, flat.astype("int8"), flat.tolist()):
        leaf = tw.asarray(x, copy=True).requires_grad_()
        loss = F.ctc_loss(leaf, given, input_lengths, target_lengths)
        loss.backward()
        results.append((loss.item(), leaf.grad.numpy().tobytes()))
    assert len(set(results)) == 1


def test_what_padding_holds_does_not_matter():
    x, targets, *lengths = batch()
    other = targets.numpy().copy()
    other[1, 2:], other[2], other[3, 3:] = -7, 99, 0
    assert F.ctc_loss(x, other, *lengths).item() == F.ctc_loss(x, targets, *lengths).item()
    short = [n.astype("uint8") for n in lengths]
    assert F.ctc_loss(x, targets, *short).item() == F.ctc_loss(x, targets, *lengths).item()


@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_without_an_alignment_the_loss_is_infinite_and_the_gradient_zero(zero_infinity, dtype):
    """Three labels, two of them equal neighbours, need four steps."""
    x = tw.asarray(RNG.standard_normal((4, 2, 3)), dtype=dtype).requires_grad_()
    losses = F.ctc_loss(x, [[1, 1, 2]] * 2, [3, 4], [3, 3], reduction="none", zero_infinity=zero_infinity)
    assert losses[0].item() == (0 if zero_infinity else math.inf) and math.isfinite(losses[1].item())
    losses.sum().backward()
    gradient = x.grad.astype("float64").numpy()
    assert not gradient[:, 0].any() and np.isfinite(gradient[:, 1]).all() and gradient[:, 1].any()


def test_steps_beyond_the_input_are_not_looked_at():
    x, targets, input_lengths, target_lengths = batch()
    spoiled = x.numpy().copy()
    spoiled[7:, 1], spoiled[5:, 2] = np.nan, np.nan
    leaf = tw.asarray(spoiled).requires_grad_()
    loss = F.ctc_loss(leaf, targets, input_lengths, target_lengths)
    assert loss.item() == F.ctc_loss(x, targets, input_lengths, target_lengths).item()
    for create_graph in (False, True):  # by the kernel, and by the definition
        leaf.grad = None
        loss.backward(create_graph=create_graph, retain_graph=True)
        gradient = leaf.grad.detach().numpy()
        assert not gradient[7:, 1].any() and not gradient[5:, 2].any() and np.isfinite(gradient).all()
    with_nan = spoiled.copy()
    with_nan[0, 0, 0] = np.nan
    losses = F.ctc_loss(with_nan, targets, input_lengths, target_lengths, reduction="none").numpy()
    assert np.isnan(losses[0]) and np.isfinite(losses[1:]).all()


def test_impossible_classes_are_no_hindrance():
    """log_probs of -inf, as a mask leaves them."""
    with np.errstate(divide="ignore"):
        log_probs = np.log([[[0.5, 0.5, 0.0]], [[0.0, 1.0, 0.0]], [[0.25, 0.0, 0.75]]])
    leaf = tw.asarray(log_probs).requires_grad_()
    loss = F.ctc_loss(leaf, [[1, 2]], [3], [2], reduction="sum")
    assert loss.item() == pytest.approx(-math.log(0.75))
    loss.backward()
    np.testing.assert_allclose(leaf.grad.numpy()[:, 0], [[-0.5, -0.5, 0], [0, -1, 0], [0, 0, -1]], atol=1e-12)


def test_long_sequences_keep_the_digits_of_float32():
    """A likelihood of e^-3000: rows are scaled, so errors do not grow with it."""
    x = RNG.standard_normal((1000, 2, 30))
    targets = RNG.integers(1, 30, (2, 100))

    def gradient(dtype):
        leaf = tw.asarray(log_softmax(x), dtype=dtype).requires_grad_()
        loss = F.ctc_loss(leaf, targets, [1000, 900], [100, 90], reduction="sum")
        loss.backward()
        return loss.item(), leaf.grad.astype("float64").numpy()

    (got, g), (want, h) = gradient("float32"), gradient("float64")
    assert abs(got - want) < 1e-6 * want
    assert np.abs(g - h).max() < 1e-4
    np.testing.assert_allclose(h.sum(-1)[:900], -1, rtol=1e-12)


@pytest.mark.kernels
def test_the_same_bits_at_any_number_of_threads():
    x = log_softmax(RNG.standard_normal((60, 24, 11))).astype("float32")
    targets, lengths = RNG.integers(1, 11, (24, 15)), RNG.integers(5, 16, 24)
    before, bits = tw.get_num_threads(), set()
    for threads in (1, 2, 7):
        tw.set_num_threads(threads)
        leaf = tw.asarray(x).requires_grad_()
        loss = F.ctc_loss(leaf, targets, [60] * 24, lengths)
        loss.backward()
        bits.add((loss.item(), leaf.grad.numpy().tobytes()))
    tw.set_num_threads(before)
    assert len(bits) == 1


def test_a_fused_model_takes_other_targets_and_refuses_wrong_ones():
    x, targets, *lengths = batch("float32")

    class Loss(nn.Module):
        def forward(self, x, targets):
            return F.ctc_loss(F.log_softmax(x, -1), targets, *lengths)

    fused = nn.fuse(Loss().eval(), x, targets)
    other = tw.asarray(targets.numpy()[::-1].copy())
    assert fused(x, other).item() == Loss()(x, other).item()
    with pytest.raises(IndexError, match=r"ctc_loss: targets\[0, 0\] is 9"):
        fused(x, tw.asarray(np.full((4, 4), 9)))


def test_what_was_kept_must_fit():
    x, *rest = [value._array for value in batch()]
    losses, log_alpha = _core.ctc_loss(x, *rest, 0)
    with pytest.raises(ValueError, match=r"ctc_loss: g .* does not fit log_probs"):
        _core.ctc_loss_backward(losses, x, losses, *rest, 0)
    assert log_alpha.shape == (9 * (2 * 16 + 4),)


# ---- against PyTorch -------------------------------------------------------------------------------------------------

OPTIONS = [{"reduction": r, "zero_infinity": z} for r in ("none", "mean", "sum") for z in (False, True)]


@pytest.mark.parametrize("options", [*OPTIONS, {"blank": 4}], ids=str)
@pytest.mark.parametrize("flat", [False, True])
def test_it_is_pytorchs(options, flat):
    """Of logits: PyTorch's gradient by log_probs is that of a log_softmax before it."""
    torch = pytest.importorskip("torch")
    x, targets, input_lengths, target_lengths = batch()
    given = targets.numpy() % 4 if "blank" in options else targets.numpy()
    if flat:
        given = np.concatenate([row[:n] for row, n in zip(given, target_lengths.tolist(), strict=True)])
    a, b = tw.asarray(x, copy=True).requires_grad_(), torch.tensor(x.numpy(), requires_grad=True)
    ours = nn.CTCLoss(**options)(F.log_softmax(a, -1), given, input_lengths, target_lengths)
    lengths = [torch.tensor(n.numpy()) for n in (input_lengths, target_lengths)]
    theirs = torch.nn.CTCLoss(**options)(torch.log_softmax(b, -1), torch.tensor(given), *lengths)
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-12)
    g = RNG.standard_normal(ours.shape)
    ours.backward(tw.asarray(g, dtype="float64"))
    theirs.backward(torch.tensor(g))
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_one_sequence_without_a_batch_is_pytorchs(reduction):
    torch = pytest.importorskip("torch")
    x = log_softmax(RNG.standard_normal((6, 4))).astype("float32")
    theirs = functools.partial(torch.nn.functional.ctc_loss, torch.tensor(x), torch.tensor([1, 3]), reduction=reduction)
    want = theirs(torch.tensor(5), torch.tensor(2))
    for lengths in ((5, 2), ([5], [2]), (tw.asarray(5), tw.asarray(2))):
        got = F.ctc_loss(x, [1, 3], *lengths, reduction=reduction)
        assert got.shape == tuple(want.shape) == ()
        assert got.item() == pytest.approx(want.item(), rel=1e-6)
