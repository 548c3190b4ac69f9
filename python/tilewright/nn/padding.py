"""Layers that pad the last one, two or three axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._functions.padding import constant
from . import functional
from .functional._docstrings import joined, sections
from .functional.padding import read_widths
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_PADDING = """
padding : int or tuple of int
    How many elements are added: one number for all ends, or `{ends}`.
    Negative numbers leave elements out."""

_RAISES = """
ValueError
    For another number of widths; when called, where they leave less than nothing, or the mode has not enough elements
    to read: see `nn.functional.pad`.
TypeError
    For widths that are no integers{value}."""

_ENDS = ("(left, right)", "(left, right, top, bottom)", "(left, right, top, bottom, front, back)")


class _Pad(Module):
    """A layer that pads: `class ReflectionPad2d(_Pad, axes=2, mode="reflect")`, whose docstring gets what all share."""

    _axes: int
    _mode: str

    def __init_subclass__(cls, axes: int = 0, mode: str = "constant", **more: Any) -> None:
        super().__init_subclass__(**more)
        if not axes:  # a base class, or a subclass of a user's
            return
        cls._axes, cls._mode = axes, mode
        if cls.__doc__ is None:  # python -OO
            return
        parts = sections(cls.__doc__)
        parts["Parameters"] = f"{_PADDING.format(ends=_ENDS[axes - 1])}\n{parts.get('Parameters', '')}".strip("\n")
        parts["Raises"] = _RAISES.format(value=", and a value that is no number" if "value :" in cls.__doc__ else "")
        cls.__doc__ = joined(parts)

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        self.padding = read_widths(type(self).__name__, "padding", padding, self._axes)

    def forward(self, input: Any) -> Tensor:
        return functional.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"padding={self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: int | tuple[int, ...], value: complex) -> None:
        super().__init__(padding)
        self.value = constant(type(self).__name__, "value", value)

    def forward(self, input: Any) -> Tensor:
        return functional.pad(input, self.padding, value=self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad, axes=1):
    """Pads the last axis with a value.

    Parameters
    ----------
    value : number
        What all elements that are added are.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ConstantPad1d(1, 7)(tw.asarray([[1, 2, 3]]))
    tensor([[7, 1, 2, 3, 7]])
    """


class ConstantPad2d(_ConstantPad, axes=2):
    """Pads the last two axes with a value.

    Parameters
    ----------
    value : number
        What all elements that are added are.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ConstantPad2d((2, 0, 0, 1), 7)(tw.asarray([[[1, 2, 3], [4, 5, 6]]]))
    tensor([[[7, 7, 1, 2, 3],
             [7, 7, 4, 5, 6],
             [7, 7, 7, 7, 7]]])
    """


class ConstantPad3d(_ConstantPad, axes=3):
    """Pads the last three axes with a value.

    Parameters
    ----------
    value : number
        What all elements that are added are.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ConstantPad3d((1, 2, 0, 1, 1, 0), 7.0)(tw.zeros((1, 2, 3, 4))).shape
    (1, 3, 4, 7)
    """


class ZeroPad1d(_Pad, axes=1):
    """Pads the last axis with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ZeroPad1d(1)(tw.asarray([[1, 2, 3]]))
    tensor([[0, 1, 2, 3, 0]])
    """


class ZeroPad2d(_Pad, axes=2):
    """Pads the last two axes with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ZeroPad2d((2, 0, 0, 1))(tw.asarray([[[1, 2, 3], [4, 5, 6]]]))
    tensor([[[0, 0, 1, 2, 3],
             [0, 0, 4, 5, 6],
             [0, 0, 0, 0, 0]]])
    """


class ZeroPad3d(_Pad, axes=3):
    """Pads the last three axes with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ZeroPad3d((1, 2, 0, 1, 1, 0))(tw.zeros((1, 2, 3, 4))).shape
    (1, 3, 4, 7)
    """


class ReflectionPad1d(_Pad, axes=1, mode="reflect"):
    """Pads the last axis with its mirror image, without the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReflectionPad1d(1)(tw.asarray([[1, 2, 3]]))
    tensor([[2, 1, 2, 3, 2]])
    """


class ReflectionPad2d(_Pad, axes=2, mode="reflect"):
    """Pads the last two axes with their mirror images, without the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReflectionPad2d((2, 0, 0, 1))(tw.asarray([[[1, 2, 3], [4, 5, 6]]]))
    tensor([[[3, 2, 1, 2, 3],
             [6, 5, 4, 5, 6],
             [3, 2, 1, 2, 3]]])
    """


class ReflectionPad3d(_Pad, axes=3, mode="reflect"):
    """Pads the last three axes with their mirror images, without the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReflectionPad3d((1, 2, 0, 1, 1, 0))(tw.zeros((1, 2, 3, 4))).shape
    (1, 3, 4, 7)
    """


class ReplicationPad1d(_Pad, axes=1, mode="replicate"):
    """Pads the last axis with the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReplicationPad1d(1)(tw.asarray([[1, 2, 3]]))
    tensor([[1, 1, 2, 3, 3]])
    """


class ReplicationPad2d(_Pad, axes=2, mode="replicate"):
    """Pads the last two axes with the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReplicationPad2d((2, 0, 0, 1))(tw.asarray([[[1, 2, 3], [4, 5, 6]]]))
    tensor([[[1, 1, 1, 2, 3],
             [4, 4, 4, 5, 6],
             [4, 4, 4, 5, 6]]])
    """


class ReplicationPad3d(_Pad, axes=3, mode="replicate"):
    """Pads the last three axes with the elements at the ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ReplicationPad3d((1, 2, 0, 1, 1, 0))(tw.zeros((1, 2, 3, 4))).shape
    (1, 3, 4, 7)
    """


class CircularPad1d(_Pad, axes=1, mode="circular"):
    """Pads the last axis with what is at the other end.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CircularPad1d(1)(tw.asarray([[1, 2, 3]]))
    tensor([[3, 1, 2, 3, 1]])
    """


class CircularPad2d(_Pad, axes=2, mode="circular"):
    """Pads the last two axes with what is at the other end.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CircularPad2d((2, 0, 0, 1))(tw.asarray([[[1, 2, 3], [4, 5, 6]]]))
    tensor([[[2, 3, 1, 2, 3],
             [5, 6, 4, 5, 6],
             [2, 3, 1, 2, 3]]])
    """


class CircularPad3d(_Pad, axes=3, mode="circular"):
    """Pads the last three axes with what is at the other end.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CircularPad3d((1, 2, 0, 1, 1, 0))(tw.zeros((1, 2, 3, 4))).shape
    (1, 3, 4, 7)
    """
