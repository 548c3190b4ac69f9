"""What all tests share."""

from __future__ import annotations

import collections
import gc
import itertools
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

TALLY: collections.Counter[str] = collections.Counter()


@pytest.fixture
def python() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run Python code in a fresh interpreter: `python(code, timeout=60, prefix=(), **environment)`."""

    def run(
        code: str, *args: str, timeout: float = 60, prefix: tuple[str, ...] = (), **environment: str | None
    ) -> subprocess.CompletedProcess[str]:
        env = os.environ | {name: value for name, value in environment.items() if value is not None}
        for name, value in environment.items():
            if value is None:
                env.pop(name, None)
        return subprocess.run(
            [*prefix, sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, timeout=timeout
        )

    return run


@pytest.fixture
def registry() -> Iterator[ModuleType]:
    """The engine's registry, for tests that declare ops: they are forgotten afterwards."""
    from tilewright._engine import registry

    yield registry
    for name in [name for name, module in registry.DECLARED_IN.items() if not module.startswith("tilewright.")]:
        for entries in (
            registry.OPS,
            registry.DECLARED_IN,
            registry.DEFINITIONS,
            registry.VJPS,
            registry.COMPLEX_VJPS,
            registry.FUSED_VJPS,
        ):
            entries.pop(name, None)
        registry.NONDIFFERENTIABLE.discard(name)


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Sets the number of threads, for one test."""
    import tilewright as tw

    before = tw.get_num_threads()
    yield tw.set_num_threads
    tw.set_num_threads(before)


@pytest.fixture
def no_gc() -> Iterator[None]:
    """Only reference counts free anything."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# ---- options ---------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--isa",
        metavar="LEVEL",
        help="the level of the kernels (sets TILEWRIGHT_ISA); with `-m kernels`, only the tests that depend on it",
    )
    parser.addoption(
        "--device",
        default="cpu",
        help="where the op cases draw their arrays; `test` is there in builds with TILEWRIGHT_TEST_DEVICE=ON",
    )
    parser.addoption(
        "--differential-seconds",
        type=float,
        default=0.0,
        metavar="N",
        help="go on with further seeds in tests/differential for about N seconds; by default the numbers are fixed",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Chooses level and device. Nothing here may import tilewright before: the level is chosen at import, once."""
    config.addinivalue_line("markers", "kernels: depends on the kernels' level, so it is run at each of them")
    config.addinivalue_line("markers", "products: multiplies matrices, wherein alone v4 and v4dot differ")
    level = config.getoption("--isa")
    if level is not None:
        if "tilewright" in sys.modules:
            raise pytest.UsageError("--isa: tilewright was imported before its level could be set")
        os.environ["TILEWRIGHT_ISA"] = level
        try:
            import tilewright  # noqa: F401
        except ImportError as error:
            raise pytest.UsageError(f"--isa: {error}") from None

    from cases import opcase

    opcase.DEVICE = config.getoption("--device")


def pytest_report_header(config: pytest.Config) -> str:
    from tilewright import _core

    isa = _core.config()
    return f"tilewright: ISA level {isa['isa']} of {', '.join(isa['isa_available'])}; device {config.option.device}"


# ---- differential tests ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def seconds(request: pytest.FixtureRequest) -> float:
    """How long this test should at least go on with further seeds: an equal share of the option's seconds."""
    sharing = sum("seconds" in item.fixturenames for item in request.session.items)  # type: ignore[attr-defined]
    return request.config.getoption("--differential-seconds") / sharing


@pytest.fixture
def seeds(seconds: float) -> Callable[[int], Iterator[int]]:
    """`seeds(count)`: 0 to count - 1, and more until the time is up."""

    def run(count: int) -> Iterator[int]:
        end = time.monotonic() + seconds
        return itertools.takewhile(lambda seed: seed < count or time.monotonic() < end, itertools.count())

    return run


@pytest.fixture
def tally() -> Callable[[str, int], None]:
    """`tally(what, count)`: counts what the summary shows at the end."""

    def add(what: str, count: int) -> None:
        TALLY[what] += count

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY:
        terminalreporter.section("differential tests")
        for what, count in TALLY.items():
            terminalreporter.line(f"{count:>9,} {what}")
