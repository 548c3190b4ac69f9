"""The module that estimators take by default."""

from __future__ import annotations

import itertools
from typing import Any

from .. import nn
from .._engine import arguments

__all__ = ["mlp"]

_ACTIVATIONS = {"gelu": nn.GELU, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "silu": nn.SiLU, "tanh": nn.Tanh}


def mlp(
    n_features: int, n_outputs: int, hidden: Any = (64,), activation: str = "relu", dropout: float = 0.0
) -> nn.Sequential:
    """Make a multi-layer perceptron: linear layers with an activation between them.

    Parameters
    ----------
    n_features, n_outputs : int
        Lengths of a sample and of its output.
    hidden : int or sequence of int
        Units of the hidden layers; `()` leaves a linear model.
    activation : {"relu", "gelu", "sigmoid", "silu", "tanh"}
        What follows each hidden layer.
    dropout : float
        Probability with which a hidden unit is dropped in training.

    Returns
    -------
    Sequential
        Takes inputs of shape (N, n_features) and gives (N, n_outputs).

    Raises
    ------
    ValueError
        For sizes below 1, an unknown activation, and a probability outside of [0, 1].
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sklearn.mlp(4, 3, hidden=(8,), activation="tanh")
    Sequential(
      (0): Linear(in_features=4, out_features=8, bias=True)
      (1): Tanh()
      (2): Linear(in_features=8, out_features=3, bias=True)
    )
    """
    sizes = [arguments.integer("mlp", "n_features", n_features, at_least=1)]
    n_outputs = arguments.integer("mlp", "n_outputs", n_outputs, at_least=1)
    for units in arguments.integers("mlp", "hidden", hidden):
        sizes.append(arguments.integer("mlp", "an entry of hidden", units, at_least=1))
    make = _ACTIVATIONS[arguments.option("mlp", "activation", activation, _ACTIVATIONS)]
    p = arguments.probability("mlp", "dropout", dropout)
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes):
        layers += [nn.Linear(before, after), make(), *([nn.Dropout(p)] if p else [])]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], n_outputs))
