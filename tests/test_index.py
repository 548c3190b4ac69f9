"""Indexing against NumPy: keys drawn at random, placement of index arrays, errors by message, joins."""

import itertools

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core

DTYPES = ("float32", "float64", "float16", "int64", "int32", "int16", "uint8", "bool", "complex64", "complex128")


def array(shape, dtype="float32", seed=0):
    return (np.random.default_rng(seed).random(shape) * 100).astype(dtype)


# ---- random keys -----------------------------------------------------------------------------------------------------


class Keys:
    """Draws NumPy keys: every kind of item, mostly in bounds, index arrays that mostly broadcast."""

    def __init__(self, rng):
        self.rng = rng

    def chance(self, p):
        return self.rng.random() < p

    def slice(self, n):
        start, stop = (None if self.chance(0.4) else int(self.rng.integers(-n - 2, n + 3)) for _ in range(2))
        return slice(start, stop, None if self.chance(0.4) else int(self.rng.choice([-3, -2, -1, 1, 2, 3])))

    def integers(self, n, shape):
        shape = tuple(1 if self.chance(0.2) else d for d in shape[int(self.rng.integers(0, len(shape) + 1)) :])
        low, high = (-n, n + self.chance(0.02)) if n else (0, 1)
        values = np.asarray(self.rng.integers(low, high, size=shape))
        dtype = str(self.rng.choice(["int64", "int32", "int8", "uint8", "uint64"]))
        values = (np.abs(values) - (values < 0) if dtype[0] == "u" else values).astype(dtype)
        return values.tolist() if self.chance(0.3) else values

    def key(self, shape):
        rng, items, axis, ellipsis = self.rng, [], 0, False
        together = tuple(rng.integers(1, 4, size=rng.integers(0, 3)))
        for _ in range(rng.integers(0, len(shape) + 2)):
            kind = rng.choice(["newaxis", "ellipsis", "bool", "slice", "slice", "int", "mask", "array", "array"])
            if kind == "newaxis":
                items.append(None)
            elif kind == "ellipsis" and not ellipsis:
                items.append(Ellipsis)
                ellipsis = True
            elif kind == "bool" and self.chance(0.4):
                items.append([True, False, np.bool_(True)][rng.integers(0, 3)])
            elif axis < len(shape):
                n = shape[int(rng.integers(0, len(shape))) if ellipsis else axis]
                width = 1
                if kind == "int":
                    items.append(int(rng.integers(-n, n + self.chance(0.05))) if n else 0)
                elif kind == "mask":
                    width = 1 if ellipsis else min(int(rng.integers(1, 3)), len(shape) - axis)
                    items.append(rng.random((n,) if ellipsis else shape[axis : axis + width]) < 0.5)
                elif kind == "array":
                    items.append(self.integers(n, together))
                else:
                    items.append(self.slice(n))
                axis += width
        return items[0] if len(items) == 1 and self.chance(0.5) else tuple(items)


def strided(rng, dtype):
    """A base array and a function that makes the same view of any array like it: steps, flips, transposes."""
    shape = tuple(rng.integers(rng.random() > 0.1, 6, size=rng.integers(0, 5)))
    base = np.asarray(rng.random([2 * n for n in shape]) * 100).astype(dtype)
    choices = [
        (slice(None, n, None), slice(None, None, 2), slice(n - 1 if n else 0, None, -1))[rng.integers(0, 3)]
        for n in shape
    ]
    order = rng.permutation(len(shape))

    def view(like):
        return like[(*choices, ...)][(*(slice(0, n) for n in shape), ...)].transpose(order)

    return base, view


def outcome(function, *args):
    try:
        return function(*args), None
    except (IndexError, ValueError, TypeError) as error:
        return None, type(error)


def repeats(key, shape):
    """Whether the key names an element twice; which write is the last is then no part of NumPy's promise."""
    positions = np.arange(np.prod(shape, dtype=int)).reshape(shape)[key]
    return np.unique(positions).size < np.size(positions)


