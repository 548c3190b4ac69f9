"""Convolutions of one to three axes, and transposed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..._engine import arguments
from ..._functions.conv import conv, conv_transpose
from ..._functions.manipulation import expand_dims, squeeze
from ._docstrings import joined, sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._engine.tensor import Tensor

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

F = TypeVar("F", bound="Callable[..., Any]")
Sizes = tuple[int, ...]

_MOST = 2**59 - 1  # elements of an array


def shaped(op: str, name: str, value: Any, axes: int, channels: str) -> Any:
    """An array of `axes` spatial axes after two others, or of input without the first, as its shape says."""
    x = value if arguments.has_axes(value) else arguments.array(op, name, value)
    if x.ndim == axes + 2 or (name == "input" and x.ndim == axes + 1):
        return x
    extents = ", ".join(("length",) if axes == 1 else ("depth", "height", "width")[3 - axes :])
    if name == "weight":
        extents = ", ".join(("k",) if axes == 1 else ("kd", "kh", "kw")[3 - axes :])
    batch = ", the first axis being optional" if name == "input" else ""
    shape = tuple(x.shape)
    raise ValueError(f"{op}: {name} {shape} has {x.ndim} axes, but must be ({channels}, {extents}){batch}")


def paddings(op: str, padding: Any, weight: Any, stride: Sizes, dilation: Sizes) -> Sizes:
    """Elements before and behind each axis."""
    axes = len(stride)
    if not isinstance(padding, str):
        before = arguments.per_axis(op, "padding", padding, axes, at_least=0)
        return tuple([size for size in before for _ in range(2)])
    if arguments.option(op, "padding", padding, ("valid", "same")) == "valid":
        return (0, 0) * axes
    if stride != (1,) * axes:
        raise ValueError(f'{op}: padding is "same", but stride is {stride}; needs a stride of 1')
    return same_padding(weight.shape[2:], dilation)


def same_padding(kernel: Any, dilation: Sizes) -> Sizes:
    """Elements before and behind each axis with which a result is as long as the input."""
    spans = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple([size for span in spans for size in (span // 2, span - span // 2)])


def _conv(
    axes: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> Tensor:
    op = f"conv{axes}d"
    x = shaped(op, "input", input, axes, "batch, channels")
    weight = shaped(op, "weight", weight, axes, "out channels, in channels / groups")
    strides = arguments.per_axis(op, "stride", stride, axes, at_least=1)
    dilations = arguments.per_axis(op, "dilation", dilation, axes, at_least=1)
    groups = arguments.integer(op, "groups", groups, at_least=1, at_most=_MOST)
    bias = bias if bias is None or arguments.has_axes(bias) else arguments.array(op, "bias", bias)
    window = (strides, paddings(op, padding, weight, strides, dilations), dilations, groups)
    if x.ndim == axes + 2:
        return conv(x, weight, bias, *window)
    return squeeze(conv(expand_dims(x, axis=0), weight, bias, *window), axis=0)


def transposed_padding(
    op: str, padding: Any, output_padding: Any, stride: Sizes, dilation: Sizes
) -> tuple[Sizes, Sizes]:
    """Elements before and behind each axis, those that `output_padding` adds to the result taken off; and that."""
    axes = len(stride)
    before = arguments.per_axis(op, "padding", padding, axes, at_least=0)
    added = arguments.per_axis(op, "output_padding", output_padding, axes, at_least=0)
    if any(a >= max(s, d) for a, s, d in zip(added, stride, dilation, strict=True)):
        raise ValueError(
            f"{op}: output_padding is {added}, but must be less than stride {stride} or dilation {dilation}"
        )
    return tuple([size for p, a in zip(before, added, strict=True) for size in (p, p - a)]), added


def _extents(op: str, x: Any, weight: Any, stride: Sizes, padding: Sizes, dilation: Sizes, added: Sizes) -> Sizes:
    """Those of a transposed convolution's result."""
    pixels, kernel = x.shape[-len(stride) :], weight.shape[2:]
    lengths = zip(pixels, kernel, stride, padding[::2], padding[1::2], dilation, strict=True)
    extents = tuple([(n - 1) * s + d * (k - 1) + 1 - begin - end for n, k, s, begin, end, d in lengths])
    if any(extent < 0 for extent in extents):
        raise ValueError(
            f"{op}: input {tuple(x.shape)} and weight {tuple(weight.shape)} would give the size {extents}, with stride"
            f" {stride}, padding {padding[::2]}, dilation {dilation} and output_padding {added}"
        )
    if any(extent > _MOST for extent in extents):
        raise ValueError(f"{op}: the result would have the size {extents}, more than can be addressed")
    return extents


def _conv_transpose(
    axes: int,
    input: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: Any,
    dilation: Any,
) -> Tensor:
    op = f"conv_transpose{axes}d"
    x = shaped(op, "input", input, axes, "batch, channels")
    weight = shaped(op, "weight", weight, axes, "in channels, out channels / groups")
    strides = arguments.per_axis(op, "stride", stride, axes, at_least=1)
    dilations = arguments.per_axis(op, "dilation", dilation, axes, at_least=1)
    groups = arguments.integer(op, "groups", groups, at_least=1, at_most=_MOST)
    bias = bias if bias is None or arguments.has_axes(bias) else arguments.array(op, "bias", bias)
    pads, added = transposed_padding(op, padding, output_padding, strides, dilations)
    window = (_extents(op, x, weight, strides, pads, dilations, added), strides, pads, dilations, groups)
    if x.ndim == axes + 2:
        return conv_transpose(x, weight, bias, *window)
    return squeeze(conv_transpose(expand_dims(x, axis=0), weight, bias, *window), axis=0)


