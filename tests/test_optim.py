"""Optimisers: their steps against PyTorch's, options, groups and state."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn, optim

SHAPES = [(3, 4), (5,), (), (0, 2), (40, 500)]


def start(seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]


def run_ours(make, steps=6, skip=(), dtype=np.float32):
    """Parameters after some steps on random gradients; in steps `skip` the second one has no gradient."""
    params = [nn.Parameter(a.copy()) for a in start(dtype=dtype)]
    optimizer = make(params)
    for step in range(steps):
        optimizer.zero_grad()
        for i, (p, g) in enumerate(zip(params, start(step + 1, dtype), strict=True)):
            if not (step in skip and i == 1):
                p.grad = tw.asarray(g)
        optimizer.step()
    return optimizer, [p.detach().numpy() for p in params]


def run_theirs(make, steps=6, skip=(), dtype=np.float32):
    import torch

    params = [torch.nn.Parameter(torch.tensor(a)) for a in start(dtype=dtype)]
    optimizer = make(torch.optim, params)
    for step in range(steps):
        optimizer.zero_grad()
        for i, (p, g) in enumerate(zip(params, start(step + 1, dtype), strict=True)):
            if not (step in skip and i == 1):
                p.grad = torch.tensor(g)
        optimizer.step()
    return [p.detach().numpy() for p in params]


OPTIONS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.7, 0.9), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "maximize": True, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.5, "amsgrad": True}),
    ("AdamW", {"lr": 0.1, "maximize": True}),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("skip", [(), (0, 3)], ids=["", "skipping"])
@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=lambda v: v if isinstance(v, str) else str(v))
def test_steps_are_pytorchs(name, options, skip, dtype):
    pytest.importorskip("torch")
    _, ours = run_ours(lambda p: getattr(optim, name)(p, **options), skip=skip, dtype=dtype)
    theirs = run_theirs(lambda module, p: getattr(module, name)(p, **options), skip=skip, dtype=dtype)
    for a, b in zip(ours, theirs, strict=True):
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_sgd_by_hand():
    x = nn.Parameter([1.0, -2.0])
    optimizer = optim.SGD([x], lr=0.5, momentum=0.5)
    for g, expected in (([1.0, 0.0], [0.5, -2.0]), ([0.0, 2.0], [0.25, -3.0])):
        x.grad = tw.asarray(g)
        optimizer.step()
        assert x.tolist() == expected


def test_groups_have_their_own_options():
    net = nn.Linear(3, 2)
    optimizer = optim.SGD(
        [{"params": [net.weight], "weight_decay": 0.5}, {"params": net.bias, "lr": 1.0}], lr=0.1, weight_decay=0.0
    )
    before = net.weight.detach().copy()
    net.weight.grad, net.bias.grad = tw.zeros((2, 3)), tw.ones(2)
    optimizer.step()
    np.testing.assert_allclose(net.weight.detach().numpy(), before.numpy() * 0.95, rtol=1e-6)
    assert net.bias.tolist() == [-1.0, -1.0]
    optimizer.param_groups[1]["lr"] = 2.0
    optimizer.step()
    assert net.bias.tolist() == [-3.0, -3.0]
    extra = nn.Parameter([1.0])
    optimizer.add_param_group({"params": [extra]})
    assert optimizer.param_groups[2]["lr"] == 0.1
    assert "group 2: 1 parameters, lr=0.1, momentum=0.0" in repr(optimizer)


def test_parameters_without_gradients_stay():
    a, b, frozen = nn.Parameter([1.0]), nn.Parameter([1.0]), nn.Parameter([1.0], requires_grad=False)
    optimizer = optim.Adam([a, b, frozen])
    a.grad = tw.ones(1)
    optimizer.step()
    assert a.item() < 1 and b.item() == 1 and frozen.item() == 1
    assert list(optimizer.state) == [a]
    optimizer.zero_grad()
    assert a.grad is None
    before = a.item()
    optimizer.step()
    assert a.item() == before


def test_gradients_of_any_strides():
    a, b = nn.Parameter(np.zeros((3, 4), np.float32)), nn.Parameter(np.zeros((3, 4), np.float32))
    g = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    a.grad, b.grad = tw.asarray(g).T, tw.asarray(np.ascontiguousarray(g.T))
    optim.Adam([a, b], lr=0.1).step()
    assert (a == b).all()


def test_a_step_is_an_in_place_write():
    net = nn.Linear(3, 2)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    x = tw.ones((4, 3), requires_grad=True)
    loss = (net(x) ** 2).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"written in place since, at .*test_optim.py:\d+"):
        loss.backward()


@pytest.mark.parametrize(("name", "options"), OPTIONS, ids=lambda v: v if isinstance(v, str) else str(v))
def test_state_dict_continues_where_it_was(name, options):
    """Three steps, saved, loaded into a new optimiser and three more are six steps, bit by bit."""
    make = getattr(optim, name)
    _, expected = run_ours(lambda p: make(p, **options), steps=6, skip=(1,))
    first, values = run_ours(lambda p: make(p, **options), steps=3, skip=(1,))
    params = [nn.Parameter(v) for v in values]
    second = make(params, lr=7.0)
    state = first.state_dict()
    second.load_state_dict(state)
    assert second.param_groups[0]["lr"] == first.param_groups[0]["lr"]
    for step in range(3, 6):
        for p, g in zip(params, start(step + 1), strict=True):
            p.grad = tw.asarray(g)
        second.step()
    for p, e in zip(params, expected, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), e)
    for loaded in state["state"].values():  # copied, not shared
        for key, value in loaded.items():
            if key != "step":
                assert all(value is not s[key] for s in second.state.values() if key in s)


def test_state_dict_of_pytorch():
    """PyTorch's own state loads, its tensors as they are."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    optimizer = torch.optim.Adam([theirs], lr=0.1)
    ours = nn.Parameter(np.float32([1.0, 2.0]))
    mine = optim.Adam([ours])
    for step in range(4):
        g = np.float32([0.3 + step, -1.0])
        if step == 2:
            mine.load_state_dict(optimizer.state_dict())
            assert set(mine.param_groups[0]) == {"params", *mine.defaults} and mine.param_groups[0]["lr"] == 0.1
            with tw.no_grad():
                ours.copy_(theirs.detach().numpy())
        theirs.grad = torch.tensor(g)
        optimizer.step()
        if step >= 2:
            ours.grad = tw.asarray(g)
            mine.step()
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-6)


