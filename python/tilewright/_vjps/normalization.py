"""Gradients of normalisation: one pass of a kernel for all inputs, and where it is recorded, the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.composed import Pullback
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node, output_node
from .._engine.tensor import filled_like
from .._functions import normalization as normalization  # declares the ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor


Arrays = tuple[Any, Any, Any, Any, Any]
NOTHING: Any = None  # that is added to the gradient of x


class NormPlan:
    """`Plan` of a normalisation of x with weight and bias, by the kernel `gradients`.

    Parameters
    ----------
    mask
        Which of the inputs want a gradient: x, weight, bias, and the running statistics where there are such.

    Attributes
    ----------
    definition
        The op whose definition is differentiated: the same, but that it writes nothing.
    inputs, statics
        How many of those it has.
    """

    __slots__ = ("fused", "mask", "pullback")

    name: str
    definition: str
    inputs = 3
    statics = 1
    calls_user = False

    def __init__(self, mask: tuple[bool, ...]) -> None:
        count = self.inputs
        self.mask = mask[:count]
        self.fused = not any(mask[3:])  # given statistics that want a gradient have it from the definition
        self.pullback = Pullback(self.definition, self.mask, range(count), range(count, count + self.statics))

    def save(self, *operands: Any) -> tuple[Any, ...]:
        """The operands of the definition, then the statistics; `operands` are all of the op's, its result and those."""
        return *operands[: self.inputs], *operands[-3 - self.statics : -3], *operands[-2:]

    def backward(self, node: Node, g: Tensor) -> Sequence[Any]:
        """The cotangents of the inputs that want one."""
        if not self.fused:
            return self.pullback.backward(node, g)
        x, weight, *_, mean, rstd = node.saved
        of_channels: Any = None if weight is None else weight._array
        parts = self.gradients(node, (g._array, x._array, of_channels, mean, rstd))
        return [wrap(part) for part, wants in zip(parts, self.mask, strict=False) if wants]

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        """Bare arrays for x, weight and bias from g, x, weight, mean and rstd."""
        raise NotImplementedError

    def recorded(self, node: Node, g: Tensor) -> Sequence[Any]:
        """The same in ops."""
        return self.pullback.recorded(node, g)


class LayerNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "layer_norm"
    statics = 2

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        shape = node.saved[3]
        return _core.norm_rows_backward(*arrays, NOTHING, shape, 1, 1, True, self.mask[1] or self.mask[2])


class RMSNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "rms_norm"
    inputs = statics = 2

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        shape = node.saved[2]
        return _core.norm_rows_backward(*arrays, NOTHING, shape, 1, 1, False, self.mask[1])


class AddNormPlan:
    """`Plan` of a normalisation of a sum, which is a result too; so of the operands the sum alone is kept.

    Parameters
    ----------
    mask
        Which of the inputs want a gradient: x, residual, weight, and bias where there is one.

    Attributes
    ----------
    of_sum
        The op that normalises what is added up already, whose definition is differentiated.
    """

    __slots__ = ("mask", "pullback")

    name: str
    of_sum: str
    centered = True
    calls_user = False

    def __init__(self, mask: tuple[bool, ...]) -> None:
        self.mask = mask
        count = len(mask) - 1
        self.pullback = Pullback(self.of_sum, (True, *mask[2:]), range(count), range(count, count + 2))

    def save(self, *operands: Any) -> tuple[Any, ...]:
        """The sum, weight, bias, shape, eps, and the statistics."""
        _, _, *given, _, total, mean, rstd = operands
        return total, *given, mean, rstd

    def backward(self, node: Node, g: Any) -> Sequence[Any]:
        """The cotangents of the inputs that want one."""
        of_y, of_sum = g
        if of_y is None:
            return self._of_inputs([of_sum, *[filled_like(x, 0) for x in self._weights(node)]])
        total, weight, *_, shape, _, mean, rstd = node.saved
        of_channels: Any = None if weight is None else weight._array
        added: Any = None if of_sum is None else of_sum._array
        arrays: Arrays = (of_y._array, total, of_channels, mean, rstd)
        parts = _core.norm_rows_backward(*arrays, added, shape, 1, 1, self.centered, any(self.mask[2:]))
        wanted = [part for part, wants in zip(parts[1:], self.mask[2:], strict=False) if wants]
        return self._of_inputs([wrap(part) for part in (parts[0], *wanted)])

    def recorded(self, node: Node, g: Any) -> Sequence[Any]:
        """The same in ops: the sum is a result of this node, through which it depends on x and the residual."""
        of_y, of_sum = g
        if of_y is None:
            return self.backward(node, g)
        behind = output_node(node, 1)
        parents = node.parents[self.mask[0] + self.mask[1] :]
        saved = (_core.wrap(node.saved[0], behind, of_y), *node.saved[1:])
        found = self.pullback.recorded(Node(self, (behind, *parents), saved, node.shape[0]), of_y)
        return self._of_inputs([found[0] if of_sum is None else found[0] + of_sum, *found[1:]])

    def _of_inputs(self, found: list[Any]) -> list[Any]:
        """x and the residual have the cotangent of the sum."""
        return [found[0]] * (self.mask[0] + self.mask[1]) + found[1:]

    def _weights(self, node: Node) -> list[Any]:
        return [x for x, wants in zip(node.saved[1:], self.mask[2:], strict=False) if wants]


