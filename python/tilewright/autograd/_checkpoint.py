"""Trading time for memory: forget what a function saved, and compute it again in backward."""

from __future__ import annotations

import contextlib

from .. import _core, random
from .._engine.arguments import function
from .._engine.backward import behind
from .._engine.tape import Node, state, tick
from .._engine.tensor import Tensor
from .._engine.tree import leaves

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


def checkpoint(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Compute `fun(*args)`, but keep nothing for backward except the arguments: backward calls `fun` again.

    Parameters
    ----------
    fun : callable
        Returns tensors, or nested dicts, lists and tuples of them. Must do the same when it is called again; random
        numbers from `tilewright.random.default_generator` are the same both times. An op that updates running
        statistics does so once: the second time it is given a copy of what they were. What `fun` itself writes in
        place outside of it, `count += 1`, it writes twice.
    *args, **kwargs
        Its arguments.

    Returns
    -------
    Any
        What `fun` returns, with the same gradients, also for parameters that `fun` uses without being given them.

    Raises
    ------
    TypeError
        Where `fun` is not callable.
    RuntimeError
        In backward: where an argument was written in place since, or `fun` recorded other ops than the first time.

    References
    ----------
    T. Chen, B. Xu, C. Zhang, C. Guestrin, Training Deep Nets with Sublinear Memory Cost, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([0.0, 1.0], requires_grad=True)
    >>> y = tw.autograd.checkpoint(lambda x: tw.exp(x * 2) * x, x)
    >>> y.sum().backward()
    >>> x.grad
    tensor([ 1.      , 22.167168])
    """
    function("checkpoint", "fun", fun)
    if not state.mode:
        return fun(*args, **kwargs)
    segment = _Segment(fun, args, kwargs)
    with _journal(segment.note):
        result = fun(*args, **kwargs)
    for index, node in enumerate(_recorded(result, segment.start)):
        if node.saved and type(node.saved) is not int:
            node.saved = Recomputed(segment, index)
    return result


@contextlib.contextmanager
def _journal(journal: Callable[[tuple[Any, ...]], tuple[Any, ...] | None]) -> Iterator[None]:
    before = state.journals
    state.journals = (*before, journal)
    try:
        yield
    finally:
        state.journals = before


def _copies(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple([_core.astype(x, x.dtype, True) for x in arrays])


def _kind(array: Any) -> tuple[Any, ...]:
    return array.shape, array.dtype


def _recorded(result: Any, since: int) -> list[Node]:
    """The nodes made after the time `since` that the result depends on, oldest first."""
    roots = [y._node for y in leaves(result) if isinstance(y, Tensor) and y._node is not None]
    return [node for node in behind(roots, since) if isinstance(node, Node) and node.clock > since]


class _Segment:
    """One checkpointed call."""

    __slots__ = ("args", "before_writes", "casting", "fun", "kwargs", "random_state", "start", "twins")

    def __init__(self, fun: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> None:
        self.fun = fun
        self.args = args
        self.kwargs = kwargs
        self.random_state = random.default_generator.state
        self.casting = state.casting
        # What its ops that write inputs found there, in the order of their calls.
        self.before_writes: list[tuple[Any, ...]] = []
        self.start = tick()
        # Nodes of the second call that backward has yet to come to, by their place among all.
        self.twins: dict[int, Node] = {}

    def twin(self, node: Node, index: int) -> Node:
        """The node of the second call that corresponds to a node of the first."""
        if index not in self.twins:
            self._check_arguments()
            self.twins = dict(enumerate(self._call_again()))
        twin = self.twins.pop(index, None)
        if twin is None or twin.plan.name != node.plan.name or twin.shape != node.shape:
            raise RuntimeError(
                f"checkpoint: called again, {getattr(self.fun, '__name__', 'the function')} recorded other ops than "
                f"the first time (then: {node.plan.name} of shape {node.shape}); it must do the same both times"
            )
        return twin

    def note(self, arrays: tuple[Any, ...]) -> None:
        """A journal, for the first call: see `redirect`."""
        self.before_writes.append(_copies(arrays))

    def _call_again(self) -> list[Node]:
        generator, mode, casting = random.default_generator, state.mode, state.casting
        now = generator.state
        generator.state = self.random_state
        state.mode, state.casting = state.recording, self.casting
        start = tick()
        noted = iter(self.before_writes)
        try:
            with _journal(lambda arrays: self._as_before(next(noted, None), arrays)):
                return _recorded(self.fun(*self.args, **self.kwargs), start)
        finally:
            state.mode, state.casting = mode, casting
            generator.state = now

    def _as_before(self, noted: tuple[Any, ...] | None, arrays: tuple[Any, ...]) -> tuple[Any, ...]:
        """Copies of what an op wrote to in the first call, for it to write to in the second."""
        if noted is None or [_kind(x) for x in noted] != [_kind(x) for x in arrays]:
            raise RuntimeError(
                f"checkpoint: called again, {getattr(self.fun, '__name__', 'the function')} called an op that writes "
                f"arrays of shapes {[x.shape for x in arrays]} where it did not the first time; it must do the same "
                "both times"
            )
        return _copies(noted)

    def _check_arguments(self) -> None:
        for x in leaves((self.args, self.kwargs)):
            if isinstance(x, Tensor) and x._array.last_write > self.start:
                raise RuntimeError(
                    f"checkpoint: an argument of shape {x.shape} was written in place since, so the function cannot be "
                    "called again; pass a copy"
                )


class Recomputed:
    """Stands in a node's `saved` for what has to be computed again."""

    __slots__ = ("index", "segment")

    def __init__(self, segment: _Segment, index: int) -> None:
        self.segment = segment
        self.index = index

    def node(self, node: Node) -> Node:
        """A node that has what this one had saved."""
        return self.segment.twin(node, self.index)
