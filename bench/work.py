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
    flops
        Of one call, to compare with the peak.
    peak
        How many float32 operations the machine can do in the time of one of these: 2 for float64.
    nbytes
        Of one call, moved, to compare with what can be copied; or only read, where `reads`.
    tolerance
        Largest difference between results, relative to the largest value.
    """

    group: str
    name: str
    calls: dict[str, Callable[[], Any]]
    flops: float = 0
    peak: float = 1
    nbytes: float = 0
    reads: bool = False
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
        x = tw.asarray(x.detach(), tw.complex128 if x.dtype.is_complex else tw.float64)
    elif torch and isinstance(x, torch.Tensor):
        x = x.detach().to(torch.complex128 if x.is_complex() else torch.float64)
    return np.asarray(x, dtype=np.complex128 if np.iscomplexobj(x) else np.float64)


def operands(*shapes: tuple[int, ...], dtype: str = "float32", seed: int = 0) -> dict[str, list[Any]]:
    """The same numbers for each contender that has the dtype, each in memory of its own making."""
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape, dtype=np.float32) for shape in shapes]
    made: dict[str, list[Any]] = {"tilewright": [tw.asarray(a, dtype, copy=True) for a in arrays]}
    if hasattr(np, dtype):
        made["numpy"] = [a.astype(dtype) for a in arrays]
    if torch:
        made["pytorch"] = [torch.tensor(a).to(getattr(torch, dtype)) for a in arrays]
    return made


def apply(functions: dict[str, Callable[..., Any]], args: dict[str, list[Any]]) -> dict[str, Callable[[], Any]]:
    """Bind each contender's function to its operands."""
    return {
        name: lambda function=function, values=args[name]: function(*values)
        for name, function in functions.items()
        if name in args
    }
