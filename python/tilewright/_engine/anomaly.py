"""Anomaly mode: stop at the first value that is not finite, forward or backward."""

from __future__ import annotations

from .. import _core
from .tape import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .tape import Node


def note_forward(node: Node, y: Any) -> None:
    """In anomaly mode, after each recorded op: remember the layer, and stop at the first value that is not finite."""
    if state.on_record is not None:
        state.on_record(node, y)
        return
    path = ".".join(state.layer_path)
    if path:
        node.origin = f"{node.origin}, in layer {path}"
        if type(node.saved) is int:
            node.parents[0].origin = node.origin
    if not _finite(y):
        raise FloatingPointError(
            f"anomaly: {node.plan.name} gave NaN or inf in its result of shape {y.shape}, at {node.origin}"
            + _blame(node)
        )


def _blame(node: Node) -> str:
    """Which of the saved inputs was not finite already."""
    call = node.parents[0] if type(node.saved) is int else node
    for value in call.saved:
        array = getattr(value, "_array", None)
        if array is not None and not _finite(array):
            return f"; its input of shape {array.shape} had NaN or inf already"
    return ""


def check_finite_backward(node: Node, g: Any, gradients: Sequence[Any]) -> None:
    for parent, c in zip(node.parents, gradients, strict=True):
        if c is not None and not _finite(c._array):
            already = [x for x in (g if type(g) is list else (g,)) if x is not None and not _finite(x._array)]
            raise FloatingPointError(
                f"anomaly: the gradient of {node.plan.name} is NaN or inf for its input of shape {parent.shape}; "
                f"recorded at {node.origin}" + ("; so was the gradient that backward brought" if already else "")
            )


def _finite(array: Any) -> bool:
    return not array.dtype.is_inexact or bool(_core.item(_core.all(_core.isfinite(array), None, False)))