class AddLayerNormPlan(AddNormPlan):
    __slots__ = ()

    name, of_sum = "add_layer_norm", "layer_norm"


class AddRMSNormPlan(AddNormPlan):
    __slots__ = ()

    name, of_sum = "add_rms_norm", "rms_norm"
    centered = False


class GroupNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "group_norm"
    statics = 2

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        return self.of_groups(node, arrays, node.saved[3])

    def of_groups(self, node: Node, arrays: Arrays, groups: int) -> Sequence[Any]:
        _, channels, *places = node.shape
        inner = 1
        for length in places:
            inner *= length
        return _core.norm_rows_backward(
            *arrays, NOTHING, (channels,), inner, groups, True, self.mask[1] or self.mask[2]
        )


class UntrackedInstanceNormPlan(GroupNormPlan):
    __slots__ = ()

    name = definition = "untracked_instance_norm"
    statics = 1

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        return self.of_groups(node, arrays, node.shape[1])


class InstanceNormPlan(UntrackedInstanceNormPlan):
    __slots__ = ()

    name = "instance_norm"


class UntrackedBatchNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "untracked_batch_norm"

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        return _core.norm_channels_backward(*arrays, False, self.mask[0], self.mask[1] or self.mask[2])


class BatchNormPlan(UntrackedBatchNormPlan):
    __slots__ = ()

    name = "batch_norm"


class GivenNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "given_norm"
    inputs = 5
    statics = 2

    def save(self, *operands: Any) -> tuple[Any, ...]:
        """Without the running statistics, which training may move before the way back; the kernel's are copies."""
        saved = super().save(*operands)
        return (*saved[:3], None, None, *saved[5:]) if self.fused else saved

    def recorded(self, node: Node, g: Tensor) -> Sequence[Any]:
        """The same in ops."""
        if self.fused:
            *inputs, _, _, op, eps, mean, rstd = node.saved
            var = _core.subtract(_core.divide(1.0, _core.square(rstd)), eps)
            given = [wrap(_core.astype(array, inputs[0].dtype, True)) for array in (mean, var)]
            node = Node(self, node.parents, (*inputs, *given, op, eps, mean, rstd), node.shape)
        return self.pullback.recorded(node, g)

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        return _core.norm_channels_backward(*arrays, True, self.mask[0], self.mask[1] or self.mask[2])


_PLANS = (
    *(LayerNormPlan, RMSNormPlan, AddLayerNormPlan, AddRMSNormPlan),
    *(GroupNormPlan, UntrackedInstanceNormPlan, InstanceNormPlan),
    *(UntrackedBatchNormPlan, BatchNormPlan, GivenNormPlan),
)
VJPS: dict[str, Any] = {plan.name: plan for plan in _PLANS}

register_vjps(VJPS)
