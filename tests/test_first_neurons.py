"""The first neurons: perceptrons, threshold networks, least squares, neurons that fire; and networks that vote."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn

F = nn.functional
XOR_INPUT = tw.asarray([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


# ---- perceptrons -----------------------------------------------------------------------------------------------------


def separable(seed, margin, count=200):
    """Points on both sides of a line, (x, 1) at least `margin` from it; labels, and the longest (x, 1)."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal(3)
    w /= np.linalg.norm(w)
    x = rng.uniform(-1, 1, (20 * count, 2))
    sides = x @ w[:2] + w[2]
    chosen = np.flatnonzero(abs(sides) >= margin)[:count]
    x, y = x[chosen], (sides[chosen] > 0).astype(int)
    return x, y, np.sqrt((x**2).sum(1).max() + 1)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("margin", [0.02, 0.1, 0.3])
def test_no_more_mistakes_than_novikoff_allows(margin, shuffle):
    for seed in range(5):
        x, y, radius = separable(seed, margin)
        unit = models.Perceptron(2, dtype="float64")
        mistakes = unit.fit(x, y, epochs=10_000, shuffle=shuffle, generator=tw.random.Generator(seed))
        assert mistakes[-1] == 0 and sum(mistakes) <= (radius / margin) ** 2
        assert (unit(x) == y).all() and not unit(x).requires_grad


def test_rule_by_hand():
    unit = models.Perceptron(2)
    assert unit.fit([[1.0, 2.0], [3.0, 0.5]], [1, 0], epochs=1) == [2]
    assert unit.weight.tolist() == [-2.0, 1.5] and unit.bias.item() == 0.0
    assert models.Perceptron(2).fit(XOR_INPUT, [0, 1, 1, 0], epochs=50)[-1] > 0  # no line separates them


def test_threshold_units_compute_xor():
    """Either, not both: two units see lines, a third one sees the two."""
    either, both, result = (models.Perceptron(2) for _ in range(3))
    for unit, weight, bias in ((either, [1, 1], -0.5), (both, [1, 1], -1.5), (result, [1, -1], -0.5)):
        unit.load_state_dict({"weight": tw.asarray(weight, dtype=tw.float32), "bias": tw.asarray(bias)})
    hidden = tw.stack([either(XOR_INPUT), both(XOR_INPUT)], axis=-1)
    assert result(hidden).tolist() == [0, 1, 1, 0]


# ---- least squares ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ridge", [0.0, 0.5, 20.0])
@pytest.mark.parametrize("targets", [(), (3,)])
def test_least_squares_solves_the_normal_equations(ridge, targets):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((30, 4)) + 5, rng.standard_normal((30, *targets))
    layer = models.least_squares(x, y, ridge)
    a, b = x - x.mean(0), (y - y.mean(0)).reshape(30, -1)
    w = np.linalg.solve(a.T @ a + ridge * np.eye(4), a.T @ b).T
    np.testing.assert_allclose(layer.weight.detach(), w, rtol=1e-9)
    np.testing.assert_allclose(layer.bias.detach(), y.reshape(30, -1).mean(0) - w @ x.mean(0), rtol=1e-8)
    assert layer(x).shape == (30, len(w)) and layer.weight.requires_grad


def test_least_squares_is_where_gradients_vanish():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((20, 3)), rng.standard_normal((20, 2))
    layer = models.least_squares(x, y, ridge=2.0)
    (F.mse_loss(layer(x), tw.asarray(y), reduction="sum") + 2.0 * (layer.weight**2).sum()).backward()
    assert abs(layer.weight.grad).max() < 1e-12 and abs(layer.bias.grad).max() < 1e-12
    powers = tw.vander(tw.linspace(-1.0, 1.0, 9, dtype="float64"), 4)[:, :-1]
    cubic = models.least_squares(powers, powers @ tw.asarray([2.0, 0.0, -1.0], dtype="float64") + 3)
    np.testing.assert_allclose(cubic.weight.detach(), [[2, 0, -1]], atol=1e-12)
    np.testing.assert_allclose(cubic.bias.detach(), [3])


# ---- neurons that fire -----------------------------------------------------------------------------------------------


def simulated(current, decay, threshold, hard, v=0.0):
    spikes = []
    for i in current:
        v = decay * v + i
        spikes.append(float(v > threshold))
        v = (v * (1 - spikes[-1])) if hard else v - threshold * spikes[-1]
    return spikes, v


