"""NumPy's reductions: of those elements that a mask takes, and from an initial value on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine.arguments import array, number, shown
from .._engine.dtypes import integer_range
from .._engine.op import is_number
from .._engine.tensor import Tensor, asarray
from .._functions import reductions, statistics
from .._functions.arithmetic import abs, add, multiply, square, subtract
from .._functions.extrema import maximum, minimum
from .._functions.indexing import where as choose
from .._functions.logical import logical_and, logical_or
from .._functions.manipulation import astype, broadcast_to, copy
from ._rules import adapted

if TYPE_CHECKING:
    from collections.abc import Callable

_WHERE = """    where : array-like of bool
        Which elements count; broadcasts to the shape of `x`.
"""
_INITIAL = """    initial : number, optional
        What the elements are combined with; where there are none, the result.
"""
_EXTREME = "\n    ValueError\n        Where there is nothing to reduce, and for a mask, without `initial`."


def broadcast_mask(op: str, where: Any, shape: tuple[int, ...]) -> Tensor:
    """`where` as bool, in the shape of what it chooses from."""
    mask = asarray(array(op, "where", where), "bool")
    if mask.ndim > len(shape) or any(n not in (1, m) for n, m in zip(mask.shape[::-1], shape[::-1], strict=False)):
        raise ValueError(f"{op}: where has shape {mask.shape}, which does not broadcast to {shape}")
    return broadcast_to(mask, shape)


def _initial(op: str, initial: Any, like: Tensor) -> Tensor:
    """The value that a reduction begins with, in the dtype of its result."""
    if is_number(initial):
        if isinstance(initial, complex) and not like.dtype.is_complex:
            raise TypeError(f"{op}: initial is {shown(initial)}, but the result has dtype {like.dtype.name}")
        if isinstance(initial, float) and like.dtype.is_integer:
            initial = int(initial)
        return asarray(initial, like.dtype)
    value = array(op, "initial", initial)
    if value.ndim:
        raise ValueError(f"{op}: initial has shape {value.shape}, but must be a number")
    return astype(value, like.dtype, copy=False)


def _lowest(x: Tensor) -> Any:
    """What changes no maximum."""
    return False if x.dtype.name == "bool" else integer_range(x.dtype)[0] if x.dtype.is_integer else -float("inf")


def _highest(x: Tensor) -> Any:
    """What changes no minimum."""
    return True if x.dtype.name == "bool" else integer_range(x.dtype)[1] if x.dtype.is_integer else float("inf")


def _folding(whole: Any, neutral: Any, join: Any) -> Any:
    """A reduction with a mask and an initial value.

    Parameters
    ----------
    whole
        The reduction of all elements.
    neutral
        What changes no result, in place of the elements that are left out; or a function that gives it for an array,
        where a result needs at least one element.
    join
        The operation of two elements.
    """
    op = whole.__name__
    needs_one = callable(neutral)

    def fold(
        x: Any,
        /,
        axis: Any = None,
        *,
        dtype: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        converted = {} if dtype is None else {"dtype": dtype}
        if where is True and initial is None:
            return whole(x, axis=axis, keepdims=keepdims, **converted)
        x = array(op, "a", x)
        if needs_one and x.dtype.is_complex:
            reductions.ordered(op, x)
        if where is not True:
            if needs_one and initial is None:
                raise ValueError(f"{op}: where needs initial, the result where no element is left")
            x = choose(broadcast_mask(op, where, x.shape), x, asarray(neutral(x) if needs_one else neutral, x.dtype))
        if needs_one and not x.size:  # the shape by a reduction that takes nothing
            shape = reductions.sum(x.detach(), axis=axis, keepdims=keepdims).shape
            return copy(broadcast_to(_initial(op, initial, x), shape))
        y = whole(x, axis=axis, keepdims=keepdims, **converted)
        return y if initial is None else join(y, _initial(op, initial, y))

    return _documented(fold, whole, (_WHERE if op in ("any", "all") else _INITIAL + _WHERE))


def _documented(function: Any, of: Any, more: str) -> Any:
    """With the docstring of another function, which lacks some parameters."""
    function.__name__ = function.__qualname__ = of.__name__
    head, returns, tail = (of.__doc__ or "").partition("\n    Returns\n")
    text = head.rstrip() + "\n" + more + returns + tail
    function.__doc__ = text.replace("\n    ValueError\n        Where there is nothing to reduce.", _EXTREME)
    return function


FOLDS: dict[str, Callable[..., Any]] = {
    "sum": _folding(reductions.sum, 0, add),
    "prod": _folding(reductions.prod, 1, multiply),
    "max": _folding(reductions.max, _lowest, maximum),
    "min": _folding(reductions.min, _highest, minimum),
    "any": _folding(reductions.any, False, logical_or),
    "all": _folding(reductions.all, True, logical_and),
}


def _count(op: str, x: Tensor, axis: Any, keepdims: Any, where: Any) -> tuple[Any, Any]:
    """The mask, or None, and how many elements each result is of."""
    if where is True:
        y = reductions.sum(x.detach(), axis=axis, keepdims=keepdims)
        return None, x.size // y.size if y.size else 0
    mask = broadcast_mask(op, where, x.shape)
    return mask, reductions.sum(mask, axis=axis, keepdims=keepdims)


def _total(x: Tensor, mask: Any, axis: Any, keepdims: Any) -> Tensor:
    """The sum of the elements that count."""
    x = x if mask is None else choose(mask, x, asarray(0, x.dtype))
    return reductions.sum(x, axis=axis, keepdims=keepdims)


def _over(total: Tensor, count: Any) -> Tensor:
    """A sum over counts, in the dtype of the sum."""
    return total / (astype(count, total.dtype) if isinstance(count, Tensor) else count)


def _wide(x: Tensor) -> Tensor:
    """In a dtype that holds sums: float32 for halves."""
    return astype(x, "float32", copy=False) if x.dtype.itemsize == 2 else x


def _floating(op: str, x: Any, dtype: Any) -> Tensor:
    x = array(op, "a", x) if dtype is None else asarray(x, dtype)
    return x if x.dtype.is_inexact else astype(x, _core.default_float(x))


def mean(x: Any, /, axis: Any = None, *, dtype: Any = None, keepdims: bool = False, where: Any = True) -> Any:
    """Arithmetic mean over axes.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reduce; all by default.
    dtype : dtype-like, optional
        Convert to this first; integers and bool become float64.
    keepdims : bool
        Keep the reduced axes with length 1.
    where : array-like of bool
        Which elements count; broadcasts to the shape of `x`.

    Returns
    -------
    ndarray
        Shape of `x` without the reduced axes; NaN where no element counts.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.mean([[1, 2], [3, 5]], axis=0)
    array([2. , 3.5])
    >>> np.mean([1, 2, 30], where=[True, True, False])
    array(1.5)
    """
    if where is True:
        return statistics.mean(x if dtype is None else asarray(x, dtype), axis=axis, keepdims=keepdims)
    x = _floating("mean", x, dtype)
    wide = _wide(x)
    mask, count = _count("mean", wide, axis, keepdims, where)
    return astype(_over(_total(wide, mask, axis, keepdims), count), x.dtype, copy=False)


def var(
    x: Any,
    /,
    axis: Any = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Variance over axes, `sum(|x - mean|^2) / (count - ddof)`.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reduce; all by default.
    dtype : dtype-like, optional
        Convert to this first; integers and bool become float64.
    ddof : float
        Subtracted from the count.
    keepdims : bool
        Keep the reduced axes with length 1.
    where : array-like of bool
        Which elements count; broadcasts to the shape of `x`.
    mean : array-like, optional
        The mean, where it is known, with the reduced axes kept.
    correction : float, optional
        Another name of `ddof`.

    Returns
    -------
    ndarray
        Shape of `x` without the reduced axes; infinite or NaN where the count does not exceed `ddof`.

    Raises
    ------
    ValueError
        Where both `ddof` and `correction` are given.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.var([1, 2, 3, 4])
    array(1.25)
    """
    return _variance("var", x, axis, dtype, ddof, keepdims, where, mean, correction)


