"""Adam and AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer, decay

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["Adam", "AdamW"]


class Adam(FusedOptimizer):
    """Steps scaled by running means of the gradient and of its square.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate: about the largest change of an element in a step.
    betas : tuple of two floats
        How much of the running means of the gradient and of its square is kept in a step, in [0, 1).
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty, which Adam's scaling distorts: see
        `AdamW`).
    amsgrad : bool
        Scale by the largest mean square so far.
    maximize : bool
        Step up the gradient instead of down.
    decoupled_weight_decay : bool
        Shrink the parameters by `lr * weight_decay` in each step instead, as `AdamW` does.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no real numbers, or no bools.

    Notes
    -----
    `m = beta1 m + (1 - beta1) g`, `v = beta2 v + (1 - beta2) g^2`, and in step t
    `p = p - lr * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)`. All parameters of a group are updated in one
    kernel call.

    References
    ----------
    D. Kingma, J. Ba, Adam: A Method for Stochastic Optimization, ICLR 2015. S. Reddi, S. Kale, S. Kumar, On the
    Convergence of Adam and Beyond, ICLR 2018 (AMSGrad).

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.Adam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.5, 1.5], requires_grad=True)
    """

    _rule = "adam"
    _needed = ("step", "exp_avg", "exp_avg_sq")
    _optional = ("max_exp_avg_sq",)

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "eps", "weight_decay")
        self._check_flags(group, "amsgrad", "maximize", "decoupled_weight_decay")
        self._check_betas(group)

    def _kept(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {
            "rate": group["lr"] / (1 - beta1**step),
            "beta1": beta1,
            "beta2": beta2,
            "unbias2": 1 / (1 - beta2**step),
            "eps": group["eps"],
            "maximize": group["maximize"],
            **decay(group, group["decoupled_weight_decay"]),
        }


class AdamW(Adam):
    """Adam with weight decay that is not scaled: in each step `p = p - lr * weight_decay * p` beside Adam's update.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate: about the largest change of an element in a step.
    betas : tuple of two floats
        How much of the running means of the gradient and of its square is kept in a step, in [0, 1).
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        By `lr * weight_decay` the parameters shrink in each step.
    amsgrad : bool
        Scale by the largest mean square so far.
    maximize : bool
        Step up the gradient instead of down.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options that are no real numbers, or no bools.

    References
    ----------
    I. Loshchilov, F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Linear(4, 2)
    >>> tw.optim.AdamW(net.parameters(), lr=1e-3).param_groups[0]["weight_decay"]
    0.01
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)

    def _check(self, group: dict[str, Any]) -> None:
        group["decoupled_weight_decay"] = True  # whatever a state of Adam says that is loaded
        super()._check(group)
