"""Training through time: truncated backpropagation, schedules of teacher forcing, limits on gradients that explode."""

from __future__ import annotations

import collections
import itertools
import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.nn.utils import bptt_windows, clip_grad_norm_, detach_state

Pair = collections.namedtuple("Pair", "h c")


def grown(*shape):
    return tw.ones(shape, requires_grad=True) * 2.0


# ---- the state -------------------------------------------------------------------------------------------------------


def test_states_are_detached_in_whatever_holds_them():
    h, c, extra = grown(1, 2, 3), grown(1, 2, 3), tw.zeros(2)
    state = {"lstm": Pair(h, c), "others": [(h,), None], "plain": extra}
    free = detach_state(state)
    assert type(free["lstm"]) is Pair and type(free["others"][0]) is tuple and free["others"][1] is None
    for tensor in (free["lstm"].h, free["lstm"].c, free["others"][0][0], free["plain"]):
        assert not tensor.requires_grad and tensor.is_leaf
    free["lstm"].h[0, 0, 0] = 7.0
    assert h.requires_grad and h[0, 0, 0].item() == 7.0
    assert detach_state(None) is None and detach_state(()) == ()
    assert not detach_state(h).requires_grad


def test_what_is_no_state():
    for state in (3, "h", [grown(2), 1.0], (object(),)):
        with pytest.raises(TypeError, match=r"detach_state: an entry of state is"):
            detach_state(state)
    deep: list = []
    deep.append(deep)
    with pytest.raises(ValueError, match=r"detach_state: .* nested more than 100 levels"):
        detach_state(deep)


# ---- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1, -2])
@pytest.mark.parametrize(("steps", "length"), [(10, 4), (8, 4), (3, 7), (1, 1), (0, 2)])
def test_windows_are_the_sequence_in_order(steps, length, dim):
    x = tw.random.Generator(0).normal(size=(steps, 2, 3) if dim == 0 else (2, steps, 3))
    y = x[..., 0] if dim >= 0 else x
    windows = list(bptt_windows(x, y, length=length, dim=dim))
    assert len(windows) == -(-steps // length)
    for i, (part, target) in enumerate(windows):
        chosen = slice(i * length, (i + 1) * length)
        assert np.array_equal(part, x[chosen] if dim == 0 else x[:, chosen])
        assert np.array_equal(target, y[chosen] if dim == 0 else y[:, chosen])


def test_windows_are_views_with_gradients():
    x = tw.zeros((5, 2), requires_grad=True)
    for i, (part,) in enumerate(bptt_windows(x, length=2)):
        (part * (i + 1.0)).sum().backward()
    assert x.grad[:, 0].tolist() == [1, 1, 2, 2, 3]
    target = tw.zeros(4)
    next(bptt_windows(target, length=2))[0][0] = 7
    assert target.tolist() == [7, 0, 0, 0]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: bptt_windows(length=2), ValueError, "bptt_windows: got no sequences"),
        (lambda: bptt_windows([1.0], length=0), ValueError, "bptt_windows: length is 0, but must be at least 1"),
        (lambda: bptt_windows([1.0], [1.0, 2.0], length=1), ValueError, r"have \[1, 2\] steps along dim 0, but must"),
        (lambda: bptt_windows([1.0], length=1, dim=1), IndexError, r"dim is 1, but sequence 0 has shape \(1,\)"),
        (lambda: bptt_windows(2.0, length=1), IndexError, r"dim is 0, but sequence 0 has shape \(\)"),
        (lambda: bptt_windows("abc", length=1), TypeError, "bptt_windows: sequence 0 is 'abc'"),
    ],
)
def test_wrong_windows(make, error, message):
    with pytest.raises(error, match=message):
        make()


def gradients(layer, x, y, length, *, detach):
    """Of the sum of losses over all windows, by the names of the parameters."""
    layer.zero_grad()
    state, total = None, 0.0
    for inputs, targets in bptt_windows(x, y, length=length):
        output, state = layer(inputs, detach_state(state) if detach else state)
        loss = ((output - targets) ** 2).sum()
        if detach:
            loss.backward()
        else:
            total = total + loss
    if not detach:
        total.backward()
    return {name: parameter.grad.numpy().copy() for name, parameter in layer.named_parameters()}


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_carrying_the_state_is_reading_in_one_go(kind):
    draw = tw.random.Generator(0)
    layer = kind(3, 4, num_layers=2, dtype="float64", generator=draw)
    x, y = draw.normal(size=(9, 2, 3), dtype="float64"), draw.normal(size=(9, 2, 4), dtype="float64")
    whole = gradients(layer, x, y, 9, detach=True)
    carried = gradients(layer, x, y, 4, detach=False)
    cut = gradients(layer, x, y, 4, detach=True)
    for name in whole:
        np.testing.assert_allclose(carried[name], whole[name], rtol=1e-10, atol=1e-12)
    assert max(abs(cut[name] - whole[name]).max() for name in whole) > 1e-3


