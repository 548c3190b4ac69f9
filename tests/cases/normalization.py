"""Normalisation: vectors of length 1, rows, channels over a batch, neighbouring channels."""

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S

F = tw.nn.functional
normalize = F.normalize


def divided_by_length(x, p=2.0, dim=1, eps=1e-12):
    axes = (dim,) if isinstance(dim, int) else dim
    x = np.asarray(x, float)
    if p == np.inf:
        length = np.max(np.abs(x), axis=axes, keepdims=True)
    else:
        length = np.sum(np.abs(x) ** p, axis=axes, keepdims=True) ** (1 / p)
    return x / np.maximum(length, eps)


def standardized(x, axes, eps):
    """From the distances to the first number: the mean of equal numbers is not exact."""
    if not x.size:
        return x
    axes = tuple(axis % x.ndim for axis in axes)
    x = x - x[tuple(slice(1) if axis in axes else slice(None) for axis in range(x.ndim))]
    d = x - x.mean(axis=axes, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=axes, keepdims=True) + eps)


def affine(x, weight, bias):
    """By channel, the second axis."""
    shape = (-1,) + (1,) * (x.ndim - 2)
    x = x if weight is None else x * weight.reshape(shape)
    return x if bias is None else x + bias.reshape(shape)


def layer_norm(x, normalized_shape, weight=None, bias=None, eps=1e-5):
    axes = range(-len(np.atleast_1d(normalized_shape)), 0)
    return standardized(x, tuple(axes), eps) * (1 if weight is None else weight) + (0 if bias is None else bias)


def rms_norm(x, normalized_shape, weight=None, eps=None):
    axes = tuple(range(-len(np.atleast_1d(normalized_shape)), 0))
    y = x / np.sqrt((x * x).mean(axis=axes, keepdims=True) + eps)
    return y if weight is None else y * weight


def add_layer_norm(x, residual, *args, **options):
    return layer_norm(x + residual, *args, **options), x + residual


def add_rms_norm(x, residual, *args, **options):
    return rms_norm(x + residual, *args, **options), x + residual


