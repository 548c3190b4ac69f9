"""Modules, layers, losses and initialisation; against PyTorch where it is installed."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


def array(*shape, seed=0, low=-3.0, high=3.0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


class Net(nn.Module):
    def __init__(self):
        self.hidden = nn.Linear(4, 8)
        self.act = nn.ReLU()
        self.out = nn.Linear(8, 2, bias=False)
        self.register_buffer("scale", tw.ones(2))

    def forward(self, x):
        return self.out(self.act(self.hidden(x))) * self.scale


# ---- Module ----------------------------------------------------------------------------------------------------------


def test_registry_follows_the_attributes():
    net = Net()
    assert [n for n, _ in net.named_parameters()] == ["hidden.weight", "hidden.bias", "out.weight"]
    assert [n for n, _ in net.named_children()] == ["hidden", "act", "out"]
    assert [n for n, _ in net.named_modules()] == ["", "hidden", "act", "out"]
    assert [n for n, _ in net.named_buffers()] == ["scale"]
    net.extra = nn.Parameter(tw.ones(3))
    del net.act
    assert [n for n, _ in net.named_parameters()] == ["extra", "hidden.weight", "hidden.bias", "out.weight"]
    net.hidden.bias = None
    assert "hidden.bias" not in net.state_dict()


def test_init_of_the_base_class_may_be_called_or_not():
    class Called(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

    assert len(list(Called().parameters())) == 2


def test_parameters_are_ordinary_attributes():
    layer = nn.Linear(3, 2)
    assert layer.__dict__["weight"] is layer.weight
    with pytest.raises(TypeError, match=r"Linear: weight is a parameter, but a Tensor was assigned"):
        layer.weight = tw.ones((2, 3))
    layer.weight = nn.Parameter(tw.ones((2, 3)))
    assert layer(tw.ones((1, 3))).tolist() == [[3.0, 3.0]]


def test_shared_parameters_count_once():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    assert [n for n, _ in net.named_parameters()] == ["0.weight", "0.bias", "1.bias"]
    assert set(net.state_dict()) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    shared = nn.Linear(3, 3)
    twice = nn.Sequential(shared, shared)
    assert len(list(twice.modules())) == 2
    assert list(twice.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_modes():
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9))
    assert net.training and net[1].training
    assert net.eval() is net
    assert not net[1].training
    x = tw.ones((4, 2))
    assert (net(x) == net(x)).all()
    net.train()
    assert net[1].training


def test_zero_grad_and_requires_grad():
    net = Net()
    net(tw.ones((3, 4))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    net.requires_grad_(False)
    assert not net(tw.ones((3, 4))).requires_grad


def test_apply_visits_children_first():
    seen = []
    net = Net()
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Linear", "ReLU", "Linear", "Net"]


def test_astype_converts_parameters_buffers_and_gradients():
    net = Net()
    net(tw.ones((3, 4))).sum().backward()
    net.double()
    assert {t.dtype for t in (*net.parameters(), *net.buffers())} == {tw.float64}
    assert net.hidden.weight.grad.dtype == tw.float64
    assert net(tw.ones((3, 4), dtype=tw.float64)).dtype == tw.float64
    assert net.float().hidden.weight.dtype == tw.float32
    with pytest.raises(TypeError, match=r"Module.astype: dtype is int64"):
        net.astype("int64")


def test_buffers():
    net = Net()
    net.register_buffer("mask", tw.ones(3), persistent=False)
    net.register_buffer("nothing", None)
    assert [n for n, _ in net.named_buffers()] == ["scale", "mask"]
    assert "scale" in net.state_dict() and "mask" not in net.state_dict()
    assert "scale" not in nn.Module._buffers
    for name in ("", "a.b", "hidden"):
        with pytest.raises(KeyError, match="register_buffer"):
            net.register_buffer(name, tw.ones(1))


def test_copies_and_pickles_are_independent():
    net = Net()
    x = tw.asarray(array(3, 4))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert (twin(x) == net(x)).all()
        assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in twin.parameters())
        with tw.no_grad():
            twin.hidden.weight.zero_()
        assert abs(net.hidden.weight).sum() > 0


def test_forward_is_required():
    with pytest.raises(NotImplementedError, match=r"Module: a module must define forward"):
        nn.Module()(1)


# ---- state -----------------------------------------------------------------------------------------------------------


def test_state_dict_round_trip():
    source, target = Net(), Net()
    assert target.load_state_dict(source.state_dict()) == ([], [])
    for (name, a), (_, b) in zip(source.state_dict().items(), target.state_dict().items(), strict=True):
        assert (a == b).all(), name
    assert target.hidden.weight.requires_grad
    target.load_state_dict({name: value.numpy() for name, value in source.state_dict().items()})


def test_load_state_dict_lists_everything_wrong_and_writes_nothing():
    net = Net()
    before = {name: value.copy() for name, value in net.state_dict().items()}
    state = {name: value * 2 for name, value in before.items()}
    del state["scale"], state["hidden.bias"]
    state |= {"hidden.weight": tw.ones((4, 8)), "out.weight": tw.ones(2), "head.weight": tw.ones(1), "x": tw.ones(1)}
    with pytest.raises(ValueError, match="load_state_dict") as caught:
        net.load_state_dict(state)
    lines = str(caught.value).splitlines()
    assert lines[0] == "load_state_dict: Net cannot take these values"
    assert lines[1:] == [
        "  missing: scale, hidden.bias",
        "  unexpected: head.weight, x",
        "  mis-shaped: hidden.weight is (4, 8), but the module's is (8, 4); "
        "out.weight is (2,), but the module's is (2, 8)",
    ]
    assert all((net.state_dict()[name] == value).all() for name, value in before.items())


def test_load_state_dict_not_strict():
    net = Net()
    missing, unexpected = net.load_state_dict({"scale": [5.0, 6.0], "more": [1.0]}, strict=False)
    assert missing == ["hidden.weight", "hidden.bias", "out.weight"]
    assert unexpected == ["more"]
    assert net.scale.tolist() == [5.0, 6.0]
    with pytest.raises(ValueError, match=r"mis-shaped: scale is \(3,\), but the module's is \(2,\)"):
        net.load_state_dict({"scale": tw.ones(3)}, strict=False)


def test_loading_is_an_in_place_write():
    layer = nn.Linear(3, 2)
    loss = (layer(tw.asarray(array(4, 3), requires_grad=True)) ** 2).sum()
    layer.load_state_dict(nn.Linear(3, 2).state_dict())
    with pytest.raises(RuntimeError, match="written in place"):
        loss.backward()


# ---- calling ---------------------------------------------------------------------------------------------------------


def notes(error):
    return getattr(error.value, "__notes__", [])


def test_errors_name_the_layer():
    class Block(nn.Module):
        def __init__(self):
            self.layers = nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 2))

        def forward(self, x):
            return self.layers(x)

    with pytest.raises(ValueError, match="linear") as caught:
        Block()(tw.ones((3, 4)))
    assert notes(caught) == ["in layer Block.layers.1: Linear(in_features=5, out_features=2, bias=True)"]
    with pytest.raises(ValueError, match="linear") as caught:
        nn.Linear(5, 2)(tw.ones((3, 4)))
    assert notes(caught) == ["in layer Linear: Linear(in_features=5, out_features=2, bias=True)"]


def test_anomaly_mode_names_the_layer():
    class Log(nn.Module):
        def forward(self, x):
            return tw.log(x)

    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU(), Log()))
    with tw.autograd.anomaly_mode(), pytest.raises(FloatingPointError, match=r"log .* in layer Sequential\.1\.1"):
        net(tw.zeros((1, 2)))
    assert tw._engine.tape.state.layer_path == ()


def test_forward_hooks():
    layer = nn.Linear(3, 2)
    calls = []
    remove_pre = layer.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    remove = layer.register_forward_hook(lambda m, args, y: calls.append(args[0].tolist()))
    remove_replacing = layer.register_forward_hook(lambda m, args, y: y + 1)
    assert layer(tw.ones((1, 3))).tolist() == [[1.0, 1.0]]
    assert calls == [[[0.0, 0.0, 0.0]]]
    for r in (remove, remove_pre, remove_replacing, remove):
        r()
    assert layer._hooks is None


def test_summary_counts_and_restores():
    net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Sequential(nn.Linear(32, 10, bias=False)))
    net[2].eval()
    net[0].requires_grad_(False)
    state = {name: value.copy() for name, value in net.state_dict().items()}
    text = net.summary((7, 64))
    assert text.splitlines()[0].split() == ["layer", "output", "shape", "parameters"]
    lines = text.splitlines()
    assert any(line.startswith("  0 Linear") and "(7, 32)" in line and "2,080" in line for line in lines)
    assert any(line.startswith("    0 Linear") and "(7, 10)" in line and "320" in line for line in lines)
    assert lines[-1] == "2,400 parameters, 320 of them trainable, 9.4 KiB"
    assert net.training and net[0].training and not net[2].training
    assert all(m._hooks is None for m in net.modules())
    assert all((net.state_dict()[name] == value).all() for name, value in state.items())
    with pytest.raises(ValueError, match="linear"):
        net.summary((7, 63))
    assert net.training and net[0]._hooks is None


def test_repr_is_pytorchs():
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False), nn.ModuleDict({"a": nn.ELU(), "b": nn.Dropout(0.1)}))
    assert repr(net) == (
        "Sequential(\n"
        "  (0): Flatten(start_dim=1, end_dim=-1)\n"
        "  (1): Linear(in_features=4, out_features=2, bias=False)\n"
        "  (2): ModuleDict(\n"
        "    (a): ELU(alpha=1.0)\n"
        "    (b): Dropout(p=0.1)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Parameter(tw.ones(2))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"


# ---- containers ------------------------------------------------------------------------------------------------------


def test_sequential():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    assert len(net) == 3 and isinstance(net[-1], nn.Linear) and [type(m) for m in net][1] is nn.ReLU
    assert isinstance(net[:2], nn.Sequential) and net[:2][0] is net[0]
    net[1] = nn.Tanh()
    del net[0]
    assert [n for n, _ in net.named_children()] == ["0", "1"]
    assert isinstance(net[0], nn.Tanh)
    with pytest.raises(IndexError, match="Sequential: index 5 is out of range for 2 modules"):
        net[5]
    with pytest.raises(TypeError, match=r"Sequential: item 1 is a \w+, but must be a Module"):
        nn.Sequential(nn.ReLU(), F.relu)
    with pytest.raises(AttributeError, match="Sequential has no attribute 'nothing'"):
        _ = net.nothing


def test_module_list_and_dict():
    layers = nn.ModuleList([nn.Linear(2, 2)]).append(nn.ReLU()).extend([nn.Tanh()])
    layers.insert(1, nn.ELU())
    assert [type(m).__name__ for m in layers] == ["Linear", "ELU", "ReLU", "Tanh"]
    assert list(layers.state_dict()) == ["0.weight", "0.bias"]
    heads = nn.ModuleDict({"a": nn.Linear(2, 2)})
    heads["b"] = nn.ReLU()
    assert list(heads) == ["a", "b"] and "b" in heads and len(heads) == 2
    assert [n for n, _ in heads.items()] == list(heads.keys()) and len(list(heads.values())) == 2
    del heads["b"]
    assert "b" not in heads
    with pytest.raises(KeyError, match="contains a dot"):
        heads["a.b"] = nn.ReLU()


# ---- layers ----------------------------------------------------------------------------------------------------------


def test_linear_init_keeps_the_scale_of_activations():
    """Through ten ReLU layers, where PyTorch's start would shrink the signal by 6^5."""
    generator = tw.random.Generator(0)
    x = generator.normal(size=(256, 200))
    for _ in range(10):
        x = F.relu(nn.Linear(200, 200, generator=generator)(x))
    assert 0.3 < (x * x).mean().item() < 3
    layer = nn.Linear(600, 10, generator=generator)
    assert abs(layer.weight).max() <= 0.1 and layer.bias.tolist() == [0.0] * 10


