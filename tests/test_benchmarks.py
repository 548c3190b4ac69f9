"""What of `bench/` could be wrong without being seen: who is compared, the check of results, flops, two builds."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest

import tilewright as tw
from bench import against, contenders, drivers, inference, layer_cases, layers, measure, report, steps
from bench.layer_cases import LayerCase
from bench.work import Work, WrongResultError
from tilewright import nn

RIGHT = np.array([3.0, -2.0, 0.5])


def work(**results):
    """A piece of work whose contenders give these results."""
    calls = {name: lambda result=result: result for name, result in results.items()}
    return Work("group", "a row", lambda: contenders.Contenders(calls, lambda: RIGHT))


# ---- the check of results --------------------------------------------------------------------------------------------


def test_contenders_whose_result_is_off_are_left_out_and_named(capsys):
    row = work(
        tilewright=tw.asarray(RIGHT + 2e-4, "float32"),  # of 3: within 1e-4
        numpy=RIGHT + 4e-4,
        pytorch=np.where(RIGHT > 0, RIGHT, np.nan),
        openvino=RIGHT[:2],
        onnxruntime=RIGHT,
    )
    ready = row.prepare()
    assert set(ready.calls) == {"tilewright", "onnxruntime"}
    table = report.Table(measure.Peak(1e9, 1e9))
    table.add(row, ready, measure.measure(row, ready, 2, 1e-4))
    table.finish()
    printed = capsys.readouterr().out
    assert "left out: a row: numpy is off by 0.00013 of the largest value, 0.0001 allowed\n" in printed
    assert "left out: a row: pytorch is off by nan of" in printed
    assert "left out: a row: openvino gives [(2,)], not [(3,)]\n" in printed


@pytest.mark.parametrize("off", [RIGHT + 4e-4, RIGHT * np.nan, RIGHT[None]])
def test_a_wrong_result_of_tilewright_is_an_error(off):
    with pytest.raises(WrongResultError, match=r"a row: tilewright (is off|gives)"):
        work(tilewright=off, numpy=RIGHT).prepare()


def test_every_result_of_several_is_checked():
    row = work(tilewright=RIGHT, numpy=RIGHT)
    row.make = lambda: contenders.Contenders(
        {"tilewright": lambda: (RIGHT, [RIGHT]), "numpy": lambda: (RIGHT, [RIGHT + 1])}, lambda: [RIGHT, RIGHT]
    )
    assert set(row.prepare().left_out) == {"numpy"}


def test_a_training_step_is_checked_after_its_update():
    row = steps.perceptron((8, 6, 4), 16, 2, "SGD", None)
    made = row.make()
    before = row.make().calls["tilewright"]()
    made.calls["numpy"] = lambda: before  # the right loss, but never another
    row.make = lambda: made
    assert set(row.prepare().left_out) == {"numpy"}


# ---- layers ----------------------------------------------------------------------------------------------------------


BLOCK = layer_cases.residual("", 2, 3, 5)
CONV = layer_cases.conv("", (2, 4, 9, 6, 3, 2, 1, 2), None)


def test_flops_of_layers():
    assert layer_cases.linear("forward", 5, 7, 3).flops == 2 * 5 * 7 * 3
    assert layer_cases.linear("both", 5, 7, 3).flops == 6 * 5 * 7 * 3
    assert layer_cases.network("", 4, 8, 6, 2).flops == 2 * 4 * (8 * 6 + 6 * 2)
    assert layer_cases.conv("forward", (2, 4, 9, 6, 3, 2, 1, 2), None).flops == 2 * 2 * 5 * 5 * 6 * 2 * 9
    assert BLOCK.flops == 2 * 2 * 2 * 5 * 5 * 3 * 3 * 9
    assert layer_cases.resnet(18, 2, 224, "forward", None).flops == 4 * 1_814_073_344
    assert layer_cases.resnet(50, 1, 32, "forward", None).flops == 2 * (4_087_136_256 / 49 + 2_048_000)
    assert layer_cases.DIGITS.flops == 6 * 128 * (225_792 + 3_612_672 + 401_408 + 1_280)
    stacked = dataclasses.replace(layer_cases.linear("forward", 5, 7, 3), inputs=((2, 5, 7),), back=1.5)
    assert stacked.flops == 2 * 2 * 5 * 7 * 3
    assert dataclasses.replace(stacked, passes="both").flops == 2.5 * stacked.flops


@pytest.mark.parametrize("passes", ["forward", "fused", "both"])
@pytest.mark.parametrize("case", [layer_cases.linear("", 5, 7, 3), layer_cases.network("", 4, 8, 6, 2), CONV, BLOCK])
def test_layers_agree_with_the_oracle(case, passes):
    row = layers.layer(dataclasses.replace(case, passes=passes))
    assert row.name.endswith(" and back") == (passes == "both")
    assert row.name.endswith(", fused") == (passes == "fused")
    ready = row.prepare()
    assert not ready.left_out
    named = {"tilewright"} | ({"pytorch"} if contenders.torch else set())
    if passes != "both":
        named |= {name for name, (found, _) in inference.RUNTIMES.items() if found and contenders.onnx}
        named |= {"numpy"} if case.module == "Linear" else set()
    else:  # the result, and gradients of inputs, weights and biases
        results = ready.calls["tilewright"]()
        assert len(results) == 2 + len(list(layers.build(tw, case).parameters()))
    assert set(ready.calls) == named


def test_convolutions_of_networks_are_those_of_the_model():
    convolutions = [m for m in tw.models.resnet50().modules() if isinstance(m, nn.Conv2d)]
    of_model = {(c.in_channels, c.out_channels, *c.kernel_size, *c.stride, *c.padding) for c in convolutions}
    cases = {batch: layer_cases.convolutions_of("ResNet-50", batch) for batch in (1, 8)}
    assert {(m, n, k, k, s, s, p, p) for m, n, k, s, p, _, _ in (case.arguments for case in cases[1])} == of_model
    assert [8 * case.flops for case in cases[1]] == [case.flops for case in cases[8]]
    vgg = layer_cases.convolutions_of("VGG-16", 1)
    extents = [224, 224, 112, 112, 56, 56, 28, 28, 14]
    assert [case.inputs[0] for case in vgg] == [
        (1, case.arguments[0], n, n) for case, n in zip(vgg, extents, strict=True)
    ]


def test_ratios_of_a_network_are_summed_up(capsys):
    table = report.Table(measure.Peak(1e9, 1e9))
    group = layer_cases.GROUPS_OF_NETWORKS[0]
    table.ratios[group] = [
        {"numpy": None, "openvino": None, "pytorch": r, "onnxruntime": r / 5, "best": r} for r in (0.25, 1.0)
    ]
    table.ratios[group][1]["onnxruntime"] = None
    table.finish()
    means = "geometric mean of the ratios: 0.50 / pytorch, 0.05 / onnxruntime, 0.50 / best\n"
    assert f"layers of VGG-16, batch 1, fused, {means}" in capsys.readouterr().out


def test_a_missing_bias_is_found(monkeypatch):
    monkeypatch.setitem(layers.NUMPY, "Linear", lambda state, x: x @ state["weight"].T)
    assert "numpy" in layers.layer(layer_cases.linear("forward", 5, 7, 3)).prepare().left_out


def test_a_function_of_nn_may_give_a_function_of_the_inputs():
    case = LayerCase("g", "tanh", lambda nn: nn.functional.relu, (), ((3, 4),), lambda *_: 0.0, "both")
    assert "tilewright" in layers.layer(case).prepare().calls


# ---- ONNX Runtime and OpenVINO ---------------------------------------------------------------------------------------

installed = [name for name, (found, _) in inference.RUNTIMES.items() if found and contenders.onnx]
needs_both = pytest.mark.skipif(len(installed) < 2, reason="onnx, onnxruntime or openvino is not installed")

MODULES = [
    nn.Linear(6, 5, bias=False),
    *(nn.Linear(6, 5, activation=name) for name in ("relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu")),
    nn.Sequential(nn.Identity(), nn.GELU(), nn.Linear(6, 4), nn.SiLU(), nn.Dropout(0.5), nn.Linear(4, 3), nn.Tanh()),
    nn.Sequential(nn.GELU("tanh"), nn.Sigmoid(), nn.ReLU()),
    nn.Identity(),
]


@needs_both
@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 6)])
@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_onnx_graphs_compute_what_the_module_does(module, shape):
    module.eval()
    x = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    with tw.no_grad():
        expected = module(tw.asarray(x)).numpy()
    calls, left_out = inference.contenders(module, [x])
    assert set(calls) == {"onnxruntime", "openvino"} and not left_out
    for call in calls.values():
        np.testing.assert_allclose(call()[0], expected, rtol=1e-5, atol=1e-5)


@needs_both
@pytest.mark.parametrize(
    "module",
    [nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.AdaptiveAvgPool2d(1)],
    ids=repr,
)
def test_onnx_graphs_of_pooling(module):
    x = np.random.default_rng(0).standard_normal((2, 3, 7, 9), dtype=np.float32)
    calls, left_out = inference.contenders(module, [x])
    assert set(calls) == {"onnxruntime", "openvino"} and not left_out
    for call in calls.values():
        np.testing.assert_allclose(call()[0], module(tw.asarray(x)).numpy(), rtol=1e-5, atol=1e-5)


NETWORKS = [
    tw.models.ResNet(tw.models.BasicBlock, [1, 2], 5, width=8),
    tw.models.ResNet(tw.models.Bottleneck, [1, 1], 5, width=8, stem="small"),
    tw.models.ResNet(tw.models.BasicBlock, [1, 1], 5, width=8, shortcut="none"),
]


@needs_both
@pytest.mark.parametrize("net", NETWORKS, ids=["basic", "bottleneck", "plain"])
def test_onnx_graphs_of_networks(net):
    x = np.random.default_rng(0).standard_normal((2, 3, 18, 22), dtype=np.float32)
    with tw.no_grad():
        net(tw.asarray(x))  # moves the running statistics
        expected = net.eval()(tw.asarray(x)).numpy()
    calls, left_out = inference.contenders(net, [x])
    assert set(calls) == {"onnxruntime", "openvino"} and not left_out
    for call in calls.values():
        np.testing.assert_allclose(call()[0], expected, rtol=1e-4, atol=1e-4)


@needs_both
def test_modules_without_a_graph_are_named():
    calls, left_out = inference.contenders(nn.Sequential(nn.ReLU(), nn.Softplus()), [np.ones((2, 3), np.float32)])
    assert not calls
    assert left_out == dict.fromkeys(("onnxruntime", "openvino"), "takes no part: no ONNX graph is made of Softplus")


def test_who_is_not_installed_is_named(monkeypatch):
    for name in ("torch", "onnx", "onnxruntime"):
        monkeypatch.setattr(contenders, name, None)
    monkeypatch.setattr(contenders, "openvino", contenders)
    assert list(contenders.missing()) == [
        "pytorch (not installed)",
        "onnxruntime (not installed)",
        "openvino (its models are made with onnx, which is not installed)",
    ]


@needs_both
@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_idle_threads_do_not_spin_into_the_next_contenders_time(name):
    threads = tw.get_num_threads()
    tw.set_num_threads(2)
    try:
        calls, _ = inference.contenders(nn.Linear(256, 256), [np.ones((256, 256), np.float32)])
    finally:
        tw.set_num_threads(threads)
    spent = []
    for _ in range(5):
        measure.batch(calls[name], 20)
        time.sleep(measure.REST)
        begin = time.process_time()
        time.sleep(0.05)
        spent.append(time.process_time() - begin)
    assert min(spent) < 0.005


# ---- two builds ------------------------------------------------------------------------------------------------------

PLANTED = """
import time as _time
_exp, _argmax = exp, argmax
def exp(x):
    _time.sleep(0.002)
    return _exp(x)
