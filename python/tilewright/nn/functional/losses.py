"""Losses."""

from __future__ import annotations

from typing import Any

from ... import _core
from ..._engine import arguments
from ..._engine.op import beside
from ..._engine.tensor import Tensor, asarray
from ..._functions.arithmetic import abs, square
from ..._functions.exponential import log, log1p
from ..._functions.extrema import maximum
from ..._functions.indexing import where
from ..._functions.losses import cross_entropy as cross_entropy_op
from ..._functions.manipulation import reshape
from ..._functions.reductions import sum
from ..._functions.softmax import log_softmax
from ..._functions.statistics import mean
from .activations import softplus

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "l1_loss",
    "mse_loss",
]


_REDUCTIONS = ("mean", "sum", "none")


def check_reduction(op: str, reduction: Any) -> None:
    if type(reduction) is not str or reduction not in _REDUCTIONS:
        arguments.option(op, "reduction", reduction, _REDUCTIONS)


def check_ignore_index(op: str, ignore_index: Any) -> int:
    ignore_index = arguments.integer(op, "ignore_index", ignore_index)
    if not -(2**63) <= ignore_index < 2**63:
        raise ValueError(f"{op}: ignore_index is {arguments.shown(ignore_index)}, but must fit int64")
    return ignore_index


def checked_weight(op: str, name: str, value: Any, x: Any = None) -> Any:
    """A weight beside x: None, a tensor, or a float, which promotes nothing, for a number and a constant 0-d array."""
    if value is None or (isinstance(value, Tensor) and (value.ndim or value.requires_grad)):
        return value
    if isinstance(value, (int, float)) or getattr(value, "ndim", None) == 0:
        return arguments.number(op, name, value)
    arguments.array(op, name, value)  # for its message
    return beside(x, value)


def _reduce(op: str, losses: Tensor, reduction: str) -> Tensor:
    check_reduction(op, reduction)
    return losses if reduction == "none" else mean(losses) if reduction == "mean" else sum(losses)


def _pair(op: str, x: Any, target: Any) -> tuple[Tensor, Tensor]:
    """Prediction and target of one shape: broadcasting (n, 1) against (n,) is a well-known trap.

    Integers become float32: their differences and squares need not fit their dtype.
    """
    x = asarray(x)
    target = beside(x, target)
    for tensor in (x, target):
        if tensor.dtype.is_complex:
            raise TypeError(f"{op}: dtype {tensor.dtype.name} is not supported; losses are of real numbers")
    if not x.dtype.is_floating:
        x = asarray(x, _core.default_float(x))
    if not target.dtype.is_floating:
        target = asarray(target, x.dtype)
    if x.shape != target.shape:
        raise ValueError(f"{op}: the prediction has shape {x.shape}, but the target {target.shape}; they must agree")
    return x, target


def mse_loss(x: Any, target: Any, /, reduction: str = "mean") -> Tensor:
    """Mean squared error, `(x - target)^2`.

    Parameters
    ----------
    x, target : array-like
        Of one shape: unlike in PyTorch, they are not broadcast.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.

    Returns
    -------
    Tensor
        0-d, or with "none" of the shape of `x`.

    Raises
    ------
    ValueError
        Where the shapes differ, or for another value of `reduction`.
    TypeError
        For complex numbers, or a `reduction` that is no str.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.mse_loss([1.0, 4.0], [1.0, 2.0])
    tensor(2.)
    """
    x, target = _pair("mse_loss", x, target)
    return _reduce("mse_loss", square(x - target), reduction)


def l1_loss(x: Any, target: Any, /, reduction: str = "mean") -> Tensor:
    """Mean absolute error, `|x - target|`; its gradient where both are equal is 0.

    Parameters
    ----------
    x, target : array-like
        Of one shape: unlike in PyTorch, they are not broadcast.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements.

    Returns
    -------
    Tensor
        0-d, or with "none" of the shape of `x`.

    Raises
    ------
    ValueError
        Where the shapes differ, or for another value of `reduction`.
    TypeError
        For complex numbers, or a `reduction` that is no str.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.l1_loss([1.0, 4.0], [1.0, 2.0])
    tensor(1.)
    """
    x, target = _pair("l1_loss", x, target)
    return _reduce("l1_loss", abs(x - target), reduction)


