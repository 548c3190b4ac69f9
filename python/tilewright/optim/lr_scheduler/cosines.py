"""Schedules along cosines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..._engine import arguments
from .base import LRScheduler, ScaledLR

if TYPE_CHECKING:
    from ..optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


def _half_cosine(epoch: float, period: float) -> float:
    """From 1 in epoch 0 down to 0 after a period, and up again."""
    return (1 + math.cos(math.pi * epoch / period)) / 2


class CosineAnnealingLR(ScaledLR):
    """Down along half a cosine; after `T_max` epochs up again.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
        Epochs from the highest rate to the lowest.
    eta_min : float
        The lowest rate.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For `T_max` below 1, a negative or infinite `eta_min`.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2`

    References
    ----------
    I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> for epoch in range(4):
    ...     print(epoch, round(scheduler.get_last_lr()[0], 3))
    ...     scheduler.step()
    0 1.0
    1 0.5
    2 0.0
    3 0.5
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("T_max", 1)
        self._number("eta_min")

    @property
    def _floor(self) -> float:
        return self.eta_min

    def _share(self, epoch: int) -> float:
        return _half_cosine(epoch, self.T_max)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down along half a cosine, then at once up again, in periods that may grow longer.

    Parameters
    ----------
    optimizer : Optimizer
    T_0 : int
        Epochs of the first period.
    T_mult : int
        By how much each period is longer than the one before.
    eta_min : float
        The lowest rate.
    last_epoch : int
        See `LRScheduler`.

    Attributes
    ----------
    T_cur : float
        Epochs since the last restart.
    T_i : int
        Epochs of this period.

    Raises
    ------
    ValueError
        For periods below 1, a negative or infinite `eta_min`.
    TypeError
        For options that are no numbers.

    Notes
    -----
    `lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2`

    References
    ----------
    I. Loshchilov, F. Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> for epoch in range(4):
    ...     print(epoch, round(scheduler.get_last_lr()[0], 3))
    ...     scheduler.step()
    0 1.0
    1 0.5
    2 1.0
    3 0.5
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_0 = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = 0
        self.T_i: float = 0
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("T_0", 1)
        self._integer("T_mult", 1)
        self._number("eta_min")
        self._number("T_cur")
        self._number("T_i")

    def get_lr(self) -> list[float]:
        share = _half_cosine(self.T_cur, self.T_i)
        return [self.eta_min + (base_lr - self.eta_min) * share for base_lr in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Set the rates of the next epoch, or of a given one.

        Parameters
        ----------
        epoch : float, optional
            May be a fraction, `epoch + batch / batches`, for rates that change with each batch.

        Raises
        ------
        ValueError
            For an epoch below 0, or where the optimiser has another number of groups than before.
        TypeError
            For one that is no number.
        """
        if epoch is None:
            epoch = self.last_epoch + 1
        value = arguments.number(self._name, "epoch", epoch)
        if not 0 <= value <= 1 << 53:
            raise ValueError(f"{self._name}: epoch is {value}, but must be at least 0 and finite")
        self._move(value)

    def _move(self, epoch: float) -> None:
        before = self.T_cur, self.T_i
        self.T_i = self.T_0
        self.T_cur = epoch % self.T_0 if self.T_mult == 1 else epoch
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        try:
            super()._move(math.floor(epoch))
        except BaseException:
            self.T_cur, self.T_i = before
            raise
