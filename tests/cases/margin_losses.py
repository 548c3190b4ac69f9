"""Losses with a margin, of scores, pairs and triplets, and the distances that they are made of."""

import functools

import numpy as np

import tilewright as tw

from .activations import softplus
from .losses import F, classes, loss_case, reduced, refuses, signs
from .opcase import A, OpCase, S


def soft_margin_loss(input, target, reduction="mean"):
    return reduced(softplus(-target * input), reduction)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, reduction="mean"):
    right = np.take_along_axis(input, target[..., None], -1)
    others = np.arange(input.shape[-1]) != target[..., None]
    losses = (np.maximum(margin - right + input, 0) ** p * others).mean(-1)
    return reduced(losses if weight is None else losses * weight[target], reduction)


def multilabel_margin_loss(input, target, reduction="mean"):
    def of_sample(x, labels):
        right = labels[: np.argmax(labels < 0)] if (labels < 0).any() else labels
        wrong = np.setdiff1d(np.arange(len(x)), right)
        return np.maximum(1 - x[right][:, None] + x[wrong], 0).sum() / len(x)

    if input.ndim == 1:
        return of_sample(input, target)
    return reduced(np.array([of_sample(*sample) for sample in zip(input, target, strict=True)]), reduction)


def multilabel_soft_margin_loss(input, target, weight=1.0, reduction="mean"):
    return reduced((weight * (softplus(input) - input * target)).mean(-1), reduction)


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction="mean"):
    return reduced(np.maximum(margin - target * (input1 - input2), 0), reduction)


def hinge_embedding_loss(input, target, margin=1.0, reduction="mean"):
    return reduced(np.where(target == 1, input, np.maximum(margin - input, 0)), reduction)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    a, b = (x / np.maximum(np.sqrt((x * x).sum(dim, keepdims=True)), eps) for x in np.broadcast_arrays(x1, x2))
    return (a * b).sum(dim)


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction="mean"):
    cos = cosine_similarity(input1, input2, -1)
    return reduced(np.where(target == 1, 1 - cos, np.maximum(cos - margin, 0)), reduction)


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    return np.linalg.norm(x1 - x2 + eps, p, axis=-1, keepdims=keepdim)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, distance_function=pairwise_distance, margin=1.0, swap=False, reduction="mean"
):
    apart = distance_function(anchor, negative)
    if swap:
        apart = np.minimum(apart, distance_function(positive, negative))
    return reduced(np.maximum(distance_function(anchor, positive) - apart + margin, 0), reduction)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction="mean"):
    distance = functools.partial(pairwise_distance, p=p, eps=eps)
    return triplet_margin_with_distance_loss(anchor, positive, negative, distance, margin, swap, reduction)


def city_blocks(x, y):
    return abs(x - y).sum(axis=-1)


