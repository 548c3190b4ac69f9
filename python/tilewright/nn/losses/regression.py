"""Losses of numbers that are predicted, and of the distributions that they come from."""

from __future__ import annotations

from .. import functional
from .._of_function import OfFunction

__all__ = ["GaussianNLLLoss", "HuberLoss", "L1Loss", "MSELoss", "PoissonNLLLoss", "SmoothL1Loss"]


class MSELoss(OfFunction, of=functional.mse_loss, without=("weight",)):
    """Mean squared error, `(input - target)^2`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MSELoss()(tw.asarray([1.0, 4.0]), tw.asarray([1.0, 2.0]))
    tensor(2.)
    """


class L1Loss(OfFunction, of=functional.l1_loss, without=("weight",)):
    """Mean absolute error, `|input - target|`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.L1Loss()(tw.asarray([1.0, 4.0]), tw.asarray([1.0, 2.0]))
    tensor(1.)
    """


class HuberLoss(OfFunction, of=functional.huber_loss, without=("weight",)):
    """A square near 0, a line beyond `delta`: outliers count less than in `MSELoss`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.HuberLoss("none")(tw.asarray([0.5, 4.0]), tw.zeros(2))
    tensor([0.125, 3.5  ])
    """


class SmoothL1Loss(OfFunction, of=functional.smooth_l1_loss):
    """Absolute error with the tip of a square.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.SmoothL1Loss(reduction="none", beta=0.5)(tw.asarray([0.25, 4.0]), tw.zeros(2))
    tensor([0.0625, 3.75  ])
    """


class PoissonNLLLoss(OfFunction, of=functional.poisson_nll_loss):
    """Negative log-likelihood of counts, by the rates of their Poisson distributions.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.PoissonNLLLoss()(tw.zeros(2), tw.asarray([0.0, 3.0]))
    tensor(1.)
    """


class GaussianNLLLoss(OfFunction, of=functional.gaussian_nll_loss):
    """Negative log-likelihood of numbers, by the means and variances of their normal distributions.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.GaussianNLLLoss()(tw.asarray([0.0, 2.0]), tw.zeros(2), tw.ones(2))
    tensor(1.)
    """
