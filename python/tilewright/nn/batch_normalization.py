"""Layers that normalise channels and may keep running statistics of them: over a batch, or for each sample."""

from __future__ import annotations

from typing import Any, TypeVar

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._engine.op import wrap
from .._engine.tensor import Tensor
from .._functions import normalization as ops
from .._functions.manipulation import expand_dims, squeeze
from . import functional
from .normalization import Affine

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"]


class _ChannelNorm(Affine):
    """Channels, and running statistics of them.

    Attributes
    ----------
    axes, shapes
        How many axes an input may have, and its shape in words.
    """

    axes: tuple[int, ...]
    shapes: str
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
        kind = as_floating(name, dtype)
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
        name = type(self).__name__
        x: Tensor = input if isinstance(input, Tensor) else arguments.array(name, "input", input)
        if x.ndim not in self.axes:
            raise ValueError(f"{name}: input has shape {x.shape}, but must be {self.shapes}")
        if x.shape[channel_axis] != self.num_features:
            raise ValueError(
                f"{name}: input has shape {x.shape}, {x.shape[channel_axis]} channels, but num_features is "
                f"{self.num_features}"
            )
        return x

    def extra_repr(self) -> str:
        names = ("num_features", "eps", "momentum", "affine", "track_running_stats")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


class _BatchNorm(_ChannelNorm):
    """Normalises channels over a batch."""

    def forward(self, input: Any) -> Tensor:
        x = self._checked(input, 1)
        mean, var = self.running_mean, self.running_var
        if mean is not None and self.training:
            count = self.num_batches_tracked
            return ops.batch_norm(x, self.weight, self.bias, mean, var, count, self.momentum, self.eps)
        return functional.batch_norm(x, mean, var, self.weight, self.bias, mean is None, eps=self.eps)


class _InstanceNorm(_ChannelNorm):
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


T = TypeVar("T", bound=_ChannelNorm)


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

    axes, shapes = (2, 3), "(N, C) or (N, C, L)"


@_documented
class BatchNorm2d(_BatchNorm):
    """Normalises the channels of (N, C, H, W) over a batch."""

    axes, shapes = (4,), "(N, C, H, W)"


@_documented
class BatchNorm3d(_BatchNorm):
    """Normalises the channels of (N, C, D, H, W) over a batch."""

    axes, shapes = (5,), "(N, C, D, H, W)"


@_documented
class InstanceNorm1d(_InstanceNorm):
    """Normalises the channels of (N, C, L) for each sample alone."""

    axes, shapes = (2, 3), "(C, L) or (N, C, L)"


@_documented
class InstanceNorm2d(_InstanceNorm):
    """Normalises the channels of (N, C, H, W) for each sample alone."""

    axes, shapes = (3, 4), "(C, H, W) or (N, C, H, W)"


@_documented
class InstanceNorm3d(_InstanceNorm):
    """Normalises the channels of (N, C, D, H, W) for each sample alone."""

    axes, shapes = (4, 5), "(C, D, H, W) or (N, C, D, H, W)"
