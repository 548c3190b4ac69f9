"""Arrays from nothing."""

from __future__ import annotations

import functools
import math

from .. import _core
from .._engine.arguments import (
    device as checked_device,
    flag,
    has_axes,
    integer,
    number,
    refuse,
    shape as checked_shape,
    shown,
)
from .._engine.dtypes import as_dtype, bool_, float64, int64, integer_range, promote_types
from .._engine.op import is_number, wrap
from .._engine.tensor import Tensor, asarray

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .._core import DType
    from .manipulation import Shape

__all__ = [
    "arange",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]

_LONGEST = (1 << 63) - 1  # an axis


def _filled(op: str, shape: Shape, value: Any, dtype: DType, requires_grad: bool, device: str | None) -> Tensor:
    shape = checked_shape(op, shape)
    x = wrap(_core.full(shape, value, dtype, _place(op, device)))
    if requires_grad is not False:
        x.requires_grad = requires_grad
    return x


def _place(op: str, device: str | None) -> str:
    return "cpu" if device is None else checked_device(op, device)


def _float_or(dtype: Any) -> DType:
    """A dtype that was given, or the default one."""
    return _core.default_float() if dtype is None else as_dtype(dtype)


def empty(shape: Shape, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """An array whose elements are whatever was in memory.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like, optional
        Element type; by default float32.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

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
    return wrap(_core.empty(checked_shape("empty", shape), _float_or(dtype), _place("empty", device)))


def full(
    shape: Shape, fill_value: complex, *, dtype: Any = None, requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """An array of one value.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    fill_value : number
        The value; a 0-d array will do.
    dtype : dtype-like, optional
        Element type; by default that of a value of NumPy's or an array, else float32, int64, bool or complex64.
    requires_grad : bool
        Make it a leaf that gradients are kept for.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

    Returns
    -------
    Tensor
        Shape `shape`.

    Raises
    ------
    ValueError
        For a negative length, or a value that the dtype cannot hold.
    TypeError
        For a value that is no number, or a tensor that requires grad: that would be cut off.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.full(3, 7)
    tensor([7, 7, 7])
    """
    value, own = (fill_value, None) if is_number(fill_value) else _constant("full", "fill_value", fill_value)
    dtype = (own or _core.default_dtype(value)) if dtype is None else as_dtype(dtype)
    return _filled("full", shape, value, dtype, requires_grad, device)


def zeros(shape: Shape, *, dtype: Any = None, requires_grad: bool = False, device: str | None = None) -> Tensor:
    """An array of zeros.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like, optional
        Element type; by default float32.
    requires_grad : bool
        Make it a leaf that gradients are kept for.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

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
    return _filled("zeros", shape, 0, _float_or(dtype), requires_grad, device)


def ones(shape: Shape, *, dtype: Any = None, requires_grad: bool = False, device: str | None = None) -> Tensor:
    """An array of ones.

    Parameters
    ----------
    shape : int or tuple of int
        Length of each axis.
    dtype : dtype-like, optional
        Element type; by default float32.
    requires_grad : bool
        Make it a leaf that gradients are kept for.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

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
    return _filled("ones", shape, 1, _float_or(dtype), requires_grad, device)


def zeros_like(x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Zeros in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.
    device : str, optional
        Where it lies; by default where `x` is.

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
    return _core.like(
        x, zeros(x.shape, dtype=x.dtype if dtype is None else dtype, device=x.device if device is None else device)
    )


def ones_like(x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """Ones in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.
    device : str, optional
        Where it lies; by default where `x` is.

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
    return _core.like(
        x, ones(x.shape, dtype=x.dtype if dtype is None else dtype, device=x.device if device is None else device)
    )


def full_like(x: Any, /, fill_value: complex, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """One value in the shape of another array.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    fill_value : number
        The value.
    dtype : dtype-like, optional
        Element type.
    device : str, optional
        Where it lies; by default where `x` is.

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
    return _core.like(
        x,
        full(
            x.shape,
            fill_value,
            dtype=x.dtype if dtype is None else dtype,
            device=x.device if device is None else device,
        ),
    )


def empty_like(x: Any, /, *, dtype: Any = None, device: str | None = None) -> Tensor:
    """An uninitialised array in the shape of another.

    Parameters
    ----------
    x : array-like
        Gives the shape, and the dtype where none is named.
    dtype : dtype-like, optional
        Element type.
    device : str, optional
        Where it lies; by default where `x` is.

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
    return _core.like(
        x, empty(x.shape, dtype=x.dtype if dtype is None else dtype, device=x.device if device is None else device)
    )


def _constant(op: str, name: str, value: Any) -> tuple[Any, DType | None]:
    """A Python number from one, from NumPy's or from a 0-d array, and the dtype of the latter two."""
    if is_number(value):
        return value, None
    if isinstance(value, (list, tuple, str, bytes)) or has_axes(value):
        refuse(op, name, value, "a number")
    try:
        x = asarray(value)
    except TypeError:
        refuse(op, name, value, "a number")
    if x.ndim:
        refuse(op, name, value, "a number")
    if x.requires_grad:
        raise TypeError(f"{op}: {name} is a tensor that requires grad, which would be cut off; use item() or detach()")
    return x.item(), x.dtype


def _real_constants(op: str, **values: Any) -> tuple[list[Any], DType | None]:
    """Python's real numbers from several values, and the dtype that those of NumPy's and arrays among them have."""
    numbers, dtypes = [], []
    for name, value in values.items():
        number, dtype = _constant(op, name, value)
        if isinstance(number, complex):
            raise TypeError(f"{op}: {name} is {shown(number)}, but must be real")
        numbers.append(number)
        dtypes.append(dtype)
    strong = [dtype for dtype in dtypes if dtype is not None]
    if not strong:
        return numbers, None
    common = functools.reduce(promote_types, strong)
    weak = [number for number, dtype in zip(numbers, dtypes, strict=True) if dtype is None]
    if not common.is_floating and any(isinstance(number, float) for number in weak):
        common = _core.default_float()
    return numbers, int64 if common == bool_ else common


def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None, device: str | None = None
) -> Tensor:
    """Evenly spaced values in [start, stop).

    Parameters
    ----------
    start, stop : number
        With one argument, `start` is 0 and that is `stop`.
    step : number
        Difference between neighbours; not 0.
    dtype : dtype-like, optional
        By default that of values of NumPy's, else int64 where all three are integers, else float32.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

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
    numbers: Any = (start, stop, step)
    own, exact = None, type(start) is type(stop) is type(step) is int
    if not exact:
        numbers, own = _real_constants("arange", start=start, stop=stop, step=step)
        exact = all(isinstance(v, int) for v in numbers)
    first, end, difference = numbers
    if difference == 0:
        raise ValueError("arange: step is 0")
    if dtype is None:
        dtype = own or (int64 if exact else _core.default_float())
    if not exact:
        first, end, difference = (
            _finite("arange", n, v) for n, v in zip(("start", "stop", "step"), numbers, strict=True)
        )
    count = -((first - end) // difference) if exact else _ceil((end - first) / difference)
    if count >= 1 << 63:
        raise ValueError(f"arange: {shown(count)} elements are more than can be addressed")
    return wrap(_core.arange(first, difference, max(count, 0), as_dtype(dtype), _place("arange", device)))


def _finite(op: str, name: str, value: Any) -> float:
    value = number(op, name, value)
    if not math.isfinite(value):
        raise ValueError(f"{op}: {name} is {value}, but must be finite")
    return value


def _ceil(quotient: float) -> int:
    return math.ceil(quotient) if abs(quotient) < 2.0**63 else 1 << 63 if quotient > 0 else 0


def linspace(
    start: float, stop: float, /, num: int, *, dtype: Any = None, endpoint: bool = True, device: str | None = None
) -> Tensor:
    """`num` evenly spaced values from start to stop.

    Parameters
    ----------
    start, stop : number
        First and last value.
    num : int
        How many.
    dtype : dtype-like, optional
        Element type; an integer one takes the floor of the values. By default that of floating values of NumPy's, else
        float32.
    endpoint : bool
        With False, `stop` is left out.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

    Returns
    -------
    Tensor, shape (num,)
        The values.

    Raises
    ------
    ValueError
        Where `num` is negative, or an integer dtype does not hold one of the ends.
    TypeError
        For ends that are not real numbers, or a `num` that is no integer.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.linspace(0, 1, 5)
    tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    ends, own = _real_constants("linspace", start=start, stop=stop)
    num = integer("linspace", "num", num, at_least=0, at_most=_LONGEST)
    endpoint = flag("linspace", "endpoint", endpoint)
    wanted = as_dtype(dtype) if dtype is not None else own if own is not None and own.is_floating else None
    wanted = wanted or _core.default_float()
    if wanted.is_integer:
        _require_range("linspace", wanted, ends)
    first, last = (number("linspace", "an end", end) for end in ends)
    step = (last - first) / max(1, num - 1 if endpoint else num)
    values = _core.arange(first, step, num, float64, _place("linspace", device))
    if endpoint and num > 1:  # whatever the steps have rounded to
        _core.setitem(values, -1, last)
    if wanted.is_integer:
        values = _core.floor(values)
    values = _core.astype(values, wanted, False)
    if wanted.is_integer and num:  # integers that float64 does not hold
        exact = [end if isinstance(end, int) else math.floor(end) for end in ends]
        _core.setitem(values, 0, exact[0])
        if endpoint and num > 1:
            _core.setitem(values, -1, exact[1])
    return wrap(values)


def _require_range(op: str, dtype: DType, ends: list[Any]) -> None:
    lowest, highest = integer_range(dtype)
    for end in ends:
        if not (math.isfinite(end) if isinstance(end, float) else True) or not lowest <= end <= highest:
            raise ValueError(f"{op}: an end is {shown(end)}, which {dtype.name} does not hold")


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: str | None = None
) -> Tensor:
    """Ones on a diagonal, zeros elsewhere.

    Parameters
    ----------
    n_rows, n_cols : int
        Shape; square by default.
    k : int
        Which diagonal, positive above the main one.
    dtype : dtype-like, optional
        Element type; by default float32.
    device : str, optional
        Where it lies: "cpu", which is the default, or for instance "cuda:0".

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
    rows = integer("eye", "n_rows", n_rows, at_least=0, at_most=_LONGEST)
    columns = rows if n_cols is None else integer("eye", "n_cols", n_cols, at_least=0, at_most=_LONGEST)
    k = max(-rows, min(integer("eye", "k", k), columns))  # further out there are only zeros
    return wrap(_core.eye(rows, columns, k, _float_or(dtype), _place("eye", device)))