def test_layers_draw_from_their_generator():
    a, b = (nn.Linear(8, 8, generator=tw.random.Generator(3)) for _ in range(2))
    assert (a.weight == b.weight).all()
    tw.random.seed(5)
    a = nn.Linear(8, 8)
    tw.random.seed(5)
    assert (a.weight == nn.Linear(8, 8).weight).all()


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0)])
def test_linear_without_features(sizes):
    assert nn.Linear(*sizes)(tw.ones((5, sizes[0]))).shape == (5, sizes[1])
    with pytest.raises(ValueError, match=r"Linear: got \(-1, 3\) features"):
        nn.Linear(-1, 3)


def test_flatten():
    x = tw.zeros((2, 3, 4, 5))
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Flatten(0)(x).shape == (120,)
    assert nn.Flatten(1, 2)(x).shape == (2, 12, 5)
    assert nn.Flatten(-2)(x).shape == (2, 3, 20)
    for axes in ((2, 1), (4, -1), (-5, 1)):
        with pytest.raises(IndexError, match="Flatten: axes"):
            nn.Flatten(*axes)(x)


def test_dropout():
    x = tw.ones((200, 500), requires_grad=True)
    y = F.dropout(x, 0.25, generator=tw.random.Generator(1))
    values = y.detach().numpy()
    kept = values != 0
    assert abs(kept.mean() - 0.75) < 0.01
    np.testing.assert_allclose(values[kept], 1 / 0.75, rtol=1e-6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), values)
    assert F.dropout(x, 0.5, training=False) is x
    assert (F.dropout(x, 1.0) == 0).all() and (F.dropout(x, 0.0) == 1).all()
    assert not np.array_equal(nn.Dropout()(x).detach().numpy(), nn.Dropout()(x).detach().numpy())
    for p in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="p is"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="dropout: p is"):
            F.dropout(x, p)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


