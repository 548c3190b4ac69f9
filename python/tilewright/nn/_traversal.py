"""Walking over modules: what they hold, by which paths, and where one stands."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import Tensor
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .module import Module


def join(path: str, name: str) -> str:
    """The dotted path of what is called `name` at a path."""
    return f"{path}.{name}" if path else name


def _walk_once(root: Module, prefix: str) -> Iterator[tuple[str, Module]]:
    """The module and all below it, each once, under the first path that leads there."""
    seen: set[int] = set()
    stack: list[tuple[str, Module]] = [(prefix, root)]
    while stack:
        path, module = stack.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        yield path, module
        stack.extend(reversed([(join(path, name), child) for name, child in module.named_children()]))


@contextmanager
def evaluating(root: Module) -> Iterator[None]:
    """All modules in evaluation mode, and afterwards each in the mode that it had."""
    modes = [(module, module.training) for _, module in _walk_once(root, "")]
    root.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def walk_all(root: Module, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """The module and all below it under every path that leads there: shared ones come more than once.

    Modules that hold each other in a circle have no end of paths; each of them is visited on one.
    """
    circular = _on_cycles(root)
    stack: list[tuple[str, Module]] = [(prefix, root)]
    seen: set[int] = set()
    while stack:
        path, module = stack.pop()
        if id(module) in circular:
            if id(module) in seen:
                continue
            seen.add(id(module))
        yield path, module
        stack += reversed([(join(path, name), child) for name, child in module.named_children()])


def _on_cycles(root: Module) -> set[int]:
    """The ids of modules that hold themselves by way of others, and of those between such circles.

    They are what is left when modules that no other one holds, or that hold no other one, are taken away again and
    again.
    """
    children = {id(module): [id(child) for child in module.children()] for module in root.modules()}
    left = set(children)
    while True:
        held = {child for module in left for child in children[module]}
        core = {module for module in left & held if not left.isdisjoint(children[module])}
        if len(core) == len(left):
            return left
        left = core


def path_below(root: Module, module: Module) -> str:
    """Where `module` is below `root`; its class name where it is not."""
    return next((path for path, m in root.named_modules() if m is module and path), type(module).__name__)


def name_layer(error: Exception, module: Module) -> None:
    """Note on an error the path of the layer where it arose: the innermost module, as seen from this one."""
    layer, note = getattr(error, "_layer", (module, None))
    where = type(module).__name__ + (f".{path_below(module, layer)}" if layer is not module else "")
    notes = getattr(error, "__notes__", [])
    if note in notes:
        notes.remove(note)
    note = f"in layer {where}: {type(layer).__name__}({layer.extra_repr()})"
    error._layer = (layer, note)  # type: ignore[attr-defined]
    error.add_note(note)


# ---- methods of Module -----------------------------------------------------------------------------------------------


def children(self: Module) -> Iterator[Module]:
    """The submodules set on this module itself."""
    return (child for _, child in self.named_children())


def named_modules(self: Module, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, Module]]:
    """This module and all below it, with their dotted paths.

    Parameters
    ----------
    prefix : str
        Path of this module itself.
    remove_duplicate : bool
        Whether a module that is used in several places comes once, under the first path, or under each path.

    Yields
    ------
    tuple of str and Module
    """
    once = arguments.flag("named_modules", "remove_duplicate", remove_duplicate)
    prefix = text("named_modules", "prefix", prefix)
    return _walk_once(self, prefix) if once else walk_all(self, prefix)


def modules(self: Module, remove_duplicate: bool = True) -> Iterator[Module]:
    """This module and all below it, each once.

    Parameters
    ----------
    remove_duplicate : bool
        Where False, a module comes as often as there are paths to it.

    Yields
    ------
    Module
    """
    return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))


def named_parameters(
    self: Module, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Parameter]]:
    """All parameters, with their dotted paths.

    Parameters
    ----------
    prefix : str
        Path of this module itself.
    recurse : bool
        Whether those of the modules below it are listed, too.
    remove_duplicate : bool
        Whether a parameter that is used in several places comes once, under the first path, or under each path.

    Yields
    ------
    tuple of str and Parameter

    Examples
    --------
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    >>> [(name, p.shape) for name, p in net.named_parameters()]
    [('0.weight', (2, 3)), ('0.bias', (2,))]
    """

    def own(module: Module) -> list[tuple[str, Parameter]]:
        return [(name, value) for name, value in list(module._members()) if isinstance(value, Parameter)]

    return _named(self, "named_parameters", own, prefix, recurse, remove_duplicate)


def parameters(self: Module, recurse: bool = True) -> Iterator[Parameter]:
    """All parameters, each once.

    Parameters
    ----------
    recurse : bool
        Whether those of the modules below it are listed, too.

    Yields
    ------
    Parameter
    """
    return (parameter for _, parameter in self.named_parameters(recurse=recurse))


def named_buffers(
    self: Module, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Tensor]]:
    """All buffers, with their dotted paths.

    Parameters
    ----------
    prefix : str
        Path of this module itself.
    recurse : bool
        Whether those of the modules below it are listed, too.
    remove_duplicate : bool
        Whether a buffer that is used in several places comes once, under the first path, or under each path.

    Yields
    ------
    tuple of str and Tensor
    """

    def own(module: Module) -> list[tuple[str, Tensor]]:
        values = [(name, getattr(module, name)) for name in module._buffers]
        return [(name, value) for name, value in values if value is not None]

    return _named(self, "named_buffers", own, prefix, recurse, remove_duplicate)


def buffers(self: Module, recurse: bool = True) -> Iterator[Tensor]:
    """All buffers, each once.

    Parameters
    ----------
    recurse : bool
        Whether those of the modules below it are listed, too.

    Yields
    ------
    Tensor
    """
    return (buffer for _, buffer in self.named_buffers(recurse=recurse))


def _named(
    root: Module, op: str, own: Callable[[Module], list[tuple[str, Any]]], prefix: str, recurse: bool, once: bool
) -> Iterator[tuple[str, Any]]:
    """What the modules have of their own, by dotted path."""
    prefix = text(op, "prefix", prefix)
    once = arguments.flag(op, "remove_duplicate", once)
    recurse = arguments.flag(op, "recurse", recurse)

    def found() -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in root.named_modules(prefix, once) if recurse else [(prefix, root)]:
            for name, value in own(module):
                if not once or id(value) not in seen:
                    seen.add(id(value))
                    yield join(path, name), value

    return found()


def text(op: str, name: str, value: Any) -> str:
    """A str from one."""
    if not isinstance(value, str):
        arguments.refuse(op, name, value, "a str")
    return value


def get_submodule(self: Module, target: str) -> Module:
    """The module at a dotted path.

    Parameters
    ----------
    target : str
        As `named_modules` gives it; "" is the module itself.

    Returns
    -------
    Module

    Raises
    ------
    AttributeError
        Where there is none.

    Examples
    --------
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU()))
    >>> net.get_submodule("1.0")
    ReLU()
    """
    module = self
    for name in filter(None, text("get_submodule", "target", target).split(".")):
        child = dict(module.named_children()).get(name)
        if child is None:
            raise AttributeError(
                f"get_submodule: {type(self).__name__} has no module {arguments.shown(target)}, "
                f"since a {type(module).__name__} there has no {arguments.shown(name)}"
            )
        module = child
    return module


def set_submodule(self: Module, target: str, module: Module) -> None:
    """Put a module at a dotted path, in place of the one that is there.

    Parameters
    ----------
    target : str
        As `named_modules` gives it; the last name may be new.
    module : Module
        What to put there.

    Raises
    ------
    AttributeError
        Where the path before the last name leads nowhere.
    KeyError
        For a last name that is empty, or that of something else.
    TypeError
        For anything but a str and a Module.

    Examples
    --------
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(3, 2), nn.Sequential(nn.ReLU()))
    >>> net.set_submodule("1.0", nn.Tanh())
    >>> net[1]
    Sequential(
      (0): Tanh()
    )
    """
    path, _, name = text("set_submodule", "target", target).rpartition(".")
    if module is None:
        arguments.refuse("set_submodule", "module", module, "a Module")
    self.get_submodule(path).add_module(name, module)


def get_parameter(self: Module, target: str) -> Parameter:
    """The parameter at a dotted path.

    Parameters
    ----------
    target : str
        As `named_parameters` gives it.

    Returns
    -------
    Parameter

    Raises
    ------
    AttributeError
        Where there is none.
    """
    path, _, name = text("get_parameter", "target", target).rpartition(".")
    value = getattr(self.get_submodule(path), name, None)
    if not isinstance(value, Parameter):
        raise AttributeError(f"get_parameter: {type(self).__name__} has no parameter {arguments.shown(target)}")
    return value


def get_buffer(self: Module, target: str) -> Tensor:
    """The buffer at a dotted path.

    Parameters
    ----------
    target : str
        As `named_buffers` gives it.

    Returns
    -------
    Tensor

    Raises
    ------
    AttributeError
        Where there is none, or where it is None.
    """
    path, _, name = text("get_buffer", "target", target).rpartition(".")
    module = self.get_submodule(path)
    value = getattr(module, name) if name in module._buffers else None
    if value is None:
        raise AttributeError(f"get_buffer: {type(self).__name__} has no buffer {arguments.shown(target)}")
    return value
