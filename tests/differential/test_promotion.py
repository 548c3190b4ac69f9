"""Dtypes of results: every pair of dtypes, as arrays, 0-d arrays, NumPy's scalars and Python's numbers."""

from __future__ import annotations

import operator
import random

import numpy as np
import pytest

import tilewright as tw
from cases.elementwise import ARITHMETIC, COMPARISONS
from cases.opcase import ALL, BOOL, COMPLEX, FLOATS, INTS, OpCase, assert_close

from .faults import Fault, Faults

PYTHON = {"python bool": True, "python int": 2, "python float": 1.5, "python complex": 2 + 1j}
BITS = {name: 8 * getattr(tw, name if name != "bool" else "bool_").itemsize for name in ALL}


def promoted(a: str, b: str) -> str:
    """The dtype for two arrays, as DESIGN says it: written anew here, not read from the library."""
    if a == b or b == "bool":
        return a
    if a == "bool":
        return b
    if a in COMPLEX or b in COMPLEX:
        return "complex128" if {a, b} & {"float64", "complex128"} else "complex64"
    if a in FLOATS and b in FLOATS:
        return "float32" if {a, b} == {"float16", "bfloat16"} else max(a, b, key=BITS.get)
    if a in FLOATS or b in FLOATS:
        return a if a in FLOATS else b
    if a.startswith("u") == b.startswith("u"):
        return max(a, b, key=BITS.get)
    unsigned, signed = (a, b) if a.startswith("u") else (b, a)
    if BITS[signed] > BITS[unsigned]:
        return signed
    return "float64" if unsigned == "uint64" else f"int{2 * BITS[unsigned]}"


def weak(dtype: str, number: str) -> str:
    """The dtype for an array beside one of Python's numbers."""
    if number == "python bool":
        return dtype
    if number == "python int":
        return "int64" if dtype == "bool" else dtype
    if number == "python float":
        return "float32" if dtype in BOOL + INTS else dtype
    return "complex128" if dtype in ("float64", "complex128") else "complex64"


DEFAULT = {"python bool": "bool", "python int": "int64", "python float": "float32", "python complex": "complex64"}


def common(a: str, b: str) -> str:
    if b in PYTHON:
        return weak(DEFAULT.get(a, a), b)
    return weak(b, a) if a in PYTHON else promoted(a, b)


def written(name: str, values, rng) -> tuple[str, object]:
    """Small numbers of a dtype in a random form; NumPy has no bfloat16, which is a tensor always."""
    if name in PYTHON:
        return name, PYTHON[name]
    array = np.array(values)
    if name == "bfloat16":
        array = tw.asarray(array.astype(np.float32), dtype=name)
        return rng.choice([("tensor", array), ("0-d tensor", array[0])])
    array = array.astype(name)
    forms = {
        "tensor": lambda: tw.asarray(array.copy()),
        "0-d tensor": lambda: tw.asarray(np.array(array[0])),
        "array": lambda: array,
        "0-d array": lambda: np.array(array[0]),
        "scalar": lambda: array[0],
    }
    form = rng.choice(list(forms))
    return f"{form} of {name}", forms[form]()


def as_numpy(x, dtype: str) -> np.ndarray:
    """An operand as the oracle gets it: in the common dtype, floats in double precision."""
    values = x.astype("float64" if x.dtype == tw.bfloat16 else x.dtype).numpy() if isinstance(x, tw.Tensor) else x
    return np.asarray(values).astype("float64" if dtype in FLOATS else "complex128" if dtype in COMPLEX else dtype)


OPS_AND_MORE = ARITHMETIC + COMPARISONS  # one op may have several cases, for several dtypes
OPS = [case for case in OPS_AND_MORE if case.fn is None]
OPERATORS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow, "bitwise_and": operator.and_,
    "bitwise_or": operator.or_, "bitwise_xor": operator.xor, "bitwise_left_shift": operator.lshift,
    "bitwise_right_shift": operator.rshift, "equal": operator.eq, "not_equal": operator.ne, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
}  # fmt: skip


