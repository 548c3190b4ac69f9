"""Recurrent layers over whole sequences: LSTM, GRU and the plain cell, one layer and one direction each.

Sequences lie packed, one time step behind another: `x` has the rows (sequences) of step 0, then those of step 1, ...
`batch_sizes` says how many rows each step has. They never increase, so the longest sequences come first and row i of
each step belongs to sequence i. A dense (T, B, I) array is its reshape to (T B, I) with B rows for each of T steps.

The first states have a row for each sequence, also for one that has no step at all; its last state is its first.
`reverse` walks each sequence from its last step to its first; results stay where their inputs are. Public in `nn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .activations import relu, sigmoid
from .manipulation import concatenate
from .trigonometric import tanh

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

State = tuple[Any, ...]  # arrays with a row for each sequence


def _walk(
    projected: Tensor,
    states: State,
    step: Callable[[Tensor, State], State],
    batch_sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[Any, ...]:
    """`step(rows of projected, states)` gives new states; all first states are the outputs. And the last states."""
    ends, end = [], 0
    for rows in batch_sizes:
        end += rows
        ends.append((end - rows, end))
    outputs = []
    for begin, end in reversed(ends) if reverse else ends:
        rows = end - begin
        moved = step(projected[begin:end], tuple([state[:rows] for state in states]))
        outputs.append(moved[0])
        states = tuple(
            [
                new if rows == old.shape[0] else concatenate([new, old[rows:]])
                for new, old in zip(moved, states, strict=True)
            ]
        )
    if reverse:
        outputs.reverse()
    return (concatenate(outputs) if outputs else states[0][:0], *states)


def _projected(x: Tensor, weight_ih: Tensor, bias_ih: Tensor | None) -> Tensor:
    y = x @ weight_ih.mT
    return y if bias_ih is None else y + bias_ih


def _rnn(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: tuple[int, ...],
    reverse: bool,
    nonlinearity: str,
) -> tuple[Any, ...]:
    """h' = f(x Wx^T + bx + h Wh^T + bh)."""
    activation = relu if nonlinearity == "relu" else tanh

    def step(rows: Tensor, states: State) -> State:
        return (activation(rows + _projected(states[0], weight_hh, bias_hh)),)

    return _walk(_projected(x, weight_ih, bias_ih), (h,), step, batch_sizes, reverse)


def _gru(
    x: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    batch_sizes: tuple[int, ...],
    reverse: bool,
    reset_after: bool,
) -> tuple[Any, ...]:
    """r, z = sigmoid(..); n = tanh(x part + r * (h part)), or with (r * h) in the h part; h' = (1 - z) n + z h.

    Gates lie in the order r, z, n.
    """
    size = h.shape[1]

    def step(rows: Tensor, states: State) -> State:
        (h,) = states
        if reset_after:
            of_h = _projected(h, weight_hh, bias_hh)
            gates = sigmoid(rows[:, : 2 * size] + of_h[:, : 2 * size])
            n = tanh(rows[:, 2 * size :] + gates[:, :size] * of_h[:, 2 * size :])
        else:
            bias = (None, None) if bias_hh is None else (bias_hh[: 2 * size], bias_hh[2 * size :])
            gates = sigmoid(rows[:, : 2 * size] + _projected(h, weight_hh[: 2 * size], bias[0]))
            n = tanh(rows[:, 2 * size :] + _projected(gates[:, :size] * h, weight_hh[2 * size :], bias[1]))
        return (n + gates[:, size:] * (h - n),)

    return _walk(_projected(x, weight_ih, bias_ih), (h,), step, batch_sizes, reverse)


def _lstm(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    weight_hr: Tensor | None,
    weight_peephole: Tensor | None,
    batch_sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[Any, ...]:
    """i, f, o = sigmoid(..), g = tanh(..); c' = f c + i g; h' = o tanh(c'), times Whr^T where h is projected.

    Gates lie in the order i, f, g, o. Peepholes, (3, H) for i, f and o, look at c, the last of them at c'.
    """
    size = c.shape[1]

    def step(rows: Tensor, states: State) -> State:
        h, c = states
        gates = rows + _projected(h, weight_hh, bias_hh)
        i, f, g, o = [gates[:, k * size : (k + 1) * size] for k in range(4)]
        if weight_peephole is not None:
            i, f = i + weight_peephole[0] * c, f + weight_peephole[1] * c
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        if weight_peephole is not None:
            o = o + weight_peephole[2] * c
        h = sigmoid(o) * tanh(c)
        return (h if weight_hr is None else h @ weight_hr.mT), c

    return _walk(_projected(x, weight_ih, bias_ih), (h, c), step, batch_sizes, reverse)


# ---- the ops: kernels that run whole sequences -----------------------------------------------------------------------


@primitive(results=("output", "h_n"), composed=_rnn)
def rnn(  # type: ignore[empty-body]
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    /,
    batch_sizes: tuple[int, ...],
    reverse: bool,
    nonlinearity: str,
) -> tuple[Any, ...]:
    """For the way back it keeps nothing but its output."""


@primitive(results=("output", "h_n"), keeps=("gates",), composed=_gru)
def gru(  # type: ignore[empty-body]
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    /,
    batch_sizes: tuple[int, ...],
    reverse: bool,
    reset_after: bool,
) -> tuple[Any, ...]:
    """For the way back it keeps 4 H numbers of each row: the gates, and the h part of n or r * h."""


@primitive(results=("output", "h_n", "c_n"), keeps=("gates", "cells"), composed=_lstm)
def lstm(  # type: ignore[empty-body]
    x: Any,
    h: Any,
    c: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    weight_hr: Any,
    weight_peephole: Any,
    /,
    batch_sizes: tuple[int, ...],
    reverse: bool,
) -> tuple[Any, ...]:
    """For the way back it keeps 5 H numbers of each row: the gates and c."""
