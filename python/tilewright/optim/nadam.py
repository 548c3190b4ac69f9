"""NAdam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from ._fused import FusedOptimizer, decay

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from .optimizer import Params

__all__ = ["NAdam"]


class NAdam(FusedOptimizer):
    """Adam with Nesterov momentum: the step looks ahead along the running mean.

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
    momentum_decay : float
        How fast the momentum of a step approaches `beta1`.
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
    With m and v as in `Adam` and `mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2)`: `p = p - lr ((1 - mu_t) / (1 -
    mu_1 ... mu_t) g + mu_{t+1} / (1 - mu_1 ... mu_{t+1}) m) / (sqrt(v / (1 - beta2^t)) + eps)`. All parameters of a
    group are updated in one kernel call.

    References
    ----------
    T. Dozat, Incorporating Nesterov Momentum into Adam, ICLR workshop 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> optimizer = tw.optim.NAdam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    """

    _rule = "nadam"
    _needed = ("step", "exp_avg", "exp_avg_sq", "mu_product")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        self._check_numbers(group, "lr", "eps", "weight_decay", "momentum_decay")
        self._check_flags(group, "decoupled_weight_decay", "maximize")
        self._check_betas(group)

    def _kept(self, group: dict[str, Any]) -> tuple[str, ...]:
        return ("exp_avg", "exp_avg_sq")

    def _initial(self, group: dict[str, Any], name: str, p: Tensor) -> Any:
        return 1.0 if name == "mu_product" else super()._initial(group, name, p)

    def _restored(self, name: str, p: Tensor, value: Any) -> Any:
        if name == "mu_product":
            return arguments.number(f"{self._name}.load_state_dict", name, value)
        return super()._restored(name, p, value)

    def _progress(self, group: dict[str, Any], params: list[Tensor], states: list[dict[str, Any]]) -> list[Any]:
        """The number of steps, and the product of the momenta of all of them."""
        momenta: dict[int, float] = {}
        progress = []
        for state in states:
            step = state["step"] + 1
            if step not in momenta:
                momenta[step] = _momentum(group, step)
            progress.append((step, state["mu_product"] * momenta[step]))
        return progress

    def _record(self, states: list[dict[str, Any]], progress: list[Any]) -> None:
        for state, (step, product) in zip(states, progress, strict=True):
            state["step"], state["mu_product"] = step, product

    def _settings(self, group: dict[str, Any], progress: tuple[int, float]) -> dict[str, Any]:
        step, product = progress
        beta1, beta2 = group["betas"]
        now, after = _momentum(group, step), _momentum(group, step + 1)
        return {
            "rate": group["lr"] * after / (1 - product * after),
            "gain": group["lr"] * (1 - now) / (1 - product),
            "beta1": beta1,
            "beta2": beta2,
            "unbias2": 1 / (1 - beta2**step),
            "eps": group["eps"],
            "maximize": group["maximize"],
            **decay(group, group["decoupled_weight_decay"]),
        }


def _momentum(group: dict[str, Any], step: int) -> float:
    momentum: float = group["betas"][0] * (1 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
    return momentum
