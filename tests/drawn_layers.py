"""What the tests of parametrized layers make them with."""

from __future__ import annotations

import numpy as np

from tilewright import nn


def array(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-2, 2, shape)


def linear(*sizes, seed=0):
    """In float64, with drawn weights and biases."""
    layer = nn.Linear(*sizes, dtype="float64")
    layer.load_state_dict({"weight": array(*sizes[::-1], seed=seed), "bias": array(sizes[1], seed=seed + 1)})
    return layer
