"""Dropout of channels, for SELU, and of weights: which elements go, what stays of mean and variance."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

LIMIT = -1.7580993408473766  # of SELU
OF_CHANNELS = {
    "dropout1d": ((40, 50, 7), (50, 7)),
    "dropout2d": ((40, 50, 3, 2), (40, 50, 6)),
    "dropout3d": ((40, 50, 3, 2, 2), (50, 3, 2, 2)),
}


def generator(seed=4):
    return tw.random.Generator(seed)


@pytest.mark.parametrize("name", OF_CHANNELS)
def test_whole_channels_go(name):
    drop = getattr(F, name)
    for shape in OF_CHANNELS[name]:
        leading = 1 if len(shape) == int(name[-2]) + 1 and name != "dropout2d" else 2
        x = generator().uniform(1, 2, shape)
        y = drop(x, 0.3, generator=generator(7))
        kept = (y != 0).numpy().reshape(*shape[:leading], -1)
        assert (kept.all(-1) | ~kept.any(-1)).all()
        share = kept.all(-1).mean()
        assert abs(share - 0.7) < (0.05 if leading == 2 else 0.2)
        scaled = np.where(kept.reshape(shape), x.numpy() / np.float32(0.7), 0)
        np.testing.assert_allclose(y.numpy(), scaled, rtol=1e-6)
        assert (drop(x, 0.3, generator=generator(7)) == y).all()
        assert drop(x, 0.3, False) is x and drop(x, 0.0) is x and (drop(x, 1.0) == 0).all()
    with pytest.raises(ValueError, match=rf"{name}: input has shape \(3,\), but needs"):
        drop(tw.ones(3))
    with pytest.raises(ValueError, match=f"{name}: p is 1.5"):
        drop(tw.ones(shape), 1.5)
    with pytest.raises(TypeError, match=f"{name}: generator is 5"):
        drop(tw.ones(shape), generator=5)


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.8])
def test_alpha_dropout_keeps_mean_and_variance(p):
    x = generator().normal(size=400_000)
    y = F.alpha_dropout(x, p, True, generator=generator(2)).numpy()
    assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
    a = ((1 - p) * (1 + p * LIMIT**2)) ** -0.5
    b = -p * a * LIMIT
    gone = np.isclose(y, a * LIMIT + b, atol=1e-6)
    assert abs(gone.mean() - p) < 0.01
    np.testing.assert_allclose(y[~gone], (a * x.numpy() + b)[~gone], rtol=1e-5, atol=1e-5)


def test_alpha_dropout_ends():
    x = generator().normal(size=(20, 30, 4))
    for drop in (F.alpha_dropout, F.feature_alpha_dropout):
        assert drop(x, 0.5) is x and drop(x, 0.0, True) is x and (drop(x, 1.0, True) == 0).all()
        with pytest.raises(TypeError, match="alpha_dropout: input has dtype complex64"):
            drop(tw.ones((2, 2), dtype="complex64"), 0.5, True)
    y = F.feature_alpha_dropout(x, 0.4, True, generator=generator(1)).numpy()
    same = (y == y[..., :1]).all(-1)
    assert abs(same.mean() - 0.4) < 0.06
    with pytest.raises(ValueError, match=r"feature_alpha_dropout: input has shape \(3,\), but needs"):
        F.feature_alpha_dropout(tw.ones(3), 0.5, True)


@pytest.mark.parametrize("name", [*OF_CHANNELS, "alpha_dropout", "feature_alpha_dropout"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_gradients_and_dtypes(name, dtype):
    """What stayed has the factor that it was scaled by, what went has 0; an infinity that went leaves no NaN."""
    shape = OF_CHANNELS.get(name, ((6, 5, 4),))[0]
    x = tw.full(shape, 2.0, dtype=dtype, requires_grad=True)
    y = getattr(F, name)(x, 0.5, True, generator=generator())
    assert y.dtype.name == dtype
    y.sum().backward()
    low, high = sorted(set(x.grad.ravel().tolist()))
    p = 0.5
    wanted = ((1 - p) * (1 + p * LIMIT**2)) ** -0.5 if "alpha" in name else 2.0
    assert low == 0 and abs(high - wanted) < 0.01
    stayed = x.grad != 0
    infinite = getattr(F, name)(tw.full(shape, np.inf, dtype=dtype), 0.5, True, generator=generator())
    assert tw.all(tw.isfinite(infinite) != stayed)


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_checkpoint_draws_the_same_channels(create_graph):
    def f(x):
        return F.dropout2d(tw.tanh(F.alpha_dropout(x, 0.3, True)), 0.5) * x

    x = tw.asarray(generator().normal(size=(3, 8, 2, 2)), requires_grad=True)
    gradients = []
    for call in (f, lambda x: tw.autograd.checkpoint(f, x)):
        tw.random.seed(11)
        gradients += tw.autograd.gradients(call(x).sum(), [x], create_graph=create_graph)
    np.testing.assert_array_equal(gradients[0].detach().numpy(), gradients[1].detach().numpy())


def test_dropconnect_drops_weights():
    layer = nn.DropConnect(30, 20, p=0.25, generator=generator())
    eye = tw.eye(30)
    seen = (layer(eye) - layer.bias).detach().numpy().T
    kept = seen != 0
    assert abs(kept.mean() - 0.75) < 0.06
    np.testing.assert_allclose(seen[kept], (layer.weight.detach().numpy() / 0.75)[kept], rtol=1e-5)
    layer(eye).sum().backward()
    assert 0.1 < (layer.weight.grad == 0).astype("float32").mean().item() < 0.4
    assert (layer.bias.grad == 30).all()
    plain = F.linear(eye, layer.weight, layer.bias)
    assert (layer.eval()(eye) == plain).all()
    assert repr(nn.DropConnect(3, 2, False, 0.5, activation="relu")) == (
        "DropConnect(in_features=3, out_features=2, bias=False, activation='relu', p=0.5)"
    )


def test_dropconnect_takes_a_linears_state():
    source, target = nn.Linear(4, 3), nn.DropConnect(4, 3, p=0.9)
    assert target.load_state_dict(source.state_dict()) == ([], [])
    x = tw.ones((2, 4))
    assert (target.eval()(x) == source(x)).all()
