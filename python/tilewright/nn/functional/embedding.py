"""Classes and tokens as vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine.arguments import array, integer
from ..._engine.dtypes import as_dtype, int64
from ..._engine.op import wrap
from ..._functions import reductions

if TYPE_CHECKING:
    from ..._engine.tensor import Tensor

__all__ = ["one_hot"]

_MOST = (1 << 59) - 1  # elements of an array


def one_hot(input: Any, num_classes: int = -1, *, dtype: Any = int64) -> Tensor:
    """Classes as vectors of zeros with a one at the class.

    Parameters
    ----------
    input : array-like of int
        Classes, of any shape.
    num_classes : int
        How many there are; by default one more than the largest of `input`, which has to be read for it.
    dtype : dtype-like
        Of the result.

    Returns
    -------
    Tensor
        Shape of `input` and a further axis of `num_classes`.

    Raises
    ------
    IndexError
        Where a class is negative or not below `num_classes`.
    TypeError
        Where `input` are not integers.
    ValueError
        Where `num_classes` is neither -1 nor at least 1, or is left out and `input` is empty.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.functional.one_hot([0, 2])
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    classes, wanted = array("one_hot", "input", input), as_dtype(dtype)
    if not classes.dtype.is_integer:
        raise TypeError(f"one_hot: input has dtype {classes.dtype.name}, but must be integers")
    count = integer("one_hot", "num_classes", num_classes, at_most=_MOST)
    if count == -1:
        if not classes.size:
            raise ValueError(f"one_hot: input {classes.shape} is empty, so num_classes has to be given")
        count = max(reductions.max(classes).item() + 1, 1)
    return wrap(_core.one_hot(classes._array, count, wanted), None, classes)
