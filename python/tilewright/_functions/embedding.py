"""Rows of a table by their numbers: the look-up of an embedding. Public in `nn.functional`."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._engine.op import kernel_in_python


@kernel_in_python
def _embedding(weight: Any, /, indices: Any, left_out: int, by_frequency: bool) -> Any:
    """`weight[indices]`, rows of (rows, columns).

    The gradient leaves out the row `left_out` (-1: none), and with `by_frequency` divides what arrives at each row by
    how often it was looked up.
    """
    return _core.embedding(weight, indices)


@kernel_in_python
def _embedding_backward(g: Any, /, indices: Any, rows: int, left_out: int) -> Any:
    """Zeros (rows, columns) with g (.., columns) added at the rows, repeated ones as often as they come."""
    out = _core.full((rows, g.shape[-1]), 0, g.dtype, g.device)
    _core.embedding_add(out, indices, g, left_out)
    return out


embedding, embedding_backward = _embedding, _embedding_backward
