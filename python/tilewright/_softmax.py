"""Softmax, its logarithm and cross-entropy: fused kernels, forward and backward. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._op import primitive

if TYPE_CHECKING:
    from ._tensor import Tensor


@primitive
def softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`exp(x) / sum(exp(x))` along an axis."""


@primitive
def log_softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`x - log(sum(exp(x)))` along an axis."""


@primitive(keeps=("saved",))
def cross_entropy(  # type: ignore[empty-body]
    x: Any, /, target: Any, weight: Any, ignore_index: int, label_smoothing: float, reduction: str
) -> Tensor:
    """Cross-entropy of logits (N, C, ..) and classes (N, ..), both bare arrays as is the weight (C,) or None."""


# ---- the kernels of their gradients, ops in their own right so that gradients can be differentiated ------------------


@primitive
def softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`y * (g - sum(g * y))`."""


@primitive
def log_softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`g - exp(y) * sum(g)`."""
