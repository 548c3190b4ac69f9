"""Lines over epochs or steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from ._common import axes_for, real, require_texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["curves"]

_NEEDED = "shape (steps,) or (runs, steps)"


def curves(
    histories: Any,
    ax: Axes | None = None,
    *,
    x: Any = None,
    log: bool = False,
    xlabel: str = "epoch",
    ylabel: str = "",
    title: str = "",
) -> Axes:
    """Draw how losses, accuracies and the like go over epochs.

    Parameters
    ----------
    histories : mapping, sequence of mappings, or array-like
        By name, values of shape (steps,), or (runs, steps), which are drawn as the mean of the runs and a band of one
        standard deviation. Or for each step a mapping from names to numbers, as `history_` of `tilewright.sklearn` is.
        Or the values of one curve. NaN leaves a gap.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    x : array-like, shape (steps,), optional
        Where the values stand; by default at 1, 2, ..
    log : bool
        Whether the values have a logarithmic scale.
    xlabel, ylabel, title : str
        Texts. `ylabel` is by default the name of a curve that is alone.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        For shapes that do not fit, and for no curves.
    TypeError
        For what is not numbers, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.curves([{"loss": 2.0, "accuracy": 0.5}, {"loss": 1.0, "accuracy": 0.75}])
    >>> [line.get_ydata().tolist() for line in ax.lines]
    [[2.0, 1.0], [0.5, 0.75]]
    """
    require_texts("curves", xlabel=xlabel, ylabel=ylabel, title=title)
    named = _by_name(histories)
    log = arguments.flag("curves", "log", log)
    at = None if x is None else real("curves", "x", x, "shape (steps,)", 1)
    for name, values in named.items():
        if at is not None and values.shape[-1] != len(at):
            raise ValueError(f"curves: {name or 'the curve'} has {values.shape[-1]} steps, but x has {len(at)}")
    ax = axes_for("curves", ax, size=(6.4, 4))
    for name, values in named.items():
        _draw(ax, name, values, np.arange(1, values.shape[-1] + 1) if at is None else at)
    if log:
        ax.set_yscale("log")
    if at is None:
        from matplotlib.ticker import MaxNLocator

        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(alpha=0.3)
    ax.set(xlabel=xlabel, ylabel=ylabel or (next(iter(named)) if len(named) == 1 else ""), title=title)
    if len(named) > 1:
        ax.legend()
    return ax


def _by_name(histories: Any) -> dict[str, np.ndarray]:
    if not isinstance(histories, Mapping):
        records = list(histories) if isinstance(histories, (list, tuple)) else []
        if not records or not isinstance(records[0], Mapping):
            return {"": real("curves", "histories", histories, _NEEDED, 1, 2, finite=False)}
        for record in records:
            if not isinstance(record, Mapping):
                arguments.refuse("curves", "an entry of histories", record, "a mapping, as the first one is")
        names = dict.fromkeys(name for record in records for name in record)
        histories = {name: [record.get(name, float("nan")) for record in records] for name in names}
    if not histories:
        raise ValueError("curves: histories is empty, but must have a curve")
    return {
        str(name): real("curves", f"histories[{name!r}]", values, _NEEDED, 1, 2, finite=False)
        for name, values in histories.items()
    }


def _draw(ax: Axes, name: str, values: np.ndarray, x: np.ndarray) -> None:
    mean = values if values.ndim == 1 else values.mean(axis=0)
    (line,) = ax.plot(x, mean, label=name or None, marker="o" if len(x) == 1 else None)
    if values.ndim == 2:
        spread = values.std(axis=0)
        ax.fill_between(x, mean - spread, mean + spread, color=line.get_color(), alpha=0.2, linewidth=0)
