"""How activation functions are declared, and what their docstrings share."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine.keywords import named

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_INPUT = "input : array-like\n    Any shape{}.\n"
_FLOATING = "; integers and bool become float32"
_TENSOR = "Tensor\n    Shape of `input`.\n"
_TYPES = "TypeError\n    For complex numbers{}.\n"
_OPTIONS = ", and for another argument that is no real number, or a tensor that requires a gradient"


def activation(op: Any, dtypes: str = _FLOATING) -> Callable[[F], F]:
    """Declare the function of an op that has no parameters but its argument.

    Parameters
    ----------
    op
        What calls by position go to. The function's own body is for calls by name.
    dtypes
        What the docstring says about them.
    """

    def declare(function: F) -> F:
        return named(op)(documented(function, dtypes))

    return declare


def documented(function: F, dtypes: str = _FLOATING) -> F:
    """Completes a docstring: `input` before the other parameters, what comes back, and which dtypes are refused."""
    if function.__doc__ is None:  # python -OO
        return function
    head, *parts = _SECTION.split(inspect.cleandoc(function.__doc__) + "\n")
    own = dict(zip(parts[::2], [text.rstrip() + "\n" for text in parts[1::2]], strict=True))
    options = _OPTIONS if len(inspect.signature(function).parameters) > 1 else ""
    sections = {
        "Parameters": _INPUT.format(dtypes) + own.pop("Parameters", ""),
        "Returns": _TENSOR,
        "Raises": own.pop("Raises", "") + _TYPES.format(options),
        **own,
    }
    text = "\n".join([f"{name}\n{'-' * len(name)}\n{body}" for name, body in sections.items()])
    function.__doc__ = f"{head.rstrip()}\n\n{text}"
    return function