def argmax(*args, **kwargs):
    return _argmax(*args, **kwargs) + 1
def mean(*args, **kwargs):
    raise RuntimeError("planted")
def max(*args, **kwargs):
    import os
    os.abort()
"""
ROWS = {
    i: (row.group, row.name)
    for i, row in enumerate(drivers.all_work())
    if row.name in ("max 2048x2048 axis 1", "argmax 128x10 axis 1", "mean 128x512 axis 1", "exp 16384")
}


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A build with a slow, a wrong and a broken function."""
    site = tmp_path_factory.mktemp("site")
    package = site / "tilewright"
    package.mkdir()
    original = Path(tw.__file__).parent
    for path in {*original.iterdir(), Path(tw._core.__file__)} - {original / "__init__.py", original / "__pycache__"}:
        if not (package / path.name).exists():
            (package / path.name).symlink_to(path)
    (package / "__init__.py").write_text((original / "__init__.py").read_text() + PLANTED)
    return str(site)


def builds(new, old):
    return against.Builds(new, old, rounds=3, seconds=0.002, threads=1, passes=1)


def test_a_planted_slowdown_is_found(planted, capsys):
    rows = {number: work for number, work in ROWS.items() if work[1] == "exp 16384"}
    assert against.report(builds(planted, None).compare(rows), markdown=False) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("exp 16384"))
    assert line.endswith("SLOWER")


