"""Adagrad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["Adagrad"]


class Adagrad(FusedOptimizer):
    """Gradients over the root of the sum of all their squares.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Learning rate.
    lr_decay : float
        In step t the rate is `lr / (1 + (t - 1) lr_decay)`.
    weight_decay : float
        Factor of the parameters that is added to their gradients (an L2 penalty).
    initial_accumulator_value : float
        What the sums of squares start from.
    eps : float
        Added to the root of the sum.
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
    With gradient g: `s = s + g^2`, `p = p - lr / (1 + (t - 1) lr_decay) * g / (sqrt(s) + eps)`. All parameters of a
    group are updated in one kernel call.

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive Subgradient Methods for Online Learning and Stochastic Optimization,
    JMLR 12, 2011.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.Adagrad([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "adagrad"
    _needed = ("step", "sum")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
        self._check_flags(group, "maximize")

    def _initial(self, group: dict[str, Any], name: str, p: Tensor) -> Any:
        start = super()._initial(group, name, p)
        return start + group["initial_accumulator_value"] if name == "sum" else start

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        return {
            "rate": group["lr"] / (1 + (step - 1) * group["lr_decay"]),
            "decay": group["weight_decay"],
            "eps": group["eps"],
            "maximize": group["maximize"],
        }
