"""Schedules that go one way: steps, lines and powers."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from .base import ScaledLR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "InverseSquareRootLR",
    "InverseTimeLR",
    "LinearLR",
    "MultiStepLR",
    "PolynomialLR",
    "StepLR",
]


class StepLR(ScaledLR):
    """Every few epochs, the rate times a factor.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
        Epochs between two changes.
    gamma : float
        The factor.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For a `step_size` below 1, a negative or infinite `gamma`.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = base_lr * gamma**(epoch // step_size)`

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [1.0]
    1 [1.0]
    2 [0.5]
    3 [0.5]
    4 [0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("step_size", 1)
        self._number("gamma")

    def _share(self, epoch: int) -> float:
        return self.gamma ** (epoch // self.step_size)


class MultiStepLR(ScaledLR):
    """At given epochs, the rate times a factor.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
        The epochs; one that is there twice counts twice.
    gamma : float
        The factor.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For milestones below 0, a negative or infinite `gamma`.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = base_lr * gamma**n` after n milestones.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [1.0]
    1 [0.5]
    2 [0.5]
    3 [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        listed = arguments.entries(self._name, "milestones", milestones, "an iterable of integers")
        self.milestones: Any = Counter([arguments.integer(self._name, "a milestone", m, at_least=0) for m in listed])
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        if not isinstance(self.milestones, dict):
            arguments.refuse(self._name, "milestones", self.milestones, "a dict of epochs to how often they count")
        self.milestones = Counter(
            {
                arguments.integer(self._name, "a milestone", epoch, at_least=0): arguments.integer(
                    self._name, "the count of a milestone", count, at_least=0, at_most=1 << 20
                )
                for epoch, count in self.milestones.items()
            }
        )
        self._number("gamma")

    def _share(self, epoch: int) -> float:
        return self.gamma ** sum([count for milestone, count in self.milestones.items() if milestone <= epoch])


class ConstantLR(ScaledLR):
    """For some epochs, a share of the rate; then all of it.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float
        The share, in [0, 1].
    total_iters : int
        Epochs with it.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.ConstantLR(optimizer, factor=0.25, total_iters=2)
    >>> for epoch in range(3):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.25]
    1 [0.25]
    2 [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._number("factor", 0, 1)
        self._integer("total_iters", 0)

    def _share(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class LinearLR(ScaledLR):
    """From one share of the rate to another along a line; then that one: a warm-up, for instance.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor : float
        The share in epoch 0, in (0, 1].
    end_factor : float
        The share in epoch `total_iters` and after it, in [0, 1].
    total_iters : int
        Epochs until then.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no numbers.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.5]
    1 [0.75]
    2 [1.0]
    3 [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._number("start_factor", 0, 1, above=True)
        self._number("end_factor", 0, 1)
        self._integer("total_iters", 0)

    def _share(self, epoch: int) -> float:
        if epoch >= self.total_iters:
            return self.end_factor
        return self.start_factor + (self.end_factor - self.start_factor) * epoch / self.total_iters


class ExponentialLR(ScaledLR):
    """In each epoch, the rate times a factor.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
        The factor.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For a negative or infinite `gamma`.
    TypeError
        For one that is no number.

    Notes
    -----
    `lr = base_lr * gamma**epoch`

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> for epoch in range(3):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [1.0]
    1 [0.5]
    2 [0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._number("gamma")

    def _share(self, epoch: int) -> float:
        return self.gamma**epoch


class PolynomialLR(ScaledLR):
    """Down to zero along a power of the epochs that are left.

    Parameters
    ----------
    optimizer : Optimizer
    total_iters : int
        Epochs until the rate is 0, where it stays.
    power : float
        1 for a line.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = base_lr * (1 - epoch / total_iters)**power`

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=2, power=2)
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [1.0]
    1 [0.25]
    2 [0.0]
    3 [0.0]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("total_iters", 1)
        self._number("power")

    def _share(self, epoch: int) -> float:
        return (1.0 - min(epoch, self.total_iters) / self.total_iters) ** self.power


class InverseTimeLR(ScaledLR):
    """As one over the time: `base_lr / (1 + gamma * epoch)`.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
        How fast the rate falls: after 1 / gamma epochs it is a half.
    power : float
        Of the time. Sums of the rates diverge and those of their squares converge, as Robbins and Monro ask for, with
        powers above 0.5 up to 1.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For options that are negative or infinite.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = base_lr / (1 + gamma * epoch)**power`

    References
    ----------
    H. Robbins, S. Monro, A Stochastic Approximation Method, Annals of Mathematical Statistics 22, 1951.

    L. Bottou, Stochastic Gradient Descent Tricks, Neural Networks: Tricks of the Trade, 2012.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.InverseTimeLR(optimizer, gamma=1.0)
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [1.0]
    1 [0.5]
    2 [0.3333333333333333]
    3 [0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, power: float = 1.0, last_epoch: int = -1) -> None:
        self.gamma = gamma
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._number("gamma")
        self._number("power")

    def _share(self, epoch: int) -> float:
        return (1.0 + self.gamma * epoch) ** -self.power


class InverseSquareRootLR(ScaledLR):
    """Up along a line, then down as one over the square root of the steps: the schedule of the Transformer.

    Parameters
    ----------
    optimizer : Optimizer
        Its rate is the highest one, that of step `warmup_steps`.
    warmup_steps : int
        Steps until then.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For `warmup_steps` below 1.
    TypeError
        For one that is no integer.

    Notes
    -----
    `lr = base_lr * min(n / warmup_steps, sqrt(warmup_steps / n))` in step n, counted from 1: n is `last_epoch` + 1. The
    paper's is the one with `base_lr = (d_model * warmup_steps)**-0.5`.

    References
    ----------
    A. Vaswani et al., Attention Is All You Need, NeurIPS 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.Adam([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.InverseSquareRootLR(optimizer, warmup_steps=2)
    >>> rates = []
    >>> for step in range(8):
    ...     rates += scheduler.get_last_lr()
    ...     scheduler.step()
    >>> rates[0], rates[1], rates[7]
    (0.5, 1.0, 0.5)
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, last_epoch: int = -1) -> None:
        self.warmup_steps = warmup_steps
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("warmup_steps", 1)

    def _share(self, epoch: int) -> float:
        step = epoch + 1
        return min(step / self.warmup_steps, math.sqrt(self.warmup_steps / step))
