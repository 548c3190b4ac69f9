"""Nested containers of tensors: tuples (named ones too), lists and dicts, with anything else as leaves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any


_DEEPEST = 100


def leaves(tree: Any, op: str = "tree", depth: int = 0) -> list[Any]:
    """The leaves, dicts in their own order. ValueError that names `op` for a container in itself, beyond 100 levels."""
    if depth > _DEEPEST:
        limit = f"more than {_DEEPEST} levels deep"
        raise ValueError(f"{op}: lists, tuples and dicts are nested {limit}; does one hold itself?")
    if isinstance(tree, (tuple, list)):
        return [leaf for branch in tree for leaf in leaves(branch, op, depth + 1)]
    if isinstance(tree, dict):
        return [leaf for branch in tree.values() for leaf in leaves(branch, op, depth + 1)]
    return [tree]


def paths(tree: Any, prefix: str = "") -> list[str]:
    """How to write each leaf, in the order of `leaves(tree)`: the prefix, and keys and places such as `["w"][0]`."""
    if isinstance(tree, dict):
        return [path for key, branch in tree.items() for path in paths(branch, f"{prefix}[{key!r}]")]
    if isinstance(tree, (tuple, list)):
        return [path for i, branch in enumerate(tree) for path in paths(branch, f"{prefix}[{i}]")]
    return [prefix]


def rebuild(tree: Any, new_leaves: Sequence[Any]) -> Any:
    """A tree like `tree` with other leaves, given in the order of `leaves(tree)`."""
    return _rebuild(tree, iter(new_leaves))


def _rebuild(tree: Any, source: Iterator[Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _rebuild(branch, source) for key, branch in tree.items()}
    if isinstance(tree, (tuple, list)):
        branches = [_rebuild(branch, source) for branch in tree]
        kind: Any = type(tree)
        return kind._make(branches) if hasattr(tree, "_fields") else kind(branches)
    return next(source)


def tree_map(function: Callable[..., Any], tree: Any) -> Any:
    """A tree like `tree` with the function applied to every leaf."""
    return rebuild(tree, [function(leaf) for leaf in leaves(tree)])