def check(case: OpCase, a: str, b: str, rng) -> None:
    """One call: dtype and values, or TypeError where the op has none."""
    dtype = common(a, b)
    (form1, x), (form2, y) = written(a, [3, 2, 1], rng), written(b, [2, 2, 1], rng)
    function = case.function
    where = f"{case.name}({form1}, {form2})"
    if case.name in OPERATORS and (isinstance(x, tw.Tensor) or isinstance(y, tw.Tensor)) and rng.random() < 0.5:
        function = OPERATORS[case.name]
        where += ", as an operator"
    supported = {d for c in OPS_AND_MORE if c.function is case.function for d in c.dtypes}
    supported |= {"bool", *INTS} if case.result == "floating" else set()
    if dtype not in supported:
        if not case.closed and dtype not in COMPLEX:
            return  # what it does there is its own affair
        try:
            got = function(x, y)
        except TypeError:
            return
        raise Fault(f"{where}: {dtype} is not supported, but it gave {got!r}")
    try:
        got = function(x, y)
    except Exception as error:
        raise Fault(f"{where}: {error!r}") from error
    expected = case.expected_dtype(dtype)
    if got.dtype.name != expected:
        raise Fault(f"{where}: dtype {got.dtype.name}, expected {expected}")
    real = dtype if dtype not in (*INTS, *BOOL) or case.result != "floating" else "float64"
    with np.errstate(all="ignore"):
        want = case.oracle(as_numpy(x, real), as_numpy(y, real))
    try:
        assert_close(got, want, 8 * case.tolerance)
    except AssertionError as error:
        raise Fault(f"{where}: {error}") from error


@pytest.mark.parametrize("case", OPS, ids=str)
def test_binary_ops(case, seeds, tally):
    faults, count = Faults(), 0
    names = (*ALL, *PYTHON)
    for seed in seeds(2):
        rng = random.Random(f"{seed} {case.name}")
        for a in names:
            for b in names:
                count += 1
                try:
                    check(case, a, b, rng)
                except Fault as fault:
                    faults.add(str(fault).partition("): ")[2], str(fault)[:400])
    tally("calls with two dtypes", count)
    faults.report()


def test_joining(tally):
    """What takes several arrays promotes them as the operators do."""
    joins = {
        "where": lambda a, b: tw.where(tw.asarray([True, False, True]), a, b),
        "concatenate": lambda a, b: tw.concatenate([a, b]),
        "stack": lambda a, b: tw.stack([a, b]),
        "matmul": tw.matmul,
    }
    faults = Faults()
    for name, join in joins.items():
        for a in ALL:
            for b in ALL:
                assert tw.promote_types(a, b).name == promoted(a, b)
                try:
                    got = join(tw.ones(3, dtype=a), tw.ones(3, dtype=b)).dtype.name
                except Exception as error:
                    got = repr(error)
                if got != promoted(a, b):
                    faults.add(name, f"{name} of {a} and {b}: {got}, expected {promoted(a, b)}")
    tally("calls with two dtypes", len(joins) * len(ALL) ** 2)
    faults.report()


NUMPY = [name for name in ALL if name != "bfloat16"]
MAKERS = {
    "asarray({})": tw.asarray,
    "asarray([{}])": lambda v: tw.asarray([v]),
    "asarray([[{}], [{}]])": lambda v: tw.asarray([[v], [v]]),
    "full(2, {})": lambda v: tw.full(2, v),
    "full_like(.., {})": lambda v: tw.full_like(tw.ones(2, dtype=v.dtype), v),
    "ones(2) * 0 + {}": lambda v: tw.zeros(2, dtype="bool") + v,
    "arange({})": lambda v: tw.arange(v)[-1:] + v.dtype.type(1),
    "arange(0, .., {})": lambda v: tw.arange(v - v, v + v, v)[1:],
}


