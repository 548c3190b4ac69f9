"""NumPy's names and rules: a NumPy program needs no change but `import tilewright.numpy as np`.

Functions take NumPy's arguments and give `ndarray`, a `tilewright.Tensor` with NumPy's dtypes: float64 from Python's
floats and from integers, in operators and methods too. `tilewright` itself, and networks of its layers, stay as they
are. Gradients flow as through any tensor.

>>> import tilewright.numpy as np
>>> x = np.linspace(0, 1, 3)
>>> x / 2 + np.arange(3)
array([0.  , 1.25, 2.5 ])

What tilewright has not is NumPy's own, reached by the same name: it runs on the same memory, without a copy, and gives
ndarrays. It has no gradient, and says so where one is asked for. What is deliberately not there says why. What is here
differs in this:

- A result without axes is an ndarray, where NumPy gives a scalar: it behaves as a number, but is no Python float.
- dtypes are tilewright's: `x.dtype == np.float64`, not `numpy.float64`; `np.float64(3)` is an ndarray.
- Division by zero and overflow give inf, NaN and integer 0 without a warning.
- An unsigned array takes signed numbers in place, as it does by assignment.
- Complex numbers have no order here (`max`, `sort`, `<`), and there is no `round`, `rint`, `exp2` or logical function
  of them.
- There are no arrays of strings, dates or objects, and no structured ones.
- A number that a dtype does not hold is a ValueError, where NumPy raises OverflowError.
- `conj` of bool is bool, and `angle` of it float16; `logical_and.accumulate` gives bool.
- In `arctan2`, `hypot`, `logaddexp`, `copysign`, `nextafter` and `heaviside` a signed and an unsigned integer meet as
  integers before they become floating.
- Elements that `where=` of an elementwise function leaves out are 0 where there is no `out=`; in NumPy they are
  whatever was in memory.
- A new array lies in C order, whatever lay in another order before, unless `order=` asks for it.
- `linspace` of an integer dtype keeps ends that float64 does not hold, and refuses infinite ones.
- `unique` along an axis takes one NaN for another, as NumPy does without an axis.
- The weights of `nanquantile` and `nanpercentile` may be those of one axis; in NumPy that is an IndexError.
- `argsort` leaves equal elements in their order, whatever `kind` asks for.
- A seed gives other random numbers than NumPy's.
"""

from __future__ import annotations

import sys
from typing import Any

from .._core import AxisError
from .._engine.dtypes import (
    DType as dtype,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from .._functions.data_types import finfo, iinfo, isdtype
from .._functions.grids import _Grid
from .._functions.inspection import __array_api_version__, __array_namespace_info__, e, inf, nan, pi
from . import fft, linalg, random
from ._array import _unpickle as _unpickle, ndarray
from ._fallback import fallback
from ._files import NpzFile as NpzFile, issubdtype, load
from ._functions import FUNCTIONS
from ._layout import flatiter
from ._parts import ndenumerate
from ._placing import BY_INDEX
from ._rules import under_numpy_rules

globals().update(FUNCTIONS)

bool = bool_
half, single, double = float16, float32, float64
csingle, cdouble = complex64, complex128
int_ = intp = longlong = long = int64
uint = uintp = ulonglong = ulong = uint64
byte, short, intc = int8, int16, int32
ubyte, ushort, uintc = uint8, uint16, uint32

euler_gamma = 0.5772156649015329
newaxis = None

globals().update(BY_INDEX)
mgrid, ogrid = (_Grid(sparse, under_numpy_rules) for sparse in (False, True))

__all__ = [
    *BY_INDEX,
    *FUNCTIONS,
    "AxisError",
    "__array_api_version__",
    "__array_namespace_info__",
    "bfloat16",
    "bool",
    "bool_",
    "cdouble",
    "complex64",
    "complex128",
    "csingle",
    "double",
    "dtype",
    "e",
    "euler_gamma",
    "fft",
    "finfo",
    "flatiter",
    "float16",
    "float32",
    "float64",
    "half",
    "iinfo",
    "inf",
    "int8",
    "int16",
    "int32",
    "int64",
    "int_",
    "intp",
    "issubdtype",
    "isdtype",
    "linalg",
    "load",
    "longlong",
    "mgrid",
    "nan",
    "ndarray",
    "newaxis",
    "ogrid",
    "pi",
    "random",
    "single",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uintp",
    "long",
    "ulonglong",
    "ulong",
    "byte",
    "short",
    "intc",
    "ubyte",
    "ushort",
    "uintc",
    "ndenumerate",
]

ndarray._namespace = sys.modules[__name__]


def __getattr__(name: str) -> Any:
    """What tilewright has not: NumPy's, run on the same memory, or the reason why it is not there."""
    return fallback(name)
