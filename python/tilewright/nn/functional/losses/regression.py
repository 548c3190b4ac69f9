"""Losses of numbers that are predicted, and of the distributions that they come from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...._engine.tensor import asarray
from ...._functions.arithmetic import abs, square
from ...._functions.exponential import exp, log
from ...._functions.extrema import clip
from ...._functions.indexing import where
from ...._functions.losses import weighted_mean
from ...._functions.manipulation import expand_dims
from .._checks import alike, check_reduction, checked_weight, held, not_negative_entries, operands, options
from .._docstrings import loss
from ._reduce import reduced

if TYPE_CHECKING:
    from ...._engine.tensor import Tensor

__all__ = ["gaussian_nll_loss", "huber_loss", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss"]


@loss("elements", alike="input, target")
def mse_loss(input: Any, target: Any, reduction: str = "mean", *, weight: Any = None) -> Tensor:
    """Mean squared error, `(input - target)^2`.

    Parameters
    ----------
    weight : array-like, optional
        Weight of each element, of the shape of `input`. "mean" divides by the sum of the weights.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.mse_loss([1.0, 4.0], [1.0, 2.0])
    tensor(2.)
    """
    return _error("mse_loss", square, input, target, weight, reduction)


@loss("elements", alike="input, target")
def l1_loss(input: Any, target: Any, reduction: str = "mean", *, weight: Any = None) -> Tensor:
    """Mean absolute error, `|input - target|`; its gradient where both are equal is 0.

    Parameters
    ----------
    weight : array-like, optional
        Weight of each element, of the shape of `input`. "mean" divides by the sum of the weights.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.l1_loss([1.0, 4.0], [1.0, 2.0])
    tensor(1.)
    """
    return _error("l1_loss", abs, input, target, weight, reduction)


def _error(op: str, measure: Any, input: Any, target: Any, weight: Any, reduction: str) -> Tensor:
    """What `measure` makes of the differences; their mean is over the weights, where there are some."""
    check_reduction(op, reduction)
    if weight is None:
        input, target = alike(op, input=input, target=target)
        return reduced(measure(input - target), reduction)
    input, target, weight = alike(op, input=input, target=target, weight=weight)
    losses = measure(input - target) * weight
    return weighted_mean(losses, weight) if reduction == "mean" else reduced(losses, reduction)


@loss("elements", alike="input, target")
def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Tensor:
    """A square near 0, a line beyond `delta`: outliers count less than in `mse_loss`.

    Parameters
    ----------
    delta : float
        Positive: where the square goes over into the line.
    weight : array-like, optional
        Weight of each element, of the shape of `input`. As in PyTorch, the mean is that of the weighted losses.

    Notes
    -----
    With `d = input - target`, the loss is `d^2 / 2` where `|d| <= delta`, else `delta * (|d| - delta / 2)`.

    References
    ----------
    P. J. Huber, Robust Estimation of a Location Parameter, Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.huber_loss([0.5, 4.0], [0.0, 0.0], "none")
    tensor([0.125, 3.5  ])
    """
    reduction, delta = options("huber_loss", reduction=reduction, delta=delta)
    if weight is None:
        input, target = alike("huber_loss", input=input, target=target)
        return reduced(_huber(input - target, delta), reduction)
    input, target, weight = alike("huber_loss", input=input, target=target, weight=weight)
    return reduced(_huber(input - target, delta) * weight, reduction)


@loss("elements", alike="input, target")
def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Absolute error with the tip of a square: `huber_loss` with `delta=beta`, divided by `beta`.

    Parameters
    ----------
    beta : float
        At least 0: where the square goes over into the line. With 0 it is `l1_loss`.

    Notes
    -----
    With `d = input - target`, the loss is `d^2 / (2 beta)` where `|d| <= beta`, else `|d| - beta / 2`.

    References
    ----------
    R. Girshick, Fast R-CNN, ICCV 2015.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.smooth_l1_loss([0.25, 4.0], [0.0, 0.0], reduction="none", beta=0.5)
    tensor([0.0625, 3.75  ])
    """
    reduction, beta = options("smooth_l1_loss", reduction=reduction, beta=beta)
    input, target = alike("smooth_l1_loss", input=input, target=target)
    difference = input - target
    beta = held(beta, difference)
    return reduced(_huber(difference, beta, beta) if beta else abs(difference), reduction)


