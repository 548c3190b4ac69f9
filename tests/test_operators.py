"""Operators with operands of other classes: what those define runs, and arrays and numbers are taken as ever."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import operator
import pickle

import numpy as np
import pytest

import tilewright as tw
import tilewright.numpy as twnp
from tilewright import _core, nn

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift", "matmul")
IN_PLACE = [f"i{name.rstrip('_')}" for name in BINARY]
COMPARISONS = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}


class Foreign:
    """Answers every reflected operator with its name."""

    def __hash__(self):
        return 1


for _name in BINARY:
    setattr(Foreign, f"__r{_name.rstrip('_')}__", lambda self, other, name=_name: (name, type(other)))
for _name in COMPARISONS:
    setattr(Foreign, f"__{_name}__", lambda self, other, name=_name: (name, type(other)))


class Aloof(Foreign):
    """An array-like that keeps arrays' operators to itself, as NumPy has it."""

    __array_ufunc__ = None

    def __array__(self, dtype=None, copy=None):
        return np.ones(2)


class Plain:
    """Knows no operator."""


class Refusing:
    """Has them and knows nothing of tensors."""

    def __radd__(self, other):
        return NotImplemented

    def __eq__(self, other):
        return NotImplemented

    __hash__ = None


def tensors():
    grown = tw.asarray([1.0, 2.0], requires_grad=True) * 1
    return {
        "floats": tw.asarray([1.0, 2.0]),
        "integers": tw.asarray([[1, 2], [3, 4]]),
        "a leaf": tw.asarray([1.0], requires_grad=True),
        "recorded": grown,
        "0-d": tw.asarray(1.0),
        "empty": tw.zeros((0, 2)),
        "ndarray": twnp.array([1.0, 2.0]),
        "0-d ndarray": twnp.array(3.0),
        "parameter": nn.Parameter(tw.ones(2)),
    }


@pytest.mark.parametrize("name", tensors())
@pytest.mark.parametrize("op", [*BINARY, *IN_PLACE, *COMPARISONS])
def test_the_reflected_operator_of_a_foreign_class_runs(op, name):
    x = tensors()[name]
    got = getattr(operator, op)(x, Foreign())
    want = COMPARISONS[op] if op in COMPARISONS else dict(zip(IN_PLACE, BINARY, strict=True)).get(op, op)
    assert got == (want, type(x))


@pytest.mark.parametrize("name", tensors())
@pytest.mark.parametrize("op", [*BINARY, *IN_PLACE, *COMPARISONS])
def test_array_likes_that_opt_out_of_ufuncs_are_left_to_themselves(op, name):
    x = tensors()[name]
    want = COMPARISONS[op] if op in COMPARISONS else dict(zip(IN_PLACE, BINARY, strict=True)).get(op, op)
    assert getattr(operator, op)(x, Aloof()) == (want, type(x))


@pytest.mark.parametrize("op", BINARY)
def test_array_likes_that_opt_out_first(op):
    with pytest.raises(TypeError, match="unsupported operand"):
        getattr(operator, op)(Aloof(), tw.ones(2))
    assert tw.add(tw.ones(2), Aloof()).tolist() == [2.0, 2.0]  # a function was asked for


@pytest.mark.parametrize("make", [tw.asarray, twnp.asarray])
def test_matmul_in_place_writes_into_its_operand(make):
    x = kept = make(tw.asarray([[1.0, 2.0], [3.0, 4.0]]))
    view = x[0]
    x @= [[0.0, 1.0], [1.0, 0.0]]
    assert x is kept and x.tolist() == [[2.0, 1.0], [4.0, 3.0]] and view.tolist() == [2.0, 1.0]
    x @= x
    assert x is kept and x.tolist() == [[8.0, 5.0], [20.0, 13.0]] and x.dtype == tw.float32
    with pytest.raises(ValueError, match=r"matmul: in-place target has shape \(2, 2\), but the result has \(2, 1\)"):
        x @= make(tw.ones((2, 1)))
    whole = make(tw.asarray([[1, 2], [3, 4]]))
    with pytest.raises(TypeError, match=r"matmul: the result is float(32|64), which an in-place target of int64"):
        whole @= make(tw.ones((2, 2)))
    assert whole.tolist() == [[1, 2], [3, 4]]
    fixed = np.ones((2, 2), np.float32)
    fixed.flags.writeable = False
    fixed = make(tw.asarray(fixed))
    with pytest.raises(ValueError, match="read-only"):
        fixed @= fixed


def test_matmul_in_place_is_recorded():
    w = tw.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    x = w * 2.0
    x @= w
    x.sum().backward()
    got, w.grad = w.grad, None
    ((w * 2.0) @ w).sum().backward()
    assert got.tolist() == w.grad.tolist()
    with pytest.raises(RuntimeError, match="matmul: in-place write to a leaf"):
        w @= w


@pytest.mark.parametrize("op", BINARY)
def test_foreign_first(op):
    """It has no operator of its own, and ours does not know it: the error says which op and which class."""
    with pytest.raises(TypeError, match=r"\w+: cannot make an array of a Foreign"):
        getattr(operator, op)(Foreign(), tw.ones(2))


@pytest.mark.parametrize("op", [*BINARY, *IN_PLACE])
@pytest.mark.parametrize(
    "other", [Plain(), None, "a", {}, {1}, len, object(), 2j.conjugate], ids=lambda v: type(v).__name__
)
def test_what_nobody_knows_is_refused(op, other):
    x = tw.asarray([1, 2])
    message = r"(\w+: (cannot make an array of|an operand is None|cannot take .*None)|unsupported operand)"
    if op in ("matmul", "imatmul"):
        message = r"(matmul: |unsupported operand)"
    with pytest.raises(TypeError, match=message):
        getattr(operator, op)(x, other)
    assert x.tolist() == [1, 2]
    if op in BINARY and not isinstance(other, str):
        with pytest.raises(TypeError, match=message):
            getattr(operator, op)(other, x)


