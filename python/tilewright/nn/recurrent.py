"""Recurrent layers over whole sequences."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .. import _core, random
from .._engine import arguments
from .._engine.op import wrap
from .._engine.tensor import Tensor
from .._functions.indexing import take
from .._functions.manipulation import concatenate, expand_dims, reshape, squeeze, stack, swapaxes
from . import functional
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
    sequence_input,
)
from ._sequences import PackedSequence

if TYPE_CHECKING:
    from ..random import Generator
    from ._recurrent import Shape, States
    from .parameter import Parameter

__all__ = ["GRU", "LSTM", "RNN"]

_MOST_LAYERS = 10_000  # a guard against slips: each is some objects of Python

_PARAMETERS = """
input_size : int
    I, numbers in each step of a sequence.
hidden_size : int
    H, numbers in a state.
num_layers : int
    L, layers on top of each other: each reads the results of the one below.{nonlinearity}
bias : bool
    Whether to add biases.
batch_first : bool
    Whether inputs and outputs are (B, T, ..) instead of (T, B, ..). States are not affected.
dropout : float
    Probability with which results of each layer but the last are dropped in training.
bidirectional : bool
    Whether each layer also reads the sequence from its end; D is then 2, and else 1.{more}
dtype : dtype-like
    Of the parameters.
generator : Generator, optional
    Where the starting weights, and the masks of `dropout`, are drawn from; by default
    `tilewright.random.default_generator`."""

_ATTRIBUTES = """
weight_ih_l0 : Parameter, shape ({rows}, I)
    Of what a layer reads{order}. Layers are numbered: `weight_ih_l1` is that of the second, ({rows}, D {out}); the
    backward direction has `weight_ih_l0_reverse`, and so with the others.
weight_hh_l0 : Parameter, shape ({rows}, {out})
    Of the state.
bias_ih_l0, bias_hh_l0 : Parameter, shape ({rows},)
    Two, as in PyTorch; not there without `bias`.{more}"""

_RAISES = """
ValueError
    For sizes below 1, more than 10,000 layers{values}, or a `dropout` outside [0, 1]; when called, for inputs or states
    of other shapes.
TypeError
    For sizes that are not integers, or a dtype that is not floating; when called, for states of another kind."""

_CALL = """
Called as `layer(input, hx=None)`:

- `input` has shape (T, B, I), or (B, T, I) with `batch_first`: B sequences of T steps; or (T, I), one sequence. Or it
  is a `PackedSequence` of sequences of different lengths, which takes no time for padding.
- `hx` {hx}. By default zeros.
- It gives `{gives}`. `output`, (T, B, D {out}), has the states of the last layer at each step, those of the forward
  direction first; it is a `PackedSequence` where the input was one. {last} Layers and directions lie in the order layer
  0 forward, layer 0 backward, layer 1 forward, ..
