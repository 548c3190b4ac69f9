"""Pooling as modules; `nn.functional` has the formulas and the shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .._engine import arguments
from . import functional
from .functional import _windows as shared
from .functional._docstrings import joined, parameters, sections
from .functional._windows import Size
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._engine.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


def _document(cls: type[_Pool]) -> None:
    """The class's own docstring with its parameters, as the function has them."""
    if cls.__doc__ is None:  # python -OO
        return
    own, theirs = sections(cls.__doc__), sections(cls._function.__doc__)
    own["Parameters"] = parameters(theirs["Parameters"], cls._shown)
    own["Raises"] = (
        "ValueError\n    For sizes out of range, and when called where the function raises it.\n"
        "TypeError\n    For options of another kind."
    )
    cls.__doc__ = joined(own)


class _Pool(Module):
    """What pooling modules share: the options of a function, which are its attributes, and docstrings."""

    _axes: ClassVar[int]
    _function: ClassVar[Callable[..., Any]]
    _shown: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "_function" in vars(cls):
            _document(cls)

    def _set_windows(self, kernel_size: Any, stride: Any, **padding: Any) -> None:
        """Sizes of windows, as they were given; the stride is the kernel's size where it is None."""
        op = type(self).__name__
        given = {"kernel_size": kernel_size, "stride": kernel_size if stride is None else stride, **padding}
        for name, value in given.items():
            shared.sizes(op, self._axes, name, value, 0 if name == "padding" else 1)
            setattr(self, name, shared.size(op, name, value))

    def _set_flags(self, **flags: Any) -> None:
        for name, value in flags.items():
            setattr(self, name, arguments.flag(type(self).__name__, name, value))

    def extra_repr(self) -> str:
        return ", ".join([f"{name}={getattr(self, name)!r}" for name in self._shown])


