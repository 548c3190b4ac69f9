"""The graph of a trace in matplotlib: steps in columns by how far they are from the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    Edge = tuple[int, int, str]

_INCHES_PER_LETTER, _GAP, _ROW = 0.06, 1.0, 0.85


def columns_of(count: int, edges: Sequence[Edge]) -> tuple[list[list[int]], dict[int, list[int]]]:
    """Steps by column: each one to the right of its operands, inputs beside their first use; few crossings.

    An edge that passes columns has a place of its own in each, with a number from `count` on; beside the columns, these
    places by the edge's index.
    """
    parents: list[list[int]] = [[edge[0] for edge in edges if edge[1] == i] for i in range(count)]
    uses = [[edge[1] for edge in edges if edge[0] == i] for i in range(count)]
    column = [0] * count
    for i in range(count):
        column[i] = 1 + max([column[p] for p in parents[i]], default=-1)
    for i in range(count):
        if not parents[i] and uses[i]:
            column[i] = min(column[use] for use in uses[i]) - 1
    listed: list[list[int]] = [[i for i in range(count) if column[i] == k] for k in range(1 + max(column))]
    neighbours = [[*before, *after] for before, after in zip(parents, uses, strict=True)]
    bends: dict[int, list[int]] = {}
    for e, (parent, child, _) in enumerate(edges):
        for k in range(column[parent] + 1, column[child]):
            listed[k].append(len(neighbours))
            bends.setdefault(e, []).append(len(neighbours))
            neighbours.append([parent, child])
    for _ in range(4):  # each at the mean height of its neighbours
        height = {i: k - (len(steps) - 1) / 2 for steps in listed for k, i in enumerate(steps)}
        for steps in listed:
            steps.sort(key=lambda i: sum(height[n] for n in neighbours[i]) / max(len(neighbours[i]), 1))
    return listed, bends


def draw(labels: Sequence[Sequence[str]], edges: Sequence[Edge], ax: Any) -> Any:
    """Boxes and arrows; returns the axes."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError("trace: drawing needs matplotlib; pip install tilewright[plot]") from None
    columns, bends = columns_of(len(labels), edges)
    rows = max(map(len, columns))
    if ax is None:
        letters = max(len(line) for label in labels for line in label)
        width = letters * _INCHES_PER_LETTER + _GAP
        _, ax = plt.subplots(figsize=(width * len(columns), _ROW * (rows + 0.4)), layout="constrained")
    at = {i: (x, (len(steps) - 1) / 2 - y) for x, steps in enumerate(columns) for y, i in enumerate(steps)}
    boxes = [_box(ax, *at[i], label) for i, label in enumerate(labels)]
    seen: dict[tuple[int, int], int] = {}
    for e, (parent, child, text) in enumerate(edges):
        again = seen[parent, child] = seen.get((parent, child), -1) + 1
        points = [at[parent], *(at[bend] for bend in bends.get(e, ())), at[child]]
        _arrow(ax, points, boxes[parent], boxes[child], text, 0.18 * again)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(-rows / 2 - 0.1, rows / 2 + 0.1)
    ax.axis("off")
    return ax


def _arrow(ax: Any, points: Sequence[tuple[float, float]], first: Any, last: Any, text: str, bulge: float) -> None:
    """An arrow through the points from one box to another, with a text in the middle of its first part."""
    for k in range(len(points) - 1):
        style: dict[str, Any] = {
            "arrowstyle": "-|>" if k == len(points) - 2 else "-",
            "color": "0.4",
            "shrinkA": 0,
            "shrinkB": 0,
        }
        style |= {"connectionstyle": f"arc3,rad={bulge}", "patchA": first if k == 0 else None}
        ax.annotate("", points[k + 1], points[k], arrowprops=style | {"patchB": last if k == len(points) - 2 else None})
    (x0, y0), (x1, y1) = points[:2]
    middle = (x0 + x1) / 2, (y0 + y1) / 2 - 1.6 * bulge
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    ax.text(*middle, text, ha="center", va="center", fontsize=7, color="tab:blue", bbox=box, zorder=3)


def _box(ax: Any, x: float, y: float, label: Sequence[str]) -> Any:
    """Name and value in black, the cotangent in red under them, in one frame."""
    name, value, cotangent = label
    widest = max(label, key=len)
    # Drawn before the arrows, which end where it was drawn last.
    frame = ax.text(x, y, f"{widest}\n\n", ha="center", va="center", fontsize=8, alpha=0, zorder=2)
    frame.set_bbox({"boxstyle": "round,pad=0.35", "facecolor": "#f4f4f0", "edgecolor": "0.3"})
    style = {"ha": "center", "va": "center", "fontsize": 8, "zorder": 5, "xycoords": frame}
    for text, points, look in (
        (name, 11, {"weight": "bold"}),
        (value, 0, {}),
        (cotangent, -11, {"color": "tab:red"}),
    ):
        ax.annotate(text, (0.5, 0.5), (0, points), textcoords="offset points", **style, **look)
    return frame.get_bbox_patch()
