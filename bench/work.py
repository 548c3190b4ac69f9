"""One piece of work: the same computation by every contender, its cost, and the check that the results agree."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

torch: Any = None
if importlib.util.find_spec("torch"):
    import torch

CONTENDERS = ["tilewright", "numpy", "pytorch", "pytorch, fused"]
LEFT_OUT = [] if torch else ["pytorch (not installed)"]


def set_threads(count: int) -> None:
    """The same number for all whose number can be set; NumPy's BLAS takes it from the environment at start."""
    tw.set_num_threads(count)
    if torch:
        torch.set_num_threads(count)


@dataclass
class Work:
    """A row of the table.

    Attributes
    ----------
    calls
        For each contender a function without arguments that does the work once and returns its result.
    flops, nbytes
        Of one call; the larger share of its peak is reported.
    tolerance
        Largest difference between results, relative to the largest value.
    """

    group: str
    name: str
    calls: dict[str, Callable[[], Any]]
    flops: float = 0
    nbytes: float = 0
    goal: Goal = None
    tolerance: float = 1e-5
    notes: list[str] = field(default_factory=list)

    def verify(self) -> None:
        """Every contender computes the same thing. Raises AssertionError where one does not."""
        results = {name: as_numpy(call()) for name, call in self.calls.items()}  # once each: a training step moves on
        reference = results["tilewright"]
        assert np.isfinite(reference).all(), self.name
        for name, result in results.items():
            assert result.shape == reference.shape, f"{self.name}: {name} gives {result.shape}, not {reference.shape}"
            error = float(np.max(np.abs(result - reference), initial=0))
            limit = self.tolerance * (1 + float(np.max(np.abs(reference), initial=0)))
            assert error <= limit, f"{self.name}: {name} differs by {error:.3g}, {limit:.3g} allowed"


def as_numpy(x: Any) -> np.ndarray:
    if isinstance(x, tw.Tensor):
        x = x.detach().astype("float64")
    elif torch and isinstance(x, torch.Tensor):
        x = x.detach().double()
    return np.asarray(x, dtype=np.float64)


def operands(*shapes: tuple[int, ...], seed: int = 0) -> dict[str, list[Any]]:
    """The same float32 numbers for each contender, each in memory of its own making."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    made: dict[str, list[Any]] = {"tilewright": [tw.asarray(a, copy=True) for a in arrays], "numpy": arrays}
    if torch:
        made["pytorch"] = [torch.tensor(a) for a in arrays]
    return made
