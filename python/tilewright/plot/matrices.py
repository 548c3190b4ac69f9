"""Matrices with a text at each row and column: confusion and attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from ._common import axes_for, classes_of, name_ticks, real, require_texts, text_size, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["attention", "confusion_matrix"]


def confusion_matrix(
    true: Any,
    predicted: Any,
    labels: Any = None,
    ax: Axes | None = None,
    *,
    normalize: bool = False,
    title: str | None = None,
) -> Axes:
    """Draw how often each class is taken for each.

    Parameters
    ----------
    true, predicted : array-like, shape (N,)
        The classes of samples, and what they were taken for: integers or text.
    labels : sequence of str, optional
        Names of the classes 0, 1, ..; where classes are text, their order. By default the classes that occur.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    normalize : bool
        Whether to write shares of the row in place of counts. Colours are shares of the row always.
    title : str, optional
        By default the accuracy.

    Returns
    -------
    Axes
        Rows are the true classes, columns what they were taken for.

    Raises
    ------
    ValueError
        For another number of predictions than samples, and a class without a label.
    TypeError
        For classes that are neither integers nor text, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1], ["cat", "dog"])
    >>> [text.get_text() for text in ax.texts], ax.get_title()
    (['1', '1', '0', '2'], 'accuracy 75.0%')
    """
    require_texts("confusion_matrix", title="" if title is None else title)
    true = classes_of("confusion_matrix", "true", true)
    predicted = classes_of("confusion_matrix", "predicted", predicted, len(true))
    normalize = arguments.flag("confusion_matrix", "normalize", normalize)
    names, rows, columns = _numbered(true, predicted, labels)
    counts: np.ndarray = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    side = min(max(0.42 * len(names) + 1.5, 3.5), 12)
    ax = axes_for("confusion_matrix", ax, size=(side, side))
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    written = [[f"{s:.2f}" for s in row] for row in shares] if normalize else counts.astype(str).tolist()
    size = text_size(ax, len(names), len(names), max(len(text) for row in written for text in row))
    for i, row in enumerate(written):
        for j, text in enumerate(row):
            faint = "0.75" if counts[i, j] == 0 else "black"
            colour = "white" if shares[i, j] > 0.5 else faint
            ax.text(j, i, text, ha="center", va="center", color=colour, fontsize=size)
    name_ticks(ax, "x", names)
    name_ticks(ax, "y", names)
    accuracy = f"accuracy {np.trace(counts) / counts.sum():.1%}"
    ax.set(xlabel="predicted", ylabel="true", title=accuracy if title is None else title)
    return ax


def _numbered(true: np.ndarray, predicted: np.ndarray, labels: Any) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the classes, and their numbers in both arrays."""
    op = "confusion_matrix"
    if (true.dtype.kind == "U") != (predicted.dtype.kind == "U"):
        raise TypeError(f"{op}: true has dtype {true.dtype}, but predicted has {predicted.dtype}")
    found = np.unique(np.concatenate([true, predicted])).tolist()
    if labels is None:
        names, known = [str(each) for each in found], {each: i for i, each in enumerate(found)}
    else:
        names = [str(each) for each in arguments.entries(op, "labels", labels, "a sequence of texts")]
        by_text = true.dtype.kind == "U"
        known = {names[i] if by_text else i: i for i in range(len(names))}
        if len(known) != len(names):
            raise ValueError(f"{op}: labels has the same text twice")
    for each in found:
        if each not in known:
            raise ValueError(f"{op}: class {each!r} has no label; there are {len(names)} labels")
    rows, columns = (np.array([known[each] for each in array.tolist()]) for array in (true, predicted))
    return names, rows, columns


def attention(
    weights: Any,
    keys: Any = None,
    queries: Any = None,
    ax: Axes | None = None,
    *,
    vmax: float | None = 1.0,
    xlabel: str = "key",
    ylabel: str = "query",
    title: str = "",
) -> Axes:
    """Draw how much each query attends to each key.

    Parameters
    ----------
    weights : array-like, shape (queries, keys)
        The weights, of one head or the mean of several.
    keys, queries : str or sequence of str, optional
        Their tokens; a text is taken letter by letter.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    vmax : float or None
        The weight of the darkest colour; None is the largest one.
    xlabel, ylabel, title : str
        Texts.

    Returns
    -------
    Axes
        Rows are queries, columns are keys.

    Raises
    ------
    ValueError
        For another shape or number of tokens, NaN, infinities, and a `vmax` that is not positive.
    TypeError
        For what is not numbers or text, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.attention([[0.75, 0.25], [0.0, 1.0]], ["le", "chat"], ["the", "cat"])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['the', 'cat']
    """
    require_texts("attention", xlabel=xlabel, ylabel=ylabel, title=title)
    array = real("attention", "weights", weights, "shape (queries, keys)", 2)
    rows, columns = array.shape
    below = texts("attention", "keys", keys, columns, "keys")
    beside = texts("attention", "queries", queries, rows, "queries")
    largest = array.max() if vmax is None else arguments.number("attention", "vmax", vmax)
    if vmax is not None and not largest > 0:
        raise ValueError(f"attention: vmax is {largest}, but must be positive")
    widest, highest = 5.5 if below is None else 14, 4.5 if beside is None else 14
    ax = axes_for("attention", ax, size=(min(2 + 0.35 * columns, widest), min(1.5 + 0.35 * rows, highest)))
    ax.imshow(array, cmap="Blues", vmin=min(0.0, array.min()), vmax=largest, aspect="auto")
    if below is not None:
        name_ticks(ax, "x", below, size=text_size(ax, 1, columns))
    if beside is not None:
        name_ticks(ax, "y", beside, size=text_size(ax, rows, 1))
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax
