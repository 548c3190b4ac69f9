"""Learning without labels: autoencoders, restricted Boltzmann machines against exact sums, deep belief networks."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn

F = nn.functional


def generator(seed=0):
    return tw.random.Generator(seed)


# ---- autoencoders ----------------------------------------------------------------------------------------------------


def test_mlp_has_the_parameters_that_courses_count():
    net = models.MLP([784, 16, 16, 10], "sigmoid")
    assert sum(p.size for p in net.parameters()) == 13_002
    assert [type(m).__name__ for m in net] == ["Linear", "Sigmoid", "Linear", "Sigmoid", "Linear"]
    assert net(tw.zeros((2, 784))).shape == (2, 10) and len(net.linears) == 3
    assert isinstance(models.MLP([2, 1], output="tanh")[1], nn.Tanh) and len(models.MLP([2, 1], "none")) == 1


@pytest.mark.parametrize("tied", [False, True])
def test_autoencoder_is_its_layers(tied):
    tw.random.seed(0)
    net = models.Autoencoder([5, 4, 2], tied=tied, code="none", dtype="float64")
    x = generator().uniform(size=(3, 5), dtype="float64")
    first, second = net.encoder.linears
    code = F.sigmoid(x @ first.weight.T + first.bias) @ second.weight.T + second.bias
    np.testing.assert_allclose(net.encoder(x).detach(), code.detach(), rtol=1e-14)
    if tied:
        b = net.decoder.biases
        want = F.sigmoid(F.sigmoid(code @ second.weight + b[0]) @ first.weight + b[1])
    else:
        c, d = net.decoder.linears
        want = F.sigmoid(F.sigmoid(code @ c.weight.T + c.bias) @ d.weight.T + d.bias)
    np.testing.assert_allclose(net(x).detach(), want.detach(), rtol=1e-14)
    weights = 2 if tied else 4
    assert sum(p.ndim == 2 for p in net.parameters()) == weights == sum(v.ndim == 2 for v in net.state_dict().values())


def test_tied_copies_are_tied_to_themselves():
    net, x = models.Autoencoder([3, 2], tied=True), tw.ones((1, 3))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        with tw.no_grad():
            twin.encoder[0].weight.zero_()
        assert (twin(x) == 0.5).all() and not (net(x) == 0.5).all()


@pytest.mark.parametrize("options", [{}, {"tied": True}])
def test_autoencoder_learns_a_code(options):
    tw.random.seed(1)
    net, x = models.Autoencoder([8, 3], **options), tw.eye(8)
    optimizer = tw.optim.Adam(net.parameters(), lr=0.05)
    for _ in range(600):
        optimizer.zero_grad()
        F.binary_cross_entropy(net(x), x).backward()
        optimizer.step()
    assert (net(x).round() == x).all()  # eight inputs in three numbers


def test_corruption():
    x = generator().uniform(0.25, 0.75, (100, 100))
    masked = models.corrupt(x, 0.3, generator=generator(1))
    assert ((masked == x) | (masked == 0)).all() and abs((masked == 0).mean().item() - 0.3) < 0.02
    salted = models.corrupt(x, 0.4, "salt_and_pepper", generator=generator(1))
    assert ((salted == x) | (salted == 0) | (salted == 1)).all()
    assert all(abs((salted == v).mean().item() - 0.2) < 0.02 for v in (0, 1))
    noise = models.corrupt(x, 2.0, "gaussian", generator=generator(1)) - x
    assert abs(noise.std().item() - 2) < 0.05
    assert (models.corrupt(x, 0.3, generator=generator(1)) == masked).all() and (models.corrupt(x, 0.0) == x).all()


def test_contractive_penalty_is_the_norm_of_the_jacobian():
    tw.random.seed(0)
    closed = models.MLP([4, 3], output="sigmoid", dtype="float64")
    general = nn.Sequential(nn.Sequential(closed[0]), nn.Sigmoid())  # the same, not recognised
    deep = models.MLP([4, 5, 3], "tanh", dtype="float64")
    x = generator().standard_normal((6, 4), dtype="float64")
    gradients = []
    for net in (closed, general, deep):
        want = np.mean([np.sum(tw.autograd.jacobian(net)(row).detach().numpy() ** 2) for row in x])
        penalty = models.contractive_penalty(net, x)
        assert penalty.item() == pytest.approx(want, rel=1e-12)
        net.zero_grad()
        penalty.backward()
        gradients.append(next(net.parameters()).grad.numpy())
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-12)
    assert np.abs(gradients[2]).max() > 0


# ---- restricted Boltzmann machines -----------------------------------------------------------------------------------


def machine(visible, hidden, kind="bernoulli", seed=0):
    """With weights that matter."""
    rbm, source = models.RBM(visible, hidden, kind, dtype="float64", generator=generator(seed)), generator(seed + 1)
    with tw.no_grad():
        for p in rbm.parameters():
            p.copy_(source.standard_normal(p.shape, dtype="float64"))
    return rbm


def states(count):
    return np.array(list(itertools.product((0.0, 1.0), repeat=count)))


def energies(rbm, v, h):
    """Of each pair, (states of v, states of h)."""
    w, b, c = (p.detach().numpy() for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    own = -(v @ b) if rbm.kind == "bernoulli" else ((v - b) ** 2).sum(1) / 2
    return own[:, None] - v @ w.T @ h.T - h @ c


@pytest.mark.parametrize("sizes", [(4, 3), (3, 5)])
def test_sums_over_all_states(sizes):
    """Free energy, partition function and conditional means, from the energies alone."""
    rbm = machine(*sizes)
    v, h = states(sizes[0]), states(sizes[1])
    weights = np.exp(-energies(rbm, v, h))
    assert rbm.log_partition().item() == pytest.approx(math.log(weights.sum()), rel=1e-12)
    np.testing.assert_allclose(rbm.free_energy(v).detach(), -np.log(weights.sum(1)), rtol=1e-12)
    np.testing.assert_allclose(rbm(v).detach(), weights @ h / weights.sum(1)[:, None], rtol=1e-12)
    np.testing.assert_allclose(rbm.visible_given(h).detach(), (weights.T @ v) / weights.sum(0)[:, None], rtol=1e-12)
    np.testing.assert_allclose(rbm.reconstruct(v).detach(), rbm.visible_given(rbm(v)).detach())


def test_gaussian_units_by_numerical_integration():
    rbm = machine(1, 3, "gaussian")
    grid = np.linspace(-25, 25, 20001)[:, None]
    density = np.exp(-rbm.free_energy(grid).detach().numpy())
    step = grid[1, 0] - grid[0, 0]
    assert rbm.log_partition().item() == pytest.approx(math.log(density.sum() * step), rel=1e-10)
    weights = np.exp(-energies(rbm, grid, states(3)))
    np.testing.assert_allclose(density, weights.sum(1), rtol=1e-10)
    means = (weights * grid).sum(0) / weights.sum(0)
    np.testing.assert_allclose(rbm.visible_given(states(3)).detach()[:, 0], means, atol=1e-9)


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_log_partition_has_the_gradient_of_the_likelihood(kind):
    """d log Z / d W is the mean of h v under the model, which contrastive divergence samples."""
    rbm = machine(3, 2, kind)
    parameters = [p.detach() for p in rbm.parameters()]

    def log_partition(*values):
        for name, value in zip(("weight", "visible_bias", "hidden_bias"), values, strict=True):
            vars(rbm)[name] = value
        return rbm.log_partition()

    tw.testing.check_grads(log_partition, *parameters, order=1)


def test_chains_reach_the_distribution():
    rbm = machine(3, 2, seed=5)
    v = states(3)
    want = np.exp(-rbm.free_energy(v).detach().numpy() - rbm.log_partition().item())
    assert want.sum() == pytest.approx(1)
    drawn = rbm.gibbs(np.zeros((5000, 3)), 20, generator=generator(7)).numpy()
    counts = np.bincount((drawn @ [4, 2, 1]).astype(int), minlength=8) / len(drawn)
    np.testing.assert_allclose(counts, want, atol=0.025)
    real = machine(2, 2, "gaussian")
    drawn = real.sample_visible(np.tile([1.0, 0.0], (20000, 1)), generator=generator(8))
    np.testing.assert_allclose(drawn.mean(0), real.visible_given([[1.0, 0.0]])[0].detach(), atol=0.03)
    assert drawn.std().item() > 0 and abs(drawn[:, 0].std().item() - 1) < 0.03


def test_gradient_of_contrastive_divergence():
    """For W: mean of p(h|v) v over chains' ends, minus that over the data."""
    rbm = machine(4, 3)
    data = generator(3).bernoulli(0.5, (5, 4)).astype("float64")
    chains = generator(4).bernoulli(0.5, (7, 4)).astype("float64")
    for start in (None, chains):
        rbm.zero_grad()
        loss, ends = rbm.contrastive_divergence(data, 2, start, generator=generator(9))
        loss.backward()
        assert ends.shape == (5 if start is None else 7, 4) and not ends.requires_grad
        same = rbm.gibbs(data if start is None else chains, 2, generator=generator(9))
        assert (same == ends).all()
        with tw.no_grad():
            negative, positive = (rbm(v).T @ v / len(v) for v in (ends, data))
        np.testing.assert_allclose(rbm.weight.grad, negative - positive, atol=1e-14)


