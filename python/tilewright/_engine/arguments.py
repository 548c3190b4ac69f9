"""Arguments that are not arrays: what counts as an integer, a number or a flag, and how anything else is refused.

One rule everywhere: whatever has `__index__` is an integer, and whatever has `__float__` a number, NumPy's scalars and
0-d arrays among them. They come out as Python's own int, float and bool, which promote nothing. A tensor that gradients
flow through is refused: a constant would cut them off silently.

Each function takes the name of the op and of the parameter, for the message.
"""

from __future__ import annotations

import math
import operator

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, NoReturn

    from .tensor import Tensor

_SHOWN = 80  # characters of a value in a message
_MOST_ELEMENTS = 1 << 59  # of 16 bytes at most


def shown(value: Any) -> str:
    """A value as a message names it: numbers and text as they are written, anything else by its type."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, (int, float, complex, str)):
        text = repr(value)
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
    kind = type(value).__name__
    return f"{'an' if kind[:1] in 'aeiouAEIOU' else 'a'} {kind}"


def refuse(op: str, name: str, value: Any, needed: str) -> NoReturn:
    """TypeError: what was got and what was needed."""
    raise TypeError(f"{op}: {name} is {shown(value)}, but must be {needed}")


def _require_constant(op: str, name: str, value: Any) -> None:
    if getattr(value, "requires_grad", False) is True:
        raise TypeError(f"{op}: {name} is a tensor that requires grad, but must be a constant; use item() or detach()")


def has_axes(value: Any) -> bool:
    """Whether it is an array, of any library, that is not 0-d."""
    ndim = getattr(value, "ndim", 0)
    return isinstance(ndim, int) and ndim > 0


def is_integer(value: Any) -> bool:
    """Whether it can serve as one index. `__index__` alone does not tell: arrays of floats, and of many, have it."""
    try:
        operator.index(value)
    except (TypeError, ValueError):
        return False
    return True


def integer(op: str, name: str, value: Any, *, at_least: int | None = None, at_most: int | None = None) -> int:
    """An int from anything with `__index__`; ValueError outside `[at_least, at_most]`."""
    if type(value) is not int:
        try:
            value = operator.index(value)
        except (TypeError, ValueError):  # an array of several elements has it, too
            refuse(op, name, value, "an integer")
    if at_least is not None and value < at_least:
        raise ValueError(f"{op}: {name} is {shown(value)}, but must be at least {at_least}")
    if at_most is not None and value > at_most:
        raise ValueError(f"{op}: {name} is {shown(value)}, but must be at most {at_most}")
    return int(value)


def shape(op: str, value: Any, name: str = "shape") -> tuple[int, ...]:
    """A shape from one length or a sequence of them; ValueError for a negative one."""
    if type(value) is int and 0 <= value < _MOST_ELEMENTS:
        return (value,)
    if type(value) is tuple:
        count = 1
        for length in value:
            if type(length) is not int or length < 0:
                break
            count *= length or 1
        else:
            if count < _MOST_ELEMENTS and len(value) <= _core.MAX_DIMS:
                return value
    lengths = integers(op, name, value)
    if any(length < 0 for length in lengths):
        raise ValueError(f"{op}: {name} {lengths} has a negative length")
    if len(lengths) > _core.MAX_DIMS:
        raise ValueError(
            f"{op}: {name} has {len(lengths)} dimensions, but arrays have at most {_core.MAX_DIMS} dimensions"
        )
    if math.prod([length or 1 for length in lengths]) >= _MOST_ELEMENTS:
        raise ValueError(f"{op}: {name} {lengths} has more elements than can be addressed")
    return lengths


def integers(op: str, name: str, value: Any) -> tuple[int, ...]:
    """A tuple of ints from one integer or any sequence of them: axes, positions."""
    if type(value) is int:
        return (value,)
    if not isinstance(value, (tuple, list)) and not has_axes(value):
        try:
            return (operator.index(value),)
        except TypeError:
            pass
    listed = entries(op, name, value, "an integer or a sequence of integers")
    return tuple([integer(op, f"an entry of {name}", entry) for entry in listed])


def per_axis(
    op: str, name: str, value: Any, axes: int, *, at_least: int, at_most: int = _MOST_ELEMENTS - 1
) -> tuple[int, ...]:
    """So many ints, one for each spatial axis, from one for all of them or a sequence: strides, paddings."""
    if type(value) is int and at_least <= value <= at_most:
        return (value,) * axes
    listed = integers(op, name, value)
    if len(listed) not in (1, axes):
        needed = "one number" if axes == 1 else f"one number or a sequence of {axes}"
        raise ValueError(f"{op}: {name} has {len(listed)} entries, but must be {needed}")
    for entry in listed:
        integer(op, name, entry, at_least=at_least, at_most=at_most)
    return listed * axes if len(listed) == 1 else listed


def entries(op: str, name: str, value: Any, needed: str) -> list[Any]:
    """The entries of anything that can be gone through but text, mappings and sets."""
    if isinstance(value, (str, bytes, dict, set)):
        refuse(op, name, value, needed)
    try:
        iterator = iter(value)
    except TypeError:
        refuse(op, name, value, needed)
    return list(iterator)


def is_complex(value: Any) -> bool:
    """Of a scalar or an array of another library, whose `__float__` may just warn."""
    return "complex" in str(getattr(value, "dtype", ""))


def number(op: str, name: str, value: Any) -> float:
    """A float from any real number; ValueError for an integer beyond every float."""
    if type(value) is float:
        return value
    has_number = hasattr(value, "__float__") or hasattr(value, "__index__")  # float() reads text and bytes, too
    if isinstance(value, (str, bytes)) or not has_number or has_axes(value) or is_complex(value):
        refuse(op, name, value, "a real number")
    _require_constant(op, name, value)
    try:
        return float(value)
    except (TypeError, ValueError):
        refuse(op, name, value, "a real number")
    except OverflowError:
        raise ValueError(f"{op}: {name} is {shown(value)}, beyond the range of floats") from None


def numbers(op: str, name: str, value: Any, count: int) -> tuple[float, ...]:
    """A tuple of so many floats from a sequence of real numbers."""
    needed = f"a sequence of {count} real numbers"
    listed = entries(op, name, value, needed)
    if len(listed) != count:
        raise ValueError(f"{op}: {name} has {len(listed)} entries, but must be {needed}")
    return tuple([number(op, f"an entry of {name}", entry) for entry in listed])


def probability(op: str, name: str, value: Any) -> float:
    """A float in [0, 1]."""
    value = number(op, name, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{op}: {name} is {value}, but must lie in [0, 1]")
    return value


def flag(op: str, name: str, value: Any) -> bool:
    """A bool from one, from NumPy's, or from 0 or 1."""
    if value is True or value is False:
        return value
    if type(value).__name__ in ("bool", "bool_") and hasattr(value, "item"):  # NumPy's have no __index__
        return bool(value)
    try:
        as_integer = operator.index(value)
    except (TypeError, ValueError):
        refuse(op, name, value, "True or False")
    if as_integer not in (0, 1):
        refuse(op, name, value, "True or False")
    return bool(as_integer)


