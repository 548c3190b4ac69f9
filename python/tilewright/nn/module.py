"""Module: what layers and networks are made of.

A module's attributes are its registry: its parameters, its buffers and its submodules are those of its attributes that
are such, in the order in which they were set. Reading one on the hot path is an ordinary attribute lookup.
"""

from __future__ import annotations

from reprlib import recursive_repr
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_dtype
from .._engine.op import wrap
from .._engine.tape import ANOMALY, OFF, state
from .._engine.tensor import Tensor, asarray
from . import _state
from ._state import join
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Self

    ForwardHook = Callable[["Module", tuple[Any, ...], Any], Any]
    ForwardPreHook = Callable[["Module", tuple[Any, ...]], Any]

__all__ = ["Module"]


class _Hooks:
    """The forward hooks of a module that has some."""

    __slots__ = ("after", "before")

    def __init__(self) -> None:
        self.before: dict[int, ForwardPreHook] = {}
        self.after: dict[int, ForwardHook] = {}


def _become(tensor: Tensor, convert: Callable[[Any], Any]) -> None:
    """Give a parameter or buffer, and its gradient, what `convert` makes of their arrays."""
    gradient = None if tensor.grad is None else wrap(convert(tensor.grad._array))
    tensor._array = convert(tensor._array)
    if gradient is not None:
        tensor.grad = gradient


