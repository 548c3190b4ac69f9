"""Interpolation, against dense matrices for each axis."""

import functools
import math
from fractions import Fraction

import numpy as np

import tilewright as tw

from .opcase import REAL, A, OpCase, Raises, S

F = tw.nn.functional
HALF = Fraction(1, 2)


def cubic(t, a):
    t = abs(t)
    if t <= 1:
        return float((a + 2) * t**3 - (a + 3) * t**2 + 1)
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


@functools.cache
def matrix(n, m, mode, scale, corners, antialias):
    """(m, n): what each of m elements takes of n. Positions are exact."""
    w = np.zeros((m, n))
    for j in range(m):
        ratio = 1 / Fraction(scale) if scale else Fraction(n, m)
        if corners:
            ratio = Fraction(n - 1, max(m - 1, 1)) * (m > 1)
        at = j * ratio if corners else (j + HALF) * ratio - HALF
        if antialias:
            middle, width = ratio * (j + HALF), max(ratio, 1)
            reach, filter = (1, lambda t: max(0.0, 1 - abs(t))) if mode == "bilinear" else (2, lambda t: cubic(t, -0.5))
            for i in range(n):
                if abs(i + HALF - middle) <= reach * width:
                    w[j, i] = filter((i + HALF - middle) / width)
            w[j] /= w[j].sum()
        elif mode == "nearest":
            w[j, min(math.floor(j / Fraction(scale) if scale else Fraction(j * n, m)), n - 1)] = 1
        elif mode == "nearest-exact":
            w[j, min(math.floor((j + HALF) * ratio), n - 1)] = 1
        elif mode == "area":
            first, last = j * n // m, -((j + 1) * n // -m)
            w[j, first:last] = 1 / (last - first)
        elif mode == "bicubic":
            for i in range(math.floor(at) - 1, math.floor(at) + 3):
                w[j, min(max(i, 0), n - 1)] += cubic(at - i, -0.75)
        else:
            at = min(max(at, 0), n - 1)
            for i in {math.floor(at), math.ceil(at)}:
                w[j, i] = 1 - abs(at - i)
    return w


def interpolate(
    x, size=None, scale_factor=None, mode="nearest", align_corners=None, recompute_scale_factor=None, antialias=False
):
    axes = x.ndim - 2
    scales = [0.0] * axes
    if scale_factor is not None:
        scales = list(scale_factor) if isinstance(scale_factor, (list, tuple)) else [scale_factor] * axes
        size = tuple(math.floor(n * s + 1e-12) for n, s in zip(x.shape[2:], scales, strict=True))
    lengths = size if isinstance(size, (list, tuple)) else (size,) * axes
    for k in range(axes):
        scale = 0.0 if recompute_scale_factor else scales[k]
        w = matrix(x.shape[k + 2], lengths[k], mode, scale, bool(align_corners), antialias)
        x = np.moveaxis(np.tensordot(w, x, (1, k + 2)), 0, k + 2)
    return x


def resized(mode, *samples, **more):
    return OpCase(
        f"nn.functional.interpolate[{mode}]",
        interpolate,
        samples,
        fn=F.interpolate,
        dtypes=REAL,
        result="floating",
        tolerance=more.pop("tolerance", 16),
        **more,
    )


def refused(error, message, *args, **kwargs):
    return Raises(error, f"interpolate: {message}", lambda: F.interpolate(*args, **kwargs))


LINE, PLANE, SPACE = A((2, 3, 5)), A((2, 3, 5, 4)), A((1, 2, 3, 4, 2))
ONES = tw.ones((1, 1, 3, 4))

