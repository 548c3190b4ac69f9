"""Training steps of whole models, with loss and optimiser; the two libraries take the same code."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import attention_cases, layer_cases, layers, recurrent_cases
from .contenders import Contenders, torch
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

    Model = Callable[[Any], Any]  # of a library's `nn`
    Pieces = list[tuple[np.ndarray, np.ndarray]]  # of a batch, each with its targets


def perceptron(sizes: tuple[int, ...], batch: int, pieces: int, optimiser: str, goal: Goal) -> Work:
    def data() -> Pieces:
        rng = np.random.default_rng(1)
        x = rng.standard_normal((batch, sizes[0]), dtype=np.float32)
        target = rng.integers(0, sizes[-1], batch)
        return list(zip(np.split(x, pieces), np.split(target, pieces), strict=True))

    products = sum(m * n for m, n in itertools.pairwise(sizes))
    # forward, weights, inputs; none of the first layer's
    flops = 2.0 * batch * (3 * products - sizes[0] * sizes[1])
    of = f"{pieces} x {batch // pieces}" if pieces > 1 else batch
    name = f"step of {'-'.join(map(str, sizes))}, batch {of}, {optimiser}"
    return training(name, lambda nn: layer_cases.perceptron(nn, *sizes), data, optimiser, flops, goal)


def language_model(sizes: tuple[int, int, int], steps: int, batch: int, optimiser: str, goal: Goal) -> Work:
    vocabulary, width, count = sizes

    def data() -> Pieces:
        tokens = np.random.default_rng(1).integers(0, vocabulary, (steps + 1, batch))
        return [(tokens[:-1], tokens[1:].ravel())]

    of_token = 4 * width * 2 * width * count + width * vocabulary
    name = (
        f"step of a language model, {count} LSTM of {width}, {vocabulary} words, {steps} steps of {batch}, {optimiser}"
    )
    flops = 6.0 * steps * batch * of_token
    return training(name, lambda nn: recurrent_cases.language_model(nn, *sizes), data, optimiser, flops, goal)


def gpt(sizes: tuple[int, int, int, int], batch: int, length: int, optimiser: str, goal: Goal) -> Work:
    vocabulary, width, depth, heads = sizes

    def data() -> Pieces:
        tokens = np.random.default_rng(1).integers(0, vocabulary, (batch, length + 1))
        return [(tokens[:, :-1], tokens[:, 1:].ravel())]

    name = f"step of a GPT, {depth} x {width}, {heads} heads, {vocabulary} tokens, {batch} x {length}, {optimiser}"
    there = attention_cases.of_blocks(width, depth, batch, length, True) + 2.0 * batch * length * width * vocabulary
    return training(name, lambda nn: attention_cases.gpt(nn, *sizes, length), data, optimiser, 3 * there, goal)


def training(name: str, model: Model, data: Callable[[], Pieces], optimiser: str, flops: float, goal: Goal) -> Work:
    def make() -> Contenders:
        start = layers.weights(lambda: model(tw.nn))
        run = functools.partial(step, model=model, start=start, data=data(), optimiser=optimiser)
        steps = {"tilewright": run(tw, {})}
        if torch:
            steps["pytorch"] = run(torch, {})
            steps["pytorch, fused"] = run(torch, {"fused": True})
        return Contenders(steps, run(torch or tw, {}, dtype="float64"))

    return Work("training", name, make, flops=flops, goal=goal, calls=2)


def step(
    library: Any,
    options: dict[str, Any],
    *,
    model: Model,
    start: dict[str, np.ndarray],
    data: Pieces,
    optimiser: str,
    dtype: str = "float32",
) -> Callable[[], Any]:
    """One training step. Gives the last loss."""
    network = layers.loaded(library, model(library.nn), start, dtype)
    optimise = getattr(library.optim, optimiser)(network.parameters(), lr=1e-3, **options)
    loss_function = library.nn.CrossEntropyLoss()
    pieces = [
        (library.asarray(x.astype(dtype) if x.dtype.kind == "f" else x), library.asarray(target)) for x, target in data
    ]

    def run() -> Any:
        optimise.zero_grad()
        for x, target in pieces:
            loss = loss_function(network(x), target)
            loss.backward()
        optimise.step()
        return loss

    return run
