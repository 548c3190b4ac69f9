"""A linear layer and the activation behind it as one kernel call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.tape import ANOMALY, state
from .._functions.linear import linear as linear_op
from ._traversal import name_layer
from .activations import GELU, ReLU, Sigmoid, SiLU, Tanh
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from typing import TypeGuard

_MODULES = {ReLU: "relu", Sigmoid: "sigmoid", SiLU: "silu", Tanh: "tanh"}
_ROUNDED_ONCE = (_core.DType.float32, _core.DType.float64)


def unwatched(module: Module) -> bool:
    """Whether nobody would notice that the module itself is not called."""
    return module._hooks is None and "forward" not in module.__dict__ and state.mode != ANOMALY


def activation_of(module: Module) -> str | None:
    """The activation that a module is, by the name that `linear` knows."""
    name = _MODULES.get(type(module))
    if type(module) is GELU:
        name = {"none": "gelu", "tanh": "gelu_tanh"}.get(module.approximate)
    return name if name is not None and unwatched(module) else None


def takes_activation(linear: Any) -> TypeGuard[Linear]:
    """Whether one call for a linear layer and an activation gives the same bits, and nobody watches the layer."""
    return (
        type(linear) is Linear
        and linear.activation == "none"
        and linear.weight._array.dtype in _ROUNDED_ONCE
        and unwatched(linear)
    )


def run_fused(linear: Linear, activation: str, x: Any) -> Any:
    try:
        return linear_op(x, linear.weight, linear.bias, activation)
    except Exception as error:
        name_layer(error, linear)
        raise