class Module:
    """Base class of layers and networks.

    A subclass sets its parameters and submodules as attributes and defines `forward`; calling the module calls
    `forward`.

    Attributes
    ----------
    training : bool
        Whether the module is in training mode: see `train`.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         self.hidden = nn.Linear(4, 8)
    ...         self.out = nn.Linear(8, 2)
    ...
    ...     def forward(self, x):
    ...         return self.out(nn.functional.relu(self.hidden(x)))
    >>> net = Net()
    >>> net(tw.ones((3, 4))).shape
    (3, 2)
    >>> net
    Net(
      (hidden): Linear(in_features=4, out_features=8, bias=True)
      (out): Linear(in_features=8, out_features=2, bias=True)
    )
    """

    training = True
    _buffers: Mapping[str, bool] = MappingProxyType({})  # name -> whether state_dict has it; own dict where not empty
    _hooks: _Hooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; subclasses define it, and callers call the module itself."""
        raise NotImplementedError(f"{type(self).__name__}: a module must define forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None and state.mode != ANOMALY:
            try:
                return self.forward(*args, **kwargs)
            except Exception as error:
                _name_layer(error, self)
                raise
        return self._call_watched(args, kwargs)

    def _call_watched(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The call with hooks, and with the layer's path kept for anomaly mode."""
        outer_path, outer = state.layer_path, getattr(state, "layer", None)
        state.layer_path = (*outer_path, type(self).__name__ if outer is None else _path(outer, self))
        state.layer = self
        hooks = self._hooks or _Hooks()
        try:
            for before in list(hooks.before.values()):
                replaced = before(self, args)
                if replaced is not None:
                    args = replaced if isinstance(replaced, tuple) else (replaced,)
            result = self.forward(*args, **kwargs)
            for after in list(hooks.after.values()):
                replaced = after(self, args, result)
                if replaced is not None:
                    result = replaced
            return result
        except Exception as error:
            _name_layer(error, self)
            raise
        finally:
            state.layer_path, state.layer = outer_path, outer

    def __setattr__(self, name: str, value: Any) -> None:
        listed = isinstance(value, (Parameter, Module))
        if listed and (not name or "." in name):
            raise KeyError(f"{type(self).__name__}: the name {name!r} is empty or contains a dot")
        if not isinstance(value, Parameter) and value is not None and isinstance(self.__dict__.get(name), Parameter):
            raise TypeError(
                f"{type(self).__name__}: {name} is a parameter, but a {type(value).__name__} was assigned to it; "
                f"assign an nn.Parameter, or write its values with {name}.copy_(...) under no_grad()"
            )
        if name in self._buffers:
            if listed:  # from now on it is learned, or a submodule
                self._forget_buffer(name)
            elif value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"{type(self).__name__}: {name} is a buffer, but a {type(value).__name__} was assigned to it; "
                    "assign a Tensor or None"
                )
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        if name in self._buffers:
            self._forget_buffer(name)

    def _forget_buffer(self, name: str) -> None:
        object.__setattr__(self, "_buffers", {other: kept for other, kept in self._buffers.items() if other != name})

    # ---- what it holds -----------------------------------------------------------------------------------------------

    def _members(self) -> Iterable[tuple[str, Any]]:
        """Everything that may be a parameter, a buffer or a submodule, by name."""
        return self.__dict__.items()

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The submodules set on this module itself, with their names."""
        return ((name, value) for name, value in list(self._members()) if isinstance(value, Module))

    def children(self) -> Iterator[Module]:
        """The submodules set on this module itself."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with their dotted paths.

        Parameters
        ----------
        prefix : str
            Path of this module itself.

        Yields
        ------
        tuple of str and Module
        """
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            stack.extend(reversed([(join(path, name), child) for name, child in module.named_children()]))

    def modules(self) -> Iterator[Module]:
        """This module and all below it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters, each once, with their dotted paths.

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
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, value in list(module._members()):
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield join(path, name), value

    def parameters(self) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their dotted paths."""
        for path, module in self.named_modules():
            for name in module._buffers:
                value = getattr(module, name)
                if value is not None:
                    yield join(path, name), value

    def buffers(self) -> Iterator[Tensor]:
        """All buffers."""
        return (buffer for _, buffer in self.named_buffers())

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Set a tensor that is part of the module's state but not learned, such as a running mean.

        Parameters
        ----------
        name : str
            The attribute.
        tensor : Tensor or None
            Its value.
        persistent : bool
            Whether `state_dict` has it.

        Raises
        ------
        KeyError
            For a name that contains a dot or is taken.
        TypeError
            For a name that is no str, or a value that is neither a Tensor nor None.
        """
        if not isinstance(name, str):
            arguments.refuse("register_buffer", "name", name, "a str")
        if not name or "." in name or (hasattr(self, name) and name not in self._buffers):
            raise KeyError(f"register_buffer: {name!r} is empty, contains a dot, or is already an attribute")
        if tensor is not None and not isinstance(tensor, Tensor):
            arguments.refuse("register_buffer", name, tensor, "a Tensor or None")
        persistent = arguments.flag("register_buffer", "persistent", persistent)
        object.__setattr__(self, "_buffers", {**self._buffers, name: persistent})
        object.__setattr__(self, name, tensor)

    # ---- modes -------------------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Put this module and all below it into training mode, which layers like `Dropout` heed.

        Parameters
        ----------
        mode : bool
            True for training, False for evaluation.

        Returns
        -------
        Module
            The module itself.
        """
        mode = arguments.flag("Module.train", "mode", mode)
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Put this module and all below it into evaluation mode; returns the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Have gradients kept for all parameters, or for none (to freeze the module); returns the module.

        Raises
        ------
        TypeError
            For a parameter that is not floating; none has been changed then.
        """
        requires_grad = arguments.flag("Module.requires_grad_", "requires_grad", requires_grad)
        for name, parameter in self.named_parameters():
            if requires_grad and not parameter.dtype.is_inexact:
                raise TypeError(f"Module.requires_grad_: {name} is {parameter.dtype.name}, but must be floating")
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters: each `.grad` becomes None."""
        for parameter in self.parameters():
            parameter.grad = None

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call `function` on every module below this one, and on this one last; returns the module.

        Examples
        --------
        >>> from tilewright import nn
        >>> def small(module):
        ...     if isinstance(module, nn.Linear):
        ...         nn.init.uniform_(module.weight, -0.1, 0.1)
        >>> net = nn.Sequential(nn.Linear(3, 2), nn.ReLU()).apply(small)
        """
        arguments.function("Module.apply", "function", function)
        for module in reversed(list(self.modules())):
            function(module)
        return self

    def astype(self, dtype: Any) -> Self:
        """Convert all floating parameters and buffers, in place.

        Parameters
        ----------
        dtype : dtype-like
            A floating dtype.

        Returns
        -------
        Module
            The module itself.

        Raises
        ------
        TypeError
            For a dtype that is not floating.
        """
        wanted = as_dtype(dtype)
        if not wanted.is_floating:
            raise TypeError(f"Module.astype: dtype is {wanted.name}, but parameters need a floating one")
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.is_floating and tensor.dtype != wanted:
                _become(tensor, lambda array: _core.astype(array, wanted, True))
        return self

    def to(self, device: str) -> Self:
        """Move all parameters and buffers, and the gradients that are there, to a device, in place.

        Parameters
        ----------
        device : str
            "cpu", or for instance "cuda:0".

        Returns
        -------
        Module
            The module itself. Optimisers go on with the same parameters.

        Raises
        ------
        ValueError
            For a device that there is not.
        """
        target = arguments.device("Module.to", device)
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.device != target:
                _become(tensor, lambda array: _core.to_device(array, target))
        return self

    def float(self) -> Self:
        """Convert all floating parameters and buffers to float32, in place; returns the module."""
        return self.astype("float32")

    def double(self) -> Self:
        """Convert all floating parameters and buffers to float64, in place; returns the module."""
        return self.astype("float64")

    # ---- state -------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Tensor]:
        """The values of all parameters and persistent buffers by dotted path.

        Returns
        -------
        dict of str to Tensor
            They share memory with the module: copy what has to outlive the next training step. A module that is used in
            several places appears under each path; of modules that hold each other, no path has one twice.

        Examples
        --------
        >>> from tilewright import nn
        >>> list(nn.Linear(3, 2).state_dict())
        ['weight', 'bias']
        """
        return {path: tensor.detach() for path, tensor in _state.named_state(self)}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> tuple[list[str], list[str]]:
        """Copy values into the parameters and persistent buffers: all of them, or on an error none.

        Parameters
        ----------
        state_dict : mapping of str to array-like
            Values by dotted path, as `state_dict` gives them; cast to the module's dtypes. They may share memory with
            the module: each counts as it was before the call.
        strict : bool
            Whether names that only one side has are an error.

        Returns
        -------
        tuple of two lists of str
            Names that `state_dict` lacks, and names that the module lacks.

        Raises
        ------
        ValueError
            Listing every missing, unexpected and mis-shaped name, and every tensor of the module that is read-only;
            shapes must match even where `strict` is False.
        TypeError
            For anything but a mapping of str to array-like, and where a value is complex but the module's is not.

        Examples
        --------
        >>> from tilewright import nn
        >>> layer, twin = nn.Linear(3, 2), nn.Linear(3, 2)
        >>> twin.load_state_dict(layer.state_dict())
        ([], [])
        """
        return _state.load(self, state_dict, arguments.flag("load_state_dict", "strict", strict))

    # ---- looking at it -----------------------------------------------------------------------------------------------

    def register_forward_pre_hook(self, hook: ForwardPreHook) -> Callable[[], None]:
        """Call `hook(module, args)` before `forward`; what it returns, if anything, replaces the arguments.

        Returns
        -------
        callable
            Removes the hook.

        Raises
        ------
        TypeError
            For a hook that is not callable.
        """
        return self._add_hook("before", arguments.function("register_forward_pre_hook", "hook", hook))

    def register_forward_hook(self, hook: ForwardHook) -> Callable[[], None]:
        """Call `hook(module, args, result)` after `forward`; what it returns, if anything, replaces the result.

        Returns
        -------
        callable
            Removes the hook.

        Raises
        ------
        TypeError
            For a hook that is not callable.

        Examples
        --------
        >>> import tilewright as tw
        >>> net = tw.nn.Sequential(tw.nn.Linear(3, 2), tw.nn.ReLU())
        >>> remove = net[0].register_forward_hook(lambda module, args, result: print(result.shape))
        >>> y = net(tw.ones((5, 3)))
        (5, 2)
        >>> remove()
        """
        return self._add_hook("after", arguments.function("register_forward_hook", "hook", hook))

    def _add_hook(self, when: str, hook: Callable[..., Any]) -> Callable[[], None]:
        if self._hooks is None:
            object.__setattr__(self, "_hooks", _Hooks())
        hooks = getattr(self._hooks, when)
        key = object()
        hooks[key] = hook

        def remove() -> None:
            hooks.pop(key, None)
            if self._hooks is not None and not self._hooks.before and not self._hooks.after:
                object.__setattr__(self, "_hooks", None)

        return remove

    def summary(self, *input_shapes: tuple[int, ...], dtype: Any = "float32") -> str:
        """A table of the layers, the shapes of their results and their numbers of parameters.

        Runs the module once on zeros, in evaluation mode and without recording.

        Parameters
        ----------
        *input_shapes : tuple of int
            The shape of each input, the batch axis included.
        dtype : dtype-like
            Of the inputs.

        Returns
        -------
        str

        Examples
        --------
        >>> from tilewright import nn
        >>> print(nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).summary((1, 64)))
        layer       output shape  parameters
        ------------------------------------
        Sequential  (1, 10)                -
          0 Linear  (1, 32)            2,080
          1 ReLU    (1, 32)                -
          2 Linear  (1, 10)              330
        ------------------------------------
        2,410 parameters, 2,410 of them trainable, 9.4 KiB
        """
        shapes = self._trace_shapes(input_shapes, dtype)
        rows = [("layer", "output shape", "parameters")]
        for path, module in self.named_modules():
            indent = "  " * (path.count(".") + 1) if path else ""
            name = f"{path.rpartition('.')[2]} {type(module).__name__}".strip()
            count = sum(value.size for _, value in module._members() if isinstance(value, Parameter))
            rows.append((indent + name, shapes.get(id(module), "not called"), f"{count:,}" if count else "-"))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
        rule = "-" * len(lines[0])
        parameters = list(self.parameters())
        total = sum(p.size for p in parameters)
        trainable = sum(p.size for p in parameters if p.requires_grad)
        size = _bytes(sum(p.nbytes for p in parameters))
        last = f"{total:,} parameters, {trainable:,} of them trainable, {size}"
        return "\n".join([lines[0], rule, *lines[1:], rule, last])

    def _trace_shapes(self, input_shapes: Iterable[tuple[int, ...]], dtype: Any) -> dict[int, str]:
        """The shape of the result of every module that a forward pass calls, by its id."""
        shapes: dict[int, str] = {}
        wanted = as_dtype(dtype)
        inputs = [asarray(_core.full(arguments.shape("summary", s, "a shape"), 0, wanted)) for s in input_shapes]

        def note(module: Module, args: tuple[Any, ...], result: Any) -> None:
            results = result if isinstance(result, (tuple, list)) else (result,)
            shapes[id(module)] = ", ".join(str(r.shape) for r in results if isinstance(r, Tensor))

        modes = [(module, module.training) for module in self.modules()]
        removers = [module.register_forward_hook(note) for module, _ in modes]
        recording = state.mode
        state.mode = OFF
        try:
            self.eval()(*inputs)
        finally:
            state.mode = recording
            for remove in removers:
                remove()
            for module, mode in modes:
                module.training = mode
        return shapes

    def extra_repr(self) -> str:
        """What the printed form says in its brackets; layers define it."""
        return ""

    @recursive_repr()  # where a module is below itself, "..."
    def __repr__(self) -> str:
        children = list(self.named_children())
        head = type(self).__name__
        if not children:
            return f"{head}({self.extra_repr()})"
        lines = [self.extra_repr()] if self.extra_repr() else []
        lines += [f"({name}): {child!r}" for name, child in children]
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{head}(\n  {body}\n)"


def _path(root: Module, module: Module) -> str:
    """Where `module` is below `root`; its class name where it is not."""
    return next((path for path, m in root.named_modules() if m is module and path), type(module).__name__)


def _name_layer(error: Exception, module: Module) -> None:
    """Note on an error the path of the layer where it arose: the innermost module, as seen from this one."""
    layer, note = getattr(error, "_layer", (module, None))
    where = type(module).__name__ + (f".{_path(module, layer)}" if layer is not module else "")
    notes = getattr(error, "__notes__", [])
    if note in notes:
        notes.remove(note)
    note = f"in layer {where}: {type(layer).__name__}({layer.extra_repr()})"
    error._layer = (layer, note)  # type: ignore[attr-defined]
    error.add_note(note)


def _bytes(count: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.1f} {unit}" if unit != "B" else f"{count} B"
        count /= 1024
    return f"{count:.1f} GiB"
