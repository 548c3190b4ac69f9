"""What pooling functions share: reading sizes, and docstrings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions import pooling as ops
from ..._functions.arithmetic import sqrt, square
from ..._functions.creation import zeros
from ..._functions.indexing import scatter, where
from ..._functions.logical import logical_or
from ..._functions.manipulation import astype, reshape
from ._checks import refuse_where
from ._docstrings import joined, parameters_of, sections

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")
Size = int | tuple[int, ...]
Sizes = tuple[int, ...]

_LARGEST = 2**31 - 1


def size(op: str, name: str, value: Any) -> Size:
    """An int, or a tuple with one for each axis, as it is given."""
    if type(value) is int:
        return value
    sizes = arguments.integers(op, name, value)
    return sizes if isinstance(value, (tuple, list)) or arguments.has_axes(value) else sizes[0]


def sizes(op: str, axes: int, name: str, value: Any, least: int) -> Sizes:
    """One for each axis."""
    return arguments.per_axis(op, name, value, axes, at_least=least, at_most=_LARGEST)


def check_axes(op: str, axes: int, x: Tensor) -> None:
    """As `ops/` does, for functions that are made of other ops."""
    if x.ndim not in (axes + 1, axes + 2):
        shape = _AXES[axes]
        raise ValueError(f"{op}: input has shape {x.shape}, but must be (C, {shape}) or (N, C, {shape})")
    if 0 in x.shape[-axes:]:
        raise ValueError(f"{op}: input has shape {x.shape}, but a window of an empty axis has no elements")


# ---- windows that slide ----------------------------------------------------------------------------------------------


def max_pool(
    op: str,
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: Any,
    return_indices: Any,
) -> Any:
    x = arguments.array(op, "input", input)
    kernel = sizes(op, axes, "kernel_size", kernel_size, 1)
    options = (
        kernel,
        kernel if stride is None else sizes(op, axes, "stride", stride, 1),
        sizes(op, axes, "padding", padding, 0),
        sizes(op, axes, "dilation", dilation, 1),
        arguments.flag(op, "ceil_mode", ceil_mode),
    )
    if arguments.flag(op, "return_indices", return_indices):
        return ops.max_pool_with_indices(x, *options)
    return ops.max_pool(x, *options)


def divisor(op: str, divisor_override: Any) -> int:
    """What to divide by; 0 for the number of elements."""
    if divisor_override is None:
        return 0
    value = arguments.integer(op, "divisor_override", divisor_override, at_least=-_LARGEST, at_most=_LARGEST)
    if value == 0:
        raise ValueError(f"{op}: divisor_override is 0, but must not be 0")
    return value


def avg_pool(
    op: str,
    axes: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: Any,
    count_include_pad: Any,
    divisor_override: Any = None,
) -> Tensor:
    x = arguments.array(op, "input", input)
    kernel = sizes(op, axes, "kernel_size", kernel_size, 1)
    return ops.avg_pool(
        x,
        kernel,
        kernel if stride is None else sizes(op, axes, "stride", stride, 1),
        sizes(op, axes, "padding", padding, 0),
        arguments.flag(op, "ceil_mode", ceil_mode),
        arguments.flag(op, "count_include_pad", count_include_pad),
        divisor(op, divisor_override),
    )


def norm_type(op: str, value: Any) -> float:
    p = arguments.number(op, "norm_type", value)
    if not 0 < p < math.inf:
        raise ValueError(f"{op}: norm_type is {p}, but must be positive and finite")
    return p


def lp_pool(op: str, axes: int, input: Any, norm: Any, kernel_size: Any, stride: Any, ceil_mode: Any) -> Tensor:
    """The gradient where a window has only zeros is 0."""
    x, p = arguments.array(op, "input", input), norm_type(op, norm)
    check_axes(op, axes, x)
    if x.dtype.is_complex:
        raise TypeError(f"{op}: input is {x.dtype.name}, but must be real")
    if not x.dtype.is_floating:
        x = astype(x, "float32")
    if p == 2:
        powers = square(x)
    elif p == 1:
        powers = x
    else:
        zero = x.detach() == 0  # whose power has no derivative for p < 1, no second one for p < 2
        powers = where(zero, 0.0, where(zero, 1.0, x) ** p)
    try:
        y = avg_pool(op, axes, powers, kernel_size, stride, 0, ceil_mode, True, 1)
    except ValueError as error:  # of the op, which has another name
        raise ValueError(str(error).replace(f"avg_pool{axes}d", op, 1)) from None
    if p == 1:
        return y
    nothing = y.detach() == 0
    some = where(nothing, 1.0, y)
    return where(nothing, 0.0, sqrt(some) if p == 2 else some ** (1 / p))


# ---- adaptive windows ------------------------------------------------------------------------------------------------


def output_size(op: str, axes: int, value: Any) -> int | tuple[int | None, ...]:
    """As it is given: an int, or one for each axis, with None for the size of the input's."""
    if type(value) is int or value is None:
        entries: Any = (value,)
    elif isinstance(value, (tuple, list)):
        entries = tuple(value)
        if len(entries) not in (1, axes):
            raise ValueError(f"{op}: output_size is {entries}, but must have 1 or {axes} entries")
    else:
        entries = arguments.integers(op, "output_size", value)
    read = tuple(
        [
            None if entry is None else arguments.integer(op, "output_size", entry, at_least=0, at_most=_LARGEST)
            for entry in entries
        ]
    )
    if isinstance(value, (tuple, list)) or value is None:
        return read
    return read[0] if len(read) == 1 and read[0] is not None else read


