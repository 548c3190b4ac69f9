"""Derivatives of functions: `grad` and its relatives, on top of the one engine in `_engine/backward.py`.

Arguments are aliased: the function sees tensors on the same memory with nodes of their own, which the walk back stops
at. An alias of a tensor that gradients flow through keeps it as its parent, so transforms nest.
"""

from __future__ import annotations

import functools
import math

from .. import _core
from .._engine.arguments import flag, integers, is_integer, shown
from .._engine.backward import behind, own, run_backward
from .._engine.composed import alias
from .._engine.op import wrap
from .._engine.tape import OFF, Leaf, state
from .._engine.tensor import Tensor, asarray, filled_like
from .._engine.tree import leaves, rebuild, tree_map
from .._functions.manipulation import reshape, stack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any


def _alias(op: str, x: Any) -> Tensor:
    x = asarray(x)
    if not x.dtype.is_inexact:
        raise TypeError(
            f"{op}: cannot differentiate with respect to an argument of dtype {x.dtype.name}; use a float dtype or a "
            "complex one"
        )
    return alias(x, x._node if state.mode else None)


def _aliased(op: str, tree: Any) -> tuple[Any, list[Tensor]]:
    """The tree with its leaves aliased, and the aliases."""
    aliases = [_alias(op, leaf) for leaf in leaves(tree, op)]
    return rebuild(tree, aliases), aliases


def _check_function(op: str, fun: Any) -> None:
    if not callable(fun) or isinstance(fun, Tensor):
        hint = "; gradients(outputs, inputs) takes tensors" if isinstance(fun, Tensor) else ""
        raise TypeError(f"{op}: takes a function, not a {type(fun).__name__}{hint}")