def bars():
    """The 14 pictures of 3 × 3 whose rows are uniform, or whose columns are."""
    rows = [np.repeat(bits, 3) for bits in itertools.product((0.0, 1.0), repeat=3)]
    return np.unique([*rows, *(r.reshape(3, 3).T.ravel() for r in rows)], axis=0)


@pytest.mark.parametrize("options", [{"k": 1, "lr": 0.3}, {"k": 3, "lr": 0.3}, {"k": 2, "lr": 0.1, "persistent": True}])
def test_training_raises_the_exact_likelihood(options):
    data = tw.tile(tw.asarray(bars(), dtype=tw.float32), (8, 1))  # eight chains for each picture
    rbm = models.RBM(9, 12, generator=generator(1))

    def likelihood():
        return (-rbm.free_energy(data) - rbm.log_partition()).mean().item()

    assert likelihood() == pytest.approx(-9 * math.log(2), abs=0.1)
    errors = rbm.fit(data, epochs=1500, batch_size=112, **options)
    assert len(errors) == 1500 and errors[-1] < errors[0] / 2
    assert likelihood() > -5  # the best there is: -log 14, -2.64


def test_copies_draw_by_themselves():
    rbm = models.RBM(4, 3, generator=generator(2))
    twin, x = pickle.loads(pickle.dumps(rbm)), tw.zeros((20, 4))
    assert (twin.gibbs(x, 3) == rbm.gibbs(x, 3)).all()
    tw.random.seed(3)
    of_default = models.DeepBeliefNetwork([4, 3])
    first, state = of_default.sample(20, 3), tw.random.default_generator.state
    tw.random.seed(3)
    copied = copy.deepcopy(models.DeepBeliefNetwork([4, 3]))
    assert (copied.sample(20, 3) == first).all() and tw.random.default_generator.state == state


