"""NumPy's programs of tests/programs, with their one import changed: writes docs/numpy_programs.md.

Each runs in NumPy and in tilewright in turn, in one process, after a check that both give the same numbers. Both have
one thread, and what counts is the time that the process had a core: other work on the machine does not.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import datetime
import io
import statistics
import sys
import time
from pathlib import Path

from .__main__ import set_environment

ROOT = Path(__file__).parent.parent
PROGRAMS = sorted((ROOT / "tests" / "programs").glob("*.py"))
PAGE = ROOT / "docs" / "numpy_programs.md"
IMPORT = "import numpy as np\n"
SECONDS = 4.0  # for both contenders of a program

# Why a program is not faster, found by profiling it.
REASONS = {
    "planets": "five bodies, so arrays of 15 and 75 numbers. `einsum` of three operands is two products of several "
    "ops, 10 µs where NumPy's one loop takes 2; `x += y` passes through Python, 2 µs where NumPy takes 0.8.",
    "life": "a board of 768 bytes, to which eight views are added in place in each step: 1.7 µs each where NumPy takes "
    "0.4. On a board of a million cells the additions take the time.",
    "the others": "results without axes are arrays here, which cost more to go through one by one than NumPy's scalars "
    "(1 µs for `int(x)` of an element); functions that are composed of several ops pay for each.",
}


def seconds_of(code: object) -> float:
    """One run of a program, its printing left out."""
    with contextlib.redirect_stdout(io.StringIO()):
        begin = time.process_time()
        exec(code, {"__name__": "__main__"})
        return time.process_time() - begin


def results_of(code: object) -> list[object]:
    space = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, space)
    results = space["results"]
    return list(results) if isinstance(results, tuple) else [results]


def measured(path: Path) -> tuple[float, float, int]:
    """The medians of NumPy's and tilewright's seconds, of so many rounds."""
    import numpy

    source = path.read_text()
    theirs = compile(source, str(path), "exec")
    ours = compile(source.replace(IMPORT, "import tilewright.numpy as np\n"), str(path), "exec")
    for a, b in zip(results_of(ours), results_of(theirs), strict=True):
        numpy.testing.assert_allclose(numpy.asarray(a), b, rtol=1e-11, atol=1e-12 * max(abs(b).max(), 1))
    both = seconds_of(theirs) + seconds_of(ours)
    rounds = max(5, min(100, int(SECONDS / both)))
    times = [(seconds_of(theirs), seconds_of(ours)) for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return medians[0], medians[1], rounds


def milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g}" if seconds < 1 else f"{1000 * seconds:.0f}"


def rows(only: list[str]) -> list[str]:
    lines, ratios = [], []
    for path in PROGRAMS:
        if only and path.stem not in only:
            continue
        theirs, ours, rounds = measured(path)
        what = (ast.get_docstring(ast.parse(path.read_text())) or "").rstrip(".")
        ratios.append(ours / theirs)
        name = f"[{path.stem}](../tests/programs/{path.name})"
        numbers = f"{milliseconds(theirs)} | {milliseconds(ours)} | {ours / theirs:.2f} | {rounds}"
        lines.append(f"| {name} | {what} | {numbers} |")
        print(f"{path.stem:18} {numbers}", file=sys.stderr)
    mean = statistics.geometric_mean(ratios)
    return [*lines, "", f"Geometric mean of the ratios: {mean:.2f}."]


def page(only: list[str]) -> str:
    from .report import machine

    reasons = [f"- **{name}**: {reason}" for name, reason in REASONS.items()]
    return "\n".join(
        [
            "# NumPy's programs",
            "",
            "The programs in [tests/programs](../tests/programs) are NumPy's. With `import tilewright.numpy as np` in",
            "place of `import numpy as np` they give the same numbers; `tests/test_numpy_programs.py` compares results",
            "and what is printed.",
            "",
            f"Written by `python -m bench.programs` on {datetime.date.today()}.",
            f"{machine()}.",
            "",
            "Times are medians in milliseconds of one thread's time on a core, of both in turn in one process. The",
            "ratio is tilewright's time over NumPy's: below 1, tilewright is faster.",
            "",
            "| program | what it does | NumPy | tilewright | ratio | rounds |",
            "|---|---|---|---|---|---|",
            *rows(only),
            "",
            "## Why some are slower",
            "",
            *reasons,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.programs", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="print these programs; write nothing")
    args = parser.parse_args()
    set_environment(1)
    text = page(args.only)
    print(text) if args.only else PAGE.write_text(text)


if __name__ == "__main__":
    main()
