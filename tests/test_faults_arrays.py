"""Faults of arrays that were found by random calls, each with its kind: docs/faults.md lists them."""

from __future__ import annotations

import math
import operator

import numpy as np
import pytest

import tilewright as tw

F = tw.nn.functional
INF, NAN = math.inf, math.nan
INTS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")


def holds(x, dtype, values):
    assert x.dtype.name == dtype
    np.testing.assert_array_equal(x.numpy(), values)


# ---- 15: means of integers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype", "mean"),
    [
        ([2**63 - 1] * 2, "int64", 2.0**63),
        ([2**62] * 4, "int64", 2.0**62),
        ([-(2**63)] * 3, "int64", -(2.0**63)),
        ([2**64 - 1] * 3, "uint64", 2.0**64),
        ([2**31 - 1] * 5, "int32", 2.0**31),
        ([2**63 - 1, -(2**63)], "int64", 0.0),
    ],
)
def test_means_of_large_integers(values, dtype, mean):
    holds(tw.mean(tw.asarray(values, dtype=dtype)), "float32", np.float32(mean))
    holds(tw.asarray([values, values], dtype=dtype).mean(1), "float32", np.float32([mean, mean]))


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint64", "uint32"])
def test_variances_of_large_integers(dtype):
    x = tw.asarray([2**30, 2**30 + 2, 2**30 + 4], dtype=dtype)
    holds(tw.var(x), "float32", np.float32(8 / 3))
    holds(tw.std(x, correction=1), "float32", np.float32(2))
    holds(tw.var(tw.full(4, 2**62, dtype="int64")), "float32", np.float32(0))
    holds(tw.var(tw.asarray([True, False])), "float32", np.float32(0.25))


@pytest.mark.parametrize("dtype", [*INTS, "bool"])
def test_losses_of_integers_do_not_wrap(dtype):
    x, target = tw.asarray([1, 0], dtype=dtype), tw.asarray([0, 1], dtype=dtype)
    assert F.l1_loss(x, target).item() == F.mse_loss(x, target).item() == 1.0
    if dtype != "bool":
        assert F.mse_loss(tw.asarray([100], dtype=dtype), tw.asarray([0], dtype=dtype)).item() == 10000.0
    half = tw.asarray([0.5, 0.5], dtype="float64")
    assert F.binary_cross_entropy(half, target).dtype == tw.float64


# ---- 16: NumPy's scalars are arrays of their dtype ------------------------------------------------------------------

SCALARS = [np.float64(0.1), np.float32(0.1), np.float16(0.1), np.complex128(0.1j), np.complex64(1j), np.int8(3)]
SCALARS += [np.int64(3), np.uint64(3), np.bool_(True)]


@pytest.mark.parametrize("scalar", SCALARS, ids=repr)
def test_numpy_scalars_are_arrays_of_their_dtype(scalar):
    dtype, array = scalar.dtype.name, np.array(scalar)
    holds(tw.asarray(scalar), dtype, array)
    holds(tw.asarray([scalar, scalar]), dtype, [array, array])
    holds(tw.full(2, scalar), dtype, [array, array])
    holds(tw.full_like(tw.asarray(array), scalar), dtype, array)
    holds(tw.stack([scalar, scalar]), dtype, [array, array])
    x = tw.ones(2, dtype="int8")
    together = tw.promote_types("int8", dtype)
    for y in (tw.add(x, scalar), x + scalar, scalar + x, tw.where(True, x, scalar), tw.maximum(x, abs(scalar))):
        assert y.dtype == together or together.is_complex
    assert tw.asarray(array).dtype == tw.asarray(scalar).dtype


def test_numpy_scalars_can_be_written_to_and_not_left_uncopied():
    x = tw.asarray(np.float32(1))
    x[...] = 2.0
    assert x.item() == 2.0
    for scalar in (np.float64(1), np.int64(1), 1.0):
        with pytest.raises(ValueError, match="asarray: copy=False"):
            tw.asarray(scalar, copy=False)


