"""The drivers under pytest-benchmark: python -m pytest bench --benchmark-only"""

from __future__ import annotations

import functools

import pytest

import tilewright as tw

from . import contenders, drivers

WORK = {work.name: work for work in drivers.all_work()}


@functools.lru_cache(maxsize=1)
def prepared(name: str) -> contenders.Contenders:
    """The verified contenders of a row; those of one row at a time are kept."""
    contenders.set_threads(tw.get_num_threads())
    return WORK[name].prepare()


@pytest.mark.parametrize("contender", contenders.NAMES)
@pytest.mark.parametrize("name", WORK)
def test_speed(benchmark, name, contender):
    row = prepared(name)
    if contender not in row.calls:
        pytest.skip(f"{contender}: {row.left_out.get(contender, 'is not installed or has no such function')}")
    benchmark.group = name
    benchmark.name = contender
    benchmark(row.calls[contender])
