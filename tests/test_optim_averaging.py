"""Averages of iterates, their rates and statistics; the range test."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn, optim
from tilewright.optim import swa_utils


def network(library):
    return library.nn.Sequential(library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 2))


def twins():
    """The same network in both libraries."""
    torch = pytest.importorskip("torch")
    ours, theirs = network(tw), network(torch)
    theirs.load_state_dict({name: torch.tensor(value.numpy()) for name, value in ours.state_dict().items()})
    return torch, ours, theirs


@pytest.mark.parametrize("ema", [None, 0.75])
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages_are_pytorchs(ema, use_buffers):
    torch, net, other = twins()
    average = None if ema is None else swa_utils.get_ema_avg_fn(ema)
    averaged = swa_utils.AveragedModel(net, avg_fn=average, use_buffers=use_buffers)
    theirs = torch.optim.swa_utils.get_ema_avg_fn(ema) if ema else None
    expected = torch.optim.swa_utils.AveragedModel(other, avg_fn=theirs, use_buffers=use_buffers)
    rng = np.random.default_rng(0)
    for _ in range(4):
        for p, q in zip(net.parameters(), other.parameters(), strict=True):
            fresh = rng.normal(size=p.shape).astype(np.float32)
            with tw.no_grad(), torch.no_grad():
                p.copy_(fresh)
                q.copy_(torch.tensor(fresh))
        x = rng.normal(size=(5, 3)).astype(np.float32)
        net(tw.asarray(x)), other(torch.tensor(x))
        averaged.update_parameters(net)
        expected.update_parameters(other)
    got, want = averaged.state_dict(), expected.state_dict()
    assert set(want) == set(got)
    for name, value in want.items():
        if "num_batches" not in name:  # an average of counts, there
            np.testing.assert_allclose(got[name].numpy(), value.numpy(), rtol=1e-5, atol=1e-6, err_msg=name)
    x = rng.normal(size=(5, 3)).astype(np.float32)
    averaged.eval(), expected.eval()
    a, b = averaged(tw.asarray(x)).detach().numpy(), expected(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    averaged.load_state_dict({name: value.numpy() for name, value in want.items()})
    assert averaged.n_averaged.item() == 4


def test_update_bn_is_pytorchs():
    torch, net, other = twins()
    batches = [np.random.default_rng(i).normal(size=(6, 3)).astype(np.float32) for i in range(3)]
    net.eval()
    swa_utils.update_bn([(tw.asarray(x), None) for x in batches], net)
    torch.optim.swa_utils.update_bn([torch.tensor(x) for x in batches], other)
    np.testing.assert_allclose(net[1].running_mean.numpy(), other[1].running_mean.numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(net[1].running_var.numpy(), other[1].running_var.numpy(), rtol=1e-4)
    assert net[1].momentum == 0.1 and not net.training and not net[1].training


def test_update_bn_puts_modes_back_after_an_error():
    net = network(tw).eval()
    with pytest.raises(ValueError, match="linear"):
        swa_utils.update_bn([tw.zeros((4, 7))], net)
    assert net[1].momentum == 0.1 and not net[1].training


@pytest.mark.parametrize(
    "options", [{}, {"anneal_strategy": "linear", "anneal_epochs": 3}, {"anneal_epochs": 0}], ids=str
)
def test_swalr_is_pytorchs(options):
    """After another schedule has set the rates."""
    torch = pytest.importorskip("torch")
    seen = []
    for library, leaf in ((tw, tw.zeros(1, requires_grad=True)), (torch, torch.zeros(1, requires_grad=True))):
        optimizer = library.optim.SGD([leaf], lr=1.0)
        first = library.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda _: 0.9)
        second = library.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, **options)
        rates = []
        for epoch in range(16):
            optimizer.step()
            (first if epoch < 4 else second).step()
            rates.append(optimizer.param_groups[0]["lr"])
        seen.append(rates)
        state = second.state_dict()
    np.testing.assert_allclose(*seen, rtol=1e-12)
    again = swa_utils.SWALR(optim.SGD([tw.zeros(1, requires_grad=True)], lr=1.0), swa_lr=0.1)
    again.load_state_dict(state)  # PyTorch's
    assert again.anneal_epochs == options.get("anneal_epochs", 10)


def test_range_test_puts_everything_back():
    p = nn.Parameter(np.array([3.0, -2.0]))
    optimizer = optim.Adam([p], lr=0.25)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    before = (p.tolist(), optimizer.state[p]["exp_avg"].tolist(), optimizer.state[p]["step"])
    found = optim.lr_range_test(optimizer, closure, 1e-3, 100.0, num_iter=40)
    assert before == (p.tolist(), optimizer.state[p]["exp_avg"].tolist(), optimizer.state[p]["step"])
    assert optimizer.param_groups[0]["lr"] == 0.25
    assert len(found.rates) == len(found.losses) < 40 and found.losses[-1] > 5 * min(found.losses)
    ratios = np.divide(found.rates[1:], found.rates[:-1])
    np.testing.assert_allclose(ratios, 1e5 ** (1 / 39), rtol=1e-12)


P = nn.Parameter([1.0])
SGD = optim.SGD([P])
ERRORS = [
    (TypeError, "AveragedModel: model is", lambda: swa_utils.AveragedModel(3)),
    (
        ValueError,
        "AveragedModel.update_parameters: the model has",
        lambda: swa_utils.AveragedModel(nn.Linear(2, 3)).update_parameters(nn.Linear(3, 2)),
    ),
    (ValueError, "get_ema_avg_fn: decay is 1.5", lambda: swa_utils.get_ema_avg_fn(1.5)),
    (TypeError, "update_bn: model is", lambda: swa_utils.update_bn([], None)),
    (ValueError, "SWALR: anneal_strategy is 'no'", lambda: swa_utils.SWALR(SGD, 0.1, anneal_strategy="no")),
    (ValueError, "SWALR: swa_lr is -1", lambda: swa_utils.SWALR(SGD, -1.0)),
    (ValueError, "start_lr is 1.0 and end_lr 0.5", lambda: optim.lr_range_test(SGD, lambda: 0, 1.0, 0.5)),
    (TypeError, "lr_range_test: optimizer is", lambda: optim.lr_range_test(P, lambda: 0)),
]


@pytest.mark.parametrize(("error", "message", "call"), ERRORS, ids=[m for _, m, _ in ERRORS])
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
