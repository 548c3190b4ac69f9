"""Resizing of images: upsampling and downsampling."""

from __future__ import annotations

import math
from typing import Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.manipulation import astype
from ..._functions.resampling import resample
from ._checks import operands

__all__ = ["interpolate"]

# What each mode does along an axis, and for how many axes it is; None: 1 to 3.
MODES = {
    "nearest": ("nearest", None),
    "nearest-exact": ("nearest_exact", None),
    "area": ("area", None),
    "linear": ("linear", 1),
    "bilinear": ("linear", 2),
    "trilinear": ("linear", 3),
    "bicubic": ("cubic", 2),
}
_CORNERS = ("linear", "bilinear", "trilinear", "bicubic")
_ANTIALIASED = ("bilinear", "bicubic")
_FACTOR = 4 * 2.0**-52  # relative error of a length that is worked out


def interpolate(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize the axes behind the channels.

    Parameters
    ----------
    input : array-like, shape (N, C, ..)
        One to three axes behind the channels; integers become floating.
    size : int or sequence of int, optional
        Their new lengths; one number for all.
    scale_factor : float or sequence of float, optional
        New length for each old one, in place of `size`: lengths are rounded down.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"}
        How: see Notes. "linear" is for one axis, "bilinear" and "bicubic" for two, "trilinear" for three.
    align_corners : bool, optional
        Of the linear and cubic modes: whether the middles of the first and last elements stay where they are, rather
        than the ends of the axis. False by default.
    recompute_scale_factor : bool, optional
        With `scale_factor`: whether positions follow from the lengths, not from the factor that was given.
    antialias : bool
        Of "bilinear" and "bicubic": whether the filter is as wide as an element of the result where that is wider than
        one of `input`, so that nothing is left out.

    Returns
    -------
    Tensor, shape (N, C, ..)
        Dtype of `input`.

    Raises
    ------
    ValueError
        For another number of axes, a mode that there is not, lengths that are not positive or have no elements to come
        from, `size` and `scale_factor` both or neither, and options that the mode does not have.
    TypeError
        For complex numbers, and options of another kind.

    Notes
    -----
    With n elements along an axis and m in the result, the middle of element j of the result is at
    `(j + 1/2) / scale - 1/2`, counted from the middle of the first element. `scale` is the factor where one is given
    and not recomputed, else m / n: they differ where m is rounded down, and then the end of the axis is cut off. With
    `align_corners` it is at `j (n - 1) / (m - 1)`, whatever the factor. (In PyTorch "nearest" and the linear modes
    ignore a factor that leaves the length as it is; here no factor is ignored.)

    - "nearest" takes element `floor(j / scale)`, left of the middle; "nearest-exact" the one that the middle is in.
    - "linear" weights the two elements around it, "bicubic" four by cubic convolution with a = -0.75. Beyond the ends
      are the elements there.
    - "area" is the mean of those that j covers at least in part, from `floor(j n / m)` to before `ceil((j + 1) n / m)`.
    - `antialias`: a triangle, or cubic convolution with a = -0.5, over all that is near, with weights that add up to 1.

    A product `n * scale_factor` that rounding keeps just below an integer counts as that: 88 elements by 120 / 88 are
    120.

    References
    ----------
    R. G. Keys, Cubic Convolution Interpolation for Digital Image Processing, IEEE Transactions on Acoustics, Speech,
    and Signal Processing 29(6), 1981.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.interpolate([[[0.0, 1.0, 2.0]]], 6, mode="linear")
    tensor([[[0.  , 0.25, 0.75, 1.25, 1.75, 2.  ]]])
    >>> tw.nn.functional.interpolate([[[0.0, 1.0, 2.0]]], scale_factor=2.0)
    tensor([[[0., 0., 1., 1., 2., 2.]]])
    """
    (x,) = operands("interpolate", input=arguments.array("interpolate", "input", input))
    axes = x.ndim - 2
    mode, kind = _checked_mode(x.shape, mode)
    corners = align_corners is not None and arguments.flag("interpolate", "align_corners", align_corners)
    recompute = recompute_scale_factor is not None and arguments.flag(
        "interpolate", "recompute_scale_factor", recompute_scale_factor
    )
    if align_corners is not None and mode not in _CORNERS:
        raise ValueError(f'interpolate: align_corners is given, but mode "{mode}" has none')
    if arguments.flag("interpolate", "antialias", antialias):
        if mode not in _ANTIALIASED:
            raise ValueError(f'interpolate: antialias is for "bilinear" and "bicubic", but mode is "{mode}"')
        kind = f"smooth_{kind}"
    lengths, scales = _lengths(x.shape[2:], size, scale_factor, recompute)
    for axis, (old, new) in enumerate(zip(x.shape[2:], lengths, strict=True), 2):
        if new < 1 or old < 1:
            raise ValueError(
                f"interpolate: axis {axis} of input {x.shape} would be of length {new}: both must be positive"
            )
    dtype = x.dtype
    y = astype(x, "float32") if dtype.itemsize == 2 and axes > 1 else x
    for axis in _order(x.shape[2:], lengths):
        if lengths[axis] != x.shape[axis + 2] or scales[axis] not in (0, 1):
            y = resample(y, axis + 2, lengths[axis], kind, scales[axis], corners, False)
    return astype(y, dtype, copy=y is x)


def _checked_mode(shape: tuple[int, ...], mode: Any) -> tuple[str, str]:
    mode = arguments.option("interpolate", "mode", mode, MODES)
    kind, needed = MODES[mode]
    axes = len(shape) - 2
    if not 1 <= axes <= 3:
        raise ValueError(f"interpolate: input has shape {shape}, but needs (N, C, ..) and one to three axes more")
    if needed not in (None, axes):
        more = "one axis" if needed == 1 else f"{needed} axes"
        raise ValueError(f'interpolate: input has shape {shape}, but mode "{mode}" needs (N, C, ..) and {more} more')
    return mode, kind


def _lengths(
    old: tuple[int, ...], size: Any, scale_factor: Any, recompute: bool
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The new lengths, and the factors that positions follow from: 0 where the lengths say it."""
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate: needs size or scale_factor, one of them")
    if size is not None:
        if recompute:
            raise ValueError("interpolate: recompute_scale_factor is True, but size is given, not scale_factor")
        lengths = arguments.integers("interpolate", "size", size)
        if len(lengths) == 1 and arguments.is_integer(size):
            lengths *= len(old)
        if len(lengths) != len(old):
            raise ValueError(f"interpolate: size has {len(lengths)} entries for {len(old)} axes")
        return lengths, (0.0,) * len(old)
    scales = factors("interpolate", scale_factor, len(old))
    lengths = tuple([_floor(n * scale) for n, scale in zip(old, scales, strict=True)])
    return lengths, (0.0,) * len(old) if recompute else scales


def factors(op: str, scale_factor: Any, axes: int) -> tuple[float, ...]:
    """One positive factor for each axis; one number is for all."""
    if isinstance(scale_factor, (list, tuple)) or arguments.has_axes(scale_factor):
        scales = arguments.numbers(op, "scale_factor", scale_factor, axes)
    else:
        scales = (arguments.number(op, "scale_factor", scale_factor),) * axes
    for scale in scales:
        if not 0 < scale < math.inf:
            raise ValueError(f"{op}: scale_factor is {scale}, but must be positive and finite")
    return scales


def _floor(length: float) -> int:
    if length >= 2.0**59:
        raise ValueError(f"interpolate: a length of {length:g} is beyond any array")
    nearest = round(length)
    return nearest if abs(length - nearest) <= _FACTOR * length else math.floor(length)


def _order(old: tuple[int, ...], new: tuple[int, ...]) -> list[int]:
    """Axes that shrink first, then those that grow from the last to the first: what lies between is small."""
    grows = [m > n for n, m in zip(old, new, strict=True)]
    return [k for k, grow in enumerate(grows) if not grow] + [k for k, grow in enumerate(grows) if grow][::-1]
