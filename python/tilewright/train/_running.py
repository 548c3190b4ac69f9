"""What surrounds a running loop: a progress bar, and Ctrl-C that waits for the batch."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Interrupt:
    """Whether Ctrl-C was pressed."""

    asked = False


@contextlib.contextmanager
def waiting_interrupt() -> Iterator[Interrupt]:
    """While this runs, Ctrl-C only sets `asked`; a second one raises at once, as the first does in other threads."""
    interrupt = Interrupt()

    def handle(signum: int, frame: FrameType | None) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return
    signal.signal(signal.SIGINT, handle)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class NoBar:
    """Shows nothing."""

    def update(self, n: int = 1) -> None: ...

    def set_postfix_str(self, s: str, refresh: bool = True) -> None: ...

    def close(self) -> None: ...


def bar_class(progress: Any) -> Any:
    """tqdm or the like; NoBar where none is wanted, or none is installed."""
    if progress is not True:
        return progress or None
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def open_bar(kind: Any, epoch: int, epochs: int, loader: Any, start: int) -> Any:
    """A bar for an epoch."""
    if kind is None:
        return NoBar()
    total = len(loader) if hasattr(loader, "__len__") else None
    return kind(total=total, initial=start, desc=f"epoch {epoch + 1}/{epochs}")