def test_load_state_dict_errors_write_nothing():
    a = optim.Adam([nn.Parameter(np.zeros(3, np.float32))])
    b = optim.Adam([nn.Parameter(np.zeros(4, np.float32))], lr=0.5)
    for optimizer in (a, b):
        optimizer.param_groups[0]["params"][0].grad = tw.ones(optimizer.param_groups[0]["params"][0].shape)
        optimizer.step()
    before = b.state_dict()["state"][0]["exp_avg"].tolist()
    with pytest.raises(
        ValueError, match=r"Adam.load_state_dict: exp_avg has shape \(3,\), but its parameter has \(4,\)"
    ):
        b.load_state_dict(a.state_dict())
    assert b.param_groups[0]["lr"] == 0.5 and b.state_dict()["state"][0]["exp_avg"].tolist() == before
    wrong = b.state_dict()
    wrong["param_groups"][0]["lr"] = -1
    with pytest.raises(ValueError, match="Adam: lr is -1"):
        b.load_state_dict(wrong)
    wrong = b.state_dict()
    wrong["state"][5] = wrong["state"].pop(0)
    with pytest.raises(ValueError, match="there is no parameter number 5"):
        b.load_state_dict(wrong)
    two = optim.Adam([nn.Parameter([1.0]), nn.Parameter([2.0])])
    with pytest.raises(ValueError, match=r"groups of \[2\] parameters, but there are \[1\]"):
        b.load_state_dict(two.state_dict())


