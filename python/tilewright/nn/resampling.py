"""Layers that resize images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import arguments
from . import functional
from .functional.resampling import MODES
from .module import Module

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"]


class Upsample(Module):
    """Resizes the axes behind the channels, by a factor or to given lengths: see `nn.functional.interpolate`.

    Parameters
    ----------
    size : int or tuple of int, optional
        The new lengths; one number for all axes.
    scale_factor : float or tuple of float, optional
        New length for each old one, in place of `size`.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"}
        How.
    align_corners : bool, optional
        Of the linear and cubic modes: whether the middles of the first and last elements stay where they are.
    recompute_scale_factor : bool, optional
        With `scale_factor`: whether positions follow from the lengths, not from the factor that was given.

    Raises
    ------
    ValueError
        For `size` and `scale_factor` both or neither, and another mode; when called, as `interpolate`.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Upsample(scale_factor=2.0, mode="bilinear")(tw.zeros((1, 3, 8, 8))).shape
    (1, 3, 16, 16)
    """

    def __init__(
        self,
        size: int | tuple[int, ...] | None = None,
        scale_factor: float | tuple[float, ...] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        op = type(self).__name__
        if (size is None) == (scale_factor is None):
            raise ValueError(f"{op}: needs size or scale_factor, one of them")
        self.size = None if size is None else _one_or_more(arguments.integers(op, "size", size), size)
        self.scale_factor = None if scale_factor is None else _factors(op, scale_factor)
        self.mode = arguments.option(op, "mode", mode, MODES)
        self.align_corners = None if align_corners is None else arguments.flag(op, "align_corners", align_corners)
        self.recompute_scale_factor = (
            None
            if recompute_scale_factor is None
            else arguments.flag(op, "recompute_scale_factor", recompute_scale_factor)
        )

    def forward(self, input: Any) -> Tensor:
        return functional.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        named = ("size", "scale_factor", "mode", "align_corners", "recompute_scale_factor")
        return ", ".join(f"{name}={value!r}" for name in named if (value := getattr(self, name)) is not None)


class UpsamplingNearest2d(Upsample):
    """Resizes images by repeating elements: `Upsample` with mode "nearest".

    Parameters
    ----------
    size : int or tuple of int, optional
        The new lengths; one number for both axes.
    scale_factor : float or tuple of float, optional
        New length for each old one, in place of `size`.

    Raises
    ------
    ValueError
        For `size` and `scale_factor` both or neither; when called, as `nn.functional.interpolate`.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.UpsamplingNearest2d(scale_factor=2.0)(tw.asarray([[[[1.0, 2.0]]]]))
    tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """

    def __init__(
        self, size: int | tuple[int, ...] | None = None, scale_factor: float | tuple[float, ...] | None = None
    ) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Resizes images linearly, with their corners where they are: `Upsample` with `align_corners`.

    Parameters
    ----------
    size : int or tuple of int, optional
        The new lengths; one number for both axes.
    scale_factor : float or tuple of float, optional
        New length for each old one, in place of `size`.

    Raises
    ------
    ValueError
        For `size` and `scale_factor` both or neither; when called, as `nn.functional.interpolate`.
    TypeError
        For arguments of another kind.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.UpsamplingBilinear2d((1, 3))(tw.asarray([[[[1.0, 2.0]]]]))
    tensor([[[[1. , 1.5, 2. ]]]])
    """

    def __init__(
        self, size: int | tuple[int, ...] | None = None, scale_factor: float | tuple[float, ...] | None = None
    ) -> None:
        super().__init__(size, scale_factor, "bilinear", True)


def _one_or_more(read: tuple[Any, ...], given: Any) -> Any:
    return read[0] if len(read) == 1 and arguments.is_integer(given) else read


def _factors(op: str, given: Any) -> float | tuple[float, ...]:
    if not isinstance(given, (list, tuple)) and not arguments.has_axes(given):
        return arguments.number(op, "scale_factor", given)
    return arguments.numbers(op, "scale_factor", given, len(given))
