"""The ISA level: each can be forced, and the best one is chosen. `pytest --isa LEVEL` runs other tests at a level."""

from __future__ import annotations

import pytest

import tilewright as tw
from tilewright import _core

LEVEL = "import tilewright; print(tilewright._core.config()['isa'])"
PYTEST = "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"


@pytest.mark.parametrize("level", _core.config()["isa_available"])
def test_forcing_a_level(python, level):
    done = python(LEVEL, TILEWRIGHT_ISA=level)
    assert done.stdout.strip() == level, done.stderr


def test_an_unknown_level_is_an_import_error(python):
    done = python("import tilewright", TILEWRIGHT_ISA="v9")
    assert done.returncode != 0
    assert 'ImportError: TILEWRIGHT_ISA is "v9", but must be reference, v2, v3, v4 or v4dot' in done.stderr


def test_the_best_level_is_chosen(python):
    done = python(LEVEL, TILEWRIGHT_ISA=None)
    assert done.stdout.strip() == tw._core.config()["isa_available"][-1]


def test_the_option_of_pytest(python):
    """It sets the level before tilewright is imported, says which, and refuses what there is not."""
    collect = ("-p", "no:cacheprovider", "--collect-only", __file__)
    done = python(PYTEST, "--isa", "reference", *collect, TILEWRIGHT_ISA=None)
    assert "tilewright: ISA level reference of " in done.stdout, done.stdout + done.stderr
    done = python(PYTEST, "--isa", "v9", *collect, TILEWRIGHT_ISA=None)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert 'ERROR: --isa: TILEWRIGHT_ISA is "v9", but must be reference, v2, v3, v4 or v4dot' in done.stderr
    late = "import tilewright; " + PYTEST
    assert "tilewright was imported before" in python(late, "--isa", "v2", *collect, TILEWRIGHT_ISA=None).stderr
