"""The table: a row for each piece of work, printed as it is measured."""

from __future__ import annotations

import platform
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import tilewright as tw

from .contenders import onnxruntime, openvino, torch
from .layer_cases import GROUPS_OF_NETWORKS, LINEAR_GOAL
from .lines import Lines, duration, percent

if TYPE_CHECKING:
    from .contenders import Contenders
    from .measure import Measured, Peak
    from .work import Work

RIVALS = ["numpy", "pytorch", "onnxruntime", "openvino"]
# heads and widths of the columns
COLUMNS = {"work": 44, "time": 10, "spread": 9, "rate": 15, "of peak": 9}
COLUMNS |= {f"/ {name}": len(name) + 4 for name in RIVALS} | {"/ best": 8, "goal": 18}


def machine() -> str:
    """What was measured on."""
    config = tw.show_config(mode="dicts") or {}
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    versions = f"tilewright {tw.__version__}, NumPy {np.__version__}"
    for name, library in (("PyTorch", torch), ("ONNX Runtime", onnxruntime), ("OpenVINO", openvino)):
        if library:
            versions += f", {name} {library.__version__.split('-')[0]}"
    return f"{cpu}, {config['threads']} threads, ISA {config['isa']}; {versions}, Python {platform.python_version()}"


class Table:
    """Ratios are tilewright's time over the other's: below 1, tilewright is faster."""

    def __init__(self, peak: Peak, *, markdown: bool = False) -> None:
        self.peak = peak
        self.lines = Lines(COLUMNS, markdown=markdown)
        self.missed = 0
        self.ratios: dict[str, list[dict[str, float | None]]] = {}  # of each row, by group
        self.left_out: list[str] = []

    def add(self, work: Work, contenders: Contenders, measured: Measured) -> None:
        self.note(work, contenders)
        times, share = measured.times, measured.share
        own = times["tilewright"]
        rate = ""
        if work.flops:
            rate = f"{work.flops / own.median / 1e9:.1f} GFLOP/s"
        elif work.nbytes:
            rate = f"{work.nbytes / own.median / 1e9:.1f} GB/s"
            share = share or work.nbytes / own.median / self.peak.bandwidth
        others = {name: own.median / t.median for name, t in times.items() if name != "tilewright"}
        # of several ways that a library has the fastest
        ratios = {of: max((r for name, r in others.items() if name.startswith(of)), default=None) for of in RIVALS}
        ratios["best"] = max(others.values(), default=None)
        self.ratios.setdefault(work.group, []).append(ratios)
        self.lines.print(
            [
                work.name,
                duration(own.median),
                percent(own.spread / own.median),
                rate,
                "" if share is None else percent(share),
                *("" if r is None else f"{r:.2f}" for r in ratios.values()),
                self.goal(work, share, ratios),
            ]
        )

    def note(self, work: Work, contenders: Contenders) -> None:
        self.left_out += [f"{work.name}: {name} {why}" for name, why in contenders.left_out.items()]

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

    def gain(self, group: str, names: tuple[str, ...]) -> float | None:
        """The time of the best of these over ours, in geometric mean over the rows of a group."""
        rows = [[r for name in names if (r := ratios[name]) is not None] for ratios in self.ratios.get(group, [])]
        return statistics.geometric_mean(1 / max(row) for row in rows if row) if any(rows) else None

    def finish(self) -> None:
        for group in ("linear", "linear and back"):
            gain, of_all = self.gain(group, ("numpy", "pytorch")), self.gain(group, ("best",))
            if gain is not None:
                self.missed += gain < LINEAR_GOAL
                print(
                    f"{group}, in geometric mean: {gain:.2f} times as fast as the better of NumPy and PyTorch, "
                    f"{LINEAR_GOAL} wanted: {'yes' if gain >= LINEAR_GOAL else 'NO'}; {of_all:.2f} times as fast as "
                    "the best of all others"
                )
        for group in GROUPS_OF_NETWORKS:
            gains = {name: gain for name in (*RIVALS, "best") if (gain := self.gain(group, (name,))) is not None}
            if gains:
                means = ", ".join(f"{1 / gain:.2f} / {name}" for name, gain in gains.items())
                print(f"{group}, geometric mean of the ratios: {means}")
        self.name_left_out()
        print(f"times are medians; spread is the distance between the quartiles; goals missed: {self.missed}")

    def name_left_out(self) -> None:
        for line in self.left_out:
            print(f"left out: {line}")


class Sample:
    """Of many pieces of work only those that another contender does clearly faster, and a summary."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ratios: list[float] = []
        self.behind = 0

    def add(self, work: Work, contenders: Contenders, measured: Measured) -> None:
        times = dict(measured.times)
        own = times.pop("tilewright")
        if not times:
            self.table.note(work, contenders)
            return
        best = min(times.values(), key=lambda t: t.median)
        self.ratios.append(own.median / best.median)
        if own.clearly_above(best):
            self.behind += 1
            self.table.add(work, contenders, measured)
        else:
            self.table.note(work, contenders)

    def finish(self) -> None:
        self.table.name_left_out()
        worse = sum(ratio > 1 for ratio in self.ratios)
        print(
            f"sample: of {len(self.ratios)} products {worse} slower than the best other, {self.behind} of them beyond "
            f"the spread; geometric mean of the ratios {statistics.geometric_mean(self.ratios):.2f}, largest "
            f"{max(self.ratios):.2f}"
        )
