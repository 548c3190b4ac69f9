"""Writes the stubs _core.pyi, from the built extension, and _functions/aliases.pyi, from the table of second names; and
_functions/later.py, the names of the families that it has.

With --check it fails where the committed ones are stale.

Needs tilewright installed, and pybind11-stubgen and ruff (the `dev` extra): python .ci/stubs.py [--check]
"""

from __future__ import annotations

import difflib
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "python" / "tilewright"
FUNCTIONS = PACKAGE / "_functions"


def core() -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "tilewright._core", "-o", folder, "--exit-code"]
        subprocess.run(command, check=True, cwd=folder)
        stub = Path(folder) / "tilewright" / "_core.pyi"
        stub.write_text(corrected(stub.read_text()))
        return tidied(stub)


def aliases() -> str:
    from tilewright._functions.aliases import ALIASES

    imports = [
        f"from .{function.__module__.rpartition('.')[2]} import {function.__name__} as {alias}"
        for alias, function in ALIASES.items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        stub = Path(folder) / "aliases.pyi"
        stub.write_text(
            "from typing import Any\n"
            + "\n".join(imports)
            + f"\n\n__all__ = {list(ALIASES)}\n\nALIASES: dict[str, Any]\n"
        )
        return tidied(stub)


def tidied(stub: Path) -> str:
    for step in (
        ["check", "--fix-only", "-q", "--select", "F401,I,RUF022", "--config", "lint.isort.combine-as-imports=true"],
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
    # Properties in C, whose types the generator does not know.
    numbers = "".join(f"    {name}: int\n" for name in ("itemsize", "ndim", "size"))
    tuples = "".join(f"    {name}: tuple[int, ...]\n" for name in ("shape", "strides"))
    text = text.replace("\nclass Array:\n", f"\nclass Array:\n    dtype: DType\n{numbers}{tuples}", 1)
    # DType has a member named bool, which hides the type from its own properties.
    return re.sub(
        r"\nclass DType\b.*?\nclass ",
        lambda match: match[0].replace("-> bool:", "-> builtins.bool:"),
        text,
        count=1,
        flags=re.DOTALL,
    )


def later() -> str:
    """The table of later.py, with what its families name in their `__all__`."""
    from tilewright._functions.later import LATER

    families = {family: importlib.import_module(f"tilewright._functions.{family}") for family in sorted(LATER)}
    table = {family: tuple(sorted(module.__all__)) for family, module in families.items()}
    head, _, _ = (FUNCTIONS / "later.py").read_text().partition("LATER = ")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "later.py"
        path.write_text(f"{head}LATER = {table}\n")
        return tidied(path)


def main() -> int:
    stale = 0
    files = {PACKAGE / "_core.pyi": core, FUNCTIONS / "aliases.pyi": aliases, FUNCTIONS / "later.py": later}
    for path, written in files.items():
        fresh = written()
        if sys.argv[1:] != ["--check"]:
            path.write_text(fresh)
            continue
        old = path.read_text()
        diff = difflib.unified_diff(old.splitlines(), fresh.splitlines(), "committed", "built", lineterm="")
        if old != fresh:
            print("\n".join(diff), f"\n{path.name} is stale: run python .ci/stubs.py", sep="\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
