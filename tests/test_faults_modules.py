"""Modules, layers and losses where they are used wrongly, or in ways that few think of."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from misuse import raises, read_only
from tilewright import nn
from tilewright.nn import functional as F, init


def leaf(value=0.5):
    return tw.asarray(value, requires_grad=True)


# ---- modules that hold each other ------------------------------------------------------------------------------------


class Knot(nn.Module):
    """Knows where it hangs. Walking over it in circles is an error here, and not a hang."""

    walks = 0

    def __init__(self, parent=None):
        self.layer = nn.Linear(2, 2)
        if parent is not None:
            self.parent = parent

    def _members(self):
        Knot.walks += 1
        assert Knot.walks < 1000, "walks in circles"
        return super()._members()

    def forward(self, x):
        return self.layer(x)


@pytest.fixture
def knot(monkeypatch):
    monkeypatch.setattr(Knot, "walks", 0)
    root = Knot()
    root.child = Knot(root)
    return root


def test_a_child_may_know_its_parent(knot):
    names = ["layer.weight", "layer.bias", "child.layer.weight", "child.layer.bias"]
    assert list(knot.state_dict()) == names
    twin = Knot()
    twin.child = Knot(twin)
    assert twin.load_state_dict(knot.state_dict()) == ([], [])
    for other in (twin, copy.deepcopy(knot), pickle.loads(pickle.dumps(knot))):
        assert other.child.parent is other
        assert {n: t.tolist() for n, t in other.state_dict().items()} == {
            n: t.tolist() for n, t in knot.state_dict().items()
        }
    assert [n for n, _ in knot.named_parameters()] == names
    assert not knot.eval().child.training
    assert "not called" in knot.summary((1, 2))
    assert "(parent): ..." in repr(knot) and repr(knot).count("Linear") == 2


def test_neighbours_may_know_each_other(knot):
    knot.child.next = Knot(knot.child)
    assert [n for n in knot.child.next.state_dict() if n.endswith("bias")] == [
        "layer.bias",
        "parent.layer.bias",
        "parent.parent.layer.bias",
    ]


class Plain(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


def test_many_modules_may_know_each_other():
    knots = [Plain() for _ in range(12)]
    for knot in knots:
        for i, other in enumerate(knots):
            setattr(knot, f"other{i}", other)
    assert len(knots[0].state_dict()) == 2 * len(knots)
    row = [Plain() for _ in range(200)]
    for left, right in itertools.pairwise(row):
        left.right, right.left = right, left
    assert len(row[0].state_dict()) == 2 * len(row)
    assert row[3].load_state_dict(row[3].state_dict()) == ([], [])


def test_a_container_may_hold_itself():
    for container in (nn.ModuleList([nn.Linear(1, 1)]), nn.Sequential(nn.Linear(1, 1))):
        container.append(container)
        assert "(1): ..." in repr(container)
        assert len(list(container.modules())) == 2
    with pytest.raises(RecursionError):
        container(tw.ones((1, 1)))


# ---- taking over a state: all or none --------------------------------------------------------------------------------


def pair():
    net = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    return net, {name: tw.ones(value.shape) for name, value in net.state_dict().items()}


LOADS = {
    "complex": (
        tw.ones(1, dtype="complex64"),
        TypeError,
        r"[\s\S]*of another kind: 1\.bias is complex64, but the modul",
    ),
    "no array": (object(), TypeError, r"1\.bias is an object, but must be array-like"),
    "text": ("abc", TypeError, r"1\.bias is 'abc', but must be array-like"),
}


@pytest.mark.parametrize(("value", "error", "message"), LOADS.values(), ids=LOADS)
def test_what_cannot_be_loaded_changes_nothing(value, error, message):
    net, state = pair()
    before = {name: value.tolist() for name, value in net.state_dict().items()}
    with raises(error, f"load_state_dict: {message}"):
        net.load_state_dict({**state, "1.bias": value})
    assert {name: value.tolist() for name, value in net.state_dict().items()} == before


def test_a_module_that_cannot_be_written_to_is_not_half_written():
    net, state = pair()
    net[1].bias = nn.Parameter(read_only(1))
    before = net[0].weight.tolist()
    with raises(
        ValueError, r"load_state_dict: Sequential cannot take these values\n  read-only in the module: 1\.bias"
    ):
        net.load_state_dict(state)
    assert net[0].weight.tolist() == before
    with raises(
        ValueError, r"load_state_dict: .*\n  missing: 0\.weight.*\n  unexpected: x\n.*\n  of another kind: 1\.w"
    ):
        net.load_state_dict({"x": 1.0, "1.bias": [1.0], "1.weight": tw.ones((1, 2), dtype="complex64")})


@pytest.mark.parametrize("given", [[1], None, 3, nn.Linear(1, 1), {3: [1.0]}], ids=repr)
def test_a_state_is_a_mapping_of_names_to_arrays(given):
    what = "a name is 3" if isinstance(given, dict) else "state_dict is "
    with raises(TypeError, f"load_state_dict: {what}"):
        nn.Linear(1, 1).load_state_dict(given)


def test_a_state_may_lie_in_the_memory_that_it_is_loaded_into():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    first, second = net[0].weight.tolist(), net[1].weight.tolist()
    state = net.state_dict()
    net.load_state_dict({**state, "0.weight": state["1.weight"], "1.weight": state["0.weight"]})
    assert net[0].weight.tolist() == second and net[1].weight.tolist() == first
    net.load_state_dict({"0.weight": state["0.weight"].T[::-1]}, strict=False)
    assert net[0].weight.tolist() == np.array(second).T[::-1].tolist()


def test_a_state_may_overlap_it_in_numpys_memory():
    memory = np.arange(9, dtype=np.float32)

    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Parameter(memory[1:5], False), nn.Parameter(memory[5:8], False)

    net = Two()
    net.load_state_dict({"a": memory[:4], "b": memory[4:7]})
    assert net.a.tolist() == [0, 1, 2, 3] and net.b.tolist() == [4, 5, 6]


# ---- what a module holds ---------------------------------------------------------------------------------------------


def test_a_buffer_stays_a_tensor():
    net = nn.Module()
    net.register_buffer("mean", tw.ones(2))
    for wrong in ("abc", np.ones(2), 3.0):
        with raises(TypeError, rf"Module: mean is a buffer, but a {type(wrong).__name__} was assigned to it"):
            net.mean = wrong
        with raises(TypeError, r"register_buffer: other is .*, but must be a Tensor or None"):
            net.register_buffer("other", wrong)
    net.mean = tw.zeros(3)
    assert net.state_dict()["mean"].tolist() == [0.0, 0.0, 0.0]
    net.mean = nn.Parameter(tw.ones(2))
    assert list(net.buffers()) == [] and list(net.state_dict()) == ["mean"]
    net.register_buffer("gone", tw.ones(1))
    del net.gone
    assert list(net.state_dict()) == ["mean"] and list(net.named_buffers()) == []
    with raises(TypeError, "register_buffer: name is 3, but must be a str"):
        net.register_buffer(3, tw.ones(1))
    with raises(TypeError, "register_buffer: persistent is 'no'"):
        net.register_buffer("b", None, persistent="no")


BAD_NAMES = [
    ("a.b", KeyError, "the name 'a.b' is empty or contains a dot"),
    ("", KeyError, "the name '' is empty or contains a dot"),
    (3, TypeError, "a name is 3, but must be a str"),
    ("forward", KeyError, "the name 'forward' is that of an attribute"),
    ("training", KeyError, "the name 'training' is that of an attribute"),
]


@pytest.mark.parametrize(("name", "error", "message"), BAD_NAMES, ids=[repr(n) for n, _, _ in BAD_NAMES])
def test_names_of_submodules(name, error, message):
    for kind in (nn.Sequential, nn.ModuleDict):
        with raises(error, f"{kind.__name__}: {message}"):
            kind({name: nn.ReLU()})


@pytest.mark.parametrize("value", [nn.Parameter([1.0]), nn.ReLU()], ids=["Parameter", "Module"])
def test_an_attribute_cannot_be_called_by_a_path(value):
    with raises(KeyError, r"Module: the name 'a\.b' is empty or contains a dot"):
        setattr(nn.Module(), "a.b", value)


def test_a_child_is_replaced_by_its_name():
    net = nn.Sequential({"hidden": nn.Linear(2, 3), "out": nn.ReLU()})
    net.hidden = nn.Linear(2, 5)
    assert net(tw.ones((1, 2))).shape == (1, 5) and net[0] is net.hidden
    assert list(net.state_dict()) == ["hidden.weight", "hidden.bias"]
    with raises(TypeError, "Sequential: item hidden is a int, but must be a Module"):
        net.hidden = 3
    del net.out
    assert len(net) == 1


def test_no_module_is_lost_to_one_of_the_same_number():
    net = nn.Sequential({"1": nn.Linear(2, 3)}).append(nn.ReLU()).extend([nn.Tanh()])
    assert [type(m).__name__ for m in net] == ["Linear", "ReLU", "Tanh"]


def test_containers_take_all_modules_or_none():
    layers, heads = nn.ModuleList([nn.ReLU()]), nn.ModuleDict({"a": nn.ReLU()})
    for call in (
        lambda: layers.extend([nn.Tanh(), 3]),
        lambda: layers.insert(0, 3),
        lambda: heads.update({"b": nn.Tanh(), "c": 3}),
    ):
        with raises(TypeError, r"Module(List|Dict): item \w is a int, but must be a Module"):
            call()
    assert len(layers) == len(heads) == 1


MODULE_ERRORS = [
    (KeyError, r"ModuleDict: there is no module named 'x', only a", lambda: nn.ModuleDict({"a": nn.ReLU()})["x"]),
    (TypeError, "ModuleDict: modules is a list, but must be a mapping", lambda: nn.ModuleDict([nn.ReLU()])),
    (TypeError, "ModuleList: modules is 3, but must be an iterable", lambda: nn.ModuleList(3)),
    (TypeError, "ModuleList: index is 1.5, but must be an integer", lambda: nn.ModuleList([nn.ReLU()])[1.5]),
    (TypeError, "ModuleList: index is 'a'", lambda: nn.ModuleList().insert("a", nn.ReLU())),
    (TypeError, "register_forward_hook: hook is 3, but must be ca", lambda: nn.ReLU().register_forward_hook(3)),
    (TypeError, "register_forward_pre_hook: hook is None", lambda: nn.ReLU().register_forward_pre_hook(None)),
    (TypeError, "Module.apply: function is 3, but must be callable", lambda: nn.ReLU().apply(3)),
    (TypeError, "Module.train: mode is 'a', but must be True or False", lambda: nn.ReLU().train("a")),
    (TypeError, "Module.requires_grad_: requires_grad is 'a'", lambda: nn.ReLU().requires_grad_("a")),
    (TypeError, "load_state_dict: strict is 'no'", lambda: nn.ReLU().load_state_dict({}, strict="no")),
    (TypeError, "summary: an entry of a shape is 1.5", lambda: nn.ReLU().summary((1.5, 2))),
    (TypeError, "Parameter: data is 'a', but must be array-like", lambda: nn.Parameter("a")),
    (TypeError, "Parameter: requires_grad is 'a'", lambda: nn.Parameter([1.0], "a")),
]


@pytest.mark.parametrize(("error", "message", "call"), MODULE_ERRORS, ids=[m for _, m, _ in MODULE_ERRORS])
def test_errors_of_modules(error, message, call):
    with raises(error, message):
        call()


def test_unfreezing_is_all_or_none():
    net = nn.Linear(2, 2).requires_grad_(False)
    net.count = nn.Parameter([1], requires_grad=False)
    with raises(TypeError, "Module.requires_grad_: count is int64, but must be floating"):
        net.requires_grad_()
    assert not net.weight.requires_grad


@pytest.mark.parametrize("learned", [True, False])
def test_a_copy_of_a_parameter_is_one(learned):
    class Scale(nn.Parameter):
        __slots__ = ()

    for kind in (nn.Parameter, Scale):
        p = kind([1.0, 2.0], learned)
        twin = copy.copy(p)
        assert type(twin) is kind and twin.is_leaf and twin.requires_grad is learned
        with tw.no_grad():
            twin.zero_()
        assert p.tolist() == [1.0, 2.0]
    if learned:
        (twin * 2).sum().backward()
        assert p.grad is None and twin.grad.tolist() == [2.0, 2.0]


# ---- PackedLinear ----------------------------------------------------------------------------------------------------


def packed_and_input(**options):
    return nn.PackedLinear(nn.Linear(5, 3, activation="relu", **options)), tw.random.Generator(0).normal(size=(4, 5))


def test_the_state_of_a_packed_layer_is_that_of_its_layer():
    packed, x = packed_and_input()
    assert {name: value.shape for name, value in packed.state_dict().items()} == {"weight": (3, 5), "bias": (3,)}
    layer = nn.Linear(5, 3, activation="relu")
    layer.load_state_dict(packed.state_dict())
    np.testing.assert_allclose(packed(x).numpy(), layer(x).detach().numpy(), rtol=1e-5, atol=1e-6)
    other, _ = packed_and_input()
    other(x)
    other.load_state_dict(layer.state_dict())
    assert (other(x) == packed(x)).all()
    assert list(nn.PackedLinear(nn.Linear(5, 3, bias=False)).state_dict()) == ["weight"]


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_packed_layer_can_be_copied(twin):
    packed, x = packed_and_input()
    other = twin(nn.Sequential(packed).eval())
    assert (other(x) == packed(x)).all()


def test_what_is_written_to_a_packed_layer_counts():
    packed, x = packed_and_input()
    packed(x)
    packed.weight.copy_(2.0)
    packed.bias.fill_(1.0)
    expected = np.maximum(2 * x.numpy().sum(1, keepdims=True) + 1, 0).repeat(3, 1)
    np.testing.assert_allclose(packed(x).numpy(), expected, rtol=1e-5, atol=1e-5)
    packed.weight = tw.zeros((3, 5))
    assert (packed(x) == 1).all()
    init.ones_(packed.weight)
    packed.weight.T[:4] = 0.0  # a view
    np.testing.assert_allclose(packed(x).numpy()[:, 0], np.maximum(x.numpy()[:, 4] + 1, 0), rtol=1e-5)
    assert packed.double()(x.astype("float64")).dtype == tw.float64


# ---- numbers that come from NumPy ------------------------------------------------------------------------------------

SCALARS = [np.float64(0.25), np.float32(0.25), np.array(0.25), tw.asarray(0.25)]


@pytest.mark.parametrize("value", SCALARS, ids=lambda v: type(v).__name__)
def test_hyperparameters_become_pythons_numbers(value):
    for kept in (
        nn.Dropout(value).p,
        nn.LeakyReLU(value).negative_slope,
        nn.ELU(value).alpha,
        nn.CrossEntropyLoss(label_smoothing=value).label_smoothing,
    ):
        assert type(kept) is float and kept == 0.25
    half = tw.zeros(2, dtype="float16")
    assert nn.BCEWithLogitsLoss(pos_weight=value, weight=value)(half, half).dtype == tw.float16
    layer = nn.Linear(np.int64(2), np.array(3), bias=np.True_)
    assert type(layer.in_features) is int and type(layer.out_features) is int and layer.bias is not None
    assert type(nn.Flatten(np.int64(0)).start_dim) is int and type(nn.Softmax(np.int8(0)).dim) is int
    assert type(nn.CrossEntropyLoss(ignore_index=np.int64(1)).ignore_index) is int
    assert type(nn.utils.clip_grad_norm_(leaf(), value, np.int64(2))) is float


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_hyperparameters_promote_nothing(dtype):
    x, target = tw.full((2, 3), 0.5, dtype=dtype), tw.full((2, 3), 0.5, dtype=dtype)
    a = np.float64(0.25)
    for y in (
        F.cross_entropy(x, target, label_smoothing=a),
        F.cross_entropy(x, [0, 1], label_smoothing=a, ignore_index=np.int64(5)),
        F.binary_cross_entropy(x, target, a),
        F.binary_cross_entropy(x, target, 0.25),
        F.binary_cross_entropy_with_logits(x, target, a, pos_weight=np.array(3)),
        nn.BCELoss(a)(x, target),
        nn.BCEWithLogitsLoss(0.25, pos_weight=a)(x, target),
        F.leaky_relu(x, a),
        F.elu(x, np.array(0.5)),
        F.dropout(x, a),
        F.softmax(x, np.int64(0)),
    ):
        assert y.dtype.name == dtype
    assert F.binary_cross_entropy(x, target, a).item() == pytest.approx(0.25 * math.log(2), rel=1e-2)


def test_a_weight_that_is_a_tensor_still_gets_its_gradient():
    w = leaf(2.0)
    F.binary_cross_entropy([0.5], [1.0], w).backward()
    assert w.grad.item() == pytest.approx(math.log(2))


GRADIENTS_LOST = {
    "dropout: p": lambda: F.dropout(tw.ones(3), leaf()),
    "leaky_relu: negative_slope": lambda: F.leaky_relu(tw.ones(3), leaf()),
    "elu: alpha": lambda: F.elu(tw.ones(3), leaf()),
    "cross_entropy: label_smoothing": lambda: F.cross_entropy(tw.ones((1, 2)), [0], label_smoothing=leaf()),
    "ELU: alpha": lambda: nn.ELU(leaf()),
    "Dropout: p": lambda: nn.Dropout(leaf()),
    "xavier_uniform_: gain": lambda: init.xavier_uniform_(tw.empty((2, 2)), leaf()),
    "normal_: std": lambda: init.normal_(tw.empty(2), std=leaf()),
    "clip_grad_norm_: max_norm": lambda: nn.utils.clip_grad_norm_([], leaf()),
}


@pytest.mark.parametrize("name", GRADIENTS_LOST)
def test_a_hyperparameter_that_wants_a_gradient_is_refused(name):
    with raises(TypeError, f"{name} is a tensor that requires grad, but must be a constant"):
        GRADIENTS_LOST[name]()


# ---- errors of functions and layers ----------------------------------------------------------------------------------

X, C = tw.ones((2, 3)), [0, 1]
LAYER_ERRORS = [
    (TypeError, "dropout: generator is 5, but must be a Generator or None", lambda: F.dropout(X, generator=5)),
    (TypeError, "dropout: generator is 5", lambda: F.dropout(X, training=False, generator=5)),
    (TypeError, "dropout: training is 'no', but must be True or False", lambda: F.dropout(X, 0.5, "no")),
    (TypeError, "Dropout: p is 'a', but must be a real number", lambda: nn.Dropout("a")),
    (TypeError, "Dropout: generator is 5", lambda: nn.Dropout(generator=5)),
    (TypeError, "leaky_relu: negative_slope is 'a', but must be a real", lambda: F.leaky_relu(X, "a")),
    (TypeError, "LeakyReLU: negative_slope is 'a'", lambda: nn.LeakyReLU("a")),
    (TypeError, "elu: alpha is a ndarray, but must be a real number", lambda: F.elu(X, np.ones(2))),
    (TypeError, "ELU: alpha is 'a'", lambda: nn.ELU("a")),
    (TypeError, 'gelu: approximate is 3, but must be "none" or "tanh"', lambda: F.gelu(X, 3)),
    (TypeError, "GELU: approximate is a list", lambda: nn.GELU(["none"])),
    (TypeError, "softmax: dim is 0.0, but must be an integer", lambda: F.softmax(X, 0.0)),
    (TypeError, "log_softmax: dim is 'a', but must be an integer", lambda: F.log_softmax(X, "a")),
    (TypeError, "Softmax: dim is 1.5", lambda: nn.Softmax(1.5)),
    (TypeError, "LogSoftmax: dim is 1.5", lambda: nn.LogSoftmax(1.5)),
    (TypeError, "Flatten: end_dim is 'a'", lambda: nn.Flatten(0, "a")),
    (TypeError, "cross_entropy: reduction is 3, but must be", lambda: F.cross_entropy(X, C, reduction=3)),
    (TypeError, "cross_entropy: ignore_index is 1.5, but must be", lambda: F.cross_entropy(X, C, ignore_index=1.5)),
    (ValueError, "cross_entropy: ignore_index is .*int64", lambda: F.cross_entropy(X, C, ignore_index=2**63)),
    (TypeError, "cross_entropy: label_smoothing is 'a'", lambda: F.cross_entropy(X, C, label_smoothing="a")),
    (TypeError, "CrossEntropyLoss: weight is 'a', but must be array", lambda: nn.CrossEntropyLoss("a")),
    (TypeError, "CrossEntropyLoss: ignore_index is 1.5", lambda: nn.CrossEntropyLoss(ignore_index=1.5)),
    (TypeError, "mse_loss: reduction is a list, but must be", lambda: F.mse_loss(X, X, ["mean"])),
    (TypeError, "MSELoss: reduction is None, but must be", lambda: nn.MSELoss(None)),
    (TypeError, "BCELoss: weight is 'a', but must be array-like", lambda: nn.BCELoss("a")),
    (TypeError, "binary_cross_entropy: weight is 'a'", lambda: F.binary_cross_entropy(X, X, "a")),
    (TypeError, "Linear: in_features is 2.0, but must be an integer", lambda: nn.Linear(2.0, 3)),
    (TypeError, "Linear: bias is 'no', but must be True or False", lambda: nn.Linear(2, 3, "no")),
    (TypeError, "Linear: activation is a list, but must be \"none\"", lambda: nn.Linear(2, 3, activation=["relu"])),
    (TypeError, "Linear: dtype is int64, but must be floating", lambda: nn.Linear(2, 3, dtype="int64")),
    (TypeError, "Linear: generator is 5", lambda: nn.Linear(0, 3, generator=5)),
    (ValueError, "Linear: got .* features, which need more weights than", lambda: nn.Linear(2**40, 2**40)),
    (ValueError, "Linear: got .* features, which need more weights than", lambda: nn.Linear(2**70, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("error", "message", "call"), LAYER_ERRORS, ids=[m for _, m, _ in LAYER_ERRORS])
def test_errors_of_layers(error, message, call):
    with raises(error, message):
        call()


def test_flatten_takes_arrays():
    assert nn.Flatten()([[[1.0], [2.0]]]).tolist() == [[1.0, 2.0]]


# ---- clipping --------------------------------------------------------------------------------------------------------


def with_gradients(*gradients):
    tensors = [tw.zeros(g.shape, dtype=g.dtype, requires_grad=True) for g in gradients]
    for t, g in zip(tensors, gradients, strict=True):
        t.grad = g
    return tensors


@pytest.mark.parametrize("clip", [nn.utils.clip_grad_norm_, nn.utils.clip_grad_value_])
def test_clipping_is_all_or_none(clip):
    tensors = with_gradients(tw.full(2, 5.0), read_only(2))
    with raises(ValueError, rf"{clip.__name__}: a gradient, of shape \(2,\), is read-only; none has been changed"):
        clip(tensors, 0.5)
    assert tensors[0].grad.tolist() == [5.0, 5.0]


def test_clipping_of_complex_gradients_is_all_or_none():
    tensors = with_gradients(tw.full(2, 5.0), tw.ones(2, dtype="complex64"))
    with raises(TypeError, "clip_grad_value_: a gradient is complex64, but must be real"):
        nn.utils.clip_grad_value_(tensors, 0.5)
    assert tensors[0].grad.tolist() == [5.0, 5.0]


CLIP_ERRORS = [
    (TypeError, "clip_grad_norm_: max_norm is 'a', but must be a real number", ([], "a")),
    (TypeError, "clip_grad_norm_: norm_type is a ndarray", ([], 1.0, np.ones(2))),
    (TypeError, "clip_grad_norm_: error_if_nonfinite is 'no'", ([], 1.0, 2, "no")),
    (TypeError, "clip_grad_norm_: parameters is 3, but must be a Tensor or an iterable", (3, 1.0)),
    (TypeError, "clip_grad_norm_: parameter 0 is a ndarray, but must be a Tensor", ([np.ones(2)], 1.0)),
    (TypeError, "clip_grad_value_: clip_value is 'a', but must be a real number", ([], "a")),
    (TypeError, "clip_grad_value_: parameter 0 is 3, but must be a Tensor", ([3], 1.0)),
]


@pytest.mark.parametrize(("error", "message", "arguments"), CLIP_ERRORS, ids=[m for _, m, _ in CLIP_ERRORS])
def test_errors_of_clipping(error, message, arguments):
    with raises(error, message):
        getattr(nn.utils, message.partition(":")[0])(*arguments)
