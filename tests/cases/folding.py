"""Windows as columns, and elements moved between channels and the plane."""

import itertools

import numpy as np

import tilewright as tw

from .opcase import ALL, COMPLEX, NUMERIC, A, OpCase, Raises, S

F = tw.nn.functional


def pair(value):
    return tuple(value) if isinstance(value, (list, tuple)) else (value, value)


def windows(size, kernel, dilation, padding, stride):
    """For each element of a window and each window, where in the padded image it is."""
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True)
    ]
    for row, at in enumerate(itertools.product(*map(range, kernel))):
        for column, start in enumerate(itertools.product(*map(range, counts))):
            yield row, column, tuple(i * d + j * s for i, d, j, s in zip(at, dilation, start, stride, strict=True))


def unfold(x, kernel_size, dilation=1, padding=0, stride=1):
    if x.ndim == 3:
        return unfold(x[None], kernel_size, dilation, padding, stride)[0]
    kernel, dilation, padding, stride = map(pair, (kernel_size, dilation, padding, stride))
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    places = list(windows(x.shape[2:], kernel, dilation, padding, stride))
    rows, columns = places[-1][0] + 1, places[-1][1] + 1
    y = np.zeros((*x.shape[:2], rows, columns), x.dtype)
    for row, column, at in places:
        y[:, :, row, column] = padded[(slice(None), slice(None), *at)]
    return y.reshape(x.shape[0], -1, columns) if y.size else y.reshape(x.shape[0], x.shape[1] * rows, columns)


def fold(x, output_size, kernel_size, dilation=1, padding=0, stride=1):
    if x.ndim == 2:
        return fold(x[None], output_size, kernel_size, dilation, padding, stride)[0]
    size, kernel, dilation, padding, stride = map(pair, (output_size, kernel_size, dilation, padding, stride))
    channels = x.shape[1] // (kernel[0] * kernel[1])
    columns = x.reshape(x.shape[0], channels, kernel[0] * kernel[1], x.shape[2])
    y = np.zeros((x.shape[0], channels, *(n + 2 * p for n, p in zip(size, padding, strict=True))), x.dtype)
    for row, column, at in windows(size, kernel, dilation, padding, stride):
        y[(slice(None), slice(None), *at)] += columns[:, :, row, column]
    return y[:, :, padding[0] : padding[0] + size[0], padding[1] : padding[1] + size[1]]


