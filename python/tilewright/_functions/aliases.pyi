from typing import Any

from .arithmetic import (
    abs as absolute,
    divide as true_divide,
    power as pow,
    remainder as mod,
)
from .bitwise import (
    bitwise_invert as bitwise_not,
    bitwise_invert as invert,
    bitwise_left_shift as left_shift,
    bitwise_right_shift as right_shift,
)
from .complex import conj as conjugate
from .manipulation import concatenate as concat, permute_dims as transpose
from .trigonometric import (
    arccos as acos,
    arccosh as acosh,
    arcsin as asin,
    arcsinh as asinh,
    arctan as atan,
    arctan2 as atan2,
    arctanh as atanh,
)

__all__ = [
    "absolute",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_not",
    "concat",
    "conjugate",
    "invert",
    "left_shift",
    "mod",
    "pow",
    "right_shift",
    "transpose",
    "true_divide",
]

ALIASES: dict[str, Any]
