"""Receptive fields: how much of the input a unit sees, by way of a recorded forward pass.

A layer that looks through windows widens the field of its input; so they are followed from layer to layer, over what
the tape has between them. Of several paths the longest counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine.backward import by_clock
from .._engine.registry import DECLARED_IN
from . import _costs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._engine.tensor import Tensor
    from .module import Module

# Ops that give each pixel from the same pixel of their operands: those of these families, and single ones.
_FAMILIES = {"activations", "arithmetic", "dropout", "exponential", "extrema", "normalization", "trigonometric"}
_POINTWISE = {"astype", "where"}
_RESHAPING = {"concatenate", "reshape", "squeeze"}


class Field(NamedTuple):
    """In pixels of the input, along each spatial axis: how many a unit sees, and the step from one unit to the next.

    Empty where nothing has widened it yet.
    """

    size: tuple[int, ...]
    step: tuple[int, ...]

    def seen_through(self, window: _costs.Window) -> Field:
        axes = len(window.kernel)
        sizes, steps = self.size or (1,) * axes, self.step or (1,) * axes
        each = zip(sizes, steps, *window, strict=True)
        sizes = tuple([size + (kernel - 1) * dilation * step for size, step, kernel, _, dilation in each])
        return Field(sizes, tuple([a * b for a, b in zip(steps, window.stride, strict=True)]))

    def __str__(self) -> str:
        return " × ".join(map(str, self.size if len(set(self.size)) > 1 else self.size[:1])) or "1"


ALL, UNKNOWN, NOTHING = "all", "?", "-"


class Fields:
    """The fields of the results of layers, given the tensors that stand for images."""

    def __init__(self, images: Iterable[Tensor]) -> None:
        self.known: dict[Any, Field | str] = {x._node: Field((), ()) for x in images}

    def enter(self, module: Module, x: Tensor, y: Tensor) -> None:
        """Note what a layer that looks through windows made of its input."""
        field = self.of(x)
        if y._node is None or y._node is x._node or isinstance(field, str):
            return
        window = _costs.window(module, x, y)
        if window is None:
            self.known[y._node] = UNKNOWN
        elif hasattr(module, "output_size") and all(extent == 1 for extent in y.shape[-len(window.kernel) :]):
            self.known[y._node] = ALL
        else:
            self.known[y._node] = field.seen_through(window)

    def of(self, x: Tensor) -> Field | str:
        """Of one tensor of the pass."""
        if x._node is None:
            return NOTHING
        new = {x._node} - self.known.keys()
        stack = list(new)
        while stack:
            parents = set(stack.pop().parents) - self.known.keys() - new
            new |= parents
            stack += parents
        for node in sorted(new, key=by_clock):
            self.known[node] = self._follow(node)
        return self.known[x._node]

    def _follow(self, node: Any) -> Field | str:
        """What an op makes of the fields of its operands."""
        fields = [(parent, self.known[parent]) for parent in node.parents if self.known[parent] != NOTHING]
        if not fields:
            return NOTHING
        if type(node.saved) is int:  # one of the results of a call
            return fields[0][1]
        if any(field == ALL for _, field in fields):
            return ALL
        if any(field == UNKNOWN for _, field in fields):
            return UNKNOWN
        name = node.plan.name
        if name in _RESHAPING:
            keeps_pixels = all(_same_pixels(node, parent) for parent, _ in fields)
        else:
            keeps_pixels = _is_pointwise(name)
        if not keeps_pixels:
            return ALL if len(node.shape) <= 2 else UNKNOWN
        return _joined([field for _, field in fields])


def _is_pointwise(name: str) -> bool:
    return name in _POINTWISE or DECLARED_IN.get(name, "").rpartition(".")[2] in _FAMILIES


def _same_pixels(node: Any, parent: Any) -> bool:
    """Whether the spatial axes are left as they are, or there are none any more."""
    return len(node.shape) <= 2 or node.shape[2:] == parent.shape[2:]


def _joined(fields: list[Any]) -> Field | str:
    """The widest along each axis; unknown where units are not equally far apart."""
    axes = max(len(field.size) for field in fields)
    sizes = [field.size or (1,) * axes for field in fields]
    steps = {field.step or (1,) * axes for field in fields}
    if len(steps) > 1:
        return UNKNOWN
    return Field(tuple(map(max, zip(*sizes, strict=True))), steps.pop())
