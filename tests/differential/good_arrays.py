"""Good arguments of array functions, as `good.py` has them of everything else, and what both are made of."""

from __future__ import annotations

X = ('t("float32", 2, 3)', 't("float64", 3)', 't("int64", 2, 3)', "leaf(2, 3)", "grown(2, 3)", "[1.0, 2.0]", "2.0")
FUNCTIONS = (
    "tw.sum",
    "lambda x: (x * x).sum()",
    "tw.tanh",
    "lambda *a: a[0] * 2.0",
    "lambda x: {'a': x, 'b': [x * x]}",
)
DTYPE = ("None", '"float32"', "tw.float64", '"int32"', "np.float32", "float", "bool")
SIZE = ("None", "3", "(2, 3)", "()", "0", "[2]")
BOOL = ("True", "False")
SHAPE = ("(2, 3)", "3", "()", "[3, 2]", "(-1,)", "(0, 3)", "6")
AXIS = ("None", "0", "1", "-1", "(0, 1)", "(0,)", "()")
NUMBER = ("0.0", "1.0", "0.5", "2", "-1.0")

ARRAYS = {
    # distributions
    **{
        f"{owner}.{name}": good
        for owner in ("random", "Generator", "numpy.random", "RandomState")
        for name, good in {
            "a": ("2.0", "[1.5, 3.0]"), "b": ("3.0", "[1.5]"), "df": ("3.0", "[1.5, 2.0]"), "dfnum": ("3.0",),
            "dfden": ("5.0",), "nonc": ("1.0", "0.0"), "lam": ("4.0", "0.0", "20.0"), "n": ("3", "100"),
            "p": ("0.25", "1.0"), "ngood": ("5", "30"), "nbad": ("4", "0"), "nsample": ("3",), "left": ("-1.0",),
            "mode": ("0.0", "-1.0"), "right": ("1.0",), "mu": ("0.0",), "kappa": ("2.0", "0.0"), "mean": ("1.0",),
            "sigma": ("0.5", "0.0"), "alpha": ("[1.0, 2.0]",), "cov": ("tw.eye(2)",), "tol": ("1e-8",),
            "check_valid": ('"warn"', '"raise"'), "method": ('"svd"', '"cholesky"'), "shuffle": BOOL, "shape": ("2.0",),
            "axis": ("0", "-1"), "x": X, "pvals": ("[0.5, 0.5]",),
        }.items()
    },
    "multivariate_normal.mean": ("[0.0, 1.0]",), "choice.p": ("None",), "choice.axis": ("0",),
    "permutation.axis": ("0",), "permuted.axis": ("None", "0"), "shuffle.axis": ("0",),
    "logseries.p": ("0.25", "0.0"), "shuffle.x": ("tw.arange(4)",),
    # Fourier transforms
    **dict.fromkeys((f"{name}.n" for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")), ("None", "4", "1")),
    **dict.fromkeys((f"{name}.axis" for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")), ("-1", "0")),
    **dict.fromkeys((f"{name}.axes" for name in ("fft2", "ifft2", "rfft2", "irfft2")), ("(0, 1)", "(-1, 0)")),
    **dict.fromkeys(("fftfreq.n", "rfftfreq.n"), ("4", "1")), "s": ("None", "(2, 3)"), "d": ("1.0", "0.5"),
    **dict.fromkeys(("fft.norm", "numpy.fft.norm"), ("None", '"ortho"')),
    # shapes
    "repeats": ("2", "0", "[1, 2]", "[2, 0, 1]"), "repetitions": ("2", "(2, 1)", "0"), "roll.shift": ("1", "(1, -1)"),
    "tile.A": X, "reps": ("2", "(2, 1)"), "rot90.m": X, "rot90.k": ("1", "-1", "2"), "rot90.axes": ("(0, 1)", "(1, 0)"),
    **dict.fromkeys(("m", "arys", "ary", "arr", "a"), X), "shapes": ("(2, 3)", "(3,)", "1"), "new_shape": SHAPE,
    "broadcast_arrays.arrays": X, "block.arrays": ("[[[1.0]], [[2.0]]]", "[[leaf(2, 3)], [leaf(2, 3)]]", "1.0"),
    "tup": ("[leaf(3), [1.0, 2.0, 3.0]]", 't("float32", 2, 3)'), "obj": ("0", "-1", "[0, 1]", "slice(0, 1)", "[True]"),
    "xi": ("[1.0, 2.0]", "leaf(3)", "tw.arange(4)"), "sparse": BOOL,
    "indexing": ('"xy"', '"ij"'), "dimensions": ("(2, 3)", "3"), "logspace.base": ("10.0", "2"),
    "logspace.axis": ("0",),
    **dict.fromkeys((f"geomspace.{end}" for end in ("start", "stop")), ("1", "8.0", "[1.0, 2.0]", "2j")),
    **dict.fromkeys((f"logspace.{end}" for end in ("start", "stop")), ("1", "-2.0", "[1.0, 2.0]", "leaf(2)")),
    "geomspace.axis": ("0",), "vander.x": ("[1, 2, 3]", "leaf(3)"), "vander.N": ("None", "2"), "increasing": BOOL,
    "fromfunction.function": ("lambda *i: i[0]",), "buffer": ("bytes(16)", "bytearray(24)"),
    "frombuffer.count": ("-1", "1"), "frombuffer.offset": ("0", "8"), "v": ("[1, 2]", "leaf(2, 3)"),
    # searching, sets, choosing
    **dict.fromkeys(("ar", "ar1", "ar2", "a1", "a2", "element", "test_elements", "numpy.v", "arr",
    "UniqueAllResult.counts", "UniqueCountsResult.counts", "inverse_indices", "nanargmax.a", "nanargmin.a",
    "flatnonzero.a", "argwhere.a"), X),
    **{f"{name}.{key}": X for name in ("isclose", "allclose") for key in ("a", "b")},
    "digitize.bins": ("[0.0, 1.0, 2.0]", "[3, 1]"),
    **dict.fromkeys(("right", "assume_unique", "return_index", "return_inverse", "return_counts", "return_indices",
    "invert", "cache"), BOOL), "side": ('"left"', '"right"'), "sorter": ("None",),
    "lexsort.keys": ("[[1, 2], [2.0, 1.0]]", 't("float32", 2, 3)'), "kth": ("0", "1", "(0, 1)"),
    **{f"{name}.{key}": (good,) for name in ("partition", "argpartition") for key, good in (("kind", '"introselect"'),
    ("order", "None"))}, "partition.a": X[:4], "argpartition.a": X[:4],
    "nan_to_num.nan": NUMBER, "posinf": ("None", *NUMBER), "neginf": ("None", *NUMBER),
    "nan_to_num.copy": ("True",), "condlist": ("[[True, False, True]]",),
    "select.default": NUMBER,
    "choicelist": ("[1.0]", "[leaf(3)]"), "funclist": ("[1.0]", "[tw.tanh, 0]"),
    "piecewise.x": ("leaf(3)", "[1.0, 2, 3]"),
    "func1d": ("tw.sum", "lambda v: v * 2"), "func": ("tw.sum",),
    "pyfunc": ("lambda *a: 2 * a[0]", "abs"), "otypes": ("None", '"d"', "[float]"), "doc": ("None", '"what it does"'),
    "excluded": ("None", "{1}"), "signature": ("None", '"(n)->()"', '"(n),(n)->(n)"'), "nin": ("1",), "nout": ("1",),
    "apply_over_axes.axes": ("0", "(0, 1)"), "choose.a": ("[0, 1, 0]",), "choices": ("[[1, 2, 3], [4, 5, 6]]",),
    "choose.mode": ('"raise"', '"wrap"', '"clip"'), "out": ("None",), "isin.kind": ("None", '"sort"'),
    # NumPy's names
    "dst": X, "copyto.where": ("True", "[True, False, True]"), "putmask.mask": ('t("bool", 2, 3)',),
    "put_along_axis.indices": ("[[0], [1]]",), "put.ind": ("[0, 1]", "-1"), "val": X,
    "multi_index": ("([0, 1], [0, 2])",), "dims": ("(2, 3)",), "ix_.args": ("[0, 1]", "[True, False]"),
    "rollaxis.axis": ("0", "1"), "rollaxis.start": ("0", "1"),
    **dict.fromkeys((f"numpy.{name}" for name in ("a", "m", "y", "z", "arr", "ary", "val", "array", "object")), X),
    "prototype": X, "N": ("3", "0"), "eye.M": ("None", "2"), "n": ("3", "0"), "tri.M": ("None", "2"),
    "indices_or_sections": ("1", "[1]", "3"),
    "type1": DTYPE[1:], "type2": DTYPE[1:], "a_min": ("None", "0", "[0.0, 1.0, 0.5]"), "a_max": ("None", "2.5"),
    "kind": ("None", '"stable"'), "where": ("True", "[True, False, True]", 't("bool", 2, 3)'),
    "initial": ("None", "1", "leaf()"), **dict.fromkeys(("numpy.order", "ndarray.order"), ('"C"', '"F"', '"A"')),
    "subok": BOOL, "ndarray.casting": ('"unsafe"', '"safe"'), "retstep": BOOL, "beta": ("2.0", "0", "leaf()"),
    **dict.fromkeys(("M", "mask_indices.n"), ("3", "0", "1")), "filt": X,
    "mask_func": ("tw.numpy.triu", "lambda m, k: m"),
    "trim": ('"fb"', '"f"'), "iter": ("range(3)", "[1.0, 2.0]"), "fromiter.dtype": DTYPE[1:], "vals": X,
    "place.mask": ('t("bool", 2, 3)',), "fromiter.count": ("-1", "2"), "real_if_close.tol": ("100", "0.5"),
    "rcond": ("None", "0.5"), "linspace.axis": ("0",), "flatiter.base": ("tw.numpy.zeros(3)",),
    "sort.order": ("None",), "argsort.order": ("None",),
    "decimals": ("0", "1", "-1"), "ddof": ("0", "1"), "deg": BOOL, "ndmin": ("0", "3"),
    "numpy.linalg.a": ("np.eye(3)",), "numpy.fft.a": X,
    "grad.value": ("None", 't("float32", 2, 3)', 't("float64", 2, 3)', 't("int64", 2, 3)'),
    "arg1": DTYPE[1:], "arg2": ("np.floating", "np.integer", *DTYPE[1:]), "load.file": ('"none"',),
    "mmap_mode": ("None", '"r"'), "max_header_size": ("10_000",), "seq_of_zeros": ("[1.0, 2.0]",),
    "u": ("leaf(3)", "[1, 2]"),
    # statistics
    "weights": ("None", "[1, 2, 3]", "leaf(2, 3)"), "returned": BOOL, "minlength": ("0", "5"), "y": X, "f": X,
    "rowvar": BOOL, "fweights": ("None", "[1, 2, 1]"), "aweights": ("None", "[0.5, 2.0, 1.0]", "leaf(3)"), "m": X,
    "diff.prepend": ("None", "0"), "diff.append": ("None", "0"), "ary": X, "to_end": ("None", "1"),
    "to_begin": ("None", "[1, 2]"), "varargs": ("1.0", "[1.0, 2.0, 4.0]"), "edge_order": ("1", "2"),
    "bins": ("3", "[0.0, 1.0, 2.0]", '"auto"'), "range": ("None", "(0.0, 2.0)"), "density": ("None", *BOOL),
    "sample": ('t("float32", 4, 2)', "[[1.0, 2.0], [0.0, 1.0]]"), "xp": ("[1.0, 2.0, 3.0]",), "fp": ("leaf(3)",),
    "interp.left": ("None", "0.0"), "interp.right": ("None", "1.0"), "period": ("None", "1.5"),
    "discont": ("None", "2.0"), "unwrap.period": ("6.0", "4"), "q": ("0.5", "[0.25, 1.0]", "0"),
    "method": ('"linear"', '"nearest"', '"hazen"'),
    "cov.bias": BOOL, "cov.ddof": ("None", "0", "1"), "convolve.mode": ('"full"', '"same"'),
    "correlate.mode": ('"valid"', '"same"'), "diff.n": ("1", "2", "0"), "polyfit.x": ("[0.0, 1.0, 2.0]", "leaf(3)"),
    "polyfit.y": ("[1.0, 2.0, 4.0]", "leaf(3)"), "polyfit.deg": ("1", "0"), "w": ("None", "[1, 2, 1]"),
    "polyfit.cov": ("False", "True", '"unscaled"'), "polyval.p": ("leaf(3)", "[1, 2]"), "roots.p": ("leaf(3)",),
    "unwrap.p": X, "dx": NUMBER,
    "trapezoid.x": ("None", "[0.0, 1.0, 3.0]"), "bincount.x": ("[0, 1, 1]", 't("uint8", 3)'),
}  # fmt: skip
