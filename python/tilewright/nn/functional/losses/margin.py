"""Losses of scores of classes, which the right ones should lead by a margin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._functions.activations import relu
from ...._functions.arithmetic import square
from ...._functions.comparison import equal
from ...._functions.creation import arange
from ...._functions.indexing import take, take_along_axis, where
from ...._functions.logical import logical_and, logical_not
from ...._functions.manipulation import expand_dims
from ...._functions.reductions import any, argmax, sum
from ...._functions.statistics import mean
from .._checks import alike, check_reduction, class_axis, class_indices, class_weight, operands, options
from .._docstrings import loss
from ..activations import softplus
from ._reduce import reduced

if TYPE_CHECKING:
    from ...._engine.tensor import Tensor

__all__ = ["multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss"]


@loss("elements", alike="input, target")
def soft_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """Logistic loss of targets 1 and -1, `log(1 + exp(-target * input))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.soft_margin_loss([500.0, 500.0], [1.0, -1.0])
    tensor(250.)
    """
    check_reduction("soft_margin_loss", reduction)
    input, target = alike("soft_margin_loss", input=input, target=target)
    return reduced(softplus(-target * input), reduction)


@loss("samples", shape="of the shape of `target`", classes=True)
def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
) -> Tensor:
    """Hinge loss of one class among many: by how much other scores come within a margin of the right one.

    Parameters
    ----------
    input : array-like, shape (n, classes) or (classes,)
        Scores.
    target : array-like, shape (n,) or ()
        Classes, integers.
    p : {1, 2}
        The power of what is missing.
    margin : float
        By how much the right score should lead.
    weight : array-like, shape (classes,), optional
        Weight of each class. As in PyTorch, "mean" divides by the number of samples.

    Notes
    -----
    The loss is `weight[target] * sum(max(0, margin - input[target] + input[i])^p) / classes`, over all `i` but the
    target. Its gradient at the kink is 0.

    References
    ----------
    K. Crammer, Y. Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, JMLR 2, 2001.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.multi_margin_loss([[0.0, 2.0], [0.5, 0.0]], [1, 0])
    tensor(0.125)
    """
    op = "multi_margin_loss"
    p, margin, reduction = options(op, p=p, margin=margin, reduction=reduction)
    (input,) = operands(op, input=input)
    classes = _scores(op, input)
    target = class_indices(op, target, input, input.shape[:-1], classes=classes)
    weight = class_weight(op, weight, input, classes)
    column = expand_dims(target, axis=-1)
    missing = relu(input - take_along_axis(input, column, axis=-1) + margin)
    missing = where(equal(_numbers(input), column), 0.0, missing if p == 1 else square(missing))
    losses = mean(missing, axis=-1)
    return reduced(losses if weight is None else losses * take(weight, target), reduction)


@loss("samples", shape="of the shape of `input` without its last axis", classes=True)
def multilabel_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Tensor:
    """Hinge loss of several classes: by how much wrong scores come within 1 of the right ones.

    Parameters
    ----------
    input : array-like, shape (n, classes) or (classes,)
        Scores.
    target : array-like, shape of `input`
        The right classes of each sample, integers, one after the other; what follows the first -1 does not count.

    Notes
    -----
    The loss is `sum(max(0, 1 - input[j] + input[i])) / classes` over all pairs of a right class j and a wrong one i.
    Its gradient at the kink is 0. Memory is taken for so many pairs as the sample with the most right classes has.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.multilabel_margin_loss([[0.5, 0.0, 0.25, 1.0]], [[3, 0, -1, 1]])
    tensor(0.375)
    """
    op = "multilabel_margin_loss"
    check_reduction(op, reduction)
    (input,) = operands(op, input=input)
    classes = _scores(op, input)
    target = class_indices(op, target, input, input.shape, classes=classes, ignored=-1)
    after = target < 0
    numbers = _numbers(input)
    count = where(any(after, axis=-1), argmax(after, axis=-1), classes)
    most = count.max().item() if count.size else 0
    listed = expand_dims(numbers[:most] < expand_dims(count, axis=-1), axis=-1)  # (n, most, 1)
    labels = where(after, 0, target)[..., :most]
    right = logical_and(equal(expand_dims(labels, axis=-1), numbers), listed)  # (n, most, classes)
    wrong = logical_not(any(right, axis=-2, keepdims=True))
    scores = expand_dims(take_along_axis(input, labels, axis=-1), axis=-1)
    missing = relu(expand_dims(input, axis=-2) - scores + 1.0)
    losses = sum(where(logical_and(listed, wrong), missing, 0.0), axis=(-2, -1)) / classes
    return reduced(losses, reduction)


@loss("samples", shape="of the shape of `input` without its last axis")
def multilabel_soft_margin_loss(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Tensor:
    """Mean over classes of the cross-entropy between logits and whether the classes are right, without overflow.

    Parameters
    ----------
    input : array-like, shape (..., classes)
        Logits.
    target : array-like, shape of `input`
        1 for classes that are right, 0 for others, or a probability.
    weight : array-like, shape (classes,), optional
        Weight of each class. As in PyTorch, neither mean divides by the sum of the weights.

    Notes
    -----
    The loss is `mean(weight * (target * softplus(-input) + (1 - target) * softplus(input)))` over the last axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.multilabel_soft_margin_loss([[500.0, 500.0]], [[1, 0]])
    tensor(250.)
    """
    op = "multilabel_soft_margin_loss"
    check_reduction(op, reduction)
    input, target = alike(op, input=input, target=target)
    if not input.ndim:
        raise ValueError(f"{op}: input is 0-d, but needs a last axis of classes")
    weight = class_weight(op, weight, input, input.shape[-1])
    losses = target * softplus(-input) + (1 - target) * softplus(input)
    return reduced(mean(losses if weight is None else losses * weight, axis=-1), reduction)


def _scores(op: str, input: Tensor) -> int:
    """The number of classes of (N, C) or (C,)."""
    class_axis(op, input)
    if input.ndim > 2:
        raise ValueError(f"{op}: input has shape {input.shape}, but must be (N, C) or (C,)")
    if not input.shape[-1]:
        raise ValueError(f"{op}: input has shape {input.shape}, but needs at least one class")
    return input.shape[-1]


def _numbers(input: Tensor) -> Tensor:
    """Of the classes."""
    return arange(input.shape[-1], device=input.device)
