"""Windows of images as columns (im2col), and columns added up to images (col2im)."""

from __future__ import annotations

from typing import Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.folding import fold as fold_op, unfold as unfold_op
from ..._functions.padding import _pad

__all__ = ["fold", "unfold"]


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """All windows of images, each as a column (im2col).

    Parameters
    ----------
    input : array-like, shape (N, C, H, W) or (C, H, W)
        Images.
    kernel_size : int or pair of int
        Height and width of a window.
    dilation : int or pair of int
        From one of its elements to the next.
    padding : int or pair of int
        Zeros at each end of the height and of the width.
    stride : int or pair of int
        From one window to the next.

    Returns
    -------
    Tensor, shape (N, C * kh * kw, L) or (C * kh * kw, L)
        L windows in the order of their rows and columns. Of a channel come all elements of a window, row by row.

    Raises
    ------
    ValueError
        For another number of axes, a window longer than a padded image, and sizes that are not positive or a padding
        that is negative.
    TypeError
        For sizes that are no integers.

    Notes
    -----
    There are `L = prod(floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1)` windows. A convolution
    is the product of its weights as a matrix, (filters, C kh kw), with the columns.

    See Also
    --------
    tilewright.nn.functional.fold : The adjoint.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.unfold(tw.reshape(tw.arange(9), (1, 1, 3, 3)), 2)
    tensor([[[0, 1, 3, 4],
             [1, 2, 4, 5],
             [3, 4, 6, 7],
             [4, 5, 7, 8]]])
    """
    x = arguments.array("unfold", "input", input)
    kernel, dilated, padded, strided = options("unfold", kernel_size, dilation, padding, stride)
    if x.ndim not in (3, 4):
        raise ValueError(f"unfold: input has shape {x.shape}, but needs (N, C, H, W) or (C, H, W)")
    batch = x if x.ndim == 4 else x[None]
    _check("unfold", batch.shape[2:], kernel, dilated, padded)
    if any(padded):
        batch = _pad(batch, (0, 0, *padded), (0, 0, *padded), "constant", 0)
    columns = unfold_op(batch, kernel, dilated, strided)
    return columns if x.ndim == 4 else columns[0]


def fold(
    input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up to images, each as a window (col2im): the adjoint of `unfold`.

    Parameters
    ----------
    input : array-like, shape (N, C * kh * kw, L) or (C * kh * kw, L)
        A column for each window, as `unfold` gives them.
    output_size : int or pair of int
        Height and width of the images.
    kernel_size : int or pair of int
        Height and width of a window.
    dilation : int or pair of int
        From one of its elements to the next.
    padding : int or pair of int
        What is left out at each end of the height and of the width.
    stride : int or pair of int
        From one window to the next.

    Returns
    -------
    Tensor, shape (N, C, H, W) or (C, H, W)
        Where windows overlap, they are added: `fold(unfold(x))` is not x.

    Raises
    ------
    ValueError
        For another number of axes, rows that are no multiple of a window's elements, another number of columns than
        there are windows, a window longer than a padded image, and sizes that are not positive or a padding that is
        negative.
    TypeError
        For sizes that are no integers, and bool, which is not added.

    See Also
    --------
    tilewright.nn.functional.unfold : The adjoint, with the number of windows.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.fold(tw.ones((1, 4, 4)), 3, 2)
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    x = arguments.array("fold", "input", input)
    kernel, dilated, padded, strided = options("fold", kernel_size, dilation, padding, stride)
    size = arguments.per_axis("fold", "output_size", output_size, 2, at_least=0)
    if x.ndim not in (2, 3):
        raise ValueError(f"fold: input has shape {x.shape}, but needs (N, C kh kw, L) or (C kh kw, L)")
    _check("fold", size, kernel, dilated, padded)
    whole = tuple([n + 2 * p for n, p in zip(size, padded, strict=True)])
    batch = fold_op(x if x.ndim == 3 else x[None], whole, kernel, dilated, strided)
    if any(padded):
        less = (0, 0, *[-p for p in padded])
        batch = _pad(batch, less, less, "constant", 0)
    return batch if x.ndim == 3 else batch[0]


def options(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[tuple[int, ...], ...]:
    """How windows lie: kernel, dilation, padding and stride."""
    return (
        arguments.per_axis(op, "kernel_size", kernel_size, 2, at_least=1),
        arguments.per_axis(op, "dilation", dilation, 2, at_least=1),
        arguments.per_axis(op, "padding", padding, 2, at_least=0),
        arguments.per_axis(op, "stride", stride, 2, at_least=1),
    )


def _check(op: str, size: tuple[int, ...], kernel: Any, dilation: Any, padding: Any) -> None:
    for n, k, d, p in zip(size, kernel, dilation, padding, strict=True):
        if d * (k - 1) + 1 > n + 2 * p:
            raise ValueError(
                f"{op}: a window of kernel_size {kernel} with dilation {dilation} does not fit into {size} "
                f"with padding {padding}"
            )
