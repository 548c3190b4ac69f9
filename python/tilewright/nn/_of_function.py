"""Modules that are a function and its options: losses and distances."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._engine.tensor import asarray
from .functional._checks import option
from .functional._docstrings import joined, parameters, sections
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

_WEIGHTS = ("weight", "pos_weight")
_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)


class OfFunction(Module):
    """A module that keeps the options of a function, and calls it with them.

    `class MSELoss(OfFunction, of=functional.mse_loss)` is all that there is to write, and a docstring with a summary
    and examples: `__init__` takes the options, those parameters of the function that have a default; `forward` takes
    the others. Both have signatures, and the docstring gets the parameters from the function's.

    Weights are buffers. What follows `weight` is taken by keyword only, since PyTorch has other parameters there.
    `without` names parameters that the module does not have.
    """

    _defaults: dict[str, Any]

    def __init_subclass__(
        cls, of: Callable[..., Any] | None = None, without: tuple[str, ...] = (), **more: Any
    ) -> None:
        super().__init_subclass__(**more)
        if of is None:  # a subclass of a user's
            return
        found = [p for p in inspect.signature(of).parameters.values() if p.name not in without]
        given = [p for p in found if p.default is p.empty]
        chosen = [p for p in found if p.default is not p.empty]
        after = next((i for i, p in enumerate(chosen) if p.name == "weight"), len(chosen))
        chosen = [p.replace(kind=p.KEYWORD_ONLY) if i > after else p for i, p in enumerate(chosen)]
        options = inspect.Signature(chosen)
        cls._defaults = {p.name: p.default for p in chosen}

        def __init__(self: OfFunction, *args: Any, **kwargs: Any) -> None:
            try:
                bound = options.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{type(self).__name__}: {error}") from None
            for name, default in cls._defaults.items():
                self._keep(of.__name__, name, bound.arguments.get(name, default))

        _sign(cls, __init__, chosen, None)
        _sign(cls, _forward(of, [p.name for p in given], list(cls._defaults)), given, "Tensor")
        cls.__doc__ = _documented(cls, of, [p.name for p in given], list(cls._defaults))

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # for type checkers: each class has one of its own
        raise NotImplementedError(f"{type(self).__name__}: a module of a function must name it, with of=")

    def _keep(self, function: str, name: str, value: Any) -> None:
        """Set an option. A weight that is a number becomes a 0-d buffer, which functions take for a number again."""
        value = option(function, name, value, type(self).__name__)
        if name in _WEIGHTS:
            self.register_buffer(name, asarray(value) if isinstance(value, float) else value)
        else:
            setattr(self, name, value)

    def extra_repr(self) -> str:
        shown = [
            (name, getattr(self, name), default) for name, default in self._defaults.items() if name not in _WEIGHTS
        ]
        return ", ".join(f"{name}={value!r}" for name, value, default in shown if value != default)


def _forward(of: Callable[..., Any], given: list[str], options: list[str]) -> Any:
    """Compiled, as the methods of data classes are: going through the options by name takes 2 µs at every call."""
    arguments = [*given, *(f"{name}=self.{name}" for name in options)]
    scope: dict[str, Any] = {"of": of}
    exec(f"def forward(self, {', '.join(given)}):\n    return of({', '.join(arguments)})", scope)
    return scope["forward"]


def _sign(cls: type, method: Any, parameters: list[inspect.Parameter], returns: Any) -> None:
    """Make it a method of the class, with a signature."""
    method.__qualname__ = f"{cls.__name__}.{method.__name__}"
    method.__module__ = cls.__module__
    method.__signature__ = inspect.Signature([_SELF, *parameters], return_annotation=returns)
    setattr(cls, method.__name__, method)


def _documented(cls: type, of: Callable[..., Any], given: list[str], options: list[str]) -> str:
    """The class's own docstring with a word on how it is called, and its parameters as the function has them."""
    own, theirs = sections(cls.__doc__), sections(of.__doc__)
    call = f"Called with `{', '.join(given)}`: see `nn.functional.{of.__name__}`, which has the formula and the shapes."
    parts = {**own, "": f"{own['']}\n\n{call}", "Parameters": parameters(theirs.get("Parameters", ""), options)}
    parts["Raises"] = (
        "ValueError\n    For an option out of range.\n"
        "TypeError\n    For an option of another kind, and one that there is not."
    )
    return joined(parts)
