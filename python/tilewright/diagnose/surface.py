"""The loss along lines and planes through the parameters, in random directions of comparable size."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.manipulation import astype, reshape
from ..autograd import no_grad
from ..autograd._closures import buffers_of, named_leaves, one_element, restoring, write
from ..random import Generator, source
from ._shared import doubles, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["loss_line", "loss_surface", "random_direction"]


def random_direction(
    parameters: Any, *, normalize: str = "filter", generator: Generator | None = None
) -> dict[str, Tensor]:
    """A random direction in the space of the parameters, scaled as these are.

    Parameters
    ----------
    parameters : Module, or dict of str to Tensor
        Floating tensors that require gradients.
    normalize : {"filter", "layer", "none"}
        Give each filter, that is, each entry along the first axis of a weight, the norm that it has in the parameters;
        or each whole parameter; or leave the numbers as drawn. With "filter", parameters of one axis (biases, norms)
        get zeros.
    generator : Generator, optional
        By default `tilewright.random.default_generator`.

    Returns
    -------
    dict of str to Tensor
        By the parameters' names, of their shapes and dtypes.

    Raises
    ------
    ValueError
        Where there are no parameters, and for another `normalize`.
    TypeError
        For parameters of another kind.

    Notes
    -----
    A network with ReLU or batch norm computes the same where weights are scaled; so a step of one length is long for
    small weights and short for large ones. With filters d and θ of direction and parameters, d ← d ‖θ‖ / ‖d‖.

    References
    ----------
    H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(3, 2)
    >>> direction = tw.diagnose.random_direction(layer)
    >>> bool(tw.allclose(tw.linalg.norm(direction["weight"], axis=1), tw.linalg.norm(layer.weight, axis=1)))
    True
    """
    op = "random_direction"
    named = named_leaves(op, parameters)
    normalize = arguments.option(op, "normalize", normalize, ("filter", "layer", "none"))
    draws = source(op, generator)
    return {name: _scaled(x.detach(), normalize, draws) for name, x in named.items()}


def _scaled(x: Tensor, normalize: str, draws: Generator) -> Tensor:
    d = draws.normal(size=x.shape, dtype="float64", device=x.device)
    if normalize == "filter" and x.ndim < 2:
        d = d * 0
    elif normalize != "none" and x.size:
        rows = (x.shape[0], -1) if normalize == "filter" else (1, -1)
        flat, like = reshape(d, rows), reshape(astype(x, "float64"), rows)
        norms = [(v * v).sum(1, keepdims=True) ** 0.5 for v in (flat, like)]
        d = reshape(flat * (norms[1] / norms[0]), x.shape)
    return astype(d, x.dtype)


class Line(NamedTuple):
    """Of `loss_line`: the loss at each place.

    Attributes
    ----------
    at, loss : Tensor, shape (n,)
        Float64.
    """

    at: Tensor
    loss: Tensor


class Surface(NamedTuple):
    """Of `loss_surface`: the loss at each pair of places.

    Attributes
    ----------
    x : Tensor, shape (n,)
        Along the first direction.
    y : Tensor, shape (m,)
        Along the second.
    loss : Tensor, shape (m, n)
        As `contour(x, y, loss)` and `pcolormesh` of matplotlib take it. Float64.
    """

    x: Tensor
    y: Tensor
    loss: Tensor


def loss_line(
    loss: Callable[[], Any],
    model: Any,
    at: Any = 21,
    *,
    direction: dict[str, Any] | None = None,
    extent: float = 1.0,
    generator: Generator | None = None,
) -> Line:
    """The loss along a line through the parameters of a model.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element: such as the mean over the training data.
    model : Module, or dict of str to Tensor
        The parameters that are moved: those that require gradients.
    at : int or array-like
        At how many places between -extent and extent, or which ones: steps t along the direction.
    direction : dict of str to array-like, optional
        By the parameters' names; those that it does not name stay. By default a random one, see `random_direction`.
        From one network to another, it is the difference of their parameters.
    extent : float
        How far on both sides.
    generator : Generator, optional
        Of the random direction; by default `tilewright.random.default_generator`.

    Returns
    -------
    Line
        `at` and `loss`. Parameters and buffers hold what they held before, also where `loss` raises.

    Raises
    ------
    ValueError
        Where there are no parameters, a direction has an unknown name or another shape, `loss` returns something else,
        there are no places, or `extent` is not positive.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.

    Notes
    -----
    L(θ + t d). The loss is computed with the modes that the modules are in: put a network with batch norm or dropout
    into evaluation mode.

    References
    ----------
    I. J. Goodfellow, O. Vinyals, A. M. Saxe, Qualitatively Characterizing Neural Network Optimization Problems, ICLR
    2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> w = tw.asarray([1.0, 1.0], requires_grad=True)
    >>> line = tw.diagnose.loss_line(lambda: (w * w).sum(), {"w": w}, [-1.0, 0.0, 1.0], direction={"w": [1.0, 0.0]})
    >>> line.loss
    tensor([1., 2., 5.], dtype=float64)
    """
    op = "loss_line"
    plane = _Plane(op, loss, model, [direction], generator)
    places = _places(op, "at", at, extent)
    with plane.moving():
        return Line(asarray(places, dtype="float64"), asarray([plane.at(t) for t in places], dtype="float64"))


def loss_surface(
    loss: Callable[[], Any],
    model: Any,
    x: Any = 21,
    y: Any = 21,
    *,
    directions: tuple[dict[str, Any], dict[str, Any]] | None = None,
    extent: float = 1.0,
    generator: Generator | None = None,
) -> Surface:
    """The loss on a plane through the parameters of a model.

    Parameters
    ----------
    loss : callable
        Takes nothing, and returns a floating tensor with one element: such as the mean over the training data.
    model : Module, or dict of str to Tensor
        The parameters that are moved: those that require gradients.
    x, y : int or array-like
        At how many places between -extent and extent, or which ones, along both directions.
    directions : pair of dict of str to array-like, optional
        By the parameters' names; by default two random ones, see `random_direction`.
    extent : float
        How far on all sides.
    generator : Generator, optional
        Of the random directions; by default `tilewright.random.default_generator`.

    Returns
    -------
    Surface
        `x`, `y` and `loss`. Parameters and buffers hold what they held before, also where `loss` raises.

    Raises
    ------
    ValueError
        Where there are no parameters, a direction has an unknown name or another shape, `loss` returns something else,
        there are no places, or `extent` is not positive.
    TypeError
        For a `loss` that is not callable, and parameters of another kind.

    References
    ----------
    H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, Visualizing the Loss Landscape of Neural Nets, NeurIPS 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> w = tw.zeros(2).requires_grad_()
    >>> axes = {"w": [1.0, 0.0]}, {"w": [0.0, 2.0]}
    >>> tw.diagnose.loss_surface(lambda: (w * w).sum(), {"w": w}, [0, 1, 2], [0, 1], directions=axes).loss
    tensor([[0., 1., 4.],
            [4., 5., 8.]], dtype=float64)
    """
    op = "loss_surface"
    if directions is None:
        given: list[Any] = [None, None]
    else:
        given = arguments.entries(op, "directions", directions, "a pair of dicts")
        if len(given) != 2:
            raise ValueError(f"{op}: directions has {len(given)} entries, but must be a pair of dicts")
    plane = _Plane(op, loss, model, given, generator)
    xs, ys = _places(op, "x", x, extent), _places(op, "y", y, extent)
    with plane.moving():
        rows = [[plane.at(s, t) for s in xs] for t in ys]
    return Surface(*(asarray(v, dtype="float64") for v in (xs, ys, rows)))


def _places(op: str, name: str, value: Any, extent: float) -> list[float]:
    extent = arguments.number(op, "extent", extent)
    if not 0 < extent < math.inf:
        raise ValueError(f"{op}: extent is {extent}, but must be positive")
    if arguments.is_integer(value):
        count = arguments.integer(op, name, value, at_least=1, at_most=10**6)
        return [extent * (2 * i / (count - 1) - 1) for i in range(count)] if count > 1 else [0.0]
    places = doubles(op, name, value)
    if places.ndim != 1 or not places.size:
        raise ValueError(f"{op}: {name} has shape {places.shape}, but must be a number of places, or have shape (n,)")
    return [float(t) for t in places.tolist()]


class _Plane:
    """A loss as a function of steps along directions from where the parameters are."""

    def __init__(
        self, op: str, loss: Callable[[], Any], model: Any, directions: list[Any], generator: Generator | None
    ) -> None:
        self.op = op
        self.loss = arguments.function(op, "loss", loss)
        named = named_leaves(op, model)
        for name, x in named.items():
            if x._array.readonly:
                raise ValueError(f"{op}: {name}, of shape {x.shape}, is read-only")
        draws = source(op, generator)
        self.directions = [
            {name: astype(_scaled(x.detach(), "filter", draws), "float64") for name, x in named.items()}
            if direction is None
            else self._given(direction, named)
            for direction in directions
        ]
        self.parameters = named
        self.buffers = buffers_of(model)

    def _given(self, direction: Any, named: dict[str, Tensor]) -> dict[str, Tensor]:
        if not isinstance(direction, dict):
            arguments.refuse(self.op, "a direction", direction, "a dict of arrays")
        made = {}
        for name, v in direction.items():
            if name not in named:
                raise ValueError(f"{self.op}: a direction has {arguments.shown(name)}; there are {list(named)}")
            made[name] = d = doubles(self.op, f"direction[{name!r}]", v).to(named[name].device)
            if d.shape != named[name].shape:
                needed = named[name].shape
                raise ValueError(f"{self.op}: direction[{name!r}] has shape {d.shape}, but must have {needed}")
        return made

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Afterwards, parameters and buffers are what they were."""
        self.start = {name: astype(x.detach(), "float64") for name, x in self.parameters.items()}
        with restoring((*self.parameters.values(), *self.buffers)), no_grad():
            yield

    def at(self, *steps: float) -> float:
        for name, x in self.parameters.items():
            moved = self.start[name]
            for step, direction in zip(steps, self.directions, strict=True):
                moved = moved + step * direction[name] if name in direction else moved
            write(x, astype(moved, x.dtype))
        return number(one_element(self.op, self.loss()))
