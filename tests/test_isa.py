"""The op cases again, at every other ISA level that this machine runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tilewright as tw
from tilewright import _core

HERE = Path(__file__).parent
OTHERS = [level for level in _core.config()["isa_available"] if level != _core.config()["isa"]]
ONLY_PRODUCTS = {"v4", "v4dot"}  # that is where these two differ
# Results, tails, NaN, layouts and gradients; what does not depend on the kernels need not be run again.
TEMPLATES = (
    "test_forward or test_lengths or test_special or test_layouts or test_gradient_in_lower or test_same_bits"
    " or test_the_same_bits or test_backward_of_bias or test_products_are_added"
)


@pytest.mark.skipif(bool(os.environ.get("TILEWRIGHT_ISA")), reason="a level is forced: this is such a run already")
@pytest.mark.parametrize("level", OTHERS)
def test_op_cases_at(level):
    products = {level, _core.config()["isa"]} == ONLY_PRODUCTS
    chosen = f"({TEMPLATES}) and (matmul or linear)" if products else TEMPLATES
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    command += ["-k", f"test_matmul or {chosen}", "test_ops.py", "test_linear.py", "test_matmul.py"]
    done = subprocess.run(
        command, cwd=HERE, env=os.environ | {"TILEWRIGHT_ISA": level}, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > (50 if products else 500)


@pytest.mark.parametrize("level", _core.config()["isa_available"])
def test_forcing_a_level(python, level):
    done = python("import tilewright; print(tilewright._core.config()['isa'])", TILEWRIGHT_ISA=level)
    assert done.stdout.strip() == level, done.stderr


def test_an_unknown_level_is_an_import_error(python):
    done = python("import tilewright", TILEWRIGHT_ISA="v9")
    assert done.returncode != 0
    assert 'ImportError: TILEWRIGHT_ISA is "v9", but must be reference, v2, v3, v4 or v4dot' in done.stderr


def test_the_best_level_is_chosen(python):
    done = python("import tilewright; print(tilewright._core.config()['isa'])", TILEWRIGHT_ISA=None)
    assert done.stdout.strip() == tw._core.config()["isa_available"][-1]