def test_what_only_describes_its_memory_is_no_scalar():
    class Image:
        def __init__(self):
            self.memory = np.arange(3.0)
            self.__array_interface__ = self.memory.__array_interface__

    image = Image()
    shared, copied = tw.asarray(image, copy=False), tw.asarray(image, copy=True)
    copied[0] = 5.0
    image.memory[1] = 7.0
    assert shared.tolist() == [0, 7, 2] and copied.tolist() == [5, 1, 2]


def test_memory_that_lies_in_no_common_order():
    records = np.zeros(3, [("a", "i1"), ("b", "f8")])
    records["b"] = [1, 2, 3]
    assert tw.asarray(records["b"]).tolist() == [1, 2, 3]
    assert tw.asarray(np.arange(3, dtype=">i4")).tolist() == [0, 1, 2]
    assert tw.asarray(np.arange(3, dtype=">f8")[::-1]).dtype == tw.float64


def test_ranges_of_numpys_scalars():
    holds(tw.arange(np.int64(3)), "int64", [0, 1, 2])
    holds(tw.arange(np.int32(3)), "int32", [0, 1, 2])
    holds(tw.arange(0, np.float64(1), 0.5), "float64", [0, 0.5])
    holds(tw.arange(np.int64(0), 2, 0.5), "float32", [0, 0.5, 1, 1.5])
    holds(tw.arange(tw.asarray(3), dtype="float32"), "float32", [0, 1, 2])
    holds(tw.linspace(np.float64(0), 1, np.int64(3)), "float64", [0, 0.5, 1])
    holds(tw.linspace(0, 1, 3), "float32", [0, 0.5, 1])
    holds(tw.linspace(np.int64(0), 2, 3), "float32", [0, 1, 2])


def test_in_place_the_target_keeps_its_dtype():
    x = tw.ones(2)
    x += np.float64(1)
    x[0] = np.float64(0.5)
    x *= np.int64(2)
    holds(x, "float32", [1, 4])
    y = tw.ones(2).requires_grad_() * 1.0
    y *= np.float64(3)
    assert y.dtype == tw.float32


def test_subclasses_of_pythons_numbers_stay_weak():
    class Half(float):
        pass

    assert (tw.ones(2, dtype="float16") * Half(0.5)).dtype == tw.float16


# ---- 17: the array protocol ------------------------------------------------------------------------------------------


def test_copy_false_does_not_copy():
    x = tw.ones(3)
    assert np.shares_memory(np.array(x, copy=False), np.asarray(x))
    assert np.shares_memory(np.array(x, dtype="f4", copy=False), np.asarray(x))
    with pytest.raises(ValueError, match="__array__: copy=False, but dtype float32 has to become float64"):
        np.array(x, dtype="f8", copy=False)
    assert not np.shares_memory(np.array(x, copy=True), np.asarray(x))
    assert np.array(x, dtype="f8", copy=True).dtype == np.float64


# ---- 18: comparisons -------------------------------------------------------------------------------------------------

COMPARISONS = [operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge]
WHOLE = [-(2**70), -(2**63) - 1, -(2**63), -129, -1, 0, 1, 127, 128, 255, 256, 300, 2**31, 2**63 - 1, 2**63, 2**64 - 1]
WHOLE += [2**64, 10**400, -(10**400)]


