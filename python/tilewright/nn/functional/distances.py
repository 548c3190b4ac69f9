"""Distances and similarities of vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._functions.arithmetic import abs, sqrt, square
from ..._functions.extrema import maximum
from ..._functions.indexing import where
from ..._functions.logical import isfinite, logical_and
from ..._functions.manipulation import broadcast_to, squeeze
from ..._functions.reductions import max, sum
from ._checks import common_shape, held, operands, options

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["cosine_similarity", "pairwise_distance"]


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Cosine of the angle between vectors, `<x1, x2> / (|x1| |x2|)`.

    Parameters
    ----------
    x1, x2 : array-like
        Vectors along an axis, of shapes that broadcast together. Integers become floating.
    dim : int
        The axis of the common shape.
    eps : float
        At least 0: shorter vectors count as if they were as long as this. In float16, at least 2^-14.

    Returns
    -------
    Tensor
        The common shape without `dim`; from -1 to 1.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast, or for a negative `eps`.
    AxisError
        For an axis that the common shape does not have.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    Lengths do not overflow. The cosine with a vector of zeros is 0; its gradient there, `x2 / (eps |x2|)`, is large.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.cosine_similarity([[3.0, 4.0], [1.0, 0.0]], [[6.0, 8.0], [0.0, 1.0]])
    tensor([1., 0.])
    """
    dim, eps = options("cosine_similarity", dim=dim, eps=eps)
    x1, x2 = operands("cosine_similarity", x1=x1, x2=x2)
    shape = common_shape("cosine_similarity", x1, x2)
    if not -len(shape) <= dim < len(shape):
        raise _core.AxisError(f"cosine_similarity: dim {dim} is out of bounds for vectors of shape {shape}")
    return cosine(x1, x2, dim % len(shape) - len(shape), eps, shape)


def cosine(x1: Tensor, x2: Tensor, axis: int, eps: float, shape: tuple[int, ...]) -> Tensor:
    """The same, without checks; the axis of the common shape is negative."""

    def direction(x: Tensor) -> Tensor:
        if x.ndim < -axis or x.shape[axis] != shape[axis]:
            x = broadcast_to(x, shape)
        return x / maximum(norm(x, 2.0, axis), held(eps, x))

    return sum(direction(x1) * direction(x2), axis=axis)


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """Distance between vectors, `sum(|x1 - x2 + eps|^p)^(1/p)` along the last axis.

    Parameters
    ----------
    x1, x2 : array-like, shape (..., d)
        Of shapes that broadcast together. Integers become floating.
    p : float
        Positive: 1 is the sum of the differences, 2 the usual length, infinity the largest difference.
    eps : float
        At least 0: added to the differences, as in PyTorch, so that they are not all 0.
    keepdim : bool
        Keep the last axis with length 1.

    Returns
    -------
    Tensor
        The common shape without its last axis.

    Raises
    ------
    ValueError
        Where the shapes do not broadcast or have no axis, or for an option out of range.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    Powers and sums do not overflow where the distance does not. The gradient where all differences are 0, with `eps`
    added, is 0.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.pairwise_distance([[3.0, 4.0], [1.0, 0.0]], [0.0, 0.0], eps=0.0)
    tensor([5., 1.])
    """
    p, eps, keepdim = options("pairwise_distance", p=p, eps=eps, keepdim=keepdim)
    x1, x2 = operands("pairwise_distance", x1=x1, x2=x2)
    if not common_shape("pairwise_distance", x1, x2):
        raise ValueError("pairwise_distance: x1 and x2 are 0-d, but need an axis of vectors")
    return distance(x1, x2, p, eps, keepdim)


def distance(x1: Tensor, x2: Tensor, p: float, eps: float, keepdim: bool = False) -> Tensor:
    """The same, without checks."""
    lengths = norm(x1 - x2 + eps, p, -1)
    return lengths if keepdim else squeeze(lengths, axis=-1)


def norm(x: Tensor, p: float, axis: int | tuple[int, ...]) -> Tensor:
    """`sum(|x|^p)^(1/p)`, with the axes kept; in units of the largest entry, so that no power overflows.

    The gradient at 0 is 0.
    """
    if p in (1.0, math.inf) or not x.size:
        return (max if p == math.inf and x.size else sum)(abs(x), axis=axis, keepdims=True)
    largest = max(abs(x.detach()), axis=axis, keepdims=True)
    scale = where(logical_and(largest > 0, isfinite(largest)), largest, 1.0)
    x = x / scale
    nothing = largest == 0
    if p == 2:
        return where(nothing, 0.0, sqrt(where(nothing, 1.0, sum(square(x), axis=axis, keepdims=True)))) * scale
    zero = x.detach() == 0  # whose power has no derivative for p < 2
    powers = where(zero, 0.0, where(zero, 1.0, abs(x)) ** p)
    total = where(nothing, 1.0, sum(powers, axis=axis, keepdims=True))
    return where(nothing, 0.0, total ** (1 / p)) * scale
