"""Loss over two parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from ._common import RED, axes_for, real, require_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["loss_surface"]


def loss_surface(
    values: Any,
    x: Any = None,
    y: Any = None,
    ax: Axes | None = None,
    *,
    path: Any = None,
    kind: str = "contour",
    levels: int = 25,
    log: bool = False,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
) -> Axes:
    """Draw a loss over two parameters or directions, and the way that an optimiser took.

    Parameters
    ----------
    values : array-like, shape (len(y), len(x))
        Losses on a grid.
    x, y : array-like, shape (columns,) and (rows,), optional
        Where the columns and rows stand, growing; by default at 0, 1, ..
    ax : Axes, optional
        Where to draw, for `kind="surface"` with `projection="3d"`; by default on a new figure.
    path : array-like, shape (steps, 2), optional
        Points that were passed; the first is a circle, the last a star.
    kind : {"contour", "surface"}
        A map, or a surface in three dimensions.
    levels : int
        Bands of the map.
    log : bool
        Whether losses, which are positive then, have a logarithmic scale.
    xlabel, ylabel, title : str
        Texts.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For shapes that do not fit, a grid of less than 2 × 2, places that do not grow, NaN, infinities, losses with
        `log` that are not positive, another `kind`, and an `ax` of other dimensions.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Notes
    -----
    On a surface the path has the heights of the grid, linear between its points.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, y = tw.linspace(-2, 2, 21), tw.linspace(-1, 1, 11)
    >>> ax = tw.plot.loss_surface(x**2 + 10 * y[:, None] ** 2, x, y, path=[[-2, 1], [-1, 0.1], [0, 0]])
    >>> ax.lines[0].get_xdata().tolist()
    [-2.0, -1.0, 0.0]
    """
    op = "loss_surface"
    require_texts(op, xlabel=xlabel, ylabel=ylabel, title=title)
    kind = arguments.option(op, "kind", kind, ("contour", "surface"))
    levels = arguments.integer(op, "levels", levels, at_least=2, at_most=1000)
    grid = real(op, "values", values, "shape (rows, columns), at least (2, 2)", 2)
    if min(grid.shape) < 2:
        raise ValueError(f"{op}: values has shape {grid.shape}, but must have shape (rows, columns), at least (2, 2)")
    xs, ys = _places(op, "x", x, grid.shape[1]), _places(op, "y", y, grid.shape[0])
    steps = None if path is None else real(op, "path", path, "shape (steps, 2)", 2)
    if steps is not None and steps.shape[1] != 2:
        raise ValueError(f"{op}: path has shape {steps.shape}, but must have shape (steps, 2)")
    log = arguments.flag(op, "log", log)
    if log and grid.min() <= 0:
        raise ValueError(f"{op}: values has {grid.min()}, but with log all must be positive")
    if kind == "contour":
        ax = axes_for(op, ax, size=(6, 4.8))
        _draw_map(ax, grid, xs, ys, steps, levels, log)
    else:
        ax = axes_for(op, ax, size=(6.4, 5.4), projection="3d")
        _draw_surface(ax, np.log10(grid) if log else grid, xs, ys, steps)
        ax.set_zlabel("log10 of loss" if log else "loss")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax


def _places(op: str, name: str, value: Any, count: int) -> np.ndarray:
    if value is None:
        return np.arange(float(count))
    places = real(op, name, value, f"shape ({count},)", 1)
    if len(places) != count or (np.diff(places) <= 0).any():
        raise ValueError(f"{op}: {name} must be {count} growing numbers, as values has {count} along it")
    return places


def _draw_map(
    ax: Any, grid: np.ndarray, x: np.ndarray, y: np.ndarray, path: np.ndarray | None, levels: int, log: bool
) -> None:
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = grid.min(), grid.max()
    if low == high:
        high = low + (abs(low) or 1.0)
    bands = np.geomspace(low, high, levels + 1) if log else np.linspace(low, high, levels + 1)
    bands[0], bands[-1] = low, high
    drawn = ax.contourf(x, y, grid, bands, norm=LogNorm(low, high) if log else None, cmap="viridis")
    ax.contour(x, y, grid, bands, colors="white", linewidths=0.3, alpha=0.6)
    ax.figure.colorbar(drawn, ax=ax, label="loss", ticks=LogLocator() if log else MaxNLocator(8))
    if path is not None:
        ax.plot(*path.T, color=RED, marker=".", markersize=4, linewidth=1.5)
        ax.plot(*path[0], color=RED, marker="o", markersize=8, markeredgecolor="white", linestyle="")
        ax.plot(*path[-1], color=RED, marker="*", markersize=14, markeredgecolor="white", linestyle="")
        ax.set(xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))


def _draw_surface(ax: Any, grid: np.ndarray, x: np.ndarray, y: np.ndarray, path: np.ndarray | None) -> None:
    ax.plot_surface(*np.meshgrid(x, y), grid, cmap="viridis", alpha=0.85, linewidth=0, rcount=80, ccount=80)
    if path is not None:
        heights = _heights(grid, x, y, path)
        ax.plot(*path.T, heights, color=RED, marker=".", markersize=4, linewidth=1.5, zorder=5)
        ax.plot(*path[:1].T, heights[:1], color=RED, marker="o", markersize=8, linestyle="", zorder=6)
        ax.plot(*path[-1:].T, heights[-1:], color=RED, marker="*", markersize=14, linestyle="", zorder=6)


def _heights(grid: np.ndarray, x: np.ndarray, y: np.ndarray, path: np.ndarray) -> np.ndarray:
    """The surface at points, linear in both directions; beyond the grid as at its edge."""
    column, row = (np.interp(path[:, i], places, np.arange(len(places))) for i, places in enumerate((x, y)))
    j, i = (np.minimum(at.astype(int), n - 2) for at, n in ((column, len(x)), (row, len(y))))
    right, up = column - j, row - i
    below = grid[i, j] * (1 - right) + grid[i, j + 1] * right
    above = grid[i + 1, j] * (1 - right) + grid[i + 1, j + 1] * right
    return below * (1 - up) + above * up
