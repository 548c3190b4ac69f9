"""Images side by side: of data, and of weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from ._common import LARGEST, RED, SMALLEST, axes_for, colormap, real, require_texts, texts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["filters", "images"]

_GAP, _TITLE = 0.08, 0.32  # between images and for a title, as shares of the width and height
_TILE = 1.0  # inches, at least


def images(
    images: Any,
    ax: Axes | None = None,
    *,
    titles: Any = None,
    marked: Any = None,
    columns: int | None = None,
    cmap: str = "gray",
    vmin: float | None = None,
    vmax: float | None = None,
    title: str = "",
) -> Axes:
    """Draw images in rows.

    Parameters
    ----------
    images : array-like, shape (N, H, W) or (N, C, H, W)
        Images of one channel, or of three: red, green and blue from 0 to 1, or to 255 where they are uint8.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    titles : sequence of str, optional
        What stands above each image.
    marked : array-like of bool, shape (N,), optional
        Which images have a red frame and title: mistakes.
    columns : int, optional
        Images in a row; by default about as many as there are rows.
    cmap : str
        Colours of images of one channel; "gray_r" is ink on paper.
    vmin, vmax : float, optional
        The values of the first and the last colour; by default the smallest and the largest of all images.
    title : str
        Text above all.

    Returns
    -------
    Axes
        Each image is one of `ax.images`.

    Raises
    ------
    ValueError
        For other shapes, another number of titles or marks, NaN, infinities, and an unknown `cmap`.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.images(tw.random.uniform(size=(6, 1, 8, 8)), titles="abcdef", columns=3)
    >>> len(ax.images), [text.get_text() for text in ax.texts]
    (6, ['a', 'b', 'c', 'd', 'e', 'f'])
    """
    array = real("images", "images", images, "shape (N, H, W) or (N, C, H, W)", 3, 4)
    if array.ndim == 4 and array.shape[1] not in (1, 3):
        raise ValueError(f"images: images has {array.shape[1]} channels, but must have one or three")
    if str(getattr(images, "dtype", "")).endswith("uint8"):
        array = array / 255
    tiles = [image if image.ndim == 2 else image[0] if len(image) == 1 else image for image in array]
    low = array.min() if vmin is None else arguments.number("images", "vmin", vmin)
    high = array.max() if vmax is None else arguments.number("images", "vmax", vmax)
    if not low <= high:
        raise ValueError(f"images: vmin is {low} and vmax {high}, but vmin must not be the larger")
    return _grid("images", ax, tiles, [(low, high)] * len(tiles), columns, cmap, titles, marked, title)


def filters(
    weight: Any,
    ax: Axes | None = None,
    *,
    shape: tuple[int, int] | None = None,
    columns: int | None = None,
    shared: bool = False,
    titles: Any = None,
    title: str = "",
) -> Axes:
    """Draw weights as images: blue is positive, red negative, white zero.

    Parameters
    ----------
    weight : array-like, shape (out, in, H, W), (N, H, W), or (out, H * W)
        Weights of a convolution, any images, or of a linear layer, with `shape`. Three input channels are drawn as
        red, green and blue, grey being zero; of several others each is an image, in a row for each output.
    ax : Axes, optional
        Where to draw; by default on a new figure.
    shape : tuple of two int, optional
        (H, W) of the images that a linear layer sees.
    columns : int, optional
        Images in a row.
    shared : bool
        Whether all have one scale, up to the largest weight; by default each has its own.
    titles : sequence of str, optional
        What stands above each image.
    title : str
        Text above all.

    Returns
    -------
    Axes
        Each filter is one of `ax.images`.

    Raises
    ------
    ValueError
        For other shapes, another number of titles, NaN and infinities.
    TypeError
        For arguments of another kind, and an `ax` that is none.
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> import tilewright as tw
    >>> ax = tw.plot.filters(tw.nn.Conv2d(1, 8, 3).weight)
    >>> len(ax.images), ax.images[0].get_array().shape
    (8, (3, 3))
    """
    needed = "shape (out, in, H, W) or (N, H, W)" if shape is None else "shape (out, H * W)"
    array = real("filters", "weight", weight, needed, *((3, 4) if shape is None else (2,)))
    if shape is not None:
        height, width = arguments.per_axis("filters", "shape", shape, 2, at_least=1)
        if height * width != array.shape[1]:
            raise ValueError(f"filters: weight has rows of {array.shape[1]}, but shape {(height, width)} needs others")
        array = array.reshape(-1, height, width)
    if array.ndim == 4 and array.shape[1] not in (1, 3):
        columns = array.shape[1] if columns is None else columns
        array = array.reshape(-1, *array.shape[2:])
    array = array[:, 0] if array.ndim == 4 and array.shape[1] == 1 else array
    limits = abs(array).max(axis=tuple(range(1, array.ndim)))
    if arguments.flag("filters", "shared", shared):
        limits[:] = limits.max()
    limits[limits == 0] = 1
    if array.ndim == 4:
        array = 0.5 + 0.5 * array / limits[:, None, None, None]
    return _grid("filters", ax, list(array), [(-x, x) for x in limits], columns, "RdBu", titles, None, title)


def _grid(
    op: str,
    ax: Any,
    tiles: list[np.ndarray],
    limits: list[tuple[float, float]],
    columns: int | None,
    cmap: str,
    titles: Any,
    marked: Any,
    title: str,
) -> Axes:
    """Images (H, W) or (3, H, W) in one axes, each at a place of its own, in units of pixels."""
    require_texts(op, title=title)
    cmap = colormap(op, "cmap", cmap)
    count = len(tiles)
    columns = math.ceil(math.sqrt(count)) if columns is None else arguments.integer(op, "columns", columns, at_least=1)
    columns = min(columns, count)
    rows = -(-count // columns)
    above = texts(op, "titles", titles, count, "images")
    marks = np.zeros(count) if marked is None else real(op, "marked", marked, "shape (N,)", 1)
    if len(marks) != count:
        raise ValueError(f"{op}: marked has {len(marks)} entries, but there are {count} images")
    height, width = tiles[0].shape[-2:]
    longest = max(1, *map(len, above or [""]))
    gap = _GAP * max(height, width)
    head = 0 if above is None else _TITLE * height
    step_x, step_y = width + gap, height + gap + head
    inches = max(_TILE, 0.07 * longest)
    scale = min(inches / max(height, width), 12 / (columns * step_x), 12 / (rows * step_y))
    size = max(columns * step_x * scale, 2), max(rows * step_y * scale, 1.5) + 0.4 * bool(title)
    own, ax = ax is None, axes_for(op, ax, size=size)
    from matplotlib.patches import Rectangle

    ax.set(xlim=(-gap, columns * step_x), ylim=(rows * step_y, -gap - head), aspect="equal", title=title)
    if not own:
        box, dpi = ax.get_window_extent(), ax.get_figure(root=True).dpi
        scale = min(box.width / dpi / (columns * step_x), box.height / dpi / (rows * step_y))
    points = 72 * scale * min(0.6 * head, 1.6 * width / longest)
    points = min(max(points, SMALLEST), LARGEST)
    for i, tile in enumerate(tiles):
        row, column = divmod(i, columns)
        x, y, colour = column * step_x, row * step_y, RED if marks[i] else "black"
        shown = tile if tile.ndim == 2 else np.clip(tile.transpose(1, 2, 0), 0, 1)
        low, high = limits[i]
        ax.imshow(shown, extent=(x, x + width, y + height, y), cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        frame = {"fill": False, "edgecolor": colour, "linewidth": 2 if marks[i] else 0.5}
        ax.add_patch(Rectangle((x, y), width, height, **frame))
        if above is not None:
            ax.text(x + width / 2, y - 0.3 * gap, above[i], ha="center", va="bottom", fontsize=points, color=colour)
    ax.set(xlim=(-gap, columns * step_x), ylim=(rows * step_y - head, -gap - head))  # imshow moves them
    ax.set_axis_off()
    return ax
