"""Names and order of arguments: PyTorch's in `nn` and `nn.functional`, NumPy's in the array functions."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright import _core, nn
from tilewright._engine.keywords import named

F = nn.functional
X = tw.asarray([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])

# ---- PyTorch's names -------------------------------------------------------------------------------------------------

CALLS = {
    "relu": ((X,), {"input": X}),
    "sigmoid": ((X,), {"input": X}),
    "silu": ((X,), {"input": X}),
    "softplus": ((X,), {"input": X}),
    "tanh": ((X,), {"input": X}),
    "leaky_relu": ((X, 0.5), {"input": X, "negative_slope": 0.5}),
    "elu": ((X, 0.5), {"input": X, "alpha": 0.5}),
    "gelu": ((X, "tanh"), {"input": X, "approximate": "tanh"}),
    "softmax": ((X, 0), {"input": X, "dim": 0}),
    "log_softmax": ((X, 0), {"input": X, "dim": 0}),
    "linear": ((X, X, X[:, 0]), {"input": X, "weight": X, "bias": X[:, 0]}),
    "dropout": ((X, 0.5, False), {"input": X, "p": 0.5, "training": False}),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_take_their_arguments_by_name(name):
    function, (positional, keywords) = getattr(F, name), CALLS[name]
    want = function(*positional)
    for given in range(len(keywords) + 1):  # the first ones by position
        rest = dict(list(keywords.items())[given:])
        got = function(*positional[:given], **rest)
        assert type(got) is tw.Tensor and got.tolist() == want.tolist(), rest


@pytest.mark.parametrize("name", CALLS)
def test_functions_have_the_names_that_pytorch_gives(name):
    torch = pytest.importorskip("torch")
    signature = inspect.signature(getattr(F, name))
    ours = [p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert ours[: len(CALLS[name][1])] == list(CALLS[name][1])
    tensors = {key: torch.tensor(v.tolist()) if isinstance(v, tw.Tensor) else v for key, v in CALLS[name][1].items()}
    torchs = getattr(torch.nn.functional, name)(**tensors)
    np.testing.assert_allclose(torchs.numpy(), getattr(F, name)(**CALLS[name][1]).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.Softmax(dim=1), nn.LogSoftmax(dim=1), nn.Linear(3, 2), nn.Identity(),
    nn.Dropout(0.0), nn.Tanh(), nn.Sigmoid(), nn.SiLU(), nn.GELU(), nn.ELU(), nn.LeakyReLU(), nn.Softplus(),
    nn.PackedLinear(nn.Linear(3, 2))], ids=lambda layer: type(layer).__name__)  # fmt: skip
def test_layers_take_input(layer):
    with tw.no_grad():
        assert layer(input=X).tolist() == layer(X).tolist()


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_axis_is_another_name_of_dim(name):
    function = getattr(F, name)
    assert function(X, axis=0).tolist() == function(X, 0).tolist() == function(axis=0, input=X).tolist()
    message = f"{name}: got both dim and axis, two names of one argument"
    for call in (
        lambda: function(X, 0, axis=0),
        lambda: function(X, dim=0, axis=0),
        lambda: function(X, axis=0, dim=1),
    ):
        with pytest.raises(TypeError, match=message):
            call()
    with pytest.raises(TypeError, match=f"{name}: dim is 'rows', but must be an integer"):
        function(X, axis="rows")


def test_what_only_pytorch_has_takes_its_names():
    index = tw.asarray([[0, 2], [1, 1]])
    for name, rest in (("gather", {}), ("scatter", {"src": X}), ("scatter_add", {"src": X})):
        function = getattr(tw, name)
        want = function(X, 1, index, *rest.values())
        np.testing.assert_array_equal(function(X, dim=1, index=index, **rest), want)
        np.testing.assert_array_equal(function(X, axis=1, indices=index, **rest), want)
    np.testing.assert_array_equal(tw.topk(X, 2, dim=0).values, tw.topk(X, 2, 0).values)
    with pytest.raises(TypeError, match="gather: got both indices and index, two names of one argument"):
        tw.gather(X, 1, indices=index, index=index)


@pytest.mark.parametrize(
    "call",
    [lambda: F.relu(), lambda: F.relu(X, X), lambda: F.relu(x=X), lambda: F.relu(X, input=X), lambda: F.relu(X, axis=0),
     lambda: F.softmax(dim=0), lambda: F.softmax(X, axes=0), lambda: F.linear(X), lambda: F.linear(X, weights=X)],
)  # fmt: skip
def test_wrong_names_are_refused(call):
    with pytest.raises(TypeError, match=r"relu|softmax|linear"):
        call()


def test_gradients_flow_through_calls_by_name():
    x = tw.asarray([1.0, -1.0], requires_grad=True)
    F.softmax(input=F.relu(input=x), dim=0)[0].backward()
    by_name = x.grad.tolist()
    x.grad = None
    F.softmax(F.relu(x), 0)[0].backward()
    assert by_name == x.grad.tolist() != [0.0, 0.0]


def test_a_declared_function_is_a_function():
    """It is pickled, copied, bound and described as those of Python are."""
    for function in (F.relu, F.softmax):
        assert pickle.loads(pickle.dumps(function)) is copy.deepcopy(function) is function
        assert function.__module__ == "tilewright.nn.functional.activations"
        assert inspect.isroutine(function) and "input : array-like" in function.__doc__
        assert next(iter(inspect.signature(function).parameters)) == "input"

    class Layer:
        def __init__(self):
            self.values = [-1.0, 2.0]

        def __array__(self):
            return np.asarray(self.values)

        activation = F.relu

    assert Layer().activation().tolist() == [0.0, 2.0]


def test_named():
    """Positional calls go to the op, those with names to the function, with synonyms replaced."""
    seen = []

    @named(lambda *args: seen.append(args), axis="dim", keepdims="keepdim")
    def function(input, dim=None, keepdim=False):
        seen.append({"input": input, "dim": dim, "keepdim": keepdim})

    function(1, 2)
    function(1, dim=2)
    function(1, axis=2)
    function(input=1, keepdims=True, axis=2)
    function(*[1], **{"".join(["ax", "is"]): 3})
    assert seen == [
        (1, 2),
        {"input": 1, "dim": 2, "keepdim": False},
        {"input": 1, "dim": 2, "keepdim": False},
        {"input": 1, "dim": 2, "keepdim": True},
        {"input": 1, "dim": 3, "keepdim": False},
    ]
    with pytest.raises(TypeError, match="function: got both keepdim and keepdims"):
        function(1, 2, keepdim=True, keepdims=True)
    with pytest.raises(ValueError, match="not in tuple"):
        named(None, axis="dims")(lambda input, dim: None)
    for wrong in (lambda: _core.Function(1, function, ()), lambda: _core.Function(function, function, 1)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError):
        _core.Function(function, function, (1,))(1, dim=1)


# ---- axes by position ------------------------------------------------------------------------------------------------

REDUCTIONS = ("sum", "prod", "max", "min", "any", "all", "argmax", "argmin", "mean", "var", "std")


@pytest.mark.parametrize("name", [*REDUCTIONS, "logsumexp"])
def test_reductions_take_axis_second(name):
    function = getattr(tw, name)
    for axis in (0, 1, -1):
        want = function(X, axis=axis)
        assert function(X, axis).tolist() == want.tolist()
        if name in REDUCTIONS:
            assert getattr(X, name)(axis).tolist() == getattr(X, name)(axis=axis).tolist() == want.tolist()
            np.testing.assert_allclose(getattr(np, name)(X.numpy(), axis), want.numpy(), rtol=1e-5)
    assert function(X, 0, keepdims=True).shape == (1, 3)
    for surplus in (True, "float32", np.float32):  # what NumPy has third there is not taken for what we have
        with pytest.raises(TypeError, match=name):
            function(X, 0, surplus)
        if name in REDUCTIONS:
            with pytest.raises(TypeError, match=name):
                getattr(X, name)(0, surplus)


@pytest.mark.parametrize("name", [*REDUCTIONS, "logsumexp"])
def test_a_second_array_is_no_axis(name):
    """`max(x, y)` is meant for `maximum`, as in other libraries."""
    for other in (X, tw.asarray([0, 1]), np.array([0])):
        with pytest.raises(TypeError, match=f"{name}: axis is an? (Tensor|ndarray), but must be an integer"):
            getattr(tw, name)(X, other)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("concatenate", ([X, X], 1)),
        ("concat", ([X, X], 1)),
        ("stack", ([X, X], 1)),
        ("split", (X, 3, 1)),
        ("flip", (X, 1)),
        ("expand_dims", (X, 1)),
        ("squeeze", (X[:1], 0)),
        ("take", (X, [2, 0], 1)),
        ("take_along_axis", (X, [[1], [0]], 1)),
        ("swapaxes", (X, 0, 1)),
        ("moveaxis", (X, 0, 1)),
        ("permute_dims", (X, (1, 0))),
        ("transpose", (X, (1, 0))),
        ("broadcast_to", (X, (2, 2, 3))),
    ],
)
def test_positions_of_axes_are_those_of_numpy(name, args):
    def numpy(value):
        if isinstance(value, tw.Tensor):
            return value.numpy()
        return [numpy(v) for v in value] if isinstance(value, list) and name != "permute_dims" else value

    got = getattr(tw, name)(*args)
    theirs = [np.asarray(numpy(arg)) if name.startswith("take") and i < 2 else numpy(arg) for i, arg in enumerate(args)]
    want = getattr(np, name)(*theirs)
    if isinstance(got, list):
        assert [g.tolist() for g in got] == [w.tolist() for w in want]
    else:
        assert got.shape == want.shape and got.tolist() == want.tolist()


def test_methods_take_axes_by_position():
    assert X.take([2, 0], 1).tolist() == tw.take(X, [2, 0], axis=1).tolist()
    assert X[:1].squeeze(0).shape == (3,)
    assert X.swapaxes(0, 1).shape == (3, 2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: tw.sum(X, 2), tw.AxisError, "sum: axis 2 is out of bounds"),
        (lambda: X.sum(2), tw.AxisError, "sum: axis 2 is out of bounds"),
        (lambda: X.mean("a"), TypeError, "mean: axis is 'a', but must be an integer"),
        (lambda: tw.concatenate(X, X), TypeError, "concatenate: axis is a Tensor, but must be an integer"),
        (lambda: tw.stack([X], 1.5), TypeError, "stack: axis is 1.5, but must be an integer"),
        (lambda: tw.flip(X, 3), tw.AxisError, "flip: axis 3 is out of bounds"),
        (lambda: tw.take(X, [0], 2), tw.AxisError, "take: axis 2 is out of bounds"),
        (lambda: X.var(0, 1), TypeError, "var"),
    ],
)
def test_errors_name_the_axis(call, error, message):
    with pytest.raises(error, match=message):
        call()
