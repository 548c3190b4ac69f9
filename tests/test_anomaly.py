"""Anomaly mode: the op, the shapes and the line at the first NaN or infinity."""

from __future__ import annotations

import math
import re
import sys

import pytest

import tilewright as tw
from leaves import array, leaf
from tilewright.autograd import anomaly_mode, enable_grad, is_grad_enabled, no_grad


def here(offset: int) -> str:
    frame = sys._getframe(1)
    return re.escape(f"{frame.f_code.co_filename}:{frame.f_lineno + offset}")


def test_anomaly_names_op_shape_and_line_forward():
    x = leaf(1, 0)
    place = here(3)
    with anomaly_mode():
        with pytest.raises(FloatingPointError, match=rf"log gave NaN or inf in its result of shape \(2,\), at {place}"):
            tw.log(x)
        with pytest.raises(FloatingPointError, match=r"input of shape .* had NaN or inf already"):
            tw.sin(tw.asarray([math.nan], requires_grad=True))
    tw.log(x)


def test_anomaly_names_op_shape_and_line_backward():
    x = leaf(4, 0)
    with anomaly_mode():
        place = here(1)
        y = tw.sqrt(x).sum()
        message = rf"the gradient of sqrt is NaN or inf for its input of shape \(2,\); recorded at {place}"
        with pytest.raises(FloatingPointError, match=message):
            y.backward()
    assert is_grad_enabled()


def test_anomaly_names_the_layer():
    from tilewright import nn

    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2)))
    with tw.no_grad():
        model[1][0].weight.copy_(math.inf)
    with anomaly_mode(), pytest.raises(FloatingPointError, match=r"in layer .*1\.0"):
        model(tw.ones((1, 2)))


def test_anomaly_survives_no_grad_and_ends():
    x = leaf(0)
    with anomaly_mode():
        with no_grad():
            tw.log(x)
            with enable_grad(), pytest.raises(FloatingPointError):
                tw.log(x)
        with pytest.raises(FloatingPointError):
            tw.autograd.grad(lambda x: tw.sqrt(x).sum())(array(0))
    tw.log(x)
