"""Parameter: a tensor that a module learns."""

from __future__ import annotations

from typing import Any

from .._engine import arguments
from .._engine.tensor import Tensor, asarray

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor that belongs to a module and is learned: a `Module` lists it among its parameters.

    Parameters
    ----------
    data : array-like
        The starting values; memory is shared where it can be. Floating dtypes only, unless `requires_grad` is False.
    requires_grad : bool
        Whether gradients are kept for it.

    Raises
    ------
    TypeError
        For data that is not array-like, or not floating while `requires_grad` is True.

    Examples
    --------
    >>> import tilewright as tw
    >>> scale = tw.nn.Parameter(tw.ones(3))
    >>> scale.shape, scale.requires_grad
    ((3,), True)
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        self._array = arguments.array("Parameter", "data", data)._array
        self._node = None
        self.requires_grad = arguments.flag("Parameter", "requires_grad", requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"

    def __reduce__(self) -> tuple[Any, ...]:
        _, (values, dtype, requires_grad) = super().__reduce__()
        return _unpickle, (values, dtype, requires_grad)


def _unpickle(data: Any, dtype: str, requires_grad: bool) -> Parameter:
    return Parameter(asarray(data, dtype=dtype), requires_grad)
