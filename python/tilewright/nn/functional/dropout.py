"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import random
from ..._engine import arguments
from ..._engine.tensor import Tensor, asarray
from ..._functions.dropout import dropout as dropout_op

if TYPE_CHECKING:
    from ...random import Generator

__all__ = ["dropout"]


def dropout(input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None) -> Tensor:
    """Set elements to zero with probability `p` and scale the others by `1 / (1 - p)`.

    Parameters
    ----------
    input : array-like
        Floating.
    p : float
        Probability, in [0, 1].
    training : bool
        Where False, `input` is returned.
    generator : Generator, optional
        Where the mask is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor
        Shape of `input`.

    Raises
    ------
    ValueError
        For `p` outside [0, 1].
    TypeError
        For `p` that is no real number or a tensor that requires a gradient, and for a generator that is none.

    Examples
    --------
    >>> import tilewright as tw
    >>> y = tw.nn.functional.dropout(tw.ones(1000), 0.5)
    >>> sorted({value for value in y.tolist()})
    [0.0, 2.0]
    """
    if type(p) is not float or not 0 <= p <= 1:
        p = arguments.probability("dropout", "p", p)
    if training is not True and training is not False:
        training = arguments.flag("dropout", "training", training)
    source = random.default_generator if generator is None else random.source("dropout", generator)
    tensor = asarray(input)
    if not training or p == 0:
        return tensor
    return dropout_op(tensor, p, *source._take(tensor.size, 1))
