"""Every op case recorded, and made again on other data: so each problem says where it points to."""

from __future__ import annotations

import pytest

import tilewright as tw
from cases import CASES
from cases.opcase import results
from tilewright import nn

COMPOSED = ("vector_norm", "norm", "matrix_power", "expm", "multi_dot", "diagonal", "trace", "outer")


def by_lapack(name):
    """Of a case: whether what it calls is not composed of other ops."""
    function, _, options = name.removeprefix("linalg.").partition(" ")
    if function == "matrix_norm":
        return options in ("ord=nuc", "ord=2", "ord=-2")
    return function not in COMPOSED


# What asks for values in Python, or whose results are as long as the data says.
REFUSED = {
    "dropout": "random.dropout: random numbers",
    "getitem[mask]": "index.count_true",
    "getitem[row mask]": "index.count_true",
    "nonzero": "index.count_true",
    "gaussian_nll_loss with one variance for a row": "item",
    "multi_margin_loss with weights": "item",
    "nn.functional.cosine_embedding_loss": "item",
    "nn.functional.gaussian_nll_loss": "item",
    "nn.functional.hinge_embedding_loss": "item",
    "nn.functional.max_unpool1d": "item",
    "nn.functional.max_unpool2d": "item",
    "nn.functional.max_unpool3d": "item",
    "nn.functional.multi_margin_loss": "item",
    "nn.functional.multilabel_margin_loss": "item",
    "nn.functional.nll_loss": "item",
    **{case.name: "linalg" for case in CASES if case.name.startswith("linalg.") and by_lapack(case.name)},
    "cofactors": "linalg",
    "linalg.expm": "item",
    **{
        case.name: "fft"
        for case in CASES
        if case.name.startswith("fft.") and "shift" not in case.name and "freq" not in case.name
    },
    **dict.fromkeys(
        (
            *("average", "bincount", "histogram", "histogram2d", "histogramdd", "histogram_bin_edges"),
            *("geomspace[of arrays]", "digitize", "nanargmax", "nanargmin"),
            *("allclose", "array_equal"),
        ),
        "item",
    ),
    **dict.fromkeys(
        (
            *("roots", "flatnonzero", "argwhere", "unique", "unique[everything]", "unique_all", "unique_counts"),
            *("unique_inverse", "unique_values", "union1d", "intersect1d", "intersect1d[indices]", "setdiff1d"),
            *("setxor1d", "piecewise"),
        ),
        "index.count_true",
    ),
    "scaled_dot_product_attention[dropout]": "attention.forward: random numbers",
}

# Some of their samples hold what a fused model is not given: slices, buffers, counts in arrays.
PARTLY = ("delete", "insert", "repeat", "frombuffer")


class Called(nn.Module):
    def __init__(self, function, kwargs):
        self.function, self.options = function, kwargs

    def forward(self, *args):
        return self.function(*args, **self.options)


def bits(x):
    return (tw.astype(x, "float32") if x.dtype.name == "bfloat16" else x).numpy().tobytes()


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES if c.name not in (*REFUSED, *PARTLY)])
def test_the_same_bits_from_other_data(case):
    for dtype in case.dtypes[:1]:
        for sample in case.calls(dtype):
            fused = nn.fuse(Called(case.function, sample.kwargs), *sample.draw(dtype), exact=True)
            args = sample.draw(dtype, "other")
            got = results(fused(*args))
            assert fused.explain().count("inputs:") == 1
            want = results(case.function(*args, **sample.kwargs))
            assert [(g.shape, g.dtype) for g in got] == [(w.shape, w.dtype) for w in want]
            assert [bits(g) for g in got] == [bits(w) for w in want], sample


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if case.name in REFUSED])
def test_what_python_decides_by_values_is_refused(case):
    sample = case.samples[0]
    with pytest.raises(RuntimeError, match=rf"^fuse: {REFUSED[case.name]}"):
        nn.fuse(Called(case.function, sample.kwargs), *sample.draw(case.dtypes[0]))


def test_every_exception_is_a_case():
    assert set(REFUSED) <= {case.name for case in CASES}