class _MaxPool(_Pool):
    _shown = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
    kernel_size: Size
    stride: Size
    padding: Size
    dilation: Size
    return_indices: bool
    ceil_mode: bool

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._set_windows(kernel_size, stride, padding=padding, dilation=dilation)
        self._set_flags(return_indices=return_indices, ceil_mode=ceil_mode)

    def forward(self, input: Any) -> Any:
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window of the last axis.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MaxPool1d(3, stride=2, padding=1)(tw.zeros((1, 2, 8))).shape
    (1, 2, 4)
    """

    _axes = 1
    _function = staticmethod(functional.max_pool1d)


class MaxPool2d(_MaxPool):
    """The largest element of each window of the last two axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MaxPool2d(3, stride=2, padding=1)(tw.zeros((1, 2, 8, 8))).shape
    (1, 2, 4, 4)
    """

    _axes = 2
    _function = staticmethod(functional.max_pool2d)


class MaxPool3d(_MaxPool):
    """The largest element of each window of the last three axes.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.MaxPool3d(3, stride=2, padding=1)(tw.zeros((1, 2, 8, 8, 8))).shape
    (1, 2, 4, 4, 4)
    """

    _axes = 3
    _function = staticmethod(functional.max_pool3d)


class _AvgPool(_Pool):
    _shown: ClassVar[tuple[str, ...]] = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
    kernel_size: Size
    stride: Size
    padding: Size
    ceil_mode: bool
    count_include_pad: bool

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._set_windows(kernel_size, stride, padding=padding)
        self._set_flags(ceil_mode=ceil_mode, count_include_pad=count_include_pad)

    def forward(self, input: Any) -> Tensor:
        return type(self)._function(input, *[getattr(self, name) for name in self._shown])


class _AvgPoolOver(_AvgPool):
    _shown = (*_AvgPool._shown, "divisor_override")

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        shared.divisor(type(self).__name__, divisor_override)
        self.divisor_override = divisor_override


class AvgPool1d(_AvgPool):
    """The mean of each window of the last axis, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AvgPool1d(2)(tw.zeros((1, 2, 8))).shape
    (1, 2, 4)
    """

    _axes = 1
    _function = staticmethod(functional.avg_pool1d)


class AvgPool2d(_AvgPoolOver):
    """The mean of each window of the last two axes, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AvgPool2d(2)(tw.zeros((1, 2, 8, 8))).shape
    (1, 2, 4, 4)
    """

    _axes = 2
    _function = staticmethod(functional.avg_pool2d)


class AvgPool3d(_AvgPoolOver):
    """The mean of each window of the last three axes, padded with zeros.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AvgPool3d(2)(tw.zeros((1, 2, 8, 8, 8))).shape
    (1, 2, 4, 4, 4)
    """

    _axes = 3
    _function = staticmethod(functional.avg_pool3d)


class _LPPool(_Pool):
    _shown = ("norm_type", "kernel_size", "stride", "ceil_mode")
    norm_type: float
    kernel_size: Size
    stride: Size
    ceil_mode: bool

    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None, ceil_mode: bool = False
    ) -> None:
        self.norm_type = shared.norm_type(type(self).__name__, norm_type)
        self._set_windows(kernel_size, stride)
        self._set_flags(ceil_mode=ceil_mode)

    def forward(self, input: Any) -> Tensor:
        return type(self)._function(input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)


class LPPool1d(_LPPool):
    """The p-norm of each window of the last axis, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LPPool1d(2, kernel_size=2)(tw.zeros((1, 2, 8))).shape
    (1, 2, 4)
    """

    _axes = 1
    _function = staticmethod(functional.lp_pool1d)


class LPPool2d(_LPPool):
    """The p-norm of each window of the last two axes, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LPPool2d(2, kernel_size=2)(tw.zeros((1, 2, 8, 8))).shape
    (1, 2, 4, 4)
    """

    _axes = 2
    _function = staticmethod(functional.lp_pool2d)


class LPPool3d(_LPPool):
    """The p-norm of each window of the last three axes, for numbers that are not negative.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.LPPool3d(2, kernel_size=2)(tw.zeros((1, 2, 8, 8, 8))).shape
    (1, 2, 4, 4, 4)
    """

    _axes = 3
    _function = staticmethod(functional.lp_pool3d)


class _AdaptivePool(_Pool):
    _shown: ClassVar[tuple[str, ...]] = ("output_size",)
    output_size: int | tuple[int | None, ...]

    def __init__(self, output_size: Any) -> None:
        self.output_size = shared.output_size(type(self).__name__, self._axes, output_size)

    def forward(self, input: Any) -> Any:
        return type(self)._function(input, *[getattr(self, name) for name in self._shown])


class _AdaptiveMaxPool(_AdaptivePool):
    _shown = ("output_size", "return_indices")
    return_indices: bool

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self._set_flags(return_indices=return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest element of each of so many windows, which cover the last axis evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveMaxPool1d(3)(tw.zeros((1, 2, 8))).shape
    (1, 2, 3)
    """

    _axes = 1
    _function = staticmethod(functional.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest element of each of so many windows, which cover the last two axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveMaxPool2d(3)(tw.zeros((1, 2, 8, 8))).shape
    (1, 2, 3, 3)
    """

    _axes = 2
    _function = staticmethod(functional.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest element of each of so many windows, which cover the last three axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveMaxPool3d(3)(tw.zeros((1, 2, 8, 8, 8))).shape
    (1, 2, 3, 3, 3)
    """

    _axes = 3
    _function = staticmethod(functional.adaptive_max_pool3d)


class AdaptiveAvgPool1d(_AdaptivePool):
    """The mean of each of so many windows, which cover the last axis evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveAvgPool1d(1)(tw.zeros((1, 2, 8))).shape
    (1, 2, 1)
    """

    _axes = 1
    _function = staticmethod(functional.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptivePool):
    """The mean of each of so many windows, which cover the last two axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveAvgPool2d(1)(tw.zeros((1, 2, 8, 8))).shape
    (1, 2, 1, 1)
    """

    _axes = 2
    _function = staticmethod(functional.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptivePool):
    """The mean of each of so many windows, which cover the last three axes evenly.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.AdaptiveAvgPool3d(1)(tw.zeros((1, 2, 8, 8, 8))).shape
    (1, 2, 1, 1, 1)
    """

    _axes = 3
    _function = staticmethod(functional.adaptive_avg_pool3d)


class _MaxUnpool(_Pool):
    _shown = ("kernel_size", "stride", "padding")
    kernel_size: Size
    stride: Size
    padding: Size

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self._set_windows(kernel_size, stride, padding=padding)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Tensor:
        return type(self)._function(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool1d(_MaxUnpool):
    """Numbers put where `MaxPool1d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.MaxPool1d(2, return_indices=True)(tw.zeros((1, 2, 8)))
    >>> tw.nn.MaxUnpool1d(2)(y, indices).shape
    (1, 2, 8)
    """

    _axes = 1
    _function = staticmethod(functional.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Numbers put where `MaxPool2d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.MaxPool2d(2, return_indices=True)(tw.zeros((1, 2, 8, 8)))
    >>> tw.nn.MaxUnpool2d(2)(y, indices).shape
    (1, 2, 8, 8)
    """

    _axes = 2
    _function = staticmethod(functional.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Numbers put where `MaxPool3d` found them, and zeros elsewhere.

    Examples
    --------
    >>> import tilewright as tw
    >>> y, indices = tw.nn.MaxPool3d(2, return_indices=True)(tw.zeros((1, 2, 8, 8, 8)))
    >>> tw.nn.MaxUnpool3d(2)(y, indices).shape
    (1, 2, 8, 8, 8)
    """

    _axes = 3
    _function = staticmethod(functional.max_unpool3d)
