"""Gradients of softmax-attention: kernels that compute the weights again, tile by tile.

Where the backward pass is recorded, the definition is differentiated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.composed import Pullback
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node
from .._functions import attention as attention  # declares the op

if TYPE_CHECKING:
    from collections.abc import Sequence


class AttentionPlan:
    """`Plan` of softmax-attention.

    Parameters
    ----------
    mask
        Which of the inputs want a gradient: q, k, v, keep, bias, relative.
    """

    __slots__ = ("biases", "operands", "pullback")

    name = "scaled_dot_product_attention"
    inputs = 6
    statics = 9
    calls_user = False

    def __init__(self, mask: tuple[bool, ...]) -> None:
        self.operands = mask[:3]
        self.biases = mask[4:]
        self.pullback = Pullback(self.name, mask, range(self.inputs), range(self.inputs, self.inputs + self.statics))

    def save(self, *operands: Any) -> tuple[Any, ...]:
        """Everything: inputs, static parameters, output and log-sum-exp."""
        return operands

    def backward(self, node: Node, g: Any) -> Sequence[Any]:
        """The cotangents of the inputs that want one, by kernels."""
        bare: list[Any] = [getattr(x, "_array", x) for x in node.saved]
        of_results: list[Any] = [None if c is None else c._array for c in g]
        parts: list[Any] = []
        if any(self.operands):
            parts += _core.attention_backward(self.operands, *of_results, *bare)
        if any(self.biases):
            parts += _core.attention_bias_backward(self.biases, *of_results, *bare)
        return [wrap(part) for part in parts if part is not None]

    def recorded(self, node: Node, g: Any) -> Sequence[Any]:
        """The same in ops."""
        return self.pullback.recorded(node, g)


VJPS: dict[str, Any] = {AttentionPlan.name: AttentionPlan}

register_vjps(VJPS)
