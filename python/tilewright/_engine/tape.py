"""The tape: what an op leaves behind.

A tensor that takes part in differentiation points at a node: a `Leaf` (its gradient is kept) or a `Node` (made by an
op). A `Node` holds the nodes of the op's inputs and just those values that the op's vjp rules name; it never holds the
tensor that the op made, so there are no reference cycles and a graph goes with its last tensor. Nodes carry a clock,
the number of the event that made them.

In-place writes take a number from the same clock and leave it on the storage they touch. A saved value whose storage
was written after its node was made has changed since, and backward refuses it.
"""

from __future__ import annotations

import itertools
import os
import threading

from .. import _core
from .arguments import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ClassVar

    from .tensor import Tensor

    Hook = Callable[[Tensor], Tensor | None]

OFF, ON, ANOMALY = 0, 1, 2

tick = _core.tick


class _State(threading.local, _core.TapeMode):
    """Per thread: how ops are recorded.

    Attributes
    ----------
    mode
        OFF, ON or ANOMALY, now.
    recording
        ON or ANOMALY: what `mode` becomes where recording is switched on.
    layer_path
        Names of the modules that are running, outermost first.
    journals
        Of checkpointed calls that are running, outermost first: see `redirect`.
    on_record
        In anomaly mode, called with each node and its array in place of the check: see `autograd.trace`.
    """

    recording = ON
    layer_path: tuple[str, ...] = ()
    journals: tuple[Callable[[tuple[Any, ...]], tuple[Any, ...] | None], ...] = ()
    on_record: Callable[[Any, Any], None] | None = None


state = _State()


class Leaf:
    """Where a gradient ends up: the node of a tensor that the user asked gradients for."""

    __slots__ = ("clock", "grad", "hooks", "shape")

    parents: tuple[()] = ()

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.clock = tick()
        self.shape = shape
        self.grad: Tensor | None = None
        self.hooks: dict[int, Hook] | None = None


if TYPE_CHECKING:

    class Node:
        """One recorded op: a plain record, made by the call path in C.

        Attributes
        ----------
        plan
            The op and which of its inputs want a gradient: `plan.name`, `plan.backward(node, g)`, which gives one
            cotangent (or None for zero) for each parent, and `plan.calls_user`, whether that runs code of the user's.
            Where `backward` calls what cannot be differentiated, `plan.recorded(node, g)` gives the same in ops.
        parents
            The nodes of those inputs, in order.
        saved
            Tuple of what the rules named. None once backward has used and freed it. A `Recomputed` where `checkpoint`
            keeps nothing: `saved.node(self)` then gives a node that has it. An int at a node that stands for one of
            several results: its place among them. The one parent of such a node is that of the call.
        shape
            Of the result, which its cotangent must have; of a call with several results a tuple of theirs.
        clock
            Number of the event that made it.
        hooks
            By key, or None.
        grad
            What `retain_grad` kept; missing without it.
        origin
            The user's line that called the op; in anomaly mode with the path of the layer.
        """

        plan: Any
        parents: tuple[Any, ...]
        saved: Any
        shape: tuple[Any, ...]
        clock: int
        hooks: dict[int, Hook] | None
        grad: Tensor | None
        origin: str

        def __init__(self, plan: Any, parents: tuple[Any, ...], saved: Any, shape: tuple[Any, ...], /) -> None: ...

else:
    Node = _core.Node


def output_node(call: Node, index: int) -> Node:
    """The node of one of several results of a call."""
    return Node(call.plan, (call,), index, call.shape[index])


class DeferredCotangent:
    """A cotangent that is not computed yet: where there is a sum to add it to, it goes straight into that.

    Rules return one, and nothing but the engine sees it; where the backward pass is recorded, that computes it at once.

    Attributes
    ----------
    like
        A tensor of its dtype, on no tape.
    nbytes
        Of what it holds, where that is kept alive for it.
    """

    __slots__ = ()

    class _array:
        shape = "not computed yet"  # no parent's: the engine looks closer where shapes differ

    like: Tensor
    nbytes: int

    def value(self) -> Tensor:
        """The cotangent."""
        raise NotImplementedError

    def add_to(self, total: Tensor) -> None:
        """`total += value()`, without memory for the value."""
        raise NotImplementedError

    def detached(self) -> DeferredCotangent:
        """One that can be computed when recording may be on again."""
        raise NotImplementedError


# ---- in-place writes -------------------------------------------------------------------------------------------------

_WRITES_REMEMBERED = 4096


class Locks:
    """Of what threads share. Reentrant, for a finaliser may run anywhere.

    Attributes
    ----------
    writes
        Of the record of writes.
    first
        Of giving leaves a `.grad` that have none.
    grads
        Of adding to `.grad`: to that of a node under `grads[id(node) // 64 % 64]`.
    """

    writes: Any
    first: Any
    grads: ClassVar[list[Any]]

    @classmethod
    def renew(cls) -> None:
        """Make new ones: at first, and in a forked child, where the thread that held one does not exist."""
        cls.writes, cls.first = threading.RLock(), threading.RLock()
        cls.grads = [threading.RLock() for _ in range(64)]


Locks.renew()
os.register_at_fork(after_in_child=Locks.renew)


class Writes:
    """The latest in-place write, and the recent ones by their time."""

    latest = 0
    recent: ClassVar[dict[int, Node]] = {}


def mark_written(arrays: Iterable[Any]) -> None:
    """Stamp the storages of these arrays as written now, and remember the user's line."""
    with Locks.writes:
        write = _core.stamp(arrays)
        Writes.latest = clock = write.clock
        if len(Writes.recent) >= _WRITES_REMEMBERED:
            Writes.recent.clear()
        Writes.recent[clock] = write


def redirect(arrays: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What a kernel shall write to instead of these arrays; None for themselves.

    Asked before an op runs that writes some of its inputs and has results besides. A journal notes what they hold, or
    gives what they held when the op ran before.
    """
    others = None
    for journal in state.journals:
        others = journal(others or arrays) or others
    return others


def check_unchanged(node: Node) -> None:
    for value in node.saved:
        if type(value) is tuple:  # an index key
            for entry in value:
                _check_unwritten(node, entry)
        else:
            _check_unwritten(node, value)


def _check_unwritten(node: Node, value: Any) -> None:
    array = getattr(value, "_array", value)
    written = getattr(array, "last_write", 0)
    if written > node.clock:
        write = Writes.recent.get(written)
        where = write.origin if write else "a line no longer remembered"
        raise RuntimeError(
            f"backward: {node.plan.name} (recorded at {node.origin}) needs a tensor of shape {array.shape} that "
            f"was written in place since, at {where}; write to a copy instead"
        )


# ---- hooks -----------------------------------------------------------------------------------------------------------

RETAIN = 0  # key of the entry that stands for retain_grad: a closure over the node would be a cycle

_hook_keys = itertools.count(1)


def add_hook(node: Any, hook: Hook) -> Callable[[], None]:
    """Register a hook; the result removes it."""
    if not callable(hook):
        raise TypeError(f"register_hook: the hook is {shown(hook)}, but must be callable")
    if node.hooks is None:
        node.hooks = {}
    hooks = node.hooks
    key = next(_hook_keys)
    hooks[key] = hook

    def remove() -> None:
        hooks.pop(key, None)

    return remove


def retain_grad(node: Any) -> None:
    """Have backward keep the gradient that arrives at an interior node."""
    if node.hooks is None:
        node.hooks = {}
    if RETAIN not in node.hooks:
        node.grad = None
        node.hooks[RETAIN] = _keep


def _keep(g: Tensor) -> None:
    """Stands in a node's hooks for `retain_grad`."""
