"""What elementwise functions have besides a call, `out=` and `where=`; and functions that run on NumPy: as NumPy's."""

from __future__ import annotations

import io
import types

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np
from tilewright.numpy import _functions
from tilewright.numpy._fallback import ABSENT, PASSED

ELEMENTWISE = sorted(_functions._elementwise_functions())
BINARY = [name for name in ELEMENTWISE if getattr(np, name).nin == 2]
UNARY = [name for name in ELEMENTWISE if getattr(np, name).nin == 1]
UFUNCS = {name: getattr(numpy, name) for name in ELEMENTWISE if isinstance(getattr(numpy, name, None), numpy.ufunc)}
ROWS = numpy.array([[3.0, 1.0, 2.0], [2.0, 3.0, 1.0]])
INTEGERS = ROWS.astype(int)


def data_for(name):
    """Operands that a function is defined for."""
    if "bitwise" in name or "shift" in name or name in ("gcd", "lcm"):
        return INTEGERS
    if name in ("arccos", "acos", "arcsin", "asin", "arctanh", "atanh"):
        return ROWS / 4
    return ROWS


def same(ours, theirs):
    theirs = numpy.asarray(theirs)
    assert type(ours) is np.ndarray and ours.shape == theirs.shape and ours.dtype.name == theirs.dtype.name
    numpy.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-14)


def reducible(name):
    """NumPy's own refuse to reduce by comparisons of numbers: their result is no operand."""
    try:
        UFUNCS[name].reduce(data_for(name))
    except TypeError:
        return False
    return True


# NumPy's reductions of these two leave elements out: power.reduce([2.0, 3.0, 1.0]) is 2.0.
WRONG = ("power", "pow", "arctan2", "atan2")
REDUCIBLE = [name for name in BINARY if name in UFUNCS and name not in WRONG and reducible(name)]


@pytest.mark.parametrize("name", REDUCIBLE)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_reduce_and_accumulate(name, axis):
    x = data_for(name)
    ours, theirs = getattr(np, name), UFUNCS[name]
    same(ours.reduce(np.array(x), axis=axis), theirs.reduce(x, axis=axis))
    same(ours.reduce(np.array(x), axis, keepdims=True), theirs.reduce(x, axis, keepdims=True))
    if name.startswith("logical") or "equal" in name or name in ("less", "greater"):
        return  # NumPy's scans of truth keep the first element's dtype
    same(ours.accumulate(np.array(x), axis), theirs.accumulate(x, axis))


def test_reductions_go_from_left_to_right():
    assert np.power.reduce(np.array([2.0, 3.0, 1.0, 2.0])).item() == 64
    assert np.power.accumulate(np.array([2.0, 3.0, 2.0])).tolist() == [2, 8, 64]


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "minimum", "logical_and", "logical_or"])
def test_reduce_over_several_axes_and_from_a_start(name):
    x = ROWS[None] + numpy.zeros((2, 1, 1))
    ours, theirs = getattr(np, name), UFUNCS[name]
    for axis in (None, (0, 2), (0, 1, 2)):
        same(ours.reduce(np.array(x), axis=axis), theirs.reduce(x, axis=axis))
    if not name.startswith("logical"):
        same(ours.reduce(np.array(x), initial=2.5), theirs.reduce(x, initial=2.5))
        same(ours.reduce(np.zeros((0, 3)), initial=2.5), theirs.reduce(numpy.zeros((0, 3)), initial=2.5))


def test_reducing_nothing():
    with pytest.raises(ValueError, match=r"subtract.reduce: no elements along axis 0"):
        np.subtract.reduce(np.zeros((0, 2)))
    assert np.bitwise_or.reduce(np.zeros((0, 2), dtype=int)).tolist() == [0, 0]
    with pytest.raises(np.AxisError):
        np.subtract.reduce(np.zeros(2), axis=1)


@pytest.mark.parametrize("name", [n for n in BINARY if n in UFUNCS])
def test_outer(name):
    x = data_for(name)
    same(getattr(np, name).outer(np.array(x), np.array(x[0])), UFUNCS[name].outer(x, x[0]))


@pytest.mark.parametrize("name", [n for n in REDUCIBLE if not n.startswith("logical")])
def test_at_writes_as_often_as_a_place_comes(name):
    x = data_for(name)[0]
    a, b = np.array(x), x.copy()
    getattr(np, name).at(a, [0, 0, 2], x)
    UFUNCS[name].at(b, [0, 0, 2], x)
    same(a, b)


def test_at_of_one_operand_and_gradients():
    a = np.array([1.0, 2.0])
    np.negative.at(a, [0])
    assert a.tolist() == [-1.0, 2.0]
    g = tw.asarray([1.0, 2.0, 3.0], "float64", requires_grad=True)
    total = np.zeros(2)
    np.add.at(total, [1, 1, 0], g * g)
    np.subtract.at(total, ([0],), g[:1])
    total.sum().backward()
    assert total.tolist() == [8.0, 5.0] and g.grad.tolist() == [1.0, 4.0, 6.0]
    with pytest.raises(TypeError, match=r"add.at: a is a list"):
        np.add.at([1.0], [0], 1)
    with pytest.raises(TypeError, match=r"add.at: takes 2 operands"):
        np.add.at(a, [0])
    with pytest.raises(NotImplementedError, match=r"maximum.at: has no gradient"):
        np.maximum.at(np.zeros(3), [0, 1, 2], g)


