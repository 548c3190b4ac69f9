"""Callbacks: what happens between the steps of a training loop."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from .._engine import arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from .trainer import Trainer

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "Hooks"]

EVENTS = ("on_fit_start", "on_epoch_start", "on_batch_end", "on_epoch_end", "on_interrupt", "on_fit_end")


class Callback:
    """Base class: a subclass defines the hooks that it needs, each of which is given the trainer.

    Attributes
    ----------
    kept : tuple of str
        Attributes that are a part of a checkpoint: tensors, numbers, text, None, and dicts and lists of them.

    Examples
    --------
    >>> import tilewright as tw
    >>> class Printed(tw.train.Callback):
    ...     def on_epoch_end(self, trainer):
    ...         print(trainer.epoch, sorted(trainer.logs))
    >>> data = tw.data.DataLoader(tw.data.TensorDataset(tw.zeros((4, 3)), tw.zeros((4, 1))))
    >>> model = tw.nn.Linear(3, 1)
    >>> optimizer = tw.optim.SGD(model.parameters(), lr=0.1)
    >>> trainer = tw.train.Trainer(model, tw.nn.MSELoss(), optimizer, callbacks=[Printed()], progress=False)
    >>> history = trainer.fit(data, epochs=2)
    1 ['loss', 'lr']
    2 ['loss', 'lr']
    """

    kept: tuple[str, ...] = ()

    def on_fit_start(self, trainer: Trainer) -> None:
        """Before the first batch of a call of `fit`.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_epoch_start(self, trainer: Trainer) -> None:
        """Before the first batch of an epoch; not where a checkpoint goes on within one.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_batch_end(self, trainer: Trainer) -> None:
        """After each batch: `trainer.batch_loss` is its loss, `trainer.batch` the number of batches in the epoch.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_epoch_end(self, trainer: Trainer) -> None:
        """After each epoch and its validation: `trainer.logs` has its values, `trainer.epoch` counts it.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_interrupt(self, trainer: Trainer) -> None:
        """After Ctrl-C, when the running batch is done and before KeyboardInterrupt is raised.

        Parameters
        ----------
        trainer : Trainer
        """

    def on_fit_end(self, trainer: Trainer) -> None:
        """After the last epoch.

        Parameters
        ----------
        trainer : Trainer
        """

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps of this: the attributes that `kept` names.

        Returns
        -------
        dict
        """
        return {name: getattr(self, name) for name in self.kept}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave.

        Parameters
        ----------
        state_dict : dict

        Raises
        ------
        ValueError
            Where something is missing.
        TypeError
            For anything but a dict.
        """
        op = f"{type(self).__name__}.load_state_dict"
        if not isinstance(state_dict, dict):
            arguments.refuse(op, "state_dict", state_dict, "a dict")
        missing = [name for name in self.kept if name not in state_dict]
        if missing:
            raise ValueError(f"{op}: the state_dict lacks {', '.join(missing)}")
        for name in self.kept:
            setattr(self, name, state_dict[name])


class Hooks(Callback):
    """Functions as a callback.

    Parameters
    ----------
    **hooks : callable
        By the names of the hooks of `Callback`, each a function of the trainer.

    Raises
    ------
    TypeError
        For another name, and what cannot be called.

    Examples
    --------
    >>> import tilewright as tw
    >>> stop_at_once = tw.train.Hooks(on_batch_end=lambda trainer: setattr(trainer, "stop", True))
    """

    def __init__(self, **hooks: Callable[[Trainer], Any]) -> None:
        unknown = [name for name in hooks if name not in EVENTS]
        if unknown:
            raise TypeError(f"Hooks: there is no hook {unknown[0]}; there are {', '.join(EVENTS)}")
        for name, hook in hooks.items():
            setattr(self, name, arguments.function("Hooks", name, hook))


class _Watching(Callback):
    """Compares a value of each epoch with the best one so far."""

    best: float

    def _watch(self, op: str, monitor: Any, mode: str) -> None:
        if not isinstance(monitor, str):
            arguments.refuse(op, "monitor", monitor, "the name of a value, such as 'validation_loss'")
        self.monitor = monitor
        self.mode = arguments.option(op, "mode", mode, ("min", "max"))
        self.best = math.inf if mode == "min" else -math.inf

    def _improved(self, trainer: Trainer, least: float = 0.0) -> bool:
        if self.monitor not in trainer.logs:
            there = ", ".join(trainer.logs)
            raise ValueError(f"{type(self).__name__}: there is no value {self.monitor!r} to watch; there are {there}")
        value = trainer.logs[self.monitor]
        better = value < self.best - least if self.mode == "min" else value > self.best + least
        if better:
            self.best = value
        return better


class EarlyStopping(_Watching):
    """Ends training when a value has stopped improving, and goes back to the weights of the best epoch.

    Parameters
    ----------
    monitor : str
        The value of an epoch that is watched, a name in `trainer.logs`.
    patience : int
        So many epochs without improvement are put up with; the next one ends training.
    min_delta : float
        By how much a value must be better than the best one to count as improved.
    mode : {"min", "max"}
        Whether the value is to fall, as a loss, or to rise, as an accuracy.
    restore_best : bool
        Whether the model has the state of the best epoch when `fit` ends, by this or by its number of epochs.

    Attributes
    ----------
    best : float
        The best value so far.
    best_epoch : int
        How many epochs had been trained then.

    Raises
    ------
    ValueError
        For options out of range; in training, where there is no such value.
    TypeError
        For options of another kind.

    References
    ----------
    L. Prechelt, Early Stopping - But When?, Neural Networks: Tricks of the Trade, 1998.

    Examples
    --------
    >>> import tilewright as tw
    >>> stopping = tw.train.EarlyStopping("validation_accuracy", patience=3, mode="max")
    """

    kept = ("best", "best_epoch", "bad_epochs", "best_state")

    def __init__(
        self,
        monitor: str = "validation_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "min",
        restore_best: bool = True,
    ) -> None:
        op = "EarlyStopping"
        self._watch(op, monitor, mode)
        self.patience = arguments.integer(op, "patience", patience, at_least=0)
        self.min_delta = arguments.number(op, "min_delta", min_delta)
        if not 0 <= self.min_delta < math.inf:
            raise ValueError(f"{op}: min_delta is {self.min_delta}, but must be finite and at least 0")
        self.restore_best = arguments.flag(op, "restore_best", restore_best)
        self.best_epoch = self.bad_epochs = 0
        self.best_state: dict[str, Any] | None = None

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Compare the epoch with the best one.

        Parameters
        ----------
        trainer : Trainer
        """
        if self._improved(trainer, self.min_delta):
            self.bad_epochs, self.best_epoch = 0, trainer.epoch
            if self.restore_best:
                self.best_state = {name: value.detach().copy() for name, value in trainer.model.state_dict().items()}
            return
        self.bad_epochs += 1
        if self.bad_epochs > self.patience:
            trainer.stop = True

    def on_fit_end(self, trainer: Trainer) -> None:
        """Go back to the best epoch's state.

        Parameters
        ----------
        trainer : Trainer
        """
        if self.best_state is not None:
            trainer.model.load_state_dict(self.best_state)


