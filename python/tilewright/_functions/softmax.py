"""Softmax and its logarithm: fused kernels, forward and backward. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .exponential import exp, log
from .reductions import max, sum

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _softmax(x: Tensor, axis: int) -> Tensor:
    e = exp(x - max(x.detach(), axis=axis, keepdims=True))
    return e / sum(e, axis=axis, keepdims=True)


@primitive(composed=_softmax)
def softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`exp(x) / sum(exp(x))` along an axis."""


def _log_softmax(x: Tensor, axis: int) -> Tensor:
    shifted = x - max(x.detach(), axis=axis, keepdims=True)
    return shifted - log(sum(exp(shifted), axis=axis, keepdims=True))


@primitive(composed=_log_softmax)
def log_softmax(x: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """`x - log(sum(exp(x)))` along an axis."""


# ---- the kernels of their gradients, ops in their own right so that gradients can be differentiated ------------------


@primitive(composed=lambda g, y, axis: y * (g - sum(g * y, axis=axis, keepdims=True)))
def softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """From the cotangent of the result y to that of the argument."""


@primitive(composed=lambda g, y, axis: g - exp(y) * sum(g, axis=axis, keepdims=True))
def log_softmax_backward(g: Any, y: Any, /, axis: int) -> Tensor:  # type: ignore[empty-body]
    """From the cotangent of the result y to that of the argument."""
