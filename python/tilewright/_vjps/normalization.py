"""Gradients of normalisation: one pass of a kernel for all inputs, and where it is recorded, the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.composed import Pullback
from .._engine.op import wrap
from .._engine.registry import register_vjps
from .._engine.tape import Node
from .._functions import normalization as normalization  # declares the ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor


Arrays = tuple[Any, Any, Any, Any, Any]


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
        return _core.norm_rows_backward(*arrays, shape, 1, 1, True, self.mask[1] or self.mask[2])


class RMSNormPlan(NormPlan):
    __slots__ = ()

    name = definition = "rms_norm"
    inputs = statics = 2

    def gradients(self, node: Node, arrays: Arrays) -> Sequence[Any]:
        shape = node.saved[2]
        return _core.norm_rows_backward(*arrays, shape, 1, 1, False, self.mask[1])


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
        return _core.norm_rows_backward(*arrays, (channels,), inner, groups, True, self.mask[1] or self.mask[2])


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
    *(LayerNormPlan, RMSNormPlan, GroupNormPlan, UntrackedInstanceNormPlan, InstanceNormPlan),
    *(UntrackedBatchNormPlan, BatchNormPlan, GivenNormPlan),
)
VJPS: dict[str, Any] = {plan.name: plan for plan in _PLANS}

register_vjps(VJPS)
