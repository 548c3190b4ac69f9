"""A recurrent layer whose transition the input chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import nn
from ..._engine import arguments
from ..._functions.creation import empty, zeros
from ..._functions.manipulation import expand_dims, stack, swapaxes
from ..._functions.trigonometric import tanh
from ...nn._recurrent import sequence_input
from ...nn.functional import linear

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["MultiplicativeRNN"]


class MultiplicativeRNN(nn.Module):
    """A recurrent layer whose matrix depends on the input: `h' = tanh(Whf diag(Wfx x) Wfh h + Whx x + b)`.

    Parameters
    ----------
    input_size, hidden_size : int
        Numbers for each step in the input, I, and in the state, H.
    factors : int, optional
        F, rank of the matrices; by default `hidden_size`.
    batch_first : bool
        Whether inputs and results are (B, T, ..) and not (T, B, ..).
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight_fx : Parameter, shape (factors, input_size)
    weight_fh : Parameter, shape (factors, hidden_size)
    weight_hf : Parameter, shape (hidden_size, factors)
    weight_hx : Parameter, shape (hidden_size, input_size)
    bias : Parameter, shape (hidden_size,)

    Raises
    ------
    ValueError
        For sizes below 1; when called, for inputs or states of other shapes.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    Called as `layer(input, hx=None)`, like `nn.RNN`: with (T, B, I), or (T, I), and the first states (1, B, H), or
    (1, H); by default zeros. It gives the states of all steps, and the last.

    A matrix of its own for each input would be a tensor of I H H numbers. It is factored: with `f = (Wfx x) * (Wfh h)`
    the state is `h' = tanh(Whf f + Whx x + b)`, so each input scales F matrices of rank one. Weights start uniform
    with a variance of 1 / fan-in.

    References
    ----------
    I. Sutskever, J. Martens, G. Hinton, Generating Text with Recurrent Neural Networks, ICML 2011.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.models.MultiplicativeRNN(10, 20, factors=30)
    >>> output, h_n = layer(tw.zeros((5, 3, 10)))
    >>> output.shape, h_n.shape
    ((5, 3, 20), (1, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        factors: int | None = None,
        *,
        batch_first: bool = False,
        generator: Generator | None = None,
    ) -> None:
        name = "MultiplicativeRNN"
        self.input_size = arguments.integer(name, "input_size", input_size, at_least=1)
        self.hidden_size = arguments.integer(name, "hidden_size", hidden_size, at_least=1)
        self.factors = arguments.integer(name, "factors", hidden_size if factors is None else factors, at_least=1)
        self.batch_first = arguments.flag(name, "batch_first", batch_first)
        self.weight_fx = nn.Parameter(empty((self.factors, self.input_size)))
        self.weight_fh = nn.Parameter(empty((self.factors, self.hidden_size)))
        self.weight_hf = nn.Parameter(empty((self.hidden_size, self.factors)))
        self.weight_hx = nn.Parameter(empty((self.hidden_size, self.input_size)))
        self.bias = nn.Parameter(zeros((self.hidden_size,)))
        for weight in (self.weight_fx, self.weight_fh, self.weight_hf, self.weight_hx):
            nn.init.kaiming_uniform_(weight, nonlinearity="linear", generator=generator)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}, factors={self.factors}, batch_first={self.batch_first}"

    def forward(self, input: Any, hx: Any = None) -> tuple[Tensor, Tensor]:
        x = sequence_input(self, input)
        swaps = self.batch_first and x.ndim == 3
        x = swapaxes(x, 0, 1) if swaps else x
        h = self._first_state(hx, x)
        states = []
        for scale, shift in zip(linear(x, self.weight_fx), linear(x, self.weight_hx, self.bias), strict=True):
            h = tanh(linear(scale * linear(h, self.weight_fh), self.weight_hf) + shift)
            states.append(h)
        output = stack(states) if states else zeros((0, *h.shape), dtype=h.dtype)
        return (swapaxes(output, 0, 1) if swaps else output), expand_dims(h, axis=0)

    def _first_state(self, hx: Any, x: Tensor) -> Tensor:
        shape = (*x.shape[1:-1], self.hidden_size)
        if hx is None:
            return zeros(shape, dtype=self.bias.dtype, device=self.bias.device)
        h = arguments.array("MultiplicativeRNN", "hx", hx)
        if h.shape != (1, *shape):
            raise ValueError(f"MultiplicativeRNN: hx has shape {h.shape}, but must be {(1, *shape)}")
        return h[0]
