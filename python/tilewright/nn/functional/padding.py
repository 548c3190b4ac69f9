"""Padding with PyTorch's widths: the last axis first."""

from __future__ import annotations

from typing import Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.padding import _pad, constant

__all__ = ["pad"]

_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Tensor:
    """Pad the last axes: add elements at their ends, or leave some out.

    Parameters
    ----------
    input : array-like
        Any shape.
    pad : sequence of int
        `(before, after)` of the last axis, then of the one before it, and so on; of as many axes as there are pairs.
        Negative widths leave elements out; with "circular" they do so before anything is repeated.
    mode : {"constant", "reflect", "replicate", "circular"}
        What the added elements are. Of `a b c d`: `value`; the mirror image, `c b | a b c d`; the element at the end,
        `a a | a b c d`; what is at the other end, `c d | a b c d`.
    value : number, optional
        Of mode "constant"; 0 by default.

    Returns
    -------
    Tensor
        Dtype of `input`.

    Raises
    ------
    ValueError
        Where widths are no pairs or more than axes, or leave less than nothing; where "reflect" needs elements beyond
        the other end (as many as the axis is long) or "circular" more than there are; for an axis without elements
        that another mode than "constant" should repeat, and a `value` for one.
    TypeError
        For widths that are no integers, and a value that is no number or a tensor that requires grad.

    See Also
    --------
    tilewright.pad : With NumPy's widths, the first axis first; its modes go on beyond the other end.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.pad(tw.asarray([[1, 2, 3], [4, 5, 6]]), (1, 0, 0, 1))
    tensor([[0, 1, 2, 3],
            [0, 4, 5, 6],
            [0, 0, 0, 0]])
    >>> tw.nn.functional.pad(tw.asarray([1, 2, 3]), (2, -1), "replicate")
    tensor([1, 1, 1, 2])
    """
    x = arguments.array("pad", "input", input)
    widths = read_widths("pad", "pad", pad)
    mode = arguments.option("pad", "mode", mode, _MODES)
    if value is not None and mode != "constant":
        raise ValueError(f'pad: value is {arguments.shown(value)}, but mode "{mode}" takes none')
    number = 0 if value is None else constant("pad", "value", value)
    axes = len(widths) // 2
    if axes > x.ndim:
        raise ValueError(f"pad: pad has {axes} pairs, but input {x.shape} has {x.ndim} axes")
    first = (0,) * (x.ndim - axes)
    before, after = (*first, *widths[::2][::-1]), (*first, *widths[1::2][::-1])
    if mode == "circular" and min(widths, default=0) < 0:  # what is left goes round
        x = _pad(x, _at_most_0(before), _at_most_0(after), "constant", 0)
        before, after = tuple([max(width, 0) for width in before]), tuple([max(width, 0) for width in after])
    if mode in ("reflect", "circular"):
        for axis, pair in enumerate(zip(before, after, strict=True)):
            _check_reach(mode, x.shape, axis, max(pair))
    return _pad(x, before, after, _MODES[mode], number)


def read_widths(op: str, name: str, given: Any, axes: int | None = None) -> tuple[int, ...]:
    """An even number of widths; of so many axes, from one number too."""
    widths = arguments.integers(op, name, given)
    if axes is not None and arguments.is_integer(given) and not arguments.has_axes(given):
        widths *= 2 * axes
    if len(widths) % 2 or (axes is not None and len(widths) != 2 * axes):
        needed = "pairs (before, after)" if axes is None else f"{axes} pairs (before, after), or one number"
        raise ValueError(f"{op}: {name} has {len(widths)} entries, but must have {needed}")
    for width in widths:
        arguments.integer(op, f"an entry of {name}", width, at_least=-(1 << 59), at_most=1 << 59)
    return widths


def _at_most_0(widths: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([min(width, 0) for width in widths])


def _check_reach(mode: str, shape: tuple[int, ...], axis: int, width: int) -> None:
    most = max(shape[axis] - (mode == "reflect"), 0)
    if width > most:
        raise ValueError(
            f'pad: {width} elements at an end of axis {axis} of input {shape}, but mode "{mode}" has at most {most}'
        )
