"""Deep belief networks: restricted Boltzmann machines in a stack, each trained on what the one below makes of data."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._functions.linalg import matrix_transpose
from ..autograd import no_grad
from .autoencoder import Autoencoder
from .mlp import MLP, sizes_of
from .rbm import RBM

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["DeepBeliefNetwork"]


class DeepBeliefNetwork(nn.Module):
    """Restricted Boltzmann machines one above the other, for pre-training a network without labels.

    Parameters
    ----------
    sizes : sequence of int
        Visible units, then the units of each hidden layer.
    kind : {"bernoulli", "gaussian"}
        Of the visible units: see `RBM`.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where starting weights, states and the order of the data are drawn from; by default
        `tilewright.random.default_generator`.

    Attributes
    ----------
    rbms : ModuleList of RBM
        From the data upwards.

    Raises
    ------
    ValueError
        For fewer than two sizes, sizes below 1, and an unknown kind.
    TypeError
        For sizes that are not integers, and a dtype that is not floating.

    Notes
    -----
    Called with (B, V) it gives the probabilities of the units at the top, (B, H), each layer taking those of the layer
    below for states.

    References
    ----------
    G. Hinton, S. Osindero, Y.-W. Teh, A Fast Learning Algorithm for Deep Belief Nets, Neural Computation 18 (7), 2006.

    Examples
    --------
    >>> import tilewright as tw
    >>> dbn = tw.models.DeepBeliefNetwork([6, 4, 3])
    >>> errors = dbn.pretrain(tw.random.bernoulli(0.5, (20, 6)), epochs=2)
    >>> classifier = dbn.to_classifier(2)  # to be trained with labels
    >>> classifier(tw.zeros((5, 6))).shape
    (5, 2)
    """

    def __init__(
        self, sizes: Any, kind: str = "bernoulli", *, dtype: Any = "float32", generator: Generator | None = None
    ) -> None:
        self.sizes = sizes_of("DeepBeliefNetwork", sizes)
        kinds = itertools.chain([kind], itertools.repeat("bernoulli"))
        self.rbms = nn.ModuleList(
            RBM(visible, hidden, of, dtype=dtype, generator=generator)
            for (visible, hidden), of in zip(itertools.pairwise(self.sizes), kinds, strict=False)
        )

    @property
    def machines(self) -> list[RBM]:
        """Its machines as a list, from the data upwards."""
        return list(self.rbms)  # type: ignore[arg-type]

    def forward(self, input: Any) -> Tensor:
        x = input
        for rbm in self.machines:
            x = rbm(x)
        result: Tensor = x
        return result

    def pretrain(self, input: Any, **options: Any) -> list[list[float]]:
        """Train one machine after the other, greedily, without labels, each from `RBM.start_at`.

        Parameters
        ----------
        input : array-like, shape (N, V)
        **options
            Of `RBM.fit`, by name.

        Returns
        -------
        list of list of float
            The errors of reconstruction that `RBM.fit` gives, of each machine.
        """
        x, errors = input, []
        for rbm in self.machines:
            rbm.start_at(x)
            errors.append(rbm.fit(x, **options))
            with no_grad():
                x = rbm(x)
        return errors

    def sample(self, count: int, steps: int = 100, *, generator: Generator | None = None) -> Tensor:
        """Draw from the network: a Markov chain in the two layers at the top, then down by the layers' means.

        Parameters
        ----------
        count : int
            How many.
        steps : int
            Of the chains, which start at random states.
        generator : Generator, optional
            By default the network's.

        Returns
        -------
        Tensor, shape (count, V), without gradient
            The means of the visible units.
        """
        count = arguments.integer("sample", "count", count, at_least=1)
        top = self.machines[-1]
        with no_grad():
            source = random.source("sample", top.generator if generator is None else generator)
            start = source.bernoulli(0.5, (count, top.hidden))
            x = top.gibbs(top.sample_visible(start, generator=generator), steps, generator=generator)
            x = top.reconstruct(x)
            for rbm in self.machines[-2::-1]:
                x = rbm.visible_given(x)
        return x

    def to_classifier(self, num_classes: int, *, generator: Generator | None = None) -> MLP:
        """A network of sigmoid layers that starts with these weights, and a new linear layer on top.

        Parameters
        ----------
        num_classes : int
            How many logits it gives.
        generator : Generator, optional
            Where the weights on top are drawn from; by default `tilewright.random.default_generator`.

        Returns
        -------
        MLP
            With copies of the weights.
        """
        num_classes = arguments.integer("to_classifier", "num_classes", num_classes, at_least=1)
        dtype = self.rbms[0].weight.dtype
        network = MLP([*self.sizes, num_classes], "sigmoid", dtype=dtype, generator=generator)
        for layer, rbm in zip(network.linears, self.machines, strict=False):
            layer.load_state_dict({"weight": rbm.weight, "bias": rbm.hidden_bias})
        return network

    def to_autoencoder(self) -> Autoencoder:
        """The network unrolled: up through all layers, and down again by the same weights transposed.

        Returns
        -------
        Autoencoder
            With copies of the weights, those of the decoder its own.

        References
        ----------
        G. Hinton, R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313, 2006.
        """
        output = "sigmoid" if self.rbms[0].kind == "bernoulli" else "none"
        network = Autoencoder(self.sizes, output=output, dtype=self.rbms[0].weight.dtype)
        down: Any = network.decoder
        for encoder, decoder, rbm in zip(network.encoder.linears, down.linears[::-1], self.machines, strict=True):
            encoder.load_state_dict({"weight": rbm.weight, "bias": rbm.hidden_bias})
            decoder.load_state_dict({"weight": matrix_transpose(rbm.weight), "bias": rbm.visible_bias})
        return network
