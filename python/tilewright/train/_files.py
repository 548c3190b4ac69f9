"""A tree of tensors and plain values in one safetensors file, whose metadata has the tree as JSON."""

from __future__ import annotations

import json
from typing import Any

from .. import io
from .._engine.tensor import Tensor

_FORMAT, _NAME = "tilewright.train 1", "format"


def write(path: Any, tree: dict[str, Any]) -> None:
    """Write a tree of dicts, lists, tensors, numbers, text and None: the whole file or nothing."""
    tensors: dict[str, Tensor] = {}
    text = json.dumps(_packed(tree, "", tensors))
    io.save(path, tensors, {_NAME: _FORMAT, "tree": text})


def read(path: Any) -> dict[str, Any]:
    """What `write` wrote; tuples have become lists. FormatError for any other file."""
    notes = io.metadata(path)
    if notes.get(_NAME) != _FORMAT:
        raise io.FormatError(f"load: {str(path)!r} is no checkpoint of a Trainer")
    tensors = io.load(path)
    try:
        tree = _unpacked(json.loads(notes["tree"]), tensors)
    except (KeyError, TypeError, ValueError) as error:
        raise io.FormatError(f"load: {str(path)!r} is a damaged checkpoint: {error!r}") from None
    return tree


# JSON has text alone as keys: a dict becomes a list of pairs.
def _packed(value: Any, where: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[where] = value
        return {"tensor": where}
    if isinstance(value, dict):
        pairs = [
            [key, _packed(entry, f"{where}.{key}" if where else str(key), tensors)] for key, entry in value.items()
        ]
        return {"dict": pairs}
    if isinstance(value, (list, tuple)):
        return [_packed(entry, f"{where}.{i}", tensors) for i, entry in enumerate(value)]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"save: {where} is a {type(value).__name__}, which a checkpoint cannot hold")


def _unpacked(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_unpacked(entry, tensors) for entry in value]
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        return {key: _unpacked(entry, tensors) for key, entry in value["dict"]}
    return value
