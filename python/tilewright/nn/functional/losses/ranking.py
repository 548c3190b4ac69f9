"""Losses of pairs and triplets: which comes first, which belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._functions.activations import relu
from ...._functions.comparison import equal
from ...._functions.extrema import minimum
from ...._functions.indexing import where
from .._checks import alike, operands, options, signs
from .._docstrings import loss
from ..distances import cosine, distance, pairwise_distance
from ._reduce import reduced

if TYPE_CHECKING:
    from collections.abc import Callable

    from ...._engine.tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


@loss("pairs", alike="input1, input2, target", shape="of the shape of `input1`")
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """Whether the right one of two scores is higher: `max(0, margin - target * (input1 - input2))`.

    The target is 1 where `input1` should be higher, -1 where `input2` should be.

    Parameters
    ----------
    margin : float
        By how much it should be higher.

    Notes
    -----
    The gradient at the kink is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.margin_ranking_loss([2.0, 2.0], [1.0, 1.0], [1, -1])
    tensor(0.5)
    """
    op = "margin_ranking_loss"
    margin, reduction = options(op, margin=margin, reduction=reduction)
    input1, input2, target = alike(op, input1=input1, input2=input2, target=target)
    return reduced(relu(target * (input2 - input1) + margin), reduction)


@loss("elements", alike="input, target", values=", or for a target that is neither 1 nor -1")
def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: str = "mean") -> Tensor:
    """Distances of pairs: `input` where the target is 1, `max(0, margin - input)` where it is -1.

    Parameters
    ----------
    margin : float
        From which distance on a pair is far enough apart.

    Notes
    -----
    The gradient at the kink is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.hinge_embedding_loss([0.25, 0.25], [1, -1], reduction="none")
    tensor([0.25, 0.75])
    """
    op = "hinge_embedding_loss"
    margin, reduction = options(op, margin=margin, reduction=reduction)
    input, target = alike(op, input=input, target=signs(op, target, input))
    return reduced(where(equal(target, 1), input, relu(margin - input)), reduction)


@loss(
    "pairs",
    alike="input1, input2",
    shape="of the shape of `target`",
    values=", or for a target that is neither 1 nor -1",
)
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """Angles of pairs: `1 - cos` where the target is 1, `max(0, cos - margin)` where it is -1.

    Parameters
    ----------
    target : array-like, shape of `input1` without its last axis
        Whether the vectors along the last axis belong together: 1 or -1.
    margin : float
        Up to which cosine a pair is far enough apart; from -1 to 1 it makes sense.

    Notes
    -----
    `cos` is that of `cosine_similarity` with an eps of 1e-6. The gradient at the kink is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.cosine_embedding_loss([[3.0, 4.0]], [[-4.0, 3.0]], [1])
    tensor(1.)
    """
    op = "cosine_embedding_loss"
    margin, reduction = options(op, margin=margin, reduction=reduction)
    input1, input2 = _vectors(op, input1=input1, input2=input2)
    target = signs(op, target, input1)
    if target.shape != input1.shape[:-1]:
        raise ValueError(f"{op}: target has shape {target.shape}, but input1 {input1.shape} needs {input1.shape[:-1]}")
    cos = cosine(input1, input2, -1, 1e-6, input1.shape)
    return reduced(where(equal(target, 1), 1.0 - cos, relu(cos - margin)), reduction)


@loss("triplets", alike="anchor, positive, negative", shape="of the shape of `anchor` without its last axis")
def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """Whether vectors are nearer to what they belong to: `max(0, d(anchor, positive) - d(anchor, negative) + margin)`.

    The vectors lie along the last axis.

    Parameters
    ----------
    margin : float
        Positive: by how much they should be nearer.
    p, eps : float
        Of the distance d: see `pairwise_distance`.
    swap : bool
        Whether the distance from `positive` to `negative` counts instead, where it is smaller than that from `anchor`.

    Notes
    -----
    The gradient at the kink is 0.

    References
    ----------
    V. Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses, BMVC 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.triplet_margin_loss([[0.0, 0.0]], [[3.0, 0.0]], [[0.0, 2.5]], eps=0.0)
    tensor(1.5)
    """
    op = "triplet_margin_loss"
    margin, p, eps, swap, reduction = options(op, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)
    vectors = _vectors(op, anchor=anchor, positive=positive, negative=negative)
    return reduced(_triplets(lambda x1, x2: distance(x1, x2, p, eps), vectors, margin, swap), reduction)


@loss("triplets", alike="anchor, positive, negative", shape="of the shape of the distances")
def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of one's own.

    Parameters
    ----------
    distance_function : callable, optional
        Gives the distances of two of them, by default `pairwise_distance`. Should be differentiable.
    margin : float
        Positive: by how much `positive` should be nearer to `anchor` than `negative` is.
    swap : bool
        Whether the distance from `positive` to `negative` counts instead, where it is smaller than that from `anchor`.

    Notes
    -----
    The gradient at the kink is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.triplet_margin_with_distance_loss(
    ...     [[0.0, 0.0]], [[3.0, 1.0]], [[0.0, 2.5]], distance_function=lambda x, y: abs(x - y).max(axis=-1)
    ... )
    tensor(1.5)
    """
    op = "triplet_margin_with_distance_loss"
    distance_function, margin, swap, reduction = options(
        op, distance_function=distance_function, margin=margin, swap=swap, reduction=reduction
    )
    vectors = _vectors(op, anchor=anchor, positive=positive, negative=negative)

    def distances(*pair: Tensor) -> Tensor:
        function: Callable[..., Any] = distance_function or pairwise_distance
        (returned,) = operands(op, **{"what distance_function returned": function(*pair)})
        return returned

    return reduced(_triplets(distances, vectors, margin, swap), reduction)


def _vectors(op: str, **given: Any) -> list[Tensor]:
    vectors = alike(op, **given)
    if not vectors[0].ndim:
        raise ValueError(f"{op}: {next(iter(given))} is 0-d, but needs a last axis of vectors")
    return vectors


def _triplets(distance: Callable[[Tensor, Tensor], Tensor], vectors: list[Tensor], margin: float, swap: bool) -> Tensor:
    anchor, positive, negative = vectors
    apart = distance(anchor, negative)
    if swap:
        apart = minimum(apart, distance(positive, negative))
    return relu(distance(anchor, positive) - apart + margin)
