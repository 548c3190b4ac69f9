"""Inputs changed by little so that a network errs."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._functions.arithmetic import sign
from ..._functions.extrema import clip
from ...autograd import grad
from ..functional import cross_entropy
from ..module import Module
from .regularization import _factor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..._engine.tensor import Tensor
    from ...random import Generator

__all__ = ["fgsm", "pgd"]


def fgsm(
    module: Module,
    input: Any,
    target: Any,
    epsilon: float,
    *,
    loss: Callable[[Tensor, Any], Tensor] = cross_entropy,
    low: float = 0.0,
    high: float = 1.0,
) -> Tensor:
    """Adversarial examples by the fast gradient sign method: one step in which the loss grows.

    Parameters
    ----------
    module : Module
        It is asked in evaluation mode, and stays as it was.
    input : array-like
        Floating: a batch as the module takes it.
    target : array-like
        What `loss` compares with: the true classes.
    epsilon : float
        How much each element is changed.
    loss : callable
        (results, target) -> a tensor of one element.
    low, high : float
        Elements are kept between them: 0 and 1 for pixels; `-inf` and `inf` for no bounds.

    Returns
    -------
    Tensor, of the shape of `input`

    Raises
    ------
    ValueError
        For a negative `epsilon`, and `low` above `high`.
    TypeError
        For anything but a Module, an input that is not floating, and a loss that cannot be called.

    Notes
    -----
    `clip(x + epsilon * sign(d loss / d x), low, high)`. To train with them (adversarial training), take the step with
    `loss(module(fgsm(module, input, target, epsilon)), target)`.

    References
    ----------
    I. Goodfellow, J. Shlens, C. Szegedy, Explaining and Harnessing Adversarial Examples, ICLR 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Identity()  # the numbers are the logits
    >>> tw.nn.utils.fgsm(net, tw.asarray([[0.5, 0.25]]), [0], 0.25)
    tensor([[0.25, 0.5 ]])
    """
    x, epsilon = _checked("fgsm", module, input, epsilon, loss, low, high)
    with _frozen(module):
        return clip(x + epsilon * sign(_gradient(module, x, target, loss)), low, high)


def pgd(
    module: Module,
    input: Any,
    target: Any,
    epsilon: float,
    *,
    steps: int = 10,
    step_size: float | None = None,
    random_start: bool = True,
    loss: Callable[[Tensor, Any], Tensor] = cross_entropy,
    low: float = 0.0,
    high: float = 1.0,
    generator: Generator | None = None,
) -> Tensor:
    """Adversarial examples by projected gradient descent: steps of signs, each held within epsilon of the input.

    Parameters
    ----------
    module : Module
        It is asked in evaluation mode, and stays as it was.
    input : array-like
        Floating: a batch as the module takes it.
    target : array-like
        What `loss` compares with: the true classes.
    epsilon : float
        How much each element is changed at most.
    steps : int
    step_size : float, optional
        By default `2.5 * epsilon / steps`.
    random_start : bool
        Whether it starts anywhere within epsilon of the input, or there.
    loss : callable
        (results, target) -> a tensor of one element.
    low, high : float
        Elements are kept between them: 0 and 1 for pixels; `-inf` and `inf` for no bounds.
    generator : Generator, optional
        Where the start is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor, of the shape of `input`

    Raises
    ------
    ValueError
        For a negative `epsilon` or `step_size`, `steps` below 1, and `low` above `high`.
    TypeError
        For anything but a Module, an input that is not floating, and a loss that cannot be called.

    References
    ----------
    A. Madry et al., Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> net, x = tw.models.MLP([4, 8, 3]), tw.full((2, 4), 0.5)
    >>> changed = tw.nn.utils.pgd(net, x, [0, 1], 0.125)
    >>> bool((abs(changed - x) <= 0.125).all())
    True
    """
    x, epsilon = _checked("pgd", module, input, epsilon, loss, low, high)
    steps = arguments.integer("pgd", "steps", steps, at_least=1)
    size = 2.5 * epsilon / steps if step_size is None else _factor("pgd", "step_size", step_size)
    source = random.source("pgd", generator)
    changed = x
    if arguments.flag("pgd", "random_start", random_start):
        noise = source.random(x.shape, device=x.device).astype(x.dtype)
        changed = clip(x + epsilon * (2 * noise - 1), low, high)
    least, most = clip(x - epsilon, low, high), clip(x + epsilon, low, high)
    with _frozen(module):
        for _ in range(steps):
            changed = clip(changed + size * sign(_gradient(module, changed, target, loss)), least, most)
    return changed


def _checked(op: str, module: Any, input: Any, epsilon: Any, loss: Any, low: Any, high: Any) -> tuple[Tensor, float]:
    if not isinstance(module, Module):
        arguments.refuse(op, "module", module, "a Module")
    x = arguments.array(op, "input", input).detach()
    if not x.dtype.is_floating:
        raise TypeError(f"{op}: input has dtype {x.dtype.name}, but must be floating")
    arguments.function(op, "loss", loss)
    low, high = arguments.number(op, "low", low), arguments.number(op, "high", high)
    if not low <= high or math.isnan(low):
        raise ValueError(f"{op}: low is {low}, but must be at most high, {high}")
    return x, _factor(op, "epsilon", epsilon)


def _gradient(module: Module, x: Tensor, target: Any, loss: Any) -> Tensor:
    gradient: Tensor = grad(lambda x: loss(module(x), target))(x)
    return gradient


@contextlib.contextmanager
def _frozen(module: Module) -> Iterator[None]:
    """In evaluation mode, with parameters that want no gradient, which takes less time; then as it was."""
    modes = [(m, m.training) for m in module.modules()]
    learned = [p for p in module.parameters() if p.requires_grad]
    module.eval()
    for p in learned:
        p.requires_grad = False
    try:
        yield
    finally:
        for m, training in modes:
            m.training = training
        for p in learned:
            p.requires_grad = True
