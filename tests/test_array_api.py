"""What makes `tilewright` a namespace of the Array API standard 2025.12, and NumPy's own functions on tensors."""

from __future__ import annotations

import math

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
FLOATS = ["float16", "float32", "float64"]
DTYPES = ["bool", *INTEGERS, *FLOATS, "complex64", "complex128"]
INF, NAN = math.inf, math.nan


def same(ours, theirs):
    theirs = numpy.asarray(theirs)
    assert isinstance(ours, tw.asarray(0).__class__)
    assert (ours.dtype.name, ours.shape) == (theirs.dtype.name, theirs.shape)
    numpy.testing.assert_array_equal(ours.detach().numpy(), theirs)


# ---- dtypes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("made", [str, tw.zeros, numpy.dtype], ids=["name", "array", "numpy"])
def test_finfo(dtype, made):
    given = tw.zeros(2, dtype=dtype) if made is tw.zeros else made(dtype)
    ours, theirs = tw.finfo(given), numpy.finfo(dtype)
    for name in ("bits", "eps", "epsneg", "max", "min", "precision", "smallest_normal", "smallest_subnormal", "tiny"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.resolution == pytest.approx(float(theirs.resolution), rel=1e-3)
    assert ours.dtype == getattr(tw, dtype)


def test_finfo_of_other_dtypes():
    assert tw.finfo("complex64").dtype == tw.float32
    assert tw.finfo(tw.complex128).eps == 2**-52
    brain = tw.finfo(tw.bfloat16)
    assert (brain.bits, brain.eps, brain.tiny) == (16, 2**-7, tw.finfo("float32").tiny)
    assert brain.max == tw.astype(tw.asarray(tw.finfo("float32").max, "float32"), "float64").item() * (
        (2 - 2**-7) / (2 - 2**-23)
    )
    with pytest.raises(TypeError, match="finfo: dtype is int8"):
        tw.finfo("int8")
    with pytest.raises(TypeError, match="iinfo: dtype is bool"):
        tw.iinfo(tw.bool)
    with pytest.raises(TypeError, match="finfo: dtype"):
        tw.finfo("float8")


@pytest.mark.parametrize("dtype", INTEGERS)
def test_iinfo(dtype):
    ours, theirs = tw.iinfo(tw.zeros(1, dtype=dtype)), numpy.iinfo(dtype)
    assert (ours.bits, ours.min, ours.max) == (theirs.bits, theirs.min, theirs.max)
    assert str(ours.max) in repr(ours)


KINDS = ["bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_isdtype_and_can_cast(dtype):
    ours, theirs = getattr(tw, dtype), numpy.dtype(dtype)
    for kind in KINDS:
        assert tw.isdtype(ours, kind) is numpy.isdtype(theirs, kind), kind
        assert tw.isdtype(ours, (kind, tw.int8)) is (tw.isdtype(ours, kind) or dtype == "int8")
    assert tw.isdtype(ours, ours) and not tw.isdtype(ours, ())
    for other in DTYPES:
        assert tw.can_cast(ours, other) is (tw.promote_types(dtype, other).name == other)
        assert np.can_cast(ours, other) is (numpy.promote_types(dtype, other).name == other)


def test_isdtype_refuses():
    with pytest.raises(ValueError, match="isdtype: kind is 'float', but must be \"bool\""):
        tw.isdtype(tw.float32, "float")
    with pytest.raises(TypeError, match="isdtype: "):
        tw.isdtype(tw.float32, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [True, 1, 1.0, 1j])
def test_result_type_is_that_of_an_operation(dtype, number):
    x = tw.ones(1, dtype=dtype)
    if not (dtype == "bool" and number is True):
        assert tw.result_type(dtype, number) == tw.result_type(number, x) == (x * number).dtype
        assert np.result_type(np.ones(1, dtype), number).name == numpy.result_type(numpy.ones(1, dtype), number).name
    assert tw.result_type(x, "int8", number) == tw.result_type(tw.promote_types(dtype, "int8"), number)


def test_result_type_refuses():
    with pytest.raises(ValueError, match="result_type: needs at least one"):
        tw.result_type()
    with pytest.raises(TypeError, match="result_type: "):
        tw.result_type([1.0])
    assert tw.result_type(1.0) == tw.float32 and np.result_type(1.0) == tw.float64


# ---- inspection ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [tw, np], ids=["tilewright", "numpy"])
def test_the_namespace_tells_about_itself(space):
    assert space.__array_api_version__ == "2025.12"
    info = space.__array_namespace_info__()
    assert info.default_device() == "cpu" and info.devices()[0] == "cpu" and isinstance(info.devices(), tuple)
    assert info.capabilities() == {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 32}
    assert tw.zeros((1,) * 32).ndim == 32
    with pytest.raises(ValueError, match="at most 32"):
        tw.zeros((1,) * 33)
    assert set(info.dtypes()) == set(DTYPES) - {"float16"}
    for kind in KINDS:
        assert info.dtypes(kind=kind) == {n: d for n, d in info.dtypes().items() if tw.isdtype(d, kind)}
    assert set(info.dtypes(device="cpu", kind=("bool", "real floating"))) == {"bool", "float32", "float64"}
    with pytest.raises(ValueError, match="dtypes: "):
        info.dtypes(device="moon")


def test_default_dtypes_are_those_of_numbers():
    defaults = tw.__array_namespace_info__().default_dtypes()
    for kind, number in {"real floating": 0.5, "complex floating": 1j, "integral": 1}.items():
        assert tw.asarray(number).dtype == defaults[kind]
    assert tw.argmax(tw.ones(2)).dtype == defaults["indexing"]


@pytest.mark.parametrize("version", [None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12"])
def test_array_namespace(version):
    assert tw.ones(1).__array_namespace__(api_version=version) is tw
    assert np.ones(1).__array_namespace__(api_version=version) is np


def test_constants():
    assert (tw.e, tw.pi, tw.inf) == (math.e, math.pi, INF) and math.isnan(tw.nan) and tw.newaxis is None


# ---- creation, devices and copies ------------------------------------------------------------------------------------


def test_none_is_the_default():
    for made in (tw.zeros(2, dtype=None), tw.ones(2, dtype=None, device=None), tw.empty(2, device=None), tw.eye(2)):
        assert made.dtype == tw.float32 and made.device == "cpu"
    assert tw.linspace(0, 1, num=3, device=None).shape == tw.arange(3, device=None).shape
    with pytest.raises(ValueError, match="ones: "):
        tw.ones(2, device="moon")


def test_to_device():
    x = tw.ones(2)
    assert x.to_device("cpu") is x and x.to_device("cpu", stream=None) is x
    with pytest.raises(ValueError, match="to_device: stream is 1, but must be None"):
        x.to_device("cpu", stream=1)
    assert x.astype("int8", device="cpu").dtype == tw.int8
    with pytest.raises(ValueError, match="astype: "):
        tw.astype(x, "int8", device="moon")


@pytest.mark.parametrize("source", [numpy.arange(3.0), tw.arange(3.0)], ids=["numpy", "tilewright"])
def test_from_dlpack(source):
    for copy, device in ((None, None), (False, "cpu"), (True, None), (True, "cpu")):
        x = tw.from_dlpack(source, copy=copy, device=device)
        same(x, numpy.asarray(source))
        x[0] = 7.0
        assert (float(source[0]) == 7.0) is (copy is not True)
        source[0] = 0.0
    with pytest.raises(ValueError, match="from_dlpack: "):
        tw.from_dlpack(source, device="moon")
    with pytest.raises(TypeError, match="from_dlpack: copy"):
        tw.from_dlpack(source, copy="no")


def test_reshape_copies_as_it_is_told():
    x = tw.arange(6.0)
    x.reshape(2, 3, copy=False)[0, 0] = 9.0
    assert x[0].item() == 9.0
    tw.reshape(x, (2, 3), copy=True)[0, 0] = 5.0
    assert x[0].item() == 9.0
    with pytest.raises(ValueError, match=r"reshape: copy=False, but x \(3, 2\)"):
        tw.reshape(x.reshape(2, 3).T, (6,), copy=False)
    assert tw.reshape(tw.ones((0, 3)).T, (0,), copy=False).shape == (0,)
    x.requires_grad = True
    x.reshape(3, 2, copy=True).sum().backward()
    same(x.grad, numpy.ones(6, "float32"))


# ---- functions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [((0, 1), (-1, 0)), ((2, 0), (0, 1)), (1, -1), ((), ()), ((0, 1, 2), (2, 1, 0))])
def test_moveaxis_and_expand_dims_of_several_axes(axes):
    x = numpy.arange(24.0).reshape(2, 3, 4)
    same(tw.moveaxis(x, *axes), numpy.moveaxis(x, *axes))
    same(tw.expand_dims(x, axes[0]), numpy.expand_dims(x, axes[0]))


def test_axes_are_refused():
    x = tw.ones((2, 3))
    with pytest.raises(ValueError, match="moveaxis: source has 2 axes, but destination 1"):
        tw.moveaxis(x, (0, 1), 0)
    for call in (lambda: tw.moveaxis(x, (0, 0), (0, 1)), lambda: tw.expand_dims(x, (0, -4))):
        with pytest.raises(ValueError, match="names an axis twice"):
            call()
    with pytest.raises(tw.AxisError, match="expand_dims: axis 4"):
        tw.expand_dims(x, (0, 4))


def test_concatenate_without_an_axis():
    parts = [numpy.arange(4.0).reshape(2, 2).T, numpy.ones((1, 3)), numpy.zeros((0, 2))]
    same(tw.concat(parts, axis=None), numpy.concatenate(parts, axis=None))
    same(np.concatenate(parts, axis=None), numpy.concatenate(parts, axis=None))


@pytest.mark.parametrize("dtype", ["bool", *INTEGERS, "float16", "float32"])
@pytest.mark.parametrize("result", [*INTEGERS, "float16", "float32", "float64"])
@pytest.mark.parametrize("name", ["sum", "prod"])
def test_reductions_give_the_dtype_asked_for(name, dtype, result):
    x = numpy.array([[1, 0, 3], [1, 1, 1]]).astype(dtype)
    same(getattr(tw, name)(x, axis=1, dtype=result), getattr(numpy, name)(x, axis=1, dtype=result))
    same(getattr(tw, name)(tw.ones((0,), dtype=dtype), dtype=result), getattr(numpy, name)([], dtype=result))


@pytest.mark.parametrize("dtype", [*FLOATS, "bfloat16"])
@pytest.mark.parametrize(("x", "y", "quotient"), [
    (INF, 2, INF), (INF, -2, -INF), (-INF, 2, -INF), (-INF, -2, INF), (INF, INF, NAN), (-INF, INF, NAN),
    (1, -INF, -0.0), (-1, INF, -0.0), (1, INF, 0.0), (-1, -INF, 0.0), (0.0, -INF, -0.0), (-0.0, INF, -0.0),
    (1, 0.0, INF), (-1, 0.0, -INF), (0.0, 0.0, NAN), (NAN, 1, NAN), (1, NAN, NAN), (-1, 4, -1), (-7, 2, -4),
])  # fmt: skip
def test_floor_divide_of_infinities(dtype, x, y, quotient):
    for count in (1, 37):
        found = tw.floor_divide(tw.full(count, x, dtype=dtype), tw.full(count, y, dtype=dtype)).tolist()
        assert all(math.isnan(q) if math.isnan(quotient) else q == quotient for q in found)
        assert math.isnan(quotient) or all(math.copysign(1, q) == math.copysign(1, quotient) for q in found)


def test_a_mask_without_elements_fits_any_length():
    x = tw.arange(6.0).reshape(2, 3)
    for shape, result in (((0,), (0, 3)), ((0, 0), (0,)), ((2, 0), (0,)), ((0, 3), (0,))):
        mask = numpy.zeros(shape, bool)
        assert x[mask].shape == numpy.asarray(x)[mask].shape == result
        x[mask] = 9.0
    same(x, numpy.arange(6, dtype="float32").reshape(2, 3))
    with pytest.raises(IndexError, match="mask of shape"):
        x[numpy.zeros((1, 3), bool)]


# ---- NumPy's own functions -------------------------------------------------------------------------------------------

T, A = tw.asarray([1.0, 2.0, 3.0]), numpy.asarray([0.5, 2.0, 4.0], "float32")
CALLS = (
    *("sin(x)", "absolute(x)", "add(x, a)", "add(a, x)", "multiply(2, x)", "power(x, a)", "isnan(x)", "maximum(a, x)"),
    *("concatenate([x, a])", "stack([a, x], axis=1)", "sum(x, axis=0, keepdims=True)", "var(x, ddof=1)", "sort(x)"),
    *("expand_dims(x, 0)", "where(a > 1, x, 0)", "clip(x, 0, 2)", "add.reduce(x)", "multiply.accumulate(x)"),
    *("maximum.reduce(x)", "add.outer(x, a)", "median(x)", "matmul(a, x)", "linalg.inv(np.diag(a) + x)", "argmax(x)"),
    *("split(x, 3)[2]", "copysign(x, a)", "modf(x)[1]", "fft.ifft(np.fft.fft(x)).real.astype('float32')"),
)


@pytest.mark.parametrize("text", CALLS)
@pytest.mark.parametrize("made", [tw.asarray, np.asarray], ids=["Tensor", "ndarray"])
def test_numpys_functions_give_tensors(text, made):
    x = made(T)
    ours = eval(f"np.{text}", {"np": numpy, "x": x, "a": A})
    theirs = eval(f"np.{text}", {"np": numpy, "x": T.numpy(), "a": A})
    assert type(ours) is type(x)
    assert ours.shape == theirs.shape and ours.dtype.name == theirs.dtype.name
    numpy.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "//", "%", "**", "@", "<", "<=", ">", ">=", "==", "!="])
def test_operators_of_numpys_arrays_give_tensors(symbol):
    for left, right in ((A, T), (T, A), (numpy.float32(2), T)):
        if symbol == "@" and not numpy.ndim(left):
            continue
        ours = eval(f"x {symbol} y", {"x": left, "y": right})
        assert type(ours) is type(T)
        numpy.testing.assert_allclose(ours.numpy(), eval(f"x {symbol} y", {
            "x": numpy.asarray(left), "y": numpy.asarray(right)}), rtol=1e-6)  # fmt: skip


def test_numpys_functions_record():
    x = tw.asarray([1.0, 2.0], requires_grad=True)
    (numpy.sin(x) + numpy.concatenate([x, x])[:2] * numpy.ones(2, "float32")).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), numpy.cos([1.0, 2.0]) + 1, rtol=1e-6)
    with pytest.raises(NotImplementedError, match="frexp: has no gradient, it runs on NumPy"):
        numpy.frexp(x)


