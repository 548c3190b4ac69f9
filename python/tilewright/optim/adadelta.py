"""Adadelta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._fused import FusedOptimizer

if TYPE_CHECKING:
    from .optimizer import Params

__all__ = ["Adadelta"]


class Adadelta(FusedOptimizer):
    """Gradients scaled by the root mean square of past steps over that of past gradients.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        The parameters, or groups of them: see `Optimizer`.
    lr : float
        Factor of the step, which has a scale of its own.
    rho : float
        How much of the running means is kept in a step, in [0, 1).
    eps : float
        Added to the mean squares, inside the roots.
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
    With gradient g: `v = rho v + (1 - rho) g^2`, `u = sqrt(d + eps) / sqrt(v + eps) * g`, `d = rho d + (1 - rho)
    u^2`, `p = p - lr u`. All parameters of a group are updated in one kernel call.

    References
    ----------
    M. Zeiler, ADADELTA: An Adaptive Learning Rate Method, 2012.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.Adadelta([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "adadelta"
    _needed = ("step", "square_avg", "acc_delta")

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "rho", "eps", "weight_decay")
        self._check_flags(group, "maximize")
        self._require(group, "rho", group["rho"] < 1, "in [0, 1)")

    def _settings(self, group: dict[str, Any], step: int) -> dict[str, Any]:
        return {
            "rate": group["lr"],
            "decay": group["weight_decay"],
            "beta2": group["rho"],
            "eps": group["eps"],
            "maximize": group["maximize"],
        }
