"""The drivers: from an entry of `shapes` to a piece of work."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import (
    arrays,
    attention_cases,
    images,
    layer_cases,
    layers,
    losses,
    optimisers,
    picks,
    products,
    recurrent_cases,
    shapes,
    steps,
)
from .contenders import Contenders, apply, operands, torch
from .shapes import label
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

F = tw.nn.functional


def all_work() -> list[Work]:
    """Every row of the table; operands are made when their turn comes."""
    drivers: list[tuple[Callable[..., Work], list[Any]]] = [
        (small_call, shapes.CALLS),
        (elementwise, shapes.ELEMENTWISE),
        (reduction, shapes.REDUCTIONS),
        (softmax, shapes.SOFTMAX),
        (picks.pick, shapes.PICKS),
        (picks.embedding, shapes.EMBEDDINGS),
        (losses.cross_entropy, shapes.CROSS_ENTROPIES),
        (images.image, shapes.IMAGES),
        (sorting, shapes.SORTS),
        (scan, shapes.SCANS),
        (arrays.array_function, arrays.ARRAYS),
        (products.square, shapes.SQUARES),
        (products.product, shapes.PRODUCTS),
        (products.bytes_, shapes.BYTES),
        (layers.layer, layer_cases.LAYERS),
        (layers.layer, recurrent_cases.RECURRENT),
        (layers.layer, attention_cases.TRANSFORMERS),
        (optimisers.optimiser, shapes.OPTIMISERS),
        (steps.perceptron, shapes.TRAINING),
        (steps.language_model, recurrent_cases.LANGUAGE_MODELS),
        (steps.gpt, attention_cases.GPTS),
    ]
    return [driver(*entry) for driver, entries in drivers for entry in entries]


# ---- small calls -----------------------------------------------------------------------------------------------------


def small_call(name: str, goal: Goal) -> Work:
    return Work("calls", name, SMALL_CALLS[name], goal=goal)


def add(gradients: bool) -> Contenders:
    args = operands((4,), (4,))
    return apply(dict.fromkeys(args, lambda a, b: a + b), args, gradients=gradients)


def chain() -> Contenders:
    functions = {"tilewright": lambda *v: forty_ops(tw.tanh, *v)}
    if torch:
        functions["pytorch"] = lambda *v: forty_ops(torch.tanh, *v)
    return apply(functions, operands((16,), (16,), (16,)), gradients=True)


def forty_ops(tanh: Callable[[Any], Any], x: Any, w: Any, b: Any) -> Any:
    """Forty recorded ops on 16 floats, and the way back; gives the gradient of the last operand."""
    y = x
    for _ in range(10):
        y = tanh(y * w + b) - b
    for value in (x, w, b):
        value.grad = None
    y.sum().backward()
    return b.grad


SMALL_CALLS: dict[str, Callable[[], Contenders]] = {
    "add 4": functools.partial(add, False),
    "add 4, with gradient": functools.partial(add, True),
    "40 ops of 16, forward and backward": chain,
}


# ---- elementwise -----------------------------------------------------------------------------------------------------


def functions_named(name: str) -> dict[str, Callable[..., Any]]:
    """One elementwise function of each contender that has it."""
    found: dict[str, Callable[..., Any]] = {"tilewright": getattr(tw, name, None) or getattr(F, name)}
    if hasattr(np, name):
        found["numpy"] = getattr(np, name)
    if name == "relu":
        found["numpy"] = lambda x: np.maximum(x, 0)
    if torch:
        found["pytorch"] = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    return found


def elementwise(name: str, shape: tuple[int, ...], goal: Goal) -> Work:
    count = 2 if name == "add" else 1

    def make() -> Contenders:
        return apply(functions_named(name), operands(*[shape] * count))

    nbytes = 4.0 * math.prod(shape) * (count + 1)
    return Work("elementwise", label(name, shape), make, nbytes=nbytes, goal=goal)


# ---- reductions ------------------------------------------------------------------------------------------------------


def reduction(name: str, shape: tuple[int, ...], axis: int | None, goal: Goal) -> Work:
    def make() -> Contenders:
        over = {} if axis is None else {"axis": axis}
        functions = {
            "tilewright": functools.partial(getattr(tw, name), **over),
            "numpy": functools.partial(getattr(np, name), **over),
        }
        if torch:
            # amax: torch.max over an axis also gives positions, which nobody asked for
            dim = {} if axis is None else {"dim": axis}
            function = torch.amax if name == "max" else getattr(torch, name)
            functions["pytorch"] = functools.partial(function, **dim)
        return apply(functions, operands(shape))

    where = "all" if axis is None else f"axis {axis}"
    return Work("reductions", f"{label(name, shape)} {where}", make, nbytes=4.0 * math.prod(shape), goal=goal)


def softmax(name: str, shape: tuple[int, int], goal: Goal) -> Work:
    def with_numpy(x: np.ndarray) -> np.ndarray:
        shifted = x - x.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        total = powers.sum(axis=1, keepdims=True)
        return shifted - np.log(total) if name == "log_softmax" else powers / total

    def make() -> Contenders:
        functions = {"tilewright": functools.partial(getattr(F, name), axis=1), "numpy": with_numpy}
        if torch:
            functions["pytorch"] = functools.partial(getattr(torch, name), dim=1)
        return apply(functions, operands(shape))

    return Work("softmax", label(name, shape), make, nbytes=8.0 * math.prod(shape), goal=goal)


# ---- sorting and scans -----------------------------------------------------------------------------------------------


def sorting(name: str, dtype: str, shape: tuple[int, ...], goal: Goal) -> Work:
    """Values, or positions of which the first of equals comes first; random bits where integers."""
    function, _, k = name.partition(" ")

    def make() -> Contenders:
        functions: dict[str, Callable[..., Any]] = {
            "sort": {"tilewright": tw.sort, "numpy": np.sort},
            "argsort": {"tilewright": tw.argsort, "numpy": functools.partial(np.argsort, kind="stable")},
            "topk": {"tilewright": lambda x: tw.topk(x, int(k)).values},
        }[function]
        if torch:
            functions["pytorch"] = {
                "sort": lambda x: torch.sort(x).values,
                "argsort": functools.partial(torch.argsort, stable=True),
                "topk": lambda x: torch.topk(x, int(k)).values,
            }[function]
        if dtype != "int64":
            return apply(functions, operands(shape))
        values = np.random.default_rng(0).integers(-(2**52), 2**52, shape)  # which float64, the oracle's dtype, holds
        args = {"tilewright": [tw.asarray(values)], "numpy": [values]}
        return apply(functions, args | ({"pytorch": [torch.tensor(values)]} if torch else {}))

    return Work("sorting", f"{label(name, shape)} {dtype}", make, goal=goal)


def scan(name: str, shape: tuple[int, ...], axis: int, goal: Goal) -> Work:
    def make() -> Contenders:
        functions: dict[str, Callable[..., Any]] = {
            "tilewright": functools.partial(getattr(tw, name), axis=axis),
            "numpy": functools.partial(getattr(np, name), axis=axis),
        }
        if torch:
            functions["pytorch"] = functools.partial(getattr(torch, name), dim=axis)
        return apply(functions, operands(shape))

    return Work("scans", f"{label(name, shape)} axis {axis}", make, nbytes=8.0 * math.prod(shape), goal=goal)
