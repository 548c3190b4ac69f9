"""Arrays from nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from . import _core
from ._dtypes import as_dtype, float32, float64, int64
from ._op import wrap
from ._tensor import Tensor, asarray

if TYPE_CHECKING:
    from ._manipulation import Shape


def _made(array: Any, requires_grad: bool) -> Tensor:
    x = wrap(array)
    if requires_grad:
        x.requires_grad = True
    return x


def empty(shape: Shape, *, dtype: Any = float32) -> Tensor:
    """An array whose elements are whatever was in memory.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like
        Element type.

    Returns
    -------
    Tensor
        Uninitialised.

    Raises
    ------
    ValueError
        For a negative length.
    MemoryError
        Where it does not fit.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.empty((2, 3)).shape
    (2, 3)
    """
    return wrap(_core.empty(shape, as_dtype(dtype)))


def full(shape: Shape, fill_value: complex, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """An array of one value.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    fill_value : number
        The value.
    dtype : dtype-like, optional
        Element type; by default float32, int64, bool or complex64 after the value.
    requires_grad : bool
        Make it a leaf that gradients are kept for.

    Returns
    -------
    Tensor
        Shape `shape`.

    Raises
    ------
    ValueError
        For a negative length, or a value that the dtype cannot hold.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.full(3, 7)
    tensor([7, 7, 7])
    """
    dtype = _core.default_dtype(fill_value) if dtype is None else as_dtype(dtype)
    return _made(_core.full(shape, fill_value, dtype), requires_grad)


def zeros(shape: Shape, *, dtype: Any = float32, requires_grad: bool = False) -> Tensor:
    """An array of zeros.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like
        Element type.
    requires_grad : bool
        Make it a leaf that gradients are kept for.

    Returns
    -------
    Tensor
        Shape `shape`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.zeros(2)
    tensor([0., 0.])
    """
    return full(shape, 0, dtype=dtype, requires_grad=requires_grad)


def ones(shape: Shape, *, dtype: Any = float32, requires_grad: bool = False) -> Tensor:
    """An array of ones.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like
        Element type.
    requires_grad : bool
        Make it a leaf that gradients are kept for.

    Returns
    -------
    Tensor
        Shape `shape`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ones(2)
    tensor([1., 1.])
    """
    return full(shape, 1, dtype=dtype, requires_grad=requires_grad)


def zeros_like(x: Any, /, *, dtype: Any = None) -> Tensor:
    """Zeros in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.

    Returns
    -------
    Tensor
        Shape of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.zeros_like([1.0, 2.0])
    tensor([0., 0.])
    """
    x = asarray(x)
    return zeros(x.shape, dtype=x.dtype if dtype is None else dtype)


def ones_like(x: Any, /, *, dtype: Any = None) -> Tensor:
    """Ones in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.

    Returns
    -------
    Tensor
        Shape of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.ones_like([5, 6])
    tensor([1, 1])
    """
    x = asarray(x)
    return ones(x.shape, dtype=x.dtype if dtype is None else dtype)


def full_like(x: Any, /, fill_value: complex, *, dtype: Any = None) -> Tensor:
    """One value in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    fill_value : number
        The value.
    dtype : dtype-like, optional
        Element type.

    Returns
    -------
    Tensor
        Shape of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.full_like([5, 6], 3)
    tensor([3, 3])
    """
    x = asarray(x)
    return full(x.shape, fill_value, dtype=x.dtype if dtype is None else dtype)


def empty_like(x: Any, /, *, dtype: Any = None) -> Tensor:
    """An uninitialised array in the shape of another.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.

    Returns
    -------
    Tensor
        Uninitialised, shape of `x`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.empty_like([5, 6]).shape
    (2,)
    """
    x = asarray(x)
    return empty(x.shape, dtype=x.dtype if dtype is None else dtype)


def _require_real(op: str, **numbers: Any) -> None:
    for name, value in numbers.items():
        if isinstance(value, complex):
            raise TypeError(f"{op}: {name} is {value}, but must be real")


def arange(start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None) -> Tensor:
    """Evenly spaced values in [start, stop).

    Parameters
    ----------
    start, stop : number
        With one argument, `start` is 0 and that is `stop`.
    step : number
        Difference between neighbours; not 0.
    dtype : dtype-like, optional
        int64 where all three are integers, else float32.

    Returns
    -------
    Tensor, shape (ceil((stop - start) / step),)
        `start + i * step`.

    Raises
    ------
    ValueError
        Where `step` is 0, something is not finite, or an integer does not fit the dtype.
    TypeError
        For complex numbers, which have no order.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.arange(2, 8, 2)
    tensor([2, 4, 6])
    """
    if stop is None:
        start, stop = 0, start
    _require_real("arange", start=start, stop=stop, step=step)
    if step == 0:
        raise ValueError("arange: step is 0")
    if dtype is None:
        dtype = int64 if all(isinstance(v, int) for v in (start, stop, step)) else float32
    if not all(map(math.isfinite, (start, stop, step))):
        raise ValueError(f"arange: start {start}, stop {stop} and step {step} must be finite")
    exact = isinstance(stop, int) and isinstance(start, int) and isinstance(step, int)
    count = -((start - stop) // step) if exact else math.ceil((stop - start) / step)
    if count >= 1 << 63:
        raise ValueError(f"arange: {count:.4g} elements are more than can be addressed")
    return wrap(_core.arange(start, step, count, as_dtype(dtype)))


def linspace(start: float, stop: float, num: int, /, *, dtype: Any = float32, endpoint: bool = True) -> Tensor:
    """`num` evenly spaced values from start to stop.

    Parameters
    ----------
    start, stop : number
        First and last value.
    num : int
        How many.
    dtype : dtype-like
        Element type; an integer one takes the floor of the values.
    endpoint : bool
        With False, `stop` is left out.

    Returns
    -------
    Tensor, shape (num,)
        The values.

    Raises
    ------
    ValueError
        Where `num` is negative.
    TypeError
        For complex ends.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    _require_real("linspace", start=start, stop=stop)
    if num < 0:
        raise ValueError(f"linspace: num is {num}, but must not be negative")
    step = (stop - start) / max(1, num - 1 if endpoint else num)
    values = _core.arange(float(start), step, num, float64)
    if endpoint and num > 1:  # whatever the steps have rounded to
        _core.setitem(values, -1, float(stop))
    wanted = as_dtype(dtype)
    if wanted.is_integer:
        values = _core.floor(values)
    return wrap(_core.astype(values, wanted, False))


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = float32) -> Tensor:
    """Ones on a diagonal, zeros elsewhere.

    Parameters
    ----------
    n_rows, n_cols : int
        Shape; square by default.
    k : int
        Which diagonal, positive above the main one.
    dtype : dtype-like
        Element type.

    Returns
    -------
    Tensor, shape (n_rows, n_cols)
        The matrix.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return wrap(_core.eye(n_rows, n_rows if n_cols is None else n_cols, k, as_dtype(dtype)))
