"""`tilewright.numpy`'s statistics, order statistics, histograms, calculus and polynomials beside NumPy's own."""

from __future__ import annotations

import itertools
import warnings

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

RNG = numpy.random.default_rng(3)
REAL = ("bool", "uint8", "int64", "float32", "float64")
ALL = (*REAL, "complex64", "complex128")
METHODS = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"),
    *("linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)
NAN = float("nan")


def drawn(shape, dtype):
    """Few different values, some of them equal."""
    x = RNG.integers(0, 9, shape)
    if dtype.startswith("complex"):
        x = x + 1j * RNG.integers(0, 9, shape)
    return x.astype(dtype) if dtype != "bool" else x > 4


def with_nan(x):
    x = numpy.array(x)
    if x.dtype.kind in "fc" and x.size > 3:
        x.flat[[1, 3]] = NAN
        x.flat[-1] = NAN
    return x


def laid_out(x):
    """In memory that is not contiguous."""
    return np.asarray(numpy.repeat(x, 2, axis=-1))[..., ::2] if x.ndim else np.asarray(x)


def same(got, want, dtype=True):
    if isinstance(want, (tuple, list)):
        assert len(got) == len(want)
        for g, w in zip(got, want, strict=True):
            same(g, w, dtype)
        return
    want = numpy.asarray(want)
    assert type(got) is np.ndarray and got.shape == want.shape
    if dtype:
        assert got.dtype.name == want.dtype.name
    eps = 2e-5 if want.dtype.name in ("float32", "complex64") else 1e-12
    numpy.testing.assert_allclose(got.numpy(), want, rtol=eps, atol=eps)


def both(name, *args, dtype=True, **kwargs):
    """NumPy's function and this one on the same arguments."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            want = getattr(numpy, name)(*args, **kwargs)
        except Exception as error:
            with pytest.raises(_kinds(error)):
                getattr(np, name)(*args, **kwargs)
            return
    ours = [laid_out(a) if isinstance(a, numpy.ndarray) else a for a in args]
    same(getattr(np, name)(*ours, **kwargs), want, dtype)


def _kinds(error):
    return (ValueError, TypeError) if isinstance(error, (ValueError, TypeError, IndexError)) else type(error)


SHAPES = ((), (1,), (7,), (3, 4), (2, 3, 4), (0,), (3, 0))


def axes(shape):
    found = [None]
    if shape:
        found += [0, -1]
    if len(shape) > 1:
        found += [(0, 1), (-1, 0)]
    return found


# ---- order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", REAL)
@pytest.mark.parametrize("name", ["median", "nanmedian"])
def test_medians(name, dtype):
    for shape in SHAPES:
        for axis in axes(shape):
            for keepdims in (False, True):
                x = drawn(shape, dtype)
                both(name, x, axis=axis, keepdims=keepdims)
                both(name, with_nan(x), axis=axis, keepdims=keepdims)
    both(name, numpy.full((2, 3), NAN), axis=1)
    both(name, numpy.array([numpy.inf, numpy.inf]))
    both(name, numpy.array([-numpy.inf, 1.0, numpy.inf]))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_quantiles(name, method):
    levels = (0.5, 0.0, 1.0, [0.0, 0.1, 0.25, 1 / 3, 0.5, 0.9, 1.0], [[0.2, 0.4]], [])
    for dtype, shape in itertools.product(("uint8", "int64", "float32", "float64"), ((1,), (7,), (3, 4), (2, 3, 4))):
        for axis, q in itertools.product(axes(shape), levels):
            x = drawn(shape, dtype)
            if name == "nanquantile" and numpy.ndim(q) > 1:
                continue  # NumPy leaves the axes of q in another place there
            exact = dtype != "float32" or not isinstance(q, float)
            both(name, x, q, axis=axis, method=method, dtype=exact)
        both(name, with_nan(x), 0.4, axis=-1, method=method, keepdims=True)
    for n in range(1, 12):  # where a level falls on an element
        both(name, numpy.arange(float(n)), [k / n for k in range(n + 1)], method=method)


@pytest.mark.parametrize("name", ["percentile", "nanpercentile"])
def test_percentiles(name):
    for q in (50, 0, 100.0, [25, 75], [12.5, 99.9]):
        for dtype in ("int64", "float64"):
            both(name, drawn((5, 3), dtype), q, axis=0)
            both(name, with_nan(drawn((5, 3), dtype)), q)


def test_quantiles_of_what_has_none():
    assert numpy.isnan(np.quantile([], 0.5).numpy()) and np.quantile(np.zeros((2, 0)), [0.1, 0.2], axis=1).shape == (
        2,
        2,
    )
    same(np.quantile([np.inf, np.inf, 1.0], 0.75), numpy.inf)
    for call, error, message in (
        (lambda: np.quantile([1.0], 1.5), ValueError, "quantile: q must be between 0 and 1"),
        (lambda: np.percentile([1.0], -1), ValueError, "percentile: q must be between 0 and 100"),
        (lambda: np.quantile([1.0], NAN), ValueError, "quantile: q must be between"),
        (lambda: np.quantile([1j], 0.5), TypeError, "quantile: dtype complex128 is not supported"),
        (lambda: np.median([1j]), TypeError, "median: dtype complex128 is not supported"),
        (lambda: np.quantile([1.0], 0.5, method="best"), ValueError, "quantile: method is 'best'"),
        (lambda: np.quantile([], 0.5, method="lower").dtype and np.quantile(np.zeros(0, "int8"), 0.5, method="lower"),
         ValueError, "quantile: there is nothing to choose from"),
        (lambda: np.median(np.ones((2, 2)), axis=(0, 0)), ValueError, "median: .* twice"),
        (lambda: np.median(np.ones(2), axis=1), np.AxisError, "median: axis 1"),
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            call()


def test_gradients_go_to_what_was_chosen():
    x = np.array([3.0, NAN, 1.0, 2.0])
    x.requires_grad = True
    (np.nanmedian(x) + np.nanquantile(x, 0.25)).backward()
    assert x.grad.tolist() == [0, 0, 0.5, 1.5]
    x = np.array([[3.0, 5.0], [1.0, 7.0]])
    x.requires_grad = True
    np.median(x).backward()
    assert x.grad.tolist() == [[0.5, 0.5], [0, 0]]


# ---- averages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ALL)
def test_averages(dtype):
    for shape in ((1,), (7,), (3, 4), (2, 3, 4)):
        for axis, returned in itertools.product(axes(shape), (False, True)):
            x = drawn(shape, dtype)
            both("average", x, axis=axis, returned=returned)
            both("average", x, axis=axis, weights=numpy.abs(drawn(shape, "float64")) + 1, returned=returned)
    both("average", drawn((3, 4), dtype), axis=1, weights=[1, 2, 3, 4], keepdims=True)
    both("average", drawn((2, 3, 4), dtype), axis=(2, 0), weights=numpy.arange(1.0, 9.0).reshape(4, 2))
    with pytest.raises(ZeroDivisionError, match="average: weights add up to zero"):
        np.average([1.0, 2.0], weights=[1, -1])
    for weights, axis in (([1, 2], None), ([1, 2], 1)):
        with pytest.raises((TypeError, ValueError), match="average: weights have shape"):
            np.average(np.ones((2, 3)), axis, weights)


@pytest.mark.parametrize("dtype", ALL)
def test_covariances(dtype):
    x, y = drawn((3, 6), dtype), drawn((2, 6), dtype)
    for name in ("cov", "corrcoef"):
        both(name, x)
        both(name, x, y)
        both(name, x.T, rowvar=False)
        both(name, x[0])
        both(name, x[0], y[0])
    for options in (
        {"bias": True},
        {"ddof": 0},
        {"fweights": [1, 2, 0, 3, 1, 1]},
        {"aweights": [1, 2, 0.5, 3, 1, 1]},
    ):
        both("cov", x, **options)
    if not dtype.startswith("complex"):
        both("cov", x, ddof=9)
        both("cov", x, fweights=[1, 2, 0, 3, 1, 1], aweights=[1, 2, 0.5, 3, 1, 1], ddof=1)
    with pytest.raises(ValueError, match="cov: m has shape"):
        np.cov(np.ones((2, 2, 2)))
    with pytest.raises(TypeError, match="cov: fweights have dtype float64"):
        np.cov(np.ones((2, 2)), fweights=[1.0, 2.0])
    with pytest.raises(ValueError, match="cov: aweights must not be negative"):
        np.cov(np.ones((2, 2)), aweights=[1.0, -2.0])


@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax", "ptp"])
@pytest.mark.parametrize("dtype", ALL)
def test_reductions_without_nan(name, dtype):
    if dtype.startswith("complex") and name in ("nanmin", "nanmax", "ptp"):
        with pytest.raises(TypeError, match="no order"):
            getattr(np, name)(drawn(3, dtype))
        return
    for shape in SHAPES:
        for axis, keepdims in itertools.product(axes(shape), (False, True)):
            x = drawn(shape, dtype)
            if name == "ptp" and dtype == "bool":
                continue
            both(name, x, axis=axis, keepdims=keepdims)
            both(name, with_nan(x), axis=axis, keepdims=keepdims)
            if name in ("nanvar", "nanstd") and x.dtype.kind in "fc":
                both(name, with_nan(x), axis=axis, ddof=2)
    if dtype.startswith("float"):
        both(name, numpy.full((2, 3), NAN, dtype), axis=1)


@pytest.mark.parametrize("name", ["nancumsum", "nancumprod"])
@pytest.mark.parametrize("dtype", ALL)
def test_scans_without_nan(name, dtype):
    for shape in SHAPES[1:]:
        for axis in (None, 0, -1):
            both(name, with_nan(drawn(shape, dtype)), axis=axis)
    both(name, numpy.array([1, 2], "uint8"), dtype="float32")


def test_small_integers_widen_everywhere():
    """Sums, products and scans of them, along any axis."""
    for dtype, values in (("uint8", [200, 100]), ("int8", [100, 100]), ("bool", [True, True]), ("uint16", [65535, 9])):
        x = numpy.array(values, dtype)
        stacked = numpy.stack([x, x, x])
        for name in ("sum", "prod", "cumsum", "cumprod", "nansum", "nancumsum", "mean", "cumulative_sum"):
            both(name, x)
            for axis in (0, 1):
                both(name, stacked, axis=axis)
        for name in ("cumsum", "cumprod", "sum", "mean"):
            both(name, x[0])
    assert np.sum(np.array([200, 100], "uint8")).dtype == np.uint64


# ---- histograms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", REAL)
def test_histograms(dtype):
    for shape in ((), (1,), (60,), (5, 7), (0,)):
        x = drawn(shape, dtype)
        for bins in (10, 1, 3, [0, 2, 4, 8], [0.5, 1, 7], [2, 2, 5]):
            both("histogram", x, bins)
            both("histogram", x, bins, weights=drawn(shape, "float64"))
            both("histogram", x, bins, weights=drawn(shape, "int64"))
            if x.size > 9 and dtype != "float32":
                both("histogram", x, bins, density=True)
        both("histogram", x, 5, range=(1, 6))
        both("histogram_bin_edges", x, 4)


@pytest.mark.parametrize("bins", ["auto", "doane", "fd", "rice", "scott", "sqrt", "stone", "sturges"])
def test_estimated_bins(bins):
    for x in (
        RNG.normal(size=300),
        RNG.integers(0, 50, 200).astype(float),
        numpy.zeros(5),
        numpy.zeros(0),
        RNG.normal(size=2),
    ):
        both("histogram", x, bins)
        both("histogram_bin_edges", x, bins, range=(-1, 2))


def test_histogram_edges_are_exact():
    same(np.histogram(np.arange(100), 100, (0, 100))[0], numpy.ones(100, int))
    same(np.histogram(np.arange(10), 9, (0, 9))[0], numpy.array([1] * 8 + [2]))
    just_below = numpy.nextafter(numpy.float32(0.3), numpy.float32(0))
    edges = numpy.array([0.0, 0.3, 1.0])
    for x in (numpy.array([just_below]), numpy.array([0.3], "float32"), numpy.array([0.3])):
        both("histogram", x, edges)
    assert np.histogram([], 3)[0].tolist() == [0, 0, 0]
    both("histogram", numpy.full(4, 7.0), 3)
    for n in (3, 7, 10, 49, 61, 100):  # every edge, and its neighbours
        edges = numpy.linspace(-0.7, 1.9, n + 1)
        x = numpy.concatenate([edges, numpy.nextafter(edges, 9), numpy.nextafter(edges, -9)])
        counts = np.histogram(x, n, (-0.7, 1.9))[0].numpy()
        ours = np.histogram(x, n, (-0.7, 1.9))[1].numpy()
        want = [((x >= a) & (x < b)).sum() for a, b in itertools.pairwise(ours)]
        want[-1] += (x == ours[-1]).sum()
        assert counts.tolist() == want
    same(np.histogram([NAN, 1.0, 2.0], 2, (0, 2))[0], numpy.array([0, 2]))


@pytest.mark.parametrize("bins", [10, 7000, [-1.0, 0.0, 0.5, 2.0]], ids=["few", "many", "edges"])
def test_histogram_of_many_numbers(bins):
    """Blocks of them are counted one after another, by the edges that are given back."""
    x = numpy.random.default_rng(0).standard_normal(200_001).astype("f4")
    for window in (None, (-0.5, 0.25), (50.0, 60.0)):
        counts, edges = np.histogram(x, bins, range=window)
        same(edges, numpy.histogram_bin_edges(x, bins, range=window))
        below = numpy.searchsorted(numpy.sort(x), edges.numpy(), side="left")
        below[-1] = (x <= edges.numpy()[-1]).sum()
        same(counts, numpy.diff(below))


def test_histograms_of_points():
    x, y = RNG.normal(size=50), RNG.normal(size=50)
    for options in (
        *({}, {"bins": 4}, {"bins": (3, 5)}, {"bins": [[-1, 0, 1], [-2, 0, 0.5, 2]]}, {"bins": [-1, 0, 0.5, 1]}),
        *({"bins": (3, [-1.0, 0, 1])}, {"range": ((-1, 1), (0, 2))}, {"density": True}, {"weights": numpy.abs(x)}),
    ):
        both("histogram2d", x, y, **options)
    points = RNG.normal(size=(40, 3))
    both("histogramdd", points, 3)
    both("histogramdd", points, (2, 3, 4), density=True)
    both("histogramdd", points, bins=[[-1, 0, 1]] * 3, weights=numpy.abs(points[:, 0]))
    both("histogramdd", points, 2, range=[(-1, 1), None, (0, 1)])
    with pytest.raises(ValueError, match="histogram2d: x has shape"):
        np.histogram2d([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="histogramdd: points have 3 coordinates"):
        np.histogramdd(points, (2, 2))


def test_counts():
    for x in ([0, 1, 1, 3], [], [5], numpy.array([1, 2, 2], "uint8"), [True, False, True]):
        for minlength in (0, 2, 9):
            both("bincount", numpy.array(x, int) if len(x) == 0 else x, minlength=minlength)
            if len(x):
                both("bincount", numpy.array(x, int), numpy.arange(len(x)) / 2, minlength)
    for bad in ([-1], [1.5], [[1]]):
        with pytest.raises((ValueError, TypeError), match="bincount: x has"):
            np.bincount(bad)
    w = np.array([1.0, 2.0, 3.0])
    w.requires_grad = True
    (np.bincount([0, 2, 2], w) * np.array([5.0, 6.0, 7.0])).sum().backward()
    assert w.grad.tolist() == [5, 7, 7]


# ---- calculus --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ALL)
def test_differences(dtype):
    for shape in SHAPES[1:]:
        for axis, n in itertools.product((0, -1), (0, 1, 2, 5)):
            both("diff", drawn(shape, dtype), n, axis)
        both("diff", drawn(shape, dtype), prepend=0, append=1)
    both("diff", drawn((3, 4), dtype), axis=0, append=drawn((2, 4), dtype))
    both("ediff1d", drawn((3, 4), dtype))
    if dtype not in ("bool", "uint8"):
        both("ediff1d", drawn(5, dtype), to_begin=1, to_end=[1, 0])
    both("ediff1d", numpy.array([1, 2]), to_end=1.5)


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "complex128"])
def test_slopes(dtype):
    points = numpy.array([0.0, 1.0, 1.5, 4.0, 4.5])
    for edge_order in (1, 2):
        both("gradient", drawn(5, dtype), edge_order=edge_order)
        both("gradient", drawn(5, dtype), 2.0, edge_order=edge_order)
        both("gradient", drawn(5, dtype), points, edge_order=edge_order)
        both("gradient", drawn(3, dtype), points[:3], edge_order=edge_order)
        both("gradient", drawn((5, 4), dtype), edge_order=edge_order)
        both("gradient", drawn((5, 4), dtype), points, 0.5, edge_order=edge_order)
        both("gradient", drawn((5, 4), dtype), 0.5, axis=1, edge_order=edge_order)
        both(
            "gradient",
            drawn((2, 5, 4), dtype) if edge_order == 1 else drawn((3, 5, 4), dtype),
            axis=(1, -1),
            edge_order=edge_order,
        )
    both("gradient", drawn(2, dtype), points[:2])
    for call in (lambda: np.gradient(np.ones(1)), lambda: np.gradient(np.ones(4), [1.0, 2.0])):
        with pytest.raises(ValueError, match=r"^gradient: "):
            call()
    with pytest.raises(TypeError, match="gradient: got 3 spacings for 1 axes"):
        np.gradient(np.ones(4), 1, 2, 3)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "complex128"])
def test_integrals(dtype):
    y = drawn((3, 4), dtype)
    for axis in (0, 1, -1):
        both("trapezoid", y, axis=axis)
        both("trapezoid", y, dx=0.5, axis=axis)
        both("trapezoid", y, numpy.sort(RNG.normal(size=y.shape[axis])), axis=axis)
    both("trapezoid", y, numpy.sort(RNG.normal(size=(3, 4))))
    both("trapezoid", y[:, :1])


def test_phases():
    x = numpy.cumsum(RNG.uniform(-4, 4, (3, 9)), axis=1)
    wrapped = numpy.angle(numpy.exp(1j * x))
    for axis in (0, 1):
        both("unwrap", wrapped, axis=axis)
    both("unwrap", wrapped.astype("float32"))
    both("unwrap", wrapped, 4.0)
    both("unwrap", wrapped, period=1.5)
    for period in (4, 5, 360):
        both("unwrap", numpy.array([0, 1, 2, -1, 0, 7, 12, 3, 180, 0]), period=period)
    both("unwrap", numpy.array([0.0, numpy.pi, 0.0, -numpy.pi, 0.0]))
    both("unwrap", [0, 1, 2])


def test_lines_through_samples():
    xp, fp = numpy.array([1.0, 2.0, 2.5, 4.0]), numpy.array([3.0, -1.0, 0.5, 2.0])
    x = numpy.array([[-1.0, 1.0, 1.5], [2.0, 2.25, 2.5], [3.9, 4.0, 9.0], [NAN, numpy.inf, -numpy.inf]])
    for options in ({}, {"left": -7}, {"right": 8.0}, {"left": 0.0, "right": NAN}):
        both("interp", x, xp, fp, **options)
        both("interp", x, xp, fp * 1j + 2, **options)
        both("interp", x[:3], xp[:1], fp[:1], **options)
    both("interp", x[:3], xp[::-1], fp, period=3.5)
    both("interp", 2.2, [1, 2, 3], [3, 2, 0])
    for bad in (([1.0], [], []), ([1.0], [1.0, 2.0], [1.0]), ([1.0], [[1.0]], [[1.0]])):
        with pytest.raises(ValueError, match="interp: xp has shape"):
            np.interp(*bad)


@pytest.mark.parametrize("dtype", ALL)
def test_products_of_shifted_sequences(dtype):
    for name, mode in itertools.product(("convolve", "correlate"), ("full", "same", "valid")):
        for n, m in ((1, 1), (5, 1), (5, 2), (5, 3), (3, 6), (4, 4), (40, 7)):
            both(name, drawn(n, dtype), drawn(m, dtype), mode)
            both(name, drawn(n, dtype), drawn(m, "float32"), mode)
        with pytest.raises(ValueError, match=f"{name}: v has shape"):
            getattr(np, name)([1.0], [])


# ---- polynomials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int64", "float32", "float64", "complex128"])
def test_polynomials(dtype):
    p, q = drawn(4, dtype), drawn(2, dtype) + 1
    for name in ("polyadd", "polysub", "polymul", "polyval"):
        both(name, p, q)
        both(name, q, p)
    both("polydiv", p, q)
    both("polydiv", q, p + 1)
    for m in (0, 1, 2, 5):
        both("polyder", p, m)
        both("polyint", p, m, dtype=dtype != "float32")
    both("polyint", p, 2, [3, 4], dtype=dtype != "float32")
    both("poly", p)
    both("poly", drawn((3, 3), dtype) + numpy.eye(3) * 9)
    several = drawn((4, 2), dtype)
    both("polyval", several, drawn((5, 1), dtype))
    both("polyval", several, p[0])
    assert np.polyval([1, 2, 3], 2) == 11


def test_fits():
    x = numpy.linspace(-1, 2, 9)
    y = RNG.normal(size=(9, 2))
    for deg in (0, 1, 3):
        both("polyfit", x, y, deg)
        both("polyfit", x, y[:, 0], deg, w=numpy.arange(1.0, 10.0))
        both("polyfit", x, y[:, 0], deg, cov=True)
        both("polyfit", x, y, deg, cov="unscaled")
        both("polyfit", x, y, deg, cov=True)
    both("polyfit", x[:2], y[:2, 0], 3)
    both("polyfit", [0, 1, 2], [1, 3, 5], 1)
    t = np.array(y[:, 0])
    t.requires_grad = True
    np.polyfit(x, t, 1)[0].backward()
    numpy.testing.assert_allclose(t.grad.numpy(), numpy.polyfit(x, numpy.eye(9), 1)[0], atol=1e-12)


def test_roots_of_polynomials():
    for p in ([1, -3, 2], [1.0, 0, 1], [0, 0, 2, 1, 0, 0], [3.0], [], [0, 0], [1, 2j, 3], [1, 2, 3, 4, 5]):
        want = numpy.roots(p)
        got = np.roots(p)
        same(got, want)
    p = np.array([1.0, -3.0, 2.0, 0.3])
    p.requires_grad = True
    r = np.roots(p)
    r[0].backward()
    root = numpy.roots(p.detach().numpy())[0]
    slope = numpy.polyval(numpy.polyder(p.detach().numpy()), root)
    numpy.testing.assert_allclose(p.grad.numpy(), -(root ** numpy.arange(3, -1, -1)) / slope, rtol=1e-9)


def test_tensors_of_tilewright_stay_float32():
    x = tw.asarray([1, 5, 2, 2])
    for y in (
        tw.median(x),
        tw.quantile(x, [0.5]),
        tw.average(x),
        tw.cov(x),
        tw.nanmean(x),
        tw.gradient(x),
        tw.trapezoid(x),
    ):
        assert y.dtype == tw.float32 and type(y) is tw.Tensor
    assert tw.histogram(x)[1].dtype == tw.float32 and tw.polyfit([0, 1], [1, 2], 1).dtype == tw.float32
