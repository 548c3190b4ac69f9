"""Several schedules of one optimiser: at the same time, or one after another."""

from __future__ import annotations

import copy
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from .base import LRScheduler
from .plateau import ReduceLROnPlateau

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..optimizer import Optimizer

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Joined(LRScheduler):
    """Schedules of one optimiser."""

    def _set_schedulers(self, schedulers: Any, optimizer: Any) -> None:
        listed = arguments.entries(self._name, "schedulers", schedulers, "a sequence of schedules")
        if not listed:
            raise ValueError(f"{self._name}: got no schedulers")
        for i, scheduler in enumerate(listed):
            if not isinstance(scheduler, LRScheduler):
                arguments.refuse(self._name, f"scheduler {i}", scheduler, "an LRScheduler")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{self._name}: scheduler {i} is a ReduceLROnPlateau, whose step takes a metric; call it by itself"
                )
        self._attach(listed[0].optimizer if optimizer is None else optimizer)
        for i, scheduler in enumerate(listed):
            if scheduler.optimizer is not self.optimizer:
                raise ValueError(f"{self._name}: scheduler {i} belongs to another optimiser")
        self._schedulers: list[LRScheduler] = listed

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        loaded = self._loaded(self.state_dict(), state_dict)
        self._check_state(loaded)
        op, saved = f"{self._name}.load_state_dict", loaded.pop("_schedulers")
        if not isinstance(saved, (list, tuple)) or len(saved) != len(self._schedulers):
            arguments.refuse(op, "the state of the schedulers", saved, f"a list of {len(self._schedulers)}")
        made = copy.copy(self)
        vars(made).update(loaded)
        made._check()
        before = [scheduler.state_dict() for scheduler in self._schedulers]
        try:
            for scheduler, state in zip(self._schedulers, saved, strict=True):
                scheduler.load_state_dict(state)
        except BaseException:
            for scheduler, state in zip(self._schedulers, before, strict=True):
                scheduler.load_state_dict(state)
            raise
        vars(self).update(vars(made))


class ChainedScheduler(_Joined):
    """Schedules that act at the same time: each on the rates that the one before it gave.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
        Of one optimiser, in the order in which they were made.
    optimizer : Optimizer, optional
        By default theirs.

    Raises
    ------
    ValueError
        For no schedules, schedules of several optimisers, and a `ReduceLROnPlateau`.
    TypeError
        For what is no schedule.

    Notes
    -----
    Those that are a share of the base rate are multiplied: `ConstantLR`, `LinearLR`, `StepLR`, `MultiStepLR`,
    `ExponentialLR`, `PolynomialLR`, `CosineAnnealingLR`, `InverseTimeLR`, `InverseSquareRootLR`, `MultiplicativeLR`.
    The others set the rate whatever it was, and make sense in the first place alone.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.optim.lr_scheduler import ChainedScheduler, ConstantLR, ExponentialLR
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = ChainedScheduler([ConstantLR(optimizer, 0.25, 2), ExponentialLR(optimizer, 0.5)])
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.25]
    1 [0.125]
    2 [0.25]
    3 [0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._set_schedulers(schedulers, optimizer)
        self._last_lr = self._rates()

    def _rates(self) -> list[float]:
        return [self._rate(group) for group in self.optimizer.param_groups]

    @property
    def last_epoch(self) -> int:  # type: ignore[override]
        """That of the schedules."""
        return self._schedulers[0].last_epoch

    def step(self) -> None:
        """Set the rates of the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()

    def _start(self) -> None:
        self._schedulers[0]._start()
        for scheduler in self._schedulers[1:]:
            scheduler._move(0)
        self._last_lr = self._rates()


class SequentialLR(_Joined):
    """Schedules one after another, each from its own start: a warm-up, then a decay.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : sequence of LRScheduler
        Of this optimiser.
    milestones : sequence of int
        The epochs at which the second schedule begins, the third, and so on; rising.
    last_epoch : int
        -1; the state of a run is loaded by `load_state_dict`.

    Raises
    ------
    ValueError
        For no schedules, schedules of several optimisers, a `ReduceLROnPlateau`, milestones that do not rise, and
        another number of them than of schedules but one.
    TypeError
        For what is no schedule, and for milestones that are no integers.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright.optim.lr_scheduler import ExponentialLR, LinearLR, SequentialLR
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> warmup = LinearLR(optimizer, start_factor=0.25, total_iters=3)
    >>> scheduler = SequentialLR(optimizer, [warmup, ExponentialLR(optimizer, 0.5)], milestones=[3])
    >>> for epoch in range(6):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.25]
    1 [0.5]
    2 [0.75]
    3 [1.0]
    4 [0.5]
    5 [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        self._set_schedulers(schedulers, optimizer)
        self._milestones: Any = milestones
        self._check()
        self.last_epoch = arguments.integer(self._name, "last_epoch", last_epoch, at_least=-1) + 1
        self._schedulers[0]._start()
        self._last_lr = self._schedulers[0].get_last_lr()

    def _check(self) -> None:
        listed = arguments.entries(self._name, "milestones", self._milestones, "a sequence of integers")
        self._milestones = [arguments.integer(self._name, "a milestone", m, at_least=1) for m in listed]
        if len(listed) != len(self._schedulers) - 1:
            count = len(self._schedulers)
            raise ValueError(f"{self._name}: got {len(listed)} milestones for {count} schedulers, but must be one less")
        if self._milestones != sorted(set(self._milestones)):
            raise ValueError(f"{self._name}: milestones are {self._milestones}, but must rise")

    def step(self) -> None:
        """Set the rates of the next epoch. Where that fails, nothing has changed."""
        epoch = self.last_epoch + 1
        scheduler = self._schedulers[bisect_right(self._milestones, epoch)]
        if epoch in self._milestones:
            scheduler._start()
        else:
            scheduler.step()
        self.last_epoch = epoch
        self._last_lr = scheduler.get_last_lr()

    def _start(self) -> None:
        self.last_epoch = 0
        self._schedulers[0]._start()
        self._last_lr = self._schedulers[0].get_last_lr()
