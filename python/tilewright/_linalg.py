"""Matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._op import primitive

if TYPE_CHECKING:
    from ._tensor import Tensor


@primitive
def matmul(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """Matrix product, `x1 @ x2`, as NumPy's.

    Parameters
    ----------
    x1 : array-like, shape (..., m, k) or (k,)
        Leading axes broadcast with those of `x2`. Any strides, without a copy.
    x2 : array-like, shape (..., k, n) or (k,)
        A vector counts as one column.

    Returns
    -------
    Tensor, shape (..., m, n)
        Without m where `x1` is a vector, without n where `x2` is. float16 and bfloat16 add up in float32.

    Raises
    ------
    ValueError
        Where an operand is 0-d or the inner lengths k differ.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0])
    tensor([3., 7.])
    """


@primitive
def _linear(x: Any, weight: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`x @ weight.T + bias` in one kernel call; `bias` may be None. Differentiable for the activation "none"."""
