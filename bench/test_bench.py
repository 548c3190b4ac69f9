"""The drivers under pytest-benchmark: python -m pytest bench --benchmark-only"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

import pytest

import tilewright as tw

from . import drivers, products, shapes, work
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNTS = {
    drivers.calls: len(shapes.CALLS),
    drivers.elementwise: len(shapes.ELEMENTWISE),
    drivers.reductions: len(shapes.REDUCTIONS),
    drivers.softmax: len(shapes.SOFTMAX),
    drivers.sorts: len(shapes.SORTS),
    drivers.scans: len(shapes.SCANS),
    products.squares: len(shapes.SQUARES),
    products.products: len(shapes.PRODUCTS),
    products.bytes_: len(shapes.BYTES),
    products.layers: len(shapes.LAYERS),
    products.layers_backward: len(shapes.LAYERS),
    drivers.training: len(shapes.TRAINING),
}


@functools.lru_cache(maxsize=1)
def piece(driver: Callable[[], Iterator[Work]], number: int) -> Work:
    """The verified piece of work; one at a time is kept."""
    work.set_threads(tw.get_num_threads())
    chosen = next(itertools.islice(driver(), number, None))
    chosen.verify()
    return chosen


@pytest.mark.parametrize("contender", work.CONTENDERS)
@pytest.mark.parametrize(
    ("driver", "number"),
    [pytest.param(f, i, id=f"{f.__name__}-{i}") for f, count in COUNTS.items() for i in range(count)],
)
def test_speed(benchmark, driver, number, contender):
    row = piece(driver, number)
    if contender not in row.calls:
        pytest.skip(f"{contender} is not installed or has no such function")
    benchmark.group = row.name
    benchmark.name = contender
    benchmark(row.calls[contender])
