"""Stochastic gradient descent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .optimizer import Optimizer, zeros_like

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["SGD"]


class SGD(Optimizer):
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

    def _update(self, group: dict[str, Any], params: list[Tensor], arrays: list[Any]) -> None:
        if not group["momentum"]:
            self._step(group, params, arrays, [], False)
            return
        known = self.state
        try:
            buffers = [known[p]["momentum_buffer"]._array for p in params]
        except KeyError:
            self._start(group, params)
        else:
            self._step(group, params, arrays, buffers, False)

    def _start(self, group: dict[str, Any], params: list[Tensor]) -> None:
        """A step of parameters some of which have no buffer yet: the first step of those."""
        fresh = {p: {"momentum_buffer": zeros_like(p)} for p in params if p not in self.state}
        known = {p: self.state[p] for p in params if p in self.state}
        if known:  # two kernel calls: see `Optimizer.step`
            self._check_arrays(params)
        for part, first in ((fresh, True), (known, False)):
            if part:
                buffers = [state["momentum_buffer"]._array for state in part.values()]
                self._step(group, list(part), [p._array for p in part], buffers, first)
        self.state.update(fresh)  # only now, so that a step that is refused leaves no trace

    def _step(
        self, group: dict[str, Any], params: list[Tensor], arrays: list[Any], buffers: list[Any], first: bool
    ) -> None:
        _core.sgd_step(
            arrays,
            [p._node.grad._array for p in params],
            buffers,
            group["lr"],
            group["momentum"],
            group["dampening"],
            group["weight_decay"],
            group["nesterov"],
            group["maximize"],
            first,
        )
