"""The tape: what an op leaves behind, and the walk back over it.

A tensor that takes part in differentiation points at a node: a `Leaf` (its gradient is kept) or a `Node` (made by an
op). A `Node` holds the nodes of the op's inputs and just those values that the op's vjp rules name; it never holds the
tensor that the op made, so there are no reference cycles and a graph goes with its last tensor. Nodes carry a clock,
the number of the event that made them; since inputs are always older than results, walking back is visiting nodes by
falling clock: a heap and no recursion, whatever the depth.

In-place writes take a number from the same clock and leave it on the storage they touch. A saved value whose storage
was written after its node was made has changed since, and backward refuses it.
"""

from __future__ import annotations

import functools
import itertools
import math
import os
import threading
from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from . import _core
from ._arguments import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ._tensor import Tensor

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
    """

    recording = ON
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
        self.hooks: dict[int, Hook] | None = None


if TYPE_CHECKING:

    class Node:
        """One recorded op: a plain record, made by the call path in C.

        Attributes
        ----------
        plan
            The op and which of its inputs want a gradient: `plan.name`, `plan.backward(node, g)`, which gives one
            cotangent (or None for zero) for each parent, and `plan.calls_user`, whether that runs code of the user's.
        parents
            The nodes of those inputs, in order.
        saved
            Tuple of what the rules named. None once backward has used and freed it. A `Recomputed` where `checkpoint`
            keeps nothing: `saved.node(self)` then gives a node that has it.
        shape
            Of the result, which its cotangent must have. None for an op with several results: its cotangent is `Parts`.
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
        shape: tuple[int, ...] | None
        clock: int
        hooks: dict[int, Hook] | None
        grad: Tensor | None
        origin: str

        def __init__(
            self, plan: Any, parents: tuple[Any, ...], saved: Any, shape: tuple[int, ...] | None, /
        ) -> None: ...

else:
    Node = _core.Node


class Parts(list[Any]):
    """Cotangents of an op with several results, None where none arrived. To the engine, a cotangent of shape None."""

    __slots__ = ()

    class _array:
        shape = None


class OutputPlan:
    """Plan of the node of one of several results of an op: puts its cotangent in the right place of the call's."""

    name = "one of several results"
    calls_user = False

    @staticmethod
    def backward(node: Node, g: Tensor) -> tuple[Parts]:
        index, count = node.saved
        parts = Parts([None] * count)
        parts[index] = g
        return (parts,)


def output_node(call: Node, index: int, count: int, shape: tuple[int, ...]) -> Node:
    """The node of result `index` of `count` of a call."""
    return Node(OutputPlan, (call,), (index, count), shape)


class DeferredCotangent:
    """A cotangent that is not computed yet: where there is a sum to add it to, it goes straight into that.

    Rules return one where the backward pass is not recorded; nothing but the engine sees it.

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


class _Locks:
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


_Locks.renew()
os.register_at_fork(after_in_child=_Locks.renew)


class _Writes:
    """The latest in-place write, and the recent ones by their time."""

    latest = 0
    recent: ClassVar[dict[int, Node]] = {}


def mark_written(arrays: Iterable[Any]) -> None:
    """Stamp the storages of these arrays as written now, and remember the user's line."""
    with _Locks.writes:
        write = Node("write", (), (), None)  # on no tape; a node knows its time and the line that made it
        _Writes.latest = clock = write.clock
        for array in arrays:
            array.last_write = clock
        if len(_Writes.recent) >= _WRITES_REMEMBERED:
            _Writes.recent.clear()
        _Writes.recent[clock] = write


def _check_unchanged(node: Node) -> None:
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
        write = _Writes.recent.get(written)
        where = write.origin if write else "a line no longer remembered"
        raise RuntimeError(
            f"backward: {node.plan.name} (recorded at {node.origin}) needs a tensor of shape {array.shape} that "
            f"was written in place since, at {where}; write to a copy instead"
        )


# ---- backward --------------------------------------------------------------------------------------------------------

_by_clock = attrgetter("clock")


