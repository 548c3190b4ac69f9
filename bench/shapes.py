"""What is measured: shapes and goals, and nothing else. Layers and networks are in `layer_cases`.

A goal is the largest time relative to PyTorch's, as ("pytorch", 0.5), or to the best other's, as ("best", 0.9); or the
least share of the measured peak, as ("peak", 0.75), or of the measured speed of reading memory, as ("read", 0.9).
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
    ("mish", (4_000_000,), ("pytorch", 1.0)),
    ("mish", (128, 512), None),
    ("hardswish", (4_000_000,), ("pytorch", 1.0)),
    ("hardswish", (128, 512), None),
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

# function, shape of the array, of the index where there is one, goal
PICKS: list[tuple[str, tuple[int, ...], tuple[int, ...], Goal]] = [
    ("take", (50_000, 256), (8192,), ("pytorch", 1.0)),
    ("gather axis 1", (1024, 1024), (1024, 1024), ("pytorch", 1.0)),
    ("gather axis 0", (1024, 1024), (1024, 1024), ("pytorch", 1.0)),
    ("gather axis 1", (8192, 1000), (8192, 1), None),
    ("scatter_add axis 1", (1024, 1024), (1024, 1024), None),
    ("scatter_add axis 0", (1024, 1024), (1024, 1024), None),
    ("one_hot", (), (8192, 1000), ("pytorch", 1.0)),
    ("masked_fill", (8, 512, 512), (512, 512), ("pytorch", 1.0)),
    ("tril", (8, 512, 512), (), ("pytorch", 1.0)),
    ("tril", (2048, 2048), (), ("pytorch", 1.0)),
]

# (vocabulary, width) of a table, shape of the tokens, whether gradients are added to the one that is there, goal; there
# and back
EMBEDDINGS: list[tuple[tuple[int, int], tuple[int, ...], bool, Goal]] = [
    ((2_000, 256), (32, 35), True, ("pytorch", 0.5)),
    ((2_000, 256), (32, 35), False, ("pytorch", 1.0)),
    ((50_000, 256), (32, 35), True, ("pytorch", 0.1)),
    ((50_000, 256), (32, 35), False, ("pytorch", 1.0)),
]

# Rows, classes and goal of a cross-entropy, there and back
CROSS_ENTROPIES: list[tuple[int, int, Goal]] = [(512, 32_000, ("pytorch", 0.67))]

# function, shape, arguments, goal
IMAGES: list[tuple[str, tuple[int, ...], dict[str, Any], Goal]] = [
    ("pad", (8, 64, 56, 56), {"pad": (1, 1, 1, 1)}, ("pytorch", 1.0)),
    ("pad reflect", (8, 64, 56, 56), {"pad": (1, 1, 1, 1), "mode": "reflect"}, ("pytorch", 1.0)),
    ("pad circular", (8, 64, 56, 56), {"pad": (1, 1, 1, 1), "mode": "circular"}, ("pytorch", 1.0)),
    ("interpolate nearest", (8, 32, 28, 28), {"scale_factor": 2.0}, ("pytorch", 1.0)),
    ("interpolate bilinear", (8, 32, 28, 28), {"scale_factor": 2.0, "mode": "bilinear"}, ("pytorch", 1.0)),
    ("interpolate bicubic", (8, 32, 28, 28), {"scale_factor": 2.0, "mode": "bicubic"}, ("pytorch", 1.0)),
    ("interpolate bilinear", (1, 3, 480, 640), {"size": (224, 224), "mode": "bilinear"}, ("pytorch", 1.0)),
    ("unfold", (8, 32, 28, 28), {"kernel_size": 3, "padding": 1}, ("pytorch", 1.0)),
    ("fold", (8, 288, 784), {"output_size": 28, "kernel_size": 3, "padding": 1}, ("pytorch", 1.0)),
    ("pixel_shuffle", (8, 64, 56, 56), {"upscale_factor": 2}, ("pytorch", 1.0)),
]

# function, dtype, shape, goal; over the last axis
SORTS: list[tuple[str, str, tuple[int, ...], Goal]] = [
    ("sort", "float32", (16,), ("pytorch", 0.5)),
    ("sort", "float32", (1000,), ("pytorch", 0.7)),
    ("sort", "float32", (1_000_000,), ("pytorch", 0.5)),
    ("sort", "float32", (1000, 1000), ("pytorch", 0.25)),
    ("sort", "float32", (10_000, 16), ("pytorch", 0.25)),
    ("sort", "int64", (1000, 1000), ("pytorch", 0.5)),
    ("sort", "int64", (1_000_000,), ("pytorch", 1.0)),
    ("argsort", "float32", (1000, 1000), ("pytorch", 0.5)),
    ("argsort", "float32", (1_000_000,), ("pytorch", 0.5)),
    ("topk 10", "float32", (1000, 1000), ("pytorch", 1.0)),
    ("topk 10", "float32", (1_000_000,), ("pytorch", 1.0)),
]

# function, shape, axis, goal
SCANS: list[tuple[str, tuple[int, ...], int, Goal]] = [
    ("cumsum", (1_000_000,), 0, ("pytorch", 1.0)),
    ("cumsum", (1000, 1000), 1, ("pytorch", 1.0)),
    ("cumsum", (1000, 1000), 0, ("pytorch", 1.0)),
    ("cumprod", (1000, 1000), 1, None),
]

# n of an n x n x n product in float32, and the least share of the peak with one thread and with more
SQUARES: list[tuple[int, float, float | None]] = [
    (64, 0.75, None),
    (128, 0.85, 0.65),
    (256, 0.90, 0.80),
    (512, 0.90, 0.90),
    (768, 0.90, 0.90),
    (1000, 0.90, 0.90),
    (1024, 0.90, 0.90),
    (2048, 0.90, 0.90),
    (4096, 0.90, 0.90),
]

# dtype, batch, m, k, n, goal
PRODUCTS: list[tuple[str, int, int, int, int, Goal]] = [
    ("float64", 1, 512, 512, 512, ("peak", 0.85)),
    ("float64", 1, 1024, 1024, 1024, ("peak", 0.85)),
    ("float64", 1, 2048, 2048, 2048, ("peak", 0.85)),
    ("bfloat16", 1, 256, 256, 256, ("pytorch", 1.0)),
    ("bfloat16", 1, 1024, 1024, 1024, ("pytorch", 1.0)),
    ("bfloat16", 32, 128, 128, 128, None),
    ("float16", 1, 512, 512, 512, ("pytorch", 1.0)),
    ("complex64", 1, 1024, 1024, 1024, None),
    ("float32", 64, 64, 64, 64, None),
    ("float32", 1, 64, 16384, 64, None),
    ("float32", 1, 1, 4096, 4096, ("read", 0.9)),
    ("float32", 1, 4096, 4096, 1, ("read", 0.9)),
]

# n of an n x n x n product of int8 with int8, summed in int32
BYTES: list[tuple[int]] = [(256,), (1024,)]

# Points (m, n, k, whether each operand is a transposed view), drawn with a fixed seed: on none slower than the best
# other, beyond the spread of the run.
SAMPLE_SIZES = [1, 2, 4, 8, 16, 24, 31, 32, 48, 64, 100, 128, 256, 512, 1024]
SAMPLE_COUNT = 300
SAMPLE_SEED = 0

# sizes of the layers, batch, in how many pieces (their gradients are added up), optimiser, goal
TRAINING: list[tuple[tuple[int, ...], int, int, str, Goal]] = [
    ((64, 32, 10), 32, 1, "SGD", ("pytorch", 0.5)),
    ((784, 512, 512, 10), 128, 1, "Adam", ("pytorch", 0.8)),
    ((784, 1024, 1024, 10), 64, 8, "Adam", ("pytorch", 0.8)),
]

# parameters, optimiser, its options, bytes that are read and written for each parameter, goal
OPTIMISERS: list[tuple[str, str, dict[str, Any], int, Goal]] = [
    ("ResNet-18", "SGD", {}, 12, ("pytorch", 1.0)),
    ("ResNet-18", "SGD", {"momentum": 0.9}, 20, ("pytorch", 1.0)),
    ("ResNet-18", "Adam", {}, 28, ("pytorch", 1.0)),
    ("100 x 64", "SGD", {}, 12, ("pytorch", 0.5)),
    ("100 x 64", "Adam", {}, 28, ("pytorch", 0.5)),
]


def label(*parts: Any) -> str:
    """A row's name: shapes as 2048x2048."""
    return " ".join("x".join(map(str, p)) if isinstance(p, tuple) else str(p) for p in parts)
