"""What a part found: one report for each cause, the shortest case that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHOWN = 30


class Fault(Exception):
    """A case that went wrong; its text says which and how."""


class Faults:
    """Collects faults by cause, so that one does not hide the others."""

    def __init__(self) -> None:
        self.shortest: dict[str, str] = {}

    def add(self, cause: str, text: str) -> None:
        known = self.shortest.get(cause)
        if known is None or len(text) < len(known):
            self.shortest[cause] = text

    def report(self) -> None:
        """Fail with what was collected, if anything."""
        if self.shortest:
            texts = list(self.shortest.values())
            pytest.fail("\n".join([f"{len(texts)} faults", *texts[:SHOWN]]), pytrace=False)


def shrink(steps: list[int], problem: Callable[[list[int]], str | None]) -> str:
    """What goes wrong with as few of the steps as possible: each is dropped where it is not needed for it.

    `problem(steps)` runs a program of these steps, and tells what is wrong with it.
    """
    text = problem(steps)
    assert text, "a program that failed once passes now"
    for step in steps[::-1]:
        fewer = [s for s in steps if s != step]
        smaller = problem(fewer)
        if smaller:
            return shrink(fewer, problem)
    return text
