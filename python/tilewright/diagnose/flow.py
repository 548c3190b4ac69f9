"""What flows through a network in training: activations, gradients, weights and their updates, layer by layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tables import Table, ruled, short
from .._engine.tensor import Tensor
from .._functions.manipulation import astype
from ..autograd import is_grad_enabled, no_grad
from ..autograd._closures import named_leaves
from ..nn import Module
from ._shared import norm, number

if TYPE_CHECKING:
    from typing import Self

    from ..nn._hooks import HookHandle

__all__ = ["Recorder", "gradient_flow"]


class ParameterFlow(NamedTuple):
    """Norms of one parameter.

    Attributes
    ----------
    name
        Of the parameter.
    weight, gradient
        Euclidean norms of the parameter and of its gradient; NaN without one.
    rms
        Of the gradient: its norm by the root of the number of elements, which compares layers of different sizes.
    update
        Norm of the last step by that of the parameter before it: about 1e-3 where training goes well. NaN where it is
        not known.
    """

    name: str
    weight: float
    gradient: float
    rms: float
    update: float


class LayerFlow(NamedTuple):
    """What passed one layer in a step: its results, and the gradients that came back to them.

    Attributes
    ----------
    path
        Of the layer.
    mean, std, largest
        Of its results; the largest modulus.
    zeros
        Share of zeros in them.
    gradient
        Root mean square of the gradient of the loss with respect to them; NaN where none came back.
    """

    path: str
    mean: float
    std: float
    largest: float
    zeros: float
    gradient: float


class Record(NamedTuple):
    """One recorded step.

    Attributes
    ----------
    step
        Its number, from 0.
    layers
        By path, `LayerFlow`.
    parameters
        By name, `ParameterFlow`.
    """

    step: int
    layers: dict[str, LayerFlow]
    parameters: dict[str, ParameterFlow]


def gradient_flow(parameters: Any) -> Table:
    """The norm of each parameter and of the gradient that `backward` left in it.

    Parameters
    ----------
    parameters : Module, or dict of str to Tensor
        Floating tensors that require gradients, after `backward`.

    Returns
    -------
    Table
        A str, with a `ParameterFlow` for each parameter in `rows`. Gradients that fall from layer to layer by orders of
        magnitude vanish; where they grow, they explode.

    Raises
    ------
    ValueError
        Where there are no parameters.
    TypeError
        For parameters of another kind.

    References
    ----------
    S. Hochreiter, Untersuchungen zu dynamischen neuronalen Netzen, diploma thesis, TU München, 1991. X. Glorot, Y.
    Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.

    Examples
    --------
    >>> import tilewright as tw
    >>> w = tw.asarray([3.0, 4.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> print(tw.diagnose.gradient_flow({"w": w}))
    parameter  weight norm  gradient norm  gradient rms
    ---------------------------------------------------
    w                    5             10         7.071
    """
    rows = [_parameter(name, x, None) for name, x in named_leaves("gradient_flow", parameters).items()]
    head = ("parameter", "weight norm", "gradient norm", "gradient rms")
    return Table(ruled(head, [(row.name, *map(short, row[1:4])) for row in rows]), rows)


def _parameter(name: str, x: Tensor, before: Tensor | None) -> ParameterFlow:
    gradient = math.nan if x.grad is None else norm(x.grad)
    update = math.nan
    if before is not None:
        length = norm(before)
        update = norm(x.detach() - before) / length if length else math.inf
    return ParameterFlow(name, norm(x), gradient, gradient / math.sqrt(x.size or 1), update)


class Recorder:
    """Records statistics of each layer and parameter over training: a context manager around the loop.

    Parameters
    ----------
    model : Module
        Layers that hold no others are watched, by hooks, and all parameters that require gradients.
    every : int
        Record every so many steps.

    Attributes
    ----------
    history : list of Record
        A few numbers for each layer and parameter, for each recorded step.

    Raises
    ------
    TypeError
        For a model that is none.
    ValueError
        For `every` below 1.

    Notes
    -----
    Call `step()` once after each step of the optimiser, before gradients are forgotten. It holds one copy of the
    parameters, for the size of updates, while a step is recorded. Of several forward passes in one step, such as those
    of accumulated micro-batches, the last one counts; passes under `no_grad()`, such as an evaluation, do not.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Sequential(tw.nn.Linear(3, 4), tw.nn.ReLU(), tw.nn.Linear(4, 1))
    >>> optimizer = tw.optim.SGD(net.parameters(), lr=0.1)
    >>> with tw.diagnose.Recorder(net, every=2) as recorder:
    ...     for _ in range(5):
    ...         optimizer.zero_grad()
    ...         (net(tw.ones((8, 3))) ** 2).mean().backward()
    ...         optimizer.step()
    ...         recorder.step()
    >>> [record.step for record in recorder.history]
    [0, 2, 4]
    >>> list(recorder.history[0].layers)
    ['0', '1', '2']
    >>> len(recorder.series("0.weight", "update"))
    3
    """

    def __init__(self, model: Module, every: int = 1) -> None:
        if not isinstance(model, Module):
            arguments.refuse("Recorder", "model", model, "a Module")
        self.model = model
        self.every = arguments.integer("Recorder", "every", every, at_least=1)
        self.history: list[Record] = []
        self._step = 0
        self._handles: list[HookHandle] = []
        self._layers: dict[str, LayerFlow] = {}
        self._before: dict[str, Tensor] = {}

    def __enter__(self) -> Self:
        if self._handles:
            raise RuntimeError("Recorder: is recording already")
        for path, module in self.model.named_modules():
            if not any(True for _ in module.children()):
                self._handles.append(module.register_forward_hook(self._hook(path)))
        self._begin()
        return self

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles, self._layers, self._before = [], {}, {}

    def _records(self) -> bool:
        return self._step % self.every == 0

    def _begin(self) -> None:
        """At the start of a step."""
        self._layers = {}
        named = self.model.named_parameters() if self._records() else ()
        self._before = {name: x.detach().copy() for name, x in named if x.requires_grad}

    def _hook(self, path: str) -> Any:
        def note(module: Module, args: tuple[Any, ...], result: Any) -> None:
            if not self._records() or not is_grad_enabled():
                return
            y = result[0] if isinstance(result, (tuple, list)) and result else result
            if not isinstance(y, Tensor) or not y.dtype.is_floating or not y.size:
                return
            self._layers[path] = _layer(path, y)
            if y.requires_grad:
                y.register_hook(lambda g: self._note_gradient(path, g))

        return note

    def _note_gradient(self, path: str, g: Tensor) -> None:
        if path in self._layers:
            self._layers[path] = self._layers[path]._replace(gradient=norm(g) / math.sqrt(g.size))

    def step(self) -> None:
        """Close a step: after that of the optimiser.

        Raises
        ------
        RuntimeError
            Outside of the `with` block.
        """
        if not self._handles:
            raise RuntimeError("Recorder: step() is called outside of its with block")
        if self._records():
            named = dict(self.model.named_parameters())
            parameters = {name: _parameter(name, named[name], x) for name, x in self._before.items() if name in named}
            self.history.append(Record(self._step, self._layers, parameters))
        self._step += 1
        self._begin()

    def series(self, name: str, quantity: str) -> list[float]:
        """One quantity over the recorded steps, for a plot.

        Parameters
        ----------
        name : str
            Path of a layer, or name of a parameter.
        quantity : str
            A field of `LayerFlow`: "mean", "std", "largest", "zeros" or "gradient"; or of `ParameterFlow`: "weight",
            "gradient", "rms" or "update".

        Returns
        -------
        list of float
            NaN for a step in which the layer was not called.

        Raises
        ------
        KeyError
            For a name that was never recorded.
        ValueError
            For another quantity.
        """
        arguments.option("Recorder.series", "quantity", quantity, _QUANTITIES)
        found = [record.layers.get(name) or record.parameters.get(name) for record in self.history]
        kinds = {type(row) for row in found if row is not None}
        if not kinds:
            raise KeyError(f"Recorder.series: nothing was recorded of {arguments.shown(name)}")
        if not all(quantity in kind._fields for kind in kinds):
            raise ValueError(f'Recorder.series: "{quantity}" is no quantity of {name}')
        return [math.nan if row is None else float(getattr(row, quantity)) for row in found]

    def __repr__(self) -> str:
        if not self.history:
            return f"Recorder of {type(self.model).__name__}: no step yet"
        last = self.history[-1]
        head = ("layer", "mean", "std", "largest", "zeros", "gradient rms")
        layers = [
            (row.path, *map(short, row[1:4]), f"{row.zeros:.0%}", short(row.gradient)) for row in last.layers.values()
        ]
        lower = ("parameter", "weight norm", "gradient norm", "gradient rms", "update / weight")
        parameters = [(row.name, *map(short, row[1:])) for row in last.parameters.values()]
        return f"step {last.step}\n{ruled(head, layers)}\n\n{ruled(lower, parameters)}"


_QUANTITIES = ("mean", "std", "largest", "zeros", "gradient", "weight", "rms", "update")


def _layer(path: str, y: Tensor) -> LayerFlow:
    with no_grad():
        values = astype(y.detach(), "float64")
        mean = number(values.mean())
        std = number(((values - mean) ** 2).mean()) ** 0.5
        zeros = number((values == 0).sum()) / y.size
        return LayerFlow(path, mean, std, number(abs(values).max()), zeros, math.nan)
