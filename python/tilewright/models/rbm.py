"""Restricted Boltzmann machines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import nn, optim, random
from .._engine import arguments
from .._functions.activations import sigmoid
from .._functions.arithmetic import square
from .._functions.creation import arange, zeros
from .._functions.exponential import log
from .._functions.linalg import matrix_transpose
from .._functions.manipulation import expand_dims
from .._functions.reductions import logsumexp
from ..autograd import no_grad
from ..data import DataLoader, TensorDataset
from ..nn.functional import linear, softplus

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["RBM"]

_ENUMERATED = 18  # 2^18 states


class RBM(nn.Module):
    """Restricted Boltzmann machine: binary hidden units, and visible ones that are binary or Gaussian.

    Parameters
    ----------
    visible : int
        V, visible units.
    hidden : int
        H, hidden units.
    kind : {"bernoulli", "gaussian"}
        Of the visible units: 0 or 1; or real numbers, normal with variance 1 where the hidden ones are given. (Data
        for the second are to be standardised.)
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where starting weights and, where a method is given none, states are drawn from; by default
        `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (H, V)
    visible_bias : Parameter, shape (V,)
    hidden_bias : Parameter, shape (H,)

    Raises
    ------
    ValueError
        For sizes below 1, and an unknown kind.
    TypeError
        For sizes that are not integers, and a dtype that is not floating.

    Notes
    -----
    With weights W and biases b (visible) and c (hidden), the energy is `E(v, h) = -h W v - b v - c h`; for Gaussian
    units `|v - b|^2 / 2` is in place of `-b v`. `p(v) = exp(-F(v)) / Z` has the free energy `F(v) = -b v - sum
    softplus(W v + c)`, or `|v - b|^2 / 2` in place of `-b v`. Weights start normal with a standard deviation of 0.01,
    biases at zero.

    Called with visible states (B, V) it gives the probabilities of the hidden units, (B, H).

    References
    ----------
    G. Hinton, Training Products of Experts by Minimizing Contrastive Divergence, Neural Computation 14 (8), 2002.

    T. Tieleman, Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient, ICML 2008.

    G. Hinton, A Practical Guide to Training Restricted Boltzmann Machines, UTML TR 2010-003, 2010.

    Examples
    --------
    Two units that are always equal:

    >>> import tilewright as tw
    >>> rbm = tw.models.RBM(2, 1, generator=tw.random.Generator(0))
    >>> data = tw.asarray([[0.0, 0.0], [1.0, 1.0]])
    >>> errors = rbm.fit(data, epochs=600, lr=0.2, batch_size=2)
    >>> p = tw.exp(-rbm.free_energy(data) - rbm.log_partition())
    >>> p.sum().item() > 0.8
    True
    """

    def __init__(
        self,
        visible: int,
        hidden: int,
        kind: str = "bernoulli",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        self.kind = arguments.option("RBM", "kind", kind, ("bernoulli", "gaussian"))
        self.visible = arguments.integer("RBM", "visible", visible, at_least=1)
        self.hidden = arguments.integer("RBM", "hidden", hidden, at_least=1)
        self.generator = None if generator is None else random.source("RBM", generator)
        self.weight = nn.Parameter(zeros((self.hidden, self.visible), dtype=dtype))
        self.visible_bias = nn.Parameter(zeros(self.visible, dtype=dtype))
        self.hidden_bias = nn.Parameter(zeros(self.hidden, dtype=dtype))
        nn.init.normal_(self.weight, std=0.01, generator=self.generator)

    def forward(self, input: Any) -> Tensor:
        return sigmoid(linear(self._states("RBM", input, self.visible), self.weight, self.hidden_bias))

    def visible_given(self, hidden: Any) -> Tensor:
        """The means of the visible units, (B, V), where the hidden ones are given, (B, H)."""
        h = self._states("visible_given", hidden, self.hidden)
        inputs = linear(h, matrix_transpose(self.weight), self.visible_bias)
        return sigmoid(inputs) if self.kind == "bernoulli" else inputs

    def reconstruct(self, input: Any) -> Tensor:
        """The means of the visible units given the probabilities of the hidden ones, those given `input`; (B, V)."""
        return self.visible_given(self(input))

    def free_energy(self, input: Any) -> Tensor:
        """F of visible states (B, V): -log p(v) up to a constant, `log_partition()`. Shape (B,)."""
        v = self._states("free_energy", input, self.visible)
        rest = softplus(linear(v, self.weight, self.hidden_bias)).sum(-1)
        if self.kind == "bernoulli":
            return -(v @ self.visible_bias) - rest
        return square(v - self.visible_bias).sum(-1) / 2 - rest

    def sample_hidden(self, input: Any, *, generator: Generator | None = None) -> Tensor:
        """Draw hidden states, (B, H), where the visible ones are given, (B, V)."""
        return self._drawn(self(input), generator)

    def sample_visible(self, hidden: Any, *, generator: Generator | None = None) -> Tensor:
        """Draw visible states, (B, V), where the hidden ones are given, (B, H)."""
        mean = self.visible_given(hidden)
        if self.kind == "bernoulli":
            return self._drawn(mean, generator)
        return mean + self._source(generator).standard_normal(mean.shape, device=mean.device).astype(mean.dtype)

    def gibbs(self, input: Any, steps: int = 1, *, generator: Generator | None = None) -> Tensor:
        """Draw visible states by a Markov chain: hidden and visible states in turns.

        Parameters
        ----------
        input : array-like, shape (B, V)
            Where the chains start.
        steps : int
            How often both layers are drawn.
        generator : Generator, optional
            By default the machine's.

        Returns
        -------
        Tensor, shape (B, V), without gradient
        """
        steps = arguments.integer("gibbs", "steps", steps, at_least=0)
        v = self._states("gibbs", input, self.visible)
        with no_grad():
            for _ in range(steps):
                v = self.sample_visible(self.sample_hidden(v, generator=generator), generator=generator)
        return v.detach()

    def start_at(self, input: Any) -> None:
        """Set the visible biases so that, without hidden units, the means are those of data; before training.

        Parameters
        ----------
        input : array-like, shape (N, V)

        Notes
        -----
        The log-odds of the means, smoothed by half a sample of each kind; for Gaussian units the means. Otherwise the
        hidden units first learn what is the same in all samples (Hinton 2010, section 8).
        """
        x = self._states("start_at", input, self.visible)
        with no_grad():
            total, count = x.sum(0), len(x)
            odds = (total + 0.5) / (count - total + 0.5)
            self.visible_bias.copy_(log(odds) if self.kind == "bernoulli" else total / max(count, 1))

    def contrastive_divergence(
        self, input: Any, k: int = 1, chains: Any = None, *, generator: Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """A number whose gradient is that of contrastive divergence, for any optimiser, and where its chains ended.

        Parameters
        ----------
        input : array-like, shape (B, V)
            Visible states, from the data.
        k : int
            Steps of the chains: CD-k.
        chains : array-like, shape (M, V), optional
            Where the chains start; by default at `input`. The ends of the call before make it persistent (PCD).
        generator : Generator, optional
            By default the machine's.

        Returns
        -------
        loss : Tensor, shape ()
            The mean free energy of the data minus that of the chains' ends. Its value says little: only its gradient is
            an estimate of the gradient of -log p(input).
        chains : Tensor, shape (B, V) or (M, V)
        """
        v = self._states("contrastive_divergence", input, self.visible)
        k = arguments.integer("contrastive_divergence", "k", k, at_least=1)
        start = v if chains is None else self._states("contrastive_divergence", chains, self.visible)
        ends = self.gibbs(start, k, generator=generator)
        return self.free_energy(v).mean() - self.free_energy(ends).mean(), ends

    def log_partition(self) -> Tensor:
        """Log Z, exactly, by going through all states of the smaller layer; shape ().

        Raises
        ------
        ValueError
            Where there are more than 18 units in it; hidden ones, if the visible ones are Gaussian.
        """
        gaussian = self.kind == "gaussian"
        fewest = self.hidden if gaussian else min(self.visible, self.hidden)
        if fewest > _ENUMERATED:
            raise ValueError(f"log_partition: there are {fewest} units to go through, but can be {_ENUMERATED} at most")
        states = (expand_dims(arange(2**fewest), -1) >> arange(fewest) & 1).astype(self.weight.dtype)
        if not gaussian and self.visible < self.hidden:
            return logsumexp(-self.free_energy(states))
        inputs, own = states @ self.weight, states @ self.hidden_bias
        if gaussian:
            rest = (inputs * self.visible_bias + square(inputs) / 2).sum(-1) + self.visible / 2 * math.log(2 * math.pi)
        else:
            rest = softplus(inputs + self.visible_bias).sum(-1)
        return logsumexp(own + rest)

    def fit(
        self,
        input: Any,
        *,
        epochs: int = 10,
        lr: float = 0.05,
        batch_size: int = 32,
        k: int = 1,
        persistent: bool = False,
        momentum: float = 0.5,
        weight_decay: float = 0.0,
    ) -> list[float]:
        """Train by contrastive divergence and stochastic gradient descent.

        Parameters
        ----------
        input : array-like, shape (N, V)
            The data: 0 and 1, or probabilities; standardised for Gaussian units.
        epochs : int
            Passes through the data.
        lr, momentum : float
            As `optim.SGD` takes them.
        batch_size : int
        k : int
            Steps of the chains for each batch.
        persistent : bool
            Whether chains go on where those of the batch before ended (PCD), in place of starting at the data (CD).
        weight_decay : float
            Of the weights; biases have none.

        Returns
        -------
        list of float
            The mean squared error of the reconstruction over each epoch.

        Raises
        ------
        ValueError
            For data without rows of V numbers, and options out of range.
        TypeError
            For options of another kind.
        """
        x = self._states("fit", input, self.visible)
        epochs = arguments.integer("fit", "epochs", epochs, at_least=0)
        persistent = arguments.flag("fit", "persistent", persistent)
        batches = DataLoader(TensorDataset(x), batch_size, shuffle=True, generator=self.generator)
        groups = nn.utils.parameter_groups(self, weight_decay)
        optimizer = optim.SGD([group for group in groups if group["params"]], lr=lr, momentum=momentum)
        errors, chains = [], None
        for _ in range(epochs):
            error = 0.0
            for (batch,) in batches:
                optimizer.zero_grad()
                loss, ends = self.contrastive_divergence(batch, k, chains if persistent else None)
                chains = ends
                loss.backward()
                optimizer.step()
                with no_grad():
                    error += float(square(self.reconstruct(batch) - batch).sum())
            errors.append(error / x.size)
        return errors

    def extra_repr(self) -> str:
        return f"{self.visible}, {self.hidden}, kind={self.kind!r}"

    def _source(self, generator: Generator | None) -> Generator:
        return random.source("RBM", self.generator if generator is None else generator)

    def _drawn(self, p: Tensor, generator: Generator | None) -> Tensor:
        """1 with the probabilities p, else 0."""
        drawn = self._source(generator).random(p.shape, device=p.device) < p.detach()
        return drawn.astype(p.dtype)

    def _states(self, op: str, value: Any, units: int) -> Tensor:
        x = arguments.array(op, "input", value)
        if x.ndim != 2 or x.shape[1] != units:
            raise ValueError(f"{op}: got states of shape {x.shape}, but needs (B, {units})")
        return x if x.dtype == self.weight.dtype else x.astype(self.weight.dtype)
