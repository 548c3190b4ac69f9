"""Order statistics, averages, reductions without NaN, histograms, calculus, interpolation and polynomials."""

import numpy as np

import tilewright as tw

from .opcase import A, OpCase, Raises, S, public

FLOATS = ("float32", "float64")
COMPLEX = (*FLOATS, "complex64", "complex128")


def case(name, *samples, oracle=None, fn=None, dtypes=FLOATS, result="same", tolerance=64.0, grad=2, errors=()):
    return OpCase(
        name,
        oracle or getattr(np, name),
        samples,
        fn=fn,
        dtypes=dtypes,
        result=result,
        tolerance=tolerance,
        grad=grad,
        errors=errors,
    )


def reduced(name, **more):
    """Over all, one and several axes."""
    return case(
        name,
        S(A((3, 5)), axis=1),
        S(A((2, 3, 4)), axis=(0, -1)),
        S(A((7,))),
        S(A((2, 3, 4)), axis=1, keepdims=True),
        errors=(Raises(tw.AxisError, rf"{name}: .*axis 2.*2", lambda: public(name)(tw.ones((2, 3)), axis=2)),),
        **more,
    )


def levels(name, most):
    return case(
        name,
        S(A((3, 5)), 0.3 * most, axis=1),
        S(A((2, 3, 4)), 0.75 * most, axis=(0, 2), method="hazen"),
        S(A((9,)), most, method="nearest"),
        S(A((4, 3)), [0.0, 0.6 * most], axis=0, keepdims=True),
        errors=(
            Raises(ValueError, f"{name}: q must be between 0 and {most}", lambda: public(name)(tw.ones(3), 2 * most)),
            Raises(ValueError, f"{name}: method is 'no'", lambda: public(name)(tw.ones(3), 0.5, method="no")),
        ),
    )


def spread(function):
    def oracle(x, axis=None, correction=0.0, keepdims=False):
        return function(x, axis=axis, ddof=correction, keepdims=keepdims)

    return oracle


def fails(name, error, message, call):
    return (Raises(error, f"{name}: {message}", call),)


X, W = A((6,)), A((6,), 0.5, 2.0)
E = A((4,), dtype="float64", values=[-2.0, -0.5, 0.25, 2.5])

