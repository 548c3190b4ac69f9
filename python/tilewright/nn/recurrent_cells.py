"""Recurrent cells: one step of a layer, for loops of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.op import wrap
from .._engine.tensor import Tensor
from .._functions.manipulation import expand_dims, squeeze
from ._recurrent import (
    NONLINEARITY,
    PEEPHOLE,
    RESET_AFTER,
    START,
    GRUSteps,
    LSTMSteps,
    RNNSteps,
    Weights,
    document,
    given_states,
)

if TYPE_CHECKING:
    from ..random import Generator
    from ._recurrent import Shape
    from .parameter import Parameter

__all__ = ["GRUCell", "LSTMCell", "RNNCell"]

_PARAMETERS = """
input_size : int
    I, numbers in a step.
hidden_size : int
    H, numbers in a state.
bias : bool
    Whether to add biases.{more}
dtype : dtype-like
    Of the parameters.
generator : Generator, optional
    Where the starting weights are drawn from; by default `tilewright.random.default_generator`."""

_ATTRIBUTES = """
weight_ih : Parameter, shape ({rows}, I)
weight_hh : Parameter, shape ({rows}, H)
bias_ih, bias_hh : Parameter, shape ({rows},)
    Not there without `bias`.{more}"""

_RAISES = """
ValueError
    For sizes below 1{values}; when called, for inputs or states of other shapes.
TypeError
    For sizes that are not integers, or a dtype that is not floating; when called, for states of another kind."""

_CALL = """
Called as `cell(input, hx=None)`, with `input` of shape (B, I) or (I,) and `hx` {hx}, by default zeros. It gives
{gives}. `nn.{layer}` has the formulas, and computes whole sequences faster."""


class _Cell(Weights):
    """What the cells share."""

    weight_hh: Parameter

    def _shapes(self) -> dict[str, Shape]:
        return self._shapes_of_one(self.input_size, "")

    def forward(self, input: Any, hx: Any = None) -> Any:
        name, size = type(self).__name__, self.input_size
        x = input if isinstance(input, Tensor) else arguments.array(name, "input", input)
        if x.ndim not in (1, 2) or x.shape[-1] != size:
            raise ValueError(f"{name}: input has shape {x.shape}, but must be (B, {size}) or ({size},)")
        shape = (*x.shape[:-1], self.hidden_size)
        if hx is None:
            zeros = wrap(_core.full(shape, 0, self.weight_hh.dtype, x.device))
            states = [zeros] * len(self._states)
        else:
            states = given_states(name, hx, list(self._states))
        for state, of in zip(states, self._states, strict=True):
            if state.shape != shape:
                raise ValueError(f"{name}: hx has {of} {state.shape}, but input {x.shape} needs {shape}")
        if x.ndim == 1:
            x, states = expand_dims(x, 0), [expand_dims(state, 0) for state in states]
        _, *new = self._steps(x, tuple(states), "", (x.shape[0],), False)
        if len(shape) == 1:
            new = [squeeze(state, 0) for state in new]
        return new[0] if len(new) == 1 else tuple(new)


class RNNCell(RNNSteps, _Cell):
    """One step of a plain recurrent layer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.RNNCell(10, 20)(tw.zeros((3, 10))).shape
    (3, 20)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set_sizes(input_size, hidden_size, bias)
        self._set_nonlinearity(nonlinearity)
        self._add_parameters(dtype, generator)


class LSTMCell(LSTMSteps, _Cell):
    """One step of long short-term memory.

    Examples
    --------
    >>> import tilewright as tw
    >>> h, c = tw.nn.LSTMCell(10, 20)(tw.zeros((3, 10)))
    >>> h.shape, c.shape
    ((3, 20), (3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        peephole: bool = False,
        forget_bias: float | None = None,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set_sizes(input_size, hidden_size, bias)
        self.peephole = arguments.flag("LSTMCell", "peephole", peephole)
        self._set_forget_bias(forget_bias)
        self._add_parameters(dtype, generator)


class GRUCell(GRUSteps, _Cell):
    """One step of gated recurrent units.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.GRUCell(10, 20)(tw.zeros((3, 10))).shape
    (3, 20)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        reset_after: bool = True,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set_sizes(input_size, hidden_size, bias)
        self.reset_after = arguments.flag("GRUCell", "reset_after", reset_after)
        self._add_parameters(dtype, generator)


_PEEPHOLES = """
weight_peephole : Parameter, shape (3, H)
    Of the gates i, f and o; only there with `peephole`."""


def _document() -> None:
    state = ("`h`, the state before, (B, H) or (H,)", "the new state")
    states = ("`(h, c)`, the states before, (B, H) or (H,) each", "`(h, c)`, the new ones")
    wrong_bias = ", and a `forget_bias` that is not finite, or without biases"
    for cls, layer, rows, more, parameters, (hx, gives), wrong in (
        (RNNCell, "RNN", "H", NONLINEARITY, "", state, ""),
        (LSTMCell, "LSTM", "4 H", PEEPHOLE, _PEEPHOLES, states, wrong_bias),
        (GRUCell, "GRU", "3 H", RESET_AFTER, "", state, ""),
    ):
        document(
            cls,
            _PARAMETERS.format(more=more),
            _ATTRIBUTES.format(rows=rows, more=parameters),
            _RAISES.format(values=wrong),
            _CALL.format(hx=hx, gives=gives, layer=layer) + "\n" + START,
        )


_document()
