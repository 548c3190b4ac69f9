"""What modules hold and how it is found, partial loading, containers, and what stands in nn.utils and nn.init."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn


def array(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


class Net(nn.Module):
    def __init__(self):
        self.encoder = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.head = nn.Linear(4, 2)
        self.scale = nn.Parameter(tw.ones(2))
        self.register_buffer("steps", tw.zeros(1))

    def forward(self, input):
        return self.head(self.encoder(input)) * self.scale


class Shared(nn.Module):
    """One layer in two places."""

    def __init__(self):
        self.first = nn.Linear(2, 2)
        self.second = self.first


# ---- what it holds ---------------------------------------------------------------------------------------------------


def test_shared_modules_come_once_or_under_each_path():
    net = Shared()
    assert [n for n, _ in net.named_modules()] == ["", "first"]
    assert [n for n, _ in net.named_modules(remove_duplicate=False)] == ["", "first", "second"]
    assert len(list(net.modules(remove_duplicate=False))) == 3
    names = ["first.weight", "first.bias", "second.weight", "second.bias"]
    assert [n for n, _ in net.named_parameters()] == names[:2]
    assert [n for n, _ in net.named_parameters(remove_duplicate=False)] == names == list(net.state_dict())
    net.first.register_buffer("count", tw.zeros(1))
    assert [n for n, _ in net.named_buffers()] == ["first.count"]
    assert [n for n, _ in net.named_buffers(remove_duplicate=False)] == ["first.count", "second.count"]


def test_prefixes_and_recursion():
    net = Net()
    assert [n for n, _ in net.named_parameters("net", recurse=False)] == ["net.scale"]
    assert list(net.parameters(recurse=False)) == [net.scale]
    assert [n for n, _ in net.head.named_parameters("head")] == ["head.weight", "head.bias"]
    assert [n for n, _ in net.named_buffers("net")] == ["net.steps"] and not list(net.encoder.buffers(recurse=False))
    assert [n for n, _ in net.named_modules("net")][:3] == ["net", "net.encoder", "net.encoder.0"]
    assert list(net.head.state_dict(prefix="head.")) == ["head.weight", "head.bias"]


def test_things_are_found_by_their_paths():
    net = Net()
    assert net.get_submodule("encoder.0") is net.encoder[0] and net.get_submodule("") is net
    assert net.get_parameter("encoder.0.weight") is net.encoder[0].weight
    assert net.get_parameter("scale") is net.scale and net.get_buffer("steps") is net.steps


def test_a_module_is_replaced_at_its_path():
    net = Net()
    net.set_submodule("encoder.1", nn.Tanh())
    net.set_submodule("head", nn.Linear(4, 5))
    net.set_submodule("encoder.extra", nn.Tanh())
    assert [type(m).__name__ for m in net.encoder] == ["Linear", "Tanh", "Tanh"] and net.head.out_features == 5
    for target, error in (("encoder.7.0", AttributeError), ("", KeyError), ("scale", KeyError), (3, TypeError)):
        with pytest.raises(error):
            net.set_submodule(target, nn.Tanh())
    with pytest.raises(TypeError, match="set_submodule: module is None, but must be a Module"):
        net.set_submodule("head", None)


PATHS = [
    (
        AttributeError,
        "Net has no module 'encoder.7', since a Sequential there has no '7'",
        "get_submodule",
        "encoder.7",
    ),
    (AttributeError, "Net has no module 'scale', since a Net there has no 'scale'", "get_submodule", "scale"),
    (AttributeError, "get_parameter: Net has no parameter 'head'", "get_parameter", "head"),
    (AttributeError, "get_parameter: Net has no parameter 'steps'", "get_parameter", "steps"),
    (AttributeError, "get_submodule: Net has no module 'x'", "get_parameter", "x.weight"),
    (AttributeError, "get_buffer: Net has no buffer 'scale'", "get_buffer", "scale"),
    (TypeError, "get_submodule: target is 3, but must be a str", "get_submodule", 3),
    (TypeError, "get_buffer: target is None, but must be a str", "get_buffer", None),
]


@pytest.mark.parametrize(("error", "message", "method", "target"), PATHS)
def test_paths_that_lead_nowhere(error, message, method, target):
    with pytest.raises(error, match=message):
        getattr(Net(), method)(target)


def test_registration_by_name():
    net = nn.Module()
    net.register_parameter("weight", nn.Parameter(tw.ones(2)))
    net.register_parameter("bias", None)
    net.add_module("layer", nn.ReLU())
    net.register_module("layer", nn.Tanh())
    assert net.bias is None and isinstance(net.layer, nn.Tanh)
    net.register_parameter("bias", nn.Parameter(tw.zeros(2)))
    assert list(net.state_dict()) == ["weight", "bias"]
    chain = nn.Sequential(nn.Linear(2, 2))
    chain.add_module("act", nn.ReLU())
    assert chain(tw.ones((1, 2))).shape == (1, 2) and chain[1] is chain.act
    named = nn.ModuleDict()
    named.add_module("a", nn.ReLU())
    assert list(named) == ["a"]


REGISTRATIONS = [
    (
        KeyError,
        "register_parameter: 'forward' is .* already an attribute",
        lambda n: n.register_parameter("forward", None),
    ),
    (KeyError, "register_parameter: 'a.b' is empty, contains a dot", lambda n: n.register_parameter("a.b", None)),
    (KeyError, "add_module: 'scale' is .* already an attribute", lambda n: n.add_module("scale", nn.ReLU())),
    (KeyError, "register_buffer: 'scale' is", lambda n: n.register_buffer("scale", tw.ones(1))),
    (
        TypeError,
        "register_parameter: w is a Tensor, but must be a Parameter",
        lambda n: n.register_parameter("w", tw.ones(1)),
    ),
    (TypeError, "add_module: x is 3, but must be a Module or None", lambda n: n.add_module("x", 3)),
    (TypeError, "add_module: name is 3, but must be a str", lambda n: n.add_module(3, nn.ReLU())),
    (TypeError, "named_modules: prefix is 3", lambda n: n.named_modules(3)),
    (TypeError, "named_parameters: recurse is 'no'", lambda n: n.named_parameters(recurse="no")),
    (TypeError, "named_buffers: remove_duplicate is 'no'", lambda n: n.named_buffers(remove_duplicate="no")),
    (TypeError, "state_dict: prefix is 3", lambda n: n.state_dict(prefix=3)),
    (TypeError, "zero_grad: set_to_none is 'no'", lambda n: n.zero_grad("no")),
]


@pytest.mark.parametrize(("error", "message", "call"), REGISTRATIONS, ids=[m for _, m, _ in REGISTRATIONS])
def test_errors_of_registration(error, message, call):
    with pytest.raises(error, match=message):
        call(Net())


def test_gradients_become_none_or_zero():
    net = nn.Linear(2, 2)
    net.bias.requires_grad = False
    net(tw.ones((1, 2))).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0.0, 0.0]] * 2 and net.bias.grad is None
    net.zero_grad()
    assert net.weight.grad is None


@pytest.mark.parametrize("name", ["half", "bfloat16", "float", "double"])
def test_conversions(name):
    net = getattr(Net(), name)()
    wanted = {"half": "float16", "bfloat16": "bfloat16", "float": "float32", "double": "float64"}[name]
    assert {t.dtype.name for t in net.state_dict().values()} == {wanted}


# ---- loading a part --------------------------------------------------------------------------------------------------


def test_the_result_names_what_did_not_match():
    layer = nn.Linear(3, 2)
    result = layer.load_state_dict({"weight": tw.ones((2, 3)), "more": tw.ones(1)}, strict=False)
    assert result.missing_keys == ["bias"] and result.unexpected_keys == ["more"]
    missing, unexpected = result
    assert (missing, unexpected) == result == (["bias"], ["more"])


def test_an_encoder_out_of_a_bigger_file(tmp_path):
    source, encoder = Net(), nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    tw.io.save(tmp_path / "net.safetensors", source)
    values = tw.io.load(tmp_path / "net.safetensors")
    part = {k.removeprefix("encoder."): v for k, v in values.items() if k.startswith("encoder.")}
    assert encoder.load_state_dict(part) == ([], [])
    assert encoder[0].weight.tolist() == source.encoder[0].weight.tolist()
    into = Net()
    result = into.load_state_dict(encoder.state_dict(prefix="encoder."), strict=False)
    assert result.missing_keys == ["scale", "steps", "head.weight", "head.bias"] and not result.unexpected_keys
    assert into.encoder[0].bias.tolist() == source.encoder[0].bias.tolist()


def test_a_value_of_another_shape_is_passed_over_on_request():
    net, state = Net(), Net().state_dict()
    state = {**state, "head.weight": tw.ones((5, 4)), "head.bias": tw.ones(5), "scale": tw.ones(5)}
    before = net.head.weight.tolist()
    with pytest.raises(ValueError, match=r"mis-shaped: .* head.weight is \(5, 4\)"):
        net.load_state_dict(state, strict=False)
    result = net.load_state_dict(state, skip_mismatched=True)
    assert result.missing_keys == ["scale", "head.weight", "head.bias"]
    assert sorted(result.unexpected_keys) == sorted(result.missing_keys)
    assert net.head.weight.tolist() == before
    assert net.encoder[0].weight.tolist() == state["encoder.0.weight"].tolist()
    with pytest.raises(ValueError, match="missing: scale"):
        net.load_state_dict({k: v for k, v in state.items() if k != "scale"}, skip_mismatched=True)
    with pytest.raises(TypeError, match="load_state_dict: skip_mismatched is 'no', but must be True or False"):
        net.load_state_dict(state, skip_mismatched="no")


# ---- containers ------------------------------------------------------------------------------------------------------


def test_lists_of_modules_grow_and_shrink():
    layers = nn.ModuleList([nn.ReLU()])
    layers += [nn.Tanh()]
    more = layers + nn.ModuleList([nn.ELU()])
    assert [type(m).__name__ for m in more] == ["ReLU", "Tanh", "ELU"] and len(layers) == 2
    assert isinstance(more.pop(), nn.ELU) and isinstance(more.pop(0), nn.ReLU) and len(more) == 1
    chain = nn.Sequential(nn.ReLU(), nn.Tanh()).insert(1, nn.ELU())
    assert [type(m).__name__ for m in chain] == ["ReLU", "ELU", "Tanh"]
    assert isinstance(chain + nn.ModuleList([nn.ReLU()]), nn.Sequential)
    with pytest.raises(TypeError):
        chain + 3
    with pytest.raises(IndexError, match="ModuleList: index 0 is out of range for 0 modules"):
        nn.ModuleList().pop(0)
    named = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Tanh()})
    assert isinstance(named.pop("a"), nn.ReLU) and list(named) == ["b"]
    with pytest.raises(KeyError, match="there is no module named 'a', only b"):
        named.pop("a")
    named.clear()
    assert len(named) == 0


def test_lists_of_parameters():
    values = nn.ParameterList([nn.Parameter(tw.ones(2))]).append(tw.zeros(3))
    values += [tw.ones(1)]
    assert len(values) == 3 and values[-1].shape == (1,) and [p.shape for p in values] == [(2,), (3,), (1,)]
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in values)
    assert list(values.state_dict()) == ["0", "1", "2"] and isinstance(values[1:], nn.ParameterList)
    values[0] = tw.zeros(4)
    assert values[0].shape == (4,) and len(list(values.parameters())) == 3
    for twin in (copy.deepcopy(values), pickle.loads(pickle.dumps(values))):
        assert [p.shape for p in twin] == [p.shape for p in values] and twin[0] is not values[0]
    assert repr(values).splitlines()[1] == "  (0): Parameter of shape (4,), float32"
    with pytest.raises(TypeError, match="ParameterList: item 4 is 3, but must be a Parameter or a Tensor"):
        values.extend([tw.ones(1), 3])
    with pytest.raises(IndexError, match="ParameterList: index 3 is out of range for 3 parameters"):
        values[3]
    with pytest.raises(TypeError, match="ParameterList: values is 3"):
        nn.ParameterList(3)
    assert len(values) == 3


def test_parameters_by_name():
    values = nn.ParameterDict({"a": nn.Parameter(tw.ones(2))})
    values["b"] = tw.zeros(3)
    assert list(values) == ["a", "b"] == list(values.keys()) and "b" in values and len(values) == 2
    assert [p.shape for p in values.values()] == [(2,), (3,)] and dict(values.items())["a"] is values["a"] is values.a
    assert list(values.state_dict()) == ["a", "b"] and isinstance(values["b"], nn.Parameter)
    assert values.get("b") is values["b"] and values.get("c", 3) == 3
    del values["a"]
    assert values.pop("b").shape == (3,) and len(values) == 0
    with pytest.raises(KeyError, match="ParameterDict: there is no parameter 'a', only none"):
        values["a"]
    for name in ("keys", "a.b", "", "training"):
        with pytest.raises(KeyError, match=r"ParameterDict: the name '.*' is empty, contains a dot, or is that of an"):
            values.update({"new": tw.ones(1), name: tw.ones(1)})
    with pytest.raises(TypeError, match="ParameterDict: item new is 3"):
        values["new"] = 3
    with pytest.raises(TypeError, match="ParameterDict: parameters is a list, but must be a mapping"):
        nn.ParameterDict([1])
    assert len(values) == 0
    values["c"] = tw.ones(1)
    values.clear()
    assert repr(values) == "ParameterDict()"


# ---- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(2, 3), (2, -1), (-1, 3), (6,), (1, 6, 1)])
@pytest.mark.parametrize("dim", [1, -2])
def test_unflatten(size, dim):
    x = tw.asarray(array(4, 6, 2), requires_grad=True)
    y = nn.Unflatten(dim, size)(x)
    assert y.shape == (4, *np.zeros(6).reshape(size).shape, 2)
    np.testing.assert_array_equal(nn.Flatten(1, len(size))(y).detach().numpy(), array(4, 6, 2))
    y.sum().backward()
    assert x.grad.shape == x.shape


UNFLATTEN = [
    (
        ValueError,
        r"dim 1 of input \(2, 6\) has length 6, which \(4, 2\) do not give",
        lambda: nn.Unflatten(1, (4, 2))(tw.ones((2, 6))),
    ),
    (ValueError, r"which \(4, -1\) do not give", lambda: nn.Unflatten(1, (4, -1))(tw.ones((2, 6)))),
    (ValueError, r"which \(0, -1\) do not give", lambda: nn.Unflatten(1, (0, -1))(tw.ones((2, 0)))),
    (tw.AxisError, "Unflatten: dim 2 is out of bounds", lambda: nn.Unflatten(2, 6)(tw.ones((2, 6)))),
    (ValueError, r"unflattened_size is \(-1, -1\)", lambda: nn.Unflatten(1, (-1, -1))),
    (ValueError, r"unflattened_size is \(-2,\)", lambda: nn.Unflatten(1, (-2,))),
    (ValueError, r"unflattened_size is \(\)", lambda: nn.Unflatten(1, ())),
    (TypeError, "Unflatten: dim is 'a'", lambda: nn.Unflatten("a", (2,))),
]


@pytest.mark.parametrize(("error", "message", "call"), UNFLATTEN, ids=[m for _, m, _ in UNFLATTEN])
def test_errors_of_unflatten(error, message, call):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("p", [0.5, 1.0, 1.5, 2.0, 3.0, np.inf])
def test_normalize_has_finite_gradients_everywhere(p):
    """At zeros, that of `input / eps`; at huge and tiny numbers, without overflow."""
    x = tw.asarray([[0.0, 0.0], [3e30, 4e30], [3e-30, 0.0]], requires_grad=True)
    y = nn.functional.normalize(x, p, eps=1e-36)
    y.backward(tw.ones((3, 2)))
    length = {0.5: 7 + 4 * 3**0.5, 1.0: 7.0, np.inf: 4.0}.get(p, (3**p + 4**p) ** (1 / p))
    np.testing.assert_allclose(y.detach().numpy()[1:], [[3 / length, 4 / length], [1, 0]], rtol=1e-5)
    np.testing.assert_allclose(x.grad.numpy()[0], [1e36, 1e36], rtol=1e-5)
    assert np.isfinite(x.grad.numpy()).all() and x.grad[2, 0] == 0
    half = nn.functional.normalize(tw.asarray([[0.0, 0.0], [300.0, 400.0]], dtype="float16"), p)
    assert np.isfinite(half.numpy()).all() and half[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, np.inf])
def test_normalize_is_pytorchs(p):
    torch = pytest.importorskip("torch")
    data = np.concatenate([array(4, 3), np.zeros((1, 3))])
    ours, theirs = tw.asarray(data, requires_grad=True), torch.tensor(data, requires_grad=True)
    for x, functional in ((ours, nn.functional), (theirs, torch.nn.functional)):
        (functional.normalize(x, p) ** 3).sum().backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-9, atol=1e-12)


# ---- vectors of parameters -------------------------------------------------------------------------------------------


def test_parameters_as_a_vector():
    net = Net()
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (sum(p.size for p in net.parameters()),)
    (vector * vector).sum().backward()
    np.testing.assert_allclose(net.head.weight.grad.numpy(), 2 * net.head.weight.detach().numpy())
    twin = Net()
    nn.utils.vector_to_parameters(vector, twin.parameters())
    assert all(a.tolist() == b.tolist() for a, b in zip(net.parameters(), twin.parameters(), strict=True))
    nn.utils.vector_to_parameters(-vector.detach(), iter(twin.parameters()))
    assert twin.scale.tolist() == [-1.0, -1.0] and twin.scale.requires_grad


def test_a_vector_may_lie_in_the_parameters_memory():
    whole = tw.arange(6, dtype="float32")
    first, second = nn.Parameter(whole[3:]), nn.Parameter(whole[:3])
    nn.utils.vector_to_parameters(whole, [first, second])
    assert whole.tolist() == [3.0, 4.0, 5.0, 0.0, 1.0, 2.0]


def test_writing_a_vector_is_noticed_by_backward():
    layer = nn.Linear(2, 2)
    loss = (layer(tw.asarray(np.ones((1, 2), np.float32), requires_grad=True)) ** 2).sum()
    nn.utils.vector_to_parameters(tw.zeros(6), layer.parameters())
    with pytest.raises(RuntimeError, match="written in place"):
        loss.backward()


def readonly():
    data = np.ones(2)
    data.flags.writeable = False
    return tw.asarray(data)


VECTORS = [
    (ValueError, "there are no parameters", lambda: nn.utils.parameters_to_vector([])),
    (TypeError, "parameters_to_vector: parameter 1 is 3", lambda: nn.utils.parameters_to_vector([tw.ones(1), 3])),
    (TypeError, "parameters is 3, but must be an iterable", lambda: nn.utils.parameters_to_vector(3)),
    (
        ValueError,
        r"vec has shape \(3,\), but the parameters need \(4,\)",
        lambda: nn.utils.vector_to_parameters([1.0] * 3, [tw.ones(4)]),
    ),
    (ValueError, r"vec has shape \(2, 2\)", lambda: nn.utils.vector_to_parameters(tw.ones((2, 2)), [tw.ones(4)])),
    (
        ValueError,
        r"parameter 1, of shape \(2,\), is read-only",
        lambda: nn.utils.vector_to_parameters(tw.ones(3), [tw.ones(1), readonly()]),
    ),
    (
        TypeError,
        "vec is complex64, but parameter 0 is float32",
        lambda: nn.utils.vector_to_parameters([1j], [tw.ones(1)]),
    ),
]


@pytest.mark.parametrize(("error", "message", "call"), VECTORS, ids=[m for _, m, _ in VECTORS])
def test_errors_of_vectors(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- initialisation --------------------------------------------------------------------------------------------------


def test_init_of_identities():
    assert nn.init.eye_(tw.empty((3, 2))).tolist() == np.eye(3, 2).tolist()
    assert nn.init.eye_(tw.empty((2, 2), dtype="int32")).tolist() == [[1, 0], [0, 1]]
    x = array(2, 4, 5)
    weight = nn.init.dirac_(tw.empty((4, 4, 3), dtype="float64")).numpy()
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=2)
    np.testing.assert_array_equal(np.einsum("bclk,ock->bol", windows, weight), x)


@pytest.mark.parametrize("shape", [(4, 2, 3), (6, 3, 3, 3), (4, 2, 2, 3, 4), (2, 5, 1), (0, 2, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_is_pytorchs(shape, groups):
    torch = pytest.importorskip("torch")
    expected = torch.nn.init.dirac_(torch.empty(shape), groups).tolist()
    assert nn.init.dirac_(tw.empty(shape), groups).tolist() == expected


def test_sparse_init():
    weight = nn.init.sparse_(tw.empty((40, 50)), 0.31, 2.0, tw.random.Generator(1)).numpy()
    assert ((weight == 0).sum(axis=0) == 13).all()
    assert abs(weight[weight != 0].std() - 2) < 0.15 and len({tuple(c) for c in (weight == 0).T}) > 40
    assert not nn.init.sparse_(tw.ones((3, 2)), 1.0).any()


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [
        (0, 1, -2, 2),
        (1, 2, -1, 1.5),
        (0, 1, 3, np.inf),
        (0, 1, -np.inf, -4),
        (0, 1, -0.1, 0.3),
        (5, 0.5, 0, 1),
        (0, 3, -100, 100),
    ],
)
def test_truncated_normal_numbers(mean, std, a, b):
    values = nn.init.trunc_normal_(tw.empty(20000, dtype="float64"), mean, std, a, b, tw.random.Generator(7)).numpy()
    assert values.min() >= a and values.max() <= b
    # Against the distribution, integrated on a fine grid: the largest difference of 20,000 numbers is below 0.0138 in
    # 999 cases of 1000 (Kolmogorov).
    low, high = max(a, mean - 12 * std), min(b, mean + 12 * std)
    grid = np.linspace(low, high, 400_001)
    density = np.exp(-(((grid - mean) / std) ** 2 - min(((grid - mean) / std) ** 2)) / 2)
    distribution = np.cumsum(density) / density.sum()
    reached = np.interp(np.sort(values), grid, distribution)
    assert np.abs(reached - (np.arange(20000) + 0.5) / 20000).max() < 0.0138


INIT = [
    (ValueError, r"eye_: tensor has shape \(2,\), but needs two axes", lambda g: nn.init.eye_(tw.ones(2))),
    (TypeError, "eye_: tensor is 3", lambda g: nn.init.eye_(3)),
    (ValueError, r"dirac_: tensor has shape \(2, 2\)", lambda g: nn.init.dirac_(tw.ones((2, 2)))),
    (ValueError, "dirac_: 3 output channels cannot be", lambda g: nn.init.dirac_(tw.ones((3, 2, 1)), 2)),
    (ValueError, "dirac_: groups is 0", lambda g: nn.init.dirac_(tw.ones((3, 2, 1)), 0)),
    (ValueError, r"sparse_: tensor has shape \(2,\)", lambda g: nn.init.sparse_(tw.ones(2), 0.5, 1, g)),
    (ValueError, "sparse_: sparsity is 2", lambda g: nn.init.sparse_(tw.ones((2, 2)), 2, 1, g)),
    (ValueError, "sparse_: std is -1", lambda g: nn.init.sparse_(tw.ones((2, 2)), 0.5, -1, g)),
    (TypeError, "sparse_: tensor has dtype int64", lambda g: nn.init.sparse_(tw.asarray([[1]]), 0.5, 1, g)),
    (
        ValueError,
        "trunc_normal_: std is 0.0, but must be positive",
        lambda g: nn.init.trunc_normal_(tw.ones(2), 0, 0.0, generator=g),
    ),
    (
        ValueError,
        "trunc_normal_: a is 2.0 and b is 1.0",
        lambda g: nn.init.trunc_normal_(tw.ones(2), a=2.0, b=1.0, generator=g),
    ),
    (ValueError, "trunc_normal_: a is nan", lambda g: nn.init.trunc_normal_(tw.ones(2), a=np.nan, generator=g)),
    (ValueError, "too far from mean", lambda g: nn.init.trunc_normal_(tw.ones(2), 0, 1e-300, 1e300, 2e300, g)),
    (
        ValueError,
        "trunc_normal_: tensor of shape .* is read-only",
        lambda g: nn.init.trunc_normal_(readonly(), generator=g),
    ),
]


@pytest.mark.parametrize(("error", "message", "call"), INIT, ids=[m for _, m, _ in INIT])
def test_errors_of_init_draw_nothing(error, message, call):
    generator = tw.random.Generator(1)
    before = generator.state
    with pytest.raises(error, match=message):
        call(generator)
    assert generator.state == before
