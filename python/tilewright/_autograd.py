"""The tape: what an op leaves behind, and the walk back over it.

A tensor that takes part in differentiation points at a node: a `Leaf` (its gradient is kept) or a `Node` (made by an
op). A `Node` holds the nodes of the op's inputs and just those values that the op's vjp rules name. Nodes carry a
clock, the number of the event that made them; since inputs are always older than results, walking back is visiting
the reachable nodes by falling clock: no recursion, whatever the depth.

In-place writes take a number from the same clock and leave it on the storage they touch. A saved value whose storage
was written after its node was made has changed since, and backward refuses it.
"""

from __future__ import annotations

import itertools
import sys
import threading
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ._op import Plan
    from ._tensor import Tensor

OFF, ON, ANOMALY = 0, 1, 2

_clock = itertools.count(1)
tick = _clock.__next__


class _State(threading.local):
    """Per thread: whether ops are recorded, and the path of the module that is running (anomaly mode)."""

    mode = ON
    layer_path: tuple[str, ...] = ()


state = _State()


class Leaf:
    """Where a gradient ends up: the node of a tensor that the user asked gradients for."""

    __slots__ = ("clock", "grad", "hooks", "shape")

    parents: tuple[()] = ()

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.clock = tick()
        self.shape = shape
        self.grad: Tensor | None = None
        self.hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None


class Node:
    """One recorded op.

    Attributes
    ----------
    plan
        The op and which of its inputs want a gradient; knows how to call the rules.
    parents
        The nodes of those inputs, in order.
    saved
        What the rules named; None once backward has used and freed it.
    shape
        Shape of the result, which is the shape its cotangent must have.
    """

    __slots__ = ("clock", "grad", "hooks", "origin", "parents", "plan", "saved", "shape")

    def __init__(self, plan: Plan, parents: tuple[Any, ...], saved: Any, shape: tuple[int, ...]) -> None:
        self.plan = plan
        self.parents = parents
        self.saved = saved
        self.shape = shape
        self.clock = tick()
        self.hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None


# ---- in-place writes -------------------------------------------------------------------------------------------------

_WRITES_REMEMBERED = 4096


class _Writes:
    """The latest in-place write, and where the recent ones were made."""

    latest = 0
    origins: dict[int, str] = {}


def mark_written(arrays: Iterable[Any]) -> None:
    """Stamp the storages of these arrays as written now, and remember the user's line."""
    clock = tick()
    _Writes.latest = clock
    for array in arrays:
        array.last_write = clock
    if len(_Writes.origins) >= _WRITES_REMEMBERED:
        _Writes.origins.clear()
    _Writes.origins[clock] = user_line()


def _check_unchanged(node: Node) -> None:
    for value in node.saved:
        array = getattr(value, "_array", value)
        written = getattr(array, "last_write", 0)
        if written > node.clock:
            where = _Writes.origins.get(written, "a line no longer remembered")
            raise RuntimeError(
                f"backward: {node.plan.name} (recorded at {_origin(node)}) needs a tensor of shape {array.shape} that was "
                f"written in place since, at {where}; write to a copy instead"
            )


def _origin(node: Node) -> str:
    return getattr(node, "origin", "a line that `autograd.anomaly_mode()` would name")


_PACKAGE = __name__.rpartition(".")[0]


def user_line() -> str:
    """`file:line` of the innermost frame outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == _PACKAGE:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


# ---- backward --------------------------------------------------------------------------------------------------------

_by_clock = attrgetter("clock")


def _reachable(roots: Iterable[Any]) -> list[Any]:
    """All nodes behind the roots, newest first."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_by_clock, reverse=True)


def _leading_to(order: list[Any], wanted: Iterable[Any]) -> list[Any]:
    """Those of `order` (newest first) that have a wanted node behind them, or are one."""
    needed = set(wanted)
    for node in reversed(order):
        if any(parent in needed for parent in node.parents):
            needed.add(node)
    return [node for node in order if node in needed]


def _unbroadcast(g: Tensor, shape: tuple[int, ...], node: Any) -> Tensor:
    """Sum a cotangent over the axes along which its operand was broadcast: the one place where that is undone."""
    from ._reductions import sum as sum_
    from ._manipulation import reshape

    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, extent in enumerate(shape) if extent == 1 and g.shape[i + extra] != 1
    )
    summed = sum_(g, axis=axes, keepdims=True) if axes else g
    if summed.size != _count(shape):
        raise RuntimeError(
            f"backward: the vjp of {node.plan.name} gave a cotangent of shape {g.shape} for an input of shape {shape}"
        )
    return reshape(summed, shape)


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for extent in shape:
        count *= extent
    return count


