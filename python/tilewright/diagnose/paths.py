"""The ways of optimisers over small landscapes, drawn and animated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.creation import linspace
from .._functions.grids import meshgrid
from ..autograd import enable_grad, no_grad
from ..autograd._closures import described
from ..optim import SGD, Adam

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["LANDSCAPES", "Landscape", "animate_paths", "draw_paths", "optimizer_paths"]


class Landscape(NamedTuple):
    """A function of two variables to descend on.

    Attributes
    ----------
    name : str
        What it is called.
    function : callable
        Takes two tensors x and y of one shape, and returns one of that shape.
    start : tuple of float
        Where optimisers begin.
    minimum : tuple of float, or None
        Where the least value is, if there is one.
    window : tuple of float
        What a picture shows: left, right, bottom, top.

    Examples
    --------
    >>> import tilewright as tw
    >>> bowl = tw.diagnose.Landscape("bowl", lambda x, y: x**2 + y**2, (1.0, 1.0), (0.0, 0.0), (-2, 2, -2, 2))
    >>> bowl.function(tw.asarray(3.0), tw.asarray(4.0)).item()
    25.0
    """

    name: str
    function: Callable[[Any, Any], Any]
    start: tuple[float, float]
    minimum: tuple[float, float] | None
    window: tuple[float, float, float, float]


def _rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def _beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def _ravine(x: Any, y: Any) -> Any:
    return 0.5 * x**2 + 10 * y**2


def _saddle(x: Any, y: Any) -> Any:
    return x**2 - y**2 + 0.1 * y**4


LANDSCAPES = {
    landscape.name: landscape
    for landscape in (
        Landscape("rosenbrock", _rosenbrock, (-1.2, 1.0), (1.0, 1.0), (-2.0, 2.0, -1.0, 3.0)),
        Landscape("beale", _beale, (1.0, 1.5), (3.0, 0.5), (-1.0, 4.0, -2.0, 2.0)),
        Landscape("ravine", _ravine, (-4.0, 1.0), (0.0, 0.0), (-5.0, 2.0, -1.6, 1.6)),
        Landscape("saddle", _saddle, (-2.0, 1e-3), (0.0, math.sqrt(5)), (-2.5, 2.5, -3.0, 3.0)),
    )
}
"""Rosenbrock's and Beale's functions, a ravine of condition number 20, and a saddle between two minima."""


def _descent(params: Any) -> SGD:
    return SGD(params, 1e-3)


def _momentum(params: Any) -> SGD:
    return SGD(params, 1e-3, momentum=0.9)


def _adam(params: Any) -> Adam:
    return Adam(params, 5e-2)


_OPTIMIZERS: dict[str, Callable[[Any], Any]] = {"SGD": _descent, "momentum": _momentum, "Adam": _adam}


def optimizer_paths(
    landscape: str | Landscape,
    optimizers: Mapping[str, Callable[[Any], Any]] | None = None,
    *,
    steps: int = 200,
    start: Any = None,
) -> dict[str, Tensor]:
    """Run optimisers on a landscape, all from one point, and keep the ways that they take.

    Parameters
    ----------
    landscape : str or Landscape
        "rosenbrock", "beale", "ravine", "saddle", or one of your own.
    optimizers : dict of str to callable, optional
        By the name in pictures, what makes an optimiser of a list of parameters: `lambda params: SGD(params, 0.1)`. By
        default gradient descent, the same with momentum, and Adam.
    steps : int
        How many each one takes, at most 100,000. Where an optimiser's `step` takes a closure that computes the loss, it
        is given one.
    start : pair of float, optional
        By default the landscape's.

    Returns
    -------
    dict of str to Tensor, shape (steps + 1, 2)
        In float64. A way that leaves the finite numbers stays where it was before.

    Raises
    ------
    ValueError
        For an unknown landscape, `steps` out of range, and where there are no optimisers.
    TypeError
        For arguments of other kinds.

    References
    ----------
    H. H. Rosenbrock, An Automatic Method for Finding the Greatest or Least Value of a Function, The Computer Journal 3
    (3), 1960. E. M. L. Beale, On an Iterative Method for Finding a Local Minimum of a Function of More than One
    Variable, 1958.

    Examples
    --------
    >>> import tilewright as tw
    >>> paths = tw.diagnose.optimizer_paths("ravine", {"SGD": lambda p: tw.optim.SGD(p, 0.09)}, steps=300)
    >>> paths["SGD"].shape, bool(tw.allclose(paths["SGD"][-1], 0.0, atol=1e-6))
    ((301, 2), True)
    """
    op = "optimizer_paths"
    chosen = _landscape(op, landscape)
    makers = _OPTIMIZERS if optimizers is None else optimizers
    if not isinstance(makers, dict):
        arguments.refuse(op, "optimizers", makers, "a dict of functions")
    if not makers:
        raise ValueError(f"{op}: there are no optimizers")
    for name, make in makers.items():
        arguments.function(op, f"optimizers[{name!r}]", make)
    steps = arguments.integer(op, "steps", steps, at_least=1, at_most=100_000)
    point = arguments.numbers(op, "start", chosen.start if start is None else start, 2)
    return {name: _path(op, chosen, make, steps, point) for name, make in makers.items()}


def _landscape(op: str, landscape: Any) -> Landscape:
    if isinstance(landscape, Landscape):
        arguments.function(op, "landscape.function", landscape.function)
        arguments.numbers(op, "landscape.start", landscape.start, 2)
        left, right, bottom, top = arguments.numbers(op, "landscape.window", landscape.window, 4)
        if not (left < right and bottom < top):
            raise ValueError(f"{op}: landscape.window is {landscape.window}, but must be left, right, bottom, top")
        return landscape
    return LANDSCAPES[arguments.option(op, "landscape", landscape, LANDSCAPES)]


def _height(op: str, landscape: Landscape, x: Tensor, y: Tensor) -> Tensor:
    z = landscape.function(x, y)
    if not isinstance(z, Tensor) or z.shape != x.shape or not z.dtype.is_floating:
        raise ValueError(f"{op}: landscape.function gave {described(z)} for tensors of shape {x.shape}")
    return z


def _path(op: str, landscape: Landscape, make: Callable[[Any], Any], steps: int, start: tuple[float, ...]) -> Tensor:
    import inspect

    point = asarray(start, dtype="float64").requires_grad_()
    optimizer = make([point])
    if not hasattr(optimizer, "step"):
        arguments.refuse(op, "what an entry of optimizers returned", optimizer, "an optimizer")

    def closure() -> Tensor:
        point.grad = None
        with enable_grad():
            value = _height(op, landscape, point[0], point[1])
            value.backward(retain_graph=True)  # an optimiser may differentiate it again, as Newton does
        return value

    takes_closure = bool(inspect.signature(optimizer.step).parameters)
    path = [point.tolist()]
    for _ in range(steps):
        if takes_closure:
            optimizer.step(closure)
        else:
            closure()
            optimizer.step()
        at = point.tolist()
        if not all(map(math.isfinite, at)):
            path += [path[-1]] * (steps + 1 - len(path))
            break
        path.append(at)
    return asarray(path, dtype="float64")


# ---- pictures --------------------------------------------------------------------------------------------------------


def _pyplot(op: str) -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(f"{op}: needs matplotlib; pip install tilewright[plot]") from None
    return plt


def _ground(op: str, landscape: Landscape, ax: Any) -> Any:
    """Contours of the landscape, at heights that lie close in valleys; returns the axes."""
    if ax is None:
        _, ax = _pyplot(op).subplots(figsize=(6, 4.8), layout="constrained")
    elif not hasattr(ax, "contourf"):
        arguments.refuse(op, "ax", ax, "matplotlib's Axes")
    left, right, bottom, top = landscape.window
    with no_grad():
        x, y = meshgrid(linspace(left, right, 200), linspace(bottom, top, 200))
        height = _height(op, landscape, x, y).numpy()
    least = float(height.min())
    level = ((height - least) / max(float(height.max()) - least, 1e-30)) ** 0.25
    ax.contourf(x.numpy(), y.numpy(), level, levels=24, cmap="Greys", vmin=0.0, vmax=2.0)
    ax.contour(x.numpy(), y.numpy(), level, levels=24, colors="0.6", linewidths=0.4)
    if landscape.minimum is not None:
        ax.plot(*landscape.minimum, marker="*", color="gold", markeredgecolor="0.2", markersize=14, zorder=4)
    ax.set(xlim=(left, right), ylim=(bottom, top), xlabel="x", ylabel="y", title=landscape.name)
    return ax


def _points(op: str, paths: Any) -> dict[str, Any]:
    if not isinstance(paths, dict) or not paths:
        arguments.refuse(op, "paths", paths, "a dict of arrays, with an entry or more")
    points = {str(name): arguments.array(op, f"paths[{name!r}]", path).numpy() for name, path in paths.items()}
    for name, path in points.items():
        if path.ndim != 2 or path.shape[1] != 2 or not len(path):
            raise ValueError(f"{op}: paths[{name!r}] has shape {path.shape}, but must have (steps, 2)")
    return points


def draw_paths(landscape: str | Landscape, paths: dict[str, Tensor], ax: Any = None) -> Any:
    """Draw the ways of optimisers over the contours of a landscape.

    Parameters
    ----------
    landscape : str or Landscape
        That of the paths.
    paths : dict of str to Tensor, shape (steps, 2)
        As `optimizer_paths` gives them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        Without matplotlib: `pip install tilewright[plot]`.
    ValueError
        For an unknown landscape, and paths of other shapes.
    TypeError
        For arguments of other kinds.

    Examples
    --------
    >>> import tilewright as tw
    >>> paths = tw.diagnose.optimizer_paths("beale", steps=50)
    >>> ax = tw.diagnose.draw_paths("beale", paths)  # doctest: +SKIP
    """
    op = "draw_paths"
    chosen, points = _landscape(op, landscape), _points(op, paths)
    ax = _ground(op, chosen, ax)
    for i, (name, path) in enumerate(points.items()):
        ax.plot(*path.T, "-", color=f"C{i}", linewidth=1.5, label=name)
        ax.plot(*path[-1], "o", color=f"C{i}", markeredgecolor="white", markersize=7, zorder=5)
    ax.legend(loc="best", fontsize=8)
    return ax


def animate_paths(
    landscape: str | Landscape, paths: dict[str, Tensor], *, frames: int = 60, interval: float = 50.0, ax: Any = None
) -> Any:
    """Animate the ways of optimisers over the contours of a landscape.

    Parameters
    ----------
    landscape : str or Landscape
        That of the paths.
    paths : dict of str to Tensor, shape (steps, 2)
        As `optimizer_paths` gives them.
    frames : int
        How many pictures the steps are spread over, at most 10,000.
    interval : float
        Milliseconds between them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib.animation.FuncAnimation
        `animation.save("paths.gif", writer="pillow")` writes it to a file. Keep it while it runs.

    Raises
    ------
    ImportError
        Without matplotlib: `pip install tilewright[plot]`.
    ValueError
        For an unknown landscape, paths of other shapes, `frames` out of range, and `interval` that is not positive.
    TypeError
        For arguments of other kinds.

    Examples
    --------
    >>> import tilewright as tw
    >>> paths = tw.diagnose.optimizer_paths("saddle")
    >>> tw.diagnose.animate_paths("saddle", paths).save("saddle.gif", writer="pillow")  # doctest: +SKIP
    """
    op = "animate_paths"
    chosen, points = _landscape(op, landscape), _points(op, paths)
    frames = arguments.integer(op, "frames", frames, at_least=1, at_most=10_000)
    interval = arguments.number(op, "interval", interval)
    if not 0 < interval < math.inf:
        raise ValueError(f"{op}: interval is {interval}, but must be positive")
    ax = _ground(op, chosen, ax)
    from matplotlib.animation import FuncAnimation

    lines = [ax.plot([], [], "-", color=f"C{i}", linewidth=1.5, label=name)[0] for i, name in enumerate(points)]
    heads = [
        ax.plot([], [], "o", color=f"C{i}", markeredgecolor="white", markersize=7, zorder=5)[0]
        for i in range(len(points))
    ]
    ax.legend(loc="upper right", fontsize=8)
    longest = max(map(len, points.values()))

    def show(frame: int) -> list[Any]:
        last = 1 + round((longest - 1) * frame / max(frames - 1, 1))
        for line, head, path in zip(lines, heads, points.values(), strict=True):
            line.set_data(*path[:last].T)
            head.set_data(*path[:last][-1:].T)
        return [*lines, *heads]

    return FuncAnimation(ax.figure, show, frames=frames, interval=interval, blit=True)
