"""Stochastic gradient descent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["SGD"]


class SGD(FusedOptimizer):
    """Stochastic gradient descent, with momentum where wanted.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate.
    momentum : float
        Share of the last step that is kept.
    dampening : float
        Share of the gradient that is left out of the momentum.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty).
    nesterov : bool
        Look ahead along the momentum; needs `momentum` and no `dampening`.
    maximize : bool
        Step up the gradient instead of down.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no real numbers, or no bools.

    Notes
    -----
    With gradient g, `g + weight_decay * p` where there is weight decay: `b = momentum * b + (1 - dampening) * g`, in
    the first step `b = g`; `p = p - lr * b`, or with Nesterov `p = p - lr * (g + momentum * b)`. All parameters of a
    group are updated in one kernel call.

    References
    ----------
    I. Sutskever, J. Martens, G. Dahl, G. Hinton, On the importance of initialization and momentum in deep learning,
    ICML 2013.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn, optim
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = optim.SGD([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0., 0.], requires_grad=True)

    Weight decay that leaves biases alone:

    >>> net = nn.Linear(4, 2)
    >>> optimizer = optim.SGD(
    ...     [{"params": net.weight}, {"params": net.bias, "weight_decay": 0.0}], lr=0.1, weight_decay=1e-4
    ... )
    """

    _rule = "sgd"
    _needed = ()
    _optional = ("momentum_buffer",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "momentum", "weight_decay")
        self._check_flags(group, "nesterov", "maximize")
        group["dampening"] = dampening = arguments.number(self._name, "dampening", group["dampening"])
        self._require(group, "dampening", math.isfinite(dampening), "finite")
        if group["nesterov"]:
            self._require(group, "momentum", group["momentum"] > 0, "positive for nesterov")
            self._require(group, "dampening", dampening == 0, "0 for nesterov")

    def _kept(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("momentum_buffer",) if group["momentum"] else ()

    def _progress(self, group: dict[str, Any], params: list[Tensor], states: list[dict[str, Any]]) -> list[Any]:
        """Whether the parameter has a momentum buffer from an earlier step."""
        return [p in self.state for p in params] if states else [True]

    def _record(self, states: list[dict[str, Any]], progress: list[Any]) -> None:
        pass

    def _settings(self, group: dict[str, Any], moving: bool) -> dict[str, Any]:
        return {
            "rate": group["lr"],
            "decay": group["weight_decay"],
            "beta1": group["momentum"],
            "gain": 1 - group["dampening"],
            "first": not moving,
            "nesterov": group["nesterov"],
            "maximize": group["maximize"],
        }
