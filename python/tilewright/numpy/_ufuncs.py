"""What NumPy's elementwise functions have besides a call: `reduce`, `accumulate`, `outer` and `at`."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._engine.arguments import arrays, shown
from .._engine.tensor import Tensor, asarray
from .._functions import indexing, manipulation, reductions, scans
from ._reductions import FOLDS, broadcast_mask
from ._rules import under_numpy_rules, written

# The functions of whole axes that are the reduction or the scan of one of two operands.
_REDUCE: dict[str, Any] = {
    "add": FOLDS["sum"],
    "multiply": FOLDS["prod"],
    "maximum": FOLDS["max"],
    "minimum": FOLDS["min"],
    "logical_and": FOLDS["all"],
    "logical_or": FOLDS["any"],
}
_ACCUMULATE: dict[str, Any] = {"add": scans.cumsum, "multiply": scans.cumprod}
_IDENTITY: dict[str, Any] = {
    **dict.fromkeys(("add", "logical_or", "logical_xor", "bitwise_or", "bitwise_xor", "hypot"), 0),
    **dict.fromkeys(("multiply", "logical_and"), 1),
    "bitwise_and": -1,
}


def with_methods(name: str, function: Any, operands: int) -> Any:
    """An elementwise function with the attributes and methods of a ufunc of NumPy's.

    `at` takes any; `reduce`, `accumulate` and `outer` are those of functions of two operands.
    """
    function.nin, function.nout, function.identity = operands, 1, _IDENTITY.get(name)
    function.at = _at(name, function)
    if operands == 2:
        of_tensors = getattr(function, "__wrapped__", function)  # the protocols call it for tensors of another class
        for make in (_reduce, _accumulate, _outer):
            method = make(name, of_tensors)
            method.__qualname__ = f"{name}.{method.__name__}"
            setattr(function, method.__name__, under_numpy_rules(method))
    return function


def _slices(x: Tensor, axis: int) -> list[Tensor]:
    """The parts of x along an axis, without it."""
    front = manipulation.moveaxis(x, axis, 0)
    return [indexing._getitem(front, i) for i in range(front.shape[0])]


def _reduce(name: str, function: Any) -> Any:
    whole, identity = _REDUCE.get(name), _IDENTITY.get(name)

    def reduce(
        array: Any,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        """Combine the elements along axes, one after the other.

        Parameters
        ----------
        array : array-like
        axis : int, tuple of int, optional
            None for all axes.
        dtype : dtype-like, optional
            Convert to this first.
        out : ndarray, optional
            What the result is written to.
        keepdims : bool
            Keep the reduced axes with length 1.
        initial : number, optional
            What the first element is combined with; where there is no element, the result.
        where : array-like of bool
            Which elements count; broadcasts to the shape of `array`.

        Raises
        ------
        ValueError
            Of no elements, and with a mask, where there is neither `initial` nor a number that changes nothing.
        """
        y = compute(array, axis, dtype, keepdims, initial, where)
        return y if out is None else written(f"{name}.reduce", y, out[0] if isinstance(out, tuple) else out)

    def compute(array: Any, axis: Any, dtype: Any, keepdims: bool, initial: Any, where: Any) -> Any:
        x = asarray(array) if dtype is None else asarray(array, dtype)
        if whole is not None:
            return whole(x, axis=axis, keepdims=keepdims, initial=initial, where=where)
        axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        shape = reductions.sum(x, axis=axes, keepdims=keepdims).shape  # which refuses axes that are not there
        mask = None if where is True else broadcast_mask(f"{name}.reduce", where, x.shape)
        for a in sorted((a % x.ndim for a in axes), reverse=True):
            x, mask = one_axis(x, a, initial, mask), None
        return manipulation.reshape(x, shape)

    def one_axis(x: Tensor, axis: int, initial: Any, mask: Any) -> Any:
        parts = _slices(x, axis)
        if initial is None and (not parts or mask is not None):
            initial = identity
            if initial is None:
                lack = "no elements along axis {axis}" if mask is None else "where leaves elements out"
                raise ValueError(f"{name}.reduce: {lack}, and no initial to give for them".format(axis=axis))
        if initial is not None:
            shape = x.shape[:axis] + x.shape[axis + 1 :]
            parts.insert(0, manipulation.broadcast_to(asarray(initial, x.dtype), shape))
        y: Any = parts[0]
        if mask is None:
            for part in parts[1:]:
                y = function(y, part)
            return y
        for part, taken in zip(parts[1:], _slices(mask, axis), strict=True):
            y = indexing.where(taken, function(y, part), y)
        return y

    return reduce


def _accumulate(name: str, function: Any) -> Any:
    whole = _ACCUMULATE.get(name)

    def accumulate(array: Any, axis: int = 0, dtype: Any = None) -> Any:
        """The results of combining more and more of the elements along an axis.

        Parameters
        ----------
        array : array-like, one axis or more
        axis : int
        dtype : dtype-like, optional
            Convert to this first.
        """
        x = asarray(array) if dtype is None else asarray(array, dtype)
        if whole is not None:
            return whole(x, axis=axis)
        parts = _slices(x, axis)
        for i in range(1, len(parts)):
            parts[i] = function(parts[i - 1], parts[i])
        return manipulation.stack(parts, axis=axis) if parts else x

    return accumulate


def _outer(name: str, function: Any) -> Any:
    def outer(A: Any, B: Any, /) -> Any:
        """The function of each element of A with each of B; shape `A.shape + B.shape`."""
        a, b = arrays(f"{name}.outer", A=A, B=B)
        return function(manipulation.reshape(a, a.shape + (1,) * b.ndim), b)

    return outer


def _at(name: str, function: Any) -> Any:
    def at(a: Tensor, indices: Any, b: Any = None, /) -> None:
        """Write the function of the elements at some places back there; a place that comes twice is written twice.

        Parameters
        ----------
        a : ndarray
            Written to.
        indices : as in `a[indices]`
        b : array-like, of two operands the second
            Broadcasts to `a[indices]`.

        Raises
        ------
        TypeError
            Where `a` is no array, and where `b` is missing or too much.
        NotImplementedError
            Where a gradient is recorded, but of `add.at` and `subtract.at`.
        """
        if not isinstance(a, Tensor):
            raise TypeError(f"{name}.at: a is {shown(a)}, but must be an array of tilewright, which is written to")
        if (b is None) != (function.nin == 1):
            raise TypeError(f"{name}.at: takes {function.nin} operand{'s' * (function.nin - 1)}")
        if name in ("add", "subtract") and a.dtype.is_inexact:
            _core.under_rules_of((a,), added, a, indices, b)
            return
        from ._fallback import fallback

        fallback(name).at(a, indices, *(() if b is None else (b,)))

    def added(a: Tensor, indices: Any, b: Any) -> None:
        picked = indexing._getitem(a, indices)
        values = manipulation.broadcast_to(manipulation.astype(asarray(b), a.dtype), picked.shape)
        total = indexing._getitem_backward(values, indices, a.shape)
        if name == "add":
            a += total
        else:
            a -= total

    at.__qualname__ = f"{name}.at"
    return at
