"""Convolution layers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

from .. import _core, random
from .._engine import arguments
from .._engine.dtypes import as_floating
from .._functions.manipulation import concatenate
from . import functional, init
from .functional._docstrings import joined, sections
from .functional.conv import same_padding, shaped, transposed_padding
from .module import Module
from .parameter import Parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["CausalConv1d", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


_PARAMETERS = """
in_channels, out_channels : int
    Channels of the input and of the result.
kernel_size : {sizes}
stride : {sizes}
    Steps from one place of the kernel to the next.
padding : {sizes}, "valid" or "same"
    Elements added on both sides of each axis. "valid" is none; with "same", for a stride of 1, the result is as large
    as the input.
dilation : {sizes}
    Steps from one element of the kernel to the next.
groups : int
    Into how many groups the channels of both are divided. Results of a group see only its channels.
bias : bool
    Whether to add a bias.
padding_mode : {{"zeros", "reflect", "replicate", "circular"}}
    What the added elements are: zeros, or as in `nn.functional.pad`.
{last}"""

_TRANSPOSED_PARAMETERS = """
in_channels, out_channels : int
    Channels of the input and of the result.
kernel_size : {sizes}
stride : {sizes}
    Steps between the places of neighbouring elements.
padding : {sizes}
    Elements of the result that are cut off on both sides of each axis.
output_padding : {sizes}
    Extra elements at the end of each axis, fewer than the stride or the dilation.
groups : int
    Into how many groups the channels of both are divided. Channels of a group reach only its results.
bias : bool
    Whether to add a bias.
dilation : {sizes}
    Steps from one element of the kernel to the next.
padding_mode : {{"zeros"}}
    PyTorch has this parameter.
{last}"""

_LAST = """dtype : dtype-like
    Of the parameters.
generator : Generator, optional
    Where the starting weights are drawn from; by default `tilewright.random.default_generator`."""

_RAISES = """
ValueError
    For sizes that are out of range, or channels that `groups` does not divide; when called, for an input that does not
    fit{size}.
