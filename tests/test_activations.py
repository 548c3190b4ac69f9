"""Activations: against PyTorch where it is installed, as functions and as modules; what the op cases do not reach."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

import tilewright as tw
from test_nn import compare
from tilewright import nn

F = nn.functional
INF, NAN = math.inf, math.nan

# name: the positional arguments after the first of each call to compare; the same in both libraries
FUNCTIONS: dict[str, list[tuple]] = {
    "relu": [()],
    "sigmoid": [()],
    "silu": [()],
    "tanh": [()],
    "leaky_relu": [(0.2,)],
    "elu": [(1.5,)],
    "celu": [(), (1.5,), (-0.5,)],
    "selu": [()],
    "gelu": [()],
    "mish": [()],
    "softplus": [(1.0, 20.0), (2.0, 3.0)],
    "softsign": [()],
    "tanhshrink": [()],
    "logsigmoid": [()],
    "hardtanh": [(), (-0.5, 2.0)],
    "relu6": [()],
    "hardsigmoid": [()],
    "hardswish": [()],
    "hardshrink": [(), (1.0,)],
    "softshrink": [(), (1.0,)],
    "threshold": [(0.5, -2.0)],
    "rrelu": [(0.1, 0.4)],
    "softmax": [(1,)],
    "log_softmax": [(0,)],
    "softmin": [(1,)],
    "glu": [(), (1,)],
}
MODULES = [
    nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(1.5), nn.CELU(0.5), nn.SELU(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(),
    nn.Mish(), nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.Softplus(2.0, 1.0), nn.Softsign(), nn.Tanhshrink(),
    nn.LogSigmoid(), nn.Hardtanh(-0.5, 2.0), nn.ReLU6(), nn.Hardsigmoid(), nn.Hardswish(), nn.Hardshrink(1.0),
    nn.Softshrink(1.0), nn.Threshold(0.5, -2.0), nn.Softmax(0), nn.LogSoftmax(1), nn.Softmin(1), nn.Softmax2d(),
    nn.GLU(-1),
]  # fmt: skip


def numbers(*shape, scale=2.5):
    return np.random.default_rng(7).normal(size=shape, scale=scale).astype("float32")


@pytest.mark.parametrize(
    ("name", "given"), [pytest.param(n, given, id=f"{n}{given}") for n, calls in FUNCTIONS.items() for given in calls]
)
def test_functions_are_pytorchs(name, given):
    compare(
        lambda x: getattr(F, name)(x, *given), lambda t, x: getattr(t.nn.functional, name)(x, *given), numbers(7, 18)
    )


@pytest.mark.parametrize("module", MODULES, ids=repr)
def test_modules_are_pytorchs(module):
    given = {k: v for k, v in vars(module).items() if k != "training"}
    compare(module, lambda t, x: getattr(t.nn, type(module).__name__)(**given)(x), numbers(5, 3, 4))


@pytest.mark.parametrize("weight", [numbers(1), numbers(3)], ids=["one", "channels"])
@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4), (2, 3, 4, 2)], ids=str)
def test_prelu_is_pytorchs(shape, weight):
    compare(F.prelu, lambda t, x, w: t.nn.functional.prelu(x, w), numbers(*shape), weight)


def test_prelu_has_pytorchs_state_dict():
    torch = pytest.importorskip("torch")
    theirs, ours = torch.nn.PReLU(3, 0.1), nn.PReLU(3)
    ours.load_state_dict({name: value.detach().numpy() for name, value in theirs.state_dict().items()})
    compare(ours, lambda t, x: theirs(x), numbers(2, 3, 4))
    assert repr(nn.PReLU(3)) == repr(theirs)


GATES = {"reglu": "relu", "geglu": "gelu", "swiglu": "silu"}


@pytest.mark.parametrize("name", GATES)
def test_gated_units_are_products(name):
    """PyTorch has the gates, not these."""

    def theirs(t, x):
        a, b = x.chunk(2, 1)
        return a * getattr(t.nn.functional, GATES[name])(b)

    module = {"reglu": nn.ReGLU, "geglu": nn.GEGLU, "swiglu": nn.SwiGLU}[name](1)
    for ours in (lambda x: getattr(F, name)(x, dim=1), module):
        compare(ours, theirs, numbers(3, 4, 2))


@pytest.mark.parametrize(
    ("name", "at", "values", "slopes"),
    [
        ("mish", [-INF, INF, -1e4], [0, INF, 0], [0, 1, 0]),
        ("softsign", [-INF, INF, 1e15], [-1, 1, 1], [0, 0, 1e-30]),
        ("tanhshrink", [-INF, INF, 1e-12], [-INF, INF, 1e-36 / 3], [1, 1, 1e-24]),
        ("logsigmoid", [-INF, INF, -1e4, 1e4], [-INF, 0, -1e4, 0], [1, 0, 1, 0]),
        ("selu", [-INF, INF], [-1.7580993408473766, INF], [0, 1.0507009873554805]),
        ("celu", [-INF, INF], [-1, INF], [0, 1]),
        ("softplus", [-INF, INF, -1e4, 1e4], [0, INF, 0, 1e4], [0, 1, 0, 1]),
        ("hardswish", [-INF, -3, 0, 3, INF], [0, 0, 0, 3, INF], [0, 0, 0.5, 1, 1]),
        ("hardsigmoid", [-INF, -3, 3, INF], [0, 0, 1, 1], [0, 0, 0, 0]),
        ("hardtanh", [-INF, -1, 1, INF], [-1, -1, 1, 1], [0, 0, 0, 0]),
        ("relu6", [-INF, 0, 6, INF], [0, 0, 6, 6], [0, 0, 0, 0]),
        ("hardshrink", [-INF, -0.5, 0.5, INF], [-INF, 0, 0, INF], [1, 0, 0, 1]),
        ("softshrink", [-INF, -0.5, 0.5, INF], [-INF, 0, 0, INF], [1, 0, 0, 1]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_limits_and_kinks(name, at, values, slopes, dtype):
    """The side of a kink is PyTorch's; at infinity there are limits, where PyTorch has NaN for three of these."""
    x = tw.asarray(at, dtype=dtype, requires_grad=True)
    y = getattr(F, name)(x)
    y.sum().backward()
    np.testing.assert_allclose(y.detach().numpy(), values, rtol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_bounds_that_the_dtype_rounds(dtype):
    """What was cut off has no gradient, also where the result is nearer to 0 than the bound."""
    x = tw.asarray([-3.0, -0.5, 0.5, 3.0], dtype=dtype, requires_grad=True)
    F.hardtanh(x, -0.7, 2.1).sum().backward()
    np.testing.assert_array_equal(x.grad.astype("float32").numpy(), [0, 1, 1, 0])


@pytest.mark.parametrize(
    "name", [name for name in FUNCTIONS if name not in ("softmax", "log_softmax", "softmin", "glu")]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_nan_comes_through(name, dtype):
    (given, *_) = FUNCTIONS[name]
    assert math.isnan(getattr(F, name)(tw.asarray([NAN], dtype=dtype), *given).astype("float64").item())


def test_threshold_of_softplus():
    """From there on it is the identity; without one it is exact, where PyTorch's is off by 2e-9."""
    x = tw.asarray([21.0], dtype="float64")
    assert F.softplus(x, threshold=20.0).item() == 21.0
    assert F.softplus(x).item() == 21.0 + math.log1p(math.exp(-21.0))
    assert F.softplus(x * 0.5, 2.0, 20.0).item() == 10.5
    assert F.softplus(tw.asarray([3e38, -3e38]), 4.0).tolist() == [tw.asarray(3e38).item(), 0.0]


# ---- random slopes ---------------------------------------------------------------------------------------------------


def test_random_slopes():
    x = tw.full((2000,), -1.0, dtype="float64").requires_grad_()
    x_and = tw.concatenate([x, tw.ones(5, dtype="float64")])
    y = F.rrelu(x_and, 0.25, 0.75, True, generator=tw.random.Generator(3))
    slopes = -y.detach().numpy()[:2000]
    assert 0.25 <= slopes.min() < 0.26
    assert 0.74 < slopes.max() < 0.75
    assert abs(slopes.mean() - 0.5) < 0.02
    assert y[2000:].tolist() == [1.0] * 5
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), slopes)
    again = F.rrelu(x_and, 0.25, 0.75, True, generator=tw.random.Generator(3))
    np.testing.assert_array_equal(again.detach().numpy(), y.detach().numpy())


