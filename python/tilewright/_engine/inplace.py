"""Writing to arrays, and what the tape makes of it.

Where nothing is recorded a write is just a write. Where gradients flow, the tensor that is written to afterwards stands
for the result of an op on its old self: its node is replaced. That is right only as long as no other tensor looks at
the same memory, for those would keep their old nodes; so then writing is refused. Every write stamps the storage, and
backward refuses to use a saved value that was written since (`tape.mark_written`).
"""

from __future__ import annotations

from .. import _core
from .dtypes import kind_of
from .op import beside, is_number, primitive, wrap
from .registry import needed
from .tape import RETAIN, Leaf, Node, mark_written, retain_grad, state
from .tensor import Tensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def check_recordable(x: Tensor, op: str) -> None:
    """Raise where a recorded write to x would be an error, or make gradients silently wrong."""
    if isinstance(x._node, Leaf):
        raise RuntimeError(
            f"{op}: in-place write to a leaf of shape {x.shape} that requires grad; do it under no_grad(), or write to "
            "x.copy()"
        )
    if not x.dtype.is_inexact:
        raise TypeError(
            f"{op}: the target has dtype {x.dtype.name}, which carries no gradient; detach() the value, or use "
            "x.astype('float32')"
        )
    if _core.is_looked_at(x):
        raise RuntimeError(
            f"{op}: in-place write to a tensor of shape {x.shape} that shares its memory with another one (it is a "
            "view, or has views), whose gradient would be wrong; write to x.copy(), use an expression that makes a new "
            "tensor, or write x[key] = x[key] + value for x[key] += value"
        )


def in_place(op: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """The method for `x op= other`: the op for where it is recorded, one that writes into x for where it is not."""
    name = op.__name__

    def write(x: Any, other: Any, /) -> Any:
        """`x op= other`, not recorded."""

    write.__name__, write.__module__ = f"{name}_", op.__module__
    return _in_place(op, primitive(promote="none", results=(), mutates=("x",), overlap=True)(write))


def by_assignment(op: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """As `in_place`, where no kernel writes into its operand: the result is copied there."""
    name = op.__name__

    def write(x: Tensor, other: Any) -> Tensor:
        result = _fitting(name, x, op(x, other))
        if kind_of(result.dtype) > kind_of(x.dtype):
            raise TypeError(
                f"{name}: the result is {result.dtype.name}, which an in-place target of {x.dtype.name} cannot hold"
            )
        _core.assign(x._array, result._array)
        mark_written([x._array])
        return x

    return _in_place(op, write)


def _in_place(op: Callable[[Any, Any], Tensor], write: Callable[[Tensor, Any], Tensor]) -> Any:
    name = op.__name__

    def apply(self: Tensor, other: Any) -> Tensor:
        if not state.mode or (self._node is None and getattr(other, "_node", None) is None):
            return write(self, other)
        if not isinstance(other, Tensor) and not is_number(other):
            other = beside(self, other)
        _write_result(self, name, op, other)
        mark_written([self._array])
        return self

    apply.__name__ = name
    return apply


def _write_result(x: Tensor, name: str, op: Callable[[Any, Any], Tensor], other: Any) -> None:
    check_recordable(x, name)
    result = _fitting(name, x, op(x, other))
    node = result._node
    if node is not None and any(value is x for value in node.saved):  # what the op saved must outlive the write
        old = wrap(_core.astype(x._array, x._array.dtype, True), x._node, x)
        node.saved = tuple([old if value is x else value for value in node.saved])
    result = needed.astype(result, x.dtype, copy=False)
    _core.assign(x._array, result._array)
    become(x, result._node)


def _fitting(name: str, x: Tensor, result: Tensor) -> Tensor:
    if result.shape != x.shape:
        raise ValueError(f"{name}: in-place target has shape {x.shape}, but the result has {result.shape}")
    return result


def become(x: Tensor, node: Node | None) -> None:
    """Let x stand for another node from now on; what `retain_grad` asked for is asked of that one."""
    before, x._node = x._node, node
    if node is not None and before is not None and before.hooks and before.hooks.pop(RETAIN, None):
        retain_grad(node)
