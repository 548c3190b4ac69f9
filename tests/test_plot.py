"""What the functions of tilewright.plot draw: data of artists and texts, and what they refuse."""

from __future__ import annotations

import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection, QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import tilewright as tw
from tilewright import nn, plot

matplotlib.use("Agg")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def ax():
    """Axes to draw on; what pyplot opened is closed afterwards."""
    yield Figure().subplots()
    pyplot.close("all")


def texts(artists):
    return [artist.get_text() for artist in artists]


def legend(ax):
    return texts(ax.get_legend().get_texts())


# What each is called with where nothing is tested but the axes.
CALLS = {
    "attention": (np.eye(3),),
    "confusion_matrix": ([0, 1], [1, 1]),
    "curves": ([3.0, 2.0],),
    "decision_boundary": (lambda x: x[:, 0], np.eye(2)),
    "embeddings": (np.eye(3),),
    "filters": (np.ones((2, 3, 3)),),
    "histograms": ([[1.0, 2.0], [2.0, 3.0]],),
    "images": (np.ones((2, 3, 3)),),
    "loss_surface": (np.eye(3),),
}


@pytest.mark.parametrize("name", plot.__all__)
def test_axes(name, ax, monkeypatch):
    """Those given come back; else a new figure has them, which is not shown; another thing is refused."""
    monkeypatch.setattr(pyplot, "show", lambda *_: pytest.fail("shown"))
    function, arguments = getattr(plot, name), CALLS[name]
    assert function(*arguments, ax=ax, title="as it is") is ax and ax.get_title() == "as it is"
    assert not pyplot.get_fignums()
    new = function(*arguments)
    assert isinstance(new, Axes) and new.figure is pyplot.gcf() and len(pyplot.get_fignums()) == 1
    new.figure.canvas.draw()
    with pytest.raises(TypeError, match=f"{name}: title is 3, but must be a str"):
        function(*arguments, title=3)
    for bad in (3, [ax], ax.figure):
        with pytest.raises(TypeError, match=f"{name}: ax is .*, but must be matplotlib's Axes or None"):
            function(*arguments, ax=bad)
    with pytest.raises(ValueError, match=f"{name}: ax has projection '3d', but must be axes of two dimensions"):
        function(*arguments, ax=Figure().add_subplot(projection="3d"))
    assert len(pyplot.get_fignums()) == 1


def test_without_matplotlib(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("matplotlib")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name, arguments in CALLS.items():
        with pytest.raises(ImportError, match=r"pictures need matplotlib: pip install 'tilewright\[plot\]'"):
            getattr(plot, name)(*arguments)


# ---- curves ----------------------------------------------------------------------------------------------------------


def test_curves(ax):
    loss = tw.asarray([3.0, 2.0, 1.0], requires_grad=True) * 1
    plot.curves({"training": loss, "validation": [3.0, float("nan"), 2.0]}, ax, ylabel="loss", log=True)
    first, second = ax.lines
    assert first.get_xdata().tolist() == [1, 2, 3] and first.get_ydata().tolist() == [3, 2, 1]
    assert np.isnan(second.get_ydata()).tolist() == [False, True, False]
    assert legend(ax) == ["training", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "loss", "log")


def test_curves_of_several_runs(ax):
    runs = np.array([[1.0, 2.0], [3.0, 6.0]])
    plot.curves({"loss": runs}, ax, x=[0, 10], xlabel="step")
    assert ax.lines[0].get_ydata().tolist() == [2, 4] and ax.lines[0].get_xdata().tolist() == [0, 10]
    band = ax.collections[0].get_paths()[0].vertices
    assert (band[band[:, 0] == 10, 1].min(), band[band[:, 0] == 10, 1].max()) == (2, 6)
    assert ax.get_legend() is None and ax.get_ylabel() == "loss"


def test_curves_of_records(ax):
    plot.curves([{"loss": 2.0}, {"loss": 1.0, "accuracy": 0.5}], ax)
    assert [line.get_label() for line in ax.lines] == ["loss", "accuracy"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), [np.nan, 0.5])
    one = plot.curves([5.0], Figure().subplots())
    assert one.lines[0].get_marker() == "o" and ax.lines[0].get_marker() == "None"


