"""Learning rate schedules: what they refuse, and that a call that fails changes nothing."""

from __future__ import annotations

import copy
import math

import pytest

import tilewright as tw
from test_lr_scheduler import close, halves, ours, rates
from tilewright import optim
from tilewright.optim import lr_scheduler


def adagrad():
    return optim.Optimizer([tw.zeros(2, requires_grad=True)], {"lr": 0.1})


S = lr_scheduler
ERRORS = [
    (TypeError, "StepLR: optimizer is 3, but must be an Optimizer", lambda: S.StepLR(3, 1)),
    (ValueError, "StepLR: step_size is 0, but must be at least 1", lambda: S.StepLR(ours(), 0)),
    (TypeError, "StepLR: step_size is 1.5, but must be an integer", lambda: S.StepLR(ours(), 1.5)),
    (ValueError, "StepLR: gamma is -1.0, but must be finite, at least 0", lambda: S.StepLR(ours(), 1, -1)),
    (ValueError, "StepLR: last_epoch is -2, but must be at least -1", lambda: S.StepLR(ours(), 1, last_epoch=-2)),
    (TypeError, "MultiStepLR: milestones is 3, but must be an iterable", lambda: S.MultiStepLR(ours(), 3)),
    (ValueError, "MultiStepLR: a milestone is -3, but must be at least 0", lambda: S.MultiStepLR(ours(), [-3])),
    (ValueError, "ConstantLR: factor is 1.5, .* at least 0 and at most 1", lambda: S.ConstantLR(ours(), 1.5)),
    (ValueError, "LinearLR: start_factor is 0.0, .* above 0 and at most 1", lambda: S.LinearLR(ours(), 0)),
    (ValueError, "LinearLR: end_factor is nan", lambda: S.LinearLR(ours(), end_factor=math.nan)),
    (ValueError, "PolynomialLR: total_iters is 0, but must be at least 1", lambda: S.PolynomialLR(ours(), 0)),
    (ValueError, "CosineAnnealingLR: T_max is 0", lambda: S.CosineAnnealingLR(ours(), 0)),
    (ValueError, "WarmRestarts: T_mult is 0", lambda: S.CosineAnnealingWarmRestarts(ours(), 3, 0)),
    (ValueError, "WarmRestarts: epoch is -1.0", lambda: S.CosineAnnealingWarmRestarts(ours(), 3).step(-1)),
    (TypeError, "LambdaLR: lr_lambda is 0.5, but must be callable", lambda: S.LambdaLR(ours(), 0.5)),
    (ValueError, "LambdaLR: got 1 functions, but the optimiser has 2 groups", lambda: S.LambdaLR(ours(), [halves])),
    (TypeError, "LambdaLR: what lr_lambda gave is 'a'", lambda: S.LambdaLR(ours(), lambda epoch: "a")),
    (ValueError, "OneCycleLR: needs total_steps, or epochs", lambda: S.OneCycleLR(ours(), 1.0, epochs=3)),
    (ValueError, "OneCycleLR: pct_start is 2.0", lambda: S.OneCycleLR(ours(), 1.0, 10, pct_start=2)),
    (ValueError, "OneCycleLR: max_lr has 3 entries, .* 2 real", lambda: S.OneCycleLR(ours(), [1.0, 2.0, 3.0], 10)),
    (ValueError, "OneCycleLR: div_factor is 0.0", lambda: S.OneCycleLR(ours(), 1.0, 10, div_factor=0)),
    (ValueError, "OneCycleLR: Optimizer has neither momentum nor betas", lambda: S.OneCycleLR(adagrad(), 1.0, 10)),
    (ValueError, 'CyclicLR: mode is \'up\', but must be "triangular"', lambda: S.CyclicLR(ours(), 0.1, 1, mode="up")),
    (ValueError, "CyclicLR: step_size_up is 0.0", lambda: S.CyclicLR(ours(), 0.1, 1, 0)),
    (ValueError, "CyclicLR: max_lr is -1, but must be at least 0", lambda: S.CyclicLR(ours(), 0.1, -1)),
    (ValueError, "Plateau: factor is 1.0, but must be below 1", lambda: S.ReduceLROnPlateau(ours(), factor=1)),
    (ValueError, "Plateau: mode is 'low'", lambda: S.ReduceLROnPlateau(ours(), "low")),
    (ValueError, "ChainedScheduler: got no schedulers", lambda: S.ChainedScheduler([])),
    (TypeError, "ChainedScheduler: scheduler 0 is 3, but must be", lambda: S.ChainedScheduler([3])),
    (ValueError, "scheduler 0 is a ReduceLROnPlateau", lambda: S.ChainedScheduler([S.ReduceLROnPlateau(ours())])),
    (ValueError, "ChainedScheduler: scheduler 1 belongs to another optimiser",
     lambda: S.ChainedScheduler([S.StepLR(ours(), 1), S.StepLR(ours(), 1)])),
    (ValueError, "InverseTimeLR: gamma is inf", lambda: S.InverseTimeLR(ours(), math.inf)),
    (ValueError, "InverseSquareRootLR: warmup_steps is 0", lambda: S.InverseSquareRootLR(ours(), 0)),
    (NotImplementedError, "LRScheduler: a subclass of LRScheduler defines get_lr", lambda: S.LRScheduler(ours())),
    (TypeError, "StepLR.load_state_dict: state_dict is 3, but must be a dict",
     lambda: S.StepLR(ours(), 1).load_state_dict(3)),
    (ValueError, "StepLR.load_state_dict: the state_dict lacks step_size; is it another schedule's",
     lambda: S.StepLR(ours(), 1).load_state_dict(S.ExponentialLR(ours(), 1).state_dict())),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "make"), ERRORS, ids=[message[:40] for _, message, _ in ERRORS])
