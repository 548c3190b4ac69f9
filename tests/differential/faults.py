"""What a part found: one report for each cause, the shortest case that shows it."""

from __future__ import annotations

import pytest

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
