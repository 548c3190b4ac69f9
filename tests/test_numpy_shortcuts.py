"""Functions of tilewright.numpy that are answered in C: what they give is what the functions in Python give."""

import copy
import pickle

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np
from tilewright import _core

HUGE = 2**70


def fresh():
    return np.asarray(numpy.arange(6.0).reshape(2, 3).copy())


class Index:
    def __index__(self):
        return 1


ELSEWHERE = numpy.arange(3.0)
SHAPES = [(), (3,), ((2, 3),), ([2, 3],), (0,), ((),), (-1,), ((2, -1),), (True,), (2.0,), ("3",), ((2, 2), "f4"),
          ((2, 2), np.int8), (2, float), (2, int), (2, bool), (2, complex), (2, "float99"), (HUGE,), ((1,) * 20,),
          (numpy.int64(2),), (Index(),), ((2**40, 2**40),), (2, None), (2, numpy.float32), (2, "f4", "C")]  # fmt: skip
CALLS = {
    "zeros": SHAPES,
    "ones": SHAPES,
    "arange": [(), (4,), (2, 5), (5, 2), (1, 9, 2), (3.5,), (0, 1.0), (True,), (-3,), (HUGE,), (-(2**63), 2**63 - 1),
               (numpy.int32(3),), (3, None), ("3",)],
    "array": [(1,), (1.5,), (True,), (1j,), ([1, 2],), ((1.0, 2),), ([[1], [2]],), ([],), ([1, 2], "i2"), (3, "f4"),
              (2.5, int), (HUGE,), (2**63,), ([1, HUGE],), ([1, [2]],), ("text",), (None,), (ELSEWHERE,), (range(3),),
              ([ELSEWHERE, ELSEWHERE],), ([np.float32(1), 2],), (numpy.float64(2),), ([1, "a"],), (), (1, 2, 3)],
}  # fmt: skip
CALLS["asarray"] = CALLS["array"]
CALLS["ravel"] = [(fresh(),), (fresh().T,), (fresh()[:, 1:],), (fresh(), "F"), (3.0,), ([1, 2],), (tw.ones(3),), (),
                  (1, 2, 3)]  # fmt: skip
NAMED = ["f4", np.int8, bool, None, "float99", numpy.float32, numpy.dtype("u1")]
METHODS = {
    "__getitem__": [(0,), (-1,), (2,), ((1, 2),), ((0, Index()),), ((0, ...),), (...,), (slice(1),), (None,), ((0, 5),),
                    ([1, 0],), ([],), (True,), (numpy.array([True, False]),), ((0, 0, 0),), ("a",), (1.0,), (HUGE,),
                    ((0, 1, ...),), (np.asarray(1),), (((0, 1), (1, 2)),), ((slice(None), 0),), ()],
    "__len__": [(), (1,)],
    "flatten": [(), ("F",), ("Q",)],
    "copy": [(), ("C",), ("F",), ("Q",), (None,)],
    "astype": [("f4",), (np.int8,), (int,), (float,), (bool,), (complex,), ("x",), (None,), (), ("f4", "C"),
               (numpy.float32,), (numpy.dtype("i2"),), ("float",), (float, "K", "safe")],
    "reshape": [(3, 2), ((3, 2),), (6,), (-1,), (4,), (), ((),), ([3, 2],), (2, 3, 1, 1), ("a",), (3, 2, "C"),
                (True, 6), (Index(), 6), (HUGE,), (3, -1)],
}  # fmt: skip
WRITES = [(0, 1.0), ((1, 2), 5), (slice(1), 7), (..., 2.5), (0, [1, 2, 3]), (0, ELSEWHERE), ([0, 1], 3), (5, 1.0),
          (0, [1, 2]), (0, "a"), ("a", 0), ((0, 0), 1j), ((0, 0), HUGE), (0, None), ((0, Index()), True), (HUGE, 0),
          (numpy.array([True, False]), 9), (0, tw.asarray([3.0, 2.0, 1.0])), ((0, 0), numpy.float32(4))]  # fmt: skip


LAYOUTS = [fresh, lambda: fresh().T, lambda: fresh()[0], lambda: fresh()[0, 0], lambda: fresh()[:0]]


def outcome(call, *args, **named):
    try:
        y = call(*args, **named)
    except Exception as error:
        return type(error), str(error)
    if not isinstance(y, tw.Tensor):
        return y
    return type(y), y.dtype, y.shape, y.strides if y.size else None, y._node, y.tolist()