@pytest.mark.parametrize("name", NUMPY)
def test_scalars_of_numpy_are_arrays(name):
    """Of their dtype, wherever they are given: those of float64 too, although they are Python floats."""
    scalar = np.array(3).astype(name)[()]
    if name == "float64":
        scalar = np.float64(1) + np.finfo("float64").eps  # which float32 does not hold
    faults = Faults()
    for text, make in MAKERS.items():
        ranged = text.startswith("arange")
        if ranged and (name in (*COMPLEX, *BOOL)):
            continue
        expected = (
            {name} if not ranged or name in ("int64", "float32", "float64") else set(INTS if name in INTS else FLOATS)
        )
        try:
            made = make(scalar)
            same = made.dtype.name in expected and (ranged or made.tolist() == np.full(made.shape, scalar).tolist())
            problem = f"gave {made!r}" if not same else None
        except Exception as error:
            problem = f"raised {error!r}"[:200]
        if problem:
            faults.add(text, f"{text.format(*2 * [f'np.{name}({scalar})'])} {problem}")
    faults.report()


EXTREMES = (-1, 300, 2**15, -(2**31) - 1, 2**32, 2**63 - 1, 2**63, -(2**63) - 1, 2**64 - 1, 2**64, -(2**70), 10**400)
COMPARE = ("eq", "ne", "lt", "le", "gt", "ge")


@pytest.mark.parametrize("dtype", INTS)
def test_comparisons_with_integers_are_exact(dtype, tally):
    """Also with Python's integers that the dtype does not hold."""
    info = np.iinfo(dtype)
    elements = [int(info.min), 0, 1, int(info.max) - 1, int(info.max)]
    x = tw.asarray(np.array(elements, dtype))
    faults = Faults()
    for n in EXTREMES:
        for name in COMPARE:
            compare = getattr(operator, name)
            try:
                same = compare(x, n).tolist() == [compare(e, n) for e in elements]
                same = (
                    same and compare(n, x).tolist() == [compare(n, e) for e in elements] and (n in x) == (n in elements)
                )
            except Exception as error:
                same = repr(error)
            if same is not True:
                faults.add(str(same)[:30], f"tensor of {dtype}, {name}, {str(n)[:30]}: {same or 'another result'}")
    tally("calls with two dtypes", len(EXTREMES) * len(COMPARE) * 3)
    faults.report()


@pytest.mark.parametrize("other", INTS)
@pytest.mark.parametrize("dtype", INTS)
def test_comparisons_of_integer_arrays_are_exact(dtype, other):
    """Where no integer dtype holds both, too."""
    a, b = np.iinfo(dtype), np.iinfo(other)
    left = np.array([a.max, a.max, a.min, a.max - 1], dtype)
    right = np.array([b.max, b.max - 1, b.max, b.min], other)
    for name in COMPARE:
        compare = getattr(operator, name)
        want = [compare(int(x), int(y)) for x, y in zip(left, right, strict=True)]
        assert compare(tw.asarray(left), tw.asarray(right)).tolist() == want, name


@pytest.mark.parametrize("value", [None, "a", object(), [None], "5"], ids=["None", "text", "object", "list", "digit"])
def test_equality_with_anything_is_false(value):
    """As for Python's objects; order raises."""
    x = tw.asarray([1, 5])
    if not isinstance(value, list):
        assert (x == value).tolist() == [False, False]
        assert (x != value).tolist() == [True, True]
        assert value not in x
    with pytest.raises(TypeError):
        x < value  # noqa: B015


@pytest.mark.parametrize("dtype", INTS)
def test_integers_out_of_range_do_not_wrap(dtype):
    """In arithmetic a Python integer that the dtype does not hold is refused."""
    x = tw.ones(2, dtype=dtype)
    faults = Faults()
    for n in EXTREMES:
        if np.iinfo(dtype).min <= n <= np.iinfo(dtype).max:
            continue
        for function in (operator.add, operator.iadd, tw.multiply, tw.full_like, operator.mod):
            try:
                problem = f"gave {function(x.copy(), n)!r}"
            except ValueError:
                continue
            except Exception as error:
                problem = f"raised {error!r}"
            faults.add(problem[:30], f"{function.__name__} of {dtype} and {str(n)[:30]} {problem}")
    faults.report()