- Without a batch axis in the input there is none in states and results. A sequence without steps has its first state
  as its last."""


class _Recurrent(Weights):
    """What the layers share: layers on top of each other, directions, dropout between them, and the shapes."""

    weight_hh_l0: Parameter

    def _build(
        self,
        input_size: Any,
        hidden_size: Any,
        num_layers: Any,
        bias: Any,
        batch_first: Any,
        dropout: Any,
        bidirectional: Any,
    ) -> None:
        name = type(self).__name__
        self._set_sizes(input_size, hidden_size, bias)
        self.num_layers = arguments.integer(name, "num_layers", num_layers, at_least=1, at_most=_MOST_LAYERS)
        self.batch_first = arguments.flag(name, "batch_first", batch_first)
        self.dropout = arguments.probability(name, "dropout", dropout)
        self.bidirectional = arguments.flag(name, "bidirectional", bidirectional)
        if self.dropout and self.num_layers == 1:
            warnings.warn(
                f"{name}: dropout is {self.dropout}, but acts between layers alone, and num_layers is 1", stacklevel=3
            )

    def _start(self, dtype: Any, generator: Generator | None) -> None:
        self.generator = None if generator is None else random.source(type(self).__name__, generator)
        self._add_parameters(dtype, generator)

    def _shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for layer in range(self.num_layers):
            read = self._out * (1 + self.bidirectional) if layer else self.input_size
            for suffix in self._suffixes(layer):
                shapes |= self._shapes_of_one(read, suffix)
        return shapes

    def _suffixes(self, layer: int) -> tuple[str, ...]:
        """How the names of a layer's parameters end, for each direction."""
        return (f"_l{layer}", f"_l{layer}_reverse") if self.bidirectional else (f"_l{layer}",)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        if isinstance(input, PackedSequence):
            return self._of_packed(input, hx)
        x = sequence_input(self, input)
        shape, batched = x.shape, x.ndim == 3
        if not batched:
            x = expand_dims(x, 1)
        elif self.batch_first:
            x = swapaxes(x, 0, 1)
        steps, batch, read = x.shape
        states = self._first_states(hx, x, batch, shape, batched)
        rows, last = self._run(reshape(x, (steps * batch, read)), states, (batch,) * steps)
        output = reshape(rows, (steps, batch, rows.shape[1]))
        if not batched:
            output, last = squeeze(output, 1), [squeeze(state, 1) for state in last]
        elif self.batch_first:
            output = swapaxes(output, 0, 1)
        return output, self._given_back(last)

    def _of_packed(self, input: PackedSequence, hx: Any) -> tuple[Any, Any]:
        x, sizes, order, back = input
        if x.ndim != 2 or x.shape[1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: input has packed data of shape {x.shape}, but must be (N, {self.input_size})"
            )
        batch_sizes = tuple(sizes.tolist())
        states = self._first_states(hx, x, input.num_sequences, x.shape, True)
        if order is not None and hx is not None:
            states = [take(state, order.to(x.device), axis=1) for state in states]
        rows, last = self._run(x, states, batch_sizes)
        if back is not None:
            last = [take(state, back.to(x.device), axis=1) for state in last]
        return input._replace(data=rows), self._given_back(last)

    def _first_states(self, hx: Any, x: Tensor, batch: int, shape: Shape, batched: bool) -> list[Tensor]:
        """Of all layers and directions, (L D, B, ..) each: those that were given, or zeros."""
        name = type(self).__name__
        count = self.num_layers * (1 + self.bidirectional)
        widths = (self._out, self.hidden_size)[: len(self._states)]
        if hx is None:
            dtype = self.weight_hh_l0.dtype
            return [wrap(_core.full((count, batch, width), 0, dtype, x.device)) for width in widths]
        names = [f"{state}_0" for state in self._states]
        given = given_states(name, hx, names)
        for state_name, state, width in zip(names, given, widths, strict=True):
            wanted = (count, batch, width) if batched else (count, width)
            if state.shape != wanted:
                raise ValueError(f"{name}: hx has {state_name} {state.shape}, but input {shape} needs {wanted}")
        return given if batched else [expand_dims(state, 1) for state in given]

    def _given_back(self, states: list[Tensor]) -> Any:
        return states[0] if len(states) == 1 else tuple(states)

    def _run(self, rows: Tensor, states: list[Tensor], batch_sizes: Shape) -> tuple[Tensor, list[Tensor]]:
        """All layers over packed rows: the results of the last, and the last states of all."""
        ends: list[States] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                rows = functional.dropout(rows, self.dropout, self.training, generator=self.generator)
            outputs = []
            for reverse, suffix in enumerate(self._suffixes(layer)):
                first = tuple([state[len(ends)] for state in states])
                output, *end = self._steps(rows, first, suffix, batch_sizes, reverse == 1)
                outputs.append(output)
                ends.append(tuple(end))
            rows = outputs[0] if len(outputs) == 1 else concatenate(outputs, 1)
        joined_ends = [expand_dims(s[0], 0) if len(s) == 1 else stack(s) for s in zip(*ends, strict=True)]
        return rows, joined_ends


