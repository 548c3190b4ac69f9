"""Kinds of arrays: what some ops need of an argument, how it is drawn, and what a step of finite differences keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import tilewright as tw

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Kind:
    """A property of arrays.

    Attributes
    ----------
    made
        (rng, x, low, high) -> an array that has it, of the shape and the numbers (real, complex, integers, bool) of x,
        which was drawn from [low, high].
    holds
        Whether an array has it.
    kept
        Makes a tensor that has the property of one that is near to such: differentiable, and the identity where it
        holds already. So `f(kept(x))` can be differentiated in any direction.
    """

    made: Callable[[np.random.Generator, np.ndarray, float, float], np.ndarray]
    holds: Callable[[np.ndarray], Any]
    kept: Callable[[tw.Tensor], tw.Tensor] = lambda x: x


def adjoint(x: np.ndarray) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2))


def mirrored(x: np.ndarray) -> np.ndarray:
    """The lower triangle on both sides of a real diagonal."""
    whole = np.where(np.tri(x.shape[-1], dtype=bool), x, adjoint(x))
    return np.where(np.eye(x.shape[-1], dtype=bool), whole.real, whole)


def symmetric(x: np.ndarray) -> bool:
    return np.array_equal(x, adjoint(x))


def kept_symmetric(x: tw.Tensor) -> tw.Tensor:
    return (x + tw.conj(tw.matrix_transpose(x))) / 2


def positive_definite(rng: np.random.Generator, x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Eigenvalues from [low, high], in random directions."""
    assert 0 < low <= high, "the range is that of the eigenvalues"
    normal = rng.standard_normal(x.shape)
    q = np.linalg.qr(normal + 1j * rng.standard_normal(x.shape) if x.dtype.kind == "c" else normal)[0]
    return mirrored(q * rng.uniform(low, high, (*x.shape[:-2], 1, x.shape[-1])) @ adjoint(q))


def spread(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> np.ndarray:
    """Rising along the last axis; neighbours are at least half of their mean distance apart."""
    count = max(shape[-1], 1)
    return low + (np.arange(shape[-1]) + rng.uniform(0.25, 0.75, shape)) * (high - low) / count


def rising(rng: np.random.Generator, x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Floats leave room for the step of finite differences."""
    return spread(rng, x.shape, low, high) if x.dtype.kind == "f" else np.sort(x, axis=-1)


def distinct(rng: np.random.Generator, x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Floats leave room for the step of finite differences; integers are those from the lowest that was drawn."""
    if x.dtype.kind in "iu":
        return rng.permutation(x.size).reshape(x.shape) + x.min(initial=int(high))
    values = rng.permutation(spread(rng, (x.size,), low, high)).reshape(x.shape)
    return values * np.exp(1j * rng.uniform(-3, 3, x.shape)) if x.dtype.kind == "c" else values


def triangular(rng: np.random.Generator, x: np.ndarray, low: float, high: float) -> np.ndarray:
    """Lower triangular; the diagonal is from [high / 2, high], so that systems with it are well-conditioned."""
    assert high > 0
    diagonal = rng.uniform(high / 2, high, (*x.shape[:-1], 1)) if x.dtype.kind in "fc" else int(high)
    return np.where(np.eye(x.shape[-1], dtype=bool), diagonal, np.tril(x)).astype(x.dtype)


KINDS = {
    "symmetric": Kind(lambda rng, x, low, high: mirrored(x), symmetric, kept_symmetric),  # complex: Hermitian
    "positive definite": Kind(
        positive_definite, lambda x: symmetric(x) and (np.linalg.eigvalsh(x) > 0).all(), kept_symmetric
    ),
    "sorted": Kind(rising, lambda x: (x[..., :-1] <= x[..., 1:]).all()),
    "distinct": Kind(distinct, lambda x: np.unique(x).size == x.size),
    "triangular": Kind(
        triangular,
        lambda x: np.array_equal(x, np.tril(x)),
        lambda x: tw.where(tw.asarray(np.tri(x.shape[-1], dtype=bool), device=x.device), x, 0),
    ),
}