def _huber(difference: Tensor, delta: float, divisor: float = 1.0) -> Tensor:
    """In terms of what is cut off at delta: not of |d|, whose second derivative at 0 is 0."""
    cut = clip(difference, -delta, delta)
    return (cut if divisor == 1 else cut / divisor) * (difference - cut * 0.5)


@loss("elements", alike="input, target")
def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of counts, by the rates of their Poisson distributions.

    Parameters
    ----------
    log_input : bool
        Whether `input` is the logarithm of the rate, and not the rate.
    full : bool
        Whether to add Stirling's approximation of `log(target!)`, for targets above 1.
    eps : float
        At least 0: added to a rate before its logarithm is taken. In float16, at least 2^-14.

    Notes
    -----
    The loss is `exp(input) - target * input`, or without `log_input` `input - target * log(input + eps)`; with `full`,
    `target * log(target) - target + log(2 pi target) / 2` is added where `target > 1`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.poisson_nll_loss([0.0, 0.0], [0.0, 3.0])
    tensor(1.)
    """
    log_input, full, eps, reduction = options(
        "poisson_nll_loss", log_input=log_input, full=full, eps=eps, reduction=reduction
    )
    input, target = alike("poisson_nll_loss", input=input, target=target)
    losses = exp(input) - target * input if log_input else input - target * log(input + held(eps, input))
    if full:
        many = target > 1
        t = where(many, target, 1.0)
        losses = losses + where(many, t * (log(t) - 1.0) + (log(t) + math.log(2 * math.pi)) * 0.5, 0.0)
    return reduced(losses, reduction)


@loss("elements", alike="input, target", values=" or a negative variance")
def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """Negative log-likelihood of numbers, by the means and variances of their normal distributions.

    Parameters
    ----------
    var : array-like
        Variances: of the shape of `input`; of that shape with a last axis of length 1 or without it, where all elements
        along the last axis have one variance; or a number.
    full : bool
        Whether to add the constant `log(2 pi) / 2`.
    eps : float
        At least 0: smaller variances count as this one. In float16, at least 2^-14.

    Notes
    -----
    The loss is `(log(var) + (input - target)^2 / var) / 2`. The gradient of a variance below `eps` is that of `eps`, as
    in PyTorch: it does not get stuck there.

    References
    ----------
    D. A. Nix, A. S. Weigend, Estimating the Mean and Variance of the Target Probability Distribution, ICNN 1994.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.gaussian_nll_loss([0.0, 2.0], [0.0, 0.0], [1.0, 1.0])
    tensor(1.)
    """
    op = "gaussian_nll_loss"
    full, eps, reduction = options(op, full=full, eps=eps, reduction=reduction)
    input, target = alike(op, input=input, target=target)
    var = _variance(op, var, input)
    constant, least = var.detach(), held(eps, var)
    var = where(constant < least, (var - constant) + least, var)
    difference = input - target
    losses = (log(var) + difference * (difference / var)) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def _variance(op: str, var: Any, input: Tensor) -> Tensor:
    """Of a shape that broadcasts to that of the input; a number in its dtype."""
    var = checked_weight(op, "var", var, input)
    if isinstance(var, float):
        var = asarray(var, input.dtype, device=input.device)
    (var,) = operands(op, var=var)
    if var.ndim and var.shape == input.shape[:-1]:
        var = expand_dims(var, axis=-1)
    elif var.ndim and var.shape != input.shape and var.shape != (*input.shape[:-1], 1):
        raise ValueError(
            f"{op}: var has shape {var.shape}, but must be a number or have shape {input.shape}, "
            f"{(*input.shape[:-1], 1)} or {input.shape[:-1]}"
        )
    not_negative_entries(op, "var", var)
    return var
