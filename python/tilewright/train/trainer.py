"""Trainer: the training loop."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._engine.autocast import autocast
from .._engine.tensor import Tensor
from .._functions.manipulation import concatenate
from ..autograd import no_grad
from ..nn.module import Module
from ..nn.utils import clip_grad_norm_, clip_grad_value_
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from ._files import read, write
from ._running import bar_class, open_bar, waiting_interrupt
from .callbacks import EVENTS, Callback
from .metrics import Mean, decided, named

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ..random import Generator

__all__ = ["Trainer"]

_COUNTS = ("epoch", "batch", "batches", "step", "pending", "stop", "batch_loss")


class Trainer:
    """Trains a model: batches, validation, history, callbacks, and checkpoints that go on bit for bit.

    Parameters
    ----------
    model : Module
    loss : callable
        `loss(output, target)`: a scalar, the mean over a batch.
    optimizer : Optimizer
    metrics : mapping of str to callable, or sequence of callables, optional
        Functions of `(y_true, y_pred)`, arrays of the whole validation data, such as those of `sklearn.metrics`. Where
        the output has an axis of classes, axis 1, that the target lacks, `y_pred` is the class with the highest score.
    callbacks : sequence of Callback
    schedule : LRScheduler, optional
        Of the optimiser's learning rates. One that watches a loss is given that of the validation, where there is any.
    schedule_per : {"epoch", "step"}
        When the schedule goes on: after each epoch, or after each step of the optimiser.
    accumulate : int
        How many batches the gradients of one step are the mean of. The rest of an epoch makes a step, too.
    clip_norm, clip_value : float, optional
        Bound of the norm of all gradients together, of the magnitude of each number in them: applied before a step.
    autocast : str, optional
        "bfloat16": outputs and losses are computed under `tilewright.autocast`.
    generator : Generator or sequence of them, optional
        Whose states are a part of a checkpoint, beside those of the default generator and the loaders.
    progress : bool or callable
        Whether to show a progress bar, by tqdm where it is installed; or a class like tqdm's.

    Attributes
    ----------
    epoch : int
        Epochs that have been trained.
    batch, batches, step : int
        Batches of the running epoch, batches since the start, and steps of the optimiser.
    history : dict of str to list
        The values of each epoch: "loss", "lr", and of the validation "validation_loss" and "validation_" with the name
        of each metric.
    logs : dict of str to float
        The values of the latest epoch.
    batch_loss : float
        Of the latest batch.
    stop : bool
        Set it to end training after the running batch or epoch.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For arguments of another kind.

    Notes
    -----
    A batch is a tuple, whose last part is the target; the others are the inputs of the model. A batch of one part is
    its own target. For anything else define `forward` in a subclass.

    The loss of an epoch is the mean over its batches, weighted by the length of their targets, and with the weights as
    they were then.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.random.Generator(0).normal(size=(64, 2))
    >>> data = tw.data.TensorDataset(x, tw.astype(x[:, 0] > x[:, 1], "int64"))
    >>> loader = tw.data.DataLoader(data, batch_size=16, shuffle=True)
    >>> model = tw.nn.Linear(2, 2)
    >>> optimizer = tw.optim.Adam(model.parameters(), lr=0.1)
    >>> trainer = tw.train.Trainer(
    ...     model, tw.nn.CrossEntropyLoss(), optimizer, metrics=[tw.train.accuracy], progress=False
    ... )
    >>> history = trainer.fit(loader, loader, epochs=10)
    >>> history["validation_accuracy"][-1] > 0.9
    True
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        optimizer: Optimizer,
        *,
        metrics: Mapping[str, Callable[[Any, Any], Any]] | Sequence[Callable[[Any, Any], Any]] | None = None,
        callbacks: Sequence[Callback] = (),
        schedule: LRScheduler | None = None,
        schedule_per: str = "epoch",
        accumulate: int = 1,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        autocast: str | None = None,
        generator: Generator | Sequence[Generator] | None = None,
        progress: Any = True,
    ) -> None:
        op = "Trainer"
        if not isinstance(model, Module):
            arguments.refuse(op, "model", model, "a Module")
        if not isinstance(optimizer, Optimizer):
            arguments.refuse(op, "optimizer", optimizer, "an Optimizer")
        self.model, self.optimizer = model, optimizer
        self.loss = arguments.function(op, "loss", loss)
        self.metrics = named(op, metrics)
        self.callbacks = arguments.entries(op, "callbacks", callbacks, "a sequence of Callbacks")
        for i, callback in enumerate(self.callbacks):
            if not isinstance(callback, Callback):
                arguments.refuse(op, f"callbacks[{i}]", callback, "a Callback")
        if schedule is not None and not isinstance(schedule, LRScheduler):
            arguments.refuse(op, "schedule", schedule, "an LRScheduler")
        self.schedule = schedule
        self.schedule_per = arguments.option(op, "schedule_per", schedule_per, ("epoch", "step"))
        if isinstance(schedule, ReduceLROnPlateau) and schedule_per == "step":
            raise ValueError(f"{op}: schedule_per is 'step', but ReduceLROnPlateau watches epochs")
        self.accumulate = arguments.integer(op, "accumulate", accumulate, at_least=1)
        self.clip_norm = _bound(op, "clip_norm", clip_norm)
        self.clip_value = _bound(op, "clip_value", clip_value)
        self.autocast = None if autocast is None else arguments.option(op, "autocast", autocast, ("bfloat16",))
        self._generators = _sources(op, generator)
        self.progress = progress if callable(progress) else arguments.flag(op, "progress", progress)
        self.epoch = self.batch = self.batches = self.step = self.pending = 0
        self.stop = False
        self.batch_loss = float("nan")
        self.history: dict[str, list[float | None]] = {}
        self.logs: dict[str, float] = {}
        self._mean = Mean()  # of the running epoch's losses
        self._loaders: list[Any] = []
        self._loaded: dict[str, Any] | None = None  # of a checkpoint, what `fit` takes over
        self._due: list[str] = []

    # ---- the loop ----------------------------------------------------------------------------------------------------

    def forward(self, batch: Any) -> tuple[Any, Any]:
        """What the loss is given of a batch: a subclass may define it in another way.

        Parameters
        ----------
        batch : tuple of Tensor, or Tensor
            From a loader.

        Returns
        -------
        output, target
        """
        parts = batch if isinstance(batch, (tuple, list)) else (batch,)
        if len(parts) == 2:
            return self.model(parts[0]), parts[1]
        return self.model(*(parts[:-1] or parts)), parts[-1]

    def fit(
        self, train_loader: Iterable[Any], validation_loader: Iterable[Any] | None = None, epochs: int = 1
    ) -> dict[str, list[float | None]]:
        """Train until so many epochs have been trained.

        Parameters
        ----------
        train_loader : iterable of batches
            Such as a `DataLoader`; gone through once in each epoch.
        validation_loader : iterable of batches, optional
            Evaluated after each epoch.
        epochs : int
            In total: a trainer that has trained some, or has loaded a checkpoint, goes on from there.

        Returns
        -------
        dict of str to list
            `history`.

        Raises
        ------
        ValueError
            For a negative number of epochs.
        TypeError
            For what cannot be gone through, and a number that is no integer.
        KeyboardInterrupt
            After Ctrl-C, when the running batch, or validation, is done and `Checkpoint` has saved. A second Ctrl-C
            does not wait.

        Notes
        -----
        Where the first loader has no `state_dict`, a checkpoint from within an epoch goes on after its first batches
        were read and passed over.
        """
        for name, loader in (("train_loader", train_loader), ("validation_loader", validation_loader)):
            if not hasattr(loader, "__iter__") and not (name == "validation_loader" and loader is None):
                arguments.refuse("fit", name, loader, "an iterable of batches")
        epochs = arguments.integer("fit", "epochs", epochs, at_least=0)
        skip = self._take_over([train_loader, validation_loader])
        hooks = self._hooks()
        self.model.train()
        if not self.pending:
            self.optimizer.zero_grad()
        with waiting_interrupt() as interrupt:
            self._call(hooks["on_fit_start"])
            while self.epoch < epochs and not self.stop:
                if not self.batch:
                    self._call(hooks["on_epoch_start"])
                bar = open_bar(bar_class(self.progress), self.epoch, epochs, train_loader, self.batch)
                try:
                    self._train_epoch(train_loader, skip, hooks, interrupt, bar)
                    if self.stop and self.batch:
                        self._loaded = self._places()
                        break
                    self._end_epoch(validation_loader, hooks["on_epoch_end"])
                    bar.set_postfix_str(", ".join(f"{name} {value:.4g}" for name, value in self.logs.items()))
                finally:
                    bar.close()
                skip = 0
                self._stop_if_asked(interrupt, hooks)
            self._call(hooks["on_fit_end"])
        return self.history

    def _train_epoch(self, loader: Iterable[Any], skip: int, hooks: dict[str, Any], interrupt: Any, bar: Any) -> None:
        on_batch_end, mean, update = hooks["on_batch_end"], self._mean, bar.update
        batches = iter(loader)
        for _ in range(skip):
            next(batches)
        for batch in batches:
            self._train_batch(batch, mean)
            if on_batch_end:
                self._call(on_batch_end)
            if update(1):  # where the bar was drawn anew
                bar.set_postfix_str(f"loss {mean.value:.4g}", refresh=False)
            if interrupt.asked:
                self._stop_if_asked(interrupt, hooks)
            if self.stop:
                return
        if self.pending:
            self._step()

    def _train_batch(self, batch: Any, mean: Mean) -> None:
        if self.autocast is None:
            output, target = self.forward(batch)
            loss = self.loss(output, target)
        else:
            with self._casting():
                output, target = self.forward(batch)
                loss = self.loss(output, target)
        self.batch_loss = value = loss.item()
        (loss if self.accumulate == 1 else loss * (1 / self.accumulate)).backward()
        self.pending += 1
        if self.pending == self.accumulate:
            self._step()
        mean.update(value, _length(target))
        self.batch += 1
        self.batches += 1

    def _step(self) -> None:
        """A step of the optimiser, with the gradients that have been gathered."""
        if self.clip_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.pending = 0
        self.step += 1
        if self.schedule is not None and self.schedule_per == "step":
            self.schedule.step()

    def _end_epoch(self, validation_loader: Iterable[Any] | None, on_epoch_end: list[Any]) -> None:
        logs = {"loss": self._mean.value, "lr": float(self.optimizer.param_groups[0]["lr"])}
        if validation_loader is not None:
            values = self.evaluate(validation_loader)
            logs.update({f"validation_{name}": value for name, value in values.items()})
        self.logs = logs
        for name in [*self.history, *[name for name in logs if name not in self.history]]:
            column = self.history.setdefault(name, [None] * self.epoch)
            column.append(logs.get(name))
        self.epoch += 1
        self.batch, self._mean = 0, Mean()
        if isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(logs.get("validation_loss", logs["loss"]))
        elif self.schedule is not None and self.schedule_per == "epoch":
            self.schedule.step()
        self._call(on_epoch_end)

    def _hooks(self) -> dict[str, list[Any]]:
        """For each event the hooks that callbacks define."""
        plain = {name: getattr(Callback, name) for name in EVENTS}
        found: dict[str, list[Any]] = {}
        for name in EVENTS:
            hooks = [getattr(callback, name) for callback in self.callbacks]
            found[name] = [hook for hook in hooks if getattr(hook, "__func__", None) is not plain[name]]
        return found

    def _call(self, hooks: list[Any]) -> None:
        for hook in hooks:
            hook(self)
        for path in self._due:
            self.save(path)
        self._due = []

    def _stop_if_asked(self, interrupt: Any, hooks: dict[str, Any]) -> None:
        if interrupt.asked:
            self._call(hooks["on_interrupt"])
            self._loaded = self._places()
            raise KeyboardInterrupt

    def _casting(self) -> Any:
        if self.autocast is None:
            return contextlib.nullcontext()
        return autocast(self.autocast)

    # ---- without training --------------------------------------------------------------------------------------------

    def _outputs(self, loader: Iterable[Any]) -> Iterator[tuple[Any, Any, Any]]:
        """Of each batch the output, the target and the loss, in evaluation mode; modules have their modes back then."""
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            for batch in loader:
                with no_grad(), self._casting():
                    output, target = self.forward(batch)
                    loss = self.loss(output, target)
                yield output, target, loss
        finally:
            for module, training in modes:
                module.training = training

    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """The loss and the metrics of the model as it is.

        Parameters
        ----------
        loader : iterable of batches

        Returns
        -------
        dict of str to float
            "loss", and each metric.

        Raises
        ------
        TypeError
            For what cannot be gone through.
        """
        if not hasattr(loader, "__iter__"):
            arguments.refuse("evaluate", "loader", loader, "an iterable of batches")
        mean = Mean()
        targets, predictions = [], []
        for output, target, loss in self._outputs(loader):
            mean.update(loss.item(), _length(target))
            if self.metrics:
                targets.append(target)
                predictions.append(decided(output, target))
        values = {"loss": mean.value}
        if targets:
            y_true, y_pred = concatenate(targets).numpy(), concatenate(predictions).numpy()
            values.update({name: float(metric(y_true, y_pred)) for name, metric in self.metrics.items()})
        return values

    def predict(self, loader: Iterable[Any]) -> Tensor:
        """The model's outputs for all batches, one after another along the first axis.

        Parameters
        ----------
        loader : iterable of batches
            As for `fit`; or of inputs alone, one for each batch.

        Returns
        -------
        Tensor

        Raises
        ------
        ValueError
            For no batches.
        TypeError
            For what cannot be gone through.
        """
        if not hasattr(loader, "__iter__"):
            arguments.refuse("predict", "loader", loader, "an iterable of batches")
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with no_grad(), self._casting():
                outputs = [self.forward(batch)[0] for batch in loader]
        finally:
            for module, training in modes:
                module.training = training
        if not outputs:
            raise ValueError("predict: the loader gave no batches")
        return concatenate(outputs)

    # ---- state -------------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: a safetensors file, whose metadata has all that is no tensor as JSON.

        Parameters
        ----------
        path : str or os.PathLike
            Where to; its directory must exist. It holds the whole new file, or what it held before.

        Raises
        ------
        OSError
            Where the file cannot be written.
        TypeError
            Where a callback or a loader keeps what a checkpoint cannot hold.
        ImportError
            Without the safetensors package.

        Notes
        -----
        What it has: the model, the optimiser and its gathered gradients, the schedule, the callbacks, the generators,
        the loaders' positions, the counts, the history.
        """
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        write(
            path,
            {
                "counts": {name: getattr(self, name) for name in _COUNTS},
                "mean": [self._mean.total, self._mean.weight],
                "history": self.history,
                "logs": self.logs,
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "gradients": {i: p.grad for i, p in enumerate(parameters) if self.pending and p.grad is not None},
                "schedule": None if self.schedule is None else self.schedule.state_dict(),
                "callbacks": [[type(callback).__name__, callback.state_dict()] for callback in self.callbacks],
                **self._places(),
            },
        )

    def save_after_hooks(self, path: str) -> None:
        """Write a checkpoint when all callbacks had their turn: for hooks.

        Parameters
        ----------
        path : str
        """
        self._due.append(path)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Take over a checkpoint: `fit` then goes on as if it had not been interrupted, bit for bit.

        Parameters
        ----------
        path : str or os.PathLike
            What `save` or `Checkpoint` wrote, of a trainer that was made alike.

        Raises
        ------
        FileNotFoundError
            Where there is no such file.
        FormatError
            For a file that is damaged or no checkpoint (`tilewright.io.FormatError`).
        ValueError
            Where it does not fit: another model, optimiser, callbacks, or number of generators.
        ImportError
            Without the safetensors package.

        Notes
        -----
        Generators and loaders are set when `fit` starts, so numbers that are drawn until then do not matter. Where
        something does not fit, parts of the trainer may have been set already; make a new one.
        """
        state = read(path)
        names = [type(callback).__name__ for callback in self.callbacks]
        saved = [name for name, _ in state["callbacks"]]
        if saved != names:
            raise ValueError(f"load: the checkpoint has the callbacks {saved}, but the trainer has {names}")
        if (state["schedule"] is None) != (self.schedule is None):
            raise ValueError("load: one of the checkpoint and the trainer has a schedule, the other has none")
        if len(state["generators"]) != len(self._generators):
            got, needed = len(state["generators"]), len(self._generators)
            raise ValueError(f"load: the checkpoint has {got} generators, but the trainer has {needed}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        for callback, (_, kept) in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(kept)
        self.optimizer.zero_grad()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        for i, gradient in state["gradients"].items():
            parameters[i].grad = gradient
        for name, value in state["counts"].items():
            setattr(self, name, value)
        self._mean.total, self._mean.weight = state["mean"]
        self.history, self.logs = state["history"], state["logs"]
        self._loaded = {"generators": state["generators"], "loaders": state["loaders"]}
        self._loaders = []

    def _places(self) -> dict[str, Any]:
        """The states of generators and loaders."""
        return {
            "generators": [source.state for source in self._generators],
            "loaders": [loader.state_dict() if hasattr(loader, "state_dict") else None for loader in self._loaders],
        }

    def _take_over(self, loaders: list[Any]) -> int:
        """Set generators and loaders to what was loaded, or to where training was stopped within an epoch.

        How many batches of the epoch are to be passed over.
        """
        loaded, self._loaded = self._loaded, None
        same = not self._loaders or all(a is b for a, b in zip(self._loaders, loaders, strict=True))
        self._loaders = loaders
        if loaded is None or not same:  # an epoch that an error ended, or that another loader began, starts anew
            self.batch, self.pending, self._mean = 0, 0, Mean()
            return 0
        skip = self.batch
        for i, (loader, state) in enumerate(zip(self._loaders, loaded["loaders"], strict=False)):
            if state is not None and hasattr(loader, "load_state_dict"):
                loader.load_state_dict(state)
                skip = 0 if i == 0 else skip
        for source, state in zip(self._generators, loaded["generators"], strict=True):
            source.state = state
        return skip


def _length(target: Any) -> int:
    shape = target.shape
    return shape[0] if shape else 1


def _bound(op: str, name: str, value: Any) -> float | None:
    if value is None:
        return None
    bound = arguments.number(op, name, value)
    if not bound > 0:
        raise ValueError(f"{op}: {name} is {bound}, but must be positive")
    return bound


def _sources(op: str, generator: Any) -> list[Generator]:
    """The default generator, and those that were given."""
    if generator is None:
        return [random.default_generator]
    given = [generator] if isinstance(generator, random.Generator) else generator
    listed = arguments.entries(op, "generator", given, "a Generator or a sequence of them")
    return [random.default_generator, *[random.source(op, source) for source in listed]]
