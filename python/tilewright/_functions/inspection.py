"""What the Array API standard has a library tell about itself, and the constants that it names."""

from __future__ import annotations

import math

from .. import _core
from .._engine.arguments import device as checked_device
from .._engine.dtypes import DType
from .data_types import isdtype

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["__array_api_version__", "__array_namespace_info__", "e", "inf", "nan", "pi"]

e = math.e
inf = math.inf
nan = math.nan
pi = math.pi

__array_api_version__ = "2025.12"

_BEYOND_THE_STANDARD = ("float16", "bfloat16")


class _NamespaceInfo:
    """The answers of `__array_namespace_info__`."""

    __slots__ = ()

    def capabilities(self) -> dict[str, Any]:
        """Whether masks index, whether results may have a shape that depends on the data, and the most axes."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": _core.MAX_DIMS}

    def default_device(self) -> str:
        """Where arrays are made."""
        return "cpu"

    def devices(self) -> tuple[str, ...]:
        """What there is: the CPU, and the CUDA devices that this build can use."""
        found = ["cpu"]
        try:
            while True:
                found.append(_core.device(f"cuda:{len(found) - 1}"))
        except ValueError:
            return tuple(found)

    def default_dtypes(self, *, device: str | None = None) -> dict[str, DType]:
        """The dtypes that Python's numbers get, by kind, and that of positions."""
        if device is not None:
            checked_device("default_dtypes", device)
        return {
            "real floating": _core.default_dtype(0.0),
            "complex floating": _core.default_dtype(0j),
            "integral": _core.default_dtype(0),
            "indexing": DType.int64,
        }

    def dtypes(self, *, device: str | None = None, kind: Any = None) -> dict[str, DType]:
        """The standard's dtypes, all or those of a kind, by name."""
        if device is not None:
            checked_device("dtypes", device)
        every = {name: dtype for name, dtype in DType.__members__.items() if name not in _BEYOND_THE_STANDARD}
        return every if kind is None else {name: dtype for name, dtype in every.items() if isdtype(dtype, kind)}


def __array_namespace_info__() -> Any:
    """What this library can do, by the Array API standard.

    Returns
    -------
    object
        With the methods `capabilities()`, `default_device()`, `default_dtypes(device=)`, `devices()` and
        `dtypes(device=, kind=)`.

    Examples
    --------
    >>> import tilewright as tw
    >>> info = tw.__array_namespace_info__()
    >>> info.default_device()
    'cpu'
    >>> list(info.dtypes(kind="real floating"))
    ['float32', 'float64']
    """
    return _NamespaceInfo()
