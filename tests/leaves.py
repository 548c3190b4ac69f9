"""What the tests of the tape make tensors with, and compare them with numbers."""

from __future__ import annotations

import numpy as np

import tilewright as tw


def array(*values: float, requires_grad: bool = False, dtype: str = "float64") -> tw.Tensor:
    return tw.asarray(list(values), dtype=dtype, requires_grad=requires_grad)


def leaf(*values: float, dtype: str = "float64") -> tw.Tensor:
    return array(*values, requires_grad=True, dtype=dtype)


def close(actual, desired, tolerance=1e-12):
    np.testing.assert_allclose(tw.asarray(actual).detach().numpy(), desired, rtol=tolerance, atol=tolerance)