def test_weight_decay_and_seeds():
    data = bars()
    fitted = []
    for decay in (0.0, 0.0, 0.1):
        rbm = models.RBM(9, 4, generator=generator(2))
        rbm.fit(data, epochs=30, weight_decay=decay)
        fitted.append(rbm.weight.detach())
    assert (fitted[0] == fitted[1]).all() and (fitted[2] ** 2).sum() < (fitted[0] ** 2).sum()


def test_biases_that_start_at_the_data():
    x = generator(5).bernoulli(0.25, (400, 3)).astype("float64")
    rbm = models.RBM(3, 2, dtype="float64", generator=generator(6))
    rbm.start_at(x)
    np.testing.assert_allclose(F.sigmoid(rbm.visible_bias.detach()), (x.sum(0) + 0.5) / 401, rtol=1e-12)
    rbm.start_at(tw.zeros((2, 3)))
    assert rbm.visible_bias.requires_grad and abs(rbm.visible_bias + math.log(5)).max() < 1e-12
    real = models.RBM(3, 2, "gaussian", dtype="float64", generator=generator(6))
    real.start_at(x)
    np.testing.assert_allclose(real.visible_bias.detach(), x.mean(0))


# ---- deep belief networks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian"])
def test_networks_that_start_as_the_stack(kind):
    dbn = models.DeepBeliefNetwork([9, 6, 4], kind, generator=generator(3))
    errors = dbn.pretrain(bars(), epochs=5, k=2)
    assert [len(e) for e in errors] == [5, 5] and [rbm.kind for rbm in dbn.rbms] == [kind, "bernoulli"]
    x = tw.asarray(bars(), dtype=tw.float32)
    top = dbn.rbms[1](dbn.rbms[0](x))
    np.testing.assert_allclose(dbn(x).detach(), top.detach(), rtol=1e-6)
    classifier = dbn.to_classifier(3)
    np.testing.assert_allclose(classifier[:-1](x).detach(), top.detach(), rtol=1e-5)
    unrolled = dbn.to_autoencoder()
    np.testing.assert_allclose(unrolled.encoder(x).detach(), top.detach(), rtol=1e-5)
    below = dbn.rbms[0].visible_given(dbn.rbms[1].visible_given(top))
    np.testing.assert_allclose(unrolled(x).detach(), below.detach(), rtol=1e-5)
    with tw.no_grad():
        for p in (*classifier.parameters(), *unrolled.parameters()):
            p.zero_()
    assert (dbn.rbms[0].weight != 0).any()
    drawn = dbn.sample(5, 3)
    assert drawn.shape == (5, 9) and not drawn.requires_grad and not (drawn[0] == drawn[1]).all()