def test_random_slopes_of_a_module():
    x = tw.full((100,), -1.0)
    layer = nn.RReLU(0.25, 0.75, generator=tw.random.Generator(0))
    assert len(set(layer(x).tolist())) > 90
    assert set(layer.eval()(x).tolist()) == {-0.5}
    assert layer.train()(tw.asarray([-1, 2])).dtype == tw.float32


def test_random_slopes_are_drawn_again_by_a_checkpoint():
    x = tw.full((50,), -1.0).requires_grad_()
    y = tw.autograd.checkpoint(lambda v: F.rrelu(v, training=True), x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), -y.detach().numpy())


# ---- modules ---------------------------------------------------------------------------------------------------------


def test_maxout_takes_the_largest_of_its_maps():
    layer = nn.Maxout(3, 2, 4, generator=tw.random.Generator(0))
    x = tw.asarray(numbers(5, 3))
    want = (x @ layer.linear.weight.T + layer.linear.bias).detach().numpy().reshape(5, 2, 4).max(2)
    np.testing.assert_allclose(layer(x).detach().numpy(), want, rtol=1e-5)
    assert repr(layer).startswith("Maxout(")
    with pytest.raises(ValueError, match="Maxout: pieces is 0, but must be at least 1"):
        nn.Maxout(3, 2, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.CELU(0), "CELU: alpha is 0.0, but must not be 0"),
        (lambda: nn.Softplus(0), "Softplus: beta is 0.0, but must not be 0"),
        (lambda: nn.Hardtanh(1, -1), "Hardtanh: min_val is 1.0, above max_val -1.0"),
        (lambda: nn.Hardshrink(-1), "Hardshrink: lambd is -1.0, but must be at least 0"),
        (lambda: nn.Softshrink(-1), "Softshrink: lambd is -1.0, but must be at least 0"),
        (lambda: nn.RReLU(1, 0), "RReLU: lower is 1.0 and upper 0.0"),
        (lambda: nn.PReLU(0), "PReLU: num_parameters is 0, but must be at least 1"),
        (lambda: nn.PReLU(2)(tw.ones((2, 3))), "prelu: weight"),
        (lambda: nn.Softmax2d()(tw.ones((2, 3))), "Softmax2d: input .2, 3. has 2 dimensions, but needs 3 or 4"),
        (lambda: nn.SwiGLU()(tw.ones((2, 3))), "swiglu: input .2, 3. has length 3 along dim -1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_signatures_are_pytorchs():
    """Names, order and defaults, but for `inplace` and `device`, which are not here, and what is chosen otherwise."""
    torch = pytest.importorskip("torch")
    chosen = {("Softplus", "threshold"), ("Softmin", "dim"), ("Softmax", "dim"), ("LogSoftmax", "dim")}
    left_out = ("inplace", "device", "dtype", "args", "kwargs", "min_value", "max_value")  # the last two are deprecated
    for name in (*{type(module).__name__: None for module in MODULES}, "PReLU", "RReLU"):
        theirs = inspect.signature(getattr(torch.nn, name)).parameters
        ours = inspect.signature(getattr(nn, name)).parameters
        names = [p for p in ours if p not in ("generator", "dtype")]
        assert names == [p for p in theirs if p not in left_out], name
        for p in names:
            assert ours[p].default == theirs[p].default or (name, p) in chosen, (name, p)


def test_arguments_are_attributes():
    layer = nn.Hardtanh(-2, 3)
    assert repr(layer) == "Hardtanh(min_val=-2.0, max_val=3.0)"
    layer.max_val = 0.5
    assert layer(tw.asarray([1.0])).item() == 0.5
    layer.max_val = -9
    with pytest.raises(ValueError, match=r"hardtanh: min_val is -2\.0, above max_val -9\.0"):
        layer(tw.ones(1))
