"""Absurd arguments to every public function: each call returns, or raises an error that names the function."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

SEEDS = 24
PARTS = 4  # each a process, so that a fault in one does not hide the others
SHOWN = 40


def watched(folder, first: int, count: int, seconds: float, *expressions: str) -> tuple[int, list[dict]]:
    """Run the calls of these seeds in a process of their own, again from the next call where one kills it."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    last_call = folder / "last call"
    start, calls, faults = 0, 0, []
    while True:
        arguments = *map(str, (first, count, seconds, start)), str(last_call), *expressions
        command = [sys.executable, "-m", "differential.watched", *arguments]
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        faults += [line for line in lines if "call" in line]
        if done.returncode == 0:
            return calls + lines[-1]["calls"], faults
        assert last_call.exists(), done.stderr
        seed, number, made, call = last_call.read_text().split(" ", 3)
        problem = f"ended the process with {done.returncode}: {done.stderr[-1500:]}"
        faults.append({"name": call, "call": call, "problem": problem})
        if len(faults) > 500:
            return calls, faults
        calls += int(made) + 1
        count, first, start = count - (int(seed) - first), int(seed), int(number) + 1


def distinct(faults: list[dict]) -> list[str]:
    """The shortest call for each cause: the line of source that it comes from, else the function and the kind."""
    shortest: dict[str, dict] = {}
    for fault in faults:
        place = re.search(r" in /[\w/]+\.py: .*?(?=: ['\"])", fault["problem"])
        cause = place[0] if place else re.sub(r"[\d+]", "", fault["problem"])[:60]
        known = shortest.setdefault(cause, fault)
        if len(fault["call"]) < len(known["call"]):
            shortest[cause] = fault
    return [f"{fault['call']}\n    {fault['problem']}" for fault in shortest.values()]


@pytest.fixture(scope="module")
def parts(tmp_path_factory, seconds):
    """What each part finds: they run at once, one on each CPU."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        folders = [tmp_path_factory.mktemp("part") for _ in range(PARTS)]
        yield [pool.submit(watched, f, i * 1_000_000, SEEDS // PARTS, seconds) for i, f in enumerate(folders)]


@pytest.mark.parametrize("part", range(PARTS))
def test_absurd_arguments(part, parts, tally):
    calls, faults = parts[part].result()
    tally("calls with absurd arguments", calls)
    found = distinct(faults)
    text = "\n".join(found[:SHOWN])
    assert not found, f"{len(found)} faults (names as in tests/differential/absurd.py):\n{text}"


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("math.sqrt(4)", ""),
        ("returning(1)(t('float32', 2))", ""),
        ("importlib.import_module('ctypes').string_at(0)", "ended the process"),
        ("[x for x in itertools.repeat(0) if x]", "ended the process"),
        ("list(itertools.repeat(0))", "MemoryError|ended the process"),
        ("operator.truediv(1, 0)", "raises ZeroDivisionError"),
        ("int('a')", "does not name the function"),
        ("scribble(t('float32', 3))", "written to an argument"),
        ("tw.no_grad().__enter__()", "left recording off"),
        ("saved(dict(a=t('float32', 2)))", ""),
    ],
)
def test_the_watcher_notices(expression, problem, tmp_path):
    """Crashes, hangs, memory that runs out, errors of the wrong kind, arguments that were written to."""
    calls, faults = watched(tmp_path, 0, 1, 0.0, "2", expression)
    assert calls == 1
    assert bool(faults) == bool(problem), faults
    assert not problem or re.search(problem, faults[0]["problem"])