# ---- confusion and attention -----------------------------------------------------------------------------------------


def test_confusion_matrix(ax):
    plot.confusion_matrix(tw.asarray([0, 0, 0, 2, 2], dtype="bfloat16"), [0, 0, 2, 2, 0], ["ant", "bee", "cat"], ax)
    assert texts(ax.texts) == ["2", "0", "1", "0", "0", "0", "1", "0", "1"]
    np.testing.assert_allclose(ax.images[0].get_array(), [[2 / 3, 0, 1 / 3], [0, 0, 0], [0.5, 0, 0.5]])
    assert texts(ax.get_xticklabels()) == texts(ax.get_yticklabels()) == ["ant", "bee", "cat"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("predicted", "true", "accuracy 60.0%")
    assert [text.get_position() for text in ax.texts[:2]] == [(0, 0), (1, 0)]
    assert ax.texts[0].get_color() == "white" and ax.texts[2].get_color() == "black"


def test_confusion_matrix_of_text(ax):
    plot.confusion_matrix(["b", "a", "a"], ["b", "b", "a"], ax=ax, normalize=True)
    assert texts(ax.get_xticklabels()) == ["a", "b"] and texts(ax.texts) == ["0.50", "0.50", "0.00", "1.00"]
    other = plot.confusion_matrix(["b", "a", "a"], ["b", "b", "a"], ["b", "a"], Figure().subplots())
    assert texts(other.texts) == ["1", "0", "1", "1"]


def test_attention(ax):
    weights = tw.asarray([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])
    plot.attention(weights, "abc", ["first", "second"], ax)
    assert ax.images[0].get_array().tolist() == weights.tolist() and ax.images[0].get_clim() == (0, 1)
    assert texts(ax.get_xticklabels()) == ["a", "b", "c"] and texts(ax.get_yticklabels()) == ["first", "second"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("key", "query")
    ax.figure.canvas.draw()
    assert {text.get_rotation() for text in ax.get_xticklabels()} == {0}
    long = plot.attention(np.eye(8), ["determination"] * 8, ax=Figure().subplots())
    assert {text.get_rotation() for text in long.get_xticklabels()} == {45}
    scaled = plot.attention([[0.1, 0.2]], ax=Figure().subplots(), vmax=None)
    assert scaled.images[0].get_clim() == pytest.approx((0, 0.2))


# ---- images ----------------------------------------------------------------------------------------------------------


def test_images(ax):
    pictures = RNG.random((5, 1, 4, 6)).astype(np.float32)
    marked = tw.asarray([0, 1, 0, 0, 0]) == 1
    plot.images(tw.asarray(pictures), ax, titles=range(5), marked=marked, columns=3, cmap="gray_r", vmax=2)
    assert len(ax.images) == 5 and texts(ax.texts) == ["0", "1", "2", "3", "4"]
    for drawn, picture in zip(ax.images, pictures, strict=True):
        np.testing.assert_array_equal(drawn.get_array(), picture[0])
        assert drawn.get_clim() == (pictures.min(), 2) and drawn.get_cmap().name == "gray_r"
    places = [drawn.get_extent() for drawn in ax.images]
    assert all((right - left, below - above) == pytest.approx((6, 4)) for left, right, below, above in places)
    assert places[0][:2] == places[3][:2] and places[0][1] < places[1][0] and places[0][2] < places[3][3]
    assert [frame.get_edgecolor() == to_rgba("crimson") for frame in ax.patches] == [False, True, False, False, False]
    assert ax.texts[1].get_color() == "crimson"
    for drawn in places:  # all are within the axes
        assert ax.get_xlim()[0] < drawn[0] < drawn[1] < ax.get_xlim()[1]
        assert ax.get_ylim()[1] < drawn[3] < drawn[2] < ax.get_ylim()[0]


@pytest.mark.parametrize("convert", [np.asarray, tw.asarray])
def test_images_in_colour(convert, ax):
    pictures = RNG.integers(0, 256, (2, 3, 4, 5), dtype=np.uint8)
    plot.images(convert(pictures), ax)
    np.testing.assert_allclose(ax.images[1].get_array(), pictures[1].transpose(1, 2, 0) / 255)


def test_filters(ax):
    layer = nn.Conv2d(1, 4, 3)
    plot.filters(layer.weight, ax)
    for drawn, kernel in zip(ax.images, layer.weight.detach().numpy(), strict=True):
        np.testing.assert_allclose(drawn.get_array(), kernel[0])
        assert drawn.get_clim() == pytest.approx((-abs(kernel).max(), abs(kernel).max()))
    several = plot.filters(nn.Conv2d(2, 3, 3).weight, Figure().subplots(), shared=True)
    assert len(several.images) == 6 and len({drawn.get_clim() for drawn in several.images}) == 1
    assert len({drawn.get_extent()[0] for drawn in several.images}) == 2  # a row for each output
    linear = nn.Linear(6, 2)
    drawn = plot.filters(linear.weight, Figure().subplots(), shape=(2, 3)).images[1]
    np.testing.assert_allclose(drawn.get_array(), linear.weight[1].detach().numpy().reshape(2, 3))
    assert plot.filters(np.zeros((1, 2, 2)), Figure().subplots()).images[0].get_clim() == (-1, 1)


def test_filters_in_colour(ax):
    weight = np.zeros((1, 3, 2, 2))
    weight[0, 0, 0, 0], weight[0, 1, 0, 0] = 2.0, -2.0
    plot.filters(weight, ax)
    assert ax.images[0].get_array()[0].tolist() == [[1, 0, 0.5], [0.5, 0.5, 0.5]]


# ---- points ----------------------------------------------------------------------------------------------------------

POINTS = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])