def test_ufunc_methods_record_and_write():
    x = tw.asarray([1.0, 2.0], requires_grad=True)
    (numpy.multiply.outer(x, x) + numpy.add.reduce(x) + numpy.add.accumulate(x)).sum().backward()
    numpy.testing.assert_allclose(x.grad.numpy(), [6 + 4 + 4, 6 + 4 + 2])
    place, array = tw.zeros(2), numpy.zeros(2)
    for target in (place, array):
        numpy.add.at(target, [1, 1], x.detach())
        assert target.tolist() == [0.0, 3.0]
    with pytest.raises(NotImplementedError, match=r"add.reduceat: has no gradient, it runs on NumPy"):
        numpy.add.reduceat(x, [0])
    assert type(numpy.add.reduceat(place, [0])) is tw.Tensor


def test_functions_that_run_on_numpy_write_where_out_says():
    kept = tw.zeros(3)
    assert numpy.spacing(T, out=kept) is kept
    numpy.testing.assert_array_equal(kept.numpy(), numpy.spacing(T.numpy()))


def test_results_go_where_out_says():
    out = numpy.zeros(3)
    assert numpy.add(A, T, out=out) is out
    numpy.testing.assert_array_equal(out, A + T.numpy())
    place = tw.zeros(3, dtype="float64")
    assert numpy.add(A, T, out=place) is place
    numpy.testing.assert_array_equal(place.numpy(), A + T.numpy())
    with pytest.raises(TypeError, match="add: the result has dtype float32, which out, int64, does not hold"):
        numpy.add(A, T, out=tw.zeros(3, dtype="int64"))
    with pytest.raises(TypeError, match="add: the argument where of NumPy's function is not there"):
        numpy.add(T, T, where=A > 1)
    array = numpy.ones(3, "float32")
    array += T
    assert type(array) is numpy.ndarray
    numpy.testing.assert_array_equal(array, T.numpy() + 1)


class Other:
    """A class that takes part in NumPy's protocols and knows tensors itself."""

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return f"{ufunc.__name__} of {type(self).__name__}"

    def __array_function__(self, function, types, args, keywords):
        return f"{function.__name__} of {type(self).__name__}"

    def __radd__(self, other):
        return "added"


def test_other_classes_are_asked():
    assert numpy.multiply(T, Other()) == "multiply of Other"
    assert numpy.concatenate([T, Other()]) == "concatenate of Other"
    assert T + Other() == "added"
    masked = numpy.ma.array([1.0, 2.0, 3.0], mask=[True, False, False])
    for call in (lambda: numpy.add(masked, T), lambda: masked + T):  # no tensor without the mask
        with pytest.raises(TypeError):
            call()
