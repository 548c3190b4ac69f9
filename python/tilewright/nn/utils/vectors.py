"""All parameters as one vector, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _core
from ..._engine import arguments
from ..._engine.tape import mark_written
from ..._engine.tensor import Tensor
from ..._functions.manipulation import concatenate, reshape

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def _tensors(op: str, parameters: Any) -> list[Tensor]:
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    listed = arguments.entries(op, "parameters", parameters, "an iterable of Tensors")
    for i, parameter in enumerate(listed):
        if not isinstance(parameter, Tensor):
            arguments.refuse(op, f"parameter {i}", parameter, "a Tensor")
    return listed


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other.

    Parameters
    ----------
    parameters : iterable of Tensor
        Such as `module.parameters()`; at least one. Dtypes are promoted.

    Returns
    -------
    Tensor, shape (n,)
        New memory; gradients flow back to the parameters.

    Raises
    ------
    ValueError
        Where there are none.
    TypeError
        For anything but Tensors.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.utils.parameters_to_vector([tw.ones((2, 2)), tw.zeros(1)])
    tensor([1., 1., 1., 1., 0.])
    """
    listed = _tensors("parameters_to_vector", parameters)
    if not listed:
        raise ValueError("parameters_to_vector: there are no parameters, but at least one is needed")
    return concatenate([reshape(parameter, (-1,)) for parameter in listed])


def vector_to_parameters(vec: Any, parameters: Iterable[Tensor]) -> None:
    """Write the parts of a vector into parameters, in place: into all of them, or on an error into none.

    Parameters
    ----------
    vec : array-like, shape (n,)
        As `parameters_to_vector` gives it; cast to the parameters' dtypes. Its values are copied.
    parameters : iterable of Tensor
        With n elements in all.

    Raises
    ------
    ValueError
        For another number of elements or axes, and where a parameter is read-only.
    TypeError
        For anything but Tensors, and where `vec` is complex but a parameter is not.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Linear(2, 1)
    >>> tw.nn.utils.vector_to_parameters([1.0, 2.0, 3.0], layer.parameters())
    >>> layer.weight.tolist(), layer.bias.tolist()
    ([[1.0, 2.0]], [3.0])
    """
    op = "vector_to_parameters"
    listed = _tensors(op, parameters)
    vector = arguments.array(op, "vec", vec)
    needed = sum(parameter.size for parameter in listed)
    if vector.shape != (needed,):
        raise ValueError(f"{op}: vec has shape {vector.shape}, but the parameters need ({needed},)")
    parts, start = [], 0
    for i, parameter in enumerate(listed):
        if parameter._array.readonly:
            raise ValueError(f"{op}: parameter {i}, of shape {parameter.shape}, is read-only; none has been changed")
        if vector.dtype.is_complex and not parameter.dtype.is_complex:
            raise TypeError(f"{op}: vec is {vector.dtype.name}, but parameter {i} is {parameter.dtype.name}")
        part = reshape(vector.detach()[start : start + parameter.size], parameter.shape)
        parts.append(_core.astype(part._array, parameter.dtype, True))  # a copy: they may share memory
        start += parameter.size
    for parameter, values in zip(listed, parts, strict=True):
        _core.assign(parameter._array, _core.to_device(values, parameter.device))
    mark_written([parameter._array for parameter in listed])
