"""Units that do not learn: dead and saturated ones, layer by layer, over a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tables import Table, ruled, short
from .._engine.tensor import Tensor
from .._functions.manipulation import astype, moveaxis, reshape
from ..autograd import no_grad
from ..nn import Hardsigmoid, Hardtanh, Module, ReLU, ReLU6, Sigmoid, Tanh
from ..nn._traversal import evaluating
from ._shared import number

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["unit_activity"]


class LayerActivity(NamedTuple):
    """The units of one activation layer, in a table of `unit_activity`.

    Attributes
    ----------
    path, kind
        Where the layer is in the network, and its class.
    units
        How many it has.
    dead
        Share of the units that are flat on all data: a ReLU that gives nothing but zeros, a sigmoid at its bounds.
    saturated
        Share of all values that are flat: zeros of ReLU, values at the bounds of a sigmoid.
    mean, std
        Of all values.
    dead_units
        Which ones.
    """

    path: str
    kind: str
    units: int
    dead: float
    saturated: float
    mean: float
    std: float
    dead_units: tuple[int, ...]


def unit_activity(model: Module, batches: Any, *, axis: int = 1, tolerance: float = 0.01) -> Table:
    """Dead and saturated units of each activation layer, over a data set.

    Parameters
    ----------
    model : Module
        Called in evaluation mode. Layers that are seen are the modules ReLU, ReLU6, Sigmoid, Hardsigmoid, Tanh and
        Hardtanh; calls of `nn.functional` are not.
    batches : Tensor, or iterable
        The inputs: one batch; or several, each a tensor or a tuple whose first entry is one, as a `DataLoader` gives.
    axis : int
        Of the layers' results, along which units are told apart: 1 for channels, -1 where features come last. Values at
        all other positions count for the unit.
    tolerance : float
        A sigmoid or tanh is saturated within this part of its range from a bound; ReLU only where it is 0.

    Returns
    -------
    Table
        A str, with a `LayerActivity` for each layer that was called in `rows`.

    Raises
    ------
    TypeError
        For a model that is none, and inputs that are no arrays.
    ValueError
        Where no such layer is called, there is no data, `axis` is out of range, or `tolerance` not in [0, 0.5).

    Notes
    -----
    The derivative of a flat unit is zero, or below about `4 * tolerance` of its largest for a sigmoid: what comes back
    from the loss ends there. A unit that is flat for every input gets no gradient at all.

    References
    ----------
    X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
    L. Lu, Y. Shin, Y. Su, G. E. Karniadakis, Dying ReLU and Initialization, Commun. Comput. Phys. 28 (5), 2020.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> layer = nn.Linear(1, 3)
    >>> nn.utils.vector_to_parameters([1.0, 1.0, -1.0, 0.0, 1.0, -1.0], layer.parameters())
    >>> print(tw.diagnose.unit_activity(nn.Sequential(layer, nn.ReLU()), tw.asarray([[0.0], [1.0], [2.0]])))
    layer  kind  units  dead  saturated  mean    std
    ------------------------------------------------
    1      ReLU      3   33%        44%     1  1.054
    """
    op = "unit_activity"
    if not isinstance(model, Module):
        arguments.refuse(op, "model", model, "a Module")
    axis = arguments.integer(op, "axis", axis)
    tolerance = arguments.number(op, "tolerance", tolerance)
    if not 0 <= tolerance < 0.5:
        raise ValueError(f"{op}: tolerance is {tolerance}, but must lie in [0, 0.5)")
    counts = {
        module: _Counts(path, module, axis, tolerance)
        for path, module in model.named_modules()
        if isinstance(module, _KINDS)
    }
    handles = [module.register_forward_hook(count.note) for module, count in counts.items()]
    try:
        with evaluating(model), no_grad():
            for batch in _inputs(op, batches):
                model(batch)
    finally:
        for handle in handles:
            handle.remove()
    rows = [count.row() for count in counts.values() if count.values]
    if not rows:
        raise ValueError(f"{op}: the model called no ReLU, ReLU6, Sigmoid, Hardsigmoid, Tanh or Hardtanh on any data")
    head = ("layer", "kind", "units", "dead", "saturated", "mean", "std")
    cells = [
        (*row[:2], str(row.units), f"{row.dead:.0%}", f"{row.saturated:.0%}", short(row.mean), short(row.std))
        for row in rows
    ]
    return Table(ruled(head, cells, (0, 1)), rows)


def _inputs(op: str, batches: Any) -> Iterable[Tensor]:
    if isinstance(batches, Tensor):
        batches = [batches]
    if isinstance(batches, (str, bytes, dict)) or not hasattr(batches, "__iter__"):
        arguments.refuse(op, "batches", batches, "a Tensor or an iterable of batches")
    for batch in batches:
        first = batch[0] if isinstance(batch, (tuple, list)) and batch else batch
        yield arguments.array(op, "a batch", first)


_KINDS = (ReLU, ReLU6, Sigmoid, Tanh, Hardtanh, Hardsigmoid)


def _bounds(module: Module) -> tuple[float, float | None]:
    """Where an activation is flat, below and above."""
    if isinstance(module, ReLU):
        return 0.0, None
    if isinstance(module, ReLU6):
        return 0.0, 6.0
    if isinstance(module, Hardtanh):
        return float(module.min_val), float(module.max_val)
    return (-1.0, 1.0) if isinstance(module, Tanh) else (0.0, 1.0)


class _Counts:
    """What the calls of one layer show."""

    def __init__(self, path: str, module: Module, axis: int, tolerance: float) -> None:
        self.path, self.kind, self.axis = path, type(module).__name__, axis
        self.low, self.high = _bounds(module)
        smooth = isinstance(module, (Sigmoid, Tanh))
        self.margin = tolerance * (self.high - self.low) if smooth and self.high is not None else 0.0
        self.values = 0
        self.flat: Tensor | None = None  # of each unit, how many values
        self.total = self.squares = 0.0

    def note(self, module: Module, args: tuple[Any, ...], result: Tensor) -> None:
        if not -result.ndim <= self.axis < result.ndim:
            raise ValueError(f"unit_activity: axis is {self.axis}, but {self.path} gave a result of {result.shape}")
        y = astype(result, "float64")
        rows = reshape(moveaxis(y, self.axis, 0), (y.shape[self.axis], -1))
        flat = rows <= self.low + self.margin
        if self.high is not None:
            flat = flat | (rows >= self.high - self.margin)
        count = flat.sum(1)
        self.flat = count if self.flat is None else self.flat + count
        self.values += rows.size
        self.total += number(rows.sum())
        self.squares += number((rows * rows).sum())

    def row(self) -> LayerActivity:
        flat: list[int] = self.flat.tolist()  # type: ignore[union-attr]
        each = self.values // len(flat)
        mean = self.total / self.values
        std = max(self.squares / self.values - mean * mean, 0.0) ** 0.5
        dead = tuple([i for i, count in enumerate(flat) if count == each])
        shares = len(dead) / len(flat), sum(flat) / self.values
        return LayerActivity(self.path, self.kind, len(flat), *shares, mean, std, dead)