def behind(roots: Iterable[Any], since: int = 0) -> list[Any]:
    """All nodes that the roots were computed from, the roots included, oldest first; none made before `since`."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen and parent.clock >= since:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_by_clock)


def _between(roots: Iterable[Any], wanted: Iterable[Any]) -> set[Any]:
    """The wanted nodes, and those behind the roots that have a wanted one behind them."""
    needed = set(wanted)
    oldest = min((node.clock for node in needed), default=0)
    for node in behind(roots, since=oldest):
        if node not in needed and not needed.isdisjoint(node.parents):
            needed.add(node)
    return needed


@functools.cache
def _ops() -> tuple[Any, Any, Any, Any]:
    """The ops that the engine itself needs; they are built on this module."""
    from ._core import add_
    from ._elementwise import add
    from ._manipulation import _reshape
    from ._reductions import _sum

    return add, add_, _sum, _reshape


def add_cotangents(a: Any, b: Any) -> Any:
    """Sum of two cotangents of one value."""
    add = _ops()[0]
    if isinstance(a, DeferredCotangent):
        a = a.value()
    if type(a) is Parts:
        return Parts(y if x is None else x if y is None else add(x, y) for x, y in zip(a, b, strict=True))
    return add(a, b)


def unbroadcast(g: Tensor, shape: tuple[int, ...], op: str) -> Tensor:
    """Sum a cotangent over the axes along which its operand was broadcast: the one place where that is undone."""
    _, _, sum_, reshape = _ops()
    wide = g.shape
    extra = len(wide) - len(shape)
    if wide[extra:] == shape:  # as a bias is: axes were added in front
        return sum_(g, tuple(range(extra)), False)
    if extra >= 0:
        axes = [*range(extra), *(i + extra for i, extent in enumerate(shape) if extent == 1 != wide[i + extra])]
        if all(i in axes or extent == shape[i - extra] for i, extent in enumerate(wide)):
            return reshape(sum_(g, tuple(axes), True), shape)
    raise RuntimeError(f"backward: the vjp of {op} gave a cotangent of shape {wide} for an input of shape {shape}")


def run_backward(
    roots: Sequence[Any],
    cotangents: Sequence[Tensor],
    *,
    wanted: Iterable[Any] | None = None,
    create_graph: bool = False,
    retain_graph: bool = False,
    lent: list[Tensor] | None = None,
    hold: bool = False,
) -> dict[Any, Any]:
    """Carry cotangents from the root nodes back; the one engine behind `backward` and the functional forms.

    Parameters
    ----------
    roots, cotangents
        Nodes and the cotangents that start there.
    wanted
        Nodes to stop at and report; by default every leaf that is reached, and gradients are kept where `retain_grad`
        asked for it.
    create_graph
        Record the backward pass itself, so that its results can be differentiated.
    retain_graph
        Keep what the nodes saved, so that backward may pass there again.
    lent
        Collects the gradients that hooks have seen and may have kept.
    hold
        Whether deferred cotangents may be left to the caller: those that arrive alone at a leaf that has a `.grad` to
        add them to, and hold less memory than they would take. Not beyond a point where code of the user's runs, which
        could write to what they are made of.

    Returns
    -------
    dict
        The cotangent that arrived at each wanted node or leaf, with `hold` as a `DeferredCotangent` where it was left;
        those where none arrived are missing.
    """
    watch = (
        _Watch(_between(roots, wanted), frozenset(wanted), lent, hold)
        if wanted is not None
        else _Watch(None, (), lent, hold)
    )
    active, held = watch.active, watch.held
    arrived: dict[Any, Any] = {}  # what has come to each node so far
    summed: set[Any] = set()  # of those, the sums made here: nobody else has seen them, so they are added to in place
    heap: list[tuple[int, Any]] = []
    for root, g in zip(roots, cotangents, strict=True):
        if root in arrived:
            arrived[root] = add_cotangents(arrived[root], g)
        elif active is None or root in active:
            arrived[root] = g
            if root.parents:
                heappush(heap, (-root.clock, root))
    free = not (retain_graph or create_graph)
    add_into = None if create_graph else _ops()[1]
    before = state.mode
    everywhere = wanted is not None or state.recording == ANOMALY
    state.mode = state.recording if create_graph else OFF
    try:
        while heap:
            node = heappop(heap)[1]
            g = arrived.pop(node)
            if everywhere or node.hooks or node.plan.calls_user or type(node.saved) is not tuple:
                gradients = watch.visit(node, g, arrived)
                if gradients is None:
                    continue
            else:
                if node.clock < _Writes.latest:
                    _check_unchanged(node)
                gradients = node.plan.backward(node, g)
            if free:  # deferred cotangents keep what they need themselves
                node.saved = None
            del g
            for parent, c in zip(node.parents, gradients):  # noqa: B905 - strict takes time, and every plan is exact
                if c is None or (active is not None and parent not in active):
                    continue
                if c._array.shape != parent.shape:
                    c = _fitted(c, parent, node, arrived, summed, held)
                    if c is None:
                        continue
                if parent not in arrived:
                    arrived[parent] = c
                    if parent.parents:
                        heappush(heap, (-parent.clock, parent))
                elif parent in summed:
                    add_into(arrived[parent]._array, c._array)  # type: ignore[misc]
                else:
                    arrived[parent] = add_cotangents(arrived[parent], c)
                    if add_into is not None and parent.shape is not None:
                        summed.add(parent)
            gradients = c = None  # while the next node works, hold no more than has to be
        return watch.finish(arrived)
    finally:
        state.mode = before


class _Watch:
    """What looks on while `run_backward` walks: hooks, wanted nodes, anomaly mode and code of the user's.

    Attributes
    ----------
    active
        Nodes that lead to the wanted ones; None where every leaf is wanted.
    stops
        The wanted nodes.
    lent
        Collects the gradients that hooks have seen.
    held
        Leaves at which a deferred cotangent arrived that was not computed; None where that may not be.
    results
        The cotangents of wanted nodes that were passed.
    """

    __slots__ = ("active", "held", "lent", "results", "stops")

    def __init__(self, active: set[Any] | None, stops: Any, lent: list[Tensor] | None, hold: bool) -> None:
        self.active = active
        self.stops = stops
        self.lent = lent
        self.held: list[Any] | None = [] if hold else None
        self.results: dict[Any, Any] = {}

    def visit(self, node: Any, g: Any, arrived: dict[Any, Any]) -> Sequence[Any] | None:
        """The cotangents of a node's inputs; None where nothing behind it is wanted."""
        if self.held:
            self._compute_held(arrived)
        if node.hooks:
            g = _run_hooks(node, g, self.active is None, self.lent)
        if node in self.stops:
            self.results[node] = g
            if self.active.isdisjoint(node.parents):  # type: ignore[union-attr]
                return None
        source = node
        while type(source.saved) is not tuple:
            source = _restored(source)
        if source.clock < _Writes.latest:
            _check_unchanged(source)
        gradients: Sequence[Any] = node.plan.backward(source, g)
        if state.recording == ANOMALY:
            gradients = [c.value() if isinstance(c, DeferredCotangent) else c for c in gradients]
            _check_finite_backward(node, g, gradients)
        return gradients

    def _compute_held(self, arrived: dict[Any, Any]) -> None:
        """Hold nothing back any longer."""
        for leaf in self.held or ():
            if isinstance(arrived[leaf], DeferredCotangent):
                arrived[leaf] = arrived[leaf].value()
        if self.held:
            self.held.clear()

    def finish(self, arrived: dict[Any, Any]) -> dict[Any, Any]:
        """What arrived at the wanted nodes, or at all leaves, after their hooks."""
        if self.held and any(leaf.hooks for leaf in arrived):
            self._compute_held(arrived)
        for leaf, g in arrived.items():
            self.results[leaf] = _run_hooks(leaf, g, self.active is None, self.lent) if leaf.hooks else g
        return self.results


