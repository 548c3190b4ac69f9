"""Lion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer, decay

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["Lion"]


class Lion(FusedOptimizer):
    """Steps of one size: the sign of a mean of gradient and momentum.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate: by how much every element changes in a step.
    betas : tuple of two floats
        Shares of the momentum in the step, and of the momentum that is kept, in [0, 1).
    weight_decay : float
        By `lr * weight_decay` the parameters shrink in each step.
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
    With gradient g: `p = p - lr (sign(beta1 m + (1 - beta1) g) + weight_decay p)`, then `m = beta2 m + (1 - beta2)
    g`. All parameters of a group are updated in one kernel call.

    References
    ----------
    X. Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.Lion([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "lion"
    _needed = ("step", "exp_avg")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "weight_decay")
        self._check_flags(group, "maximize")
        self._check_betas(group)

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {
            "rate": group["lr"],
            "beta1": beta1,
            "beta2": beta2,
            "maximize": group["maximize"],
            **decay(group, decoupled=True),
        }
