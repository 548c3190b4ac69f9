"""Docstrings in parts, and what those of losses share, written once.

`inspect` would read docstrings and signatures as well, but takes longer to import than all of `nn`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

F = TypeVar("F", bound="Callable[..., Any]")

_ALIKE = """
{names} : array-like
    Of one shape: unlike in PyTorch, they are not broadcast. Integers become floating."""

_REDUCTION = """
reduction : {{"mean", "sum", "none"}}
    What is done with the losses of the {of}. The "mean" of nothing is NaN.{mean}"""

_RETURNS = """
Tensor
    0-d, or with "none" {shape}."""

_VALUES = """
ValueError
    Where the shapes do not fit, or for an option out of range{values}."""

_CLASSES = """
IndexError
    For a target that is none of the classes{ignored}."""

_KINDS = """
TypeError
    For complex numbers{kinds}, and for options of another kind."""


def sections(doc: str | None) -> dict[str, str]:
    """The text of a docstring by section; before the first, under ""."""
    summary, *rest = (doc or "").split("\n")
    indent = min([len(line) - len(line.lstrip()) for line in rest if line.strip()], default=0)
    text = "\n".join([summary, *[line[indent:] for line in rest]])
    parts = re.split(r"^(\w+)\n-{3,}\n", text, flags=re.MULTILINE)
    return {"": parts[0].strip(), **{name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}}


def joined(parts: dict[str, str]) -> str:
    """A docstring of sections, in the order of numpydoc."""
    order = ("", "Parameters", "Attributes", "Returns", "Raises", "Notes", "References", "Examples")
    texts = [(name, parts[name].strip("\n")) for name in order if parts.get(name)]
    return "\n\n".join(f"{name}\n{'-' * len(name)}\n{text}" if name else text for name, text in texts) + "\n"


def parameters_of(function: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the parameters that may be given by position, and of those that are taken by keyword only."""
    code = function.__code__
    count = code.co_argcount
    return code.co_varnames[:count], code.co_varnames[count : count + code.co_kwonlyargcount]


def defaults_of(function: Any) -> dict[str, Any]:
    """The defaults of those that have one, in their order."""
    positional, _ = parameters_of(function)
    values = function.__defaults__ or ()
    return dict(zip(positional[len(positional) - len(values) :], values, strict=True)) | (function.__kwdefaults__ or {})


def parameters(text: str, names: Collection[str]) -> str:
    """The entries of a Parameters section for some of them."""
    entries = re.split(r"\n(?=\S)", text)
    return "\n".join(e for e in entries if set(e.partition(" :")[0].split(", ")) <= set(names))


def loss(
    of: str,
    *,
    alike: str = "",
    shape: str = "of the shape of `input`",
    mean: str = "",
    classes: bool = False,
    values: str = "",
) -> Callable[[F], F]:
    """Add what losses share to a docstring.

    Their first parameters, those that are `alike`; the reduction of the losses `of` elements or samples, and what is
    said about its `mean`; the result, and its `shape` where nothing is reduced; the errors, for `values` and, where
    targets are `classes`, for those.
    """

    def document(function: F) -> F:
        parts = sections(function.__doc__)
        own = parts.get("Parameters", "")
        entries = [_ALIKE.format(names=alike) if alike else "", own]
        if not re.search("^reduction :", own, re.MULTILINE):
            entries.append(_REDUCTION.format(of=of, mean=mean and f"\n    {mean}"))
        ignored = " and not `ignore_index`" if "ignore_index" in defaults_of(function) else ""
        raises = [
            _VALUES.format(values=values),
            _CLASSES.format(ignored=ignored) if classes else "",
            _KINDS.format(kinds=" and targets that are no integers" if classes else ""),
        ]
        parts["Parameters"] = "\n".join(text.strip("\n") for text in entries if text)
        parts["Returns"] = _RETURNS.format(shape=shape)
        parts.setdefault("Raises", "\n".join(text.strip("\n") for text in raises if text))
        function.__doc__ = joined(parts)
        return function

    return document
