"""Layers that normalise: over a batch, over the features of a sample, over groups of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_dtype
from .._engine.op import wrap
from .._engine.tensor import Tensor, asarray
from .._functions import normalization as ops
from .._functions.manipulation import expand_dims, squeeze
from . import functional, init
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


def _floating(layer: str, dtype: Any) -> Any:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise TypeError(f"{layer}: dtype is {kind.name}, but must be floating")
    return kind


class _Affine(Module):
    """What these layers share: a weight that starts at 1 and a bias that starts at 0, either of which may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def _set(self, shape: tuple[int, ...], dtype: Any, weight: bool, bias: bool) -> None:
        kind = _floating(type(self).__name__, dtype)
        self.weight = Parameter(_core.full(shape, 1, kind)) if weight else None
        self.bias = Parameter(_core.full(shape, 0, kind)) if bias else None

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _eps(self, eps: Any) -> float:
        name = type(self).__name__
        eps = arguments.number(name, "eps", eps)
        if not 0 <= eps < float("inf"):
            raise ValueError(f"{name}: eps is {eps}, but must be finite and at least 0")
        return eps


# ---- with running statistics -----------------------------------------------------------------------------------------


class _Tracking(_Affine):
    """Channels, and running statistics of them.

    Attributes
    ----------
    axes
        How many axes an input may have.
    """

    axes: tuple[int, ...]
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = "float32",
    ) -> None:
        name = type(self).__name__
        self.num_features = arguments.integer(name, "num_features", num_features, at_least=0, at_most=2**40)
        self.eps = self._eps(eps)
        self.momentum = None if momentum is None else arguments.probability(name, "momentum", momentum)
        self.affine = arguments.flag(name, "affine", affine)
        self.track_running_stats = arguments.flag(name, "track_running_stats", track_running_stats)
        shape = (self.num_features,)
        self._set(shape, dtype, self.affine, self.affine)
        tracks = self.track_running_stats
        kind = _floating(name, dtype)
        self.register_buffer("running_mean", wrap(_core.full(shape, 0, kind)) if tracks else None)
        self.register_buffer("running_var", wrap(_core.full(shape, 1, kind)) if tracks else None)
        counter = wrap(_core.full((), 0, _core.DType.int64)) if tracks else None
        self.register_buffer("num_batches_tracked", counter)

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count of batches to 0."""
        for buffer, start in ((self.running_mean, 0), (self.running_var, 1), (self.num_batches_tracked, 0)):
            if buffer is not None:
                buffer.fill_(start)

    def reset_parameters(self) -> None:
        """Set the weight to 1, the bias to 0, and the running statistics back."""
        self.reset_running_stats()
        super().reset_parameters()

    def _checked(self, input: Any, channel_axis: int) -> Tensor:
        x = input if isinstance(input, Tensor) else asarray(input)
        name = type(self).__name__
        if x.ndim not in self.axes:
            needed = " or ".join(f"{count}-D" for count in self.axes)
            raise ValueError(f"{name}: input has shape {x.shape}, but must be {needed}")
        if x.shape[channel_axis] != self.num_features:
            raise ValueError(
                f"{name}: input has shape {x.shape}, {x.shape[channel_axis]} channels, but num_features is "
                f"{self.num_features}"
            )
        return x

    def extra_repr(self) -> str:
        names = ("num_features", "eps", "momentum", "affine", "track_running_stats")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


class _BatchNorm(_Tracking):
    """Normalises channels over a batch."""

    def forward(self, input: Any) -> Tensor:
        x = self._checked(input, 1)
        mean, var = self.running_mean, self.running_var
        if mean is not None and self.training:
            count = self.num_batches_tracked
            return ops.batch_norm(x, self.weight, self.bias, mean, var, count, self.momentum, self.eps)
        return functional.batch_norm(x, mean, var, self.weight, self.bias, mean is None, eps=self.eps)


class _InstanceNorm(_Tracking):
    """Normalises channels for each sample alone; an input may have no axis of samples."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        dtype: Any = "float32",
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype=dtype)

    def forward(self, input: Any) -> Tensor:
        alone = getattr(input, "ndim", 0) == self.axes[0]
        x = self._checked(input, 0 if alone else 1)
        y = self._normalized(expand_dims(x, axis=0) if alone else x)
        return squeeze(y, axis=0) if alone else y

    def _normalized(self, x: Tensor) -> Tensor:
        mean, var = self.running_mean, self.running_var
        if mean is not None and self.training:
            count = self.num_batches_tracked
            return ops.instance_norm(x, self.weight, self.bias, mean, var, count, self.momentum, self.eps)
        return functional.instance_norm(x, mean, var, self.weight, self.bias, mean is None, eps=self.eps)


