"""Parametrized weights: how what is learned becomes a weight, and what modules that have such can do."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tilewright as tw
from drawn_layers import array, linear
from tilewright import nn
from tilewright.nn.utils import parametrize as P


class Symmetric(nn.Module):
    def forward(self, x):
        return (x + x.T) / 2

    def right_inverse(self, value):
        return value


class Doubled(nn.Module):
    def forward(self, x):
        return x * 2

    def right_inverse(self, value):
        return value / 2


class Sum(nn.Module):
    """Two tensors."""

    def forward(self, a, b):
        return a + b

    def right_inverse(self, value):
        return value * 0.25, value * 0.75


class OneWay(nn.Module):
    def forward(self, x):
        return x * x


# ---- the mechanism ---------------------------------------------------------------------------------------------------


def test_a_weight_is_computed_from_what_is_learned():
    layer = linear(3, 3)
    weight = layer.weight
    assert P.register_parametrization(layer, "weight", Symmetric()) is layer
    assert type(layer).__name__ == "ParametrizedLinear" and isinstance(layer, nn.Linear)
    assert P.type_before_parametrizations(layer) is nn.Linear
    assert P.is_parametrized(layer) and P.is_parametrized(layer, "weight") and not P.is_parametrized(layer, "bias")
    assert [n for n, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is weight
    x = array(2, 3)
    expected = x @ (array(3, 3) + array(3, 3).T) / 2 + layer.bias.detach().numpy()
    np.testing.assert_allclose(layer(x).detach().numpy(), expected)
    layer(x).sum().backward()
    assert weight.grad is not None
    with pytest.raises(AttributeError, match="ParametrizedLinear: weight is parametrized; use remove_parametrizations"):
        del layer.weight


def test_several_parametrizations_follow_one_another():
    layer = linear(3, 3)
    P.register_parametrization(layer, "weight", Symmetric())
    P.register_parametrization(layer, "weight", Doubled())
    np.testing.assert_allclose(layer.weight.detach().numpy(), array(3, 3) + array(3, 3).T)
    layer.weight = tw.eye(3, dtype="float64")
    assert layer.weight.tolist() == np.eye(3).tolist()
    assert layer.parametrizations.weight.original.tolist() == (np.eye(3) / 2).tolist()


def test_several_attributes_of_one_module():
    layer = linear(3, 3)
    P.register_parametrization(layer, "weight", Symmetric())
    P.register_parametrization(layer, "bias", Doubled())
    np.testing.assert_allclose(layer.bias.detach().numpy(), array(3, seed=1))
    P.remove_parametrizations(layer, "weight")
    assert P.is_parametrized(layer, "bias") and isinstance(layer.weight, nn.Parameter)
    P.remove_parametrizations(layer, "bias")
    assert type(layer) is nn.Linear and not hasattr(layer, "parametrizations")
    assert sorted(layer.state_dict()) == ["bias", "weight"]


def test_what_is_learned_may_be_several_tensors():
    layer = linear(3, 2)
    P.register_parametrization(layer, "weight", Sum())
    assert list(layer.state_dict())[1:] == ["parametrizations.weight.original0", "parametrizations.weight.original1"]
    np.testing.assert_allclose(layer.weight.detach().numpy(), array(2, 3))
    layer.weight = tw.ones((2, 3), dtype="float64")
    assert layer.parametrizations.weight.original0.tolist() == [[0.25] * 3] * 2
    with pytest.raises(ValueError, match="2 tensors are learned instead of 'weight'; none of them can stay"):
        P.remove_parametrizations(layer, "weight", leave_parametrized=False)
    P.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, nn.Parameter) and layer.weight.tolist() == [[1.0] * 3] * 2


@pytest.mark.parametrize("leave", [True, False])
def test_removal_keeps_the_parameter_that_an_optimiser_has(leave):
    layer = linear(3, 3)
    weight = layer.weight
    optimizer = tw.optim.SGD(layer.parameters(), 0.1)
    P.register_parametrization(layer, "weight", Doubled())
    layer(array(2, 3)).sum().backward()
    optimizer.step()
    value, learned = layer.weight.detach().numpy().copy(), weight.detach().numpy().copy()
    P.remove_parametrizations(layer, "weight", leave_parametrized=leave)
    assert layer.weight is weight
    np.testing.assert_array_equal(weight.detach().numpy(), value if leave else learned)


def test_buffers_are_parametrized():
    layer = nn.Module()
    layer.register_buffer("scale", tw.ones(3))
    P.register_parametrization(layer, "scale", Doubled())
    assert list(layer.state_dict()) == ["parametrizations.scale.original"] and not list(layer.parameters())
    assert layer.scale.tolist() == [1.0, 1.0, 1.0]
    P.remove_parametrizations(layer, "scale")
    assert list(layer.state_dict()) == ["scale"]


def test_parametrizations_may_learn_too():
    class Scaled(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(tw.asarray(3.0, dtype="float64"))

        def forward(self, x):
            return x * self.scale

    layer = P.register_parametrization(linear(3, 2), "weight", Scaled())
    assert list(layer.state_dict())[1:] == ["parametrizations.weight.original", "parametrizations.weight.0.scale"]
    layer(tw.ones((1, 3), dtype="float64")).sum().backward()
    np.testing.assert_allclose(layer.parametrizations.weight[0].scale.grad.item(), array(2, 3).sum())


def test_an_unsafe_one_may_change_the_shape():
    class Wider(nn.Module):
        def forward(self, x):
            return tw.concatenate([x, x], axis=1)

    layer = linear(3, 2)
    with pytest.raises(ValueError, match=r"Wider: the result has shape \(2, 6\), but must have \(2, 3\)"):
        P.register_parametrization(layer, "weight", Wider())
    assert type(layer) is nn.Linear and isinstance(layer.weight, nn.Parameter)
    P.register_parametrization(layer, "weight", Wider(), unsafe=True)
    assert layer(tw.ones((1, 6), dtype="float64")).shape == (1, 2)


ERRORS = [
    (TypeError, "register_parametrization: module is 3", lambda: P.register_parametrization(3, "weight", OneWay())),
    (TypeError, "tensor_name is 3", lambda: P.register_parametrization(nn.Linear(3, 2), 3, OneWay())),
    (
        TypeError,
        "parametrization is a function",
        lambda: P.register_parametrization(linear(3, 2), "weight", lambda x: x),
    ),
    (
        ValueError,
        "Linear has no parameter or buffer 'w'",
        lambda: P.register_parametrization(linear(3, 2), "w", OneWay()),
    ),
    (ValueError, "'weight' of Linear is not parametrized", lambda: P.remove_parametrizations(linear(3, 2), "weight")),
    (TypeError, "tensor_name is 3, but must be a str", lambda: P.is_parametrized(linear(3, 2), 3)),
    (ValueError, "there are no parametrizations", lambda: P.ParametrizationList([], tw.ones(2))),
    (TypeError, "original is 3, but must be a Tensor", lambda: P.ParametrizationList([OneWay()], 3)),
    (
        TypeError,
        "Lambda: the result is 3, but must be a Tensor",
        lambda: P.register_parametrization(linear(3, 2), "weight", computing(lambda x: 3)),
    ),
    (
        TypeError,
        "Lambda: the result has dtype float32, but must have float64",
        lambda: P.register_parametrization(linear(3, 2), "weight", computing(lambda x: x.astype("float32"))),
    ),
    (
        TypeError,
        "Lambda: an entry of what right_inverse gives is 3",
        lambda: P.register_parametrization(linear(3, 2), "weight", computing(lambda x: x, lambda v: (v, 3))),
    ),
]


def computing(forward, right_inverse=None):
    body = {"forward": lambda self, *x: forward(*x)}
    if right_inverse:
        body["right_inverse"] = lambda self, v: right_inverse(v)
    return type("Lambda", (nn.Module,), body)()


@pytest.mark.parametrize(("error", "message", "call"), ERRORS, ids=[m for _, m, _ in ERRORS])
def test_errors(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_a_refused_parametrization_changes_nothing():
    layer = linear(3, 3)
    P.register_parametrization(layer, "weight", Doubled())
    before = {name: value.tolist() for name, value in layer.state_dict().items()}
    for wrong in (computing(lambda x: x[:2]), computing(lambda x: x, lambda v: v[:2])):
        with pytest.raises(ValueError, match=r"has shape \(2, 3\), but must have \(3, 3\)"):
            P.register_parametrization(layer, "weight", wrong)
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == before
    assert len(layer.parametrizations.weight) == 1


def test_assignment_is_all_or_none():
    layer = P.register_parametrization(linear(3, 2), "weight", OneWay())
    with pytest.raises(RuntimeError, match="OneWay: has no right_inverse, so what it computes cannot be assigned"):
        layer.weight = tw.ones((2, 3), dtype="float64")
    layer = nn.utils.weight_norm(linear(3, 2))
    before = {name: value.tolist() for name, value in layer.state_dict().items()}
    with pytest.raises(ValueError, match=r"right_inverse: original1: the result has shape \(2, 4\)"):
        layer.weight = tw.ones((2, 4), dtype="float64")
    with pytest.raises(TypeError, match="right_inverse: value is 3, but must be a Tensor"):
        layer.weight = 3
    assert {name: value.tolist() for name, value in layer.state_dict().items()} == before
    layer.weight = nn.Parameter(tw.ones((2, 3), dtype="float64"))
    np.testing.assert_allclose(layer.weight.detach().numpy(), np.ones((2, 3)))


def test_errors_name_the_parametrization():
    class Fails(nn.Module):
        def forward(self, x):
            if not tw.autograd.is_grad_enabled():
                return x
            raise KeyError("inside")

    net = nn.Sequential(nn.Tanh(), P.register_parametrization(linear(3, 2), "weight", Fails()))
    with pytest.raises(KeyError) as caught:
        net(array(1, 3))
    assert caught.value.__notes__ == ["in layer Sequential.1.parametrizations.weight.0: Fails()"]


def test_values_are_cached_until_something_is_written():
    calls = []

    class Counted(Doubled):
        def forward(self, x):
            calls.append(1)
            return super().forward(x)

    layer = P.register_parametrization(linear(3, 2), "weight", Counted())
    optimizer = tw.optim.SGD(layer.parameters(), 0.1)
    calls.clear()
    with P.cached():
        with P.cached():
            assert layer.weight is layer.weight
        layer(array(1, 3)).sum().backward()
        assert len(calls) == 1
        with tw.no_grad():
            assert not layer.weight.requires_grad and len(calls) == 2
        optimizer.step()
        np.testing.assert_array_equal(layer.weight.detach(), 2 * layer.parametrizations.weight.original.detach())
        assert len(calls) == 3
        layer.astype("float32")
        assert layer.weight.dtype == tw.float32 and layer.weight.requires_grad
        layer.requires_grad_(False)
        assert not layer.weight.requires_grad
    assert layer.weight is not layer.weight


def test_classes_go_with_their_modules():
    class Own(nn.Linear):
        pass

    layer = P.register_parametrization(Own(3, 3), "weight", Symmetric())
    assert type(P.register_parametrization(Own(3, 3), "weight", Doubled())) is type(layer)
    gone = weakref.ref(type(layer))
    del layer, Own
    gc.collect()
    assert gone() is None


# ---- what modules can do ---------------------------------------------------------------------------------------------


def normed():
    return nn.Sequential(nn.utils.weight_norm(linear(3, 4)), nn.Tanh(), nn.utils.spectral_norm(linear(4, 2))).eval()


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_parametrized_modules_can_be_copied(twin):
    net = normed()
    other = twin(net)
    x = array(5, 3)
    assert [type(m) for m in other.modules()] == [type(m) for m in net.modules()]
    np.testing.assert_array_equal(other(x).detach().numpy(), net(x).detach().numpy())
    if twin is not copy.copy:
        for mine, theirs in zip(net.parameters(), other.parameters(), strict=True):
            assert mine is not theirs
        P.remove_parametrizations(other[0], "weight")
        assert P.is_parametrized(net[0]) and type(other[0]) is nn.Linear


def test_parametrized_modules_are_saved_and_loaded(tmp_path):
    net, other = normed(), normed()
    for parameter in net.parameters():
        tw.nn.init.uniform_(parameter, 0.5, 1.5)
    tw.io.save(tmp_path / "net.safetensors", net)
    other.load_state_dict(tw.io.load(tmp_path / "net.safetensors"))
    np.testing.assert_array_equal(other(array(5, 3)).detach().numpy(), net(array(5, 3)).detach().numpy())


def test_conversion_freezing_and_summary():
    net = normed()
    net.astype("float32")
    assert {t.dtype.name for t in net.state_dict().values()} == {"float32"} and net[0].weight.dtype == tw.float32
    net.to("cpu").requires_grad_(False)
    assert not net[0].weight.requires_grad and not net(tw.ones((1, 3))).requires_grad
    net.requires_grad_()
    net(tw.ones((1, 3))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    rows = net.summary((1, 3)).layers
    assert [(row.path, row.kind, row.parameters) for row in rows[1:]] == [
        ("0", "ParametrizedLinear", 20),
        ("1", "Tanh", 0),
        ("2", "ParametrizedLinear", 10),
    ]
    assert "(0): WeightNorm(dim=0)" in repr(net) and "SpectralNorm(n_power_iterations=1, eps=1e-12, dim=0)" in repr(net)


def test_an_initialiser_and_an_optimiser_work_on_what_is_learned():
    net = normed()
    optimizer = tw.optim.SGD(net.parameters(), 0.05)
    x, target = array(16, 3), array(16, 2, seed=3)
    losses = []
    for _ in range(30):
        loss = ((net.train()(x) - target) ** 2).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < 0.9 * losses[0]
