"""Activation functions that take several channels to one: gated linear units, and maxout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._functions import activations as ops
from ..._functions.manipulation import reshape, split
from ..._functions.reductions import max as largest

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = [
    "geglu",
    "glu",
    "maxout",
    "reglu",
    "swiglu",
]


def axis_of(op: str, dim: Any, x: Tensor) -> int:
    """The axis `dim` of x, counted from the front."""
    axis = arguments.integer(op, "dim", dim)
    if not -x.ndim <= axis < x.ndim:
        raise _core.AxisError(f"{op}: dim {axis} is out of bounds for an array of {x.ndim} dimensions")
    return axis % x.ndim


def _halves(op: str, input: Any, dim: Any) -> list[Tensor]:
    x = arguments.array(op, "input", input)
    axis = axis_of(op, dim, x)
    if x.shape[axis] % 2:
        raise ValueError(f"{op}: input {x.shape} has length {x.shape[axis]} along dim {dim}, but needs an even one")
    return split(x, 2, axis=axis)


_GATED = """

Parameters
----------
input : array-like
    Of an even length along `dim`.
dim : int
    The axis that is halved.

Returns
-------
Tensor
    Half as long along `dim`.

Raises
------
AxisError
    For an axis that `input` does not have.
ValueError
    For an odd length along `dim`.
TypeError
    For complex numbers, and a `dim` that is no integer.

References
----------
{reference}

Examples
--------
>>> import tilewright as tw
>>> tw.nn.functional.{name}([[1.0, 2.0, 0.0, 50.0]])
tensor([[{example}]])
"""
DAUPHIN = "Y. Dauphin, A. Fan, M. Auli, D. Grangier, Language Modeling with Gated Convolutional Networks, ICML 2017."
SHAZEER = "N. Shazeer, GLU Variants Improve Transformer, arXiv:2002.05202, 2020."


def glu(input: Any, dim: int = -1) -> Tensor:
    """Gated linear unit: `a * sigmoid(b)` of the halves a and b."""
    a, b = _halves("glu", input, dim)
    return a * ops.sigmoid(b)


def reglu(input: Any, dim: int = -1) -> Tensor:
    """Gated linear unit with ReLU: `a * relu(b)` of the halves a and b."""
    a, b = _halves("reglu", input, dim)
    return a * ops.relu(b)


def geglu(input: Any, dim: int = -1) -> Tensor:
    """Gated linear unit with GELU: `a * gelu(b)` of the halves a and b."""
    a, b = _halves("geglu", input, dim)
    return a * ops.gelu(b)


def swiglu(input: Any, dim: int = -1) -> Tensor:
    """Gated linear unit with SiLU: `a * silu(b)` of the halves a and b."""
    a, b = _halves("swiglu", input, dim)
    return a * ops.silu(b)


for _function, _reference, _example in (
    (glu, DAUPHIN, "0.5, 2. "),
    (reglu, SHAZEER, "  0., 100."),
    (geglu, SHAZEER, "  0., 100."),
    (swiglu, SHAZEER, "  0., 100."),
):
    if _function.__doc__ is not None:  # python -OO
        _function.__doc__ += _GATED.format(name=_function.__name__, reference=_reference, example=_example)


def maxout(input: Any, pieces: int, dim: int = 1) -> Tensor:
    """The largest of every `pieces` channels that follow each other.

    Parameters
    ----------
    input : array-like
        Of a length along `dim` that is a multiple of `pieces`.
    pieces : int
        At least 1.
    dim : int
        The axis of the channels.

    Returns
    -------
    Tensor
        Shorter along `dim`, by the factor `pieces`.

    Raises
    ------
    AxisError
        For an axis that `input` does not have.
    ValueError
        For `pieces` below 1, or a length along `dim` that is no multiple of it.
    TypeError
        For complex numbers, and for `pieces` or `dim` that is no integer.

    References
    ----------
    I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, Maxout Networks, ICML 2013.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.maxout([[1.0, 5.0, 3.0, 2.0]], 2)
    tensor([[5., 3.]])
    """
    x = arguments.array("maxout", "input", input)
    axis, count = axis_of("maxout", dim, x), arguments.integer("maxout", "pieces", pieces, at_least=1)
    length = x.shape[axis]
    if length % count:
        raise ValueError(f"maxout: input {x.shape} has length {length} along dim {dim}, not a multiple of {count}")
    apart = reshape(x, (*x.shape[:axis], length // count, count, *x.shape[axis + 1 :]))
    return largest(apart, axis=axis + 1)
