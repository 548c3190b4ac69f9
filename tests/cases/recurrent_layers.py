"""What recurrent layers and cells compute, by their ops: layers, directions and states put together one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tilewright as tw
from tilewright._functions import recurrent as ops

if TYPE_CHECKING:
    from tilewright import nn

WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
OPS = {
    "RNN": (ops.rnn, WEIGHTS, lambda module: (module.nonlinearity,)),
    "LSTM": (ops.lstm, (*WEIGHTS, "weight_hr", "weight_peephole"), lambda module: ()),
    "GRU": (ops.gru, WEIGHTS, lambda module: (module.reset_after,)),
}


def walk(module: nn.Module, x: tw.Tensor, states: list[tw.Tensor], suffix: str, sizes: tuple[int, ...]) -> Any:
    """One layer and direction over packed rows."""
    op, names, options = OPS[type(module).__name__.removesuffix("Cell")]
    weights = [getattr(module, name + suffix, None) for name in names]
    return op(x, *states, *weights, sizes, suffix.endswith("_reverse"), *options(module))


def widths(module: nn.Module) -> list[int]:
    """Of the states."""
    out = getattr(module, "proj_size", 0) or module.hidden_size
    return [out, module.hidden_size] if isinstance(module, (tw.nn.LSTM, tw.nn.LSTMCell)) else [out]


def layer(module: nn.Module, x: tw.Tensor, *hx: tw.Tensor) -> Any:
    """A layer in evaluation mode, over (T, B, I) and first states of all layers and directions."""
    steps, batch, _ = x.shape
    directions = ("", "_reverse") if module.bidirectional else ("",)
    suffixes = [f"_l{i}{direction}" for i in range(module.num_layers) for direction in directions]
    first = list(hx) or [tw.zeros((len(suffixes), batch, width), dtype=x.dtype) for width in widths(module)]
    rows, last = tw.reshape(x, (steps * batch, -1)), []
    for i in range(0, len(suffixes), len(directions)):
        outputs = []
        for k, suffix in enumerate(suffixes[i : i + len(directions)], i):
            output, *states = walk(module, rows, [state[k] for state in first], suffix, (batch,) * steps)
            outputs.append(output)
            last.append(states)
        rows = tw.concatenate(outputs, 1)
    ends = [tw.stack(states) for states in zip(*last, strict=True)]
    return tw.reshape(rows, (steps, batch, -1)), (ends[0] if len(ends) == 1 else tuple(ends))


def batch_first(module: nn.Module, x: tw.Tensor) -> Any:
    output, last = layer(module, tw.swapaxes(x, 0, 1))
    return tw.swapaxes(output, 0, 1), last


def cell(module: nn.Module, x: tw.Tensor, *hx: tw.Tensor) -> Any:
    states = list(hx) or [tw.zeros((len(x), width), dtype=x.dtype) for width in widths(module)]
    _, *new = walk(module, x, states, "", (len(x),))
    return new[0] if len(new) == 1 else tuple(new)
