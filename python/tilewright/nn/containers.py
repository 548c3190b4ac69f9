"""Modules that hold modules."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from ._fused_linear import activation_of, run_fused, takes_activation
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Container(Module):
    """A module whose submodules are named by position or by key rather than by attribute."""

    _modules: dict[str, Module]

    def __init__(self) -> None:
        self._modules = {}

    def _members(self) -> Iterable[tuple[str, Any]]:
        return (*self.__dict__.items(), *self._modules.items())

    def _put_all(self, modules: Iterable[tuple[Any, Any]]) -> None:
        """Add modules by name, replacing those of the same name: all of them, or on an error none."""
        added = list(modules)
        for name, module in added:
            self._check(name, module)
        self._modules.update(added)

    def _check(self, name: Any, module: Any) -> None:
        """Raise where `module` cannot be held under this name."""
        kind = type(self).__name__
        if not isinstance(name, str):
            arguments.refuse(kind, "a name", name, "a str")
        if not name or "." in name:
            raise KeyError(f"{kind}: the name {name!r} is empty or contains a dot")
        if hasattr(type(self), name) or name in self.__dict__:
            raise KeyError(f"{kind}: the name {name!r} is that of an attribute")
        if not isinstance(module, Module):
            raise TypeError(f"{kind}: item {name} is a {type(module).__name__}, but must be a Module")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("_modules", ()):
            self._put_all([(name, value)])
        else:
            super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __getattr__(self, name: str) -> Any:
        modules = self.__dict__.get("_modules", {})
        if name in modules:
            return modules[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __len__(self) -> int:
        return len(self._modules)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a module at the end, or in place of the one of that name."""
        self._put_all([(name, module)])

    register_module = add_module


class _Positional(_Container):
    """A container with the interface of a list."""

    def __iter__(self) -> Iterator[Module]:
        return iter(list(self._modules.values()))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)._of(list(self._modules.items())[index])
        return self._modules[self._name(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        self._put_all([(self._name(index), module)])

    def __delitem__(self, index: int) -> None:
        del self._modules[self._name(index)]
        self._modules = {str(i): module for i, module in enumerate(self._modules.values())}

    @classmethod
    def _of(cls, items: list[tuple[str, Module]]) -> Any:
        raise NotImplementedError

    def _name(self, index: int) -> str:
        index = arguments.integer(type(self).__name__, "index", index)
        try:
            return list(self._modules)[index]
        except IndexError:
            raise IndexError(f"{type(self).__name__}: index {index} is out of range for {len(self)} modules") from None

    def append(self, module: Module) -> Self:
        """Add a module at the end; returns the container."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end, all of them, or on an error none; returns the container."""
        listed = arguments.entries(type(self).__name__, "modules", modules, "an iterable of Modules")
        free = (str(i) for i in count(len(self)) if str(i) not in self._modules)  # a name may be a number, too
        self._put_all(zip(free, listed))  # noqa: B905 - there is always a free name
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before the one at `index`; returns the container."""
        self._check(str(len(self)), module)
        modules = list(self._modules.values())
        index = arguments.integer(type(self).__name__, "index", index)
        modules.insert(max(-len(modules), min(index, len(modules))), module)
        self._modules = {str(i): module for i, module in enumerate(modules)}
        return self

    def pop(self, index: int = -1) -> Module:
        """Take out the module at `index`, and return it."""
        module = self[index]
        del self[index]
        return module

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, modules: Iterable[Module]) -> Any:
        if not isinstance(modules, (_Positional, list, tuple)):
            return NotImplemented
        return type(self)._of(list(self._modules.items())).extend(modules)


class Sequential(_Positional):
    """Modules called one after the other, each on the result of the one before.

    Parameters
    ----------
    *modules : Module
        Named "0", "1", ... in that order; or one dict of names to modules.

    Raises
    ------
    TypeError
        For an argument that is not a Module, or a name that is not a str.
    KeyError
        For a name that is empty, contains a dot, or is that of an attribute.

    Notes
    -----
    A `Linear` and a `ReLU`, `GELU`, `Tanh`, `Sigmoid` or `SiLU` right after it run as one kernel call, forward and
    backward, with the same bits: see `nn.functional.linear`. Not where one of them is a subclass or has hooks, for
    float16 and bfloat16, and in anomaly mode.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    >>> net(tw.zeros((5, 64))).shape
    (5, 10)
    >>> net[0]
    Linear(in_features=64, out_features=32, bias=True)
    >>> nn.Sequential({"hidden": nn.Linear(64, 32), "act": nn.ReLU()}).hidden.weight.shape
    (32, 64)
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], dict):
            self._put_all(modules[0].items())
        else:
            self.extend(modules)

    @classmethod
    def _of(cls, items: list[tuple[str, Module]]) -> Sequential:
        return Sequential(*(module for _, module in items))

    def forward(self, x: Any) -> Any:
        linear = None  # one that has not run yet, since an activation may follow
        for module in self._modules.values():
            if linear is not None:
                activation = activation_of(module)
                if activation is not None:
                    x = run_fused(linear, activation, x)
                    linear = None
                    continue
                x = linear(x)
                linear = None
            if takes_activation(module):
                linear = module
            else:
                x = module(x)
        return x if linear is None else linear(x)


class ModuleList(_Positional):
    """A list of modules, whose parameters count as the parent's.

    Parameters
    ----------
    modules : iterable of Module

    Raises
    ------
    TypeError
        For anything but an iterable of Modules.

    Examples
    --------
    >>> from tilewright import nn
    >>> layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    @classmethod
    def _of(cls, items: list[tuple[str, Module]]) -> ModuleList:
        return ModuleList(module for _, module in items)


class ModuleDict(_Container):
    """Modules by name, whose parameters count as the parent's.

    Parameters
    ----------
    modules : mapping of str to Module

    Raises
    ------
    TypeError
        For anything but a mapping of str to Module.
    KeyError
        For a name that is empty, contains a dot, or is that of an attribute, such as "keys".

    Examples
    --------
    >>> from tilewright import nn
    >>> heads = nn.ModuleDict({"digit": nn.Linear(32, 10), "parity": nn.Linear(32, 2)})
    >>> heads["parity"].out_features, list(heads.keys())
    (2, ['digit', 'parity'])
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update({} if modules is None else modules)

    def __getitem__(self, name: str) -> Module:
        self._require(name)
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self._put_all([(name, module)])

    def __delitem__(self, name: str) -> None:
        self._require(name)
        del self._modules[name]

    def _require(self, name: str) -> None:
        if name not in self._modules:
            raise KeyError(f"ModuleDict: there is no module named {name!r}, only {', '.join(self._modules) or 'none'}")

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._modules))

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Pairs of name and module."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module]) -> None:
        """Add modules by name, replacing those of the same name: all of them, or on an error none."""
        if not hasattr(modules, "items"):
            arguments.refuse("ModuleDict", "modules", modules, "a mapping of str to Module")
        self._put_all(modules.items())

    def pop(self, name: str) -> Module:
        """Take out the module of that name, and return it."""
        module = self[name]
        del self[name]
        return module

    def clear(self) -> None:
        """Take out all modules."""
        self._modules.clear()