@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_lif_by_hand_and_across_calls(reset):
    current = np.random.default_rng(0).uniform(-0.2, 1.0, (40, 2, 3))
    neurons = nn.LIF(0.8, 1.25, reset)
    spikes, state = neurons(tw.asarray(current))
    for at in np.ndindex(2, 3):
        want, v = simulated(current[(slice(None), *at)], 0.8, 1.25, reset == "hard")
        assert spikes[(slice(None), *at)].tolist() == want and state[at].item() == pytest.approx(v, rel=1e-12)
    first, middle = neurons(tw.asarray(current[:15]))
    rest, end = neurons(tw.asarray(current[15:]), middle)
    assert (tw.concatenate([first, rest]) == spikes).all() and (end == state).all()


def test_lif_fires_as_often_as_theory_says():
    """A constant current I charges it to I (1 - d^n) / (1 - d): it fires in the first step in which that is above 1."""
    decay, threshold = 0.9, 1.0
    for current in (0.11, 0.15, 0.3, 0.7):
        steps = math.floor(math.log(1 - threshold * (1 - decay) / current) / math.log(decay)) + 1
        spikes, _ = nn.LIF(decay, threshold, "hard")(tw.full((1000,), current, dtype="float64"))
        assert spikes.sum() == 1000 // steps
    assert nn.LIF(decay)(tw.full((1000,), 0.099, dtype="float64"))[0].sum() == 0  # below (1 - decay) * threshold


SURROGATES = {
    "fast_sigmoid": lambda u: 1 / (1 + 5 * abs(u)) ** 2,
    "arctan": lambda u: 1 / (1 + (5 * u) ** 2),
    "straight_through": lambda u: 1.0,
}


@pytest.mark.parametrize("surrogate", SURROGATES)
@pytest.mark.parametrize("reset", ["soft", "hard"])
def test_surrogate_gradients_by_hand(surrogate, reset):
    current = [0.3, 0.9, 0.4, 0.8, 1.3]
    x = tw.asarray(current, dtype="float64", requires_grad=True)
    spikes, state = nn.LIF(0.7, 1.0, reset, surrogate, 5.0)(x)
    (spikes.sum() + 0.5 * state).backward()
    v, rates, keeps = 0.0, [], []
    for i in current:
        v = 0.7 * v + i
        fired = float(v > 1)
        rates.append(SURROGATES[surrogate](v - 1))
        keeps.append(1 - fired if reset == "hard" else 1.0)
        v = v - fired if reset == "soft" else v * (1 - fired)
    assert spikes.tolist() == [float(k) for k in spikes.tolist()] and sum(spikes.tolist()) >= 2
    later, want = 0.5, []
    for rate, keep in zip(rates[::-1], keeps[::-1], strict=True):
        potential = rate + keep * later  # d / d v before the reset
        want.append(potential)
        later = 0.7 * potential
    np.testing.assert_allclose(x.grad, want[::-1], rtol=1e-12)


def test_rates_are_coded():
    x = tw.asarray([[0.0, 0.25, 1.0]])
    trains = models.rate_code(x, 4000, generator=tw.random.Generator(0))
    assert trains.shape == (4000, 1, 3) and ((trains == 0) | (trains == 1)).all()
    np.testing.assert_allclose(trains.mean(0), x, atol=0.03)


