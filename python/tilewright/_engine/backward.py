"""The walk back over the tape, and what it leaves in `.grad`.

Inputs are older than results, so walking back is visiting nodes by falling clock: a heap and no recursion, whatever the
depth.
"""

from __future__ import annotations

import math
from heapq import heappop, heappush
from operator import attrgetter

from .. import _core
from .anomaly import check_finite_backward
from .registry import needed
from .tape import ANOMALY, OFF, RETAIN, DeferredCotangent, Leaf, Locks, Writes, check_unchanged, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .tape import Node
    from .tensor import Tensor

by_clock = attrgetter("clock")
_TENSOR: Any = _core.TensorBase  # Tensor and ndarray


def behind(roots: Iterable[Any], since: int = 0) -> list[Any]:
    """All nodes that the roots were computed from, the roots included, oldest first; none made before `since`."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent not in seen and parent.clock >= since:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=by_clock)


def _between(roots: Iterable[Any], wanted: Iterable[Any]) -> set[Any]:
    """The wanted nodes, and those behind the roots that have a wanted one behind them."""
    needed = set(wanted)
    oldest = min((node.clock for node in needed), default=0)
    for node in behind(roots, since=oldest):
        if node not in needed and not needed.isdisjoint(node.parents):
            needed.add(node)
    return needed


def add_cotangents(a: Any, b: Any) -> Any:
    """Sum of two cotangents of one value."""
    if isinstance(a, DeferredCotangent):
        a = a.value()
    return needed.add(a, b)


def unbroadcast(g: Tensor, shape: tuple[int, ...], op: str) -> Tensor:
    """Sum a cotangent over the axes along which its operand was broadcast: the one place where that is undone."""
    wide = g.shape
    extra = len(wide) - len(shape)
    if wide[extra:] == shape:  # as a bias is: axes were added in front
        return needed.sum(g, tuple(range(extra)), False)
    if extra >= 0:
        axes = [*range(extra), *(i + extra for i, extent in enumerate(shape) if extent == 1 != wide[i + extra])]
        if all(i in axes or extent == shape[i - extra] for i, extent in enumerate(wide)):
            return needed.reshape(needed.sum(g, tuple(axes), True), shape)
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
    reaching, stops = (None, ()) if wanted is None else (_between(roots, wanted), frozenset(wanted))
    watch = _Watch(reaching, stops, lent, hold, create_graph)
    active, held, heap = watch.active, watch.held, watch.heap
    arrived = watch.begin(roots, cotangents)  # what has come to each node; to a call with several results a list
    summed: set[Any] = set()  # of those, the sums made here: nobody else has seen them, so they are added to in place
    free = not (retain_graph or create_graph)
    add_into = None if create_graph else _core.add_
    before = state.mode
    everywhere = wanted is not None or create_graph or state.recording == ANOMALY
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
                if node.clock < Writes.latest:
                    check_unchanged(node)
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
                    if add_into is not None:
                        summed.add(parent)
            gradients = c = None  # while the next node works, hold no more than has to be
        return watch.finish(arrived)
    finally:
        state.mode = before


class _Watch:
    """What looks on while `run_backward` walks: hooks, wanted nodes, several results, anomaly mode and user's code.

    Attributes
    ----------
    active
        Nodes that lead to the wanted ones; None where every leaf is wanted.
    stops
        The wanted nodes.
    lent
        Collects the gradients that hooks have seen.
    heap
        The nodes to come, by their clocks.
    held
        Leaves at which a deferred cotangent arrived that was not computed; None where that may not be.
    recorded
        Whether the walk itself is recorded.
    results
        The cotangents of wanted nodes that were passed.
    """

    __slots__ = ("active", "heap", "held", "lent", "recorded", "results", "stops")

    def __init__(
        self, active: set[Any] | None, stops: Any, lent: list[Tensor] | None, hold: bool, recorded: bool
    ) -> None:
        self.active = active
        self.recorded = recorded
        self.stops = stops
        self.lent = lent
        self.heap: list[tuple[int, Any]] = []
        self.held: list[Any] | None = [] if hold else None
        self.results: dict[Any, Any] = {}

    def begin(self, roots: Sequence[Any], cotangents: Sequence[Tensor]) -> dict[Any, Tensor]:
        """What arrives at the roots, which are the first to be visited."""
        arrived: dict[Any, Tensor] = {}
        for root, g in zip(roots, cotangents, strict=True):
            if root in arrived:
                arrived[root] = add_cotangents(arrived[root], g)
            elif self.active is None or root in self.active:
                arrived[root] = g
                if root.parents:
                    heappush(self.heap, (-root.clock, root))
        return arrived

    def visit(self, node: Any, g: Any, arrived: dict[Any, Any]) -> Sequence[Any] | None:
        """The cotangents of a node's inputs; None where nothing has to be passed on."""
        is_output = type(node.saved) is int
        if self.held and (node.hooks or not is_output):
            self._compute_held(arrived)
        if node.hooks:
            g = _run_hooks(node, g, self.active is None, self.lent)
        if node in self.stops:
            self.results[node] = g
            if self.active.isdisjoint(node.parents):  # type: ignore[union-attr]
                return None
        if is_output:
            self._gather(node, g, arrived)
            return None
        source = node
        while type(source.saved) is not tuple:
            source = _restored(source)
        if source.clock < Writes.latest:
            check_unchanged(source)
        plan = node.plan
        backward = getattr(plan, "recorded", plan.backward) if self.recorded else plan.backward
        gradients: Sequence[Any] = backward(source, g)
        if self.recorded or state.recording == ANOMALY:
            gradients = [c.value() if isinstance(c, DeferredCotangent) else c for c in gradients]
        if state.recording == ANOMALY:
            check_finite_backward(node, g, gradients)
        return gradients

    def _gather(self, node: Any, g: Any, arrived: dict[Any, Any]) -> None:
        """Put what arrived at one of several results among the cotangents of its call, None where nothing did."""
        (call,) = node.parents
        if call not in arrived:
            arrived[call] = [None] * len(call.shape)
            heappush(self.heap, (-call.clock, call))
        parts = arrived[call]
        before = parts[node.saved]
        parts[node.saved] = g if before is None else add_cotangents(before, g)

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


def _run_hooks(node: Any, g: Tensor, retain: bool, lent: list[Tensor] | None) -> Tensor:
    for key, hook in list(node.hooks.items()):
        if key == RETAIN:
            continue
        replaced = hook(g)
        if replaced is not None:
            _check_replacement(replaced, g)
            g = replaced
    if retain and RETAIN in node.hooks:
        with Locks.grads[id(node) // 64 % 64]:
            node.grad = g if node.grad is None else add_cotangents(node.grad, g)
    if lent is not None:
        lent.append(g)
    return g


def _check_replacement(replaced: Any, g: Tensor) -> None:
    """Raise where what a hook returned cannot stand for the gradient g."""
    if not isinstance(replaced, _TENSOR):
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
    with Locks.first:
        additions = [(leaf, g) for leaf, g in results.items() if not _give_first(leaf, g, taken)]
    for leaf, g in additions:
        deferred = isinstance(g, DeferredCotangent)
        with Locks.grads[id(leaf) // 64 % 64]:
            if not _core.is_private(leaf, g.like if deferred else g):
                leaf.grad = add_cotangents(leaf.grad, g.value() if deferred else g)
            elif deferred:
                g.add_to(leaf.grad)
            else:
                _core.add_(leaf.grad._array, g._array)


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
        return needed.copy(g)
    taken.add(id(g))
    return g
