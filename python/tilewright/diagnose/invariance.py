"""Weights whose size a network does not feel, as those before batch norm, and their effective learning rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tables import Table, ruled, short
from .._engine.tensor import Tensor
from .._functions.manipulation import astype
from ..autograd import enable_grad, gradients, no_grad
from ..autograd._closures import buffers_of, named_leaves, one_element, restoring, write
from ._shared import norm, number

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["effective_learning_rate", "scale_invariance"]


class Invariance(NamedTuple):
    """What happens when a parameter w is scaled by c, in a table of `scale_invariance`.

    Attributes
    ----------
    name
        Of the parameter.
    loss_change
        |L(c w) - L(w)| / max(|L(w)|, |L(c w)|).
    radial
        |g·w| / (‖g‖ ‖w‖): how far the gradient points along w; 0 where L does not depend on ‖w‖.
    gradient_scale
        c ‖g(c w)‖ / ‖g(w)‖: 1 where L does not depend on ‖w‖. NaN without a gradient.
    invariant
        Whether all three say so; or the first, where the gradient is zero, as that of a bias before batch norm.
    """

    name: str
    loss_change: float
    radial: float
    gradient_scale: float
    invariant: bool


def scale_invariance(loss: Callable[[], Any], model: Any, *, factor: float = 2.0, tolerance: float = 1e-3) -> Table:
    """Scale each parameter of a model in turn, and see whether loss and gradient show that they do not depend on it.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element. Batch norm shall be in training mode: in
        evaluation mode the statistics do not follow the weights.
    model : Module, or dict of str to Tensor
        The parameters: those that require gradients.
    factor : float
        c, by which each is multiplied.
    tolerance : float
        How much the numbers may deviate from those of an invariant weight. Batch norm's `eps` is a deviation, too.

    Returns
    -------
    Table
        A str, with an `Invariance` for each parameter in `rows`. Parameters and buffers hold what they held before,
        also where `loss` raises.

    Raises
    ------
    ValueError
        Where there are no parameters, `loss` returns something else, `factor` is not positive or is 1, or `tolerance`
        is negative.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.

    Notes
    -----
    Behind a weight w, batch norm divides by a standard deviation that is proportional to ‖w‖, so L(c w) = L(w). Then
    g(c w) = g(w) / c, and g·w = 0: every step makes ‖w‖ longer, and steps along the sphere shorter. See
    `effective_learning_rate`.

    References
    ----------
    S. Ioffe, C. Szegedy, Batch Normalization, ICML 2015. T. van Laarhoven, L2 Regularization versus Batch and Weight
    Normalization, arXiv:1706.05350, 2017.

    Examples
    --------
    >>> import tilewright as tw
    >>> from tilewright import nn
    >>> net = nn.Sequential(nn.Linear(4, 8, bias=False), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 1))
    >>> x = tw.random.Generator(0).normal(size=(64, 4))
    >>> table = tw.diagnose.scale_invariance(lambda: (net(x) ** 2).mean(), net)
    >>> [row.name for row in table.rows if row.invariant]
    ['0.weight']
    """
    op = "scale_invariance"
    arguments.function(op, "loss", loss)
    named = named_leaves(op, model)
    factor = arguments.number(op, "factor", factor)
    if not 0 < factor < math.inf or factor == 1:
        raise ValueError(f"{op}: factor is {factor}, but must be positive and not 1")
    tolerance = arguments.number(op, "tolerance", tolerance)
    if not tolerance >= 0:
        raise ValueError(f"{op}: tolerance is {tolerance}, but must be at least 0")
    with restoring((*named.values(), *buffers_of(model))):
        value, found = _value_and_gradients(op, loss, list(named.values()))
        rows = []
        for (name, x), g in zip(named.items(), found, strict=True):
            before = x.detach().copy()
            write(x, before * factor)
            scaled, (h,) = _value_and_gradients(op, loss, [x])
            write(x, before)
            rows.append(_judged(name, value, scaled, before, g, h, factor, tolerance))
    head = ("parameter", "loss change", "radial gradient", "c |g(c w)| / |g(w)|", "invariant")
    cells = [(row.name, *map(short, row[1:4]), "yes" if row.invariant else "no") for row in rows]
    return Table(ruled(head, cells, (0, 4)), rows)


def _value_and_gradients(op: str, loss: Callable[[], Any], inputs: list[Tensor]) -> tuple[float, list[Tensor]]:
    with enable_grad():
        value = one_element(op, loss())
        found = gradients(value, inputs) if value.requires_grad else [x.detach() * 0 for x in inputs]
    return number(value), found


def _judged(
    name: str, value: float, scaled: float, w: Tensor, g: Tensor, h: Tensor, factor: float, tolerance: float
) -> Invariance:
    largest = max(abs(value), abs(scaled))
    change = abs(scaled - value) / largest if largest else 0.0
    sizes = norm(w), norm(g), norm(h)
    with no_grad():
        along = abs(number((astype(w, "float64") * astype(g, "float64")).sum()))
    radial = along / (sizes[0] * sizes[1]) if sizes[0] and sizes[1] else 0.0
    scale = factor * sizes[2] / sizes[1] if sizes[1] else math.nan
    flat = sizes[0] * sizes[1] <= 1e-3 * tolerance * largest  # a gradient of rounding errors has any direction
    invariant = sizes[0] > 0 and change <= tolerance and (flat or max(radial, abs(scale - 1)) <= tolerance)
    return Invariance(name, change, radial, scale, invariant)


def effective_learning_rate(lr: float, weight: Any) -> float:
    """The learning rate that a scale-invariant weight feels: lr / ‖w‖².

    Parameters
    ----------
    lr : float
        The optimiser's.
    weight : array-like
        w, such as a weight before batch norm: see `scale_invariance`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For a weight that is zero.
    TypeError
        For a complex one.

    Notes
    -----
    With w = ‖w‖ v, a step of gradient descent moves the direction v as a step of the rate lr / ‖w‖² on a weight of
    length 1 would. So weight decay does not make the function smaller there, but the effective rate larger.

    References
    ----------
    T. van Laarhoven, L2 Regularization versus Batch and Weight Normalization, arXiv:1706.05350, 2017. E. Hoffer et al.,
    Norm Matters: Efficient and Accurate Normalization Schemes in Deep Networks, NeurIPS 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.diagnose.effective_learning_rate(0.1, [3.0, 4.0])
    0.004
    """
    op = "effective_learning_rate"
    lr = arguments.number(op, "lr", lr)
    w = arguments.array(op, "weight", weight)
    if w.dtype.is_complex:
        raise TypeError(f"{op}: weight is {w.dtype.name}, but must be real")
    length = norm(w)
    if not length:
        raise ValueError(f"{op}: weight is zero")
    return lr / (length * length)