def test_python_says_so_where_the_other_class_refuses_too():
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+: 'Tensor' and 'Refusing'"):
        tw.ones(2) + Refusing()
    with pytest.raises(TypeError, match=r"unsupported operand type\(s\) for \+=: 'Tensor' and 'Refusing'"):
        x = tw.ones(2)
        x += Refusing()
    assert (tw.ones(2) == Refusing()) is False and (tw.ones(2) != Refusing()) is True


def test_functions_refuse_what_operators_leave_to_others():
    for call in (lambda: tw.add(tw.ones(2), Foreign()), lambda: tw.matmul(tw.ones(2), Foreign())):
        with pytest.raises(TypeError, match="cannot make an array of a Foreign"):
            call()


def test_equality_falls_back_to_false():
    @dataclasses.dataclass
    class Record:
        value: int

    x = tw.asarray([1.0, 2.0])
    for other in (None, "a", Plain(), object()):
        assert (x == other).tolist() == [False, False] and (x != other).tolist() == [True, True]
        assert other not in x
    assert (x == Record(1)) is False and (x != Record(1)) is True
    assert Record(1) not in x and Foreign() in x  # what its == gives is true


def test_errors_of_operands_that_are_arrays_stay():
    x = tw.asarray([1.0, 2.0])
    for call, error, message in (
        (lambda: x & x, TypeError, "bitwise_and: "),
        (lambda: operator.add(x, [1.0, 2.0, 3.0]), ValueError, "add: .*broadcast"),
        (lambda: operator.add(x, ["a"]), TypeError, "add: "),
        (lambda: x + np.array(["a"]), TypeError, "add: "),
        (lambda: x + np.array([None]), TypeError, "add: "),
        (lambda: x < {1}, TypeError, "less: "),
        (lambda: x @ 2.0, TypeError, "matmul: "),
    ):
        with pytest.raises(error, match=message):
            call()


@pytest.mark.parametrize("other", [2, 2.0, True, np.float32(2), np.int64(2), np.array([2.0, 3.0]), [2.0, 3.0], (2, 3),
    tw.asarray([2.0, 3.0]), range(1, 3), memoryview(b"\1\2")], ids=lambda v: type(v).__name__)  # fmt: skip
@pytest.mark.parametrize("op", ["add", "sub", "mul", "truediv", "pow", *COMPARISONS])
def test_arrays_numbers_and_lists_are_operands(op, other):
    x, function = tw.asarray([1.0, 2.0]), getattr(operator, op)
    theirs = other.numpy() if isinstance(other, tw.Tensor) else np.asarray(other)
    for got, want in (
        (function(x, other), function(x.numpy(), theirs)),
        (function(other, x), function(theirs, x.numpy())),
    ):
        assert type(got) is tw.Tensor
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)


def test_numpy_leaves_mixed_expressions_to_us():
    x = tw.asarray([1.0, 2.0])
    for left in (np.ones(2), np.float64(1), np.int32(1)):
        assert type(left + x) is tw.Tensor and type(left * x) is tw.Tensor and type(left == x) is tw.Tensor
    assert type(np.ones((2, 2)) @ x) is tw.Tensor
    a = np.ones(2)
    a += tw.asarray([1.0, 2.0]).numpy()
    assert type(a) is np.ndarray and a.tolist() == [2.0, 3.0]


def test_subclasses_of_lists_and_numbers_are_operands():
    class Row(list):
        def __radd__(self, other):
            raise AssertionError("a list is an array-like")

    class Number(float):
        __radd__ = Row.__radd__

    assert (tw.ones(2) + Row([1.0, 2.0])).tolist() == [2.0, 3.0]
    assert (tw.ones(2) + Number(2)).tolist() == [3.0, 3.0]


def test_what_fails_inside_an_operand_is_reported():
    class Broken:
        def __array__(self, dtype=None, copy=None):
            raise TypeError("broken")

        def __radd__(self, other):
            raise AssertionError("it is an array-like")

    with pytest.raises(TypeError, match=r"add: cannot make an array of a Broken|broken"):
        tw.ones(2) + Broken()


def test_defines():
    assert _core.defines(Foreign(), "__radd__") and _core.defines(Foreign(), "__eq__")
    assert not any(_core.defines(v, "__radd__") for v in (Plain(), 1, "a", [1], None, tw.ones(2), np.ones(2)))
    assert not any(_core.defines(v, "__eq__") for v in (Plain(), object(), 1, "a", {1}, tw.ones(2), np.ones(2)))
    with pytest.raises(TypeError):
        _core.Operator(1, None)
    assert tw.Tensor.__add__(tw.ones(2), Foreign()) is NotImplemented


def test_operators_are_methods():
    for name in ("__add__", "__radd__", "__iadd__", "__lt__", "__matmul__"):
        method = getattr(tw.Tensor, name)
        assert pickle.loads(pickle.dumps(method)) is copy.deepcopy(method) is method
        assert method.__name__ == name and inspect.isroutine(method)
    assert tw.Tensor.__radd__(tw.asarray(1.0), [2.0]).tolist() == [3.0]
    assert tw.ones(2).__rsub__(3.0).tolist() == [2.0, 2.0]
    with pytest.raises(TypeError, match="add"):
        tw.ones(2).__add__()
