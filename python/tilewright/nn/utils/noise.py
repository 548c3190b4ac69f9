"""Noise on weights and on gradients. (On inputs: `data.transforms.GaussianNoise`.)"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor
from ...autograd import no_grad
from ..module import Module
from .regularization import _factor, weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ...random import Generator

__all__ = ["add_gradient_noise_", "weight_noise"]


def add_gradient_noise_(
    parameters: Tensor | Iterable[Tensor], std: float, *, generator: Generator | None = None
) -> None:
    """Add normal noise to the gradients, in place; before a step.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    std : float
        Standard deviation. The paper lets it fall: `sqrt(eta / (1 + t)**0.55)` in step t, with eta from 0.01 to 1.
    generator : Generator, optional
        Where the noise is drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For a negative `std`.
    TypeError
        For parameters that are no tensors.

    References
    ----------
    A. Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep Networks, 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> tw.nn.utils.add_gradient_noise_(x, 0.1, generator=tw.random.Generator(0))
    >>> bool(tw.allclose(x.grad, [2.0, 4.0], atol=1.0))
    True
    """
    op = "add_gradient_noise_"
    std = _factor(op, "std", std)
    source = random.source(op, generator)
    needed = "a Tensor or an iterable of Tensors"
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    listed = arguments.entries(op, "parameters", tensors, needed)
    for i, p in enumerate(listed):
        if not isinstance(p, Tensor):
            arguments.refuse(op, f"parameter {i}", p, "a Tensor")
    with no_grad():
        for p in listed:
            if p.grad is not None:
                p.grad += _normal(p.grad, std, source)


@contextlib.contextmanager
def weight_noise(module: Module, std: float, *, generator: Generator | None = None) -> Iterator[None]:
    """Inside the block the weights have normal noise on them; after it they are what they were.

    Parameters
    ----------
    module : Module
        Its `weights` are changed, not biases and normalisation layers.
    std : float
        Standard deviation.
    generator : Generator, optional
        Where the noise is drawn from; by default `tilewright.random.default_generator`.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        For a negative `std`.
    TypeError
        For anything but a Module.

    Notes
    -----
    Run the forward and the backward pass inside the block, the step of the optimiser after it: the gradients are those
    at the noisy weights.

    References
    ----------
    A. Graves, Practical Variational Inference for Neural Networks, NeurIPS 2011.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.MLP([3, 2])
    >>> before = net(tw.ones((1, 3)))
    >>> with tw.nn.utils.weight_noise(net, 0.1):
    ...     bool((net(tw.ones((1, 3))) == before).all())
    False
    >>> bool((net(tw.ones((1, 3))) == before).all())
    True
    """
    changed = weights(module)
    std = _factor("weight_noise", "std", std)
    source = random.source("weight_noise", generator)
    kept = [p.detach().copy() for p in changed]
    with no_grad():
        for p in changed:
            p.copy_(p + _normal(p, std, source))
    try:
        yield
    finally:
        with no_grad():
            for p, value in zip(changed, kept, strict=True):
                p.copy_(value)


def _normal(like: Tensor, std: float, source: Generator) -> Any:
    return source.normal(0.0, std, like.shape, dtype=like.dtype, device=like.device)
