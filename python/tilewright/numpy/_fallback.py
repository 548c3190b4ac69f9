"""Functions of NumPy's that tilewright has not: they run on NumPy, on the same memory, and give ndarrays."""

from __future__ import annotations

import functools
from typing import Any

from .. import _core
from .._functions.by_numpy import in_numpy

# NumPy's own, given as they are: types of scalars for `issubdtype`, how arrays are printed, what warnings NumPy gives.
PASSED = frozenset(
    (
        *("generic", "number", "integer", "signedinteger", "unsignedinteger", "inexact", "floating", "complexfloating"),
        *("character", "flexible", "str_", "bytes_", "void", "object_", "datetime64", "timedelta64", "longdouble"),
        *("errstate", "seterr", "geterr", "seterrcall", "geterrcall", "printoptions", "set_printoptions"),
        *("get_printoptions", "testing", "exceptions", "typing", "format_float_positional", "format_float_scientific"),
        *("base_repr", "binary_repr", "little_endian", "typecodes", "iterable", "ndindex"),
        *("False_", "True_", "emath", "polynomial"),
        *("getbufsize", "setbufsize", "info", "ufunc"),
    )
)

# Deliberately not there.
_STRINGS = "arrays of strings are not arrays of numbers; use NumPy's"
_MATRIX = "matrices as a class are discouraged by NumPy itself; use arrays of two axes and @"
_DATES = "calendars of business days work on dates, which tilewright has no arrays of"
_MASKED = "masked and structured arrays are classes of NumPy's own"
_INNARDS = "this belongs to NumPy's build and innards"
_EXTENDED = "no kernel has more than 64 bits for a number; use float64 or complex128"
ABSENT: dict[str, str] = {
    **dict.fromkeys(("matrix", "bmat", "asmatrix"), _MATRIX),
    **dict.fromkeys(("ma", "rec", "recarray", "record"), _MASKED),
    **dict.fromkeys(("char", "strings"), _STRINGS),
    **dict.fromkeys(
        ("busday_count", "busday_offset", "busdaycalendar", "is_busday", "datetime_as_string", "datetime_data"), _DATES
    ),
    **dict.fromkeys(("clongdouble", "float128", "complex256"), _EXTENDED),
    **dict.fromkeys(
        ("core", "lib", "f2py", "ctypeslib", "test", "get_include", "show_config", "show_runtime", "dtypes"), _INNARDS
    ),
    **dict.fromkeys(("sctypeDict", "ScalarType", "mintypecode", "typename"), _INNARDS),
    **dict.fromkeys(("nditer", "nested_iters", "broadcast"), "it steps through NumPy's memory from Python"),
    "memmap": "use asarray(numpy.memmap(...)), which shares the memory of the file",
}


@functools.cache
def fallback(name: str) -> Any:
    """What NumPy has under a name that tilewright has not.

    Parameters
    ----------
    name : str

    Returns
    -------
    object
        Functions take and give arrays of tilewright, without copies. Numbers, types and modules are NumPy's own.

    Raises
    ------
    AttributeError
        Where NumPy has none of that name, or where it is deliberately not there, with the reason.
    """
    if name in ABSENT:
        raise AttributeError(f"module 'tilewright.numpy' has no {name!r}: {ABSENT[name]}")
    import numpy

    if name.startswith("_") or not hasattr(numpy, name):
        raise AttributeError(f"module 'tilewright.numpy' has no {name!r}")
    found = getattr(numpy, name)
    if name in PASSED or not callable(found):
        return found
    if isinstance(found, type):
        raise AttributeError(f"module 'tilewright.numpy' has no {name!r}: it is a class of NumPy's; use numpy.{name}")
    return _on_numpy(name, found)


def _on_numpy(name: str, function: Any) -> Any:
    def call(*args: Any, **keywords: Any) -> Any:
        return in_numpy(name, function, args, keywords, _core.as_ndarray)

    functools.update_wrapper(call, function, updated=())
    for method in ("reduce", "accumulate", "outer", "reduceat", "at"):
        if hasattr(function, method):
            setattr(call, method, _on_numpy(f"{name}.{method}", getattr(function, method)))
    return call
