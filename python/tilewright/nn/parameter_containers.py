"""Modules that hold parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import Tensor
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["ParameterDict", "ParameterList"]


def _learned(kind: str, name: Any, value: Any) -> Parameter:
    """A parameter from one, or from another tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(f"{kind}: item {name} is {arguments.shown(value)}, but must be a Parameter or a Tensor")
    return value if isinstance(value, Parameter) else Parameter(value.detach())


def _describe(value: Parameter) -> str:
    return f"Parameter of shape {value.shape}, {value.dtype.name}"


class ParameterList(Module):
    """A list of parameters, which count as the parent's.

    Parameters
    ----------
    values : iterable of Parameter or Tensor
        Of a Tensor that is no Parameter, one is made that shares its memory.

    Raises
    ------
    TypeError
        For anything but an iterable of Tensors.

    Examples
    --------
    >>> import tilewright as tw
    >>> scales = tw.nn.ParameterList(tw.ones(n) for n in (2, 3))
    >>> len(scales), scales[1].shape, [name for name, _ in scales.named_parameters()]
    (2, (3,), ['0', '1'])
    """

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        self.extend(values)

    def _items(self) -> list[Parameter]:
        return [self.__dict__[name] for name in self._names()]

    def _names(self) -> list[str]:
        return [name for name, value in self.__dict__.items() if name.isdigit() and isinstance(value, Parameter)]

    def _name(self, index: Any) -> str:
        index = arguments.integer("ParameterList", "index", index)
        if not -len(self) <= index < len(self):
            raise IndexError(f"ParameterList: index {index} is out of range for {len(self)} parameters")
        return str(index % len(self))

    def __len__(self) -> int:
        return len(self._names())

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._items())

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ParameterList(self._items()[index])
        return self.__dict__[self._name(index)]

    def __setitem__(self, index: int, value: Tensor) -> None:
        name = self._name(index)
        setattr(self, name, _learned("ParameterList", name, value))

    def __iadd__(self, values: Iterable[Tensor]) -> Self:
        return self.extend(values)

    def append(self, value: Tensor) -> Self:
        """Add a parameter at the end; returns the list."""
        return self.extend([value])

    def extend(self, values: Iterable[Tensor]) -> Self:
        """Add parameters at the end, all of them, or on an error none; returns the list."""
        listed = arguments.entries("ParameterList", "values", values, "an iterable of Tensors")
        added = [_learned("ParameterList", i, value) for i, value in enumerate(listed, len(self))]
        for i, value in enumerate(added, len(self)):
            setattr(self, str(i), value)
        return self

    def extra_repr(self) -> str:
        return "\n".join(f"({i}): {_describe(value)}" for i, value in enumerate(self))


class ParameterDict(Module):
    """Parameters by name, which count as the parent's.

    Parameters
    ----------
    parameters : mapping of str to Parameter or Tensor
        Of a Tensor that is no Parameter, one is made that shares its memory.

    Raises
    ------
    TypeError
        For anything but a mapping of str to Tensor.
    KeyError
        For a name that is empty, contains a dot, or is that of an attribute, such as "keys".

    Examples
    --------
    >>> import tilewright as tw
    >>> scales = tw.nn.ParameterDict({"in": tw.ones(2), "out": tw.ones(3)})
    >>> scales["out"].shape, list(scales.keys())
    ((3,), ['in', 'out'])
    """

    def __init__(self, parameters: Mapping[str, Tensor] | None = None) -> None:
        self.update({} if parameters is None else parameters)

    def _held(self) -> dict[str, Parameter]:
        return {name: value for name, value in self.__dict__.items() if isinstance(value, Parameter)}

    def _require(self, name: Any) -> None:
        if name not in self._held():
            raise KeyError(f"ParameterDict: there is no parameter {name!r}, only {', '.join(self._held()) or 'none'}")

    def __len__(self) -> int:
        return len(self._held())

    def __contains__(self, name: object) -> bool:
        return name in self._held()

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __getitem__(self, name: str) -> Parameter:
        self._require(name)
        return self.__dict__[name]

    def __setitem__(self, name: str, value: Tensor) -> None:
        self.update({name: value})

    def __delitem__(self, name: str) -> None:
        self._require(name)
        delattr(self, name)

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._held().keys()

    def values(self) -> Iterable[Parameter]:
        """The parameters."""
        return self._held().values()

    def items(self) -> Iterable[tuple[str, Parameter]]:
        """Pairs of name and parameter."""
        return self._held().items()

    def update(self, parameters: Mapping[str, Tensor]) -> None:
        """Add parameters by name, replacing those of the same name: all of them, or on an error none."""
        if not hasattr(parameters, "items"):
            arguments.refuse("ParameterDict", "parameters", parameters, "a mapping of str to Tensor")
        added = {}
        for name, value in parameters.items():
            if not isinstance(name, str):
                arguments.refuse("ParameterDict", "a name", name, "a str")
            if not name or "." in name or (hasattr(self, name) and name not in self):
                raise KeyError(f"ParameterDict: the name {name!r} is empty, contains a dot, or is that of an attribute")
            added[name] = _learned("ParameterDict", name, value)
        for name, parameter in added.items():
            setattr(self, name, parameter)

    def get(self, name: str, default: Any = None) -> Any:
        """The parameter of that name, or a default where there is none."""
        return self._held().get(name, default)

    def pop(self, name: str) -> Parameter:
        """Take out the parameter of that name, and return it."""
        value = self[name]
        del self[name]
        return value

    def clear(self) -> None:
        """Take out all parameters."""
        for name in self._held():
            delattr(self, name)

    def extra_repr(self) -> str:
        return "\n".join(f"({name}): {_describe(value)}" for name, value in self.items())
