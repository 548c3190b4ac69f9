"""Activation functions: each a fused kernel, forward and backward. Public in `nn.functional`.

Definitions (`composed=`) are smooth wherever the function is, and take the side of a kink that the kernel takes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import primitive
from .comparison import greater, less_equal
from .exponential import erf, exp, expm1, log1p
from .extrema import clip
from .indexing import where
from .trigonometric import tanh

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

_SQRT_HALF = math.sqrt(0.5)
_GELU_SCALE, _CUBIC = math.sqrt(2 / math.pi), 0.044715  # of gelu_tanh: tanh(scale (x + cubic x^3))
_FAR = 10.0  # from there on that is 1 in any dtype; a cube may overflow


@primitive(composed=lambda x: where(less_equal(x, 0), 0, x))
def relu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Rectified linear unit, `max(x, 0)`; its gradient at 0 is 0."""


@primitive(composed=lambda x: tanh(x * 0.5) * 0.5 + 0.5)
def sigmoid(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Logistic function, `1 / (1 + exp(-x))`, without overflow."""


def _silu(x: Tensor) -> Tensor:
    return x * sigmoid(x)


@primitive(composed=_silu)
def silu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Sigmoid linear unit (swish), `x * sigmoid(x)`."""


def _softplus(x: Tensor) -> Tensor:
    positive = greater(x, 0)
    return where(positive, x, 0.0) + log1p(exp(where(positive, -x, x)))


@primitive(composed=_softplus)
def softplus(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """A smooth ReLU, `log(1 + exp(x))`, without overflow."""


def _leaky_relu(x: Tensor, negative_slope: float) -> Tensor:
    return where(greater(x, 0), x, x * negative_slope)


@primitive(composed=_leaky_relu)
def leaky_relu(x: Any, /, negative_slope: float) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `negative_slope * x`."""


def _elu(x: Tensor, alpha: float) -> Tensor:
    positive = greater(x, 0)
    return where(positive, x, expm1(where(positive, 0.0, x)) * alpha)


@primitive(composed=_elu)
def elu(x: Any, /, alpha: float) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `alpha * (exp(x) - 1)`."""


def _gelu(x: Tensor) -> Tensor:
    return x * (erf(x * _SQRT_HALF) + 1) * 0.5


@primitive(composed=_gelu)
def gelu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x * Phi(x)` with the normal distribution function Phi."""


def _gelu_tanh(x: Tensor) -> Tensor:
    u = clip(x, -_FAR, _FAR)
    return x * (tanh((u + u * u * u * _CUBIC) * _GELU_SCALE) + 1) * 0.5


@primitive(composed=_gelu_tanh)
def gelu_tanh(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """The tanh approximation of `gelu`."""


# Those that `linear` applies itself: TW_ACTIVATIONS in csrc/backend/gemm_problem.h.
FUSED: dict[str, Any] = {name: globals()[name] if name != "none" else lambda z: z for name in _core.activations()}


# ---- the kernels of their gradients, ops in their own right so that gradients can be differentiated ------------------


def _silu_backward(g: Tensor, x: Tensor, /) -> Tensor:
    s = sigmoid(x)
    return g * (s * (x * (1 - s) + 1))


def _gelu_backward(g: Tensor, x: Tensor, /) -> Tensor:
    """Phi(x) + x phi(x)."""
    return g * (erf(x * _SQRT_HALF) * 0.5 + x * exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)) + 0.5)


def _gelu_tanh_backward(g: Tensor, x: Tensor, /) -> Tensor:
    u = clip(x, -_FAR, _FAR)
    t = tanh((u + u * u * u * _CUBIC) * _GELU_SCALE)
    return g * (t + u * (1 - t * t) * (u * u * (3 * _CUBIC) + 1) * _GELU_SCALE + 1) * 0.5


def _elu_backward(g: Tensor, x: Tensor, /, alpha: float) -> Tensor:
    positive = greater(x, 0)
    return where(positive, g, g * exp(where(positive, 0.0, x)) * alpha)


# THE table of activations: from the cotangent of the result to that of the argument, by way of the result y or of the
# argument x. Each is an op with the kernel `<name>_backward`.
BACKWARD: dict[str, Any] = {
    "relu": lambda g, y, /: where(greater(y, 0), g, 0.0),
    "tanh": lambda g, y, /: g * (1 - y * y),
    "sigmoid": lambda g, y, /: g * (y * (1 - y)),
    "silu": _silu_backward,
    "gelu": _gelu_backward,
    "gelu_tanh": _gelu_tanh_backward,
    "softplus": lambda g, x, /: g * sigmoid(x),
    "leaky_relu": lambda g, x, /, negative_slope: where(greater(x, 0), g, g * negative_slope),
    "elu": _elu_backward,
}
for _name, _definition in BACKWARD.items():
    _definition.__name__ = f"{_name}_backward"
    BACKWARD[_name] = primitive(composed=_definition)(_definition)
