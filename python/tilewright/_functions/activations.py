"""Activation functions: each a kernel, forward and backward. Public in `nn.functional`.

Definitions (`composed=`) are smooth wherever the function is, and take the side of a kink that the kernel takes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.op import primitive
from .arithmetic import abs
from .comparison import equal, greater, greater_equal, less_equal
from .exponential import erf, exp, expm1, log1p
from .extrema import clip
from .indexing import where
from .trigonometric import tanh

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

_SQRT_HALF = math.sqrt(0.5)
_GELU_SCALE, _CUBIC = math.sqrt(2 / math.pi), 0.044715  # of gelu_tanh: tanh(scale (x + cubic x^3))
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
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


def _softplus(x: Tensor, beta: float, threshold: float) -> Tensor:
    z = x * beta
    positive = greater(z, 0)
    smooth = where(positive, z, 0.0) + log1p(exp(where(positive, -z, z)))
    return where(greater(z, threshold), x, smooth * (1 / beta))


@primitive(composed=_softplus)
def softplus(x: Any, /, beta: float, threshold: float) -> Tensor:  # type: ignore[empty-body]
    """`log(1 + exp(beta * x)) / beta`, but `x` where `beta * x` is above the threshold."""


def _log_sigmoid(x: Tensor) -> Tensor:
    positive = greater(x, 0)
    return where(positive, 0.0, x) - log1p(exp(where(positive, -x, x)))


@primitive(composed=_log_sigmoid)
def log_sigmoid(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`log(sigmoid(x))`."""


def _tanh_of_softplus(x: Tensor) -> Tensor:
    return tanh(softplus(x, 1.0, math.inf))