def pixel_shuffle(x, r):
    *batch, c, h, w = x.shape
    y = np.zeros((*batch, c // r**2, h * r, w * r), x.dtype)
    for k, i, j in itertools.product(range(c // r**2), range(r), range(r)):
        y[..., k, i::r, j::r] = x[..., k * r * r + i * r + j, :, :]
    return y


def pixel_unshuffle(x, r):
    *batch, c, h, w = x.shape
    y = np.zeros((*batch, c * r * r, h // r, w // r), x.dtype)
    for k, i, j in itertools.product(range(c), range(r), range(r)):
        y[..., k * r * r + i * r + j, :, :] = x[..., k, i::r, j::r]
    return y


def channel_shuffle(x, groups):
    return np.stack([x[:, c % groups * (x.shape[1] // groups) + c // groups] for c in range(x.shape[1])], 1)


def refused(name, error, message, *args, **kwargs):
    return Raises(error, f"{name}: {message}", lambda: getattr(F, name)(*args, **kwargs))


X = tw.ones((1, 2, 4, 5))

CASES = (
    OpCase(
        "nn.functional.unfold",
        unfold,
        (
            *(S(A((2, 3, 5, 4)), 2), S(A((2, 3, 5, 6)), (3, 2), (1, 2), (1, 0), (2, 1)), S(A((2, 5, 4)), 2, stride=3)),
            *(S(A((1, 1, 1, 1)), 3, padding=1), S(A((0, 2, 3, 3)), 2), S(A((2, 0, 3, 3)), 2)),
        ),
        dtypes=ALL,
        tolerance=0,
        lengths=lambda n: S(A((1, 1, 2, n + 1)), 2),
        large=S(A((2, 3, 60, 70)), 3, padding=1),
        errors=(
            refused("unfold", ValueError, r"input has shape \(4, 5\), but needs", tw.ones((4, 5)), 2),
            refused("unfold", ValueError, "a window of .* does not fit", X, 5),
            refused("unfold", ValueError, "a window of .* does not fit", X, 3, 2),
            refused("unfold", ValueError, "kernel_size is 0, but must be at least 1", X, 0),
            refused("unfold", ValueError, "padding is -1, but must be at least 0", X, 2, padding=-1),
            refused("unfold", ValueError, "stride has 3 entries", X, 2, stride=(1, 1, 1)),
            refused("unfold", TypeError, "kernel_size is 2.0, but must be", X, 2.0),
        ),
    ),
    OpCase(
        "nn.functional.fold",
        fold,
        (
            *(S(A((2, 12, 12)), (5, 4), 2), S(A((2, 18, 12)), (5, 6), (3, 2), (1, 2), (1, 0), (2, 1))),
            *(S(A((8, 2)), (5, 4), 2, stride=3), S(A((0, 8, 4)), 3, 2), S(A((2, 0, 4)), 3, 2)),
        ),
        dtypes=NUMERIC + COMPLEX,
        tolerance=12,
        lengths=lambda n: S(A((1, 4, n)), (2, n + 1), 2),
        large=S(A((2, 27, 4200)), (60, 70), 3, padding=1),
        errors=(
            refused("fold", ValueError, r"input has shape \(4, 5, 1, 1\), but needs", tw.ones((4, 5, 1, 1)), 3, 2),
            refused("fold", ValueError, r"x has shape \(1, 5, 4\), but windows of 4 .* at 4", tw.ones((1, 5, 4)), 3, 2),
            refused("fold", ValueError, r"x has shape \(1, 4, 5\), but windows of 4 .* at 4", tw.ones((1, 4, 5)), 3, 2),
            refused("fold", ValueError, "a window of .* does not fit", tw.ones((1, 4, 5)), 1, 2),
            refused("fold", TypeError, "output_size is 'a'|an entry of output_size", tw.ones((1, 4, 4)), "a", 2),
        ),
    ),
    OpCase(
        "nn.functional.pixel_shuffle",
        pixel_shuffle,
        (S(A((2, 8, 3, 2)), 2), S(A((9, 2, 1)), 3), S(A((2, 1, 3, 2)), 1), S(A((0, 4, 2, 2)), 2)),
        dtypes=ALL,
        tolerance=0,
        errors=(
            refused("pixel_shuffle", ValueError, "input .* has 2 channels, not a multiple", X, 2),
            refused("pixel_shuffle", ValueError, r"input has shape \(3,\), but needs", tw.ones(3), 2),
            refused("pixel_shuffle", ValueError, "upscale_factor is 0", X, 0),
        ),
    ),
    OpCase(
        "nn.functional.pixel_unshuffle",
        pixel_unshuffle,
        (S(A((2, 2, 6, 4)), 2), S(A((1, 6, 3)), 3), S(A((0, 1, 2, 2)), 2)),
        dtypes=ALL,
        tolerance=0,
        errors=(
            refused("pixel_unshuffle", ValueError, "input .* has images of 4 by 5, not multiples", X, 2),
            refused("pixel_unshuffle", TypeError, "downscale_factor is 2.0", X, 2.0),
        ),
    ),
    OpCase(
        "nn.functional.channel_shuffle",
        channel_shuffle,
        (S(A((2, 6, 3)), 2), S(A((2, 6)), 3), S(A((0, 4, 2, 2)), 2)),
        dtypes=ALL,
        tolerance=0,
        errors=(
            refused("channel_shuffle", ValueError, "input .* has 2 channels, not a multiple of groups 3", X, 3),
            refused("channel_shuffle", ValueError, r"input has shape \(3,\)", tw.ones(3), 1),
        ),
    ),
)
