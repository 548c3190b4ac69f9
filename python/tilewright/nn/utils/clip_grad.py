"""Limits on gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._engine.tape import mark_written
from ..._engine.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def _gradients(op: str, parameters: Any) -> list[Any]:
    """The arrays of the gradients that are there."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    arrays = []
    for i, p in enumerate(arguments.entries(op, "parameters", parameters, "a Tensor or an iterable of Tensors")):
        if not isinstance(p, Tensor):
            arguments.refuse(op, f"parameter {i}", p, "a Tensor")
        gradient = p.grad
        if gradient is not None:
            arrays.append(gradient._array)
    return arrays


def _check_writable(op: str, arrays: list[Any]) -> None:
    for array in arrays:
        if array.readonly:
            raise ValueError(f"{op}: a gradient, of shape {array.shape}, is read-only; none has been changed")


def _bound(op: str, name: str, value: Any) -> float:
    value = arguments.number(op, name, value)
    if not value >= 0:
        raise ValueError(f"{op}: {name} is {value}, but must be at least 0")
    return value


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = True,
) -> float:
    """Scale the gradients, in place, so that their joint norm is at most `max_norm`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    max_norm : float
        Upper bound.
    norm_type : float
        1 for the sum of the absolute values, 2 for the Euclidean norm, or `inf` for the largest absolute value.
    error_if_nonfinite : bool
        Whether a norm that is NaN or inf raises. (PyTorch's default is to scale every gradient to NaN or 0.) Where
        False, such gradients are left as they are.

    Returns
    -------
    float
        The norm before clipping.

    Raises
    ------
    ValueError
        For a negative or NaN `max_norm`, another `norm_type`, or a gradient to scale that is read-only.
    FloatingPointError
        For a norm that is not finite.
    TypeError
        For gradients that are neither float32 nor float64, and for arguments of another kind. Whatever is raised, no
        gradient has been touched.

    Notes
    -----
    The norm is computed in float64, so that no square overflows.

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, ICML 2013.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([3.0, 4.0], requires_grad=True)
    >>> x.grad = tw.asarray([3.0, 4.0])
    >>> tw.nn.utils.clip_grad_norm_(x, 1.0)
    5.0
    >>> x.grad
    tensor([0.6, 0.8])
    """
    max_norm = _bound("clip_grad_norm_", "max_norm", max_norm)
    norm_type = arguments.number("clip_grad_norm_", "norm_type", norm_type)
    if norm_type not in (1, 2, math.inf):
        raise ValueError(f"clip_grad_norm_: norm_type is {norm_type:g}, but must be 1, 2 or inf")
    error_if_nonfinite = arguments.flag("clip_grad_norm_", "error_if_nonfinite", error_if_nonfinite)
    arrays = _gradients("clip_grad_norm_", parameters)
    norm = _core.total_norm(arrays, norm_type)
    if not math.isfinite(norm):
        if error_if_nonfinite:
            raise FloatingPointError(f"clip_grad_norm_: the norm of the gradients is {norm}; none was scaled")
    elif norm > max_norm:
        _check_writable("clip_grad_norm_", arrays)
        for array in arrays:
            _core.multiply_(array, max_norm / norm)
        mark_written(arrays)
    return norm


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit every element of the gradients, in place, to `[-clip_value, clip_value]`.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    clip_value : float
        Upper bound of the absolute value.

    Raises
    ------
    ValueError
        For a negative or NaN `clip_value`, or a gradient that is read-only.
    TypeError
        For complex gradients, and for arguments of another kind. Whatever is raised, no gradient has been touched.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([3.0, -4.0], requires_grad=True)
    >>> x.grad = tw.asarray([0.5, -4.0])
    >>> tw.nn.utils.clip_grad_value_(x, 1.0)
    >>> x.grad
    tensor([ 0.5, -1. ])
    """
    clip_value = _bound("clip_grad_value_", "clip_value", clip_value)
    arrays = _gradients("clip_grad_value_", parameters)
    _check_writable("clip_grad_value_", arrays)
    for array in arrays:
        if array.dtype.is_complex:
            raise TypeError(f"clip_grad_value_: a gradient is {array.dtype.name}, but must be real")
    for array in arrays:
        _core.maximum_(array, -clip_value)
        _core.minimum_(array, clip_value)
    mark_written(arrays)
