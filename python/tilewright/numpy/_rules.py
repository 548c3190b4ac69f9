"""How functions of tilewright become functions with NumPy's names, arguments and dtypes."""

from __future__ import annotations

import functools
import inspect
import re
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.arguments import option, shown
from .._engine.dtypes import NAMED, bool_, complex128, float64, int64, kind_of
from .._engine.tensor import Tensor, asarray
from .._engine.tree import tree_map
from .._functions import indexing

if TYPE_CHECKING:
    from collections.abc import Callable


def adopted(result: Any) -> Any:
    """What a function gives, with ndarrays in place of tensors, also in tuples and lists."""
    return tree_map(_core.as_ndarray, result) if isinstance(result, (tuple, list)) else _core.as_ndarray(result)


def _called(function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    result = _core.under_numpy_rules(function, args, keywords)  # which makes a tensor an ndarray
    return adopted(result) if isinstance(result, (tuple, list)) else result


def under_numpy_rules(function: Callable[..., Any]) -> Any:
    """The function with NumPy's rules of dtypes in its body, and ndarrays as its results."""

    def call(*args: Any, **keywords: Any) -> Any:
        return _called(function, args, keywords)

    return functools.update_wrapper(call, function)


_core.set_dtypes_of_shortcuts({**NAMED, bool: bool_, int: int64, float: float64, complex: complex128})


def shortcut(function: Any) -> Any:
    """The function, with its everyday calls answered in C: `_core.Shortcut` knows by its name which those are."""
    return functools.update_wrapper(_core.Shortcut(function), function)


def elementwise(name: str, function: Any) -> Any:
    """An elementwise function, which takes its operands by position."""

    def call(*args: Any, **keywords: Any) -> Any:
        if keywords:
            return _with_keywords(name, function, args, **keywords)
        return _core.under_numpy_rules(function, args, keywords)

    functools.update_wrapper(call, function)
    return _named(name, call, function)


def _with_keywords(
    name: str,
    function: Any,
    operands: tuple[Any, ...],
    *,
    out: Any = None,
    where: Any = True,
    dtype: Any = None,
    casting: str = "same_kind",
    **others: Any,
) -> Any:
    """An elementwise function with what NumPy's take by name."""
    if others:
        raise _not_there(name, next(iter(others)))
    option(name, "casting", casting, ("no", "equiv", "safe", "same_kind", "unsafe"))
    if dtype is not None:
        operands = tuple(asarray(operand, dtype) for operand in operands)
    y = _core.under_numpy_rules(function, operands, {})
    if isinstance(out, tuple) and len(out) == 1:
        out = out[0]
    return y if out is None and where is True else written(name, y, out, where, casting)


def written(name: str, y: Any, out: Any, where: Any = True, casting: str = "same_kind") -> Any:
    """`out`, with y written to it where the mask says so; where there is no `out`, y with zeros elsewhere.

    Raises
    ------
    TypeError
        Where `out` is no array, or cannot take the dtype of y.
    ValueError
        Where `out` has another shape than the result.
    """
    if out is None:
        return _core.under_numpy_rules(indexing.where, (asarray(where, "bool"), y, asarray(0, y.dtype)), {})
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}: out is {shown(out)}, but must be an array of tilewright, which is written to")
    if casting != "unsafe" and kind_of(y.dtype) > kind_of(out.dtype):
        raise TypeError(f"{name}: out has dtype {out.dtype.name}, which cannot take the result's {y.dtype.name}")
    if where is not True:
        y = indexing.where(asarray(where, "bool"), y, out)
    if y.shape != out.shape:
        raise ValueError(f"{name}: out has shape {out.shape}, but the result has shape {y.shape}")
    out[...] = y
    return out


def same(function: Any) -> Any:
    """A function whose arguments are NumPy's already."""
    return _named(function.__name__, under_numpy_rules(function), function)


