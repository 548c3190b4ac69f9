"""Backpropagation made visible: the ops of a small computation, their derivatives, and what arrives at each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.backward import behind, run_backward, unbroadcast
from .._engine.composed import alias
from .._engine.op import wrap
from .._engine.tables import ruled, short
from .._engine.tape import ANOMALY, OFF, DeferredCotangent, Leaf, state
from .._engine.tensor import Tensor, asarray, filled_like
from .._engine.tree import leaves, paths, rebuild
from .._functions.manipulation import broadcast_to, reshape, stack
from ._closures import has_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_WRITTEN, _DRAWN = 6, 3  # tables and drawings show no more numbers of an array


class Step(NamedTuple):
    """One value of a computation: an input or what an op gave.

    Attributes
    ----------
    name
        Of the input, or of the op.
    parents
        The places in `Trace.steps` of those operands that gradients flow to.
    shape
        Of the value.
    value, cotangent
        The value y, and the derivative of the result with respect to it. None for a value of more elements than the
        trace keeps, for an input that no name was given for, and where no gradient arrives.
    local
        For each parent x, the Jacobian dy/dx of shape `y.shape + x.shape`; None where it is too large.
    layer
        Path of the module that called the op; "" outside of modules.
    origin
        The line that called the op: "file:line"; "" for inputs.
    """

    name: str
    parents: tuple[int, ...]
    shape: tuple[int, ...]
    value: Tensor | None
    cotangent: Tensor | None
    local: tuple[Tensor | None, ...]
    layer: str
    origin: str


class Trace:
    """What `trace` saw. Printing it shows a table.

    Attributes
    ----------
    value : Tensor
        What the function returned.
    steps : tuple of Step
        The inputs and the ops, in the order of the computation; the last one is the result.
    """

    def __init__(self, value: Tensor, steps: Sequence[Step]) -> None:
        self.value = value
        self.steps = tuple(steps)

    def __repr__(self) -> str:
        head = ("step", "op", "value", "cotangent", "with respect to", "local derivative")
        rows = []
        for i, step in enumerate(self.steps):
            shown = (str(i), step.name, _text(step.value, step.shape), _text(step.cotangent, step.shape))
            for j, (parent, derivative) in enumerate(zip(step.parents, step.local, strict=True)):
                by = f"{parent} {self.steps[parent].name}"
                first = shown if j == 0 else ("",) * 4
                rows.append((*first, by, self._derivative(step, parent, derivative)))
            if not step.parents:
                rows.append((*shown, "", ""))
        return ruled(head, rows, left=range(len(head)))

    def _derivative(self, step: Step, parent: int, derivative: Tensor | None, most: int = _WRITTEN) -> str:
        x = self.steps[parent].shape
        if derivative is not None and derivative.size > 1 and _is_diagonal(derivative, step.shape, x):
            return f"diagonal {_text(_diagonal(derivative, x), x, most)}"
        if derivative is None or derivative.size > most:
            return f"Jacobian {step.shape} x {x}"
        return _text(reshape(derivative, tuple([n for n in derivative.shape if n > 1])), (), most)

    def dot(self) -> str:
        """The graph in Graphviz's language DOT: a box for each step, an arrow with the local derivative to each use.

        Returns
        -------
        str

        Examples
        --------
        >>> import tilewright as tw
        >>> print(tw.autograd.trace(lambda x: x * 2.0, tw.asarray(3.0)).dot())
        digraph trace {
          rankdir=LR; node [shape=box];
          0 [label="x\\nvalue 3\\ncotangent 2"];
          1 [label="multiply\\nvalue 6\\ncotangent 1"];
          0 -> 1 [label="2"];
        }
        """
        lines = ["digraph trace {", "  rankdir=LR; node [shape=box];"]
        for i, step in enumerate(self.steps):
            label = "\\n".join(line.replace('"', '\\"') for line in self._label(i))
            lines.append(f'  {i} [label="{label}"];')
            for parent, derivative in zip(step.parents, step.local, strict=True):
                lines.append(f'  {parent} -> {i} [label="{self._derivative(step, parent, derivative)}"];')
        return "\n".join([*lines, "}"])

    def _label(self, i: int, most: int = _WRITTEN) -> list[str]:
        _, _, shape, value, cotangent, *_ = step = self.steps[i]
        return [step.name, f"value {_text(value, shape, most)}", f"cotangent {_text(cotangent, shape, most)}"]

    def draw(self, ax: Any = None) -> Any:
        """Draw the graph from left to right: values in black, what comes back in red, local derivatives at the arrows.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default in a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without matplotlib: `pip install tilewright[plot]`.

        Examples
        --------
        >>> import tilewright as tw
        >>> ax = tw.autograd.trace(lambda x: x * 2.0, tw.asarray(3.0)).draw()  # doctest: +SKIP
        """
        from ._draw_trace import draw

        labels = [self._label(i, _DRAWN) for i in range(len(self.steps))]
        edges = [
            (parent, i, self._derivative(step, parent, derivative, _DRAWN))
            for i, step in enumerate(self.steps)
            for parent, derivative in zip(step.parents, step.local, strict=True)
        ]
        return draw(labels, edges, ax)


def trace(fun: Callable[..., Any], *args: Any, names: Any = None, elements: int = 256) -> Trace:
    """Run a function and its backward pass, and keep each op's value, local derivatives and cotangent.

    Parameters
    ----------
    fun : callable
        Returns a floating tensor with one element: a loss.
    *args : tensor or tree of tensors
        Its arguments; gradients are taken with respect to the floating ones, and to all tensors that require gradients.
        Arguments of one element or a few make tables that can be read.
    names : Module, or dict of str to Tensor, optional
        What to call tensors that the function uses and that are no arguments of it: the parameters of a module by
        their paths. They are "leaf" otherwise.
    elements : int
        Of arrays and Jacobians with more elements than this only shapes are kept.

    Returns
    -------
    Trace
        Printing it shows a table; `draw()` draws the graph, `dot()` gives it as text, `steps` has the tensors. No
        `.grad` is touched.

    Raises
    ------
    TypeError
        For a `fun` that is not callable, and `names` of another kind.
    ValueError
        Where `fun` returns something else than a floating tensor with one element, one that depends on nothing that
        gradients are taken of, or `elements` is below 1.

    Notes
    -----
    For a step y = op(x, ..), the chain rule is dL/dx = (dL/dy) (dy/dx), summed over all steps that use x. Each row has
    the cotangent dL/dy that arrives at y and a local derivative dy/dx for each operand. The Jacobian comes from the
    op's own rule, with the unit vectors as cotangents.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning representations by back-propagating errors, Nature 323,
    1986.

    Examples
    --------
    >>> import tilewright as tw
    >>> print(tw.autograd.trace(lambda w, x: tw.exp(w * x), tw.asarray(0.5), tw.asarray(2.0)))
    step  op        value  cotangent  with respect to  local derivative
    -------------------------------------------------------------------
    0     w         0.5    5.437
    1     x         2      1.359
    2     multiply  1      2.718      0 w              2
                                      1 x              0.5
    3     exp       2.718  1          2 multiply       2.718
    """
    arguments.function("trace", "fun", fun)
    elements = arguments.integer("trace", "elements", elements, at_least=1)
    named = _named(names)
    flat = leaves(args, "trace")
    given = [alias(x, None) if isinstance(x, Tensor) and x.dtype.is_floating else x for x in flat]
    labels = [path for name, x in zip(_parameters(fun, len(args)), args, strict=True) for path in paths(x, name)]
    for label, x in zip(labels, given, strict=True):
        if isinstance(x, Tensor) and x._node is not None:
            named[x._node] = (label, x)
    recorder = _Recorder(elements)
    value = recorder.run(fun, rebuild(args, given))
    if not isinstance(value, Tensor) or value.size != 1 or not value.dtype.is_floating:
        raise ValueError(f"trace: the function returned {_what(value)}, but must return a floating tensor, one element")
    if value._node is None:
        raise ValueError("trace: the result depends on nothing that gradients are taken of")
    return Trace(value.detach(), recorder.steps(value, named))


def _what(value: Any) -> str:
    return f"{value.dtype.name} of shape {value.shape}" if isinstance(value, Tensor) else arguments.shown(value)


def _named(names: Any) -> dict[Any, tuple[str, Tensor]]:
    """By its node, the name and the tensor."""
    if names is None:
        return {}
    if has_parameters(names):
        names = dict(names.named_parameters())
    if not isinstance(names, dict):
        arguments.refuse("trace", "names", names, "a Module or a dict of tensors")
    for name, x in names.items():
        if not isinstance(x, Tensor):
            arguments.refuse("trace", f"names[{name!r}]", x, "a Tensor")
    return {x._node: (str(name), x) for name, x in names.items() if x._node is not None}


def _parameters(fun: Callable[..., Any], count: int) -> list[str]:
    """What the function calls its arguments."""
    import inspect

    try:
        parameters = list(inspect.signature(fun).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"argument {i}" for i in range(count)]


class _Recorder:
    """Listens to a function, and makes the steps of what was recorded."""

    def __init__(self, elements: int) -> None:
        self.elements = elements
        self.values: dict[Any, Tensor] = {}
        self.layers: dict[Any, str] = {}

    def run(self, fun: Callable[..., Any], args: Any) -> Any:
        before = state.mode, state.recording, state.on_record
        state.mode = state.recording = ANOMALY
        state.on_record = self._note
        try:
            return fun(*args)
        finally:
            state.mode, state.recording, state.on_record = before

    def _note(self, node: Any, array: Any) -> None:
        self.layers[node] = ".".join(state.layer_path)
        y = wrap(array)
        if y.size <= self.elements:
            self.values[node] = y.copy()

    def steps(self, root: Tensor, named: dict[Any, tuple[str, Tensor]]) -> list[Step]:
        seen = behind([root._node])
        calls = {node.parents[0] for node in seen if type(getattr(node, "saved", None)) is int}
        nodes = [node for node in seen if node not in calls]
        place = {node: i for i, node in enumerate(nodes)}
        arrived = run_backward([root._node], [filled_like(root, 1)], wanted=nodes, retain_graph=True)
        made = []
        for node in nodes:
            name, value = self._found(node, named, nodes)
            parents = _operands(node)
            g = arrived.get(node)
            made.append(
                Step(
                    name,
                    tuple([place[parent] for parent in parents]),
                    node.shape,
                    value if value is None or value.size <= self.elements else None,
                    g if g is None or g.size <= self.elements else None,
                    self._jacobians(node, parents, root),
                    self.layers.get(node, ""),
                    "" if type(node) is Leaf else node.origin,
                )
            )
        return made

    def _found(
        self, node: Any, named: dict[Any, tuple[str, Tensor]], nodes: Sequence[Any]
    ) -> tuple[str, Tensor | None]:
        """Name and value of a step."""
        if node in named:
            name, x = named[node]
            return name, x.detach().copy()
        if type(node) is not Leaf:
            number = f"[{node.saved}]" if type(node.saved) is int else ""
            return node.plan.name + number, self.values.get(node)
        for user in nodes:  # an op may have saved it
            for saved in getattr(user, "saved", None) or () if type(user) is not Leaf else ():
                if isinstance(saved, Tensor) and saved._node is node:
                    return "leaf", saved.detach().copy()
        return "leaf", None

    def _jacobians(self, node: Any, parents: Sequence[Any], root: Tensor) -> tuple[Tensor | None, ...]:
        size = _size(node.shape)
        fits = [size * _size(parent.shape) <= self.elements for parent in parents]
        if not size or not any(fits):
            return (None,) * len(parents)
        before = state.mode
        state.mode = OFF
        try:
            rows = [_pulled(node, i, root) for i in range(size)]
            return tuple(
                [
                    _stacked([row[j] for row in rows], node.shape, parent.shape, root) if fit else None
                    for j, (parent, fit) in enumerate(zip(parents, fits, strict=True))
                ]
            )
        finally:
            state.mode = before


def _size(shape: tuple[int, ...]) -> int:
    count = 1
    for length in shape:
        count *= length
    return count


def _operands(node: Any) -> tuple[Any, ...]:
    """The nodes that an op's result was computed from."""
    if type(node) is Leaf:
        return ()
    parents: tuple[Any, ...] = node.parents[0].parents if type(node.saved) is int else node.parents
    return parents