def test_truncation_is_by_hand():
    """h_t = w h_(t-1) + x_t, the loss is h_4: with windows of two steps its gradient takes h_2 as given."""
    w, x = nn.Parameter(tw.asarray(0.5, dtype="float64")), tw.asarray([1.0, 2.0, 3.0, 4.0], dtype="float64")
    state = tw.asarray(0.0, dtype="float64")
    seen = []
    for (window,) in bptt_windows(x, length=2):
        state = detach_state(state)
        for i in range(len(window)):
            state = w * state + window[i]
            seen.append(state.item())
    state.backward()
    assert seen == [1.0, 2.5, 4.25, 6.125]
    assert w.grad.item() == seen[2] + 0.5 * seen[1]


# ---- gradients that explode ------------------------------------------------------------------------------------------


def test_exploding_gradients_are_clipped_or_reported():
    rnn = nn.RNN(1, 8, nonlinearity="relu", bias=False, generator=tw.random.Generator(0))
    nn.init.eye_(rnn.weight_hh_l0)
    with tw.no_grad():
        rnn.weight_hh_l0 *= 2.0
    nn.init.constant_(rnn.weight_ih_l0, 1.0)

    def norm_after(steps):
        rnn.zero_grad()
        rnn(tw.ones((steps, 1, 1)))[0][-1].sum().backward()
        before = {name: p.grad.numpy().copy() for name, p in rnn.named_parameters()}
        return before, clip_grad_norm_(rnn.parameters(), 1.0)

    before, norm = norm_after(30)
    assert norm > 1e9
    for name, parameter in rnn.named_parameters():
        np.testing.assert_allclose(parameter.grad.numpy(), before[name] / norm, rtol=1e-5)
    with pytest.raises(FloatingPointError, match=r"clip_grad_norm_: the norm of the gradients is (inf|nan)"):
        norm_after(200)


# ---- teacher forcing -------------------------------------------------------------------------------------------------

SCHEDULES = [
    (models.ConstantTeacherForcing(), lambda k: 1.0),
    (models.ConstantTeacherForcing(0.25), lambda k: 0.25),
    (models.LinearTeacherForcing(40), lambda k: max(0.0, 1 - k / 40)),
    (models.LinearTeacherForcing(7, start=0.9, end=0.1), lambda k: max(0.1, 0.9 - 0.8 / 7 * k)),
    (models.ExponentialTeacherForcing(0.97), lambda k: 0.97**k),
    (models.InverseSigmoidTeacherForcing(12), lambda k: 12 / (12 + math.exp(k / 12))),
    (models.InverseSigmoidTeacherForcing(1), lambda k: 1 / (1 + math.exp(k))),
]


@pytest.mark.parametrize(("schedule", "formula"), SCHEDULES, ids=repr)
def test_schedules_are_their_formulas(schedule, formula):
    values = [schedule(k) for k in range(300)]
    assert values == pytest.approx([formula(k) for k in range(300)], rel=1e-12, abs=1e-15)
    assert all(0 <= p <= 1 for p in values) and all(a >= b for a, b in itertools.pairwise(values))
    assert 0 <= schedule(10**9) <= values[-1] and schedule(np.int64(3)) == values[3]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: models.ConstantTeacherForcing(2), ValueError, "ConstantTeacherForcing: p is 2.0, but must lie in"),
        (lambda: models.LinearTeacherForcing(0), ValueError, "LinearTeacherForcing: steps is 0"),
        (lambda: models.LinearTeacherForcing(5, end=-1), ValueError, "LinearTeacherForcing: end is -1.0"),
        (lambda: models.ExponentialTeacherForcing(0), ValueError, "base is 0.0, but must be above 0 and at most 1"),
        (
            lambda: models.InverseSigmoidTeacherForcing(math.inf),
            ValueError,
            "mu is inf, but must be above 0 and finite",
        ),
        (lambda: models.ConstantTeacherForcing()(-1), ValueError, "ConstantTeacherForcing: step is -1"),
        (lambda: models.ConstantTeacherForcing()(0.5), TypeError, "ConstantTeacherForcing: step is 0.5"),
    ],
)
def test_what_schedules_refuse(make, error, message):
    with pytest.raises(error, match=message):
        make()
