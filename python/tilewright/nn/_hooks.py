"""Functions of the user's that a module calls around `forward`, and with the gradients of its inputs and results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tape import OFF, state
from .._engine.tensor import Tensor
from .._engine.tree import leaves, rebuild
from ..autograd import Function
from ._traversal import name_layer, path_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from .module import Module

    Gradients = tuple[Tensor | None, ...]


class Hook:
    """One that is registered: what to call, whether with keyword arguments too, and whether after an error."""

    __slots__ = ("after_errors", "function", "with_kwargs")

    def __init__(self, function: Callable[..., Any], with_kwargs: bool = False, after_errors: bool = False) -> None:
        self.function = function
        self.with_kwargs = with_kwargs
        self.after_errors = after_errors


class Hooks:
    """The hooks of a module that has some, each list in the order in which they are called."""

    __slots__ = ("after", "backward", "before", "before_backward")

    def __init__(self) -> None:
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.before_backward: list[Hook] = []
        self.backward: list[Hook] = []


class HookHandle:
    """Removes a hook: by `remove()`, by a call, or at the end of a `with` block. Again, it does nothing."""

    __slots__ = ("_hook", "_module", "_when")

    def __init__(self, module: Module, when: str, hook: Hook) -> None:
        self._module = module
        self._when = when
        self._hook = hook

    def remove(self) -> None:
        """Remove the hook."""
        hooks = self._module._hooks
        if hooks is None:
            return
        setattr(hooks, self._when, [other for other in getattr(hooks, self._when) if other is not self._hook])
        if not any(getattr(hooks, when) for when in Hooks.__slots__):
            object.__setattr__(self._module, "_hooks", None)

    __call__ = remove

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def _add(module: Module, when: str, hook: Hook, prepend: bool) -> HookHandle:
    if module._hooks is None:
        object.__setattr__(module, "_hooks", Hooks())
    listed = getattr(module._hooks, when)
    listed.insert(0 if prepend else len(listed), hook)
    return HookHandle(module, when, hook)


# ---- methods of Module -----------------------------------------------------------------------------------------------


def register_forward_pre_hook(
    self: Module, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
) -> HookHandle:
    """Call `hook(module, args)` before `forward`; what it returns, if anything, replaces the arguments.

    Parameters
    ----------
    hook : callable
        Takes the module and the tuple of positional arguments.
    prepend : bool
        Whether it is called before those that are there, rather than after them.
    with_kwargs : bool
        Call `hook(module, args, kwargs)`; it returns None, or both: `(args, kwargs)`.

    Returns
    -------
    HookHandle
        Its `remove()` removes the hook, as do a call of it and the end of a `with` block.

    Raises
    ------
    TypeError
        For a hook that is not callable, and flags that are none.
    """
    op = "register_forward_pre_hook"
    arguments.function(op, "hook", hook)
    prepend = arguments.flag(op, "prepend", prepend)
    return _add(self, "before", Hook(hook, arguments.flag(op, "with_kwargs", with_kwargs)), prepend)


def register_forward_hook(
    self: Module,
    hook: Callable[..., Any],
    *,
    prepend: bool = False,
    with_kwargs: bool = False,
    always_call: bool = False,
) -> HookHandle:
    """Call `hook(module, args, result)` after `forward`; what it returns, if anything, replaces the result.

    Parameters
    ----------
    hook : callable
        Takes the module, the tuple of positional arguments and the result.
    prepend : bool
        Whether it is called before those that are there, rather than after them.
    with_kwargs : bool
        Call `hook(module, args, kwargs, result)`.
    always_call : bool
        Call it also where `forward` or another hook raises, with the result as far as there is one, else None. What it
        raises itself then is noted on that error.

    Returns
    -------
    HookHandle
        Its `remove()` removes the hook, as do a call of it and the end of a `with` block.

    Raises
    ------
    TypeError
        For a hook that is not callable, and flags that are none.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Sequential(tw.nn.Linear(3, 2), tw.nn.ReLU())
    >>> with net[0].register_forward_hook(lambda module, args, result: print(result.shape)):
    ...     y = net(tw.ones((5, 3)))
    (5, 2)
    """
    op = "register_forward_hook"
    arguments.function(op, "hook", hook)
    prepend = arguments.flag(op, "prepend", prepend)
    with_kwargs = arguments.flag(op, "with_kwargs", with_kwargs)
    return _add(self, "after", Hook(hook, with_kwargs, arguments.flag(op, "always_call", always_call)), prepend)


def register_full_backward_pre_hook(self: Module, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
    """Call `hook(module, grad_output)` before the backward pass of the module; what it returns replaces `grad_output`.

    Parameters
    ----------
    hook : callable
        Takes the module and a tuple with the gradient of each result; returns None or such a tuple.
    prepend : bool
        Whether it is called before those that are there, rather than after them.

    Returns
    -------
    HookHandle
        Its `remove()` removes the hook, as do a call of it and the end of a `with` block.

    Raises
    ------
    TypeError
        For a hook that is not callable, and a flag that is none.

    Notes
    -----
    See `register_full_backward_hook` for what the gradients are.
    """
    op = "register_full_backward_pre_hook"
    arguments.function(op, "hook", hook)
    return _add(self, "before_backward", Hook(hook), arguments.flag(op, "prepend", prepend))


def register_full_backward_hook(self: Module, hook: Callable[..., Any], prepend: bool = False) -> HookHandle:
    """Call `hook(module, grad_input, grad_output)` when the gradients of the module's inputs are there.

    Parameters
    ----------
    hook : callable
        Takes the module, a tuple with the gradient of each positional argument and one with that of each result;
        returns None, or a tuple that replaces `grad_input`.
    prepend : bool
        Whether it is called before those that are there, rather than after them.

    Returns
    -------
    HookHandle
        Its `remove()` removes the hook, as do a call of it and the end of a `with` block.

    Raises
    ------
    TypeError
        For a hook that is not callable, and a flag that is none; in backward, where it returns anything but a Tensor
        for a gradient.
    ValueError
        In backward: where it returns another number of gradients or one of another shape.

    Notes
    -----
    Arguments and results in lists, tuples and dicts count one by one, in their order. The gradient of what is not a
    tensor, or wants no gradient, is None; that of a result that was not used is zero. Where no argument wants a
    gradient, the hook is called with the gradients of the results, and cannot replace anything. Hooks are those that
    the module had when it was called.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(3, 1)
    >>> x = tw.ones((2, 3), requires_grad=True)
    >>> with layer.register_full_backward_hook(lambda module, grad_input, grad_output: (tw.zeros((2, 3)),)):
    ...     layer(x).sum().backward()
    >>> x.grad
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    op = "register_full_backward_hook"
    arguments.function(op, "hook", hook)
    return _add(self, "backward", Hook(hook), arguments.flag(op, "prepend", prepend))


