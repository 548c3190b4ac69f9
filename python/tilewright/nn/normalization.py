"""Layers that normalise each sample by itself: its features, groups of its channels, neighbouring channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.dtypes import as_floating
from . import functional, init
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class Affine(Module):
    """What these layers share: a weight that starts at 1 and a bias that starts at 0, either of which may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def _set(self, shape: tuple[int, ...], dtype: Any, weight: bool, bias: bool) -> None:
        kind = as_floating(type(self).__name__, dtype)
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


class LayerNorm(Affine):
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


class RMSNorm(Affine):
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
        kind = as_floating("RMSNorm", dtype)
        self.weight = Parameter(_core.full(self.normalized_shape, 1, kind)) if self.elementwise_affine else None

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Any) -> Tensor:
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"normalized_shape={self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Affine):
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
