"""Schedules whose rates are given by functions of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from .base import LRScheduler, attributes_of, check_attributes, restore_attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..optimizer import Optimizer

    Factor = Callable[[int], float]

__all__ = ["LambdaLR", "MultiplicativeLR"]


class _OfFunctions(LRScheduler):
    """A function of the epoch for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1) -> None:
        self._attach(optimizer)
        count = len(optimizer.param_groups)
        several = isinstance(lr_lambda, (list, tuple))
        self.lr_lambdas: list[Factor] = list(lr_lambda) if several else [lr_lambda] * count  # type: ignore
        if len(self.lr_lambdas) != count:
            raise ValueError(
                f"{self._name}: got {len(self.lr_lambdas)} functions, but the optimiser has {count} groups"
            )
        for function in self.lr_lambdas:
            arguments.function(self._name, "lr_lambda", function)
        super().__init__(optimizer, last_epoch)

    def _factors(self) -> list[float]:
        values = [function(self.last_epoch) for function in self.lr_lambdas]
        return [arguments.number(self._name, "what lr_lambda gave", value) for value in values]

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "lr_lambdas": [attributes_of(function) for function in self.lr_lambdas]}

    def _check_state(self, loaded: dict[str, Any]) -> None:
        super()._check_state(loaded)
        loaded["lr_lambdas"] = check_attributes(f"{self._name}.load_state_dict", loaded["lr_lambdas"], self.lr_lambdas)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        functions = self.lr_lambdas
        super().load_state_dict(state_dict)
        saved, self.lr_lambdas = self.lr_lambdas, functions
        restore_attributes(functions, saved)


class LambdaLR(_OfFunctions):
    """The base rate times a function of the epoch.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or sequence of callables
        Takes the epoch and gives a factor; several for as many groups.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    TypeError
        For what cannot be called, and for factors that are no numbers.
    ValueError
        For another number of functions than of groups.

    Notes
    -----
    `lr = base_lr * lr_lambda(epoch)`. Of a function, the state has nothing; of an object that can be called, its
    attributes.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        return [base_lr * factor for base_lr, factor in zip(self.base_lrs, self._factors(), strict=True)]


class MultiplicativeLR(_OfFunctions):
    """In each epoch, the rate times what a function gives for it.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable, or sequence of callables
        Takes the epoch, from 1 on, and gives a factor; several for as many groups.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    TypeError
        For what cannot be called, and for factors that are no numbers.
    ValueError
        For another number of functions than of groups.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> scheduler.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def get_lr(self) -> list[float]:
        rates = [self._rate(group) for group in self._groups()]
        if self._step_count == 0 or self.last_epoch == 0:
            return rates
        return [rate * factor for rate, factor in zip(rates, self._factors(), strict=True)]
