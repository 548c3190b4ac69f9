"""Activation functions: each a fused kernel, forward and backward. Public as `tilewright.nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import primitive
from .elementwise import elementwise

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@elementwise("same")
def relu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Rectified linear unit, `max(x, 0)`; its gradient at 0 is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.relu([-1.0, 2.0])
    tensor([0., 2.])
    """


@elementwise("floating")
def sigmoid(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Logistic function, `1 / (1 + exp(-x))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.sigmoid([0.0, 100.0])
    tensor([0.5, 1. ])
    """


@elementwise("floating")
def silu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Sigmoid linear unit (swish), `x * sigmoid(x)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.silu([0.0, 50.0])
    tensor([ 0., 50.])
    """


@elementwise("floating")
def softplus(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """A smooth ReLU, `log(1 + exp(x))`, without overflow.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.softplus([-200.0, 200.0])
    tensor([  0., 200.])
    """


@primitive
def leaky_relu(x: Any, /, negative_slope: float) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `negative_slope * x`."""


@primitive
def elu(x: Any, /, alpha: float) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `alpha * (exp(x) - 1)`."""


@primitive
def gelu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x * Phi(x)` with the normal distribution function Phi."""


@primitive
def gelu_tanh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The tanh approximation of `gelu`."""


# Those that `linear` applies itself: name -> whether the derivative is computed from the argument, not the result.
FUSED: dict[str, bool] = _core.activations()


# ---- the kernels of their gradients, ops in their own right so that gradients can be differentiated ------------------


@primitive
def relu_backward(g: Any, y: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g` where `y > 0`, else 0."""


@primitive
def tanh_backward(g: Any, y: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * (1 - y^2)`."""


@primitive
def sigmoid_backward(g: Any, y: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * y * (1 - y)`."""


@primitive
def silu_backward(g: Any, x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * silu'(x)`."""


@primitive
def gelu_backward(g: Any, x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * gelu'(x)`."""


@primitive
def gelu_tanh_backward(g: Any, x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * gelu_tanh'(x)`."""


@primitive
def softplus_backward(g: Any, x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`g * sigmoid(x)`."""


@primitive
def leaky_relu_backward(g: Any, x: Any, /, negative_slope: float) -> Tensor:  # type: ignore[empty-body]
    """`g` where `x > 0`, else `negative_slope * g`."""


@primitive
def elu_backward(g: Any, x: Any, /, alpha: float) -> Tensor:  # type: ignore[empty-body]
    """`g` where `x > 0`, else `g * alpha * exp(x)`."""