_TRACKING = """{summary}

{modes}

Parameters
----------
num_features : int
    How many channels there are, C.
eps : float
    Added to the variance; at least 0.
momentum : float or None
    In [0, 1]: how far the running statistics move towards those of a batch. None: they are the mean over all batches.
affine : bool
    Whether there are a weight and a bias for each channel.
track_running_stats : bool
    Whether there are running statistics.
dtype : dtype-like
    Of parameters and running statistics.

Attributes
----------
weight, bias : Parameter, shape (C,), or None
running_mean, running_var : Tensor, shape (C,), or None
    Buffers.
num_batches_tracked : Tensor, shape (), or None
    int64, a buffer.

Raises
------
ValueError
    For options out of range; when called, for another shape, and for one value {one}.
TypeError
    For options of another kind.

Notes
-----
`nn.functional.{function}` has the formula and where it comes from. A call that raises moves no running statistics.

Examples
--------
>>> import tilewright as tw
>>> layer = tw.nn.{name}(4)
>>> layer(tw.ones({shape})).shape
{shape}
>>> layer.eval()
{name}(num_features=4, eps=1e-05, momentum=0.1, affine={flag}, track_running_stats={flag})
"""

_BATCH_MODES = """In training, mean and variance are those of the batch, and running statistics move towards them; in
evaluation mode, they are the running ones. Without `track_running_stats` they are always those of the batch."""

_INSTANCE_MODES = """Mean and variance are those of each sample; with `track_running_stats`, in evaluation mode, the
running ones. The axis of samples may be missing. Unlike in PyTorch, batches are counted here too, so that
`momentum=None` works."""


T = TypeVar("T", bound=_Tracking)


def _documented(cls: type[T]) -> type[T]:
    """Completes the docstring of a layer with running statistics."""
    if cls.__doc__ is None:  # python -OO
        return cls
    batch = issubclass(cls, _BatchNorm)
    cls.__doc__ = _TRACKING.format(
        summary=cls.__doc__,
        name=cls.__name__,
        modes=_BATCH_MODES if batch else _INSTANCE_MODES,
        one="for each channel in training" if batch else "for a channel of a sample",
        function="batch_norm" if batch else "instance_norm",
        flag=batch,
        shape=(2, 4, *[5] * (cls.axes[-1] - 2)),
    )
    return cls


@_documented
class BatchNorm1d(_BatchNorm):
    """Normalises the channels of (N, C) or (N, C, L) over a batch."""

    axes = (2, 3)


@_documented
class BatchNorm2d(_BatchNorm):
    """Normalises the channels of (N, C, H, W) over a batch."""

    axes = (4,)


@_documented
class BatchNorm3d(_BatchNorm):
    """Normalises the channels of (N, C, D, H, W) over a batch."""

    axes = (5,)


@_documented
class InstanceNorm1d(_InstanceNorm):
    """Normalises the channels of (N, C, L) for each sample alone."""

    axes = (2, 3)


@_documented
class InstanceNorm2d(_InstanceNorm):
    """Normalises the channels of (N, C, H, W) for each sample alone."""

    axes = (3, 4)


@_documented
class InstanceNorm3d(_InstanceNorm):
    """Normalises the channels of (N, C, D, H, W) for each sample alone."""

    axes = (4, 5)


# ---- without ---------------------------------------------------------------------------------------------------------


