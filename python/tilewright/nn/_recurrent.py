"""What recurrent layers and their cells share: parameters, one step of each kind, and their docstrings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._engine.tensor import Tensor
from .._functions.recurrent import gru, lstm, rnn
from . import init
from .functional._docstrings import joined, sections
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from ..random import Generator

    States = tuple[Tensor, ...]  # of one layer and one direction: a row for each sequence
    Shape = tuple[int, ...]

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

    _gates: ClassVar[int]
    _states: ClassVar[tuple[str, ...]]  # their names, without "_0"
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
            self.forget_bias = arguments.number(name, "forget_bias", forget_bias)
            if not self.bias:
                raise ValueError(f"{name}: forget_bias is {self.forget_bias}, but there is none with bias=False")

    @property
    def _out(self) -> int:
        """Numbers in each result of a step."""
        return self.proj_size or self.hidden_size

    def _shapes(self, read: int) -> dict[str, Shape]:
        """Of the parameters of one layer and direction that reads so many numbers, by the beginnings of their names."""
        rows = self._gates * self.hidden_size
        shapes: dict[str, Shape] = {"weight_ih": (rows, read), "weight_hh": (rows, self._out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        if self.peephole:
            shapes["weight_peephole"] = (3, self.hidden_size)
        return shapes

    def _add_parameters(self, shapes: dict[str, Shape], dtype: Any) -> None:
        name = type(self).__name__
        kind = as_floating(name, dtype)
        for parameter, shape in shapes.items():
            setattr(self, parameter, Parameter(_core.full(arguments.shape(name, shape, parameter), 0, kind)))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting weights, as `Notes` says."""
        bound = 1 / math.sqrt(self.hidden_size)
        for name, parameter in self.named_parameters():
            init.uniform_(parameter, -bound, bound, generator=generator)
            if self.forget_bias is not None and name.startswith("bias"):
                of_gate = parameter.detach()[self.hidden_size : 2 * self.hidden_size]
                init.constant_(of_gate, self.forget_bias if name.startswith("bias_ih") else 0.0)

    def extra_repr(self) -> str:
        shown = [str(self.input_size), str(self.hidden_size)]
        usual = {"proj_size": 0, "num_layers": 1, "nonlinearity": "tanh", "bias": True, "batch_first": False}
        usual |= {"dropout": 0.0, "bidirectional": False, "peephole": False, "reset_after": True, "forget_bias": None}
        for name, value in usual.items():
            given = getattr(self, name, value)
            if given != value:
                shown.append(f"{name}={given!r}")
        return ", ".join(shown)

    def _parameters_of(self, suffix: str, *names: str) -> list[Any]:
        """Those of one layer and direction, None where there is none."""
        return [getattr(self, name + suffix, None) for name in names]

    def _steps(self, x: Tensor, states: States, suffix: str, batch_sizes: Shape, reverse: bool) -> tuple[Any, ...]:
        """The op: the outputs, and the last states."""
        raise NotImplementedError


class RNNSteps(Weights):
    _gates = 1
    _states = ("h",)
    nonlinearity: str

    def _set_nonlinearity(self, nonlinearity: Any) -> None:
        self.nonlinearity = arguments.option(type(self).__name__, "nonlinearity", nonlinearity, ("tanh", "relu"))

    def _steps(self, x: Tensor, states: States, suffix: str, batch_sizes: Shape, reverse: bool) -> tuple[Any, ...]:
        weights = self._parameters_of(suffix, "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return rnn(x, states[0], *weights, batch_sizes, reverse, self.nonlinearity)


class LSTMSteps(Weights):
    _gates = 4
    _states = ("h", "c")

    def _steps(self, x: Tensor, states: States, suffix: str, batch_sizes: Shape, reverse: bool) -> tuple[Any, ...]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr", "weight_peephole")
        return lstm(x, states[0], states[1], *self._parameters_of(suffix, *names), batch_sizes, reverse)


class GRUSteps(Weights):
    _gates = 3
    _states = ("h",)
    reset_after: bool

    def _steps(self, x: Tensor, states: States, suffix: str, batch_sizes: Shape, reverse: bool) -> tuple[Any, ...]:
        weights = self._parameters_of(suffix, "weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return gru(x, states[0], *weights, batch_sizes, reverse, self.reset_after)


def checked_states(op: str, hx: Any, names: tuple[str, ...]) -> list[Tensor]:
    """The states that were given, as tensors: one, or a tuple of two."""
    if len(names) == 1:
        return [arguments.array(op, "hx", hx)]
    if not isinstance(hx, (tuple, list)) or len(hx) != len(names):
        wanted = ", ".join([f"{name}_0" for name in names])
        got = f" of {len(hx)}" if isinstance(hx, (tuple, list)) else ""
        raise TypeError(f"{op}: hx is {arguments.shown(hx)}{got}, but must be a tuple ({wanted})")
    return [arguments.array(op, f"{name}_0", state) for name, state in zip(names, hx, strict=True)]