CASES = (
    reduced("median"),
    reduced("nanmedian"),
    levels("quantile", 1),
    levels("nanquantile", 1),
    levels("percentile", 100),
    levels("nanpercentile", 100),
    reduced("ptp", grad=1),
    reduced("nanmax", grad=1),
    reduced("nanmin", grad=1),
    *(reduced(name, dtypes=COMPLEX) for name in ("nansum", "nanprod", "nanmean")),
    *(
        reduced(name, oracle=spread(getattr(np, name)), dtypes=COMPLEX, result="magnitude")
        for name in ("nanvar", "nanstd")
    ),
    *(
        case(name, S(A((3, 5)), axis=1), S(A((3, 5))), S(A((0,))), dtypes=COMPLEX)
        for name in ("nancumsum", "nancumprod")
    ),
    case(
        "average",
        S(A((3, 6)), 1, W),
        S(A((3, 4)), axis=0),
        S(A((2, 3, 4)), (0, 2), A((2, 4), 0.5, 2.0)),
        dtypes=COMPLEX,
        errors=fails("average", TypeError, "weights have shape", lambda: tw.average(tw.ones((2, 3)), None, [1, 1])),
    ),
    case(
        "cov",
        S(A((3, 6))),
        S(X, A((2, 6))),
        S(A((6, 2)), rowvar=False, bias=True),
        dtypes=COMPLEX,
        errors=fails("cov", ValueError, r"m has shape \(1, 1, 1\)", lambda: tw.cov(tw.ones((1, 1, 1)))),
    ),
    case(
        "corrcoef",
        S(A((3, 6))),
        S(X, A((6,))),
        S(A((6, 2)), rowvar=False),
        grad=0,
        dtypes=COMPLEX,
        errors=fails("corrcoef", ValueError, r"x has shape \(1, 1, 1\)", lambda: tw.corrcoef(tw.ones((1, 1, 1)))),
    ),
    case(
        "bincount",
        S(A((5,), 0, 6, dtype="int64"), A((5,))),
        S(A((4,), 0, 3, dtype="uint8"), A((4,)), 9),
        errors=fails("bincount", ValueError, "x has negative numbers", lambda: tw.bincount([-1])),
    ),
    case(
        "histogram",
        S(A((40,), dtype="float64", values=np.linspace(-3, 3, 40)), E, None, None, A((40,))),
        S(A((3, 5), dtype="float64"), E, None, None, A((3, 5))),
        dtypes=("float64", "complex128"),
        result=("same", "float64"),
        grad=0,
        errors=fails("histogram", ValueError, "bins must not decrease", lambda: tw.histogram([1.0], [2, 1])),
    ),
    case(
        "histogram2d",
        S(A((30,)), A((30,)), (3, 4)),
        dtypes=("float64",),
        result=("float32", "same", "same"),
        grad=0,
        errors=fails("histogram2d", ValueError, "x has shape", lambda: tw.histogram2d([1.0], [1.0, 2.0])),
    ),
    case(
        "histogramdd",
        S(A((30, 2)), 3),
        dtypes=("float64",),
        result=("float32", "same", "same"),
        grad=0,
        oracle=lambda x, bins: (lambda h, e: (h, *e))(*np.histogramdd(x, bins)),
        errors=fails("histogramdd", ValueError, "points have 2", lambda: tw.histogramdd(tw.ones((3, 2)), [1, 2, 3])),
    ),
    case(
        "histogram_bin_edges",
        S(A((30,)), 4),
        S(A((30,)), 3, (0, 1)),
        dtypes=("float64",),
        grad=0,
        errors=fails("histogram_bin_edges", ValueError, "bins is 'no'", lambda: tw.histogram_bin_edges([1.0], "no")),
    ),
    case(
        "diff",
        S(A((3, 5)), axis=0),
        S(A((3, 5)), n=2),
        S(A((4,)), n=5),
        S(A((0,))),
        dtypes=COMPLEX,
        errors=fails("diff", ValueError, r"x has shape \(\)", lambda: tw.diff(1.0)),
    ),
    case(
        "ediff1d",
        S(A((3, 4))),
        S(A((4,)), A((2,)), A((1,))),
        dtypes=COMPLEX,
        errors=fails("ediff1d", TypeError, "to_end has dtype float32", lambda: tw.ediff1d([1, 2], 1.5)),
    ),
    case(
        "gradient",
        S(A((3, 5)), axis=1),
        S(A((6,)), [0.0, 1.0, 1.5, 4.0, 4.5, 7.0], edge_order=2),
        S(A((4, 3))),
        dtypes=COMPLEX,
        errors=fails("gradient", ValueError, "axis 0 of f", lambda: tw.gradient([1.0])),
    ),
    case(
        "trapezoid",
        S(A((3, 5)), dx=0.5),
        S(A((3, 5)), A((3,), 1, 2), axis=0),
        dtypes=COMPLEX,
        errors=(Raises(tw.AxisError, "trapezoid: axis 1", lambda: tw.trapezoid([1.0], axis=1)),),
    ),
    case(
        "unwrap",
        S(A((3, 5), -9, 9)),
        S(A((3, 5), -9, 9), axis=0, period=1.5),
        errors=fails("unwrap", TypeError, "dtype complex64", lambda: tw.unwrap([1j, 2])),
    ),
    case(
        "interp",
        S(A((2, 4), values=[[-0.5, 0.3, 0.7, 1.2], [1.9, 2.8, 3.3, 4.5]]), [0.0, 1.0, 2.5, 4.0], A((4,))),
        S(A((4,)), [0.0, 1.0, 2.0], A((3,)), -1.0, 2.0),
        errors=fails("interp", ValueError, "xp has shape", lambda: tw.interp(1.0, [1.0, 2.0], [1.0])),
    ),
    *(
        case(
            name,
            S(A((7,)), A((3,)), "full"),
            S(A((7,)), A((4,)), "same"),
            S(A((3,)), A((5,)), "valid"),
            dtypes=COMPLEX,
            errors=fails(name, ValueError, "mode is 'no'", lambda name=name: public(name)([1.0], [1.0], "no")),
        )
        for name in ("convolve", "correlate")
    ),
    case(
        "polyfit",
        S([0.0, 0.5, 1.5, 2.0, 3.0], A((5,)), 2),
        S([0.0, 0.5, 1.5], A((3, 2)), 1),
        tolerance=4096,
        dtypes=COMPLEX,
        errors=fails("polyfit", ValueError, "x has shape", lambda: tw.polyfit([1.0], [1.0, 2.0], 1)),
    ),
    case(
        "polyval",
        S(A((4,)), A((2, 3))),
        S(A((4, 3)), A((2, 1))),
        dtypes=COMPLEX,
        errors=fails("polyval", ValueError, "the shapes", lambda: tw.polyval(tw.ones((2, 3)), tw.ones(4))),
    ),
    case(
        "roots",
        S(A((3,))),
        fn=lambda p: tw.roots(p * 0.01 + [1.0, -3.0, 2.0]),
        oracle=lambda p: np.roots(p * 0.01 + [1, -3, 2]),
        tolerance=4096,
        dtypes=COMPLEX,
        errors=fails("roots", ValueError, "p has shape", lambda: tw.roots([[1.0]])),
    ),
)