def _record(fun: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`fun(*args)` with recording on."""
    before = state.mode
    state.mode = state.recording
    try:
        return fun(*args, **kwargs)
    finally:
        state.mode = before


def _outputs(op: str, tree: Any) -> list[Tensor]:
    outputs = leaves(tree, op)
    for y in outputs:
        if not isinstance(y, Tensor):
            raise TypeError(f"{op}: the function returned a {type(y).__name__}, but must return tensors")
    return outputs


def _others(outputs: Sequence[Tensor], own_nodes: set[Any]) -> bool:
    """Whether, while the caller is recording, the outputs depend on more that it tracks than our own arguments."""
    if state.mode == OFF:
        return False
    roots = [y._node for y in outputs if y._node is not None]
    return any(node.parents if node in own_nodes else type(node) is Leaf for node in behind(roots))


def _pull(
    outputs: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    inputs: Sequence[Tensor],
    *,
    create_graph: bool,
    retain_graph: bool = False,
) -> list[Tensor]:
    """The cotangents of the inputs: zeros for those that no output depends on."""
    pairs = [(y._node, c) for y, c in zip(outputs, cotangents, strict=True) if y._node is not None]
    nodes = [node for node, _ in pairs]
    seeds = [c for _, c in pairs]
    found = run_backward(
        nodes, seeds, wanted=[x._node for x in inputs], create_graph=create_graph, retain_graph=retain_graph
    )
    taken = {id(c) for c in seeds}
    return [_core.like(x, own(found[x._node], taken)) if x._node in found else filled_like(x, 0) for x in inputs]


def _matched(op: str, what: str, tree: Any, like: Sequence[Tensor]) -> list[Tensor]:
    """The leaves of a tree of cotangents or tangents, checked against the tensors they belong to."""
    given = leaves(tree, op)
    if len(given) != len(like):
        raise ValueError(f"{op}: got {len(given)} {what}s, but needs {len(like)}")
    tensors = [asarray(v, dtype=x.dtype) for v, x in zip(given, like, strict=True)]
    for v, x in zip(tensors, like, strict=True):
        if v.shape != x.shape:
            raise ValueError(f"{op}: {what} has shape {v.shape}, but what it belongs to has {x.shape}")
    return tensors


def _tuple(op: str, name: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{op}: {name} is {shown(value)}, but must be a tuple with one entry for each argument")
    return tuple(value)


def _detached(tree: Any) -> Any:
    return tree_map(lambda y: y.detach() if isinstance(y, Tensor) else y, tree)


def _single(op: str, y: Any) -> Tensor:
    if not isinstance(y, Tensor) or y.size != 1 or not y.dtype.is_floating:
        got = f"{y.dtype.name} of shape {y.shape}" if isinstance(y, Tensor) else f"a {type(y).__name__}"
        raise ValueError(f"{op}: the function returned {got}, but must return a floating tensor with one element")
    return y


def _chosen(op: str, args: Sequence[Any], argnums: int | tuple[int, ...]) -> list[int]:
    numbers = integers(op, "argnums", argnums)
    if not numbers:
        raise ValueError(f"{op}: argnums names no argument")
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise ValueError(f"{op}: argnums is {argnums}, but the function was called with {len(args)} arguments")
    return [i % len(args) for i in numbers]


def _with_aliases(op: str, args: Sequence[Any], argnums: int | tuple[int, ...]) -> tuple[list[Any], Any, list[Tensor]]:
    """The arguments with the chosen ones aliased, those as one tree, and its leaves."""
    several = not is_integer(argnums)
    numbers = _chosen(op, args, argnums)
    chosen, aliases = _aliased(op, tuple(args[i] for i in numbers))
    full = list(args)
    for i, value in zip(numbers, chosen, strict=True):
        full[i] = value
    return full, chosen if several else chosen[0], aliases


def value_and_grad(
    fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes `fun` and its gradient.

    Parameters
    ----------
    fun : callable
        Returns a floating tensor with one element; with `has_aux` a pair of that and anything else.
    argnums : int or tuple of int
        Positions of the arguments to differentiate with respect to: tensors, or nested dicts, lists and tuples of them.
    has_aux : bool
        Whether `fun` returns something beside the value.

    Returns
    -------
    callable
        Takes the arguments of `fun` and returns `(value, gradient)`, or `((value, aux), gradient)`. The gradient has
        the structure of the argument; with several `argnums` it is a tuple of such. Zeros where `fun` does not depend
        on the argument.

    Raises
    ------
    ValueError
        When called: where `fun` does not return one element, or `argnums` is out of range.
    TypeError
        When called: where an argument to differentiate is not of a floating dtype.

    Notes
    -----
    The arguments need not require gradients, and their `.grad` is not touched. Where the caller records and the value
    depends on tensors that require gradients, value and gradient can be differentiated in their turn; under `no_grad()`
    that is never so, which is faster.

    Examples
    --------
    >>> import tilewright as tw
    >>> value, gradient = tw.autograd.value_and_grad(lambda x: (x * x).sum())(tw.asarray([1.0, 2.0]))
    >>> value
    tensor(5.)
    >>> gradient
    tensor([2., 4.])
    """

    _check_function("value_and_grad", fun)

    @functools.wraps(fun)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        full, tree, aliases = _with_aliases("value_and_grad", args, argnums)
        result = _record(fun, *full, **kwargs)
        if has_aux and (not isinstance(result, (tuple, list)) or len(result) != 2):
            raise TypeError("value_and_grad: with has_aux the function must return a pair of a value and anything else")
        value, aux = result if has_aux else (result, None)
        value = _single("value_and_grad", value)
        create_graph = _others([value], {x._node for x in aliases})
        seed = filled_like(value, 1)
        gradient = rebuild(tree, _pull([value], [seed], aliases, create_graph=create_graph))
        if not create_graph:
            value, aux = value.detach(), _detached(aux)
        return ((value, aux) if has_aux else value), gradient

    return differentiated


def grad(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that computes the gradient of `fun`.

    Parameters
    ----------
    fun : callable
        Returns a floating tensor with one element; with `has_aux` a pair of that and anything else.
    argnums : int or tuple of int
        Positions of the arguments to differentiate with respect to: tensors, or nested dicts, lists and tuples of them.
    has_aux : bool
        Whether `fun` returns something beside the value.

    Returns
    -------
    callable
        Takes the arguments of `fun` and returns the gradient, or `(gradient, aux)`; see `value_and_grad`.

    Examples
    --------
    >>> import tilewright as tw
    >>> slope = tw.autograd.grad(tw.sin)
    >>> slope(tw.asarray(0.0))
    tensor(1.)
    >>> tw.autograd.grad(tw.autograd.grad(lambda x: x * x * x))(tw.asarray(2.0))
    tensor(12.)
    """
    _check_function("grad", fun)
    both = value_and_grad(fun, argnums, has_aux)

    @functools.wraps(fun)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        value, gradient = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return differentiated


def vjp(fun: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Compute `fun(*primals)` and a function for products of cotangents with its Jacobian.

    Parameters
    ----------
    fun : callable
        Returns a tensor, or nested dicts, lists and tuples of tensors.
    *primals : tensor or tree of tensors
        The point.

    Returns
    -------
    value
        `fun(*primals)`.
    pullback : callable
        Takes cotangents in the structure of the value, and returns the tuple of cotangents of the primals. May be
        called any number of times.

    Examples
    --------
    >>> import tilewright as tw
    >>> value, pullback = tw.autograd.vjp(lambda x, y: x * y, tw.asarray([1.0, 2.0]), tw.asarray([3.0, 4.0]))
    >>> pullback(tw.asarray([1.0, 10.0]))
    (tensor([ 3., 40.]), tensor([ 1., 20.]))
    """
    _check_function("vjp", fun)
    tree, aliases = _aliased("vjp", primals)
    value = _record(fun, *tree)
    outputs = _outputs("vjp", value)
    tracked = _others(outputs, {x._node for x in aliases})

    def pullback(cotangents: Any) -> tuple[Any, ...]:
        seeds = _matched("vjp", "cotangent", cotangents, outputs)
        create_graph = state.mode != OFF and (tracked or any(c._node is not None for c in seeds))
        found = _pull(outputs, seeds, aliases, create_graph=create_graph, retain_graph=True)
        return rebuild(primals, found)

    return (value if tracked else _detached(value)), pullback


def jvp(fun: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """Compute `fun(*primals)` and the product of its Jacobian with tangents: its derivative in their direction.

    Parameters
    ----------
    fun : callable
        Returns a tensor, or nested dicts, lists and tuples of tensors.
    primals : tuple
        The point: one tensor or tree of tensors for each argument.
    tangents : tuple
        The direction, in the structure of `primals`.

    Returns
    -------
    value
        `fun(*primals)`.
    tangent
        In the structure of the value.

    Notes
    -----
    The vjp g(u) = u J is linear in its cotangent u, so its own vjp in the direction v is J v. The cost is that of two
    backward passes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.autograd.jvp(lambda x: x * x, (tw.asarray([1.0, 2.0]),), (tw.asarray([1.0, 0.5]),))
    (tensor([1., 4.]), tensor([2., 2.]))
    """
    _check_function("jvp", fun)
    tree, aliases = _aliased("jvp", _tuple("jvp", "primals", primals))
    directions = _matched("jvp", "tangent", _tuple("jvp", "tangents", tangents), aliases)
    value = _record(fun, *tree)
    outputs = _outputs("jvp", value)
    nodes = {x._node for x in aliases}
    tracked = _others(outputs, nodes) or (state.mode != OFF and any(v._node is not None for v in directions))
    dummies = [wrap(_core.full_like(y._array, 0), Leaf(y.shape), y) for y in outputs]
    products = _record(_pull, outputs, dummies, aliases, create_graph=True)
    found = _pull(products, directions, dummies, create_graph=tracked)
    return (value if tracked else _detached(value)), rebuild(value, found)


def jacobian(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that computes the Jacobian of `fun`: one backward pass for each element of its result.

    Parameters
    ----------
    fun : callable
        Returns a tensor, or nested dicts, lists and tuples of tensors.
    argnums : int or tuple of int
        Positions of the arguments to differentiate with respect to: tensors, or nested dicts, lists and tuples of them.

    Returns
    -------
    callable
        Takes the arguments of `fun`. For a result y and an argument x the Jacobian has shape `y.shape + x.shape`; for
        trees it is the tree of the result, with a tree of the argument at each leaf.

    Raises
    ------
    TypeError
        In the call, for a complex result; with respect to complex arguments the derivatives of a real one are
        `dy/dRe(x) + i dy/dIm(x)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.autograd.jacobian(lambda x: x * x)(tw.asarray([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    _check_function("jacobian", fun)

    @functools.wraps(fun)
    def differentiated(*args: Any, **kwargs: Any) -> Any:
        full, tree, aliases = _with_aliases("jacobian", args, argnums)
        value = _record(fun, *full, **kwargs)
        outputs = _outputs("jacobian", value)
        for y in outputs:
            if y.dtype.is_complex:
                raise TypeError(
                    f"jacobian: the function returned {y.dtype.name}; a complex result has two derivatives, take the "
                    "Jacobians of its real and its imaginary part, or use vjp or jvp"
                )
        create_graph = _others(outputs, {x._node for x in aliases})
        return rebuild(value, [rebuild(tree, _rows(y, aliases, create_graph)) for y in outputs])

    return differentiated


def _rows(y: Tensor, inputs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """The Jacobian of y with respect to each input."""
    rows: list[list[Tensor]] = []
    for i in range(y.size):
        hot = _core.full((y.size,), 0, y.dtype, y.device)
        _core.setitem(hot, i, 1)
        seed = reshape(wrap(hot, None, y), y.shape)
        rows.append(_pull([y], [seed], inputs, create_graph=create_graph, retain_graph=True))
    if not rows:
        return [wrap(_core.full(y.shape + x.shape, 0, x.dtype, x.device), None, x) for x in inputs]
    return [
        reshape(stack(column), y.shape + x.shape) for x, column in zip(inputs, zip(*rows, strict=True), strict=True)
    ]


def hessian(fun: Callable[..., Any], argnums: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """A function that computes the matrix of second derivatives of `fun`.

    Parameters
    ----------
    fun : callable
        Returns a floating tensor with one element.
    argnums : int or tuple of int
        Positions of the arguments to differentiate with respect to: tensors, or nested dicts, lists and tuples of them.

    Returns
    -------
    callable
        Takes the arguments of `fun`. For an argument x the Hessian has shape `x.shape + x.shape`; for trees it is a
        tree of trees.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.autograd.hessian(lambda x: x[0] * x[0] * x[1])(tw.asarray([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    return jacobian(grad(fun, argnums), argnums)


def hvp(fun: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, ...]:
    """The product of the Hessian of `fun` with tangents, without the Hessian: two backward passes.

    Parameters
    ----------
    fun : callable
        Returns a floating tensor with one element.
    primals : tuple
        The point: one tensor or tree of tensors for each argument.
    tangents : tuple
        The direction, in the structure of `primals`.

    Returns
    -------
    tuple
        In the structure of `primals`.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, v = tw.asarray([1.0, 2.0]), tw.asarray([1.0, 0.0])
    >>> tw.autograd.hvp(lambda x: x[0] * x[0] * x[1], (x,), (v,))
    (tensor([4., 2.]),)
    """
    _check_function("hvp", fun)
    tree, aliases = _aliased("hvp", _tuple("hvp", "primals", primals))
    directions = _matched("hvp", "tangent", _tuple("hvp", "tangents", tangents), aliases)
    value = _single("hvp", _record(fun, *tree))
    tracked = _others([value], {x._node for x in aliases}) or (
        state.mode != OFF and any(v._node is not None for v in directions)
    )
    seed = filled_like(value, 1)
    first = _record(_pull, [value], [seed], aliases, create_graph=True)
    return rebuild(tuple(primals), _pull(first, directions, aliases, create_graph=tracked))


def gradients(
    outputs: Any, inputs: Any, grad_outputs: Any = None, *, create_graph: bool = False, retain_graph: bool | None = None
) -> Any:
    """Gradients of recorded outputs with respect to tensors they were computed from; `.grad` is not touched.

    Parameters
    ----------
    outputs : Tensor, or nested dicts, lists and tuples of tensors
        What to differentiate; where there are several, the gradients of their sum.
    inputs : Tensor, or nested dicts, lists and tuples of tensors
        With respect to what: leaves or intermediate results that require gradients.
    grad_outputs : optional
        Cotangents in the structure of `outputs`. May be left out for outputs with one element: 1.
    create_graph : bool
        Record the backward pass, so that the gradients can be differentiated.
    retain_graph : bool, optional
        Keep what the ops saved, so that backward can pass again; by default as `create_graph`.

    Returns
    -------
    Tensor or tree of tensors
        In the structure of `inputs`; zeros for an input that no output depends on.

    Raises
    ------
    RuntimeError
        Where an output or an input does not require gradients, the graph was freed, or cotangents are missing.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([1.0, 2.0], requires_grad=True)
    >>> (g,) = tw.autograd.gradients((x * x * x).sum(), [x], create_graph=True)
    >>> g
    tensor([ 3., 12.], op=add)
    >>> tw.autograd.gradients(g.sum(), x)
    tensor([ 6., 12.])
    """
    create_graph = flag("gradients", "create_graph", create_graph)
    retain = create_graph if retain_graph is None else flag("gradients", "retain_graph", retain_graph)
    ys = _outputs("gradients", outputs)
    xs = leaves(inputs, "gradients")
    for y in ys:
        if y._node is None:
            raise RuntimeError(
                f"gradients: an output of shape {y.shape} does not require grad, nothing recorded leads to it"
            )
        if grad_outputs is None and math.prod(y.shape) != 1:
            raise RuntimeError(f"gradients: an output has shape {y.shape}; pass grad_outputs of that shape")
    for x in xs:
        if not isinstance(x, Tensor) or x._node is None:
            raise RuntimeError("gradients: an input is not a tensor that requires grad")
    if grad_outputs is None:
        seeds = [filled_like(y, 1) for y in ys]
    else:
        seeds = _matched("gradients", "cotangent", grad_outputs, ys)
    return rebuild(inputs, _pull(ys, seeds, xs, create_graph=create_graph, retain_graph=retain))
