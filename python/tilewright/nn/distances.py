"""Distances and similarities as modules; `nn.functional` has their formulas."""

from __future__ import annotations

from . import functional
from ._of_function import OfFunction

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(OfFunction, of=functional.cosine_similarity):
    """Cosine of the angle between vectors.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CosineSimilarity(dim=0)(tw.asarray([3.0, 4.0]), tw.asarray([6.0, 8.0]))
    tensor(1.)
    """


class PairwiseDistance(OfFunction, of=functional.pairwise_distance):
    """Distance between vectors along the last axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.PairwiseDistance(p=1, eps=0)(tw.asarray([3.0, 4.0]), tw.zeros(2))
    tensor(7.)
    """
