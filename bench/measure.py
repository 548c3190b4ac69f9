"""Timing: all contenders in turn, in one process, again and again; and the machine's peaks."""

from __future__ import annotations

import functools
import gc
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tilewright as tw
from tilewright import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .work import Work

PROBE = 400_000  # rounds: about a millisecond
REST = 0.015  # worker threads of OpenMP go on spinning for 10 ms, and would slow down the next contender


@dataclass(frozen=True)
class Times:
    """Seconds per call: the median and the distance between the quartiles."""

    median: float
    spread: float

    def clearly_above(self, other: Times) -> bool:
        """Whether the medians are further apart than half of each spread."""
        return self.median - other.median > (self.spread + other.spread) / 2


def batch(call: Callable[[], object], count: int) -> float:
    """Seconds per call over `count` calls."""
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begin) / count


@dataclass(frozen=True)
class Measured:
    """The contenders' times; and tilewright's share of the peak for work that counts flops or only reads."""

    times: dict[str, Times]
    share: float | None


@dataclass
class Samples:
    """Seconds per call of each batch, by contender; and tilewright's shares of the peak."""

    times: dict[str, list[float]] = field(default_factory=dict)
    shares: list[float] = field(default_factory=list)

    def measured(self) -> Measured:
        share = statistics.median(self.shares) if self.shares else None
        return Measured({name: summarise(times) for name, times in self.times.items()}, share)


def measure(work: Work, rounds: int, seconds: float) -> Measured:
    samples = Samples()
    collect(work, rounds, seconds, samples)
    return samples.measured()


def collect(work: Work, rounds: int, seconds: float, samples: Samples) -> None:
    """Warm up, then `rounds` times a batch of about `seconds` of each contender, starting with another each time.

    What a shared machine gives changes from moment to moment, by a factor of two where its cores are hyperthreads: so
    the peak is measured beside each of tilewright's batches, and the share is the median of theirs.
    """
    counts = {}
    for name, call in work.calls.items():
        batch(call, 2)
        counts[name] = max(1, int(seconds / max(batch(call, 3), 1e-9)))
    probe = (lambda: flops(PROBE)) if work.flops else reading if work.reads else None
    cost = work.flops * work.peak if work.flops else work.nbytes
    names = list(work.calls)
    gc.collect()
    for round_ in range(rounds):
        for i in range(len(names)):
            name = names[(i + round_) % len(names)]
            time.sleep(REST)
            batch(work.calls[name], max(1, counts[name] // 4))  # wakes the threads and fills the caches again
            before = probe() if probe and name == "tilewright" else 0.0
            taken = batch(work.calls[name], counts[name])
            samples.times.setdefault(name, []).append(taken)
            if probe and name == "tilewright":
                samples.shares.append(cost / taken / max(before, probe()))


def in_passes(
    pieces: Callable[[], Iterable[Work]], rounds: int, seconds: float, passes: int = 3
) -> Iterator[tuple[Work, Measured]]:
    """Verify and measure all pieces, going over them several times.

    What a shared machine gives for seconds or minutes, more to one contender than to another (the cores' distance, or
    one core instead of two), is then part of the spread.
    """
    collected: list[Samples] = []
    for done in range(passes):
        for number, work in enumerate(pieces()):
            if done == 0:
                work.verify()
                collected.append(Samples())
            collect(work, rounds, seconds, collected[number])
            if done == passes - 1:
                yield work, collected[number].measured()


def flops(rounds: int) -> float:
    """Float32 operations a second of multiply-adds in registers, on all threads."""
    begin = time.perf_counter()
    done = _core.multiply_add_at_peak(rounds)
    return done / (time.perf_counter() - begin)


@functools.cache
def _large() -> Any:
    return tw.ones(16_777_216)


def reading() -> float:
    """Bytes a second that are read from memory, by adding up 64 MB on all threads."""
    large = _large()
    begin = time.perf_counter()
    tw.sum(large)
    return large.nbytes / (time.perf_counter() - begin)


def summarise(times: list[float]) -> Times:
    low, middle, high = statistics.quantiles(times, n=4)
    return Times(middle, high - low)


@dataclass(frozen=True)
class Peak:
    """What the machine reached in this run: float32 operations and copied bytes (read and written) per second."""

    flops: float
    bandwidth: float


def peak(tries: int = 25) -> Peak:
    """The best of several."""

    source = tw.ones(16_000_000)
    target = tw.zeros(16_000_000)

    def bandwidth() -> float:
        begin = time.perf_counter()
        target.copy_(source)
        return 2 * source.nbytes / (time.perf_counter() - begin)

    return Peak(max(flops(2_000_000) for _ in range(tries)), max(bandwidth() for _ in range(tries)))
