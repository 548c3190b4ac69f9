"""A process that holds one build of tilewright and does what `against` asks of it.

Nothing of tilewright is imported before `Build` has set from where.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from .contenders import Contenders


def serve(pipe: Connection, site: str | None, threads: int | None) -> None:
    """Answer requests (method of `Build`, arguments) with ("done", result) or ("failed", message), up to a None."""
    build = None
    with contextlib.suppress(EOFError):  # who asked is gone
        while request := pipe.recv():
            name, *arguments = request
            try:
                build = build or Build(site, threads)
                answer = "done", getattr(build, name)(*arguments)
            except Exception as error:
                answer = "failed", f"{type(error).__name__}: {error}"
            pipe.send(answer)


class Build:
    """The build in the directory `site`, or the one that is installed."""

    def __init__(self, site: str | None, threads: int | None) -> None:
        if site:
            # Editable installs have finders of their own, which come before the path.
            sys.meta_path[:] = [BuiltinImporter, FrozenImporter, PathFinder]
            sys.path.insert(0, site)
        os.environ["TILEWRIGHT_BENCH_ALONE"] = "1"  # read by `contenders`
        import tilewright as tw

        from . import contenders, drivers, measure

        self.place = Path(tw.__file__).parent
        for module in (tw, tw._core):
            if site and Path(site) not in Path(module.__file__).parents:
                raise ImportError(f"{module.__name__} is loaded from {module.__file__}, not from {site}")
        contenders.set_threads(threads or tw.get_num_threads())
        self.version = f"tilewright {tw.__version__} in {self.place}, {tw.get_num_threads()} threads"
        self.measure = measure
        self.work = drivers.all_work()
        self.call: Any = None
        self.count = 0

    def describe(self) -> tuple[str, list[tuple[str, str]]]:
        """What it is; and group and name of each piece of work."""
        return self.version, [(work.group, work.name) for work in self.work]

    def prepare(self, number: int, seconds: float) -> None:
        """Make a piece of work ready, verified and warm."""
        self.call = None  # frees the operands of the one before
        ready: Contenders = self.work[number].prepare()
        self.call = ready.calls["tilewright"]
        self.count = self.measure.calls_for(seconds, self.call)
        gc.collect()

    def turn(self) -> float:
        """Seconds per call of one batch."""
        self.measure.wake(self.call, self.count)
        return self.measure.batch(self.call, self.count)
