"""Padding, and its adjoint."""

from __future__ import annotations

from .._engine.arguments import array, entries, has_axes, integer, is_integer, number, option, refuse, shown
from .._engine.op import is_number, primitive
from .._engine.tensor import Tensor
from .creation import _constant
from .manipulation import _axis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["pad"]

MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


@primitive
def _pad(  # type: ignore[empty-body]
    x: Any, /, before: tuple[int, ...], after: tuple[int, ...], mode: str, value: complex
) -> Tensor:
    """Kernel of `pad`: so many elements at the front and the end of each axis; negative ones are left out."""


@primitive
def _unpad(x: Any, /, before: tuple[int, ...], after: tuple[int, ...], mode: str) -> Tensor:  # type: ignore[empty-body]
    """The adjoint of `pad`: each element is added to the one that it is a copy of."""


def pad(x: Any, pad_width: Any, mode: str = "constant", *, constant_values: Any = 0) -> Tensor:
    """Pad an array: add elements at the ends of its axes.

    Parameters
    ----------
    x : array-like
        Any shape.
    pad_width : int, sequence of int or of pairs of int, or dict
        How many, none negative. One number for all ends, one pair `(before, after)` for all axes, or a pair for each
        axis, in order. Of a dict the keys are axes, the values numbers or pairs; other axes stay as they are.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What they are. Of `a b c d`: a constant; the element at the end, `a a | a b c d`; the mirror image without it,
        `c b | a b c d`, or with it, `b a | a b c d`; or what is at the other end, `c d | a b c d`. Where there are more
        of them than the axis is long, this goes on.
    constant_values : number, or sequence of numbers or of pairs of numbers
        Of mode "constant", in the form of `pad_width`. Where axes differ, corners have the value of the last one.

    Returns
    -------
    Tensor
        Dtype of `x`.

    Raises
    ------
    ValueError
        For a negative width, widths that do not fit the axes, an axis without elements that another mode than
        "constant" should repeat, a constant for another mode, or one that the dtype cannot hold.
    AxisError
        For a key that is no axis of `x`.
    TypeError
        For widths that are no integers, and constants that are no numbers or a tensor that requires grad.

    See Also
    --------
    tilewright.nn.functional.pad : With PyTorch's widths, the last axis first, which may be negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.pad([1, 2, 3], (2, 1), constant_values=7)
    tensor([7, 7, 1, 2, 3, 7])
    >>> tw.pad([[1, 2, 3]], ((0, 0), (2, 2)), "reflect")
    tensor([[3, 2, 1, 2, 3, 2, 1]])
    """
    x = array("pad", "x", x)
    given = _of_axes(pad_width, x.shape) if isinstance(pad_width, dict) else pad_width
    widths = _pairs("pad_width", given, x.shape, _width)
    mode = option("pad", "mode", mode, MODES)
    values = _pairs("constant_values", constant_values, x.shape, _number)
    alike = len({repr(value) for pair in values for value in pair}) <= 1
    if mode != "constant" and not (alike and (not values or values[0][0] == 0)):
        raise ValueError(f'pad: constant_values is given, but mode is "{mode}"')
    before, after = tuple([a for a, _ in widths]), tuple([b for _, b in widths])
    if alike:
        return _pad(x, before, after, mode, values[0][0] if values else 0)
    none = (0,) * len(values)
    for axis, (first, last) in enumerate(values):
        x = _pad(x, _at(axis, before, none), none, mode, first)
        x = _pad(x, none, _at(axis, after, none), mode, last)
    return x


def _at(axis: int, widths: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    return (*others[:axis], widths[axis], *others[axis + 1 :])


def _of_axes(widths: dict[Any, Any], shape: tuple[int, ...]) -> list[Any]:
    pairs: list[Any] = [(0, 0)] * len(shape)
    for axis, width in widths.items():
        pairs[_axis("pad", axis, len(shape), "a key of pad_width")] = (width, width) if _is_one(width) else width
    return pairs


def _is_one(value: Any) -> bool:
    return not isinstance(value, (list, tuple)) and not has_axes(value)


def _pairs(name: str, given: Any, shape: tuple[int, ...], read: Callable[[str, Any], Any]) -> list[tuple[Any, Any]]:
    """For each axis two values, as NumPy broadcasts them: from one, from one or two for all axes, or for each."""
    if _is_one(given):
        one = read(name, given)
        return [(one, one)] * len(shape)
    listed = entries("pad", name, given, "a number, a pair, or a pair for each axis")
    if listed and all(_is_one(value) for value in listed):
        listed = [listed]
    pairs = []
    for pair in listed:
        if _is_one(pair):
            refuse("pad", f"an entry of {name}", pair, "a pair, as other entries are")
        ends = [read(name, end) for end in entries("pad", f"an entry of {name}", pair, "a pair")]
        if len(ends) not in (1, 2):
            raise ValueError(f"pad: an entry of {name} has {len(ends)} numbers, but must be a pair (before, after)")
        pairs.append((ends[0], ends[-1]))
    if len(pairs) == 1:
        pairs *= len(shape)
    if len(pairs) != len(shape):
        raise ValueError(f"pad: {name} has {len(pairs)} pairs, but x {shape} has {len(shape)} axes")
    return pairs


def _width(name: str, value: Any) -> int:
    width = integer("pad", f"an entry of {name}", value)
    if width < 0:
        raise ValueError(f"pad: {name} has {shown(width)}, but must not be negative; slice to leave elements out")
    return integer("pad", f"an entry of {name}", width, at_most=1 << 59)


def _number(name: str, value: Any) -> Any:
    return constant("pad", name, value)


def constant(op: str, name: str, value: Any) -> Any:
    """A Python number, also a complex one, from whatever is one."""
    if is_number(value):
        return value
    if is_integer(value):
        return integer(op, name, value)
    if hasattr(value, "__float__") and not hasattr(value, "dtype"):
        return number(op, name, value)
    return _constant(op, name, value)[0]
