"""Products of arrays."""

import functools

import numpy as np

import tilewright as tw
from tilewright._functions import linear as linear_family

from .activations import gelu, sigmoid
from .opcase import ALL, A, OpCase, Raises, S

ACTIVATIONS = {
    "none": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "gelu": gelu,
    "gelu_tanh": lambda z: gelu(z, "tanh"),
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "silu": lambda z: z * sigmoid(z),
}


def CODES(shape):
    return A(shape, -127, 127, dtype="int8")


def compressed_linear(x, codes, scale, bias, activation):
    return linear(x, codes * scale[:, None], bias, activation)


def of_codes(x=(2, 4), dtype="int8", scale=(5,), bias=(5,)):
    """A call that is refused."""
    ones = [None if shape is None else tw.ones(shape) for shape in (x, scale, bias)]
    return lambda: linear_family.compressed_linear(ones[0], tw.ones((5, 4), dtype=dtype), ones[1], ones[2], "none")


def linear(x, weight, bias=None, activation="none"):
    return ACTIVATIONS[activation](x @ weight.T + (0 if bias is None else bias))


def fused(activation):
    """linear with an activation, as a case of its own."""
    return OpCase(
        f"linear, {activation}",
        functools.partial(linear, activation=activation),
        (
            S(U((3, 4)), U((5, 4)), U((5,))),
            S(U((4,)), U((5, 4)), U((5,))),
            S(U((2, 3, 4)), U((5, 4))),
            S(U((6, 4)), U((1, 4)), U((1,))),
            S(U((0, 4)), U((5, 4)), U((5,))),
            S(U((3, 0)), U((5, 0)), U((5,))),
        ),
        fn=functools.partial(tw.nn.functional.linear, activation=activation),
        tolerance=64,
        products=True,
        lengths=lambda n: S(U((5, n)), U((n + 1, n)), U((n + 1,))),
        large=S(U((300, 128)), U((270, 128)), U((270,))),
    )


def U(shape):
    return A(shape, -1, 1)


SHAPES = [
    ((3, 4), (4, 5)),
    ((4,), (4,)),
    ((4,), (4, 3)),
    ((3, 4), (4,)),
    ((1, 1), (1, 1)),
    ((2, 3, 4), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 1, 3, 4), (3, 4, 2)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((0, 4), (4, 5)),
    ((3, 0), (0, 5)),
    ((3, 4), (4, 0)),
    ((0, 3, 4), (4, 5)),
    ((33, 70), (70, 129)),
    ((1, 300), (300, 77)),
    ((77, 300), (300, 1)),
    ((150, 20), (20, 160)),
]

CASES = (
    OpCase(
        "matmul",
        np.matmul,
        tuple(S(U(a), U(b)) for a, b in SHAPES),
        dtypes=ALL,
        tolerance=64,
        products=True,
        lengths=lambda n: S(U((5, n)), U((n, n + 1))),
        large=S(U((260, 250)), U((250, 270))),
        errors=(
            Raises(ValueError, r"matmul: .*\(2, 3\).*\(4, 5\)", lambda: tw.matmul(tw.ones((2, 3)), tw.ones((4, 5)))),
            Raises(ValueError, r"matmul: x1 is 0-d", lambda: tw.matmul(tw.ones(()), tw.ones((4, 5)))),
            Raises(
                ValueError,
                r"matmul: .*\(2.*\(4",
                lambda: tw.matmul(tw.ones((2, 3, 3)), tw.ones((4, 3, 3))),
            ),
        ),
    ),
    OpCase(
        "compressed_linear",
        compressed_linear,
        (
            S(U((3, 4)), CODES((5, 4)), U((5,)), U((5,)), "none"),
            S(U((4,)), CODES((5, 4)), U((5,)), None, "relu"),
            S(U((2, 1, 40)), CODES((37, 40)), U((37,)), U((37,)), "gelu"),
            S(U((9, 70)), CODES((33, 70)), U((33,)), None, "none"),
            S(U((0, 4)), CODES((5, 4)), U((5,)), U((5,)), "none"),
            S(U((3, 0)), CODES((5, 0)), U((5,)), U((5,)), "none"),
        ),
        fn=linear_family.compressed_linear,
        tolerance=512,
        products=True,
        errors=(
            Raises(
                ValueError,
                r"compressed_linear: codes \(5, 4\) take 4 features, but x \(2, 3\) has 3",
                of_codes(x=(2, 3)),
            ),
            Raises(ValueError, "compressed_linear: codes are int8, which need a scale", of_codes(scale=None)),
            Raises(TypeError, "compressed_linear: codes are int16, but must be", of_codes(dtype="int16")),
            Raises(ValueError, r"compressed_linear: bias \(4,\) does not fit codes \(5, 4\)", of_codes(bias=(4,))),
        ),
    ),
    OpCase(
        "nn.functional.linear",
        linear,
        (
            S(U((3, 4)), U((5, 4)), U((5,))),
            S(U((4,)), U((5, 4)), U((5,))),
            S(U((2, 3, 4)), U((5, 4))),
            S(U((0, 4)), U((5, 4)), U((5,))),
            S(U((3, 0)), U((5, 0)), U((5,))),
            S(U((32, 64)), U((10, 64)), U((10,))),
            S(U((1, 200)), U((70, 200)), U((70,))),
        ),
        tolerance=64,
        products=True,
        lengths=lambda n: S(U((5, n)), U((n + 1, n)), U((n + 1,))),
        large=S(U((128, 300)), U((270, 300)), U((270,))),
        errors=(
            Raises(
                ValueError,
                r"linear: .*4.*\(2, 3\)|linear: .*\(2, 3\).*4",
                lambda: tw.nn.functional.linear(tw.ones((2, 3)), tw.ones((5, 4))),
            ),
            Raises(
                ValueError,
                r"linear: bias",
                lambda: tw.nn.functional.linear(tw.ones((2, 4)), tw.ones((5, 4)), tw.ones(3)),
            ),
            Raises(
                ValueError,
                "linear: activation is 'swish', but must be one of none, relu, gelu, gelu_tanh, tanh, sigmoid, silu",
                lambda: tw.nn.functional.linear(tw.ones((2, 4)), tw.ones((5, 4)), activation="swish"),
            ),
            Raises(
                TypeError,
                "linear: activation is a NoneType, but must be a string",
                lambda: tw.nn.functional.linear(tw.ones((2, 4)), tw.ones((5, 4)), activation=None),
            ),
            Raises(
                TypeError,
                "linear: an operand is a float, but must be an array",
                lambda: tw.nn.functional.linear(tw.ones((2, 4)), 2.0),
            ),
        ),
    ),
    *(fused(activation) for activation in ACTIVATIONS if activation != "none"),
)
