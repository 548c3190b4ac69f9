"""The drivers: from `shapes` to pieces of work."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import shapes
from .products import bytes_, layers, layers_backward, products, squares
from .shapes import label
from .work import Work, apply, operands, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

F = tw.nn.functional


def all_work() -> Iterator[Work]:
    """Every piece of work, one after the other: operands are made when their turn comes."""
    drivers = (calls, elementwise, reductions, softmax, sorts, scans)
    drivers += (squares, products, bytes_, layers, layers_backward, training)
    for driver in drivers:
        yield from driver()


# ---- small calls -----------------------------------------------------------------------------------------------------


def calls() -> Iterator[Work]:
    (add, add_goal), (tracked, tracked_goal), (chain, chain_goal) = shapes.CALLS
    plus = dict.fromkeys(("tilewright", "numpy", "pytorch"), lambda a, b: a + b)
    yield Work("calls", add, apply(plus, operands((4,), (4,))), goal=add_goal)

    inputs = operands((4,), (4,))
    del inputs["numpy"]
    for a, _ in inputs.values():
        a.requires_grad = True
    yield Work("calls", tracked, apply(plus, inputs), goal=tracked_goal)

    inputs = operands((16,), (16,), (16,))
    del inputs["numpy"]
    for values in inputs.values():
        for value in values:
            value.requires_grad = True
    functions = {"tilewright": lambda *v: forty_ops(tw.tanh, *v), "pytorch": lambda *v: forty_ops(torch.tanh, *v)}
    yield Work("calls", chain, apply(functions, inputs), goal=chain_goal)


def forty_ops(tanh: Callable[[Any], Any], x: Any, w: Any, b: Any) -> Any:
    """Forty recorded ops on 16 floats, and the way back; gives the gradient of the last operand."""
    y = x
    for _ in range(10):
        y = tanh(y * w + b) - b
    for value in (x, w, b):
        value.grad = None
    y.sum().backward()
    return b.grad


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


def elementwise() -> Iterator[Work]:
    for name, shape, goal in shapes.ELEMENTWISE:
        count = 2 if name == "add" else 1
        work = apply(functions_named(name), operands(*[shape] * count))
        nbytes = 4.0 * math.prod(shape) * (count + 1)
        yield Work("elementwise", label(name, shape), work, nbytes=nbytes, goal=goal)


# ---- reductions ------------------------------------------------------------------------------------------------------


def reductions() -> Iterator[Work]:
    for name, shape, axis, goal in shapes.REDUCTIONS:
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
        where = "all" if axis is None else f"axis {axis}"
        yield Work(
            "reductions",
            f"{label(name, shape)} {where}",
            apply(functions, operands(shape)),
            nbytes=4.0 * math.prod(shape),
            goal=goal,
            tolerance=1e-4,
        )


def softmax() -> Iterator[Work]:
    def with_numpy(x: np.ndarray, log: bool) -> np.ndarray:
        shifted = x - x.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        total = powers.sum(axis=1, keepdims=True)
        return shifted - np.log(total) if log else powers / total

    for name, shape, goal in shapes.SOFTMAX:
        functions = {
            "tilewright": functools.partial(getattr(F, name), axis=1),
            "numpy": functools.partial(with_numpy, log=name == "log_softmax"),
        }
        if torch:
            functions["pytorch"] = functools.partial(getattr(torch, name), dim=1)
        work = apply(functions, operands(shape))
        yield Work("softmax", label(name, shape), work, nbytes=8.0 * math.prod(shape), goal=goal)


# ---- sorting and scans -----------------------------------------------------------------------------------------------


def sorts() -> Iterator[Work]:
    """Values, or positions of which the first of equals comes first; random bits where integers."""
    for name, dtype, shape, goal in shapes.SORTS:
        function, _, k = name.partition(" ")
        functions: dict[str, Callable[..., Any]] = {
            "sort": {"tilewright": tw.sort, "numpy": np.sort},
            "argsort": {"tilewright": tw.argsort, "numpy": functools.partial(np.argsort, kind="stable")},
            "topk": {"tilewright": lambda x: tw.topk(x, int(k)).values},  # noqa: B023
        }[function]
        if torch:
            functions["pytorch"] = {
                "sort": lambda x: torch.sort(x).values,
                "argsort": functools.partial(torch.argsort, stable=True),
                "topk": lambda x: torch.topk(x, int(k)).values,  # noqa: B023
            }[function]
        inputs = operands(shape)
        if dtype == "int64":
            values = np.random.default_rng(0).integers(-(2**62), 2**62, shape)
            inputs = {"tilewright": [tw.asarray(values)], "numpy": [values]}
            if torch:
                inputs["pytorch"] = [torch.tensor(values)]
        yield Work("sorting", f"{label(name, shape)} {dtype}", apply(functions, inputs), goal=goal)


def scans() -> Iterator[Work]:
    for name, shape, axis, goal in shapes.SCANS:
        functions: dict[str, Callable[..., Any]] = {
            "tilewright": functools.partial(getattr(tw, name), axis=axis),
            "numpy": functools.partial(getattr(np, name), axis=axis),
        }
        if torch:
            functions["pytorch"] = functools.partial(getattr(torch, name), dim=axis)
        work = apply(functions, operands(shape))
        text, nbytes = f"{label(name, shape)} axis {axis}", 8.0 * math.prod(shape)
        yield Work("scans", text, work, nbytes=nbytes, goal=goal, tolerance=1e-4)


# ---- training --------------------------------------------------------------------------------------------------------


def training() -> Iterator[Work]:
    for sizes, batch, pieces, optimiser, goal in shapes.TRAINING:
        rng = np.random.default_rng(1)
        x = rng.standard_normal((batch, sizes[0]), dtype=np.float32)
        target = rng.integers(0, sizes[-1], batch)
        start = [
            (rng.standard_normal((n, m), dtype=np.float32) / math.sqrt(m), np.zeros(n, np.float32))
            for m, n in itertools.pairwise(sizes)
        ]
        xs, targets = np.split(x, pieces), np.split(target, pieces)
        steps = {"tilewright": step(tw, start, xs, targets, optimiser, {})}
        if torch:
            steps["pytorch"] = step(torch, start, xs, targets, optimiser, {})
            steps["pytorch, fused"] = step(torch, start, xs, targets, optimiser, {"fused": True})
        products = sum(m * n for m, n in itertools.pairwise(sizes))
        flops = (
            2.0 * batch * (3 * products - sizes[0] * sizes[1])
        )  # forward, weights, inputs; none of the first layer's
        of = f"{pieces} x {batch // pieces}" if pieces > 1 else batch
        name = f"step of {'-'.join(map(str, sizes))}, batch {of}, {optimiser}"
        yield Work("training", name, steps, flops=flops, goal=goal, tolerance=1e-3)


def step(library: Any, start: Any, xs: Any, targets: Any, optimiser: str, options: dict[str, Any]) -> Callable[[], Any]:
    """One training step of a multilayer perceptron; the two libraries take the same code. Gives the last loss."""
    nn, asarray = library.nn, library.asarray
    layers = []
    for weight, bias in start:
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.load_state_dict({"weight": asarray(weight.copy()), "bias": asarray(bias.copy())})
        layers += [layer, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimise = getattr(library.optim, optimiser)(model.parameters(), lr=1e-3, **options)
    loss_function = nn.CrossEntropyLoss()
    pieces = [(asarray(x), asarray(target)) for x, target in zip(xs, targets, strict=True)]

    def run() -> Any:
        optimise.zero_grad()
        for x, target in pieces:
            loss = loss_function(model(x), target)
            loss.backward()
        optimise.step()
        return loss

    return run
