"""Matrix products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _core
from ._op import primitive, primitive_with_aux

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
def _matmul_nt(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1 @ x2.T`: (..., k) and (n, k) to (..., n)."""


@primitive
def _matmul_tn(x1: Any, x2: Any, /) -> Tensor:  # type: ignore[empty-body]
    """`x1.T @ x2` with all axes but the last as one: (..., m) and (..., n) to (m, n)."""


ACTIVATIONS = ("none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu")


@primitive_with_aux
def _linear(x: Any, weight: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`activation(x @ weight.T + bias)`; `bias` may be None.

    Where it is recorded, the activation's argument comes beside the result for those that are differentiated from it:
    gelu, gelu_tanh and silu.
    """


# op(a, b) added to an array in place: see `Product` in _autograd.py
for _op in (matmul, _matmul_nt, _matmul_tn):
    _op.add_into = getattr(_core, f"{_op.__name__.lstrip('_')}_add_")  # type: ignore[attr-defined]
