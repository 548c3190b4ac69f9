"""What is measured: shapes and goals, and nothing else.

A goal is the largest time relative to PyTorch's, as ("pytorch", 0.5), or the least share of the measured peak, as
("peak", 0.75).
"""

from __future__ import annotations

from typing import Any

Goal = tuple[str, float] | None

# name, goal
CALLS: list[tuple[str, Goal]] = [
    ("add 4", ("pytorch", 0.6)),
    ("add 4, with gradient", ("pytorch", 0.5)),
    ("40 ops of 16, forward and backward", ("pytorch", 0.5)),
]

# function, shape, goal
ELEMENTWISE: list[tuple[str, tuple[int, ...], Goal]] = [
    ("add", (4_000_000,), ("pytorch", 1.0)),
    ("add", (16_384,), None),
    ("add", (128, 512), None),
    ("exp", (4_000_000,), ("pytorch", 1.0)),
    ("exp", (16_384,), None),
    ("tanh", (4_000_000,), ("pytorch", 0.25)),
    ("tanh", (16_384,), None),
    ("gelu", (4_000_000,), ("pytorch", 1.0)),
    ("gelu", (128, 512), None),
    ("sigmoid", (4_000_000,), None),
    ("relu", (128, 512), None),
]

# function, shape, axis, goal
REDUCTIONS: list[tuple[str, tuple[int, ...], int | None, Goal]] = [
    ("sum", (4_000_000,), None, ("pytorch", 1.0)),
    ("sum", (2048, 2048), 1, ("pytorch", 1.0)),
    ("sum", (2048, 2048), 0, ("pytorch", 1.0)),
    ("sum", (128, 512), 0, ("pytorch", 1.0)),
    ("sum", (32, 10), 1, ("pytorch", 1.0)),
    ("mean", (128, 512), 1, ("pytorch", 1.0)),
    ("max", (2048, 2048), 1, None),
    ("argmax", (128, 10), 1, None),
]

# function, shape, goal; over the last axis
SOFTMAX: list[tuple[str, tuple[int, int], Goal]] = [
    ("softmax", (2048, 2048), ("pytorch", 1.0)),
    ("softmax", (128, 10), ("pytorch", 1.0)),
    ("softmax", (64, 1000), ("pytorch", 1.0)),
    ("log_softmax", (2048, 2048), None),
]

# m, k, n, whether the operands are transposed views, goal
MATMUL: list[tuple[int, int, int, bool, Goal]] = [
    (64, 64, 64, False, None),
    (128, 128, 128, False, None),
    (256, 256, 256, False, None),
    (512, 512, 512, False, ("peak", 0.75)),
    (1024, 1024, 1024, False, ("peak", 0.75)),
    (2048, 2048, 2048, False, ("peak", 0.75)),
    (512, 512, 512, True, None),
    (32, 784, 512, False, None),
    (64, 3072, 768, False, None),
    (1, 4096, 4096, False, None),
]

# dtype, m, k, n, goal; int8 is summed in int32
NARROW: list[tuple[str, int, int, int, Goal]] = [
    ("bfloat16", 256, 256, 256, ("pytorch", 1.0)),
    ("bfloat16", 1024, 1024, 1024, ("pytorch", 1.0)),
    ("float16", 512, 512, 512, ("pytorch", 1.0)),
    ("int8", 256, 256, 256, ("pytorch", 1.0)),
    ("int8", 1024, 1024, 1024, ("pytorch", 1.0)),
]

# sizes of the layers, batch, in how many pieces (their gradients are added up), optimiser, goal
TRAINING: list[tuple[tuple[int, ...], int, int, str, Goal]] = [
    ((64, 32, 10), 32, 1, "SGD", ("pytorch", 0.5)),
    ((784, 512, 512, 10), 128, 1, "Adam", ("pytorch", 0.8)),
    ((784, 1024, 1024, 10), 64, 8, "Adam", ("pytorch", 0.8)),
]


def label(*parts: Any) -> str:
    """A row's name: shapes as 2048x2048."""
    return " ".join("x".join(map(str, p)) if isinstance(p, tuple) else str(p) for p in parts)
