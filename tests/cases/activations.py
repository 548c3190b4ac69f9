"""Activation functions."""

import numpy as np

import tilewright as tw
from tilewright._functions.activations import BACKWARD

from .elementwise import erf, unary
from .opcase import FLOATS, A, OpCase, Raises, S, public

F = tw.nn.functional


def sigmoid(x):
    return np.where(x >= 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))


def softplus(x, beta=1.0, threshold=np.inf):
    z = x * beta
    return np.where(z > threshold, x, np.logaddexp(z, 0) / beta)


def mish(x):
    return np.where(np.isneginf(x), 0.0, x * np.tanh(softplus(x)))


def softsign(x):
    return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))


def tanhshrink(x):
    """By its series, where the difference would cancel."""
    z = x * x
    series = x * z * (1 / 3 - z * (2 / 15 - z * (17 / 315 - z * (62 / 2835 - z * 1382 / 155925))))
    return np.where(np.abs(x) < 0.03, series, x - np.tanh(x))


def elu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def celu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


SCALE, ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717  # of selu


def hardsigmoid(x):
    return np.clip(x + 3, 0, 6) / 6


def hardswish(x):
    return np.where(np.isneginf(x), 0.0, x * hardsigmoid(x))


def leaky_relu(x, negative_slope=0.01):
    return np.where(x > 0, x, negative_slope * x)


def prelu(x, weight):
    return np.where(x > 0, x, x * (weight.reshape(()) if weight.size == 1 else weight.reshape(-1, *[1] * (x.ndim - 2))))


def gated(gate):
    def oracle(x, dim=-1):
        a, b = np.split(x, 2, dim)
        return a * gate(b)

    return oracle


def maxout(x, pieces, dim=1):
    dim %= x.ndim
    shape = (*x.shape[:dim], x.shape[dim] // pieces, pieces, *x.shape[dim + 1 :])
    return np.max(x.reshape(shape), dim + 1)


def gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def with_options(name, oracle, *given, bad=(), **more):
    """An activation with parameters: the default ones, and those given as dicts."""
    return OpCase(
        f"nn.functional.{name}",
        oracle,
        (S(A((3, 4))), *(S(A((7,)), **options) for options in given), S(A(())), S(A((0, 3)))),
        result="floating",
        lengths=lambda n: S(A((n,)), **given[0]),
        large=S(A((150_001,)), **given[0]),
        errors=tuple(
            Raises(
                kind, f"{name}: {text}", lambda options=options: public(f"nn.functional.{name}")(tw.ones(3), **options)
            )
            for kind, text, options in bad
        ),
        **more,
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


def slope_of_mish(x):
    t, s = np.tanh(softplus(x)), sigmoid(x)
    return t + x * s * (1 - t * t)


DERIVATIVES = (
    derivative("relu", lambda y: y > 0),
    derivative("tanh", lambda y: 1 - y * y, saved=(-1, 1)),
    derivative("sigmoid", lambda y: y * (1 - y), saved=(0, 1)),
    derivative("silu", lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x)))),
    derivative("gelu", slope_of_gelu),
    derivative("gelu_tanh", slope_of_gelu_tanh),
    derivative(
        "softplus", lambda x, beta, threshold: np.where(x * beta > threshold, 1, sigmoid(x * beta)), options=(2.0, 3.0)
    ),
    derivative("log_sigmoid", lambda x: sigmoid(-x)),
    derivative("mish", slope_of_mish),
    derivative("softsign", lambda x: 1 / (1 + np.abs(x)) ** 2),
    derivative("tanhshrink", lambda x: np.tanh(x) ** 2),
    derivative("elu", lambda x, alpha: np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0))), options=(1.5,)),
    derivative("celu", lambda x, alpha: np.where(x > 0, 1, np.exp(np.minimum(x, 0) / alpha)), options=(1.5,)),
    derivative("selu", lambda x: SCALE * np.where(x > 0, 1, ALPHA * np.exp(np.minimum(x, 0)))),
    derivative("leaky_relu", lambda x, negative_slope: np.where(x > 0, 1, negative_slope), options=(0.2,)),
    derivative("hardtanh", lambda x, low, high: (x > low) & (x < high), options=(-1.0, 2.0)),
    derivative("hardsigmoid", lambda x: (np.abs(x) < 3) / 6, saved=(-5, 5)),
    derivative("hardswish", lambda x: np.where(np.abs(x) < 3, x / 3 + 0.5, x > 0), saved=(-5, 5)),
    derivative("hardshrink", lambda y: y != 0),
    derivative("threshold", lambda x, threshold: x > threshold, options=(0.5,)),
)


