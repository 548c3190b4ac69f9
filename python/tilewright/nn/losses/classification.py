"""Losses of classes and of probabilities."""

from __future__ import annotations

from .. import functional
from .._of_function import OfFunction

__all__ = ["BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "KLDivLoss", "NLLLoss"]


class CrossEntropyLoss(OfFunction, of=functional.cross_entropy):
    """Cross-entropy between logits and classes, or probabilities of classes.

    Examples
    --------
    >>> import tilewright as tw
    >>> criterion = tw.nn.CrossEntropyLoss()
    >>> criterion(tw.asarray([[9.0, -9.0], [-9.0, 9.0]]), tw.asarray([0, 1])).item() < 1e-6
    True
    """


class NLLLoss(OfFunction, of=functional.nll_loss):
    """Negative log-likelihood of classes, by the logarithms of their probabilities.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.NLLLoss()(tw.asarray([[-1.0, -2.0], [-3.0, -4.0]]), tw.asarray([0, 1]))
    tensor(2.5)
    """


class KLDivLoss(OfFunction, of=functional.kl_div):
    """Divergence of Kullback and Leibler between predicted logarithms of probabilities and probabilities.

    Examples
    --------
    >>> import tilewright as tw
    >>> p = tw.asarray([[0.25, 0.75]])
    >>> tw.nn.KLDivLoss(reduction="batchmean")(tw.log(p), p)
    tensor(0.)
    """


class BCELoss(OfFunction, of=functional.binary_cross_entropy):
    """Binary cross-entropy between probabilities and targets.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.BCELoss()(tw.asarray([1.0, 0.0]), tw.asarray([1.0, 0.0])).item() == 0
    True
    """


class BCEWithLogitsLoss(OfFunction, of=functional.binary_cross_entropy_with_logits):
    """Binary cross-entropy between logits and targets, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.BCEWithLogitsLoss()(tw.asarray([200.0, -200.0]), tw.asarray([1.0, 0.0])).item() == 0
    True
    """
