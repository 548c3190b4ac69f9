"""Which attention and which Transformers are measured: data, and the formulas of their flops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .layer_cases import LayerCase

if TYPE_CHECKING:
    from .shapes import Goal

    Shape = tuple[int, int, int, int, int]  # batch, heads, queries, keys, size of a head

# Goals of training and of inference; a causal mask leaves about half of the scores, and only these are counted.
ATTENTION: list[tuple[Shape, bool, Goal, Goal]] = [
    ((1, 12, 1024, 1024, 64), True, ("pytorch", 0.62), ("pytorch", 0.62)),
    ((8, 8, 128, 128, 64), True, ("pytorch", 0.62), ("pytorch", 0.62)),
    ((1, 8, 4096, 4096, 64), True, ("pytorch", 0.62), ("peak", 0.65)),
    ((2, 16, 512, 512, 128), True, ("pytorch", 0.62), ("pytorch", 0.62)),
    ((4, 12, 256, 256, 64), False, ("pytorch", 0.62), ("best", 0.95)),
    ((16, 4, 64, 64, 32), False, ("pytorch", 0.62), ("best", 0.87)),
    ((1, 12, 256, 1024, 64), False, ("pytorch", 0.62), ("pytorch", 0.62)),
    ((1, 12, 1024, 1024, 64), False, None, ("best", 0.95)),
    ((1, 12, 128, 128, 64), False, None, ("best", 0.87)),
]
DECODING: list[Shape] = [(1, 12, 1, 1024, 64)]
DECODING_GOAL = ("pytorch", 0.67)


def attend(nn: Any, causal: bool, size: int) -> Any:
    class Attend(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.causal, self.size = causal, size

        def forward(self, query: Any, key: Any, value: Any) -> Any:
            return nn.functional.scaled_dot_product_attention(query, key, value, is_causal=causal)

    return Attend()


def of_scores(arguments: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Flops of both products, over the scores that count."""
    batch, heads, queries, size = inputs[0]
    keys = inputs[1][2]
    scores = queries * (queries + 1) / 2 if arguments[0] else queries * keys
    return 4.0 * batch * heads * scores * size


def attention(passes: str, shape: Shape, causal: bool, goal: Goal, moved: Any = None) -> LayerCase:
    batch, heads, queries, keys, size = shape
    length = f"{queries}" if queries == keys else f"{queries} x {keys}"
    name = f"attention {batch} x {heads} heads of {size}, {length}{', causal' * causal}"
    inputs = ((batch, heads, queries, size), *((batch, heads, keys, size),) * 2)
    # five products instead of two
    return LayerCase(
        *("attention", name, attend, (causal, size), inputs, of_scores, passes, goal),
        back=2.5,
        tolerance=1e-3,
        moved=moved,
    )


def of_cache(_: str, arguments: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...]) -> float:
    """Bytes of keys and values."""
    return 4.0 * sum(map(math.prod, inputs[1:]))


# ---- Transformers ----------------------------------------------------------------------------------------------------


def block(nn: Any, width: int, heads: int, causal: bool, pre_norm: bool) -> Any:
    """Attention and a feed-forward net of four times the width, each with its norm and added to what it is given."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads, self.causal, self.pre_norm = heads, causal, pre_norm
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.gelu, self.down = nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)

        def attend(self, x: Any) -> Any:
            batch, length, _ = x.shape
            qkv = self.qkv(x).reshape(batch, length, 3, heads, width // heads)
            q, k, v = (qkv[:, :, i].swapaxes(1, 2) for i in range(3))
            y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
            return self.out(y.swapaxes(1, 2).reshape(batch, length, width))

        def feed(self, x: Any) -> Any:
            return self.down(self.gelu(self.up(x)))

        def forward(self, x: Any) -> Any:
            if pre_norm:
                x = x + self.attend(self.norm1(x))
                return x + self.feed(self.norm2(x))
            x = self.norm1(x + self.attend(x))
            return self.norm2(x + self.feed(x))

    return Block()


def gpt(nn: Any, vocabulary: int, width: int, depth: int, heads: int, context: int) -> Any:
    """Scores of the next token at every place, (batch x length, vocabulary)."""

    class Gpt(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[block(nn, width, heads, True, True) for _ in range(depth)])
            self.norm, self.decoder = nn.LayerNorm(width), nn.Linear(width, vocabulary)

        def forward(self, tokens: Any) -> Any:
            x = self.tokens(tokens) + self.places.weight[: tokens.shape[1]]
            return self.decoder(self.norm(self.blocks(x))).reshape(-1, vocabulary)

    return Gpt()


def encoder(nn: Any, width: int, depth: int, heads: int) -> Any:
    """What BERT does to its embeddings."""
    return nn.Sequential(*[block(nn, width, heads, False, False) for _ in range(depth)])


def of_blocks(width: int, depth: int, batch: int, length: int, causal: bool) -> float:
    """Flops of the way there."""
    scores = length * (length + 1) / 2 if causal else length**2
    return depth * batch * (2.0 * length * 12 * width**2 + 4.0 * scores * width)


# Vocabulary, width, depth, heads; batch, length, optimiser, goal.
GPTS: list[tuple[tuple[int, int, int, int], int, int, str, Goal]] = [
    ((256, 384, 6, 6), 8, 256, "Adam", ("pytorch", 0.77)),
    ((256, 64, 2, 4), 4, 64, "Adam", ("pytorch", 0.5)),
]


def bert(passes: str, batch: int, length: int, goal: Goal) -> LayerCase:
    return LayerCase(
        *("transformers", f"encoder of BERT-base, {batch} x {length}", encoder, (768, 12, 12), ((batch, length, 768),)),
        *(lambda sizes, inputs: of_blocks(*sizes[:2], *inputs[0][:2], False), passes, goal),
    )


# One-tuples: the arguments of `layers.layer`.
TRANSFORMERS: list[tuple[LayerCase]] = [
    *((attention("forward", shape, causal, goal),) for shape, causal, _, goal in ATTENTION),
    *((attention("both", shape, causal, goal),) for shape, causal, goal, _ in ATTENTION),
    *((attention("forward", shape, False, DECODING_GOAL, of_cache),) for shape in DECODING),
    *((bert(passes, 1, 128, ("best", 1.0)),) for passes in ("forward", "fused")),
]
