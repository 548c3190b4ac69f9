"""Normalisation over rows and over channels: fused kernels, forward and backward. Public in `nn.functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine.op import primitive
from .arithmetic import abs, sqrt, square
from .extrema import maximum
from .manipulation import reshape
from .reductions import max
from .statistics import mean

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

STATISTICS = ("mean", "rstd")  # what the kernels leave for the rules, as float64


def _divided(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    """`x / sqrt(mean(x^2) + eps)`, scaled so that no square overflows; the result does not depend on the scale."""
    if not x.size:
        return x
    scale = maximum(max(abs(x.detach()), axis=axes, keepdims=True), 1.0)
    x = x / scale
    return x / sqrt(mean(square(x), axis=axes, keepdims=True) + eps / square(scale))


def _standardized(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    return _divided(x - mean(x, axis=axes, keepdims=True), axes, eps) if x.size else x


def _affine(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """With a weight and a bias for each channel of (N, C, ..)."""
    shape = (-1,) + (1,) * (x.ndim - 2)
    if weight is not None:
        x = x * reshape(weight, shape)
    return x if bias is None else x + reshape(bias, shape)


# ---- rows ------------------------------------------------------------------------------------------------------------


def _layer_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...], eps: float) -> Tensor:
    y = _standardized(x, tuple(range(-len(shape), 0)), eps)
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


@primitive(keeps=STATISTICS, composed=_layer_norm)
def layer_norm(x: Any, weight: Any, bias: Any, /, shape: tuple[int, ...], eps: float) -> Tensor:  # type: ignore[empty-body]
    """Over the last axes, which are `shape`."""


def _rms_norm(x: Tensor, weight: Tensor | None, shape: tuple[int, ...], eps: float) -> Tensor:
    y = _divided(x, tuple(range(-len(shape), 0)), eps)
    return y if weight is None else y * weight


@primitive(keeps=STATISTICS, composed=_rms_norm)
def rms_norm(x: Any, weight: Any, /, shape: tuple[int, ...], eps: float) -> Tensor:  # type: ignore[empty-body]
    """Without subtracting the mean."""


def _add_layer_norm(
    x: Tensor, residual: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...], eps: float
) -> tuple[Tensor, Tensor]:
    total = x + residual
    return _layer_norm(total, weight, bias, shape, eps), total


@primitive(results=("y", "sum"), keeps=STATISTICS, composed=_add_layer_norm)
def add_layer_norm(  # type: ignore[empty-body]
    x: Any, residual: Any, weight: Any, bias: Any, /, shape: tuple[int, ...], eps: float
) -> tuple[Tensor, Tensor]:
    """Of a sum, which is a result too."""


def _add_rms_norm(
    x: Tensor, residual: Tensor, weight: Tensor | None, shape: tuple[int, ...], eps: float
) -> tuple[Tensor, Tensor]:
    total = x + residual
    return _rms_norm(total, weight, shape, eps), total


@primitive(results=("y", "sum"), keeps=STATISTICS, composed=_add_rms_norm)
def add_rms_norm(  # type: ignore[empty-body]
    x: Any, residual: Any, weight: Any, /, shape: tuple[int, ...], eps: float
) -> tuple[Tensor, Tensor]:
    """Without subtracting the mean."""


def _group_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float) -> Tensor:
    rows = reshape(x, (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))
    y = _standardized(rows, tuple(range(2, rows.ndim)), eps)
    return _affine(reshape(y, x.shape), weight, bias)


@primitive(keeps=STATISTICS, composed=_group_norm)
def group_norm(x: Any, weight: Any, bias: Any, /, groups: int, eps: float) -> Tensor:  # type: ignore[empty-body]
    """Of (N, C, ..), over groups of channels."""


def _instance_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    return _affine(_standardized(x, tuple(range(2, x.ndim)), eps), weight, bias)


@primitive(keeps=STATISTICS, composed=_instance_norm)
def untracked_instance_norm(x: Any, weight: Any, bias: Any, /, eps: float) -> Tensor:  # type: ignore[empty-body]
    """Of (N, C, ..), over places."""


# ---- channels --------------------------------------------------------------------------------------------------------


def _batch_norm(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    return _affine(_standardized(x, (0, *range(2, x.ndim)), eps), weight, bias)


@primitive(keeps=STATISTICS, composed=_batch_norm)
def untracked_batch_norm(x: Any, weight: Any, bias: Any, /, eps: float) -> Tensor:  # type: ignore[empty-body]
    """Of (N, C, ..), over N and places."""


def _given_norm(
    x: Tensor, weight: Any, bias: Any, running_mean: Tensor, running_var: Tensor, op: str, eps: float
) -> Tensor:
    shape = (-1,) + (1,) * (x.ndim - 2)
    return _affine((x - reshape(running_mean, shape)) / sqrt(reshape(running_var, shape) + eps), weight, bias)


@primitive(conditions=("running_mean", "running_var"), keeps=STATISTICS, composed=_given_norm)
def given_norm(  # type: ignore[empty-body]
    x: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, /, op: str, eps: float
) -> Tensor:
    """Of (N, C, ..), with statistics that are given; `op` is what errors begin with."""


# ---- and running statistics moved: what the ops above compute is their definition ------------------------------------

_MOVED = ("running_mean", "running_var", "num_batches_tracked")


@primitive(keeps=STATISTICS, mutates=_MOVED)
def instance_norm(  # type: ignore[empty-body]
    x: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    num_batches_tracked: Any,
    /,
    momentum: float | None,
    eps: float,
) -> Tensor:
    """As `untracked_instance_norm`."""


@primitive(keeps=STATISTICS, mutates=_MOVED)
def batch_norm(  # type: ignore[empty-body]
    x: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    num_batches_tracked: Any,
    /,
    momentum: float | None,
    eps: float,
) -> Tensor:
    """As `untracked_batch_norm`."""
