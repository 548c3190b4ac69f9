"""Trajectories of the optimisers: PyTorch's in float64 over 100 steps, or the papers' formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn, optim

SHAPES = [(3, 4), (5,), (), (17, 33)]
STEPS = 100
OPTIONS = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.3, "maximize": True}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "dampening": 0.4, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.3, "maximize": True}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.5, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.5}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.5, "amsgrad": True, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "momentum": 0.8, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.05, "centered": True, "maximize": True}),
    ("RMSprop", {"lr": 0.05, "centered": True, "momentum": 0.5, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.2, "initial_accumulator_value": 0.5, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.2, "maximize": True}),
    ("Adamax", {"lr": 0.05}),
    ("Adamax", {"lr": 0.05, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.2, "maximize": True}),
    ("NAdam", {"lr": 0.05}),
    ("NAdam", {"lr": 0.05, "betas": (0.7, 0.9), "momentum_decay": 0.01, "weight_decay": 0.2, "maximize": True}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.2, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.05}),
    ("RAdam", {"lr": 0.05, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.2, "maximize": True}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.2, "decoupled_weight_decay": True}),
]
PAPERS = [
    ("Lion", {"lr": 0.01}),
    ("Lion", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.3, "maximize": True}),
    ("LAMB", {"lr": 0.01}),
    ("LAMB", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.3, "maximize": True}),
]
NAMES = {"ids": lambda v: v if isinstance(v, str) else ",".join(f"{k}={x}" for k, x in v.items()) or "defaults"}
named = pytest.mark.parametrize(("name", "options"), [*OPTIONS, *PAPERS], **NAMES)


def start(dtype=np.float64):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]


def noise(step, dtype=np.float64):
    rng = np.random.default_rng(step + 1)
    return [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]


def skipped(step, i):
    """In some steps the second parameter has no gradient."""
    return i == 1 and step % 7 == 3


def walk(optimizer, params, array, steps):
    """Steps on gradients that depend on where the parameters are. Gives the last parameters."""
    for step in steps:
        optimizer.zero_grad()
        for i, (p, g) in enumerate(zip(params, noise(step), strict=True)):
            if not skipped(step, i):
                p.grad = array(g) + 0.3 * p.detach()
        optimizer.step()
    return [p.detach().numpy() for p in params]


def ours(values):
    return [nn.Parameter(tw.asarray(a.copy())) for a in values]


@pytest.fixture
def torch():
    """PyTorch in float64: its NAdam keeps the product of momenta in the default dtype."""
    torch = pytest.importorskip("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(before)


@pytest.mark.parametrize(("name", "options"), OPTIONS, **NAMES)
def test_trajectories_are_pytorchs(name, options, torch):
    params = ours(start())
    got = walk(getattr(optim, name)(params, **options), params, tw.asarray, range(STEPS))
    params = [torch.nn.Parameter(torch.tensor(a)) for a in start()]
    want = walk(getattr(torch.optim, name)(params, **options), params, torch.tensor, range(STEPS))
    for a, b in zip(got, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "options"), OPTIONS, **NAMES)
def test_states_move_between_the_libraries(name, options, torch):
    """Ten steps here, ten there, ten here are thirty of one library; and so with the two exchanged."""
    make, theirs = getattr(optim, name), getattr(torch.optim, name)
    whole = [torch.nn.Parameter(torch.tensor(a)) for a in start()]
    expected = walk(theirs(whole, **options), whole, torch.tensor, range(30))

    first = ours(start())
    optimizer = make(first, **options)
    values = walk(optimizer, first, tw.asarray, range(10))
    second = [torch.nn.Parameter(torch.tensor(a)) for a in values]
    other = theirs(second, lr=7.0)
    saved = optimizer.state_dict()
    saved["state"] = {
        number: {key: torch.tensor(v.numpy()) if isinstance(v, tw.Tensor) else v for key, v in state.items()}
        for number, state in saved["state"].items()
    }
    other.load_state_dict(saved)
    values = walk(other, second, torch.tensor, range(10, 20))
    third = ours(values)
    again = make(third, lr=7.0)
    again.load_state_dict(other.state_dict())
    assert set(again.param_groups[0]) == {"params", *again.defaults}
    for a, b in zip(walk(again, third, tw.asarray, range(20, 30)), expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def lion(p, g, state, step, lr, betas=(0.9, 0.99), weight_decay=0.0):
    m = state.get("m", np.zeros_like(p))
    u = np.sign(betas[0] * m + (1 - betas[0]) * g)
    state["m"] = betas[1] * m + (1 - betas[1]) * g
    return p - lr * (u + weight_decay * p)


def lamb(p, g, state, step, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.0):
    state["m"] = betas[0] * state.get("m", 0) + (1 - betas[0]) * g
    state["v"] = betas[1] * state.get("v", 0) + (1 - betas[1]) * g * g
    m, v = state["m"] / (1 - betas[0] ** step), state["v"] / (1 - betas[1] ** step)
    u = m / (np.sqrt(v) + eps) + weight_decay * p
    return p - lr * np.sqrt((p * p).sum()) / np.sqrt((u * u).sum()) * u


@pytest.mark.parametrize(("name", "options"), PAPERS, **NAMES)
def test_trajectories_are_the_papers(name, options):
    params = ours(start())
    got = walk(getattr(optim, name)(params, **options), params, tw.asarray, range(STEPS))
    rule, options = {"Lion": lion, "LAMB": lamb}[name], dict(options)
    sign = -1 if options.pop("maximize", False) else 1
    for i, p in enumerate(start()):
        state, count = {}, 0
        for step in range(STEPS):
            if not skipped(step, i):
                count += 1
                p = rule(p, sign * (noise(step)[i] + 0.3 * p), state, count, **options)
        np.testing.assert_allclose(got[i], p, rtol=1e-12, atol=1e-13)


def test_lamb_of_zeros_takes_the_plain_step():
    p, q = nn.Parameter(np.zeros(3)), nn.Parameter(np.ones(3))
    p.grad, q.grad = tw.ones(3, dtype="float64"), tw.zeros(3, dtype="float64")
    optim.LAMB([p, q], lr=0.5, eps=0.0).step()
    np.testing.assert_allclose(p.detach().numpy(), [-0.5] * 3, rtol=1e-12)
    assert np.isnan(q.detach().numpy()).all()  # 0 / 0, without epsilon


@named
def test_a_state_continues_with_the_same_bits(name, options):
    """In float32, at lengths around the lanes; loaded tensors are copies."""
    make = getattr(optim, name)
    values = [a.astype(np.float32) for a in start()]

    def run(params, optimizer, steps):
        for step in steps:
            for p, g in zip(params, noise(step, np.float32), strict=True):
                p.grad = tw.asarray(g)
            optimizer.step()

    whole, first = ours(values), ours(values)
    run(whole, make(whole, **options), range(6))
    saved = make(first, **options)
    run(first, saved, range(3))
    second = ours([p.detach().numpy() for p in first])
    loaded = make(second, lr=7.0)
    loaded.load_state_dict(saved.state_dict())
    run(second, loaded, range(3, 6))
    run(first, saved, range(3, 4))
    for a, b in zip(second, whole, strict=True):
        assert a.detach().numpy().tobytes() == b.detach().numpy().tobytes()


@named
def test_any_number_of_threads_gives_the_same_bits(name, options):
    before = tw.get_num_threads()
    try:
        results = set()
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            p = nn.Parameter(np.linspace(-1, 1, 40_000).astype(np.float32))
            optimizer = getattr(optim, name)([p], **options)
            for step in range(2):
                p.grad = tw.asarray(np.random.default_rng(step).normal(size=40_000).astype(np.float32))
                optimizer.step()
            results.add(p.detach().numpy().tobytes())
        assert len(results) == 1
    finally:
        tw.set_num_threads(before)


def test_a_closure_comes_first():
    p = nn.Parameter([1.0])
    optimizer = optim.RMSprop([p])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 1 and p.item() < 1


ERRORS = [
    ("RMSprop", {"alpha": 1.0}, "RMSprop: alpha is 1.0"),
    ("RMSprop", {"momentum": -1}, "RMSprop: momentum is -1"),
    ("Adagrad", {"lr_decay": -1}, "Adagrad: lr_decay is -1"),
    ("Adadelta", {"rho": 1.5}, "Adadelta: rho is 1.5"),
    ("Adamax", {"betas": (0.9, 1.0)}, "Adamax: betas is"),
    ("NAdam", {"momentum_decay": -1}, "NAdam: momentum_decay is -1"),
    ("RAdam", {"eps": -1}, "RAdam: eps is -1"),
    ("Lion", {"betas": (-1, 0)}, "Lion: betas is"),
    ("LAMB", {"weight_decay": -1}, "LAMB: weight_decay is -1"),
]


@pytest.mark.parametrize(("name", "options", "message"), ERRORS, ids=[m for _, _, m in ERRORS])
def test_options_out_of_range(name, options, message):
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)([nn.Parameter([1.0])], **options)


@named
def test_a_refused_step_leaves_no_trace(name, options):
    a, b = ours([np.ones(3), np.ones(3)])
    a.grad, b.grad = tw.ones(3, dtype="float64"), tw.ones(3, dtype="float64")
    b.grad._array = tw.ones(3)._array
    optimizer = getattr(optim, name)([a, b], **options)
    with pytest.raises(TypeError, match="float32, but its parameter is float64"):
        optimizer.step()
    assert a.tolist() == [1, 1, 1] and not optimizer.state
