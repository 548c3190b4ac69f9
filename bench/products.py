"""Matrix products: from `shapes` to pieces of work."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

from . import shapes
from .contenders import Contenders, apply, operands, torch
from .shapes import label
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .shapes import Goal

TOLERANCES = {"float64": 1e-12, "float16": 1e-2, "bfloat16": 3e-2}


def multiply() -> dict[str, Callable[..., Any]]:
    functions: dict[str, Callable[..., Any]] = {"tilewright": tw.matmul, "numpy": np.matmul}
    if torch:
        functions["pytorch"] = torch.matmul
    return functions


def square(n: int, with_one: float, with_more: float | None) -> Work:
    share = with_one if tw.get_num_threads() == 1 else with_more
    goal = None if share is None else ("peak", share)

    def make() -> Contenders:
        return apply(multiply(), operands((n, n), (n, n)))

    return Work("matmul", label("matmul", (n, n, n)), make, flops=2.0 * n**3, goal=goal)


def product(dtype: str, batch: int, m: int, k: int, n: int, goal: Goal) -> Work:
    lead = (batch,) if batch > 1 else ()

    def make() -> Contenders:
        args = operands((*lead, m, k), (*lead, k, n), dtype=dtype)
        if dtype == "float16":
            del args["numpy"]  # a loop without a kernel: minutes
        return apply(multiply(), args)

    cost: dict[str, Any] = {"flops": 2.0 * batch * m * k * n, "peak": 1.0}
    if dtype == "float64":
        cost["peak"] = 2.0
    if dtype == "complex64":
        cost["flops"] *= 4
    if min(m, n) == 1:
        cost = {"nbytes": 4.0 * k * max(m, n), "reads": True}
    name = label("matmul", (*lead, m, k, n), "" if dtype == "float32" else dtype).strip()
    return Work("matmul", name, make, goal=goal, tolerance=TOLERANCES.get(dtype, 1e-4), **cost)


def bytes_(n: int) -> Work:
    """A product of bytes with sums in int32. NumPy has no kernel for it and is left out."""

    def make() -> Contenders:
        rng = np.random.default_rng(0)
        values = [rng.integers(-128, 128, (n, n), np.int8) for _ in range(2)]
        functions: dict[str, Callable[..., Any]] = {"tilewright": lambda a, b: tw.matmul(a, b, dtype="int32")}
        args = {"tilewright": [tw.asarray(v) for v in values]}
        if torch:
            functions["pytorch"] = torch._int_mm
            args["pytorch"] = [torch.tensor(v) for v in values]
        return apply(functions, args, oracle=np.matmul)  # exact: sums stay below 2^53

    return Work("matmul", label("matmul", (n, n, n), "int8"), make, flops=2.0 * n**3)


def sample() -> list[Work]:
    """Products of all sorts of shapes, in the four transpositions."""
    rng = random.Random(shapes.SAMPLE_SEED)
    pieces = []
    for _ in range(shapes.SAMPLE_COUNT):
        m, n, k = (rng.choice(shapes.SAMPLE_SIZES) for _ in range(3))
        pieces.append(turned(m, k, n, rng.random() < 0.5, rng.random() < 0.5))
    return pieces


def turned(m: int, k: int, n: int, *views: bool) -> Work:
    """A product of which each operand may be a transposed view."""

    def make() -> Contenders:
        args = operands((k, m) if views[0] else (m, k), (n, k) if views[1] else (k, n))
        return apply(
            multiply(), {name: [v.T if t else v for v, t in zip(vs, views, strict=True)] for name, vs in args.items()}
        )

    name = label("matmul", (m, k, n), "".join("T" if t else "N" for t in views))
    return Work("sample", name, make, flops=2.0 * m * k * n)
