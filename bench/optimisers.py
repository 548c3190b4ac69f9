"""Steps of optimisers alone, over the parameters of a model or many small ones."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .contenders import Contenders, torch
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

    Shapes = list[tuple[int, ...]]


def shapes_of(what: str) -> Shapes:
    """The shapes of parameters: of a model under its name, or "count x size"."""
    if what == "ResNet-18":
        return [tuple(p.shape) for p in tw.models.resnet18().parameters()]
    count, size = map(int, what.split(" x "))
    return [(size,)] * count


def optimiser(what: str, name: str, options: dict[str, Any], nbytes: int, goal: Goal) -> Work:
    """A step; `nbytes` are those read and written for each parameter."""

    def make() -> Contenders:
        run = functools.partial(stepping, shapes=shapes_of(what), name=name, options=options)
        calls = {"tilewright": run(tw)}
        if torch:
            calls["pytorch"] = run(torch)
            calls["pytorch, fused"] = run(torch, fused=True)
        return Contenders(calls, run(torch or tw, dtype="float64"))

    count = sum(math.prod(shape) for shape in shapes_of(what))
    text = f"{name}{''.join(f', {key} {value}' for key, value in options.items())} over {what}"
    return Work("optimisers", text, make, nbytes=float(nbytes * count), goal=goal, calls=3)


def stepping(
    library: Any, *, shapes: Shapes, name: str, options: dict[str, Any], dtype: str = "float32", **more: Any
) -> Callable[[], Any]:
    """A step on the same gradients again. Gives the first parameter and the last."""
    rng = np.random.default_rng(0)
    params = []
    for shape in shapes:
        value, gradient = (rng.standard_normal(shape, dtype=np.float32).astype(dtype) for _ in range(2))
        p = library.nn.Parameter(library.asarray(value))
        p.grad = library.asarray(gradient)
        params.append(p)
    step = getattr(library.optim, name)(params, lr=1e-6, **options, **more).step

    def run() -> Any:
        step()
        return params[0], params[-1]

    return run
