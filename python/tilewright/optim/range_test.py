"""The learning-rate range test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor
from ..autograd import no_grad
from .optimizer import Optimizer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RangeTest", "lr_range_test"]


class RangeTest(NamedTuple):
    """What `lr_range_test` gives.

    Attributes
    ----------
    rates : list of float
        The learning rates.
    losses : list of float
        The loss at each, before its step.
    """

    rates: list[float]
    losses: list[float]


def lr_range_test(
    optimizer: Optimizer,
    closure: Callable[[], Any],
    start_lr: float = 1e-7,
    end_lr: float = 10.0,
    num_iter: int = 100,
    diverged: float = 5.0,
) -> RangeTest:
    """Losses while the learning rate grows from step to step; parameters, state and rates are put back afterwards.

    Parameters
    ----------
    optimizer : Optimizer
        With the parameters that are trained. Its options but the rate stay as they are.
    closure : callable
        Forgets the gradients, computes the loss of the next batch, calls its `backward()`, and gives it.
    start_lr, end_lr : float
        The first rate and the last.
    num_iter : int
        How many steps, at most.
    diverged : float
        Stop where the loss is not finite, or that many times the least so far.

    Returns
    -------
    RangeTest
        `rates` and `losses`. A good rate is where the loss falls fastest, or some way below where it begins to rise.

    Raises
    ------
    ValueError
        For numbers out of range, or an `end_lr` below `start_lr`.
    TypeError
        For an optimiser that is none, a closure that is no function, and for numbers of another kind.

    Notes
    -----
    `lr_i = start_lr * (end_lr / start_lr) ** (i / (num_iter - 1))`. Buffers of the model, the running statistics of
    batch norms for instance, are not put back.

    References
    ----------
    L. Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([4.0], requires_grad=True)
    >>> optimizer = tw.optim.SGD([x], lr=0.1)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (x * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> found = tw.optim.lr_range_test(optimizer, closure, start_lr=0.25, end_lr=1.0, num_iter=3)
    >>> found.rates, found.losses
    ([0.25, 0.5, 1.0], [16.0, 4.0, 0.0])
    >>> x
    tensor([4.], requires_grad=True)
    """
    op = "lr_range_test"
    if not isinstance(optimizer, Optimizer):
        arguments.refuse(op, "optimizer", optimizer, "an Optimizer")
    arguments.function(op, "closure", closure)
    low, high = arguments.number(op, "start_lr", start_lr), arguments.number(op, "end_lr", end_lr)
    if not 0 < low <= high < math.inf:
        raise ValueError(f"{op}: start_lr is {low} and end_lr {high}, but they must be positive, finite and in order")
    count = arguments.integer(op, "num_iter", num_iter, at_least=1)
    limit = arguments.number(op, "diverged", diverged)
    rates: list[float] = []
    losses: list[float] = []
    groups = optimizer.param_groups
    before = [group["lr"] for group in groups]
    params = [(p, p.detach().copy()) for group in groups for p in group["params"]]
    state = {p: {name: _copied(value) for name, value in kept.items()} for p, kept in optimizer.state.items()}
    try:
        for i in range(count):
            rate = low * (high / low) ** (i / max(1, count - 1))
            for group in groups:
                group["lr"] = rate
            loss = float(optimizer.step(closure))
            rates.append(rate)
            losses.append(loss)
            if not math.isfinite(loss) or loss > limit * min(losses):
                break
    finally:
        optimizer.state = state
        for group, lr in zip(groups, before, strict=True):
            group["lr"] = lr
        with no_grad():
            for p, value in params:
                p.copy_(value)
    return RangeTest(rates, losses)


def _copied(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied(one) for one in value]
    return value.detach().copy() if isinstance(value, Tensor) else value
