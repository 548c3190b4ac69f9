"""RAdam."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer, decay

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["RAdam"]


class RAdam(FusedOptimizer):
    """Adam that scales its steps only once the variance of the scale is known well enough.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate.
    betas : tuple of two floats
        How much of the running means of the gradient and of its square is kept in a step, in [0, 1).
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty).
    decoupled_weight_decay : bool
        Shrink the parameters by `lr * weight_decay` in each step instead, as `AdamW` does.
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
    With m and v as in `Adam`, `r_inf = 2 / (1 - beta2) - 1` and `r = r_inf - 2 t beta2^t / (1 - beta2^t)`: where r
    is above 5, Adam's step is multiplied by `sqrt((r - 4) (r - 2) r_inf / ((r_inf - 4) (r_inf - 2) r))`; before
    that, `p = p - lr m / (1 - beta1^t)`. Epsilon is added to `sqrt(v)`, before the correction. All parameters of a
    group are updated in one kernel call.

    References
    ----------
    L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han, On the Variance of the Adaptive Learning Rate and
    Beyond, ICLR 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.RAdam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "radam"
    _needed = ("step", "exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "eps", "weight_decay")
        self._check_flags(group, "decoupled_weight_decay", "maximize")
        self._check_betas(group)

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        rate, power = group["lr"] / (1 - beta1**step), beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * power / (1 - power)
        rectified = length > 5
        if rectified:
            share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            rate *= math.sqrt(share * (1 - power))
        return {
            "rate": rate,
            "rectified": rectified,
            "beta1": beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "maximize": group["maximize"],
            **decay(group, group["decoupled_weight_decay"]),
        }