# ---- calling ---------------------------------------------------------------------------------------------------------


def call_watched(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The call of a module with its hooks, and with the layer's path kept for anomaly mode."""
    outer_path, outer = state.layer_path, getattr(state, "layer", None)
    state.layer_path = (*outer_path, type(module).__name__ if outer is None else path_below(outer, module))
    state.layer = module
    try:
        return module.forward(*args, **kwargs) if module._hooks is None else _call_hooked(module, args, kwargs)
    except Exception as error:
        name_layer(error, module)
        raise
    finally:
        state.layer_path, state.layer = outer_path, outer


def _call_hooked(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    hooks: Hooks = module._hooks  # type: ignore[assignment]
    after = list(hooks.after)
    waiting = [hook for hook in after if hook.after_errors]
    result = None
    try:
        for hook in list(hooks.before):
            args, kwargs = _call_before(hook, module, args, kwargs)
        seam = _Seam(module, hooks) if hooks.backward or hooks.before_backward else None
        if seam is not None:
            args = seam.enter(args)
        result = module.forward(*args, **kwargs)
        for hook in after:
            if hook in waiting:
                waiting.remove(hook)
            replaced = _call_after(hook, module, args, kwargs, result)
            result = result if replaced is None else replaced
        return result if seam is None else seam.leave(result)
    except Exception as error:
        for hook in waiting:
            try:
                _call_after(hook, module, args, kwargs, result)
            except Exception as another:
                error.add_note(f"a forward hook that is always called raised as well: {another!r}")
        raise


def _call_before(
    hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments after a hook has seen them."""
    if not hook.with_kwargs:
        replaced = hook.function(module, args)
        if replaced is None:
            return args, kwargs
        return replaced if isinstance(replaced, tuple) else (replaced,), kwargs
    replaced = hook.function(module, args, kwargs)
    if replaced is None:
        return args, kwargs
    if not (isinstance(replaced, tuple) and len(replaced) == 2 and isinstance(replaced[1], dict)):
        arguments.refuse(
            "register_forward_pre_hook", "what the hook returned", replaced, "None or a tuple (args, kwargs)"
        )
    given, named = replaced
    return given if isinstance(given, tuple) else (given,), named


def _call_after(hook: Hook, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    more = (kwargs,) if hook.with_kwargs else ()
    return hook.function(module, args, *more, result)


# ---- backward --------------------------------------------------------------------------------------------------------


class _Seam:
    """Where the gradients of one call of a module pass: an identity around its inputs, and one around its results.

    Attributes
    ----------
    inputs, outputs
        How many leaves there are, and the places of those that want a gradient.
    grad_output
        What arrived at the results, until the inputs have theirs.
    """

    __slots__ = ("backward", "before_backward", "grad_output", "inputs", "module", "outputs")

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module = module
        self.before_backward = list(hooks.before_backward)
        self.backward = list(hooks.backward)
        self.inputs: tuple[int, list[int]] = 0, []
        self.outputs: tuple[int, list[int]] = 0, []
        self.grad_output: Gradients | None = None

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.inputs, args = self._pass_through(_Inputs, args)
        return args

    def leave(self, result: Any) -> Any:
        self.outputs, result = self._pass_through(_Outputs, result)
        return result

    def _pass_through(self, identity: type[Function], tree: Any) -> tuple[tuple[int, list[int]], Any]:
        """The tree with those tensors that want a gradient behind an identity, and which they are."""
        flat = leaves(tree, f"{type(self.module).__name__} with backward hooks")
        recorded = state.mode != OFF
        wanted = [i for i, x in enumerate(flat) if recorded and isinstance(x, Tensor) and x.requires_grad]
        if wanted:
            for i, x in zip(wanted, identity.apply(self, *(flat[i] for i in wanted)), strict=True):
                flat[i] = x
            tree = rebuild(tree, flat)
        return (len(flat), wanted), tree

    def output_gradients(self, gradients: Iterable[Tensor]) -> Gradients:
        """What goes back into the module."""
        arrived = _spread(self.outputs, gradients)
        for hook in self.before_backward:
            arrived = self._replaced("register_full_backward_pre_hook", arrived, hook, arrived)
        if self.inputs[1]:
            self.grad_output = arrived
        else:
            nothing: Gradients = (None,) * self.inputs[0]
            for hook in self.backward:
                self._replaced("register_full_backward_hook", nothing, hook, nothing, arrived)
        return tuple([arrived[i] for i in self.outputs[1]])

    def input_gradients(self, gradients: Iterable[Tensor]) -> Gradients:
        """What goes on to whatever made the module's inputs."""
        arrived = _spread(self.inputs, gradients)
        grad_output = self.grad_output or (None,) * self.outputs[0]
        self.grad_output = None
        for hook in self.backward:
            arrived = self._replaced("register_full_backward_hook", arrived, hook, arrived, grad_output)
        return tuple([arrived[i] for i in self.inputs[1]])

    def _replaced(self, what: str, before: Gradients, hook: Hook, *given: Gradients) -> Gradients:
        """The gradients after a hook has seen them."""
        try:
            returned = hook.function(self.module, *given)
            if returned is None:
                return before
            gradients = returned if isinstance(returned, tuple) else (returned,)
            _check(what, gradients, before)
            return gradients
        except Exception as error:
            name_layer(error, self.module)
            raise


def _spread(places: tuple[int, list[int]], gradients: Iterable[Tensor]) -> Gradients:
    """A gradient or None for each leaf."""
    count, wanted = places
    flat: list[Tensor | None] = [None] * count
    for i, g in zip(wanted, gradients, strict=True):
        flat[i] = g
    return tuple(flat)


def _check(what: str, gradients: Gradients, before: Gradients) -> None:
    """Raise where what a hook returned cannot stand for the gradients that were there before."""
    if len(gradients) != len(before):
        raise ValueError(f"{what}: the hook returned {len(gradients)} gradients, but must return {len(before)}")
    for i, (g, old) in enumerate(zip(gradients, before, strict=True)):
        if g is None:
            continue
        if old is None:
            raise ValueError(f"{what}: the hook returned gradient {i}, but none is wanted there; it must be None")
        if not isinstance(g, Tensor):
            arguments.refuse(what, f"gradient {i} of the hook", g, "a Tensor or None")
        if g.shape != old.shape:
            raise ValueError(f"{what}: gradient {i} of the hook has shape {g.shape}, but must have {old.shape}")
        if g.dtype != old.dtype:
            found, needed = g.dtype.name, old.dtype.name
            raise TypeError(f"{what}: gradient {i} of the hook has dtype {found}, but must have {needed}")


class _Outputs(Function):
    """The results of a module that has backward hooks, unchanged."""

    @staticmethod
    def forward(ctx: Any, seam: _Seam, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.seam = seam
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        return None, *ctx.seam.output_gradients(gradients)


class _Inputs(Function):
    """The inputs of a module that has backward hooks, unchanged."""

    @staticmethod
    def forward(ctx: Any, seam: _Seam, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.seam = seam
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        return None, *ctx.seam.input_gradients(gradients)
