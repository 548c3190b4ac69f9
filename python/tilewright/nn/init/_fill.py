"""How tensors are checked and filled."""

from __future__ import annotations

import cmath
import math
import operator
from typing import TYPE_CHECKING, Any, TypeVar

from ... import _core
from ..._engine import arguments
from ..._engine.tape import mark_written
from ..._engine.tensor import Tensor
from ..functional._docstrings import joined, parameters_of, sections

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def documented(shape: str = "", values: str = "", kinds: str = "", floating: bool = True) -> Callable[[F], F]:
    """Completes a docstring: the tensor, of this shape, the generator and the result; and errors.

    A ValueError for `values`, and a TypeError besides other tensors for `kinds`.
    """

    def complete(function: F) -> F:
        if function.__doc__ is None:  # python -OO
            return function
        parts = sections(function.__doc__)
        tensor = f"tensor : Tensor{shape and f', shape {shape}'}" + ("\n    Floating." if floating else "")
        own = parts.get("Parameters", "")
        generator = "generator : Generator, optional" if "generator" in parameters_of(function)[0] else ""
        parts["Parameters"] = "\n".join(entry for entry in (tensor, own, generator) if entry)
        parts.setdefault("Returns", "Tensor\n    The same tensor.")
        read_only = f"For {values}, or a tensor that is read-only." if values else "Where the tensor is read-only."
        other = f"For anything but a {'floating ' if floating else ''}Tensor{kinds and f', and for {kinds}'}."
        parts["Raises"] = f"ValueError\n    {read_only}\nTypeError\n    {other}"
        function.__doc__ = joined(parts)
        return function

    return complete


def check(op: str, tensor: Any) -> None:
    """Raise where it is no tensor that can be filled."""
    if not isinstance(tensor, Tensor):
        arguments.refuse(op, "tensor", tensor, "a Tensor")
    if tensor._array.readonly:
        raise ValueError(f"{op}: tensor of shape {tensor.shape} is read-only")


def check_floating(op: str, tensor: Any) -> None:
    check(op, tensor)
    if not tensor.dtype.is_floating:
        raise TypeError(f"{op}: tensor has dtype {tensor.dtype.name}, but must be floating")


def finite(op: str, name: str, value: Any, at_least: float = -math.inf) -> float:
    value = arguments.number(op, name, value)
    if not (math.isfinite(value) and value >= at_least):
        raise ValueError(f"{op}: {name} is {value}, but must be finite" + (" and at least 0" if at_least == 0 else ""))
    return value


def fill(tensor: Tensor, values: Any) -> Tensor:
    _core.assign(tensor._array, values)
    mark_written([tensor._array])
    return tensor


def fill_with_number(op: str, tensor: Tensor, value: Any) -> Tensor:
    check(op, tensor)
    number = _number(op, value)
    dtype = tensor.dtype
    try:
        held: Any = _core.item(_core.full((), number, dtype))
        fits = cmath.isfinite(held) or not cmath.isfinite(number)
    except TypeError:
        arguments.refuse(op, "value", number, f"a real number to fill a tensor of {dtype.name}")
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise ValueError(f"{op}: value is {arguments.shown(number)}, which {dtype.name} cannot hold")
    return fill(tensor, number)


def fill_from_numpy(tensor: Tensor, values: Any) -> Tensor:
    array = _core.from_buffer(values, False)
    return fill(tensor, _core.to_device(array, tensor.device))


def _number(op: str, value: Any) -> complex:
    """A Python number, as narrow as it can be, from one or from a 0-d array."""
    if type(value) in (bool, int, float, complex):
        return value
    if getattr(value, "ndim", 0) == 0:
        try:
            return operator.index(value)
        except (TypeError, ValueError):
            pass
        if isinstance(value, complex) or arguments.is_complex(value):
            return complex(value)
    return arguments.number(op, "value", value)