def _pulled(node: Any, i: int, root: Tensor) -> list[Tensor | None]:
    """Row i of the Jacobian for each operand: the op's rule, given a unit vector."""
    hot = [0.0] * _size(node.shape)
    hot[i] = 1.0
    g: Any = reshape(asarray(hot, root.dtype, device=root.device), node.shape)
    call = node
    if type(node.saved) is int:
        call = node.parents[0]
        g = [g if j == node.saved else None for j in range(len(call.shape))]
    while type(call.saved) is not tuple:
        call = call.saved.node(call)
    row = []
    for c, parent in zip(call.plan.backward(call, g), call.parents, strict=True):
        if isinstance(c, DeferredCotangent):
            c = c.value()
        row.append(c if c is None or c.shape == parent.shape else unbroadcast(c, parent.shape, call.plan.name))
    return row


def _stacked(rows: list[Any], y: tuple[int, ...], x: tuple[int, ...], root: Tensor) -> Tensor:
    zeros = broadcast_to(reshape(filled_like(root, 0), ()), x)
    return reshape(stack([zeros if row is None else row for row in rows]), y + x)


# ---- text ------------------------------------------------------------------------------------------------------------


def _text(x: Tensor | None, shape: tuple[int, ...], most: int = _WRITTEN) -> str:
    if x is None or x.size > most:
        return f"{shape}" if x is not None or _size(shape) > most else "-"
    return _numbers(x.tolist())


def _numbers(values: Any) -> str:
    return f"[{' '.join(map(_numbers, values))}]" if isinstance(values, list) else short(values)


def _is_diagonal(jacobian: Tensor, y: tuple[int, ...], x: tuple[int, ...]) -> bool:
    if y != x:
        return False
    n = _size(x)
    matrix = reshape(jacobian, (n, n)).tolist()
    return all(v == 0 for i, row in enumerate(matrix) for j, v in enumerate(row) if i != j)


def _diagonal(jacobian: Tensor, x: tuple[int, ...]) -> Tensor:
    n = _size(x)
    return reshape(reshape(jacobian, (n * n,))[:: n + 1], x)
