"""Line searches: how far to go along a direction."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

__all__ = ["Point", "backtracking", "strong_wolfe"]

_DECREASE, _CURVATURE = 1e-4, 0.9  # of the Wolfe conditions


class Point(NamedTuple):
    """A place on the line."""

    t: float  # how far along the direction
    loss: float
    slope: float  # derivative of the loss by t
    gradient: Tensor


def strong_wolfe(
    evaluate: Callable[[float], Point], start: Point, t: float, longest: float, tolerance: float, most: int
) -> tuple[Point, int]:
    """A point with the strong Wolfe conditions, or the best that was found; and how often `evaluate` was called.

    First steps grow by cubic extrapolation until they enclose such a point, then the bracket shrinks by interpolation.
    `longest` is the largest element of the direction, in magnitude, `most` how many evaluations may follow the first.
    J. Nocedal, S. Wright, Numerical Optimization, 2nd edition, algorithms 3.5 and 3.6.
    """
    before, point, count = start, evaluate(t), 1
    while count <= most:
        if _too_high(start, point) or (count > 2 and point.loss >= before.loss):
            break
        if _is_flat(start, point):
            return point, count
        if point.slope >= 0:
            break
        t = _cubic(before, point, point.t + 0.01 * (point.t - before.t), 10 * point.t)
        before, point, count = point, evaluate(t), count + 1
    else:
        before = start
    bracket = [before, point]
    low = _lower(bracket)
    near_end = False  # whether the last trial lay near an end of the bracket
    while count <= most and abs(bracket[1].t - bracket[0].t) * longest >= tolerance:
        left, right = sorted((bracket[0].t, bracket[1].t))
        t = _cubic(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) >= margin:
            near_end = False
        elif near_end or not left < t < right:
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            near_end = False
        else:
            near_end = True
        point, count = evaluate(t), count + 1
        if _too_high(start, point) or point.loss >= bracket[low].loss:
            bracket[1 - low] = point
            low = _lower(bracket)
            continue
        if _is_flat(start, point):
            return point, count
        if point.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = point
    return bracket[low], count


def backtracking(loss_at: Callable[[float], float], loss: float, slope: float, t: float, most: int = 40) -> float:
    """The first of t, t / 2, t / 4, ... where the loss falls enough; 0 where none of them does."""
    for _ in range(most):
        if loss_at(t) <= loss + _DECREASE * t * slope:
            return t
        t /= 2
    return 0.0


def _too_high(start: Point, point: Point) -> bool:
    return point.loss > start.loss + _DECREASE * point.t * start.slope


def _is_flat(start: Point, point: Point) -> bool:
    return abs(point.slope) <= -_CURVATURE * start.slope


def _lower(bracket: list[Point]) -> int:
    return 0 if bracket[0].loss <= bracket[1].loss else 1


def _cubic(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points with their slopes is least, in [low, high]; else the middle."""
    if a.t > b.t:
        a, b = b, a
    middle = (low + high) / 2
    if a.t == b.t:
        return middle
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = mean * mean - a.slope * b.slope
    if not square >= 0:
        return middle
    root = math.sqrt(square)
    below = b.slope - a.slope + 2 * root
    if below == 0:
        return middle
    return min(max(b.t - (b.t - a.t) * ((b.slope + root - mean) / below), low), high)
