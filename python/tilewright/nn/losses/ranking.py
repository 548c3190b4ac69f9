"""Losses of pairs and triplets: which comes first, which belong together."""

from __future__ import annotations

from .. import functional
from .._of_function import OfFunction

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class MarginRankingLoss(OfFunction, of=functional.margin_ranking_loss):
    """Whether the right one of two scores is higher.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MarginRankingLoss()(tw.asarray([2.0, 2.0]), tw.asarray([1.0, 1.0]), tw.asarray([1, -1]))
    tensor(0.5)
    """


class HingeEmbeddingLoss(OfFunction, of=functional.hinge_embedding_loss):
    """Distances of pairs that belong together, or do not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.HingeEmbeddingLoss(reduction="none")(tw.asarray([0.25, 0.25]), tw.asarray([1, -1]))
    tensor([0.25, 0.75])
    """


class CosineEmbeddingLoss(OfFunction, of=functional.cosine_embedding_loss):
    """Angles of pairs that belong together, or do not.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.CosineEmbeddingLoss()(tw.asarray([[3.0, 4.0]]), tw.asarray([[-4.0, 3.0]]), tw.asarray([1]))
    tensor(1.)
    """


class TripletMarginLoss(OfFunction, of=functional.triplet_margin_loss):
    """Whether vectors are nearer to what they belong to than to others.

    Examples
    --------
    >>> import tilewright as tw
    >>> criterion = tw.nn.TripletMarginLoss(eps=0.0)
    >>> criterion(tw.zeros((1, 2)), tw.asarray([[3.0, 0.0]]), tw.asarray([[0.0, 2.5]]))
    tensor(1.5)
    """


class TripletMarginWithDistanceLoss(OfFunction, of=functional.triplet_margin_with_distance_loss):
    """`TripletMarginLoss` with a distance of one's own.

    Examples
    --------
    >>> import tilewright as tw
    >>> criterion = tw.nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: abs(x - y).max(axis=-1))
    >>> criterion(tw.zeros((1, 2)), tw.asarray([[3.0, 1.0]]), tw.asarray([[0.0, 2.5]]))
    tensor(1.5)
    """