def test_what_schedules_refuse(error, message, make):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("milestones", "message"),
    [([5], "got 1 milestones for 3 schedulers"), ([5, 5], "must rise"), ([9, 5], "must rise"), ([0, 5], "at least 1")],
)
def test_milestones_of_sequences(milestones, message):
    optimizer = ours()
    parts = [lr_scheduler.StepLR(optimizer, 1) for _ in range(3)]
    with pytest.raises(ValueError, match=f"SequentialLR: .*{message}"):
        lr_scheduler.SequentialLR(optimizer, parts, milestones)


def test_sequences_nest():
    optimizer = ours(lrs=[1.0])
    chain = [lr_scheduler.ConstantLR(optimizer, 0.5, 2), lr_scheduler.ExponentialLR(optimizer, 0.1)]
    parts = [lr_scheduler.LinearLR(optimizer, 0.25, total_iters=3), lr_scheduler.ChainedScheduler(chain)]
    scheduler = lr_scheduler.SequentialLR(optimizer, parts, [3])
    seen = []
    for _ in range(6):
        seen += scheduler.get_last_lr()
        scheduler.step()
    close(seen, [0.25, 0.5, 0.75, 0.5, 0.05, 0.01])


def test_a_step_that_fails_changes_nothing():
    optimizer = ours()
    scheduler = lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (3 - epoch))
    for _ in range(2):
        scheduler.step()
    before = scheduler.state_dict(), rates(optimizer)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            scheduler.step()
        assert (scheduler.state_dict(), rates(optimizer)) == before
    optimizer = ours()
    growing = lr_scheduler.ExponentialLR(optimizer, 1e200)
    growing.step()
    with pytest.raises(ValueError, match="ExponentialLR: the rate of epoch 2 is beyond the range of floats"):
        growing.step()
    assert growing.last_epoch == 1
    cycle = lr_scheduler.OneCycleLR(ours(), 1.0, 3)
    for _ in range(3):
        cycle.step()
    with pytest.raises(ValueError, match="OneCycleLR: step 4, but the cycle has 3 steps"):
        cycle.step()
    assert cycle.last_epoch == 3 and all(rate >= 0 for rate in cycle.get_last_lr())


WRONG_RATES = [
    (ValueError, "what get_lr gave has 1 entries, but must be a sequence of 2 real numbers", [0.5]),
    (TypeError, "what get_lr gave is 0.5, but must be a sequence of 2 real numbers", 0.5),
    (ValueError, "the rate of epoch 1 is nan, but must be finite", [0.5, math.nan]),
    (ValueError, "the rate of epoch 1 is inf, but must be finite", [math.inf, 0.5]),
]


@pytest.mark.parametrize(("error", "message", "wrong"), WRONG_RATES)
def test_wrong_rates_change_nothing(error, message, wrong):
    class Own(lr_scheduler.LRScheduler):
        def get_lr(self):
            return wrong if self.last_epoch else [0.25, 0.125]

    optimizer = ours()
    scheduler = Own(optimizer)
    before = scheduler.state_dict(), rates(optimizer)
    with pytest.raises(error, match=f"Own: {message}"):
        scheduler.step()
    assert (scheduler.state_dict(), rates(optimizer)) == before


def test_a_new_group_is_an_error():
    optimizer = ours()
    scheduler, plateau = lr_scheduler.StepLR(optimizer, 1), lr_scheduler.ReduceLROnPlateau(optimizer)
    optimizer.add_param_group({"params": tw.zeros(3, requires_grad=True)})
    for step in (scheduler.step, lambda: plateau.step(1.0)):
        with pytest.raises(ValueError, match=r"the optimiser has 3 groups, but the schedule was made for 2"):
            step()


BAD_STATES = [
    ("last_epoch", 1.5, TypeError), ("base_lrs", [0.1], ValueError), ("base_lrs", 3, TypeError),
    ("_last_lr", ["a", "b"], TypeError), ("gamma", -1, ValueError), ("step_size", None, TypeError),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "error"), BAD_STATES)
def test_bad_states_change_nothing(name, value, error):
    scheduler = lr_scheduler.StepLR(ours(), 3)
    before = scheduler.state_dict()
    with pytest.raises(error, match=r"StepLR(\.load_state_dict)?: "):
        scheduler.load_state_dict({**before, "last_epoch": 7, name: value})
    assert scheduler.state_dict() == before
    joined = lr_scheduler.ChainedScheduler([lr_scheduler.ExponentialLR(scheduler.optimizer, 0.5), scheduler])
    before = joined.state_dict()
    bad = copy.deepcopy(before)
    bad["_schedulers"][0]["last_epoch"] = 9
    bad["_schedulers"][1][name] = value
    with pytest.raises(error):
        joined.load_state_dict(bad)
    assert joined.state_dict() == before
