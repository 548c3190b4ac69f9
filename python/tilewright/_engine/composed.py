"""Differentiating an op by its definition: what it computes, written in other ops.

A fused kernel's gradient is a fused kernel too, and that cannot be differentiated. So where the backward pass is
recorded, the definition is computed again from the op's operands, and walked back.
"""

from __future__ import annotations

from .. import _core
from .backward import run_backward
from .registry import DEFINITIONS
from .tape import ON, Leaf, Node, state
from .tensor import Tensor, filled_like

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Alias:
    """Plan of a tensor that stands for another one: the walk back can stop at it."""

    name = "argument"
    calls_user = False

    @staticmethod
    def backward(node: Node, g: Tensor) -> tuple[Tensor]:
        return (g,)


def alias(x: Tensor, parent: Any) -> Tensor:
    """A tensor on the memory of x, with a node of its own behind which is `parent`, or a leaf where that is None."""
    shape = x._array.shape
    node: Any = Leaf(shape) if parent is None else Node(Alias, (parent,), (), shape)
    return _core.wrap(x._array, node, x)


class Pullback:
    """How a plan differentiates an op by its definition.

    Parameters
    ----------
    name
        The op's.
    mask
        For each of its inputs, whether it wants a gradient.
    inputs, statics
        Where these are in what a node saves.
    """

    __slots__ = ("inputs", "mask", "name", "statics")

    def __init__(self, name: str, mask: tuple[bool, ...], inputs: Sequence[int], statics: Sequence[int]) -> None:
        self.name = name
        self.mask = mask
        self.inputs = inputs
        self.statics = statics

    def backward(self, node: Node, g: Any) -> list[Tensor]:
        """The cotangents of the inputs that want one, for that of the result; of several results, g is a list."""
        return self._pull(node, g, False)

    def recorded(self, node: Node, g: Any) -> list[Tensor]:
        """The same, so that they can be differentiated with respect to the inputs and g."""
        return self._pull(node, g, True)

    def _pull(self, node: Node, g: Any, create_graph: bool) -> list[Tensor]:
        inputs, wanted = self._aliased(node, create_graph)
        before = state.mode, state.recording
        # Not anomaly mode: a step of the definition may overflow where the kernel does not.
        state.mode = state.recording = ON
        try:
            y = DEFINITIONS[self.name](*inputs, *[node.saved[i] for i in self.statics])
            results = [(r._node, c) for r, c in (zip(y, g, strict=True) if isinstance(y, tuple) else [(y, g)])]
            reached = [(root, c) for root, c in results if root is not None and c is not None]
            arrived = run_backward(
                [root for root, _ in reached],
                [c for _, c in reached],
                wanted=[x._node for x in wanted] if create_graph else None,
                create_graph=create_graph,
            )
        finally:
            state.mode, state.recording = before
        return [arrived[x._node] if x._node in arrived else filled_like(x, 0) for x in wanted]

    def _aliased(self, node: Node, create_graph: bool) -> tuple[list[Any], list[Tensor]]:
        """What the op was given, and the tensors among it that want a gradient.

        These are aliases, so that each gets a cotangent of its own where two inputs are one tensor, and hooks on them
        do not run here. Other tensors are constants, as they were when the op was recorded.
        """
        parents = iter(node.parents)
        inputs: list[Any] = []
        wanted: list[Tensor] = []
        for i, wants in zip(self.inputs, self.mask, strict=True):
            x = node.saved[i]
            if wants:
                parent = next(parents)
                x = alias(x, parent if create_graph else None)
                wanted.append(x)
            elif isinstance(x, Tensor):
                x = _core.wrap(x._array, None, x)
            inputs.append(x)
        return inputs, wanted
