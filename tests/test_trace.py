"""`autograd.trace`: values, local derivatives and cotangents of each step."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.autograd import jacobian, trace
from tilewright.autograd._draw_trace import columns_of
from tilewright.random import Generator


def scalar(value):
    return tw.asarray(value, dtype="float64")


def by_name(traced):
    return {step.name: step for step in traced.steps}


def check_chain_rule(traced):
    """What arrives at a step is the sum over its uses of what arrives there times the local derivative."""
    totals = {}
    for step in traced.steps:
        for parent, derivative in zip(step.parents, step.local, strict=True):
            shape = traced.steps[parent].shape
            g = step.cotangent.numpy().reshape(-1) @ derivative.numpy().reshape(step.cotangent.size, -1)
            totals[parent] = totals.get(parent, 0) + g.reshape(shape)
    for place, total in totals.items():
        np.testing.assert_allclose(traced.steps[place].cotangent.numpy(), total, rtol=1e-10, atol=1e-12)
    return len(totals)


def test_a_neuron_by_hand():
    traced = trace(lambda w, b: (nn.functional.sigmoid(w * 2.0 + b) - 1.0) ** 2, scalar(0.5), scalar(-1.0))
    names = [step.name for step in traced.steps]
    assert names == ["w", "b", "multiply", "add", "sigmoid", "subtract", "power"]
    assert [step.value.item() for step in traced.steps] == [0.5, -1.0, 1.0, 0.0, 0.5, -0.5, 0.25]
    assert [[d.item() for d in step.local] for step in traced.steps] == [
        [],
        [],
        [2.0],
        [1.0, 1.0],
        [0.25],
        [1.0],
        [-1.0],
    ]
    assert [step.cotangent.item() for step in traced.steps] == [-0.5, -0.25, -0.25, -0.25, -1.0, -1.0, 1.0]
    assert traced.value.item() == 0.25 and not traced.value.requires_grad
    assert all("test_trace.py:" in step.origin for step in traced.steps[2:]) and traced.steps[0].origin == ""


def test_a_network_obeys_the_chain_rule():
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    for i, p in enumerate(net.parameters()):
        nn.init.normal_(p, generator=Generator(i))
    x = tw.asarray([[1.0, -2.0], [0.3, 0.4]], dtype="float64")

    def loss(x):
        y = net(x)
        return (y * y + y).mean()

    traced = trace(loss, x, names=net)
    steps = by_name(traced)
    assert check_chain_rule(traced) == len(traced.steps) - 1
    loss(x).backward()
    for name, p in net.named_parameters():
        np.testing.assert_allclose(steps[name].cotangent.numpy(), p.grad.numpy(), rtol=1e-12)
        assert steps[name].value.tolist() == p.tolist()
    first = next(step for step in traced.steps if step.name == "linear")
    want = jacobian(lambda w: nn.functional.linear(x, w, net[0].bias))(net[0].weight.detach())
    weight = [traced.steps[p].name for p in first.parents].index("0.weight")
    np.testing.assert_allclose(first.local[weight].numpy(), want.numpy(), rtol=1e-12)
    assert first.layer == "Sequential.0" and steps["tanh"].layer == "Sequential.1" and steps["mean"].layer == ""


def test_local_derivatives_are_of_one_op_only():
    """Where an operand was computed from another one, what passes through that is not counted."""
    traced = trace(lambda x: x * tw.exp(x), scalar(0.0))
    multiply = by_name(traced)["multiply"]
    assert [d.item() for d in multiply.local] == [1.0, 0.0]
    assert by_name(traced)["x"].cotangent.item() == 1.0
    square = by_name(trace(lambda x: x * x, scalar(3.0)))["multiply"]
    assert square.parents == (0, 0) and [d.item() for d in square.local] == [3.0, 3.0]


def test_broadcasting_several_results_and_functions_of_the_user():
    class Cube(tw.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x * x

    def loss(x, b):
        upper, lower = tw.split(x + b, 2)
        return (Cube.apply(upper) * lower).sum()

    x, b = tw.asarray([[1.0, 2.0], [3.0, 4.0]], dtype="float64"), tw.asarray([0.5, -0.5], dtype="float64")
    traced = trace(loss, x, b)
    assert check_chain_rule(traced) == len(traced.steps) - 1
    assert {"split[0]", "split[1]", "Cube"} <= set(by_name(traced))
    np.testing.assert_allclose(by_name(traced)["b"].cotangent.numpy(), tw.grad(loss, 1)(x, b).numpy(), rtol=1e-12)


def test_checkpoints_writes_in_place_and_fused_kernels():
    def written(x):
        y = x * 1.0
        y[0] = x[1] * 3
        y += x
        return (y * y).sum()

    x = Generator(0).normal(size=(2, 3), dtype="float64")
    lstm = nn.LSTM(3, 2).double()
    for loss in (
        written,
        lambda x: tw.autograd.checkpoint(lambda y: tw.sin(tw.exp(y)), x).sum(),
        lambda x: nn.functional.cross_entropy(x, tw.asarray([0, 2])),
        lambda x: lstm(x[None])[0].sum(),
    ):
        traced = trace(loss, x, elements=1024, names=lstm)
        assert check_chain_rule(traced) == len(traced.steps) - 1
        np.testing.assert_allclose(
            by_name(traced)["x"].cotangent.numpy(), tw.grad(loss)(x).detach().numpy(), rtol=1e-12
        )


def test_arguments_are_named_in_trees_and_others_by_their_names():
    w = scalar(2.0).requires_grad_()
    v = scalar(1.0).requires_grad_()
    traced = trace(lambda p: p["a"][0] * w * v, {"a": [scalar(3.0)], "n": 4}, names={"w": w})
    assert [step.name for step in traced.steps if not step.parents] == ["w", "leaf", "p['a'][0]"]
    assert [step.value.item() for step in traced.steps if not step.parents] == [2.0, 1.0, 3.0]
    assert w.grad is None


def test_of_large_arrays_shapes_are_kept():
    traced = trace(lambda x: tw.sin(x).sum(), tw.ones(20, dtype="float64"), elements=10)
    x, sine, total = traced.steps
    assert x.value is x.cotangent is sine.value is sine.cotangent is None and sine.local == (None,)
    assert total.value.item() == pytest.approx(20 * np.sin(1.0)) and total.local == (None,)
    assert "Jacobian (20,) x (20,)" in repr(traced)


def test_text():
    text = repr(trace(lambda x: tw.tanh(x).sum(), tw.asarray([0.0, 1.0])))
    assert [line.rstrip() for line in text.splitlines()] == [
        "step  op    value       cotangent  with respect to  local derivative",
        "---------------------------------------------------------------------",
        "0     x     [0 1]       [1 0.42]",
        "1     tanh  [0 0.7616]  [1 1]      0 x              diagonal [1 0.42]",
        "2     sum   0.7616      1          1 tanh           [1 1]",
    ]


def test_recording_goes_on_as_before():
    with tw.no_grad():
        trace(lambda x: x * x, scalar(1.0))
        assert not tw.autograd.is_grad_enabled()
    with pytest.raises(ZeroDivisionError):
        trace(lambda x: 1 / 0, scalar(1.0))
    x = tw.asarray([1.0, 0.0]).requires_grad_()
    assert tw.log(x).tolist()[1] == -np.inf
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError):
        tw.log(x)


def test_columns_leave_room_for_edges_that_pass():
    """x -> a -> b -> y, and x -> y: its way is beside a and b."""
    columns, bends = columns_of(4, [(0, 1, ""), (1, 2, ""), (2, 3, ""), (0, 3, "")])
    assert [sorted(column) for column in columns] == [[0], [1, 4], [2, 5], [3]] and bends == {3: [4, 5]}
    assert columns[1].index(4) == columns[2].index(5)
    late, _ = columns_of(4, [(0, 1, ""), (1, 2, ""), (3, 2, "")])
    assert [sorted(column) for column in late] == [[0], [1, 3], [2]]


def test_drawing():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    traced = trace(lambda x: tw.tanh(x) * x, scalar(0.5))
    ax = traced.draw()
    texts = {text.get_text() for text in ax.texts}
    assert {"tanh", "value 0.5", "cotangent 1"} <= texts
    _, given = plt.subplots()
    assert traced.draw(given) is given
    plt.close("all")
    lines = traced.dot().splitlines()
    assert lines[0] == "digraph trace {" and lines[-1] == "}" and sum("->" in line for line in lines) == 3


def test_arrows_reach_the_boxes_where_the_resolution_changes():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ax = trace(lambda x: tw.tanh(x) * x, scalar(0.5)).draw()
    canvas = ax.figure.canvas
    canvas.draw()
    ax.figure.dpi /= 2
    pictures = []
    for _ in range(2):  # the second one knows where the boxes of the first one are
        canvas.draw()
        pictures.append(np.array(canvas.buffer_rgba()))
    plt.close("all")
    np.testing.assert_array_equal(*pictures)


def test_errors():
    with pytest.raises(TypeError, match="trace: fun is 3, but must be callable"):
        trace(3)
    with pytest.raises(ValueError, match=r"trace: the function returned float64 of shape \(2,\), but must return"):
        trace(lambda x: x * 2, tw.ones(2, dtype="float64"))
    with pytest.raises(ValueError, match="trace: the result depends on nothing"):
        trace(lambda: scalar(1.0))
    with pytest.raises(TypeError, match="trace: names is 3, but must be a Module or a dict of tensors"):
        trace(lambda x: x, scalar(1.0), names=3)
    with pytest.raises(ValueError, match="trace: elements is 0, but must be at least 1"):
        trace(lambda x: x, scalar(1.0), elements=0)