def scatters(ax):
    return [c for c in ax.collections if isinstance(c, PathCollection)]


def line(ax):
    """The points of all boundaries."""
    contours = [c for c in ax.collections if not isinstance(c, PathCollection)]
    return np.concatenate([path.vertices for c in contours for path in c.get_paths() if len(path.vertices)])


def test_boundary_of_a_score(ax):
    plot.decision_boundary(lambda x: 2 * x[:, 0] + 0.5, POINTS, [0, 0, 1, 1], ax, threshold=1.0, margin=0.5)
    np.testing.assert_allclose(line(ax)[:, 0], 0.25, atol=0.03)
    assert ax.get_xlim() == (-2, 2) and ax.get_ylim() == (-2, 2) and legend(ax) == ["0", "1"]
    assert [s.get_offsets().tolist() for s in scatters(ax)] == [POINTS[:2].tolist(), POINTS[2:].tolist()]
    score = ax.images[0].get_array()
    assert score.shape == (200, 200) and (score[:, 0] < 0).all() and (score[:, -1] > 0).all()
    assert ax.images[0].get_extent() == pytest.approx([-2, 2, -2, 2])


def test_boundary_of_a_module(ax):
    """Scores of three classes; the model is asked in its evaluation mode, and is as it was afterwards."""
    layer = nn.Linear(2, 3, bias=False)
    layer.load_state_dict({"weight": tw.asarray([[1.0, 0.0], [-1.0, 0.0], [0.0, 10.0]])})
    model = nn.Sequential(layer, nn.Dropout(0.9))
    names = np.array(["cat", "ant", "bee", "cat"])
    plot.decision_boundary(model, POINTS, names, ax, resolution=60)
    assert model.training and layer.weight.grad is None
    index = ax.images[0].get_array()
    assert index.shape == (60, 60) and index[0, -1] == 0 and index[0, 0] == 1 and (index[-1] == 2).all()
    assert legend(ax) == ["ant", "bee", "cat"]
    palette = matplotlib.colormaps["tab10"].colors
    assert [tuple(s.get_facecolor()[0][:3]) for s in scatters(ax)] == list(palette[:3])
    model.eval()
    plot.decision_boundary(model, POINTS, ax=Figure().subplots(), resolution=9)
    assert not model.training