@primitive(composed=lambda x: x * _tanh_of_softplus(x))
def mish(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x * tanh(softplus(x))`."""


@primitive(composed=lambda x: x / (abs(x) + 1))
def softsign(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x / (1 + |x|)`, and 1 at infinity."""


@primitive(composed=lambda x: x - tanh(x))
def tanhshrink(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x - tanh(x)`."""


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


def _celu(x: Tensor, alpha: float) -> Tensor:
    positive = greater(x, 0)
    return where(positive, x, expm1(where(positive, 0.0, x) * (1 / alpha)) * alpha)


@primitive(composed=_celu)
def celu(x: Any, /, alpha: float) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `alpha * (exp(x / alpha) - 1)`."""


@primitive(composed=lambda x: _elu(x, _SELU_ALPHA) * _SELU_SCALE)
def selu(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`elu` times a factor, under which mean 0 and variance 1 stay so."""


def _prelu(x: Tensor, weight: Tensor) -> Tensor:
    return where(greater(x, 0), x, x * weight)


@primitive(composed=_prelu)
def prelu(x: Any, weight: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x` where positive, else `weight * x`; the shapes are broadcast."""


def _hardtanh(x: Tensor, min_val: float, max_val: float) -> Tensor:
    return where(less_equal(x, min_val), min_val, where(greater_equal(x, max_val), max_val, x))


@primitive(composed=_hardtanh)
def hardtanh(x: Any, /, min_val: float, max_val: float) -> Tensor:  # type: ignore[empty-body]
    """`clip`, but the gradient at the bounds is 0."""


def _hardsigmoid(x: Tensor) -> Tensor:
    return where(less_equal(x, -3), 0.0, where(greater_equal(x, 3), 1.0, (x + 3) * (1 / 6)))


@primitive(composed=_hardsigmoid)
def hardsigmoid(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`(x + 3) / 6`, limited to [0, 1]."""


@primitive(composed=lambda x: x * _hardsigmoid(x))
def hardswish(x: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x * hardsigmoid(x)`."""


@primitive(composed=lambda x, lambd: where(less_equal(abs(x), lambd), 0.0, x))
def hardshrink(x: Any, /, lambd: float) -> Tensor:  # type: ignore[empty-body]
    """`x`, but 0 where `|x| <= lambd`."""


@primitive(composed=lambda x, lambd: x - clip(x, -lambd, lambd))
def softshrink(x: Any, /, lambd: float) -> Tensor:  # type: ignore[empty-body]
    """`x` nearer to 0 by `lambd`, and 0 where that is too far."""


@primitive(composed=lambda x, threshold, value: where(less_equal(x, threshold), value, x))
def threshold(x: Any, /, threshold: float, value: float) -> Tensor:  # type: ignore[empty-body]
    """`value` where `x <= threshold`, else `x`."""


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


def _softplus_backward(g: Tensor, x: Tensor, /, beta: float, threshold: float) -> Tensor:
    z = x * beta
    return where(greater(z, threshold), g, g * sigmoid(z))


def _mish_backward(g: Tensor, x: Tensor, /) -> Tensor:
    t = _tanh_of_softplus(x)
    return g * (t + x * sigmoid(x) * (1 - t * t))


def _softsign_backward(g: Tensor, x: Tensor, /) -> Tensor:
    q = 1 / (abs(x) + 1)
    return g * q * q


def _tanhshrink_backward(g: Tensor, x: Tensor, /) -> Tensor:
    t = tanh(x)
    return g * (t * t)


def _elu_backward(g: Tensor, x: Tensor, /, alpha: float) -> Tensor:
    positive = greater(x, 0)
    return where(positive, g, g * exp(where(positive, 0.0, x)) * alpha)


def _celu_backward(g: Tensor, x: Tensor, /, alpha: float) -> Tensor:
    positive = greater(x, 0)
    return where(positive, g, g * exp(where(positive, 0.0, x) * (1 / alpha)))


def _hardtanh_backward(g: Tensor, x: Tensor, /, min_val: float, max_val: float) -> Tensor:
    """Not from the result: a bound that float16 rounds towards 0 would look like the inside."""
    return where(less_equal(x, min_val), 0.0, where(greater_equal(x, max_val), 0.0, g))


def _hardswish_backward(g: Tensor, x: Tensor, /) -> Tensor:
    inside = g * (clip(x, -3, 3) * (1 / 3) + 0.5)
    return where(less_equal(x, -3), 0.0, where(greater_equal(x, 3), g, inside))


# THE table of activations: from the cotangent of the result to that of the argument, by way of the result y or of the
# argument x. Each is an op with the kernel `<name>_backward`.
BACKWARD: dict[str, Any] = {
    "relu": lambda g, y, /: where(greater(y, 0), g, 0.0),
    "tanh": lambda g, y, /: g * (1 - y * y),
    "sigmoid": lambda g, y, /: g * (y * (1 - y)),
    "silu": _silu_backward,
    "gelu": _gelu_backward,
    "gelu_tanh": _gelu_tanh_backward,
    "softplus": _softplus_backward,
    "log_sigmoid": lambda g, x, /: g * sigmoid(-x),
    "mish": _mish_backward,
    "softsign": _softsign_backward,
    "tanhshrink": _tanhshrink_backward,
    "elu": _elu_backward,
    "celu": _celu_backward,
    "selu": lambda g, x, /: _elu_backward(g, x, _SELU_ALPHA) * _SELU_SCALE,
    "leaky_relu": lambda g, x, /, negative_slope: where(greater(x, 0), g, g * negative_slope),
    "hardtanh": _hardtanh_backward,
    "hardsigmoid": lambda g, x, /: where(greater_equal(abs(x), 3), 0.0, g * (1 / 6)),
    "hardswish": _hardswish_backward,
    "hardshrink": lambda g, y, /: where(equal(y, 0), 0.0, g),
    "threshold": lambda g, x, /, threshold: where(less_equal(x, threshold), 0.0, g),
}
for _name, _definition in BACKWARD.items():
    _definition.__name__ = f"{_name}_backward"
    BACKWARD[_name] = primitive(composed=_definition)(_definition)
