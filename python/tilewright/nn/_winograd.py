"""How far 3 x 3 convolutions may take Winograd's minimal filtering."""

from __future__ import annotations

from .. import _core
from .._engine import arguments

__all__ = ["winograd"]

_TILES = {"none": 0, "f2": 2, "f4": 4}


class winograd:
    """Let 3 x 3 convolutions take Winograd's minimal filtering with tiles of a given size. A context manager.

    It holds for this thread, and for the backward pass only where that runs inside as well. Convolutions of float32 at
    stride 1 take it where there are channels and pixels enough to make it faster; `tilewright.explain` tells what was
    taken.

    Parameters
    ----------
    tiles : str
        `"none"`: sums alone. `"f2"`, which holds outside of any `winograd`: 2 x 2 pixels at once, with 2.25 times fewer
        multiplications and no larger errors. `"f4"`: 4 x 4 pixels, 4 times fewer multiplications, and errors typically
        twice those of sums.

    Raises
    ------
    ValueError
        If there is no such size.
    TypeError
        If `tiles` is no str.

    Notes
    -----
    Infinities and NaN come out where the sums have them: a pixel that is not finite is summed up again tap by tap, in
    float64. A result that float32 can hold does not overflow on the way.

    References
    ----------
    A. Lavin, S. Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, weight = tw.ones((1, 8, 32, 32)), tw.ones((8, 8, 3, 3))
    >>> with tw.nn.winograd("none"):
    ...     exact = tw.nn.functional.conv2d(x, weight)
    >>> with tw.nn.winograd("f4"):
    ...     fast = tw.nn.functional.conv2d(x, weight)
    >>> bool(abs(fast - exact).max() < 1e-3)
    True
    """

    def __init__(self, tiles: str) -> None:
        self._tiles = _TILES[arguments.option("winograd", "tiles", tiles, _TILES)]
        self._before: list[int] = []

    def __enter__(self) -> None:
        self._before.append(_core.set_winograd_(self._tiles))

    def __exit__(self, *error: object) -> None:
        _core.set_winograd_(self._before.pop())