def smooth(name, oracle, **more):
    return unary(f"nn.functional.{name}", oracle, dtypes=FLOATS, result="floating", **more)


FUNCTIONS = (
    unary("nn.functional.relu", lambda x: np.maximum(x, 0)),
    unary("nn.functional.tanh", np.tanh, result="floating"),
    unary("nn.functional.sigmoid", sigmoid, result="floating", specials=False),
    smooth("silu", lambda x: x * sigmoid(x), specials=False),
    smooth("logsigmoid", lambda x: -softplus(-x)),
    smooth("mish", mish),
    smooth("softsign", softsign),
    smooth("tanhshrink", tanhshrink),
    smooth("selu", lambda x: SCALE * elu(x, ALPHA)),
    smooth("relu6", lambda x: np.clip(x, 0, 6), low=-3, high=9),
    smooth("hardsigmoid", hardsigmoid, low=-5, high=5),
    smooth("hardswish", hardswish, low=-5, high=5),
    with_options(
        "softplus",
        softplus,
        {"beta": 2.0, "threshold": 3.0},
        {"beta": 0.5},
        {"beta": -1.0},
        bad=[
            (ValueError, "beta is 0.0, but must not be 0", {"beta": 0}),
            (TypeError, "threshold is '1', but must be a real number", {"threshold": "1"}),
        ],
    ),
    with_options("leaky_relu", leaky_relu, {"negative_slope": 0.2}, {"negative_slope": 0.0}),
    with_options("elu", elu, {"alpha": 0.5}, {"alpha": 2.0}),
    with_options(
        "celu",
        celu,
        {"alpha": 0.5},
        {"alpha": -2.0},
        bad=[(ValueError, "alpha is 0.0, but must not be 0", {"alpha": 0.0})],
    ),
    with_options(
        "gelu",
        gelu,
        {"approximate": "tanh"},
        {"approximate": "none"},
        bad=[(ValueError, "approximate", {"approximate": "fast"})],
    ),
    with_options(
        "hardtanh",
        lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
        {"min_val": -0.7, "max_val": 2.1},
        {"max_val": 0.4},
        bad=[(ValueError, "min_val is 2.0, above max_val 1.0", {"min_val": 2.0})],
    ),
    with_options(
        "hardshrink",
        lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x),
        {"lambd": 1.3},
        {"lambd": 0.0},
        bad=[(ValueError, "lambd is -1.0, but must be at least 0", {"lambd": -1})],
    ),
    with_options(
        "softshrink",
        lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
        {"lambd": 1.3},
        {"lambd": 0.0},
        bad=[(ValueError, "lambd is nan, but must be at least 0", {"lambd": np.nan})],
    ),
    with_options(
        "rrelu",
        lambda x, lower=1 / 8, upper=1 / 3: leaky_relu(x, (lower + upper) / 2),
        {"lower": 0.1, "upper": 0.5},
        bad=[
            (ValueError, "lower is 2.0 and upper 0.33", {"lower": 2}),
            (ValueError, "lower is 0.125 and upper inf", {"upper": np.inf}),
            (TypeError, "generator is 3", {"generator": 3}),
        ],
    ),
    OpCase(
        "nn.functional.threshold",
        lambda x, threshold, value: np.where(x > threshold, x, value),
        (S(A((3, 4)), 0.3, -2.0), S(A(()), 0.0, 1.0), S(A((0, 3)), 0.0, 1.0)),
        result="floating",
        lengths=lambda n: S(A((n,)), 0.3, -2.0),
        large=S(A((150_001,)), 0.3, -2.0),
    ),
    OpCase(
        "nn.functional.prelu",
        prelu,
        (
            S(A((3, 4)), A((4,))),
            S(A((2, 3, 2)), A((3,))),
            S(A((2, 3, 2)), A((1,))),
            S(A((5,)), A(())),
            S(A(()), A(())),
            S(A((0, 3)), A((3,))),
        ),
        result="floating",
        lengths=lambda n: S(A((2, n)), A((n,))),
        large=S(A((300, 501)), A((501,))),
        errors=(
            Raises(
                ValueError, r"prelu: weight \(2,\) and input \(2, 3\)", lambda: F.prelu(tw.ones((2, 3)), tw.ones(2))
            ),
            Raises(ValueError, r"prelu: weight \(3,\) and input \(3,\)", lambda: F.prelu(tw.ones(3), tw.ones(3))),
            Raises(ValueError, r"prelu: weight \(1, 1\)", lambda: F.prelu(tw.ones(3), tw.ones((1, 1)))),
        ),
    ),
)


