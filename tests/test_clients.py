"""Libraries that take any array take tilewright's: each is imported where it is installed, as the test extra does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import numpy
import pytest

import tilewright as tw
import tilewright.numpy as np

ROWS = numpy.random.default_rng(0).standard_normal((40, 5))
LABELS = (ROWS[:, 0] + 0.5 * ROWS[:, 1] > 0).astype(numpy.int64)


def float64(x):
    return tw.asarray(numpy.asarray(x))


# ---- the Array API: SciPy and scikit-learn ---------------------------------------------------------------------------

# SciPy reads its switch when it is imported, so these run in a process of their own.
DISPATCHED = """
import numpy, sklearn, scipy.special, scipy.stats, scipy.signal, scipy.cluster.vq, scipy.spatial.transform
import tilewright as tw
from numpy.testing import assert_allclose
rows = numpy.random.default_rng(0).standard_normal((40, 5))
labels = (rows[:, 0] + 0.5 * rows[:, 1] > 0).astype(numpy.int64)
x, y = tw.asarray(rows), tw.asarray(labels)
def same(ours, theirs, rtol=1e-9):
    assert isinstance(ours, tw.Tensor), type(ours)
    assert_allclose(ours.numpy(), theirs, rtol=rtol, atol=1e-9)
"""


PROGRAMS = [
    "same(scipy.special.logsumexp(x, axis=1), scipy.special.logsumexp(rows, axis=1))",
    "same(scipy.special.softmax(x, axis=1), scipy.special.softmax(rows, axis=1))",
    "same(scipy.special.log_softmax(x, axis=1), scipy.special.log_softmax(rows, axis=1))",
    "same(scipy.stats.zscore(x), scipy.stats.zscore(rows))",
    "same(scipy.stats.skew(x), scipy.stats.skew(rows))",
    "same(scipy.stats.kurtosis(x), scipy.stats.kurtosis(rows))",
    "same(scipy.stats.pearsonr(x, x[:, ::-1]).statistic, scipy.stats.pearsonr(rows, rows[:, ::-1]).statistic)",
    "same(scipy.stats.gmean(x * x), scipy.stats.gmean(rows * rows))",
    "same(scipy.stats.variation(x), scipy.stats.variation(rows))",
    """
from sklearn.preprocessing import StandardScaler, MinMaxScaler, MaxAbsScaler, Normalizer
with sklearn.config_context(array_api_dispatch=True):
    for kind in (MinMaxScaler, MaxAbsScaler, Normalizer, StandardScaler):
        same(kind().fit_transform(x), kind().fit_transform(rows))
""",
    """
from sklearn.decomposition import PCA
with sklearn.config_context(array_api_dispatch=True):
    pca = PCA(2, svd_solver="full").fit(x)
    same(pca.explained_variance_, PCA(2, svd_solver="full").fit(rows).explained_variance_)
    assert pca.transform(x).shape == (40, 2)
""",
    """
from sklearn.linear_model import Ridge, RidgeClassifier
with sklearn.config_context(array_api_dispatch=True):
    ours, theirs = Ridge(solver="svd").fit(x, x[:, 0] + 1), Ridge(solver="svd").fit(rows, rows[:, 0] + 1)
    same(ours.coef_, theirs.coef_)
    same(ours.predict(x), theirs.predict(rows))
""",
    """
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis as Lda
with sklearn.config_context(array_api_dispatch=True):
    same(Lda().fit(x, y).predict(x), Lda().fit(rows, labels).predict(rows))
""",
    """
from sklearn import metrics
with sklearn.config_context(array_api_dispatch=True):
    for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
        metric = getattr(metrics, name)
        assert_allclose(float(metric(x[:, 0], x[:, 1])), metric(rows[:, 0], rows[:, 1]))
    assert metrics.accuracy_score(y, 1 - y) == 0 and metrics.accuracy_score(y, y) == 1
    same(metrics.pairwise.euclidean_distances(x), metrics.pairwise.euclidean_distances(rows), 1e-6)
    same(metrics.pairwise.cosine_similarity(x), metrics.pairwise.cosine_similarity(rows))