def same(a, b):
    return a == b or repr(a) == repr(b)


@pytest.mark.parametrize("name", CALLS)
def test_functions_are_those_in_python(name):
    function = getattr(np, name)
    assert type(function) is _core.Shortcut and type(function.__wrapped__) is not _core.Shortcut
    for args in CALLS[name]:
        got, want = outcome(function, *args), outcome(function.__wrapped__, *args)
        assert same(got, want), (name, args, got, want)


@pytest.mark.parametrize("name", ["array", "asarray", "ones", "zeros"])
def test_a_dtype_may_have_its_name(name):
    function = getattr(np, name)
    for dtype in NAMED:
        for args in [(3,), ([2, 3],), ((2,),), ("a",), ()]:
            got, want = (outcome(f, *args, dtype=dtype) for f in (function, function.__wrapped__))
            assert same(got, want), (name, args, dtype, got, want)
    with pytest.raises(TypeError, match="dtipe"):
        function(3, dtipe="f4")


@pytest.mark.parametrize("laid", LAYOUTS)
@pytest.mark.parametrize("name", METHODS)
def test_methods_are_those_in_python(name, laid):
    method = vars(np.ndarray)[name]
    for args in METHODS[name]:
        got, want = outcome(method, laid(), *args), outcome(method.__wrapped__, laid(), *args)
        assert same(got, want), (name, args, got, want)


def test_writes_are_those_in_python():
    method = np.ndarray.__setitem__
    for key, value in WRITES:
        one, other = fresh(), fresh()
        got, want = outcome(method, one, key, value), outcome(method.__wrapped__, other, key, value)
        assert same(got, want), (key, value, got, want)
        assert one.tolist() == other.tolist(), (key, value)


def test_empty_has_its_shape_and_dtype():
    for args in SHAPES:
        got, want = outcome(np.empty, *args), outcome(np.empty.__wrapped__, *args)
        assert same(got[:3], want[:3]), (args, got, want)


def test_views_share_memory_and_elements_do_not():
    x = fresh()
    row, element, view, flat, other = x[1], x[1, 2], x[1, 2, ...], x.reshape(6), x.copy()
    x[1, 2] = 50.0
    assert row[2] == view == flat[5] == 50.0 and element == other[1, 2] == 5.0
    assert np.asarray(x) is x and np.array(x) is not x


def test_an_interrupt_ends_the_call():
    class Interrupted:
        def __index__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fresh()[Interrupted()]


def test_gradients_flow_through():
    x = np.array([1.0, 2.0, 3.0])
    x.requires_grad = True
    (x[1] * x[:2].sum() + x.copy()[0] + x.reshape(3, 1)[2, 0] + x.astype("f4").sum()).backward()
    assert x.grad.tolist() == [2.0 + 1 + 1, (1 + 2) + 2 + 1, 1.0 + 1]
    y = x * 1.0
    y[0] = x[2]
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 7.0, 4.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        x[0] = 1.0


def test_backward_notices_what_is_written():
    x, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    w.requires_grad = True
    y = (x * w).sum()
    x[0] = 9.0
    with pytest.raises(RuntimeError, match=r"was written in place since, at .*test_numpy_shortcuts.py"):
        y.backward()


def test_before_anything_is_recorded_a_write_is_stamped_all_the_same(python):
    done = python(
        "import tilewright.numpy as np\n"
        "x = np.zeros(3); before = x._array.last_write\n"
        "x[0] = 1.0; first = x._array.last_write\n"
        "x[1] = 2.0; assert before < first < x._array.last_write\n"
    )
    assert done.returncode == 0, done.stderr


def test_a_read_only_array_stays_as_it_is():
    x = np.asarray(numpy.broadcast_to(numpy.float64(2), (3,)))
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1.0
    assert x.tolist() == [2.0] * 3


def test_they_are_functions_to_who_asks():
    for name in (*CALLS, "empty"):
        function = getattr(np, name)
        assert function.__name__ == name and function.__module__ == "tilewright.numpy" and function.__doc__
        assert pickle.loads(pickle.dumps(function)) is function and copy.copy(function) is function
    with pytest.raises(ValueError, match="there is none for outcome"):
        _core.Shortcut(outcome)