P = nn.Parameter([1.0])
ERRORS = [
    (ValueError, "SGD: lr is -1, but must be at least 0", lambda: optim.SGD([P], lr=-1)),
    (ValueError, "SGD: lr is nan", lambda: optim.SGD([P], lr=float("nan"))),
    (ValueError, "SGD: momentum is -0.1", lambda: optim.SGD([P], momentum=-0.1)),
    (ValueError, "SGD: weight_decay is -1", lambda: optim.SGD([P], weight_decay=-1)),
    (ValueError, "SGD: momentum is 0.0, but must be positive for nesterov", lambda: optim.SGD([P], nesterov=True)),
    (ValueError, "SGD: dampening is 0.1", lambda: optim.SGD([P], momentum=0.9, dampening=0.1, nesterov=True)),
    (
        ValueError,
        r"Adam: betas is \(1.0, 0.9\), but must be two numbers in \[0, 1\)",
        lambda: optim.Adam([P], betas=(1.0, 0.9)),
    ),
    (ValueError, "Adam: betas", lambda: optim.Adam([P], betas=(0.9,))),
    (ValueError, "AdamW: eps is -1", lambda: optim.AdamW([P], eps=-1)),
    (ValueError, "SGD: got no parameters", lambda: optim.SGD([])),
    (ValueError, r"SGD: parameter 1 of shape \(1,\) is there twice", lambda: optim.SGD([P, P])),
    (ValueError, "SGD: parameter 0 .* is there twice", lambda: optim.SGD([{"params": P}, {"params": P}])),
    (ValueError, "SGD: parameter 0 .* made by an op", lambda: optim.SGD([P * 2])),
    (TypeError, "SGD: parameter 0 is a float, but must be a Tensor", lambda: optim.SGD([1.0])),
    (TypeError, "SGD: parameter 0 has dtype int64", lambda: optim.SGD([tw.asarray([1])])),
    (TypeError, r"SGD: unknown options \['betas'\]", lambda: optim.SGD([{"params": P, "betas": (0, 0)}])),
    (TypeError, "SGD: a parameter group must be a dict", lambda: optim.SGD([{"lr": 1.0}])),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS, ids=[m for _, m, _ in ERRORS])
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_a_gradient_of_another_dtype_changes_nothing():
    a, b = nn.Parameter([1.0]), nn.Parameter([1.0])
    a.grad, b.grad = tw.ones(1), tw.ones(1)
    b.grad._array = tw.ones(1, dtype="float64")._array
    with pytest.raises(TypeError, match="float64, but its parameter is float32"):
        optim.SGD([a, b], lr=0.1).step()
    assert a.item() == 1


def test_any_number_of_threads_gives_the_same_bits():
    before = tw.get_num_threads()
    try:
        results = []
        for threads in (1, 2, 7):
            tw.set_num_threads(threads)
            _, values = run_ours(lambda p: optim.AdamW(p, lr=0.1, amsgrad=True))
            results.append([v.tobytes() for v in values])
        assert results[0] == results[1] == results[2]
    finally:
        tw.set_num_threads(before)


def test_training_fits_a_line():
    generator = tw.random.Generator(0)
    x = generator.normal(size=(64, 3))
    y = x @ tw.asarray([[1.0], [-2.0], [0.5]]) + 3
    for make in (lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)):
        net = nn.Linear(3, 1, generator=generator)
        optimizer = make(net.parameters())
        for _ in range(200):
            optimizer.zero_grad()
            nn.functional.mse_loss(net(x), y).backward()
            optimizer.step()
        np.testing.assert_allclose(net.weight.detach().numpy(), [[1, -2, 0.5]], atol=1e-2)
        np.testing.assert_allclose(net.bias.detach().numpy(), [3], atol=1e-2)
