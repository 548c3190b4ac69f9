"""The gradient of `linear`: one rule for all its inputs, since they share the gradient of the activation's argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node
from .._functions import linear as linear  # declares the op
from .._functions.activations import BACKWARD
from .._functions.linalg import _matmul_tn, matmul
from .linalg import MatrixProduct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor


# Whether an activation is differentiated from its result, not its argument; what it takes is what the plan keeps.
_FROM_RESULT = {name: not from_argument for name, from_argument in _core.activations().items()}


class LinearPlan:
    """`Plan` of `y = activation(z)`, `z = x weightᵀ + bias`.

    Parameters
    ----------
    mask
        Whether x, weight and bias want a gradient.

    Notes
    -----
    With dz = g activation'(z), the gradients are dz weight, dzᵀ x and the sum of dz over its rows. dz and that sum are
    made in one pass over memory; where the backward pass is recorded, by the activation's own rule. The definition is
    not differentiated there, since it needs every operand: x would be kept beside a frozen weight too.
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
            if self.wants_bias:
                dz, db = _core.bias_activation_backward(g._array, kept, activation)
                g, of_bias = wrap(dz), wrap(db)
            else:
                g = BACKWARD[activation](g, wrap(kept))
        gradients: list[Any] = []
        if self.wants_x:
            gradients.append(MatrixProduct(matmul, g, weight))
        if self.wants_weight:
            gradients.append(MatrixProduct(_matmul_tn, g, x))
        if self.wants_bias:
            gradients.append(of_bias)
        return gradients

    def recorded(self, node: Node, g: Tensor) -> Sequence[Any]:
        """The same in ops: back through the activation to the node that the affine map alone would have left."""
        x, weight, kept, activation = node.saved
        if kept is None:
            return self.backward(node, g)
        affine = Node(self, node.parents, (x, weight, None, "none"), node.shape)
        kept = wrap(kept, node if _FROM_RESULT[activation] else affine)
        return self.backward(affine, BACKWARD[activation](g, kept))


VJPS: dict[str, Any] = {"linear": LinearPlan}

register_vjps(VJPS)
