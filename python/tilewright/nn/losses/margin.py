"""Losses of scores of classes, which the right ones should lead by a margin."""

from __future__ import annotations

from .. import functional
from .._of_function import OfFunction

__all__ = ["MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "SoftMarginLoss"]


class SoftMarginLoss(OfFunction, of=functional.soft_margin_loss):
    """Logistic loss of targets 1 and -1, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.SoftMarginLoss()(tw.asarray([500.0, 500.0]), tw.asarray([1.0, -1.0]))
    tensor(250.)
    """


class MultiMarginLoss(OfFunction, of=functional.multi_margin_loss):
    """Hinge loss of one class among many.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MultiMarginLoss()(tw.asarray([[0.0, 2.0], [0.5, 0.0]]), tw.asarray([1, 0]))
    tensor(0.125)
    """


class MultiLabelMarginLoss(OfFunction, of=functional.multilabel_margin_loss):
    """Hinge loss of several classes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MultiLabelMarginLoss()(tw.asarray([[0.5, 0.0, 0.25, 1.0]]), tw.asarray([[3, 0, -1, 1]]))
    tensor(0.375)
    """


class MultiLabelSoftMarginLoss(OfFunction, of=functional.multilabel_soft_margin_loss):
    """Mean over classes of the cross-entropy between logits and whether the classes are right.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MultiLabelSoftMarginLoss()(tw.asarray([[500.0, 500.0]]), tw.asarray([[1.0, 0.0]]))
    tensor(250.)
    """
