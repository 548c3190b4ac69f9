"""What all schedules share: the optimiser, the step, the state."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LRScheduler"]

_MOST_STEPS = 1 << 53  # a float counts no further


class LRScheduler:
    """Base class of learning rate schedules: a subclass says in `get_lr` what the rates are in epoch `last_epoch`.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rates are set, those of all its groups.
    last_epoch : int
        To go on after this epoch with an optimiser whose state was loaded. -1: start.

    Attributes
    ----------
    last_epoch : int
        How often `step` was called since the start: the epoch, or whatever a step stands for.
    base_lrs : list of float
        The learning rate of each group at the start. `optimizer.param_groups` has them as "initial_lr".

    Raises
    ------
    TypeError
        For an optimiser that is none.
    ValueError
        For `last_epoch` below -1; and where it is not -1 and the groups have no "initial_lr".

    Notes
    -----
    A new schedule sets the rates of its first epoch at once. Call `step` at the end of each epoch, after the steps of
    the optimiser, or after each of them for schedules that count those.

    To resume, load the states of the optimiser and of the schedule: rates go on with the same bits.

    Examples
    --------
    A schedule of one's own:

    >>> import tilewright as tw
    >>> from tilewright import optim
    >>> class Halving(optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [base_lr * 0.5**self.last_epoch for base_lr in self.base_lrs]
    >>> optimizer = optim.SGD([tw.zeros(3, requires_grad=True)], lr=0.1)
    >>> scheduler = Halving(optimizer)
    >>> for epoch in range(3):
    ...     print(epoch, optimizer.param_groups[0]["lr"])
    ...     optimizer.step()
    ...     scheduler.step()
    0 0.1
    1 0.05
    2 0.025
    """

    _last_lr: list[float]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self._attach(optimizer)
        self.last_epoch = arguments.integer(self._name, "last_epoch", last_epoch, at_least=-1, at_most=_MOST_STEPS)
        self._check()
        groups = optimizer.param_groups
        if self.last_epoch == -1:
            for group in groups:
                group.setdefault("initial_lr", group["lr"])
        self.base_lrs = self._start_rates()
        self._step_count = 0
        self._move(self.last_epoch + 1)

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _attach(self, optimizer: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            arguments.refuse(self._name, "optimizer", optimizer, "an Optimizer")
        self.optimizer = optimizer

    def _start_rates(self) -> list[float]:
        """The base rates, of the optimiser."""
        groups = self.optimizer.param_groups
        return [arguments.number(self._name, "initial_lr", self._kept(group, "initial_lr")) for group in groups]

    def _kept(self, group: dict[str, Any], name: str) -> Any:
        """What a schedule keeps in a group of the optimiser."""
        if name not in group:
            raise ValueError(
                f"{self._name}: a group of the optimiser lacks {name}, which a start at last_epoch=-1 writes there; "
                "load the optimiser's state"
            )
        return group[name]

    def _check(self) -> None:
        """Make the options Python's numbers; raise for those that are none or out of range."""

    def _integer(self, name: str, at_least: int) -> None:
        value = arguments.integer(self._name, name, getattr(self, name), at_least=at_least, at_most=_MOST_STEPS)
        setattr(self, name, value)

    def _number(self, name: str, low: float = 0.0, high: float = math.inf, *, above: bool = False) -> None:
        """The option must be finite and lie in [low, high], or in (low, high]."""
        value = arguments.number(self._name, name, getattr(self, name))
        if not (low <= value <= high and math.isfinite(value)) or (above and value == low):
            needed = f"{'above' if above else 'at least'} {low:g}" + (
                f" and at most {high:g}" if high < math.inf else ""
            )
            raise ValueError(f"{self._name}: {name} is {value}, but must be finite, {needed}")
        setattr(self, name, value)

    def _per_group(self, name: str, value: Any) -> list[float]:
        """A number for each group from one for all, or a sequence of them."""
        count = len(self.optimizer.param_groups)
        if isinstance(value, (list, tuple)) or arguments.has_axes(value):
            values = list(arguments.numbers(self._name, name, value, count))
        else:
            values = [arguments.number(self._name, name, value)] * count
        if not all(math.isfinite(v) and v >= 0 for v in values):
            raise ValueError(f"{self._name}: {name} is {value}, but must be at least 0 and finite")
        return values

    def get_lr(self) -> list[float]:
        """The rates of epoch `last_epoch`: what a subclass defines. `get_last_lr` reads them.

        Returns
        -------
        list of float
            One for each group.
        """
        raise NotImplementedError(f"{self._name}: a subclass of LRScheduler defines get_lr")

    def get_last_lr(self) -> list[float]:
        """The rates that were set last.

        Returns
        -------
        list of float
            One for each group.
        """
        return list(self._last_lr)

    def step(self) -> None:
        """Set the rates of the next epoch. Where that fails, nothing has changed.

        Raises
        ------
        ValueError
            Where the optimiser has another number of groups than before, or a rate is not finite.
        """
        self._move(self.last_epoch + 1)

    def _move(self, epoch: int) -> None:
        """Set the rates of an epoch."""
        before, self.last_epoch = self.last_epoch, epoch
        try:
            groups = self._groups()
            rates = self._checked_rates(epoch, len(groups))
            self._write_momentum(groups)
        except BaseException:
            self.last_epoch = before
            raise
        self._step_count += 1
        for group, rate in zip(groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    def _checked_rates(self, epoch: int, count: int) -> list[float]:
        """What `get_lr` gives: finite, and one for each group."""
        try:
            rates = list(arguments.numbers(self._name, "what get_lr gave", self.get_lr(), count))
        except OverflowError:
            raise ValueError(f"{self._name}: the rate of epoch {epoch} is beyond the range of floats") from None
        for rate in rates:
            if not math.isfinite(rate):
                raise ValueError(f"{self._name}: the rate of epoch {epoch} is {rate}, but must be finite")
        return rates

    def _start(self) -> None:
        """Set the rates of the first epoch anew, from the base rates."""
        for group, rate in zip(self._groups(), self.base_lrs, strict=True):
            group["lr"] = rate
        self._move(0)

    def _groups(self) -> list[dict[str, Any]]:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.base_lrs):
            raise ValueError(
                f"{self._name}: the optimiser has {len(groups)} groups, but the schedule was made for "
                f"{len(self.base_lrs)}; make it after the last group is added"
            )
        return groups

    def _rate(self, group: dict[str, Any]) -> float:
        return arguments.number(self._name, "lr", group["lr"])

    def _write_momentum(self, groups: list[dict[str, Any]]) -> None:
        """Schedules that cycle momentum set it here."""

    # ---- state -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule is made of but the optimiser.

        Returns
        -------
        dict
            Of functions only what callable objects have as attributes: None for others.
        """
        return {name: _copied(value) for name, value in vars(self).items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over options and state: all of them, or on an error none.

        Parameters
        ----------
        state_dict : dict
            From the `state_dict` of a schedule of the same class; PyTorch's will do, names that do not exist here are
            passed over.

        Raises
        ------
        ValueError
            Where something is missing, out of range, or for another number of groups.
        TypeError
            For anything but such a dict, and for values of another kind.

        Notes
        -----
        The rates of the optimiser stay as they are: load its state too.
        """
        own = self.state_dict()
        loaded = self._loaded(own, state_dict)
        self._check_state(loaded)
        made = copy.copy(self)
        vars(made).update(loaded)
        made._check()
        vars(self).update(vars(made))

    def _loaded(self, own: dict[str, Any], state_dict: Any) -> dict[str, Any]:
        """What there is here, as far as a state dict has it."""
        op = f"{self._name}.load_state_dict"
        if not isinstance(state_dict, dict):
            arguments.refuse(op, "state_dict", state_dict, "a dict")
        missing = [name for name in own if name not in state_dict and name != "_step_count"]
        if missing:
            raise ValueError(f"{op}: the state_dict lacks {', '.join(missing)}; is it another schedule's?")
        return {name: _copied(state_dict[name]) for name in own if name in state_dict}

    def _check_state(self, loaded: dict[str, Any]) -> None:
        """Make what every schedule has Python's numbers."""
        op = f"{self._name}.load_state_dict"
        count = len(self.optimizer.param_groups)
        for name in ("base_lrs", "_last_lr"):
            if name in loaded:
                loaded[name] = list(arguments.numbers(op, name, loaded[name], count))
        for name in ("last_epoch", "_step_count"):
            if name in loaded:
                loaded[name] = arguments.integer(op, name, loaded[name], at_least=-1, at_most=_MOST_STEPS)


class ScaledLR(LRScheduler):
    """A schedule that is a share of the base rate, above a floor: `floor + (base_lr - floor) * share(epoch)`.

    Where a group's rate is not what this gave for the epoch before, because other schedules change it too or the user
    did, its height above the floor is multiplied by `share(epoch) / share(epoch - 1)`.
    """

    @property
    def _floor(self) -> float:
        return 0.0

    def _share(self, epoch: int) -> float:
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        """The rates of epoch `last_epoch`.

        Returns
        -------
        list of float
            One for each group.
        """
        epoch, floor = self.last_epoch, self._floor
        now, before = self._share(epoch), self._share(epoch - 1) if epoch > 0 else 1.0
        rates = []
        for base_lr, group in zip(self.base_lrs, self._groups(), strict=True):
            rate, height = self._rate(group), base_lr - floor
            if now != before:
                if rate == floor + height * before:
                    rate = floor + height * now
                elif before:
                    rate = floor + (rate - floor) * (now / before)
                else:
                    rate += height * now
            rates.append(rate)
        return rates


def _copied(value: Any) -> Any:
    return copy.copy(value) if isinstance(value, (list, dict)) else value


def attributes_of(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """What a state dict keeps of a function: the attributes of a callable object, of others None."""
    plain = function is None or isinstance(function, type) or type(function).__name__ == "function"
    return None if plain or not hasattr(function, "__dict__") else dict(vars(function))


def check_attributes(op: str, saved: Any, functions: list[Any]) -> list[Any]:
    """What `attributes_of` gave, for as many functions as there are."""
    listed = arguments.entries(op, "the saved functions", saved, "a list of None or dicts")
    if len(listed) != len(functions):
        raise ValueError(f"{op}: the state has {len(listed)} functions, but there are {len(functions)}")
    for attributes, function in zip(listed, functions, strict=True):
        if attributes is not None and not (isinstance(attributes, dict) and hasattr(function, "__dict__")):
            arguments.refuse(
                op, "a saved function", attributes, "None, or a dict of attributes for an object with some"
            )
    return listed


def restore_attributes(functions: list[Any], saved: list[Any]) -> None:
    """Give callable objects the attributes that a state dict kept."""
    for function, attributes in zip(functions, saved, strict=True):
        if attributes:
            vars(function).update(attributes)
