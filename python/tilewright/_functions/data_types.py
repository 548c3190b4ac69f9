"""What is known about element types: their limits, their kinds, and how they meet."""

from __future__ import annotations

import functools
import math

from .. import _core
from .._engine.arguments import option
from .._engine.dtypes import as_dtype, bool_, integer_range, promote_types
from .._engine.op import is_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .._engine.dtypes import DType

__all__ = ["can_cast", "finfo", "iinfo", "isdtype", "result_type"]

# Bits of the fraction, and the exponent of the power of two that is just too large.
_FORMATS = {"float16": (10, 16), "bfloat16": (7, 128), "float32": (23, 128), "float64": (52, 1024)}

_OF_KIND: dict[str, Callable[[DType], bool]] = {
    "bool": lambda dtype: dtype == bool_,
    "signed integer": lambda dtype: dtype.is_integer and not dtype.name.startswith("u"),
    "unsigned integer": lambda dtype: dtype.is_integer and dtype.name.startswith("u"),
    "integral": lambda dtype: dtype.is_integer,
    "real floating": lambda dtype: dtype.is_floating,
    "complex floating": lambda dtype: dtype.is_complex,
    "numeric": lambda dtype: dtype != bool_,
}


def _own_dtype(op: str, x: Any) -> DType:
    """Of an array or what stands for a dtype, with an error that names the op."""
    own = getattr(x, "dtype", None)
    try:
        return as_dtype(x if own is None or isinstance(x, type) else own)
    except TypeError as error:
        raise TypeError(f"{op}: {error}") from None


class finfo:
    """Limits of a floating dtype; of a complex one, those of its parts.

    Parameters
    ----------
    dtype : dtype-like or array
        Floating or complex.

    Attributes
    ----------
    bits : int
        Bits that an element takes.
    dtype : DType
        The floating dtype.
    eps, epsneg : float
        Distance from 1 to the next larger and to the next smaller number.
    max, min : float
        The largest and the least finite number.
    smallest_normal, tiny : float
        The least positive number of full precision.
    smallest_subnormal : float
        The least positive number.
    precision : int
        Decimal digits that every number of so many keeps.
    resolution : float
        `10**-precision`.

    Raises
    ------
    TypeError
        For a dtype that is neither floating nor complex.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.finfo(tw.float32).eps == 2**-23
    True
    """

    __slots__ = (
        *("bits", "dtype", "eps", "epsneg", "max", "min", "precision", "resolution"),
        *("smallest_normal", "smallest_subnormal", "tiny"),
    )

    def __init__(self, dtype: Any, /) -> None:
        found = _own_dtype("finfo", dtype)
        if not found.is_inexact:
            raise TypeError(f"finfo: dtype is {found.name}, but must be floating or complex; iinfo is for integers")
        if found.is_complex:
            found = as_dtype("float32" if found.itemsize == 8 else "float64")
        fraction, top = _FORMATS[found.name]
        self.dtype = found
        self.bits = 8 * found.itemsize
        self.eps, self.epsneg = math.ldexp(1.0, -fraction), math.ldexp(1.0, -fraction - 1)
        self.max = math.ldexp(2.0 - self.eps, top - 1)
        self.min = -self.max
        self.smallest_normal = self.tiny = math.ldexp(1.0, 2 - top)
        self.smallest_subnormal = math.ldexp(1.0, 2 - top - fraction)
        self.precision = int(fraction * math.log10(2))
        self.resolution = 10.0**-self.precision

    def __repr__(self) -> str:
        return f"finfo(eps={self.eps}, min={self.min}, max={self.max}, dtype={self.dtype.name})"


class iinfo:
    """Limits of an integer dtype.

    Parameters
    ----------
    dtype : dtype-like or array
        Of integers.

    Attributes
    ----------
    bits : int
        Bits that an element takes.
    dtype : DType
        The dtype.
    max, min : int
        The largest and the least number.

    Raises
    ------
    TypeError
        For a dtype of anything else.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.iinfo(tw.int8).max
    127
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, dtype: Any, /) -> None:
        self.dtype = _own_dtype("iinfo", dtype)
        if not self.dtype.is_integer:
            raise TypeError(f"iinfo: dtype is {self.dtype.name}, but must be an integer one; finfo is for the others")
        self.bits = 8 * self.dtype.itemsize
        self.min, self.max = integer_range(self.dtype)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype.name})"


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is another one, or of a kind.

    Parameters
    ----------
    dtype : dtype-like
        What is asked about.
    kind : str, dtype or tuple of these
        "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric", or a
        dtype. Of a tuple, one has to hold.

    Returns
    -------
    bool

    Raises
    ------
    ValueError
        For a string that is no kind.
    TypeError
        For what is neither a kind nor a dtype.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.isdtype(tw.float32, "real floating"), tw.isdtype(tw.int8, (tw.bool, tw.int16))
    (True, False)
    """
    found = _own_dtype("isdtype", dtype)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return True in [_is_of_kind(found, entry) for entry in kinds]


def _is_of_kind(dtype: DType, kind: Any) -> bool:
    if isinstance(kind, str):
        return _OF_KIND[option("isdtype", "kind", kind, _OF_KIND)](dtype)
    return dtype == _own_dtype("isdtype", kind)


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion makes one dtype of another: whether it may meet an array of that and leave its dtype as it is.

    Parameters
    ----------
    from_ : dtype-like or array
        What would be converted.
    to : dtype-like
        The dtype to convert to.

    Returns
    -------
    bool
        `promote_types(from_, to) == to`.

    Raises
    ------
    TypeError
        For what has no dtype, Python's numbers among them.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.can_cast(tw.int8, tw.int16), tw.can_cast(tw.int16, tw.int8)
    (True, False)
    """
    wanted = _own_dtype("can_cast", to)
    return promote_types(_own_dtype("can_cast", from_), wanted) == wanted


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that an operation on all of these gives.

    Parameters
    ----------
    *arrays_and_dtypes : array, dtype-like or number
        Python's numbers are weak: only their kind may lift that of the others.

    Returns
    -------
    DType

    Raises
    ------
    ValueError
        Where there is none.
    TypeError
        For what has no dtype.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.result_type(tw.int8, tw.zeros(2, dtype="int16"), 7)
    <DType.int16: 4>
    >>> tw.result_type(tw.float64, 1j)
    <DType.complex128: 14>
    """
    return _core.under_rules_of(arrays_and_dtypes, _result_type, arrays_and_dtypes)


def _result_type(operands: tuple[Any, ...]) -> DType:
    if not operands:
        raise ValueError("result_type: needs at least one array or dtype")
    numbers = [x for x in operands if is_number(x)]
    dtypes = [_own_dtype("result_type", x) for x in operands if not is_number(x)]
    if not dtypes:
        return functools.reduce(promote_types, [_core.default_dtype(x) for x in numbers])
    return functools.reduce(_lifted, numbers, functools.reduce(promote_types, dtypes))


def _lifted(dtype: DType, number: Any) -> DType:
    """The dtype of an operation on an array of one and a Python number."""
    if isinstance(number, bool) or dtype.is_complex or (dtype.is_floating and not isinstance(number, complex)):
        return dtype
    if isinstance(number, complex) and dtype.is_floating:
        return promote_types(dtype, "complex64")
    return dtype if isinstance(number, int) and dtype != bool_ else _core.default_dtype(number)
