"""Initialisation."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn


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