CASES = (
    loss_case(soft_margin_loss, lambda *shape: (A(shape), signs(*shape))),
    loss_case(
        multi_margin_loss,
        lambda *shape: (A(shape), classes(shape[-1] - 1, *shape[:-1])),
        {"p": 2, "margin": 0.6},
        {},
        shapes=((3, 4), (4,), (1,)),
        errors=(
            refuses("multi_margin_loss", ValueError, "p is 3, but must be 1 or 2", tw.ones((1, 2)), [1], p=3),
            refuses("multi_margin_loss", IndexError, r"target\[0\] is 2, but .* has 2 classes", tw.ones((1, 2)), [2]),
            refuses("multi_margin_loss", ValueError, r".*must be \(N, C\) or \(C,\)", tw.ones((1, 2, 3)), [[1, 1]]),
            refuses("multi_margin_loss", ValueError, ".*needs at least one class", tw.ones((1, 0)), [0]),
        ),
    ),
    OpCase(
        "multi_margin_loss with weights",
        lambda x, t, w: multi_margin_loss(x, t, weight=w),
        (S(A((3, 4)), classes(3, 3), A((4,), 0.2, 2)),),
        fn=lambda x, t, w: tw.nn.functional.multi_margin_loss(x, t, weight=w),
        tolerance=32,
    ),
    loss_case(
        multilabel_margin_loss,
        lambda *shape: (A(shape), A(shape, -1, shape[-1] - 1, dtype="int64")),
        shapes=((3, 4), (5,), (1,)),
        large=(2000, 9),
        errors=(
            refuses("multilabel_margin_loss", IndexError, r"target\[0, 1\] is 2, but", tw.ones((1, 2)), [[-1, 2]]),
            refuses("multilabel_margin_loss", IndexError, r"target\[0\] is -2, but", tw.ones(2), [-2, 0]),
        ),
    ),
    loss_case(
        multilabel_soft_margin_loss,
        lambda *shape: (A(shape), A(shape, 0, 1), A(shape[-1:], 0.2, 2)),
        errors=(refuses("multilabel_soft_margin_loss", ValueError, "input is 0-d", 1.0, 1.0),),
    ),
    loss_case(margin_ranking_loss, lambda *shape: (A(shape), A(shape), signs(*shape)), {"margin": 0.4}, {}),
    loss_case(
        hinge_embedding_loss,
        lambda *shape: (A(shape), signs(*shape)),
        {},
        {"margin": 0.4},
        errors=(
            refuses("hinge_embedding_loss", ValueError, r"target\[1\] is 0.0, but must be 1 or -1", [1.0, 2.0], [1, 0]),
        ),
    ),
    loss_case(
        cosine_embedding_loss,
        lambda *shape: (A(shape), A(shape), signs(*shape[:-1])),
        {"margin": -0.4},
        {},
        errors=(
            refuses("cosine_embedding_loss", ValueError, "input1 is 0-d", 1.0, 1.0, 1),
            refuses("cosine_embedding_loss", ValueError, r"target\[0\] is 2", tw.ones((1, 3)), tw.ones((1, 3)), [2.0]),
            refuses(
                "cosine_embedding_loss",
                ValueError,
                r".*\(3,\).*needs \(1,\)",
                tw.ones((1, 3)),
                tw.ones((1, 3)),
                [1] * 3,
            ),
        ),
    ),
    loss_case(
        triplet_margin_loss,
        lambda *shape: (A(shape), A(shape), A(shape)),
        {},
        {"p": 3.0, "margin": 0.5, "swap": True},
        {"p": 1.0, "eps": 0.0},
        errors=(
            refuses("triplet_margin_loss", ValueError, "margin is 0.0, but must be positive", *([[1.0]] * 3), margin=0),
            refuses("triplet_margin_loss", ValueError, "p is -1.0, but must be positive", *([[1.0]] * 3), p=-1),
            refuses("triplet_margin_loss", ValueError, "anchor is 0-d", 1.0, 1.0, 1.0),
        ),
    ),
    loss_case(
        triplet_margin_with_distance_loss,
        lambda *shape: (A(shape), A(shape), A(shape)),
        {"distance_function": city_blocks},
        {"swap": True, "margin": 0.5},
        errors=(
            refuses(
                *("triplet_margin_with_distance_loss", TypeError, "distance_function is 1, but must be callable"),
                *([[1.0]] * 3),
                distance_function=1,
            ),
        ),
    ),
    OpCase(
        F + "cosine_similarity",
        cosine_similarity,
        (
            S(A((3, 5)), A((3, 5))),
            S(A((3, 5)), A((3, 5)), dim=0),
            S(A((3, 1, 5)), A((4, 5)), dim=-1),
            S(A((3, 1, 5)), A((4, 5)), dim=1),
            S(A((7,)), A((7,)), dim=0),
            S(A((0, 5)), A((0, 5))),
        ),
        tolerance=32,
        lengths=lambda n: S(A((3, n)), A((3, n))),
        large=S(A((300, 401)), A((300, 401))),
        errors=(
            refuses("cosine_similarity", tw.AxisError, r"dim 1 is out of bounds for .*\(3,\)", tw.ones(3), tw.ones(3)),
            refuses("cosine_similarity", ValueError, r"x1 \(2, 3\) and x2 \(2,\) do", tw.ones((2, 3)), tw.ones(2)),
        ),
    ),
    OpCase(
        F + "pairwise_distance",
        pairwise_distance,
        (
            *(S(A((3, 5)), A((3, 5)), p=p) for p in (2.0, 3.0, 1.0, np.inf, 0.7)),
            S(A((3, 1, 5)), A((4, 5)), keepdim=True),
            S(A((7,)), A((7,)), eps=0.0),
            S(A((0, 5)), A((0, 5))),
        ),
        tolerance=32,
        lengths=lambda n: S(A((3, n)), A((3, n))),
        large=S(A((300, 401)), A((300, 401))),
        errors=(
            refuses("pairwise_distance", ValueError, "p is 0.0, but must be positive", [1.0], [1.0], p=0),
            refuses("pairwise_distance", ValueError, r"x1 \(2, 3\) and x2 \(2,\) do", tw.ones((2, 3)), tw.ones(2)),
            refuses("pairwise_distance", ValueError, "x1 and x2 are 0-d", 1.0, 1.0),
        ),
    ),
)
