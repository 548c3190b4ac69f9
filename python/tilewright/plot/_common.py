"""Where to draw, and what: axes, arrays of numbers, labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._engine import arguments
from .._engine.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

RED = "crimson"
SMALLEST, LARGEST = 4.0, 10.0  # of text, in points


def axes_for(op: str, ax: Any, *, size: tuple[float, float] | None = None, projection: str | None = None) -> Axes:
    """The axes that were given, or those of a new figure of some size in inches."""
    library()
    from matplotlib.axes import Axes

    if ax is None:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size, layout="constrained").add_subplot(projection=projection)
    if not isinstance(ax, Axes):
        arguments.refuse(op, "ax", ax, "matplotlib's Axes or None")
    if (ax.name == "3d") != (projection == "3d"):
        needed = "with projection='3d'" if projection else "of two dimensions"
        raise ValueError(f"{op}: ax has projection {ax.name!r}, but must be axes {needed}")
    return ax


def library() -> Any:
    """matplotlib, or an error that says where it is to be had."""
    try:
        import matplotlib
    except ImportError:
        raise ImportError("tilewright.plot: pictures need matplotlib: pip install 'tilewright[plot]'") from None
    return matplotlib


def colormap(op: str, name: str, value: Any) -> str:
    """The name of one of matplotlib's."""
    if not isinstance(value, str):
        arguments.refuse(op, name, value, "the name of a colormap")
    if value not in library().colormaps:
        raise ValueError(f"{op}: {name} is {arguments.shown(value)}, but must be the name of a colormap")
    return value


def real(op: str, name: str, value: Any, shape: str, *ndims: int, finite: bool = True) -> np.ndarray:
    """A float64 array of so many axes, with elements, from an array-like of real numbers or bools."""
    tensor = value if isinstance(value, Tensor) else arguments.array(op, name, value)
    if tensor.dtype.is_complex:
        raise TypeError(f"{op}: {name} has dtype {tensor.dtype.name}, but must be real")
    array = tensor.detach().to("cpu").astype("float64").numpy()
    if array.ndim not in ndims or not array.size:
        raise ValueError(f"{op}: {name} has shape {array.shape}, but must have {shape}")
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{op}: {name} has entries that are NaN or infinite")
    return array


def plain(op: str, name: str, value: Any) -> np.ndarray:
    """A NumPy array of any dtype, text too."""
    if isinstance(value, Tensor):
        value = value.detach().to("cpu")
        return (value.astype("float32") if value.dtype.name == "bfloat16" else value).numpy()
    try:
        return np.asarray(value)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{op}: {name} is {arguments.shown(value)}, but must be array-like ({error})") from None


def require_texts(op: str, **texts: Any) -> None:
    """Raise where a title or a label of an axis is no text."""
    for name, value in texts.items():
        if not isinstance(value, str):
            arguments.refuse(op, name, value, "a str")


def classes_of(op: str, name: str, value: Any, count: int | None = None) -> np.ndarray:
    """An array (N,) of integers, bools or text, one for each of so many samples."""
    array = plain(op, name, value)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{op}: {name} has shape {array.shape}, but must have shape (N,)")
    if count is not None and len(array) != count:
        raise ValueError(f"{op}: {name} has {len(array)} entries, but there are {count} samples")
    if array.dtype.kind == "f" and (array == np.rint(array)).all():
        array = array.astype(np.int64)
    if array.dtype.kind == "O" and all(isinstance(entry, str) for entry in array):
        array = array.astype(str)
    if array.dtype.kind not in "biuU":
        raise TypeError(f"{op}: {name} has dtype {array.dtype}, but must be integers or text")
    return array


def texts(op: str, name: str, value: Any, count: int, what: str) -> list[str] | None:
    """A text for each of so many things, or None."""
    if value is None:
        return None
    if isinstance(value, str):
        value = list(value)
    listed = [str(entry) for entry in arguments.entries(op, name, value, "a sequence of texts")]
    if len(listed) != count:
        raise ValueError(f"{op}: {name} has {len(listed)} entries, but there are {count} {what}")
    return listed


def text_size(ax: Axes, rows: int, columns: int, characters: int = 1) -> float:
    """Points of a text of some characters that fits into one of the cells that divide the axes."""
    box, dpi = ax.get_window_extent(), ax.get_figure(root=True).dpi
    height, width = 72 * box.height / dpi / rows, 72 * box.width / dpi / columns
    return min(max(min(0.6 * height, 1.4 * width / max(characters, 1)), SMALLEST), LARGEST)


def name_ticks(ax: Axes, axis: str, names: Sequence[str], size: float = LARGEST) -> None:
    """A text at each of 0, 1, ... of an axis; those below the picture are turned where they would overlap."""
    getattr(ax, f"set_{axis}ticks")(range(len(names)), names, fontsize=size)
    ax.tick_params(axis, length=0)
    room = 72 * ax.get_window_extent().width / ax.get_figure(root=True).dpi / len(names)
    if axis == "x" and 0.65 * size * max(map(len, names)) > room and max(map(len, names)) > 2:
        ax.tick_params("x", rotation=90 if len(names) > 12 else 45)


def colours(count: int) -> list[Any]:
    """As many colours that can be told apart."""
    from matplotlib import colormaps

    if count <= 20:
        return list(colormaps["tab10" if count <= 10 else "tab20"].colors[:count])
    return list(colormaps["turbo"](np.linspace(0, 1, count)))
