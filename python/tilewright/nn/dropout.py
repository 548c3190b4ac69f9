"""Layers that act in training alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import random
from .._engine import arguments
from . import functional
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["Dropout"]


class Dropout(Module):
    """In training, sets elements to zero with probability `p` and scales the others by `1 / (1 - p)`.

    Parameters
    ----------
    p : float
        Probability, in [0, 1].
    generator : Generator, optional
        Where the masks are drawn from; by default `tilewright.random.default_generator`.

    Raises
    ------
    ValueError
        For `p` outside [0, 1].
    TypeError
        For `p` that is no real number, or a generator that is none.

    Notes
    -----
    In evaluation mode it returns its argument: the scaling keeps the expected value.

    References
    ----------
    N. Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, JMLR 15, 2014.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Dropout(0.2).eval()(tw.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        self.p = arguments.probability("Dropout", "p", p)
        self.generator = None if generator is None else random.source("Dropout", generator)

    def forward(self, input: Tensor) -> Tensor:
        return functional.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}"
