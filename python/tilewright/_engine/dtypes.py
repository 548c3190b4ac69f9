"""The element types, and reading one from what users write."""

from __future__ import annotations

from .._core import DType, default_dtype as _default_dtype, promote_types as _promote
from .arguments import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "DType",
    "bfloat16",
    "bool_",
    "complex64",
    "complex128",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "promote_types",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

bool_ = DType.bool
uint8 = DType.uint8
int8 = DType.int8
uint16 = DType.uint16
int16 = DType.int16
uint32 = DType.uint32
int32 = DType.int32
uint64 = DType.uint64
int64 = DType.int64
float16 = DType.float16
bfloat16 = DType.bfloat16
float32 = DType.float32
float64 = DType.float64
complex64 = DType.complex64
complex128 = DType.complex128

_BY_NAME: dict[str, DType] = dict(DType.__members__)
# NumPy's letters, alone and with bytes: "d" and "f8".
_CODES: dict[str, DType] = {
    "?": bool_, "b": int8, "h": int16, "i": int32, "l": int64, "q": int64,
    "B": uint8, "H": uint16, "I": uint32, "L": uint64, "Q": uint64,
    "e": float16, "f": float32, "d": float64, "F": complex64, "D": complex128,
    "b1": bool_, "i1": int8, "i2": int16, "i4": int32, "i8": int64,
    "u1": uint8, "u2": uint16, "u4": uint32, "u8": uint64,
    "f2": float16, "f4": float32, "f8": float64, "c8": complex64, "c16": complex128,
}  # fmt: skip
NAMED = {**_CODES, **_BY_NAME}
_PYTHONS = {"int": 0, "float": 0.0, "complex": 0j}
_NUMBERS = {bool: False, int: 0, float: 0.0, complex: 0j}  # one of each type of Python's


def as_dtype(dtype: Any) -> DType:
    """A `DType` from one, its name, Python's bool, int, float or complex, NumPy's codes, or a NumPy or PyTorch dtype.

    Raises
    ------
    TypeError
        Where it names none of the element types.
    """
    if isinstance(dtype, DType):
        return dtype
    if type(dtype) is str and dtype in NAMED:
        return NAMED[dtype]
    if isinstance(dtype, type) and dtype in _NUMBERS:
        return _default_dtype(_NUMBERS[dtype])
    named = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", dtype)
    name = str(named).removeprefix("torch.").removesuffix("_")
    if name not in _BY_NAME:
        if isinstance(dtype, str):
            if name in _PYTHONS:
                return _default_dtype(_PYTHONS[name])
            code = name[1:] if name[:1] in ("<", "=", "|") else name  # all machines here are little-endian
            if code in _CODES:
                return _CODES[code]
        raise TypeError(f"dtype {shown(dtype)} is not one of {', '.join(_BY_NAME)}")
    return _BY_NAME[name]


def as_floating(op: str, dtype: Any) -> DType:
    """The floating dtype that an object stands for: of parameters, of random numbers."""
    try:
        kind = as_dtype(dtype)
    except TypeError as error:
        raise TypeError(f"{op}: {error}") from None
    if not kind.is_floating:
        raise TypeError(f"{op}: dtype is {kind.name}, but must be floating")
    return kind


def integer_range(dtype: DType) -> tuple[int, int]:
    """The least and the largest value of an integer dtype."""
    bits = 8 * dtype.itemsize
    return (0, 2**bits - 1) if dtype.name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def promote_types(a: Any, b: Any) -> DType:
    """The dtype that an operation on one array of each gives.

    As in the Array API standard; where that leaves it open, complex wins over floating and floating over integer,
    float16 with bfloat16 gives float32, and uint64 with a signed integer gives float64. Of a complex dtype with
    another one, the result is complex128 where either has float64 parts, else complex64.

    Parameters
    ----------
    a, b : dtype-like

    Returns
    -------
    DType

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.promote_types("int8", "uint8")
    <DType.int16: 4>
    """
    return _promote(as_dtype(a), as_dtype(b))


def kind_of(dtype: DType) -> int:
    """Bool, integers, floats, complex numbers: a higher kind is not converted to a lower one without being asked."""
    return 0 if dtype == bool_ else 1 if dtype.is_integer else 2 if dtype.is_floating else 3
