"""Recurrent cells: one step of a layer, for loops of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.op import wrap
from .._engine.tensor import Tensor
from .._functions.manipulation import expand_dims, squeeze
from ._recurrent import START, GRUSteps, LSTMSteps, RNNSteps, Weights, checked_states, document

if TYPE_CHECKING:
    from ..random import Generator
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

    def _start(self, dtype: Any, generator: Generator | None) -> None:
        source = random.source(type(self).__name__, generator)
        self._add_parameters(self._shapes(self.input_size), dtype)
        self.reset_parameters(source)

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
            states = checked_states(name, hx, self._states)
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
        self._start(dtype, generator)


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
        self._start(dtype, generator)


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
        self._start(dtype, generator)


_NONLINEARITY = """
nonlinearity : {"tanh", "relu"}
    What the step ends with."""

_MORE = """
peephole : bool
    Whether the gates see the cell state.
forget_bias : float, optional
    What the bias of the forget gate starts at, the sum of the two that add; by default they are drawn as the others."""

_RESET = """
reset_after : bool
    Whether the reset gate multiplies the product with the state, as in PyTorch, or the state before the product."""

_PEEPHOLES = """
weight_peephole : Parameter, shape (3, H)
    Of the gates i, f and o; only there with `peephole`."""


def _document() -> None:
    state = ("`h`, the state before, (B, H) or (H,)", "the new state")
    states = ("`(h, c)`, the states before, (B, H) or (H,) each", "`(h, c)`, the new ones")
    for cls, layer, rows, more, parameters, (hx, gives), wrong in (
        (RNNCell, "RNN", "H", _NONLINEARITY, "", state, ""),
        (LSTMCell, "LSTM", "4 H", _MORE, _PEEPHOLES, states, " and a `forget_bias` without biases"),
        (GRUCell, "GRU", "3 H", _RESET, "", state, ""),
    ):
        document(
            cls,
            _PARAMETERS.format(more=more),
            _ATTRIBUTES.format(rows=rows, more=parameters),
            _RAISES.format(values=wrong),
            _CALL.format(hx=hx, gives=gives, layer=layer) + "\n" + START,
        )


_document()