def compare(ours, theirs, *arrays, rtol=2e-5, atol=2e-6):
    """Results and gradients of one function of some arrays, here and in PyTorch."""
    torch = pytest.importorskip("torch")
    a = [tw.asarray(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    b = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in arrays]
    y, z = ours(*a), theirs(torch, *b)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=rtol, atol=atol)
    g = array(*z.shape, seed=99)
    y.backward(tw.asarray(g))
    z.backward(torch.tensor(g))
    for p, q in zip(a, b, strict=True):
        if p.requires_grad:
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=rtol, atol=atol)


@pytest.mark.parametrize("module", [nn.Flatten(), nn.Identity()], ids=repr)
def test_modules_are_pytorchs(module):
    arguments = {k: v for k, v in vars(module).items() if k != "training"}
    compare(module, lambda t, x: getattr(t.nn, type(module).__name__)(**arguments)(x), array(5, 3, 4))


def test_linear_is_pytorchs_and_takes_its_weights():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Linear(6, 3)
    ours = nn.Linear(6, 3)
    ours.load_state_dict(theirs.state_dict())
    for shape in ((6,), (4, 6), (2, 5, 6)):
        x = array(*shape)
        np.testing.assert_allclose(
            ours(x).detach().numpy(), theirs(torch.tensor(x)).detach().numpy(), rtol=1e-5, atol=1e-6
        )
    compare(
        F.linear, lambda t, x, w, b: t.nn.functional.linear(x, w, b), array(4, 6), array(3, 6, seed=1), array(3, seed=2)
    )
    compare(F.linear, lambda t, x, w: t.nn.functional.linear(x, w), array(2, 4, 6), array(3, 6, seed=1))


