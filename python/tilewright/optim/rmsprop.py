"""RMSprop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["RMSprop"]


class RMSprop(FusedOptimizer):
    """Gradients over the root of a running mean of their squares.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate.
    alpha : float
        How much of the running means is kept in a step, in [0, 1).
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty).
    momentum : float
        Share of the last step that is kept.
    centered : bool
        Divide by the standard deviation: subtract the squared running mean of the gradient from the mean square.
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
    With gradient g: `v = alpha v + (1 - alpha) g^2`; centred, `m = alpha m + (1 - alpha) g` and `v - m^2` in place
    of v; `u = g / (sqrt(v) + eps)`; with momentum `b = momentum b + u` in place of u; `p = p - lr u`. All
    parameters of a group are updated in one kernel call.

    References
    ----------
    T. Tieleman, G. Hinton, Lecture 6.5, COURSERA: Neural Networks for Machine Learning, 2012. A. Graves, Generating
    Sequences With Recurrent Neural Networks, 2013 (centred).

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.RMSprop([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "rmsprop"
    _needed = ("step", "square_avg")
    _optional = ("grad_avg", "momentum_buffer")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "alpha", "eps", "weight_decay", "momentum")
        self._check_flags(group, "centered", "maximize")
        self._require(group, "alpha", group["alpha"] < 1, "in [0, 1)")

    def _kept(self, group: dict[str, Any]) -> tuple[str, ...]:
        centred = ("grad_avg",) if group["centered"] else ()
        moving = ("momentum_buffer",) if group["momentum"] else ()
        return ("square_avg", *centred, *moving)

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        return {
            "rate": group["lr"],
            "decay": group["weight_decay"],
            "beta1": group["momentum"],
            "beta2": group["alpha"],
            "eps": group["eps"],
            "centered": group["centered"],
            "maximize": group["maximize"],
        }
