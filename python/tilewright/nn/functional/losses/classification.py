"""Losses of classes and of probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._engine import arguments
from ...._functions.comparison import equal
from ...._functions.exponential import exp, log, log1p
from ...._functions.extrema import maximum
from ...._functions.indexing import where
from ...._functions.losses import cross_entropy as cross_entropy_op, negative_log_likelihood
from ...._functions.manipulation import reshape
from ...._functions.reductions import sum
from ...._functions.softmax import log_softmax
from .._checks import (
    alike,
    check_ignore_index,
    check_reduction,
    checked_weight,
    class_axis,
    class_indices,
    class_weight,
    operand,
    operands,
    options,
)
from .._docstrings import loss
from ..activations import softplus
from ._reduce import reduced

if TYPE_CHECKING:
    from ...._engine.tensor import Tensor

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "kl_div",
    "nll_loss",
]


@loss(
    "samples",
    shape="of the shape of `target` without its class axis",
    mean='With classes, "mean" divides by the sum of the weights of the samples that count; with probabilities, by\n'
    "    the number of samples.",
)
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between logits and classes: `log(sum(exp(input))) - input[target]`, in one kernel.

    Parameters
    ----------
    input : array-like, shape (n, classes), (n, classes, ...) or (classes,)
        Logits, floating.
    target : array-like, shape (n,), (n, ...) or ()
        Classes, integers; or, floating and of the shape of `input`, the probability of each class.
    weight : array-like, shape (classes,), optional
        Weight of each class.
    ignore_index : int
        Class whose samples do not count. Not for probabilities.
    label_smoothing : float
        Share of the target, in [0, 1], that is spread evenly over all classes.

    Raises
    ------
    ValueError
        Where the shapes do not fit, or for an option out of range.
    IndexError
        For a target that is none of the classes and not `ignore_index`.
    TypeError
        For logits that are not floating, and for options of another kind.

    References
    ----------
    C. Szegedy et al., Rethinking the Inception Architecture for Computer Vision, CVPR 2016 (label smoothing).

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.nn.functional.cross_entropy([[0.0, 0.0], [9.0, 9.0]], [0, 1])
    >>> round(loss.item(), 4)
    0.6931
    """
    if type(reduction) is not str:
        check_reduction("cross_entropy", reduction)
    if type(label_smoothing) is not float:
        label_smoothing = arguments.number("cross_entropy", "label_smoothing", label_smoothing)
    if type(ignore_index) is not int or not -(2**63) <= ignore_index < 2**63:
        ignore_index = check_ignore_index("cross_entropy", ignore_index)
    target = operand("cross_entropy", "target", target, input)
    if weight is not None:
        weight = operand("cross_entropy", "weight", weight, input)
    if not target.dtype.is_floating:
        return cross_entropy_op(input, target, weight, ignore_index, label_smoothing, reduction)
    check_reduction("cross_entropy", reduction)
    arguments.probability("cross_entropy", "label_smoothing", label_smoothing)
    if ignore_index != -100:
        raise ValueError(f"cross_entropy: ignore_index is {ignore_index}, but the target holds probabilities")
    input, target = alike("cross_entropy", input=input, target=target)
    axis = class_axis("cross_entropy", input)
    classes = input.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        if weight.shape != (classes,):
            raise ValueError(f"cross_entropy: weight has shape {weight.shape}, but there are {classes} classes")
        target = target * reshape(weight, (-1,) + (1,) * (input.ndim - 1 - axis))
    return reduced(-sum(target * log_softmax(input, axis), axis=axis), reduction)


