"""The affine map of a layer: public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .activations import FUSED
from .linalg import matmul
from .manipulation import matrix_transpose

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None, activation: str) -> Tensor:
    z = matmul(x, matrix_transpose(weight))
    return FUSED[activation](z if bias is None else z + bias)


@primitive(keeps=("argument",), composed=_linear)
def linear(x: Any, weight: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`activation(x @ weight.T + bias)`; `bias` may be None.

    Where it is recorded, the activation's argument comes beside the result for those that are differentiated from it.
    """
