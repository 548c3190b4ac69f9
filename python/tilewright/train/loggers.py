"""Callbacks that write down the values of each epoch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from ..io._whole import require_file, text_of_path, write_whole
from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["CSVLogger", "TensorBoard"]


class CSVLogger(Callback):
    """Writes the history to a CSV file after each epoch: a header, and a row for each epoch.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; its directory must exist.

    Raises
    ------
    TypeError
        For a path that is none.

    Notes
    -----
    The file is written anew each time, whole or not at all. So it fits the history after a checkpoint was loaded, too.

    Examples
    --------
    >>> import tilewright as tw
    >>> logger = tw.train.CSVLogger("history.csv")
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = text_of_path("CSVLogger", path)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write the file.

        Parameters
        ----------
        trainer : Trainer
        """
        import csv
        import io

        history = trainer.history
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *history])
        for epoch, row in enumerate(zip(*history.values(), strict=True), 1):
            writer.writerow([epoch, *["" if value is None else repr(value) for value in row]])
        write_whole("CSVLogger", require_file("CSVLogger", self.path), text.getvalue().encode(), self.path)


class TensorBoard(Callback):
    """Writes event files for TensorBoard, by tensorboardX: the values of each epoch, and the loss of batches.

    Parameters
    ----------
    folder : str or os.PathLike
        Where to; TensorBoard is given it as `--logdir`.
    every : int
        The loss and the learning rate are written for every so many batches.

    Raises
    ------
    ValueError
        For `every` below 1.
    TypeError
        For a folder that is no path.
    ImportError
        In training, without tensorboardX: `pip install 'tilewright[train]'`.

    Notes
    -----
    The axis of batches counts from the start of training. After a checkpoint was loaded, what was written beyond it is
    replaced.

    Examples
    --------
    >>> import tilewright as tw
    >>> board = tw.train.TensorBoard("runs/first", every=10)
    """

    def __init__(self, folder: str | os.PathLike[str], every: int = 50) -> None:
        self.folder = text_of_path("TensorBoard", folder, "folder")
        self.every = arguments.integer("TensorBoard", "every", every, at_least=1)
        self._writer: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        """Open an event file.

        Parameters
        ----------
        trainer : Trainer
        """
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            needed = "needs the tensorboardX package: pip install 'tilewright[train]'"
            raise ImportError(f"tilewright.train: TensorBoard {needed}") from None
        self._writer = SummaryWriter(self.folder, purge_step=trainer.batches or None)

    def on_batch_end(self, trainer: Trainer) -> None:
        """Write the loss of the batch.

        Parameters
        ----------
        trainer : Trainer
        """
        if trainer.batches % self.every == 0:
            self._writer.add_scalar("batch/loss", trainer.batch_loss, trainer.batches)
            self._writer.add_scalar("batch/lr", trainer.optimizer.param_groups[0]["lr"], trainer.batches)

    def on_epoch_end(self, trainer: Trainer) -> None:
        """Write the values of the epoch.

        Parameters
        ----------
        trainer : Trainer
        """
        for name, value in trainer.logs.items():
            self._writer.add_scalar(name, value, trainer.batches)

    def on_interrupt(self, trainer: Trainer) -> None:
        """Close the event file.

        Parameters
        ----------
        trainer : Trainer
        """
        self._writer.close()

    def on_fit_end(self, trainer: Trainer) -> None:
        """Close the event file.

        Parameters
        ----------
        trainer : Trainer
        """
        self._writer.close()
