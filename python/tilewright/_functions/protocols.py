"""NumPy's own functions on tensors: `np.sin(tensor)`, `np.concatenate([tensor])` and `array + tensor` give tensors.

NumPy asks the operands' classes first, by `__array_ufunc__` (NEP 13) and `__array_function__` (NEP 18). They call the
function of that name in `tilewright.numpy`, with NumPy's arguments; its dtypes are NumPy's for an ndarray of
`tilewright.numpy`, and tilewright's for any other tensor. What is not there runs in NumPy itself, on the tensors'
memory, and its arrays come back as tensors.
"""

from __future__ import annotations

from .. import _core
from .._engine.tensor import Tensor
from .by_numpy import in_numpy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _functions() -> Any:
    """The module `tilewright.numpy`, which is imported here at the first use."""
    return Tensor._namespace.numpy


def _is_known(kind: type) -> bool:
    """Whether objects of this class leave it to tensors: whatever does not take part in NumPy's protocols does."""
    import numpy as np

    if issubclass(kind, Tensor):
        return True
    if issubclass(kind, np.ndarray) and kind is not np.ndarray and issubclass(kind, np.ma.MaskedArray):
        return False  # a tensor would lose the mask
    return all(
        getattr(kind, protocol, of_ndarray) == of_ndarray
        for protocol in ("__array_ufunc__", "__array_function__")
        for of_ndarray in [getattr(np.ndarray, protocol)]
    )


def _in_numpy(first: Tensor, name: str, function: Callable[..., Any], args: Any, keywords: dict[str, Any]) -> Any:
    """The function of NumPy's; its results are of the class that an op on `first` gives."""
    return in_numpy(name, function, args, keywords, lambda y: _core.like(first, y))


def _called(function: Any, first: Tensor, args: Any, keywords: dict[str, Any]) -> Any:
    """A function of `tilewright.numpy`, with NumPy's arguments and the dtype rules of the tensors' class."""
    translated = getattr(function, "translated", None)
    if _core.as_ndarray(first) is first or not hasattr(function, "__wrapped__"):
        return function(*args, **keywords)
    if translated is not None:
        args, keywords = translated(args, keywords)
    return function.__wrapped__(*args, **keywords)


def _array_ufunc(self: Tensor, ufunc: Any, method: str, /, *inputs: Any, **keywords: Any) -> Any:
    """What NumPy's ufuncs do with tensors (NEP 13)."""
    out = keywords.get("out", ())
    if not all(map(_is_known, map(type, (*inputs, *out)))):
        return NotImplemented
    functions, name = _functions(), ufunc.__name__
    function = getattr(functions, name) if name in functions.__all__ else None
    if method != "__call__":
        function, name = getattr(function, method, None), f"{name}.{method}"
    if function is None or (method == "at" and not isinstance(inputs[0], Tensor)):
        return _in_numpy(self, name, getattr(ufunc, method), inputs, keywords)
    keywords.pop("out", None)
    if keywords and method == "__call__":
        raise TypeError(f"{name}: the argument {next(iter(keywords))} of NumPy's function is not there for tensors")
    result = _called(function, self, inputs, keywords)
    return _written(name, out[0], result) if out else result


def _written(name: str, out: Any, result: Any) -> Any:
    """An array or a tensor with the result in its memory, as far as NumPy casts it silently."""
    import numpy as np

    if isinstance(out, Tensor):
        if not np.can_cast(result.dtype.name, out.dtype.name, "same_kind"):
            raise TypeError(
                f"{name}: the result has dtype {result.dtype.name}, which out, {out.dtype.name}, does not hold"
            )
        out[...] = result
    else:
        np.copyto(out, result.numpy(), casting="same_kind")
    return out


def _array_function(self: Tensor, function: Any, types: Any, args: Any, keywords: dict[str, Any]) -> Any:
    """What NumPy's other functions do with tensors (NEP 18)."""
    if not all(map(_is_known, types)):
        return NotImplemented
    owner, name = _functions(), function.__name__
    _, _, inner = function.__module__.partition("numpy.")
    for part in inner.split(".") if inner else ():
        owner = getattr(owner, part, None)
    if owner is None or name not in getattr(owner, "__all__", ()):
        return _in_numpy(self, name, function, args, keywords)
    return _called(getattr(owner, name), self, args, keywords)


for _name, _protocol in {"__array_ufunc__": _array_ufunc, "__array_function__": _array_function}.items():
    _protocol.__name__ = _name
    setattr(Tensor, _name, _protocol)