def test_rows_on_which_only_the_old_build_fails_are_left_out_and_named(planted, capsys):
    versions, works = builds(None, planted).describe()
    assert f"old: tilewright {tw.__version__} in {planted}" in versions
    assert works == [(row.group, row.name) for row in drivers.all_work()]
    assert against.report(builds(None, planted).compare(ROWS), markdown=False) == 0
    printed = capsys.readouterr().out
    assert next(line for line in printed.splitlines() if line.startswith("exp 16384")).endswith("faster")
    assert "left out: mean 128x512 axis 1: the old build: RuntimeError: planted\n" in printed
    assert "left out: argmax 128x10 axis 1: the old build: WrongResultError: argmax 128x10 axis 1: tilewr" in printed
    assert "left out: max 2048x2048 axis 1: the old build: its process ended with exit status -6\n" in printed
    with pytest.raises(against.BuildError, match="no row was measured on both builds"):
        against.report(iter([]), markdown=False)
    with pytest.raises(against.BuildError, match="the new build: "):
        list(builds(planted, None).compare(ROWS))


@pytest.mark.parametrize(
    ("factor", "noise", "verdict"),
    [(1.0, 0.1, ""), (1.05, 0.01, "slower"), (1.2, 0.01, "SLOWER"), (1.2, 0.9, ""), (0.8, 0.01, "faster")],
)
def test_verdicts(factor, noise, verdict):
    old = [1.0 + 0.5 * (i % 3) for i in range(21)]  # what the machine does is in both
    new = [factor * t * (1 + noise * (i % 5 - 2) / 2) for i, t in enumerate(old)]
    assert against.Row("group", "name", new, old).verdict == verdict


def test_where_the_other_build_is(planted, tmp_path):
    assert against.site_of(planted) == against.site_of(f"{planted}/tilewright") == planted
    with pytest.raises(FileNotFoundError, match="neither is nor holds a package tilewright"):
        against.site_of(str(tmp_path))
