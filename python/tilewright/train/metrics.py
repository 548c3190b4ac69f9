"""What scikit-learn does not have at hand for a loop, or has but would be needed without it: means and accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._functions.comparison import equal
from .._functions.manipulation import astype
from .._functions.statistics import mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

__all__ = ["Mean", "accuracy"]


class Mean:
    """A running mean of numbers, with weights.

    Attributes
    ----------
    total, weight : float
        Sum of the numbers, each times its weight, and of the weights.

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.train.Mean()
    >>> loss.update(1.0, weight=3)
    >>> loss.update(2.0)
    >>> loss.value
    1.25
    """

    __slots__ = ("total", "weight")

    def __init__(self) -> None:
        self.total = self.weight = 0.0

    def update(self, value: float, weight: float = 1) -> None:
        """Take in a number.

        Parameters
        ----------
        value, weight : float
        """
        self.total += value * weight
        self.weight += weight

    @property
    def value(self) -> float:
        """The mean so far; NaN of nothing."""
        return self.total / self.weight if self.weight else float("nan")


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of predictions that are right.

    Parameters
    ----------
    y_true, y_pred : array-like
        The classes and what was predicted, of one shape.

    Returns
    -------
    float
        NaN of no predictions.

    Raises
    ------
    ValueError
        For two shapes.
    TypeError
        For what is not array-like.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.train.accuracy([0, 1, 2, 2], [0, 1, 1, 2])
    0.75
    """
    true, predicted = arguments.array("accuracy", "y_true", y_true), arguments.array("accuracy", "y_pred", y_pred)
    if true.shape != predicted.shape:
        raise ValueError(f"accuracy: y_true has shape {true.shape}, but y_pred has {predicted.shape}")
    if not true.size:
        return float("nan")
    return float(mean(astype(equal(true.detach(), predicted.detach()), "float64")))


def named(op: str, metrics: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """Metrics by name; those of a sequence have the names of their functions."""
    if metrics is None:
        return {}
    if hasattr(metrics, "items"):
        return {str(name): arguments.function(op, f"metric {name!r}", metric) for name, metric in metrics.items()}
    listed = arguments.entries(op, "metrics", metrics, "a dict or a sequence of functions of (y_true, y_pred)")
    functions = [arguments.function(op, f"metrics[{i}]", metric) for i, metric in enumerate(listed)]
    return {getattr(metric, "__name__", type(metric).__name__): metric for metric in functions}


def decided(output: Tensor, target: Tensor) -> Tensor:
    """The classes with the highest scores, where the output has an axis of classes that the target lacks."""
    return output.argmax(axis=1) if output.ndim == target.ndim + 1 else output
