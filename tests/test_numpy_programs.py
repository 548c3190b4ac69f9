"""Programs of NumPy's give the same numbers when their one import line is changed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy
import pytest

import tilewright.numpy as np

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
IMPORT = "import numpy as np\n"
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")


def run(path, capsys, line=IMPORT):
    """What a program prints, and its `results`."""
    source = path.read_text()
    assert source.count(IMPORT) == 1
    space = {"__name__": "__main__"}
    exec(compile(source.replace(IMPORT, line), str(path), "exec"), space)
    return capsys.readouterr().out, space["results"]


def arrays_in(results):
    return list(results) if isinstance(results, tuple) else [results]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_programs_give_the_numbers_of_numpy(path, capsys):
    wanted, expected = run(path, capsys)
    got, results = run(path, capsys, "import tilewright.numpy as np\n")
    assert NUMBER.sub("#", got).split() == NUMBER.sub("#", wanted).split()
    for a, b in zip(NUMBER.findall(got), NUMBER.findall(wanted), strict=True):
        digits = len(b.split("e")[0].partition(".")[2])
        assert abs(float(a) - float(b)) <= max(1.01 * 10.0**-digits * (digits > 0), 1e-11 * abs(float(b))), (a, b)
    for a, b in zip(arrays_in(results), arrays_in(expected), strict=True):
        assert isinstance(a, np.ndarray) and a.dtype.name == b.dtype.name and a.shape == b.shape
        numpy.testing.assert_allclose(a.numpy(), b, rtol=1e-11, atol=1e-12 * max(abs(b).max(), 1))


def test_there_are_programs():
    assert len(PROGRAMS) >= 12
