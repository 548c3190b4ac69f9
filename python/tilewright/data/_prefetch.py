"""Making items ahead of time, in a thread."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_END = object()


class _Failed:
    """Stands in the queue for an error of the thread's."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def ahead(items: Iterator[Any], count: int) -> Generator[Any, None, None]:
    """The same items in the same order, up to so many of them made ahead; an error is raised where its item would be.

    The thread ends with the last item, or when this iterator is closed or forgotten.
    """
    made: queue.Queue[Any] = queue.Queue(count)
    stopped = threading.Event()
    thread = threading.Thread(target=_fill, args=(items, made, stopped), name="tilewright prefetch", daemon=True)
    thread.start()
    try:
        while (item := made.get()) is not _END:
            if isinstance(item, _Failed):
                raise item.error
            yield item
    finally:
        stopped.set()
        while thread.is_alive():  # it may wait for room
            try:
                made.get(timeout=0.01)
            except queue.Empty:
                continue
        thread.join()


def _fill(items: Iterator[Any], made: queue.Queue[Any], stopped: threading.Event) -> None:
    try:
        for item in items:
            made.put(item)
            if stopped.is_set():
                return
    except BaseException as error:  # whatever it is, it is raised where the items are used
        made.put(_Failed(error))
    else:
        made.put(_END)
