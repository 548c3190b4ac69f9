"""Training: a loop with validation, callbacks, mixed precision, and checkpoints that go on bit for bit."""

from .callbacks import Callback, Checkpoint, EarlyStopping, Hooks
from .loggers import CSVLogger, TensorBoard
from .metrics import Mean, accuracy
from .trainer import Trainer

__all__ = [
    "CSVLogger",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "Hooks",
    "Mean",
    "TensorBoard",
    "Trainer",
    "accuracy",
]
