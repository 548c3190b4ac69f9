"""Drawing classes by weight."""

from __future__ import annotations

from . import _core
from ._engine.arguments import array, flag, integer
from ._engine.op import wrap
from .random import source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._engine.tensor import Tensor
    from .random import Generator

__all__ = ["multinomial"]


def multinomial(
    probs: Any, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Draw classes with probabilities that are proportional to weights.

    `random.multinomial` counts, as NumPy's does; this gives the classes drawn, as PyTorch's does.

    Parameters
    ----------
    probs : array-like, shape (classes,) or (rows, classes)
        Weights, finite and not negative; they need not sum to 1. A class of weight 0 is never drawn.
    num_samples : int
        How many to draw for each row.
    replacement : bool
        Whether a class may be drawn more than once. Where not, each draw is from the classes that are left.
    generator : Generator, optional
        Where numbers are drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor of int64, shape (num_samples,) or (rows, num_samples)
        Classes in the order in which they were drawn.

    Raises
    ------
    ValueError
        For a weight that is negative, infinite or NaN, for a row with too few weights above 0, for `num_samples` below
        1, and for another number of dimensions.
    TypeError
        For weights that are bool or complex, and for a generator that is none.

    Notes
    -----
    With replacement a uniform number is looked up among the cumulative sums of the weights. Without, the classes of the
    smallest keys `-log(u) / weight` are drawn, with an own uniform `u` for each class [1]_. Both are done in float64.

    References
    ----------
    .. [1] P. Efraimidis, P. Spirakis, Weighted Random Sampling with a Reservoir, Information Processing Letters 97,
       2006.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.multinomial([0.0, 3.0, 0.0], 4, replacement=True)
    tensor([1, 1, 1, 1])
    >>> sorted(tw.multinomial([0.5, 0.0, 2.0], 2).tolist())
    [0, 2]
    """
    weights = array("multinomial", "probs", probs)
    draws = integer("multinomial", "num_samples", num_samples, at_least=1, at_most=1 << 40)
    replacement = flag("multinomial", "replacement", replacement)
    stream = source("multinomial", generator)
    rows = weights.shape[0] if weights.ndim == 2 else 1
    count = rows * (draws if replacement else weights.size // max(rows, 1))
    return wrap(_core.multinomial(weights._array, draws, replacement, *stream._take(count, 2)), None, weights)
