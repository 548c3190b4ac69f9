"""Drivers of what moves elements: picking by position, masks, triangles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from .contenders import Contenders, apply, operands, torch
from .shapes import label
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

F = tw.nn.functional


def pick(name: str, shape: tuple[int, ...], index: tuple[int, ...], goal: Goal) -> Work:
    """`index` is the shape of the positions or of the mask; of one_hot, (entries, classes)."""
    function, _, axis = name.partition(" axis ")

    def make() -> Contenders:
        rng = np.random.default_rng(1)
        if function == "tril":
            return apply({"tilewright": tw.tril, "numpy": np.tril, "pytorch": torch and torch.tril}, operands(shape))
        if function == "one_hot":
            return with_second(
                one_hot(index[1]), {name: [] for name in operands()}, rng.integers(0, index[1], index[0])
            )
        if function == "masked_fill":
            return with_second(MASKED_FILL, operands(shape), rng.random(index) < 0.5)
        extent = shape[int(axis or 0)]
        return with_second(along(function, int(axis or 0)), operands(shape), rng.integers(0, extent, index))

    nbytes = {
        "one_hot": 8.0 * math.prod(index),
        "masked_fill": 8.0 * math.prod(shape),
        "tril": 6.0 * math.prod(shape),
        "take": math.prod(index) * (8.0 + 8 * math.prod(shape[1:])),
        "gather": 16.0 * math.prod(index),
        "scatter_add": 16.0 * math.prod(index) + 4.0 * math.prod(shape),
    }[function]
    text = label(name, shape or index, *([index] if shape and index and index != shape else []))
    return Work("picks", text, make, nbytes=nbytes, goal=goal)


def embedding(table: tuple[int, int], tokens: tuple[int, ...], adds: bool, goal: Goal) -> Work:
    """Rows of a table, and the gradient of the table: added to the one that is there, or a new one."""

    def make() -> Contenders:
        rng = np.random.default_rng(1)
        indices = rng.integers(0, table[0], tokens)
        g = rng.standard_normal((*tokens, table[1]), dtype=np.float32)

        def there_and_back(library: Any) -> Callable[..., Any]:
            as_tensor = tw.asarray if library is tw else torch.tensor
            i, cotangent = as_tensor(indices), as_tensor(g)

            def run(x: Any) -> Any:
                if not adds:
                    x.grad = None
                y = library.nn.functional.embedding(i, x)
                y.backward(cotangent)
                return y, x.grad

            return run

        def oracle(x: np.ndarray) -> Any:
            gradient = np.zeros(table)
            np.add.at(gradient, indices, g)
            return x[indices], gradient

        functions = {"tilewright": there_and_back(tw)} | ({"pytorch": there_and_back(torch)} if torch else {})
        return apply(functions, operands(table), oracle=oracle, gradients=True)

    text = f"{label('embedding', table, tokens)} and back{', added up' * adds}"
    moved = 4.0 * math.prod(tokens) * table[1] * 5 + (0 if adds else 4.0 * math.prod(table))
    return Work("embedding", text, make, nbytes=moved, goal=goal)


def with_second(functions: dict[str, Callable[..., Any]], made: dict[str, list[Any]], second: np.ndarray) -> Contenders:
    """The operands, and positions or a mask behind them."""
    as_operand = {"tilewright": tw.asarray, "numpy": np.asarray, "pytorch": torch and torch.tensor}
    args = {name: [*values, as_operand[name](second)] for name, values in made.items()}
    with_numpy = functions["numpy"]
    return apply(functions, args, oracle=lambda *values: with_numpy(*values[:-1], second))


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

    def with_numpy(x: np.ndarray, i: np.ndarray) -> np.ndarray:
        places = list(np.indices(i.shape))
        places[axis] = i
        total = x.copy()
        np.add.at(total, tuple(places), x)
        return total

    return {
        "tilewright": lambda x, i: tw.scatter_add(x, axis, i, x),
        "numpy": with_numpy,
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


MASKED_FILL: dict[str, Callable[..., Any]] = {
    "tilewright": lambda x, mask: tw.masked_fill(x, mask, -1e9),
    "numpy": lambda x, mask: np.where(mask, x.dtype.type(-1e9), x),
    "pytorch": lambda x, mask: x.masked_fill(mask, -1e9),
}