def _fitted(
    c: Any, parent: Any, node: Any, arrived: dict[Any, Any], summed: set[Any], held: list[Any] | None
) -> Tensor | None:
    """A cotangent that has not its input's shape, as one that has; None where it has arrived already."""
    if not isinstance(c, DeferredCotangent):
        return unbroadcast(c, parent.shape, node.plan.name)
    if parent not in arrived:
        if held is not None and _may_wait(c, parent):
            arrived[parent] = c.detached()
            held.append(parent)
            return None
        summed.add(parent)
        return c.value()
    if isinstance(arrived[parent], DeferredCotangent):
        arrived[parent] = arrived[parent].value()
        summed.add(parent)
    if parent not in summed:
        return c.value()
    c.add_to(arrived[parent])
    return None


def _may_wait(c: DeferredCotangent, parent: Any) -> bool:
    """Whether it can be added to the leaf's `.grad` in the end, and until then takes less memory than its value."""
    waits = type(parent) is Leaf and parent.grad is not None
    return waits and c.nbytes < math.prod(parent.shape) * c.like.itemsize


def _restored(node: Node) -> Node:
    if node.saved is None:
        raise RuntimeError(
            f"backward: what {node.plan.name} had saved was freed by an earlier backward; "
            "pass retain_graph=True to that one"
        )
    node = node.saved.node(node)
    return node


