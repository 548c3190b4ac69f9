"""What the tests of faults share: the errors they expect, and the tensors they make them with."""

from __future__ import annotations

import numpy as np
import pytest

import tilewright as tw


def raises(error, message):
    """An error that starts like this, whatever stands in it."""
    return pytest.raises(error, match=r"^['\"]?" + message)


def read_only(*shape):
    values = np.ones(shape, np.float32)
    values.flags.writeable = False
    return tw.asarray(values)
