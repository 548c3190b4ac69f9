"""LAMB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["LAMB"]


class LAMB(FusedOptimizer):
    """Adam whose step of a parameter is as long as the rate times the norm of the parameter: for large batches.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate: the relative change of a parameter in a step.
    betas : tuple of two floats
        How much of the running means of the gradient and of its square is kept in a step, in [0, 1).
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        Factor of the parameters that is added to the step, before its length is set.
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
    With m and v as in `Adam`: `u = (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps) + weight_decay p`, `p = p
    - lr |p| / |u| u` with norms of the whole parameter; where one of them is 0, `p = p - lr u`. All parameters of a
    group are updated in one kernel call.

    References
    ----------
    Y. You et al., Large Batch Optimization for Deep Learning: Training BERT in 76 minutes, ICLR 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.LAMB([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "lamb"
    _needed = ("step", "exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
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
            "rate": group["lr"],
            "decay": group["weight_decay"],
            "beta1": beta1,
            "beta2": beta2,
            "unbias1": 1 / (1 - beta1**step),
            "unbias2": 1 / (1 - beta2**step),
            "eps": group["eps"],
            "maximize": group["maximize"],
        }
