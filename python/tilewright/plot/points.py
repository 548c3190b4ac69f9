"""Points in the plane: where a model decides, and vectors seen from where they vary most."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import nn
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from ..autograd import no_grad
from ._common import axes_for, classes_of, colours, plain, real, require_texts, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["decision_boundary", "embeddings"]

_AT_ONCE = 8192  # points of the grid that the model is called with
_MOST_IN_LEGEND = 20
_DEEPEST = 0.8  # share of the plane where the score has not yet the deepest colour


def decision_boundary(
    model: Any,
    x: Any,
    labels: Any = None,
    ax: Axes | None = None,
    *,
    threshold: float = 0.0,
    resolution: int = 200,
    margin: float = 0.1,
    title: str = "",
) -> Axes:
    """Draw what a model makes of the plane, and the points that it was given.

    Parameters
    ----------
    model : Module or callable
        Called with a float32 Tensor of points, (M, 2); a Module in its evaluation mode. It gives either classes,
        integers or text of shape (M,), or scores of the classes, (M, C), the largest of which decides, or one score,
        (M,) or (M, 1). `predict` and `decision_function` of scikit-learn's estimators will do.
    x : array-like, shape (N, 2)
        Points. The picture reaches a little beyond them.
    labels : array-like, shape (N,), optional
        The classes of the points: integers or text. Of scores, column k is of the k-th class in sorted order.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    threshold : float
        The score that divides the plane where the model gives one; 0.5 for probabilities.
    resolution : int
        Places in each direction at which the model is asked.
    margin : float
        How far the picture reaches beyond the points, as a share of their range.
    title : str
        Text above.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For shapes that do not fit, NaN, infinities, a `resolution` below 2, and a negative `margin`.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> points = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    >>> ax = tw.plot.decision_boundary(lambda x: x[:, 0] * x[:, 1] - 0.5, points, [0, 0, 0, 1], resolution=50)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['0', '1']
    """
    op = "decision_boundary"
    require_texts(op, title=title)
    points = real(op, "x", x, "shape (N, 2)", 2)
    if points.shape[1] != 2:
        raise ValueError(f"{op}: x has shape {points.shape}, but must have shape (N, 2)")
    given = None if labels is None else classes_of(op, "labels", labels, len(points))
    resolution = arguments.integer(op, "resolution", resolution, at_least=2, at_most=2000)
    threshold, margin = arguments.number(op, "threshold", threshold), arguments.number(op, "margin", margin)
    if not np.isfinite(threshold):
        raise ValueError(f"{op}: threshold is {threshold}, but must be finite")
    if not 0 <= margin < np.inf:
        raise ValueError(f"{op}: margin is {margin}, but must be at least 0 and finite")
    low, high = points.min(axis=0), points.max(axis=0)
    reach = np.where(high > low, margin * (high - low), 1.0)
    sides = np.linspace(low - reach, high + reach, resolution)
    grid = np.stack(np.meshgrid(sides[:, 0], sides[:, 1]), axis=-1).astype(np.float32)
    output = _asked(op, model, grid.reshape(-1, 2))
    ax = axes_for(op, ax, size=(5.5, 4.5))
    extent = (sides[0, 0], sides[-1, 0], sides[0, 1], sides[-1, 1])
    names = [] if given is None else np.unique(given).tolist()
    if output.dtype.kind == "f" and output.shape[1] == 1:
        palette = _shade_score(ax, output.reshape(resolution, resolution) - threshold, extent, len(names))
    else:
        names, palette = _colour_regions(op, ax, output, (resolution, resolution), extent, names)
    if given is None:
        ax.scatter(*points.T, color="black", s=18, edgecolors="white", linewidths=0.6)
    else:
        _scatter(ax, points, given, dict(zip(names, palette, strict=False)))
    ax.set(xlim=extent[:2], ylim=extent[2:], title=title)
    return ax


def _asked(op: str, model: Any, grid: np.ndarray) -> np.ndarray:
    """What the model gives for points: (M, C) scores of float64, or classes (M, 1)."""
    arguments.function(op, "model", model)
    training = isinstance(model, nn.Module) and model.training
    if training:
        model.eval()
    try:
        with no_grad():
            parts = [model(asarray(grid[i : i + _AT_ONCE])) for i in range(0, len(grid), _AT_ONCE)]
    finally:
        if training:
            model.train()
    arrays = [part.numpy() if isinstance(part, Tensor) else np.asarray(part) for part in parts]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1 or arrays[0].ndim not in (1, 2) or sum(len(a) for a in arrays if a.ndim) != len(grid):
        raise ValueError(f"{op}: model gives shape {arrays[0].shape} for {min(_AT_ONCE, len(grid))} points, but must "
                         "give (M,) or (M, C)")  # fmt: skip
    output = np.concatenate(arrays).reshape(len(grid), -1)
    if output.dtype.kind not in "fbiuUO" or (output.dtype.kind != "f" and output.shape[1] > 1):
        raise TypeError(
            f"{op}: model gives {output.dtype} of shape {output.shape}, but must give classes (M,) or scores"
        )
    if output.dtype.kind != "f":
        return classes_of(op, "what model gives", output[:, 0])[:, None]
    if not np.isfinite(output).all():
        raise ValueError(f"{op}: model gives scores that are NaN or infinite")
    return output.astype(np.float64)


def _shade_score(ax: Axes, score: np.ndarray, extent: tuple[float, ...], classes: int) -> list[Any]:
    """One score, red below 0 and blue above. Returns the colours of the classes of points."""
    from matplotlib import colormaps

    limit = np.quantile(abs(score), _DEEPEST) or 1.0
    ax.imshow(score, origin="lower", extent=extent, aspect="auto", cmap="RdBu", vmin=-limit, vmax=limit, alpha=0.6)
    if score.min() < 0 < score.max():
        ax.contour(score, [0.0], extent=extent, colors="black", linewidths=1.2)
    return [colormaps["RdBu"](0.1), colormaps["RdBu"](0.9)] if classes <= 2 else colours(classes)


def _colour_regions(
    op: str, ax: Axes, output: np.ndarray, shape: tuple[int, int], extent: tuple[float, ...], names: list[Any]
) -> tuple[list[Any], list[Any]]:
    """A colour for each class. Returns the classes and their colours."""
    from matplotlib.colors import ListedColormap

    if output.dtype.kind == "f":
        names = names if len(names) == output.shape[1] else list(range(output.shape[1]))
        index = output.argmax(axis=1)
    else:
        names = sorted({*names, *output[:, 0].tolist()}, key=lambda name: (isinstance(name, str), name))
        place = {name: i for i, name in enumerate(names)}
        index = np.array([place[name] for name in output[:, 0].tolist()])
    palette = colours(len(names))
    cmap = ListedColormap(palette)
    index = index.reshape(shape)
    how = {"vmin": -0.5, "vmax": len(names) - 0.5, "alpha": 0.35, "interpolation": "nearest"}
    ax.imshow(index, origin="lower", extent=extent, aspect="auto", cmap=cmap, **how)
    for k in np.unique(index)[1:]:
        # Where scores decide, their difference makes a smooth line; a step from class to class makes stairs.
        lead = output[:, k] - np.delete(output, k, axis=1).max(axis=1) if output.dtype.kind == "f" else index == k
        level = 0.0 if output.dtype.kind == "f" else 0.5
        ax.contour(np.reshape(lead, shape).astype(float), [level], extent=extent, colors="black", linewidths=0.8)
    return names, palette


def _scatter(ax: Axes, points: np.ndarray, labels: np.ndarray, palette: dict[Any, Any], legend: bool = True) -> None:
    for name in np.unique(labels).tolist():
        chosen = points[labels == name]
        colour = palette.get(name, "black")
        ax.scatter(*chosen.T, color=[colour], s=24, edgecolors="white", linewidths=0.6, label=str(name), zorder=2)
    if legend:
        ax.legend(framealpha=0.9)


def embeddings(vectors: Any, labels: Any = None, ax: Axes | None = None, *, names: Any = None, title: str = "") -> Axes:
    """Draw vectors as points: those of more than two numbers along the two directions in which they vary most.

    Parameters
    ----------
    vectors : array-like, shape (N, D)
        Vectors. For D = 2 they are the points.
    labels : array-like, shape (N,), optional
        Integers or text, which have a colour each, or real numbers, on a scale of colours.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    names : sequence of str, optional
        What stands beside each point, in its colour.
    title : str
        Text above.

    Returns
    -------
    Axes
        What is drawn along an axis says which share of the variance lies there.

    Raises
    ------
    ValueError
        For shapes that do not fit, and entries that are NaN or infinite.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Notes
    -----
    The directions are the first two right singular vectors of the vectors less their mean (principal components). Each
    points to where its largest entry is positive.

    References
    ----------
    K. Pearson, On Lines and Planes of Closest Fit to Systems of Points in Space, Philosophical Magazine 2, 1901.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.embeddings([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [3, 1, 0]], ["a", "b", "a", "b"])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('component 1 (90% of variance)', 'component 2 (10% of variance)')
    """
    require_texts("embeddings", title=title)
    array = real("embeddings", "vectors", vectors, "shape (N, D) with D of at least 2", 2)
    if array.shape[1] < 2:
        raise ValueError(
            f"embeddings: vectors has shape {array.shape}, but must have shape (N, D) with D of at least 2"
        )
    beside = texts("embeddings", "names", names, len(array), "vectors")
    numeric = labels is not None and _is_real(labels)
    if numeric:
        given = real("embeddings", "labels", labels, "shape (N,)", 1)
        if len(given) != len(array):
            raise ValueError(f"embeddings: labels has {len(given)} entries, but there are {len(array)} samples")
    elif labels is not None:
        given = classes_of("embeddings", "labels", labels, len(array))
    points, axis_names = _projected(array)
    ax = axes_for("embeddings", ax, size=(6, 5))
    shades = ["black"] * len(array)
    if labels is None:
        ax.scatter(*points.T, s=24, edgecolors="white", linewidths=0.6)
    elif numeric:
        drawn = ax.scatter(*points.T, c=given, s=24, edgecolors="white", linewidths=0.6)
        ax.figure.colorbar(drawn, ax=ax)
    else:
        found = np.unique(given).tolist()
        palette = dict(zip(found, colours(len(found)), strict=True))
        _scatter(ax, points, given, palette, legend=len(found) <= _MOST_IN_LEGEND)
        shades = [palette[each] for each in given.tolist()]
    for name, place, shade in zip(beside or [], points, shades, strict=False):
        ax.annotate(name, place, xytext=(4, 3), textcoords="offset points", color=shade)
    ax.set(xlabel=axis_names[0], ylabel=axis_names[1], title=title)
    ax.margins(0.12 if beside else 0.05)
    return ax


def _is_real(labels: Any) -> bool:
    """Whether labels are numbers of which some are no integers."""
    array = plain("embeddings", "labels", labels)
    return array.dtype.kind == "f" and not (array == np.rint(array)).all()


def _projected(array: np.ndarray) -> tuple[np.ndarray, tuple[str, str]]:
    if array.shape[1] == 2:
        return array, ("", "")
    centred = array - array.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    sizes, directions = np.append(sizes, 0.0), np.vstack([directions, np.zeros(array.shape[1])])[:2]  # N may be 1
    largest = np.take_along_axis(directions, abs(directions).argmax(axis=1)[:, None], axis=1)
    share = sizes**2 / (np.sum(sizes**2) or 1.0)
    first, second = (f"component {i + 1} ({share[i]:.0%} of variance)" for i in range(2))
    return centred @ (directions * np.where(largest < 0, -1, 1)).T, (first, second)
