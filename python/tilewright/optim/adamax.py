"""Adamax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["Adamax"]


class Adamax(FusedOptimizer):
    """Adam with a running maximum in place of the root mean square.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate.
    betas : tuple of two floats
        How much of the running mean of the gradient and of its running maximum is kept in a step, in [0, 1).
    eps : float
        Added to the magnitude of the gradient.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty).
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
    With gradient g: `m = beta1 m + (1 - beta1) g`, `u = max(beta2 u, |g| + eps)`, and in step t `p = p - lr / (1 -
    beta1^t) * m / u`. All parameters of a group are updated in one kernel call.

    References
    ----------
    D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, section 7.1.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.Adamax([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "adamax"
    _needed = ("step", "exp_avg", "exp_inf")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "eps", "weight_decay")
        self._check_flags(group, "maximize")
        self._check_betas(group)

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {
            "rate": group["lr"] / (1 - beta1**step),
            "decay": group["weight_decay"],
            "beta1": beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "maximize": group["maximize"],
        }