@pytest.mark.parametrize("seed", range(12))
def test_random_keys(seed):
    rng = np.random.default_rng(seed)
    keys = Keys(rng)
    compared = 0
    for _ in range(150):
        dtype = str(rng.choice(DTYPES))
        base, view = strided(rng, dtype)
        x = view(base)
        key = keys.key(x.shape)
        about = f"shape {x.shape}, strides {x.strides}, key {key!r}"
        want, error = outcome(lambda: x[key])  # noqa: B023
        got, failed = outcome(lambda: tw.asarray(x)[key].numpy())  # noqa: B023
        assert failed == error, about
        if error:
            continue
        compared += 1
        assert got.dtype == x.dtype and got.shape == np.shape(want), about
        np.testing.assert_array_equal(got, want, err_msg=about)
        check_writes(rng, base, view, key, about)
    assert compared > 100


def check_writes(rng, base, view, key, about):
    x = view(base)
    selected = np.shape(x[key])
    shape = tuple(1 if rng.random() < 0.2 else n for n in selected)
    value = np.asarray(rng.random(shape[rng.integers(0, 2) * len(shape) // 2 :]) * 100).astype(base.dtype)
    single_mask = isinstance(key, np.ndarray) and key.dtype == bool and value.ndim > 1  # NumPy wants them 1-D there
    if not single_mask and not repeats(key, x.shape):
        want, got = base.copy(), base.copy()
        view(want)[key] = value
        tw.asarray(view(got))[key] = value
        np.testing.assert_array_equal(got, want, err_msg=f"set, value {value.shape}, {about}")
    if base.dtype != bool and base.dtype != np.float16:
        value = np.asarray(rng.random(selected) * 100).astype(base.dtype)
        want, got = base.copy(), base.copy()
        np.add.at(view(want), key, value)
        _core.index_add(tw.asarray(view(got))._array, key, tw.asarray(value)._array)
        np.testing.assert_allclose(
            got, want, rtol=1e-5 if base.dtype in (np.float32, np.complex64) else 1e-13, err_msg=f"add, {about}"
        )


# ---- views and copies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", [1, -1, slice(None), slice(None, None, -1), None, Ellipsis, (0, 1), (..., 2), (slice(1, 2), None, 1)]
)
def test_basic_keys_are_views(key):
    data = array((3, 4))
    x = tw.asarray(data)
    assert _core.is_basic_index(key)
    x[key][...] = 7.0
    np.testing.assert_array_equal(data[key], np.full_like(data[key], 7))


@pytest.mark.parametrize("key", [[0, 1], True, np.array([True, False, True]), (0, [1]), (slice(None), [1])])
def test_advanced_keys_are_copies(key):
    data = array((3, 4))
    before = data.copy()
    assert not _core.is_basic_index(key)
    tw.asarray(data)[key][...] = 7.0
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize("index", [np.int64(1), np.array(1), np.uint8(1)], ids=repr)
def test_scalars_that_are_not_ints(index):
    x = array((3, 4))
    np.testing.assert_array_equal(tw.asarray(x)[index].numpy(), x[1])
    np.testing.assert_array_equal(tw.asarray(x)[tw.asarray(1)].numpy(), x[1])
    np.testing.assert_array_equal(tw.asarray(x)[tw.asarray(1) : tw.asarray(3)].numpy(), x[1:3])
    np.testing.assert_array_equal(tw.asarray(x)[tw.asarray(True)].numpy(), x[True])


@pytest.mark.parametrize("rows", [[], [[]], [2, 0], (2, 0), range(2)], ids=repr)
def test_sequences_are_arrays(rows):
    x = array((3, 4))
    np.testing.assert_array_equal(tw.asarray(x)[rows, :].numpy(), x[np.array(rows, dtype=int), :])


def test_tensors_as_indices():
    x = array((5, 4))
    t = tw.asarray(x)
    rows, mask = np.array([[4, 0], [-1, 2]], dtype=np.int32), x > 50
    np.testing.assert_array_equal(t[tw.asarray(rows)].numpy(), x[rows])
    np.testing.assert_array_equal(t[tw.asarray(mask)].numpy(), x[mask])
    np.testing.assert_array_equal(t[t > 50].numpy(), x[mask])


# ---- sizes that split between threads, and rows around the lane count ------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8"])
@pytest.mark.parametrize("shape", [(40, 3001), (3001, 40), (70000,), (300, 7, 50), (9, 3, 2)])
def test_large(shape, dtype):
    x = array(shape, dtype)
    rng = np.random.default_rng(1)
    for axis in range(len(shape)):
        index = rng.integers(-shape[axis], shape[axis], size=min(5000, 1_000_000 * shape[axis] // x.size))
        got = tw.take(x, index, axis=axis)
        np.testing.assert_array_equal(got.numpy(), np.take(x, index, axis))
    mask = rng.random(shape) < 0.3
    np.testing.assert_array_equal(tw.asarray(x)[mask].numpy(), x[mask])
    np.testing.assert_array_equal(tw.asarray(x.T)[mask.T].numpy(), x.T[mask.T])
    for got, want in zip(tw.nonzero(mask), np.nonzero(mask), strict=True):
        np.testing.assert_array_equal(got.numpy(), want)
    want, got = x.copy(), x.copy()
    want[mask] = 1
    tw.asarray(got)[mask] = 1
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
@pytest.mark.parametrize("inner", [1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129])
def test_rows_straddle_the_lanes(inner, dtype):
    rng = np.random.default_rng(inner)
    x, index = array((11, inner), dtype), rng.integers(-11, 11, size=1500)
    np.testing.assert_array_equal(tw.take(x, index, axis=0).numpy(), x[index])
    g = (rng.random((1500, inner)) * 9).astype(dtype)
    want, got = x.copy(), x.copy()
    np.add.at(want, index, g)
    _core.take_add(tw.asarray(got)._array, tw.asarray(index)._array, tw.asarray(g)._array, 0)
    np.testing.assert_allclose(got, want, rtol=2e-5 if dtype == "float32" else 1e-12)


def test_repeats_add_up_accurately():
    n = 300_000
    for dtype, rtol in (("float32", 1e-6), ("float16", 1e-3), ("bfloat16", 8e-3)):
        target = tw.zeros(3, dtype=dtype)
        ones = tw.full((n,), 0.1, dtype=dtype)
        exact = n * float(ones[0].astype("float64").item()) if dtype != "float16" else None
        if exact is None:  # stay below its largest number
            ones, exact = tw.full((n,), 0.1, dtype=dtype)[:200_000], 200_000 * float(np.float16(0.1))
        _core.index_add(target._array, np.ones(ones.size, np.int64), ones._array)
        assert target[1].astype("float64").item() == pytest.approx(exact, rel=rtol)
        assert target[0].item() == target[2].item() == 0


def test_same_bits_for_any_thread_count():
    rng = np.random.default_rng(0)
    index, g = rng.integers(0, 500, size=40_000), rng.standard_normal((40_000, 24)).astype(np.float32)
    before = tw.get_num_threads()
    results = []
    for threads in (1, 2, 7):
        tw.set_num_threads(threads)
        target = tw.zeros((500, 24))
        _core.take_add(target._array, tw.asarray(index)._array, tw.asarray(g)._array, 0)
        results.append(target.numpy().tobytes())
    tw.set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_last_write_wins():
    x = tw.zeros(4)
    x[[1, 2, 1, 1]] = tw.asarray([1.0, 2.0, 3.0, 4.0])
    assert x.tolist() == [0, 4, 2, 0]


def test_value_from_the_same_memory():
    x = np.arange(4.0)
    t = tw.asarray(x)
    for key in ([3, 2, 1, 0], slice(None, None, -1), np.array([3, 2, 1, 0])):
        want = x[::-1].copy()
        t[key] = t
        np.testing.assert_array_equal(x, want)
    for key in ([3, 2, 1, 0], slice(None, None, -1)):
        want = x[::-1].copy()
        t[key] = tw.asarray(x)  # the same memory, entered twice
        np.testing.assert_array_equal(x, want)
    want = x + x[::-1]
    t += tw.asarray(x)[::-1]
    np.testing.assert_array_equal(x, want)


# ---- along an axis ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "axis"), [((5, 6), 0), ((5, 6), 1), ((3, 4, 5), -2), ((7,), 0), ((200, 300), 1)])
def test_take_along_axis(shape, axis):
    rng = np.random.default_rng(0)
    x = array(shape)
    lengths = [3 if k == axis % len(shape) else n for k, n in enumerate(shape)]
    index = rng.integers(-shape[axis], shape[axis], size=lengths)
    for values, places in ((x, index), (x.T, index.T)):
        along = axis if values is x else len(shape) - 1 - axis % len(shape)
        want = np.take_along_axis(values, places, along)
        np.testing.assert_array_equal(tw.take_along_axis(values, places, axis=along).numpy(), want)
        x = tw.asarray(values.astype(float), requires_grad=True)
        tw.take_along_axis(x, places, axis=along).backward(tw.asarray(want.astype(float)))
        expected = np.zeros(values.shape)
        for at in itertools.product(*map(range, places.shape)):
            to = list(at)
            to[along] = places[at]
            expected[tuple(to)] += want[at]
        np.testing.assert_allclose(x.grad.numpy(), expected)


def test_take_along_axis_broadcasts():
    x, index = array((3, 1, 5)), np.array([[[0], [4]]])
    np.testing.assert_array_equal(
        tw.take_along_axis(x, index, axis=2).numpy(),
        np.take_along_axis(np.broadcast_to(x, (3, 2, 5)), np.broadcast_to(index, (3, 2, 1)), 2),
    )


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, r"index: 3 is out of bounds for axis 0 of shape \(3, 5\)"),
        ((slice(None), -6), r"index: -6 is out of bounds for axis 1 of shape \(3, 5\)"),
        ((slice(None), [0, 7]), r"index: 7 is out of bounds for axis 1 of shape \(3, 5\)"),
        ((0, [0, 7]), r"index: 7 is out of bounds for axis 1 of shape \(3, 5\)"),
        ((3, [0]), r"index: 3 is out of bounds for axis 0 of shape \(3, 5\)"),
        ([0, -4], r"index: -4 is out of bounds for axis 0 of shape \(3, 5\)"),
        (np.array([2**63], np.uint64), r"index: 9223372036854775808 is out of bounds for axis 0 of shape \(3, 5\)"),
        (2**70, r"index: 1180591620717411303424 is out of bounds"),
        ((0, 0, 0), r"index: too many indices: the key indexes 3 axes of an array of shape \(3, 5\)"),
        ((..., ...), r"index: a key can have only one Ellipsis"),
        ((0,) * 40, r"index: too many indices: the key indexes 40 axes"),
        (np.ones((3, 4), bool), r"index: mask of shape \(3, 4\) does not match axis 1 of shape \(3, 5\)"),
        (([0, 1], [0, 1, 2]), r"index: index arrays of shapes \(2,\) and \(3,\) do not broadcast together"),
        (np.ones(2, np.float32), r"index: arrays used as indices must be of integer or bool dtype, not float32"),
        (1.0, r"index: .*float"),
        ("a", r"index: a str is not an index"),
    ],
    ids=str,
)
def test_errors(key, message):
    data = array((3, 5))
    before = data.copy()
    x = tw.asarray(data)
    with pytest.raises(IndexError, match=message):
        x[key]
    with pytest.raises(IndexError, match=message):
        x[key] = 1.0
    with pytest.raises(IndexError, match=message):
        _core.index_add(x._array, key, tw.asarray(1.0)._array)
    np.testing.assert_array_equal(data, before)


def test_nothing_is_written_before_all_is_checked():
    data = array((6, 5))
    before = data.copy()
    x = tw.asarray(data)
    with pytest.raises(IndexError, match="6 is out of bounds"):
        x[[0, 1, 6]] = 1.0
    with pytest.raises(ValueError, match=r"assignment: shape \(3,\) does not broadcast to \(2, 5\)"):
        x[[0, 1]] = tw.ones(3)
    with pytest.raises(ValueError, match=r"assignment: shape \(3,\) does not broadcast to \(2, 5\)"):
        x[:2] = tw.ones(3)
    with pytest.raises(ValueError, match="step"):
        x[::0]
    np.testing.assert_array_equal(data, before)


def test_read_only():
    data = np.zeros(3)
    data.flags.writeable = False
    x = tw.asarray(data)
    for key in (0, [0], slice(None)):
        with pytest.raises(ValueError, match="assignment: the array is read-only"):
            x[key] = 1.0
    with pytest.raises(ValueError, match="broadcast view"):
        tw.broadcast_to(tw.zeros(1), (3,))[[0]] = 1.0


# ---- joins -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("widths", [(2, 3, 1), (40, 0, 70), (700, 513, 900)])
def test_concatenate(widths, transposed, axis):
    parts = []
    for k, width in enumerate(widths):
        shape = [30, 30]
        shape[axis] = width
        parts.append(array(shape[::-1], seed=k).T if transposed else array(shape, seed=k))
    want = np.concatenate(parts, axis)
    np.testing.assert_array_equal(tw.concatenate(parts, axis=axis).numpy(), want)
    halves = [parts[0].astype(np.float64), *parts[1:]]
    got = tw.concatenate(halves, axis=axis)
    assert got.dtype == tw.float64
    np.testing.assert_array_equal(got.numpy(), np.concatenate(halves, axis))


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_stack(axis):
    parts = [array((4, 30), seed=k) for k in range(3)]
    np.testing.assert_array_equal(tw.stack(parts, axis=axis).numpy(), np.stack(parts, axis))


def test_join_errors():
    with pytest.raises(ValueError, match="concatenate: needs at least one array"):
        tw.concatenate([])
    with pytest.raises(
        ValueError, match=r"concatenate: array 0 has shape \(2, 3\), array 1 has \(2, 4\).*along axis 0"
    ):
        tw.concatenate([tw.ones((2, 3)), tw.ones((2, 4))])
    with pytest.raises(ValueError, match="concatenate: arrays must have at least one dimension"):
        tw.concatenate([1.0, 2.0])
    with pytest.raises(tw.AxisError, match="concatenate: axis 2 is out of bounds"):
        tw.concatenate([tw.ones((2, 3))], axis=2)
    with pytest.raises(ValueError, match=r"stack: array 0 has shape \(2,\), array 1 has \(3,\)"):
        tw.stack([tw.ones(2), tw.ones(3)])


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_lists_are_assigned_in_the_dtype_of_the_target(dtype):
    """Not by way of float32, which numbers of a list have elsewhere."""
    x = tw.zeros((2, 2), dtype=dtype)
    x[0] = [0.1, 1 / 3]
    x[1] = (1e300, 2**53 + 1)
    want = np.zeros((2, 2), dtype)
    want[0], want[1] = [0.1, 1 / 3], (1e300, 2**53 + 1)
    np.testing.assert_array_equal(x.numpy(), want)
    y = tw.zeros(2, dtype=dtype, requires_grad=True) * 1
    y[:] = [0.1, 0.2]
    np.testing.assert_array_equal(y.detach().numpy(), np.asarray([0.1, 0.2], dtype))
    whole = tw.zeros(2, dtype="int64")
    whole[:] = [1.5, -1.5]
    np.testing.assert_array_equal(whole.numpy(), [1, -1])
