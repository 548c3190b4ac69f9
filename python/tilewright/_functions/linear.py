"""The affine map of a layer: public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive

if TYPE_CHECKING:
    from .._engine.tensor import Tensor


@primitive(keeps=("argument",))
def linear(x: Any, weight: Any, bias: Any, /, activation: str) -> Tensor:  # type: ignore[empty-body]
    """`activation(x @ weight.T + bias)`; `bias` may be None.

    Where it is recorded, the activation's argument comes beside the result for those that are differentiated from it.
    """
