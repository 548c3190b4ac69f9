"""Points in the plane that no line separates. scikit-learn's `sklearn.datasets` has more: moons, circles, blobs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import random
from .._engine import arguments
from .._functions.arithmetic import remainder
from .._functions.creation import arange
from .._functions.manipulation import stack
from .._functions.trigonometric import cos, sin

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["spirals", "xor"]


def xor(count: int, gap: float = 0.1, *, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
    """Points in four squares around the origin, of which those on a diagonal are of one class.

    Parameters
    ----------
    count : int
        N, how many.
    gap : float
        Least distance from the axes, in [0, 1].
    generator : Generator, optional
        Where they are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    x : Tensor of float32, shape (N, 2)
        In [-1, 1].
    y : Tensor of int64, shape (N,)
        1 where both numbers have the same sign, else 0.

    Raises
    ------
    ValueError
        For a negative `count`, and a `gap` outside [0, 1].
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, y = tw.data.toy.xor(100)
    >>> bool(((x[:, 0] * x[:, 1] > 0) == y).all())
    True
    """
    count = arguments.integer("xor", "count", count, at_least=0)
    gap = arguments.probability("xor", "gap", gap)
    source = random.source("xor", generator)
    distances, signs = source.uniform(gap, 1, (count, 2)), 2 * source.integers(0, 2, (count, 2)) - 1
    return distances * signs, (signs[:, 0] == signs[:, 1]).astype("int64")


def spirals(
    count: int,
    num_classes: int = 2,
    *,
    turns: float = 1.5,
    noise: float = 0.0,
    generator: Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Arms of a spiral, a class each.

    Parameters
    ----------
    count : int
        N, points in all; one class after the other in turns.
    num_classes : int
        Arms.
    turns : float
        How often each goes around the origin.
    noise : float
        Standard deviation of normal noise on each number.
    generator : Generator, optional
        Where the points are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    x : Tensor of float32, shape (N, 2)
        Without noise in [-1, 1].
    y : Tensor of int64, shape (N,)

    Raises
    ------
    ValueError
        For a negative `count`, `num_classes` below 1, `turns` that are not finite, and negative `noise`.
    TypeError
        For arguments of another kind.

    Notes
    -----
    With r uniform in [0, 1), the arm k of K is at the angle `2 pi (turns r + k / K)` and the distance r.

    References
    ----------
    K. Lang, M. Witbrock, Learning to Tell Two Spirals Apart, Connectionist Models Summer School, 1988.

    Examples
    --------
    >>> import tilewright as tw
    >>> x, y = tw.data.toy.spirals(6, 3)
    >>> x.shape, y
    ((6, 2), tensor([0, 1, 2, 0, 1, 2]))
    """
    count = arguments.integer("spirals", "count", count, at_least=0)
    arms = arguments.integer("spirals", "num_classes", num_classes, at_least=1)
    turns, noise = (arguments.number("spirals", n, v) for n, v in (("turns", turns), ("noise", noise)))
    if not math.isfinite(turns) or not 0 <= noise < math.inf:
        raise ValueError(f"spirals: turns {turns} and noise {noise} must be finite, and noise at least 0")
    source = random.source("spirals", generator)
    r, arm = source.random(count), remainder(arange(count), arms)
    angle: Any = 2 * math.pi * (turns * r + arm / arms)
    x = stack([r * cos(angle), r * sin(angle)], axis=-1)
    return x + noise * source.standard_normal(x.shape), arm
