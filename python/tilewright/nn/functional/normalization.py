"""Vectors of length 1."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._functions.arithmetic import abs
from ..._functions.extrema import maximum
from ..._functions.manipulation import astype
from ._checks import held, positive
from .distances import norm

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["normalize"]


def normalize(input: Any, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """Vectors divided by their lengths, `input / max(|input|_p, eps)`.

    Parameters
    ----------
    input : array-like
        Real numbers; integers are computed with in floating point.
    p : float
        Positive: 1 for the sum of the absolute values, 2 for the Euclidean length, `inf` for the largest of them.
    dim : int or tuple of int
        The axis of the vectors, or those over which the length is taken.
    eps : float
        At least 0: shorter vectors are divided by this instead. In float16, at least 2^-14 unless it is 0.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For a `p` that is not positive, or an `eps` that is not at least 0.
    AxisError
        For an axis that `input` does not have.
    TypeError
        For complex numbers, and for options of another kind.

    Notes
    -----
    A length overflows only where the dtype does not hold it. The gradient at zeros is that of `input / eps`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.normalize([[3.0, 4.0], [0.0, 0.0]])
    tensor([[0.6, 0.8],
            [0. , 0. ]])
    """
    x = arguments.array("normalize", "input", input)
    p, eps = positive("normalize", "p", p), arguments.number("normalize", "eps", eps)
    if not 0 <= eps < math.inf:
        raise ValueError(f"normalize: eps is {eps}, but must be finite and at least 0")
    if x.dtype.is_complex:
        raise TypeError(f"normalize: input is {x.dtype.name}, but must be real")
    axes = arguments.integers("normalize", "dim", dim)
    for axis in axes:
        if not -x.ndim <= axis < x.ndim:
            raise _core.AxisError(f"normalize: dim {axis} is out of bounds for input of shape {x.shape}")
    if len({axis % x.ndim for axis in axes}) != len(axes):
        raise ValueError(f"normalize: dim {axes} names an axis twice")
    if not x.dtype.is_floating:
        x = astype(x, "float32")
    if not x.size or not axes:
        return x / maximum(abs(x), held(eps, x))
    return x / maximum(norm(x, p, axes), held(eps, x))
