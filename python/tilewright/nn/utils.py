"""What training loops need around gradients."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .. import _core
from .._autograd import mark_written
from .._tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["clip_grad_norm_", "clip_grad_value_"]


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    tensors = [parameters] if isinstance(parameters, Tensor) else parameters
    return [g for g in [p.grad for p in tensors] if g is not None]


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
        For a negative `max_norm`, or another `norm_type`.
    FloatingPointError
        For a norm that is not finite: no gradient has been touched.

    TypeError
        For gradients that are neither float32 nor float64.

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
    if not max_norm >= 0:
        raise ValueError(f"clip_grad_norm_: max_norm is {max_norm}, but must be at least 0")
    if norm_type not in (1, 2, math.inf):
        raise ValueError(f"clip_grad_norm_: norm_type is {norm_type}, but must be 1, 2 or inf")
    arrays = [g._array for g in _gradients(parameters)]
    norm = _core.total_norm(arrays, norm_type)
    if not math.isfinite(norm):
        if error_if_nonfinite:
            raise FloatingPointError(f"clip_grad_norm_: the norm of the gradients is {norm}; none was scaled")
    elif norm > max_norm:
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
        For a negative `clip_value`.

    Examples
    --------
    >>> import tilewright as tw
    >>> x = tw.asarray([3.0, -4.0], requires_grad=True)
    >>> x.grad = tw.asarray([0.5, -4.0])
    >>> tw.nn.utils.clip_grad_value_(x, 1.0)
    >>> x.grad
    tensor([ 0.5, -1. ])
    """
    if not clip_value >= 0:
        raise ValueError(f"clip_grad_value_: clip_value is {clip_value}, but must be at least 0")
    gradients = _gradients(parameters)
    for g in gradients:
        _core.maximum_(g._array, -clip_value)
        _core.minimum_(g._array, clip_value)
    mark_written([g._array for g in gradients])
