"""What recurrent layers and their cells share: parameters, one step of each kind, and their docstrings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._engine.tensor import Tensor
from .._functions.recurrent import gru, lstm, rnn
from . import init
from .functional._docstrings import joined, sections
from .init._fill import finite
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..random import Generator

    States = tuple[Tensor, ...]  # of one layer and one direction: a row for each sequence
    Shape = tuple[int, ...]

NONLINEARITY = """
nonlinearity : {"tanh", "relu"}
    What each step ends with."""

PEEPHOLE = """
peephole : bool
    Whether the gates see the cell state.
forget_bias : float, optional
    What the bias of the forget gate starts at, the sum of the two that add; by default they are drawn as the others."""

RESET_AFTER = """
reset_after : bool
    Whether the reset gate multiplies the product with the state, as in PyTorch, or the state before the product."""

START = """
All parameters start uniform in `(-a, a)`, `a = 1 / sqrt(hidden_size)`, as in PyTorch."""


def document(cls: type[Any], parameters: str, attributes: str, raises: str, notes: str) -> None:
    """Complete the docstring of a layer: all sections but references and examples."""
    if cls.__doc__ is None:  # python -OO
        return
    own = sections(cls.__doc__)
    shared = {"Parameters": parameters, "Attributes": attributes, "Raises": raises}
    cls.__doc__ = joined({**own, **shared, "Notes": "\n\n".join([own.get("Notes", ""), notes.strip()]).strip()})


class Weights(Module):
    """What recurrent layers and their cells share: sizes, parameters and how these start."""

    _op: ClassVar[Callable[..., Any]]
    _weights: ClassVar[tuple[str, ...]] = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")  # in the order of the op
    _options: ClassVar[tuple[str, ...]] = ()  # what it takes last
    _gates: ClassVar[int]
    _states: ClassVar[tuple[str, ...]]
    forget_bias: float | None = None
    peephole = False
    proj_size = 0

    def _set_sizes(self, input_size: Any, hidden_size: Any, bias: Any) -> None:
        name = type(self).__name__
        self.input_size = arguments.integer(name, "input_size", input_size, at_least=1)
        self.hidden_size = arguments.integer(name, "hidden_size", hidden_size, at_least=1)
        self.bias = arguments.flag(name, "bias", bias)

    def _set_forget_bias(self, forget_bias: Any) -> None:
        name = type(self).__name__
        if forget_bias is not None:
            self.forget_bias = finite(name, "forget_bias", forget_bias)
            if not self.bias:
                raise ValueError(f"{name}: forget_bias is {self.forget_bias}, but there is none with bias=False")

    @property
    def _out(self) -> int:
        """Numbers in each result of a step."""
        return self.proj_size or self.hidden_size

    def _shapes(self) -> dict[str, Shape]:
        """Of all parameters, by their names."""
        raise NotImplementedError

    def _shapes_of_one(self, read: int, suffix: str) -> dict[str, Shape]:
        """Of the parameters of one layer and direction, which reads so many numbers."""
        rows = self._gates * self.hidden_size
        shapes: dict[str, Shape] = {"weight_ih": (rows, read), "weight_hh": (rows, self._out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        if self.peephole:
            shapes["weight_peephole"] = (3, self.hidden_size)
        return {f"{name}{suffix}": shape for name, shape in shapes.items()}

    def _add_parameters(self, dtype: Any, generator: Generator | None) -> None:
        op = type(self).__name__
        kind, source = as_floating(op, dtype), random.source(op, generator)
        for name, shape in self._shapes().items():
            setattr(self, name, Parameter(_core.full(arguments.shape(op, shape, name), 0, kind)))
        self.reset_parameters(source)

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting weights and biases."""
        bound = 1 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            init.uniform_(parameter, -bound, bound, generator=generator)
            if self.forget_bias is not None and name.startswith("bias"):
                of_gate = parameter.detach()[self.hidden_size : 2 * self.hidden_size]
                init.constant_(of_gate, self.forget_bias if name.startswith("bias_ih") else 0.0)

    def _steps(self, x: Tensor, states: States, suffix: str, batch_sizes: Shape, reverse: bool) -> tuple[Any, ...]:
        """One layer and direction: the outputs, and the last states."""
        weights = [getattr(self, f"{name}{suffix}", None) for name in self._weights]
        options = [getattr(self, name) for name in self._options]
        return self._op(x, *states, *weights, batch_sizes, reverse, *options)

    def extra_repr(self) -> str:
        shown = [str(self.input_size), str(self.hidden_size)]
        usual = {"proj_size": 0, "num_layers": 1, "nonlinearity": "tanh", "bias": True, "batch_first": False}
        usual |= {"dropout": 0.0, "bidirectional": False, "peephole": False, "reset_after": True, "forget_bias": None}
        for name, value in usual.items():
            given = getattr(self, name, value)
            if given != value:
                shown.append(f"{name}={given!r}")
        return ", ".join(shown)


class RNNSteps(Weights):
    _op, _options = staticmethod(rnn), ("nonlinearity",)
    _gates, _states = 1, ("h",)

    def _set_nonlinearity(self, nonlinearity: Any) -> None:
        self.nonlinearity = arguments.option(type(self).__name__, "nonlinearity", nonlinearity, ("tanh", "relu"))


class LSTMSteps(Weights):
    _op = staticmethod(lstm)
    _weights = (*Weights._weights, "weight_hr", "weight_peephole")
    _gates, _states = 4, ("h", "c")


class GRUSteps(Weights):
    _op, _options = staticmethod(gru), ("reset_after",)
    _gates, _states = 3, ("h",)


def sequence_input(layer: Any, input: Any) -> Tensor:
    """What a recurrent layer was given, as a tensor: (T, B, I), with `batch_first` (B, T, I), or (T, I)."""
    name, size = type(layer).__name__, layer.input_size
    x = arguments.array(name, "input", input)
    if x.ndim not in (2, 3) or x.shape[-1] != size:
        batched = f"(B, T, {size})" if layer.batch_first else f"(T, B, {size})"
        raise ValueError(f"{name}: input has shape {x.shape}, but must be {batched} or (T, {size})")
    return x


def given_states(op: str, hx: Any, names: list[str]) -> list[Tensor]:
    """The states that a call was given, as tensors: one, or a tuple of two."""
    if len(names) == 1:
        if isinstance(hx, (tuple, list)) and any(isinstance(state, Tensor) for state in hx):
            raise TypeError(f"{op}: hx is a {type(hx).__name__} of {len(hx)} states, but must be {names[0]} alone")
        return [arguments.array(op, "hx", hx)]
    if not isinstance(hx, (tuple, list)) or len(hx) != len(names):
        got = f"a {type(hx).__name__} of {len(hx)}" if isinstance(hx, (tuple, list)) else arguments.shown(hx)
        raise TypeError(f"{op}: hx is {got}, but must be a tuple ({', '.join(names)})")
    return [arguments.array(op, name, state) for name, state in zip(names, hx, strict=True)]
