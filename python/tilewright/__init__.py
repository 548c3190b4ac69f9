"""tilewright: a small, fast, deterministic tensor engine with NumPy's arrays and PyTorch's layers.

>>> import tilewright as tw
>>> x = tw.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
>>> (x @ x).sum().backward()
>>> x.grad
tensor([[ 7., 11.],
        [ 9., 13.]])
"""

from __future__ import annotations

import sys

from . import autograd, memory, random
from ._core import AxisError, DType as DType
from ._engine import __all__ as _of_engine
from ._engine.autocast import *
from ._engine.config import *
from ._engine.dtypes import *
from ._engine.explain import *
from ._engine.tensor import *
from ._engine.tensor import Tensor
from ._functions import __all__ as _of_families
from ._functions.aliases import *
from ._functions.arithmetic import *
from ._functions.bitwise import *
from ._functions.comparison import *
from ._functions.complex import *
from ._functions.creation import *
from ._functions.data_types import *
from ._functions.exponential import *
from ._functions.extrema import *
from ._functions.indexing import *
from ._functions.inspection import *
from ._functions.later import LATER
from ._functions.linalg import *
from ._functions.logical import *
from ._functions.manipulation import *
from ._functions.padding import *
from ._functions.reductions import *
from ._functions.rounding import *
from ._functions.scans import *
from ._functions.signs import *
from ._functions.sorting import *
from ._functions.statistics import *
from ._functions.triangular import *
from ._functions.trigonometric import *
from ._sampling import multinomial
from .autograd import enable_grad, grad, no_grad, value_and_grad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from . import data, diagnose, fft, io, linalg, models, nn, numpy, optim, plot, sklearn, testing, train
    from ._functions.applying import *
    from ._functions.diagonals import *
    from ._functions.differences import *
    from ._functions.einsum import *
    from ._functions.grids import *
    from ._functions.histograms import *
    from ._functions.interpolation import *
    from ._functions.joining import *
    from ._functions.nan_reductions import *
    from ._functions.order_statistics import *
    from ._functions.polynomials import *
    from ._functions.products import *
    from ._functions.repeating import *
    from ._functions.searching import *
    from ._functions.sets import *
    from ._functions.tolerance import *

_FAMILY = {name: family for family, names in LATER.items() for name in names}
_LAZY = (
    "data",
    "diagnose",
    "fft",
    "io",
    "linalg",
    "models",
    "nn",
    "numpy",
    "optim",
    "plot",
    "sklearn",
    "testing",
    "train",
)

__all__ = [
    *_of_engine,
    *_of_families,
    "AxisError",
    "autograd",
    "bool",
    "data",
    "diagnose",
    "enable_grad",
    "fft",
    "grad",
    "io",
    "linalg",
    "memory",
    "models",
    "multinomial",
    "nn",
    "no_grad",
    "numpy",
    "optim",
    "plot",
    "random",
    "sklearn",
    "testing",
    "train",
    "value_and_grad",
]

if not getattr(sys, "_is_gil_enabled", lambda: True)():  # importing _core enables it, unless the user forbade that
    raise ImportError("tilewright: needs the interpreter lock; leave PYTHON_GIL=0 and -X gil=0 out")

bool = DType.bool

Tensor._namespace = sys.modules[__name__]


def __getattr__(name: str) -> Any:
    """Import `tilewright.nn` and the like, and families of functions, when they are first used."""
    if name not in _LAZY and name not in _FAMILY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    family = _FAMILY[name]
    module = importlib.import_module(f"{__name__}._functions.{family}")
    globals().update({each: getattr(module, each) for each in LATER[family]})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_FAMILY})
