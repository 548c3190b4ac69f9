"""What all tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a fresh interpreter: `python(code, timeout=60, prefix=(), **environment)`."""

    def run(
        code: str, *args: str, timeout: float = 60, prefix: tuple[str, ...] = (), **environment: str | None
    ) -> subprocess.CompletedProcess[str]:
        env = os.environ | {name: value for name, value in environment.items() if value is not None}
        for name, value in environment.items():
            if value is None:
                env.pop(name, None)
        return subprocess.run(
            [*prefix, sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, timeout=timeout
        )

    return run
