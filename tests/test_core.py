"""The engine under the ops: tensors made wrongly, shapes at their limits, aliasing writes, odd strides, leaks."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

# ---- tensors without data --------------------------------------------------------------------------------------------


def bare():
    return tw.Tensor.__new__(tw.Tensor)


def emptied():
    x = tw.ones(2)
    del x._array
    return x


def mislabelled():
    x = tw.ones(2)
    x._array = "text"
    return x


def without_node():
    x = tw.ones(2)
    del x._node
    return x


@pytest.mark.parametrize("make", [bare, emptied, mislabelled, without_node])
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        lambda x: tw.ones(2) * x,
        tw.exp,
        tw.sum,
        lambda x: x @ x,
        lambda x: tw.where(tw.ones(2) > 0, x, x),
        lambda x: tw.nn.functional.softmax(x, axis=0),
    ],
)
def test_ops_refuse_a_tensor_without_data(make, use):
    with pytest.raises(TypeError, match=r"\w+: an operand is a Tensor without data"):
        use(make())


def test_attributes_of_a_tensor_without_data_raise():
    for use in (repr, len, tw.copy, lambda x: x.shape, lambda x: x.grad, lambda x: x.numpy(), pickle.dumps, copy.copy):
        with pytest.raises((AttributeError, TypeError)):
            use(bare())


def test_nothing_of_the_core_is_made_uninitialised():
    for make in (
        _core.Array,
        lambda: _core.Array.__new__(_core.Array),
        lambda: _core.DType(3),
        lambda: _core.DType.__new__(_core.DType),
        lambda: type("Sub", (_core.Array,), {}),
        lambda: _core.wrap(3),
        lambda: _core.wrap(None),
    ):
        with pytest.raises(TypeError):
            make()


def test_kernels_that_give_no_array_are_refused():
    for wrong in (lambda x: 3, lambda x: (), lambda x: (1, x), lambda x: None):
        with pytest.raises(TypeError, match="odd: the kernel gave a"):
            _core.Primitive("odd", wrong, ("x",), 0, 1, 0, None, True, 0, False, 0, False, 0)(tw.ones(2))
        with pytest.raises(TypeError, match="odd: the kernel "):
            _core.Primitive("odd", wrong, ("x",), 0, 2, 0, None, True, 0, False, 0, False, 0)(tw.ones(2))


def test_ops_and_dtypes_pickle_and_copy_as_what_they_are():
    for thing in (tw.exp, tw.add, tw.float32, tw.bfloat16, tw.DType.bool):
        assert copy.deepcopy(thing) is thing
        assert pickle.loads(pickle.dumps(thing)) is thing


# ---- numbers as operands ---------------------------------------------------------------------------------------------


def test_python_integers_of_any_size():
    assert (tw.zeros(1) + 2**70).tolist() == [2.0**70]
    assert (tw.zeros(1, dtype="float64") - 2**64).tolist() == [-(2.0**64)]
    assert (tw.asarray([1], dtype="uint64") + (2**64 - 2)).tolist() == [2**64 - 1]
    assert tw.asarray(2**63).dtype == tw.uint64
    assert tw.asarray([2**63]).tolist() == [2**63]
    assert tw.asarray([1.0, 2**70]).tolist() == [1.0, 2.0**70]
    assert (tw.asarray([True]) + 2**63).tolist() == [2**63 + 1]
    for value, dtype in ((128, "int8"), (-1, "uint8"), (2**63, "int64"), (2**64, "uint64"), (-(2**63) - 1, "int64")):
        with pytest.raises(ValueError, match=rf"add: Python integer .*is out of bounds for {dtype}"):
            tw.zeros(1, dtype=dtype) + value
    with pytest.raises(ValueError, match="fits neither int64 nor uint64"):
        tw.asarray(-(2**63) - 1)
    with pytest.raises(ValueError, match="add: Python integer beyond the range of floats"):
        tw.zeros(1) + 10**400


def test_numpy_scalars_and_subclasses():
    class Whole(int):
        pass

    class Real(float):
        pass

    x = tw.asarray([1.0, 2.0])
    for number in (2, 2.0, Whole(2), Real(2), np.float32(2), np.float64(2), np.int64(2), np.uint8(2)):
        dtype = tw.float64 if isinstance(number, np.float64) else tw.float32
        assert (x * number).tolist() == [2.0, 4.0]
        assert (number * x).tolist() == [2.0, 4.0]
        assert (x * number).dtype == (number * x).dtype == dtype
    assert (x + np.True_).tolist() == [2.0, 3.0]


def test_where_takes_a_python_condition():
    assert tw.where(True, tw.ones(2), 0.0).tolist() == [1.0, 1.0]
    assert tw.where(False, 1, tw.asarray([5, 6])).tolist() == [5, 6]
    with pytest.raises(TypeError, match="where: condition has dtype int64, but must be bool"):
        tw.where(1, tw.ones(2), 0.0)


# ---- shapes ----------------------------------------------------------------------------------------------------------

DEEP = (1,) * 32


@pytest.mark.parametrize(
    "call",
    [
        lambda: tw.ones((1,) * 33),
        lambda: tw.expand_dims(tw.ones(DEEP), axis=0),
        lambda: tw.stack([tw.ones(DEEP)]),
        lambda: tw.ones(DEEP)[None],
        lambda: tw.reshape(tw.ones(DEEP), (1,) * 33),
        lambda: tw.broadcast_to(tw.ones(DEEP), (1,) * 33),
        lambda: tw.asarray(np.ones((1,) * 33)),
        lambda: tw.sum(tw.ones(DEEP), axis=(0,) * 33),
        lambda: tw.permute_dims(tw.ones(DEEP), (0,) * 33),
    ],
)
def test_seventeen_dimensions(call):
    with pytest.raises(ValueError, match="at most 32 dimensions"):
        call()


def test_sixteen_dimensions():
    x = tw.ones(DEEP)
    assert float(tw.sum(x + x)) == 2.0
    assert tw.permute_dims(x).shape == DEEP


@pytest.mark.parametrize(
    "call",
    [
        lambda: tw.empty((1 << 62, 4)),
        lambda: tw.empty((0, 1 << 62, 1 << 62)),
        lambda: tw.broadcast_to(1.0, (1 << 40, 1 << 40)),
        lambda: tw.broadcast_to(1.0, (1 << 62,)),
        lambda: tw.reshape(tw.ones(4), (1 << 32, 1 << 32, 4)),
        lambda: tw.reshape(tw.ones(0), (1 << 62, 1 << 62, 0)),
        lambda: tw.broadcast_to(tw.ones((1, 1)), (1 << 40, 1)) + tw.broadcast_to(tw.ones((1, 1)), (1, 1 << 40)),
        lambda: tw.concatenate([tw.broadcast_to(1.0, (1 << 59,))] * 40),
        lambda: tw.eye(1 << 40),
        lambda: tw.arange(1e30),
    ],
)
def test_more_elements_than_can_be_addressed(call):
    with pytest.raises(ValueError, match="can be addressed"):
        call()


@pytest.mark.parametrize("shape", [(-1,), (0, -1), (3, -2), -5])
def test_negative_dimensions(shape):
    for make in (tw.ones, lambda s: tw.broadcast_to(tw.ones(()), s if isinstance(s, tuple) else (s,))):
        with pytest.raises(ValueError, match="negative"):
            make(shape)


def test_what_a_shape_can_be():
    for shape in ((2, 3), [2, 3], np.array([2, 3]), tw.asarray([2, 3]), (np.int64(2), tw.asarray(3))):
        assert tw.zeros(shape).shape == (2, 3)
    for shape in (3, np.int64(3), np.asarray(3), tw.asarray(3)):
        assert tw.zeros(shape).shape == (3,)
    for shape, given in (("23", "'23'"), (2.5, "2.5"), ((2.0, 3), "2.0"), (None, "None"), ({2}, "a set")):
        with pytest.raises(TypeError, match=rf"full: (an entry of )?shape is {given}, but must be an integer"):
            tw.full(shape, 0)


@pytest.mark.parametrize("op", ["argmax", "argmin", "concatenate", "stack", "split", "swapaxes"])
def test_an_axis_that_is_no_integer(op):
    x = tw.ones((2, 3))
    call = {"split": lambda: tw.split(x, 1, axis="a"), "swapaxes": lambda: tw.swapaxes(x, "a", 0)}
    with pytest.raises(TypeError, match=f"{op}: axis is 'a', but must be an integer"):
        call.get(op, lambda: getattr(tw, op)(x if "arg" in op else [x], axis="a"))()


def test_lists_that_change_while_they_are_read():
    class Vandal:
        def __float__(self):
            rows[0].clear()
            return 1.0

        def __index__(self):
            rows.clear()
            return 2

    rows = [[Vandal(), 2.0], [3.0, 4.0]]
    with pytest.raises(ValueError, match="asarray: a list became shorter"):
        tw.asarray(rows)
    rows = [Vandal(), 3]
    assert tw.zeros(rows).shape == (2, 3)


def test_memory_error_names_the_bytes():
    kept = tw.ones(1000)
    peak = tw.memory.stats()["peak"]
    with pytest.raises(MemoryError, match=rf"cannot allocate {4 << 50} bytes \(\d+ bytes in use\)"):
        tw.empty(1 << 50)
    assert tw.memory.stats()["peak"] == peak
    assert float(kept.sum()) == 1000.0


def test_ranges_of_integers_are_exact():
    assert tw.arange(2**53 + 1, 2**53 + 4).tolist() == [2**53 + 1, 2**53 + 2, 2**53 + 3]
    assert tw.arange(2**63, 2**63 + 3, dtype="uint64").tolist() == [2**63, 2**63 + 1, 2**63 + 2]
    assert tw.arange(2**64 - 1, 2**64 - 5, -2, dtype="uint64").tolist() == [2**64 - 1, 2**64 - 3]
    assert tw.arange(-128, 128, 51, dtype="int8").tolist() == [-128, -77, -26, 25, 76, 127]
    for start, stop, dtype in ((0, 300, "int8"), (2**63 - 2, 2**63 + 2, "int64"), (3, -2, "uint8")):
        with pytest.raises(ValueError, match=f"arange: .* out of bounds for {dtype}"):
            tw.arange(start, stop, 1 if stop > start else -1, dtype=dtype)
    for count in (2, 7, 50, 113):
        ends = tw.linspace(0.1, 0.7, count, dtype="float64").tolist()
        assert (ends[0], ends[-1]) == (0.1, 0.7)
        expected = np.linspace(-3, 10, count, dtype="int64").tolist()
        assert tw.linspace(-3, 10, count, dtype="int64").tolist() == expected


# ---- reshape against NumPy -------------------------------------------------------------------------------------------


def random_view(rng):
    """A NumPy array of random strides: sliced, reversed, permuted, repeated."""
    factors = [int(f) for f in rng.choice([1, 2, 2, 3, 4], size=rng.integers(1, 6))]
    steps = [int(s) for s in rng.choice([1, 1, 1, 2, -1, -2], size=len(factors))]
    base = np.arange(math.prod(f * abs(s) for f, s in zip(factors, steps, strict=True)))
    view = base.reshape([f * abs(s) for f, s in zip(factors, steps, strict=True)])
    view = view[tuple(slice(None, None, s) for s in steps)]
    if rng.random() < 0.5:
        view = view.transpose(rng.permutation(view.ndim))
    if rng.random() < 0.3:
        at = int(rng.integers(0, view.ndim + 1))
        view = np.expand_dims(view, at)
        view = np.broadcast_to(view, [3 if i == at else n for i, n in enumerate(view.shape)])
    return view


def random_shape(rng, size):
    shape = []
    while size > 1:
        divisors = [d for d in range(1, size + 1) if size % d == 0]
        shape.append(int(rng.choice(divisors)))
        size //= shape[-1]
    return (*shape, 1) if rng.random() < 0.3 else tuple(shape)


def test_reshape_is_a_view_just_where_numpys_is():
    rng = np.random.default_rng(5)
    views = 0
    for _ in range(1500):
        a = random_view(rng)
        shape = random_shape(rng, a.size)
        x = tw.asarray(a)
        y, expected = tw.reshape(x, shape), a.reshape(shape)
        np.testing.assert_array_equal(y.numpy(), expected)
        shares = y._array.storage_ptr == x._array.storage_ptr
        assert shares == np.shares_memory(expected, a), (a.shape, a.strides, shape)
        views += shares
    assert 200 < views < 1300


# ---- elementwise over any strides ------------------------------------------------------------------------------------


def test_elementwise_over_random_strides():
    rng = np.random.default_rng(6)
    for _ in range(400):
        a = random_view(rng).astype("float32", copy=False) if rng.random() < 0.5 else random_view(rng)
        b = np.broadcast_to(rng.integers(1, 9, size=[n if rng.random() < 0.6 else 1 for n in a.shape]), a.shape)
        x, y = tw.asarray(a), tw.asarray(b)
        np.testing.assert_array_equal((x + y).numpy(), a + b)
        np.testing.assert_array_equal(tw.where(x > y, x, y).numpy(), np.maximum(a, b))
        np.testing.assert_array_equal((x.T * y.T).numpy(), (a * b).T)
        np.testing.assert_array_equal(tw.astype(x, "int16").numpy(), a.astype("int16"))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0, 2), (1, 0, 1, 5), (0,) * 32])
def test_empty_arrays(shape):
    x = tw.ones(shape)
    assert (x + 1).shape == (x * tw.ones(shape)).shape == tw.exp(x).shape == shape
    assert tw.where(x > 0, x, 0.0).shape == shape
    assert tw.permute_dims(x).reshape(-1).shape == (0,)
    x += 1
    assert float(x.sum()) == 0.0


# ---- writes in place -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "write",
    [
        lambda x: x.__iadd__(x.T),
        lambda x: x.__imul__(x[::-1]),
        lambda x: x.__isub__(x[:, :1]),
        lambda x: x[1:].__iadd__(x[:-1]),
        lambda x: x[:, ::2].__imul__(x[:, 1::2]),
        lambda x: x.__setitem__(slice(None), x.T),
        lambda x: x.__setitem__(slice(1, None), x[:-1]),
        lambda x: x.__setitem__((slice(None), slice(None, None, -1)), x),
    ],
)
@pytest.mark.parametrize("n", [4, 40, 200])
def test_a_write_reads_what_was_there_before(write, n):
    a = np.arange(n * n, dtype="float64").reshape(n, n) % 17
    x = tw.asarray(a.copy())
    write(x)
    write(a)
    np.testing.assert_array_equal(x.numpy(), a)


def test_memory_that_entered_twice():
    a = np.arange(64, dtype="int64")
    narrow = a.view("int32")[:64]
    expected = narrow.astype("int64")
    x, y = tw.asarray(a), tw.asarray(narrow)
    x[...] = y
    np.testing.assert_array_equal(a, expected)


@pytest.mark.parametrize(
    ("dtype", "other", "error"),
    [
        ("int32", 1.5, TypeError),
        ("bool", 1, TypeError),
        ("int8", 300, ValueError),
        ("float32", [1.0, 2.0, 3.0], ValueError),
        ("float32", np.ones((2, 2)), ValueError),
    ],
)
def test_a_refused_write_leaves_the_target_alone(dtype, other, error):
    x = tw.ones(2, dtype=dtype)
    with pytest.raises(error, match="add: "):
        x += other
    assert x.tolist() == tw.ones(2, dtype=dtype).tolist()


def test_clip():
    x = tw.asarray([[-2.0, 0.5, math.nan], [3.0, math.inf, -math.inf]])
    a = x.numpy()
    for low, high in ((-1, 1), (None, 1), (0, None), ([0, 0, 0], 2.0), (2, 1), (math.nan, 1)):
        np.testing.assert_array_equal(tw.clip(x, low, high).numpy(), np.clip(a, low, high))
    assert tw.clip(x).shape == (2, 3)


def test_power_zero_has_gradient_zero():
    for exponent in (0, 0.0, tw.asarray([0.0, 0.0]), tw.zeros(2, requires_grad=True)):
        x = tw.asarray([0.0, 2.0], requires_grad=True)
        (x**exponent).sum().backward()
        assert x.grad.tolist() == [0.0, 0.0]