@pytest.mark.parametrize("dtype", INTS)
@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
def test_integers_compare_exactly_with_pythons(compare, dtype):
    info = np.iinfo(dtype)
    elements = [int(info.min), 0, 1, int(info.max)]
    x = tw.asarray(elements, dtype=dtype)
    for number in WHOLE:
        assert compare(x, number).tolist() == [compare(e, number) for e in elements], number
        assert compare(number, x).tolist() == [compare(number, e) for e in elements], number
        assert (number in x) == (number in elements)


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
def test_signed_and_unsigned_compare_exactly(compare):
    signed, unsigned = [-(2**63), -1, 0, 2**63 - 1], [0, 2**63 - 1, 2**63, 2**64 - 1]
    for s in signed:
        for u in unsigned:
            a, b = tw.asarray([s]), tw.asarray([u], dtype="uint64")
            assert compare(a, b).tolist() == [compare(s, u)]
            assert compare(b, a).tolist() == [compare(u, s)]
            assert compare(b, np.int64(s)).tolist() == [compare(u, s)]
    rows, columns = tw.asarray(signed), tw.asarray([[u] for u in unsigned], dtype="uint64")
    assert compare(rows, columns).tolist() == [[compare(s, u) for s in signed] for u in unsigned]


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda f: f.__name__)
def test_integers_compare_with_floats_in_double_precision(compare):
    elements = [2**24, 2**24 + 1, -3, 7]
    for dtype in ("int32", "int64"):
        for number in (float(2**24), 2.0**24 + 0.5, -2.5, INF, -INF, NAN, 1e300):
            assert compare(tw.asarray(elements, dtype=dtype), number).tolist() == [compare(e, number) for e in elements]


def test_floats_and_bool_compare_with_any_integer():
    x = tw.asarray([-INF, 0.0, INF, NAN])
    assert (x < 10**400).tolist() == [True, True, False, False]
    assert (x > -(10**400)).tolist() == [False, True, True, False]
    assert (x == 10**400).tolist() == [False, False, True, False]  # beyond every float: as infinity
    flags = tw.asarray([True, False])
    assert (flags == 1).tolist() == [True, False]
    assert (flags < 2**70).tolist() == [True, True]
    assert (flags == -1).tolist() == [False, False]
    assert (flags >= 2**63).tolist() == [False, False]


def test_equal_takes_complex_numbers():
    x = tw.asarray([1.0, 2.0])
    assert (x == 1j).tolist() == [False, False] and (x == 1 + 0j).tolist() == [True, False]
    assert (x != 2 + 0j).tolist() == [True, False]
    assert tw.equal(1.5, 1j).item() is False
    assert (tw.asarray([1, 2]) == 2 + 0j).tolist() == [False, True]


@pytest.mark.parametrize("other", [None, "a", object(), {}, b"ab"[:0] or {"a"}, len, tw], ids=repr)
def test_what_is_no_number_equals_nothing(other):
    for x in (tw.asarray([1.0, 0.0]), tw.zeros((2, 0)), tw.asarray(3)):
        equal, unequal = x == other, x != other
        assert equal.shape == unequal.shape == x.shape
        assert not equal.any() and unequal.all()
        assert other not in x
    assert None not in [tw.asarray(1.0)]
    with pytest.raises(TypeError, match="less: "):
        tw.ones(2) < other  # noqa: B015


def test_comparisons_of_what_does_not_fit_still_raise():
    with pytest.raises(ValueError, match="broadcast"):
        tw.ones(2) == tw.ones(3)  # noqa: B015
    with pytest.raises(ValueError, match="equal: ragged nesting"):
        tw.ones(2) == [[1], [1, 2]]  # noqa: B015


# ---- 19: bounds and powers -------------------------------------------------------------------------------------------


def test_bounds_outside_the_range_of_the_dtype():
    x = tw.asarray([0, 255], dtype="uint8")
    holds(tw.clip(x, 0, 4550), "uint8", [0, 255])
    holds(tw.clip(x, -1, 3), "uint8", [0, 3])
    holds(tw.clip(x, -(2**70), 2**70), "uint8", [0, 255])
    holds(tw.clip(tw.asarray([2**63], dtype="uint64"), 1, 2**63), "uint64", [2**63])
    holds(tw.clip(tw.asarray([5, -5], dtype="int8"), max=None, min=-200), "int8", [5, -5])
    holds(tw.clip(x, 7, 3), "uint8", [3, 3])
    holds(tw.clip(x, 0, np.int16(3)), "int16", [0, 3])
    with pytest.raises(ValueError, match="clip: max is -1, below every uint8"):
        tw.clip(x, -5, -1)
    with pytest.raises(ValueError, match="clip: min is 256, above every uint8"):
        tw.clip(x, 256)