# ---- hooks and .grad -------------------------------------------------------------------------------------------------

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


def _run_hooks(node: Any, g: Tensor, retain: bool, lent: list[Tensor] | None) -> Tensor:
    for key, hook in list(node.hooks.items()):
        if key == RETAIN:
            continue
        replaced = hook(g)
        if replaced is not None:
            _check_replacement(replaced, g)
            g = replaced
    if retain and RETAIN in node.hooks:
        with _Locks.grads[id(node) // 64 % 64]:
            node.grad = g if node.grad is None else add_cotangents(node.grad, g)
    if lent is not None:
        lent.append(g)
    return g


def _check_replacement(replaced: Any, g: Tensor) -> None:
    """Raise where what a hook returned cannot stand for the gradient g."""
    if not isinstance(replaced, type(g)):
        raise TypeError(f"hook: returned a {type(replaced).__name__}, but must return a Tensor or None")
    if replaced.shape != g.shape:
        raise ValueError(f"hook: the returned gradient has shape {replaced.shape}, but must have {g.shape}")
    if replaced.dtype != g.dtype:
        raise TypeError(
            f"hook: the returned gradient has dtype {replaced.dtype.name}, but must have {g.dtype.name}; use astype, "
            "and Python's numbers in place of NumPy's"
        )


def accumulate(results: dict[Any, Any], borrowed: Iterable[Tensor]) -> None:
    """Add what arrived at each leaf to its `.grad`; in place where nobody else could see that."""
    taken = {id(g) for g in borrowed}
    with _Locks.first:
        additions = [(leaf, g) for leaf, g in results.items() if not _give_first(leaf, g, taken)]
    for leaf, g in additions:
        deferred = isinstance(g, DeferredCotangent)
        with _Locks.grads[id(leaf) // 64 % 64]:
            if not _core.is_private(leaf, g.like if deferred else g):
                leaf.grad = add_cotangents(leaf.grad, g.value() if deferred else g)
            elif deferred:
                g.add_to(leaf.grad)
            else:
                _ops()[1](leaf.grad._array, g._array)


def _give_first(leaf: Any, g: Any, taken: set[int]) -> bool:
    """Make it the leaf's `.grad` where there is none."""
    if leaf.grad is not None:
        return False
    leaf.grad = own(g.value() if isinstance(g, DeferredCotangent) else g, taken)
    return True


def own(g: Tensor, taken: set[int]) -> Tensor:
    """A gradient to give away: contiguous, and in memory that nobody else can see.

    One that others hold too (the caller's own seed, a hook, a view, or the same tensor arriving at two inputs, as add's
    rule gives) is copied. `taken` holds the ids of the former, and of what was given away before.
    """
    if id(g) in taken or g._array.is_shared or not g._array.is_contiguous:
        from ._manipulation import copy

        return copy(g)
    taken.add(id(g))
    return g


# ---- anomaly mode ----------------------------------------------------------------------------------------------------


def note_forward(node: Node, y: Any) -> None:
    """In anomaly mode, after each recorded op: remember the layer, and stop at the first value that is not finite."""
    path = ".".join(state.layer_path)
    if path:
        node.origin = f"{node.origin}, in layer {path}"
    if not _finite(y):
        raise FloatingPointError(
            f"anomaly: {node.plan.name} gave NaN or inf in its result of shape {y.shape}, at {node.origin}"
            + _blame(node)
        )


def _blame(node: Node) -> str:
    """Which of the saved inputs was not finite already."""
    for value in node.saved:
        array = getattr(value, "_array", None)
        if array is not None and not _finite(array):
            return f"; its input of shape {array.shape} had NaN or inf already"
    return ""


def _check_finite_backward(node: Node, g: Any, gradients: Sequence[Any]) -> None:
    for parent, c in zip(node.parents, gradients, strict=True):
        for part in c if type(c) is Parts else (c,):
            if part is not None and not _finite(part._array):
                already = [x for x in (g if type(g) is Parts else (g,)) if x is not None and not _finite(x._array)]
                raise FloatingPointError(
                    f"anomaly: the gradient of {node.plan.name} is NaN or inf for its input of shape {parent.shape}; "
                    f"recorded at {node.origin}" + ("; so was the gradient that backward brought" if already else "")
                )


def _finite(array: Any) -> bool:
    from . import _core

    return not array.dtype.is_inexact or bool(_core.item(_core.all(_core.isfinite(array), None, False)))
