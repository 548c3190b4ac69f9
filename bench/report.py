"""The table: a row for each piece of work, printed as it is measured."""

from __future__ import annotations

import platform
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import tilewright as tw

from .shapes import LAYERS_GOAL
from .work import torch

if TYPE_CHECKING:
    from .measure import Measured, Peak
    from .work import Work

HEADS = ["work", "time", "spread", "rate", "of peak", "/ numpy", "/ pytorch", "/ best", "goal"]
WIDTHS = [44, 10, 9, 15, 9, 9, 10, 8, 18]


def machine(peak: Peak) -> str:
    """What was measured on, in two lines."""
    config = tw.show_config(mode="dicts") or {}
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    versions = f"tilewright {tw.__version__}, NumPy {np.__version__}"
    if torch:
        versions += f", PyTorch {torch.__version__}"
    return (
        f"{cpu}, {config['threads']} threads, ISA {config['isa']}; {versions}, Python {platform.python_version()}\n"
        f"peak in this run: {peak.flops / 1e9:.0f} GFLOP/s float32, {peak.bandwidth / 1e9:.1f} GB/s copied"
    )


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


class Table:
    """Ratios are tilewright's time over the other's: below 1, tilewright is faster."""

    def __init__(self, peak: Peak, *, markdown: bool = False) -> None:
        self.peak = peak
        self.markdown = markdown
        self.missed = 0
        self.gains: dict[str, list[float]] = {}  # the best other's time over ours, by group
        self.print(HEADS)
        if markdown:
            print("|" + "|".join(["---"] + ["---:"] * (len(HEADS) - 1)) + "|")

    def print(self, cells: list[str]) -> None:
        if self.markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            line = cells[0].ljust(WIDTHS[0]) + "".join(c.rjust(w) for c, w in zip(cells[1:], WIDTHS[1:], strict=True))
            print(line, flush=True)

    def add(self, work: Work, measured: Measured) -> None:
        times, share = measured.times, measured.share
        own = times["tilewright"]
        rate = ""
        if work.flops:
            rate = f"{work.flops / own.median / 1e9:.1f} GFLOP/s"
        elif work.nbytes:
            rate = f"{work.nbytes / own.median / 1e9:.1f} GB/s"
            share = share or work.nbytes / own.median / self.peak.bandwidth
        others = {name: own.median / t.median for name, t in times.items() if name != "tilewright"}
        rivals = {name: ratio for name, ratio in others.items() if name.startswith("pytorch")}
        ratios = {"numpy": others.get("numpy"), "pytorch": max(rivals.values(), default=None)}
        best = max(others.values(), default=None)
        if best is not None:
            self.gains.setdefault(work.group, []).append(1 / best)
        self.print(
            [
                work.name,
                duration(own.median),
                f"{100 * own.spread / own.median:.0f} %",
                rate,
                "" if share is None else f"{100 * share:.0f} %",
                *("" if r is None else f"{r:.2f}" for r in (*ratios.values(), best)),
                self.goal(work, share, ratios),
            ]
        )

    def goal(self, work: Work, share: float | None, ratios: dict[str, float | None]) -> str:
        if work.goal is None:
            return ""
        against, bound = work.goal
        least = against in ("peak", "read")
        reached = share if least else ratios[against]
        if reached is None:
            return f"{bound:g} {against}: ?"
        met = reached >= bound if least else reached <= bound
        self.missed += not met
        return f"{bound:g} {against}: {'yes' if met else 'NO'}"

    def finish(self) -> None:
        for group in ("linear", "linear and back"):
            if group in self.gains:
                gain = statistics.geometric_mean(self.gains[group])
                self.missed += gain < LAYERS_GOAL
                print(
                    f"{group}: {gain:.2f} times as fast as the best other in geometric mean, {LAYERS_GOAL} wanted: "
                    f"{'yes' if gain >= LAYERS_GOAL else 'NO'}"
                )
        print(f"times are medians; spread is the distance between the quartiles; goals missed: {self.missed}")


class Sample:
    """Of many pieces of work only those that another contender does clearly faster, and a summary."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ratios: list[float] = []
        self.behind = 0

    def add(self, work: Work, measured: Measured) -> None:
        times = dict(measured.times)
        own = times.pop("tilewright")
        best = min(times.values(), key=lambda t: t.median)
        self.ratios.append(own.median / best.median)
        if own.clearly_above(best):
            self.behind += 1
            self.table.add(work, measured)

    def finish(self) -> None:
        worse = sum(ratio > 1 for ratio in self.ratios)
        print(
            f"sample: of {len(self.ratios)} products {worse} slower than the best other, {self.behind} of them beyond "
            f"the spread; geometric mean of the ratios {statistics.geometric_mean(self.ratios):.2f}, largest "
            f"{max(self.ratios):.2f}"
        )