@pytest.mark.parametrize("surrogate", SURROGATES)
def test_spiking_classifier_learns(surrogate):
    """Which half of the inputs is bright."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 64)
    x = tw.asarray(rng.uniform(0, 0.3, (64, 8)) + 0.6 * (np.arange(8) // 4 == y[:, None]), dtype=tw.float32)
    net = models.SpikingClassifier([8, 16, 2], 12, surrogate=surrogate, slope=3.0, generator=tw.random.Generator(1))
    optimizer = tw.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
    assert (net(x).argmax(axis=1) == tw.asarray(y)).mean() > 0.9
    given, hidden, last = net.trains(x)
    assert given.shape == (12, 64, 8) and hidden.shape == (12, 64, 16) and last.shape == (12, 64, 2)


# ---- data that no line separates -------------------------------------------------------------------------------------


def test_toy_data():
    x, y = tw.data.toy.xor(1000, 0.25, generator=tw.random.Generator(0))
    assert ((x[:, 0] * x[:, 1] > 0) == (y == 1)).all() and abs(x).min() >= 0.25 and abs(x).max() <= 1
    assert abs(y.astype("float32").mean().item() - 0.5) < 0.05 and abs(x.mean(0)).max() < 0.1
    x, y = tw.data.toy.spirals(900, 3, turns=1.25, generator=tw.random.Generator(1))
    assert np.bincount(y.numpy()).tolist() == [300] * 3
    r = np.sqrt((x.numpy().astype("float64") ** 2).sum(1))
    turned = np.exp(2j * np.pi * (1.25 * r + y.numpy() / 3)) * r
    np.testing.assert_allclose(x[:, 0] + 1j * x[:, 1].numpy(), turned, atol=1e-5)
    noisy = tw.data.toy.spirals(900, 3, turns=1.25, noise=0.5, generator=tw.random.Generator(1))[0]
    assert abs((noisy - x).std().item() - 0.5) < 0.05


# ---- ensembles -------------------------------------------------------------------------------------------------------


def test_ensembles_average():
    tw.random.seed(0)
    members = [nn.Linear(4, 3) for _ in range(4)]
    x = tw.random.normal(size=(5, 4))
    together = models.Ensemble(members)
    want = np.mean([F.softmax(m(x)).detach().numpy() for m in members], axis=0)
    np.testing.assert_allclose(F.softmax(together(x)).detach(), want, rtol=1e-5)
    y = np.array([0, 1, 2, 0, 1])
    loss = F.cross_entropy(together(x), y)
    assert loss.item() == pytest.approx(-np.log(want[range(5), y]).mean(), rel=1e-5)
    loss.backward()
    assert all((m.weight.grad != 0).any() for m in members)
    means = np.mean([m(x).detach().numpy() for m in members], axis=0)
    np.testing.assert_allclose(models.Ensemble(members, "values")(x).detach(), means, rtol=1e-5, atol=1e-6)


def test_bagging_draws_with_replacement():
    dataset = tw.data.TensorDataset(tw.arange(500), tw.arange(500) * 2)
    bag = tw.data.bootstrap(dataset, generator=tw.random.Generator(0))
    x, y = bag[:]
    assert len(bag) == 500 and (y == 2 * x).all()
    assert abs(len(np.unique(x.numpy())) / 500 - (1 - math.exp(-1))) < 0.05
    again = tw.data.bootstrap(dataset, generator=tw.random.Generator(0))[:][0]
    assert (again == x).all() and not (tw.data.bootstrap(dataset)[:][0] == x).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: models.Perceptron(0), ValueError, "Perceptron: in_features is 0"),
        (lambda: models.Perceptron(2)(tw.ones(3)), ValueError, r"Perceptron: input has shape \(3,\), but must be"),
        (lambda: models.Perceptron(2).fit([[0.0, 1.0]], [2]), ValueError, "fit: target has other labels than 0 and 1"),
        (lambda: models.Perceptron(2).fit([[0.0, 1.0]], [1, 0]), ValueError, r"fit: input \(1, 2\) and target \(2,\)"),
        (lambda: models.least_squares([[1.0]], [1.0], -1), ValueError, "least_squares: ridge is -1.0"),
        (lambda: models.least_squares([[1.0]], [1.0, 2.0]), ValueError, r"input \(1, 1\) and target \(2, 1\)"),
        (lambda: models.least_squares([[1]], [1.0]), TypeError, "least_squares: input has dtype int64"),
        (lambda: models.rate_code([1.5], 2), ValueError, r"rate_code: input has numbers outside \[0, 1\]"),
        (lambda: models.rate_code([1], 2), TypeError, "rate_code: input has dtype int64"),
        (lambda: models.rate_code([math.nan], 2), ValueError, "rate_code: input has numbers outside"),
        (lambda: models.SpikingClassifier([4, 2], 0), ValueError, "SpikingClassifier: steps is 0"),
        (lambda: models.Ensemble([]), ValueError, "Ensemble: got no members"),
        (lambda: models.Ensemble([nn.Tanh()], "votes"), ValueError, "Ensemble: average is 'votes'"),
        (lambda: models.Ensemble([abs]), TypeError, "must be a Module"),
        (lambda: tw.data.toy.xor(3, 2), ValueError, "xor: gap is 2"),
        (lambda: tw.data.toy.spirals(-1), ValueError, "spirals: count is -1"),
        (lambda: tw.data.toy.spirals(3, noise=-1), ValueError, "spirals: turns 1.5 and noise -1.0 must be finite"),
        (lambda: tw.data.bootstrap([]), ValueError, "bootstrap: dataset has no samples"),
        (lambda: tw.data.bootstrap(3), TypeError, "bootstrap: dataset is 3"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
