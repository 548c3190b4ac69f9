"""How values are spread, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from ._common import axes_for, real, require_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["histograms"]

_OVERLAP = 2.5  # height of the highest ridge, in distances between ridges


def histograms(
    values: Any,
    ax: Axes | None = None,
    *,
    steps: Any = None,
    kind: str = "ridge",
    bins: int = 50,
    xlabel: str = "value",
    ylabel: str = "epoch",
    title: str = "",
) -> Axes:
    """Draw how weights, activations or gradients are spread as training goes on.

    Parameters
    ----------
    values : sequence of array-like
        For each step an array of any shape.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    steps : array-like, shape (len(values),), optional
        Their numbers, growing; by default 1, 2, ..
    kind : {"ridge", "heat"}
        Hills one behind the other, the last step in front, or colours: each column is a step.
    bins : int
        Of equal width, the same for all steps, from the smallest to the largest of all values.
    xlabel, ylabel, title : str
        Texts: what the values are, what the steps are.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For no steps or an empty one, NaN, infinities, steps that do not grow or of another number, fewer than 2 bins,
        and another `kind`.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> weights = [tw.random.normal(scale=scale, size=1000) for scale in (1.0, 0.8, 0.6)]
    >>> ax = tw.plot.histograms(weights, bins=20)
    >>> [text.get_text() for text in ax.get_yticklabels()], ax.get_ylabel()
    (['1', '2', '3'], 'epoch')
    """
    op = "histograms"
    require_texts(op, xlabel=xlabel, ylabel=ylabel, title=title)
    kind = arguments.option(op, "kind", kind, ("ridge", "heat"))
    bins = arguments.integer(op, "bins", bins, at_least=2, at_most=10_000)
    listed = arguments.entries(op, "values", values, "a sequence of arrays")
    if not listed:
        raise ValueError(f"{op}: values is empty, but must have a step")
    arrays = [real(op, f"values[{i}]", v, "elements", *range(17)).ravel() for i, v in enumerate(listed)]
    at = np.arange(1.0, len(arrays) + 1) if steps is None else real(op, "steps", steps, "shape (steps,)", 1)
    if len(at) != len(arrays) or (np.diff(at) <= 0).any():
        raise ValueError(f"{op}: steps must be {len(arrays)} growing numbers, one for each entry of values")
    low, high = min(a.min() for a in arrays), max(a.max() for a in arrays)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    density = np.stack([np.histogram(a, edges, density=True)[0] for a in arrays])
    ax = axes_for(op, ax, size=(6.4, 4.8))
    (_draw_ridges if kind == "ridge" else _draw_heat)(ax, density, edges, at)
    labels = (xlabel, ylabel) if kind == "ridge" else (ylabel, xlabel)
    ax.set(xlabel=labels[0], ylabel=labels[1], title=title)
    return ax


def _draw_ridges(ax: Axes, density: np.ndarray, edges: np.ndarray, steps: np.ndarray) -> None:
    from matplotlib import colormaps

    middles = (edges[1:] + edges[:-1]) / 2
    height = _OVERLAP / density.max()
    shades = colormaps["viridis"](np.linspace(0, 0.9, len(steps)))
    for i, (row, shade) in enumerate(zip(density, shades, strict=True)):
        base = -float(i)
        ax.fill_between(middles, base, base + height * row, color=shade, alpha=0.85, linewidth=0, zorder=i)
        ax.plot(middles, base + height * row, color="white", linewidth=1, zorder=i)
        ax.axhline(base, color=shade, linewidth=0.6, zorder=i)
    shown = np.arange(0, len(steps), -(-len(steps) // 12))
    ax.set_yticks(-shown, [f"{steps[i]:g}" for i in shown])
    ax.tick_params("y", length=0)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.margins(x=0)


def _draw_heat(ax: Axes, density: np.ndarray, edges: np.ndarray, steps: np.ndarray) -> None:
    between = (steps[1:] + steps[:-1]) / 2
    first, last = (between[0], between[-1]) if len(steps) > 1 else (steps[0] + 0.5, steps[0] - 0.5)
    borders = np.concatenate([[2 * steps[0] - first], between, [2 * steps[-1] - last]])
    drawn = ax.pcolormesh(borders, edges, density.T, cmap="magma_r", rasterized=True)
    ax.figure.colorbar(drawn, ax=ax, label="density")
