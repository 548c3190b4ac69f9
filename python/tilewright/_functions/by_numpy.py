"""Functions that run on NumPy itself: on the tensors' memory, without copies, and what they give comes back as tensors.

Here, and nowhere else, it is decided what NumPy cannot follow: gradients that are recorded, other devices.
"""

from __future__ import annotations

import functools

from .._engine.dtypes import DType
from .._engine.tape import mark_written, state
from .._engine.tensor import Tensor, asarray
from .._engine.tree import tree_map

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Adopt = Callable[[Tensor], Tensor]


def in_numpy(name: str, function: Callable[..., Any], args: Any, keywords: dict[str, Any], adopt: Adopt) -> Any:
    """A call of a function of NumPy's, with tensors among the arguments and as results.

    Parameters
    ----------
    name
        For messages.
    adopt
        Makes a result, a tensor, one of the class that it should have.

    Raises
    ------
    NotImplementedError
        Where a tensor is on the tape or on another device than the CPU.
    """
    given = [to_numpy(name, argument, adopt) for argument in args]
    named = {key: to_numpy(name, argument, adopt) for key, argument in keywords.items()}
    result = function(*given, **named)
    out = keywords.get("out")
    outs = out if isinstance(out, tuple) else (out,)
    mark_written([x._array for x in outs if isinstance(x, Tensor)])
    if any(x is None for x in outs):
        return from_numpy(result, adopt)
    return outs[0] if len(outs) == 1 else outs


def to_numpy(name: str, argument: Any, adopt: Adopt) -> Any:
    """An argument with NumPy's arrays in place of tensors, and NumPy's dtypes, also in lists, tuples and dicts."""

    def converted(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            if leaf._node is not None and state.mode:
                raise NotImplementedError(f"{name}: has no gradient, it runs on NumPy; detach() the array")
            if leaf.device != "cpu":
                raise NotImplementedError(f"{name}: runs on NumPy, but the array is on {leaf.device}; use to('cpu')")
            return leaf.detach().numpy()
        if isinstance(leaf, DType):
            import numpy

            return numpy.dtype(leaf.name)
        return _given_tensors(name, leaf, adopt) if callable(leaf) and not isinstance(leaf, type) else leaf

    return tree_map(converted, argument)


def _given_tensors(name: str, function: Any, adopt: Adopt) -> Any:
    """A function of the user's, which is called by NumPy: it takes and gives tensors."""

    @functools.wraps(function, updated=())
    def call(*args: Any, **keywords: Any) -> Any:
        return to_numpy(name, function(*[from_numpy(argument, adopt) for argument in args], **keywords), adopt)

    return call


def from_numpy(result: Any, adopt: Adopt) -> Any:
    """A result with tensors in place of NumPy's arrays and scalars of numbers, and our dtypes."""
    import numpy

    def converted(leaf: Any) -> Any:
        if isinstance(leaf, numpy.dtype):
            return DType.__members__.get(leaf.name, leaf)
        known = isinstance(leaf, (numpy.ndarray, numpy.generic)) and leaf.dtype.name in DType.__members__
        return adopt(asarray(leaf)) if known else leaf

    return tree_map(converted, result)