REDUCTIONS = ["mean", "sum", "none"]


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("loss", ["mse_loss", "l1_loss"])
def test_regression_losses_are_pytorchs(loss, reduction):
    compare(
        lambda x, t: getattr(F, loss)(x, t, reduction),
        lambda torch, x, t: getattr(torch.nn.functional, loss)(x, t, reduction=reduction),
        array(4, 5),
        array(4, 5, seed=1),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4), (2, 5, 3, 2)])
def test_cross_entropy_of_classes_is_pytorchs(shape, smoothing, weighted, reduction):
    places = () if len(shape) == 1 else (shape[0], *shape[2:])
    target = np.random.default_rng(1).integers(0, 5, places)
    target = np.where(target == 3, 2, target)
    if places:
        target.flat[0] = 3  # ignored
    weight = np.array([0.5, 1.0, 2.0, 0.1, 3.0], np.float32) if weighted else None
    options = {"ignore_index": 3, "label_smoothing": smoothing, "reduction": reduction}
    compare(
        lambda x: F.cross_entropy(x, target, weight, **options),
        lambda torch, x: torch.nn.functional.cross_entropy(
            x, torch.tensor(target), None if weight is None else torch.tensor(weight), **options
        ),
        array(*shape),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("shape", [(6, 5), (5,), (3, 5, 4)])
def test_cross_entropy_of_probabilities_is_pytorchs(shape, smoothing, weighted, reduction):
    axis = 0 if len(shape) == 1 else 1
    target = array(*shape, seed=1, low=0, high=1)
    target /= target.sum(axis, keepdims=True)
    weight = np.array([0.5, 1.0, 2.0, 0.1, 3.0], np.float32) if weighted else None
    options = {"label_smoothing": smoothing, "reduction": reduction}
    compare(
        lambda x, t: F.cross_entropy(x, t, weight, **options),
        lambda torch, x, t: torch.nn.functional.cross_entropy(
            x, t, None if weight is None else torch.tensor(weight), **options
        ),
        array(*shape),
        target,
    )


def test_cross_entropy_at_the_edges():
    x = tw.asarray([[1e4, -1e4], [0.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, [0, 1], reduction="none")
    np.testing.assert_allclose(loss.detach().numpy(), [0, math.log(2)], rtol=1e-6)
    everyone_ignored = F.cross_entropy(x, [-100, -100])
    assert math.isnan(everyone_ignored.item())
    assert F.cross_entropy(x, [-100, -100], reduction="sum").item() == 0
    with pytest.raises(ValueError, match=r"cross_entropy: .*\(3,\)"):
        F.cross_entropy(x, [0, 1, 0])
    with pytest.raises((ValueError, IndexError), match=r"cross_entropy: .*2"):
        F.cross_entropy(x, [0, 2])
    with pytest.raises((ValueError, IndexError), match=r"cross_entropy: .*-1"):
        F.cross_entropy(x, [0, -1])
    with pytest.raises(ValueError, match=r"cross_entropy: weight .*\(3,\)"):
        F.cross_entropy(x, [0, 1], tw.ones(3))
    with pytest.raises(ValueError, match=r"label_smoothing is 1\.5"):
        F.cross_entropy(x, [0, 1], label_smoothing=1.5)
    with pytest.raises(ValueError, match="label_smoothing is -1"):
        nn.CrossEntropyLoss(label_smoothing=-1)
    with pytest.raises(ValueError, match="ignore_index"):
        F.cross_entropy(x, [[1.0, 0.0], [0.5, 0.5]], ignore_index=0)


def test_cross_entropy_has_second_derivatives():
    x = tw.asarray(np.float64([[0.3, -0.2, 0.9]]))
    hessian = tw.autograd.hessian(lambda x: F.cross_entropy(x, [1], reduction="sum"))(x).numpy().reshape(3, 3)
    p = np.exp(x.numpy()[0]) / np.exp(x.numpy()[0]).sum()
    np.testing.assert_allclose(hessian, np.diag(p) - np.outer(p, p), rtol=1e-9)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_losses_are_pytorchs(weighted, reduction):
    weight = array(5, low=0.1, high=2.0, seed=3) if weighted else None
    target = array(4, 5, seed=1, low=0, high=1)

    def theirs(name, **more):
        def call(torch, x, t):
            extra = {k: None if v is None else torch.tensor(v) for k, v in more.items()}
            return getattr(torch.nn.functional, name)(x, t, reduction=reduction, **extra)

        return call

    compare(
        lambda x, t: F.binary_cross_entropy(x, t, weight, reduction),
        theirs("binary_cross_entropy", weight=weight),
        array(4, 5, low=0.05, high=0.95),
        target,
    )
    for positive in (None, array(5, low=0.5, high=4, seed=4)):
        compare(
            lambda x, t, w=positive: F.binary_cross_entropy_with_logits(x, t, weight, reduction, w),
            theirs("binary_cross_entropy_with_logits", weight=weight, pos_weight=positive),
            array(4, 5, low=-30, high=30),
            target,
            rtol=1e-4,
        )


def test_binary_losses_at_the_edges():
    x = tw.asarray([0.0, 1.0, 0.0, 1.0], requires_grad=True)
    loss = F.binary_cross_entropy(x, [0.0, 1.0, 1.0, 0.0], reduction="none")
    assert loss.tolist() == [0.0, 0.0, 100.0, 100.0]
    loss.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()
    x = tw.asarray([0.0, 1e4, -1e4], requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(x, [1.0, 0.0, 0.0], reduction="none")
    np.testing.assert_allclose(loss.detach().numpy(), [math.log(2), 1e4, 0], rtol=1e-6)
    loss.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [-0.5, 1, 0])


LOSSES = [
    (nn.MSELoss(reduction="sum"), F.mse_loss, {"reduction": "sum"}),
    (nn.L1Loss(), F.l1_loss, {}),
    (nn.BCELoss(tw.asarray([1.0, 2.0, 3.0])), F.binary_cross_entropy, {"weight": [1.0, 2.0, 3.0]}),
    (
        nn.BCEWithLogitsLoss(pos_weight=[1.0, 2.0, 3.0]),
        F.binary_cross_entropy_with_logits,
        {"pos_weight": [1.0, 2.0, 3.0]},
    ),
    (nn.CrossEntropyLoss(label_smoothing=0.2), F.cross_entropy, {"label_smoothing": 0.2}),
]


@pytest.mark.parametrize(("module", "function", "options"), LOSSES, ids=[repr(m) for m, _, _ in LOSSES])
def test_loss_modules_are_the_functions(module, function, options):
    x, t = array(4, 3, low=0.1, high=0.9), array(4, 3, seed=1, low=0.1, high=0.9)
    assert module(x, t).item() == function(x, t, **options).item()
    assert list(module.parameters()) == []


@pytest.mark.parametrize("kind", [nn.MSELoss, nn.L1Loss, nn.CrossEntropyLoss, nn.BCELoss, nn.BCEWithLogitsLoss])
def test_losses_check_their_reduction(kind):
    with pytest.raises(ValueError, match=f"{kind.__name__}: reduction is 'average'"):
        kind(reduction="average")


def test_whole_network_against_pytorch():
    """One step of the same network from the same weights gives the same gradients."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(20, 16), torch.nn.GELU(), torch.nn.Linear(16, 5))
    ours = nn.Sequential(nn.Linear(20, 16), nn.GELU(), nn.Linear(16, 5))
    ours.load_state_dict(theirs.state_dict())
    x, t = array(32, 20), np.random.default_rng(2).integers(0, 5, 32)
    nn.CrossEntropyLoss()(ours(tw.asarray(x)), tw.asarray(t)).backward()
    torch.nn.CrossEntropyLoss()(theirs(torch.tensor(x)), torch.tensor(t)).backward()
    for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_any_number_of_threads_gives_the_same_bits(threads):
    def gradients():
        generator = tw.random.Generator(0)
        net = nn.Sequential(
            nn.Linear(300, 257, generator=generator),
            nn.GELU(),
            nn.Dropout(0.3, generator=generator),
            nn.Linear(257, 33, generator=generator),
        )
        x, t = generator.normal(size=(129, 300)), generator.integers(0, 33, 129)
        F.cross_entropy(net(x), t, label_smoothing=0.1).backward()
        return [p.grad.numpy().tobytes() for p in net.parameters()]

    before = tw.get_num_threads()
    try:
        tw.set_num_threads(1)
        expected = gradients()
        tw.set_num_threads(threads)
        assert gradients() == expected
    finally:
        tw.set_num_threads(before)


# ---- init ------------------------------------------------------------------------------------------------------------


def test_init_fills_in_place():
    w = nn.Parameter(tw.empty((3, 4)))
    for fill in (nn.init.zeros_, nn.init.ones_, lambda w: nn.init.constant_(w, 0.5)):
        assert fill(w) is w
    assert w.tolist() == [[0.5] * 4] * 3 and w.requires_grad


SCALES = {
    "uniform_": (lambda w, g: nn.init.uniform_(w, -1, 3, g), 1.0, 4 / math.sqrt(12)),
    "normal_": (lambda w, g: nn.init.normal_(w, 2, 0.5, g), 2.0, 0.5),
    "xavier_uniform_": (lambda w, g: nn.init.xavier_uniform_(w, 2.0, g), 0, 2 * math.sqrt(2 / 700)),
    "xavier_normal_": (lambda w, g: nn.init.xavier_normal_(w, 1.0, g), 0, math.sqrt(2 / 700)),
    "kaiming_uniform_": (lambda w, g: nn.init.kaiming_uniform_(w, generator=g), 0, math.sqrt(2 / 400)),
    "kaiming_normal_": (lambda w, g: nn.init.kaiming_normal_(w, 1.0, "fan_out", generator=g), 0, math.sqrt(1 / 300)),
}


@pytest.mark.parametrize("name", SCALES)
def test_init_scales(name):
    fill, mean, std = SCALES[name]
    w, twin = tw.empty((300, 400)), tw.empty((300, 400))
    fill(w, tw.random.Generator(1))
    fill(twin, tw.random.Generator(1))
    assert (w == twin).all()
    assert abs(w.mean().item() - mean) < 0.02
    assert abs(w.std().item() / std - 1) < 0.02


def test_fans_of_convolutions():
    w = nn.init.kaiming_uniform_(tw.empty((40, 30, 5, 2)), nonlinearity="linear", generator=tw.random.Generator(0))
    bound = math.sqrt(3 / 300)
    assert 0.99 * bound < abs(w).max().item() <= bound


@pytest.mark.parametrize("shape", [(5, 5), (3, 8), (8, 3), (6, 2, 4)])
def test_orthogonal(shape):
    w, twin = (nn.init.orthogonal_(tw.empty(shape), 2.0, tw.random.Generator(0)) for _ in range(2))
    assert (w == twin).all()
    w = w.numpy().reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch")
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        assert nn.init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert nn.init.calculate_gain("leaky_relu", 0.5) == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", 0.5))


def test_init_errors():
    with pytest.raises(ValueError, match=r"xavier_uniform_: tensor has shape \(3,\), but fans need"):
        nn.init.xavier_uniform_(tw.empty(3))
    with pytest.raises(ValueError, match="mode is 'fan'"):
        nn.init.kaiming_normal_(tw.empty((3, 3)), mode="fan")
    with pytest.raises(ValueError, match="no gain is known for 'mish'"):
        nn.init.calculate_gain("mish")


# ---- utils -----------------------------------------------------------------------------------------------------------


def with_gradients(*arrays):
    tensors = [tw.asarray(np.zeros_like(a), requires_grad=True) for a in arrays]
    for t, a in zip(tensors, arrays, strict=True):
        t.grad = tw.asarray(a.copy())
    return tensors


@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
@pytest.mark.parametrize("max_norm", [0.5, 1e6])
def test_clip_grad_norm(norm_type, max_norm):
    arrays = [array(30, 7), array(5, seed=1)]
    tensors = [*with_gradients(*arrays), tw.ones(3, requires_grad=True)]
    norm = np.linalg.norm(np.concatenate([a.ravel() for a in arrays]).astype(float), norm_type)
    assert nn.utils.clip_grad_norm_(iter(tensors), max_norm, norm_type) == pytest.approx(norm, rel=1e-5)
    for t, a in zip(tensors, arrays, strict=False):
        np.testing.assert_allclose(t.grad.numpy(), a * min(1, max_norm / norm), rtol=1e-5)


def test_clip_grad_norm_of_huge_and_broken_gradients():
    (x,) = with_gradients(np.float32([3e30, 4e30]))
    assert nn.utils.clip_grad_norm_(x, 1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(x.grad.numpy(), [0.6, 0.8], rtol=1e-5)
    for bad in (np.nan, np.inf):
        (x,) = with_gradients(np.float32([1.0, bad]))
        with pytest.raises(FloatingPointError, match="the norm of the gradients is"):
            nn.utils.clip_grad_norm_([x], 1.0)
        assert not math.isfinite(nn.utils.clip_grad_norm_([x], 1.0, error_if_nonfinite=False))
        np.testing.assert_array_equal(x.grad.numpy(), np.float32([1.0, bad]))
    assert nn.utils.clip_grad_norm_([], 1.0) == 0
    with pytest.raises(ValueError, match="max_norm is -1"):
        nn.utils.clip_grad_norm_([x], -1)
    with pytest.raises(ValueError, match="norm_type is 3"):
        nn.utils.clip_grad_norm_([x], 1, 3)


def test_clip_grad_value():
    a = array(30, 7)
    (x,) = with_gradients(a)
    nn.utils.clip_grad_value_([x], 0.5)
    np.testing.assert_array_equal(x.grad.numpy(), np.clip(a, -0.5, 0.5))
    with pytest.raises(ValueError, match="clip_value is -1"):
        nn.utils.clip_grad_value_([x], -1)


def test_parameter():
    p = nn.Parameter([1.0, 2.0])
    assert p.requires_grad and isinstance(p, tw.Tensor) and p.is_leaf
    assert nn.Parameter([1, 2], requires_grad=False).dtype == tw.int64
    with pytest.raises(TypeError, match="int64"):
        nn.Parameter([1, 2])
    made = tw.ones(2, requires_grad=True) * 2
    assert nn.Parameter(made).is_leaf
    assert type(p + 1) is tw.Tensor