def option(op: str, name: str, value: Any, options: Iterable[str]) -> str:
    """One of some strings; ValueError for another, TypeError for what is none."""
    options = tuple(options)
    if isinstance(value, str) and value in options:
        return value
    allowed = [f'"{o}"' for o in options]
    needed = " or ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]]))
    if not isinstance(value, str):
        refuse(op, name, value, needed)
    raise ValueError(f"{op}: {name} is {shown(value)}, but must be {needed}")


def device(op: str, value: Any) -> str:
    """A device that there is, by its full name: "cuda" is "cuda:0". ValueError for any other."""
    if not isinstance(value, str):
        refuse(op, "device", value, 'a str such as "cpu"')
    if value == "cpu":
        return "cpu"
    try:
        return _core.device(value)
    except ValueError as error:
        raise ValueError(f"{op}: {error}") from None


def function(op: str, name: str, value: Any) -> Any:
    """Anything that can be called."""
    if not callable(value):
        refuse(op, name, value, "callable")
    return value


def array(op: str, name: str, value: Any, beside: Tensor | None = None) -> Tensor:
    """`asarray(value)`, with an error that names the op and the parameter; an array-like goes where `beside` is."""
    if isinstance(value, _core.TensorBase):  # a Tensor: the import below takes 2 us
        tensor: Any = value
        return tensor
    from .tensor import asarray

    try:
        made = asarray(value)
    except (TypeError, ValueError, BufferError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"{op}: {name} is {shown(value)}, but must be array-like ({error})") from None
    return made if beside is None else made.to(beside.device)


def arrays(op: str, /, read: Callable[[str, str, Any], Tensor] = array, **values: Any) -> list[Tensor]:
    """`read(op, name, value)` of each; array-likes go where the first tensor among the values is."""
    return _together(list(values.values()), [read(op, name, value) for name, value in values.items()])


def array_list(op: str, name: str, values: Sequence[Any]) -> list[Tensor]:
    """`array(op, name, value)` of each; array-likes go where the first tensor among the values is."""
    return _together(values, [array(op, name, value) for value in values])


def _together(given: Sequence[Any], made: list[Tensor]) -> list[Tensor]:
    were = [isinstance(value, _core.TensorBase) for value in given]
    device = made[were.index(True)].device if True in were else "cpu"
    if device == "cpu":
        return made
    return [x if was else x.to(device) for x, was in zip(made, were, strict=True)]
