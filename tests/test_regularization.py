"""Penalties, limits, noise and attacks, against their formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import models, nn
from tilewright.nn import utils

F = nn.functional


# ---- which parameters ------------------------------------------------------------------------------------------------


def test_weights_are_no_biases_and_no_scales():
    net = nn.ModuleDict(
        {
            "conv": nn.Conv2d(1, 2, 3),
            "norm": nn.LayerNorm((2, 2)),
            "groups": nn.GroupNorm(1, 2),
            "batch": nn.BatchNorm2d(2),
            "slope": nn.PReLU(2),
            "lstm": nn.LSTM(3, 4),
            "attention": nn.MultiheadAttention(4, 2, add_bias_kv=True),
            "embedding": nn.Embedding(5, 4),
        }
    )
    names = {id(p): name for name, p in net.named_parameters()}
    assert [names[id(p)] for p in utils.weights(net)] == [
        *("conv.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "attention.in_proj_weight"),
        *("attention.out_proj.weight", "embedding.weight"),
    ]
    tied = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    assert len(utils.weights(tied)) == 1


def test_groups_hold_every_parameter_once_and_decay_weights_alone():
    net = models.MLP([4, 3, 2])
    groups = utils.parameter_groups(net, 0.5, lr=0.1)
    assert {id(p) for g in groups for p in g["params"]} == {id(p) for p in net.parameters()}
    assert sum(len(g["params"]) for g in groups) == 4
    with tw.no_grad():
        for p in net.parameters():
            p.fill_(1.0)
            p.grad = tw.zeros_like(p)
    tw.optim.SGD(groups).step()
    assert all((p == (1 - 0.1 * 0.5 if p.ndim == 2 else 1)).all() for p in net.parameters())


# ---- penalties and limits --------------------------------------------------------------------------------------------


def test_elastic_net():
    net = models.MLP([4, 3, 2], dtype="float64")
    w = [p.detach().numpy() for p in net.parameters() if p.ndim == 2]
    want = 0.3 * sum(abs(v).sum() for v in w) + 0.7 / 2 * sum((v**2).sum() for v in w)
    penalty = utils.elastic_net_penalty(net, 0.3, 0.7)
    assert penalty.item() == pytest.approx(want, rel=1e-12)
    penalty.backward()
    np.testing.assert_allclose(net[0].weight.grad, 0.3 * np.sign(w[0]) + 0.7 * w[0], rtol=1e-12)
    assert net[0].bias.grad is None
    assert utils.elastic_net_penalty([net[0].bias, net[2].bias], 1.0, 1.0).item() == 0
    assert utils.elastic_net_penalty(net).item() == 0


def test_lasso_sets_useless_weights_near_zero():
    rng = np.random.default_rng(0)
    x = tw.asarray(rng.standard_normal((200, 6)))
    y = x[:, :2] @ tw.asarray([2.0, -1.0], dtype="float64")
    w = tw.zeros(6, dtype="float64")
    w.requires_grad = True
    optimizer = tw.optim.SGD([w], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (F.mse_loss(x @ w, y) + utils.elastic_net_penalty(w, l1=0.2)).backward()
        optimizer.step()
    assert abs(w[2:]).max() < 0.02 and 1.7 < w[0] < 2 and -1 < w[1] < -0.7  # both shrunk by about 0.1


def test_max_norm():
    w = tw.asarray(np.random.default_rng(0).standard_normal((5, 3, 2, 2)), dtype=tw.float32)
    before = w.numpy().copy()
    norms = np.sqrt((before**2).sum((1, 2, 3)))
    limit = float(np.median(norms))
    utils.max_norm_(w, limit)
    factors = np.minimum(limit / norms, 1)
    assert (factors == 1).sum() in (2, 3)
    np.testing.assert_allclose(w, before * factors[:, None, None, None], rtol=1e-6)
    assert (w.numpy()[norms < limit] == before[norms < limit]).all()
    columns = tw.asarray([[3.0, 0.0], [4.0, 0.0]], requires_grad=True)
    utils.max_norm_([columns], 2.5, dim=-1)
    np.testing.assert_allclose(columns.detach(), [[1.5, 0], [2, 0]], rtol=1e-6)
    half = tw.zeros((2, 2), dtype="float16")
    utils.max_norm_(half, 1.0)
    assert (half == 0).all()
    net = models.MLP([3, 2])
    with tw.no_grad():
        net[0].bias.fill_(9.0)
    utils.max_norm_(net, 0.5)
    assert (net[0].bias == 9).all() and abs((net[0].weight ** 2).sum(1) ** 0.5).max() < 0.5001


def test_sparsity():
    x = np.random.default_rng(0).uniform(0.05, 0.95, (6, 4))
    m = x.mean(0)
    want = (0.2 * np.log(0.2 / m) + 0.8 * np.log(0.8 / (1 - m))).sum()
    assert utils.sparsity_penalty(x, 0.2).item() == pytest.approx(want, rel=1e-12)
    tw.testing.check_grads(lambda a: utils.sparsity_penalty(a, 0.2), tw.asarray(x))
    assert math.isfinite(utils.sparsity_penalty(np.eye(2) * 0).item())


# ---- noise -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_gradient_noise(dtype):
    a, b, none = (tw.zeros(20_000, dtype=dtype, requires_grad=True) for _ in range(3))
    for p, given in ((a, [a, none]), (b, b)):
        p.grad = tw.ones(20_000, dtype=dtype)
        utils.add_gradient_noise_(given, 0.5, generator=tw.random.Generator(0))
    assert none.grad is None and a.grad.dtype.name == dtype and a.grad.tolist() == b.grad.tolist()
    noise = a.grad.astype("float64").numpy() - 1
    assert abs(noise.std() - 0.5) < 0.015 and abs(noise.mean()) < 0.02
    assert dtype != "float64" or len(set(noise.astype("float32"))) < 20_000 == len(set(noise))  # drawn as float64


def test_weight_noise_comes_and_goes():
    net = models.MLP([40, 50], dtype="float64")
    before = net[0].weight.detach().copy()
    with utils.weight_noise(net, 0.25, generator=tw.random.Generator(0)):
        noise = net[0].weight.detach() - before
        assert abs(noise.std().item() - 0.25) < 0.02 and (net[0].bias == 0).all()
        net(tw.ones((1, 40), dtype="float64")).sum().backward()
    assert (net[0].weight == before).all() and net[0].weight.grad is not None
    with pytest.raises(KeyError), utils.weight_noise(net, 1.0):
        raise KeyError
    assert (net[0].weight == before).all()


# ---- attacks ---------------------------------------------------------------------------------------------------------


def test_fgsm_is_a_step_along_the_signs():
    tw.random.seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Tanh(), nn.Linear(8, 3))
    net[0].bias.requires_grad = False
    x, y = tw.random.uniform(size=(6, 4)), [0, 1, 2, 0, 1, 2]
    changed = utils.fgsm(net, x, y, 0.1)
    assert net.training and net[1].training and [p.requires_grad for p in net.parameters()] == [True, False, True, True]
    assert all(p.grad is None for p in net.parameters()) and not changed.requires_grad
    net.eval()
    gradient = tw.grad(lambda x: F.cross_entropy(net(x), y))(x)
    np.testing.assert_allclose(changed, np.clip(x + 0.1 * np.sign(gradient.detach()), 0, 1), rtol=1e-6)
    assert F.cross_entropy(net(changed), y) > F.cross_entropy(net(x), y)
    free = utils.fgsm(net, x, y, 3.0, low=-math.inf, high=math.inf)
    np.testing.assert_allclose(abs(free - x), 3.0, rtol=1e-5)


def test_pgd_stays_within_epsilon_and_is_stronger():
    tw.random.seed(0)
    net = models.MLP([4, 32, 3], "tanh")
    with tw.no_grad():
        net[0].weight *= 4.0
    x, y = tw.random.uniform(size=(64, 4)), tw.random.integers(0, 3, 64)
    one = utils.fgsm(net, x, y, 0.3)
    many = utils.pgd(net, x, y, 0.3, steps=20, generator=tw.random.Generator(0))
    assert abs(many - x).max() <= 0.3 + 1e-6 and many.min() >= 0 and many.max() <= 1
    with tw.no_grad():
        clean, weak, strong = (F.cross_entropy(net(v), y).item() for v in (x, one, many))
    assert clean < weak < strong
    same = utils.pgd(net, x, y, 0.3, steps=1, step_size=0.3, random_start=False)
    np.testing.assert_allclose(same, one, atol=1e-6)
    again = utils.pgd(net, x, y, 0.3, steps=20, generator=tw.random.Generator(0))
    assert (again == many).all()


def test_attacks_take_any_loss():
    net = nn.Identity()
    changed = utils.fgsm(net, [[0.5, 0.5]], [[0.75, 0.25]], 0.125, loss=F.mse_loss)
    assert changed.tolist() == [[0.375, 0.625]]  # away from the target


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: utils.weights([tw.ones(2)]), TypeError, "weights: module is"),
        (lambda: utils.parameter_groups(nn.Tanh(), -1), ValueError, "parameter_groups: weight_decay is -1.0"),
        (lambda: utils.elastic_net_penalty(nn.Tanh(), 1), ValueError, "elastic_net_penalty: got no parameters"),
        (lambda: utils.elastic_net_penalty(tw.ones(2), -1), ValueError, "elastic_net_penalty: l1 is -1.0"),
        (lambda: utils.elastic_net_penalty([2.0], 1), TypeError, "elastic_net_penalty: parameter 0 is 2.0"),
        (lambda: utils.elastic_net_penalty(tw.arange(2), 1), TypeError, "parameter 0 has dtype int64"),
        (lambda: utils.max_norm_(tw.ones(2), math.nan), ValueError, "max_norm_: max_norm is nan"),
        (lambda: utils.max_norm_(tw.ones(2), 1.0, 1), IndexError, r"max_norm_: dim is 1, but a parameter has"),
        (lambda: utils.sparsity_penalty([0.5]), ValueError, r"sparsity_penalty: activation has shape \(1,\)"),
        (lambda: utils.sparsity_penalty([[0.5]], 1.0), ValueError, "sparsity_penalty: rho 1.0 and eps"),
        (lambda: utils.sparsity_penalty([[1]]), TypeError, "sparsity_penalty: activation has dtype int64"),
        (lambda: utils.add_gradient_noise_(tw.ones(2), -1), ValueError, "add_gradient_noise_: std is -1.0"),
        (lambda: utils.add_gradient_noise_([1.0], 1), TypeError, "add_gradient_noise_: parameter 0 is 1.0"),
        (lambda: utils.fgsm(abs, [1.0], [0], 0.1), TypeError, "fgsm: module is"),
        (lambda: utils.fgsm(nn.Tanh(), [1], [0], 0.1), TypeError, "fgsm: input has dtype int64"),
        (lambda: utils.fgsm(nn.Tanh(), [1.0], [0], -0.1), ValueError, "fgsm: epsilon is -0.1"),
        (lambda: utils.pgd(nn.Tanh(), [1.0], [0], 0.1, low=1, high=0), ValueError, "pgd: low is 1.0"),
        (lambda: utils.pgd(nn.Tanh(), [1.0], [0], 0.1, steps=0), ValueError, "pgd: steps is 0"),
        (lambda: utils.pgd(nn.Tanh(), [1.0], [0], 0.1, loss=3), TypeError, "pgd: loss is 3"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
