"""Activation functions."""

import numpy as np

import tilewright as tw
from tilewright._functions.activations import BACKWARD

from .elementwise import erf, unary
from .opcase import FLOATS, A, OpCase, Raises, S


def sigmoid(x):
    return np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))


def softplus(x):
    return np.logaddexp(x, 0)


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def with_option(name, oracle, option, values, bad=None):
    """An activation with one parameter."""
    return OpCase(
        f"nn.functional.{name}",
        oracle,
        (S(A((3, 4))), *(S(A((7,)), **{option: value}) for value in values), S(A(())), S(A((0, 3)))),
        result="floating",
        lengths=lambda n: S(A((n,)), **{option: values[0]}),
        large=S(A((150_001,)), **{option: values[0]}),
        errors=() if bad is None else (bad,),
    )


def derivative(name, slope, saved=(-3, 3), options=()):
    """The kernel of an activation's gradient; `slope(y or x, *options)` is the derivative."""
    return OpCase(
        f"{name}_backward",
        lambda g, v, *rest: g * slope(v, *rest),
        (S(A((3, 4)), A((3, 4), *saved), *options), S(A(()), A((), *saved), *options)),
        fn=BACKWARD[name],
        tolerance=16,
        lengths=lambda n: S(A((n,)), A((n,), *saved), *options),
        large=S(A((150_001,)), A((150_001,), *saved), *options),
    )


def slope_of_gelu(x):
    return 0.5 * (1 + erf(x / np.sqrt(2))) + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)


def slope_of_gelu_tanh(x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x)


DERIVATIVES = (
    derivative("relu", lambda y: y > 0),
    derivative("tanh", lambda y: 1 - y * y, saved=(-1, 1)),
    derivative("sigmoid", lambda y: y * (1 - y), saved=(0, 1)),
    derivative("silu", lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    derivative("gelu", slope_of_gelu),
    derivative("gelu_tanh", slope_of_gelu_tanh),
    derivative("softplus", sigmoid),
    derivative("leaky_relu", lambda x, negative_slope: np.where(x > 0, 1, negative_slope), options=(0.2,)),
    derivative("elu", lambda x, alpha: np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))), options=(1.5,)),
)

CASES = (
    *DERIVATIVES,
    unary("nn.functional.relu", lambda x: np.maximum(x, 0)),
    unary("nn.functional.tanh", np.tanh, result="floating"),
    unary("nn.functional.sigmoid", sigmoid, result="floating", specials=False),
    unary("nn.functional.silu", lambda x: x * sigmoid(x), dtypes=FLOATS, result="floating", specials=False),
    unary("nn.functional.softplus", softplus, dtypes=FLOATS, result="floating"),
    with_option(
        "leaky_relu",
        lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
        "negative_slope",
        [0.2, 0.0],
    ),
    with_option(
        "elu", lambda x, alpha=1.0: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), "alpha", [0.5, 2.0]
    ),
    with_option(
        "gelu",
        gelu,
        "approximate",
        ["tanh", "none"],
        Raises(ValueError, "gelu: approximate", lambda: tw.nn.functional.gelu(tw.ones(3), approximate="fast")),
    ),
)
