"""Pooling: one number for each window of the last one, two or three axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._functions import pooling as ops
from . import _windows as shared
from ._windows import documented

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor
    from ._windows import Size

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


@documented("max", 1)
def max_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.max_pool1d(tw.arange(6.0)[None], 2)
    tensor([[1., 3., 5.]])
    """
    return shared.max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@documented("max", 2)
def max_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.max_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    return shared.max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@documented("max", 3)
def max_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of the last three axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.max_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 2)
    tensor([[[[7.]]]])
    """
    return shared.max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@documented("avg", 1)
def avg_pool1d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of the last axis, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.avg_pool1d(tw.arange(6.0)[None], 2)
    tensor([[0.5, 2.5, 4.5]])
    """
    return shared.avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


@documented("avg", 2)
def avg_pool2d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last two axes, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.avg_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 2)
    tensor([[[ 2.5,  4.5],
             [10.5, 12.5]]])
    """
    return shared.avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@documented("avg", 3)
def avg_pool3d(
    input: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of the last three axes, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.avg_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 2)
    tensor([[[[3.5]]]])
    """
    return shared.avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@documented("lp", 1)
def lp_pool1d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of the last axis, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.lp_pool1d(tw.arange(6.0)[None], 1, 2)
    tensor([[1., 5., 9.]])
    """
    return shared.lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


@documented("lp", 2)
def lp_pool2d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of the last two axes, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.lp_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 1, 2)
    tensor([[[10., 18.],
             [42., 50.]]])
    """
    return shared.lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


@documented("lp", 3)
def lp_pool3d(
    input: Any, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
) -> Tensor:
    """The p-norm of each window of the last three axes, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.lp_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 1, 2)
    tensor([[[[28.]]]])
    """
    return shared.lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


@documented("adaptive_max", 1)
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of so many windows, which cover the last axis evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_max_pool1d(tw.arange(6.0)[None], 1)
    tensor([[5.]])
    """
    return shared.adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices)


@documented("adaptive_max", 2)
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of so many windows, which cover the last two axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_max_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 1)
    tensor([[[15.]]])
    """
    return shared.adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices)


@documented("adaptive_max", 3)
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The largest element of each of so many windows, which cover the last three axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_max_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 1)
    tensor([[[[7.]]]])
    """
    return shared.adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices)


@documented("adaptive_avg", 1)
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Tensor:
    """The mean of each of so many windows, which cover the last axis evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_avg_pool1d(tw.arange(6.0)[None], 1)
    tensor([[2.5]])
    """
    return ops.adaptive_avg_pool(*shared.adaptive("adaptive_avg_pool1d", 1, input, output_size))


@documented("adaptive_avg", 2)
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Tensor:
    """The mean of each of so many windows, which cover the last two axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_avg_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 1)
    tensor([[[7.5]]])
    """
    return ops.adaptive_avg_pool(*shared.adaptive("adaptive_avg_pool2d", 2, input, output_size))


@documented("adaptive_avg", 3)
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Tensor:
    """The mean of each of so many windows, which cover the last three axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.adaptive_avg_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 1)
    tensor([[[[3.5]]]])
    """
    return ops.adaptive_avg_pool(*shared.adaptive("adaptive_avg_pool3d", 3, input, output_size))


@documented("unpool", 1)
def max_unpool1d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | None = None,
) -> Tensor:
    """Numbers put where `max_pool1d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.functional.max_pool1d(tw.arange(6.0)[None], 2, return_indices=True)
    >>> tw.nn.functional.max_unpool1d(y, indices, 2)
    tensor([[0., 1., 0., 3., 0., 5.]])
    """
    return shared.max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@documented("unpool", 2)
def max_unpool2d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | None = None,
) -> Tensor:
    """Numbers put where `max_pool2d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.functional.max_pool2d(tw.reshape(tw.arange(16.0), (1, 4, 4)), 2, return_indices=True)
    >>> tw.nn.functional.max_unpool2d(y, indices, 2)
    tensor([[[ 0.,  0.,  0.,  0.],
             [ 0.,  5.,  0.,  7.],
             [ 0.,  0.,  0.,  0.],
             [ 0., 13.,  0., 15.]]])
    """
    return shared.max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@documented("unpool", 3)
def max_unpool3d(
    input: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: tuple[int, ...] | None = None,
) -> Tensor:
    """Numbers put where `max_pool3d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.functional.max_pool3d(tw.reshape(tw.arange(8.0), (1, 2, 2, 2)), 2, return_indices=True)
    >>> tw.nn.functional.max_unpool3d(y, indices, 2).shape
    (1, 2, 2, 2)
    """
    return shared.max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
