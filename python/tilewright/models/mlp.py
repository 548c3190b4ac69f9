"""Layers in which every unit sees every unit before it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments

if TYPE_CHECKING:
    from ..random import Generator

__all__ = ["MLP"]

_ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "silu": nn.SiLU, "none": None}


def sizes_of(op: str, sizes: Any) -> list[int]:
    """Two or more sizes, each at least 1."""
    listed = arguments.entries(op, "sizes", sizes, "a sequence of integers")
    checked = [arguments.integer(op, "an entry of sizes", size, at_least=1) for size in listed]
    if len(checked) < 2:
        raise ValueError(f"{op}: sizes is {checked}, but must have at least two entries")
    return checked


def activations_of(op: str, name: str, value: Any) -> list[nn.Module]:
    """The activation of that name as a list of modules, which is empty for "none"."""
    kind = _ACTIVATIONS[arguments.option(op, name, value, _ACTIVATIONS)]
    return [] if kind is None else [kind()]


class MLP(nn.Sequential):
    """Multi-layer perceptron: linear layers with an activation after each but the last.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of an input, of the units of each hidden layer, and of a result; at least two.
    activation : {"relu", "tanh", "sigmoid", "gelu", "silu", "none"}
        After each layer but the last.
    output : {"none", "relu", "tanh", "sigmoid", "gelu", "silu"}
        After the last one.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For fewer than two sizes, sizes below 1, and unknown activations.
    TypeError
        For sizes that are not integers, and a dtype that is not floating.

    Notes
    -----
    With sizes `n_0, ..., n_L` there are `sum (n_(l-1) + 1) n_l` parameters. With two sizes it is linear regression, or,
    with `nn.functional.cross_entropy` as the loss, logistic (softmax) regression.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.MLP([784, 16, 16, 10])
    >>> net(tw.zeros((5, 784))).shape
    (5, 10)
    >>> sum(p.size for p in net.parameters())
    13002
    """

    def __init__(
        self,
        sizes: Any,
        activation: str = "relu",
        output: str = "none",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        listed = sizes_of("MLP", sizes)
        layers: list[nn.Module] = []
        for i, (before, after) in enumerate(itertools.pairwise(listed)):
            last = i == len(listed) - 2
            layers.append(nn.Linear(before, after, dtype=dtype, generator=generator))
            layers += activations_of("MLP", "output" if last else "activation", output if last else activation)
        super().__init__(*layers)

    @property
    def linears(self) -> list[nn.Linear]:
        """Its linear layers, in order."""
        return [layer for layer in self if isinstance(layer, nn.Linear)]
