"""What losses, distances and other functions ask of their arguments, before any work."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._engine.op import beside, positions
from ..._engine.tensor import Tensor, asarray
from ..._functions.indexing import nonzero
from ..._functions.logical import logical_and, logical_or
from ..._functions.manipulation import astype
from ..._functions.reductions import any as any_

if TYPE_CHECKING:
    from collections.abc import Callable

# ---- arrays ----------------------------------------------------------------------------------------------------------


def operands(op: str, **given: Any) -> list[Tensor]:
    """Real tensors on one device, by their parameters' names. Integers take the dtype of the first, or its default.

    They are not computed with as integers: their differences and squares need not fit their dtype.
    """
    tensors: list[Any] = list(given.values())
    for value in tensors:
        if not isinstance(value, Tensor) or not value._array.dtype.is_floating:
            break
    else:  # nothing to do
        return tensors
    leader = next((x for x in given.values() if isinstance(x, Tensor)), None)
    leader = next((x for x in given.values() if getattr(x, "_node", None) is not None), leader)
    tensors = []
    for name, value in given.items():
        tensor = value if isinstance(value, Tensor) else operand(op, name, value, leader)
        if tensor.dtype.is_complex:
            raise TypeError(f"{op}: {name} has dtype {tensor.dtype.name}, but must be of real numbers")
        if not tensor.dtype.is_floating:
            tensor = asarray(tensor, tensors[0].dtype if tensors else _core.default_float(tensor))
        tensors.append(tensor)
    return tensors


def alike(op: str, **given: Any) -> list[Tensor]:
    """`operands` of one shape: broadcasting (n, 1) against (n,) is a well-known trap."""
    tensors = operands(op, **given)
    shape = tensors[0].shape
    for name, tensor in zip(given, tensors, strict=True):
        if tensor.shape != shape:
            raise ValueError(f"{op}: {next(iter(given))} has shape {shape}, but {name} {tensor.shape}; they must agree")
    return tensors


def operand(op: str, name: str, value: Any, other: Any) -> Tensor:
    """A tensor of an array-like beside another operand, if there is one."""
    try:
        return beside(other, value)
    except (TypeError, ValueError, BufferError):
        arguments.array(op, name, value)  # for its message
        raise


def positions_of(op: str, name: str, value: Any, other: Any) -> Tensor:
    """An `operand` of positions: an empty list has none, and so passes for integers."""
    return positions(value, lambda given: operand(op, name, given, other))


def common_shape(op: str, x1: Tensor, x2: Tensor) -> tuple[int, ...]:
    """The shape that both broadcast to."""
    pairs = list(zip_longest(x1.shape[::-1], x2.shape[::-1], fillvalue=1))
    if any(a != b and 1 not in (a, b) for a, b in pairs):
        raise ValueError(f"{op}: x1 {x1.shape} and x2 {x2.shape} do not broadcast")
    return tuple([b if a == 1 else a for a, b in pairs][::-1])


def refuse_where(op: str, name: str, values: Tensor, wrong: Tensor, error: type[Exception], needed: str) -> None:
    """Name the first of the values that is wrong, if there is one."""
    if not any_(wrong).item():
        return
    position = [places[0].item() for places in nonzero(wrong)] if values.ndim else []
    where = f"{name}[{', '.join(map(str, position))}]" if position else name
    raise error(f"{op}: {where} is {values[tuple(position)].item()}, but {needed}")


def signs(op: str, target: Any, input: Any) -> Tensor:
    """Targets that are 1 or -1."""
    (target,) = operands(op, target=operand(op, "target", target, input))
    refuse_where(op, "target", target, logical_and(target != 1, target != -1), ValueError, "must be 1 or -1")
    return target


def not_negative_entries(op: str, name: str, x: Tensor) -> None:
    refuse_where(op, name, x, x < 0, ValueError, "must not be negative")


def class_axis(op: str, input: Tensor) -> int:
    """Of (C,), (N, C) or (N, C, ..)."""
    if not input.ndim:
        raise ValueError(f"{op}: input is 0-d, but needs an axis of classes: (C,), (N, C) or (N, C, ..)")
    return 1 if input.ndim > 1 else 0


def class_indices(
    op: str, target: Any, input: Tensor, shape: tuple[int, ...], *, classes: int, ignored: int | None = None
) -> Tensor:
    """Classes as int64, each in range or the one that is ignored."""
    given = operand(op, "target", target, input)
    if not given.dtype.is_integer:
        raise TypeError(f"{op}: target is {given.dtype.name}, but classes are integers")
    if given.shape != shape:
        raise ValueError(f"{op}: target has shape {given.shape}, but input {input.shape} needs {shape}")
    target = astype(given, "int64", copy=False)
    wrong = logical_or(target < 0, target >= classes)
    if ignored is not None:
        wrong = logical_and(wrong, target != ignored)
    needed = f"input {input.shape} has {classes} classes, 0 to {classes - 1}"
    refuse_where(op, "target", given, wrong, IndexError, needed)
    return target


def class_weight(op: str, weight: Any, input: Tensor, classes: int) -> Tensor | None:
    """A weight for each class, in the dtype of the input, or None."""
    if weight is None:
        return None
    weight = operand(op, "weight", weight, input)
    if weight.dtype.is_complex:
        raise TypeError(f"{op}: weight has dtype {weight.dtype.name}, but must be of real numbers")
    if weight.shape != (classes,):
        raise ValueError(f"{op}: weight has shape {weight.shape}, but there are {classes} classes")
    return astype(weight, input.dtype, copy=False)


def checked_weight(op: str, name: str, value: Any, x: Any = None) -> Any:
    """A weight beside x: None, a tensor, or a float, which promotes nothing, for a number and a constant 0-d array."""
    if value is None or (isinstance(value, Tensor) and (value.ndim or value.requires_grad)):
        return value
    if isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0:
        return arguments.number(op, name, value)
    return operand(op, name, value, x)


# ---- options ---------------------------------------------------------------------------------------------------------

_REDUCTIONS = ("mean", "sum", "none")


def check_reduction(op: str, reduction: Any, more: tuple[str, ...] = ()) -> str:
    if type(reduction) is not str or reduction not in _REDUCTIONS:
        arguments.option(op, "reduction", reduction, (*_REDUCTIONS, *more))
    return reduction


def check_ignore_index(op: str, ignore_index: Any) -> int:
    ignore_index = arguments.integer(op, "ignore_index", ignore_index)
    if not -(2**63) <= ignore_index < 2**63:
        raise ValueError(f"{op}: ignore_index is {arguments.shown(ignore_index)}, but must fit int64")
    return ignore_index


def positive(op: str, name: str, value: Any) -> float:
    value = arguments.number(op, name, value)
    if not value > 0:
        raise ValueError(f"{op}: {name} is {value}, but must be positive")
    return value


def not_negative(op: str, name: str, value: Any) -> float:
    value = arguments.number(op, name, value)
    if not value >= 0:
        raise ValueError(f"{op}: {name} is {value}, but must be at least 0")
    return value


def _one_or_two(op: str, name: str, value: Any) -> int:
    value = arguments.integer(op, name, value)
    if value not in (1, 2):
        raise ValueError(f"{op}: {name} is {arguments.shown(value)}, but must be 1 or 2")
    return value


def _function_or_none(op: str, name: str, value: Any) -> Any:
    return None if value is None else arguments.function(op, name, value)


# What an option is read by, by its name; where a name means different things, by "function.name".
_OPTIONS: dict[str, Callable[[str, str, Any], Any]] = {
    "reduction": lambda op, _, value: check_reduction(op, value),
    "kl_div.reduction": lambda op, _, value: check_reduction(op, value, ("batchmean",)),
    "weight": checked_weight,
    "pos_weight": checked_weight,
    "ignore_index": lambda op, _, value: check_ignore_index(op, value),
    "label_smoothing": arguments.probability,
    "delta": positive,
    "beta": not_negative,
    "eps": not_negative,
    "margin": arguments.number,
    "triplet_margin_loss.margin": positive,
    "triplet_margin_with_distance_loss.margin": positive,
    "p": positive,
    "multi_margin_loss.p": _one_or_two,
    "dim": arguments.integer,
    "distance_function": _function_or_none,
    "blank": arguments.integer,
    **dict.fromkeys(("full", "log_input", "log_target", "swap", "keepdim", "zero_infinity"), arguments.flag),
}


def option(function: str, name: str, value: Any, op: str | None = None) -> Any:
    """An option of a function, read; in errors under the name of the function or of `op`."""
    read = _OPTIONS.get(f"{function}.{name}") or _OPTIONS[name]
    return read(op or function, name, value)


def options(function: str, **given: Any) -> list[Any]:
    """Several of them, in their order."""
    return [option(function, name, value) for name, value in given.items()]


def held(eps: float, x: Tensor) -> float:
    """An eps that the dtype of x holds, and whose reciprocal it holds: float16 has neither for 1e-8."""
    return max(eps, 2.0**-14) if eps and x.dtype == _core.DType.float16 else eps
