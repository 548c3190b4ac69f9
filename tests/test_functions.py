"""Elementwise functions beyond arithmetic: special values of every dtype, branches, delicate derivatives."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tilewright as tw
import tilewright.numpy as twnp

INF, NAN = float("inf"), float("nan")
TINY = {"float32": 1e-45, "float64": 5e-324, "float16": 6e-8}
EPS = {"float16": 2.0**-10, "float32": 2.0**-23, "float64": 2.0**-52}
UNARY = [
    *("tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "arcsinh", "arccosh", "arctanh", "exp2", "cbrt"),
    *("rint", "fix", "positive", "deg2rad", "rad2deg", "signbit"),
]
BINARY = [
    *("hypot", "logaddexp", "logaddexp2", "copysign", "nextafter", "heaviside", "fmax", "fmin", "fmod", "arctan2"),
]
COMPLEX = [
    *("sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh"),
    *("exp", "log", "sqrt", "expm1", "log1p", "log2", "log10"),
]


def specials(dtype):
    info = np.finfo(dtype)
    values = [0.0, 1.0, 0.5, 1.5, 2.5, 3.0, INF, NAN, TINY[dtype], float(info.tiny), float(info.max), 1 + 2.0**-9]
    return np.array([*values, *(-v for v in values)]).astype(dtype)


def agree(got, want, ulps, context, of=None):
    """Equal with the sign of zeros, both NaN, or close in units of the last place of the larger of `want` and `of`."""
    assert got.dtype == want.dtype and got.shape == want.shape, context
    if want.dtype == bool:
        return np.testing.assert_array_equal(got, want, context)
    with np.errstate(all="ignore"):
        near = np.abs(got.astype(float) - want) <= ulps * np.spacing(
            np.maximum(np.abs(want), np.abs(want if of is None else of))
        )
    ok = (np.isnan(got) & np.isnan(want)) | near | (got == want)
    ok &= (np.signbit(got) == np.signbit(want)) | (want != 0)
    assert ok.all(), f"{context}: {got[~ok][:3]} instead of {want[~ok][:3]}, at {np.flatnonzero(~ok)[:3]}"


@pytest.mark.kernels
@pytest.mark.parametrize(("dtype", "largest"), [("float32", 2**24), ("float64", 2**53)])
def test_powers_of_integers_are_exact(dtype, largest):
    pairs = [(b, e) for e in range(1, 54) for b in range(1, 3000) if b**e <= largest]
    base, exponent = np.array(pairs, dtype=dtype).T.copy()
    want = np.array([b**e for b, e in pairs], dtype)
    np.testing.assert_array_equal(tw.pow(base, exponent).numpy(), want)
    np.testing.assert_array_equal(tw.pow(-base, exponent).numpy(), np.where(exponent % 2, -want, want))


@pytest.mark.kernels
@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs the long double of x86")
def test_powers_against_long_double():
    """Bases near 1 and the square root of 2, whose logarithm needs its low part; results to both ends of the range."""
    rng = np.random.default_rng(0)
    draw = rng.standard_normal
    bases = [
        1 + draw(4000) * 1e-13,
        1 + draw(4000) * 1e-5,
        2**0.5 * (1 + draw(4000) * 1e-8),
        np.exp2(rng.uniform(-1000, 1000, 4000)),
    ]
    x = np.concatenate([np.abs(base) for base in bases])
    wide = np.log2(x.astype("longdouble"))
    with np.errstate(divide="ignore"):
        y = (rng.uniform(-1060, 1020, x.size) / wide).astype("float64")
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    want = np.power(x.astype("longdouble"), y.astype("longdouble"))
    error = np.abs(tw.pow(x, y).numpy() - want) / np.spacing(want.astype("float64"))
    assert error.max() < 1.25


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("name", UNARY)
def test_special_values(name, dtype):
    x = specials(dtype)
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x)
    agree(getattr(tw, name)(tw.asarray(x)).numpy(), want, 3, name)


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize("name", BINARY)
def test_special_pairs(name, dtype):
    a, b = np.array(list(itertools.product(specials(dtype), repeat=2))).T.copy()
    wide = np.longdouble if name.startswith("logaddexp") else dtype
    with np.errstate(all="ignore"):
        want = getattr(np, name)(a.astype(wide), b.astype(wide)).astype(dtype)
    if name in ("fmax", "fmin"):  # which zero NumPy gives depends on its build
        a, b, want = (v[(a != 0) | (b != 0)] for v in (a, b, want))
    if name == "nextafter":  # from zero to zero NumPy's float16 keeps the sign that it had
        a, b, want = (v[(a != 0) | (b != 0)] for v in (a, b, want))
    of = np.maximum(a, b) if name.startswith("logaddexp") else want  # whose terms cancel
    agree(getattr(tw, name)(tw.asarray(a), tw.asarray(b)).numpy(), want, 3, name, of)


@pytest.mark.kernels
@pytest.mark.parametrize("name", ["copysign", "nextafter", "signbit"])
def test_bits_of_bfloat16(name):
    """NumPy has no such dtype; its numbers are those of float32 with the low half zero."""
    bits = (
        np.array([0, 0x8000, 1, 0x8001, 0x3F80, 0xBF80, 0x7F7F, 0x7F80, 0xFF80, 0x7FC0, 0xFFC0, 0x0080], np.uint32)
        << 16
    )
    x = tw.asarray(bits.view(np.float32)).astype("bfloat16")
    if name == "signbit":
        assert tw.signbit(x).tolist() == (bits >> 31 == 1).tolist()
        return
    if name == "copysign":
        got = tw.copysign(x, tw.asarray(-0.0, dtype="bfloat16"))
        assert tw.signbit(got).tolist() == [True] * 12 and tw.all((tw.abs(got) == tw.abs(x)) | tw.isnan(x))
        return
    up = tw.nextafter(x, tw.asarray(INF, dtype="bfloat16")).astype("float32").numpy()
    least = 2.0**-133
    want = [least, least, 2 * least, -0.0, 1 + 2.0**-7, -1 + 2.0**-8, INF, INF, -(2.0**128 - 2.0**120), NAN, NAN]
    np.testing.assert_array_equal(up, np.array([*want, 2.0**-126 + least], np.float32))


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_angles_far_out(dtype):
    x = np.array([1e4, -1e5, 3e6, 1e9, -1e15, 1e22, 1e30]).astype(dtype)
    agree(tw.tan(tw.asarray(x)).numpy(), np.tan(x.astype(np.float64)).astype(dtype), 3, "tan")


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_results_neither_overflow_nor_vanish(dtype):
    info = np.finfo(dtype)
    top, tiny = float(np.log(info.max)), float(info.tiny)
    for name, x in (("sinh", top + 0.5), ("cosh", -top - 0.5), ("arcsinh", float(info.max)), ("cbrt", tiny / 8)):
        y = np.array([x], dtype)
        agree(
            getattr(tw, name)(tw.asarray(y)).numpy(), getattr(np, name)(y.astype(np.longdouble)).astype(dtype), 3, name
        )
    big, small = tw.asarray([float(info.max) / 2], dtype=dtype), tw.asarray([tiny], dtype=dtype)
    assert tw.isfinite(tw.hypot(big, big)).all() and (tw.hypot(small, small) > small).all()
    assert tw.logaddexp(big, big).tolist() == big.tolist()


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_integers(dtype):
    info = np.iinfo(dtype)
    values = np.array([0, 1, 2, 3, 12, 18, 100, info.max, info.min, info.max // 2], dtype)
    a, b = np.array(list(itertools.product(values, repeat=2)), dtype).T.copy()
    x, y = tw.asarray(a), tw.asarray(b)
    with np.errstate(all="ignore"):
        for name in ("fmod", "gcd", "lcm", "fmax", "fmin"):
            got, want = getattr(tw, name)(x, y).numpy(), getattr(np, name)(a, b)
            assert got.dtype == want.dtype
            np.testing.assert_array_equal(got, want, name)
        for got, want in zip(tw.divmod(x, y), np.divmod(a, b), strict=True):
            keep = b != 0
            np.testing.assert_array_equal(got.numpy()[keep], want[keep])


PARTS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 1e-3, INF, -INF, NAN)
SPECIAL = np.array([complex(a, b) for a, b in itertools.product(PARTS, PARTS)])


@pytest.mark.kernels
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("name", COMPLEX)
def test_special_values_of_complex_numbers(name, dtype):
    """Those of the C standard's annex G, which the Array API standard has too."""
    x = SPECIAL.astype(dtype)
    finite = np.isfinite(x)
    with np.errstate(all="ignore"):
        want = getattr(np, name)(x.astype(np.complex128)).astype(dtype)
        if name == "log1p":  # NumPy's loses digits near 0
            wide = x[finite].astype(np.clongdouble)
            wide.real += 1
            want[finite] = np.log(wide).astype(dtype)
        if name == "expm1":  # and its expm1 the infinities of exp
            want[~finite] = np.exp(x[~finite].astype(np.complex128)) - 1
    got = getattr(tw, name)(tw.asarray(x)).numpy()
    assert got.dtype == want.dtype
    eps = 8 * (2.0**-23 if dtype == "complex64" else 2.0**-50)
    for part in (np.real, np.imag):
        g, w = part(got), part(want)
        with np.errstate(invalid="ignore"):
            ok = (np.isnan(g) & np.isnan(w)) | (g == w) | (np.abs(g - w) <= eps * np.maximum(np.abs(w), 1))
        assert ok.all(), f"{name} of {x[~ok][:3]}: {got[~ok][:3]} instead of {want[~ok][:3]}"


