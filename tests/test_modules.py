"""The templates for modules: each runs over every case of `cases/modules.py`; with PyTorch where it is installed."""

from __future__ import annotations

import contextlib
import copy
import inspect
import pickle

import numpy as np
import pytest

import tilewright as tw
from cases.modules import CASES, WITHOUT, ModuleCase, is_array
from cases.opcase import assert_close, results, to_numpy
from tilewright import nn
from tilewright.nn import functional as F


def each(cases):
    return pytest.mark.parametrize("case", list(cases), ids=str)


def values(y) -> list[np.ndarray]:
    return [np.asarray(r.detach().astype("float64")) for r in results(y)]


def same_bits(got, want, context=""):
    for g, w in zip(results(got), results(want), strict=True):
        assert g.dtype == w.dtype and g.shape == w.shape, context
        assert np.asarray(g.detach()).tobytes() == np.asarray(w.detach()).tobytes(), context


def test_every_module_has_a_case():
    public = {
        name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)
    }
    tested = {case.name for case in CASES}
    assert public - tested - set(WITHOUT) == set(), "add a line to tests/cases/modules.py"
    assert tested | set(WITHOUT) == public and not tested & set(WITHOUT)


# ---- values ----------------------------------------------------------------------------------------------------------


@each(CASES)
def test_it_is_its_function(case):
    module, inputs = case.make(), case.draw()
    assert type(module) is getattr(nn, case.name)
    got, want = module(*inputs), case.expected(module, inputs)
    if case.exact:
        same_bits(got, want)
        return
    for g, w in zip(results(got), results(want), strict=True):
        assert g.dtype == w.dtype
        assert_close(g, to_numpy(w), case.tolerance, "forward")


def tracked(inputs, asarray):
    """Leaves of either library for what is drawn."""
    return [asarray(np.asarray(x), requires_grad=x.dtype.is_floating) for x in inputs]


def torchs(value):
    import torch

    return torch.tensor(np.asarray(value.detach()))


def to_torch(value, requires_grad=False):
    import torch

    return torch.tensor(value, requires_grad=requires_grad)


@each(case for case in CASES if case.torch)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.filterwarnings("ignore:enable_nested_tensor is True")
def test_it_is_pytorchs(case):
    """Results and gradients, from the same state dict, which each side takes from the other."""
    torch = pytest.importorskip("torch")
    ours, theirs = case.make(), case.make_torch(torch)
    theirs.load_state_dict({name: torchs(value) for name, value in ours.state_dict().items()})
    for value in theirs.state_dict().values():
        if value.is_floating_point():
            value.mul_(0.9)
    ours.load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in ours.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), theirs.state_dict()[name].numpy())

    drawn = case.draw()
    a, b = tracked(drawn, tw.asarray), tracked(drawn, to_torch)
    got, want = results(ours(*a)), results(theirs(*b))
    rng = np.random.default_rng(7)
    for g, w in zip(got, want, strict=True):
        assert_close(g, w.detach().numpy(), case.tolerance, "forward")
        cotangent = rng.standard_normal(g.shape).astype("float32")
        if g.requires_grad:
            g.backward(tw.asarray(cotangent), retain_graph=True)
            w.backward(torch.tensor(cotangent), retain_graph=True)
    for name, value in theirs.state_dict().items():
        if value.is_floating_point():
            assert_close(ours.state_dict()[name], value.numpy(), case.tolerance, f"{name} after a call")
    parameters = dict(theirs.named_parameters())
    pairs = [(f"input {i}", p, q) for i, (p, q) in enumerate(zip(a, b, strict=True))]
    pairs += [(name, p, parameters.pop(name)) for name, p in ours.named_parameters()]
    assert not parameters
    for name, p, q in pairs:
        assert (p.grad is None) == (q.grad is None), name
        if p.grad is not None:
            assert_close(p.grad, q.grad.numpy(), case.tolerance, f"gradient of {name}")


@contextlib.contextmanager
def in_place_of_parameters(module, tensors):
    """The module with other tensors where its parameters are."""
    places = [
        (owner, name, value)
        for owner in module.modules()
        for name, value in vars(owner).items()
        if isinstance(value, nn.Parameter)
    ]
    for (owner, name, _), tensor in zip(places, tensors, strict=True):
        vars(owner)[name] = tensor
    yield
    for owner, name, value in places:
        vars(owner)[name] = value


@each(case for case in CASES if case.grad)
def test_gradients(case):
    """Of inputs and parameters, against finite differences in double precision."""
    module = case.make().double()
    inputs, parameters = case.draw("float64"), [p.detach() for p in module.parameters()]

    def function(inputs, parameters):
        with in_place_of_parameters(module, parameters):
            return module(*inputs)

    tw.testing.check_grads(function, inputs, parameters, order=case.grad)


# ---- what all modules can do -----------------------------------------------------------------------------------------


@each(CASES)
def test_modes(case):
    module, inputs = case.make(), case.draw()
    assert module.eval() is module and not any(m.training for m in module.modules())
    still = module(*inputs)
    same_bits(module(*inputs), still)
    assert module.train() is module and all(m.training for m in module.modules())
    moving = module(*inputs)
    if case.random:
        assert any((a != b).any() for a, b in zip(values(moving), values(still), strict=True))
        assert any((a != b).any() for a, b in zip(values(module(*inputs)), values(moving), strict=True))
    elif case.moves:
        assert any((a != b).any() for a, b in zip(values(moving), values(still), strict=True))
        after = module.eval()(*inputs)
        assert any((a != b).any() for a, b in zip(values(after), values(still), strict=True))
        same_bits(module(*inputs), after)
    else:
        same_bits(moving, still)


