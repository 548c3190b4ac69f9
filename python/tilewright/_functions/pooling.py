"""Pooling: the ops behind the functions of `nn.functional`, for one to three spatial axes.

Sizes are tuples with an entry for each spatial axis. What stands for windows is of shape (.., windows), else (..,
spatial). The linear ones are closed under differentiation: each is the transpose of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

Sizes = tuple[int, ...]


@primitive(keeps=("places",))
def max_pool(  # type: ignore[empty-body]
    x: Any, /, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Tensor:
    """The largest element of each window. Keeps where it is, in a byte for windows of up to 256 elements."""


@primitive(results=("y", "indices"))
def max_pool_with_indices(
    x: Any, /, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Any:
    """The largest element of each window, and its position in the plane, in C order."""


@primitive(keeps=("places",))
def adaptive_max_pool(x: Any, /, output_size: Sizes) -> Tensor:  # type: ignore[empty-body]
    """The largest element of each window, from floor(i n / m) to ceil((i + 1) n / m). Keeps its position."""


@primitive(results=("y", "indices"))
def adaptive_max_pool_with_indices(x: Any, /, output_size: Sizes) -> Any:
    """The same, and the positions in the plane, in C order."""


@primitive(conditions=("places",))
def _max_pool_scatter(  # type: ignore[empty-body]
    x: Any,
    places: Any,
    /,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    """Numbers of windows, added up at their places. Places that are positions need no sizes, the kernel may be ()."""


@primitive(conditions=("places",))
def _max_pool_gather(  # type: ignore[empty-body]
    x: Any,
    places: Any,
    /,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> Tensor:
    """For each window the element at its place."""


@primitive
def avg_pool(  # type: ignore[empty-body]
    x: Any, /, kernel: Sizes, stride: Sizes, padding: Sizes, ceil_mode: bool, count_include_pad: bool, divisor: int
) -> Tensor:
    """The sum of each window over `divisor`, or over its number of elements where that is 0."""


@primitive
def _avg_pool_backward(  # type: ignore[empty-body]
    x: Any,
    /,
    spatial: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Sizes,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int,
) -> Tensor:
    """The transpose of `avg_pool`."""


@primitive
def adaptive_avg_pool(x: Any, /, output_size: Sizes) -> Tensor:  # type: ignore[empty-body]
    """The mean of each window, from floor(i n / m) to ceil((i + 1) n / m)."""


@primitive
def _adaptive_avg_pool_backward(x: Any, /, spatial: Sizes) -> Tensor:  # type: ignore[empty-body]
    """The transpose of `adaptive_avg_pool`."""