def test_boundary_of_classes(ax):
    model = lambda x: np.where(np.asarray(x)[:, 1] > 0, "up", "down")  # noqa: E731
    plot.decision_boundary(model, POINTS, ["down", "up", "down", "up"], ax, resolution=101)
    index = ax.images[0].get_array()
    assert (index[0] == 0).all() and (index[-1] == 1).all() and legend(ax) == ["down", "up"]
    np.testing.assert_allclose(line(ax)[:, 1], 0, atol=0.03)
    estimator = tw.sklearn.Classifier(epochs=2, random_state=0).fit(POINTS, [0, 0, 1, 1])
    drawn = plot.decision_boundary(estimator.predict, POINTS, ax=Figure().subplots(), resolution=30).images[0]
    corners = estimator.predict([[-1.2, -1.2], [1.2, 1.2]])
    assert [drawn.get_array()[0, 0], drawn.get_array()[-1, -1]] == corners.tolist()


def test_one_class_and_one_place(ax):
    plot.decision_boundary(lambda x: np.zeros(len(x), int), [[1.0, 2.0]], ax=ax, resolution=10)
    assert ax.get_xlim() == (0, 2) and ax.get_ylim() == (1, 3)
    assert len(scatters(ax)) == len(ax.collections) == 1


def test_embeddings(ax):
    plot.embeddings(POINTS, [5, 5, 7, 7], ax)
    assert legend(ax) == ["5", "7"] and ax.get_xlabel() == ""
    assert scatters(ax)[1].get_offsets().tolist() == POINTS[2:].tolist()
    named = plot.embeddings(POINTS, ax=Figure().subplots(), names="abcd")
    assert texts(named.texts) == ["a", "b", "c", "d"] and named.texts[3].xy == (1, 1)
    coloured = plot.embeddings(POINTS, ["a", "a", "b", "b"], Figure().subplots(), names="abcd")
    first, second = matplotlib.colormaps["tab10"].colors[:2]
    assert [text.get_color() for text in coloured.texts] == [first, first, second, second]
    measured = plot.embeddings(POINTS, tw.asarray([0.5, 1.0, 2.0, 3.5]), Figure().subplots())
    assert scatters(measured)[0].get_array().tolist() == [0.5, 1, 2, 3.5] and len(measured.figure.axes) == 2


def test_embeddings_along_principal_components(ax):
    from sklearn.decomposition import PCA

    vectors = RNG.normal(size=(30, 6)) * [1, 5, 2, 1, 1, 1]
    plot.embeddings(vectors, ax=ax)
    pca = PCA(2).fit(vectors)
    np.testing.assert_allclose(abs(scatters(ax)[0].get_offsets()), abs(pca.transform(vectors)), atol=1e-9)
    shares = [f"component {i + 1} ({share:.0%} of variance)" for i, share in enumerate(pca.explained_variance_ratio_)]
    assert [ax.get_xlabel(), ax.get_ylabel()] == shares
    assert np.corrcoef(scatters(ax)[0].get_offsets()[:, 0], vectors[:, 1])[0, 1] > 0.9  # not turned around
    alone = plot.embeddings([[1.0, 2.0, 3.0]], ax=Figure().subplots())
    assert scatters(alone)[0].get_offsets().tolist() == [[0, 0]]


# ---- distributions and surfaces --------------------------------------------------------------------------------------


