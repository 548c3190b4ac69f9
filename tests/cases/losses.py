"""Softmax, dropout, and losses of numbers and of classes."""

import functools

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


def of_classes(logs, target, weight=None, label_smoothing=0.0, reduction="mean", ignore_index=-100):
    classes = logs.shape[1]
    weight = np.ones(classes) if weight is None else weight
    q = np.moveaxis(np.eye(classes)[target], -1, 1) * (1 - label_smoothing) + label_smoothing / classes
    q = q * weight.reshape(-1, *[1] * (logs.ndim - 2)) * np.expand_dims(target != ignore_index, 1)
    losses = -(q * logs).sum(1)
    total = weight[target][target != ignore_index].sum()
    return losses.sum() / total if reduction == "mean" else reduced(losses, reduction)


def cross_entropy(logits, *args, **kwargs):
    return of_classes(log_softmax(logits, 1), *args, **kwargs)


def kl_div(input, target, reduction="mean", log_target=False):
    losses = np.exp(target) * (target - input) if log_target else target * (np.log(target) - input)
    return losses.sum() / len(input) if reduction == "batchmean" else reduced(losses, reduction)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=1.0):
    d = np.abs(input - target)
    return reduced(np.where(d <= delta, d * d / 2, delta * (d - delta / 2)) * weight, reduction)


def smooth_l1_loss(input, target, reduction="mean", beta=1.0):
    d = np.abs(input - target)
    return huber_loss(input, target, reduction, beta) / beta if beta else reduced(d, reduction)