class RNN(RNNSteps, _Recurrent):
    """Plain recurrent layers: `h' = tanh(x Wih^T + bih + h Whh^T + bhh)`.

    Notes
    -----
    Gradients through many steps vanish or explode unless Whh is close to orthogonal. With `nonlinearity="relu"` and
    `weight_hh_l0` set to the identity (`nn.init.eye_`) and biases to zero, this is the IRNN.

    References
    ----------
    J. L. Elman, Finding Structure in Time, Cognitive Science 14 (2), 1990.
    Q. V. Le, N. Jaitly, G. E. Hinton, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units,
    arXiv:1504.00941, 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> rnn = tw.nn.RNN(10, 20, num_layers=2)
    >>> output, h_n = rnn(tw.zeros((5, 3, 10)))
    >>> output.shape, h_n.shape
    ((5, 3, 20), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._set_nonlinearity(nonlinearity)
        self._build(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self._start(dtype, generator)


class LSTM(LSTMSteps, _Recurrent):
    """Long short-term memory: a cell state `c` that gates write to, keep and read from.

    Notes
    -----
    With the rows of the weights and biases in the order i, f, g, o:

    - `i, f, o = sigmoid(x Wih^T + bih + h Whh^T + bhh)` and `g = tanh(..)`, each with its own rows;
    - `c' = f c + i g` and `h' = o tanh(c')`, with `proj_size` `h' = (o tanh(c')) Whr^T`;
    - with `peephole`, `p_i c` and `p_f c` are added to the arguments of i and f, and `p_o c'` to that of o.

    The forget gate starts near `sigmoid(0) = 0.5`, under which what is remembered halves at every step. Gers et al.
    start its bias at 1, and Jozefowicz et al. find that this alone makes LSTMs learn better. There are two biases, as
    in PyTorch, and they add: setting both to 1 gives 2. `forget_bias` is their sum.

    References
    ----------
    S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 9 (8), 1997.
    F. A. Gers, J. Schmidhuber, F. Cummins, Learning to Forget: Continual Prediction with LSTM, Neural Computation 12
    (10), 2000; and for `peephole` F. A. Gers, J. Schmidhuber, Recurrent Nets that Time and Count, IJCNN 2000.
    H. Sak, A. Senior, F. Beaufays, Long Short-Term Memory Based Recurrent Neural Network Architectures for Large
    Vocabulary Speech Recognition, arXiv:1402.1128, 2014: `proj_size`.
    R. Jozefowicz, W. Zaremba, I. Sutskever, An Empirical Exploration of Recurrent Network Architectures, ICML 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> lstm = tw.nn.LSTM(10, 20, num_layers=2, bidirectional=True, batch_first=True)
    >>> output, (h_n, c_n) = lstm(tw.zeros((3, 5, 10)))
    >>> output.shape, h_n.shape, c_n.shape
    ((3, 5, 40), (4, 3, 20), (4, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        peephole: bool = False,
        forget_bias: float | None = None,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._build(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.proj_size = arguments.integer("LSTM", "proj_size", proj_size, at_least=0, at_most=self.hidden_size - 1)
        self.peephole = arguments.flag("LSTM", "peephole", peephole)
        self._set_forget_bias(forget_bias)
        self._start(dtype, generator)


class GRU(GRUSteps, _Recurrent):
    """Gated recurrent units: a gate chooses between the state and a new one, another what of the state is looked at.

    Notes
    -----
    With the rows of the weights and biases in the order r, z, n:

    - `r, z = sigmoid(x Wih^T + bih + h Whh^T + bhh)`, each with its own rows;
    - `n = tanh(x Wih^T + bih + r (h Whh^T + bhh))`, or without `reset_after` `n = tanh(x Wih^T + bih + (r h) Whh^T +
      bhh)`;
    - `h' = (1 - z) n + z h`.

    The paper multiplies by r first; PyTorch and cuDNN multiply after, which needs one product less in a row. Weights
    trained under one rule do not fit the other.

    References
    ----------
    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP
    2014.

    Examples
    --------
    >>> import tilewright as tw
    >>> gru = tw.nn.GRU(10, 20)
    >>> output, h_n = gru(tw.zeros((5, 3, 10)))
    >>> output.shape, h_n.shape
    ((5, 3, 20), (1, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        reset_after: bool = True,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self._build(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.reset_after = arguments.flag("GRU", "reset_after", reset_after)
        self._start(dtype, generator)


_PROJECTION = """
proj_size : int
    P, numbers in `h` where it is projected: less than H, 0 for no projection."""

_MORE_PARAMETERS = """
weight_hr_l0 : Parameter, shape (P, H)
    Of the projection; only there with `proj_size`. `out` above is P then, and else H.
weight_peephole_l0 : Parameter, shape (3, H)
    Of the gates i, f and o; only there with `peephole`."""

_ONE = {
    "hx": "is `h_0`, the first states, (L D, B, H)",
    "gives": "output, h_n",
    "last": "`h_n`, (L D, B, H), has the last states.",
}
_TWO = {
    "hx": "is `(h_0, c_0)`, the first states, (L D, B, out) and (L D, B, H)",
    "gives": "output, (h_n, c_n)",
    "last": "`h_n` and `c_n` have the last states, in shapes of `h_0` and `c_0`.",
}


def _document() -> None:
    several = ", in the order {}"
    values = ", a `proj_size` that is not below `hidden_size`, a `forget_bias` that is not finite, or without biases"
    for cls, rows, out, order, more, more_parameters, nonlinearity, states, wrong in (
        (RNN, "H", "H", "", "", "", NONLINEARITY, _ONE, ""),
        (LSTM, "4 H", "out", several.format("i, f, g, o"), _PROJECTION + PEEPHOLE, _MORE_PARAMETERS, "", _TWO, values),
        (GRU, "3 H", "H", several.format("r, z, n"), RESET_AFTER, "", "", _ONE, ""),
    ):
        document(
            cls,
            _PARAMETERS.format(nonlinearity=nonlinearity, more=more),
            _ATTRIBUTES.format(rows=rows, out=out, order=order, more=more_parameters),
            _RAISES.format(values=wrong),
            _CALL.format(out=out, **states) + "\n" + START,
        )


_document()
