"""Softmax, dropout and the losses."""

import numpy as np

import tilewright as tw
from tilewright import _core
from tilewright._functions import dropout as drop, softmax as sm

from .activations import softplus
from .opcase import A, OpCase, Raises, S

F = "nn.functional."


def log_softmax(x, dim=-1):
    shifted = x - x.max(axis=dim, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def softmax(x, dim=-1):
    return np.exp(log_softmax(x, dim))


def reduced(values, reduction):
    return values if reduction == "none" else getattr(values, reduction)()


def softmax_backward(g, y, axis):
    return y * (g - (g * y).sum(axis=axis, keepdims=True))


def log_softmax_backward(g, y, axis):
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


def dropout(x, p, seed, offset):
    keep = np.asarray(_core.random_bernoulli(x.shape, seed, offset, 1 - p))
    return np.where(keep, x / (1 - p), 0) if p < 1 else np.zeros_like(x)


def cross_entropy(logits, target, weight=None, label_smoothing=0.0, reduction="mean", ignore_index=-100):
    classes = logits.shape[1]
    weight = np.ones(classes) if weight is None else weight
    q = np.moveaxis(np.eye(classes)[target], -1, 1) * (1 - label_smoothing) + label_smoothing / classes
    q = q * weight.reshape(-1, *[1] * (logits.ndim - 2)) * np.expand_dims(target != ignore_index, 1)
    losses = -(q * log_softmax(logits, 1)).sum(1)
    return losses.sum() / weight[target].sum() if reduction == "mean" else reduced(losses, reduction)


def classes(high, *shape):
    return A(shape, 0, high, dtype="int64")


def over_axis(name, oracle):
    return OpCase(
        F + name,
        oracle,
        (
            S(A((3, 5)), dim=-1),
            S(A((3, 5)), dim=0),
            S(A((2, 3, 4)), dim=1),
            S(A((7,)), dim=0),
            S(A((3, 1)), dim=1),
            S(A((0, 5)), dim=1),
            S(A((4, 700), -9, 9), dim=1),
            S(A((2, 3), 500, 600), dim=1),
        ),
        tolerance=32,
        lengths=lambda n: S(A((3, n)), dim=1),
        large=S(A((300, 401)), dim=1),
        errors=(
            Raises(tw.AxisError, rf"{name}: .*axis 2", lambda: getattr(tw.nn.functional, name)(tw.ones((2, 3)), dim=2)),
        ),
    )


def elementwise_loss(name, oracle, a=(-3, 3), b=(-3, 3)):
    def with_reduction(x, target, reduction="mean"):
        return reduced(oracle(x, target), reduction)

    return OpCase(
        F + name,
        with_reduction,
        (
            *(S(A((3, 4), *a), A((3, 4), *b), reduction=r) for r in ("mean", "sum", "none")),
            S(A((2, 3, 2), *a), A((2, 3, 2), *b)),
            S(A((1,), *a), A((1,), *b)),
            S(A((0, 3), *a), A((0, 3), *b), reduction="none"),
        ),
        tolerance=64,
        lengths=lambda n: S(A((n,), *a), A((n,), *b)),
        large=S(A((400, 501), *a), A((400, 501), *b)),
        errors=(
            Raises(
                ValueError,
                rf"{name}: reduction",
                lambda: getattr(tw.nn.functional, name)(tw.ones(3), tw.ones(3), reduction="max"),
            ),
            Raises(
                ValueError,
                rf"{name}: .*\(3,\).*\(4,\)",
                lambda: getattr(tw.nn.functional, name)(tw.ones(3), tw.ones(4)),
            ),
        ),
    )


CASES = (
    over_axis("softmax", softmax),
    over_axis("log_softmax", log_softmax),
    *(
        OpCase(
            oracle.__name__,
            oracle,
            (
                S(A((3, 5)), A((3, 5), *saved), 1),
                S(A((2, 3, 4)), A((2, 3, 4), *saved), 1),
                S(A((7,)), A((7,), *saved), 0),
            ),
            fn=getattr(sm, oracle.__name__),
            tolerance=32,
        )
        for oracle, saved in ((softmax_backward, (0, 1)), (log_softmax_backward, (-3, 0)))
    ),
    OpCase(
        "dropout",
        dropout,
        (
            S(A((3, 4)), 0.5, 7, 0),
            S(A((50,)), 0.2, 8, 3),
            S(A((3, 4)), 1.0, 7, 0),
            S(A(()), 0.3, 2, 1),
            S(A((0, 3)), 0.5, 7, 0),
        ),
        fn=drop.dropout,
        tolerance=4,
        lengths=lambda n: S(A((n,)), 0.4, 9, n),
        large=S(A((150_001,)), 0.4, 9, 5),
    ),
    OpCase(
        F + "cross_entropy",
        cross_entropy,
        (
            S(A((4, 5)), classes(4, 4)),
            S(A((4, 5)), classes(4, 4), reduction="sum"),
            S(A((4, 5)), classes(4, 4), reduction="none"),
            S(A((4, 5)), classes(4, 4), label_smoothing=0.1),
            S(A((4, 5)), classes(4, 4), A((5,), 0.5, 2)),
            S(A((3, 5, 2)), classes(4, 3, 2), A((5,), 0.5, 2), label_smoothing=0.1, reduction="none"),
            S(A((4, 5)), classes(4, 4), A((5,), 0.5, 2), ignore_index=2, reduction="sum"),
            S(A((3, 1)), classes(0, 3)),
            S(A((2, 40), 200, 300), classes(39, 2)),
        ),
        tolerance=64,
        lengths=lambda n: S(A((3, n)), classes(n - 1, 3)),
        large=S(A((900, 301)), classes(300, 900)),
        errors=(
            Raises(
                (ValueError, IndexError),
                "cross_entropy: .*7",
                lambda: tw.nn.functional.cross_entropy(tw.ones((2, 3)), tw.asarray([0, 7])),
            ),
            Raises(
                ValueError,
                r"cross_entropy: .*\(3,\)",
                lambda: tw.nn.functional.cross_entropy(tw.ones((2, 3)), tw.asarray([0, 1, 2])),
            ),
            Raises(
                ValueError,
                "cross_entropy: reduction",
                lambda: tw.nn.functional.cross_entropy(tw.ones((2, 3)), tw.asarray([0, 1]), reduction="max"),
            ),
        ),
    ),
    elementwise_loss("mse_loss", lambda x, t: (x - t) ** 2),
    elementwise_loss("l1_loss", lambda x, t: np.abs(x - t)),
    elementwise_loss(
        "binary_cross_entropy", lambda p, t: -(t * np.log(p) + (1 - t) * np.log(1 - p)), a=(0.1, 0.9), b=(0.05, 0.95)
    ),
    elementwise_loss("binary_cross_entropy_with_logits", lambda x, t: softplus(x) - x * t, b=(0.05, 0.95)),
)
