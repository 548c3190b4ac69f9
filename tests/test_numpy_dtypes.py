"""`tilewright.numpy` gives the dtypes that NumPy gives: every function, every dtype, every pair of them."""

from __future__ import annotations

import itertools
import operator
import warnings

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np
from tilewright.numpy import _functions

DTYPES = [
    *("bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]
UNARY = [
    *("negative", "abs", "absolute", "sign", "square", "reciprocal", "sqrt", "floor", "ceil", "trunc", "round"),
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tanh", "conj", "conjugate"),
    *("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arccosh", "arctanh", "asin", "acos", "atan"),
    *("asinh", "acosh", "atanh", "exp2", "cbrt", "deg2rad", "radians", "rad2deg", "degrees", "sinc", "rint", "fix"),
    *("positive", "signbit"),
    *("isnan", "isinf", "isfinite", "logical_not", "invert", "bitwise_not", "bitwise_invert", "angle", "real", "imag"),
]
BINARY = [
    *("add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "remainder", "mod", "power", "pow"),
    *("maximum", "minimum", "arctan2", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift"),
    *("bitwise_right_shift", "left_shift", "right_shift"),
    *("hypot", "logaddexp", "logaddexp2", "copysign", "nextafter", "heaviside", "fmax", "fmin", "fmod", "gcd", "lcm"),
    *("float_power",),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_xor"),
]
REDUCTIONS = [
    *("sum", "prod", "max", "min", "amax", "amin", "mean", "var", "std", "any", "all", "argmax", "argmin"),
]
SCANS = ["cumsum", "cumprod", "cumulative_sum", "cumulative_prod"]
SORTS = ["sort", "argsort"]
PYTHON = {"bool": True, "int": 3, "float": 2.5, "complex": 1.5j}
OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift")
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")


def sample(dtype, values=(1, 0, 3, 2, 1, 1)):
    return numpy.array(values).astype(dtype)


def outcome(call):
    """Dtype and values, or the kind of error."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            y = call()
        except (TypeError, ValueError) as error:
            return type(error) if type(error) in (TypeError, ValueError) else TypeError, None
    return (y.dtype.name, numpy.asarray(y)) if hasattr(y, "dtype") else (type(y), None)


# What of complex numbers has no kernel yet.
NO_COMPLEX = {
    *("exp2", "maximum", "minimum", "fmax", "fmin", "max", "min"),
    *("amax", "amin", "argmax", "argmin", "logical_not", "logical_and", "logical_or", "logical_xor"),
    *("sort", "argsort"),
    *("less", "less_equal", "greater", "greater_equal", "lt", "le", "gt", "ge"),
}
MIXED_SIGNS = {pair for a in (("int8", "uint8"), ("int8", "uint16"), ("int16", "uint16")) for pair in (a, a[::-1])}
UNSIGNED, SIGNED = ("uint8", "uint16", "uint32"), ("int8", "int16", "int32", "int64")


def known_difference(name, *dtypes):
    """Why tilewright gives something else here, or None."""
    if name in NO_COMPLEX and any(dtype.startswith("complex") for dtype in dtypes):
        return "there is no kernel for complex numbers yet"
    if dtypes == ("bool",) and name in ("conj", "conjugate", "angle"):
        return "parts and angles of bool are as those of other real numbers"
    if (
        name in ("arctan2", "hypot", "logaddexp", "logaddexp2", "copysign", "nextafter", "heaviside")
        and dtypes in MIXED_SIGNS
    ):
        return "operands meet before they become floating"
    if "in place" in dtypes and name != "truediv" and dtypes[1] in UNSIGNED and dtypes[2] in SIGNED:
        return "an unsigned target takes signed numbers, as it does by assignment"
    return None


def agree(ours, theirs, what):
    reason = known_difference(*what)
    if reason:
        assert ours[0] != theirs[0], f"{what} agrees: it is no longer that {reason}"
        return
    assert ours[0] == theirs[0], f"{what}: {ours[0]} where NumPy gives {theirs[0]}"
    if theirs[1] is None:
        return
    eps = {"float16": 2e-3, "float32": 1e-6, "complex64": 1e-6}.get(theirs[0], 1e-14)
    numpy.testing.assert_allclose(ours[1], theirs[1], rtol=4 * eps, atol=4 * eps, err_msg=str(what))


@pytest.mark.parametrize("name", UNARY)
def test_unary_functions(name):
    for dtype in DTYPES:
        x = sample(dtype, (1, 1, 3, 2, 1, 1)) if name == "reciprocal" else sample(dtype)  # 1 / 0 is no integer
        theirs = outcome(lambda x=x: getattr(numpy, name)(x))
        agree(outcome(lambda x=x: getattr(np, name)(np.array(x))), theirs, (name, dtype))
        agree(outcome(lambda x=x: getattr(np, name)(x)), theirs, (name, dtype))
        for scope in (tw, tw.Tensor):  # the ops of tilewright follow what they are given
            if hasattr(scope, name) and name not in ("reciprocal", "round", "real", "imag"):
                agree(outcome(lambda x=x, scope=scope: getattr(scope, name)(np.array(x))), theirs, (name, dtype))


@pytest.mark.parametrize("name", BINARY)
def test_binary_functions(name):
    for pair in itertools.product(DTYPES, repeat=2):
        a, b = sample(pair[0]), sample(pair[1], (1, 2, 3, 1, 2, 1))
        theirs = outcome(lambda a=a, b=b: getattr(numpy, name)(a, b))
        agree(outcome(lambda a=a, b=b: getattr(np, name)(np.array(a), np.array(b))), theirs, (name, *pair))
        agree(outcome(lambda a=a, b=b: getattr(np, name)(tw.asarray(a), b)), theirs, (name, *pair))
        if hasattr(tw, name):
            agree(outcome(lambda a=a, b=b: getattr(tw, name)(tw.asarray(a), np.array(b))), theirs, (name, *pair))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("keywords", [{}, {"axis": 0}, {"axis": 1, "keepdims": True}], ids=str)
def test_reductions(name, keywords):
    for dtype in DTYPES:
        x = sample(dtype).reshape(2, 3)
        theirs = outcome(lambda x=x: getattr(numpy, name)(x, **keywords))
        agree(outcome(lambda x=x: getattr(np, name)(np.array(x), **keywords)), theirs, (name, dtype))
        theirs_of_list = outcome(lambda x=x: getattr(numpy, name)(x.tolist(), **keywords))
        agree(outcome(lambda x=x: getattr(np, name)(x.tolist(), **keywords)), theirs_of_list, (name, dtype))
        if hasattr(numpy.ndarray, name):
            agree(outcome(lambda x=x: getattr(np.array(x), name)(**keywords)), theirs, (name, dtype))
        if hasattr(tw, name):
            agree(outcome(lambda x=x: getattr(tw, name)(np.array(x), **keywords)), theirs, (name, dtype))


@pytest.mark.parametrize("name", [*SCANS, *SORTS])
@pytest.mark.parametrize("keywords", [{}, {"axis": 0}, {"axis": -1}, {"axis": None}], ids=str)
def test_scans_and_sorts(name, keywords):
    if name == "argsort":
        keywords = {**keywords, "kind": "stable"}  # as it always is here
    for dtype in DTYPES:
        x = sample(dtype).reshape(2, 3)
        theirs = outcome(lambda x=x: getattr(numpy, name)(x, **keywords))
        agree(outcome(lambda x=x: getattr(np, name)(np.array(x), **keywords)), theirs, (name, dtype))
        agree(outcome(lambda x=x: getattr(np, name)(x, **keywords)), theirs, (name, dtype))
        if hasattr(numpy.ndarray, name) and name != "sort":  # which is in place
            agree(outcome(lambda x=x: getattr(np.array(x), name)(**keywords)), theirs, (name, dtype))
        if name not in SCANS:
            continue
        for other in DTYPES:
            if (dtype.startswith("complex") and not other.startswith("complex")) or other == "bool":
                continue  # NumPy warns and drops the imaginary parts; of bool it makes "or"
            theirs = outcome(lambda x=x, other=other: getattr(numpy, name)(x, dtype=other, **keywords))
            ours = outcome(lambda x=x, other=other: getattr(np, name)(np.array(x), dtype=other, **keywords))
            agree(ours, theirs, (name, dtype, other))


@pytest.mark.parametrize("name", [*OPERATORS, *COMPARISONS])
@pytest.mark.parametrize("kind", PYTHON)
def test_numbers_are_weak(name, kind):
    op, number = getattr(operator, name), PYTHON[kind]
    for dtype in DTYPES:
        x = sample(dtype, (1, 2, 3))
        for ours, theirs in (
            (lambda x=x: op(np.array(x), number), lambda x=x: op(x, number)),
            (lambda x=x: op(number, np.array(x)), lambda x=x: op(number, x)),
        ):
            agree(outcome(ours), outcome(theirs), (name, dtype, kind))


@pytest.mark.parametrize("name", OPERATORS)
def test_in_place_operators(name):
    op = getattr(operator, "i" + name.rstrip("_"))
    others = [*PYTHON.values(), *(sample(dtype, (1, 2, 3)) for dtype in DTYPES)]
    for dtype, other in itertools.product(DTYPES, others):
        x = sample(dtype, (1, 2, 3))
        ours = other if not hasattr(other, "dtype") else np.array(other)
        kind = type(other).__name__ if ours is other else other.dtype.name
        theirs = outcome(lambda x=x, other=other: op(x.copy(), other))
        agree(outcome(lambda x=x, other=ours: op(np.array(x), other)), theirs, (name, "in place", dtype, kind))


@pytest.mark.parametrize("join", ["concatenate", "stack"])
def test_joining_promotes(join):
    for pair in itertools.product(DTYPES, repeat=2):
        a, b = sample(pair[0]), sample(pair[1])
        theirs = outcome(lambda a=a, b=b: getattr(numpy, join)([a, b]))
        for scope in (np, tw):
            ours = outcome(lambda a=a, b=b, scope=scope: getattr(scope, join)([np.array(a), np.array(b)]))
            agree(ours, theirs, (join, *pair))


def test_promotion():
    for pair in itertools.product(DTYPES, repeat=2):
        assert np.promote_types(*pair).name == numpy.promote_types(*pair).name
        a, b = (sample(dtype, (1, 2, 3)) for dtype in pair)
        theirs = outcome(lambda a=a, b=b: numpy.where(numpy.array([True, False, True]), a, b))
        ours = outcome(lambda a=a, b=b: np.where([True, False, True], np.array(a), np.array(b)))
        agree(ours, theirs, ("where", *pair))
        theirs = outcome(lambda a=a, b=b: a @ b)
        agree(outcome(lambda a=a, b=b: np.array(a) @ np.array(b)), theirs, ("matmul", *pair))


CREATED = (
    *("array([1.5, 2])", "array([1, 2])", "array([True])", "array([1j])", "array([])", "array(2)", "array(2.0)"),
    *("array([[1, 2.5], [3, 4]])", "array((1, 2))", "array([1, 2], dtype=float)", "array([1, 2], float)"),
    *("array([1, 2], dtype=complex)", "array([0, 2], dtype=bool)", "array([1.0], dtype='float32')"),
    *("array([1.7], dtype=np.float32)", "asarray([0.1])", "array([2**63])", "array(3, ndmin=2)"),
    *("zeros(3)", "zeros((2, 3), int)", "zeros((2, 2), dtype=np.uint8)", "ones(2)", "ones((2,), bool)"),
    *("full((2,), 1.5)", "full(2, 3)", "full((2, 2), 1j)", "full(2, True)", "full(2, 3, float)", "empty(3)"),
    *("zeros_like([1, 2])", "ones_like([1.0, 2])", "full_like([1, 2], 7)", "zeros_like([1, 2], dtype=float)"),
    *("eye(2)", "eye(2, 3, 1)", "eye(3, k=-1, dtype=int)", "identity(2)"),
    *("arange(3)", "arange(3.0)", "arange(1, 2, 0.25)", "arange(3, dtype=float)", "arange(2, 8, 2)"),
    *("linspace(0, 1, 5)", "linspace(0, 1)", "linspace(0, 1, num=3, endpoint=False)", "linspace(0, 8, 5, dtype=int)"),
    *("sqrt(2)", "exp(0.1)", "sum([1, 2])", "mean([1, 2])", "add(1, 2.5)", "divide(1, 3)", "sqrt([1, 2])"),
    *("clip([1, 2, 3], 0.5, 2)", "clip([0.1, 2, 3], a_min=None, a_max=2)", "round([0.125, 2.675], 2)"),
    *("round(1234, -2)", "round([15, 25], -1)", "where([1, 0], 1, 2.5)", "where([1, 0], 1, 2)", "angle(1j, deg=True)"),
    *("stack([[1, 2], [3.5, 4]])", "concatenate([[1, 2], [3.5]])", "concatenate(([[1]], [[2]]), 1)"),
    *("take([0.1, 0.2], [1, 0])", "reshape([0.1, 0.2], (2, 1))", "broadcast_to([0.1], (2,))", "flip([0.1, 0.2])"),
    *("matmul([[0.1, 2]], [1, 2])", "var([1, 2, 4], ddof=1)", "std([1, 2, 4])", "sum([True, True])"),
    *("max([[0.1, 2]], 1)", "sum([[0.1, 2]], 1, keepdims=True)", "sum([0.1, 2], dtype=np.float32)"),
    *("linalg.inv([[1, 2], [3, 5]])", "linalg.slogdet([[1, 2], [3, 5]])[1]", "linalg.qr([[1, 2], [3, 5]])[1]"),
    *("expand_dims([0.1], 0)", "squeeze([[0.1]])", "transpose([[1, 2.5]])", "swapaxes([[0.5, 1]], 0, 1)"),
    *("moveaxis([[0.5, 1]], 0, 1)", "ravel([[0.5, 1]])", "split(np.array([1, 2, 3.5, 4]), 2)[1]", "nonzero([0, 2])[0]"),
    *("tri(3)", "tri(2, 3, 1)", "tri(3, k=-1, dtype=int)", "tril([[0.1, 2], [3, 4]])", "triu([[1, 2], [3, 4]], 1)"),
    *("pad([1, 2], 1)", "pad([0.5], (1, 2), 'edge')", "pad([[1, 2.5]], ((0, 1), (1, 0)), constant_values=(1, 2))"),
    *("tril_indices(3, 1)[1]", "triu_indices(2, -1, 4)[0]", "diag_indices(3)[1]", "diag_indices(2, 3)[2]"),
    *("take_along_axis(np.array([[0.1, 2]]), np.array([[1]]), 1)", "reciprocal([2, 4])", "reciprocal(2.0)"),
)


@pytest.mark.parametrize("text", CREATED)
def test_numbers_and_lists_become_what_they_become_in_numpy(text):
    ours, theirs = (eval(f"np.{text}", {"np": scope}) for scope in (np, numpy))
    assert isinstance(ours, np.ndarray)
    assert (ours.dtype.name, ours.shape) == (theirs.dtype.name, theirs.shape)
    if not text.startswith("empty"):
        numpy.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-15, atol=1e-15)


def test_every_elementwise_function_and_reduction_is_compared():
    by_module = {name: f.__module__ for name, (f, *_) in _functions._ADAPTED.items()}
    reductions = {name for name, module in by_module.items() if module.endswith((".reductions", ".statistics"))}
    assert set(_functions._elementwise_functions()) <= {*UNARY, *BINARY}
    assert reductions <= set(REDUCTIONS)
    assert {name for name, module in by_module.items() if module.endswith(".scans")} == set(SCANS)
