"""`where=` and `initial=` of reductions in `tilewright.numpy`: NumPy's results, dtypes and errors; and gradients."""

from __future__ import annotations

import warnings

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

DTYPES = ["bool", "uint8", "int64", "float16", "float32", "float64", "complex128"]
ROWS = numpy.array([[1, 0, 3], [2, 1, 1]])
MASK = numpy.array([[True, False, True], [False, False, False]])
MASKED = [{"where": MASK}, {"where": MASK, "axis": 1}, {"where": MASK[:, :1], "axis": 0, "keepdims": True}]
FROM = [
    {"initial": 2},
    {"initial": 1.5, "axis": 0},
    {"initial": 2, "where": MASK, "axis": 1},
    {"initial": 1, "where": MASK, "axis": ()},
]
FOLDS = ["sum", "prod", "max", "min"]


def outcome(call):
    """Dtype and values, or the kind of error."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            y = call()
        except (TypeError, ValueError) as error:
            return type(error).__name__, None
    return y.dtype.name, numpy.asarray(y)


def agree(name, x, *args, **keywords):
    want = outcome(lambda: getattr(numpy, name)(x, *args, **keywords))
    for got in (
        outcome(lambda: getattr(np, name)(np.array(x), *args, **keywords)),
        outcome(lambda: getattr(np.array(x), name)(*args, **keywords)),
        outcome(lambda: getattr(np, name)(np.array(x.T).T, *args, **keywords)),
    ):
        assert got[0] == want[0], (name, x.dtype, keywords, got, want)
        if want[1] is not None:
            eps = 2e-3 if want[0] == "float16" else 1e-6
            numpy.testing.assert_allclose(got[1], want[1], rtol=eps, err_msg=f"{name} {x.dtype} {keywords}")
            assert got[1].shape == want[1].shape


@pytest.mark.parametrize("name", [*FOLDS, "any", "all", "mean", "std", "var"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_masks_and_initial_values(name, dtype):
    if name in ("max", "min") and dtype == "complex128":
        return  # they have no order here
    x = ROWS.astype(dtype)
    for keywords in [*MASKED, *(FROM if name in FOLDS else ())]:
        agree(name, x, **keywords)
    if name in FOLDS:
        for axis in (None, 0, 1):
            agree(name, x[:, :0], axis=axis, initial=1)
            agree(name, x[:0], axis=axis)
    if name in ("std", "var"):
        for keywords in ({"ddof": 1}, {"correction": 1, "axis": 1}, {"ddof": 6}, {"ddof": 2, "where": MASK, "axis": 1}):
            agree(name, x, **keywords)
        agree(name, x, axis=1, mean=x.mean(axis=1, keepdims=True))


def test_masks_and_initial_values_by_position():
    x = ROWS.astype(float)
    agree("sum", x, 1, None, None, True, 5.0, MASK)
    agree("min", x, 1, None, True, 5.0, MASK)
    out = np.zeros(2)
    assert np.mean(np.array(x), 1, None, out, where=MASK[:, ::-1]) is out
    same = numpy.mean(x, axis=1, where=MASK[:, ::-1] | ~MASK)
    assert np.mean(x, axis=1, where=MASK[:, ::-1] | ~MASK).tolist() == same.tolist()
    assert numpy.sum(tw.asarray(x), where=MASK).dtype == tw.float64  # NumPy's function, given a tensor


def test_extremes_of_large_integers_and_of_infinities():
    low, high = numpy.iinfo("int64").min, numpy.iinfo("int64").max
    x = numpy.array([low, high])
    for name in ("max", "min"):
        agree(name, x, initial=0, where=[False, False])
        agree(name, x, initial=low, where=[True, False])
        agree(name, numpy.array([-numpy.inf, numpy.nan]), initial=-numpy.inf, where=[True, False])
        agree(name, numpy.array([1.0, numpy.nan]), initial=5.0)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "logical_or", "bitwise_xor", "subtract"])
def test_reduce_of_ufuncs(name):
    for keywords in ({"where": MASK, "axis": 1}, {"where": MASK, "initial": 1, "axis": 0}, {"where": MASK}):
        want = outcome(lambda k=keywords: getattr(numpy, name).reduce(ROWS, **k))
        got = outcome(lambda k=keywords: getattr(np, name).reduce(np.array(ROWS), **k))
        assert got[0] == want[0] and numpy.array_equal(got[1], want[1]), (name, keywords, got, want)
    out = np.zeros(3)
    assert np.add.reduce(np.array(ROWS), 0, None, out) is out and out.tolist() == [3, 1, 4]


def test_what_is_refused():
    x = np.array(ROWS)
    with pytest.raises(ValueError, match="max: where needs initial"):
        np.max(x, where=MASK)
    with pytest.raises(ValueError, match=r"sum: where has shape \(2,\), which does not broadcast to \(2, 3\)"):
        np.sum(x, where=[True, False])
    with pytest.raises(ValueError, match="which does not broadcast"):
        np.mean(x[:1], where=MASK)
    with pytest.raises(ValueError, match=r"prod: initial has shape \(2,\), but must be a number"):
        np.prod(x, initial=[1, 2])
    with pytest.raises(TypeError, match="min: initial is 1j, but the result has dtype int64"):
        np.min(x, initial=1j)
    with pytest.raises(ValueError, match="std: ddof and correction are the same"):
        np.std(x, ddof=1, correction=1)
    with pytest.raises(TypeError, match="any: the argument initial of NumPy's function is not there"):
        np.any(x, initial=True)


@pytest.mark.parametrize("name", [*FOLDS, "mean", "std", "var"])
def test_gradients_go_to_what_counts(name):
    """As through the elements that the mask takes, and, of the extremes, the initial value."""
    x, t = np.array([0.5, 2.0, 1.25, 3.0]), tw.asarray([0.5, 1.25, 3.0], dtype="float64")
    mask = [True, False, True, True]
    x.requires_grad = t.requires_grad = True
    (getattr(np, name)(x, where=mask, **({"initial": 1} if name in FOLDS else {})) * 3).backward()
    y = tw.concatenate([t, tw.ones(1, dtype="float64")]) if name in FOLDS else t
    (getattr(tw, name)(y) * 3).backward()
    assert x.grad[1] == 0
    numpy.testing.assert_allclose(x.grad.numpy()[mask], t.grad.numpy(), rtol=1e-14)


def test_gradients_of_the_initial_value():
    start = np.array(4.0)
    start.requires_grad = True
    np.max(np.array([1.0, 2.0]), initial=start).backward()
    assert start.grad == 1
    np.sum(np.array([1.0, 2.0]), initial=start).backward()
    assert start.grad == 2
