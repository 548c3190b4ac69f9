"""Learning rate schedules, under PyTorch's names.

A schedule sets "lr" in the groups of an optimiser; its `step` is called after the optimiser's. Warm-up is a `LinearLR`
before another schedule, joined by `SequentialLR`, and part of `OneCycleLR` and `InverseSquareRootLR`.

Rates have closed forms wherever the schedule has one: they do not drift, and go on with the same bits when the states
of optimiser and schedule are loaded.

Examples
--------
A hundred steps of warm-up, then half a cosine:

>>> import tilewright as tw
>>> from tilewright.optim import lr_scheduler
>>> optimizer = tw.optim.Adam([tw.zeros(3, requires_grad=True)], lr=0.01)
>>> warmup = lr_scheduler.LinearLR(optimizer, start_factor=0.01, total_iters=100)
>>> cosine = lr_scheduler.CosineAnnealingLR(optimizer, T_max=900)
>>> scheduler = lr_scheduler.SequentialLR(optimizer, [warmup, cosine], milestones=[100])
>>> scheduler.get_last_lr()
[0.0001]
"""

from .base import LRScheduler
from .cosines import CosineAnnealingLR, CosineAnnealingWarmRestarts
from .cycles import CyclicLR, OneCycleLR
from .decays import *
from .decays import __all__ as _decays
from .functions import LambdaLR, MultiplicativeLR
from .joined import ChainedScheduler, SequentialLR
from .plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "LRScheduler",
    "LambdaLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    *_decays,
]
