"""The loss of sequences whose alignment is not known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...._functions.comparison import equal
from ...._functions.extrema import maximum
from ...._functions.indexing import where
from ...._functions.losses import ctc_loss as ctc_loss_op
from ...._functions.manipulation import astype, expand_dims, reshape
from .._checks import operands, options, positions_of
from .._docstrings import loss
from ._reduce import reduced

if TYPE_CHECKING:
    from ...._engine.tensor import Tensor

__all__ = ["ctc_loss"]


@loss(
    "sequences",
    shape="(N,), of one sequence 0-d",
    mean="The mean is of the losses divided by the lengths of their targets, or by 1 where there are none.",
)
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Connectionist temporal classification: the negative log-likelihood of sequences of labels over all alignments.

    Each step of an input emits a class or a blank; repeats are merged, then blanks dropped. So a network learns which
    labels an input has, in order, without being told when.

    Parameters
    ----------
    log_probs : array-like, shape (T, N, C) or (T, C)
        Logarithms of the probabilities of C classes in T steps of N sequences, as `log_softmax` gives them.
    targets : array-like of int, shape (N, S) or (sum of target_lengths,)
        Classes but `blank`: in rows, of which the first `target_lengths` count, or one sequence behind another.
    input_lengths : array-like of int, shape (N,)
        How many steps each input has, at most T. Of one sequence, (T, C), an integer or of shape (1,).
    target_lengths : array-like of int, shape (N,)
        How many labels each target has; 0 is allowed. As `input_lengths`.
    blank : int
        The class that stands for none.
    zero_infinity : bool
        Whether a loss that is infinite counts as 0. It is where an input has fewer steps than its target needs: one
        for each label, and one more between equal neighbours.

    Raises
    ------
    ValueError
        Where shapes do not fit, a length is out of range, a target is `blank`, or for an option out of range.
    IndexError
        For a target that is none of the classes.
    TypeError
        For log_probs that are not real, targets or lengths that are not integers, and options of another kind.

    Notes
    -----
    The gradient with respect to `log_probs` is the derivative: minus the probability of each class in each step, given
    the target. PyTorch, on CPUs, adds `exp(log_probs)` to it, which is right only behind `log_softmax`, and there
    changes nothing. Where there is no alignment the gradient is 0; with PyTorch it is NaN, unless `zero_infinity`.

    References
    ----------
    A. Graves, S. Fernandez, F. Gomez, J. Schmidhuber, Connectionist Temporal Classification: Labelling Unsegmented
    Sequence Data with Recurrent Neural Networks, ICML 2006.

    Examples
    --------
    >>> import tilewright as tw
    >>> log_probs = tw.log(tw.asarray([[0.5, 0.5], [0.25, 0.75]]))  # two steps, blank and a class
    >>> loss = tw.nn.functional.ctc_loss(log_probs, [1], 2, 1)  # 1 - 0.5 * 0.25
    >>> round(loss.item(), 4)
    0.1335
    """
    blank, reduction, zero_infinity = options("ctc_loss", blank=blank, reduction=reduction, zero_infinity=zero_infinity)
    (log_probs,) = operands("ctc_loss", log_probs=log_probs)
    targets = positions_of("ctc_loss", "targets", targets, log_probs)
    input_lengths = positions_of("ctc_loss", "input_lengths", input_lengths, log_probs)
    target_lengths = positions_of("ctc_loss", "target_lengths", target_lengths, log_probs)
    single = log_probs.ndim == 2
    if single:
        log_probs = expand_dims(log_probs, axis=1)
        input_lengths, target_lengths = _of_one(input_lengths), _of_one(target_lengths)
    losses = ctc_loss_op(log_probs, targets, input_lengths, target_lengths, blank)
    if zero_infinity:
        losses = where(equal(losses, math.inf), 0.0, losses)
    if reduction == "mean":
        losses = losses / maximum(astype(target_lengths, losses.dtype), 1.0)
    return reshape(losses, ()) if single and reduction == "none" else reduced(losses, reduction)


def _of_one(length: Tensor) -> Tensor:
    """A number or (1,) as (1,)."""
    return reshape(length, (1,)) if length.size == 1 else length