def cross_entropy(
    x: Any,
    target: Any,
    /,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy between logits and classes: `log(sum(exp(x))) - x[target]`, in one kernel.

    Parameters
    ----------
    x : array-like, shape (n, classes), (n, classes, ...) or (classes,)
        Logits, floating.
    target : array-like, shape (n,), (n, ...) or ()
        Classes, integers; or, floating and of the shape of `x`, the probability of each class.
    weight : array-like, shape (classes,), optional
        Weight of each class.
    ignore_index : int
        Class whose samples do not count. Not for probabilities.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the samples. With classes, "mean" divides by the sum of the weights of the
        samples that count, and is NaN where there are none; with probabilities, by the number of samples.
    label_smoothing : float
        Share of the target, in [0, 1], that is spread evenly over all classes.

    Returns
    -------
    Tensor
        0-d, or with "none" of the shape of `target` without its class axis.

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
    target = beside(x, target)
    if weight is not None:
        weight = beside(x, weight)
    if not target.dtype.is_floating:
        return cross_entropy_op(x, target, weight, ignore_index, label_smoothing, reduction)
    arguments.probability("cross_entropy", "label_smoothing", label_smoothing)
    if ignore_index != -100:
        raise ValueError(f"cross_entropy: ignore_index is {ignore_index}, but the target holds probabilities")
    x, target = _pair("cross_entropy", x, target)
    if not x.ndim:
        raise ValueError("cross_entropy: x is 0-d, but needs an axis of classes")
    axis = 1 if x.ndim > 1 else 0
    classes = x.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    if weight is not None:
        if weight.shape != (classes,):
            raise ValueError(f"cross_entropy: weight has shape {weight.shape}, but there are {classes} classes")
        target = target * reshape(weight, (-1,) + (1,) * (x.ndim - 1 - axis))
    return _reduce("cross_entropy", -sum(target * log_softmax(x, axis), axis=axis), reduction)


def binary_cross_entropy(x: Any, target: Any, /, weight: Any = None, reduction: str = "mean") -> Tensor:
    """Cross-entropy between probabilities of "yes" and targets: `-(t log x + (1 - t) log(1 - x))`.

    Parameters
    ----------
    x : array-like
        Probabilities in [0, 1]. Where there are logits, `binary_cross_entropy_with_logits` is more accurate.
    target : array-like
        Shape of `x`, in [0, 1].
    weight : array-like, optional
        Weight of each element; broadcast. A number, or a 0-d array of NumPy's, promotes nothing.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements; "mean" divides by their number, not by the sum of the weights.

    Returns
    -------
    Tensor
        0-d, or with "none" of the shape of `x`.

    Raises
    ------
    ValueError
        Where the shapes differ, or for another value of `reduction`.
    TypeError
        For complex numbers, or a `reduction` that is no str.

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
    x, target = _pair("binary_cross_entropy", x, target)
    weight = checked_weight("binary_cross_entropy", "weight", weight, x)
    yes, no = x > 0, x < 1
    log_yes = maximum(where(yes, log(where(yes, x, 1.0)), -100.0), -100.0)
    log_no = maximum(where(no, log1p(-where(no, x, 0.0)), -100.0), -100.0)
    losses = -(target * log_yes + (1 - target) * log_no)
    if weight is not None:
        losses = losses * weight
    return _reduce("binary_cross_entropy", losses, reduction)


def binary_cross_entropy_with_logits(
    x: Any, target: Any, /, weight: Any = None, reduction: str = "mean", pos_weight: Any = None
) -> Tensor:
    """Cross-entropy between logits and targets: `t softplus(-x) + (1 - t) softplus(x)`, without overflow.

    Parameters
    ----------
    x : array-like
        Logits; `sigmoid(x)` is the probability of "yes".
    target : array-like
        Shape of `x`, in [0, 1].
    weight : array-like, optional
        Weight of each element; broadcast. A number, or a 0-d array of NumPy's, promotes nothing.
    reduction : {"mean", "sum", "none"}
        What is done with the losses of the elements; "mean" divides by their number, not by the sum of the weights.
    pos_weight : array-like, optional
        Factor of the first term: above 1, it trades precision for recall; broadcast. A number promotes nothing.

    Returns
    -------
    Tensor
        0-d, or with "none" of the shape of `x`.

    Raises
    ------
    ValueError
        Where the shapes differ, or for another value of `reduction`.
    TypeError
        For complex numbers, or a `reduction` that is no str.

    Examples
    --------
    >>> import tilewright as tw
    >>> loss = tw.nn.functional.binary_cross_entropy_with_logits([0.0, 0.0], [1.0, 0.0])
    >>> round(loss.item(), 4)
    0.6931
    """
    x, target = _pair("binary_cross_entropy_with_logits", x, target)
    weight = checked_weight("binary_cross_entropy_with_logits", "weight", weight, x)
    pos_weight = checked_weight("binary_cross_entropy_with_logits", "pos_weight", pos_weight, x)
    yes = target * softplus(-x)
    if pos_weight is not None:
        yes = yes * pos_weight
    losses = yes + (1 - target) * softplus(x)
    if weight is not None:
        losses = losses * weight
    return _reduce("binary_cross_entropy_with_logits", losses, reduction)
