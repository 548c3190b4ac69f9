"""Networks of neurons that fire."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .mlp import sizes_of

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["SpikingClassifier", "rate_code"]


def rate_code(input: Any, steps: int, *, generator: Generator | None = None) -> Tensor:
    """Trains of spikes whose rates are the input.

    Parameters
    ----------
    input : array-like
        Floating, in [0, 1]: the probability of a spike in each step.
    steps : int
        T, length of the trains.
    generator : Generator, optional
        Where the spikes are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor, shape (T, *input.shape)
        0 and 1, of the dtype of `input`.

    Raises
    ------
    ValueError
        For `steps` below 1, and numbers outside [0, 1].
    TypeError
        For an input that is not floating.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.rate_code(tw.asarray([0.0, 1.0]), 3)
    tensor([[0., 1.],
            [0., 1.],
            [0., 1.]])
    """
    x = arguments.array("rate_code", "input", input)
    steps = arguments.integer("rate_code", "steps", steps, at_least=1)
    if not x.dtype.is_floating:
        raise TypeError(f"rate_code: input has dtype {x.dtype.name}, but must be floating")
    x = x.detach()
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("rate_code: input has numbers outside [0, 1]")
    drawn = random.source("rate_code", generator).random((steps, *x.shape), device=x.device)
    return (drawn < x).astype(x.dtype)


class SpikingClassifier(nn.Module):
    """Linear layers whose units are leaky integrate-and-fire neurons; the class that fires most often wins.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of an input, of the neurons of each hidden layer, and of classes.
    steps : int
        T, for how long an input is shown.
    generator : Generator, optional
        Where starting weights and spikes are drawn from; by default `tilewright.random.default_generator`.
    **options
        Of `nn.LIF`, by name.

    Attributes
    ----------
    linears : ModuleList of Linear
    neurons : ModuleList of LIF

    Raises
    ------
    ValueError
        For fewer than two sizes, sizes and steps below 1, and as `nn.LIF`; when called, for inputs outside [0, 1].
    TypeError
        For sizes that are not integers, and as `nn.LIF`.

    Notes
    -----
    Called with (B, I), numbers in [0, 1], it shows each for T steps as spikes at these rates, and gives how often the
    neurons of each class fired, (B, C): `cross_entropy` takes them for logits. The spikes differ from call to call, in
    evaluation, too.

    References
    ----------
    E. Neftci, H. Mostafa, F. Zenke, Surrogate Gradient Learning in Spiking Neural Networks, IEEE Signal Processing
    Magazine 36 (6), 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.SpikingClassifier([64, 32, 10], steps=8)
    >>> net(tw.zeros((5, 64))).shape
    (5, 10)
    """

    def __init__(self, sizes: Any, steps: int = 25, *, generator: Generator | None = None, **options: Any) -> None:
        listed = sizes_of("SpikingClassifier", sizes)
        self.steps = arguments.integer("SpikingClassifier", "steps", steps, at_least=1)
        self.generator = None if generator is None else random.source("SpikingClassifier", generator)
        pairs = itertools.pairwise(listed)
        self.linears = nn.ModuleList(nn.Linear(before, after, generator=self.generator) for before, after in pairs)
        self.neurons = nn.ModuleList(nn.LIF(**options) for _ in self.linears)

    def forward(self, input: Any) -> Tensor:
        return self.trains(input)[-1].sum(0)

    def trains(self, input: Any) -> list[Tensor]:
        """The spikes of the input, (T, B, I), and of each layer, (T, B, N)."""
        trains = [rate_code(input, self.steps, generator=self.generator)]
        for linear, neurons in zip(self.linears, self.neurons, strict=True):
            trains.append(neurons(linear(trains[-1]))[0])
        return trains

    def extra_repr(self) -> str:
        return f"steps={self.steps}"