def test_ridges(ax):
    values = [tw.asarray([0.0, 0.0, 1.0, 2.0]), np.array([[2.0, 2.0], [2.0, 1.5]])]
    plot.histograms(values, ax, bins=2, steps=[10, 20], xlabel="weight")
    first, second = (line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_xdata()[0] == 0.5)
    # Halves of [0, 2] of width 1: densities 1/2, 1/2 and 0, 1; the highest reaches 2.5.
    assert first.get_ydata() == pytest.approx([1.25, 1.25]) and second.get_ydata() == pytest.approx([-1, 1.5])
    assert texts(ax.get_yticklabels()) == ["10", "20"] and ax.get_yticks().tolist() == [0, -1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight", "epoch")


def test_heat(ax):
    plot.histograms([[0.0, 0.0, 1.0, 2.0], [2.0, 2.0, 2.0, 1.5]], ax, bins=2, kind="heat", steps=[0, 10])
    (mesh,) = (c for c in ax.collections if isinstance(c, QuadMesh))
    np.testing.assert_allclose(mesh.get_array(), [[0.5, 0], [0.5, 1]])
    np.testing.assert_allclose(mesh.get_coordinates()[0, :, 0], [-5, 5, 15])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "value") and len(ax.figure.axes) == 2
    alone = plot.histograms([[1.0, 1.0]], Figure().subplots(), bins=3, kind="heat")
    assert alone.get_xlim() == (0.5, 1.5) and alone.get_ylim() == (0.5, 1.5)


def test_map_of_a_loss(ax):
    x, y = tw.linspace(-1, 1, 5), tw.linspace(0, 3, 4)
    path = [[-1.0, 3.0], [0.0, 0.0]]
    plot.loss_surface(x**2 + y[:, None] + 1, x, y, ax, path=path, log=True, levels=4, xlabel="w", ylabel="b")
    filled = ax.collections[0]
    np.testing.assert_allclose(filled.levels, np.geomspace(1, 5, 5))
    assert ax.lines[0].get_xydata().tolist() == path
    assert [(line.get_marker(), line.get_xydata().tolist()) for line in ax.lines[1:]] == [
        ("o", path[:1]),
        ("*", path[1:]),
    ]
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_xlabel(), ax.get_ylabel()) == ((-1, 1), (0, 3), "w", "b")
    assert ax.figure.axes[1].get_ylabel() == "loss"
    flat = plot.loss_surface(np.ones((2, 2)), ax=Figure().subplots())
    flat.figure.canvas.draw()


def test_surface_of_a_loss():
    x, y = np.linspace(-1, 1, 5), np.array([0.0, 1.0, 3.0])
    path = np.array([[-0.5, 0.5], [0.25, 2.0], [9.0, 9.0]])
    ax = plot.loss_surface(2 * x + 3 * y[:, None], x, y, kind="surface", path=path, xlabel="w")
    assert ax.name == "3d" and (ax.get_xlabel(), ax.get_zlabel()) == ("w", "loss")
    across, along, heights = ax.lines[0].get_data_3d()
    assert np.stack([across, along], axis=1).tolist() == path.tolist()
    np.testing.assert_allclose(heights, [0.5, 6.5, 11])  # beyond the grid as at its edge
    given = Figure().add_subplot(projection="3d")
    assert plot.loss_surface(np.full((2, 2), 100.0), ax=given, kind="surface", log=True) is given
    assert given.get_zlabel() == "log10 of loss" and given.get_zlim()[0] < 2 < given.get_zlim()[1]
    with pytest.raises(ValueError, match="ax has projection 'rectilinear', but must be axes with projection='3d'"):
        plot.loss_surface(np.eye(2), ax=Figure().subplots(), kind="surface")


# ---- errors ----------------------------------------------------------------------------------------------------------