def adaptive(op: str, axes: int, input: Any, given: Any) -> tuple[Tensor, Sizes]:
    """The input, and how many windows there are along each axis."""
    x, read = arguments.array(op, "input", input), output_size(op, axes, given)
    wanted = read if isinstance(read, tuple) else (read,)
    if len(wanted) == 1:
        wanted *= axes
    if len(wanted) != axes:
        raise ValueError(f"{op}: output_size is {wanted}, but must have 1 or {axes} entries")
    spatial = x.shape[-axes:] if x.ndim > axes else (0,) * axes
    return x, tuple([n if m is None else m for n, m in zip(spatial, wanted, strict=True)])


def adaptive_max_pool(op: str, axes: int, input: Any, output_size: Any, return_indices: Any) -> Any:
    x, sizes = adaptive(op, axes, input, output_size)
    if arguments.flag(op, "return_indices", return_indices):
        return ops.adaptive_max_pool_with_indices(x, sizes)
    return ops.adaptive_max_pool(x, sizes)


# ---- back to the input -----------------------------------------------------------------------------------------------


def _unpooled(op: str, spatial: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, given: Any) -> Sizes:
    """The sizes of what windows were taken of: as given, where that is possible."""
    axes = len(kernel)
    usual = [(m - 1) * s - 2 * p + k for m, k, s, p in zip(spatial, kernel, stride, padding, strict=True)]
    if given is None:
        wanted = tuple(usual)
    else:
        wanted = arguments.integers(op, "output_size", given)
        if len(wanted) in (axes + 1, axes + 2):
            wanted = wanted[-axes:]
        if len(wanted) != axes:
            raise ValueError(f"{op}: output_size is {wanted}, but must have {axes} entries, or those of a whole shape")
        for length, least, s in zip(wanted, usual, stride, strict=True):
            if not least - s < length < least + s:
                raise ValueError(
                    f"{op}: output_size is {wanted}, but lengths must be between {[u - s for u in usual]} "
                    f"and {[u + s for u in usual]}, exclusive"
                )
    if min(wanted) < 1:
        raise ValueError(f"{op}: the output would have the lengths {wanted}, but they must be at least 1")
    return wanted