def gated_unit(name, gate):
    function = getattr(F, name)
    return OpCase(
        f"nn.functional.{name}",
        gated(gate),
        (S(A((3, 4))), S(A((2, 6, 3)), dim=1), S(A((2, 6, 3)), -2), S(A((0, 4)))),
        tolerance=16,
        lengths=lambda n: S(A((2 * n,))),
        large=S(A((300, 1000))),
        errors=(
            Raises(
                ValueError,
                rf"{name}: input \(2, 3\) has length 3 along dim 1, but needs an even",
                lambda: function(tw.ones((2, 3)), 1),
            ),
            Raises(tw.AxisError, f"{name}: dim 2 is out of bounds", lambda: function(tw.ones((2, 2)), 2)),
            Raises(TypeError, f"{name}: dim is 0.5, but must be an integer", lambda: function(tw.ones(2), 0.5)),
        ),
    )


ACROSS = (
    gated_unit("glu", sigmoid),
    gated_unit("reglu", lambda x: np.maximum(x, 0)),
    gated_unit("geglu", gelu),
    gated_unit("swiglu", lambda x: x * sigmoid(x)),
    OpCase(
        "nn.functional.maxout",
        maxout,
        (S(A((3, 4)), 2), S(A((2, 6, 3)), 3), S(A((2, 3, 4)), 4, dim=-1), S(A((0, 4)), 1)),
        lengths=lambda n: S(A((2, 3 * n)), 3),
        large=S(A((300, 1000)), 2),
        errors=(
            Raises(
                ValueError,
                r"maxout: input \(2, 3\) has length 3 along dim 1, not a multiple of 2",
                lambda: F.maxout(tw.ones((2, 3)), 2),
            ),
            Raises(ValueError, "maxout: pieces is 0, but must be at least 1", lambda: F.maxout(tw.ones((2, 3)), 0)),
            Raises(tw.AxisError, "maxout: dim 1 is out of bounds", lambda: F.maxout(tw.ones(4), 2)),
        ),
    ),
    OpCase(
        "nn.functional.softmin",
        lambda x, dim=-1: np.exp(-x) / np.exp(-x).sum(dim, keepdims=True),
        (S(A((3, 4))), S(A((2, 3, 4)), dim=1), S(A((2, 0, 3)), 0)),
        tolerance=8,
        lengths=lambda n: S(A((2, n))),
        large=S(A((300, 501))),
        errors=(
            Raises(TypeError, "softmin: input is uint8, but must be floating", lambda: F.softmin(np.ones(3, "uint8"))),
            Raises(tw.AxisError, "softmin: dim 1 is out of bounds", lambda: F.softmin(tw.ones(4), 1)),
        ),
    ),
)

CASES = (*DERIVATIVES, *FUNCTIONS, *ACROSS)
