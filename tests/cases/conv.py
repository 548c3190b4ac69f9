"""Convolutions, and transposed ones."""

import itertools

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S

F = tw.nn.functional


def U(*shape):
    return A(shape, -1, 1)


def pairs(padding, kernel, dilation):
    """(before, behind) for each axis."""
    if padding == "valid":
        return [(0, 0)] * len(kernel)
    if padding == "same":
        return [(d * (k - 1) // 2, d * (k - 1) - d * (k - 1) // 2) for k, d in zip(kernel, dilation, strict=True)]
    return [(p, p) for p in each(padding, len(kernel))]


def each(value, axes):
    return (value,) * axes if isinstance(value, int) else tuple(value) * (axes if len(value) == 1 else 1)


def windows(extents, kernel, stride, dilation):
    """For each tap the slices of a padded input that it meets, and where it is."""
    out = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(extents, kernel, stride, dilation, strict=True)]
    for tap in itertools.product(*map(range, kernel)):
        starts = [t * d for t, d in zip(tap, dilation, strict=True)]
        yield tap, tuple(slice(a, a + s * (o - 1) + 1, s) for a, s, o in zip(starts, stride, out, strict=True))


def conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """A sum over the taps of products of strided slices."""
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return conv(x[None], weight, bias, stride, padding, dilation, groups)[0]
    kernel, stride, dilation = weight.shape[2:], each(stride, axes), each(dilation, axes)
    x = np.pad(x, [(0, 0), (0, 0), *pairs(padding, kernel, dilation)])
    results = []
    for xs, ws in zip(np.split(x, groups, 1), np.split(weight, groups), strict=True):
        taps = windows(x.shape[2:], kernel, stride, dilation)
        results.append(sum(np.einsum("nc...,fc->nf...", xs[:, :, *at], ws[:, :, *tap]) for tap, at in taps))
    y = np.concatenate(results, 1)
    return y if bias is None else y + bias.reshape(-1, *(1,) * axes)


def conv_transpose(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """Each tap adds to strided slices of a padded result."""
    axes = weight.ndim - 2
    if x.ndim == axes + 1:
        return conv_transpose(x[None], weight, bias, stride, padding, output_padding, groups, dilation)[0]
    kernel, stride, dilation = weight.shape[2:], each(stride, axes), each(dilation, axes)
    lengths = zip(x.shape[2:], kernel, stride, dilation, each(output_padding, axes), strict=True)
    extents = [(n - 1) * s + d * (k - 1) + 1 + more for n, k, s, d, more in lengths]
    results = []
    for xs, ws in zip(np.split(x, groups, 1), np.split(weight, groups), strict=True):
        y = np.zeros((x.shape[0], weight.shape[1], *extents))
        spans = [
            (n - 1) * s + d * (k - 1) + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation, strict=True)
        ]
        for tap, at in windows(spans, kernel, stride, dilation):
            y[:, :, *at] += np.einsum("nc...,cf->nf...", xs, ws[:, :, *tap])
        results.append(y)
    y = np.concatenate(results, 1)
    cut = each(padding, axes)
    y = y[:, :, *[slice(p, n - p) for p, n in zip(cut, extents, strict=True)]]
    return y if bias is None else y + bias.reshape(-1, *(1,) * axes)


ONES = {axes: tw.ones((2, 4, *(5,) * axes)) for axes in (1, 2, 3)}


def V(message, call):
    return Raises(ValueError, message, call)


def refused(axes, transposed):
    """Calls that must raise, alike for all numbers of axes."""
    name = f"conv{'_transpose' if transposed else ''}{axes}d"
    f, x = getattr(F, name), ONES[axes]
    kernel = (3,) * axes
    weight, alone = tw.ones((4, 4, *kernel)), tw.ones((3, 1, *kernel))
    three = weight[:, :3] if transposed else weight[:3]  # of output channels
    whole = [tw.ones(array.shape, dtype="int64") for array in (x, weight)]

    def out_of_range(key, value):
        return V(rf"{name}: {key} is {value}, but must be at least", lambda: f(x, weight, **{key: value}))

    return (
        *(out_of_range(*given) for given in (("stride", 0), ("dilation", 0), ("groups", 0), ("padding", -1))),
        Raises(TypeError, rf"{name}: stride is 1.5", lambda: f(x, weight, stride=1.5)),
        V(rf"{name}: stride has 4 entries", lambda: f(x, weight, stride=(1, 1, 1, 1))),
        V(rf"{name}: input \(5,\) has 1 axes, but must be \(batch, channels, ", lambda: f(tw.ones(5), weight)),
        V(rf"{name}: weight \(2, 2, 3, 3, 3, 3\) has 6 axes", lambda: f(x, tw.ones((2, 2, 3, 3, 3, 3)))),
        V(rf"{name}: bias is \(7,\), but must be \(3,\)", lambda: f(x, three, tw.ones(7))),
        V(rf"{name}: x .* has 4 channels, which groups=3", lambda: f(x, alone, groups=3)),
        Raises(TypeError, rf"{name}: dtype int64 is not floating", lambda: f(*whole)),
        Raises(TypeError, rf"{name}: dtype complex64 is not floating", lambda: f(x, weight * 1j)),
    )


def kernels(*shapes):
    return [tw.ones(shape) for shape in shapes]


SHORT, LONG, EMPTY = kernels((3, 4, 3), (3, 4, 9), (3, 4, 0))
FORWARD_ERRORS = {
    1: (
        V(
            r"conv1d: kernel \(9,\) with dilation \(1,\) spans 9 elements along axis 2, "
            r"but x \(2, 4, 5\) has 5 there and 1 \+ 1",
            lambda: F.conv1d(ONES[1], LONG, padding=1),
        ),
        V('padding is "same", but stride is', lambda: F.conv1d(ONES[1], SHORT, stride=2, padding="same")),
        V("padding is 'full', but must be \"valid\" or", lambda: F.conv1d(ONES[1], SHORT, padding="full")),
        V(r"conv1d: the kernel is \(0,\)", lambda: F.conv1d(ONES[1], EMPTY)),
    ),
    2: (
        V(
            r"conv2d: weight has 8 input channels, but x \(2, 16, 32, 32\) with groups=1 needs 16",
            lambda: F.conv2d(*kernels((2, 16, 32, 32), (4, 8, 3, 3))),
        ),
        V(
            r"conv2d: weight \(3, 2, 3, 3\) has 3 channels, which groups=2",
            lambda: F.conv2d(ONES[2], tw.ones((3, 2, 3, 3)), groups=2),
        ),
    ),
    3: (),
}
TRANSPOSED_ERRORS = {
    1: (
        V(
            r"conv_transpose1d: input \(2, 4, 5\) and weight \(4, 4, 3\) would give the size \(-1,\), .*padding \(4,\)",
            lambda: F.conv_transpose1d(ONES[1], tw.ones((4, 4, 3)), padding=4),
        ),
        V(
            r"conv_transpose1d: output_padding is \(2,\), but must be less than stride \(2,\) or dilation \(1,\)",
            lambda: F.conv_transpose1d(ONES[1], tw.ones((4, 4, 3)), stride=2, output_padding=2),
        ),
    ),
    2: (
        V(
            r"conv_transpose2d: weight has 3 input channels, but x \(2, 4, 5, 5\) has 4",
            lambda: F.conv_transpose2d(ONES[2], tw.ones((3, 4, 3, 3))),
        ),
    ),
    3: (),
}


def forward(axes, samples, large=None, lengths=None):
    return OpCase(
        f"nn.functional.conv{axes}d",
        conv,
        samples,
        tolerance=64,
        products=True,
        large=large,
        lengths=lengths,
        errors=(*refused(axes, False), *FORWARD_ERRORS[axes]),
    )


def transposed(axes, samples, large=None, lengths=None):
    return OpCase(
        f"nn.functional.conv_transpose{axes}d",
        conv_transpose,
        samples,
        tolerance=64,
        products=True,
        large=large,
        lengths=lengths,
        errors=(*refused(axes, True), *TRANSPOSED_ERRORS[axes]),
    )


CASES = (
    forward(
        1,
        (
            S(U(2, 3, 9), U(4, 3, 3), U(4)),
            S(U(3, 9), U(4, 3, 2)),
            S(U(2, 4, 12), U(6, 2, 3), U(6), 2, 3, 2, 2),
            S(U(2, 3, 9), U(4, 3, 4), U(4), 1, "same", 3),
            S(U(0, 3, 9), U(4, 3, 3), U(4)),
            S(U(2, 0, 9), U(4, 0, 3), U(4)),
            S(U(2, 3, 0), U(4, 3, 2), U(4), 1, 1),
            S(U(1, 1, 1), U(1, 1, 1), U(1)),
        ),
        large=S(U(8, 24, 200), U(48, 24, 5), U(48), 1, 2),
        lengths=lambda n: S(U(2, 2, n), U(3, 2, 3), U(3), 1, 1),
    ),
    forward(
        2,
        (
            S(U(2, 3, 6, 5), U(4, 3, 3, 2), U(4), (2, 1), (1, 2)),
            S(U(3, 6, 5), U(4, 3, 3, 3), U(4)),
            S(U(2, 4, 7, 8), U(6, 2, 3, 3), U(6), 2, 1, 1, 2),
            S(U(2, 5, 6, 6), U(5, 1, 3, 3), U(5), 1, 1, 1, 5),
            S(U(3, 4, 5, 6), U(7, 4, 1, 1), U(7)),
            S(U(1, 3, 20, 21), U(9, 3, 1, 1)),
            S(U(2, 3, 9, 9), U(4, 3, 3, 3), U(4), 1, "same", (2, 3)),
            S(U(2, 3, 9, 9), U(4, 3, 2, 4), U(4), 3, "valid"),
            S(U(2, 2, 3, 3), U(3, 2, 1, 1), U(3), 2, 2),
            S(U(0, 3, 5, 5), U(4, 3, 3, 3), U(4)),
            S(U(2, 32, 0, 5), U(32, 32, 2, 2), U(32), 1, 1),
            S(U(2, 3, 5, 5), U(0, 3, 3, 3), U(0)),
            S(U(1, 30, 9, 9), U(20, 30, 3, 3), U(20), 1, 1),
        ),
        large=S(U(4, 16, 30, 31), U(40, 16, 3, 3), U(40), 1, 1),
        lengths=lambda n: S(U(2, 2, 3, n), U(3, 2, 3, 3), U(3), 1, 1),
    ),
    forward(
        3,
        (
            S(U(2, 2, 4, 3, 5), U(3, 2, 2, 3, 2), U(3), (2, 1, 1), (1, 0, 2)),
            S(U(2, 4, 3, 5), U(3, 2, 2, 2, 2)),
            S(U(1, 4, 6, 6, 6), U(4, 2, 3, 2, 2), U(4), 2, 1, (1, 2, 1), 2),
            S(U(2, 2, 4, 4, 4), U(3, 2, 3, 3, 2), U(3), 1, "same"),
            S(U(0, 2, 4, 4, 4), U(3, 2, 3, 3, 3), U(3)),
        ),
        large=S(U(2, 8, 10, 12, 14), U(24, 8, 3, 3, 3), U(24), 1, 1),
    ),
    transposed(
        1,
        (
            S(U(2, 3, 5), U(3, 4, 3), U(4), 2, 1, 1),
            S(U(3, 9), U(3, 4, 2)),
            S(U(2, 4, 6), U(4, 3, 3), U(6), 3, 2, 2, 2, 2),
            S(U(2, 3, 4), U(3, 4, 2), U(4), 5, 0, 3),
            S(U(2, 3, 4), U(3, 4, 2), U(4), 1, 0, 2, 1, 3),
            S(U(0, 3, 4), U(3, 4, 2), U(4)),
            S(U(2, 0, 4), U(0, 4, 2), U(4)),
            S(U(2, 3, 0), U(3, 4, 5), U(4)),
            S(U(1, 1, 1), U(1, 1, 1), U(1)),
        ),
        large=S(U(8, 24, 100), U(24, 48, 5), U(48), 2, 2),
        lengths=lambda n: S(U(2, 2, n), U(2, 3, 3), U(3), 2, 1),
    ),
    transposed(
        2,
        (
            S(U(2, 3, 4, 5), U(3, 4, 3, 2), U(4), (2, 1), (1, 0), (1, 0)),
            S(U(3, 4, 5), U(3, 4, 3, 3), U(4)),
            S(U(2, 4, 4, 3), U(4, 3, 3, 3), U(6), 2, 1, 1, 2),
            S(U(2, 5, 6, 6), U(5, 1, 3, 3), U(5), 1, 1, 0, 5),
            S(U(3, 4, 5, 6), U(4, 7, 1, 1), U(7)),
            S(U(3, 4, 5, 6), U(4, 7, 1, 1), U(7), 2, 0, 1),
            S(U(2, 3, 4, 4), U(3, 4, 2, 3), U(4), 3, 2, 2, 1, (2, 3)),
            S(U(0, 3, 5, 5), U(3, 4, 3, 3), U(4)),
            S(U(2, 3, 5, 5), U(3, 0, 3, 3), U(0)),
            S(U(1, 30, 9, 9), U(30, 20, 3, 3), U(20), 1, 1),
        ),
        large=S(U(4, 16, 15, 16), U(16, 40, 3, 3), U(40), 2, 1),
        lengths=lambda n: S(U(2, 2, 3, n), U(2, 3, 3, 3), U(3), 1, 1),
    ),
    transposed(
        3,
        (
            S(U(2, 2, 3, 2, 4), U(2, 3, 2, 3, 2), U(3), (2, 1, 1), (1, 0, 2)),
            S(U(2, 4, 3, 5), U(2, 3, 2, 2, 2)),
            S(U(1, 4, 3, 3, 3), U(4, 2, 3, 2, 2), U(4), 2, 1, (1, 0, 1), 2, (1, 2, 1)),
            S(U(0, 2, 4, 4, 4), U(2, 3, 3, 3, 3), U(3)),
        ),
        large=S(U(2, 8, 8, 9, 10), U(8, 24, 3, 3, 3), U(24), 1, 1),
    ),
)
