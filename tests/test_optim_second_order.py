"""L-BFGS, Newton and Hessian-free: PyTorch's trajectories, ill-conditioned least squares, saddle points, errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn, optim


def problem(name):
    """Data, start of the parameters, and the loss in either library."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    if name == "rosenbrock":
        values = [np.array([-1.2, 1.0]), np.array(0.5)]

        def loss(library, p):
            return (1 - p[0][0]) ** 2 + 10 * (p[0][1] - p[0][0] ** 2) ** 2 + p[1] ** 2
    else:
        values = [0.5 * rng.normal(size=(4, 6)), 0.5 * rng.normal(size=(6, 2)), np.zeros(2)]

        def loss(library, p):
            return ((library.tanh(library.asarray(x) @ p[0]) @ p[1] + p[2] - library.asarray(y)) ** 2).mean()

    return values, loss


def run(library, name, calls, optimizer=None, **options):
    """Losses of some calls of L-BFGS, the parameters, and the optimiser."""
    values, loss_of = problem(name)
    params = [library.nn.Parameter(library.asarray(v.copy())) for v in values]
    optimizer = library.optim.LBFGS(params, **options)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(library, params)
        loss.backward()
        return loss

    losses = [optimizer.step(closure).detach().item() for _ in range(calls)]
    return losses, params, optimizer, closure


LBFGS = [
    ("rosenbrock", {"lr": 0.1}, 5),
    ("network", {"lr": 0.1}, 5),
    ("network", {"lr": 0.1, "history_size": 3, "max_iter": 7}, 5),
    ("rosenbrock", {"line_search_fn": "strong_wolfe"}, 2),
    ("network", {"line_search_fn": "strong_wolfe", "max_iter": 10}, 2),
    ("network", {"line_search_fn": "strong_wolfe", "max_eval": 4, "history_size": 2}, 4),
    ("rosenbrock", {"lr": 20.0, "line_search_fn": "strong_wolfe"}, 2),
]


@pytest.mark.parametrize(("name", "options", "calls"), LBFGS, ids=str)
def test_lbfgs_is_pytorchs(name, options, calls):
    torch = pytest.importorskip("torch")
    got, ours, mine, _ = run(tw, name, calls, **options)
    want, params, theirs, _ = run(torch, name, calls, **options)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)
    for a, b in zip(ours, params, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-8, atol=1e-9)
    for count in ("n_iter", "func_evals"):
        assert mine.state[ours[0]][count] == theirs.state[params[0]][count]


def test_lbfgs_state_of_pytorch_and_its_own():
    torch = pytest.importorskip("torch")
    options = {"lr": 0.1, "max_iter": 5}
    _, want, _, _ = run(tw, "network", 3, **options)
    _, theirs, other, _ = run(torch, "network", 2, **options)
    _, half, own, _ = run(tw, "network", 2, **options)
    for state, params, rtol in ((other.state_dict(), theirs, 1e-10), (own.state_dict(), half, 0)):
        _, again, optimizer, closure = run(tw, "network", 0, lr=7.0)
        optimizer.load_state_dict(state)
        with tw.no_grad():
            for p, value in zip(again, params, strict=True):
                p.copy_(value.detach().numpy())
        optimizer.step(closure)
        for a, b in zip(again, want, strict=True):
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=rtol, atol=rtol)
    broken = own.state_dict()
    broken["state"] = {0: {**broken["state"][0], "d": tw.zeros(3)}}
    with pytest.raises(ValueError, match=r"LBFGS.load_state_dict: d has shape \(3,\), but there are 38 elements"):
        optimizer.load_state_dict(broken)


def least_squares(make, steps, *, outputs=False, backward=False):
    """How far the loss stays above the optimum, |A (w - w*)|^2, with singular values of A from 1 to 1e-3."""
    rng = np.random.default_rng(0)
    n = 12
    u, v = np.linalg.qr(rng.normal(size=(40, n)))[0], np.linalg.qr(rng.normal(size=(n, n)))[0]
    a, b = u * np.logspace(0, -3, n) @ v.T, rng.normal(size=40)
    w = nn.Parameter(np.zeros(n))
    optimizer, design, target = make([w]), tw.asarray(a), tw.asarray(b)

    def closure():
        optimizer.zero_grad()
        y = design @ w
        loss = ((y - target) ** 2).sum()
        if backward:
            loss.backward()
        return (loss, y) if outputs else loss

    for _ in range(steps):
        optimizer.step(closure)
    best = np.linalg.lstsq(a, b, rcond=None)[0]
    return ((a @ (w.detach().numpy() - best)) ** 2).sum()


def test_second_order_reaches_the_optimum_where_sgd_does_not():
    tight = {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-14, "tolerance_change": 1e-16, "max_iter": 100}
    assert least_squares(lambda p: optim.SGD(p, lr=0.9), 500, backward=True) > 1
    assert least_squares(lambda p: optim.LBFGS(p, **tight), 3, backward=True) < 1e-10
    assert least_squares(optim.Newton, 1) < 1e-10
    free = {"damping": 1e-3, "cg_tolerance": 1e-10}
    assert least_squares(lambda p: optim.HessianFree(p, **free), 25, outputs=True) < 1e-10


