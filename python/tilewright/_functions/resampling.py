"""Resampling along an axis: what interpolation is made of. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@primitive
def resample(  # type: ignore[empty-body]
    x: Any, /, axis: int, length: int, kind: str, scale: float, corners: bool, adjoint: bool
) -> Tensor:
    """An axis as a product with a sparse matrix, or its transpose, to `length` elements.

    The matrix is that of `kind` and the two lengths: "nearest", "nearest_exact", "linear", "cubic", "area",
    "smooth_linear" or "smooth_cubic". `scale`, elements of its result for each of its argument, is 0 where the lengths
    say it; with `corners` the first and the last element stay where they are.
    """
