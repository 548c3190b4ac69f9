"""Elements in order: sorting along an axis, and the first few of it."""

from __future__ import annotations

from collections import namedtuple

from .. import _core
from .._engine.arguments import flag, integer
from .._engine.keywords import named
from .._engine.op import primitive, wrap
from .._engine.tape import state
from .._engine.tensor import Tensor, asarray
from .manipulation import _axis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["TopkResult", "argsort", "sort", "topk"]


@primitive(results=("values", "indices"), kernel=_core.sort_with_positions)
def _sort(x: Any, /, axis: int, descending: bool) -> Any:
    """Kernel of `sort` where it is recorded."""


@primitive(results=("values", "indices"))
def _topk(x: Any, /, k: int, axis: int, largest: bool) -> Any:
    """Kernel of `topk`."""


def _checked(op: str, x: Any, axis: Any, descending: Any, stable: Any) -> tuple[Tensor, int, bool]:
    x = x if isinstance(x, Tensor) else asarray(x)
    if stable is not True:
        flag(op, "stable", stable)
    if descending is not False:
        descending = flag(op, "descending", descending)
    if type(axis) is not int or axis != -1 or not x._array.ndim:
        axis = _axis(op, axis, x.ndim)
    return x, axis, descending


def sort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The elements in ascending order along an axis.

    The gradient goes back to where each element came from.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    axis : int
        The axis to sort along; the others stay.
    descending : bool
        The largest first.
    stable : bool
        Whether equals have to keep their order. They do in any case.

    Returns
    -------
    Tensor
        Shape and dtype of `x`. NaN is above all numbers, so it comes last, or first where descending.

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.sort([3.0, 1.0, 2.0])
    tensor([1., 2., 3.])
    >>> tw.sort([[3, 1], [2, 2]], axis=0, descending=True)
    tensor([[3, 2],
            [2, 1]])
    """
    x, axis, descending = _checked("sort", x, axis, descending, stable)
    if state.mode and x._node is not None:
        return _sort(x, axis, descending)[0]
    return wrap(_core.sort(x._array, axis, descending), None, x)


def argsort(x: Any, /, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """The positions of the elements in ascending order along an axis.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    axis : int
        The axis to sort along.
    descending : bool
        The position of the largest first.
    stable : bool
        Whether equals have to keep their order. They do in any case: the first comes first, descending too.

    Returns
    -------
    Tensor
        int64, shape of `x`: `take_along_axis(x, argsort(x))` is `sort(x)`.

    Raises
    ------
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.argsort([3.0, 1.0, 2.0])
    tensor([1, 2, 0])
    """
    x, axis, descending = _checked("argsort", x, axis, descending, stable)
    return wrap(_core.argsort(x._array, axis, descending), None, x)


class TopkResult(namedtuple("TopkResult", ("values", "indices"))):
    """What `topk` returns.

    Attributes
    ----------
    values : Tensor
        The elements, in order.
    indices : Tensor
        Their positions along the axis, int64.
    """

    __slots__ = ()


@named(dim="axis")
def topk(x: Any, k: int, /, axis: int = -1, largest: bool = True, sorted: bool = True) -> TopkResult:
    """The k largest elements along an axis, and where they are.

    The gradient goes back to where each element came from.

    Parameters
    ----------
    x : array-like
        Any shape but (), real.
    k : int
        How many, at most the length of the axis.
    axis : int
        The axis to choose along; `dim` is another name of it.
    largest : bool
        The smallest where False.
    sorted : bool
        Whether they have to be in order. They are in any case: the largest first, or the smallest where these are
        wanted; of equals the one at the lower position.

    Returns
    -------
    TopkResult
        `values` and `indices`, of the shape of `x` with length `k` along the axis. NaN counts as the largest.

    Raises
    ------
    ValueError
        Where `k` is negative or above the length of the axis.
    AxisError
        Where `axis` is not one of `x`.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> values, indices = tw.topk([1.0, 4.0, 2.0, 3.0], 2)
    >>> values, indices
    (tensor([4., 3.]), tensor([1, 3]))
    """
    x = asarray(x)
    flag("topk", "sorted", sorted)
    k, axis = integer("topk", "k", k, at_least=0), _axis("topk", axis, x.ndim)
    if k > x.shape[axis]:
        raise ValueError(f"topk: k is {k}, but axis {axis} of x {x.shape} has only {x.shape[axis]} elements")
    return TopkResult(*_topk(x, k, axis, flag("topk", "largest", largest)))
