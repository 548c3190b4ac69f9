"""Drivers of losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .contenders import Contenders, apply, operands, torch
from .shapes import label
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal


def cross_entropy(rows: int, classes: int, goal: Goal) -> Work:
    """The mean over the rows, and the gradient of the logits."""

    def make() -> Contenders:
        targets = np.random.default_rng(1).integers(0, classes, rows)

        def there_and_back(library: Any) -> Callable[..., Any]:
            target = (tw.asarray if library is tw else torch.tensor)(targets)

            def run(logits: Any) -> Any:
                logits.grad = None
                loss = library.nn.functional.cross_entropy(logits, target)
                loss.backward()
                return loss, logits.grad

            return run

        def oracle(logits: np.ndarray) -> Any:
            shifted = logits - logits.max(axis=1, keepdims=True)
            log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            of_target = np.arange(rows), targets
            gradient = np.exp(log_p)
            gradient[of_target] -= 1
            return -log_p[of_target].mean(), gradient / rows

        functions = {"tilewright": there_and_back(tw)} | ({"pytorch": there_and_back(torch)} if torch else {})
        return apply(functions, operands((rows, classes)), oracle=oracle, gradients=True)

    # read twice there, once back, and the gradient is written
    return Work(
        "losses", f"{label('cross_entropy', (rows, classes))} and back", make, nbytes=16.0 * rows * classes, goal=goal
    )