@loss(
    "samples",
    shape="of the shape of `target`",
    mean='"mean" divides by the sum of the weights of the samples that count.',
    classes=True,
)
def nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of classes, `-weight[target] * input[target]`.

    Parameters
    ----------
    input : array-like, shape (n, classes), (n, classes, ...) or (classes,)
        Logarithms of probabilities, as `log_softmax` gives them: where there are logits, `cross_entropy` is one step.
    target : array-like, shape (n,), (n, ...) or ()
        Classes, integers.
    weight : array-like, shape (classes,), optional
        Weight of each class.
    ignore_index : int
        Class whose samples do not count.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.nll_loss([[-1.0, -2.0], [-3.0, -4.0]], [0, 1])
    tensor(2.5)
    """
    ignore_index, reduction = options("nll_loss", ignore_index=ignore_index, reduction=reduction)
    (input,) = operands("nll_loss", input=input)
    axis = class_axis("nll_loss", input)
    classes, places = input.shape[axis], input.shape[:axis] + input.shape[axis + 1 :]
    target = class_indices("nll_loss", target, input, places, classes=classes, ignored=ignore_index)
    weight = class_weight("nll_loss", weight, input, classes)
    return negative_log_likelihood(input, target, weight, ignore_index, 0.0, reduction)


@loss("elements", alike="input, target")
def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """Divergence of Kullback and Leibler, `target * (log(target) - input)`.

    `input` holds the logarithms of the probabilities that were predicted, `target` probabilities.

    Parameters
    ----------
    reduction : {"mean", "sum", "none", "batchmean"}
        What is done with the losses of the elements. "batchmean" divides their sum by the length of the first axis,
        which is the divergence; "mean" divides by the number of elements. Both are NaN where they divide by 0.
    log_target : bool
        Whether `target` holds logarithms of probabilities, too.

    Notes
    -----
    Where the target is 0 the loss is 0, and so are its gradients, also of the target, whose true one is infinite.

    References
    ----------
    S. Kullback, R. A. Leibler, On Information and Sufficiency, Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> import tilewright as tw
    >>> predicted = tw.log(tw.asarray([[0.25, 0.75]]))
    >>> loss = tw.nn.functional.kl_div(predicted, [[0.5, 0.5]], reduction="batchmean")
    >>> round(loss.item(), 4)
    0.1438
    """
    reduction, log_target = options("kl_div", reduction=reduction, log_target=log_target)
    input, target = alike("kl_div", input=input, target=target)
    if reduction == "batchmean" and not input.ndim:
        raise ValueError('kl_div: input is 0-d, but reduction="batchmean" needs an axis of samples')
    probability = exp(target) if log_target else target
    nothing = equal(probability.detach(), 0)
    logarithm = where(nothing, 0.0, target) if log_target else log(where(nothing, 1.0, target))
    losses = where(nothing, 0.0, probability) * (logarithm - where(nothing, 0.0, input))
    if reduction == "batchmean":
        return sum(losses) / input.shape[0] if input.shape[0] else reduced(losses, "mean")
    return reduced(losses, reduction)


_UNWEIGHTED = '"mean" divides by their number, not by the sum of the weights.'


@loss("elements", mean=_UNWEIGHTED)
def binary_cross_entropy(input: Any, target: Any, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Cross-entropy between probabilities of "yes" and targets: `-(t log x + (1 - t) log(1 - x))`.

    Parameters
    ----------
    input : array-like
        Probabilities in [0, 1]. Where there are logits, `binary_cross_entropy_with_logits` is more accurate.
    target : array-like
        Shape of `input`, in [0, 1].
    weight : array-like, optional
        Weight of each element; broadcast. A number, or a 0-d array of NumPy's, promotes nothing.

    Notes
    -----
    Logarithms count as at least -100, so that the loss stays finite; beyond that the gradient is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.nn.functional.binary_cross_entropy([0.5, 0.5], [1.0, 0.0])
    >>> round(loss.item(), 4)
    0.6931
    """
    check_reduction("binary_cross_entropy", reduction)
    input, target = alike("binary_cross_entropy", input=input, target=target)
    weight = checked_weight("binary_cross_entropy", "weight", weight, input)
    yes, no = input > 0, input < 1
    log_yes = maximum(where(yes, log(where(yes, input, 1.0)), -100.0), -100.0)
    log_no = maximum(where(no, log1p(-where(no, input, 0.0)), -100.0), -100.0)
    losses = -(target * log_yes + (1 - target) * log_no)
    return reduced(losses if weight is None else losses * weight, reduction)


@loss("elements", mean=_UNWEIGHTED)
def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """Cross-entropy between logits and targets: `t softplus(-x) + (1 - t) softplus(x)`, without overflow.

    Parameters
    ----------
    input : array-like
        Logits; `sigmoid(input)` is the probability of "yes".
    target : array-like
        Shape of `input`, in [0, 1].
    weight : array-like, optional
        Weight of each element; broadcast. A number, or a 0-d array of NumPy's, promotes nothing.
    pos_weight : array-like, optional
        Factor of the first term: above 1, it trades precision for recall; broadcast. A number promotes nothing.

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.nn.functional.binary_cross_entropy_with_logits([0.0, 0.0], [1.0, 0.0])
    >>> round(loss.item(), 4)
    0.6931
    """
    op = "binary_cross_entropy_with_logits"
    check_reduction(op, reduction)
    input, target = alike(op, input=input, target=target)
    weight = checked_weight(op, "weight", weight, input)
    pos_weight = checked_weight(op, "pos_weight", pos_weight, input)
    yes = target * softplus(-input)
    if pos_weight is not None:
        yes = yes * pos_weight
    losses = yes + (1 - target) * softplus(input)
    return reduced(losses if weight is None else losses * weight, reduction)
