"""What the docstrings of activation functions share."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_INPUT = "input : array-like\n    Any shape; integers and bool become float32.\n"
_TENSOR = "Tensor\n    Shape of `input`.\n"
_TYPES = "TypeError\n    For complex numbers{}.\n"
_OPTIONS = ", and for another argument that is no real number, or a tensor that requires a gradient"


def documented(function: F) -> F:
    """Completes a docstring: `input` before the other parameters, what comes back, and which dtypes are refused."""
    if function.__doc__ is None:  # python -OO
        return function
    head, *parts = _SECTION.split(inspect.cleandoc(function.__doc__) + "\n")
    own = dict(zip(parts[::2], [text.rstrip() + "\n" for text in parts[1::2]], strict=True))
    options = _OPTIONS if len(inspect.signature(function).parameters) > 1 else ""
    sections = {
        "Parameters": _INPUT + own.pop("Parameters", ""),
        "Returns": _TENSOR,
        "Raises": own.pop("Raises", "") + _TYPES.format(options),
        **own,
    }
    text = "\n".join([f"{name}\n{'-' * len(name)}\n{body}" for name, body in sections.items()])
    function.__doc__ = f"{head.rstrip()}\n\n{text}"
    return function