def adapted(name: str, function: Any, parameters: str, **defaults: Any) -> Any:
    """A function that takes its arguments as NumPy's does.

    Parameters
    ----------
    name
        NumPy's name.
    function
        Of tilewright.
    parameters
        NumPy's parameters in their order, as words: `axis`; `ddof=correction` where the function has another name for
        it; `-order` where it has none, so that only what NumPy takes by default can be given; the result is written
        to `-out`, and put into the order of `+order`: that of the first argument where the name ends in `_like`.
    **defaults
        What a parameter is where it is not given, and the function's own default is another.
    """
    ours: dict[str, str | None] = {}
    for word in parameters.split():
        theirs, _, own = word.lstrip("-+").partition("=")
        ours[theirs] = None if word[0] in "-+" else own or theirs
    names = tuple(ours)
    writes, lays = "out" in ours and ours["out"] is None, "+order" in parameters.split()
    # what is not passed on, but done with the result
    apart = "out" if writes else "order" if lays else None
    at = names.index(apart) if apart is not None else 0
    code = getattr(function, "__wrapped__", function).__code__
    by_position = code.co_varnames[: code.co_posonlyargcount]
    front = [theirs for theirs in names if ours[theirs] in by_position]

    # Up to so many arguments by position are the function's own; with that many, these defaults are still missing.
    straight: list[dict[str, Any]] = []
    own_names = code.co_varnames[: code.co_argcount]
    while len(straight) < min(len(names), len(own_names)) and ours[names[len(straight)]] == own_names[len(straight)]:
        missing = {theirs: v for theirs, v in defaults.items() if theirs not in names[: len(straight) + 1]}
        straight.append({str(ours[theirs]): value for theirs, value in missing.items()})
    if any(ours[theirs] in by_position for theirs in defaults):
        straight = []

    def translated(args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if len(args) > len(names):
            raise TypeError(f"{name}: takes at most {len(names)} arguments, got {len(args)}")
        given = {**defaults, **dict(zip(names, args))}  # noqa: B905 - fewer may be given
        for theirs, value in keywords.items():
            if theirs not in ours:
                raise _not_there(name, theirs)
            if theirs in names[: len(args)]:
                raise TypeError(f"{name}: {theirs} is given twice")
            given[theirs] = value
        positional = [given.pop(theirs) for theirs in front if theirs in given]
        by_name = {}
        for theirs, value in given.items():
            own = ours[theirs]
            if own is not None:
                by_name[own] = value
            elif value is not None:
                raise _not_there(name, theirs)
        return tuple(positional), by_name

    def with_numpy_arguments(*args: Any, **keywords: Any) -> Any:
        if not keywords and 0 < len(args) <= len(straight):
            return _called(function, args, straight[len(args) - 1])
        if apart is None:
            return _called(function, *translated(args, keywords))
        asked = keywords.pop(apart, None)
        if len(args) > at:
            args, asked = (*args[:at], None, *args[at + 1 :]), args[at]
        y = _called(function, *translated(args, keywords))
        if asked is None:
            return y
        return written(name, y, asked) if writes else in_order(name, y, asked, args)

    with_numpy_arguments.translated = translated  # type: ignore[attr-defined] # for tensors of another class
    functools.update_wrapper(with_numpy_arguments, function)
    signature = inspect.signature(function)
    inner = signature.parameters
    with_numpy_arguments.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                theirs, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=defaults.get(theirs, inner[own].default)
            )
            for theirs, own in ours.items()
            if own is not None
        ]
        + [inspect.Parameter("order", inspect.Parameter.KEYWORD_ONLY, default="C")] * lays,
        return_annotation=signature.return_annotation,
    )
    renamed = {own: theirs for theirs, own in ours.items() if own is not None and own != theirs}
    named = _named(name, with_numpy_arguments, function, renamed)
    if lays:
        named.__doc__ = named.__doc__.replace("    device : str", _ORDER + "    device : str", 1)
    return named


_ORDER = """    order : {"C", "F"}
        The index that changes fastest in memory: the last or the first one; of what is like another array also "A" and
        "K", which keep to that.
"""


def in_order(name: str, y: Any, order: Any, args: tuple[Any, ...]) -> Any:
    """A new array in another order than C."""
    from ._layout import checked, laid_out

    like = asarray(args[0]) if name.endswith("_like") and args else None
    letter = checked(name, order, "CF" if like is None else "CFAK", "C")
    return y if letter == "C" else adopted(laid_out(y, letter, like))


def _not_there(name: str, parameter: str) -> TypeError:
    return TypeError(f"{name}: the argument {parameter} of NumPy's function is not there yet")


def _named(name: str, call: Any, function: Any, renamed: dict[str, str] | None = None) -> Any:
    call.__name__ = call.__qualname__ = name
    call.__module__ = "tilewright.numpy"
    call.__doc__ = _documentation(function.__doc__, function.__name__, name, renamed or {})
    return call


_REWRITTEN = (
    (r"import tilewright as tw", "import tilewright.numpy as np"),
    (r"\btw\.", "np."),
    (r"\btensor\(", "array("),
    (r"\bTensor\b", "ndarray"),
    (r", dtype=(complex64|float64)", ""),
    (r"(\d\.\d{5})\d{2,3}\b", r"\1..."),  # digits that float64 has others of
    (r"\b(gives?|becomes?|else) float32\b", r"\1 float64"),
)


def _documentation(text: str, own_name: str, name: str, renamed: dict[str, str]) -> str:
    """The docstring of a function, in NumPy's names."""
    for pattern, replacement in (*_REWRITTEN, (rf"\bnp\.{own_name}\(", f"np.{name}(")):
        text = re.sub(pattern, replacement, text)
    for own, theirs in renamed.items():
        word = re.compile(rf"\b{own}\b")
        heads = re.compile(rf"^ *(\w+, )*{own}(, \w+)* :|`{own}`|\b{own}=", re.MULTILINE)
        text = heads.sub(functools.partial(_with_word, word, theirs), text)
    return text


def _with_word(word: re.Pattern[str], replacement: str, found: re.Match[str]) -> str:
    return word.sub(replacement, found[0])