def poisson_nll_loss(input, target, log_input=True, full=False, eps=1e-8, reduction="mean"):
    losses = np.exp(input) - target * input if log_input else input - target * np.log(input + eps)
    with np.errstate(all="ignore"):
        stirling = target * np.log(target) - target + np.log(2 * np.pi * target) / 2
    return reduced(losses + np.where(target > 1, stirling, 0) * full, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    var = np.asarray(var)
    var = np.maximum(var[..., None] if 0 < var.ndim < input.ndim else var, eps)
    return reduced((np.log(var) + (input - target) ** 2 / var + full * np.log(2 * np.pi)) / 2, reduction)


def classes(high, *shape):
    return A(shape, 0, high, dtype="int64")


def signs(*shape):
    count = int(np.prod(shape))
    return A(shape, dtype="int64", values=np.where(np.arange(count) % 3 == 1, -1, 1).reshape(shape))


def refuses(name, error, message, *args, **options):
    return Raises(error, f"{name}: {message}", lambda: getattr(tw.nn.functional, name)(*args, **options))


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


def loss_case(oracle, arguments, *options, shapes=((3, 4), (2, 3, 2), (1,)), large=(300, 401), errors=(), name=None):
    """Each reduction, with the options in turn; `arguments(*shape)` are to be drawn."""
    name = name or oracle.__name__
    options = options or ({},)
    rows = [S(*arguments(*shapes[0]), **given, reduction=r) for given in options for r in ("mean", "sum", "none")]
    rows += [S(*arguments(*shape), **options[0]) for shape in shapes[1:]]
    rows.append(S(*arguments(0, *shapes[0][1:]), **options[0], reduction="none"))
    ones, rest = tw.ones((2, 3)), [tw.ones((2, 4))] * (len(rows[0].args) - 1)
    return OpCase(
        F + name,
        oracle,
        tuple(rows),
        tolerance=64,
        lengths=lambda n: S(*arguments(*shapes[0][:-1], n), **options[0]),
        large=S(*arguments(*large), **options[0]),
        errors=(
            refuses(name, ValueError, "reduction is 'max', but must be", ones, *rest, reduction="max"),
            refuses(name, (ValueError, TypeError), r"(.*\(2, [34]\).*\(2, [34]\)|target is float32)", ones, *rest),
            *errors,
        ),
    )


def elementwise_loss(name, oracle, a=(-3, 3), b=(-3, 3)):
    def with_reduction(x, target, reduction="mean", weight=1.0):
        losses = oracle(x, target) * weight
        return (
            losses.sum() / np.broadcast_to(weight, x.shape).sum() if reduction == "mean" else reduced(losses, reduction)
        )

    return loss_case(with_reduction, lambda *shape: (A(shape, *a), A(shape, *b)), name=name)


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
    OpCase(
        F + "nll_loss",
        of_classes,
        (
            S(A((4, 5)), classes(4, 4)),
            *(
                S(A((4, 5)), classes(4, 4), A((5,), 0.5, 2), reduction=r, ignore_index=2)
                for r in ("mean", "sum", "none")
            ),
            S(A((3, 5, 2)), classes(4, 3, 2), A((5,), 0.5, 2)),
            S(A((2, 4, 3, 2)), classes(3, 2, 3, 2), reduction="none"),
            S(A((3, 1)), classes(0, 3)),
            S(A((0, 3)), classes(2, 0), reduction="none"),
        ),
        tolerance=64,
        lengths=lambda n: S(A((3, n)), classes(n - 1, 3)),
        large=S(A((900, 301)), classes(300, 900)),
        errors=(
            refuses(
                *("nll_loss", IndexError, r"target\[1\] is 7, but input \(2, 3\) has 3 classes, 0 to 2"),
                *(tw.ones((2, 3)), tw.asarray([0, 7])),
            ),
            refuses("nll_loss", IndexError, r"target\[0, 1\] is -1, but", tw.ones((1, 3, 2)), [[0, -1]]),
            refuses("nll_loss", IndexError, "target is 3, but", tw.ones(3), 3),
            refuses("nll_loss", ValueError, r".*\(3,\), but input \(2, 3\) needs \(2,\)", tw.ones((2, 3)), [0, 1, 2]),
            refuses("nll_loss", TypeError, "target is float32", tw.ones((2, 3)), tw.ones(2)),
            refuses("nll_loss", ValueError, r"weight has shape \(2,\).*3 classes", tw.ones((2, 3)), [0, 1], tw.ones(2)),
            refuses("nll_loss", ValueError, "input is 0-d", 1.0, 0),
        ),
    ),
    loss_case(
        kl_div,
        lambda *shape: (A(shape), A(shape, 0.05, 2)),
        {},
        {"log_target": True},
        errors=(refuses("kl_div", ValueError, "input is 0-d, but", 1.0, 1.0, reduction="batchmean"),),
    ),
    OpCase(
        "kl_div of batches",
        kl_div,
        (S(A((3, 4)), A((3, 4), 0.05, 2), reduction="batchmean"),),
        fn=tw.nn.functional.kl_div,
        tolerance=32,
    ),
    loss_case(
        huber_loss,
        lambda *shape: (A(shape), A(shape)),
        {"delta": 0.7},
        {},
        errors=(refuses("huber_loss", ValueError, "delta is 0.0, but must be positive", [1.0], [1.0], delta=0),),
    ),
    OpCase(
        "huber_loss with weights",
        lambda x, t, w: huber_loss(x, t, weight=w),
        (S(A((3, 4)), A((3, 4)), A((3, 4), 0.2, 2)),),
        fn=lambda x, t, w: tw.nn.functional.huber_loss(x, t, weight=w),
        tolerance=32,
    ),
    loss_case(
        smooth_l1_loss,
        lambda *shape: (A(shape), A(shape)),
        {"beta": 0.7},
        {"beta": 0.0},
        errors=(refuses("smooth_l1_loss", ValueError, "beta is -1.0, but must be at", [1.0], [1.0], beta=-1),),
    ),
    loss_case(poisson_nll_loss, lambda *shape: (A(shape), A(shape, 0.1, 5)), {"full": True}, {}),
    OpCase(
        "poisson_nll_loss of rates",
        functools.partial(poisson_nll_loss, log_input=False),
        (S(A((3, 4), 0.2, 3), A((3, 4), 0.1, 5)),),
        fn=functools.partial(tw.nn.functional.poisson_nll_loss, log_input=False),
        tolerance=32,
    ),
    loss_case(
        gaussian_nll_loss,
        lambda *shape: (A(shape), A(shape), A(shape, 0.2, 3)),
        {"full": True},
        {},
        errors=(
            refuses(
                "gaussian_nll_loss", ValueError, r"var\[1\] is -1.0, but must not be neg", [1, 2], [1, 2], [1.0, -1.0]
            ),
            refuses("gaussian_nll_loss", ValueError, "var is -1.0, but must not", [1], [1], -1),
            refuses("gaussian_nll_loss", ValueError, r"var has shape \(3,\), but must", [1, 2], [1, 2], [1, 2, 3]),
        ),
    ),
    OpCase(
        "gaussian_nll_loss with one variance for a row",
        gaussian_nll_loss,
        (
            S(A((3, 4)), A((3, 4)), A((3,), 0.2, 3)),
            S(A((3, 4)), A((3, 4)), A((3, 1), 0.2, 3), reduction="none"),
            S(A((3, 4)), A((3, 4)), 0.5, full=True),
            S(A((3,)), A((3,)), A((), 0.2, 3)),
        ),
        fn=tw.nn.functional.gaussian_nll_loss,
        tolerance=64,
    ),
)
