"""Several networks that answer together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.manipulation import stack
from .._functions.reductions import logsumexp
from ..nn.functional import log_softmax

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._engine.tensor import Tensor

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """The mean of what several networks give: of probabilities for classifiers, of values for regression.

    Parameters
    ----------
    members : iterable of Module
        Networks that take the same input and give results of one shape. With bagging, each was trained on a
        `data.bootstrap` of the data.
    average : {"probabilities", "values"}
        What is averaged: the softmax of logits along the last axis, or the results themselves.

    Attributes
    ----------
    members : ModuleList

    Raises
    ------
    ValueError
        For no members, and an unknown `average`.
    TypeError
        For members that are no Modules.

    Notes
    -----
    Called with an input it gives, for classifiers, `log(mean(softmax(logits)))`. These are logits in their turn: their
    softmax is the mean, `nn.functional.cross_entropy` takes them as they are.

    References
    ----------
    L. Breiman, Bagging Predictors, Machine Learning 24, 1996.

    Examples
    --------
    >>> import tilewright as tw
    >>> members = [tw.nn.Linear(4, 3) for _ in range(5)]
    >>> together = tw.models.Ensemble(members)(tw.ones((2, 4)))
    >>> each = tw.stack([tw.nn.functional.softmax(member(tw.ones((2, 4)))) for member in members])
    >>> bool(tw.allclose(tw.exp(together), each.mean(0)))
    True
    """

    def __init__(self, members: Iterable[nn.Module], average: str = "probabilities") -> None:
        self.average = arguments.option("Ensemble", "average", average, ("probabilities", "values"))
        listed = arguments.entries("Ensemble", "members", members, "an iterable of Modules")
        if not listed:
            raise ValueError("Ensemble: got no members")
        self.members = nn.ModuleList(listed)

    def forward(self, *args: Any) -> Tensor:
        results = [member(*args) for member in self.members]
        if self.average == "values":
            return stack(results).mean(0)
        return logsumexp(stack([log_softmax(logits, -1) for logits in results]), axis=0) - math.log(len(results))

    def extra_repr(self) -> str:
        return f"average={self.average!r}"