def test_pretraining_learns_what_the_data_look_like():
    dbn = models.DeepBeliefNetwork([9, 12, 12], generator=generator(4))
    dbn.pretrain(bars(), epochs=1500, lr=0.3, batch_size=14, momentum=0.9)
    drawn, known = dbn.sample(200, 50).round().tolist(), bars().tolist()
    assert sum(one in known for one in drawn) > 100  # of random ones 14 / 512


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: models.MLP([3]), ValueError, r"MLP: sizes is \[3\], but must have at least two entries"),
        (lambda: models.MLP([3, 0]), ValueError, "MLP: an entry of sizes is 0, but must be at least 1"),
        (lambda: models.MLP([3, 4, 2], "step"), ValueError, "MLP: activation is 'step'"),
        (lambda: models.Autoencoder([3, 2], code="x"), ValueError, "Autoencoder: code is 'x'"),
        (lambda: models.corrupt([1.0], 2.0), ValueError, "corrupt: p is 2.0"),
        (lambda: models.corrupt([1.0], -1, "gaussian"), ValueError, "corrupt: p is -1.0, but must be at least 0"),
        (lambda: models.corrupt([1]), TypeError, "corrupt: input has dtype int64"),
        (lambda: models.contractive_penalty(abs, [[1.0]]), TypeError, "contractive_penalty: encoder is"),
        (lambda: models.contractive_penalty(nn.Tanh(), [1.0]), ValueError, r"input has shape \(1,\), but must be"),
        (lambda: models.RBM(0, 1), ValueError, "RBM: visible is 0, but must be at least 1"),
        (lambda: models.RBM(1, 1, "poisson"), ValueError, "RBM: kind is 'poisson'"),
        (lambda: models.RBM(2, 1)(tw.ones(2)), ValueError, r"RBM: got states of shape \(2,\), but needs \(B, 2\)"),
        (lambda: models.RBM(30, 19).log_partition(), ValueError, "there are 19 units to go through, but can be 18"),
        (lambda: models.RBM(2, 1).gibbs([[0, 1]], -1), ValueError, "gibbs: steps is -1"),
        (lambda: models.RBM(2, 1).fit([[0, 1]], weight_decay=-1), ValueError, "weight_decay is -1"),
        (lambda: models.DeepBeliefNetwork([2]), ValueError, "DeepBeliefNetwork: sizes is"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
