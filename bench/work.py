"""One piece of work: what is computed, its cost, and the check of every result against float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .contenders import as_numpy

if TYPE_CHECKING:
    from collections.abc import Callable

    from .contenders import Contenders
    from .shapes import Goal


class WrongResultError(Exception):
    """tilewright's own result is off."""


@dataclass
class Work:
    """A row of the table.

    Attributes
    ----------
    make
        Makes operands and contenders, when their turn comes.
    flops
        Of one call, to compare with the peak.
    peak
        How many float32 operations the machine can do in the time of one of these: 2 for float64.
    nbytes
        Of one call, moved, to compare with what can be copied; or only read, where `reads`.
    tolerance
        Largest difference from the oracle, relative to the oracle's largest value.
    calls
        How many before the result is compared: what a training step wrote shows in the next one's loss.
    """

    group: str
    name: str
    make: Callable[[], Contenders]
    flops: float = 0
    peak: float = 1
    nbytes: float = 0
    reads: bool = False
    goal: Goal = None
    tolerance: float = 1e-4
    calls: int = 1

    def prepare(self) -> Contenders:
        """The contenders whose results are right.

        The others are left out and named. Raises WrongResultError where it is tilewright that is off.
        """
        contenders = self.make()
        expected = self.result(contenders.oracle)
        for name, call in list(contenders.calls.items()):
            fault = self.fault(self.result(call), expected)
            if fault and name == "tilewright":
                raise WrongResultError(f"{self.name}: tilewright {fault}")
            if fault:
                del contenders.calls[name]
                contenders.left_out[name] = fault
        return contenders

    def result(self, call: Callable[[], Any]) -> list[np.ndarray]:
        for _ in range(self.calls - 1):
            call()
        return [as_numpy(value) for value in flat(call())]

    def fault(self, results: list[np.ndarray], expected: list[np.ndarray]) -> str:
        """What is wrong, or nothing."""
        shapes, wanted = ([v.shape for v in values] for values in (results, expected))
        if shapes != wanted:
            return f"gives {shapes}, not {wanted}"
        for result, reference in zip(results, expected, strict=True):
            largest = float(np.max(np.abs(reference), initial=0)) or 1.0
            error = float(np.max(np.abs(result - reference), initial=0)) / largest
            if not error <= self.tolerance:  # NaN is no agreement
                return f"is off by {error:.2g} of the largest value, {self.tolerance:g} allowed"
        return ""


def flat(results: Any) -> list[Any]:
    """The arrays of nested tuples and lists."""
    return [a for r in results for a in flat(r)] if isinstance(results, (tuple, list)) else [results]
