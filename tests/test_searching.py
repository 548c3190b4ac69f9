"""Searching, sets, tolerance and choosing beyond the op cases: NaN, NumPy's functions and types, gradients."""

from __future__ import annotations

import math
from bisect import bisect

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

NAN, INF = math.nan, math.inf


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def same(got, want):
    """One result or several, with NumPy's shapes and dtypes."""
    for g, w in zip(parts(got), parts(want), strict=True):
        w = numpy.asarray(w)
        if isinstance(g, bool):
            assert g == w
            continue
        assert type(g) is np.ndarray and g.dtype.name == w.dtype.name and g.shape == w.shape, (g, w)
        numpy.testing.assert_array_equal(g.detach().numpy(), w)


# Calls that are the same with both namespaces.
ROWS = [[3, 0, 1], [1, 0, 1], [3, 0, 1]]
CALLS = """
unique([3, 1, 3])
unique([0.5, nan, 0.5, nan], True, True, True)
unique(ROWS, axis=0)
unique(ROWS, True)
unique(ROWS, return_inverse=True)
unique(ROWS, return_inverse=True, axis=1)
unique([nan, nan], equal_nan=False)
unique([2 + 1j, 1 - 1j, complex(nan, 1), complex(1, nan), 2 + 1j], True, True, True)
unique([])
isin([[1, 2], [3, 4]], [2, 4], invert=True)
isin([1.5, nan], [nan, 1.5])
isin(2, [1, 2])
isin(True, [1])
isin([1, 2], [2], assume_unique=True, kind='sort')
isin([1, 2], 2.0)
isin([2**53 + 1], [2.0**53, 1, 2])
union1d([1, 2], [2.5, 1])
intersect1d([3, 1, 3], [3, 2, 3, 1], return_indices=True)
setxor1d([nan, 1], [nan])
intersect1d([4, 1], [2, 4], True, True)
setdiff1d([3, 1, 3, 2], [2, 7])
setdiff1d([3, 1], [1], True)
searchsorted([1.0, 2.0, 4.0, nan], [3.5, 5, nan, inf])
searchsorted([1, 2, 4, nan], [3.5, 5, nan, inf], 'right')
searchsorted([3, 1, 2], [1.5, 3], sorter=[1, 2, 0])
searchsorted(array([0.1], 'float32'), 0.1, 'right')
searchsorted([1, 2, 3], 2.5)
searchsorted([False, True], [True, False], side='right')
digitize([0.2, 6.4, 3.0, nan], [4.0, 2.5, 1.0, 0.0], right=True)
digitize([1, 2], [2, 2, 1])
digitize(3, [1, 2])
count_nonzero(ROWS, axis=(0, 1), keepdims=True)
count_nonzero([1j, 0, nan])
flatnonzero(ROWS)
argwhere(3)
argwhere(0)
argwhere(ROWS)
nanargmax([[nan, 2, 1], [3, nan, 3]], axis=1)
nanargmin([3, 1, 1])
nanargmin([[nan, 2], [3, nan]], axis=0, keepdims=True)
lexsort(([1, 2, 1], [3, 3, 0]))
lexsort([3, 1])
sort_complex([3, 1, 2])
sort_complex([[2 + 1j, complex(1, nan), 2 - 1j], [5, 1j, 0]])
sort_complex(array([2, 1], 'float32'))
isclose([1.0, inf, nan, -inf], [1 + 1e-9, inf, nan, inf], equal_nan=True)
isclose(3, 3.00001)
isclose(1e10, inf)
isclose([1, 2], 1, [0.0, 1.0])
isclose(1 + 1e-6j, 1.0)
allclose([1.0, 2.0], [1.0, 2.1])
isclose(0.1 + 0.2, 0.3, 0, 0)
isclose(array([0], 'uint8'), array([255], 'uint8'), 0, 2)
allclose([], [1.0])
array_equal([1, nan], [1, nan], equal_nan=True)
array_equal([1, 2], [1, 2, 3])
array_equiv([1, 2], [[1, 2], [1, 2]])
array_equiv([1, 2], [1, 2, 3])
nan_to_num([nan, inf, -inf, 1])
nan_to_num(array([nan, inf, -inf], 'float32'), nan=2, posinf=3, neginf=4)
nan_to_num(array([nan, inf, -inf], 'float16'))
nan_to_num([complex(nan, inf), 1 + 2j], posinf=9)
nan_to_num([1, 2])
extract([[1, 0], [0, 1]], [[1, 2], [3, 4]])
compress([0, 1], ROWS, axis=1)
compress([True, False, True], ROWS)
choose([1, 0, 1], [[1, 2, 3], [10, 20, 30]])
choose([-1, 5], [1.5, [2, 3]], mode='clip')
choose([-1, 5], [1, 2], mode='wrap')
choose([[True], [False]], [[1, 2], [3, 4]])
isposinf([inf, -inf, nan])
isneginf([inf, -inf, 1])
isposinf([1, 2])
iscomplex([1, 2j, complex(1, nan)])
isreal([1, 2j])
iscomplex([1, 2])
iscomplexobj([1j])
isrealobj([1.0])
isscalar(3)
isscalar('a')
isscalar([1])
isscalar(None)
isscalar(float64_of_numpy)
isscalar(zeros(()))
select([array(ROWS) > 2, array(ROWS) < 1], [array(ROWS), 0.5])
select([[True, False]], [[1, 2]], -1.5)
piecewise(array([-2.5, 0.5, 3]), [array([-2.5, 0.5, 3]) < 0], [lambda v: -v, 7])
piecewise([1, 2], [True, False], [5, 6])
piecewise(array(3.0), array(3.0) > 2, [lambda v, k: v * k, 0], 2)
piecewise([1, 2], [[True, False]], [2.7])
apply_along_axis(sum, 0, ROWS)
apply_along_axis(lambda v, k: v[:k] / 2, 1, ROWS, 2)
apply_over_axes(sum, array(ROWS), [0, -1])
vectorize(lambda a, b: a + b if a > b else a - b)([[1], [5]], [2, 3])
vectorize(lambda a: (a, a / 2))([1, 2])
vectorize(lambda a: a * 2, otypes='f')([1, 2])
vectorize(lambda a, k=1: a * k)([1, 2], k=3)
vectorize(lambda: 3)
vectorize(lambda p, x: p[0] + x, excluded={0})([7, 8], [1, 2])
vectorize(lambda a: a, otypes=[float])([])
""".strip().splitlines()


