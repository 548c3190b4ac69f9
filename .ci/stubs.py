"""Writes python/tilewright/_core.pyi from the built extension, or with --check fails where the committed one is stale.

Needs tilewright installed, and pybind11-stubgen and ruff (the `dev` extra): python .ci/stubs.py [--check]
"""

from __future__ import annotations

import difflib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

COMMITTED = Path(__file__).parent.parent / "python" / "tilewright" / "_core.pyi"


def generate() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "tilewright._core", "-o", folder, "--exit-code"]
        subprocess.run(command, check=True, cwd=folder)
        stub = Path(folder) / "tilewright" / "_core.pyi"
        stub.write_text(corrected(stub.read_text()))
        for step in (
            ["check", "--fix-only", "-q", "--select", "F401,I,RUF022"],
            ["format", "-q", "--line-length", "120"],
        ):
            subprocess.run([sys.executable, "-m", "ruff", *step, "--isolated", str(stub)], check=True)
        return stub.read_text()


def corrected(text: str) -> str:
    """What the generator gets wrong: names that mean something else where they stand."""
    # AxisError is defined here and says that it lives in the package.
    text = text.replace("from tilewright import AxisError\n", "")
    text = text.replace("\n__all__", "\nimport builtins\n\n__all__", 1)
    text += "\nclass AxisError(ValueError, IndexError): ...\n"
    # DType has a member named bool, which hides the type from its own properties.
    return re.sub(
        r"\nclass DType\b.*?\nclass ",
        lambda match: match[0].replace("-> bool:", "-> builtins.bool:"),
        text,
        count=1,
        flags=re.DOTALL,
    )


def main() -> int:
    fresh = generate()
    if sys.argv[1:] == ["--check"]:
        old = COMMITTED.read_text()
        diff = difflib.unified_diff(old.splitlines(), fresh.splitlines(), "committed", "built", lineterm="")
        if old != fresh:
            print("\n".join(diff), "\n_core.pyi is stale: run python .ci/stubs.py", sep="\n")
            return 1
    else:
        COMMITTED.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
