"""How activation functions are declared, and what their docstrings share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine.keywords import named
from ._docstrings import joined, parameters_of, sections

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

_INPUT = "input : array-like\n    Any shape{}."
_FLOATING = "; integers and bool become float32"
_TENSOR = "Tensor\n    Shape of `input`."
_TYPES = "TypeError\n    For complex numbers{}."
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
    parts = sections(function.__doc__)
    options = _OPTIONS if len(parameters_of(function)[0]) > 1 else ""
    parts["Parameters"] = f"{_INPUT.format(dtypes)}\n{parts.get('Parameters', '')}"
    parts["Returns"] = _TENSOR
    parts["Raises"] = f"{parts.get('Raises', '')}\n{_TYPES.format(options)}"
    function.__doc__ = joined(parts)
    return function