TypeError
    For sizes that are not integers, or a dtype that is not floating."""

_NOTES = """
Weights start uniform in `(-a, a)`, `a = sqrt(6 / n)`, and biases at zero, as in `Linear` (He et al. for ReLU: the scale
of the activations stays the same from layer to layer). n is how many products an element of the result sums,
`{products}`.
PyTorch starts with `a = 1 / sqrt({theirs}_channels / groups * prod(kernel_size))` for both."""


def _document(cls: type[_Convolution]) -> None:
    """Completes the docstring of a layer: all sections but the examples."""
    if cls.__doc__ is None:  # python -OO
        return
    axes, transposed = cls.axes, cls.transposed
    taps = "k" if axes == 1 else "kd, kh, kw"[12 - 4 * axes :]
    channels = "in_channels, out_channels / groups" if transposed else "out_channels, in_channels / groups"
    products = f"in_channels / groups * prod(kernel_size){' / prod(stride)' * transposed}"
    parameters = _TRANSPOSED_PARAMETERS if transposed else _PARAMETERS
    cls.__doc__ = joined(
        {
            **sections(cls.__doc__),
            "Parameters": parameters.format(
                sizes="int or tuple" if axes == 1 else f"int or tuple of {axes}", last=_LAST
            ),
            "Attributes": f"weight : Parameter, shape ({channels}, {taps})\n"
            "bias : Parameter, shape (out_channels,), or None",
            "Raises": _RAISES.format(size=", or an `output_size` that no `output_padding` gives" if transposed else ""),
            "Notes": _NOTES.format(products=products, theirs="out" if transposed else "in"),
            "References": "K. He, X. Zhang, S. Ren, J. Sun, Delving Deep into Rectifiers, ICCV 2015.",
        }
    )


class _Convolution(Module):
    """What all of them share: sizes, parameters and the printed form."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter | None

    def __init_subclass__(cls, axes: int = 0, **more: Any) -> None:
        super().__init_subclass__(**more)
        if axes:  # not a base class, nor a subclass of a user's
            cls.axes = axes
            _document(cls)

    def _set_sizes(
        self, in_channels: Any, out_channels: Any, kernel_size: Any, stride: Any, dilation: Any, groups: Any
    ) -> None:
        name = type(self).__name__
        self.in_channels = arguments.integer(name, "in_channels", in_channels, at_least=1)
        self.out_channels = arguments.integer(name, "out_channels", out_channels, at_least=1)
        self.kernel_size = arguments.per_axis(name, "kernel_size", kernel_size, self.axes, at_least=1)
        self.stride = arguments.per_axis(name, "stride", stride, self.axes, at_least=1)
        self.dilation = arguments.per_axis(name, "dilation", dilation, self.axes, at_least=1)
        self.groups = arguments.integer(name, "groups", groups, at_least=1)
        for channels in ("in_channels", "out_channels"):
            count = getattr(self, channels)
            if count % self.groups:
                raise ValueError(f"{name}: {channels} is {count}, which groups={self.groups} does not divide")

    def _set_parameters(self, bias: Any, dtype: Any, generator: Generator | None) -> None:
        name = type(self).__name__
        kind = as_floating(name, dtype)
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        shape = arguments.shape(name, (first, second // self.groups, *self.kernel_size), "the weight's shape")
        self.weight = Parameter(_core.full(shape, 0, kind))
        has_bias = arguments.flag(name, "bias", bias)
        self.bias = Parameter(_core.full((self.out_channels,), 0, kind)) if has_bias else None
        self.reset_parameters(random.source(name, generator))

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Draw new starting weights, and set the bias to zero."""
        products = self.in_channels / self.groups * math.prod(self.kernel_size)
        if self.transposed:
            products /= math.prod(self.stride)
        bound = math.sqrt(6 / products)
        init.uniform_(self.weight, -bound, bound, generator=generator)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        shown = {name: getattr(self, name) for name in ("in_channels", "out_channels", "kernel_size", "stride")}
        zeros, ones = (0,) * self.axes, (1,) * self.axes
        usual: dict[str, Any] = {"padding": zeros, "output_padding": zeros, "dilation": ones, "groups": 1}
        usual |= {"bias": True, "padding_mode": "zeros"}
        given = vars(self) | {"bias": self.bias is not None}
        shown |= {name: given[name] for name, value in usual.items() if given.get(name, value) != value}
        return ", ".join([f"{name}={value!r}" for name, value in shown.items()])


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: str | int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = type(self).__name__
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding: str | tuple[int, ...]
        if isinstance(padding, str):
            self.padding = arguments.option(name, "padding", padding, ("valid", "same"))
            if padding == "same" and self.stride != (1,) * self.axes:
                raise ValueError(f'{name}: padding is "same", but stride is {self.stride}; needs a stride of 1')
        else:
            self.padding = arguments.per_axis(name, "padding", padding, self.axes, at_least=0)
        self.padding_mode = arguments.option(name, "padding_mode", padding_mode, _MODES)
        self._set_parameters(bias, dtype, generator)

    def forward(self, input: Any) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input), 0
        convolve: Any = getattr(functional, f"conv{self.axes}d")
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _padded(self, input: Any) -> Any:
        """The input with its border as `padding_mode` says; `pad` takes the last axis first."""
        if self.padding == "same":
            around = same_padding(self.kernel_size, self.dilation)
        elif isinstance(self.padding, str):
            return input
        else:
            around = tuple([size for size in self.padding for _ in range(2)])
        pairs = [around[2 * i : 2 * i + 2] for i in reversed(range(self.axes))]
        return functional.pad(input, [size for pair in pairs for size in pair], _MODES[self.padding_mode])


class _ConvTranspose(_Convolution):
    transposed: ClassVar[bool] = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        padding_mode: str = "zeros",
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = type(self).__name__
        self._set_sizes(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = arguments.per_axis(name, "padding", padding, self.axes, at_least=0)
        self.output_padding = transposed_padding(name, padding, output_padding, self.stride, self.dilation)[1]
        self.padding_mode = arguments.option(name, "padding_mode", padding_mode, ("zeros",))
        self._set_parameters(bias, dtype, generator)

    def forward(self, input: Any, output_size: int | Sequence[int] | None = None) -> Tensor:
        added = self.output_padding if output_size is None else self._added(input, output_size)
        convolve: Any = getattr(functional, f"conv_transpose{self.axes}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, added, self.groups, self.dilation)

    def _added(self, input: Any, output_size: Any) -> tuple[int, ...]:
        """The output_padding that gives a result of this size: (batch, channels, ..) or its last axes alone."""
        name = type(self).__name__
        wanted = arguments.integers(name, "output_size", output_size)
        extents = tuple(shaped(name, "input", input, self.axes, "batch, channels").shape[-self.axes :])
        if len(wanted) not in (self.axes, self.axes + 1, self.axes + 2):
            raise ValueError(f"{name}: output_size is {wanted}, but needs {self.axes} sizes")
        wanted = wanted[-self.axes :]
        each = zip(extents, self.kernel_size, self.stride, self.padding, self.dilation, strict=True)
        least = tuple([(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in each])
        added = tuple([w - size for w, size in zip(wanted, least, strict=True)])
        if any(not 0 <= a < s for a, s in zip(added, self.stride, strict=True)):
            most = tuple([size + s - 1 for size, s in zip(least, self.stride, strict=True)])
            raise ValueError(f"{name}: output_size is {wanted}, but an input of {extents} gives from {least} to {most}")
        return added


class Conv1d(_Conv, axes=1):
    """Convolution of sequences: see `nn.functional.conv1d`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Conv1d(16, 33, 3, stride=2)(tw.zeros((20, 16, 50))).shape
    (20, 33, 24)
    """


class CausalConv1d(Conv1d):
    """Convolution of sequences that sees nothing of what is to come: zeros are added before the first element only.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the input and of the result.
    kernel_size : int or tuple
    stride : int or tuple
        Steps from one place of the kernel to the next.
    dilation : int or tuple
        Steps from one element of the kernel to the next.
    groups : int
        Into how many groups the channels of both are divided. Results of a group see only its channels.
    bias : bool
        Whether to add a bias.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    weight : Parameter, shape (out_channels, in_channels / groups, k)
    bias : Parameter, shape (out_channels,), or None

    Raises
    ------
    ValueError
        For sizes that are out of range, or channels that `groups` does not divide; when called, for an input that does
        not fit.
    TypeError
        For sizes that are not integers, or a dtype that is not floating.

    Notes
    -----
    Result t sees the elements `t s - i d` of the input, i from 0 to k - 1, with stride s and dilation d: a `Conv1d`
    after `(k - 1) d` zeros. Names in the state dict, and starting weights, are those of `Conv1d`.

    References
    ----------
    A. van den Oord et al., WaveNet: A Generative Model for Raw Audio, arXiv:1609.03499, 2016.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.CausalConv1d(16, 33, 3, dilation=4)
    >>> layer(tw.zeros((20, 16, 50))).shape
    (20, 33, 50)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        sizes = (in_channels, out_channels, kernel_size, stride, 0, dilation, groups, bias)
        super().__init__(*sizes, dtype=dtype, generator=generator)

    @property
    def reach(self) -> int:
        """How many elements before its own a result sees."""
        return (self.kernel_size[0] - 1) * self.dilation[0]

    def forward(self, input: Any) -> Tensor:
        x = shaped(type(self).__name__, "input", input, 1, "batch, channels")
        return super().forward(functional.pad(x, (self.reach, 0)))

    def step(self, input: Any, state: Any = None) -> tuple[Tensor, Tensor]:
        """The next elements of sequences, given the last ones before.

        Parameters
        ----------
        input : array-like, shape (N, in_channels, T) or (in_channels, T)
            One element or several.
        state : Tensor, shape (.., in_channels, reach), optional
            What the step before returned; None at the beginning.

        Returns
        -------
        output : Tensor, shape (.., out_channels, T)
            What a call with the whole sequences gives for these elements.
        state : Tensor, shape (.., in_channels, reach)
            The elements that results to come will see, `reach = (k - 1) dilation` of them.

        Raises
        ------
        ValueError
            For a layer with a stride, and where the shapes do not fit.
        """
        name = f"{type(self).__name__}.step"
        if self.stride != (1,):
            raise ValueError(f"{name}: stride is {self.stride[0]}, but must be 1")
        x = shaped(name, "input", input, 1, "batch, channels")
        if state is None:
            seen = functional.pad(x, (self.reach, 0))
        else:
            state = arguments.array(name, "state", state)
            if state.shape != (*x.shape[:-1], self.reach):
                needed = (*x.shape[:-1], self.reach)
                raise ValueError(f"{name}: state has shape {state.shape}, but input {x.shape} needs {needed}")
            seen = concatenate([state, x], -1)
        return super().forward(seen), seen[..., seen.shape[-1] - self.reach :]


class Conv2d(_Conv, axes=2):
    """Convolution of images: see `nn.functional.conv2d`.

    Examples
    --------
    >>> import tilewright as tw
    >>> layer = tw.nn.Conv2d(3, 16, 3, padding=1)
    >>> layer(tw.zeros((8, 3, 32, 32))).shape
    (8, 16, 32, 32)
    >>> tw.nn.Conv2d(16, 32, (3, 5), stride=2, bias=False)
    Conv2d(in_channels=16, out_channels=32, kernel_size=(3, 5), stride=(2, 2), bias=False)
    """


class Conv3d(_Conv, axes=3):
    """Convolution of volumes: see `nn.functional.conv3d`.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.Conv3d(3, 8, 3, stride=(1, 2, 2))(tw.zeros((2, 3, 8, 16, 16))).shape
    (2, 8, 6, 7, 7)
    """


class ConvTranspose1d(_ConvTranspose, axes=1):
    """Transposed convolution of sequences: see `nn.functional.conv_transpose1d`.

    Called with `output_size=`, the sizes of the result's axes, it takes the `output_padding` that gives them.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ConvTranspose1d(16, 33, 4, stride=2, padding=1)(tw.zeros((20, 16, 50))).shape
    (20, 33, 100)
    """


class ConvTranspose2d(_ConvTranspose, axes=2):
    """Transposed convolution of images: see `nn.functional.conv_transpose2d`.

    Called with `output_size=`, the sizes of the result's axes, it takes the `output_padding` that gives them.

    Examples
    --------
    >>> import tilewright as tw
    >>> down = tw.nn.Conv2d(16, 16, 3, stride=2, padding=1)
    >>> up = tw.nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1)
    >>> x = tw.zeros((1, 16, 12, 12))
    >>> up(down(x)).shape, up(down(x), output_size=x.shape).shape
    ((1, 16, 11, 11), (1, 16, 12, 12))
    """


class ConvTranspose3d(_ConvTranspose, axes=3):
    """Transposed convolution of volumes: see `nn.functional.conv_transpose3d`.

    Called with `output_size=`, the sizes of the result's axes, it takes the `output_padding` that gives them.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.nn.ConvTranspose3d(8, 3, 2, stride=2)(tw.zeros((2, 8, 4, 4, 4))).shape
    (2, 3, 8, 8, 8)
    """
