"""THE table of second names: a function has that of the Array API standard and that of NumPy, where they differ.

An alias is the same object, in `tilewright.numpy` too. `.ci/stubs.py` writes `aliases.pyi` from it, for type checkers.
"""

from __future__ import annotations

from . import arithmetic, bitwise, complex as complex_numbers, manipulation, trigonometric

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ALIASES: dict[str, Any] = {
    "absolute": arithmetic.abs,
    "acos": trigonometric.arccos,
    "acosh": trigonometric.arccosh,
    "asin": trigonometric.arcsin,
    "asinh": trigonometric.arcsinh,
    "atan": trigonometric.arctan,
    "atan2": trigonometric.arctan2,
    "atanh": trigonometric.arctanh,
    "bitwise_not": bitwise.bitwise_invert,
    "concat": manipulation.concatenate,
    "conjugate": complex_numbers.conj,
    "invert": bitwise.bitwise_invert,
    "left_shift": bitwise.bitwise_left_shift,
    "mod": arithmetic.remainder,
    "pow": arithmetic.power,
    "right_shift": bitwise.bitwise_right_shift,
    "transpose": manipulation.permute_dims,
    "true_divide": arithmetic.divide,
}
globals().update(ALIASES)

__all__ = [*ALIASES]
