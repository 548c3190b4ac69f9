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
from .._engine.tape import ANOMALY, state
from .._engine.tensor import Tensor, filled_like
from . import _hooks as hooking, _state, _summary, _traversal
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Self

__all__ = ["Module"]


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
    _hooks: hooking.Hooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; subclasses define it, and callers call the module itself."""
        raise NotImplementedError(f"{type(self).__name__}: a module must define forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None and state.mode != ANOMALY:
            try:
                return self.forward(*args, **kwargs)
            except Exception as error:
                _traversal.name_layer(error, self)
                raise
        return hooking.call_watched(self, args, kwargs)

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

    children = _traversal.children
    named_modules = _traversal.named_modules
    modules = _traversal.modules
    named_parameters = _traversal.named_parameters
    parameters = _traversal.parameters
    named_buffers = _traversal.named_buffers
    buffers = _traversal.buffers
    get_submodule = _traversal.get_submodule
    set_submodule = _traversal.set_submodule
    get_parameter = _traversal.get_parameter
    get_buffer = _traversal.get_buffer

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Set a parameter under a name: as the attribute, which may be assigned instead.

        Parameters
        ----------
        name : str
            The attribute.
        param : Parameter or None
            Its value.

        Raises
        ------
        KeyError
            For a name that is empty, contains a dot, or is that of something else.
        TypeError
            For a name that is no str, or a value that is neither a Parameter nor None.
        """
        self._check_free("register_parameter", name, Parameter)
        if param is not None and not isinstance(param, Parameter):
            arguments.refuse("register_parameter", name, param, "a Parameter or None")
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """Set a submodule under a name: as the attribute, which may be assigned instead; at the end of a container.

        Parameters
        ----------
        name : str
            The attribute.
        module : Module or None
            Its value.

        Raises
        ------
        KeyError
            For a name that is empty, contains a dot, or is that of something else.
        TypeError
            For a name that is no str, or a value that is neither a Module nor None.
        """
        self._check_free("add_module", name, Module)
        if module is not None and not isinstance(module, Module):
            arguments.refuse("add_module", name, module, "a Module or None")
        setattr(self, name, module)

    register_module = add_module

    def _check_free(self, op: str, name: Any, kind: type) -> None:
        """Raise where an attribute cannot be called so; one of the same kind, or None, may be replaced."""
        _traversal.text(op, "name", name)
        if kind is Tensor:
            free = not hasattr(self, name) or name in self._buffers
        else:
            free = isinstance(getattr(self, name, None), (kind, type(None)))
        if not name or "." in name or not free:
            raise KeyError(f"{op}: {name!r} is empty, contains a dot, or is already an attribute")

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
        self._check_free("register_buffer", name, Tensor)
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

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool
            Whether each `.grad` becomes None, or zeros where it is not None.
        """
        forget = arguments.flag("Module.zero_grad", "set_to_none", set_to_none)
        for parameter in self.parameters():
            gradient = parameter.grad
            parameter.grad = None if forget or gradient is None else filled_like(gradient, 0)

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

    def half(self) -> Self:
        """Convert all floating parameters and buffers to float16, in place; returns the module."""
        return self.astype("float16")

    def bfloat16(self) -> Self:
        """Convert all floating parameters and buffers to bfloat16, in place; returns the module."""
        return self.astype("bfloat16")

    # ---- state and hooks ---------------------------------------------------------------------------------------------

    state_dict = _state.state_dict
    load_state_dict = _state.load_state_dict
    register_forward_pre_hook = hooking.register_forward_pre_hook
    register_forward_hook = hooking.register_forward_hook
    register_full_backward_pre_hook = hooking.register_full_backward_pre_hook
    register_full_backward_hook = hooking.register_full_backward_hook

    # ---- looking at it -----------------------------------------------------------------------------------------------

    summary = _summary.summary

    def extra_repr(self) -> str:
        """What the printed form says in its brackets; layers define it."""
        return ""

    @recursive_repr()  # where a module is below itself, "..."
    def __repr__(self) -> str:
        head, extra = type(self).__name__, self.extra_repr()
        lines = [extra] if extra else []
        lines += [f"({name}): {child!r}" for name, child in self.named_children()]
        if lines in ([], [extra]) and "\n" not in extra:
            return f"{head}({extra})"
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{head}(\n  {body}\n)"