def scope(namespace):
    return {name: getattr(namespace, name) for name in dir(namespace) if not name.startswith("_")} | {
        "ROWS": ROWS, "float64_of_numpy": numpy.float64(3),
    }  # fmt: skip


@pytest.mark.parametrize("text", CALLS)
def test_calls_give_what_numpy_gives(text):
    got = eval(text, scope(np))
    if callable(got):
        assert got() == 3
        return
    same(got, eval(text, scope(numpy)))


def test_partitions():
    x = numpy.random.default_rng(0).integers(0, 50, (4, 31)).astype("float32")
    x[0, :3] = NAN
    for kth, axis in ((3, 0), (-1, 1), ((2, 20), 1), (60, None)):
        want = numpy.partition(x, kth, axis)
        got, at = np.partition(x, kth, axis), np.argpartition(x, kth, axis)
        k = numpy.atleast_1d(kth)
        numpy.testing.assert_array_equal(numpy.take(got.numpy(), k, axis or 0), numpy.take(want, k, axis or 0))
        flat, axis = (x.ravel(), 0) if axis is None else (x, axis)
        numpy.testing.assert_array_equal(numpy.take_along_axis(flat, at.numpy(), axis), got.numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_unique_and_nan(dtype):
    x = tw.asarray([0, NAN, 2, NAN, 2, 1], dtype=dtype)
    assert str(tw.unique(x).tolist()) == str(tw.unique(x, axis=0).tolist()) == "[0.0, 1.0, 2.0, nan]"
    assert str(tw.unique_values(x).tolist()) == "[0.0, 1.0, 2.0, nan, nan]"
    assert tw.unique_all(x).counts.tolist() == [1, 1, 2, 1, 1] and tw.unique_counts(x).values.dtype == x.dtype
    assert tw.unique(x, return_counts=True)[1].tolist() == [1, 1, 2, 2]
    assert tw.unique(tw.asarray([[NAN, 2], [NAN, 2]], dtype=dtype), axis=0).shape == (1, 2)
    assert tw.unique([[1, 2], [2, 1]], return_inverse=True)[1].tolist() == [[0, 1], [1, 0]]
    assert tw.unique_inverse(x[:2].reshape(1, 2)).inverse_indices.shape == (1, 2)


def test_all_but_nan_may_be_infinite():
    """NumPy puts infinities in the place of NaN, and then finds those."""
    assert tw.nanargmax([NAN, -INF]).item() == 1 and tw.nanargmin([NAN, INF]).item() == 1


def test_places_among_integers_of_two_signs():
    x, v = numpy.array([-(2**62), -1, 0, 2**62]), numpy.array([0, 5, 2**63, 2**64 - 1], "uint64")
    for side in ("left", "right"):
        want = [bisect(x.tolist(), n) for n in v.tolist()] if side == "right" else [2, 3, 4, 4]
        assert tw.searchsorted(tw.asarray(x), tw.asarray(v), side=side).tolist() == want
        want = [0, 0, 1 if side == "right" else 0, 2]
        assert tw.searchsorted(tw.asarray(v), tw.asarray(x), side=side).tolist() == want


def test_integers_looked_up_in_a_table():
    x = numpy.random.default_rng(0).integers(-500, 500, 2000)
    for among in (x[:40], x[:40].astype("int8"), numpy.array([-(2**63), 2**63 - 1, 7])):
        assert tw.isin(tw.asarray(x), tw.asarray(among)).tolist() == numpy.isin(x, among).tolist()


def test_numbers_are_not_rounded_to_be_compared():
    assert tw.isin(tw.asarray([2**24 + 1]), tw.asarray([2.0**24])).tolist() == [False]
    assert tw.searchsorted(tw.asarray([2**24, 2**24 + 1]), tw.asarray(2.0**24), side="right").item() == 1
    assert tw.searchsorted(tw.asarray([0.1], "float32"), 0.1, side="right").item() == 1  # a number is weak
    assert not tw.isclose(0.1 + 0.2, 0.3, 0, 0) and tw.isclose(tw.asarray([0.1], "float64"), 0.1, 0, 0)


def test_results_are_plain_tensors_of_float32():
    for y in (tw.unique([1.0, 2.0]), tw.union1d([1.5], [2.5]), tw.nan_to_num([NAN]), tw.select([[True]], [[0.5]])):
        assert type(y) is tw.Tensor and y.dtype == tw.float32
    assert tw.vectorize(lambda a: a / 2)([1, 2]).dtype == tw.float32
    assert tw.allclose(1.0, 1.0) is True and tw.array_equal(1, 2) is False


def test_nan_to_num_in_place():
    x = np.array([1.0, NAN])
    assert np.nan_to_num(x, copy=False) is x and x.tolist() == [1, 0]


def test_what_is_called_sees_ndarrays():
    seen = []
    np.apply_along_axis(lambda v: seen.append(v) or v.sum(), 0, [[1, 2]])
    np.piecewise([1.0], [[True]], [lambda v: seen.append(v) or v])
    np.apply_over_axes(lambda v, axis: seen.append(v) or np.sum(v, axis), [[1, 2]], 0)
    assert len(seen) == 4 and all(type(v) is np.ndarray for v in seen)
    assert np.frompyfunc(lambda a: (a, a + 1), 1, 2)([1, 2])[1].tolist() == [2, 3]


X = numpy.array([[0.3, -1.2, 2.0], [0.7, 1.1, -0.4]])
SMOOTH = {
    "unique": lambda x: tw.unique(x, True, True)[0],
    "unique values": tw.unique,
    "unique rows": lambda x: tw.unique(x, axis=0),
    "unique_all": lambda x: tw.unique_all(x).values,
    "unique_counts": lambda x: tw.unique_counts(x).values,
    "unique_inverse": lambda x: tw.unique_inverse(x).values,
    "union1d": lambda x: tw.union1d(x[0], x[1]),
    "setxor1d": lambda x: tw.setxor1d(x[0], x[1]),
    "setdiff1d": lambda x: tw.setdiff1d(x, [5.0]),
    "intersect1d": lambda x: tw.intersect1d(x, x, return_indices=True)[0],
    "compress": lambda x: np.compress([1, 0, 1], x, 1) ** 2,
    "extract": lambda x: np.extract(X > 0, x) ** 2,
    "choose": lambda x: np.choose([0, 1, 0], [x[0] ** 2, x[1] ** 3]),
    "vectorize": tw.vectorize(lambda a, b: a * a * b if a > 0 else b - a),
    "nan_to_num": lambda x: tw.nan_to_num(x * x),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients(name):
    function = SMOOTH[name]
    arguments = [tw.asarray(X.copy())] * (2 if name == "vectorize" else 1)
    tw.testing.check_grads(function, *arguments, order=2)


def test_infinities_that_were_replaced_have_no_gradient():
    x = tw.asarray([1.0, NAN, INF], requires_grad=True)
    tw.nan_to_num(x).sum().backward()
    assert x.grad.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("error", "message", "call"),
    [
        (ValueError, "choose: a has a number that is not one of the 2 choices", lambda: np.choose([2], [1, 2])),
        (TypeError, "choose: a has dtype float64", lambda: np.choose([0.5], [1, 2])),
        (ValueError, "choose: shapes", lambda: np.choose([0, 1], [[1, 2, 3], [1, 2, 3]])),
        (ValueError, r"compress: condition has shape \(1, 1\)", lambda: np.compress([[1]], [1])),
        (TypeError, "isposinf: dtype complex128 is not supported", lambda: np.isposinf([1j])),
        (ValueError, "vectorize: there is no element", lambda: np.vectorize(abs)([])),
        (ValueError, "vectorize: shapes", lambda: np.vectorize(lambda a, b: a)([1, 2], [1, 2, 3])),
        (TypeError, "frompyfunc: the function takes 1 arrays, got 2", lambda: np.frompyfunc(abs, 1, 1)(1, 2)),
        (ValueError, "frompyfunc: the function gives 1 results", lambda: np.frompyfunc(abs, 1, 2)(1)),
        (ValueError, "apply_over_axes: func gives 0 axes of 2", lambda: np.apply_over_axes(lambda a, k: 1.0, ROWS, 0)),
        (TypeError, "isin: kind|isin: kind is 3", lambda: np.isin([1], [1], kind=3)),
        (tw.AxisError, "sort_complex: a is 0-d", lambda: np.sort_complex(1)),
    ],
)  # fmt: skip
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()