NAN = float("nan")


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: plot.curves({}), ValueError, "curves: histories is empty, but must have a curve"),
        (lambda: plot.curves([]), ValueError, r"curves: histories has shape \(0,\), but must have shape \(steps,\)"),
        (lambda: plot.curves({"a": [1, 2]}, x=[1]), ValueError, "curves: a has 2 steps, but x has 1"),
        (lambda: plot.curves([{"a": 1}, 2]), TypeError, "curves: an entry of histories is 2, but must be a mapping"),
        (lambda: plot.curves({"a": "abc"}), TypeError, r"curves: histories\['a'\] is 'abc', but must be array-like"),
        (lambda: plot.curves([1j]), TypeError, "curves: histories has dtype complex64, but must be real"),
        (lambda: plot.curves([1.0], log="yes"), TypeError, "curves: log is 'yes', but must be True or False"),
        (lambda: plot.confusion_matrix([0], [0, 1]), ValueError, "predicted has 2 entries, but there are 1 samples"),
        (lambda: plot.confusion_matrix([0.5], [0]), TypeError, "true has dtype float64, but must be integers or text"),
        (lambda: plot.confusion_matrix([0], [0, [1]]), TypeError, "predicted is a list, but must be array-like"),
        (lambda: plot.confusion_matrix([0], ["a"]), TypeError, "true has dtype int64, but predicted has <U1"),
        (lambda: plot.confusion_matrix([0], [2], "ab"), TypeError, "labels is 'ab', but must be a sequence of texts"),
        (lambda: plot.confusion_matrix([0], [2], ["a", "b"]), ValueError, "class 2 has no label; there are 2 labels"),
        (lambda: plot.confusion_matrix(["a"], ["a"], ["a", "a"]), ValueError, "labels has the same text twice"),
        (lambda: plot.confusion_matrix([[0]], [0]), ValueError, r"true has shape \(1, 1\), but must have shape \(N,\)"),
        (lambda: plot.attention([1.0]), ValueError, r"weights has shape \(1,\), but must have shape \(queries, keys\)"),
        (lambda: plot.attention([[NAN]]), ValueError, "attention: weights has entries that are NaN or infinite"),
        (lambda: plot.attention(np.eye(2), "abc"), ValueError, "keys has 3 entries, but there are 2 keys"),
        (lambda: plot.attention(np.eye(2), queries=3), TypeError, "queries is 3, but must be a sequence of texts"),
        (lambda: plot.attention(np.eye(2), vmax=0), ValueError, "attention: vmax is 0.0, but must be positive"),
        (lambda: plot.images(np.ones((2, 2))), ValueError, r"images has shape \(2, 2\), but must have shape \(N, H"),
        (lambda: plot.images(np.ones((2, 2, 3, 3))), ValueError, "images has 2 channels, but must have one or three"),
        (lambda: plot.images(np.ones((2, 3, 3)), titles="a"), ValueError, "titles has 1 entries, but there are 2 imag"),
        (lambda: plot.images(np.ones((2, 3, 3)), marked=[True]), ValueError, "marked has 1 entries, but there are 2"),
        (lambda: plot.images(np.ones((2, 3, 3)), columns=0), ValueError, "images: columns is 0, but must be at least"),
        (lambda: plot.images(np.ones((2, 3, 3)), cmap="pink-ish"), ValueError, "cmap is 'pink-ish', but must be the"),
        (lambda: plot.images(np.ones((2, 3, 3)), cmap=3), TypeError, "cmap is 3, but must be the name of a colormap"),
        (lambda: plot.images(np.ones((2, 3, 3)), vmin=2), ValueError, "vmin is 2.0 and vmax 1.0, but vmin must not"),
        (lambda: plot.filters(np.ones((2, 6))), ValueError, r"filters: weight has shape \(2, 6\), but must have shape"),
        (lambda: plot.filters(np.ones((2, 6)), shape=(2, 2)), ValueError, r"rows of 6, but shape \(2, 2\) need"),
        (lambda: plot.filters(np.ones((2, 6)), shape="a"), TypeError, "filters: shape is 'a', but must be"),
        (lambda: plot.decision_boundary(3, POINTS), TypeError, "decision_boundary: model is 3, but must be callable"),
        (lambda: plot.decision_boundary(len, [1.0]), ValueError, r"x has shape \(1,\), but must have shape \(N, 2\)"),
        (lambda: plot.decision_boundary(len, np.eye(3)), ValueError, r"x has shape \(3, 3\), but must have shape"),
        (lambda: plot.decision_boundary(len, POINTS), ValueError, r"model gives shape \(\) for 8192 points, but must"),
        (lambda: plot.decision_boundary(lambda x: x * NAN, POINTS), ValueError, "model gives scores that are NaN or"),
        (lambda: plot.decision_boundary(lambda x: x > 0, POINTS), TypeError, r"model gives bool of shape \(40000, 2\)"),
        (lambda: plot.decision_boundary(len, POINTS, [0]), ValueError, "labels has 1 entries, but there are 4 samples"),
        (lambda: plot.decision_boundary(len, POINTS, resolution=1), ValueError, "resolution is 1, but must be at"),
        (
            lambda: plot.decision_boundary(len, POINTS, threshold=NAN),
            ValueError,
            "threshold is nan, but must be",
        ),
        (lambda: plot.decision_boundary(len, POINTS, margin=-1), ValueError, "margin is -1.0, but must be at least 0"),
        (lambda: plot.embeddings([[1.0]]), ValueError, r"vectors has shape \(1, 1\), but must have shape \(N, D\)"),
        (lambda: plot.embeddings(POINTS, [0.5]), ValueError, "labels has 1 entries, but there are 4 samples"),
        (lambda: plot.embeddings(POINTS, names=["a"]), ValueError, "names has 1 entries, but there are 4 vectors"),
        (lambda: plot.histograms([]), ValueError, "histograms: values is empty, but must have a step"),
        (lambda: plot.histograms(3), TypeError, "histograms: values is 3, but must be a sequence of arrays"),
        (lambda: plot.histograms([[1.0], []]), ValueError, r"values\[1\] has shape \(0,\), but must have elements"),
        (lambda: plot.histograms([[NAN]]), ValueError, r"values\[0\] has entries that are NaN or infinite"),
        (lambda: plot.histograms([[1.0]] * 2, steps=[2, 1]), ValueError, "steps must be 2 growing numbers"),
        (lambda: plot.histograms([[1.0]], kind="violin"), ValueError, "kind is 'violin', but must be \"ridge\" or"),
        (lambda: plot.histograms([[1.0]], bins=1), ValueError, "histograms: bins is 1, but must be at least 2"),
        (lambda: plot.loss_surface([[1.0]]), ValueError, r"values has shape \(1, 1\), but must have shape \(rows"),
        (lambda: plot.loss_surface(np.eye(2), [1, 0]), ValueError, "x must be 2 growing numbers, as values"),
        (lambda: plot.loss_surface(np.eye(2), y=[1]), ValueError, "loss_surface: y must be 2 growing numbers"),
        (lambda: plot.loss_surface(np.eye(2), path=[[1]]), ValueError, r"path has shape \(1, 1\), but must have shape"),
        (lambda: plot.loss_surface(np.eye(2), log=True), ValueError, "values has 0.0, but with log all must be"),
        (lambda: plot.loss_surface(np.eye(2), levels=1), ValueError, "loss_surface: levels is 1, but must be"),
        (lambda: plot.loss_surface(np.eye(2), kind="map"), ValueError, "kind is 'map', but must be \"contour\" or"),
    ],
)
def test_wrong_arguments(call, kind, message):
    """They are refused before a figure is opened."""
    with pytest.raises(kind, match=message):
        call()
    assert not pyplot.get_fignums()