def max_unpool(
    op: str, axes: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    x, at = arguments.array(op, "input", input), arguments.array(op, "indices", indices)
    if not x.dtype.is_floating:
        raise TypeError(f"{op}: input is {x.dtype.name}, but must be floating")
    if not at.dtype.is_integer:
        raise TypeError(f"{op}: indices are {at.dtype.name}, but must be integers")
    check_axes(op, axes, x)
    if at.shape != x.shape:
        raise ValueError(f"{op}: indices have shape {at.shape}, but input {x.shape}; they must agree")
    kernel = sizes(op, axes, "kernel_size", kernel_size, 1)
    strides = kernel if stride is None else sizes(op, axes, "stride", stride, 1)
    spatial = _unpooled(op, x.shape[-axes:], kernel, strides, sizes(op, axes, "padding", padding, 0), output_size)
    length = math.prod(spatial)
    at = astype(at, "int64", copy=False)
    needed = f"must be from 0 to {length - 1}, the positions of {spatial}"
    refuse_where(op, "indices", at, logical_or(at < 0, at >= length), IndexError, needed)
    rows, columns = math.prod(x.shape[:-axes]), math.prod(x.shape[-axes:])
    flat = zeros((rows, length), dtype=x.dtype, device=x.device)
    y = scatter(flat, 1, reshape(at, (rows, columns)), reshape(x, (rows, columns)))
    return reshape(y, (*x.shape[:-axes], *spatial))


# ---- docstrings ------------------------------------------------------------------------------------------------------

_AXES = {1: "L", 2: "H, W", 3: "D, H, W"}

# Entries by name; where kinds of functions have different ones, by "kind.name".
_PARAMETERS = {
    "input": "array-like, shape (C, {axes}) or (N, C, {axes})\n    Integers and bool become float32.",
    "unpool.input": "array-like, shape (C, {axes}) or (N, C, {axes})\n    Floating: the largest elements.",
    "indices": "array-like of int, shape of `input`\n    Where each was in its plane, counted in C order.",
    "kernel_size": "int or tuple of int\n    Length of the window along each axis.",
    "stride": "int or tuple of int, optional\n    From one window to the next; by default `kernel_size`.",
    "padding": "int or tuple of int\n    How far the windows reach beyond each end.",
    "max.padding": "int or tuple of int\n    How far the windows reach beyond each end; no maximum lies there.",
    "dilation": "int or tuple of int\n    From one element of a window to the next.",
    "ceil_mode": "bool\n    Whether a last window may reach beyond the end.",
    "return_indices": "bool\n    Whether to return positions as well.",
    "count_include_pad": "bool\n    Whether zeros of the padding count as elements of the window.",
    "divisor_override": "int, optional\n    What to divide by in place of the number of elements.",
    "norm_type": "float\n    The power p, positive.",
    "output_size": "int or tuple of int or None\n    Windows along each axis; None for as many as elements.",
    "unpool.output_size": "tuple of int, optional\n    Of the last axes, or of all; less than a stride from the usual.",
}

_RETURNS = {
    "max": """
Tensor or tuple of Tensor
    (.., windows), along each axis floor((n + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1. With
    `ceil_mode` the quotient is rounded up, but no window begins beyond the end. With `return_indices` also the
    positions in the plane as int64, counted in C order.""",
    "avg": "Tensor\n    (.., windows), as many as `max_pool{n}d` has.",
    "lp": "Tensor\n    (.., windows), as many as `max_pool{n}d` has.",
    "adaptive_max": """
Tensor or tuple of Tensor
    (.., output_size). With `return_indices` also the positions in the plane as int64, counted in C order.""",
    "adaptive_avg": "Tensor\n    (.., output_size).",
    "unpool": "Tensor\n    (.., output_size); without it (m - 1) stride - 2 padding + kernel_size along each axis.",
}

_SLIDING = """
ValueError
    For another number of axes, an empty one, `padding` above half of `kernel_size`, sizes out of range, and where there
    would be no window"""
_ADAPTIVE = """
ValueError
    For another number of axes, an empty one, and a negative size."""
_RAISES = {
    "max": f"{_SLIDING}.",
    "avg": f"{_SLIDING}; for a `divisor_override` of 0.",
    "lp": f"{_SLIDING}; for a `norm_type` that is not positive.",
    "adaptive_max": _ADAPTIVE,
    "adaptive_avg": _ADAPTIVE,
    "unpool": """
ValueError
    For another number of axes, shapes that do not agree, and an `output_size` that the windows do not have.
IndexError
    For an index outside of the plane.""",
}

_EVENLY = "Window i of m covers elements floor(i n / m) to ceil((i + 1) n / m) - 1 of n."
_NOTES = {
    "max": "NaN wins against every number. Of equal elements the first gets the gradient.",
    "avg": "A window that `ceil_mode` lets reach beyond the padding counts what is before its end.",
    "lp": """
(sum x^p)^(1/p): p = 1 is the sum, a negative sum has no root and gives NaN. The gradient of a window of zeros is 0.
Unlike in PyTorch, a window that reaches beyond the end is not scaled up.""",
    "adaptive_max": _EVENLY,
    "adaptive_avg": _EVENLY,
    "unpool": "Everything else is 0. Where indices are equal, the last one counts, and gets the gradient.",
}


def documented(kind: str, axes: int) -> Callable[[F], F]:
    """Completes the docstring of a function of a kind and so many axes: all sections but the examples."""

    def complete(function: F) -> F:
        if function.__doc__ is None:  # python -OO
            return function
        parts = sections(function.__doc__)
        names = parameters_of(function)[0]
        texts = [f"{name} : {_PARAMETERS.get(f'{kind}.{name}', _PARAMETERS[name])}" for name in names]
        parts["Parameters"] = "\n".join(texts).replace("{axes}", _AXES[axes])
        parts["Returns"] = _RETURNS[kind].replace("{n}", str(axes))
        parts["Raises"] = f"{_RAISES[kind]}\nTypeError\n    For complex numbers, and for options of another kind."
        parts["Notes"] = _NOTES[kind]
        function.__doc__ = joined(parts)
        return function

    return complete
