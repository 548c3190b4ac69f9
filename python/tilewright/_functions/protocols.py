"""NumPy's own functions on tensors: `np.sin(tensor)`, `np.concatenate([tensor])` and `array + tensor` give tensors.

NumPy asks the operands' classes first, by `__array_ufunc__` (NEP 13) and `__array_function__` (NEP 18). They call the
function of that name in `tilewright.numpy`, with NumPy's arguments; its dtypes are NumPy's for an ndarray of
`tilewright.numpy`, and tilewright's for any other tensor. What is not there runs in NumPy itself, on the tensors'
memory, and its arrays come back as tensors.
"""

from __future__ import annotations

from .. import _core
from .._engine.tensor import Tensor, asarray
from .._engine.tree import tree_map

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# For methods of NumPy's ufuncs the functions that do the same.
_METHODS = {
    "reduce": {
        "add": "sum",
        "multiply": "prod",
        "maximum": "max",
        "minimum": "min",
        "logical_and": "all",
        "logical_or": "any",
    },
    "accumulate": {"add": "cumsum", "multiply": "cumprod"},
}


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


def _in_numpy(first: Tensor, function: Callable[..., Any], args: Any, keywords: dict[str, Any]) -> Any:
    """The function of NumPy's on the memory of the tensors."""
    return _to_tensors(first, function(*_to_numpy(tuple(args)), **_to_numpy(keywords)))


def _to_numpy(x: Any) -> Any:
    return tree_map(lambda leaf: leaf.numpy() if isinstance(leaf, Tensor) else leaf, x)


def _to_tensors(first: Tensor, y: Any) -> Any:
    """NumPy's arrays, where their dtype is one of ours, as tensors of the class that an op on `first` gives."""
    import numpy as np

    def converted(leaf: Any) -> Any:
        known = isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.name in _core.DType.__members__
        return _core.like(first, asarray(leaf)) if known else leaf

    return tree_map(converted, y)


def _call(name: str, owner: Any, first: Tensor, args: Any, keywords: dict[str, Any]) -> Any:
    """Our function of that name in a namespace, with NumPy's arguments and the dtype rules of the tensors' class."""
    function = getattr(owner, name)
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
    if method != "__call__":
        name = _METHODS.get(method, {}).get(name)
    if name not in functions.__all__:
        return _in_numpy(self, getattr(ufunc, method), inputs, keywords)
    keywords.pop("out", None)
    if method != "__call__":
        keywords = {"axis": 0, **keywords}
    elif keywords:
        raise TypeError(f"{name}: the argument {next(iter(keywords))} of NumPy's function is not there for tensors")
    result = _call(name, functions, self, inputs, keywords)
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
        return _in_numpy(self, function, args, keywords)
    return _call(name, owner, self, args, keywords)


for _name, _protocol in {"__array_ufunc__": _array_ufunc, "__array_function__": _array_function}.items():
    _protocol.__name__ = _name
    setattr(Tensor, _name, _protocol)
