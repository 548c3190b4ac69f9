"""Losses that take nothing, and the parameters that they depend on: what looks into training works on these two."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.tape import mark_written
from .._engine.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def has_parameters(model: Any) -> bool:
    """Whether it is a module, of this layer or a higher one."""
    return hasattr(model, "named_parameters") and not isinstance(model, type)


def named_leaves(op: str, parameters: Any) -> dict[str, Tensor]:
    """The parameters of a module that require gradients, or what a dict has, checked."""
    if has_parameters(parameters):
        named = {name: x for name, x in parameters.named_parameters() if x.requires_grad}
    elif isinstance(parameters, dict):
        named = parameters
    else:
        arguments.refuse(op, "parameters", parameters, "a Module or a dict of tensors")
    if not named:
        raise ValueError(f"{op}: there are no parameters that require gradients")
    for name, x in named.items():
        if not (isinstance(x, Tensor) and x.dtype.is_floating and x.requires_grad and x.is_leaf):
            raise TypeError(f"{op}: {name} is {described(x)}, but must be a floating leaf that requires gradients")
    return named


def described(x: Any) -> str:
    """What it is, in a message."""
    return f"a {x.dtype.name} tensor of shape {x.shape}" if isinstance(x, Tensor) else arguments.shown(x)


def one_element(op: str, value: Any) -> Tensor:
    """What a loss returned, checked."""
    if not isinstance(value, Tensor) or value.size != 1 or not value.dtype.is_floating:
        raise ValueError(f"{op}: loss returned {described(value)}, but must return a floating tensor with one element")
    return value


def write(x: Tensor, values: Tensor) -> None:
    """Write to a leaf."""
    _core.assign(x._array, values._array)
    mark_written([x._array])


@contextmanager
def restoring(tensors: Iterable[Tensor]) -> Iterator[None]:
    """Afterwards, these hold what they held before."""
    kept = [(x, x.detach().copy()) for x in tensors]
    try:
        yield
    finally:
        for x, before in kept:
            write(x, before)


def buffers_of(model: Any) -> list[Tensor]:
    """Of a module; none of a dict."""
    return list(model.buffers()) if has_parameters(model) else []
