"""The affine map of a layer: public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .activations import FUSED
from .linalg import matmul
from .manipulation import astype, expand_dims, matrix_transpose

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


def _compressed_linear(x: Tensor, codes: Tensor, scale: Tensor | None, bias: Tensor | None, activation: str) -> Tensor:
    weight = astype(codes, "float32")
    return _linear(x, weight if scale is None else weight * expand_dims(scale, 1), bias, activation)


@primitive(conditions=("codes",), composed=_compressed_linear)
def compressed_linear(x: Any, codes: Any, scale: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`linear` by a weight of codes: bfloat16, or int8 times the scale of their row."""
