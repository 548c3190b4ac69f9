"""Modules that are a function and its options: losses and distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.tensor import asarray
from .functional._checks import option
from .functional._docstrings import defaults_of, joined, parameters, parameters_of, sections
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

_WEIGHTS = ("weight", "pos_weight")


class OfFunction(Module):
    """A module that keeps the options of a function, and calls it with them.

    `class MSELoss(OfFunction, of=functional.mse_loss)` is all that there is to write, and a docstring with a summary
    and examples: `__init__` takes the options, those parameters of the function that have a default; `forward` takes
    the others; the docstring gets the parameters from the function's. Both methods are compiled, as those of data
    classes are: so their signatures are real, and no call goes through the options by name, which takes 2 µs.

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
        positional, _ = parameters_of(of)
        defaults = {name: value for name, value in defaults_of(of).items() if name not in without}
        given = [name for name in positional if name not in defaults and name not in without]
        by_position = [name for name in positional if name in defaults]
        if "weight" in by_position:
            by_position = by_position[: by_position.index("weight") + 1]
        takes = [f"{name}=defaults[{name!r}]" for name in defaults]
        if len(by_position) < len(defaults):
            takes.insert(len(by_position), "*")
        keeps = [f"{name}={name}" for name in defaults]
        passes = [*given, *(f"{name}=self.{name}" for name in defaults)]
        scope: dict[str, Any] = {"of": of, "defaults": defaults}
        exec(
            f"def __init__(self, {', '.join(takes)}):\n    self._keep(of.__name__, {', '.join(keeps)})\n"
            f"def forward(self, {', '.join(given)}):\n    return of({', '.join(passes)})",
            scope,
        )
        for method, names, returns in ((scope["__init__"], defaults, None), (scope["forward"], given, "Tensor")):
            method.__qualname__ = f"{cls.__name__}.{method.__name__}"
            method.__module__ = cls.__module__
            method.__annotations__ = {name: of.__annotations__[name] for name in names} | {"return": returns}
            setattr(cls, method.__name__, method)
        cls._defaults = defaults
        cls.__doc__ = _documented(cls, of, given)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # for type checkers: each class has one of its own
        raise NotImplementedError(f"{type(self).__name__}: a module of a function must name it, with of=")

    def _keep(self, function: str, /, **options: Any) -> None:
        """Set the options. A weight that is a number becomes a 0-d buffer, which functions take for a number again."""
        for name, given in options.items():
            value = option(function, name, given, type(self).__name__)
            if name in _WEIGHTS:
                self.register_buffer(name, asarray(value) if isinstance(value, float) else value)
            else:
                setattr(self, name, value)

    def extra_repr(self) -> str:
        shown = [
            (name, getattr(self, name), default) for name, default in self._defaults.items() if name not in _WEIGHTS
        ]
        return ", ".join(f"{name}={value!r}" for name, value, default in shown if value != default)


def _documented(cls: type[OfFunction], of: Callable[..., Any], given: list[str]) -> str:
    """The class's own docstring with a word on how it is called, and its parameters as the function has them."""
    own, theirs = sections(cls.__doc__), sections(of.__doc__)
    call = f"Called with `{', '.join(given)}`: see `nn.functional.{of.__name__}`, which has the formula and the shapes."
    parts = {**own, "": f"{own['']}\n\n{call}", "Parameters": parameters(theirs.get("Parameters", ""), cls._defaults)}
    parts["Raises"] = (
        "ValueError\n    For an option out of range.\n"
        "TypeError\n    For an option of another kind, and one that there is not."
    )
    return joined(parts)
