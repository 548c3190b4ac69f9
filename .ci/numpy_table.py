"""Writes docs/numpy.md: what `tilewright.numpy` has of NumPy's namespace, and where it differs.

With --check it fails where the committed page is stale. What is differentiated is taken from the tables of op cases.

Needs tilewright installed, with the `test` extra: python .ci/numpy_table.py [--check]
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

import numpy

import tilewright as tw
import tilewright.numpy as np
from tilewright.numpy._fallback import ABSENT, PASSED

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "numpy.md"
sys.path.insert(0, str(ROOT / "tests"))

from cases import CASES  # noqa: E402 - from the folder of tests

VERSION = f"NumPy {'.'.join(numpy.__version__.split('.')[:2])}"
DIFFERENTIATED = {case.function for case in CASES if case.grad}
# Those that are no op, whose gradients are compared in tests of their own (tests/test_numpy_*.py).
BY_TESTS = {
    *("around", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "einsum", "fabs", "i0", "kaiser"),
    *("linspace", "modf", "row_stack", "trim_zeros", "vectorize"),
}


def module_of(path: str) -> tuple[object, object]:
    """NumPy's module and ours."""
    return getattr(numpy, path, numpy), getattr(np, path, np)


def has_gradient(name: str, ours: object, path: str) -> bool:
    if not path and name in BY_TESTS:
        return True
    own = getattr(ours, "__wrapped__", ours)
    there = getattr(tw, path, None) if path else tw
    return own in DIFFERENTIATED or getattr(there, name, None) in DIFFERENTIATED


def statuses(path: str) -> dict[str, list[str]]:
    theirs, ours = module_of(path)
    found: dict[str, list[str]] = {kind: [] for kind in ("gradient", "native", "fallback", "passed", "class", "absent")}
    for name in sorted(dir(theirs), key=lambda n: (n.lower(), n)):
        if name.startswith("_") or (path and type(getattr(theirs, name)).__name__ == "module"):
            continue
        if name in vars(ours):
            here = getattr(ours, name)
            found["gradient" if callable(here) and has_gradient(name, here, path) else "native"].append(name)
        elif path or (isinstance(getattr(theirs, name), type) and name not in PASSED and name not in ABSENT):
            found["class" if not path else "absent"].append(name)
        else:
            found["absent" if name in ABSENT else "passed" if name in PASSED else "fallback"].append(name)
    return found


def listed(names: list[str]) -> str:
    return textwrap.fill(", ".join(f"`{name}`" for name in names), 140, break_long_words=False) or "none"


def page() -> str:
    main = statuses("")
    counts = {kind: len(names) for kind, names in main.items()}
    lines = [
        "# NumPy's namespace",
        "",
        "Written by `python .ci/numpy_table.py`. `import tilewright.numpy as np` has, of the "
        f"{sum(counts.values())} names of {VERSION}:",
        "",
        "| | names |",
        "|---|---|",
        f"| native, with a gradient | {counts['gradient']} |",
        f"| native | {counts['native']} |",
        f"| NumPy's function, run on the same memory | {counts['fallback']} |",
        f"| NumPy's own object, as it is | {counts['passed']} |",
        f"| deliberately not there | {counts['absent'] + counts['class']} |",
        "",
        "## Native, with a gradient",
        "",
        listed(main["gradient"]),
        "",
        "## Native",
        "",
        listed(main["native"]),
        "",
        "## NumPy's function",
        "",
        "It is given arrays that share our memory, and what it gives becomes an ndarray, again without a copy. A "
        "recorded gradient or another device is a NotImplementedError.",
        "",
        listed(main["fallback"]),
        "",
        "## NumPy's own object",
        "",
        listed(main["passed"]),
        "",
        "## Deliberately not there",
        "",
        "| name | reason |",
        "|---|---|",
        *(f"| `{name}` | {ABSENT[name]} |" for name in main["absent"]),
        *(f"| `{name}` | a class of NumPy's; use `numpy.{name}` |" for name in main["class"]),
        "",
    ]
    for path in ("linalg", "fft", "random"):
        if not hasattr(np, path):
            continue
        part = statuses(path)
        lines += [f"## `{path}`", ""]
        for kind, title in (("gradient", "With a gradient"), ("native", "Native"), ("absent", "Not there")):
            lines += [f"{title}:", "", listed(part[kind]), ""]
    lines += ["[Programs of NumPy's](numpy_programs.md), run with both, show what each takes.", ""]
    lines += ["## Where results differ", "", "| | |", "|---|---|"]
    bullets = re.findall(r"^- (.*(?:\n  .*)*)", np.__doc__ or "", re.MULTILINE)
    lines += [f"| {i} | {' '.join(bullet.split())} |" for i, bullet in enumerate(bullets, 1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        committed = PAGE.read_text()
        if VERSION not in committed:
            print(f"{PAGE.name} is of another NumPy than {VERSION}; not compared")
        elif committed != text:
            sys.exit(f"{PAGE.name} is stale: run python .ci/numpy_table.py")
    else:
        PAGE.write_text(text)