def _variance(
    op: str, x: Any, axis: Any, dtype: Any, ddof: Any, keepdims: Any, where: Any, centre: Any, correction: Any
) -> Tensor:
    ddof = number(op, "ddof", ddof)
    if correction is not None:
        if ddof:
            raise ValueError(f"{op}: ddof and correction are the same; give one of them")
        ddof = number(op, "correction", correction)
    if where is True and centre is None and not ddof:
        return statistics.var(x if dtype is None else asarray(x, dtype), axis=axis, keepdims=keepdims)
    x = _floating(op, x, dtype)
    wide = _wide(x)
    mask, count = _count(op, wide, axis, keepdims, where)
    if centre is None:
        centre = mean(wide, axis=axis, keepdims=True, where=where)
    deviation = subtract(wide, astype(array(op, "mean", centre), wide.dtype, copy=False))
    total = _total(square(abs(deviation) if x.dtype.is_complex else deviation), mask, axis, keepdims)
    freedom = maximum(count - ddof, 0) if isinstance(count, Tensor) else max(count - ddof, 0)
    return astype(_over(total, freedom), x.dtype, copy=False) if wide is not x else _over(total, freedom)


def std(
    x: Any,
    /,
    axis: Any = None,
    *,
    dtype: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: float | None = None,
) -> Any:
    """Standard deviation over axes, the root of `var`; its gradient where nothing varies is 0.

    Parameters
    ----------
    x : array-like
        Any shape.
    axis : int or tuple of int, optional
        Axes to reduce; all by default.
    dtype : dtype-like, optional
        Convert to this first; integers and bool become float64.
    ddof : float
        Subtracted from the count.
    keepdims : bool
        Keep the reduced axes with length 1.
    where : array-like of bool
        Which elements count; broadcasts to the shape of `x`.
    mean : array-like, optional
        The mean, where it is known, with the reduced axes kept.
    correction : float, optional
        Another name of `ddof`.

    Returns
    -------
    ndarray
        Shape of `x` without the reduced axes; infinite or NaN where the count does not exceed `ddof`.

    Raises
    ------
    ValueError
        Where both `ddof` and `correction` are given.

    Examples
    --------
    >>> import tilewright.numpy as np
    >>> np.std([1, 3])
    array(1.)
    """
    return statistics.root_of_variance(_variance("std", x, axis, dtype, ddof, keepdims, where, mean, correction))


_EXTREMES = "a=x axis -out keepdims initial where"
_SUMS = "a=x axis dtype -out keepdims initial where"
_TRUTHS = "a=x axis -out keepdims where"
_SPREADS = "a=x axis dtype -out ddof keepdims where mean correction"

# NumPy's parameters: see `adapted`.
ADAPTED: dict[str, tuple[Any, str]] = {
    "sum": (FOLDS["sum"], _SUMS),
    "prod": (FOLDS["prod"], _SUMS),
    **dict.fromkeys(("max", "amax"), (FOLDS["max"], _EXTREMES)),
    **dict.fromkeys(("min", "amin"), (FOLDS["min"], _EXTREMES)),
    "any": (FOLDS["any"], _TRUTHS),
    "all": (FOLDS["all"], _TRUTHS),
    "mean": (mean, "a=x axis dtype -out keepdims where"),
    "var": (var, _SPREADS),
    "std": (std, _SPREADS),
}
REDUCTIONS: dict[str, Any] = {name: adapted(name, *entry) for name, entry in ADAPTED.items()}