CASES = (
    OpCase(
        "nn.functional.interpolate",
        interpolate,
        (S(LINE, 7), S(A((1, 2, 3)), scale_factor=2.0), S(A((0, 2, 3)), 5), S(A((2, 0, 3, 3)), 5)),
        dtypes=REAL,
        result="floating",
        lengths=lambda n: S(A((2, 1, n)), 2 * n + 1, None, "linear"),
        large=S(A((2, 3, 120, 110)), (150, 130), None, "bilinear"),
        errors=(
            refused(ValueError, "needs size or scale_factor", ONES),
            refused(ValueError, "needs size or scale_factor", ONES, 3, 2.0),
            refused(ValueError, r"input has shape \(3, 4\), but needs \(N, C", tw.ones((3, 4)), 3),
            refused(ValueError, r"input .* mode \"linear\" needs .* one axis more", ONES, 3, mode="linear"),
            refused(ValueError, "mode is 'cubic', but must be", ONES, 3, mode="cubic"),
            refused(ValueError, "size has 3 entries for 2 axes", ONES, (1, 2, 3)),
            refused(ValueError, "axis 2 of input .* would be of length 0", ONES, (0, 1)),
            refused(ValueError, "axis 2 of input .* would be of length 1", tw.ones((1, 1, 0)), 1),
            refused(ValueError, "axis 2 of input .* would be of length 0", ONES, None, 0.3),
            refused(ValueError, "scale_factor is -1.0", ONES, None, -1.0),
            refused(ValueError, "scale_factor has 1 entries", ONES, None, (2.0,)),
            refused(ValueError, 'align_corners is given, but mode "nearest"', ONES, 3, align_corners=False),
            refused(ValueError, "recompute_scale_factor is True, but size", ONES, 3, recompute_scale_factor=True),
            refused(ValueError, 'antialias is for "bilinear"', ONES, 3, antialias=True),
            refused(TypeError, "input has dtype complex64", tw.ones((1, 1, 3), dtype="complex64"), 3),
            refused(TypeError, "an entry of size is 1.5, but must be an integer", ONES, (1.5, 2)),
        ),
    ),
    resized(
        "nearest", S(PLANE, (3, 9)), S(SPACE, (2, 5, 3)), S(LINE, None, 1.3), S(LINE, None, 1.3, "nearest", None, True)
    ),
    resized("nearest-exact", S(PLANE, (3, 9), None, "nearest-exact"), S(LINE, None, 1.7, "nearest-exact")),
    resized(
        "linear",
        *(S(LINE, 7, None, "linear"), S(LINE, 3, None, "linear"), S(LINE, 9, None, "linear", True)),
        *(S(LINE, None, 1.5, "linear"), S(LINE, None, 1.5, "linear", False, True), S(LINE, None, 1.1, "linear")),
        *(
            S(LINE, 1, None, "linear", True),
            S(A((2, 3, 1)), 4, None, "linear"),
            S(A((2, 3, 1)), 4, None, "linear", True),
        ),
    ),
    resized(
        "bilinear",
        *(S(PLANE, (7, 2), None, "bilinear"), S(PLANE, (3, 8), None, "bilinear", True)),
        S(PLANE, None, (1.5, 0.6), "bilinear", False),
        lengths=lambda n: S(A((1, 2, 3, n)), (5, n), None, "bilinear"),
    ),
    resized("trilinear", S(SPACE, (2, 5, 3), None, "trilinear"), S(SPACE, (5, 3, 1), None, "trilinear", True)),
    resized(
        "bicubic",
        *(S(PLANE, (7, 2), None, "bicubic"), S(PLANE, (3, 8), None, "bicubic", True), S(PLANE, None, 1.4, "bicubic")),
        tolerance=64,
    ),
    resized("area", S(PLANE, (2, 7), None, "area"), S(SPACE, (2, 2, 3), None, "area"), S(LINE, None, 0.7, "area")),
    resized(
        "antialias",
        *(S(PLANE, (2, 7), None, "bilinear", None, None, True), S(PLANE, (2, 3), None, "bicubic", None, None, True)),
        *(S(PLANE, (1, 3), None, "bilinear", True, None, True), S(PLANE, None, 0.7, "bicubic", False, None, True)),
    ),
)
