"""Affine maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._functions.linear import linear as linear_op

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["linear"]


def linear(input: Any, weight: Any, bias: Any = None, activation: str = "none") -> Tensor:
    """Affine map of the last axis and an activation, `activation(input @ weight.T + bias)`, in one kernel call.

    Parameters
    ----------
    input : array-like, shape (..., in)
    weight : array-like, shape (out, in)
    bias : array-like, shape (out,), optional
    activation : {"none", "relu", "gelu", "gelu_tanh", "tanh", "sigmoid", "silu"}
        Applied last; the functions of these names here, "gelu_tanh" being `gelu` with `approximate="tanh"`.

    Returns
    -------
    Tensor, shape (..., out)

    Raises
    ------
    ValueError
        Where the shapes do not fit, or for another activation.

    Notes
    -----
    For a gradient, relu, tanh and sigmoid keep the result, the others their argument, which takes as much memory again.
    The gradient of the argument and its sum, the gradient of the bias, are made in one pass over memory.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.linear([1.0, 2.0], [[1.0, 1.0], [0.0, 1.0]], [0.5, 0.5])
    tensor([3.5, 2.5])
    >>> tw.nn.functional.linear([1.0, -2.0], [[1.0, 1.0], [1.0, 0.0]], activation="relu")
    tensor([0., 1.])
    """
    return linear_op(input, weight, bias, activation)