def shaken(case: ModuleCase) -> nn.Module:
    """The module with other floating parameters and buffers than those it starts with."""
    module = case.make()
    with tw.no_grad():
        for i, value in enumerate((*module.parameters(), *module.buffers())):
            if value.dtype.is_floating:
                value.copy_(value * 0.5 + 0.25 / (i + 1))
    return module


@each(CASES)
def test_state_dicts_make_the_trip(case):
    source, target, inputs = shaken(case), case.make(), case.draw()
    assert target.load_state_dict({name: value.numpy() for name, value in source.state_dict().items()}) == ([], [])
    same_bits(target(*inputs), source(*inputs))
    for name, value in source.state_dict().items():
        assert (target.state_dict()[name] == value).all(), name


@each(CASES)
def test_copies_and_pickles(case):
    """They compute the same, and share nothing."""
    module, inputs = shaken(case), case.draw()
    before = module(*inputs)
    for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert type(twin) is type(module) and repr(twin) == repr(module) and twin.training == module.training
        same_bits(twin(*inputs), before)
        assert [p.requires_grad for p in twin.parameters()] == [p.requires_grad for p in module.parameters()]
        with tw.no_grad():
            for value in (*twin.parameters(), *twin.buffers()):
                value.zero_()
        same_bits(module(*inputs), before)


@each(CASES)
def test_printed_form_names_the_arguments(case):
    text = repr(case.make())
    assert text.startswith(f"{case.name}(") and text.endswith(")")
    for name, value in case.arguments.items():
        if not is_array(value) and name not in case.unshown:
            assert f"{name}={value!r}" in text


@each(CASES)
def test_dtypes(case):
    """Converted, it computes in that dtype what it computes in float64 from the same numbers; and back."""
    for dtype in ("float64", "float16", "bfloat16"):
        module = case.make().astype(dtype)
        held = [v for v in (*module.parameters(), *module.buffers()) if v.dtype.is_floating]
        assert all(v.dtype.name == dtype for v in held)
        inputs = case.draw(dtype)
        got = results(module(*inputs))
        exact = copy.deepcopy(module).double()
        want = results(exact(*[x.astype("float64") if x.dtype.is_floating else x for x in inputs]))
        for g, w in zip(got, want, strict=True):
            assert not g.dtype.is_floating or g.dtype.name == dtype
            assert_close(g, to_numpy(w), case.tolerance, dtype)
    module, inputs = case.make(), case.draw()
    same_bits(copy.deepcopy(module).double().float()(*inputs), module(*inputs))


@each(case for case in CASES if all(a.dtype is None for a in case.inputs))
def test_summary(case):
    module, inputs = case.make(), case.draw()
    summary = module.summary(*[x.shape for x in inputs])
    head, _, line, *_, last = summary.splitlines()
    assert head.split()[:3] == ["layer", "output", "shape"]
    count = sum(p.size for p in module.parameters())
    own = sum(p.size for p in vars(module).values() if isinstance(p, nn.Parameter))
    shapes = ", ".join(str(y.shape) for y in results(module(*inputs)))
    row = summary.layers[0]
    assert (row.path, row.kind, row.output_shape, row.parameters) == ("", case.name, shapes, own)
    assert line.split()[: 1 + len(shapes.split())] == [case.name, *shapes.split()]
    assert f"{own:,}" in line.split() or not own
    assert row.connections is not None and row.multiply_adds is not None
    assert last.startswith(f"{count:,} parameters, {count:,} of them trainable")


@pytest.mark.parametrize("expected", [pytest.param(e, id=f"{c}-{i}") for c in CASES for i, e in enumerate(c.errors)])
def test_errors(expected):
    with pytest.raises(expected.error, match=expected.message):
        expected.call()


# ---- the templates ---------------------------------------------------------------------------------------------------

# What each must notice: in which class, which method, and what it does wrong.
FAULTS = {
    test_it_is_its_function: (nn.ELU, "forward", lambda self, x: F.elu(x)),
    test_it_is_pytorchs: (nn.Linear, "forward", lambda self, x: F.linear(x, self.weight.detach(), self.bias)),
    test_gradients: (nn.Linear, "forward", lambda self, x: F.linear(x, self.weight, self.bias.detach())),
    test_modes: (nn.Dropout, "forward", lambda self, x: F.dropout(x, self.p, training=False)),
    test_state_dicts_make_the_trip: (nn.Linear, "load_state_dict", lambda self, state: ([], [])),
    test_copies_and_pickles: (nn.Linear, "__deepcopy__", lambda self, memo: self),
    test_printed_form_names_the_arguments: (nn.ELU, "extra_repr", lambda self: ""),
    test_dtypes: (nn.Linear, "forward", lambda self, x: F.linear(x.astype("float32"), self.weight, self.bias)),
    test_summary: (
        nn.Linear,
        "parameters",
        lambda self, recurse=True: nn.Module.parameters(self) if recurse else iter([]),
    ),
}


@pytest.mark.parametrize("template", FAULTS, ids=lambda f: f.__name__)
def test_faults_are_found(template, monkeypatch):
    cls, method, wrong = FAULTS[template]
    case = next(case for case in CASES if case.name == cls.__name__)
    template(case)
    monkeypatch.setattr(cls, method, wrong, raising=False)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        template(case)
