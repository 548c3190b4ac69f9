"""Softmax and its logarithm: fused kernels, forward and backward. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@primitive
def softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`exp(x) / sum(exp(x))` along an axis."""


@primitive
def log_softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`x - log(sum(exp(x)))` along an axis."""


# ---- the kernels of their gradients, ops in their own right so that gradients can be differentiated ------------------


@primitive
def softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`y * (g - sum(g * y))`."""


@primitive
def log_softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`g - exp(y) * sum(g)`."""
