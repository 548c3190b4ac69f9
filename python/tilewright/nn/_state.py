"""The state of a module: what it has under which path, and taking over values, all of them or none."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._engine.tensor import Tensor
    from .module import Module


def join(path: str, name: str) -> str:
    """The dotted path of what is called `name` at a path."""
    return f"{path}.{name}" if path else name


def named_state(root: Module) -> Iterator[tuple[str, Tensor]]:
    """Parameters and persistent buffers under every path that leads to them: shared ones appear more than once.

    Modules that hold each other in a circle have no end of paths; each of them is visited on one.
    """
    from .module import Module

    circular = _on_cycles(root)
    stack: list[tuple[str, Module]] = [("", root)]
    seen: set[int] = set()
    while stack:
        path, module = stack.pop()
        if id(module) in circular:
            if id(module) in seen:
                continue
            seen.add(id(module))
        children = []
        for name, value in list(module._members()):
            if isinstance(value, Parameter):
                yield join(path, name), value
            elif isinstance(value, Module):
                children.append((name, value))
        for name, persistent in module._buffers.items():
            value = getattr(module, name)
            if persistent and value is not None:
                yield join(path, name), value
        stack += [(join(path, name), child) for name, child in reversed(children)]


def _on_cycles(root: Module) -> set[int]:
    """The ids of modules that hold themselves by way of others, and of those between such circles.

    They are what is left when modules that no other one holds, or that hold no other one, are taken away again and
    again.
    """
    children = {id(module): [id(child) for child in module.children()] for module in root.modules()}
    left = set(children)
    while True:
        held = {child for module in left for child in children[module]}
        core = {module for module in left & held if not left.isdisjoint(children[module])}
        if len(core) == len(left):
            return left
        left = core


def load(root: Module, state_dict: Any, strict: bool) -> tuple[list[str], list[str]]:
    """`Module.load_state_dict`: everything that can raise comes before the first write."""
    own = dict(named_state(root))
    given = _read(state_dict)
    missing = [name for name in own if name not in given]
    unexpected = [name for name in given if name not in own]
    pairs = [(name, own[name]._array, given[name]) for name in given if name in own]
    values, problems = _convert(pairs)
    names = [("missing", missing), ("unexpected", unexpected)] if strict else []
    listed = [f"{what}: {', '.join(which)}" for what, which in names if which]
    if listed or problems:
        head = f"load_state_dict: {type(root).__name__} cannot take these values"
        kind = TypeError if not listed and list(problems) == ["of another kind"] else ValueError
        raise kind("\n  ".join([head, *listed, *(f"{what}: {'; '.join(each)}" for what, each in problems.items())]))
    for (_, mine, _), value in zip(pairs, values, strict=True):
        _core.assign(mine, _core.to_device(value, mine.device))
    mark_written([mine for _, mine, _ in pairs])
    return missing, unexpected


def _read(state_dict: Any) -> dict[str, Any]:
    """The arrays that were given, by name."""
    if not hasattr(state_dict, "items"):
        hint = "; give its state_dict()" if hasattr(state_dict, "state_dict") else ""
        arguments.refuse("load_state_dict", "state_dict", state_dict, f"a mapping of names to arrays{hint}")
    given = {}
    for name, value in state_dict.items():
        if not isinstance(name, str):
            arguments.refuse("load_state_dict", "a name", name, "a str")
        given[name] = arguments.array("load_state_dict", name, value)._array
    return given


def _convert(pairs: list[tuple[str, Any, Any]]) -> tuple[list[Any], dict[str, list[str]]]:
    """What to write to each of the module's arrays, in its dtype and in memory that no write reaches; and problems."""
    problems: dict[str, list[str]] = {}
    values = []
    is_written = _overlap_with([mine for _, mine, _ in pairs])
    for name, mine, value in pairs:
        theirs = f"{name} is {value.shape}, but the module's is {mine.shape}"
        if value.shape != mine.shape:
            problems.setdefault("mis-shaped", []).append(theirs)
            continue
        if mine.readonly:
            problems.setdefault("read-only in the module", []).append(name)
        try:
            values.append(_core.astype(value, mine.dtype, is_written(value)))
        except (TypeError, ValueError):
            text = f"{name} is {value.dtype.name}, but the module's is {mine.dtype.name}"
            problems.setdefault("of another kind", []).append(text)
    return values, problems


def _overlap_with(arrays: Iterable[Any]) -> Callable[[Any], bool]:
    """A function that says whether an array may share memory with one of these."""
    spans = sorted(_span(array) for array in arrays)
    starts = [start for start, _ in spans]
    reach = list(accumulate((stop for _, stop in spans), max))

    def overlaps(array: Any) -> bool:
        start, stop = _span(array)
        before = bisect_left(starts, stop)
        return before > 0 and reach[before - 1] > start

    return overlaps


def _span(array: Any) -> tuple[int, int]:
    """The addresses between which the elements of an array lie."""
    start = stop = array.data_ptr
    if array.size:
        for extent, stride in zip(array.shape, array.strides, strict=True):
            start += min(0, (extent - 1) * stride)
            stop += max(0, (extent - 1) * stride)
        stop += array.itemsize
    return start, stop