def test_newton_leaves_a_saddle_point_and_backtracks():
    p = nn.Parameter(np.array([0.5, 1e-3]))
    optimizer = optim.Newton([p])
    for _ in range(12):
        optimizer.step(lambda: p[0] ** 2 - p[1] ** 2 + p[1] ** 4 / 2)
    np.testing.assert_allclose(np.abs(p.detach().numpy()), [0, 1], atol=1e-8)
    q = nn.Parameter(np.array([3.0]))
    optimizer = optim.Newton([q])  # Newton's step without a search diverges from here
    for _ in range(8):
        optimizer.step(lambda: (1 + q * q).sqrt().sum())
    np.testing.assert_allclose(q.detach().numpy(), [0], atol=1e-8)


def test_newton_step_is_the_damped_solution():
    rng = np.random.default_rng(1)
    m = rng.normal(size=(5, 5))
    h, start = m @ m.T, rng.normal(size=5)
    p = nn.Parameter(start.copy())
    h_ = tw.asarray(h)
    optim.Newton([p], lr=0.5, damping=0.3, line_search_fn=None).step(lambda: (p @ (h_ @ p)) / 2)
    want = start - 0.5 * np.linalg.solve(h + 0.3 * np.eye(5), h @ start)
    np.testing.assert_allclose(p.detach().numpy(), want, rtol=1e-10)


def test_hessian_free_trains_a_network():
    """Cross-entropy of a network in float32: far below where it started, with no damping left to give."""
    generator = tw.random.Generator(0)
    x = generator.normal(size=(60, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype("int64")
    net = nn.Sequential(nn.Linear(2, 8, generator=generator), nn.Tanh(), nn.Linear(8, 2, generator=generator))
    optimizer = optim.HessianFree(net.parameters(), damping=0.1, cg_iter=20)

    def closure():
        logits = net(x)
        return nn.functional.cross_entropy(logits, labels), logits

    losses = [optimizer.step(closure).item() for _ in range(15)]
    assert all(b <= a for a, b in itertools.pairwise(losses))
    assert losses[0] > 0.6 and losses[-1] < 0.1
    saved = optimizer.state_dict()
    again = optim.HessianFree(net.parameters())
    again.load_state_dict(saved)
    before = [p.detach().copy() for p in net.parameters()]
    optimizer.step(closure)
    after = [p.tolist() for p in net.parameters()]
    with tw.no_grad():
        for p, value in zip(net.parameters(), before, strict=True):
            p.copy_(value)
    again.step(closure)
    assert [p.tolist() for p in net.parameters()] == after


def test_gauss_newton_products():
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(7, 3)), rng.normal(size=3)
    p = nn.Parameter(w.copy())
    optimizer = optim.HessianFree([p])
    outputs = tw.asarray(x) @ p
    product = optimizer._gauss_newton((outputs**4).sum(), outputs)
    v = rng.normal(size=3)
    curvature = np.diag(12 * (x @ w) ** 2)
    np.testing.assert_allclose(product(tw.asarray(v)).numpy(), x.T @ curvature @ x @ v, rtol=1e-12)


def test_a_closure_that_raises_leaves_the_parameters():
    for make, backward, outputs in (
        (lambda p: optim.LBFGS(p, line_search_fn="strong_wolfe"), True, False),
        (optim.Newton, False, False),
        (optim.HessianFree, False, True),
    ):
        p, calls = nn.Parameter(np.array([1.0, 2.0])), []
        optimizer = make([p])

        def closure(p=p, calls=calls, backward=backward, outputs=outputs, optimizer=optimizer):
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            optimizer.zero_grad()
            y = p * 3
            loss = (y * y).sum()
            if backward:
                loss.backward()
            return (loss, y) if outputs else loss

        with pytest.raises(KeyboardInterrupt):
            optimizer.step(closure)
        assert p.tolist() == [1, 2]


P, Q = nn.Parameter([1.0]), nn.Parameter(np.ones(1))
ERRORS = [
    (ValueError, "LBFGS: max_iter is 0", lambda: optim.LBFGS([P], max_iter=0)),
    (ValueError, "LBFGS: line_search_fn is 'wolfe'", lambda: optim.LBFGS([P], line_search_fn="wolfe")),
    (ValueError, "LBFGS: there is one group", lambda: optim.LBFGS([{"params": P}, {"params": Q}])),
    (ValueError, r"Newton: parameters have dtypes \['float32', 'float64'\]", lambda: optim.Newton([P, Q])),
    (TypeError, "LBFGS.step: takes a closure", lambda: optim.LBFGS([P]).step()),
    (TypeError, "Newton.step: takes a closure", lambda: optim.Newton([P]).step()),
    (ValueError, "Newton: damping is -1", lambda: optim.Newton([P], damping=-1)),
    (ValueError, "HessianFree: cg_iter is 0", lambda: optim.HessianFree([P], cg_iter=0)),
    (TypeError, "must give loss, outputs", lambda: optim.HessianFree([P]).step(lambda: P.sum())),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS, ids=[m for _, m, _ in ERRORS])
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