def gradient(function, *values):
    x = [tw.asarray(v, dtype="float64", requires_grad=True) for v in values]
    function(*x).sum().backward()
    return [v.grad.item() for v in x]


def test_derivatives_at_delicate_places():
    assert gradient(tw.hypot, 0.0, 0.0) == [0, 0]
    assert gradient(tw.hypot, 3e200, 4e200) == pytest.approx([0.6, 0.8])
    assert gradient(tw.logaddexp, -INF, -INF) == [0.5, 0.5]
    assert gradient(tw.logaddexp, 0.0, -INF) == [1, 0] and gradient(tw.logaddexp2, 1e4, 0.0) == [1, 0]
    assert gradient(tw.arcsinh, 1e200) == pytest.approx([1e-200])
    assert gradient(tw.arctan, 1e200) == [0] and gradient(tw.arctan, INF) == [0]
    assert gradient(tw.cbrt, -8.0) == pytest.approx([1 / 12]) and gradient(tw.cbrt, 0.0) == [INF]
    assert gradient(tw.copysign, 2.0, -1.0) == [-1, 0] and gradient(tw.copysign, 0.0, -1.0) == [0, 0]
    assert gradient(tw.heaviside, 0.0, 3.0) == [0, 1] and gradient(tw.heaviside, 1.0, 3.0) == [0, 0]
    assert gradient(tw.fmax, NAN, 2.0) == [0, 1] and gradient(tw.fmin, 2.0, NAN) == [1, 0]
    assert gradient(tw.fmax, 2.0, 2.0) == [0.5, 0.5] and gradient(tw.fmod, -7.0, 2.0) == [1, 3]
    assert gradient(tw.sinc, 0.0) == [0]