_PARAMETERS = """
input : array-like, shape (batch, channels, {pixels}) or (channels, {pixels})
    Any strides; rows that are contiguous are read where they lie.
weight : array-like, shape (filters, channels / groups, {taps})
bias : array-like, shape (filters,), optional
stride : {sizes}
    Steps from one place of the kernel to the next.
padding : {sizes}, "valid" or "same"
    Zeros on both sides of each axis. "valid" is none. With "same", for a stride of 1, the result is as large as
    `input`; where the number of zeros is odd, the extra one is at the end.
dilation : {sizes}
    Steps from one element of the kernel to the next.
groups : int
    Into how many groups channels and filters are divided. The filters of a group see only its channels."""

_TRANSPOSED_PARAMETERS = """
input : array-like, shape (batch, channels, {pixels}) or (channels, {pixels})
weight : array-like, shape (channels, filters / groups, {taps})
bias : array-like, shape (filters,), optional
stride : {sizes}
    Steps between the places of neighbouring elements.
padding : {sizes}
    Elements of the result that are cut off on both sides of each axis.
output_padding : {sizes}
    Extra elements at the end of each axis, fewer than the stride or the dilation. They only choose a size: with a
    stride, `conv{axes}d` reduces inputs of several sizes to the same one.
groups : int
    Into how many groups channels and filters are divided. The channels of a group reach only its filters.
dilation : {sizes}
    Steps from one element of the kernel to the next."""

_NOTES = """
`y[f, o] = bias[f] + sum over c, t of weight[f, c, t] x[c, o stride + t dilation - padding]`: correlation, as all
frameworks call convolution. float16 and bfloat16 add up in float32. The matrix of which a convolution is a product
(im2col) is never in memory: each thread holds a panel of it."""

_TRANSPOSED_NOTES = """
The gradient of `conv{axes}d` with respect to its input, of the same weight: element i adds `weight[c, f, t] x[c, i]` to
`y[f, i stride + t dilation - padding]`. It is computed as convolutions of stride 1, one for each place that a result
can have between two steps, with those taps of the kernel that reach it."""


def _documented(function: F) -> F:
    """Completes the docstring of a convolution: all sections but the examples."""
    if function.__doc__ is None:  # python -OO
        return function
    name = function.__name__
    transposed, axes = "transpose" in name, int(name[-2])
    pixels, taps = ("l", "k") if axes == 1 else ("d, h, w"[9 - 3 * axes :], "kd, kh, kw"[12 - 4 * axes :])
    words = {"pixels": pixels, "taps": taps, "axes": axes}
    words["sizes"] = "int or tuple" if axes == 1 else f"int or tuple of {axes}"
    length = "(extent + 2 padding - dilation (kernel - 1) - 1) // stride + 1"
    wrong = "the kernel spans more than the padded input"
    if transposed:
        length = "(extent - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1"
        wrong = "the result would have a negative size"
    function.__doc__ = joined(
        {
            **sections(function.__doc__),
            "Parameters": (_TRANSPOSED_PARAMETERS if transposed else _PARAMETERS).format(**words),
            "Returns": f"Tensor, shape (batch, filters, ...) or (filters, ...)\n    Along each axis `{length}`.",
            "Raises": f"ValueError\n    Where shapes do not fit, {wrong}, or a number is out of range.\n"
            "TypeError\n    Where operands are not floating, and for numbers of another kind.",
            "Notes": (_TRANSPOSED_NOTES if transposed else _NOTES).format(**words),
            "References": "V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning, 2016.",
        }
    )
    return function


@_documented
def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of sequences: the sum of products of a kernel and the elements that it lies on, at every place.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.conv1d([[[1.0, 2.0, 3.0, 4.0]]], [[[1.0, 1.0]]])
    tensor([[[3., 5., 7.]]])
    >>> tw.nn.functional.conv1d([[1.0, 2.0, 3.0]], [[[1.0, 0.0, -1.0]]], padding="same")
    tensor([[-2., -2.,  2.]])
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


@_documented
def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of images: the sum of products of a kernel and the elements that it lies on, at every place.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, weight = tw.ones((1, 1, 3, 3)), tw.ones((1, 1, 3, 3))
    >>> tw.nn.functional.conv2d(x, weight, padding=1)
    tensor([[[[4., 6., 4.],
              [6., 9., 6.],
              [4., 6., 4.]]]])
    >>> tw.nn.functional.conv2d(tw.ones((8, 3, 32, 32)), tw.ones((16, 3, 3, 3)), stride=2, padding=1).shape
    (8, 16, 16, 16)
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


@_documented
def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Convolution of volumes: the sum of products of a kernel and the elements that it lies on, at every place.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.conv3d(tw.ones((2, 3, 8, 16, 16)), tw.ones((4, 3, 3, 3, 3)), stride=(1, 2, 2)).shape
    (2, 4, 6, 7, 7)
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups)


@_documented
def conv_transpose1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution of sequences: each element adds the kernel, times itself, to the place that it stands for.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 1.0, 1.0]]], stride=2)
    tensor([[[1., 1., 3., 2., 2.]]])
    """
    return _conv_transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@_documented
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution of images: each element adds the kernel, times itself, to the place that it stands for.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.conv_transpose2d(tw.ones((8, 16, 7, 7)), tw.ones((16, 3, 4, 4)), stride=2, padding=1).shape
    (8, 3, 14, 14)
    """
    return _conv_transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@_documented
def conv_transpose3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """Transposed convolution of volumes: each element adds the kernel, times itself, to the place that it stands for.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.conv_transpose3d(tw.ones((1, 4, 3, 3, 3)), tw.ones((4, 2, 2, 2, 2)), stride=2).shape
    (1, 2, 6, 6, 6)
    """
    return _conv_transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation)