""",
]


@pytest.fixture(scope="module")
def dispatched():
    """What goes wrong in each program; all in one process."""
    pytest.importorskip("scipy")
    pytest.importorskip("sklearn")
    run = """
import json, traceback
errors = []
for program in PROGRAMS:
    try:
        exec(program, dict(globals()))
        errors.append(None)
    except Exception:
        errors.append(traceback.format_exc())
print(json.dumps(errors))
"""
    programs = f"PROGRAMS = {[textwrap.dedent(program) for program in PROGRAMS]!r}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", DISPATCHED + programs + run],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("i", range(len(PROGRAMS)))
def test_array_api_dispatch(i, dispatched):
    assert dispatched[i] is None, f"{PROGRAMS[i]}\n{dispatched[i]}"


# ---- shapes and sums by name -----------------------------------------------------------------------------------------


def test_einops():
    einops = pytest.importorskip("einops")
    array_api = pytest.importorskip("einops.array_api")
    x = tw.asarray(numpy.arange(24.0).reshape(2, 3, 4))
    y = array_api.rearrange(x, "a b c -> c (a b)")
    assert isinstance(y, tw.Tensor)
    numpy.testing.assert_array_equal(y.numpy(), einops.rearrange(x.numpy(), "a b c -> c (a b)"))
    numpy.testing.assert_array_equal(array_api.reduce(x, "a b c -> b", "mean").numpy(), x.numpy().mean((0, 2)))
    assert array_api.repeat(x, "a b c -> a b c d", d=2).shape == (2, 3, 4, 2)


def test_opt_einsum():
    opt_einsum = pytest.importorskip("opt_einsum")
    arrays = [numpy.random.default_rng(i).standard_normal(shape) for i, shape in enumerate([(3, 4), (4, 5), (5, 3)])]
    tensors = [float64(array) for array in arrays]
    tensors[0].requires_grad_(True)
    y = opt_einsum.contract("ij,jk,ki->i", *tensors, backend="tilewright")
    numpy.testing.assert_allclose(y.detach().numpy(), numpy.einsum("ij,jk,ki->i", *arrays))
    y.sum().backward()
    numpy.testing.assert_allclose(tensors[0].grad.numpy(), (arrays[1] @ arrays[2]).T)


def test_autoray():
    autoray = pytest.importorskip("autoray")
    x = float64(ROWS)
    assert autoray.infer_backend(x) == "tilewright"
    y = autoray.do("tensordot", x, x, axes=[[0], [0]], like="tilewright")
    numpy.testing.assert_allclose(y.numpy(), ROWS.T @ ROWS)
    assert isinstance(autoray.do("sum", autoray.do("exp", x), axis=0), tw.Tensor)


def test_xarray():
    xarray = pytest.importorskip("xarray")
    data = xarray.DataArray(float64(ROWS), dims=("row", "column"))
    assert isinstance(data.data, tw.Tensor)
    mean = (2 * data + 1).mean("row")
    assert isinstance(mean.data, tw.Tensor)
    numpy.testing.assert_allclose(mean.data.numpy(), (2 * ROWS + 1).mean(0))


# ---- tables and pictures ---------------------------------------------------------------------------------------------


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    x = np.asarray(frame)
    assert x.dtype == np.float64 and x.tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert np.asarray(frame["b"]).tolist() == [3.0, 4.0]
    back = pandas.DataFrame(numpy.asarray(x * 2), columns=frame.columns)
    assert back["a"].tolist() == [2.0, 4.0]
    assert pandas.Series(np.arange(3)).tolist() == [0, 1, 2]


def test_matplotlib():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    x = np.linspace(0, 6, 50)
    figure, (left, middle, right) = pyplot.subplots(1, 3)
    (line,) = left.plot(x, np.sin(x))
    numpy.testing.assert_allclose(line.get_ydata(), numpy.sin(x.numpy()))
    left.fill_between(x, np.sin(x) - 0.1, np.sin(x) + 0.1)
    image = middle.imshow(tw.asarray(ROWS))
    numpy.testing.assert_allclose(image.get_array(), ROWS)
    counts, _, _ = right.hist(np.sin(x), bins=5)
    assert counts.sum() == 50
    right.scatter(x, np.cos(x), c=x)
    figure.canvas.draw()
    pyplot.close(figure)
