"""Schedules that go up and down, and move the momentum the other way."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from .base import LRScheduler, attributes_of, check_attributes, restore_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..optimizer import Optimizer

__all__ = ["CyclicLR", "OneCycleLR"]

_MODES = ("triangular", "triangular2", "exp_range")


class _WithMomentum(LRScheduler):
    """Moves the momentum, or the first of betas, against the rate."""

    cycle_momentum: bool
    use_beta1: bool

    def _set_up_momentum(self, base: Any, highest: Any) -> tuple[list[float], list[float]]:
        """The lowest and the highest momentum of each group."""
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            kind = type(self.optimizer).__name__
            raise ValueError(f"{self._name}: {kind} has neither momentum nor betas to cycle; give cycle_momentum=False")
        self.use_beta1 = "betas" in defaults
        lowest, highest = self._per_group("base_momentum", base), self._per_group("max_momentum", highest)
        if self.last_epoch == -1:
            for group, low, high in zip(self.optimizer.param_groups, lowest, highest, strict=True):
                group["max_momentum"], group["base_momentum"] = high, low
        return lowest, highest

    def _check_state(self, loaded: dict[str, Any]) -> None:
        super()._check_state(loaded)
        op = f"{self._name}.load_state_dict"
        if arguments.flag(op, "cycle_momentum", loaded["cycle_momentum"]) != self.cycle_momentum:
            raise ValueError(
                f"{op}: cycle_momentum is {not self.cycle_momentum}, but the schedule was made without that"
            )
        loaded["cycle_momentum"] = self.cycle_momentum
        loaded.pop("use_beta1", None)  # that of this optimiser

    def _set_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_WithMomentum):
    """Up and down along lines, between two rates.

    Parameters
    ----------
    optimizer : Optimizer
    base_lr, max_lr : float or list of float
        The lowest and the highest rate, for all groups or for each.
    step_size_up, step_size_down : int
        Steps up, and down; by default as many.
    mode : {"triangular", "triangular2", "exp_range"}
        Whether the height stays, is halved with each cycle, or falls as `gamma**step`.
    gamma : float
        For "exp_range".
    scale_fn : callable, optional
        Gives the height, as a share, in place of `mode`.
    scale_mode : {"cycle", "iterations"}
        Whether `scale_fn` takes the number of the cycle, from 1 on, or that of the step.
    cycle_momentum : bool
        Whether to move the momentum, or the first of betas, the other way.
    base_momentum, max_momentum : float or list of float
        The lowest and the highest momentum.
    last_epoch : int
        See `LRScheduler`; counts steps, not epochs.

    Raises
    ------
    ValueError
        For options out of range, another number of rates than of groups, and an optimiser without momentum, unless
        `cycle_momentum` is False.
    TypeError
        For options of another kind.

    References
    ----------
    L. Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=0.1)
    >>> scheduler = tw.optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.5, max_lr=1.0, step_size_up=2)
    >>> for step in range(5):
    ...     print(step, scheduler.get_last_lr(), round(optimizer.param_groups[0]["momentum"], 3))
    ...     scheduler.step()
    0 [0.5] 0.9
    1 [0.75] 0.85
    2 [1.0] 0.8
    3 [0.75] 0.85
    4 [0.5] 0.9
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | Sequence[float],
        max_lr: float | Sequence[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.8,
        max_momentum: float | Sequence[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.last_epoch = arguments.integer(self._name, "last_epoch", last_epoch, at_least=-1)
        up = self._size("step_size_up", step_size_up)
        down = up if step_size_down is None else self._size("step_size_down", step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        self.mode = arguments.option(self._name, "mode", mode, _MODES)
        self.gamma = gamma
        self._scale_fn_custom = scale_fn if scale_fn is None else arguments.function(self._name, "scale_fn", scale_fn)
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode
        self.base_lrs = self._per_group("base_lr", base_lr)
        self.max_lrs: Any = max_lr
        self.cycle_momentum = arguments.flag(self._name, "cycle_momentum", cycle_momentum)
        self._check()
        if self.cycle_momentum:
            self.base_momentums, self.max_momentums = self._set_up_momentum(base_momentum, max_momentum)
        if self.last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, self.base_lrs, strict=True):
                group["lr"] = rate
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        arguments.option(self._name, "mode", self.mode, _MODES)
        arguments.option(self._name, "scale_mode", self.scale_mode, ("cycle", "iterations"))
        self._number("gamma")
        self._number("total_size", above=True)
        self._number("step_ratio", 0, 1, above=True)
        self.max_lrs = self._per_group("max_lr", self.max_lrs)
        for name in ("base_momentums", "max_momentums"):
            if hasattr(self, name):
                setattr(self, name, self._per_group(name, getattr(self, name)))

    def _start_rates(self) -> list[float]:
        return self.base_lrs

    def _size(self, name: str, value: Any) -> float:
        size = arguments.number(self._name, name, value)
        if not 0 < size < math.inf:
            raise ValueError(f"{self._name}: {name} is {size}, but must be above 0 and finite")
        return size

    def _height(self) -> float:
        """Where the rates are, as a share of the way from the lowest to the highest."""
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        share = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        return share * self._scale(cycle if self.scale_mode == "cycle" else self.last_epoch)

    def _scale(self, x: int) -> float:
        if self._scale_fn_custom is not None:
            return arguments.number(self._name, "what scale_fn gave", self._scale_fn_custom(x))
        if self.mode == "triangular":
            return 1.0
        return 0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def get_lr(self) -> list[float]:
        height = self._height()
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def _write_momentum(self, groups: list[dict[str, Any]]) -> None:
        if self.cycle_momentum:
            height = self._height()
            for group, low, high in zip(groups, self.base_momentums, self.max_momentums, strict=True):
                self._set_momentum(group, high - (high - low) * height)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_scale_fn_custom": attributes_of(self._scale_fn_custom)}

    def _check_state(self, loaded: dict[str, Any]) -> None:
        super()._check_state(loaded)
        op = f"{self._name}.load_state_dict"
        check_attributes(op, [loaded["_scale_fn_custom"]], [self._scale_fn_custom])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        saved, self._scale_fn_custom = self._scale_fn_custom, function
        restore_attributes([function], [saved])


class OneCycleLR(_WithMomentum):
    """Up to a high rate and far down, once: a schedule for all steps of a training.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float or list of float
        The highest rate, for all groups or for each.
    total_steps : int, optional
        Steps of the training.
    epochs, steps_per_epoch : int, optional
        In place of `total_steps`, whose product it is.
    pct_start : float
        The share of the steps that goes up.
    anneal_strategy : {"cos", "linear"}
        Whether along half a cosine or along a line.
    cycle_momentum : bool
        Whether to move the momentum, or the first of betas, the other way.
    base_momentum, max_momentum : float or list of float
        The lowest and the highest momentum.
    div_factor : float
        The first rate is `max_lr / div_factor`.
    final_div_factor : float
        The last rate is the first one divided by this.
    three_phase : bool
        Whether to come down to the first rate in as many steps as go up, and only then to the last one.
    last_epoch : int
        See `LRScheduler`; counts steps, not epochs.

    Raises
    ------
    ValueError
        For options out of range, another number of rates than of groups, and an optimiser without momentum, unless
        `cycle_momentum` is False; in `step`, beyond `total_steps`.
    TypeError
        For options of another kind.

    Notes
    -----
    Rates and momenta stand in `optimizer.param_groups`: "initial_lr", "max_lr", "min_lr", "base_momentum" and
    "max_momentum", and are part of the optimiser's state.

    References
    ----------
    L. Smith, N. Topin, Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates, 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=0.1, momentum=0.9)
    >>> scheduler = tw.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> rates = []
    >>> for step in range(10):
    ...     rates += scheduler.get_last_lr()
    ...     scheduler.step()
    >>> [round(rate, 3) for rate in rates]
    [0.04, 0.52, 1.0, 0.95, 0.812, 0.611, 0.389, 0.188, 0.05, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        op = self._name
        self.last_epoch = arguments.integer(op, "last_epoch", last_epoch, at_least=-1)
        self.total_steps = self._steps(total_steps, epochs, steps_per_epoch)
        up = arguments.probability(op, "pct_start", pct_start)
        self._schedule_phases = _phases(self.total_steps, up, arguments.flag(op, "three_phase", three_phase))
        self._anneal_func_type = arguments.option(op, "anneal_strategy", anneal_strategy, ("cos", "linear"))
        highest = self._per_group("max_lr", max_lr)
        first, last = (
            self._divisor(name, value)
            for name, value in (("div_factor", div_factor), ("final_div_factor", final_div_factor))
        )
        self.cycle_momentum = arguments.flag(op, "cycle_momentum", cycle_momentum)
        if self.cycle_momentum:
            self._set_up_momentum(base_momentum, max_momentum)
        if self.last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / first
                group["max_lr"], group["min_lr"] = rate, rate / first / last
        super().__init__(optimizer, last_epoch)

    def _steps(self, total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
        if total_steps is not None:
            return arguments.integer(self._name, "total_steps", total_steps, at_least=1)
        if epochs is None or steps_per_epoch is None:
            raise ValueError(f"{self._name}: needs total_steps, or epochs and steps_per_epoch")
        steps = arguments.integer(self._name, "steps_per_epoch", steps_per_epoch, at_least=1)
        return arguments.integer(self._name, "epochs", epochs, at_least=1) * steps

    def _divisor(self, name: str, value: Any) -> float:
        divisor = arguments.number(self._name, name, value)
        if not 0 < divisor < math.inf:
            raise ValueError(f"{self._name}: {name} is {divisor}, but must be above 0 and finite")
        return divisor

    def _check(self) -> None:
        self._integer("total_steps", 1)
        arguments.option(self._name, "anneal_strategy", self._anneal_func_type, ("cos", "linear"))
        phases = self._schedule_phases
        if not isinstance(phases, list) or not phases or not all(isinstance(phase, dict) for phase in phases):
            arguments.refuse(self._name, "the list of phases", phases, "a list of dicts")
        for phase in phases:
            arguments.number(self._name, "the end of a phase", phase.get("end_step"))
            for name, known in _NAMES.items():
                arguments.option(self._name, name, phase.get(name), known)

    def step(self) -> None:
        """Set the rates of the next step. Where that fails, nothing has changed.

        Raises
        ------
        ValueError
            After `total_steps`, and where the optimiser has another number of groups than before.
        """
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"{self._name}: step {self.last_epoch + 1}, but the cycle has {self.total_steps} steps")
        super().step()

    def _phase(self) -> tuple[dict[str, Any], float]:
        """The phase of this step, and how much of it is over."""
        start, step = 0.0, self.last_epoch
        for phase in self._schedule_phases:
            end = phase["end_step"]
            if step <= end or phase is self._schedule_phases[-1]:
                return phase, min(1.0, (step - start) / (end - start)) if end > start else 1.0
            start = end
        raise AssertionError("unreachable")

    def _between(self, group: dict[str, Any], phase: dict[str, Any], kind: str, share: float) -> float:
        start, end = (
            arguments.number(self._name, name, self._kept(group, name))
            for name in (phase[f"start_{kind}"], phase[f"end_{kind}"])
        )
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> list[float]:
        phase, share = self._phase()
        return [self._between(group, phase, "lr", share) for group in self.optimizer.param_groups]

    def _write_momentum(self, groups: list[dict[str, Any]]) -> None:
        if self.cycle_momentum:
            phase, share = self._phase()
            for group in groups:
                self._set_momentum(group, self._between(group, phase, "momentum", share))


_NAMES = {
    "start_lr": ("initial_lr", "max_lr", "min_lr"),
    "end_lr": ("initial_lr", "max_lr", "min_lr"),
    "start_momentum": ("base_momentum", "max_momentum"),
    "end_momentum": ("base_momentum", "max_momentum"),
}


def _phases(steps: int, up: float, three: bool) -> list[dict[str, Any]]:
    """Where each phase of one cycle ends, and what of the group it goes from and to."""
    peak, ends = up * steps - 1, steps - 1
    points = [(peak, "max_lr", "base_momentum")]
    if three:
        points.append((2 * up * steps - 2, "initial_lr", "max_momentum"))
    points.append((ends, "min_lr", "max_momentum"))
    rate, momentum, phases = "initial_lr", "max_momentum", []
    for end, end_rate, end_momentum in points:
        values = (end, rate, end_rate, momentum, end_momentum)
        phases.append(dict(zip(("end_step", *_NAMES), values, strict=True)))
        rate, momentum = end_rate, end_momentum
    return phases