@pytest.mark.parametrize("name", sorted(UFUNCS))
def test_out_where_and_dtype(name):
    x = data_for(name)
    operands = (x,) if UFUNCS[name].nin == 1 else (x, x[0])
    ours = [np.array(operand) for operand in operands]
    function, theirs = getattr(np, name), UFUNCS[name]
    expected = theirs(*operands)
    out = np.zeros(expected.shape, dtype=expected.dtype.name)
    assert function(*ours, out=out) is out
    same(out, expected)
    mask = x > numpy.median(x) - 0.1
    kept = numpy.zeros_like(expected)
    theirs(*operands, out=kept, where=mask)
    out = np.zeros(expected.shape, dtype=expected.dtype.name)
    same(function(*ours, out=(out,), where=np.array(mask)), kept)
    same(function(*ours, where=np.array(mask)), kept)


def test_out_that_does_not_fit():
    x = np.ones(3)
    with pytest.raises(ValueError, match=r"add: out has shape \(2,\), but the result has shape \(3,\)"):
        np.add(x, x, out=np.zeros(2))
    with pytest.raises(TypeError, match="add: out has dtype int64, which cannot take the result's float64"):
        np.add(x, x, out=np.zeros(3, dtype=int))
    assert np.add(x, x, out=np.zeros(3, dtype=int), casting="unsafe").tolist() == [2, 2, 2]
    with pytest.raises(TypeError, match="add: out is "):
        np.add(x, x, out=[0, 0, 0])
    with pytest.raises(ValueError, match="add: casting"):
        np.add(x, x, casting="any")
    same(np.sum(np.array(ROWS), axis=0, out=np.zeros(3)), ROWS.sum(axis=0))
    assert np.add(1, 2, dtype="float32").dtype == np.float32


# ---- NumPy's own -----------------------------------------------------------------------------------------------------


def test_functions_of_numpys_run_on_the_same_memory():
    x = np.array([0.0, 0.5, 2.0])
    same(np.i0(x), numpy.i0(x.numpy()))
    same(np.spacing(x, out=np.zeros(3)), numpy.spacing(x.numpy()))
    kept = np.zeros(3)
    assert np.spacing(x, out=kept) is kept
    fraction, whole = np.modf(x)
    same(fraction, [0.0, 0.5, 0.0])
    same(whole, [0.0, 0.0, 2.0])
    assert isinstance(np.spacing, types.FunctionType)
    assert np.packbits([1, 0, 1]).tolist() == [160]


def test_what_numpy_cannot_follow_is_refused():
    x = tw.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match="spacing: has no gradient, it runs on NumPy"):
        np.spacing(x)
    with tw.no_grad():
        assert np.spacing(x).shape == (2,)
    written = np.ones(2)
    y = (written * x).sum()
    np.spacing(np.ones(2), out=written)
    with pytest.raises(RuntimeError, match="written"):
        y.backward()


def test_names_are_numpys_or_say_why_not():
    missing = []
    for name in dir(numpy):
        if name.startswith("_") or name in ABSENT:
            continue
        try:
            getattr(np, name)
        except AttributeError:
            missing.append(name)
    assert [name for name in missing if not isinstance(getattr(numpy, name), type)] == []
    for name, reason in ABSENT.items():
        with pytest.raises(AttributeError, match=f"has no '{name}': "):
            getattr(np, name)
        assert hasattr(numpy, name) and len(reason) > 20
    assert all(hasattr(numpy, name) for name in PASSED)
    with pytest.raises(AttributeError, match="has no 'nonesuch'"):
        _ = np.nonesuch


def test_dtypes_make_numbers_and_have_kinds():
    third = np.float64(1 / 3)
    assert type(third) is np.ndarray and float(third) == 1 / 3 and np.int8([1, 2]).dtype == np.int8
    assert np.int64(3) / 2 == 1.5 and np.uint8(255) + np.uint8(1) == 0 and np.float32().item() == 0.0
    assert np.issubdtype(third.dtype, np.floating) and not np.issubdtype("int8", np.floating)
    assert np.issubdtype(np.complex64, np.inexact)


def test_files(tmp_path):
    x, y = np.arange(6.0).reshape(2, 3), np.array([True, False])
    np.save(tmp_path / "x.npy", x)
    same(np.load(tmp_path / "x.npy"), numpy.arange(6.0).reshape(2, 3))
    same(np.load(tmp_path / "x.npy", mmap_mode="r"), numpy.load(tmp_path / "x.npy"))
    np.savez(tmp_path / "both.npz", x, y=y)
    with np.load(tmp_path / "both.npz") as both:
        assert sorted(both.files) == ["arr_0", "y"] and len(both) == 2
        same(both["y"], [True, False])
        assert sorted(both) == ["arr_0", "y"]
    text = io.StringIO()
    np.savetxt(text, x, fmt="%.2f")
    text.seek(0)
    same(np.loadtxt(text), numpy.arange(6.0).reshape(2, 3))
    with pytest.raises(FileNotFoundError):
        np.load(tmp_path / "none.npy")
    numpy.save(tmp_path / "objects.npy", numpy.array([{}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        np.load(tmp_path / "objects.npy")
