"""Drivers of what moves elements: picking by position, masks, triangles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import shapes
from .shapes import label
from .work import Work, apply, operands, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

F = tw.nn.functional


def picks() -> Iterator[Work]:
    for name, shape, index, goal in shapes.PICKS:
        rng = np.random.default_rng(1)
        if name == "one_hot":
            functions, second, nbytes = one_hot(index[1]), rng.integers(0, index[1], index[0]), 8.0 * math.prod(index)
        elif name == "masked_fill":
            functions, second, nbytes = MASKED_FILL, rng.random(index) < 0.5, 8.0 * math.prod(shape)
        elif name == "tril":
            functions, second, nbytes = TRIL, None, 6.0 * math.prod(shape)
        else:
            function, _, axis = name.partition(" axis ")
            functions = along(function, int(axis or 0))
            second = rng.integers(0, shape[int(axis or 0)], index)
            per_entry = shape[1] if name == "take" else 1
            nbytes = math.prod(index) * (8.0 + 8 * per_entry) + (4.0 * math.prod(shape) if "scatter" in name else 0)
        yield Work(
            "picks",
            label(name, shape or index, *([index] if shape and index and index != shape else [])),
            apply(functions, with_second(operands(*[shape] * bool(shape)), second)),
            nbytes=nbytes,
            goal=goal,
            tolerance=1e-4,
        )


def with_second(made: dict[str, list[Any]], second: np.ndarray | None) -> dict[str, list[Any]]:
    """The operands, and an index or a mask behind them."""
    if second is None:
        return made
    make = {"tilewright": tw.asarray, "numpy": np.asarray, "pytorch": torch and torch.tensor}
    return {name: [*values, make[name](second)] for name, values in made.items()}


def along(name: str, axis: int) -> dict[str, Callable[..., Any]]:
    if name == "take":
        return {
            "tilewright": lambda x, i: tw.take(x, i, axis=axis),
            "numpy": lambda x, i: np.take(x, i, axis),
            "pytorch": lambda x, i: torch.nn.functional.embedding(i, x),
        }
    if name == "gather":
        return {
            "tilewright": lambda x, i: tw.gather(x, axis, i),
            "numpy": lambda x, i: np.take_along_axis(x, i, axis),
            "pytorch": lambda x, i: torch.gather(x, axis, i),
        }
    return {
        "tilewright": lambda x, i: tw.scatter_add(x, axis, i, x),
        "pytorch": lambda x, i: torch.scatter_add(x, axis, i, x),
    }


def one_hot(classes: int) -> dict[str, Callable[..., Any]]:
    def with_numpy(codes: np.ndarray) -> np.ndarray:
        made = np.zeros((len(codes), classes), np.int64)
        made[np.arange(len(codes)), codes] = 1
        return made

    return {
        "tilewright": lambda codes: F.one_hot(codes, classes),
        "numpy": with_numpy,
        "pytorch": lambda codes: torch.nn.functional.one_hot(codes, classes),
    }


MASKED_FILL = {
    "tilewright": lambda x, mask: tw.masked_fill(x, mask, -1e9),
    "numpy": lambda x, mask: np.where(mask, np.float32(-1e9), x),
    "pytorch": lambda x, mask: x.masked_fill(mask, -1e9),
}
TRIL = {"tilewright": tw.tril, "numpy": np.tril, "pytorch": lambda x: torch.tril(x)}