def test_sinc_is_smooth_at_0():
    x = tw.asarray([0.0, 1e-9, 0.01, 0.0159, 0.016], dtype="float64", requires_grad=True)
    (slope,) = tw.autograd.gradients(tw.sinc(x).sum(), [x], create_graph=True)
    (bend,) = tw.autograd.gradients(slope.sum(), [x])
    t = x.detach().numpy() * np.pi
    np.testing.assert_allclose(slope.detach().numpy(), np.pi * (-t / 3 + t**3 / 30 - t**5 / 840), rtol=1e-7)
    np.testing.assert_allclose(bend.numpy(), np.pi**2 * (-1 / 3 + t**2 / 10 - t**4 / 168), rtol=1e-7)


def test_names_of_both():
    for short in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
        assert getattr(tw, f"a{short}", None) is getattr(tw, f"arc{short}") or short == "tanh"
        assert getattr(twnp, f"a{short}")(twnp.array([1.0])).dtype == twnp.float64
    assert tw.atanh is tw.arctanh and tw.atan is tw.arctan


def test_refusals():
    z = tw.asarray([1j])
    for name in ("deg2rad", "rad2deg", "cbrt", "exp2", "signbit"):
        with pytest.raises(TypeError, match=f"{name}: dtype complex64 is not supported"):
            getattr(tw, name)(z)
    with pytest.raises(TypeError, match="gcd: dtype float32 is not supported"):
        tw.gcd(tw.ones(2), tw.ones(2))
    with pytest.raises(TypeError, match="positive: dtype bool is not supported"):
        tw.positive(tw.asarray([True]))
