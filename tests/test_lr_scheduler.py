"""Learning rate schedules: step by step against PyTorch's and against formulas, and their states."""

from __future__ import annotations

import copy
import json
import math
import pickle

import pytest

import tilewright as tw
from tilewright import optim
from tilewright.optim import lr_scheduler

LRS = (0.1, 0.025)
STEPS = 300


class Ramp:
    """A callable with a state."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, epoch):
        return 1 + self.slope * epoch


def halves(x):
    return 0.5 ** (x / 7)


# Class, arguments, the class of the optimiser; made alike from the two modules.
SIMPLE = [
    ("LambdaLR", {"lr_lambda": lambda epoch: 0.97**epoch}),
    ("LambdaLR", {"lr_lambda": [Ramp(0.5), Ramp(0.25)]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.99 if epoch % 2 else 1.005}),
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 3, "gamma": 0.9}),
    ("MultiStepLR", {"milestones": [3, 80, 80, 81], "gamma": 0.5}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 77}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 100}),
    ("LinearLR", {"start_factor": 0.01, "end_factor": 0.9, "total_iters": 33}),
    ("ExponentialLR", {"gamma": 0.95}),
    ("PolynomialLR", {"total_iters": 120, "power": 0.9}),
    ("PolynomialLR", {}),
    ("CosineAnnealingLR", {"T_max": 50}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.003}),
    ("CosineAnnealingWarmRestarts", {"T_0": 10}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 2, "eta_min": 0.001}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 13}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.1, 0.3], "step_size_up": 5, "step_size_down": 9,
                  "mode": "triangular2", "base_momentum": 0.7}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "mode": "exp_range", "gamma": 0.99}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "scale_fn": halves, "scale_mode": "iterations"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 9, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS}),
    ("OneCycleLR", {"max_lr": [0.5, 0.25], "epochs": 10, "steps_per_epoch": STEPS // 10, "anneal_strategy": "linear",
                    "div_factor": 10, "final_div_factor": 100.0, "base_momentum": 0.5, "pct_start": 0.1}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS, "three_phase": True, "max_momentum": 0.99}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": STEPS, "three_phase": True, "anneal_strategy": "linear",
                    "cycle_momentum": False, "pct_start": 0.45}),
]  # fmt: skip


def warmup(module, optimizer):
    parts = [module.LinearLR(optimizer, 0.01, total_iters=20), module.CosineAnnealingLR(optimizer, 280)]
    return module.SequentialLR(optimizer, parts, [20])


def four_in_a_row(module, optimizer):
    parts = [
        module.ConstantLR(optimizer, 0.5, 3),
        module.StepLR(optimizer, 10, 0.3),
        module.CosineAnnealingWarmRestarts(optimizer, 9),
        module.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)),
    ]
    return module.SequentialLR(optimizer, parts, [5, 60, 150])


def chained(module, optimizer):
    parts = [module.ConstantLR(optimizer, 0.1, 40), module.ExponentialLR(optimizer, 0.98)]
    parts += [module.CosineAnnealingLR(optimizer, 31), module.MultiStepLR(optimizer, [20, 90], 0.5)]
    return module.ChainedScheduler(parts, optimizer)


def linear_over_polynomial(module, optimizer):
    parts = [module.PolynomialLR(optimizer, 250, 2.0), module.LinearLR(optimizer, 0.2, total_iters=50)]
    return module.ChainedScheduler([*parts, module.MultiplicativeLR(optimizer, lambda epoch: 0.999)])


JOINED = [warmup, four_in_a_row, chained, linear_over_polynomial]


def makers():
    for name, options in SIMPLE:
        yield pytest.param(
            lambda module, optimizer, name=name, options=options: getattr(module, name)(
                optimizer, **copy.deepcopy(options)
            ),
            id=f"{name}-{len(options)}",
        )
    for make in JOINED:
        yield pytest.param(make, id=make.__name__)


def ours(kind="SGD", lrs=LRS):
    groups = [{"params": tw.zeros(2, requires_grad=True), "lr": lr} for lr in lrs]
    return optim.SGD(groups, momentum=0.9) if kind == "SGD" else optim.Adam(groups)


def theirs(kind="SGD", lrs=LRS):
    torch = pytest.importorskip("torch")
    groups = [{"params": torch.zeros(2, requires_grad=True), "lr": lr} for lr in lrs]
    return torch.optim.SGD(groups, momentum=0.9) if kind == "SGD" else torch.optim.Adam(groups)


def momenta(optimizer):
    return [group["betas"][0] if "betas" in group else group["momentum"] for group in optimizer.param_groups]


def rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def close(a, b):
    assert a == pytest.approx(b, rel=1e-9, abs=1e-15)


@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("make", list(makers()))
def test_steps_are_pytorchs(make, kind):
    import_torch = pytest.importorskip("torch")
    a, b = ours(kind), theirs(kind)
    mine, other = make(lr_scheduler, a), make(import_torch.optim.lr_scheduler, b)
    for _ in range(STEPS - 1):
        close(rates(a), rates(b))
        close(mine.get_last_lr(), other.get_last_lr())
        close(momenta(a), momenta(b))
        mine.step()
        other.step()
    close(rates(a), rates(b))


@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize("make", list(makers()))
def test_pytorchs_states_load_and_ours_load_there(make):
    torch = pytest.importorskip("torch")
    a, b = ours(), theirs()
    other = make(torch.optim.lr_scheduler, b)
    for _ in range(47):
        b.step()
        other.step()
    mine = make(lr_scheduler, a)
    a.load_state_dict(b.state_dict())
    mine.load_state_dict(other.state_dict())
    assert mine.get_last_lr() == other.get_last_lr()
    for _ in range(100):
        mine.step()
        other.step()
        close(rates(a), rates(b))
    c = theirs()
    back = make(torch.optim.lr_scheduler, c)
    c.load_state_dict(a.state_dict())
    back.load_state_dict(mine.state_dict())
    for _ in range(100):
        mine.step()
        back.step()
        close(rates(a), rates(c))


@pytest.mark.parametrize("make", list(makers()))
def test_a_run_resumes_with_the_same_bits(make):
    a = ours()
    scheduler = make(lr_scheduler, a)
    for _ in range(53):
        scheduler.step()
    saved = pickle.loads(pickle.dumps((a.state_dict(), scheduler.state_dict())))
    b = ours()
    resumed = make(lr_scheduler, b)
    b.load_state_dict(saved[0])
    resumed.load_state_dict(saved[1])
    assert resumed.state_dict() == scheduler.state_dict()
    for _ in range(200):
        scheduler.step()
        resumed.step()
        assert rates(a) == rates(b) and momenta(a) == momenta(b)
        assert scheduler.get_last_lr() == resumed.get_last_lr() == rates(a)
    both = copy.deepcopy(resumed)
    both.step()
    resumed.step()
    assert rates(both.optimizer) == rates(b)


@pytest.mark.parametrize("make", list(makers()))
def test_the_optimiser_takes_the_rates(make):
    """As they come from each schedule, the momenta too."""
    optimizer = ours()
    scheduler = make(lr_scheduler, optimizer)
    for _ in range(30):
        for group in optimizer.param_groups:
            group["params"][0].grad = tw.ones(2)
        optimizer.step()
        scheduler.step()


FORMULAS = [
    ("StepLR", {"step_size": 7, "gamma": 0.5}, lambda t: 0.5 ** (t // 7)),
    ("MultiStepLR", {"milestones": (5, 9, 9)}, lambda t: 0.1 ** (0 if t < 5 else 1 if t < 9 else 3)),
    ("ConstantLR", {"factor": 0.0, "total_iters": 4}, lambda t: 0.0 if t < 4 else 1.0),
    ("ConstantLR", {"total_iters": 0}, lambda t: 1.0),
    ("LinearLR", {"start_factor": 0.5, "total_iters": 10}, lambda t: 0.5 + 0.5 * min(t, 10) / 10),
    ("LinearLR", {"end_factor": 0.25, "total_iters": 0}, lambda t: 0.25),
    ("ExponentialLR", {"gamma": 0.9}, lambda t: 0.9**t),
    ("ExponentialLR", {"gamma": 0}, lambda t: float(t == 0)),
    ("PolynomialLR", {"total_iters": 20, "power": 3}, lambda t: (1 - min(t, 20) / 20) ** 3),
    ("CosineAnnealingLR", {"T_max": 12}, lambda t: (1 + math.cos(math.pi * t / 12)) / 2),
    ("InverseTimeLR", {"gamma": 0.5}, lambda t: 1 / (1 + 0.5 * t)),
    ("InverseTimeLR", {"gamma": 0.1, "power": 0.75}, lambda t: (1 + 0.1 * t) ** -0.75),
    ("InverseSquareRootLR", {"warmup_steps": 10}, lambda t: min((t + 1) / 10, math.sqrt(10 / (t + 1)))),
    ("InverseSquareRootLR", {"warmup_steps": 1}, lambda t: 1 / math.sqrt(t + 1)),
    ("CosineAnnealingWarmRestarts", {"T_0": 9}, lambda t: (1 + math.cos(math.pi * (t % 9) / 9)) / 2),
    ("CyclicLR", {"base_lr": LRS, "max_lr": 0.2, "step_size_up": 4, "step_size_down": 6}, None),
]


@pytest.mark.parametrize(("name", "options", "share"), [f for f in FORMULAS if f[2]])
def test_rates_are_the_formula(name, options, share):
    optimizer = ours()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    for step in range(100):
        assert scheduler.last_epoch == step
        assert rates(optimizer) == scheduler.get_last_lr() == pytest.approx([lr * share(step) for lr in LRS], rel=1e-14)
        scheduler.step()


def test_cyclic_rates_and_momenta_are_lines():
    optimizer = ours()
    scheduler = lr_scheduler.CyclicLR(optimizer, LRS, 0.2, 4, 6)
    for step in range(40):
        t = step % 10
        height = t / 4 if t <= 4 else (10 - t) / 6
        close(rates(optimizer), [lr + (0.2 - lr) * height for lr in LRS])
        close(momenta(optimizer), [0.9 - 0.1 * height] * 2)
        scheduler.step()


def test_the_transformers_schedule():
    d_model, warmup_steps = 512, 4000
    optimizer = ours(lrs=[(d_model * warmup_steps) ** -0.5])
    scheduler = lr_scheduler.InverseSquareRootLR(optimizer, warmup_steps)
    for step in range(1, 10_001):
        expected = d_model**-0.5 * min(step**-0.5, step * warmup_steps**-1.5)
        assert scheduler.get_last_lr() == pytest.approx([expected], rel=1e-13)
        scheduler.step()


def test_closed_forms_do_not_drift():
    optimizer = ours()
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.9999)
    for _ in range(20_000):
        scheduler.step()
    assert rates(optimizer) == [lr * 0.9999**20_000 for lr in LRS]


@pytest.mark.parametrize(("name", "options", "share"), [f for f in FORMULAS[:10] if f[2] and f[2](3)])
def test_a_rate_that_the_user_sets_is_scaled(name, options, share):
    optimizer = ours()
    scheduler = getattr(lr_scheduler, name)(optimizer, **options)
    for _ in range(3):
        scheduler.step()
    optimizer.param_groups[0]["lr"] = 7.0
    for step in range(4, 12):
        scheduler.step()
        close(rates(optimizer), [7.0 * share(step) / share(3), LRS[1] * share(step)])


def test_a_rate_of_zero_comes_back():
    optimizer = ours()
    parts = [lr_scheduler.CosineAnnealingLR(optimizer, 2), lr_scheduler.ExponentialLR(optimizer, 0.5)]
    scheduler = lr_scheduler.ChainedScheduler(parts)
    seen = []
    for _ in range(6):
        seen.append(rates(optimizer)[0])
        scheduler.step()
    assert seen[2] == 0 and all(rate > 0 for rate in seen[:2] + seen[3:])


def test_warm_restarts_go_to_any_epoch():
    torch = pytest.importorskip("torch")
    a, b = ours(), theirs()
    mine = lr_scheduler.CosineAnnealingWarmRestarts(a, 3, 2)
    other = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(b, 3, 2)
    for epoch in (0.25, 0.5, 2.9, 3, 3.5, 8.99, 20.5, 1, 44.75):
        mine.step(epoch)
        other.step(epoch)
        close(rates(a), rates(b))
        assert mine.last_epoch == other.last_epoch == math.floor(epoch) and mine.T_i == other.T_i
    mine.step(9)  # a restart on the dot
    assert rates(a) == list(LRS) and mine.T_cur == 0 and mine.T_i == 12


PLATEAUS = [
    {},
    {"patience": 0, "factor": 0.5, "cooldown": 2},
    {"patience": 2, "mode": "max", "threshold": 0.01},
    {"patience": 1, "threshold": 0.05, "threshold_mode": "abs", "min_lr": [0.01, 0.001]},
    {"patience": 1, "mode": "max", "threshold_mode": "abs", "min_lr": 0.003, "eps": 0.01},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateaus_are_pytorchs(options):
    torch = pytest.importorskip("torch")
    a, b = ours(), theirs()
    mine = lr_scheduler.ReduceLROnPlateau(a, **options)
    other = torch.optim.lr_scheduler.ReduceLROnPlateau(b, **options)
    rng = tw.random.Generator(0)
    for step in range(300):
        metric = math.sin(step / 20) + float(rng.normal()) * 0.1 - step / 200 if step % 50 else math.nan
        mine.step(metric)
        other.step(metric)
        assert rates(a) == rates(b) == mine.get_last_lr()
        names = ("best", "num_bad_epochs", "cooldown_counter", "in_cooldown", "last_epoch")
        assert [getattr(mine, name) for name in names] == [getattr(other, name) for name in names]
        if step == 150:
            state = other.state_dict()
            mine = lr_scheduler.ReduceLROnPlateau(a)
            mine.load_state_dict(state)
            back = torch.optim.lr_scheduler.ReduceLROnPlateau(b)
            back.load_state_dict(mine.state_dict())
            default = {"default_min_lr": None}  # for groups that come later, of which there are none here
            assert {**back.state_dict(), **default} == {**state, **default}


def test_plateau_by_hand():
    optimizer = ours()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    loss = (tw.ones(1, requires_grad=True) * 2.0).sum()
    scheduler.step(loss)  # a loss as it is
    assert scheduler.best == 2.0
    for metric, factor in ((1.9999, 1), (2.0, 0.5), (1.0, 0.5), (math.nan, 0.5), (math.nan, 0.25)):
        scheduler.step(metric)
        assert rates(optimizer) == [lr * factor for lr in LRS]
    with pytest.raises(TypeError, match="ReduceLROnPlateau: metrics is 'a', but must be a real number"):
        scheduler.step("a")
    assert scheduler.last_epoch == 6


@pytest.mark.filterwarnings("ignore:Detected call of")
def test_a_start_at_a_later_epoch():
    torch = pytest.importorskip("torch")
    for name, options in (
        ("StepLR", {"step_size": 3}),
        ("LambdaLR", {"lr_lambda": halves}),
        ("CosineAnnealingWarmRestarts", {"T_0": 4}),
    ):
        a, b = ours(), theirs()
        for optimizer in (a, b):
            for group in optimizer.param_groups:
                group["initial_lr"] = group["lr"]
        mine = getattr(lr_scheduler, name)(a, **options, last_epoch=1)
        other = getattr(torch.optim.lr_scheduler, name)(b, **options, last_epoch=1)
        for _ in range(20):
            close(rates(a), rates(b))
            mine.step()
            other.step()
    with pytest.raises(ValueError, match="StepLR: a group of the optimiser lacks initial_lr"):
        lr_scheduler.StepLR(ours(), 3, last_epoch=4)


def test_groups_keep_what_schedules_write():
    a = ours()
    lr_scheduler.OneCycleLR(a, 1.0, 10)
    b = ours()
    b.load_state_dict(a.state_dict())
    assert [{**g, "params": 0} for g in a.param_groups] == [{**g, "params": 0} for g in b.param_groups]
    c = optim.SGD([{"params": tw.zeros(2, requires_grad=True), "lr": 0.5, "initial_lr": 1}])
    assert lr_scheduler.ExponentialLR(c, 0.5, last_epoch=0).get_last_lr() == [0.25]
    state = a.state_dict()
    state["param_groups"][1]["max_lr"] = "high"
    with pytest.raises(TypeError, match=r"SGD.load_state_dict: max_lr is 'high', but must be a real number"):
        b.load_state_dict(state)


def test_states_are_plain():
    """Numbers, lists and dicts: JSON holds them."""
    for name, options in SIMPLE:
        scheduler = getattr(lr_scheduler, name)(ours(), **options)
        state = json.loads(json.dumps(scheduler.state_dict()))
        if name != "MultiStepLR":  # its keys are integers
            scheduler.load_state_dict(state)


def test_momentum_is_that_of_the_optimiser():
    """A state of a schedule for Adam does for SGD; one that cycles momentum not for one that does not."""
    a = lr_scheduler.CyclicLR(ours("Adam"), 0.1, 1.0, 3)
    b = lr_scheduler.CyclicLR(ours("SGD"), 0.1, 1.0, 3)
    b.load_state_dict(a.state_dict())
    b.step()
    assert momenta(b.optimizer) == pytest.approx([0.9 - 0.1 / 3] * 2)
    without = lr_scheduler.CyclicLR(ours("Adam"), 0.1, 1.0, 3, cycle_momentum=False)
    for one, other in ((a, without), (without, a)):
        with pytest.raises(ValueError, match=r"CyclicLR.load_state_dict: (cycle_momentum is|the state_dict lacks)"):
            one.load_state_dict(other.state_dict())


def test_callables_keep_their_attributes():
    scheduler = lr_scheduler.LambdaLR(ours(), [Ramp(0.5), lambda epoch: 1])
    state = scheduler.state_dict()
    assert state["lr_lambdas"] == [{"slope": 0.5}, None]
    other = lr_scheduler.LambdaLR(ours(), [Ramp(3.0), lambda epoch: 1])
    other.load_state_dict(state)
    other.step()
    assert other.get_last_lr() == [LRS[0] * 1.5, LRS[1]] and state["lr_lambdas"] == [{"slope": 0.5}, None]
