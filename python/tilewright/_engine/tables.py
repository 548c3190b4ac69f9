"""Tables as text: columns aligned, with the rows that they were made of."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Self


def aligned(rows: Sequence[Sequence[str]], left: Iterable[int] = (0,)) -> list[str]:
    """A line for each row of cells; columns are as wide as their widest cell, those at `left` begin at the left."""
    at_left = set(left)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:<{width}}" if i in at_left else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def ruled(head: Sequence[str], rows: Sequence[Sequence[str]], left: Iterable[int] = (0,)) -> str:
    """A table with a rule under its head."""
    lines = aligned([head, *rows], left)
    return "\n".join(line.rstrip() for line in (lines[0], "-" * len(lines[0]), *lines[1:]))


class Table(str):
    """A table as text, which is what printing it shows, and its rows as records.

    Attributes
    ----------
    rows
        A named tuple for each.
    """

    rows: tuple[Any, ...]

    def __new__(cls, text: str, rows: Iterable[Any]) -> Self:
        made = super().__new__(cls, text)
        made.rows = tuple(rows)
        return made

    def __getnewargs__(self) -> tuple[Any, ...]:  # for copies and pickles
        return str(self), self.rows


def short(value: float) -> str:
    """A number with four digits."""
    return f"{value:.4g}"
