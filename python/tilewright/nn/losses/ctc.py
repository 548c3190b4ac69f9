"""The loss of sequences whose alignment is not known."""

from __future__ import annotations

from .. import functional
from .._of_function import OfFunction

__all__ = ["CTCLoss"]


class CTCLoss(OfFunction, of=functional.ctc_loss):
    """Connectionist temporal classification: sequences of labels whose alignment with time steps is not known.

    Examples
    --------
    >>> import tilewright as tw
    >>> logits = tw.zeros((3, 1, 4))  # (steps, batch, classes), class 0 being blank
    >>> loss = tw.nn.CTCLoss()(tw.nn.functional.log_softmax(logits, -1), tw.asarray([[1, 2]]), [3], [2])
    >>> round(loss.item(), 4)
    1.2747
    """
