"""Batch norm folded into the layer before it, for inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._engine import arguments
from ..._engine.tensor import Tensor
from ..._functions.arithmetic import sqrt
from ..._functions.manipulation import astype, reshape
from ..parameter import Parameter

if TYPE_CHECKING:
    from ..._core import DType

__all__ = ["fuse_conv_bn_weights", "fuse_linear_bn_weights"]


def _checked(op: str, name: str, value: Any, shape: tuple[int, ...] | None = None) -> Any:
    if value is None:
        return None
    x = value if isinstance(value, Tensor) else arguments.array(op, name, value)
    if not x.dtype.is_floating:
        raise TypeError(f"{op}: {name} is {x.dtype.name}, but must be floating")
    if shape is not None and x.shape != shape:
        raise ValueError(f"{op}: {name} has shape {x.shape}, but {shape} is needed")
    return x.detach()


def _fused(
    op: str, weight: Any, axis: int, bias: Any, mean: Any, var: Any, eps: Any, bn_weight: Any, bn_bias: Any
) -> tuple[Parameter, Parameter]:
    """By the factor of each channel, which lies along `axis` of the weight; in float64, then in the weight's dtype."""
    if weight.ndim <= axis:
        raise ValueError(f"{op}: the weight has shape {weight.shape}, but needs an axis {axis} of channels")
    channels = (weight.shape[axis],)
    eps = arguments.number(op, "bn_eps", eps)

    def wide(name: str, value: Any, without: float | None = None) -> Any:
        given = _checked(op, name, value, channels)
        if given is None:
            if without is None:
                arguments.refuse(op, name, value, "an array")
            return without
        return astype(given, "float64", copy=False)

    factor = wide("bn_w", bn_weight, 1.0) / sqrt(wide("bn_rv", var) + eps)
    shift = (wide("the bias", bias, 0.0) - wide("bn_rm", mean)) * factor + wide("bn_b", bn_bias, 0.0)
    along = (1,) * axis + channels + (1,) * (weight.ndim - axis - 1)
    dtype: DType = weight.dtype
    scaled = astype(weight, "float64", copy=False) * reshape(factor, along)
    return Parameter(astype(scaled, dtype)), Parameter(astype(shift, dtype))


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any, transpose: bool = False
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the convolution that does what a convolution and batch norm after it do in evaluation mode.

    Parameters
    ----------
    conv_w : array-like, shape (C, ...), or (in, C, ...) where `transpose`
        The weight of the convolution, whose results have C channels.
    conv_b : array-like, shape (C,), or None
        Its bias.
    bn_rm, bn_rv : array-like, shape (C,)
        Running mean and variance.
    bn_eps : float
    bn_w, bn_b : array-like, shape (C,), or None
        Weight and bias of the batch norm.
    transpose : bool
        Whether the convolution is a transposed one, without groups.

    Returns
    -------
    tuple of two Parameters
        Weight and bias, in the dtype of `conv_w`; computed in float64.

    Raises
    ------
    ValueError
        Where shapes do not fit.
    TypeError
        For arrays that are not floating, and for None where an array is needed.

    Notes
    -----
    `conv_w * f` and `(conv_b - bn_rm) * f + bn_b`, with `f = bn_w / sqrt(bn_rv + bn_eps)` for each channel.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight, bias = tw.nn.utils.fuse_conv_bn_weights(tw.ones((1, 1, 1)), None, [2.0], [4.0], 0.0, [6.0], [1.0])
    >>> weight.item(), bias.item()
    (3.0, -5.0)
    """
    op = "fuse_conv_bn_weights"
    weight = _checked(op, "conv_w", arguments.array(op, "conv_w", conv_w))
    axis = int(arguments.flag(op, "transpose", transpose))
    return _fused(op, weight, axis, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Weight and bias of the linear layer that does what one and batch norm after it do in evaluation mode.

    Parameters
    ----------
    linear_w : array-like, shape (out, in)
        The weight of the linear layer.
    linear_b : array-like, shape (out,), or None
        Its bias.
    bn_rm, bn_rv : array-like, shape (out,)
        Running mean and variance.
    bn_eps : float
    bn_w, bn_b : array-like, shape (out,), or None
        Weight and bias of the batch norm.

    Returns
    -------
    tuple of two Parameters
        Weight and bias, in the dtype of `linear_w`; computed in float64.

    Raises
    ------
    ValueError
        Where shapes do not fit.
    TypeError
        For arrays that are not floating, and for None where an array is needed.

    Notes
    -----
    As `fuse_conv_bn_weights`.

    Examples
    --------
    >>> import tilewright as tw
    >>> weight, bias = tw.nn.utils.fuse_linear_bn_weights([[1.0, 2.0]], [3.0], [2.0], [4.0], 0.0, None, None)
    >>> weight.tolist(), bias.tolist()
    ([[0.5, 1.0]], [0.5])
    """
    op = "fuse_linear_bn_weights"
    weight = _checked(op, "linear_w", arguments.array(op, "linear_w", linear_w))
    return _fused(op, weight, 0, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)
