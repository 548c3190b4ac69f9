"""Which recurrent layers and cells are measured: data, and the formulas of their flops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .layer_cases import LayerCase

if TYPE_CHECKING:
    from .shapes import Goal

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def of_layers(sizes: tuple[Any, ...], inputs: tuple[tuple[int, ...], ...], gates: int) -> float:
    """Flops of layers of `gates` each: input, hidden size and number of them; an input (.., features)."""
    read, hidden, count = (*sizes, 1)[:3]
    rows = 1
    for extent in inputs[0][:-1]:
        rows *= extent
    return 2.0 * rows * gates * hidden * (read + hidden + (count - 1) * 2 * hidden)


# Steps, batch, input, hidden size and layers; goals of an LSTM's inference and training, as shares of the best time.
# Training is to take so much in the geometric mean, as that of GRUs (0.55) and plain layers (0.67).
LAYERS: list[tuple[tuple[int, int, int, int, int], float, float]] = [
    ((35, 20, 200, 200, 1), 0.97, 0.77),
    ((100, 64, 128, 256, 1), 0.97, 0.77),
    ((512, 1, 256, 256, 1), 0.87, 0.77),
    ((28, 128, 28, 128, 1), 0.87, 0.77),
    ((50, 32, 512, 512, 2), 0.97, 0.77),
]
TRAINING_GOALS = {"GRU": 0.55, "RNN": 0.67}
# Of both directions, and of sequences of lengths 1 to T.
SEQUENCES = (100, 64, 128, 256)
TRAINING_GOAL = ("pytorch", 0.77)
# Vocabulary, width and layers; steps, batch, optimiser, goal.
LANGUAGE_MODELS: list[tuple[tuple[int, int, int], int, int, str, Goal]] = [
    ((2000, 256, 2), 35, 32, "Adam", ("pytorch", 0.77)),
]
CELLS: list[tuple[int, int]] = [(1, 256), (64, 256)]  # batch, and input and hidden size
CELL_GOAL = ("pytorch", 0.67)


def layer(passes: str, module: str, shape: tuple[int, int, int, int, int], goal: Goal) -> LayerCase:
    steps, batch, read, hidden, count = shape
    name = f"{module}{f', {count} layers' * (count > 1)}, {steps} steps of {batch}, {read} to {hidden}"
    return LayerCase(
        *("recurrent", name, module, (read, hidden, count), ((steps, batch, read),)),
        *(lambda sizes, inputs: of_layers(sizes, inputs, GATES[module]), passes, goal),
        tolerance=1e-3,
    )


def cell(module: str, batch: int, size: int) -> LayerCase:
    name = f"{module}Cell, {batch} of {size}"
    return LayerCase(
        *("recurrent", name, f"{module}Cell", (size, size), ((batch, size),)),
        *(lambda sizes, inputs: of_layers(sizes, inputs, GATES[module]), "forward", CELL_GOAL),
    )


def both_directions(steps: int, batch: int, read: int, hidden: int, passes: str) -> LayerCase:
    return LayerCase(
        *("recurrent", f"LSTM, both directions, {steps} steps of {batch}, {read} to {hidden}", "LSTM"),
        *((read, hidden, 1, True, False, 0.0, True), ((steps, batch, read),)),
        *(lambda sizes, inputs: 2 * of_layers(sizes[:2], inputs, GATES["LSTM"]), passes, TRAINING_GOAL),
        tolerance=1e-3,
    )


def lengths(steps: int, batch: int) -> list[int]:
    """From 1 to `steps`, in no order."""
    return [1 + (i * 37 % batch) * (steps - 1) // (batch - 1) for i in range(batch)]


def packed(nn: Any, read: int, hidden: int, lengths: list[int]) -> Any:
    """An LSTM of padded sequences that does not compute the padding; its results, packed."""

    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(read, hidden)

        def forward(self, x: Any) -> Any:
            return self.layer(nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False))[0].data

    return Packed()


def packed_sequences(steps: int, batch: int, read: int, hidden: int, passes: str) -> LayerCase:
    of = lengths(steps, batch)
    return LayerCase(
        *("recurrent", f"LSTM, packed, up to {steps} steps of {batch}, {read} to {hidden}", packed),
        *((read, hidden, of), ((steps, batch, read),)),
        *(lambda sizes, _: of_layers(sizes[:2], ((sum(of), read),), GATES["LSTM"]), passes, TRAINING_GOAL),
        tolerance=1e-3,
    )


def language_model(nn: Any, vocabulary: int, width: int, count: int) -> Any:
    """Scores of the next word at every step, (steps batch, vocabulary)."""

    class LanguageModel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(vocabulary, width)
            self.layers = nn.LSTM(width, width, count)
            self.decoder = nn.Linear(width, vocabulary)

        def forward(self, words: Any) -> Any:
            y, _ = self.layers(self.embedding(words))
            return self.decoder(y.reshape(-1, width))

    return LanguageModel()


# One-tuples: the arguments of `layers.layer`.
RECURRENT: list[tuple[LayerCase]] = [
    *((layer("forward", "LSTM", shape, ("best", share)),) for shape, share, _ in LAYERS),
    *((layer("both", "LSTM", shape, ("pytorch", share)),) for shape, _, share in LAYERS),
    *(
        (layer("both", name, shape, ("pytorch", goal)),)
        for name, goal in TRAINING_GOALS.items()
        for shape, _, _ in LAYERS
    ),
    *((case(*SEQUENCES, "both"),) for case in (both_directions, packed_sequences)),
    *((cell(name, *shape),) for name in ("LSTM", "GRU") for shape in CELLS),
]