def test_clip_takes_what_it_took():
    holds(tw.clip([-1.0, NAN, 3.0], 0, 1), "float32", [0, NAN, 1])
    holds(tw.clip([1.0], NAN, 2.0), "float32", [NAN])
    holds(tw.clip(tw.asarray([True, False]), tw.asarray([1, 1]), 3), "int64", [1, 1])
    holds(tw.clip([1, 5], 0.5, 2.5), "float32", [1, 2.5])
    holds(tw.clip(tw.asarray([1.0, 5.0]), tw.asarray([2.0], dtype="float64")), "float64", [2, 5])
    x = tw.ones(2)
    assert tw.clip(x) is x


@pytest.mark.parametrize(
    ("call", "dtype", "want"),
    [
        (lambda: tw.linspace(-1, 1, 10, endpoint=False, dtype="int32"), "int32", [-1] * 5 + [0] * 5),
        (lambda: tw.linspace(-1.9, 9.1, 13, dtype="int64"), "int64", [-2, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (lambda: tw.linspace(0, 2**53 + 1, 2, dtype="uint64"), "uint64", [0, 2**53 + 1]),
        (lambda: tw.linspace(2**63, 0, 3, dtype="uint64"), "uint64", [2**63, 2**62, 0]),
    ],
)
def test_integers_evenly_spaced(call, dtype, want):
    holds(call(), dtype, np.array(want, dtype))


@pytest.mark.parametrize("ends", [(INF, INF), (0, NAN), (0, 300), (-1, 5), (0, 1e30)])
def test_ends_that_an_integer_dtype_does_not_hold(ends):
    with pytest.raises(ValueError, match=r"linspace: an end is .*, which uint8 does not hold"):
        tw.linspace(*ends, 5, dtype="uint8")


def test_integers_to_negative_powers():
    two = tw.asarray([2, 1])
    for call in (
        lambda: two**-1,
        lambda: 2 ** tw.asarray([1, -1]),
        lambda: two ** tw.asarray([[3, 4], [5, -1]]),
        lambda: tw.power(two, np.int64(-3)),
        lambda: operator.ipow(two, -1),
        lambda: operator.ipow(two, tw.asarray([0, -1])),
    ):
        with pytest.raises(ValueError, match="power: x2 has negative exponents"):
            call()
    holds(two, "int64", [2, 1])
    assert (two**-1.0).tolist() == [0.5, 1.0]
    assert (tw.asarray([0, 3]) ** 0).tolist() == [1, 1]
    assert (tw.asarray([2], dtype="uint8") ** 8).tolist() == [0]
    assert (two ** tw.asarray([], dtype="int64")[:, None]).shape == (0, 2)


# ---- 20: shifts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", INTS)
def test_shifts_by_any_count(dtype):
    info = np.iinfo(dtype)
    values = np.array([info.min, info.min // 2, 0, 1, 5, info.max], dtype)
    counts = np.array([-128 if info.min else 200, -1 if info.min else 199, 0, 1, 7, 8, 63, 64, 65, 100], dtype)
    for ours, numpys in ((tw.bitwise_left_shift, np.left_shift), (tw.bitwise_right_shift, np.right_shift)):
        holds(ours(tw.asarray(values[:, None]), tw.asarray(counts)), dtype, numpys(values[:, None], counts))


def test_a_negative_count_leaves_the_sign():
    holds(tw.asarray([-5, 5], dtype="int8") >> -1, "int8", [-1, 0])
    holds(tw.asarray([-5, 5], dtype="int8") << -1, "int8", [0, 0])


# ---- 22, 23, 24: messages, and what counts as an integer -------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (TypeError, "full: fill_value is 'a', but must be a number", lambda: tw.full(2, "a")),
        (TypeError, "full: fill_value is a list", lambda: tw.full(2, [1])),
        (TypeError, "full: fill_value is a ndarray", lambda: tw.full(2, np.ones(2))),
        (TypeError, "linspace: num is 2.5, but must be an integer", lambda: tw.linspace(0, 1, 2.5)),
        (ValueError, "linspace: num is -1, but must be at least 0", lambda: tw.linspace(0, 1, -1)),
        (TypeError, "linspace: start is None, but must be a number", lambda: tw.linspace(None, 1, 2)),
        (TypeError, "linspace: stop is 1j, but must be real", lambda: tw.linspace(0, 1j, 2)),
        (
            TypeError,
            "linspace: endpoint is 'no', but must be True or False",
            lambda: tw.linspace(0, 1, 2, endpoint="no"),
        ),
        (TypeError, "arange: step is 'a', but must be a number", lambda: tw.arange(0, 3, "a")),
        (ValueError, "arange: stop is inf, but must be finite", lambda: tw.arange(INF)),
        (ValueError, "arange: .* elements are more than can be addressed", lambda: tw.arange(-1e308, 1e308)),
        (ValueError, "arange: stop is an integer of 1329 bits", lambda: tw.arange(0.5, 10**400)),
        (TypeError, "eye: n_rows is 2.0, but must be an integer", lambda: tw.eye(2.0)),
        (ValueError, "eye: n_cols is -1, but must be at least 0", lambda: tw.eye(2, -1)),
        (TypeError, "eye: k is None", lambda: tw.eye(2, k=None)),
        (ValueError, "eye: n_rows is 1180591620717411303424, but must be at most", lambda: tw.eye(2**70)),
        (TypeError, "zeros: shape is 2.5, but must be an integer or a sequence", lambda: tw.zeros(2.5)),
        (ValueError, r"zeros: shape \(2, -1\) has a negative length", lambda: tw.zeros((2, -1))),
        (ValueError, r"zeros: shape .* more elements than can be addressed", lambda: tw.zeros(2**70)),
        (TypeError, r"dtype a list is not one of bool", lambda: tw.zeros(2, dtype=[])),
        (TypeError, "sum: keepdims is 'x', but must be True or False", lambda: tw.sum([1.0], keepdims="x")),
        (TypeError, "any: keepdims is 2", lambda: tw.any([1.0], keepdims=2)),
        (TypeError, "argmax: keepdims is None", lambda: tw.argmax([1.0], keepdims=None)),
        (TypeError, "std: axis is 0.5", lambda: tw.ones((2, 3)).std(0.5)),
        (TypeError, "max: axis is an ellipsis", lambda: tw.ones((2, 3)).max(...)),
        (tw.AxisError, "argmin: axis 18446744073709551616 is out of bounds", lambda: tw.ones(2).argmin(2**64)),
        (tw.AxisError, "take: axis 7 is out of bounds", lambda: tw.take(tw.ones(2), [0], axis=7)),
        (TypeError, "expand_dims: axis is 'a'", lambda: tw.expand_dims([1.0], axis="a")),
        (TypeError, "squeeze: axis is 'a'", lambda: tw.squeeze([1.0], axis="a")),
        (TypeError, "permute_dims: axes is 'a'", lambda: tw.permute_dims([1.0], "a")),
        (TypeError, "flip: axis is -1.5", lambda: tw.flip([1.0], axis=-1.5)),
        (TypeError, "reshape: shapes and axes are integers", lambda: tw.reshape([1.0], 0.5)),
        (ValueError, "reshape: shapes and axes must fit 64 bits", lambda: tw.reshape([1.0], 2**70)),
        (TypeError, "broadcast_to: shapes and axes are integers", lambda: tw.broadcast_to([1.0], None)),
        (TypeError, "stack: arrays is False, but must be a sequence of arrays", lambda: tw.stack(False)),
        (TypeError, "split: sections is 'a'", lambda: tw.split([1.0], "a")),
        (TypeError, "var: correction is 'a', but must be a real number", lambda: tw.var([1.0], correction="a")),
        (TypeError, "astype: copy is 'a'", lambda: tw.astype([1.0], "int64", copy="a")),
        (TypeError, "asarray: copy is 'a'", lambda: tw.asarray([1.0], copy="a")),
        (TypeError, "asarray: there is no dtype for NumPy's datetime64", lambda: tw.asarray(np.zeros(2, "M8[s]"))),
        (TypeError, "asarray: there is no dtype for NumPy's object", lambda: tw.asarray(np.array([None]))),
        (TypeError, "asarray: there is no dtype for NumPy's longdouble|float128", lambda: tw.asarray(np.longdouble(1))),
        (TypeError, "asarray: cannot make an array of the class Tensor", lambda: tw.asarray(tw.Tensor)),
        (TypeError, "add: cannot make an array of a dict", lambda: tw.add({}, 1)),
        (TypeError, "cos: cannot make an array of a set", lambda: tw.cos({1})),
        (ValueError, "cos: Python integer of about .* fits neither int64 nor uint64", lambda: tw.cos(2**70)),
        (ValueError, "add: Python integer beyond the range of floats", lambda: tw.ones(1) + 10**400),
        (ValueError, "bool: the truth of an array of shape", lambda: bool(tw.ones(2))),
        (TypeError, r"index: an array of shape \(2,\) .* is not an integer", lambda: operator.index(tw.ones(2))),
        (ValueError, "to: device is cuda:9, but this build and machine have only cpu", lambda: tw.ones(2).to("cuda:9")),
        (TypeError, "to: device is a ndarray", lambda: tw.ones(2).to(np.ones(2))),
    ],
)
def test_messages_name_the_function_and_what_it_needs(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_an_array_that_gives_itself_as_array():
    class Myself:
        def __array__(self, dtype=None, copy=None):
            return self

    for call in (lambda: tw.asarray(Myself()), lambda: tw.sin(Myself())):
        with pytest.raises((TypeError, ValueError)):
            call()


def test_whatever_has_an_index_is_an_integer():
    class Two:
        def __index__(self):
            return 2

    x = tw.arange(12).reshape(3, 4)
    for two in (np.int64(2), np.uint8(2), np.array(2), tw.asarray(2), Two()):
        assert len(tw.split(x, two, axis=1)) == 2
        assert tw.zeros(two).shape == tw.zeros((two,)).shape == (2,)
        assert tw.eye(two, two, k=np.int8(0)).shape == (2, 2)
        assert tw.linspace(0, 1, two).shape == (2,)
        assert tw.expand_dims(x, axis=two).shape == (3, 4, 1)
        assert tw.reshape(x, (6, two)).shape == (6, 2)
        assert x[two].tolist() == [8, 9, 10, 11]
    one = np.int64(1)
    assert tw.sum(x, axis=one).tolist() == tw.sum(x, axis=(one,)).tolist() == [6, 22, 38]
    assert tw.argmax(x, axis=one).tolist() == [3, 3, 3]
    assert tw.squeeze(x[:, :1], axis=one).shape == (3,)
    assert tw.flip(x, axis=one)[0].tolist() == [3, 2, 1, 0]
    assert tw.take(x, [0], axis=one).shape == (3, 1)
    assert tw.stack([x, x], axis=one).shape == (3, 2, 4)
    assert tw.sum(x, axis=0, keepdims=np.True_).shape == (1, 4)
    assert tw.any(x, axis=[0, 1], keepdims=np.bool_(False)).shape == ()
    y = tw.ones((2, 3), dtype="float64").requires_grad_()
    (
        tw.sum(y, axis=np.int8(1)) + tw.mean(y, axis=[0, 1]) + tw.std(y, axis=one) + tw.max(y, axis=(one,))
    ).sum().backward()
    assert y.grad.shape == (2, 3)
    product = lambda a, b: (a * b).sum()  # noqa: E731
    assert tw.autograd.grad(product, np.int64(1))(tw.ones(2), tw.ones(2)).tolist() == [1, 1]
    for several in (range(2), np.array([0, 1]), [0, 1], (0, -1)):
        assert [g.tolist() for g in tw.autograd.grad(product, several)(tw.ones(2), tw.zeros(2))] == [[0, 0], [1, 1]]
