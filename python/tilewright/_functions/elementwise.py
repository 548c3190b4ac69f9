"""How elementwise functions are declared, and docstrings that share sections."""

from __future__ import annotations

from .._engine.op import primitive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    F = TypeVar("F", bound="Callable[..., Any]")

_UNARY = """
    Parameters
    ----------
    x : array-like
        Any shape.

    Returns
    -------
    Tensor
        Shape of `x`. {result}

    Raises
    ------
    TypeError
        Where the dtype of `x` is not supported.

"""

_BINARY = """
    Parameters
    ----------
    x1, x2 : array-like or number
        Shapes that broadcast together; dtypes are promoted, Python numbers take the dtype of the other operand.

    Returns
    -------
    Tensor
        The broadcast shape. {result}

    Raises
    ------
    ValueError
        Where the shapes do not broadcast.
    TypeError
        Where the promoted dtype is not supported.

"""

_RESULT = {
    "same": "The dtype is the operands' promoted one.",
    "floating": "The dtype is the operands' promoted one; integers and bool give float32.",
    "boolean": "The dtype is bool.",
    "magnitude": "The dtype is that of `x`; complex64 gives float32, complex128 float64.",
}


def add_sections(function: Any, sections: str) -> None:
    """Put sections into a docstring, before its Examples."""
    head, examples, tail = (function.__doc__ or "").partition("    Examples\n")
    function.__doc__ = head.rstrip() + "\n" + sections + examples + tail


def documented(rule: str) -> Callable[[F], F]:
    """The function, with the sections of the docstring that all elementwise functions share put before its Examples."""

    def declare(function: F) -> F:
        unary = function.__code__.co_posonlyargcount == 1
        add_sections(function, (_UNARY if unary else _BINARY).format(result=_RESULT[rule]))
        return function

    return declare


def elementwise(rule: str, composed: Any = None) -> Callable[[F], F]:
    """`primitive` of the function as `documented` gives it."""

    def declare(function: F) -> F:
        return primitive(promote="none" if rule == "boolean" else "all", composed=composed)(documented(rule)(function))

    return declare
