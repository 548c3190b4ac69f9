"""Two builds of tilewright compared in one run, row by row: how much slower or faster the new one is.

Two extension modules of one name do not fit into one process: pybind11 registers the classes of both in one place, and
their threads would meet. So each build has a process of its own, started in the same way, and this one asks them in
turn for batches; who is not asked waits at a pipe, without spinning.

A process keeps its luck, where its memory lies and on which cores its threads run, for as long as it lives. So all rows
are gone over several times, each time in new processes, and that luck is part of the spread. Each ratio is of two
batches that follow each other, so that what the machine does for minutes is in both.
"""

from __future__ import annotations

import multiprocessing
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .lines import Lines, duration, percent
from .measure import summarise
from .worker import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

WORSE = 1.1  # new over old, beyond which a row that is slower beyond the spread fails the run
COLUMNS = {"work": 44, "new": 10, "spread": 9, "old": 10, "spread ": 9, "new / old": 11, "spread  ": 9, "verdict": 10}


def site_of(directory: str) -> str:
    """The directory to import from, of a site directory or of the package's own. Raises FileNotFoundError."""
    path = Path(directory).resolve()
    for site in (path, path.parent) if path.name == "tilewright" else (path,):
        if (site / "tilewright" / "__init__.py").is_file():
            return str(site)
    raise FileNotFoundError(f"{directory} neither is nor holds a package tilewright")


class BuildError(Exception):
    """What went wrong in a build's process."""


class Process:
    """A build's process, started when it is asked something. Context manager: it ends with the block."""

    def __init__(self, name: str, site: str | None, threads: int | None) -> None:
        self.name = name
        self.options = site, threads
        self.process: Any = None

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, *self.options), daemon=True)
        self.process.start()
        theirs.close()

    def end(self) -> None:
        if self.process:
            self.pipe.close()  # it stops waiting there
            self.process.join()
            self.process = None

    def ask(self, *request: Any) -> Any:
        """What a method of `worker.Build` returns. Raises BuildError."""
        if not self.process:
            self.start()
        try:
            self.pipe.send(request)
            state, answer = self.pipe.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            state, answer = "failed", f"its process ended with exit status {self.process.exitcode}"
            self.end()
        if state == "failed":
            raise BuildError(f"the {self.name} build: {answer}")
        return answer

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


@dataclass
class Row:
    """Seconds per call of both builds, batch by batch."""

    group: str
    name: str
    new: list[float] = field(default_factory=list)
    old: list[float] = field(default_factory=list)
    left_out: str = ""

    def quartiles(self) -> list[float]:
        """Of new over old, batch by batch."""
        return statistics.quantiles((new / old for new, old in zip(self.new, self.old, strict=True)), n=4)

    @property
    def ratio(self) -> float:
        return self.quartiles()[1]

    @property
    def verdict(self) -> str:
        """What three quarters of the batches say: faster or slower, or in capitals, slower by more than WORSE."""
        if self.left_out:
            return ""
        low, middle, high = self.quartiles()
        if low > 1:
            return "SLOWER" if middle > WORSE else "slower"
        return "faster" if high < 1 else ""


@dataclass(frozen=True)
class Builds:
    """Where the new and the old build are (None: what is installed), and how long each row takes.

    Raises BuildError where the new build fails; rows on which only the old one does are left out and say why.
    """

    new: str | None
    old: str | None
    rounds: int
    seconds: float
    threads: int | None = None
    passes: int = 3

    def describe(self) -> tuple[str, list[tuple[str, str]]]:
        """Both in words; and group and name of each row."""
        with Process("new", self.new, self.threads) as ours, Process("old", self.old, self.threads) as theirs:
            (new, works), (old, _) = ours.ask("describe"), theirs.ask("describe")
        return f"new: {new}\nold: {old}", works

    def compare(self, works: dict[int, tuple[str, str]]) -> Iterator[Row]:
        """Measure these rows. What is much slower is measured once more, and the second time counts."""
        doubtful = {}
        for number, row in self.look({number: Row(*work) for number, work in works.items()}):
            if row.verdict == "SLOWER":
                doubtful[number] = Row(row.group, row.name)
            else:
                yield row
        for _, row in self.look(doubtful):
            yield row

    def look(self, rows: dict[int, Row]) -> Iterator[tuple[int, Row]]:
        for pass_ in range(self.passes if rows else 0):
            with Process("new", self.new, self.threads) as ours, Process("old", self.old, self.threads) as theirs:
                for number, row in rows.items():
                    if not row.left_out:
                        take(row, number, ours, theirs, self.rounds, self.seconds)
                    if pass_ == self.passes - 1:
                        yield number, row


def take(row: Row, number: int, new: Process, old: Process, rounds: int, seconds: float) -> None:
    """Some rounds of a row: a batch of each, the other one first each time."""
    new.ask("prepare", number, seconds)
    try:
        old.ask("prepare", number, seconds)
    except BuildError as error:
        row.left_out = str(error)
        return
    turns = [(row.new, new), (row.old, old)]
    for _ in range(rounds):
        for times, build in turns:
            times.append(build.ask("turn"))
        turns.reverse()


def report(rows: Iterator[Row], *, markdown: bool) -> int:
    """Print the table. Returns how many rows are slower beyond the spread by more than WORSE.

    Raises BuildError where there is nothing to compare.
    """
    lines = Lines(COLUMNS, markdown=markdown)
    done = []
    for row in rows:
        done.append(row)
        if not row.left_out:
            lines.print(cells(row))
    for row in done:
        if row.left_out:
            print(f"left out: {row.name}: {row.left_out}")
    measured = [row for row in done if not row.left_out]
    if not measured:
        raise BuildError("no row was measured on both builds")
    verdicts = [row.verdict.lower() for row in measured]
    worse = sum(row.verdict == "SLOWER" for row in measured)
    mean = statistics.geometric_mean(row.ratio for row in measured)
    print(
        f"new / old: {mean:.3f} in geometric mean of {len(measured)} rows; beyond the spread "
        f"{verdicts.count('faster')} are faster, {verdicts.count('slower')} slower, "
        f"{worse} of them by more than {WORSE - 1:.0%}"
    )
    return worse


def cells(row: Row) -> list[str]:
    low, middle, high = row.quartiles()
    times = [f for t in map(summarise, (row.new, row.old)) for f in (duration(t.median), percent(t.spread / t.median))]
    return [row.name, *times, f"{middle:.3f}", percent(high - low), row.verdict]