def group_norm(x, num_groups, weight=None, bias=None, eps=1e-5):
    rows = x.reshape(len(x), num_groups, x.shape[1] // num_groups, *x.shape[2:])
    return affine(standardized(rows, tuple(range(2, rows.ndim)), eps).reshape(x.shape), weight, bias)


def batch_norm(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training:
        return affine(standardized(x, (0, *range(2, x.ndim)), eps), weight, bias)
    shape = (-1,) + (1,) * (x.ndim - 2)
    return affine((x - running_mean.reshape(shape)) / np.sqrt(running_var.reshape(shape) + eps), weight, bias)


def instance_norm(x, mean=None, var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    if not use_input_stats:
        return batch_norm(x, mean, var, weight, bias, eps=eps)
    return affine(standardized(x, tuple(range(2, x.ndim)), eps), weight, bias)


def local_response_norm(x, size, alpha=1e-4, beta=0.75, k=1.0):
    total = np.zeros_like(x)
    for c in range(x.shape[1]):
        neighbours = x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        total[:, c] = (neighbours**2).sum(axis=1)
    return x / (k + alpha / size * total) ** beta


def running(*shape, device="cpu"):
    return tw.zeros(shape, device=device), tw.ones(shape, device=device)


def tracked(function, **options):
    """With running statistics that are thrown away: what is computed does not depend on them."""
    return lambda x, weight, bias: function(x, *running(x.shape[1], device=x.device), weight, bias, **options)


def channels(*shape):
    """An input (N, C, ..), no running statistics, weight and bias."""
    return A(shape), None, None, A(shape[1:2]), A(shape[1:2])


def given(*shape):
    """The same with statistics."""
    return A(shape), A(shape[1:2]), A(shape[1:2], 0.5, 2), A(shape[1:2]), A(shape[1:2])


def rows(*shape, axes=1, bias=True):
    """An input, the shape of its last axes, weight and bias."""
    last = shape[len(shape) - axes :]
    return A(shape), last, A(last), *((A(last),) if bias else ())


def refused(message, function, *shape, args=(), error=ValueError, **more):
    return Raises(error, message, lambda: function(tw.ones(shape), *args, **more))


ONE = r"input has shape .*, one value for each channel"
CASES = (
    OpCase(
        "nn.functional.layer_norm",
        layer_norm,
        (
            S(*rows(3, 7)),
            S(*rows(2, 3, 4, axes=2), 1e-3),
            S(A((3, 5)), 5),
            S(A((3, 5)), (5,), None, A((5,))),
            S(A((3, 5)), (5,), A((5,)), None),
            S(*rows(6)),
            S(*rows(4, 1)),
            S(*rows(0, 5)),
            S(A((3, 600), 10, 13), 600),
        ),
        tolerance=48,
        lengths=lambda n: S(*rows(3, n)),
        large=S(*rows(700, 129)),
        errors=(
            refused(
                r"layer_norm: input has shape \(3, 4\), .* end in normalized_shape \(3,\)",
                F.layer_norm,
                3,
                4,
                args=(3,),
            ),
            refused(r"does not end in normalized_shape \(2, 3, 4\)", F.layer_norm, 3, 4, args=((2, 3, 4),)),
            refused(r"does not end in normalized_shape \(\)", F.layer_norm, 3, 4, args=((),)),
            refused(r"layer_norm: weight has shape \(3,\), .* needs \(4,\)", F.layer_norm, 3, 4, args=(4, tw.ones(3))),
            refused(r"layer_norm: bias has shape \(1,\)", F.layer_norm, 3, 4, args=(4, None, tw.ones(1))),
            refused("layer_norm: eps is -1", F.layer_norm, 3, 4, args=(4,), eps=-1),
            refused("layer_norm: eps is nan", F.layer_norm, 3, 4, args=(4,), eps=np.nan),
        ),
    ),
    OpCase(
        "nn.functional.rms_norm",
        rms_norm,
        (
            S(*rows(3, 7, bias=False), 1e-5),
            S(*rows(2, 3, 4, axes=2, bias=False), 1e-3),
            S(A((3, 5)), 5, None, 1e-5),
            S(*rows(4, 1, bias=False), 0.1),
            S(*rows(0, 5, bias=False), 0.1),
        ),
        tolerance=32,
        lengths=lambda n: S(*rows(3, n, bias=False), 1e-5),
        large=S(*rows(700, 129, bias=False), 1e-5),
        errors=(
            refused(r"rms_norm: input has shape \(3, 4\)", F.rms_norm, 3, 4, args=(3,)),
            refused(r"rms_norm: weight has shape \(3,\)", F.rms_norm, 3, 4, args=(4, tw.ones(3))),
            refused("rms_norm: eps is inf", F.rms_norm, 3, 4, args=(4,), eps=np.inf),
        ),
    ),
    OpCase(
        "nn.functional.add_layer_norm",
        add_layer_norm,
        (
            S(A((3, 7)), *rows(3, 7)),
            S(A((2, 3, 4)), *rows(2, 3, 4, axes=2), 1e-3),
            S(A((3, 5)), A((3, 5)), 5),
            S(A((3, 5)), A((3, 5)), (5,), None, A((5,))),
            S(A((3, 5)), A((3, 5)), (5,), A((5,)), None),
            S(A((0, 5)), *rows(0, 5)),
        ),
        result=("same", "same"),
        tolerance=96,
        lengths=lambda n: S(A((3, n)), *rows(3, n)),
        large=S(A((700, 129)), *rows(700, 129)),
        errors=(
            refused(
                r"add_layer_norm: residual has shape \(4,\), but input \(3, 4\)",
                F.add_layer_norm,
                3,
                4,
                args=(tw.ones(4), 4),
            ),
            refused("add_layer_norm: input has shape", F.add_layer_norm, 3, 4, args=(tw.ones((3, 4)), 3)),
            refused(
                r"add_layer_norm: bias has shape \(1,\)",
                F.add_layer_norm,
                3,
                4,
                args=(tw.ones((3, 4)), 4, None, tw.ones(1)),
            ),
            refused("add_layer_norm: eps is -1", F.add_layer_norm, 3, 4, args=(tw.ones((3, 4)), 4), eps=-1),
        ),
    ),
    OpCase(
        "nn.functional.add_rms_norm",
        add_rms_norm,
        (
            S(A((3, 7)), *rows(3, 7, bias=False), 1e-5),
            S(A((2, 3, 4)), *rows(2, 3, 4, axes=2, bias=False), 1e-3),
            S(A((3, 5)), A((3, 5)), 5, None, 1e-5),
            S(A((0, 5)), *rows(0, 5, bias=False), 0.1),
        ),
        result=("same", "same"),
        tolerance=64,
        lengths=lambda n: S(A((3, n)), *rows(3, n, bias=False), 1e-5),
        large=S(A((700, 129)), *rows(700, 129, bias=False), 1e-5),
        errors=(
            refused(r"add_rms_norm: residual has shape \(4, 3\)", F.add_rms_norm, 3, 4, args=(tw.ones((4, 3)), 4)),
            refused("add_rms_norm: eps is inf", F.add_rms_norm, 3, 4, args=(tw.ones((3, 4)), 4), eps=np.inf),
        ),
    ),
    OpCase(
        "nn.functional.group_norm",
        group_norm,
        (
            S(A((3, 4, 5)), 2, A((4,)), A((4,))),
            S(A((2, 6, 3, 3)), 3, A((6,)), A((6,)), 1e-3),
            S(A((2, 4, 5)), 1),
            S(A((2, 4, 5)), 4, None, A((4,))),
            S(A((2, 4, 5)), 2, A((4,)), None),
            S(A((2, 4, 0)), 2, A((4,)), A((4,))),
            S(A((0, 4, 3)), 2, A((4,)), A((4,))),
        ),
        tolerance=48,
        lengths=lambda n: S(A((2, 4, n)), 2, A((4,)), A((4,))),
        large=S(A((40, 6, 1000)), 3, A((6,)), A((6,))),
        errors=(
            refused("group_norm: num_groups is 3, but must divide the 4 channels", F.group_norm, 2, 4, args=(3,)),
            refused("group_norm: num_groups is 0", F.group_norm, 2, 4, args=(0,)),
            refused(r"group_norm: input has shape \(4,\), but needs", F.group_norm, 4, args=(2,)),
            refused(r"group_norm: weight has shape \(2,\)", F.group_norm, 2, 4, 5, args=(2, tw.ones(2))),
        ),
    ),
    OpCase(
        "group_norm[vectors]",
        group_norm,
        (S(A((5, 12)), 3, A((12,)), A((12,))),),
        fn=F.group_norm,
        tolerance=48,
        lengths=lambda n: S(A((3, 2 * n)), 2, A((2 * n,)), A((2 * n,))),
        large=S(A((900, 96)), 4, A((96,)), A((96,))),
    ),
    OpCase(
        "nn.functional.batch_norm",
        batch_norm,
        (
            S(*channels(3, 4, 5), True),
            S(*channels(2, 3, 3, 4), True, eps=1e-3),
            S(*channels(1, 3, 4), True),
            S(A((3, 2, 4)), None, None, None, None, True),
            S(A((3, 2, 4)), None, None, A((2,)), None, True),
            S(A((3, 2, 4)), None, None, None, A((2,)), True),
            S(*channels(0, 3, 4), True),
            S(*channels(3, 2, 0), True),
            S(A((3, 2, 700), 10, 13), None, None, None, None, True),
        ),
        tolerance=48,
        lengths=lambda n: S(*channels(3, 2, n), True),
        large=S(*channels(3, 2, 70_000), True),
        errors=(
            refused(rf"batch_norm: {ONE}", F.batch_norm, 1, 3, args=(None, None), training=True),
            refused(ONE, F.batch_norm, 1, 3, 1, 1, args=running(3), training=True),
            refused("batch_norm: running_mean and running_var are None", F.batch_norm, 2, 3, args=(None, None)),
            refused("running_var is given, but running_mean is None", F.batch_norm, 2, 3, args=(None, tw.ones(3))),
            refused("running_mean is given, but running_var is None", F.batch_norm, 2, 3, args=(tw.ones(3), None)),
            refused(r"batch_norm: running_mean has shape \(4,\), .* 3 channels", F.batch_norm, 2, 3, args=running(4)),
            refused("running_mean has shape", F.batch_norm, 2, 3, args=running(4), training=True),
            refused("batch_norm: weight has shape", F.batch_norm, 2, 3, args=(*running(3), tw.ones(2))),
            refused(r"batch_norm: input has shape \(3,\), but needs", F.batch_norm, 3, args=running(3)),
            refused("batch_norm: momentum is 1.5", F.batch_norm, 2, 3, args=running(3), momentum=1.5, training=True),
            refused(
                "running_mean is a list, but must be a tensor",
                F.batch_norm,
                2,
                3,
                args=([0.0] * 3, tw.ones(3)),
                error=TypeError,
                training=True,
            ),
        ),
    ),
    OpCase(
        "batch_norm[columns]",
        batch_norm,
        (S(*channels(6, 5), True), S(*channels(2, 3), True, eps=0.1), S(A((4, 3)), None, None, None, None, True)),
        fn=F.batch_norm,
        tolerance=48,
        lengths=lambda n: S(*channels(5, n), True),
        large=S(*channels(3000, 70), True),
    ),
    OpCase(
        "batch_norm[tracked]",
        lambda x, weight, bias: batch_norm(x, None, None, weight, bias, True),
        (S(A((3, 4, 5)), A((4,)), A((4,))), S(A((7, 3)), A((3,)), A((3,)))),
        fn=tracked(F.batch_norm, training=True),
        tolerance=48,
        large=S(A((40, 16, 400)), A((16,)), A((16,))),
    ),
    OpCase(
        "batch_norm[evaluation]",
        batch_norm,
        (S(*given(3, 4, 5)), S(*given(1, 4)), S(*given(6, 3), eps=0.1), S(*given(0, 3)), S(*given(3, 4, 5)[:3])),
        fn=F.batch_norm,
        tolerance=32,
        lengths=lambda n: S(*given(2, 3, n)),
        large=S(*given(40, 16, 400)),
    ),
    OpCase(
        "nn.functional.instance_norm",
        instance_norm,
        (
            S(*channels(3, 4, 5)),
            S(*channels(2, 3, 3, 4), eps=1e-3),
            S(A((3, 2, 4))),
            S(*channels(0, 3, 4)),
            S(*given(2, 3, 4), False),
            S(*given(2, 3, 1), False),
        ),
        tolerance=48,
        lengths=lambda n: S(*channels(3, 2, n + 1)),
        large=S(*channels(40, 6, 1000)),
        errors=(
            refused("instance_norm: input has shape .*, one value for each channel of", F.instance_norm, 2, 3, 1, 1),
            refused("instance_norm: there are neither", F.instance_norm, 2, 3, 4, use_input_stats=False),
            refused("running_var is given, but running_mean is None", F.instance_norm, 2, 3, 4, running_var=tw.ones(3)),
            refused(
                "instance_norm: running_mean has shape",
                F.instance_norm,
                2,
                3,
                4,
                args=running(4),
                use_input_stats=False,
            ),
        ),
    ),
    OpCase(
        "instance_norm[tracked]",
        lambda x, weight, bias: instance_norm(x, None, None, weight, bias),
        (S(A((3, 4, 5)), A((4,)), A((4,))),),
        fn=tracked(F.instance_norm),
        tolerance=48,
    ),
    OpCase(
        "nn.functional.local_response_norm",
        local_response_norm,
        (
            S(A((2, 5, 3)), 3, 0.5),
            S(A((2, 5, 2, 2)), 4, 1.0, 0.5, 2.0),
            S(A((2, 3, 3)), 9),
            S(A((2, 3, 3)), 1, 2.0, 1.0, 0.5),
            S(A((2, 0, 3)), 3),
        ),
        tolerance=16,
        lengths=lambda n: S(A((2, 3, n)), 2, 0.5),
        large=S(A((8, 6, 1000)), 5, 0.5),
        errors=(
            refused(r"local_response_norm: input has shape \(2, 3\)", F.local_response_norm, 2, 3, args=(3,)),
            refused("local_response_norm: size is 0", F.local_response_norm, 2, 3, 4, args=(0,)),
        ),
    ),
    OpCase(
        "nn.functional.normalize",
        divided_by_length,
        (
            S(A((3, 5))),
            S(A((3, 5)), 1.0),
            S(A((3, 5)), 3.5, 0),
            S(A((3, 5)), np.inf),
            S(A((3, 5)), 0.5),
            S(A((2, 3, 4)), dim=(0, -1)),
            S(A((7,)), dim=0, eps=100.0),
            S(A((3, 1))),
            S(A((0, 5))),
        ),
        result="floating",
        tolerance=32,
        lengths=lambda n: S(A((3, n))),
        large=S(A((300, 401))),
        errors=(
            Raises(ValueError, "normalize: p is 0.0, but must be positive", lambda: normalize(tw.ones((2, 2)), 0.0)),
            Raises(ValueError, "normalize: eps is -1.0", lambda: normalize(tw.ones((2, 2)), eps=-1.0)),
            Raises(tw.AxisError, r"normalize: dim 1 is out of bounds .*\(2,\)", lambda: normalize(tw.ones(2))),
            Raises(ValueError, "names an axis twice", lambda: normalize(tw.ones((2, 2)), dim=(1, -1))),
            Raises(TypeError, "normalize: input is complex64", lambda: normalize(tw.ones((2, 2), dtype="complex64"))),
        ),
    ),
)
