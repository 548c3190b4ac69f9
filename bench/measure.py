"""Timing: all contenders in turn, again and again; and the machine's peaks."""

from __future__ import annotations

import functools
import gc
import itertools
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tilewright as tw
from tilewright import _core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .contenders import Contenders
    from .work import Work

PROBE = 400_000  # rounds: about a millisecond
REST = 0.015  # worker threads of OpenMP go on spinning for 10 ms, and would slow down the next contender
LARGE = 512 << 20  # bytes, beyond all caches
SLICE = 32 << 20  # bytes of it that a measurement of the bandwidth touches: about a millisecond


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


def calls_for(seconds: float, call: Callable[[], object]) -> int:
    """How many calls take about `seconds`, after a warm-up."""
    batch(call, 2)
    return max(1, int(seconds / max(batch(call, 3), 1e-9)))


def wake(call: Callable[[], object], count: int) -> None:
    """Let the threads of whoever came before fall asleep, then wake those of this one, and fill the caches again."""
    time.sleep(REST)
    batch(call, max(1, count // 4))


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


def measure(work: Work, contenders: Contenders, rounds: int, seconds: float) -> Measured:
    samples = Samples()
    collect(work, contenders, rounds, seconds, samples)
    return samples.measured()


def collect(work: Work, contenders: Contenders, rounds: int, seconds: float, samples: Samples) -> None:
    """Warm up, then `rounds` times a batch of about `seconds` of each contender, starting with another each time.

    What a shared machine gives changes from moment to moment, by a factor of two where its cores are hyperthreads: so
    the peak is measured beside each of tilewright's batches, and the share is the median of theirs.
    """
    calls = contenders.calls
    counts = {name: calls_for(seconds, call) for name, call in calls.items()}
    probe = (lambda: flops(PROBE)) if work.flops else reading if work.reads else None
    cost = work.flops * work.peak if work.flops else work.nbytes
    names = list(calls)
    gc.collect()
    for round_ in range(rounds):
        for i in range(len(names)):
            name = names[(i + round_) % len(names)]
            wake(calls[name], counts[name])
            before = probe() if probe and name == "tilewright" else 0.0
            taken = batch(calls[name], counts[name])
            samples.times.setdefault(name, []).append(taken)
            if probe and name == "tilewright":
                samples.shares.append(cost / taken / max(before, probe()))


def in_passes(
    pieces: Iterable[Work], rounds: int, seconds: float, passes: int = 3
) -> Iterator[tuple[Work, Contenders, Measured]]:
    """Verify and measure all pieces, going over them several times.

    What a shared machine gives for seconds or minutes, more to one contender than to another (the cores' distance, or
    one core instead of two), is then part of the spread.
    """
    collected = [(work, Samples()) for work in pieces]
    for done in range(passes):
        for work, samples in collected:
            contenders = work.prepare()
            collect(work, contenders, rounds, seconds, samples)
            if done == passes - 1:
                yield work, contenders, samples.measured()


def flops(rounds: int) -> float:
    """Float32 operations a second of multiply-adds in registers, on all threads."""
    begin = time.perf_counter()
    done = _core.multiply_add_at_peak(rounds)
    return done / (time.perf_counter() - begin)


@functools.cache
def slices() -> Iterator[Any]:
    """Slices of a large array, over and over: each comes back after all others, and is in no cache by then.

    A slice at a time, since what takes long is hardly ever left alone on a machine that is shared.
    """
    large = tw.ones(LARGE // 4)
    step = SLICE // 4
    return itertools.cycle([large[i : i + step] for i in range(0, LARGE // 4, step)])


def reading() -> float:
    """Bytes a second that are read from memory, by adding up the next slice on all threads."""
    piece = next(slices())
    begin = time.perf_counter()
    tw.sum(piece)
    return piece.nbytes / (time.perf_counter() - begin)


def copying() -> float:
    """Bytes a second that are read and written, by copying half of the next slice to its other half on all threads."""
    piece = next(slices())
    half = piece.size // 2
    begin = time.perf_counter()
    piece[half:].copy_(piece[:half])
    return piece.nbytes / (time.perf_counter() - begin)


def summarise(times: list[float]) -> Times:
    low, middle, high = statistics.quantiles(times, n=4)
    return Times(middle, high - low)


@dataclass(frozen=True)
class Peak:
    """What the machine reached in this run: float32 operations and copied bytes (read and written) per second."""

    flops: float
    bandwidth: float


def peak() -> Peak:
    """The best of several; the copies go over all slices three times."""
    return Peak(max(flops(2_000_000) for _ in range(25)), max(copying() for _ in range(3 * LARGE // SLICE)))
