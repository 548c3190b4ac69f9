"""Ops that users define: `Function`."""

from __future__ import annotations

from .. import _core
from .._engine.anomaly import note_forward
from .._engine.op import wrap
from .._engine.tape import ANOMALY, OFF, Node, output_node, state
from .._engine.tensor import Tensor
from .._functions.manipulation import astype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


class Context:
    """What `forward` hands to `backward`: the first argument of both. Any attribute may be set on it.

    Attributes
    ----------
    saved_tensors : tuple of Tensor
        What `save_for_backward` was given.
    needs_input_grad : tuple of bool
        For each argument of `forward`, whether its gradient is wanted; where not, `backward` may return None for it.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._to_save: tuple[Tensor | None, ...] = ()
        self._saved: tuple[Tensor | None, ...] | None = None
        self._constant: tuple[Tensor, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs, outputs or intermediate tensors. Those that are overwritten later make backward raise."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward: takes tensors, not a {type(tensor).__name__}; keep other things as attributes"
                )
        self._to_save = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these results carry no gradient; those that are not of a floating dtype do not anyway."""
        self._constant = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` was given; in backward."""
        if self._saved is None:
            raise RuntimeError("saved_tensors: only available in backward, before the graph is freed")
        return self._saved


class _Call:
    """Plan of one call of a Function."""

    __slots__ = ("function", "inputs", "name", "outputs")

    calls_user = True

    def __init__(self, function: type[Function], inputs: list[Any], outputs: list[Any]) -> None:
        self.function = function
        self.name = function.__name__
        # For each argument: shape and dtype where it wants a gradient, else None. For each result: shape and dtype.
        self.inputs = inputs
        self.outputs = outputs

    def backward(self, node: Node, g: Any) -> list[Tensor]:
        context, *saved = node.saved
        parts = list(g) if len(self.outputs) > 1 else [g]
        for i, (shape, dtype) in enumerate(self.outputs):
            if parts[i] is None:
                parts[i] = wrap(_core.full(shape, 0, dtype), None, *parts)
        context._saved = tuple([self._tensor(node, value, parts) for value in saved])
        try:
            gradients = self.function.backward(context, *parts)
        finally:
            context._saved = None
        if not isinstance(gradients, (tuple, list)):
            gradients = (gradients,)
        if len(gradients) != len(self.inputs):
            raise RuntimeError(
                f"{self.name}.backward: returned {len(gradients)} gradients, but forward takes {len(self.inputs)} "
                "arguments; return one for each, None for those without"
            )
        wanted = zip(self.inputs, gradients, strict=True)
        return [self._checked(i, c, *spec) for i, (spec, c) in enumerate(wanted) if spec is not None]

    @staticmethod
    def _tensor(node: Node, value: Any, parts: Sequence[Any]) -> Tensor | None:
        """A saved value as a tensor: an output was kept as its array and its place, as it would close a cycle."""
        if not isinstance(value, _SavedOutput):
            return value
        return wrap(value._array, value.node(node) if state.mode else None, *parts)

    def _checked(self, index: int, c: Any, shape: tuple[int, ...], dtype: Any) -> Any:
        if c is None:
            return None
        if not isinstance(c, Tensor):
            raise TypeError(
                f"{self.name}.backward: gradient {index} is a {type(c).__name__}, but must be a Tensor or None"
            )
        if c.shape != shape:
            raise ValueError(f"{self.name}.backward: gradient {index} has shape {c.shape}, but the input has {shape}")
        return astype(c, dtype, copy=False)


class _SavedOutput:
    """A result that `save_for_backward` was given: `_array` is checked for in-place writes as any saved value is."""

    __slots__ = ("_array", "_index", "_several")

    def __init__(self, array: Any, index: int, several: bool) -> None:
        self._array = array
        self._index = index
        self._several = several

    def node(self, call: Node) -> Node:
        return output_node(call, self._index) if self._several else call


class Function:
    """An op with its own backward. Subclass it, write `forward` and `backward`, and call it with `apply`.

    Methods
    -------
    forward(ctx, *args)
        Static. Computes a tensor or a tuple of tensors from any arguments. Nothing in it is recorded.
    backward(ctx, *gradients)
        Static. Takes one gradient for each result of `forward` (zeros for those that were not used), returns one for
        each of its arguments: a tensor of the argument's shape, or None for zero and for what is not a tensor.
        Written in tensor operations it can itself be differentiated (`create_graph=True`).

    Notes
    -----
    `ctx` carries `ctx.save_for_backward(*tensors)` and `ctx.saved_tensors`, `ctx.needs_input_grad`, and whatever is
    set on it. Results that are not of a floating dtype carry no gradient.

    Examples
    --------
    >>> import tilewright as tw
    >>> class Cube(tw.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * x * x * 3
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        """Compute the results; override it."""
        raise NotImplementedError("Function: define a static forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Compute the gradients of the arguments; override it."""
        raise NotImplementedError("Function: define a static backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward` on the arguments, and record it where one of them requires a gradient.

        Parameters
        ----------
        *args
            What `forward` takes after `ctx`. Only tensors that are arguments themselves, not inside a list or dict, are
            differentiated.

        Returns
        -------
        Tensor or tuple of Tensor
            What `forward` returned.

        Raises
        ------
        TypeError
            Where `forward` returns something else than tensors.
        """
        mode = state.mode
        needs = tuple([mode != OFF and isinstance(x, Tensor) and x._node is not None for x in args])
        context = Context(needs)
        state.mode = OFF
        try:
            results = cls.forward(context, *args)
        finally:
            state.mode = mode
        several = isinstance(results, (tuple, list))
        outputs = list(results) if several else [results]
        if not outputs:
            raise TypeError(f"{cls.__name__}.forward: returned no results, but must return at least one tensor")
        for y in outputs:
            if not isinstance(y, Tensor):
                raise TypeError(f"{cls.__name__}.forward: returned a {type(y).__name__}, but must return tensors")
        recorded = _record(cls, context, args, outputs) if True in needs else [wrap(y._array, None, y) for y in outputs]
        return tuple(recorded) if several else recorded[0]


def _record(cls: type[Function], context: Context, args: Sequence[Any], outputs: list[Tensor]) -> list[Tensor]:
    inputs = [(x.shape, x.dtype) if wants else None for x, wants in zip(args, context.needs_input_grad, strict=True)]
    plan = _Call(cls, inputs, [(y.shape, y.dtype) for y in outputs])
    parents = tuple([x._node for x, wants in zip(args, context.needs_input_grad, strict=True) if wants])
    places = {id(y): i for i, y in enumerate(outputs) if not any(y is x for x in args)}
    several = len(outputs) > 1
    saved = [
        _SavedOutput(x._array, places[id(x)], several) if id(x) in places else x  # type: ignore[union-attr]
        for x in context._to_save
    ]
    call = Node(plan, parents, (context, *saved), tuple([y.shape for y in outputs]) if several else outputs[0].shape)
    recorded = []
    for i, y in enumerate(outputs):
        if not y.dtype.is_inexact or any(y is x for x in context._constant):
            recorded.append(wrap(y._array, None, y))
            continue
        node = output_node(call, i) if several else call
        recorded.append(wrap(y._array, node, y))
        if state.mode == ANOMALY:
            note_forward(node, y._array)
    context._to_save = context._constant = ()
    return recorded
