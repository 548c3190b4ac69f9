"""NumPy's functions of statistics, order, histograms, calculus and interpolation: its arguments in its order."""

from __future__ import annotations

import functools
from typing import Any

from .._functions import differences, histograms, interpolation, nan_reductions, order_statistics, statistics
from ._rules import adapted, adopted, same

_ORDER = "a q axis -out -overwrite_input method keepdims weights"
_MIDDLE = "a axis -out -overwrite_input keepdims"
_EXTREME = "a axis -out keepdims"
_SUM = "a axis dtype -out keepdims"
_SPREAD = "a axis dtype -out ddof=correction keepdims"
_SCAN = "a axis dtype -out"

# NumPy's parameters: see `adapted`.
_ADAPTED: dict[str, tuple[Any, str]] = {
    "median": (order_statistics.median, _MIDDLE),
    "nanmedian": (order_statistics.nanmedian, _MIDDLE),
    "quantile": (order_statistics.quantile, _ORDER),
    "nanquantile": (order_statistics.nanquantile, _ORDER),
    "percentile": (order_statistics.percentile, _ORDER),
    "nanpercentile": (order_statistics.nanpercentile, _ORDER),
    "average": (statistics.average, "a axis weights returned keepdims"),
    "cov": (statistics.cov, "m y rowvar bias ddof fweights aweights"),
    "corrcoef": (statistics.corrcoef, "x y rowvar"),
    "ptp": (statistics.ptp, _EXTREME),
    "nanmax": (nan_reductions.nanmax, _EXTREME),
    "nanmin": (nan_reductions.nanmin, _EXTREME),
    "nansum": (nan_reductions.nansum, _SUM),
    "nanprod": (nan_reductions.nanprod, _SUM),
    "nanmean": (nan_reductions.nanmean, _SUM),
    "nanvar": (nan_reductions.nanvar, _SPREAD),
    "nanstd": (nan_reductions.nanstd, _SPREAD),
    "nancumsum": (nan_reductions.nancumsum, _SCAN),
    "nancumprod": (nan_reductions.nancumprod, _SCAN),
    "bincount": (histograms.bincount, "x weights minlength"),
    "histogram": (histograms.histogram, "a bins range density weights"),
    "histogram2d": (histograms.histogram2d, "x y bins range density weights"),
    "histogramdd": (histograms.histogramdd, "sample bins range density weights"),
    "histogram_bin_edges": (histograms.histogram_bin_edges, "a bins range weights"),
    "diff": (differences.diff, "a=x n axis prepend append"),
    "ediff1d": (differences.ediff1d, "ary to_end to_begin"),
    "trapezoid": (differences.trapezoid, "y x dx axis"),
    "unwrap": (differences.unwrap, "p discont axis period"),
    "interp": (interpolation.interp, "x xp fp left right period"),
    "convolve": (interpolation.convolve, "a v mode"),
    "correlate": (interpolation.correlate, "a v mode"),
}

_histogramdd = adapted("histogramdd", *_ADAPTED.pop("histogramdd"))


def histogramdd(*args: Any, **keywords: Any) -> Any:
    counts, edges = _histogramdd(*args, **keywords)
    return counts, adopted(edges)


STATISTICS: dict[str, Any] = {
    **{name: adapted(name, function, parameters) for name, (function, parameters) in _ADAPTED.items()},
    "histogramdd": functools.update_wrapper(histogramdd, _histogramdd),
    "gradient": same(differences.gradient),
}