def run_backward(
    roots: Sequence[Any],
    cotangents: Sequence[Tensor],
    *,
    wanted: Sequence[Any] | None = None,
    create_graph: bool = False,
    retain_graph: bool = False,
) -> dict[Any, Tensor]:
    """Carry cotangents from the root nodes back; the one engine behind `backward` and the functional forms.

    Parameters
    ----------
    roots, cotangents
        Nodes and the cotangents that start there.
    wanted
        Nodes to stop at and report; by default every leaf that is reached.
    create_graph
        Record the backward pass itself, so that its results can be differentiated.
    retain_graph
        Keep what the nodes saved, so that backward may pass there again.

    Returns
    -------
    dict
        The cotangent that arrived at each wanted node or leaf.
    """
    from ._op import add_cotangents

    order = _reachable(roots)
    if wanted is not None:
        order = _leading_to(order, wanted)
    arrived: dict[Any, Tensor] = {}
    for root, g in zip(roots, cotangents, strict=True):
        arrived[root] = add_cotangents(arrived[root], g) if root in arrived else g
    results: dict[Any, Tensor] = {}
    keep = None if wanted is None else set(wanted)
    active = set(order) if wanted is not None else None
    previous = state.mode
    anomaly = previous == ANOMALY
    state.mode = previous or ON if create_graph else OFF
    try:
        for node in order:
            g = arrived.pop(node, None)
            if g is None:
                continue
            if node.hooks:
                g = _run_hooks(node, g)
            if keep is None:
                if not node.parents and type(node) is Leaf:
                    results[node] = g
                    continue
            elif node in keep:
                results[node] = g
                if not node.parents:
                    continue
            if node.saved is None:
                raise RuntimeError(
                    f"backward: what {node.plan.name} had saved was freed by an earlier backward; "
                    "pass retain_graph=True to that one"
                )
            if node.clock < _Writes.latest:
                _check_unchanged(node)
            gradients = node.plan.backward(node, g)
            if anomaly:
                _check_finite_backward(node, g, gradients)
            for parent, c in zip(node.parents, gradients, strict=True):
                if c is None or (active is not None and parent not in active):
                    continue
                if c.shape != parent.shape:
                    c = _unbroadcast(c, parent.shape, node)
                other = arrived.get(parent)
                arrived[parent] = c if other is None else add_cotangents(other, c)
            if not (retain_graph or create_graph):
                node.saved = None
    finally:
        state.mode = previous
    return results


def _run_hooks(node: Any, g: Tensor) -> Tensor:
    for hook in list(node.hooks.values()):
        replaced = hook(g)
        if replaced is not None:
            if replaced.shape != node.shape:
                raise ValueError(f"hook: the returned gradient has shape {replaced.shape}, but must have {node.shape}")
            g = replaced
    return g


def accumulate(results: dict[Any, Tensor], borrowed: Iterable[Tensor]) -> None:
    """Add what arrived at each leaf to its `.grad`.

    A leaf owns its gradient. One that others hold too (the caller's own seed, a view, or the same tensor arriving at
    two leaves, as add's rule gives) is copied first.
    """
    from ._op import add_cotangents, copy_of

    taken = {id(g) for g in borrowed}
    for leaf, g in results.items():
        if leaf.grad is not None:
            leaf.grad = add_cotangents(leaf.grad, g)
        elif id(g) in taken or g._array.is_shared:
            leaf.grad = copy_of(g)
        else:
            leaf.grad = g
            taken.add(id(g))


# ---- anomaly mode ----------------------------------------------------------------------------------------------------


def note_forward(node: Node, y: Any) -> None:
    """In anomaly mode, after each recorded op: remember the line, and stop at the first value that is not finite."""
    path = ".".join(state.layer_path)
    node.origin = user_line() + (f", in layer {path}" if path else "")
    if not _finite(y):
        raise FloatingPointError(
            f"anomaly: {node.plan.name} gave NaN or inf in its result of shape {y.shape}, at {_origin(node)}"
        )


def _check_finite_backward(node: Node, g: Tensor, gradients: Sequence[Tensor | None]) -> None:
    for parent, c in zip(node.parents, gradients, strict=True):
        if c is not None and not _finite(c._array):
            raise FloatingPointError(
                f"anomaly: the gradient of {node.plan.name} is NaN or inf for its input of shape {parent.shape} "
                f"(cotangent of shape {g.shape}); recorded at {_origin(node)}"
            )


def _finite(array: Any) -> bool:
    from . import _core

    return not array.dtype.is_floating or bool(_core.item(_core.all(_core.isfinite(array), None, False)))
