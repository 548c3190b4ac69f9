"""Weight norm and spectral norm: gradients against finite differences and, where it is installed, against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from drawn_layers import array, linear
from tilewright import nn
from tilewright.testing import check_grads

# ---- weight norm -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1, -1, None])
def test_weight_norm_learns_norms_and_directions(dim):
    layer = nn.utils.weight_norm(linear(3, 2), dim=dim)
    g, v = layer.parametrizations.weight.originals
    axes = {0: 1, 1: 0, -1: 0, None: None}[dim]
    np.testing.assert_allclose(g.detach().numpy(), np.sqrt((array(2, 3) ** 2).sum(axes, keepdims=dim is not None)))
    np.testing.assert_array_equal(v.detach().numpy(), array(2, 3))
    np.testing.assert_allclose(layer.weight.detach().numpy(), array(2, 3))
    norm = nn.utils.parametrizations.WeightNorm(dim if dim is None else dim % 2)
    check_grads(norm.forward, tw.asarray(array(*g.shape, seed=4) + 3), tw.asarray(array(2, 3)), order=2)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 300.0])
def test_weight_norm_of_half_precision(scale):
    """Squares of small and of large weights are beyond float16."""
    layer = nn.Linear(3, 2)
    layer.load_state_dict({"weight": scale * array(2, 3), "bias": [0.0, 0.0]})
    nn.utils.weight_norm(layer.half())
    np.testing.assert_allclose(layer.weight.detach().numpy(), scale * array(2, 3), rtol=4e-3)
    assert layer.weight.dtype == tw.float16 == layer.parametrizations.weight.original0.dtype


def test_weight_norm_comes_off():
    layer = nn.utils.weight_norm(linear(3, 2))
    before = layer.weight.detach().numpy()
    assert nn.utils.remove_weight_norm(layer) is layer and type(layer) is nn.Linear
    np.testing.assert_array_equal(layer.weight.detach().numpy(), before)
    with pytest.raises(ValueError, match="remove_weight_norm: 'weight' of Linear is not parametrized by a WeightNorm"):
        nn.utils.remove_weight_norm(layer)
    with pytest.raises(ValueError, match="remove_weight_norm: 'weight' of ParametrizedLinear is not"):
        nn.utils.remove_weight_norm(nn.utils.spectral_norm(layer))


NORM_ERRORS = [
    (TypeError, "weight_norm: module is 3, but must be a Module", lambda: nn.utils.weight_norm(3)),
    (ValueError, "weight_norm: Linear has no parameter 'w'", lambda: nn.utils.weight_norm(linear(3, 2), "w")),
    (
        tw.AxisError,
        r"weight_norm: dim 2 is out of bounds .* \(2, 3\)",
        lambda: nn.utils.weight_norm(linear(3, 2), dim=2),
    ),
    (TypeError, "spectral_norm: name is 3", lambda: nn.utils.spectral_norm(linear(3, 2), 3)),
    (ValueError, "n_power_iterations is 0", lambda: nn.utils.spectral_norm(linear(3, 2), n_power_iterations=0)),
    (ValueError, "spectral_norm: eps is -1", lambda: nn.utils.spectral_norm(linear(3, 2), eps=-1)),
    (tw.AxisError, "spectral_norm: dim -3 is out", lambda: nn.utils.spectral_norm(linear(3, 2), dim=-3)),
    (ValueError, r"spectral_norm: weight has shape \(2, 0\)", lambda: nn.utils.spectral_norm(nn.Linear(0, 2))),
]


@pytest.mark.parametrize(("error", "message", "call"), NORM_ERRORS, ids=[m for _, m, _ in NORM_ERRORS])
def test_errors_of_norms(error, message, call):
    with pytest.raises(error, match=message):
        call()


# ---- spectral norm ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dim", [0, 1])
def test_the_largest_singular_value_becomes_one(dim):
    layer = nn.Linear(6, 4, dtype="float64")
    layer.weight = nn.Parameter(array(4, 6))
    nn.utils.spectral_norm(layer, n_power_iterations=50, dim=dim)
    np.testing.assert_allclose(np.linalg.svd(layer.weight.detach().numpy(), compute_uv=False)[0], 1)
    matrix = layer.parametrizations.weight[0]
    assert (matrix._u.size, matrix._v.size) == ((4, 6), (6, 4))[dim]


def test_more_axes_are_seen_as_a_matrix():
    layer = nn.Module()
    layer.weight = nn.Parameter(array(3, 2, 4))
    nn.utils.spectral_norm(layer, n_power_iterations=50, dim=1)
    matrix = np.moveaxis(layer.weight.detach().numpy(), 1, 0).reshape(2, 12)
    np.testing.assert_allclose(np.linalg.svd(matrix, compute_uv=False)[0], 1)


def test_vectors_are_divided_by_their_length():
    layer = nn.utils.spectral_norm(linear(3, 2), "bias")
    assert list(layer.state_dict()) == ["weight", "parametrizations.bias.original"]
    np.testing.assert_allclose(np.linalg.norm(layer.bias.detach().numpy()), 1)


def test_the_vectors_move_in_training_only():
    layer = nn.utils.spectral_norm(nn.Linear(6, 4), generator=tw.random.Generator(5))
    u = layer.parametrizations.weight[0]._u

    def moves():
        before = u.tolist()
        value = layer.weight
        return value, u.tolist() != before

    nn.init.uniform_(layer.parametrizations.weight.original, -1, 1, tw.random.Generator(3))
    value, moved = moves()
    assert moved
    value.sum().backward()  # although the vectors may have moved since
    layer.eval()
    value, moved = moves()
    assert not moved
    layer.train()
    assert moves()[1]
    value.sum().backward()


def test_a_checkpoint_moves_the_vectors_once():
    def run(wrap):
        layer = nn.utils.spectral_norm(linear(6, 4), generator=tw.random.Generator(5))
        nn.init.uniform_(layer.parametrizations.weight.original, -1, 1, tw.random.Generator(3))
        wrap(layer, tw.asarray(array(2, 6))).sum().backward()
        return {name: value.tolist() for name, value in layer.state_dict().items()}, [
            p.grad.tolist() for p in layer.parameters()
        ]

    assert run(lambda layer, x: layer(x)) == run(tw.autograd.checkpoint)


def test_gradients_of_spectral_norm():
    layer = nn.utils.spectral_norm(linear(4, 3)).eval()
    check_grads(layer.parametrizations.weight[0].forward, tw.asarray(array(3, 4)), order=2)


# ---- against PyTorch -------------------------------------------------------------------------------------------------


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def as_arrays(module):
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


KINDS = {
    "weight": lambda utils, layer: utils.weight_norm(layer),
    "weight, dim 1": lambda utils, layer: utils.weight_norm(layer, dim=1),
    "weight, all": lambda utils, layer: utils.weight_norm(layer, dim=None),
    "weight of the bias": lambda utils, layer: utils.weight_norm(layer, "bias"),
    "spectral": lambda utils, layer: utils.spectral_norm(layer),
    "spectral, dim 1": lambda utils, layer: utils.spectral_norm(layer, n_power_iterations=3, dim=1),
    "spectral of the bias": lambda utils, layer: utils.spectral_norm(layer, "bias", eps=1e-3),
    "both": lambda utils, layer: utils.spectral_norm(utils.weight_norm(layer)),
}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_norms_are_pytorchs(torch, kind, order, monkeypatch):
    """The saved weights load, and results, buffers and gradients are the same over two steps."""
    if order == 2:  # PyTorch's own second derivatives of its weight norm are wrong: they fail its gradgradcheck
        monkeypatch.setattr(torch, "_weight_norm", lambda v, g, dim: v * (g / torch.norm_except_dim(v, 2, dim)))
    theirs = KINDS[kind](torch.nn.utils.parametrizations, torch.nn.Linear(4, 3).double())
    ours = KINDS[kind](nn.utils.parametrizations, nn.Linear(4, 3, dtype="float64"))
    with torch.no_grad():
        for i, parameter in enumerate(theirs.parameters()):
            parameter.copy_(torch.tensor(array(*parameter.shape, seed=i)))
    state = as_arrays(theirs)
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict(state)
    for training in (True, True, False):
        results = []
        for net, x, grad in (
            (ours, tw.asarray(array(5, 4)), tw.autograd.gradients),
            (theirs, torch.tensor(array(5, 4)), torch.autograd.grad),
        ):
            inputs = [x.requires_grad_(True), *net.train(training).parameters()]
            y = net(x)
            first = grad((y**3).sum(), inputs, create_graph=True)
            second = grad(sum((g * g).sum() for g in first), inputs)
            results.append([t.detach().numpy() for t in (y, *first, *(second if order == 2 else ()))])
        for mine, other in zip(*results, strict=True):
            np.testing.assert_allclose(mine, other, rtol=1e-9, atol=1e-9)
    for name, value in as_arrays(theirs).items():
        np.testing.assert_allclose(ours.state_dict()[name].numpy(), value, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_what_pytorchs_older_functions_saved_loads(torch):
    older = {
        "weight_g": "parametrizations.weight.original0",
        "weight_v": "parametrizations.weight.original1",
        "weight_orig": "parametrizations.weight.original",
        "weight_u": "parametrizations.weight.0._u",
        "weight_v_": "parametrizations.weight.0._v",
    }
    theirs = torch.nn.utils.weight_norm(torch.nn.Linear(4, 3))
    ours = nn.utils.weight_norm(nn.Linear(4, 3))
    ours.load_state_dict({older.get(name, name): value for name, value in as_arrays(theirs).items()})
    np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-5)
    theirs = torch.nn.utils.spectral_norm(torch.nn.Linear(4, 3)).eval()
    ours = nn.utils.spectral_norm(nn.Linear(4, 3)).eval()
    state = {name.replace("weight_v", "weight_v_"): value for name, value in as_arrays(theirs).items()}
    ours.load_state_dict({older.get(name, name): value for name, value in state.items()})
    x = array(5, 4).astype("float32")
    with torch.no_grad():
        np.testing.assert_allclose(ours(x).detach().numpy(), theirs(torch.tensor(x)).numpy(), rtol=1e-5, atol=1e-6)
