"""`tw.diagnose` around training: units, records of layers and parameters, and the ways of optimisers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import diagnose, nn
from tilewright.random import Generator


def dense(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight))
    with tw.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


# ---- units -----------------------------------------------------------------------------------------------------------


def test_dead_and_saturated_units_are_counted():
    first = dense([[1.0], [1.0], [-1.0], [0.0]], [0.0, 1.0, -1.0, -5.0])
    second = dense([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], [0.0, 20.0])
    net = nn.Sequential(first, nn.ReLU(), second, nn.Sigmoid())
    net.train()
    x = tw.asarray([[-1.0], [0.0], [1.0], [10.0]])
    relu, sigmoid = diagnose.unit_activity(net, x).rows
    assert (relu.path, relu.kind, relu.units) == ("1", "ReLU", 4)
    assert relu.dead_units == (2, 3) and relu.dead == 0.5
    values = np.maximum(x.numpy() @ first.weight.detach().numpy().T + first.bias.detach().numpy(), 0)
    assert relu.saturated == (values == 0).mean() and relu.mean == pytest.approx(values.mean())
    assert relu.std == pytest.approx(values.std())
    assert sigmoid.dead_units == (1,) and sigmoid.saturated == 5 / 8  # sigmoid(10) and four of sigmoid(20)
    assert net.training and all(module._hooks is None or not module._hooks.after for module in net.modules())


def test_batches_add_up_and_axes_are_chosen():
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 5), nn.ReLU6())
    x = Generator(0).normal(scale=3.0, size=(8, 1, 4, 4))
    whole = diagnose.unit_activity(net, x)
    parts = diagnose.unit_activity(net, tw.data.DataLoader(tw.data.TensorDataset(x, tw.arange(8)), 2))
    assert [row.units for row in whole.rows] == [3, 5]
    for a, b in zip(whole.rows, parts.rows, strict=True):
        assert a[:3] == b[:3] and a.dead_units == b.dead_units
        assert a[4:7] == pytest.approx(b[4:7])
    last = diagnose.unit_activity(nn.Sequential(nn.ReLU()), tw.ones((2, 3, 4)), axis=-1).rows[0]
    assert (last.units, last.dead, last.saturated, last.mean) == (4, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("layer", "values", "flat"),
    [
        (nn.ReLU6(), [-1.0, 0.0, 3.0, 6.0, 7.0], 4),
        (nn.Hardtanh(-2.0, 2.0), [-3.0, -2.0, 0.0, 1.9], 2),
        (nn.Hardsigmoid(), [-3.0, 0.0, 2.9, 3.0], 2),
        (nn.Tanh(), [-3.0, 0.0, 2.0, 3.0], 2),  # within 0.02 of a bound: from 2.3 on
    ],
    ids=lambda value: type(value).__name__,
)
def test_bounds_of_each_kind(layer, values, flat):
    row = diagnose.unit_activity(nn.Sequential(layer), tw.asarray([[v] for v in values])).rows[0]
    assert row.saturated == pytest.approx(flat / len(values))


def test_errors_of_units():
    with pytest.raises(TypeError, match="unit_activity: model is 3, but must be a Module"):
        diagnose.unit_activity(3, tw.ones((1, 1)))
    with pytest.raises(ValueError, match="unit_activity: the model called no ReLU, "):
        diagnose.unit_activity(nn.Linear(1, 1), tw.ones((1, 1)))
    with pytest.raises(TypeError, match="unit_activity: batches is 3, but must be a Tensor or an iterable"):
        diagnose.unit_activity(nn.ReLU(), 3)
    net = nn.Sequential(nn.ReLU())
    with pytest.raises(ValueError, match=r"unit_activity: axis is 5, but 0 gave a result of \(1, 1\)"):
        diagnose.unit_activity(net, tw.ones((1, 1)), axis=5)
    assert not net[0]._hooks or not net[0]._hooks.after


# ---- records ---------------------------------------------------------------------------------------------------------


def trained(steps=4, **options):
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    draws = Generator(0)
    for p in net.parameters():
        nn.init.normal_(p, std=0.5, generator=draws)
    x = draws.normal(size=(16, 3))
    optimizer = tw.optim.SGD(net.parameters(), 0.1)
    seen = []
    with diagnose.Recorder(net, **options) as recorder:
        for _ in range(steps):
            optimizer.zero_grad()
            before = net[0].weight.detach().copy()
            loss = ((net(x) - 1.0) ** 2).mean()
            loss.backward()
            optimizer.step()
            seen.append((before.numpy(), net[0].weight.grad.numpy().copy(), x, net))
            recorder.step()
            with tw.no_grad():
                net(x * 100)  # an evaluation is not recorded
    return recorder, seen


def test_records_of_parameters():
    recorder, seen = trained()
    assert len(recorder.history) == 4
    for record, (before, gradient, _, _) in zip(recorder.history, seen, strict=True):
        row = record.parameters["0.weight"]
        assert row.gradient == pytest.approx(np.linalg.norm(gradient), rel=1e-5)
        assert row.rms == pytest.approx(np.sqrt((gradient**2).mean()), rel=1e-5)
        assert row.update == pytest.approx(0.1 * row.gradient / np.linalg.norm(before), rel=1e-4)
        assert row.weight == pytest.approx(np.linalg.norm(before - 0.1 * gradient), rel=1e-5)
    assert recorder.series("0.weight", "update") == [r.parameters["0.weight"].update for r in recorder.history]


def test_records_of_layers():
    recorder, seen = trained(steps=1)
    before, _, x, _ = seen[0]
    layers = recorder.history[0].layers
    assert list(layers) == ["0", "1", "2"]
    assert layers["1"].zeros > 0.1 and layers["0"].zeros == 0
    net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
    draws = Generator(0)
    for p in net.parameters():
        nn.init.normal_(p, std=0.5, generator=draws)
    np.testing.assert_array_equal(net[0].weight.detach().numpy(), before)
    hidden = net[1](net[0](x))
    hidden.retain_grad()
    ((net[2](hidden) - 1.0) ** 2).mean().backward()
    values, g = hidden.detach().numpy(), hidden.grad.numpy()
    row = layers["1"]
    got = row.mean, row.std, row.largest, row.zeros, row.gradient
    want = values.mean(), values.std(), abs(values).max(), (values == 0).mean(), np.sqrt((g**2).mean())
    assert got == pytest.approx(tuple(map(float, want)), rel=1e-5)


def test_every_so_many_steps_and_no_traces_left():
    recorder, seen = trained(steps=5, every=2)
    assert [record.step for record in recorder.history] == [0, 2, 4]
    net = seen[0][3]
    assert all(not module._hooks or not module._hooks.after for module in net.modules())
    assert not recorder._before and not recorder._layers
    assert repr(recorder).startswith("step 4\nlayer") and "0.weight" in repr(recorder)
    with pytest.raises(RuntimeError, match="Recorder: step"):
        recorder.step()
    with pytest.raises(KeyError, match=r"Recorder.series: nothing was recorded of 'x'"):
        recorder.series("x", "mean")
    with pytest.raises(ValueError, match=r'Recorder.series: "mean" is no quantity of 0.weight'):
        recorder.series("0.weight", "mean")
    with pytest.raises(ValueError, match=r"Recorder.series: quantity is 'median'"):
        recorder.series("0", "median")


def test_gradients_that_vanish_are_seen():
    draws = Generator(0)
    layers = [part for _ in range(8) for part in (nn.Linear(10, 10), nn.Sigmoid())]
    net = nn.Sequential(*layers)
    for module in net:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.3, generator=draws)
    net(draws.normal(size=(16, 10))).sum().backward()
    table = diagnose.gradient_flow(net)
    rms = [row.rms for row in table.rows if row.name.endswith("weight")]
    assert rms[0] < 1e-3 * rms[-1]
    w = tw.ones(4).requires_grad_()
    (row,) = diagnose.gradient_flow({"w": w}).rows
    assert row.weight == 2.0 and math.isnan(row.gradient) and math.isnan(row.update)


# ---- optimisers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", diagnose.LANDSCAPES)
def test_landscapes_have_their_minima(name):
    landscape = diagnose.LANDSCAPES[name]
    point = tw.asarray(landscape.minimum, dtype="float64").requires_grad_()
    found = diagnose.critical_point(lambda: landscape.function(point[0], point[1]), {"p": point})
    assert found.kind == "minimum" and found.gradient_norm < 1e-9
    left, right, bottom, top = landscape.window
    for x, y in (landscape.start, landscape.minimum):
        assert left < x < right and bottom < y < top


def test_paths_are_those_of_the_optimisers():
    paths = diagnose.optimizer_paths("ravine", {"SGD": lambda p: tw.optim.SGD(p, 0.05)}, steps=5)
    want = [(-4.0 * 0.95**k, 1.0 * 0.0**k) for k in range(6)]
    np.testing.assert_allclose(paths["SGD"].numpy(), want, atol=1e-12)
    usual = diagnose.optimizer_paths("rosenbrock", steps=50, start=(0.0, 0.0))
    assert list(usual) == ["SGD", "momentum", "Adam"]
    assert all(path.shape == (51, 2) and path[0].tolist() == [0.0, 0.0] for path in usual.values())
    far = diagnose.optimizer_paths("beale", {"too fast": lambda p: tw.optim.SGD(p, 1e3)}, steps=20)["too fast"]
    assert far.shape == (21, 2) and bool(tw.isfinite(far).all())


def test_optimisers_that_take_a_closure():
    class Halving:
        def __init__(self, params):
            self.params, self.losses = params, []

        def step(self, closure):
            self.losses.append(closure().item())
            with tw.no_grad():
                self.params[0].copy_(self.params[0] * 0.5)

    made = []
    paths = diagnose.optimizer_paths("ravine", {"half": lambda p: made.append(Halving(p)) or made[0]}, steps=2)
    assert paths["half"].tolist() == [[-4.0, 1.0], [-2.0, 0.5], [-1.0, 0.25]]
    assert made[0].losses == [18.0, 4.5]


def test_second_order_optimisers_have_paths():
    makers = {"Newton": tw.optim.Newton, "L-BFGS": lambda p: tw.optim.LBFGS(p, line_search_fn="strong_wolfe")}
    paths = diagnose.optimizer_paths("ravine", makers, steps=2)
    assert all(tw.allclose(path[-1], 0.0, atol=1e-4) for path in paths.values())
    np.testing.assert_allclose(paths["Newton"][1].numpy(), [0.0, 0.0], atol=1e-12)  # exact on a quadratic


def test_pictures_of_paths(tmp_path):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from PIL import Image

    paths = diagnose.optimizer_paths("saddle", steps=20)
    ax = diagnose.draw_paths("saddle", paths)
    assert ax.get_title() == "saddle" and [t.get_text() for t in ax.get_legend().get_texts()] == list(paths)
    drawn = [line.get_xydata() for line in ax.lines if line.get_label() in paths]
    np.testing.assert_allclose(drawn[0], paths["SGD"].numpy())
    _, given = plt.subplots(figsize=(3, 2), dpi=40)
    animation = diagnose.animate_paths("saddle", paths, frames=3, ax=given)
    animation.save(tmp_path / "paths.gif", writer="pillow")
    with Image.open(tmp_path / "paths.gif") as image:
        assert image.n_frames == 3
    ends = [line.get_xydata()[-1] for line in given.lines if line.get_label() in paths]
    np.testing.assert_allclose(ends, [path[-1].numpy() for path in paths.values()])
    plt.close("all")


def test_errors_of_paths():
    with pytest.raises(ValueError, match="optimizer_paths: landscape is 'hill', but must be"):
        diagnose.optimizer_paths("hill")
    with pytest.raises(ValueError, match="optimizer_paths: there are no optimizers"):
        diagnose.optimizer_paths("ravine", {})
    with pytest.raises(TypeError, match=r"optimizer_paths: optimizers\['a'\] is 3, but must be callable"):
        diagnose.optimizer_paths("ravine", {"a": 3})
    with pytest.raises(TypeError, match="what an entry of optimizers returned is 3, but must be an optimizer"):
        diagnose.optimizer_paths("ravine", {"a": lambda p: 3})
    with pytest.raises(ValueError, match=r"draw_paths: paths\['a'\] has shape \(3,\), but must have \(steps, 2\)"):
        diagnose.draw_paths("ravine", {"a": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="animate_paths: frames is 0"):
        diagnose.animate_paths("ravine", {"a": [[1.0, 2.0]]}, frames=0)
