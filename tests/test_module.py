"""Module: what it holds, its state, its hooks, how it is shown; and the containers."""

from __future__ import annotations

import copy
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
    assert text.splitlines()[0].split()[:5] == ["layer", "output", "shape", "units", "parameters"]
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


# ---- Parameter ---------------------------------------------------------------------------------------------------


def test_parameter():
    p = nn.Parameter([1.0, 2.0])
    assert p.requires_grad and isinstance(p, tw.Tensor) and p.is_leaf
    assert nn.Parameter([1, 2], requires_grad=False).dtype == tw.int64
    with pytest.raises(TypeError, match="int64"):
        nn.Parameter([1, 2])
    made = tw.ones(2, requires_grad=True) * 2
    assert nn.Parameter(made).is_leaf
    assert type(p + 1) is tw.Tensor
