"""Lines of columns, printed as they come."""

from __future__ import annotations


class Lines:
    """As text, or as a table of Markdown. `columns` has head and width of each."""

    def __init__(self, columns: dict[str, int], *, markdown: bool) -> None:
        self.widths = list(columns.values())
        self.markdown = markdown
        self.print(list(columns))
        if markdown:
            print("|" + "|".join(["---"] + ["---:"] * (len(columns) - 1)) + "|")

    def print(self, cells: list[str]) -> None:
        if self.markdown:
            print("| " + " | ".join(cells) + " |", flush=True)
        else:
            first, *widths = self.widths
            line = cells[0].ljust(first) + "".join(c.rjust(w) for c, w in zip(cells[1:], widths, strict=True))
            print(line, flush=True)


def duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"
