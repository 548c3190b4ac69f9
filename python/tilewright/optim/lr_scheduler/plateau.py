"""A schedule that watches a loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from .base import LRScheduler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..optimizer import Optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """The rate times a factor when a metric has stopped improving.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
        Whether the metric is to fall, as a loss, or to rise, as an accuracy.
    factor : float
        Below 1.
    patience : int
        So many epochs without improvement are put up with; the next one lowers the rate.
    threshold : float
        By how much a metric must be better than the best one to count as improved.
    threshold_mode : {"rel", "abs"}
        Whether that is a share of the best one, or a difference.
    cooldown : int
        Epochs after a change that are not counted.
    min_lr : float or list of float
        The lowest rate, for all groups or for each.
    eps : float
        Smaller changes of the rate are not made.

    Attributes
    ----------
    best : float
        The best metric so far.
    num_bad_epochs : int
        Epochs without improvement since then.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options of another kind, and an optimiser that is none.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    ...     print(loss, scheduler.get_last_lr())
    3.0 [1.0]
    2.0 [1.0]
    2.0 [1.0]
    2.0 [0.1]
    2.0 [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self._attach(optimizer)
        self.mode = arguments.option(self._name, "mode", mode, ("min", "max"))
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.cooldown = cooldown
        self.eps = eps
        self.min_lrs: Any = min_lr
        self.last_epoch = 0
        self.best: Any = math.inf if mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0
        self._check()
        self._last_lr = [self._rate(group) for group in optimizer.param_groups]

    def _check(self) -> None:
        arguments.option(self._name, "mode", self.mode, ("min", "max"))
        arguments.option(self._name, "threshold_mode", self.threshold_mode, ("rel", "abs"))
        self._number("factor")
        if self.factor >= 1:
            raise ValueError(f"{self._name}: factor is {self.factor}, but must be below 1")
        for name in ("patience", "cooldown", "cooldown_counter", "num_bad_epochs"):
            self._integer(name, 0)
        self._number("threshold")
        self._number("eps")
        self.min_lrs = self._per_group("min_lr", self.min_lrs)
        self.best = arguments.number(self._name, "best", self.best)

    @property
    def in_cooldown(self) -> bool:
        """Whether the last change is so recent that epochs are not counted."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Take notice of a metric, at the end of an epoch.

        Parameters
        ----------
        metrics : float
            NaN is no improvement.

        Raises
        ------
        TypeError
            For a metric that is no number.
        ValueError
            Where the optimiser has another number of groups than before.
        """
        metric = arguments.number(self._name, "metrics", getattr(metrics, "detach", lambda: metrics)())
        groups = self._groups()
        rates = [self._rate(group) for group in groups]
        self.last_epoch += 1
        if self._improves(metric):
            self.best = metric
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, rate, lowest in zip(groups, rates, self.min_lrs, strict=True):
                lower = max(rate * self.factor, lowest)
                if rate - lower > self.eps:
                    group["lr"] = lower
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = [self._rate(group) for group in groups]

    def _improves(self, metric: float) -> bool:
        sign = 1.0 if self.mode == "max" else -1.0
        if self.threshold_mode == "rel":
            return sign * metric > sign * self.best * (1.0 + sign * self.threshold)
        return sign * metric > sign * self.best + self.threshold

    def _groups(self) -> list[dict[str, Any]]:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            raise ValueError(
                f"{self._name}: the optimiser has {len(groups)} groups, but the schedule was made for "
                f"{len(self.min_lrs)}; make it after the last group is added"
            )
        return groups