class Checkpoint(_Watching):
    """Saves the trainer every so many epochs or batches, or after the best epoch; and after Ctrl-C.

    Parameters
    ----------
    path : str or os.PathLike
        Where to. Fields in it are filled in: "{epoch}", "{batch}" and "{step}". Without any there is one file, that of
        the last time.
    every : int
        How many epochs or batches lie between two savings.
    unit : {"epoch", "batch"}
        Which of them.
    monitor : str, optional
        The value of an epoch that is watched: only epochs that are better than all before are saved, and Ctrl-C is
        left to others.
    mode : {"min", "max"}
        Whether that value is to fall or to rise.

    Raises
    ------
    ValueError
        For options out of range, a field of another name, and `unit="batch"` beside `monitor`.
    TypeError
        For options of another kind.

    Notes
    -----
    A file is written to another name and then renamed, so a kill at any time leaves a whole one. What is saved is the
    state after all callbacks had their turn: see `Trainer.load`.

    Examples
    --------
    >>> import tilewright as tw
    >>> callbacks = [
    ...     tw.train.Checkpoint("last.safetensors", every=100, unit="batch"),
    ...     tw.train.Checkpoint("best.safetensors", monitor="validation_loss"),
    ... ]
    """

    kept = ("best",)

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        unit: str = "epoch",
        *,
        monitor: str | None = None,
        mode: str = "min",
    ) -> None:
        op = "Checkpoint"
        try:
            self.path = os.fsdecode(path)
        except TypeError:
            arguments.refuse(op, "path", path, "a str or os.PathLike")
        try:
            self.path.format(epoch=0, batch=0, step=0)
        except (KeyError, IndexError, ValueError):
            fields = "{epoch}, {batch} and {step}"
            raise ValueError(f"{op}: path is {self.path!r}, but may have only the fields {fields}") from None
        self.every = arguments.integer(op, "every", every, at_least=1)
        self.unit = arguments.option(op, "unit", unit, ("epoch", "batch"))
        self.monitor = ""
        self.mode = arguments.option(op, "mode", mode, ("min", "max"))
        self.best = 0.0
        if monitor is not None:
            if unit == "batch":
                raise ValueError(f"{op}: monitor is {monitor!r}, a value of epochs, but unit is 'batch'")
            self._watch(op, monitor, mode)

    def _save(self, trainer: Trainer) -> None:
        trainer.save_after_hooks(self.path.format(epoch=trainer.epoch, batch=trainer.batch, step=trainer.step))

    def on_batch_end(self, trainer: Trainer) -> None:
        """Save, where it is time.

        Parameters
        ----------
        trainer : Trainer
        """
        if self.unit == "batch" and trainer.batches % self.every == 0:
            self._save(trainer)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Save, where it is time or the epoch was the best.

        Parameters
        ----------
        trainer : Trainer
        """
        better = not self.monitor or self._improved(trainer)
        if better and (self.unit == "batch" or trainer.epoch % self.every == 0):
            self._save(trainer)

    def on_interrupt(self, trainer: Trainer) -> None:
        """Save, so that training can go on from here.

        Parameters
        ----------
        trainer : Trainer
        """
        if not self.monitor:
            self._save(trainer)
