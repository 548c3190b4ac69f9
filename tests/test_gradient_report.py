"""`testing.gradient_report`: finite differences against backward, parameter by parameter."""

from __future__ import annotations

import copy
import pickle

import pytest

import tilewright as tw
from tilewright import nn
from tilewright.random import Generator
from tilewright.testing import gradient_report


class Doubled(tw.autograd.Function):
    """Twice its argument, with a gradient that is wrong by a hundredth at (0, 1)."""

    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        wrong = tw.zeros(g.shape, dtype=g.dtype)
        wrong[0, 1] = 0.02
        return g * (2 + wrong)


def network(dtype="float64"):
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).astype(dtype)
    for i, p in enumerate(net.parameters()):
        nn.init.normal_(p, generator=Generator(i))
    return net


X = tw.asarray([[1.0, -2.0], [0.5, 1.0]], dtype="float64")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_gradients_are_right(dtype):
    net = network(dtype)
    report = gradient_report(lambda: (net(X.astype(dtype)) ** 2).mean(), net)
    assert [row.name for row in report.rows] == [name for name, _ in net.named_parameters()]
    assert all(row.ok for row in report.rows)
    assert [row.checked for row in report.rows] == [6, 3, 6, 2]
    assert max(row.absolute for row in report.rows) < (1e-8 if dtype == "float64" else 1e-2)
    assert report.splitlines()[-1] == "all gradients are right"
    assert all(p.grad is None for p in net.parameters())


def test_a_wrong_gradient_is_found_and_named():
    net = network()

    def loss():
        weight = Doubled.apply(net[2].weight)
        return (nn.functional.linear(tw.tanh(net[0](X)), weight, net[2].bias) ** 2).mean()

    report = gradient_report(loss, net)
    wrong = {row.name: row for row in report.rows if not row.ok}
    assert list(wrong) == ["2.weight"]
    assert wrong["2.weight"].worst == (0, 1)
    assert wrong["2.weight"].gradient == pytest.approx(1.01 * wrong["2.weight"].difference, rel=1e-6)
    assert wrong["2.weight"].relative == pytest.approx(0.01 / 1.01, rel=1e-4)
    assert report.endswith("1 of 4 gradients are wrong: 2.weight")
    assert [line.split()[0] for line in report.splitlines() if "WRONG" in line] == ["2.weight"]


def test_a_gradient_that_is_nan_or_missing_is_wrong():
    a, b = (tw.ones(2, dtype="float64").requires_grad_() for _ in range(2))
    report = gradient_report(lambda: (a * b.detach()).sum(), {"a": a, "b": b})
    assert [row.ok for row in report.rows] == [True, False]
    zero = tw.zeros(1, dtype="float64").requires_grad_()
    (row,) = gradient_report(lambda: (tw.sqrt(zero * zero)).sum(), {"zero": zero}).rows
    assert not row.ok and row.absolute == float("inf") == row.relative


def test_parameters_come_back_when_the_loss_raises():
    net = network()
    before = {name: p.tolist() for name, p in net.named_parameters()}
    calls = []

    def loss():
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("enough")
        return net(X).sum()

    with pytest.raises(RuntimeError, match="enough"):
        gradient_report(loss, net)
    assert {name: p.tolist() for name, p in net.named_parameters()} == before


def test_running_statistics_come_back():
    x = Generator(0).normal(size=(8, 2), dtype="float64")
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).double()
    before = {name: v.tolist() for name, v in net.state_dict().items()}
    assert all(row.ok for row in gradient_report(lambda: (net(x) ** 2).mean(), net, atol=1e-5).rows)
    assert {name: v.tolist() for name, v in net.state_dict().items()} == before


def test_some_entries_are_drawn():
    x = tw.linspace(-1.0, 1.0, 100, dtype="float64").requires_grad_()
    report = gradient_report(lambda: (x**3).sum(), {"x": x}, entries=5, generator=Generator(0))
    assert report.rows[0].checked == 5
    again = gradient_report(lambda: (x**3).sum(), {"x": x}, entries=5, generator=Generator(0))
    assert again == report and copy.copy(report).rows == pickle.loads(pickle.dumps(report)).rows == report.rows
    assert gradient_report(lambda: (x**3).sum(), {"x": x}, entries=None).rows[0].checked == 100


def test_errors():
    net = network()
    with pytest.raises(ValueError, match="gradient_report: loss gives another value at the same point; is there dropo"):
        gradient_report(lambda: nn.functional.dropout(net(X), 0.5).sum(), net)
    with pytest.raises(
        ValueError, match=r"loss returned a float64 tensor of shape \(2, 2\), but must return a floating"
    ):
        gradient_report(lambda: net(X), net)
    with pytest.raises(ValueError, match="there are no parameters"):
        gradient_report(lambda: net(X).sum(), {})
    with pytest.raises(TypeError, match="parameters is 3, but must be a Module or a dict of tensors"):
        gradient_report(lambda: net(X).sum(), 3)
    with pytest.raises(TypeError, match=r"w is a float64 tensor of shape \(2, 2\), but must be a floating leaf"):
        gradient_report(lambda: net(X).sum(), {"w": X})
    with pytest.raises(ValueError, match=r"eps is -1.0, but must be positive"):
        gradient_report(lambda: net(X).sum(), net, eps=-1.0)
    with pytest.raises(ValueError, match=r"rtol is -1.0, but must be at least 0"):
        gradient_report(lambda: net(X).sum(), net, rtol=-1.0)
    with pytest.raises(ValueError, match="entries is 0, but must be at least 1"):
        gradient_report(lambda: net(X).sum(), net, entries=0)
