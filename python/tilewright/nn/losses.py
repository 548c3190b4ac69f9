"""Losses as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from .._engine.tensor import asarray
from . import functional
from .functional.losses import check_ignore_index, check_reduction, checked_weight
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "L1Loss", "MSELoss"]


class _Loss(Module):
    weight: Tensor | None

    def __init__(self, reduction: str = "mean") -> None:
        check_reduction(type(self).__name__, reduction)
        self.reduction = reduction

    def _set_weight(self, name: str, value: Any) -> None:
        """A buffer; a number becomes a 0-d one, which counts as a number in `forward`: it promotes nothing."""
        value = checked_weight(type(self).__name__, name, value)
        self.register_buffer(name, asarray(value) if isinstance(value, float) else value)

    def extra_repr(self) -> str:
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class MSELoss(_Loss):
    """Mean squared error, `(x - target)^2`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MSELoss()(tw.asarray([1.0, 4.0]), tw.asarray([1.0, 2.0]))
    tensor(2.)
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        return functional.mse_loss(x, target, self.reduction)


class L1Loss(_Loss):
    """Mean absolute error, `|x - target|`.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.L1Loss()(tw.asarray([1.0, 4.0]), tw.asarray([1.0, 2.0]))
    tensor(1.)
    """

    def forward(self, x: Any, target: Any) -> Tensor:
        return functional.l1_loss(x, target, self.reduction)


class CrossEntropyLoss(_Loss):
    """Cross-entropy between logits and classes: see `nn.functional.cross_entropy`.

    Parameters
    ----------
    weight : array-like, shape (classes,), optional
        Weight of each class.
    ignore_index : int
        Class whose samples do not count.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the samples.
    label_smoothing : float
        Share of the target, in [0, 1], that is spread evenly over all classes.

    Examples
    --------
    >>> import tilewright as tw
    >>> criterion = tw.nn.CrossEntropyLoss()
    >>> criterion(tw.asarray([[9.0, -9.0], [-9.0, 9.0]]), tw.asarray([0, 1])).item() < 1e-6
    True
    """

    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__(reduction)
        weight = None if weight is None else arguments.array("CrossEntropyLoss", "weight", weight)
        self.register_buffer("weight", weight)
        self.ignore_index = check_ignore_index("CrossEntropyLoss", ignore_index)
        self.label_smoothing = arguments.probability("CrossEntropyLoss", "label_smoothing", label_smoothing)

    def forward(self, x: Any, target: Any) -> Tensor:
        return functional.cross_entropy(x, target, self.weight, self.ignore_index, self.reduction, self.label_smoothing)


class BCELoss(_Loss):
    """Binary cross-entropy between probabilities and targets: see `nn.functional.binary_cross_entropy`.

    Parameters
    ----------
    weight : array-like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.BCELoss()(tw.asarray([1.0, 0.0]), tw.asarray([1.0, 0.0])).item() == 0
    True
    """

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self._set_weight("weight", weight)

    def forward(self, x: Any, target: Any) -> Tensor:
        return functional.binary_cross_entropy(x, target, self.weight, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """Binary cross-entropy between logits and targets: see `nn.functional.binary_cross_entropy_with_logits`.

    Parameters
    ----------
    weight : array-like, optional
        Weight of each element; broadcast.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.
    pos_weight : array-like, optional
        Weight of the positive targets; broadcast.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.BCEWithLogitsLoss()(tw.asarray([200.0, -200.0]), tw.asarray([1.0, 0.0])).item() == 0
    True
    """

    pos_weight: Tensor | None

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(reduction)
        self._set_weight("weight", weight)
        self._set_weight("pos_weight", pos_weight)

    def forward(self, x: Any, target: Any) -> Tensor:
        return functional.binary_cross_entropy_with_logits(x, target, self.weight, self.reduction, self.pos_weight)