class LayerNorm(_Affine):
    """Normalises the last axes of its argument.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which mean and variance are taken.
    eps : float
        Added to the variance; at least 0.
    elementwise_affine : bool
        Whether there are a weight and a bias for each place.
    bias : bool
        Whether there is a bias, where there is a weight.
    dtype : dtype-like
        Of the parameters.

    Attributes
    ----------
    weight, bias : Parameter, shape normalized_shape, or None

    Raises
    ------
    ValueError
        For options out of range; when called, for an argument with other last axes.
    TypeError
        For options of another kind.

    Notes
    -----
    `nn.functional.layer_norm` has the formula and where it comes from.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LayerNorm(2, eps=0.0)(tw.asarray([[0.0, 4.0]])).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = "float32",
    ) -> None:
        self.normalized_shape = arguments.shape("LayerNorm", normalized_shape, "normalized_shape")
        self.eps = self._eps(eps)
        self.elementwise_affine = arguments.flag("LayerNorm", "elementwise_affine", elementwise_affine)
        has_bias = arguments.flag("LayerNorm", "bias", bias)
        self._set(self.normalized_shape, dtype, self.elementwise_affine, self.elementwise_affine and has_bias)

    def forward(self, input: Any) -> Tensor:
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        text = f"normalized_shape={self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        return f"{text}, bias=False" if self.elementwise_affine and self.bias is None else text


class RMSNorm(_Affine):
    """Divides the last axes of its argument by the root of the mean of their squares.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        Lengths of the last axes, over which the mean is taken.
    eps : float, optional
        Added to the mean; at least 0. By default the distance from 1 to the next number of the argument's dtype.
    elementwise_affine : bool
        Whether there is a weight for each place.
    dtype : dtype-like
        Of the weight.

    Attributes
    ----------
    weight : Parameter, shape normalized_shape, or None

    Raises
    ------
    ValueError
        For options out of range; when called, for an argument with other last axes.
    TypeError
        For options of another kind.

    Notes
    -----
    `nn.functional.rms_norm` has the formula and where it comes from.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.RMSNorm(2)(tw.asarray([[1.0, 7.0]])).detach()
    tensor([[0.2, 1.4]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = "float32",
    ) -> None:
        self.normalized_shape = arguments.shape("RMSNorm", normalized_shape, "normalized_shape")
        self.eps = None if eps is None else self._eps(eps)
        self.elementwise_affine = arguments.flag("RMSNorm", "elementwise_affine", elementwise_affine)
        kind = _floating("RMSNorm", dtype)
        self.weight = Parameter(_core.full(self.normalized_shape, 1, kind)) if self.elementwise_affine else None

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Any) -> Tensor:
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"normalized_shape={self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Normalises groups of channels of (N, C) or (N, C, ...) for each sample alone.

    Parameters
    ----------
    num_groups : int
        Of neighbouring channels.
    num_channels : int
        How many channels there are, C.
    eps : float
        Added to the variance; at least 0.
    affine : bool
        Whether there are a weight and a bias for each channel.
    dtype : dtype-like
        Of the parameters.

    Attributes
    ----------
    weight, bias : Parameter, shape (C,), or None

    Raises
    ------
    ValueError
        For options out of range, and for groups that do not divide the channels; when called, for another number of
        channels.
    TypeError
        For options of another kind.

    Notes
    -----
    `nn.functional.group_norm` has the formula and where it comes from.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.GroupNorm(2, 4, eps=0.0)(tw.asarray([[1.0, 3.0, 5.0, 9.0]])).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, dtype: Any = "float32"
    ) -> None:
        self.num_groups = arguments.integer("GroupNorm", "num_groups", num_groups, at_least=1)
        self.num_channels = arguments.integer("GroupNorm", "num_channels", num_channels, at_least=0, at_most=2**40)
        if self.num_channels % self.num_groups:
            raise ValueError(
                f"GroupNorm: num_groups is {arguments.shown(self.num_groups)}, but must divide num_channels, "
                f"{self.num_channels}"
            )
        self.eps = self._eps(eps)
        self.affine = arguments.flag("GroupNorm", "affine", affine)
        self._set((self.num_channels,), dtype, self.affine, self.affine)

    def forward(self, input: Any) -> Tensor:
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"num_groups={self.num_groups}, num_channels={self.num_channels}, eps={self.eps}, affine={self.affine}"


class LocalResponseNorm(Module):
    """Divides by a power of the squares in neighbouring channels.

    Parameters
    ----------
    size : int
        How many channels are neighbours: `size // 2` before a channel, itself, and `(size - 1) // 2` after it.
    alpha, beta, k : float

    Raises
    ------
    ValueError
        For a `size` below 1; when called, for an argument of fewer than three axes.
    TypeError
        For options of another kind.

    Notes
    -----
    `nn.functional.local_response_norm` has the formula and where it comes from; as in PyTorch, alpha is divided by the
    size.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LocalResponseNorm(3)(tw.ones((2, 4, 5, 5))).shape
    (2, 4, 5, 5)
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        self.size = arguments.integer("LocalResponseNorm", "size", size, at_least=1)
        self.alpha = arguments.number("LocalResponseNorm", "alpha", alpha)
        self.beta = arguments.number("LocalResponseNorm", "beta", beta)
        self.k = arguments.number("LocalResponseNorm", "k", k)

    def forward(self, input: Any) -> Tensor:
        return functional.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"size={self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
