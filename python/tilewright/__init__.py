"""tilewright: a small, fast, deterministic tensor engine with NumPy's arrays and PyTorch's layers.

>>> import tilewright as tw
>>> x = tw.asarray([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
>>> (x @ x).sum().backward()
>>> x.grad
tensor([[ 7., 11.],
        [ 9., 13.]])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    _methods as _methods,  # binds them to Tensor
    autograd,
    memory,
    random,
)
from ._config import __version__, get_num_threads, set_num_threads, show_config
from ._core import AxisError, DType
from ._creation import arange, empty, empty_like, eye, full, full_like, linspace, ones, ones_like, zeros, zeros_like
from ._dtypes import (
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    uint8,
    uint16,
    uint32,
    uint64,
)
from ._elementwise import (
    abs,
    add,
    arctan2,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    clip,
    cos,
    divide,
    equal,
    erf,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    reciprocal,
    remainder,
    round,
    rsqrt,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
    trunc,
    where,
)
from ._explain import explain
from ._indexing import nonzero, take, take_along_axis
from ._linalg import matmul
from ._manipulation import (
    astype,
    broadcast_to,
    concat,
    concatenate,
    copy,
    expand_dims,
    flip,
    matrix_transpose,
    moveaxis,
    permute_dims,
    ravel,
    reshape,
    split,
    squeeze,
    stack,
    swapaxes,
    transpose,
)
from ._reductions import all, any, argmax, argmin, logsumexp, max, mean, min, prod, std, sum, var
from ._tensor import Tensor, asarray, from_dlpack
from .autograd import enable_grad, grad, no_grad, value_and_grad

if TYPE_CHECKING:
    from . import data, io, nn, optim, testing

__all__ = [
    "AxisError",
    "DType",
    "Tensor",
    "__version__",
    "abs",
    "add",
    "all",
    "any",
    "arange",
    "arctan2",
    "argmax",
    "argmin",
    "asarray",
    "astype",
    "autograd",
    "bfloat16",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "bool_",
    "broadcast_to",
    "ceil",
    "clip",
    "concat",
    "concatenate",
    "copy",
    "cos",
    "data",
    "divide",
    "empty",
    "empty_like",
    "enable_grad",
    "equal",
    "erf",
    "exp",
    "expand_dims",
    "explain",
    "expm1",
    "eye",
    "flip",
    "float16",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "from_dlpack",
    "full",
    "full_like",
    "get_num_threads",
    "grad",
    "greater",
    "greater_equal",
    "int8",
    "int16",
    "int32",
    "int64",
    "io",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "linspace",
    "log",
    "log1p",
    "log2",
    "log10",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "memory",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "newaxis",
    "nn",
    "no_grad",
    "nonzero",
    "not_equal",
    "ones",
    "ones_like",
    "optim",
    "permute_dims",
    "power",
    "prod",
    "promote_types",
    "random",
    "ravel",
    "reciprocal",
    "remainder",
    "reshape",
    "round",
    "rsqrt",
    "set_num_threads",
    "show_config",
    "sign",
    "sin",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "testing",
    "transpose",
    "trunc",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "value_and_grad",
    "var",
    "where",
    "zeros",
    "zeros_like",
]

_LAZY = ("data", "io", "nn", "optim", "testing")

newaxis = None


def __getattr__(name: str) -> Any:
    """Import `tilewright.nn` and the like when they are first used."""
    if name in _LAZY:
        import importlib

        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
