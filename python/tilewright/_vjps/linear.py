"""The gradient of `linear`: one rule for all its inputs, since they share the gradient of the activation's argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node, state
from .._functions import activations as act, linear as linear  # declares the op
from .._functions.linalg import _matmul_tn, matmul
from .linalg import product

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor

# What they take beside the cotangent is what the plan keeps: the argument where `linear` gave it, else the result.
_DERIVATIVES: dict[str, Any] = {name: getattr(act, f"{name}_backward") for name in act.FUSED if name != "none"}


class LinearPlan:
    """`Plan` of `y = activation(z)`, `z = x weightᵀ + bias`.

    Parameters
    ----------
    mask
        Whether x, weight and bias want a gradient.

    Notes
    -----
    With dz = g activation'(z), the gradients are dz weight, dzᵀ x and the sum of dz over its rows. dz and that sum are
    made in one pass over memory, except where the backward pass is recorded: then each step is an op of its own.
    """

    __slots__ = ("wants_bias", "wants_weight", "wants_x")

    name = "linear"
    calls_user = False

    def __init__(self, mask: tuple[bool, ...]) -> None:
        self.wants_x, self.wants_weight, self.wants_bias = mask

    def save(self, x: Any, weight: Any, bias: Any, activation: str, y: Any, argument: Any) -> tuple[Any, ...]:
        """What the products and the derivative of the activation need."""
        kept = None if activation == "none" else y if argument is None else argument
        return x if self.wants_weight else None, weight if self.wants_x else None, kept, activation

    def backward(self, node: Node, g: Tensor) -> Sequence[Any]:
        """The cotangents of the inputs that want one."""
        x, weight, kept, activation = node.saved
        of_bias = g
        if kept is not None:
            if self.wants_bias and not state.mode:
                dz, db = _core.bias_activation_backward(g._array, kept, activation)
                g, of_bias = wrap(dz), wrap(db)
            else:
                g = of_bias = _DERIVATIVES[activation](g, self._on_tape(node))
        gradients: list[Any] = []
        if self.wants_x:
            gradients.append(product(matmul, g, weight))
        if self.wants_weight:
            gradients.append(product(_matmul_tn, g, x))
        if self.wants_bias:
            gradients.append(of_bias)
        return gradients

    def _on_tape(self, node: Node) -> Tensor:
        """What was kept, with its own place on the tape where the backward pass is recorded."""
        x, weight, kept, activation = node.saved
        if not state.mode:
            return wrap(kept)
        if act.FUSED[activation]:
            return wrap(kept, Node(self, node.parents, (x, weight, None, "none"), node.shape))
        return wrap(kept, node)


VJPS: dict[str, Any] = {"linear": LinearPlan}

register_vjps(VJPS)
